"""L-BFGS for one-layer networks with many parameters, in the metric of a sample of the rows.

An l1 penalty becomes smooth once u is split in two parts that are not negative: u = a - b, |u| = a + b at the minimum, a, b >= 0; its
bounds are SciPy's affair.

Sources: Liu & Nocedal (1989), Math. Programming 45, 503-528; Byrd, Lu, Nocedal & Zhu (1995), SIAM J. Sci. Comput. 16, 1190-1208.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.optimize
from numpy.typing import NDArray

from glassnet.training.descent import Descent, Record, Solution, largest, subgradient
from glassnet.training.directions import CorrectedDirection
from glassnet.training.history import History
from glassnet.training.linear_problem import LinearProblem
from glassnet.training.metric import first_metric
from glassnet.training.steps import corrected_descent
from glassnet.training.stopping import Reason

Array = NDArray[Any]

MEMORY = 12
"""Steps that a direction remembers."""


def lbfgs(problem: LinearProblem, theta0: Array, plan: Descent, history: History | None = None) -> Solution:
    """Minimise F, with or without an l1 penalty, from ``theta0``."""
    record = Record(problem, plan, history)
    u = problem.inwards(theta0)
    if problem.penalty[0] > 0.0:
        return _in_two_parts(record, u)
    solve = None

    def fresh(_: Array) -> CorrectedDirection:
        nonlocal solve
        solve = solve or first_metric(problem)
        return CorrectedDirection(solve, MEMORY)

    return corrected_descent(record, lambda: (u, None), fresh, lambda _: True)


def _in_two_parts(record: Record, u0: Array) -> Solution:
    """Minimise F with its l1 penalty over (a, b)."""
    problem, plan = record.problem, record.plan
    lasso = np.repeat(problem.l1, problem.k)
    reason: Reason | None = None
    last: dict[str, Any] = {}

    def function(x: Array) -> tuple[float, Array]:
        value, gradient = problem.value_and_gradient(x[: problem.size] - x[problem.size :])
        value = value + float(np.concatenate([lasso, lasso]) @ x) if np.isfinite(value) else np.inf
        last.update(x=x.copy(), gradient=gradient, value=value)
        return value, np.concatenate([gradient + lasso, lasso - gradient])

    def after_iteration(x: Array) -> None:
        nonlocal reason
        if not np.array_equal(x, last["x"]):
            function(x)
        u = x[: problem.size] - x[problem.size :]
        reason = record.step(u, last["value"], largest(subgradient(u, last["gradient"], lasso)))
        if reason is not None:
            raise StopIteration

    x0 = np.concatenate([np.maximum(u0, 0.0), np.maximum(-u0, 0.0)])
    try:
        value, _ = function(x0)
        reason = record.start(u0, value, largest(subgradient(u0, last["gradient"], lasso)))
        options = {"maxiter": plan.max_iter, "maxfun": 100 * plan.max_iter + 100, "maxls": 50, "gtol": 0.0}
        options["ftol"] = problem.eps / 8 if problem.eps > 1e-10 else problem.eps
        if reason is None:
            arguments: dict[str, Any] = {"bounds": scipy.optimize.Bounds(0.0, np.inf), "callback": after_iteration, "options": options}
            scipy.optimize.minimize(function, x0, jac=True, method="L-BFGS-B", **arguments)
    except KeyboardInterrupt:
        reason = record.interrupted()
    return record.answer(reason or record.no_further())
