"""Changing the lesson: what is only drawn otherwise, what goes on learning otherwise, and what begins a new run."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from glassnet.lab.address import Point, lesson_of
from glassnet.lab.config import Config, LayerConfig, Refusal, changed
from glassnet.lab.learning import MOST_EPOCHS, Unwound
from glassnet.lab.view import View
from glassnet.lab.window import Window

if TYPE_CHECKING:
    from glassnet.lab.engine import Engine
    from glassnet.lab.link import Plain

OF_LEARNING = ("learning_rate", "optimiser", "momentum", "alpha", "l1", "batch_size")
"""Fields of the network that may change while a run goes on."""
FILE_ROWS = 20_000
"""Rows that are taken of files, unless more are asked for."""


def configure(engine: Engine, command: Plain) -> None:
    """Change the lesson."""
    part = command.get("config")
    config = changed(engine.config, part)
    assert isinstance(part, dict)
    data = part.get("data") or {}
    if any(name in data for name in ("source", "name", "target")) and config.data != engine.config.data:
        config = _other_data(config, part)
    if [one.units for one in config.network.hidden] != [one.units for one in engine.config.network.hidden]:
        config = changed(config, {"network": {"start": "drawn"}})
    if config.mode == "rbm" and engine.data.picture is None and "data" not in part:
        config = _other_data(changed(config, {"data": {"source": "digits", "name": ""}}), {"data": {}})
    adopt(engine, config, engine.points)


def _other_data(config: Config, part: Mapping[str, Any]) -> Config:
    """What was said of the inputs and the axes of other rows does not hold for these."""
    config = dataclasses.replace(config, inputs=config.inputs if "inputs" in part else (), axes=config.axes if "axes" in part else None)
    data = part["data"]
    if config.data.source not in ("file", "given") and "target" not in data:
        config = changed(config, {"data": {"target": None}})
    if config.data.source in ("file", "given", "digits") and "samples" not in data:
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
