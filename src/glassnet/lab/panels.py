"""The slower pictures of a network: confusion or residuals, histograms of weights and activations, gradient sizes; and the score."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import r2_score

from glassnet.lab.arrays import Plain, number, numbers, packed

if TYPE_CHECKING:
    from glassnet.lab.engine import Engine

Array = NDArray[Any]

SCORED = 2000
"""Rows that are scored, of those learned from and of those held out."""
RESIDUALS = 250
BINS = 30
NARROWEST = 1e-9
"""Of the values' size: what is nearer together is one bar."""


def panels(engine: Engine) -> Plain:
    """The message; the score is noted on the run, for frames."""
    run, view, lesson = engine.run, engine.view, engine.lesson
    assert view is not None
    epoch, parameters = run.weights_at(engine.shown)
    parts = [rows[:: max(1, -(-len(rows) // SCORED))] for rows in (lesson.learned, lesson.held_out)]
    with np.errstate(all="ignore"):
        predicted = [view.predicted(view.network.raw_prediction(parameters, lesson.X[rows])) if len(rows) else None for rows in parts]
    truths = [lesson.targets[rows] for rows in parts]
    confusion = residuals = None
    if engine.data.classifies:
        k = len(engine.data.classes)
        tables = [None if p is None else _confusion(codes(p), truth, k) for p, truth in zip(predicted, truths, strict=True)]
        scores = [None if table is None else float(np.trace(table) / table.sum()) for table in tables]
        counted = [None if table is None else packed(table, "i4") for table in tables]
        confusion = {"train": counted[0], "held_out": counted[1]}
    else:
        scores = [None if p is None or len(p) < 2 else _r2(truth, p[:, 0]) for p, truth in zip(predicted, truths, strict=True)]
        residuals = _residuals(truths, predicted)
    run.scores = {epoch: tuple(scores)}
    last = run.last
    edges = [_histogram(W) for W, _ in parameters]
    with np.errstate(all="ignore"):
        activations = [_histogram(A) for A in view.activations(parameters)]
    return {
        "run": engine.number,
        "epoch": epoch,
        "confusion": confusion,
        "residuals": residuals,
        "weights": edges,
        "activations": activations,
        "gradient_norms": [] if last is None else numbers(last.gradient_norms),
        "update_ratios": [] if last is None else numbers(last.update_ratios),
    }


def codes(prediction: Array) -> Array:
    """The class that is predicted: the likeliest; of two, the second where its probability exceeds 1/2."""
    if prediction.shape[1] == 1:
        return (prediction[:, 0] > 0.5).astype(np.int64)
    return prediction.argmax(axis=1)


def _confusion(predicted: Array, truth: Array, k: int) -> Array:
    return np.bincount(truth.astype(np.int64) * k + predicted, minlength=k * k).reshape(k, k)


def _r2(truth: Array, predicted: Array) -> float | None:
    return number(r2_score(truth, predicted)) if np.isfinite(predicted).all() else None


def _residuals(truths: list[Array], predicted: list[Any]) -> Plain:
    known = [
        (truth[:RESIDUALS], p[:RESIDUALS, 0], held) for held, (truth, p) in enumerate(zip(truths, predicted, strict=True)) if p is not None
    ]
    return {
        "truth": packed(np.concatenate([truth for truth, _, _ in known])),
        "predicted": packed(np.concatenate([p for _, p, _ in known])),
        "held_out": packed(np.concatenate([np.full(len(truth), held) for truth, _, held in known]), "u1"),
    }


def _histogram(values: Array) -> Plain:
    finite = values[np.isfinite(values)].astype(np.float64)
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    if high - low < NARROWEST * max(abs(low), abs(high)) or low == high:
        low, high = low - 0.5, high + 0.5
    counts, edges = np.histogram(finite, BINS, (low, high))
    return {"edges": edges.tolist(), "counts": counts.tolist()}
