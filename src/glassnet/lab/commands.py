"""What the page may ask for: each command a function of the engine and the command's fields, as ``schema.json`` has them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from glassnet.lab.changing import FILE_ROWS, configure, load_state, not_at_its_end, prepared_table, with_own_loss
from glassnet.lab.config import LARGEST_SEED, LARGEST_WEIGHT, MOST_EDITS, Refusal, WeightConfig, changed
from glassnet.lab.engine import Cursor, Engine, Todo
from glassnet.lab.learning import Unwound
from glassnet.lab.painting import paint
from glassnet.lab.publishing import WATCHED
from glassnet.lab.view import View

if TYPE_CHECKING:
    from glassnet.lab.link import Plain


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
    if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) <= LARGEST_WEIGHT:
        raise Refusal(f"value must be a number of at most a million; got {str(value)[:40]!r}.", "value")
    not_at_its_end(run)
    engine.at_boundary()
    engine.todo, engine.shown = Todo(), None
    stored = {"value": float(engine.view.dtype.type(value))}
    if run.epochs:
        raise Unwound(stored, lambda: engine.edit(layer - 1, source, unit, value))
    before = engine.config.network
    others = tuple(one for one in before.edits if (one.layer, one.unit, one.source) != (layer, unit, source))
    if len(others) >= MOST_EDITS:
        raise Refusal(f"{MOST_EDITS} first weights are the most that can be set by hand.", None, "busy")
    edits = (*others, WeightConfig(layer, unit, source, float(value)))
    engine.begin_with_weights(dataclasses.replace(engine.config, network=dataclasses.replace(before, edits=edits)))
    raise Unwound(stored)


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
    part = {"data": {"source": "file", "name": request["name"][:200], "target": None, "samples": FILE_ROWS, "header": True}}
    config = with_own_loss(engine, dataclasses.replace(changed(engine.config, part), inputs=(), axes=None, mode="network"))
    before, engine.sources = engine.sources, sources
    try:
        prepared = prepared_table(engine, config, engine.points)
    except BaseException:
        engine.sources = before
        raise
    data = prepared[1]
    engine.loss_given_up = config.network.loss if prepared[0].network.loss != config.network.loss else None
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
