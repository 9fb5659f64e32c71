"""How the descent went, told from the history: a learning rate too high or too low, and a training that ended before it was done.

Losses are measured by the constant answer's, the loss of whoever never looks at a row: for classes their entropy, for numbers their spread.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.seeing.doctor.case import Case
from glassnet.seeing.doctor.findings import Finding
from glassnet.seeing.svg import shown

FASTEST = 0.1
"""An update that is a tenth of the weights it moves. Healthy ones are near a thousandth (Karpathy, CS231n notes, "Ratio of
weights:updates"); networks solved by steps of a hundredth are common on small tables, none by a tenth."""

HEALTHY = 1e-3
"""The pace that the rule of thumb asks for: how far an update moves a layer, as a share of its weights."""
SLOWEST = 1e-4
"""Below a ten-thousandth, the same rule of thumb calls the rate too low."""

BOUNCES = 0.1
"""The last quarter's typical loss above the best until then, in units of the constant answer's loss: the descent leaps over the valley."""

LEAP = 3.0
"""A first epoch that costs three times the constant answer: the first steps threw the weights away. First weights alone cost up to half
as much again as the constant answer (measured on digits, iris, breast_cancer: 1.05 to 1.5 times)."""
FAST = 0.003
"""The fastest update of a training must be above this for its rate to be blamed; otherwise the first weights themselves were too large."""

STRAIGHT = 0.3
"""Share of the first half's fall that the second half must still bring for a curve to count as one that does not flatten yet."""

STILL_FALLING = 0.01
"""Fall over the last tenth of the epochs, in units of the constant answer's loss: 1 %, the size of an improvement worth waiting for."""


def rate_too_high(case: Case) -> Finding | None:
    """The loss leaps or runs away, or updates are as large as the weights."""
    if not case.steps or not len(case.history):
        return None
    losses, ratios = case.losses, case.by_layer("layer_update_ratios")
    evidence: dict[str, Any] = {"learning_rate": _rate(case)}
    finite = losses[np.isfinite(losses)]
    if ratios is not None and not np.nanmax(ratios) > FAST:
        return None
    if len(finite) < len(losses):
        seen = f"the loss ran away in epoch {int(np.flatnonzero(~np.isfinite(losses))[0]) + 1}"
        evidence["epoch"] = int(np.flatnonzero(~np.isfinite(losses))[0]) + 1
    elif ratios is not None and (fast := float(np.median(ratios[len(ratios) // 2 :].max(axis=1)))) > FASTEST:
        seen = f"in its second half each update moves a layer by {shown(fast, 2)} of its weights' length (about 0.001 is healthy)"
        evidence["update_ratio"] = fast
    elif len(finite) >= 8 and (above := _above_its_best(finite) / case.scale) > BOUNCES:
        best = int(np.argmin(finite)) + 1
        seen = (
            f"the training loss was {shown(finite[best - 1])} in epoch {best} and is typically "
            f"{shown(float(np.median(finite[-(len(finite) // 4) :])))} in the last quarter"
        )
        evidence |= {"best_loss": float(finite.min()), "best_epoch": best, "above": above}
    elif case.unsolved and case.constant_loss and case.first_loss > LEAP * case.constant_loss:
        seen = f"the first epoch cost {shown(case.first_loss)}, and the constant answer costs {shown(case.constant_loss)}"
        evidence |= {"first_loss": case.first_loss, "constant_loss": case.constant_loss}
    else:
        return None
    return Finding(
        "learning_rate_too_high",
        "problem",
        f"The learning rate {shown(_rate(case))} looks too high: {seen}.",
        evidence,
        f"Set learning_rate_init={_rate(case) / 10:g}.",
    )


def rate_too_low(case: Case) -> Finding | None:
    """Updates are tiny, and the loss falls in a line that does not flatten."""
    ratios = case.by_layer("layer_update_ratios")
    losses = case.losses
    if not case.steps or ratios is None or len(losses) < 4 or not np.isfinite(losses).all():
        return None
    slow = float(np.median(ratios.max(axis=1)))
    middle = len(losses) // 2
    first, second = losses[0] - losses[middle], losses[middle] - losses[-1]
    if not (slow < SLOWEST and first > 0 and second > STRAIGHT * first):
        return None
    faster = 10.0 ** max(round(math.log10(HEALTHY / slow)), 1)
    return Finding(
        "learning_rate_too_low",
        "problem",
        f"The learning rate {shown(_rate(case))} looks too low: an update moves a layer by {shown(slow, 2)} of its weights' length (about "
        f"0.001 is healthy), and after {len(losses)} epochs the loss is still on its way down, by {shown(losses[0] - losses[-1], 2)} from "
        f"{shown(losses[0])}.",
        {"learning_rate": _rate(case), "update_ratio": slow, "first_loss": float(losses[0]), "last_loss": float(losses[-1])},
        f"Set learning_rate_init={_rate(case) * faster:g}.",
    )


def stopped_too_early(case: Case) -> Finding | None:
    """The epochs, or the time, were over while the loss was still falling."""
    if case.is_linear_family:
        return _not_converged(case)
    curve = case.watched_curve
    n = len(curve)
    n_iter = getattr(case.estimator, "n_iter_", 0)
    limits = {"max_iter": n_iter >= case.estimator.max_iter > 0 and n >= case.estimator.max_iter}
    seconds = case.estimator.max_seconds
    limits["max_seconds"] = bool(n) and seconds is not None and case.history[-1]["seconds"] >= seconds
    limit = next((name for name, reached in limits.items() if reached), None)
    if limit is None or n < 2:
        return None
    tail = max(n // 10, 1)
    fall = float(curve[-1 - tail] - curve[-1]) / case.scale
    if not (math.isfinite(fall) and fall > STILL_FALLING):
        return None
    what = "held-out loss" if curve is case.held_out_losses else "loss"
    over = f"all {n} epochs were done" if limit == "max_iter" else f"its {seconds:g} s were over"
    action = f"Set max_iter={3 * n}." if limit == "max_iter" else f"Set max_seconds={3 * seconds:g}."
    return Finding(
        "stopped_too_early",
        "problem",
        f"Training ended because {over}, while the {what} was still falling: {shown(curve[-1 - tail])} to {shown(curve[-1])} in the last "
        f"{tail if tail > 1 else 'epoch' if tail == 1 else tail}{' epochs' if tail > 1 else ''}.",
        {"epochs": n, "limit": limit, "before": float(curve[-1 - tail]), "last": float(curve[-1]), "fall": fall},
        action,
    )


def _above_its_best(losses: NDArray[Any]) -> float:
    """How far the last quarter's epochs typically lie above the best loss until then: 0 where the loss falls all the way."""
    last = len(losses) // 4
    return float(np.median((losses - np.minimum.accumulate(losses))[-last:]))


def _not_converged(case: Case) -> Finding | None:
    """A logistic regression whose iterations were over before its gradient vanished."""
    n_iter, most = int(np.max(case.estimator.n_iter_)), int(case.estimator.max_iter)
    if not len(case.history) or n_iter < most or "separation" in case.estimator.stopped_because_:
        return None
    norm = case.history[-1]["gradient_norm"]
    if norm is None or norm <= case.estimator.tol:
        return None
    return Finding(
        "stopped_too_early",
        "problem",
        f"All {most} iterations were done before the minimum was reached: the gradient's norm is {shown(norm)}, and "
        f"tol={case.estimator.tol:g} asks for less.",
        {"iterations": n_iter, "gradient_norm": float(norm), "tol": float(case.estimator.tol)},
        f"Set max_iter={max(3 * most, 100)}.",
    )


def _rate(case: Case) -> float:
    return float(case.estimator.learning_rate_init)
