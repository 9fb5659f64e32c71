"""Matrix products: a large one in blocks of rows, so that none is deaf to Ctrl-C, and on several threads the same bits as on one.

BLAS adds in an order that depends on its number of threads, so its last digits do. While `shared_by` holds, every product is cut into
the same blocks of rows or columns whatever the number of threads, each block is one call on one BLAS thread, and the threads take
blocks in turn: no sum is parted, so no bit depends on who computes what.

Shapes   X (n, k)   W (k, m)   out (n, m)
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

LONGEST_PRODUCT = 400_000_000
"""Multiplications in one call to BLAS: a few hundredths of a second, after which Ctrl-C is heard."""
SHARES = 8
"""Blocks that a shared product is cut into: as many threads can work on it."""
LEAST_SHARED = 8_000_000
"""Multiplications from which a product is cut into shares; waking a thread costs as much as a smaller one."""

_pool: ThreadPoolExecutor | None = None
_threads = 0


@contextlib.contextmanager
def shared_by(threads: int) -> Iterator[None]:
    """Cut products in the block into shares, for ``threads`` threads; the caller sees to it that BLAS itself uses one."""
    global _pool, _threads
    before = _pool, _threads
    _pool, _threads = (ThreadPoolExecutor(threads - 1, "glassnet-products") if threads > 1 else None), threads
    try:
        yield
    finally:
        if _pool is not None:
            _pool.shutdown()
        _pool, _threads = before


def multiply(X: Any, W: Array, out: Array) -> None:
    """out <- X W, for an array or a SciPy sparse X."""
    if not isinstance(X, np.ndarray):
        out[...] = X @ W
        return
    n, row = len(X), X.shape[1] * W.shape[1]
    if not _threads or n * row < LEAST_SHARED:
        _in_blocks(X, W, out, row)
        return
    columns = W.shape[1] > n  # the longer side of the product is cut
    length = W.shape[1] if columns else n
    size = -(-length // SHARES)
    blocks = [slice(start, start + size) for start in range(0, length, size)]

    def share(first: int) -> None:
        for block in blocks[first::_threads]:
            if columns:
                part = W[:, block]
                _in_blocks(X, part, out[:, block], X.shape[1] * part.shape[1])
            else:
                _in_blocks(X[block], W, out[block], row)

    others = [] if _pool is None else [_pool.submit(share, first) for first in range(1, min(_threads, len(blocks)))]
    try:
        share(0)
    finally:
        for other in others:
            other.result()


def _in_blocks(X: Array, W: Array, out: Array, row: int) -> None:
    """The product in one call, or in several of LONGEST_PRODUCT multiplications; ``row`` is how many one row takes."""
    if len(X) * row <= LONGEST_PRODUCT:
        np.matmul(X, W, out=out)
        return
    size = max(1, LONGEST_PRODUCT // row)
    for start in range(0, len(X), size):
        np.matmul(X[start : start + size], W, out=out[start : start + size])
