"""Matrix products: a large one in blocks, so that none is deaf to Ctrl-C, and on several threads the same bits as on one.

BLAS adds in an order that depends on its number of threads, so its last digits do. While `shared_by` holds, every product is cut into
the same blocks of rows or columns whatever the number of threads, each block is one call on one BLAS thread, and the threads take
blocks in turn: no sum is parted, so no bit depends on who computes what.

OpenBLAS copies the factors of a large product into an order of its own before it multiplies; a small one it multiplies where it lies, on
processors with AVX-512. Where it runs on one thread, a product of single precision that divides evenly is therefore handed over in small
tiles, in one call of NumPy: 5 to 40 % faster (measured).

Shapes   X (n, k)   W (k, m)   out (n, m)
"""

from __future__ import annotations

import contextlib
import functools
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

SMALL_PRODUCT = 1_000_000
"""Multiplications up to which OpenBLAS multiplies float32 without copying the factors first."""
TILE_COLUMNS, TILE_ROWS = 64, 112
"""Columns of a tile, and rows at most, in multiples of 4; a right factor that is stored transposed is taken in tiles of 32 by 32."""
LONGEST_ACROSS = 400
"""Numbers in a sum up to which tiles pay where the left factor is stored transposed: further apart than these, they are slow to read."""
SHORTEST_ALONG, MOST_ROWS_ALONG = 128, 512
"""Numbers in a sum from which, and rows up to which, tiles pay where the right factor is stored transposed."""

_pool: ThreadPoolExecutor | None = None
_threads = 0
_tiles = False


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


def use_tiles(wanted: bool) -> None:
    """Hand products over in small tiles from now on, or no longer: for a BLAS on one thread that multiplies small ones faster."""
    global _tiles
    _tiles = wanted


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
        tile = _tile(n, inner, m, _is_transposed(X), _is_transposed(W)) if _tiles and X.dtype == W.dtype == np.float32 else None
        if tile is None:
            np.matmul(X, W, out=out)
        else:
            rows, columns = tile
            left = X.reshape(n // rows, 1, rows, inner)
            right = W.reshape(inner, m // columns, columns).transpose(1, 0, 2)
            np.matmul(left, right, out=out.reshape(n // rows, rows, m // columns, columns).transpose(0, 2, 1, 3))
        return
    tile = max(1, most // inner)  # numbers of out
    rows = min(n, max(math.isqrt(tile), tile // m))
    columns = min(m, max(1, tile // rows))
    for i in range(0, n, rows):
        for j in range(0, m, columns):
            np.matmul(X[i : i + rows], W[:, j : j + columns], out=out[i : i + rows, j : j + columns])


def _is_transposed(A: Array) -> bool:
    return bool(A.strides[0] < A.strides[1])


@functools.lru_cache(1024)
def _tile(n: int, inner: int, m: int, left: bool, right: bool) -> tuple[int, int] | None:
    """(rows, columns) of tiles that ``out`` divides into without rest, or None; ``left`` and ``right`` say which factor is transposed."""
    if n * inner * m <= SMALL_PRODUCT or (left and right):
        return None
    if right:
        worth = inner >= SHORTEST_ALONG and n <= MOST_ROWS_ALONG and n % 32 == m % 32 == 0
        return (32, 32) if worth and 32 * 32 * inner <= SMALL_PRODUCT else None
    if m % TILE_COLUMNS or (left and inner > LONGEST_ACROSS):
        return None
    most = min(TILE_ROWS, SMALL_PRODUCT // (TILE_COLUMNS * inner))
    rows = next((rows for rows in range(most // 4 * 4, 0, -4) if n % rows == 0), 0)
    return (rows, TILE_COLUMNS) if 2 * rows >= min(most, 16) else None
