"""Compiled loops over dense rows: moments of the columns, scaled rows, and one pass for cost and gradient together.

    raw prediction   z_n = w'x_n + b
    gradient         G = sum_n D_n x_n,  D = dL/dz

Rows are taken in their own dtype; part sums of some hundred rows are then added up in float64.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.checks import DataError
from glassnet.maths.compiling import kernel
from glassnet.maths.losses import value_and_delta

Array = NDArray[Any]

CALL_NUMBERS = 1 << 23
"""Numbers that a kernel reads in one call, before it comes back to Python, where Ctrl-C is heard."""


@kernel
def column_moments(X: Array, weight: Array, origin: Array, first: Array, second: Array) -> None:
    """first += sum_n s_n (x_n - origin), second += sum_n s_n (x_n - origin)^2; first, second (p,) float64, weight (n,) or empty."""
    n, p = X.shape
    part, square, s = np.zeros(p, X.dtype), np.zeros(p, X.dtype), np.empty(64, X.dtype)
    for start in range(0, n, 64):
        stop = min(start + 64, n)
        for i in range(stop - start):
            s[i] = weight[start + i] if weight.size > 0 else 1
        fours = start + (stop - start) // 4 * 4
        for i in range(start, fours, 4):
            x0, x1, x2, x3 = X[i], X[i + 1], X[i + 2], X[i + 3]
            s0, s1, s2, s3 = s[i - start], s[i - start + 1], s[i - start + 2], s[i - start + 3]
            for j in range(p):
                a, b, c, d = x0[j] - origin[j], x1[j] - origin[j], x2[j] - origin[j], x3[j] - origin[j]
                part[j] += s0 * a + s1 * b + s2 * c + s3 * d
                square[j] += s0 * a * a + s1 * b * b + s2 * c * c + s3 * d * d
        for i in range(fours, stop):
            for j in range(p):
                a = X[i, j] - origin[j]
                part[j] += s[i - start] * a
                square[j] += s[i - start] * a * a
        for j in range(p):
            first[j] += part[j]
            second[j] += square[j]
            part[j], square[j] = 0.0, 0.0


def dense_moments(X: Array, weight: Array) -> tuple[Array, Array]:
    """Weighted mean and variance of the columns of X, (p,) float64; weight (n,) or empty.

    Raises DataError for a column whose squares overflow float64.
    """
    first, second = np.zeros(X.shape[1]), np.zeros(X.shape[1])
    origin = X[int(np.argmax(weight))] if weight.size else X[0]
    size = max(64, CALL_NUMBERS // max(1, X.shape[1]) // 64 * 64)
    for start in range(0, len(X), size):
        column_moments(X[start : start + size], weight[start : start + size], origin, first, second)
    total = float(weight.sum(dtype=np.float64)) if weight.size else float(len(X))
    if total == 0.0:
        return first, second
    with np.errstate(over="ignore", invalid="ignore"):
        mean, variance = origin + first / total, np.maximum(second / total - (first / total) ** 2, 0.0)
    for j in np.flatnonzero(~np.isfinite(variance)):  # the squares overflow the dtype of X, or float64 too
        x, s = X[:, j].astype(np.float64), weight.astype(np.float64) if weight.size else None
        with np.errstate(over="ignore", invalid="ignore"):
            mean[j] = np.average(x, weights=s)
            variance[j] = np.average((x - mean[j]) ** 2, weights=s)
        if not np.isfinite(variance[j]):
            raise DataError(f"column {j} of X reaches {np.abs(x).max():.3g}, whose square overflows. Divide the column, or leave it out.")
    return mean, variance


@kernel
def scale_rows(X: Array, root: Array, centre: Array, inverse: Array, out: Array) -> None:
    """out[n] <- root_n ((x_n - centre) * inverse, inverse_0); out (n, p) or, with a bias, (n, p + 1)."""
    n, p = X.shape
    for i in range(n):
        r = root[i]
        for j in range(p):
            out[i, j] = (X[i, j] - centre[j]) * inverse[j] * r
        if out.shape[1] > p:
            out[i, p] = inverse[p] * r


@kernel
def raw_predictions(X: Array, W: Array, shift: Array, raw: Array) -> None:
    """raw <- X W' + shift, four rows and up to four outputs to each read; X (n, p), W (k, p), shift (k,), raw (n, k)."""
    n, p = X.shape
    k = len(W)
    fours, outputs = n - n % 4, k - k % 4
    zero = X.dtype.type(0.0)
    for i in range(0, fours, 4):
        x0, x1, x2, x3 = X[i], X[i + 1], X[i + 2], X[i + 3]
        for o in range(0, outputs, 4):
            w0, w1, w2, w3 = W[o], W[o + 1], W[o + 2], W[o + 3]
            a0, a1, a2, a3 = zero, zero, zero, zero
            b0, b1, b2, b3 = zero, zero, zero, zero
            c0, c1, c2, c3 = zero, zero, zero, zero
            d0, d1, d2, d3 = zero, zero, zero, zero
            for j in range(p):
                a0, a1, a2, a3 = a0 + x0[j] * w0[j], a1 + x0[j] * w1[j], a2 + x0[j] * w2[j], a3 + x0[j] * w3[j]
                b0, b1, b2, b3 = b0 + x1[j] * w0[j], b1 + x1[j] * w1[j], b2 + x1[j] * w2[j], b3 + x1[j] * w3[j]
                c0, c1, c2, c3 = c0 + x2[j] * w0[j], c1 + x2[j] * w1[j], c2 + x2[j] * w2[j], c3 + x2[j] * w3[j]
                d0, d1, d2, d3 = d0 + x3[j] * w0[j], d1 + x3[j] * w1[j], d2 + x3[j] * w2[j], d3 + x3[j] * w3[j]
            s0, s1, s2, s3 = shift[o], shift[o + 1], shift[o + 2], shift[o + 3]
            raw[i, o], raw[i, o + 1], raw[i, o + 2], raw[i, o + 3] = a0 + s0, a1 + s1, a2 + s2, a3 + s3
            raw[i + 1, o], raw[i + 1, o + 1], raw[i + 1, o + 2], raw[i + 1, o + 3] = b0 + s0, b1 + s1, b2 + s2, b3 + s3
            raw[i + 2, o], raw[i + 2, o + 1], raw[i + 2, o + 2], raw[i + 2, o + 3] = c0 + s0, c1 + s1, c2 + s2, c3 + s3
            raw[i + 3, o], raw[i + 3, o + 1], raw[i + 3, o + 2], raw[i + 3, o + 3] = d0 + s0, d1 + s1, d2 + s2, d3 + s3
        for o in range(outputs, k):
            w0 = W[o]
            z0, z1, z2, z3 = shift[o], shift[o], shift[o], shift[o]
            for j in range(p):
                z0 += x0[j] * w0[j]
                z1 += x1[j] * w0[j]
                z2 += x2[j] * w0[j]
                z3 += x3[j] * w0[j]
            raw[i, o], raw[i + 1, o], raw[i + 2, o], raw[i + 3, o] = z0, z1, z2, z3
    for i in range(fours, n):
        for o in range(k):
            x0, w0, z0 = X[i], W[o], shift[o]
            for j in range(p):
                z0 += x0[j] * w0[j]
            raw[i, o] = z0


