"""From a gradient to a step: by the Cholesky factor of the Hessian, or by conjugate gradients where there is no room for one.

Source: Nocedal & Wright (2006), Numerical Optimization, ch. 5 to 7.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from glassnet.training.blocks import cholesky
from glassnet.training.linear_problem import LinearProblem

Array = NDArray[Any]

LARGEST_HESSIAN = 4_000
"""Parameters up to which H is summed and factored: 128 MB."""


class CorrectedDirection:
    """g -> -B g, B an approximate inverse of the Hessian, corrected by the last ``memory`` steps (BFGS).

    With s = u_new - u and y = g_new - g, B becomes (1 - r s y') B (1 - r y s') + r s s', r = 1 / y's: two loops over the pairs. A
    limited memory also takes its unit from the last step: B is first multiplied by s'y / y'By.
    """

    def __init__(self, solve: Callable[[Array], Array], memory: int | None = None) -> None:
        self.solve, self.unit = solve, 1.0
        self.pairs: deque[tuple[Array, Array, float]] = deque(maxlen=memory)

    @property
    def new(self) -> bool:
        """Whether it has learnt nothing yet."""
        return not self.pairs

    def __call__(self, gradient: Array) -> Array:
        q = gradient.copy()
        shares = []
        for s, y, r in reversed(self.pairs):
            shares.append(r * float(s @ q))
            q -= shares[-1] * y
        d = self.unit * self.solve(q)
        for (s, y, r), share in zip(self.pairs, reversed(shares), strict=True):
            d += (share - r * float(y @ d)) * s
        return -d

    def learn(self, s: Array, y: Array) -> None:
        """Take in a step and the change of the gradient along it."""
        if (bend := float(s @ y)) > 0.0:
            self.pairs.append((s, y, 1.0 / bend))
            if self.pairs.maxlen is not None:
                self.unit = bend / float(y @ self.solve(y))


class LastHessian:
    """The Hessian last summed: along a path of penalties the next problem begins with it."""

    def __init__(self) -> None:
        self.problem: LinearProblem | None = None
        self.H = np.empty((0, 0))

    def summed(self, problem: LinearProblem, u: Array) -> CorrectedDirection:
        """Newton's direction at ``u``, by the Cholesky factor of the Hessian there, which is kept."""
        self.problem, self.H = problem, problem.hessian(u)
        return CorrectedDirection(factored(anchored(problem, self.H.copy())))

    def carried(self, problem: LinearProblem) -> CorrectedDirection | None:
        """The direction by the Hessian kept, under the penalties of ``problem``; None where there is none."""
        if self.problem is None:
            return None
        self.problem, self.H = problem, problem.carried(self.problem, self.H)
        return CorrectedDirection(factored(anchored(problem, self.H.copy())))


def anchored(problem: LinearProblem, H: Array, features: Array | None = None) -> Array:
    """H (changed in place) bent along the flat directions of a softmax, where the gradient is 0: a unique step, the same minimum."""
    flat = problem.flat_rows()
    k = problem.k
    for row in np.flatnonzero(flat if features is None else flat[features]):
        at = slice(row * k, (row + 1) * k)
        H[at, at] += 1.0 / k
    return H


def factored(H: Array) -> Callable[[Array], Array]:
    """b -> H^-1 b by a Cholesky factor. H is lifted by a trace of its diagonal until it has one: no step where F is flat."""
    diagonal = H.diagonal().copy()
    lift = 0.0
    while True:
        try:
            L = cholesky(H)
            return lambda b: scipy.linalg.cho_solve((L, True), b, check_finite=False)
        except scipy.linalg.LinAlgError:
            lift = max(100.0 * lift, 1e-13 * float(diagonal.max(initial=1e-300)))
            H = H.copy()
            H.flat[:: len(H) + 1] = diagonal + lift


def conjugate_direction(problem: LinearProblem, u: Array) -> CorrectedDirection:
    """Newton's direction at ``u`` by conjugate gradients: |H s + g| <= min(1/4, sqrt |g|) |g|."""
    product = problem.hessian_product(u)

    def solve(gradient: Array) -> Array:
        step, residual = np.zeros_like(gradient), gradient.copy()
        towards, square = residual.copy(), float(residual @ residual)
        enough = (min(0.25, math.sqrt(math.sqrt(square))) ** 2) * square
        for _ in range(min(10 * gradient.size, 500)):
            if square <= enough:
                break
            ahead = product(towards)
            bend = float(towards @ ahead)
            if not bend > 1e-15 * float(towards @ towards):  # flat: go no further, or downhill if nothing was found yet
                return step if step.any() else gradient
            t = square / bend
            step += t * towards
            residual -= t * ahead
            before, square = square, float(residual @ residual)
            towards = residual + (square / before) * towards
        return step

    return CorrectedDirection(solve)
