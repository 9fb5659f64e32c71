"""What is sent to the page, each kind from the engine as it is; ``schema.json`` says what every field means."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from glassnet.lab.arrays import Plain, number, packed
from glassnet.lab.state import state_message
from glassnet.lab.tracing import trace_message
from glassnet.lab.view import pictures
from glassnet.seeing.doctor import diagnose

if TYPE_CHECKING:
    from glassnet.lab.engine import Engine

Array = NDArray[Any]

MOST_POINTS = 10_000
THUMBNAILS = 200
CURVE_POINTS = 600
DOCTOR_ROWS = 2000
CONTROLS = {
    "learning_rate_init": "the learning rate",
    "batch_size": "the batch size",
    "alpha": "the L2 penalty",
    "activation": "the activation",
    "initialiser": "the first weights",
    "dropout": "the dropout",
    "solver": "the optimiser",
}
"""Parameters of the estimators, and what the page calls them."""


def inputs_message(engine: Engine) -> Plain | None:
    """What each input is over the plane."""
    edges = engine.window.edges
    if engine.view is None and edges is None:
        return None
    return {
        "run": engine.number,
        "window": None if edges is None else list(edges),
        "maps": None if engine.view is None else engine.view.input_maps(),
        "means": engine.window.means() if engine.window else [],
    }


def points_message(engine: Engine) -> Plain:
    """The rows, as they are drawn."""
    lesson = engine.lesson
    n = len(lesson.data)
    rows = np.arange(n) if n <= MOST_POINTS else np.unique(np.linspace(0, n - 1, MOST_POINTS).astype(int))
    y = lesson.targets[rows]
    held = np.zeros(n, np.uint8)
    held[lesson.held_out] = 1
    pixels = None if lesson.data.picture is None else lesson.data.X[rows[:THUMBNAILS]]
    return {
        "run": engine.number,
        "rows": n,
        "xy": packed(engine.window.places()[rows]) if engine.window else None,
        "row": packed(rows, "i4"),
        "y": packed(y),
        "held_out": packed(held[rows], "u1"),
        "thumbnails": None if pixels is None else _thumbnails(pixels, engine),
        "y_range": [float(y.min(initial=0.0)), float(y.max(initial=0.0))] if not len(y) else [float(y.min()), float(y.max())],
    }


def _thumbnails(pixels: Array, engine: Engine) -> Plain:
    top = 255.0 if pixels.dtype == np.uint8 else 1.0
    return pictures(pixels, engine.lesson, [0.0] * len(pixels), [top] * len(pixels))


def frame_message(engine: Engine) -> Plain | None:
    """The network as it is, or as it was at the epoch that is shown."""
    run, view = engine.run, engine.view
    if view is None or engine.config.mode == "rbm":
        return None
    watched = engine.publisher.watched
    epoch, parameters = run.weights_at(engine.shown)
    row = run.history[epoch - 1] if epoch else {}
    scores = run.scores.get(epoch) or run.scores.get(max(run.scores, default=0)) or (None, None)
    with np.errstate(all="ignore"):
        return {
            "run": engine.number,
            "epoch": epoch,
            "batch": run.place.batch if run.place is not None and engine.shown is None else 0,
            "live": engine.shown is None,
            "loss": number(row.get("loss")),
            "val_loss": number(row.get("val_loss")),
            "score": scores[0],
            "val_score": scores[1],
            "score_name": "accuracy" if engine.data.classifies else "R²",
            "learning_rate": number(row.get("learning_rate", engine.config.network.learning_rate)),
            "seconds": run.seconds,
            "epochs_per_second": engine.rate.value(),
            "layers": view.layers(parameters),
            "units": view.units(parameters) if "units" in watched else None,
            "surface": view.surface(parameters, engine.config.resolution) if "surface" in watched else None,
        }


def curves_message(engine: Engine) -> Plain | None:
    """The course so far, thinned."""
    run = engine.run
    if run is None:
        return None
    history, n = run.history, len(run.history)
    places = np.arange(n) if n <= CURVE_POINTS else np.unique(np.linspace(0, n - 1, CURVE_POINTS).round().astype(int))
    rows = [history[i] for i in places]

    def column(name: str) -> Plain:
        return packed([np.nan if row.get(name) is None else row[name] for row in rows])

    def per_layer(name: str) -> Plain:
        known = [row.get(name) for row in rows]
        width = next((len(one) for one in known if one), 0)
        return packed(np.array([one if one else [np.nan] * width for one in known], np.float32).reshape(len(rows), width).T)

    measures = ("reconstruction_error", "free_energy", "val_free_energy", "pseudo_likelihood", "hidden_activity")
    return {
        "run": engine.number,
        "epoch": packed(places + 1, "i4"),
        "loss": column("loss"),
        "val_loss": column("val_loss"),
        "gradient_norms": per_layer("layer_gradient_norms"),
        "update_ratios": per_layer("layer_update_ratios"),
        "stages": [stage["from"] for stage in run.stages[1:] if stage["kind"] == "fit"],
        "rbm": {name: column(name) for name in measures} if engine.config.mode == "rbm" else None,
    }


def panels_message(engine: Engine) -> Plain | None:
    """The slower pictures."""
    if engine.view is None or engine.config.mode == "rbm":
        return None
    from glassnet.lab.panels import panels

    return panels(engine)


def in_words_of_the_page(action: str) -> str:
    """Advice for Python's parameters as advice for the page's controls, where it has them.

    >>> in_words_of_the_page("Set learning_rate_init=0.003.")
    'Set the learning rate to 0.003.'
    >>> in_words_of_the_page("Use fewer hidden layers, or activation='relu' with initialiser='he_normal'.")
    "Use fewer hidden layers, or the activation 'relu' with the first weights 'he normal'."
    """

    def spelt(found: re.Match[str]) -> str:
        joint = " to " if found[1] else " "
        return f"{found[1] or ''}{CONTROLS[found[2]]}" + (f"{joint}{found[3].replace('_', ' ')}" if found[3] else "")

    return re.sub(rf"\b(Set )?({'|'.join(CONTROLS)})\b(?:=([^\s,;]*[^\s,;.]))?", spelt, action)


def doctor_message(engine: Engine) -> Plain | None:
    """What the doctor says of the newest weights."""
    run, lesson = engine.run, engine.lesson
    if engine.view is None or engine.config.mode == "rbm" or not run.epochs:
        return None
    rows = lesson.learned[:: -(-len(lesson.learned) // DOCTOR_ROWS)]
    held = lesson.held_out[:: -(-max(1, len(lesson.held_out)) // DOCTOR_ROWS)]
    given = dict(zip(("X_val", "y_val"), lesson.part(held), strict=True)) if len(held) else {}
    with np.errstate(all="ignore"):
        said = diagnose(run.as_if_stopped(), *lesson.part(rows), **given).to_dict()
    told = [one for one in said["findings"] if one["name"] != "stopped_too_early"]  # it was paused by hand
    findings = [
        {name: one[name] for name in ("name", "severity", "sentence")} | {"action": in_words_of_the_page(one["action"])} for one in told
    ]
    return {"run": engine.number, "epoch": run.epochs, "findings": findings, "lacking": said["lacking"]}


def rbm_message(engine: Engine) -> Plain | None:
    """The Boltzmann machine."""
    if engine.config.mode != "rbm" or engine.run is None or not engine.run.ready:
        return None
    return {"run": engine.number, **engine.run.message()}


class Rate:
    """Epochs per second while training plays, over the last second or two."""

    def __init__(self) -> None:
        self._marks: list[tuple[float, int]] = []

    def mark(self, epochs: int) -> None:
        """So many epochs are done now."""
        now = time.monotonic()
        if not self._marks or now - self._marks[-1][0] > 0.1:
            self._marks = [*self._marks[-15:], (now, epochs)]

    def forget(self) -> None:
        """Training pauses."""
        self._marks = []

    def value(self) -> float | None:
        """None while it is not known."""
        if len(self._marks) < 2:
            return None
        (began, first), (now, last) = self._marks[0], self._marks[-1]
        return (last - first) / (now - began)


MAKERS: dict[str, Callable[[Engine], Plain | None]] = {
    "state": state_message,
    "inputs": inputs_message,
    "points": points_message,
    "frame": frame_message,
    "curves": curves_message,
    "panels": panels_message,
    "doctor": doctor_message,
    "trace": trace_message,
    "rbm": rbm_message,
}
