"""The judge of the logistic rows: the objective in float64, and its minimum to more digits than any contender is asked for.

    F(W, b) = C sum_n L(x_n W + b, y_n) + ||W||^2 / 2                W (p, k), b (k,); k = 1 sigmoid unit or k softmax units

F is strongly convex in W with constant 1, so ||dF/dW||^2 / 2 bounds how far F is above its minimum: the reference is certified by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logsumexp

Array = NDArray[Any]

CERTIFIED = 1e-10
"""Bound on the relative suboptimality of the reference itself."""


class Objective:
    """F over rows X (n, p), dense or sparse, with class numbers y (n,), in float64."""

    def __init__(self, X: Any, y: Array, C: float) -> None:
        self.X, self.C, self.codes = X.astype(np.float64), C, y
        self.k = 1 if y.max() == 1 else int(y.max()) + 1
        self.y = y[:, None].astype(np.float64) if self.k == 1 else np.eye(self.k)[y]
        self.squares = (
            np.asarray(self.X.multiply(self.X).sum(axis=0)).ravel() if hasattr(X, "tocsr") else np.einsum("ij,ij->j", self.X, self.X)
        )
        self.shape = (X.shape[1] + 1, self.k)

    def value(self, theta: Array) -> float:
        """F, with theta (p + 1, k) holding b in its last row."""
        return self._value(theta, self.X @ theta[:-1] + theta[-1])

    def _value(self, theta: Array, Z: Array) -> float:
        each = np.logaddexp(0.0, Z) if self.k == 1 else logsumexp(Z, axis=1, keepdims=True)
        return float(self.C * (each.sum() - (self.y * Z).sum()) + 0.5 * (theta[:-1] ** 2).sum())

    def at(self, theta: Array) -> tuple[float, Array, Array]:
        """F, its gradient, and the probabilities P (n, k)."""
        Z = self.X @ theta[:-1] + theta[-1]
        P = expit(Z) if self.k == 1 else np.exp(Z - logsumexp(Z, axis=1, keepdims=True))
        return self._value(theta, Z), self._back(P - self.y, theta), P

    def _back(self, R: Array, V: Array) -> Array:
        return np.vstack([self.C * (self.X.T @ R) + V[:-1], self.C * R.sum(axis=0, keepdims=True)])

    def curve(self, P: Array, V: Array) -> Array:
        """The product of the Hessian at P with a direction V (p + 1, k)."""
        U = self.X @ V[:-1] + V[-1]
        R = P * (1.0 - P) * U if self.k == 1 else P * (U - (P * U).sum(axis=1, keepdims=True))
        return self._back(R, V)

    def diagonal(self, P: Array) -> Array:
        """A rough diagonal of the Hessian, to precondition by."""
        mean = (P * (1.0 - P)).mean(axis=0)
        return np.vstack([self.C * self.squares[:, None] * mean + 1.0, self.C * len(P) * mean[None] + 1e-12])


@dataclass(frozen=True)
class Reference:
    """The minimum of an objective, and a bound on how far it is above the true one, relatively."""

    objective: Objective
    minimum: float
    bound: float

    def gap(self, coef: Array, intercept: Array) -> float:
        """Relative suboptimality of coefficients (k, p) and intercepts (k,)."""
        theta = np.vstack([np.asarray(coef, np.float64).T, np.asarray(intercept, np.float64).reshape(1, -1)])
        return (self.objective.value(theta) - self.minimum) / self.minimum


def reference(objective: Objective, most: int = 100) -> Reference:
    """Newton's method with conjugate gradients from 0, until certified. Raises RuntimeError where that fails."""
    theta = np.zeros(objective.shape)
    value, gradient, P = objective.at(theta)
    for _ in range(most):
        bound = 0.5 * float((gradient[:-1] ** 2).sum()) / value
        if bound <= CERTIFIED and np.abs(gradient[-1]).max() <= 1e-6 * len(P) * objective.C:
            return Reference(objective, value, bound)
        step = _newton_step(objective, P, gradient)
        slope, length = float((gradient * step).sum()), 1.0
        while length > 1e-6:
            tried, tried_gradient, tried_P = objective.at(theta + length * step)
            if tried <= value + 1e-4 * length * slope + 1e-13 * abs(value):
                break
            length /= 2
        else:
            break
        theta = theta + length * step
        value, gradient, P = tried, tried_gradient, tried_P
    raise RuntimeError(f"no certified optimum: relative bound {0.5 * float((gradient[:-1] ** 2).sum()) / value:.1e}")


def _newton_step(objective: Objective, P: Array, gradient: Array) -> Array:
    """Solve H step = -gradient by preconditioned conjugate gradients, the more exactly the nearer the minimum."""
    diagonal = objective.diagonal(P)
    step, rest = np.zeros_like(gradient), -gradient
    scaled = rest / diagonal
    direction, rho = scaled, float((rest * scaled).sum())
    enough = rho * min(0.1, np.sqrt(rho / max(abs(gradient).max(), 1e-300))) ** 2 if rho > 0 else 0.0
    enough = min(enough, rho * 1e-2)
    for _ in range(1000):
        if rho <= enough or rho == 0.0:
            break
        along = objective.curve(P, direction)
        length = rho / float((direction * along).sum())
        step = step + length * direction
        rest = rest - length * along
        scaled = rest / diagonal
        rho, before = float((rest * scaled).sum()), rho
        direction = scaled + rho / before * direction
    return step
