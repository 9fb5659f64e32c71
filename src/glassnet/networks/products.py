"""Matrix products: a large one in blocks, so that none is deaf to Ctrl-C, and on several threads the same bits as on one.

BLAS adds in an order that depends on its number of threads, so its last digits do. While `shared_by` holds, every product is cut into
the same blocks of rows or columns whatever the number of threads, each block is one call on one BLAS thread, and the threads take
blocks in turn: no sum is parted, so no bit depends on who computes what.

Shapes   X (n, k)   W (k, m)   out (n, m)
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

LONGEST_PRODUCT = 800_000_000
"""Multiplications of float64 in one call to BLAS, twice as many of float32: some hundredths of a second, after which Ctrl-C is heard."""
SHARES = 8
"""Blocks that a large shared product is cut into: as many threads can work on it. Smaller ones are cut into 4, or 2."""
LEAST_SHARED = 8_000_000
"""Multiplications from which a product is cut into shares; waking a thread costs as much as a smaller one."""
LEAST_SHARE = 16_000_000
"""Multiplications in a share of more than two: BLAS prepares its arguments for every block anew."""

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


def is_shared() -> bool:
    """Whether products are cut into shares now: whoever would rather call BLAS whole must use `multiply` instead."""
    return _threads > 0


def multiply(X: Any, W: Array, out: Array) -> None:
    """out <- X W, for an array or a SciPy sparse X."""
    if not isinstance(X, np.ndarray):
        out[...] = X @ W
        return
    if X.shape[1] == 1:  # below a single output: nothing is summed, and BLAS takes three times as long over it
        np.multiply(X, W, out=out)
        return
    n = len(X)
    work = n * X.shape[1] * W.shape[1]
    if not _threads or work < LEAST_SHARED:
        _in_blocks(X, W, out)
        return
    columns = W.shape[1] > n  # the longer side of the product is cut
    length = W.shape[1] if columns else n
    shares = SHARES
    while shares > 2 and work < shares * LEAST_SHARE:
        shares //= 2
    size = -(-length // shares)
    blocks = [slice(start, start + size) for start in range(0, length, size)]

    def share(first: int) -> None:
        for block in blocks[first::_threads]:
            if columns:
                _in_blocks(X, W[:, block], out[:, block])
            else:
                _in_blocks(X[block], W, out[block])

    others = [] if _pool is None else [_pool.submit(share, first) for first in range(1, min(_threads, len(blocks)))]
    try:
        share(0)
    finally:
        for other in others:
            other.result()


def _in_blocks(X: Array, W: Array, out: Array) -> None:
    """The product in one call, or tile by tile: as square as can be, for BLAS copies the sides of a tile before it multiplies."""
    n, inner, m = len(X), X.shape[1], W.shape[1]
    most = LONGEST_PRODUCT * 8 // max(4, X.dtype.itemsize)
    if n * inner * m <= most:
        np.matmul(X, W, out=out)
        return
    tile = max(1, most // inner)  # numbers of out
    rows = min(n, max(math.isqrt(tile), tile // m))
    columns = min(m, max(1, tile // rows))
    for i in range(0, n, rows):
        for j in range(0, m, columns):
            np.matmul(X[i : i + rows], W[:, j : j + columns], out=out[i : i + rows, j : j + columns])
