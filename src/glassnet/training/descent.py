"""What the solvers of a one-layer network have in common: their record, their reason to stop, and their answer."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.checks import DivergenceError
from glassnet.training.history import History, Row
from glassnet.training.linear_problem import LinearProblem
from glassnet.training.stopping import Reason, Rule, first_reason

Array = NDArray[Any]


@dataclass(frozen=True)
class Descent:
    """How far a solver goes and who watches.

    tol        bound on the gradient norm: the largest component by preconditioned coordinates
    max_iter   iterations at most
    rules      further rules that may stop it
    held_out   theta -> held-out loss and score (None for none), for the history
    observers  called with every history row; True asks to stop
    follow     called with theta after every iteration; True asks to stop
    begin      called before every iteration
    """

    tol: float = 1e-4
    max_iter: int = 100
    rules: Sequence[Rule] = ()
    held_out: Callable[[Array], tuple[float, float | None]] | None = None
    observers: Sequence[Callable[[Row], bool | None]] = ()
    follow: Callable[[Array], bool | None] | None = None
    begin: Callable[[], None] | None = None


@dataclass(frozen=True)
class Solution:
    """Where a solver ended: theta in float64, F there, the gradient norm, the iterations made, and why it stopped."""

    theta: Array
    value: float
    gradient_norm: float
    n_iter: int
    reason: Reason
    history: History

    @property
    def converged(self) -> bool:
        """Whether theta is a minimum, to ``tol`` or to the last digit that the dtype of X holds."""
        return self.reason.kind in ("gradient", "rounding")

    @property
    def stopped_because(self) -> str:
        """The reason as a sentence."""
        return self.reason.sentence


class Record:
    """Writes a history row per iteration and answers with a reason to stop or nothing. A ``history`` given is written on."""

    def __init__(self, problem: LinearProblem, plan: Descent, history: History | None = None) -> None:
        self.problem, self.plan = problem, plan
        self.history = History() if history is None else history
        self.before = len(self.history)
        self.began = time.perf_counter()
        self.u, self.value, self.norm = np.zeros(problem.size), math.inf, math.inf

    def start(self, u: Array, value: float, norm: float) -> Reason | None:
        """Note where the descent begins; it need not begin at all with no iteration allowed."""
        self.u, self.value, self.norm = u, value, norm
        if not math.isfinite(value):
            raise DivergenceError(
                f"the loss is {value} at the start: some x or the starting weights are too large for {self.problem.sums.dtype}. "
                "Scale the inputs or use float64."
            )
        return self._or_begin(self._used_up())

    def step(self, u: Array, value: float, norm: float, rate: float | None = None) -> Reason | None:
        """Note an iteration that led to ``u``."""
        self.u, self.value, self.norm = u, value, norm
        plan, theta = self.plan, self.problem.outwards(u)
        val_loss, val_score = (None, None) if plan.held_out is None else plan.held_out(theta)
        self.history.append(
            epoch=len(self.history) + 1,
            loss=value,
            val_loss=val_loss,
            val_score=val_score,
            gradient_norm=norm,
            weight_norm=float(np.linalg.norm(theta)),
            learning_rate=rate,
            seconds=time.perf_counter() - self.began,
        )
        asked = [observer(self.history[-1]) for observer in plan.observers]
        if (plan.follow is not None and plan.follow(theta)) or any(asked):
            return Reason("callback", f"a callback asked to stop after {self._so_many()}")
        if norm <= plan.tol:
            return self._below()
        stop = first_reason(plan.rules, self.history)
        return self._or_begin(stop[1] if stop else self._used_up())

    def _or_begin(self, reason: Reason | None) -> Reason | None:
        """The reason to stop; without one, another iteration begins."""
        if reason is None and self.plan.begin is not None:
            self.plan.begin()
        return reason

    def one_more(self, reason: Reason) -> bool:
        """Whether a step of a second-order method, cheap on a small problem, should turn "below tol" into many more right digits."""
        near = reason.kind == "gradient" and self.norm > 1e-4 * self.plan.tol
        return near and not self.problem.expensive and self.n_iter < self.plan.max_iter

    def no_further(self) -> Reason:
        """The reason where rounding hides any further decrease."""
        if self.norm <= self.plan.tol:
            return self._below()
        sentence = f"no further decrease can be told from rounding in {self.problem.sums.dtype}; gradient norm {self.norm:.2g}"
        return Reason("rounding", f"{sentence} after {self._so_many()}")

    def stuck(self) -> Reason:
        """The reason where no step decreases F though the gradient says it could."""
        return Reason("solver", f"no step decreases the loss though the gradient norm is {self.norm:.2g}, after {self._so_many()}")

    def interrupted(self) -> Reason:
        """The reason after Ctrl-C."""
        return Reason("interrupted", f"interrupted by the user after {self._so_many()}; the best weights so far are kept")

    def answer(self, reason: Reason) -> Solution:
        """The solution at the last noted point."""
        self.history.stopped_because = reason.sentence
        return Solution(self.problem.outwards(self.u), self.value, self.norm, self.n_iter, reason, self.history)

    def _below(self) -> Reason:
        return Reason("gradient", f"gradient norm {self.norm:.2g} is below tol={self.plan.tol:g} after {self._so_many()}")

    @property
    def n_iter(self) -> int:
        """Iterations made."""
        return len(self.history) - self.before

    def _so_many(self) -> str:
        return f"{self.n_iter} iteration{'' if self.n_iter == 1 else 's'}"

    def _used_up(self) -> Reason | None:
        if self.n_iter < self.plan.max_iter:
            return None
        return Reason("epochs", f"max_iter={self.plan.max_iter} is reached; gradient norm {self.norm:.2g} is above tol={self.plan.tol:g}")


def largest(gradient: Array) -> float:
    """The gradient norm of the stopping tests."""
    return float(np.abs(gradient).max(initial=0.0))


def subgradient(u: Array, gradient: Array, lasso: Array) -> Array:
    """The smallest element of the subdifferential of F by u: 0 at a minimum."""
    at_zero = np.sign(gradient) * np.maximum(np.abs(gradient) - lasso, 0.0)
    return np.where(u == 0.0, at_zero, gradient + lasso * np.sign(u))