@kernel
def add_rows(X: Array, delta: Array, total: Array) -> None:
    """total += delta' X, eight rows to each read of total; X (n, p), delta (n, k), total (k, p)."""
    n, p = X.shape
    k = len(total)
    eights = n - n % 8
    for i in range(0, eights, 8):
        x0, x1, x2, x3, x4, x5, x6, x7 = X[i], X[i + 1], X[i + 2], X[i + 3], X[i + 4], X[i + 5], X[i + 6], X[i + 7]
        for o in range(k):
            t = total[o]
            d0, d1, d2, d3 = delta[i, o], delta[i + 1, o], delta[i + 2, o], delta[i + 3, o]
            d4, d5, d6, d7 = delta[i + 4, o], delta[i + 5, o], delta[i + 6, o], delta[i + 7, o]
            for j in range(p):
                near = d0 * x0[j] + d1 * x1[j] + d2 * x2[j] + d3 * x3[j]
                t[j] += near + d4 * x4[j] + d5 * x5[j] + d6 * x6[j] + d7 * x7[j]
    for i in range(eights, n):
        for o in range(k):
            x0, t, d0 = X[i], total[o], delta[i, o]
            for j in range(p):
                t[j] += d0 * x0[j]


@kernel
def fused_pass(X: Array, y: Array, weight: Array, W: Array, shift: Array, code: int, shape: Array, run: int, G: Array, g: Array) -> float:
    """Return the cost; G += D'X and g += sum_n D_n in float64. y (n, k), weight (n,) or empty, W, G (k, p), shift, g (k,).

    ``run`` rows stay in the cache from the raw prediction to the gradient, so X is read from memory once.
    """
    n, p = X.shape
    k = len(W)
    raw, delta, part = np.empty((run, k), X.dtype), np.empty((run, k), X.dtype), np.zeros((k, p), X.dtype)
    cost, since = 0.0, 0
    for start in range(0, n, run):
        stop = min(start + run, n)
        rows, z, d = X[start:stop], raw[: stop - start], delta[: stop - start]
        raw_predictions(rows, W, shift, z)
        cost += value_and_delta(z, y[start:stop], weight[start:stop], d, code, shape)
        for o in range(k):
            for i in range(stop - start):
                g[o] += d[i, o]
        add_rows(rows, d, part)
        since += stop - start
        if since >= 512 or stop == n:
            for o in range(k):
                for j in range(p):
                    G[o, j] += part[o, j]
                    part[o, j] = 0.0
            since = 0
    return cost
