"""The curvature of F where training begins, from a sample of the rows: the metric in which L-BFGS takes its steps.

    M = h/m sum_n a_n a_n' + l2,   a_n = (x_n - mean) / scale        over m rows, for every output alike; its diagonal is 1

Few features: M itself, by its Cholesky factor. Many: its largest directions, and one number for all others,

    M ~ U diag(lambda) U' + delta (1 - U U')        delta = (trace - sum lambda) / (p - r)

found by one step of block power iteration. A direction is kept where lambda is above delta (1 + sqrt(p / m))^2, the largest that m
rows without any common direction would show (Marchenko & Pastur 1967). What columns have in common, often most of their variance,
costs L-BFGS an iteration or more for each direction; so it costs none.

Source: Halko, Martinsson & Tropp (2011), SIAM Review 53, 217-288.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.networks.products import multiply
from glassnet.training.blocks import square
from glassnet.training.directions import factored
from glassnet.training.linear_problem import LinearProblem
from glassnet.training.row_sums import spread_rows

Array = NDArray[Any]

FEW = 1_000
"""Features up to which M is factored."""
DIRECTIONS = 24
"""Directions looked for among many features."""


def first_metric(problem: LinearProblem) -> Callable[[Array], Array]:
    """g -> M^-1 g."""
    sums = problem.sums
    many = problem.p > FEW
    m = min(sums.n, max(1_000, min(sums.n // 8, 4_000)) if many else 8 * problem.p)
    rows = spread_rows(sums.n, m) if m < sums.n else slice(None)
    weight = sums.weight[rows] if sums.weight.size else np.ones(m, sums.dtype)
    if not weight.sum() > 0.0:
        return np.copy
    root = np.sqrt(weight * (problem.bend / weight.sum(dtype=np.float64))).astype(sums.dtype)
    thin = _Scaled(sums.X[rows], root, sums.centre, 1.0 / problem.scale[: problem.p])
    ridge = problem.l2[: problem.p]
    solve = _few(thin, ridge) if not many else _many(thin, ridge, m)

    def inverse(gradient: Array) -> Array:
        G = gradient.reshape(problem.shape)
        out = G.copy()
        out[: problem.p] = solve(G[: problem.p])
        return out.ravel()

    return inverse


class _Scaled:
    """The matrix A with rows root_n (x_n - centre) / scale, m rows of p columns, never formed."""

    def __init__(self, X: Any, root: Array, centre: Array, inverse: Array) -> None:
        self.X, self.root = X, root[:, None]
        self.inverse = inverse.astype(X.dtype)[:, None]
        self.centre = centre.astype(X.dtype)[:, None]

    def times(self, V: Array) -> Array:
        """A V."""
        V = self.inverse * V
        return self.root * (self._product(self.X, V) - self.centre.T @ V)

    def transposed_times(self, V: Array) -> Array:
        """A' V."""
        V = self.root * V
        return self.inverse * (self._product(self.X.T, V) - self.centre * V.sum(axis=0))

    @staticmethod
    def _product(X: Any, V: Array) -> Array:
        out = np.empty((X.shape[0], V.shape[1]), np.result_type(X.dtype, V.dtype))
        multiply(X, V, out)
        return out

    def square(self) -> Array:
        """A'A."""
        X = self.X.toarray() if hasattr(self.X, "toarray") else self.X
        A = (X - self.centre.T) * self.inverse.T * self.root
        return np.asarray(square(A), np.float64)


def _few(A: _Scaled, ridge: Array) -> Callable[[Array], Array]:
    M = A.square()
    M.flat[:: len(M) + 1] += ridge
    return factored(M)


def _many(A: _Scaled, ridge: Array, m: int) -> Callable[[Array], Array]:
    p = len(ridge)
    first = np.random.default_rng(0).standard_normal((p, min(DIRECTIONS, m)), A.inverse.dtype)
    Y = A.transposed_times(A.times(first)).astype(np.float64)
    size, V = np.linalg.eigh(Y.T @ Y)
    Q = Y @ (V / np.sqrt(np.maximum(size, 1e-12 * size[-1] + 1e-300)))  # orthogonal, of length 1 or, where A lacks rank, less
    B = A.times(Q.astype(A.inverse.dtype))
    bend, V = np.linalg.eigh((B.T @ B).astype(np.float64))
    U = Q @ V
    bend += ridge @ (U * U)
    delta = max(p - bend.sum(), 0.1 * p) / p
    kept = bend > delta * (1.0 + math.sqrt(p / m)) ** 2
    U, bend = U[:, kept], bend[kept]
    correction = (1.0 / bend - 1.0 / delta)[:, None]
    return lambda G: G / delta + U @ (correction * (U.T @ G))
