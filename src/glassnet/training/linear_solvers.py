"""Which solver trains a one-layer network, from the problem's size and penalty; and the same for a network without hidden layers.

    l1 penalty               proximal Newton
    few parameters           Newton, Cholesky factor
    many, default            L-BFGS; where rounding stops it short of ``tol``, Newton with conjugate gradients finishes
    many, "newton-cg"        Newton with conjugate gradients
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.networks.network import Network
from glassnet.training.descent import Descent, Solution
from glassnet.training.history import History
from glassnet.training.lbfgs import lbfgs
from glassnet.training.linear_problem import LinearProblem
from glassnet.training.loop import HeldOut, Observer, mean_loss
from glassnet.training.newton import LARGEST_HESSIAN, newton
from glassnet.training.proximal import proximal_newton
from glassnet.training.rows import Rows
from glassnet.training.stopping import Reason, Rule
from glassnet.training.threads import threads_for

Array = NDArray[Any]

CHEAP_HESSIAN = 200
"""Parameters up to which a Hessian costs about as much as the gradients that L-BFGS would take in its stead."""

METHODS = ("auto", "newton-cholesky", "newton-cg", "lbfgs")


def minimise_linear(problem: LinearProblem, theta0: Array, plan: Descent, method: str = "auto") -> Solution:
    """Minimise F from ``theta0``; ``method`` is one of METHODS and says nothing where there is an l1 penalty."""
    sums = problem.sums
    with threads_for(min(float(sums.n), 4096.0) * sums.p * max(sums.k, min(problem.size, 256))):
        if problem.penalty[0] > 0.0:
            return proximal_newton(problem, theta0, plan)
        if method == "newton-cg":
            return newton(problem, theta0, plan, conjugate=True)
        if method == "newton-cholesky" or (method == "auto" and problem.size <= CHEAP_HESSIAN):
            return newton(problem, theta0, plan)
        found = lbfgs(problem, theta0, plan)
        if found.reason.kind != "rounding":
            return found
        rest = replace(plan, max_iter=plan.max_iter - found.n_iter)
        finish = newton(problem, found.theta, rest, conjugate=problem.size > LARGEST_HESSIAN, history=found.history)
        return replace(finish, n_iter=found.n_iter + finish.n_iter)


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
    with threads_for(min(float(len(rows)), 4096.0) * problem.p * max(problem.k, min(problem.size, 256))):
        found = newton(problem, theta.astype(np.float64), plan, history=history)
    theta[:] = found.theta
    return found.reason
