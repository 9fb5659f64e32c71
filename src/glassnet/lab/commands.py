"""What the page may ask for: each command a function of the engine and the command's fields, as ``schema.json`` has them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from glassnet.lab.address import Point, lesson_of
from glassnet.lab.config import LARGEST_SEED, Config, LayerConfig, Refusal, changed
from glassnet.lab.datasets import NUMBER
from glassnet.lab.engine import Cursor, Engine, Todo
from glassnet.lab.learning import MOST_EPOCHS, Unwound
from glassnet.lab.publishing import WATCHED
from glassnet.lab.view import View
from glassnet.lab.window import Window

if TYPE_CHECKING:
    from glassnet.lab.link import Plain

MOST_POINTS = 20_000
OF_LEARNING = ("learning_rate", "optimiser", "momentum", "alpha", "l1", "batch_size")
"""Fields of the network that may change while a run goes on."""


def _whole(command: Mapping[str, Any], name: str, low: int, high: int, usual: int | None = None) -> int:
    value = command.get(name, usual)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise Refusal(f"{name} must be a whole number from {low:,} to {high:,}; got {str(value)[:40]!r}.", name)
    return value


def _training(engine: Engine) -> Any:
    """The run that can go on. Raises Refusal where there is none."""
    if engine.run is None:
        raise Refusal(engine.told, None, "busy")
    if engine.ended:
        raise Refusal(f"{engine.told} Reset it, or change something, to train again.", None, "busy")
    return engine.run


def play(engine: Engine, command: Plain) -> None:
    """Train on."""
    _training(engine)
    engine.todo, engine.cursor, engine.shown = Todo(play=True), Cursor(), None
    engine.rate.forget()
    engine.say_status("playing", "Training.")


def pause(engine: Engine, command: Plain) -> None:
    """Stop."""
    engine.pause()


def step(engine: Engine, command: Plain) -> None:
    """A term, an example, a batch or an epoch."""
    what, times = command.get("what"), _whole(command, "times", 1, 1000, 1)
    if what not in ("term", "example", "batch", "epoch"):
        raise Refusal(f"what must be 'term', 'example', 'batch' or 'epoch'; got {str(what)[:40]!r}.", "what")
    run = _training(engine)
    if engine.config.mode == "rbm" and what != "epoch":
        raise Refusal("a Boltzmann machine is stepped by epochs here.", "what", "busy")
    engine.todo, engine.shown = Todo(), None
    engine.rate.forget()
    if what in ("batch", "epoch"):
        engine.cursor = Cursor()
        engine.todo = Todo(batches=times) if what == "batch" else Todo(epochs=times)
        engine.say_status("playing", "Training.")
        return
    if run.place is None:
        raise Refusal("training is between two epochs; ask again.", None, "busy")
    for _ in range(times):
        _step_example(engine, len(run.place.pending), by_term=what == "term")
        if engine.todo:
            break
    engine.publisher.due("state", "trace", "frame")


def _step_example(engine: Engine, rows: int, *, by_term: bool) -> None:
    """To the next term or the next example; after the last, the batch's update."""
    cursor = engine.cursor
    if cursor.example is None:
        engine.cursor = Cursor(0, 0 if by_term else None)
    elif by_term and cursor.term is not None and cursor.term + 1 < cursor.terms:
        cursor.term += 1
        return
    elif cursor.example + 1 < rows:
        engine.cursor = Cursor(cursor.example + 1, 0 if by_term else None)
    else:
        engine.cursor, engine.todo = Cursor(), Todo(batches=1)
        return
    engine.publisher.send("trace")  # which counts the terms


def scrub(engine: Engine, command: Plain) -> Plain:
    """Show an earlier epoch."""
    epoch = command.get("epoch")
    run = engine.run
    if run is None or run.recording is None:
        raise Refusal("nothing is recorded yet.", None, "busy")
    if epoch is not None:
        epoch = run.recording.nearest(_whole(command, "epoch", 0, 10**9))
        epoch = None if epoch == run.epochs and run.place is not None and not run.place.done else epoch
    engine.pause()
    engine.shown = epoch
    engine.publisher.due("state", "frame", "panels", "trace")
    return {"epoch": run.epochs if epoch is None else epoch}


