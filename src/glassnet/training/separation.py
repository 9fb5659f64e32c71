"""Can a hyperplane tell the classes apart without fault? Then an unpenalised logistic regression has no minimum.

The margin of a row is (2y - 1) z, or z_y - max_j z_j over the other classes for softmax. Complete separation: every margin is above 0,
so doubling the weights lowers every loss. Quasi-complete: a step exists that widens some margins and narrows none; Newton's steps
tend to it, for they go on by about 1 in z where a loss only ever falls.

Source: Albert & Anderson (1984), Biometrika 71, 1-10.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.maths.losses import LOG_LOSS, SOFTMAX
from glassnet.training.directions import LARGEST_HESSIAN, LastHessian, conjugate_direction
from glassnet.training.linear_problem import LinearProblem

Array = NDArray[Any]

FAR = 8.0
"""A margin from which a row may be one that only ever gets wider: its probability is within 4e-4 of 1."""


def separation(problem: LinearProblem, theta: Array) -> str | None:
    """'complete', 'quasi-complete', or None where ``theta``, the end of an unpenalised descent, shows neither."""
    if any(problem.penalty) or problem.sums.loss.code not in (LOG_LOSS, SOFTMAX):
        return None
    u = problem.inwards(theta)
    least, most = _margins(problem, u)
    if least > 0.0:
        return "complete"
    if most < FAR:
        return None
    _, gradient = problem.value_and_gradient(u)
    direction = LastHessian().summed(problem, u) if problem.size <= LARGEST_HESSIAN else conjugate_direction(problem, u)
    least, most = _margins(problem, direction(gradient))
    return "quasi-complete" if most > 0.1 and least > -1e-3 * most else None


def _margins(problem: LinearProblem, u: Array) -> tuple[float, float]:
    """The least and the largest margin over the rows with weight."""
    sums = problem.sums
    least, most = math.inf, -math.inf
    for rows, z in sums.raw_blocks(*problem.parameters(u)):
        y = sums.y[rows]
        if sums.loss.code == SOFTMAX:
            own = np.arange(len(z)), (y if y.ndim == 1 else y.argmax(axis=1))
            at_own = z[own].copy()
            z[own] = -np.inf
            margin = (at_own - z.max(axis=1))[:, None]
        else:
            margin = (2.0 * y - 1.0) * z
        if sums.weight.size:
            margin = margin[sums.weight[rows] > 0.0]
        least, most = min(least, float(margin.min(initial=math.inf))), max(most, float(margin.max(initial=-math.inf)))
    return least, most
