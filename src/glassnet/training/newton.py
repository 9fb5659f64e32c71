"""Newton's method for one-layer networks: a Cholesky factor of the Hessian, or conjugate gradients where it is too large.

    H s = -g,   u <- u + t s        t = 1, 1/2, 1/4, ... until F decreases enough (Armijo)

Where summing H costs much more than a gradient, training begins on a sample of the rows: their minimum is near, and their Hessian H'
serves the full gradient. A factor is kept, and corrected after every step (BFGS), as long as steps shrink the gradient well; each of
them then costs one pass for a gradient.

Sources: Nocedal & Wright (2006), Numerical Optimization, ch. 6, 7; Erdogdu & Montanari (2015), NeurIPS 28 (sub-sampled Newton).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.networks.network import Network
from glassnet.training.descent import Descent, Record, Solution, largest
from glassnet.training.directions import LARGEST_HESSIAN, FactoredDirection, conjugate_direction
from glassnet.training.history import History
from glassnet.training.linear_problem import LinearProblem
from glassnet.training.loop import HeldOut, Observer, mean_loss, told
from glassnet.training.row_sums import spread_rows
from glassnet.training.rows import Rows
from glassnet.training.stopping import Reason, Rule
from glassnet.training.threads import threads_for

Array = NDArray[Any]

SHRINKS = 0.4
"""Part of the gradient that may remain after a step with a kept factor."""


def newton(
    problem: LinearProblem, theta0: Array, plan: Descent, *, conjugate: bool | None = None, history: History | None = None
) -> Solution:
    """Minimise F from ``theta0`` without an l1 penalty.

    ``conjugate`` chooses conjugate gradients (True) or the Cholesky factor (False); None decides by the number of parameters.
    Raises ValueError for a loss without curvature, DivergenceError where F is not finite at ``theta0``.
    """
    if conjugate is None:
        conjugate = problem.size > LARGEST_HESSIAN
    search = _Search(problem, Record(problem, plan, history))
    with np.errstate(over="ignore", invalid="ignore"):
        return search.conjugate(problem.inwards(theta0)) if conjugate else search.factored(problem.inwards(theta0))


class _Search:
    """One run over one problem."""

    def __init__(self, problem: LinearProblem, record: Record) -> None:
        self.problem, self.record = problem, record

    def conjugate(self, u: Array) -> Solution:
        """Every step by conjugate gradients."""
        problem, record = self.problem, self.record
        try:
            value, gradient = problem.value_and_gradient(u)
            reason = record.start(u, value, largest(gradient))
            while reason is None or record.one_more(reason):
                found = self._line_search(u, value, gradient, conjugate_direction(problem, u)(gradient))
                if isinstance(found, Reason):
                    reason = reason or found
                    break
                u, value, gradient, rate = found
                reason = record.step(u, value, largest(gradient), rate)
        except KeyboardInterrupt:
            reason = record.interrupted()
        return record.answer(reason)

    def factored(self, u: Array) -> Solution:
        """Every step by a Cholesky factor, kept where that pays."""
        problem, record = self.problem, self.record
        try:
            u, direction = self._begin_on_a_sample(u)
            fresh = False
            value, gradient = problem.value_and_gradient(u)
            reason = record.start(u, value, largest(gradient))
            while reason is None or record.one_more(reason):
                if direction is None:
                    direction, fresh = FactoredDirection(problem, u), True
                found = self._line_search(u, value, gradient, direction(gradient))
                if isinstance(found, Reason):
                    if fresh:
                        reason = reason or found
                        break
                    direction = None
                    continue
                ahead, value, slope, rate = found
                shrunk = largest(slope) <= SHRINKS * largest(gradient)
                if problem.expensive and shrunk:
                    direction.learn(ahead - u, slope - gradient)
                    fresh = False
                else:
                    direction = None
                u, gradient = ahead, slope
                reason = record.step(u, value, largest(gradient), rate)
        except KeyboardInterrupt:
            reason = record.interrupted()
        return record.answer(reason)

    def _line_search(self, u: Array, value: float, gradient: Array, step: Array) -> tuple[Array, float, Array, float] | Reason:
        """(u, F, gradient, t) of the first t that decreases F enough, or why there is none."""
        problem, slope = self.problem, float(gradient @ step)
        rounding = 16.0 * problem.eps * abs(value)
        t = 1.0
        while t > 1e-9 and slope < 0.0:
            ahead = u + t * step
            value_ahead, gradient_ahead = problem.value_and_gradient(ahead)
            if abs(t * slope) <= rounding:  # F cannot tell; the gradient still can
                better = value_ahead <= value + rounding and largest(gradient_ahead) <= 0.5 * largest(gradient)
                return (ahead, value_ahead, gradient_ahead, t) if better else self.record.no_further()
            if value_ahead <= value + 1e-4 * t * slope:
                return ahead, value_ahead, gradient_ahead, t
            t *= 0.5
        return self.record.no_further() if abs(slope) <= rounding else self.record.stuck()

    def _begin_on_a_sample(self, u: Array) -> tuple[Array, FactoredDirection | None]:
        """The minimum over a sample of the rows with its Hessian, where that pays; else ``u`` and nothing."""
        problem = self.problem
        n = problem.sums.n
        enough = max(50 * problem.size, n // 40)
        if n < 3 * enough or not problem.expensive or not self.record.plan.max_iter:
            return u, None
        sample = problem.take(spread_rows(n, enough))
        found = newton(sample, sample.outwards(u), Descent(tol=0.3 / math.sqrt(enough), max_iter=10), conjugate=False)
        if not found.converged:
            return u, None
        start = problem.inwards(found.theta)
        return start, FactoredDirection(sample, start)


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
    held_out: HeldOut | None = None,
    observers: Sequence[Observer] = (),
    begin: Callable[[], None] | None = None,
) -> Reason:
    """Move ``theta`` of a network without hidden layers to the minimum by Newton's method; why it stopped.

    ``alpha`` is the network's l2 penalty, per sum of row weights. Raises ValueError for a network with hidden layers, or a loss
    without curvature.
    """
    if len(network.layers) > 1:
        raise ValueError(
            f"solver='newton' trains networks without hidden layers; this one has {len(network.layers) - 1}. "
            "Use hidden_layer_sizes=() or solver='lbfgs'."
        )
    if network.loss.code < 0:
        raise ValueError("solver='newton' needs a curvature, which only the built-in losses tell. Use solver='lbfgs'.")
    X = rows.X if rows.X.dtype == rows.y.dtype else rows.X.astype(rows.y.dtype)
    weight = rows.weight
    total = len(rows) if weight is None else float(weight.sum(dtype=np.float64))
    problem = LinearProblem(X, rows.y, network.loss, weight=weight, l2=alpha / total, intercept=network.layers[0].bias)

    def follow(now: Array) -> bool:
        theta[:] = now
        return told(observers, history) is not None

    def watch(now: Array) -> tuple[float, float | None]:
        assert held_out is not None
        theta[:] = now
        return mean_loss(network, theta, held_out.rows), None if held_out.score is None else held_out.score(theta)

    plan = Descent(tol, iterations, rules, watch if held_out is not None else None, (), follow, begin)
    with threads_for(problem.largest_product()):
        found = newton(problem, theta.astype(np.float64), plan, history=history)
    theta[:] = found.theta
    return found.reason