def reset(engine: Engine, command: Plain) -> None:
    """Back to epoch 0."""
    config = engine.config
    if "seed" in command:
        seed = _whole(command, "seed", 0, LARGEST_SEED)
        kind = "rbm" if config.mode == "rbm" else "network"
        config = changed(config, {kind: {"seed": seed}})
    engine.todo = Todo()
    engine.begin(engine.prepare(config, engine.points), engine.points)
    raise Unwound


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
    _adopt(engine, config, engine.points)


def _other_data(config: Config, part: Mapping[str, Any]) -> Config:
    """What was said of the inputs and the axes of other rows does not hold for these."""
    config = dataclasses.replace(config, inputs=config.inputs if "inputs" in part else (), axes=config.axes if "axes" in part else None)
    data = part["data"]
    if config.data.source not in ("file", "given") and "target" not in data:
        config = changed(config, {"data": {"target": None}})
    if config.data.source in ("file", "given", "digits") and "samples" not in data:
        config = changed(config, {"data": {"samples": 20_000}})
    return config


def load_state(engine: Engine, command: Plain) -> None:
    """A whole lesson from an address."""
    config, points, unknown = lesson_of(command.get("query", ""))
    if unknown:
        engine.link.notice("warning", f"The address has words that mean nothing here: {', '.join(unknown)[:200]}. They are left out.")
    _adopt(engine, config, points or engine.points)


def _adopt(engine: Engine, config: Config, points: list[Point]) -> None:
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
        _not_at_its_end(engine.run)
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


def paint(engine: Engine, command: Plain) -> None:
    """Points by hand."""
    points = [] if command.get("clear") else list(engine.points) if engine.config.data.source == "painted" else []
    target = engine.config.data.target if engine.config.data.source == "painted" else None
    if command.get("keep") and not command.get("clear") and engine.config.data.source != "painted":
        points = _as_points(engine)
        target = None if engine.data.classifies else NUMBER
    points += _points(command.get("add", []), numbers=target == NUMBER)
    if (gone := command.get("remove")) is not None:
        x, y, radius = (_number(gone, name) for name in ("x", "y", "radius"))
        points = [one for one in points if math.hypot(one[0] - x, one[1] - y) > radius]
    if len(points) > MOST_POINTS:
        raise Refusal(f"at most {MOST_POINTS:,} points can be painted; these are {len(points):,}. Clear some.", "add")
    config = changed(engine.config, {"data": {"source": "painted", "name": "", "target": target}})
    if engine.config.data.source != "painted":
        config = dataclasses.replace(config, axes=None, inputs=tuple(one for one in config.inputs if "x" in one))
    _adopt(engine, config, points)


def _number(fields: Any, name: str) -> float:
    value = fields.get(name) if isinstance(fields, dict) else None
    if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) < 1e6:
        raise Refusal(f"remove.{name} must be a number; got {str(value)[:40]!r}.", f"remove.{name}")
    return float(value)


def _points(given: Any, *, numbers: bool) -> list[Point]:
    found = []
    for one in given if isinstance(given, list) else [given]:
        right = isinstance(one, list | tuple) and len(one) == 3
        right = right and all(isinstance(v, int | float) and not isinstance(v, bool) and abs(v) < 1e6 for v in one)
        if not right or not (numbers or one[2] in range(10)):
            raise Refusal(f"a point is [x, y, class], classes from 0 to 9; got {str(one)[:60]}.", "add")
        found.append((float(one[0]), float(one[1]), float(one[2])))
    return found


def _as_points(engine: Engine) -> list[Point]:
    """The rows that are shown, as if they had been painted."""
    if not engine.data.plain or len(engine.window.axes) != 2:
        raise Refusal("only points in a plane can be painted on. Choose a dataset of two inputs, or begin with an empty plane.", "keep")
    xy, y = engine.window.places().astype(float), engine.data.y
    return [(float(a), float(b), float(c)) for (a, b), c in zip(xy, y, strict=True)]


