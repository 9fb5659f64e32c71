"""L-BFGS for one-layer networks with many parameters, by SciPy, in preconditioned coordinates and with our own stopping test.

An l1 penalty becomes smooth once u is split in two parts that are not negative: u = a - b, |u| = a + b at the minimum, a, b >= 0.

Source: Byrd, Lu, Nocedal & Zhu (1995), SIAM J. Sci. Comput. 16, 1190-1208.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.optimize
from numpy.typing import NDArray

from glassnet.training.descent import Descent, Record, Solution, largest, subgradient
from glassnet.training.history import History
from glassnet.training.linear_problem import LinearProblem
from glassnet.training.stopping import Reason

Array = NDArray[Any]


def lbfgs(problem: LinearProblem, theta0: Array, plan: Descent, history: History | None = None) -> Solution:
    """Minimise F, with or without an l1 penalty, from ``theta0``."""
    record = Record(problem, plan, history)
    lasso = np.repeat(problem.l1, problem.k)
    split = bool(lasso.any())
    reason: Reason | None = None
    last: dict[str, Any] = {}

    def whole(x: Array) -> Array:
        return x[: problem.size] - x[problem.size :] if split else x

    def function(x: Array) -> tuple[float, Array]:
        value, gradient = problem.value_and_gradient(whole(x))
        if not np.isfinite(value):
            value = np.inf
        last.update(x=x.copy(), gradient=gradient)
        if not split:
            last.update(value=value)
            return value, gradient
        value += float(np.concatenate([lasso, lasso]) @ x)
        last.update(value=value)
        return value, np.concatenate([gradient + lasso, lasso - gradient])

    def after_iteration(x: Array) -> None:
        nonlocal reason
        if not np.array_equal(x, last["x"]):
            function(x)
        u = whole(x).copy()
        reason = record.step(u, last["value"], largest(subgradient(u, last["gradient"], lasso)))
        if reason is not None:
            raise StopIteration

    u0 = problem.inwards(theta0)
    x0 = np.concatenate([np.maximum(u0, 0.0), np.maximum(-u0, 0.0)]) if split else u0
    value, _ = function(x0)
    reason = record.start(u0, value, largest(subgradient(u0, last["gradient"], lasso)))
    options = {"maxiter": plan.max_iter, "maxfun": 100 * plan.max_iter + 100, "maxls": 50, "gtol": 0.0}
    options["ftol"] = problem.eps / 8 if problem.eps > 1e-10 else problem.eps
    try:
        if reason is None:
            bounds = scipy.optimize.Bounds(0.0, np.inf) if split else None
            arguments: dict[str, Any] = {"bounds": bounds, "callback": after_iteration, "options": options}
            scipy.optimize.minimize(function, x0, jac=True, method="L-BFGS-B", **arguments)
    except KeyboardInterrupt:
        reason = record.interrupted()
    return record.answer(reason or record.no_further())
