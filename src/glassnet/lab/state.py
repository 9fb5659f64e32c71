"""The message ``state``: the lesson, where it stands, and what can be done now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from glassnet.lab.address import query_of
from glassnet.lab.arrays import Plain
from glassnet.lab.config import ACTIVATIONS, METHODS, OPTIMISERS
from glassnet.lab.learning import losses_for
from glassnet.lab.toys import TOYS
from glassnet.maths.initialisers import INITIALISERS

if TYPE_CHECKING:
    from glassnet.lab.engine import Engine


_LOSS_WORDS = {
    "log_loss": "cross-entropy",
    "squared_error": "squared error",
    "poisson": "Poisson deviance",
    "absolute_error": "absolute error",
    "huber": "Huber",
    "quantile": "quantile (median)",
}


def state_message(engine: Engine) -> Plain:
    """The lesson and where it stands."""
    lesson, run = engine.lesson, engine.run
    data = lesson.data
    config = engine.config.plain() | {"inputs": list(lesson.on), "axes": list(engine.window.axes) if len(engine.window.axes) == 2 else None}
    drawn = _drawn(engine)
    shapes = None if data.picture is None else dict(zip(("height", "width", "channels"), data.picture, strict=True))
    on = set(lesson.on)
    return {
        "run": engine.number,
        "status": engine.status,
        "told": engine.told,
        "config": config,
        "query": query_of(engine.config, engine.points),
        "task": "unlabelled" if engine.config.mode == "rbm" else data.task,
        "classes": [str(label) for label in data.classes],
        "class_colours": _colours(engine),
        "target_name": data.target,
        "rows": {"train": len(lesson.learned), "held_out": len(lesson.held_out)},
        "inputs": [
            {"id": one.id, "label": one.label, "group": one.group, "on": one.id in on, "fixed": data.run is not None}
            for one in lesson.inputs
        ],
        "input_names": list(lesson.names),
        "columns": [{"id": name, "label": name, "low": low, "high": high} for name, (low, high) in lesson.numeric.items()],
        "targets": list(data.targets),
        "picture": shapes,
        **drawn,
        "cursor": _cursor(engine),
        "recorded": _recorded(engine),
        "picked": _picked(engine),
        "can": _can(engine),
        "choices": _choices(engine),
        "stages": [] if run is None else _stages(run),
    }


def _drawn(engine: Engine) -> Plain:
    """The shape of the network, or of the Boltzmann machine."""
    run, view = engine.run, engine.view
    if engine.config.mode == "rbm" and run is not None:
        visible, hidden = run.sizes
        part = run.shown
        folds = [{"first": 0, "count": 0, "of": visible}, {"first": part.start, "count": part.stop - part.start, "of": hidden}]
        told: Plain = {"outputs": [], "link": "logistic", "parameters": visible * hidden + visible + hidden}
        return {**told, "sizes": [visible, hidden], "folds": folds, "unit_kind": ["picture"]}
    if view is None:
        return {"outputs": [], "link": "identity", "parameters": 0, "sizes": [], "folds": [], "unit_kind": []}
    outputs = list(run.subject.outputs) if engine.data.classifies else [engine.data.target]
    told = {"outputs": outputs, "link": view.network.loss.link, "parameters": view.network.layout.n_parameters}
    return {**told, "sizes": list(view.sizes), "folds": view.folded, "unit_kind": view.unit_kinds}


def _colours(engine: Engine) -> list[int]:
    """The palette's entry for each class: painted classes keep theirs while some are not there yet."""
    classes = engine.data.classes
    return [int(label) for label in classes] if engine.data.plain else list(range(len(classes)))


def _cursor(engine: Engine) -> Plain:
    run, cursor = engine.run, engine.cursor
    place = None if run is None else run.place
    pending = [] if place is None else place.pending
    at = cursor.example
    row = None if at is None or at >= len(pending) else int(engine.lesson.learned[pending[at]])
    return {
        "epoch": 0 if run is None else run.epochs,
        "batch": 0 if place is None else place.batch,
        "batches": 0 if place is None else place.batches,
        "batch_rows": len(pending),
        "example": None if row is None else at,
        "row": row,
        "term": cursor.term,
        "terms": cursor.terms,
    }


def _recorded(engine: Engine) -> Plain:
    recording = None if engine.run is None else engine.run.recording
    if not recording:
        return {"first": 0, "last": 0, "count": 0, "shown": None}
    return {"first": recording.epochs[0], "last": recording.epochs[-1], "count": len(recording), "shown": engine.shown}


def _picked(engine: Engine) -> Plain | None:
    row = _cursor(engine)["row"]
    if row is not None:
        return {"row": row, "by": "step"}
    return None if engine.picked is None else {"row": engine.picked, "by": "user"}


def _can(engine: Engine) -> list[str]:
    """Commands that make sense now."""
    found = ["paint"] if engine.data.plain and len(engine.window.axes) == 2 else []
    if engine.data.run is not None:
        found.append("trained")
    if engine.run is None:
        return found
    found += ["reset", "code"]
    if not engine.ended:
        found += ["play", "pause", "step.epoch"]
    if engine.config.mode == "rbm":
        return [*found, "draw", "gibbs", *(["model"] if engine.run.epochs else [])]
    if not engine.ended:
        found += ["step.term", "step.example", "step.batch"]
    found += ["edit", "pick", "model", "report", *(["draw"] if engine.data.picture is not None else [])]
    found += ["axes"] * (len(engine.lesson.numeric) > 2) + ["surface"] * bool(engine.window)
    return found + (["scrub", "landscape"] if len(engine.run.recording or ()) > 1 else [])


def _choices(engine: Engine) -> Plain:
    def of(names: Any, words: Any = None) -> list[Plain]:
        return [{"value": name, "label": (words or {}).get(name, str(name).replace("_", " "))} for name in names]

    return {
        "toy": of(TOYS, TOYS),
        "activation": of(ACTIVATIONS),
        "loss": of(losses_for(engine.data.task), _LOSS_WORDS),
        "optimiser": of(OPTIMISERS, {"gd": "gradient descent (all rows)", "sgd": "SGD", "adam": "Adam", "adamw": "AdamW"}),
        "initialiser": of((None, *INITIALISERS), {None: "as scikit-learn"}),
        "method": of(METHODS, {"pcd": "persistent contrastive divergence", "cd": "contrastive divergence"}),
    }


def _stages(run: Any) -> list[Plain]:
    found = []
    for i, stage in enumerate(run.stages):
        if stage["kind"] == "edit":
            place = ", ".join(str(at + 1) for at in stage["place"])
            found.append({"kind": "edit", "epochs": 0, "told": f"layer {stage['layer'] + 1}, {place} set to {stage['value']:.4g}"})
            continue
        after = next((later["from"] for later in run.stages[i + 1 :] if later["kind"] == "fit"), run.epochs)
        told = f"{stage['parameters']['solver']}, learning rate {stage['parameters']['learning_rate_init']:g}"
        found.append({"kind": "fit", "epochs": after - stage["from"], "told": told})
    return found
