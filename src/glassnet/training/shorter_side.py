"""A single layer on far fewer rows than features, descended on the shorter side: n + k numbers per output in place of p.

    K = X X' = E diag(l) E'      A = E l^-1/2                     X'A is orthonormal and spans the rows
    W = X'A U + q V              x'W = (x'X'A) U + x'q V          |W|^2 = |U|^2 + |V|^2

q is an orthonormal basis of what the first weights have beside the rows: no row sees it, only the penalty does. The gradient of a loss is
a combination of the rows, so a descent that adds up gradients never leaves this space. It takes the same steps here, to rounding, on the
features (x'X'A, x'q). (The largest component of the gradient, by which some stop, is that of these coordinates.)

Shapes   X (n, p)   K, E (n, n)   A (n, r)   W (p, k)   U (r, k)   q (p, k)   V (k, k)
Source   the representer theorem: Kimeldorf & Wahba (1971), J. Math. Anal. Appl. 33, 82-95.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from glassnet.networks.network import Network
from glassnet.training.loop import Observer
from glassnet.training.rows import Rows

Array = NDArray[Any]

MOST_ROWS = 500
"""Beyond it K and its eigenvectors, n^2 p + 10 n^3 multiplications, cost about as much as the descent. Measured on photos of 64 x 64
pixels in colour (p = 12,288): 1.1 to 2.9 times as fast with 200 rows, 0.7 to 1.6 with 640."""
FEATURES_A_ROW = 8
WORTHWHILE = 1_000_000
"""Numbers in X below which any descent is over in a moment."""
BLOCK_BYTES = 2**27  # of rows in float64 at a time


class ShorterSide:
    """The same training on n + k features: ``network``, ``rows`` and ``theta`` are those of the shorter side."""

    def __init__(self, network: Network, rows: Rows, theta: Array, K: Array) -> None:
        self._long, self._rows, self._dtype = network, rows, theta.dtype
        ((W, b),) = network.layout.views(theta)
        self._W = W.copy()
        spread, directions = scipy.linalg.eigh(K)
        kept = spread > max(spread[-1], 0.0) * len(K) * np.finfo(np.float64).eps
        root = np.sqrt(spread[kept])
        self._A = directions[:, kept] / root
        U = self._A.T @ np.concatenate([X @ self._W for X in _blocks(rows)])
        self._q, V = np.linalg.qr(self._W - self._combined(self._A @ U))
        features = np.hstack([directions[:, kept] * root, np.zeros((len(K), len(V)))])  # q is at right angles to the rows
        self.rows = _with_features(rows, features)
        self.network = replace(network, layers=(replace(network.layers[0], n_in=len(U) + len(V)),))
        self.theta = self.network.layout.pack([np.concatenate([U, V])], [b], theta.dtype)
        self._first = self.network.layout.views(self.theta)[0][0].copy()

    @classmethod
    def where_it_pays(cls, network: Network, rows: Rows, theta: Array) -> Self | None:
        """The shorter side of one layer without an L1 penalty, or None where the descent is as fast without it."""
        n, p = len(rows), network.layers[0].n_in
        dense = isinstance(rows.X, np.ndarray)
        if len(network.layers) > 1 or not dense or n > MOST_ROWS or p < FEATURES_A_ROW * n or n * p < WORTHWHILE:
            return None
        with np.errstate(over="ignore", invalid="ignore"):
            K = _inner_products(rows)
        return cls(network, rows, theta, K) if np.isfinite(K).all() else None

    def expand_into(self, theta: Array) -> None:
        """theta <- the weights over all features that ``self.theta`` stands for."""
        theta[:] = self._expanded(self.theta)

    def told(self, observers: Sequence[Observer], theta: Array) -> Sequence[Observer]:
        """The observers, who find the weights over all features in ``theta`` when they are told."""
        return (lambda row: self.expand_into(theta), *observers) if observers else ()

    def _expanded(self, theta: Array) -> Array:
        """W <- W0 + X'A (U - U0) + q (V - V0): what has moved is a sum of gradients, so that rounding is no more than theirs."""
        ((short, b),) = self.network.layout.views(theta)
        moved = short - self._first
        r = self._A.shape[1]
        W = self._W + self._combined(self._A @ moved[:r]) + self._q @ moved[r:]
        return self._long.layout.pack([W], [b], self._dtype)

    def _combined(self, C: Array) -> Array:
        """X'C (p, k), multiplied in the dtype of the rows."""
        total: Array = np.zeros((self._long.layers[0].n_in, C.shape[1]))
        done = 0
        for X in _blocks(self._rows):
            total += X.T @ C[done : done + len(X)].astype(X.dtype)
            done += len(X)
        return total


def _blocks(rows: Rows) -> Iterator[Array]:
    """X some rows at a time, in the dtype of y."""
    return (X for X, _, _ in rows.blocks(max(1, BLOCK_BYTES // (8 * rows.X.shape[1]))))


def _inner_products(rows: Rows) -> Array:
    """K, in float64."""
    strips = []
    for i, a in enumerate(_blocks(rows)):
        exact = a.astype(np.float64)
        strips.append([exact @ (exact if i == j else b.astype(np.float64)).T for j, b in enumerate(_blocks(rows))])
    return np.block(strips)


def _with_features(rows: Rows, features: Array) -> Rows:
    """These rows with other features, without ``index``."""
    y, weight, index = rows.y, rows.weight, rows.index
    if index is not None:
        y, weight = y[index], None if weight is None else weight[index]
    return Rows(features.astype(rows.y.dtype), y, weight, None, rows.unit)