def edit(engine: Engine, command: Plain) -> Plain | None:
    """A weight by hand."""
    run = engine.run
    if run is None or engine.view is None or engine.config.mode == "rbm":
        raise Refusal("there is no network whose weights could be set.", None, "busy")
    sizes = engine.view.sizes
    layer = _whole(command, "layer", 1, len(sizes) - 1)
    unit = _whole(command, "unit", 0, sizes[layer] - 1)
    source = None if command.get("source") is None else _whole(command, "source", 0, sizes[layer - 1] - 1)
    value = command.get("value")
    if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) <= 1e6:
        raise Refusal(f"value must be a number of at most a million; got {str(value)[:40]!r}.", "value")
    _not_at_its_end(run)
    engine.at_boundary()
    engine.todo, engine.shown = Todo(), None
    stored = {"value": float(engine.view.dtype.type(value))}
    if run.epochs:
        raise Unwound(stored, lambda: engine.edit(layer - 1, source, unit, value))
    pairs = run.subject.network.layout.views(run.theta.copy())
    (pairs[layer - 1][1] if source is None else pairs[layer - 1][0][source])[unit] = value
    engine.begin((engine.config, engine.data, engine.lesson, engine.window), engine.points, run.given_weights(pairs))
    raise Unwound(stored)


def _not_at_its_end(run: Any) -> None:
    """Raise Refusal where a run has no epochs left."""
    if run.epochs >= MOST_EPOCHS:
        raise Refusal(f"{MOST_EPOCHS:,} epochs are the most of a run. Reset it to begin anew.", None, "busy")


def pick(engine: Engine, command: Plain) -> None:
    """The example to be traced."""
    row = command.get("row")
    engine.picked = None if row is None else _whole(command, "row", 0, len(engine.data) - 1)
    engine.cursor = Cursor()
    engine.publisher.due("state", "trace")


def fold(engine: Engine, command: Plain) -> None:
    """Move the window of units that are drawn."""
    view = engine.view
    if view is None:
        raise Refusal("there is no network yet.", None, "busy")
    layer = _whole(command, "layer", 0, len(view.sizes) - 1)
    engine.folds = list(view.folds)
    engine.folds[layer] = _whole(command, "first", 0, 10**6)
    engine.view = View(engine.lesson, engine.run.subject, engine.window, engine.folds)
    engine.publisher.due("state", "inputs", "frame", "trace")


def watch(engine: Engine, command: Plain) -> None:
    """What the page shows."""
    wanted = command.get("panels")
    if not isinstance(wanted, list) or not all(isinstance(one, str) for one in wanted) or set(wanted) - WATCHED:
        raise Refusal(f"panels must be some of {', '.join(sorted(WATCHED))}; got {str(wanted)[:80]}.", "panels")
    new = set(wanted) - engine.publisher.watched
    engine.publisher.watched = set(wanted)
    engine.publisher.due(*({"surface": "frame", "units": "frame"}.get(one, one) for one in new))


def speed(engine: Engine, command: Plain) -> None:
    """Slow motion."""
    value = command.get("epochs_per_second")
    if value is not None and (not isinstance(value, int | float) or isinstance(value, bool) or not 0.01 <= value <= 1e6):
        raise Refusal(f"epochs_per_second must be a number of at least 0.01, or null; got {str(value)[:40]!r}.", "epochs_per_second")
    engine.speed = value


def opened(engine: Engine, request: Plain) -> None:
    """A file was uploaded: read it, and learn from it."""
    sources = dataclasses.replace(engine.sources, upload=request["open"], upload_name=request["name"])
    part = {"data": {"source": "file", "name": request["name"][:200], "target": None, "samples": 20_000}}
    config = dataclasses.replace(changed(engine.config, part), inputs=(), axes=None, mode="network")
    before, engine.sources = engine.sources, sources
    try:
        prepared = engine.prepare(config, engine.points, again=True)
    except BaseException:
        engine.sources = before
        raise
    data = prepared[1]
    engine.folds = None
    engine.todo = Todo()
    engine.begin(prepared, engine.points)
    columns = len(data.targets) or data.X.shape[1]
    raise Unwound({"name": request["name"], "rows": len(data), "columns": columns, "target": data.target})


HANDLERS: dict[str, Callable[[Engine, Plain], Any]] = {
    "play": play,
    "pause": pause,
    "step": step,
    "scrub": scrub,
    "reset": reset,
    "configure": configure,
    "load_state": load_state,
    "paint": paint,
    "edit": edit,
    "pick": pick,
    "fold": fold,
    "watch": watch,
    "speed": speed,
    "open": opened,
}
