"""Full-batch descent by SciPy: L-BFGS and conjugate gradient on the mean loss of all rows.

    minimise over theta   sum_n w_n L(x_n, y_n) / n  +  alpha/2 sum W^2 / n  +  l1 sum |W| / n          (biases free)

The sum is taken block by block through one workspace, so memory does not grow with the rows. An L1 penalty is smooth once
theta is split into two parts >= 0 (W = P - Q, |W| = P + Q at the minimum), which L-BFGS-B keeps by its bounds: weights become exactly 0.

Sources: Byrd, Lu, Nocedal & Zhu (1995), SIAM J. Sci. Comput. 16, 1190-1208; Polak & Ribière (1969).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.optimize
from numpy.typing import NDArray

from glassnet.checks import DivergenceError
from glassnet.networks.network import BLOCK, Network, Workspace
from glassnet.training.descent import subgradient
from glassnet.training.history import History
from glassnet.training.loop import HeldOut, Observer, mean_loss, told
from glassnet.training.rows import Rows
from glassnet.training.shorter_side import ShorterSide
from glassnet.training.stopping import Best, Reason, Rule, first_reason

Array = NDArray[Any]


_minimize: Any = scipy.optimize.minimize  # its stubs do not know the callback's second form


class Objective:
    """The mean loss of all rows with its L2 penalty, as a function of theta in float64; passes run in the rows' dtype."""

    def __init__(self, network: Network, rows: Rows, alpha: float) -> None:
        self.network, self.rows, self.alpha = network, rows, alpha
        dtype = rows.y.dtype
        self.theta = np.empty(network.layout.n_parameters, dtype)
        self._gradient = np.zeros_like(self.theta)
        self._parameters = network.layout.views(self.theta)
        self._gradients = network.layout.views(self._gradient)
        self._work = Workspace(network, min(len(rows), BLOCK), dtype)
        self.evaluations = 0

    def value_and_gradient(self, theta: Array) -> tuple[float, Array]:
        """Return the objective and its gradient (as many as theta, float64)."""
        self.evaluations += 1
        self.theta[:] = theta
        cost, total = 0.0, np.zeros(len(self.theta))
        for X, y, weight in self.rows.blocks(self._work.n):
            cost += self.network.value_and_gradient(self._parameters, self._gradients, X, y, weight, self._work.rows(len(y)))
            total += self._gradient
        if self.alpha:
            self._gradient[:] = 0.0
            cost += self.network.add_l2(self._parameters, self._gradients, self.alpha / self.rows.unit)
            total += self._gradient
        return cost / len(self.rows), total / len(self.rows)


@dataclass(frozen=True)
class FullBatchPlan:
    """How far to go: 'lbfgs' or 'cg'; ``gradient_tol`` bounds the largest component of the gradient."""

    method: str
    iterations: int
    evaluations: int
    gradient_tol: float
    rules: Sequence[Rule]
    best: Best
    restore_best: bool = False
    alpha: float = 0.0
    l1: float = 0.0


