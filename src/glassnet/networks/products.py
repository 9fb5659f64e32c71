"""Matrix products: a large one in blocks, so that none is deaf to Ctrl-C, and on several threads the same bits as on one.

BLAS adds in an order that depends on its number of threads, so its last digits do. While `shared_by` holds, every product is cut into
the same blocks of rows or columns whatever the number of threads, each block is one call on one BLAS thread, and the threads take
blocks in turn: no sum is parted, so no bit depends on who computes what.

OpenBLAS copies the factors of a large product into an order of its own before it multiplies; a small one it multiplies where it lies, on
processors with AVX-512. Where it runs on one thread, a product of float32 of round sizes whose right factor stays in the cache is handed
over in small tiles, in one call of NumPy: 12 % faster at the median of 627 shapes (measured). Each number is one running sum then, whose
rounding is two or three times as large.

Shapes   X (n, k)   W (k, m)   out (n, m)
"""

from __future__ import annotations

import contextlib
import functools
import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
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

SMALL_PRODUCT = 1_000_000
"""Multiplications up to which OpenBLAS multiplies float32 without copying the factors first."""
TILE_COLUMNS, LEAST_TILE_ROWS, TILE_ROWS = 64, 8, 112
"""Columns of a tile, and rows at least and at most."""
SQUARE_TILE = 32
"""Rows and columns of a tile where the right factor is stored transposed: OpenBLAS takes no larger one without copying."""
LARGEST_FACTOR = 700_000
"""Numbers of a right factor that stays in the processor's cache while tile after tile reads it."""
LONGEST_SUM_LEFT_TRANSPOSED = 400
"""Numbers in a sum up to which tiles pay where the left factor is stored transposed: its numbers lie apart, and are slow to read."""
SHORTEST_SUM_RIGHT_TRANSPOSED, MOST_ROWS_RIGHT_TRANSPOSED = 128, 512
"""Numbers in a sum from which, and rows up to which, tiles pay where the right factor is stored transposed."""

_pool: ThreadPoolExecutor | None = None
_threads = 0
_tiles: ContextVar[bool] = ContextVar("_tiles", default=False)


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


@contextlib.contextmanager
def in_tiles(wanted: bool) -> Iterator[None]:
    """Hand this thread's products over in small tiles in the block: for a BLAS on one thread that multiplies small ones faster."""
    token = _tiles.set(wanted)
    try:
        yield
    finally:
        _tiles.reset(token)


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
    tiles = _tiles.get()
    if not _threads or work < LEAST_SHARED:
        _in_blocks(X, W, out, tiles)
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
                _in_blocks(X, W[:, block], out[:, block], tiles)
            else:
                _in_blocks(X[block], W, out[block], tiles)

    others = [] if _pool is None else [_pool.submit(share, first) for first in range(1, min(_threads, len(blocks)))]
    try:
        share(0)
    finally:
        for other in others:
            other.result()


def _in_blocks(X: Array, W: Array, out: Array, tiles: bool) -> None:
    """The product in one call, in small ``tiles`` if they pay; a long one in blocks as square as can be, for BLAS copies their sides."""
    n, inner, m = len(X), X.shape[1], W.shape[1]
    most = LONGEST_PRODUCT * 8 // max(4, X.dtype.itemsize)
    work = n * inner * m
    if work <= most:
        large = tiles and work > SMALL_PRODUCT and X.dtype == W.dtype == np.float32
        tile = _tile(n, inner, m, _is_transposed(X), _is_transposed(W)) if large else None
        if tile is None:
            np.matmul(X, W, out=out)
        else:
            rows, columns = tile
            left = X.reshape(n // rows, 1, rows, inner)
            right = W.reshape(inner, m // columns, columns).transpose(1, 0, 2)
            np.matmul(left, right, out=out.reshape(n // rows, rows, m // columns, columns).transpose(0, 2, 1, 3))
        return
    room = max(1, most // inner)  # numbers of out
    rows = min(n, max(math.isqrt(room), room // m))
    columns = min(m, max(1, room // rows))
    for i in range(0, n, rows):
        for j in range(0, m, columns):
            np.matmul(X[i : i + rows], W[:, j : j + columns], out=out[i : i + rows, j : j + columns])


def _is_transposed(A: Array) -> bool:
    return bool(A.strides[0] < A.strides[1])


@functools.lru_cache(1024)
def _tile(n: int, inner: int, m: int, left_transposed: bool, right_transposed: bool) -> tuple[int, int] | None:
    """(rows, columns) of the small tiles that ``out`` divides into without rest, or None where the whole product is as fast."""
    if inner * m > LARGEST_FACTOR or (left_transposed and right_transposed):
        return None
    if right_transposed:
        pays = inner >= SHORTEST_SUM_RIGHT_TRANSPOSED and n <= MOST_ROWS_RIGHT_TRANSPOSED and SQUARE_TILE**2 * inner <= SMALL_PRODUCT
        return (SQUARE_TILE, SQUARE_TILE) if pays and n % SQUARE_TILE == m % SQUARE_TILE == 0 else None
    if m % TILE_COLUMNS or (left_transposed and inner > LONGEST_SUM_LEFT_TRANSPOSED):
        return None
    most = min(TILE_ROWS, SMALL_PRODUCT // (TILE_COLUMNS * inner))
    fewest = max(LEAST_TILE_ROWS, -(-most // 3))
    rows = next((rows for rows in range(most // 4 * 4, fewest - 1, -4) if n % rows == 0), None)
    return None if rows is None else (rows, TILE_COLUMNS)
