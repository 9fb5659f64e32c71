"""Whether the network fits the amount of data: learning by heart, and weights without an optimum."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from glassnet.seeing.doctor.case import Case
from glassnet.seeing.doctor.findings import Finding
from glassnet.seeing.svg import shown

GAP = 0.25
"""Held-out loss minus training loss, in units of the constant answer's loss: a quarter of all there was to learn was learned by heart."""
GAP_FACTOR = 2.0
"""... where the held-out loss is also twice the training loss: noise makes both large."""
RISEN = 0.1
"""Rise of the held-out loss above its best, in the same units, where the last weights are the ones that are kept."""

TOO_MANY = 10.0
"""Parameters for each number to be learned (rows times outputs). Networks with a few times as many do well (iris, digits, breast_cancer
with 100 units have up to 6); ten times are enough to store each row several times over."""
WORTH_COUNTING = 30
"""Rows below which a table is a toy (exclusive or has 4), and the count says nothing."""
STRONG_PENALTY = 1.0
"""An alpha from which on the penalty, not the number of weights, decides what can be learned."""


def overfitting(case: Case) -> Finding | None:
    """Much better on the rows it learned from than on others."""
    training, held_out, rise = _losses(case)
    if not (math.isfinite(training) and math.isfinite(held_out)):
        return None
    gap = (held_out - training) / case.scale
    wide = gap > GAP and held_out > GAP_FACTOR * training
    if not wide and not rise > RISEN:
        return None
    evidence: dict[str, Any] = {"training_loss": training, "held_out_loss": held_out, "gap": gap, "rise": rise}
    size = "" if case.n_rows is None else f" ({case.n_parameters:,} parameters learned from {case.n_rows:,} rows)"
    words = f"The network has learned rows by heart{size}: its loss is {shown(training)} on the rows it learned from"
    words += f" and {shown(held_out)} on others"
    if rise > RISEN:
        best = int(np.nanargmin(case.held_out_losses)) + 1
        words += f"; held out, it was best in epoch {best} with {shown(case.held_out_losses[best - 1])} and has risen since"
        evidence["best_epoch"] = best
    action = "Get more rows, or raise alpha tenfold." if case.watched else "Set early_stopping=True, which keeps the best weights."
    if case.watched and case.subject.network.layout.sizes[1:-1]:
        action = "Use fewer hidden units, or raise alpha tenfold."
    if case.is_linear_family:
        action = "Set C to a tenth: a stronger penalty."
    return Finding("overfitting", "problem", f"{words}.", evidence, action)


def _losses(case: Case) -> tuple[float, float, float]:
    """(loss on training rows, loss on others, rise of the latter since its best in units of the constant's) as far as known, else nan."""
    rise = 0.0
    curve = case.held_out_losses
    recorded = len(curve) > 0 and bool(np.isfinite(curve).any())
    if recorded and not case.watched and math.isfinite(curve[-1]):
        rise = float(curve[-1] - np.nanmin(curve)) / case.scale
    if case.held_out is not None and case.held_out.Y is not None and case.training is not None and case.training.Y is not None:
        return case.loss_on(case.training), case.loss_on(case.held_out), rise
    if recorded:
        return float(case.losses[case.kept]), float(curve[case.kept]), rise
    return math.nan, math.nan, rise


def too_many_parameters(case: Case) -> Finding | None:
    """Enough weights to store the rows, and nothing that holds them back."""
    rows, hidden = case.n_rows, case.subject.network.layout.sizes[1:-1]
    if rows is None or rows < WORTH_COUNTING or not hidden or case.watched or case.held_out is not None:
        return None
    estimator = case.estimator
    if estimator.alpha >= STRONG_PENALTY or estimator.l1 or any(case.subject.network.dropout):
        return None
    ratio = case.n_parameters / (rows * case.subject.network.layers[-1].n_out)
    if ratio <= TOO_MANY:
        return None
    return Finding(
        "too_many_parameters",
        "hint",
        f"{case.n_parameters:,} parameters learned from {rows:,} rows, {shown(ratio, 2)} for each number to learn: it can store them "
        "all, and nothing is held out that would show it.",
        {"parameters": case.n_parameters, "rows": rows, "ratio": ratio},
        "Set early_stopping=True, or use fewer hidden units.",
    )


def separable_classes(case: Case) -> Finding | None:
    """A single layer without penalty on classes that a plane tells apart: its weights have no optimum."""
    if case.subject.labels is None or case.subject.network.layout.sizes[1:-1]:
        return None
    if case.is_linear_family:
        if "separation" not in case.estimator.stopped_because_:
            return None
        margin, action = None, "Give C a finite value, such as C=1.0."
    else:
        if case.estimator.alpha or case.estimator.l1 or (margin := _least_margin(case)) is None or margin <= 0:
            return None
        action = "Set alpha=1.0."
    size = float(np.sqrt(sum(float(np.sum(np.square(W, dtype=np.float64))) for W, _ in case.subject.parameters)))
    return Finding(
        "separable_classes",
        "problem",
        f"A plane tells the classes apart without fault, and nothing penalises large weights: they grow as long as training goes on (their "
        f"length is {shown(size)} now), and probabilities end at 0 and 1.",
        {"weight_norm": size} | ({} if margin is None else {"least_margin": margin}),
        action,
    )


def _least_margin(case: Case) -> float | None:
    """The smallest distance in z by which the right class is ahead, over the rows that were given."""
    rows, labels = case.training, case.subject.labels
    if rows is None or rows.Y is None or labels.kind not in ("binary", "multiclass") or len(rows.X) < rows.total:
        return None
    raw = case.subject.network.raw_prediction(case.subject.parameters, rows.X).astype(np.float64)
    if labels.kind == "binary":
        return float(((2.0 * rows.Y - 1.0) * raw).min())
    own = np.take_along_axis(raw, rows.Y.argmax(axis=1)[:, None], axis=1)
    others = np.where(rows.Y > 0.5, -np.inf, raw).max(axis=1, keepdims=True)
    return float((own - others).min())