def minimise(
    network: Network,
    rows: Rows,
    theta: Array,
    plan: FullBatchPlan,
    history: History,
    *,
    held_out: HeldOut | None = None,
    observers: Sequence[Observer] = (),
    begin: Callable[[], None] | None = None,
) -> Reason:
    """Move ``theta`` to the minimum in place; one history row per iteration, and ``begin`` is called before its first evaluation.

    Ctrl-C ends the descent with the best weights so far. Raises DivergenceError where the loss of the first weights is not finite.
    """
    # A descent that is watched on held-out rows is over before the shorter side would pay.
    side = None if plan.l1 or held_out is not None else ShorterSide.where_it_pays(network, rows, theta)
    if side is not None:
        try:
            return minimise(side.network, side.rows, side.theta, plan, history, observers=side.told(observers, theta), begin=begin)
        finally:
            side.expand_into(theta)
    objective = Objective(network, rows, plan.alpha)
    penalty = L1Split(network, plan.l1 / (rows.unit * len(rows))) if plan.l1 else None
    best_theta = theta.copy()
    began = time.perf_counter()
    latest: dict[str, Any] = {"x": None, "barred": None}
    reason: Reason | None = None

    def function(x: Array) -> tuple[float, Array]:
        if begin is not None:
            begin()
        try:
            value, gradient = penalty.value_and_gradient(objective, x) if penalty else objective.value_and_gradient(x)
        except DivergenceError:
            value, gradient = math.inf, np.zeros_like(x)
        if not (math.isfinite(value) and np.isfinite(gradient).all()):
            if latest["x"] is None:
                raise DivergenceError(
                    f"The loss of the first weights is {value}. Scale the inputs and the targets, or begin with smaller weights."
                )
            latest["barred"] = x.copy()  # a trial step went too far: a wall there sends the line search back
            return latest["value"] + 10.0 * (abs(latest["value"]) + 1.0), np.zeros_like(x)
        slope = gradient if penalty is None else penalty.slope(x, gradient)
        latest.update(x=x.copy(), value=value, slope=slope)
        return value, gradient

    def after_iteration(intermediate_result: scipy.optimize.OptimizeResult) -> None:
        nonlocal reason
        x = np.asarray(intermediate_result.x)
        if not np.array_equal(x, latest["x"]):
            function(x)
        now = penalty.join(x) if penalty else x
        theta[:] = now
        latest["accepted"] = latest["slope"]
        history.append(
            epoch=len(history) + 1,
            loss=float(latest["value"]),
            val_loss=None if held_out is None else mean_loss(network, theta, held_out.rows),
            val_score=None if held_out is None or held_out.score is None else held_out.score(theta),
            gradient_norm=float(np.linalg.norm(latest["slope"])),
            weight_norm=float(np.linalg.norm(now)),
            seconds=time.perf_counter() - began,
            layer_gradient_norms=network.layout.norms(latest["slope"]),
        )
        if plan.best.read(history):
            best_theta[:] = theta
        asked, stop = told(observers, history), first_reason(plan.rules, history)
        reason = asked or (stop[1] if stop else None)
        if reason is not None:
            raise StopIteration

    x0 = theta.astype(np.float64)
    options: dict[str, Any] = {"maxiter": plan.iterations, "gtol": plan.gradient_tol}
    arguments: dict[str, Any] = {"method": "CG"}
    if plan.method == "lbfgs":
        arguments = {"method": "L-BFGS-B", "bounds": None if penalty is None else penalty.bounds}
        options["maxfun"] = plan.evaluations
        x0 = x0 if penalty is None else penalty.split(x0)
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            result = _minimize(function, x0, jac=True, callback=after_iteration, options=options, **arguments)
        if not np.array_equal(result.x, latest["barred"]):
            theta[:] = penalty.join(result.x) if penalty else result.x
        reason = reason or _scipy_reason(result, plan, latest, rows.y.dtype)
    except KeyboardInterrupt:
        reason = Reason("interrupted", f"interrupted by the user after {len(history)} iterations; the best weights so far are kept")
        theta[:] = best_theta
    except Exception:
        theta[:] = best_theta
        raise
    if plan.restore_best and len(history):
        theta[:] = best_theta
    history.stopped_because = reason.sentence
    return reason


def _scipy_reason(result: Any, plan: FullBatchPlan, latest: dict[str, Any], rows_dtype: Any) -> Reason:
    """SciPy's own reason to stop, in our words."""
    largest = float(np.abs(latest.get("accepted", latest["slope"])).max())
    if result.status == 1 and result.nit >= plan.iterations:
        return Reason("epochs", f"all {plan.iterations} iterations are done; largest gradient component {largest:.3g}")
    if result.status == 1:
        return Reason("evaluations", f"{result.nfev} evaluations are done; largest gradient component {largest:.3g}")
    if result.success:
        what = "is below" if largest <= plan.gradient_tol else "and the loss no longer decreases, above"
        return Reason("gradient", f"largest gradient component {largest:.3g} {what} {plan.gradient_tol:g} after {result.nit} iterations")
    if rows_dtype == np.float32:
        return Reason("rounding", f"float32 tells no lower loss after {result.nit} iterations; largest gradient component {largest:.3g}")
    return Reason("solver", f"no step lowers the loss any further after {result.nit} iterations; largest gradient component {largest:.3g}")


class L1Split:
    """theta as P - Q with P, Q >= 0 for the weights; biases stay free in P with Q = 0."""

    def __init__(self, network: Network, strength: float) -> None:
        n = network.layout.n_parameters
        self.cost = np.zeros(n)
        for where in network.layout.weights:
            self.cost[where] = strength
        free = self.cost == 0
        low = np.concatenate([np.where(free, -np.inf, 0.0), np.zeros(n)])
        high = np.concatenate([np.full(n, np.inf), np.where(free, 0.0, np.inf)])
        self.bounds = scipy.optimize.Bounds(low, high)
        self._free = free

    def split(self, theta: Array) -> Array:
        """[P, Q] with P - Q = theta."""
        P = np.where(self._free, theta, np.maximum(theta, 0.0))
        return np.concatenate([P, np.where(self._free, 0.0, np.maximum(-theta, 0.0))])

    def join(self, x: Array) -> Array:
        """P - Q."""
        n = len(self.cost)
        return np.asarray(x[:n] - x[n:])

    def slope(self, x: Array, gradient: Array) -> Array:
        """The subgradient in theta that vanishes at the minimum, from the gradient in P and Q."""
        n = len(self.cost)
        return subgradient(self.join(x), gradient[:n] - self.cost, self.cost)

    def value_and_gradient(self, objective: Objective, x: Array) -> tuple[float, Array]:
        """The objective plus l1 (P + Q), and its gradient in P and Q."""
        n = len(self.cost)
        value, gradient = objective.value_and_gradient(self.join(x))
        value += float(self.cost @ (x[:n] + x[n:]))
        return value, np.concatenate([gradient + self.cost, self.cost - gradient])
