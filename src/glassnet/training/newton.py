"""Newton's method for one-layer networks: a Cholesky factor of the Hessian, or conjugate gradients where it is too large.

    H s = -g,   u <- u + t s        t = 1, 1/2, 1/4, ... until F decreases enough (Armijo)

Few parameters: H is summed over the rows and factored. Where summing H costs much more than a gradient, the factor is kept as long
as each step shrinks the gradient eightfold; and with many more rows than parameters, training begins on a sample of the rows, whose
Hessian then serves the full gradient: steps of the cost of a gradient, each worth the square root of (parameters / sampled rows).

Many parameters: H s = -g by conjugate gradients on products H v, to an accuracy that tightens with the gradient, which
keeps convergence faster than linear.

Sources: Nocedal & Wright (2006), Numerical Optimization, ch. 7; Erdogdu & Montanari (2015), NeurIPS 28 (sub-sampled Newton).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from glassnet.networks.network import Network
from glassnet.training.descent import EXPENSIVE, Descent, Record, Solution, largest
from glassnet.training.history import History
from glassnet.training.linear_problem import LinearProblem
from glassnet.training.loop import HeldOut, Observer, mean_loss
from glassnet.training.rows import Rows
from glassnet.training.stopping import Reason, Rule
from glassnet.training.threads import threads_for

Array = NDArray[Any]
Direction = Callable[[Array], Array]

LARGEST_HESSIAN = 4_000
"""Parameters up to which H is summed and factored: 128 MB."""
SHRINKS = 0.125
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
        return search.run(problem.inwards(theta0), conjugate)


class _Search:
    """One run: the point, its gradient, and the direction in use."""

    def __init__(self, problem: LinearProblem, record: Record) -> None:
        self.problem, self.record = problem, record

    def run(self, u: Array, conjugate: bool) -> Solution:
        problem, record = self.problem, self.record
        try:
            factor: Direction | None = None
            if not conjugate and record.plan.max_iter > 0:
                u, factor = self._begin_on_a_sample(u)
            value, gradient = problem.value_and_gradient(u)
            reason = record.start(u, value, largest(gradient))
            kept = factor is not None
            while reason is None or record.one_more(reason):
                if factor is None:
                    factor, kept = conjugate_direction(problem, u) if conjugate else cholesky_direction(problem, u), False
                found = self._line_search(u, value, gradient, factor(gradient))
                if isinstance(found, Reason):
                    if not kept:
                        reason = reason or found
                        break
                    factor = None
                    continue
                before = largest(gradient)
                u, value, gradient, rate = found
                reason = record.step(u, value, largest(gradient), rate)
                kept = not conjugate and self._worth_keeping() and largest(gradient) <= SHRINKS * before
                factor = factor if kept else None
        except KeyboardInterrupt:
            reason = record.interrupted()
        return record.answer(reason)

    def _worth_keeping(self) -> bool:
        return self.problem.sums.n * self.problem.size**2 > EXPENSIVE

    def _line_search(self, u: Array, value: float, gradient: Array, step: Array) -> tuple[Array, float, Array, float] | Reason:
        """(u, F, gradient, t) of the first t that decreases F enough, or why there is none."""
        problem, slope = self.problem, float(gradient @ step)
        if not slope < 0.0:
            return self.record.no_further() if slope == 0.0 else self.record.stuck()
        rounding = 16.0 * problem.eps * abs(value)
        t = 1.0
        while t > 1e-9:
            ahead = u + t * step
            value_ahead, gradient_ahead = problem.value_and_gradient(ahead)
            if math.isfinite(value_ahead):
                if value_ahead <= value + 1e-4 * t * slope:
                    return ahead, value_ahead, gradient_ahead, t
                if abs(t * slope) <= rounding and value_ahead <= value + rounding:  # F cannot tell; the gradient still can
                    if largest(gradient_ahead) <= 0.5 * largest(gradient):
                        return ahead, value_ahead, gradient_ahead, t
                    return self.record.no_further()
            t *= 0.5
        return self.record.stuck()

    def _begin_on_a_sample(self, u: Array) -> tuple[Array, Direction | None]:
        """The minimum over a sample of the rows with its Hessian, where that pays; else ``u`` and nothing."""
        problem = self.problem
        n, enough = problem.sums.n, max(50_000, 100 * problem.size)
        if n < 4 * enough or not self._worth_keeping():
            return u, None
        step = n / enough
        rows = (np.arange(enough) * step + np.random.default_rng(0).random(enough) * step).astype(np.intp)
        sample = problem.take(np.minimum(rows, n - 1))
        found = newton(sample, sample.outwards(u), Descent(tol=1e-3, max_iter=8), conjugate=False)
        start = problem.inwards(found.theta)
        if not found.converged:
            return u, None
        return start, cholesky_direction(sample, sample.inwards(found.theta))


def cholesky_direction(problem: LinearProblem, u: Array) -> Direction:
    """g -> -H^-1 g at ``u``."""
    solve = factored(anchored(problem, problem.hessian(u)))
    return lambda gradient: -solve(gradient)


def anchored(problem: LinearProblem, H: Array, features: Array | None = None) -> Array:
    """H (changed in place) bent along the flat directions of a softmax, where the gradient is 0: a unique step, the same minimum."""
    flat = problem.flat_rows()
    k = problem.k
    for row in np.flatnonzero(flat if features is None else flat[features]):
        at = slice(row * k, (row + 1) * k)
        H[at, at] += 1.0 / k
    return H


def factored(H: Array) -> Direction:
    """b -> H^-1 b by a Cholesky factor. H is lifted by a trace of its diagonal until it has one: no step where F is flat."""
    diagonal = H.diagonal().copy()
    lift = 0.0
    while True:
        try:
            factor = scipy.linalg.cho_factor(H, lower=True, check_finite=False)
            return lambda b: scipy.linalg.cho_solve(factor, b, check_finite=False)
        except scipy.linalg.LinAlgError:
            lift = max(100.0 * lift, 1e-13 * float(diagonal.max(initial=1e-300)))
            H = H.copy()
            H.flat[:: len(H) + 1] = diagonal + lift


def conjugate_direction(problem: LinearProblem, u: Array) -> Direction:
    """g -> s with |H s + g| <= min(1/4, sqrt |g|) |g|, by conjugate gradients."""
    product = problem.hessian_product(u)

    def direction(gradient: Array) -> Array:
        step, residual = np.zeros_like(gradient), -gradient
        towards, square = residual.copy(), float(residual @ residual)
        enough = (min(0.25, math.sqrt(math.sqrt(square))) ** 2) * square
        for _ in range(min(10 * gradient.size, 500)):
            if square <= enough:
                break
            ahead = product(towards)
            bend = float(towards @ ahead)
            if not bend > 1e-15 * float(towards @ towards):  # flat: go no further, or downhill if nothing was found yet
                return step if step.any() else -gradient
            t = square / bend
            step += t * towards
            residual -= t * ahead
            before, square = square, float(residual @ residual)
            towards = residual + (square / before) * towards
        return step

    return direction


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
    X = rows.X if rows.X.dtype == rows.y.dtype else rows.X.astype(rows.y.dtype)
    weight = rows.weight
    total = len(rows) if weight is None else float(weight.sum(dtype=np.float64))
    problem = LinearProblem(X, rows.y, network.loss, weight=weight, l2=alpha / total, intercept=network.layers[0].bias)

    def follow(now: Array) -> None:
        theta[:] = now

    def watch(now: Array) -> tuple[float, float | None]:
        assert held_out is not None
        theta[:] = now
        return mean_loss(network, theta, held_out.rows), None if held_out.score is None else held_out.score(theta)

    plan = Descent(tol, iterations, rules, watch if held_out is not None else None, observers, follow)
    with threads_for(problem.largest_product()):
        found = newton(problem, theta.astype(np.float64), plan, history=history)
    theta[:] = found.theta
    return found.reason
