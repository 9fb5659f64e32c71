"""The three matrix products of a Boltzmann machine for rows that are mostly 0, as binary data and samples are, and for few rows.

    Z = V W       Z_r += v_ri W_i      where v_ri is not 0, four i at a time
    W += s V' H   W_i += s v_ri H_r    where v_ri is not 0, four r at a time
    F = H W'      F_ri = H_r . W_i     four r at a time

Four terms at a time, so that what is summed is loaded and stored a quarter as often; the rows of Z and H stay in the first cache.
BLAS is faster for denser rows, and for F where there are more than ``FEW``.

Shapes   V, F (n, n_visible)   H, Z (n, n_hidden)   W (n_visible, n_hidden)
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.maths.compiling import kernel

Array = NDArray[Any]

ROWS = 32
FEW = 24
SHARE = 0.3
"""Of numbers that are not 0, up to which skipping the others pays."""


def readable(X: Array, W: Array) -> bool:
    """True where the arrays lie as the kernels read them."""
    return X.ndim == 2 and X.dtype == W.dtype and X.flags.c_contiguous and W.flags.c_contiguous


def few(H: Array, W: Array) -> bool:
    """True where ``dots`` is faster than BLAS."""
    return len(H) <= FEW and readable(H, W)


def mostly_zero(V: Array, W: Array) -> bool:
    """True where ``rows_times`` and ``add_outer`` are faster than BLAS."""
    return readable(V, W) and bool(np.count_nonzero(V) <= SHARE * V.size)


@kernel
def rows_times(V: Array, W: Array, Z: Array) -> None:
    """Z <- V W."""
    zero = V.dtype.type(0)
    Z[:] = zero
    places = np.empty(V.shape[1] + 1, np.int64)
    for r in range(V.shape[0]):
        v, z = V[r], Z[r]
        found = 0
        for i in range(v.size):
            places[found] = i
            found += 1 if v[i] != zero else 0
        fours = found // 4 * 4
        for k in range(0, fours, 4):
            i0, i1, i2, i3 = places[k], places[k + 1], places[k + 2], places[k + 3]
            v0, v1, v2, v3 = v[i0], v[i1], v[i2], v[i3]
            w0, w1, w2, w3 = W[i0], W[i1], W[i2], W[i3]
            for j in range(z.size):
                z[j] += (v0 * w0[j] + v1 * w1[j]) + (v2 * w2[j] + v3 * w3[j])
        for k in range(fours, found):
            w = W[places[k]]
            for j in range(z.size):
                z[j] += v[places[k]] * w[j]


@kernel
def add_outer(V: Array, H: Array, share: float, W: Array) -> None:
    """W <- W + share V' H."""
    zero, s = V.dtype.type(0), V.dtype.type(share)
    places = np.empty(V.shape[0] + 1, np.int64)
    for i in range(W.shape[0]):
        w = W[i]
        found = 0
        for r in range(V.shape[0]):
            places[found] = r
            found += 1 if V[r, i] != zero else 0
        fours = found // 4 * 4
        for k in range(0, fours, 4):
            r0, r1, r2, r3 = places[k], places[k + 1], places[k + 2], places[k + 3]
            c0, c1, c2, c3 = s * V[r0, i], s * V[r1, i], s * V[r2, i], s * V[r3, i]
            h0, h1, h2, h3 = H[r0], H[r1], H[r2], H[r3]
            for j in range(w.size):
                w[j] += (c0 * h0[j] + c1 * h1[j]) + (c2 * h2[j] + c3 * h3[j])
        for k in range(fours, found):
            c, h = s * V[places[k], i], H[places[k]]
            for j in range(w.size):
                w[j] += c * h[j]


@kernel
def dots(H: Array, W: Array, F: Array) -> None:
    """F <- H W'."""
    zero = H.dtype.type(0)
    n = H.shape[0]
    for start in range(0, n, ROWS):
        stop = min(n, start + ROWS)
        fours = start + (stop - start) // 4 * 4
        for i in range(W.shape[0]):
            w = W[i]
            for r in range(start, fours, 4):
                h0, h1, h2, h3 = H[r], H[r + 1], H[r + 2], H[r + 3]
                s0, s1, s2, s3 = zero, zero, zero, zero
                for j in range(w.size):
                    s0 += w[j] * h0[j]
                    s1 += w[j] * h1[j]
                    s2 += w[j] * h2[j]
                    s3 += w[j] * h3[j]
                F[r, i] = s0
                F[r + 1, i] = s1
                F[r + 2, i] = s2
                F[r + 3, i] = s3
            for r in range(fours, stop):
                h = H[r]
                s = zero
                for j in range(w.size):
                    s += w[j] * h[j]
                F[r, i] = s
