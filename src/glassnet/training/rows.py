"""The rows that a network learns from, and the batches they are handed out in.

Rows are gathered in shuffled order into one buffer, converted to the network's dtype on the way, so X may stay what it is: float,
unsigned bytes, memory-mapped or sparse. An X that has ``gather_into(rows, out)`` fills the buffer itself: pictures become features there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.maths.compiling import kernel

Array = NDArray[Any]

WIDE = 256
"""Columns from which four rows at a time are gathered faster than one, where nothing is converted."""


@kernel
def gather(X: Array, rows: Array, out: Array) -> None:
    """out[i] <- X[rows[i]], converted to the dtype of ``out``."""
    for i in range(rows.size):
        row = rows[i]
        for j in range(X.shape[1]):
            out[i, j] = X[row, j]


@kernel
def gather_wide(X: Array, rows: Array, out: Array) -> None:
    """The same, four rows at a time: while one is awaited from memory, the others are on their way."""
    n = rows.size
    fours = n // 4 * 4
    for i in range(0, fours, 4):
        a, b, c, d = rows[i], rows[i + 1], rows[i + 2], rows[i + 3]
        for j in range(X.shape[1]):
            out[i, j], out[i + 1, j], out[i + 2, j], out[i + 3, j] = X[a, j], X[b, j], X[c, j], X[d, j]
    for i in range(fours, n):
        row = rows[i]
        for j in range(X.shape[1]):
            out[i, j] = X[row, j]


@dataclass(frozen=True)
class Rows:
    """X (n, n_in), y (n, n_outputs) in the network's dtype, weight (n,) with mean 1 or None; of these, the rows in ``index``.

    X is an array of any numeric dtype, a SciPy CSR matrix, or whatever has shape and dtype, gives arrays when it is sliced or indexed, and
    fills a batch by ``gather_into(rows, out)``. ``index`` leaves the held-out rows where they are, so that the data need not
    be copied; None takes every row. ``unit`` is the mean of the weights as the user gave them: penalties are divided by it, so that the
    minimum is that of  sum w L + penalty  whatever the scale of w.
    """

    X: Any
    y: Array
    weight: Array | None = None
    index: Array | None = None
    unit: float = 1.0

    def __len__(self) -> int:
        return int(self.X.shape[0]) if self.index is None else len(self.index)

    @classmethod
    def of(cls, X: Any, y: Array, weight: Array | None = None, index: Array | None = None) -> Rows:
        """Rows with the weights scaled to mean 1 over ``index``, so that weight k on a row counts as the row k times."""
        if weight is None:
            return cls(X, y, None, index)
        unit = float((weight if index is None else weight[index]).mean(dtype=np.float64))
        if not unit > 0:
            raise ValueError("the weights of the rows to learn from or to watch are all 0. Give some of them a weight above 0.")
        return cls(X, y, (weight / unit).astype(y.dtype), index, unit)

    def order(self) -> Array:
        """The numbers of the rows, in their first order."""
        return np.arange(len(self)) if self.index is None else self.index.copy()

    def gathered(self) -> Rows:
        """The same rows as arrays of their own, without ``index``."""
        if self.index is None:
            return self
        weight = None if self.weight is None else self.weight[self.index]
        return Rows(self.X[self.index], self.y[self.index], weight, None, self.unit)

    def blocks(self, size: int) -> Iterator[tuple[Any, Array, Array | None]]:
        """(X, y, weight) of ``size`` rows at a time, in order; X in the dtype of y."""
        for start in range(0, len(self), size):
            part: Any = slice(start, start + size) if self.index is None else self.index[start : start + size]
            X = self.X[part]
            if X.dtype != self.y.dtype:
                X = X.astype(self.y.dtype)
            yield X, self.y[part], None if self.weight is None else self.weight[part]


class Batches:
    """Hands out ``rows`` in batches of ``size``, in any order, through buffers that are made once."""

    def __init__(self, rows: Rows, size: int) -> None:
        self.rows = rows
        self.size = min(size, len(rows))
        self._gather = getattr(rows.X, "gather_into", None) or self._from_array
        dense = isinstance(rows.X, np.ndarray) or hasattr(rows.X, "gather_into")
        self._X = np.empty((self.size, rows.X.shape[1]), rows.y.dtype) if dense else None
        self._y = np.empty((self.size, rows.y.shape[1]), rows.y.dtype)
        self._weight = None if rows.weight is None else np.empty(self.size, rows.y.dtype)

    def __call__(self, order: Array) -> Iterator[tuple[Any, Array, Array | None]]:
        """(X, y, weight) batch by batch; the arrays are overwritten by the next batch."""
        for start in range(0, len(order), self.size):
            chosen = order[start : start + self.size]
            n = len(chosen)
            if self._X is not None:
                X = self._X[:n]
                self._gather(chosen, X)
            else:
                X = self.rows.X[chosen]
            gather(self.rows.y, chosen, self._y[:n])
            if self._weight is None:
                yield X, self._y[:n], None
            else:
                assert self.rows.weight is not None
                np.take(self.rows.weight, chosen, out=self._weight[:n], mode="clip")
                yield X, self._y[:n], self._weight[:n]

    def _from_array(self, chosen: Array, out: Array) -> None:
        X = self.rows.X
        (gather_wide if X.shape[1] >= WIDE and X.dtype == out.dtype else gather)(X, chosen, out)
