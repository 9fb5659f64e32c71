"""Descent by corrected directions: step, look whether F fell enough, learn from the step, go on.

    u <- u + t s        t = 1, 1/2, 1/4, ... until F decreases enough (Armijo) or, where rounding hides that, its slope does

Newton's method and L-BFGS are this loop. They differ in the model of the Hessian that ``fresh`` makes at a point, and in how long the
model is kept, and corrected, before the next fresh one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.training.descent import Record, Solution, largest
from glassnet.training.directions import CorrectedDirection
from glassnet.training.stopping import Reason

Array = NDArray[Any]
Step = tuple[Array, float, Array, float]
Start = tuple[Array, CorrectedDirection | None]

FLATTER = 0.9
"""Part of the slope that may remain after a step whose decrease is too small for the digits of F (Hager & Zhang 2005)."""


@np.errstate(over="ignore", invalid="ignore")
def corrected_descent(
    record: Record,
    start: Callable[[], Start],
    fresh: Callable[[Array], CorrectedDirection],
    keep: Callable[[float], bool],
    *,
    polish: bool = False,
) -> Solution:
    """Minimise F, without an l1 penalty, from the point that ``start`` makes, and the direction if it makes one.

    ``keep`` says from the part of the gradient norm that a step left whether its direction stays.
    ``polish``: one step more below tol where that is cheap.
    """
    problem = record.problem
    reason: Reason | None = None
    try:
        u, direction = start()
        value, gradient = problem.value_and_gradient(u)
        reason = record.start(u, value, largest(gradient))
        while reason is None or (polish and record.one_more(reason)):
            direction = direction or fresh(u)
            found = line_search(record, u, value, gradient, direction(gradient))
            if isinstance(found, Reason):
                if direction.new:
                    reason = reason or found
                    break
                direction = None
                continue
            ahead, value, slope, rate = found
            if keep(largest(slope) / largest(gradient)):
                direction.learn(ahead - u, slope - gradient)
            else:
                direction = None
            u, gradient = ahead, slope
            reason = record.step(u, value, largest(gradient), rate)
    except KeyboardInterrupt:
        reason = record.interrupted()
    return record.answer(reason)


def line_search(record: Record, u: Array, value: float, gradient: Array, step: Array) -> Step | Reason:
    """(point, F, gradient, t) of the first t that decreases F enough, or why there is none."""
    problem, slope = record.problem, float(gradient @ step)
    eps = 16.0 * problem.eps
    rounding, last_digit = eps * abs(value), eps**2 * abs(value)  # of F; of its slope, which is as the gradient's square
    t = 1.0
    while t > 1e-9 and slope < -last_digit:
        ahead = u + t * step
        value_ahead, gradient_ahead = problem.value_and_gradient(ahead)
        if abs(t * slope) <= rounding:  # F cannot tell; its slope along the step still can
            better = value_ahead <= value + rounding and abs(gradient_ahead @ step) <= FLATTER * abs(slope)
            return (ahead, value_ahead, gradient_ahead, t) if better else record.no_further()
        if value_ahead <= value + 1e-4 * t * slope:
            return ahead, value_ahead, gradient_ahead, t
        t *= 0.5
    return record.no_further() if abs(slope) <= rounding else record.stuck()
