"""A network that learns before one's eyes: the estimator's own ``fit``, which asks between batches whether it may go on.

A run is a list of stages. Each is one call of ``fit``; a change by hand, of a weight or of how it learns, ends a stage, and the next goes
on with ``warm_start``. So the Python code of a run is these calls, and gives the same weights.
"""

from __future__ import annotations

import copy
import math
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from glassnet.estimators.mlp_classifier import MLPClassifier
from glassnet.estimators.mlp_regressor import MLPRegressor
from glassnet.lab.config import LOSSES, Config
from glassnet.lab.lesson import Lesson
from glassnet.lab.recording import Recording
from glassnet.networks.network import Pairs
from glassnet.seeing.subject import Subject, subject_of
from glassnet.training.epoch import Passed
from glassnet.training.history import History, Row
from glassnet.training.loop import State

Array = NDArray[Any]

MOST_EPOCHS = 100_000
"""Epochs of a run: its history stays below some hundred megabytes."""
LONGEST_PIECE = 0.012
"""Seconds that training runs before it asks again."""


class Unwound(BaseException):
    """Leaves a ``fit`` from within, with everything as it is; not an Exception, lest the training restore its best weights.

    ``result`` answers the command that asked for it; ``then`` is done once the ``fit`` has been left.
    """

    def __init__(self, result: Any = None, then: Callable[[], None] | None = None) -> None:
        super().__init__()
        self.result, self.then = result, then


class Watcher(Protocol):
    """Who is asked between batches, and told after epochs."""

    def before_batch(self, place: Place) -> int:
        """How many batches may run before it wants to be asked again; it does not return while training pauses."""

    def after_epoch(self, row: Row) -> None:
        """An epoch is over."""


