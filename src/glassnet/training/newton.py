"""Newton's method for one-layer networks: a Cholesky factor of the Hessian, or conjugate gradients where it is too large.

    H s = -g,   u <- u + t s        t = 1, 1/2, 1/4, ... until F decreases enough (Armijo)

Where summing H costs much more than a gradient, training begins on a sample of the rows: their minimum is near, and their Hessian H'
serves the full gradient; along a path of penalties it begins with the Hessian of the penalty before. A factor is kept, and corrected
after every step (BFGS), as long as steps shrink the gradient well; each of them then costs one pass for a gradient.

Sources: Nocedal & Wright (2006), Numerical Optimization, ch. 6, 7; Erdogdu & Montanari (2015), NeurIPS 28 (sub-sampled Newton).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.maths.losses import SQUARED
from glassnet.networks.network import Network
from glassnet.training.descent import Descent, Record, Solution
from glassnet.training.directions import LARGEST_HESSIAN, CorrectedDirection, LastHessian, conjugate_direction
from glassnet.training.history import History
from glassnet.training.levenberg_marquardt import levenberg_marquardt
from glassnet.training.linear_problem import LinearProblem
from glassnet.training.loop import HeldOut, Observer, mean_loss, told
from glassnet.training.row_sums import spread_rows
from glassnet.training.rows import Rows
from glassnet.training.steps import Start, corrected_descent
from glassnet.training.stopping import Best, Reason, Rule
from glassnet.training.threads import threads_for

Array = NDArray[Any]

SHRINKS = 0.4
"""Part of the gradient that may remain after a step with a kept factor."""


def newton(
    problem: LinearProblem,
    theta0: Array,
    plan: Descent,
    *,
    conjugate: bool | None = None,
    history: History | None = None,
    last: LastHessian | None = None,
) -> Solution:
    """Minimise F from ``theta0`` without an l1 penalty.

    ``conjugate`` chooses conjugate gradients (True) or the Cholesky factor (False); None decides by the number of parameters. ``last``
    holds a Hessian of the same rows under other penalties, and then this problem's.
    Raises ValueError for a loss without curvature, DivergenceError where F is not finite at ``theta0``.
    """
    if conjugate is None:
        conjugate = problem.size > LARGEST_HESSIAN
    record = Record(problem, plan, history)
    last = LastHessian() if last is None else last

    def start() -> Start:
        u = problem.inwards(theta0)
        if conjugate or not problem.expensive:
            return u, None
        direction = last.carried(problem)
        return (u, direction) if direction else _begin_on_a_sample(problem, plan, u, last)

    def fresh(u: Array) -> CorrectedDirection:
        return conjugate_direction(problem, u) if conjugate else last.summed(problem, u)

    def keep(left: float) -> bool:
        return not conjugate and problem.expensive and left <= SHRINKS

    return corrected_descent(record, start, fresh, keep, polish=True)


def _begin_on_a_sample(problem: LinearProblem, plan: Descent, u: Array, last: LastHessian) -> Start:
    """The minimum over a sample of the rows with its Hessian, where that pays; else ``u`` and nothing."""
    n = problem.sums.n
    enough = max(50 * problem.size, n // 40)
    if n < 3 * enough or not plan.max_iter:
        return u, None
    sample = problem.take(spread_rows(n, enough))
    found = newton(sample, sample.outwards(u), Descent(tol=0.3 / math.sqrt(enough), max_iter=10), conjugate=False)
    if not found.converged:
        return u, None
    start = problem.inwards(found.theta)
    return start, last.summed(sample, start)


def newton_on_network(
    network: Network,
    rows: Rows,
    theta: Array,
    history: History,
    *,
    alpha: float,
    tol: float,
    iterations: int,
    rules: Sequence[Rule] = (),
    best: Best | None = None,
    held_out: HeldOut | None = None,
    observers: Sequence[Observer] = (),
    begin: Callable[[], None] | None = None,
) -> Reason:
    """Move ``theta`` to the minimum by Newton's method, with hidden layers by Levenberg and Marquardt's; why it stopped.

    With ``best``, the weights of the best iteration are restored (early stopping). ``alpha`` is the network's l2 penalty, per sum of
    row weights. Raises ValueError for a loss without curvature, and for hidden layers under another loss than squared error.
    """
    if len(network.layers) > 1:
        if network.loss.code != SQUARED:
            raise ValueError(
                "solver='newton' trains networks without hidden layers, and those with hidden layers under loss='squared_error'; this one "
                f"has {len(network.layers) - 1} under {network.loss.name!r}. Use hidden_layer_sizes=() or solver='lbfgs'."
            )
        limits: dict[str, Any] = {"alpha": alpha, "tol": tol, "iterations": iterations, "rules": rules, "best": best}
        return levenberg_marquardt(network, rows, theta, history, **limits, held_out=held_out, observers=observers, begin=begin)
    if network.loss.code < 0:
        raise ValueError("solver='newton' needs a curvature, which only the built-in losses tell. Use solver='lbfgs'.")
    X = rows.X if rows.X.dtype == rows.y.dtype else rows.X.astype(rows.y.dtype)
    weight = rows.weight
    total = len(rows) if weight is None else float(weight.sum(dtype=np.float64))
    problem = LinearProblem(X, rows.y, network.loss, weight=weight, l2=alpha / total, intercept=network.layers[0].bias)

    best_theta = theta.copy()

    def follow(now: Array) -> bool:
        theta[:] = now
        if best is not None and best.read(history):
            best_theta[:] = now
        return told(observers, history) is not None

    def watch(now: Array) -> tuple[float, float | None]:
        assert held_out is not None
        theta[:] = now
        return mean_loss(network, theta, held_out.rows), None if held_out.score is None else held_out.score(theta)

    plan = Descent(tol, iterations, rules, watch if held_out is not None else None, (), follow, begin)
    with threads_for(problem.largest_product()):
        found = newton(problem, theta.astype(np.float64), plan, history=history)
    theta[:] = found.theta if best is None else best_theta
    return found.reason
