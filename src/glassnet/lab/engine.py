"""The training process: it learns, answers commands between batches, and sends what the page shows.

``live`` alternates between two states. In a ``fit`` the training asks ``before_batch`` and tells ``after_epoch``; outside of it there is
nothing to train, and commands are waited for. A command that changes what is trained leaves the ``fit`` by Unwound.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from glassnet.checks import DivergenceError
from glassnet.lab.config import Config, Refusal, Sources
from glassnet.lab.datasets import Dataset, dataset, weights_of
from glassnet.lab.learning import Place, Run, Unwound, losses_for, parameters_of
from glassnet.lab.lesson import Lesson, lesson
from glassnet.lab.link import Link, Plain
from glassnet.lab.messages import Rate
from glassnet.lab.publishing import Publisher
from glassnet.lab.view import View
from glassnet.lab.window import Window
from glassnet.training.history import Row

Point = tuple[float, float, float]
TICK = 0.001
"""Seconds between looks at the clock's list; an epoch of a small network is shorter."""
POLL = 0.004
"""Seconds between looks at the pipe while training runs."""
WAIT = 0.01
"""Seconds at a time that slow motion waits."""
LARGE = 200_000
"""Bytes of a file whose reading is announced."""
MOST_WEIGHTS = 10_000_000


@dataclass
class Todo:
    """What training may do before it pauses."""

    play: bool = False
    batches: int = 0
    epochs: int = 0

    def __bool__(self) -> bool:
        return self.play or self.batches > 0 or self.epochs > 0


@dataclass
class Cursor:
    """The example that single steps stand at: its place in the pending batch, the last term revealed (None: all), terms in all."""

    example: int | None = None
    term: int | None = None
    terms: int = 0


