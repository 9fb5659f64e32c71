"""Which solver trains a one-layer network, from the problem's size and penalty.

l1 penalty          proximal Newton
few parameters      Newton, Cholesky factor
many, default       L-BFGS; Newton finishes where rounding stops it short of ``tol``, or after the steps that a few Hessians cost
many, "newton-cg"   Newton with conjugate gradients
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from glassnet.training.descent import Descent, Solution
from glassnet.training.directions import LARGEST_HESSIAN, LastHessian
from glassnet.training.lbfgs import lbfgs
from glassnet.training.linear_problem import LinearProblem
from glassnet.training.newton import newton
from glassnet.training.proximal import proximal_newton
from glassnet.training.threads import threads_for

Array = NDArray[Any]

CHEAP_HESSIAN = 200
"""Parameters up to which a Hessian costs about as much as the gradients that L-BFGS would take in its stead."""

METHODS = ("auto", "newton-cholesky", "newton-cg", "lbfgs")


def minimise_linear(
    problem: LinearProblem, theta0: Array, plan: Descent, method: str = "auto", last: LastHessian | None = None
) -> Solution:
    """Minimise F from ``theta0``; ``method`` is one of METHODS and says nothing where there is an l1 penalty.

    ``last`` goes along a path of penalties from one problem to the next.
    """
    with threads_for(problem.largest_product()):
        if problem.penalty[0] > 0.0:
            return proximal_newton(problem, theta0, plan)
        if method == "newton-cg":
            return newton(problem, theta0, plan, conjugate=True)
        if method == "newton-cholesky" or (method == "auto" and problem.size <= CHEAP_HESSIAN):
            return newton(problem, theta0, plan, last=last)
        trial = problem.size // 6 if method == "auto" and problem.size <= LARGEST_HESSIAN else plan.max_iter
        found = lbfgs(problem, theta0, replace(plan, max_iter=min(plan.max_iter, trial)))
        slow = found.reason.kind == "epochs" and found.n_iter < plan.max_iter
        if not slow and found.reason.kind != "rounding":
            return found
        rest = replace(plan, max_iter=plan.max_iter - found.n_iter)
        conjugate = problem.size > LARGEST_HESSIAN or (not slow and problem.expensive)
        finish = newton(problem, found.theta, rest, conjugate=conjugate, history=found.history)
        return replace(finish, n_iter=found.n_iter + finish.n_iter)
