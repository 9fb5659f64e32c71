"""Changing the lesson: what is only drawn otherwise, what goes on learning otherwise, and what begins a new run."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from glassnet.checks import DataError
from glassnet.lab.address import Point, lesson_of
from glassnet.lab.config import Config, DataConfig, LayerConfig, Refusal, changed
from glassnet.lab.datasets import network_of
from glassnet.lab.learning import MOST_EPOCHS, Unwound
from glassnet.lab.view import View
from glassnet.lab.window import Window

if TYPE_CHECKING:
    from glassnet.lab.engine import Engine
    from glassnet.lab.link import Plain

OF_LEARNING = ("learning_rate", "optimiser", "momentum", "alpha", "l1", "batch_size")
"""Fields of the network that may change while a run goes on."""
OF_FILES = ("file", "given", "digits")
FILE_ROWS = 20_000
"""Rows that are taken of files, unless more are asked for."""


def configure(engine: Engine, command: Plain) -> None:
    """Change the lesson."""
    part = command.get("config")
    config = changed(engine.config, part)
    assert isinstance(part, dict)
    data = part.get("data") or {}
    if any(name in data for name in ("source", "name", "target")) and config.data != engine.config.data:
        config = with_own_loss(engine, _other_data(config, part))
        if config.data.source == "toy" and engine.config.data.source in OF_FILES and "samples" not in data:
            config = changed(config, {"data": {"samples": DataConfig().samples}})
    if "loss" in (part.get("network") or {}):
        engine.loss_given_up = None
    if (part.get("network") or {}).get("start") == "trained":
        if engine.data.run is None:
            raise Refusal("there is no trained run here whose weights could be taken.", "network.start")
        config = changed(config, {"network": network_of(engine.data.run)})
    elif [one.units for one in config.network.hidden] != [one.units for one in engine.config.network.hidden]:
        config = changed(config, {"network": {"start": "drawn"}})
    if _shape(config) != _shape(engine.config) and "edits" not in (part.get("network") or {}):
        config = changed(config, {"network": {"edits": []}})  # they were set in another network
    if config.mode == "rbm" and engine.data.picture is None and "data" not in part:
        config = _other_data(changed(config, {"data": {"source": "digits", "name": ""}}), {"data": {}})
    adopt(engine, config, engine.points)


def prepared_table(engine: Engine, config: Config, points: Sequence[Point]) -> Any:
    """As ``engine.prepare``, of a file that is new: where its first line cannot be names, it is read as a row."""
    try:
        return engine.prepare(config, points, again=True)
    except DataError as error:
        if not config.data.header or "(header=False)" not in str(error):
            raise
        made = engine.prepare(changed(config, {"data": {"header": False}}), points, again=True)
        engine.say("The first line has no name for every column, or one twice: it is read as a row like the others.")
        return made


def with_own_loss(engine: Engine, config: Config) -> Config:
    """For other rows: the loss that was asked for, where the rows before did not allow it."""
    if engine.loss_given_up is None:
        return config
    return changed(config, {"network": {"loss": engine.loss_given_up}})


def _shape(config: Config) -> tuple[Any, ...]:
    """What decides which weights there are, and what they are about."""
    data = config.data
    return config.inputs, [one.units for one in config.network.hidden], data.source, data.name, data.target, data.classes


def _other_data(config: Config, part: Mapping[str, Any]) -> Config:
    """What was said of the inputs and the axes of other rows does not hold for these."""
    config = dataclasses.replace(config, inputs=config.inputs if "inputs" in part else (), axes=config.axes if "axes" in part else None)
    data = part["data"]
    if config.data.source not in ("file", "given") and "target" not in data:
        config = changed(config, {"data": {"target": None}})
    if config.data.source in OF_FILES and "samples" not in data:
        config = changed(config, {"data": {"samples": FILE_ROWS}})
    return config


def load_state(engine: Engine, command: Plain) -> None:
    """A whole lesson from an address."""
    config, points, unknown = lesson_of(command.get("query", ""))
    if unknown:
        engine.link.notice("warning", f"The address has words that mean nothing here: {', '.join(unknown)[:200]}. They are left out.")
    adopt(engine, config, points or engine.points)


def adopt(engine: Engine, config: Config, points: Sequence[Point]) -> None:
    """Take a configuration: draw otherwise, go on learning otherwise, or begin a new run."""
    old = engine.config
    if config == old and points == engine.points:
        return
    if points == engine.points and _only_drawn_otherwise(old, config):
        _draw_otherwise(engine, config)
    elif points == engine.points and _only_learns_otherwise(old, config) and engine.run is not None and not engine.ended:
        if not engine.run.epochs and not (engine.run.place and engine.run.place.done):
            engine.begin(engine.prepare(config, points), points)
            raise Unwound
        not_at_its_end(engine.run)
        engine.at_boundary()
        raise Unwound(None, lambda: engine.next_stage(config))
    else:
        playing = engine.todo.play
        prepared = engine.prepare(config, points)
        if config.data != old.data:
            lost = prepared[0].network.loss != config.network.loss
            engine.loss_given_up = config.network.loss if lost else None
        if prepared[1] is not engine.data or prepared[2].names != engine.lesson.names:
            engine.folds = None
        engine.begin(prepared, points)
        engine.todo.play = playing and engine.run is not None
        if engine.todo.play:
            engine.say_status("playing", "Training.")
        raise Unwound


def _only_drawn_otherwise(old: Config, new: Config) -> bool:
    hidden = "rbm" if new.mode == "network" else "network"
    same = dataclasses.replace(new, axes=old.axes, resolution=old.resolution)
    return new.mode == old.mode and dataclasses.replace(same, **{hidden: getattr(old, hidden)}) == old


def _only_learns_otherwise(old: Config, new: Config) -> bool:
    if new.mode != "network" or len(new.network.hidden) != len(old.network.hidden):
        return False
    pairs = zip(new.network.hidden, old.network.hidden, strict=True)
    hidden = tuple(LayerConfig(one.units, one.activation, before.dropout) for one, before in pairs)
    kept = {name: getattr(old.network, name) for name in OF_LEARNING}
    network = dataclasses.replace(new.network, **kept, hidden=hidden)
    return dataclasses.replace(new, network=network, axes=old.axes, resolution=old.resolution, rbm=old.rbm) == old


def _draw_otherwise(engine: Engine, config: Config) -> None:
    made = engine.lesson
    if config.axes != engine.config.axes:
        wanted = config.axes
        if wanted is not None and (not set(wanted) <= set(made.numeric) or wanted[0] == wanted[1]):
            raise Refusal(f"axes must be two different columns of numbers; got {' and '.join(wanted)}.", "axes")
    made = made.with_view(config)
    engine.config, engine.lesson = config, made
    if config.axes != engine.window.lesson.config.axes:
        engine.window = Window(made)
        if engine.view is not None and engine.run is not None and config.mode == "network":
            engine.view = View(made, engine.run.subject, engine.window, engine.view.folds)
        engine.publisher.due("inputs", "points")
    if engine.run is not None:
        engine.run.lesson = made
    engine.publisher.due("state", "frame")


def not_at_its_end(run: Any) -> None:
    """Raise Refusal where a run has no epochs left."""
    if run.epochs >= MOST_EPOCHS:
        raise Refusal(f"{MOST_EPOCHS:,} epochs are the most of a run. Reset it to begin anew.", None, "busy")