class Engine:
    """One lesson after the other.

    ``handlers`` maps the name of a command to a function of (engine, command) that returns its result.
    """

    def __init__(self, link: Link, sources: Sources, folder: str, handlers: dict[str, Callable[[Engine, Plain], Any]]) -> None:
        self.link, self.sources, self.folder, self.handlers = link, sources, folder, handlers
        self.config, self.points = Config(), list[Point]()
        self.number = 0
        self.data: Dataset
        self.lesson: Lesson
        self.window: Window
        self.run: Any = None
        self.view: View | None = None
        self.status, self.told = "starting", "Starting."
        self.todo, self.cursor = Todo(), Cursor()
        self.picked: int | None = None
        self.shown: int | None = None
        self.speed: float | None = None
        self.ended = True
        self.folds: list[int] | None = None
        self.loss_given_up: str | None = None
        self.publisher, self.rate = Publisher(self), Rate()
        self._waiting: list[Plain] = []
        self._next_tick = self._next_poll = self._next_epoch = 0.0

    # Lessons

    def prepare(self, config: Config, points: Sequence[Point], *, again: bool = False) -> tuple[Config, Dataset, Lesson, Window]:
        """Everything that a lesson needs; nothing of the engine changes. Raises ValueError."""
        path = {"given": self.sources.given, "file": self.sources.upload}.get(config.data.source, "")
        if path and not config.data.name:  # an address does not hold the names of files
            name = self.sources.upload_name if config.data.source == "file" else os.path.basename(os.path.normpath(path))
            config = replace(config, data=replace(config.data, name=name[:200]))
        same = not again and hasattr(self, "data") and config.data == self.config.data and list(points) == self.points
        if path and not same and (os.path.isdir(path) or os.path.getsize(path) > LARGE):
            self.say(f"Reading {config.data.name} \u2026")
        data = self.data if same else dataset(config.data, self.sources, points, self.say)
        if data.picture is None and config.mode == "rbm":
            raise Refusal("a Boltzmann machine learns pictures here. Choose the digits, or a folder of pictures, first.", "mode")
        suited = losses_for(data.task)
        if config.network.loss not in suited:
            config = replace(config, network=replace(config.network, loss=suited[0]))
        made = lesson(config, data)
        sizes = [len(made.names), *(layer.units for layer in config.network.hidden), max(1, len(data.classes))]
        weights = sum(before * units for before, units in pairwise(sizes))
        if config.mode == "network" and weights > MOST_WEIGHTS:
            raise Refusal(f"that network would have {weights:,} weights; the lab takes at most {MOST_WEIGHTS:,}.", "network.hidden")
        return config, data, made, Window(made)

    def begin(self, prepared: tuple[Config, Dataset, Lesson, Window], points: Sequence[Point], init: Any = None) -> None:
        """A new run. The ``fit`` that is under way has to be left by Unwound afterwards."""
        self.config, self.data, self.lesson, self.window = prepared
        self.points, self.number = list(points), self.number + 1
        self.todo.batches = self.todo.epochs = 0
        self.shown, self.cursor, self.view, self.ended = None, Cursor(), None, False
        if self.picked is not None and self.picked >= len(self.data):
            self.picked = None
        self.run = self._new_run(init) if self.lesson.trainable else None
        if self.run is None:
            self.todo.play = False
            self.say_status("ready", "Paint points of two classes or more: there is nothing to learn yet.")
        self.publisher.everything()

    def begin_with_weights(self, config: Config) -> None:
        """A new run of this lesson from its first weights, those in ``config.network.edits`` as they were set by hand."""
        run, view = self.run, self.view
        assert view is not None
        pairs, sizes = run.subject.network.layout.views(run.theta.copy()), view.sizes
        fitting = [
            one
            for one in config.network.edits
            if one.layer < len(sizes) and one.unit < sizes[one.layer] and (one.source or 0) < sizes[one.layer - 1]
        ]
        for one in fitting:
            W, b = pairs[one.layer - 1]
            (b if one.source is None else W[one.source])[one.unit] = one.value
        if len(fitting) < len(config.network.edits):
            self.link.notice("warning", "The lesson sets weights that this network does not have; they are left out.")
        config = replace(config, network=replace(config.network, edits=tuple(fitting)))
        made = self.lesson.with_view(config)
        self.begin((config, self.data, made, self.window), self.points, run.given_weights(pairs))

    def _new_run(self, init: Any) -> Any:
        if self.config.mode == "rbm":
            from glassnet.lab.machine import MachineRun

            return MachineRun(self.lesson, self)
        trained = init is None and self.config.network.start == "trained" and self.data.run is not None
        if trained:
            assert self.data.run is not None
            init = weights_of(self.data.run)
        return Run(self.lesson, self, init=init, trained=trained)

    def next_stage(self, config: Config) -> None:
        """Between two calls of ``fit``: the next learns with other parameters."""
        made = self.lesson.with_view(config)
        self.config, self.lesson, self.run.lesson, self.ended = config, made, made, False
        self.run.go_on_with(parameters_of(config, made))
        self.publisher.everything()

    def edit(self, layer: int, source: int | None, unit: int, value: float) -> None:
        """Between two calls of ``fit``: set a weight."""
        self.run.edit(layer, source, unit, value)
        self.ended = False
        self.publisher.everything()

    # The two states

    def live(self) -> None:
        """Until the server goes (Closed)."""
        while True:
            try:
                if self.run is not None and not self.ended:
                    self._train()
                self._do_waiting()
                while True:
                    self.rest()
            except Unwound as left:
                if left.then is not None:
                    left.then()

    def _train(self) -> None:
        try:
            if self.status == "starting":
                self.say_status("compiling", "Compiling kernels, at the first start; a few seconds.")
            self.run.train()
            self.say_status("finished", f"{self.run.epochs:,} epochs are the most of a run. Reset it to begin anew.")
        except DivergenceError:
            self.say_status(
                "diverged",
                f"Training ran away in epoch {self.run.epochs + 1:,}: a smaller learning rate keeps it. Reset it, or change something.",
            )
            self.link.notice("warning", self.told)
        except (ValueError, MemoryError, FloatingPointError) as error:
            self.say_status("stopped", str(error))
            self.link.notice("error", str(error) or "The memory does not suffice. Use fewer units or fewer rows.")
            if not self.run.epochs:
                self.run, self.view = None, None
        self.todo, self.ended = Todo(), True
        self.publisher.everything()

    def before_batch(self, place: Place) -> int:
        """Asked by the training: how many batches may run. It waits here while training pauses."""
        if self.view is None:
            self.view = View(self.lesson, self.run.subject, self.window, self.folds)
            if self.config.network.edits and not self.run.by_hand:
                self.begin_with_weights(self.config)
                raise Unwound
            self.publisher.everything()
        if not place.done:
            self._do_waiting()
        while True:
            if self.todo.batches:
                self.todo.batches -= 1
                self.publisher.changed()
                return 1
            if self.todo.play or self.todo.epochs:
                self._tick()
                if self.todo.play or self.todo.epochs:
                    return 1 << 30
            if not self.todo:
                self.say_status(*self._pausing(place))
                self.rest()

    def before_epoch(self) -> None:
        """Asked by a Boltzmann machine: it waits here while training pauses."""
        while True:
            if self.todo:
                self._tick()
            if self.todo:
                return
            self.say_status(*self._pausing(None))
            self.rest()

    def after_epoch(self, row: Row) -> None:
        """Told by the training."""
        self.cursor = Cursor()
        if self.todo.epochs:
            self.todo.epochs -= 1
        if not self.todo.play:
            self.publisher.changed()
            return
        self._tick()
        if self.speed is not None:
            self._next_epoch = max(self._next_epoch + 1 / self.speed, time.monotonic())
            while self.todo.play and self.speed is not None and (left := self._next_epoch - time.monotonic()) > 0:
                self.publisher.while_playing(spare=True)
                if request := self.link.take(min(left, WAIT)):
                    self.handle(request)

    def _pausing(self, place: Place | None) -> tuple[str, str]:
        epochs = f"{self.run.epochs:,} epoch{'' if self.run.epochs == 1 else 's'}"
        if place is not None and (place.done or self.cursor.example is not None):
            return "stepping", f"In epoch {self.run.epochs + 1:,}: {place.batch:,} of {place.batches:,} batches are done."
        return ("paused", f"Paused after {epochs}.") if self.run.epochs else ("ready", "Ready at epoch 0.")

    def _tick(self) -> None:
        """While training runs: send what is due, and look for commands now and then."""
        now = time.monotonic()
        if now < self._next_tick:
            return
        self._next_tick = now + TICK
        self.rate.mark(self.run.epochs)
        self.publisher.while_playing()
        if now >= self._next_poll:
            self._next_poll = now + POLL
            while request := self.link.take(0):
                self.handle(request)

    def rest(self) -> None:
        """Not training: send what changed, then wait for a command and do it."""
        self.publisher.quickly()
        request = self.link.take(self.publisher.patience())
        if request is None:
            self.publisher.at_leisure()
        else:
            self.handle(request)

    # Commands

    def handle(self, request: Plain) -> None:
        """Do what is asked and answer; a refusal changes nothing."""
        name = request["command"]["command"] if "command" in request else "fetch" if "fetch" in request else "open"
        try:
            result = self.handlers[name](self, request.get("command", request))
        except Unwound as left:
            self.link.answer(request, left.result)
            raise
        except NotNow:
            self._waiting.append(request)
        except (ValueError, ArithmeticError, LookupError, OSError, MemoryError) as error:
            self.link.refuse(request, error, self.sources.upload, self.sources.upload_name)
        except Exception as error:
            self.link.refuse(request, Refusal(f"this failed in a way it should not ({type(error).__name__}: {error})."))
        else:
            self.link.answer(request, result)

    def _do_waiting(self) -> None:
        """Commands that had to wait for the end of an epoch."""
        while self._waiting:
            self.handle(self._waiting.pop(0))

    def at_boundary(self) -> None:
        """Raises NotNow in the middle of an epoch, which is then finished; the command is done after it."""
        place = self.run.place
        if place is not None and place.done:
            self.todo.play, self.todo.batches, self.todo.epochs = False, 0, 1
            raise NotNow

    def pause(self) -> None:
        """Stop playing."""
        self.todo = Todo()
        self.rate.forget()
        self.publisher.changed()

    def say(self, sentence: str) -> None:
        """A remark for the user."""
        self.link.notice("info", sentence)

    def say_status(self, status: str, told: str) -> None:
        """The status changes."""
        if (status, told) != (self.status, self.told):
            self.status, self.told = status, told
            self.publisher.due("state")
            if status in ("compiling", "playing"):
                self.publisher.send("state")


class NotNow(Exception):
    """A command has to wait for the end of the epoch."""
