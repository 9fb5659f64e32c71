"""Proximal Newton for an l1 penalty: exact zeros, and the precision of Newton's method on what is not zero.

    minimise over x   g'(x - u) + (x - u)'H(x - u)/2 + sum_i l1_i |x_i|        the model of F near u
    u <- u + t (x - u)                                                         t = 1, 1/2, ... until F decreases enough

g and H belong to the working set: the rows of u that are not zero or whose zero the gradient contests. The model is minimised by
coordinate descent, which finds the zeros, in turn with exact solves on the rest, which finds the digits.

Sources: Friedman, Hastie & Tibshirani (2010), J. Stat. Softw. 33(1); Lee, Sun & Saunders (2014), SIAM J. Optim. 24, 1420-1443.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.maths.compiling import kernel
from glassnet.training.descent import Descent, Record, Solution, largest, subgradient
from glassnet.training.directions import LARGEST_HESSIAN, anchored, factored
from glassnet.training.lbfgs import lbfgs
from glassnet.training.linear_problem import LinearProblem
from glassnet.training.stopping import Reason

Array = NDArray[Any]


@kernel
def coordinate_sweeps(H: Array, x: Array, slope: Array, lasso: Array, sweeps: int) -> None:
    """Minimise the model along one coordinate after the other: x_i <- S(H_ii x_i - slope_i, l1_i) / H_ii, S(z, l) soft threshold.

    x, slope (the model's gradient at x without the l1 term) and lasso are (m,), H is (m, m); x and slope change in place.
    """
    m = x.size
    for _ in range(sweeps):
        for i in range(m):
            bend = H[i, i]
            if bend > 0.0:
                z = bend * x[i] - slope[i]
                new = (max(z - lasso[i], 0.0) - max(-z - lasso[i], 0.0)) / bend
                d = new - x[i]
                if d != 0.0:
                    x[i] = new
                    for j in range(m):
                        slope[j] += d * H[i, j]


def model_minimum(H: Array, gradient: Array, u: Array, lasso: Array, accuracy: float) -> Array:
    """The x above, until no component of the model's subgradient is larger than ``accuracy``."""
    x, slope = u.copy(), gradient.copy()
    for _ in range(100):
        coordinate_sweeps(H, x, slope, lasso, 4)
        if largest(subgradient(x, slope, lasso)) <= accuracy:
            break
        free = np.flatnonzero((x != 0.0) | (lasso == 0.0))
        step = -factored(H[np.ix_(free, free)])(slope[free] + lasso[free] * np.sign(x[free]))
        crosses = (lasso[free] > 0.0) & (x[free] * (x[free] + step) < 0.0)
        reach = -x[free[crosses]] / step[crosses]
        t = min(1.0, float(reach.min(initial=1.0)))
        x[free] += t * step
        if t < 1.0:
            x[free[crosses][np.argmin(reach)]] = 0.0
        slope = gradient + H @ (x - u)
    return x


def proximal_newton(problem: LinearProblem, theta0: Array, plan: Descent) -> Solution:
    """Minimise F with its l1 penalty from ``theta0``. A working set too large for its Hessian goes to L-BFGS."""
    record = Record(problem, plan)
    lasso = np.repeat(problem.l1, problem.k)
    u = problem.inwards(theta0)
    most = max(LARGEST_HESSIAN // 2, 8 * problem.k) // problem.k
    reason: Reason | None = None
    try:
        value, gradient = problem.value_and_gradient(u)
        value += problem.lasso(u)
        slope = subgradient(u, gradient, lasso)
        reason = record.start(u, value, largest(slope))
        while reason is None or record.one_more(reason):
            features = _working_set(problem, u, slope, most, plan.tol)
            if features is None:
                return _finished_by_lbfgs(problem, record, u)
            if not len(features):  # all is 0 and stays so
                reason = record.step(u, value, largest(slope)) or record.no_further()
                break
            chosen = (features[:, None] * problem.k + np.arange(problem.k)).ravel()
            H = anchored(problem, problem.hessian(u, features), features)
            accuracy = min(0.1, largest(slope)) * largest(slope)
            aim = u.copy()
            aim[chosen] = model_minimum(H, gradient[chosen], u[chosen], lasso[chosen], accuracy)
            found = _line_search(problem, u, value, gradient, aim)
            if found is None:
                reason = reason or record.no_further()
                break
            u, value, gradient, rate = found
            slope = subgradient(u, gradient, lasso)
            reason = record.step(u, value, largest(slope), rate)
    except KeyboardInterrupt:
        reason = record.interrupted()
    return record.answer(reason)


def _finished_by_lbfgs(problem: LinearProblem, record: Record, u: Array) -> Solution:
    """The rest of the way by L-BFGS, in the same history."""
    made = record.n_iter
    found = lbfgs(problem, problem.outwards(u), replace(record.plan, max_iter=record.plan.max_iter - made), record.history)
    return replace(found, n_iter=made + found.n_iter)


def _working_set(problem: LinearProblem, u: Array, slope: Array, most: int, tol: float) -> Array | None:
    """The rows of u in use, and those with the largest contested zeros, up to ``most``; None where most of the room is in use."""
    used = (u.reshape(problem.shape) != 0.0).any(axis=1) | (problem.l1 == 0.0)
    contest = np.where(used, np.inf, np.abs(slope).reshape(problem.shape).max(axis=1))
    wanted = int((contest > 0.1 * tol).sum())
    if wanted > most and used.sum() > most // 2:
        return None
    return np.sort(np.argsort(-contest, kind="stable")[: min(wanted, most)])


def _line_search(problem: LinearProblem, u: Array, value: float, gradient: Array, aim: Array) -> tuple[Array, float, Array, float] | None:
    """(point, F, gradient, t) of the first t that decreases F enough, or None where rounding hides every decrease."""
    promised = float(gradient @ (aim - u)) + problem.lasso(aim) - problem.lasso(u)
    rounding = 16.0 * problem.eps * abs(value)
    lasso = np.repeat(problem.l1, problem.k)
    before = largest(subgradient(u, gradient, lasso))
    t = 1.0
    while t > 1e-9 and promised <= rounding:
        ahead = aim if t == 1.0 else u + t * (aim - u)
        value_ahead, gradient_ahead = problem.value_and_gradient(ahead)
        value_ahead += problem.lasso(ahead)
        if abs(t * promised) <= rounding:  # F cannot tell; the gradient still can
            better = value_ahead <= value + rounding and largest(subgradient(ahead, gradient_ahead, lasso)) <= 0.5 * before
            return (ahead, value_ahead, gradient_ahead, t) if better else None
        if value_ahead <= value + 1e-4 * t * promised:
            return ahead, value_ahead, gradient_ahead, t
        t *= 0.5
    return None