@dataclass(frozen=True)
class Place:
    """Where an epoch stands: row numbers in their order, how many of them are done, rows of a batch."""

    order: Array
    done: int
    size: int

    @property
    def batch(self) -> int:
        """Batches that are done."""
        return self.done // self.size

    @property
    def batches(self) -> int:
        """Batches of the epoch."""
        return -(-len(self.order) // self.size)

    @property
    def pending(self) -> Array:
        """Rows of the batch that comes next."""
        return self.order[self.done : self.done + self.size]


def losses_for(task: str) -> tuple[str, ...]:
    """The losses that suit a task."""
    return LOSSES[1:] if task == "regression" else LOSSES[:2]


def parameters_of(config: Config, lesson: Lesson) -> dict[str, Any]:
    """The estimator's parameters, those that matter."""
    network = config.network
    names = [layer.activation for layer in network.hidden]
    rates = [layer.dropout for layer in network.hidden]
    found: dict[str, Any] = {
        "hidden_layer_sizes": tuple(layer.units for layer in network.hidden),
        "activation": names[0] if len(set(names)) == 1 else names or "relu",
        "loss": network.loss,
        "solver": network.optimiser,
        "learning_rate_init": network.learning_rate,
        "momentum": network.momentum,
        "batch_size": min(network.batch_size, len(lesson.learned)),
        "alpha": network.alpha,
        "l1": network.l1,
        "dropout": rates[0] if len(set(rates)) == 1 else rates or 0.0,
        "initialiser": network.initialiser,
        "random_state": network.seed,
    }
    if not lesson.data.classifies and not lesson.data.plain:
        found["standardise_target"] = True
    return found


class Run:
    """One training, from its first weights on.

    init        first weights that were given; ``trained`` where they are those of a trained run, ``by_hand`` otherwise
    stages      {"kind": "fit", "epochs", "parameters"} and {"kind": "edit", ...}, in order
    recording   weights by epoch
    place       where the epoch stands, None outside of ``fit``
    scores      accuracy or R2 of learned and of held-out rows, by the epoch at which they were taken
    last        what the last batches told: gradient norms and update ratios per layer
    """

    def __init__(
        self, lesson: Lesson, watcher: Watcher, *, init: tuple[list[Array], list[Array]] | None = None, trained: bool = False
    ) -> None:
        self.lesson, self.watcher, self.init, self.trained = lesson, watcher, init, trained
        self.by_hand = init is not None and not trained
        kind = MLPClassifier if lesson.data.classifies else MLPRegressor
        self.parameters = parameters_of(lesson.config, lesson)
        limits: dict[str, Any] = {"max_iter": MOST_EPOCHS, "n_iter_no_change": MOST_EPOCHS}
        self.estimator: Any = kind(**self.parameters, **limits, init=init)
        self.estimator._observers = (self._after_epoch,)
        self.estimator._pacing = self._paced
        self.stages: list[dict[str, Any]] = []
        self.recording: Recording | None = None
        self.place: Place | None = None
        self.last: Passed | None = None
        self.seconds = 0.0
        self.fitting = False
        self.history: list[Row] = []
        self.scores: dict[int, tuple[float | None, ...]] = {}
        self._per_batch = 1e-4
        self._subject: Subject | None = None

    # Learning

    def train(self) -> None:
        """``fit``, until MOST_EPOCHS are done; a change unwinds it. Raises what ``fit`` raises."""
        X, y = self.lesson.part(self.lesson.learned)
        held: dict[str, Any] = {}
        if len(self.lesson.held_out):
            held["X_val"], held["y_val"] = self.lesson.part(self.lesson.held_out)
        self.stages.append({"kind": "fit", "from": self.epochs, "parameters": self.parameters})
        self.estimator.set_params(max_iter=MOST_EPOCHS - self.epochs)
        try:
            with warnings.catch_warnings(), np.errstate(over="ignore", invalid="ignore"):
                warnings.simplefilter("ignore")
                self.estimator.fit(X, y, **held)
        finally:
            self.place, self.fitting, self._subject = None, False, None

    def go_on_with(self, parameters: dict[str, Any]) -> None:
        """The next stage learns with other parameters."""
        self.parameters = parameters
        self.estimator.set_params(**parameters, warm_start=True)

    def given_weights(self, pairs: Pairs) -> tuple[list[Array], list[Array]]:
        """Weights as training moves them -> lists of W and b as ``init`` takes them, in the units of y."""
        return self._folded(self.subject.estimator, pairs)

    @staticmethod
    def _folded(estimator: Any, pairs: Pairs) -> tuple[list[Array], list[Array]]:
        """Weights as training moves them -> weights in the units of y."""
        given = copy.copy(estimator)
        given.coefs_, given.intercepts_ = [W.copy() for W, _ in pairs], [b.copy() for _, b in pairs]
        given._fold_target_scale()
        return given.coefs_, given.intercepts_

    def edit(self, layer: int, source: int | None, unit: int, value: float) -> None:
        """Between stages: set a weight, or a bias where ``source`` is None, in the units that training moves."""
        as_learned = self.subject  # the same arrays, or copies where a target's scale is folded in
        pairs = [(W.copy(), b.copy()) for W, b in as_learned.parameters]
        place = (unit,) if source is None else (source, unit)
        pairs[layer][source is None][place] = value
        stored = self._folded(as_learned.estimator, pairs)[source is None][layer][place]
        name = "intercepts_" if source is None else "coefs_"
        getattr(self.estimator, name)[layer][place] = stored
        self.estimator._describe()
        self.stages.append({"kind": "edit", "name": name, "layer": layer, "place": place, "value": float(stored)})
        self.estimator.set_params(warm_start=True)
        self._subject = None

    @property
    def epochs(self) -> int:
        """Epochs done."""
        return len(self.history)

    def _paced(self, whole: Any) -> Callable[[State, float], Passed]:
        """An epoch that asks the watcher between batches."""
        self._subject, self.fitting = None, True
        self.history = self.estimator.history_.rows
        if self.recording is None:
            self.recording = Recording(len(self.estimator._state.theta))
            self.recording.take(0, self.estimator._state.theta)

        def epoch(state: State, rate: float) -> Passed:
            piece, total, done, told = state, 0.0, 0, Passed(0.0, [], [])
            while done < len(state.order) and math.isfinite(total):
                self.place = Place(state.order, done, whole.size)
                allowed = self.watcher.before_batch(self.place)
                batches = min(allowed, max(1, int(LONGEST_PIECE / self._per_batch)))
                if done or batches * whole.size < len(state.order):
                    piece = copy.copy(state) if piece is state else piece
                    piece.order = state.order[done : done + batches * whole.size]
                began = time.perf_counter()
                told = whole(piece, rate)
                spent = time.perf_counter() - began
                self.seconds += spent
                self._per_batch += 0.3 * (spent / -(-len(piece.order) // whole.size) - self._per_batch)
                total, done, state.updates = total + told.total, done + len(piece.order), piece.updates
                self.last = told
            return told._replace(total=total)

        return epoch

    def _after_epoch(self, row: Row) -> None:
        assert self.recording is not None
        self.place = None
        self.recording.take(row["epoch"], self.estimator._state.theta)
        self.watcher.after_epoch(row)

    # What there is to see

    @property
    def subject(self) -> Subject:
        """The network as it learns: its weights are views, so that they are always the newest."""
        if self._subject is None:
            self._subject = subject_of(self.estimator).as_learned()
        return self._subject

    def weights_at(self, epoch: int | None) -> tuple[int, Pairs]:
        """(epoch, weights) of a recorded epoch, or of now."""
        if epoch is None or self.recording is None:
            return self.epochs, self.subject.parameters
        return epoch, self.subject.network.layout.views(self.recording.at(epoch))

    def standing_at(self, epoch: int | None) -> Any:
        """The estimator as it was after a recorded epoch, or as it is."""
        if epoch is None or self.recording is None:
            return self.estimator
        then = copy.copy(self.subject.estimator)
        pairs = self.weights_at(epoch)[1]
        then.coefs_, then.intercepts_ = [W for W, _ in pairs], [b for _, b in pairs]
        then._state, then.history_ = None, History(self.history[:epoch])
        return then

    @property
    def theta(self) -> Array:
        """The newest weights, as training moves them."""
        if self.fitting:
            return self.estimator._state.theta
        subject = self.subject
        return subject.network.layout.pack([W for W, _ in subject.parameters], [b for _, b in subject.parameters], subject.dtype)

    def as_if_stopped(self) -> Any:
        """A copy of the estimator that can predict, be saved and be reported on."""
        copied = copy.copy(self.estimator)
        copied.__dict__.update(self.estimator._as_if_stopped())
        copied._observers, copied._pacing = (), None
        history = copied.history_ = History(self.history, f"after {self.epochs:,} epochs in the lab")
        copied.set_params(init=None, max_iter=max(1, self.epochs), n_iter_no_change=max(1, self.epochs), warm_start=False)
        copied._record(history, n_iter=self.epochs, samples=self.estimator.t_, watched=False)
        return copied
