"""The training of a one-layer network as one convex function of its parameters, in coordinates that suit a solver.

    F(W, b) = 1/S sum_n s_n L(W'x_n + b, y_n) + l2/2 sum_jk W_jk^2 + l1 sum_jk |W_jk|        S = sum_n s_n, b free

Solvers see the same F through preconditioned coordinates u, so columns of any unit and origin converge alike:

    u_j = scale_j W_j           scale_j^2 = h var_j + l2        the curvature of F along W_j where training begins
    u_0 = scale_0 (b + W'm)     scale_0^2 = h                   m the column means; h the mean of d2L/dz2 at the start

The penalties keep the user's scale: l2/2 (u_j / scale_j)^2. The gradient norm of the stopping test is the largest component of
dF/du, which has no unit of any column in it: F is within about half its square (times the parameters) of the minimum.

``theta`` is W row by row, then b. Shapes: W (p, k), b (k,), u and theta flat, (p + 1) k numbers or p k without bias.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.maths.losses import LOG_LOSS, SOFTMAX, Loss
from glassnet.training.row_sums import RowSums

Array = NDArray[Any]

EXPENSIVE = 50_000_000
"""Multiplications in a Hessian from which it is spared where it can be."""


class LinearProblem:
    """F above, over rows X (n, p) dense or CSR, y (n, k) or class numbers, weights s.

    ``bias_unit`` penalises the bias as liblinear does: as the weight of one more column that holds this number in every row.
    ``n_outputs`` is the number of classes where y holds class numbers (None: the largest of them + 1).
    """

    def __init__(
        self,
        X: Any,
        y: Array,
        loss: Loss,
        *,
        weight: Array | None = None,
        l1: float = 0.0,
        l2: float = 0.0,
        intercept: bool = True,
        bias_unit: float | None = None,
        n_outputs: int | None = None,
    ) -> None:
        sums = RowSums(X, y, loss, weight, n_outputs=n_outputs, centred=intercept and bias_unit is None)
        self._prepare(sums, l1, l2, intercept, bias_unit)

    def _prepare(self, sums: RowSums, l1: float, l2: float, intercept: bool, bias_unit: float | None) -> None:
        self.sums, self.intercept, self.bias_unit = sums, intercept, bias_unit
        self.p, self.k = sums.p, sums.k
        self.shape = (self.p + intercept, self.k)
        self.size = self.shape[0] * self.k
        ridge, lasso = np.full(self.p + 1, float(l2)), np.full(self.p + 1, float(l1))
        ridge[-1], lasso[-1] = (0.0, 0.0) if bias_unit is None else (l2 / bias_unit**2, l1 / bias_unit)
        self.bend = typical_curvature(sums)
        spread = sums.variance + (0.0 if sums.centred else sums.mean**2)
        squared = self.bend * np.append(spread, 1.0) + ridge
        rows = self.shape[0]
        self.scale = np.sqrt(np.where(squared > 0.0, squared, 1.0))[:rows]
        self.l2, self.l1 = ridge[:rows] / self.scale**2, lasso[:rows] / self.scale
        self.penalty = (l1, l2)
        self.eps = float(np.finfo(sums.dtype).eps)

    def with_penalty(self, l1: float, l2: float) -> LinearProblem:
        """The same rows under other penalties; nothing of X is read again."""
        return self._like(self.sums, l1, l2)

    def take(self, rows: Array) -> LinearProblem:
        """The same problem on some of its rows."""
        return self._like(self.sums.take(rows), *self.penalty)

    def _like(self, sums: RowSums, l1: float, l2: float) -> LinearProblem:
        other = object.__new__(LinearProblem)
        other._prepare(sums, l1, l2, self.intercept, self.bias_unit)
        return other

    @property
    def expensive(self) -> bool:
        """Whether a Hessian costs so much that it is spared where it can be."""
        return self.sums.n * self.size**2 > EXPENSIVE

    def largest_product(self) -> float:
        """Multiplications in the largest matrix product of a step, for the choice of threads."""
        return min(self.sums.n, 4096) * float(self.p) * max(self.k, min(self.size, 256))

    # ---- coordinates

    def inwards(self, theta: Array) -> Array:
        """u of a theta."""
        U = np.array(theta, np.float64).reshape(self.shape)
        if self.intercept:
            U[-1] += self.sums.centre @ U[:-1]
        return (U * self.scale[:, None]).ravel()

    def outwards(self, u: Array) -> Array:
        """theta of a u. Of the biases of a softmax, which are free by a common number, those that add up to 0."""
        W, c = self.parameters(u)
        if not self.intercept:
            return W.ravel()
        b = c - self.sums.centre @ W
        return np.concatenate([W.ravel(), b - b.mean() if self.flat_rows()[-1] else b])

    def parameters(self, u: Array) -> tuple[Array, Array]:
        """(W, c) with c = b + W'm."""
        U = u.reshape(self.shape) / self.scale[:, None]
        return (U[:-1], U[-1]) if self.intercept else (U, np.zeros(self.k))

    def _gathered(self, G: Array, g: Array) -> Array:
        """Sums over rows -> the flat derivative of their mean by u."""
        D = np.vstack([G, g]) if self.intercept else G
        if self.sums.loss.code == SOFTMAX:  # they add up to 0 over the classes: keep rounding from adding up instead
            D = D - D.mean(axis=1, keepdims=True)
        return (D / (self.scale[:, None] * self.sums.total)).ravel()

    def _ridge(self) -> Array:
        return np.repeat(self.l2, self.k)

    # ---- the smooth part of F (all but the l1 penalty) and its derivatives by u

    def value_and_gradient(self, u: Array) -> tuple[float, Array]:
        """Return F without the l1 penalty, and its gradient (as many as u)."""
        cost, G, g = self.sums.cost_and_gradient(*self.parameters(u))
        pull = self._ridge() * u
        return cost / self.sums.total + 0.5 * float(pull @ u), self._gathered(G, g) + pull

    def hessian(self, u: Array, features: Array | None = None) -> Array:
        """The matrix of second derivatives; with ``features`` only the rows of U named there (p is the bias)."""
        W, c = self.parameters(u)
        if features is None:
            H = self.sums.hessian(W, c, self.scale)
            ridge = self._ridge()
        else:
            columns = features[features < self.p]
            H = self.sums.hessian(W, c, self.scale[features], columns)
            ridge = np.repeat(self.l2[features], self.k)
        H /= self.sums.total
        H.flat[:: len(H) + 1] += ridge
        return H

    def carried(self, other: LinearProblem, H: Array) -> Array:
        """What ``H``, the second derivatives of ``other``, are by the scale and under the penalties of this problem."""
        ratio = np.repeat(other.scale / self.scale, self.k)
        H = H * np.outer(ratio, ratio)
        H.flat[:: len(H) + 1] += self._ridge() - other._ridge() * ratio**2
        return H

    def hessian_product(self, u: Array) -> Callable[[Array], Array]:
        """The function v -> H v, with H the second derivatives at u."""
        curved = self.sums.curvature(*self.parameters(u))
        ridge = self._ridge()
        return lambda v: self._gathered(*self.sums.product(curved, *self.parameters(v))) + ridge * v

    def lasso(self, u: Array) -> float:
        """The l1 penalty."""
        return float(np.repeat(self.l1, self.k) @ np.abs(u))

    def flat_rows(self) -> Array:
        """Rows of U where a softmax may add one number to every class for nothing: the free bias, and all without a penalty."""
        free: Array = self.l2 + self.l1 == 0.0
        return free & (self.sums.loss.code == SOFTMAX)


def typical_curvature(sums: RowSums) -> float:
    """The mean of d2L/dz2 where training begins, at z = 0."""
    code = sums.loss.code
    if code == LOG_LOSS:
        return 0.25
    if code == SOFTMAX:
        return (1.0 - 1.0 / sums.k) / sums.k
    return 1.0
