"""One pass over the rows: every sum that the cost of a one-layer network and its derivatives are made of.

    raw       z_n = W'(x_n - m) + c                m: centre of the columns, 0 where there is no bias
    cost      sum_n s_n L(z_n, y_n)
    gradient  G = sum_n (x_n - m) D_n',  g = sum_n D_n                       D = s dL/dz
    product   the same two sums with D_n = C_n t_n,  t_n = V'(x_n - m) + v   C_n = s d2L/dz2, (k, k)
    Hessian   sum_n a_n a_n' (x) C_n,  a_n = ((x_n - m) / scale, 1 / scale_0)

Independent outputs have a diagonal C; softmax has C = s (diag(p) - p p').

Shapes   X (n, p) dense or CSR   y (n, k), or (n,) class numbers for softmax   s (n,) or empty   W, V, G (p, k)   c, v, g (k,)

Rows are taken block by block in their own dtype; sums over blocks are kept in float64. A dense block is read from memory once: its
rows stay in the cache between raw prediction and gradient.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from glassnet.checks import DataError
from glassnet.maths.losses import SOFTMAX, SQUARED, Loss, value_and_delta
from glassnet.training.blocks import square
from glassnet.training.row_kernels import dense_moments, fused_pass, scale_rows

Array = NDArray[Any]

BLOCK_BYTES = 1 << 20
"""Size of a block for the gradient: about half of a second-level cache."""
RUN_BYTES = 1 << 17
"""Size of a run of rows in the fused pass: it stays in the cache between raw prediction and gradient."""
CALL_BYTES = 1 << 26
"""Rows handed to the fused pass at a time: back to Python every few milliseconds, for Ctrl-C."""
FUSED_OUTPUTS = 16
"""Outputs up to which the fused pass is faster than matrix products."""
BLOCK_NUMBERS = 1 << 20
"""Numbers in a block for the Hessian: enough rows for the matrix product to run at full speed."""
ENOUGH_ROWS = 50_000
"""Rows from which centre and spread of the columns are taken where there are many more: any will do for preconditioning."""
FAR_FROM_ZERO = {"f": 30.0, "d": 1e4}
"""|centre| / deviation of a column from which it is subtracted before, not after, the product with W: digits would be lost."""


def spread_rows(n: int, count: int) -> Array:
    """``count`` of ``n`` row numbers, one at random from each of as many equal parts; the same every time."""
    places = (np.arange(count) + np.random.default_rng(0).random(count)) * (n / count)
    return np.minimum(places.astype(np.intp), n - 1)


class RowSums:
    """The sums of the table above over the rows X, y with weights s. Parameters come and sums go in float64."""

    def __init__(
        self,
        X: Any,
        y: Array,
        loss: Loss,
        weight: Array | None = None,
        *,
        n_outputs: int | None = None,
        centred: bool = True,
        moments: tuple[Array, Array] | None = None,
    ) -> None:
        self.sparse = sp.issparse(X)
        self.X = X.tocsr() if self.sparse else np.require(X, requirements=["C", "A"])
        self.dtype = self.X.dtype
        self.loss, self.y = loss, np.ascontiguousarray(y, None if y.ndim == 1 else self.dtype)
        self.n, self.p = X.shape
        self.k = y.shape[1] if y.ndim == 2 else n_outputs or int(y.max()) + 1
        self.weight = np.empty(0, self.dtype) if weight is None else np.ascontiguousarray(weight, self.dtype)
        self.total = float(self.n) if weight is None else float(self.weight.sum(dtype=np.float64))
        self.centred = centred
        self.mean, self.variance = self._moments() if moments is None else moments
        self.centre = self.mean.astype(self.dtype).astype(np.float64) if centred else np.zeros(self.p)
        deviation = np.sqrt(self.variance)
        far = np.abs(self.centre) > FAR_FROM_ZERO[self.dtype.char] * deviation
        self._subtract = not self.sparse and bool((far & (deviation > 0)).any())
        self._fused = not self.sparse and not self._subtract and self.k <= FUSED_OUTPUTS
        self._sparse_blocks = list(self._cut()) if self.sparse else []
        self._buffers: dict[str, Array] = {}

    def take(self, rows: Array) -> RowSums:
        """The sums over some rows only, about the same centre."""
        weight = self.weight[rows] if self.weight.size else None
        moments = (self.mean, self.variance)
        return RowSums(self.X[rows], self.y[rows], self.loss, weight, n_outputs=self.k, centred=self.centred, moments=moments)

    def cost_and_gradient(self, W: Array, c: Array) -> tuple[float, Array, Array]:
        """Return cost, G (p, k) and g (k,)."""
        return self._gradient(W, c, self.y, self.weight, self.loss.code, self.loss.shape)

    def curvature(self, W: Array, c: Array) -> Array:
        """What ``product`` needs to know of C, (n, k): its diagonal; for softmax the probabilities p."""
        curved = np.empty((self.n, self.k), self.dtype)
        for rows, block in self._blocks():
            raw = self._raw(block, W, c)
            if self.loss.code == SOFTMAX:
                self.loss.predict(raw, curved[rows])
            else:
                curved[rows] = self.loss.curvature(raw, self.weight[rows] if self.weight.size else None)
        return curved

    def product(self, curved: Array, V: Array, v: Array) -> tuple[Array, Array]:
        """The sums G and g with D = C t: the Hessian times (V, v), before any scaling."""
        if self._fused and self.k == 1:
            _, G, g = self._gradient(V, v, np.zeros((self.n, 1), self.dtype), curved[:, 0], SQUARED, self.loss.shape)
            return G, g
        G, g = np.zeros((self.p, self.k)), np.zeros(self.k)
        for rows, block in self._blocks():
            t = self._raw(block, V, v)
            if self.loss.code == SOFTMAX:
                p = curved[rows]
                t -= np.einsum("nk,nk->n", p, t)[:, None]
                if self.weight.size:
                    t *= self.weight[rows, None]
            t *= curved[rows]
            G += block.T @ t
            g += t.sum(axis=0, dtype=np.float64)
        return self._about_centre(G, g), g

    def hessian(self, W: Array, c: Array, scale: Array, features: Array | None = None) -> Array:
        """The Hessian's sum in coordinates scale * (W, c): (q k, q k), q = len(scale); ``features`` picks columns of X."""
        q, k = len(scale), self.k
        inverse = (1.0 / scale).astype(self.dtype)
        centre = (self.centre if features is None else self.centre[features]).astype(self.dtype)
        size = min(self.n, max(BLOCK_NUMBERS // (q * k), 64 + q * k // 2))
        total = np.zeros((k, q, k, q))
        scaled, wide = np.empty((size, q), self.dtype), np.empty((size, q * k if self.loss.code == SOFTMAX else 0), self.dtype)
        for rows, block in self._blocks(size, subtract=False):
            raw = self._raw(self._centred(block), W, c)
            weight = self.weight[rows] if self.weight.size else None
            columns = block if features is None else block[:, features]
            dense = columns.toarray() if self.sparse else columns
            A, m = scaled[: len(raw)], len(raw)
            if self.loss.code == SOFTMAX:
                self.loss.predict(raw, raw)
                others = np.stack([raw[:, :j].sum(axis=1) + raw[:, j + 1 :].sum(axis=1) for j in range(k)], axis=1)  # 1 - p, all digits
                bend = raw * others if weight is None else raw * others * weight[:, None]
                root = raw if weight is None else raw * np.sqrt(weight)[:, None]
                for j in range(k):
                    scale_rows(dense, root[:, j], centre, inverse, wide[:m, j * q : (j + 1) * q])
                total -= square(wide[:m]).reshape(k, q, k, q) * (1.0 - np.eye(k))[:, None, :, None]
            else:
                bend = self.loss.curvature(raw, weight)
            for j in range(k):
                scale_rows(dense, np.sqrt(bend[:, j]), centre, inverse, A)
                total[j, :, j] += square(A)
        return total.transpose(1, 0, 3, 2).reshape(q * k, q * k)

    def raw_blocks(self, W: Array, c: Array) -> Iterator[tuple[slice, Array]]:
        """(rows, z) block by block; z is overwritten by the next block."""
        for rows, block in self._blocks():
            yield rows, self._raw(block, W, c)

    # ---- blocks

    def _cut(self) -> Iterator[tuple[slice, Any]]:
        """CSR blocks that share the memory of X, with several non-zeros per column so that adding up G costs little."""
        numbers = max(1 << 18, 16 * self.p)
        size = max(1, int(self.n * min(1.0, numbers / max(self.X.nnz, 1))))
        for start in range(0, self.n, size):
            rows = slice(start, min(start + size, self.n))
            begin, end = self.X.indptr[rows.start], self.X.indptr[rows.stop]
            pointers = self.X.indptr[rows.start : rows.stop + 1] - begin
            parts = (self.X.data[begin:end], self.X.indices[begin:end], pointers)
            yield rows, sp.csr_array(parts, shape=(rows.stop - rows.start, self.p))

    def _blocks(self, size: int = 0, *, subtract: bool = True) -> Iterator[tuple[slice, Any]]:
        """(rows, X of these rows), centred where digits would be lost otherwise."""
        if self.sparse and not size:
            yield from self._sparse_blocks
            return
        size = size or max(64, BLOCK_BYTES // (self.dtype.itemsize * max(self.p, self.k)))
        for start in range(0, self.n, size):
            rows = slice(start, min(start + size, self.n))
            yield rows, self._centred(self.X[rows]) if subtract else self.X[rows]

    def _centred(self, block: Any) -> Any:
        if not self._subtract:
            return block
        return np.subtract(block, self.centre.astype(self.dtype), out=self._buffer("block", block.shape))

    def _buffer(self, name: str, shape: tuple[int, ...]) -> Array:
        """An array of this shape, made when first asked for and used again."""
        size = math.prod(shape)
        if name not in self._buffers or self._buffers[name].size < size:
            self._buffers[name] = np.empty(size, self.dtype)
        return self._buffers[name][:size].reshape(shape)

    # ---- sums

    def _gradient(self, W: Array, c: Array, y: Array, weight: Array, code: int, shape: Array) -> tuple[float, Array, Array]:
        G, g, cost = np.zeros((self.p, self.k)), np.zeros(self.k), 0.0
        if self._fused:
            W_rows, shift = np.ascontiguousarray(W.T, self.dtype), self._shift(W, c).astype(self.dtype)
            row_bytes, G_rows = self.dtype.itemsize * max(self.p, 1), np.zeros((self.k, self.p))
            run, size = min(1024, max(8, RUN_BYTES // row_bytes // 8 * 8)), max(1024, CALL_BYTES // (row_bytes * max(1, self.k // 2)))
            for start in range(0, self.n, size):
                rows = slice(start, min(start + size, self.n))
                targets = self._targets(y, rows)
                cost += fused_pass(self.X[rows], targets, weight[rows], W_rows, shift, code, shape, run, G_rows, g)
            return cost, self._about_centre(G_rows.T, g), g
        for rows, block in self._blocks():
            raw = self._raw(block, W, c)
            delta = self._buffer("delta", raw.shape)
            cost += value_and_delta(raw, self._targets(y, rows), weight[rows] if weight.size else weight, delta, code, shape)
            G += block.T @ delta
            g += delta.sum(axis=0, dtype=np.float64)
        return cost, self._about_centre(G, g), g

    def _targets(self, y: Array, rows: slice) -> Array:
        """Rows of y; class numbers become one-hot rows."""
        if y.ndim == 2:
            return y[rows]
        one_hot = self._buffer("one-hot", (rows.stop - rows.start, self.k))
        one_hot[...] = 0.0
        one_hot[np.arange(len(one_hot)), y[rows]] = 1.0
        return one_hot

    def _shift(self, W: Array, c: Array) -> Array:
        return c if self._subtract else c - self.centre @ W

    def _raw(self, block: Any, W: Array, c: Array) -> Array:
        """z of a block, (rows, k) in the dtype of X."""
        W_cast = W.astype(self.dtype)
        raw = block @ W_cast if self.sparse else np.matmul(block, W_cast, out=self._buffer("raw", (block.shape[0], self.k)))
        raw += self._shift(W, c).astype(self.dtype)
        return raw

    def _about_centre(self, G: Array, g: Array) -> Array:
        """G with x_n - m in the place of x_n."""
        return G if self._subtract else G - np.outer(self.centre, g)

    def _moments(self) -> tuple[Array, Array]:
        """Weighted mean and variance of the columns, (p,) float64."""
        if self.sparse:
            weight = self.weight.astype(np.float64) if self.weight.size else np.ones(self.n)
            mean, variance = np.zeros(self.p), np.zeros(self.p)
            with np.errstate(over="ignore", invalid="ignore"):
                for where, block in self._cut():
                    mean += block.T @ weight[where]
                    squares = block.astype(np.float64)
                    squares.data *= squares.data
                    variance += squares.T @ weight[where]
                mean /= self.total
                variance = np.maximum(variance / self.total - mean * mean, 0.0)
            if len(wrong := np.flatnonzero(~np.isfinite(variance))):
                raise DataError(f"column {wrong[0]} of X has numbers whose square overflows. Divide the column, or leave it out.")
            return mean, variance
        if self.n > 4 * ENOUGH_ROWS:
            rows = spread_rows(self.n, ENOUGH_ROWS)
            mean, variance = dense_moments(self.X[rows], self.weight[rows] if self.weight.size else self.weight)
            if (variance > 0.0).all():
                return mean, variance
        return dense_moments(self.X, self.weight)
