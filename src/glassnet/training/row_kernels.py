"""Compiled loops over dense rows: moments of the columns, scaled rows, and one pass for cost and gradient together.

    raw prediction   z_n = w'x_n + b
    gradient         G = sum_n D_n x_n,  D = dL/dz

Rows are taken in their own dtype; part sums of some hundred rows are then added up in float64.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.maths.compiling import kernel
from glassnet.maths.losses import value_and_delta

Array = NDArray[Any]


@kernel
def column_moments(X: Array, weight: Array, origin: Array, first: Array, second: Array) -> None:
    """first += sum_n s_n (x_n - origin), second += sum_n s_n (x_n - origin)^2; first, second (p,) float64, weight (n,) or empty."""
    n, p = X.shape
    part, square = np.zeros(p, X.dtype), np.zeros(p, X.dtype)
    one = X.dtype.type(1.0)
    for start in range(0, n, 64):
        for i in range(start, min(start + 64, n)):
            row, s = X[i], weight[i] if weight.size > 0 else one
            for j in range(p):
                x = row[j] - origin[j]
                part[j] += s * x
                square[j] += s * x * x
        for j in range(p):
            first[j] += part[j]
            second[j] += square[j]
            part[j], square[j] = 0.0, 0.0


def dense_moments(X: Array, weight: Array) -> tuple[Array, Array]:
    """Weighted mean and variance of the columns of X, (p,) float64; weight (n,) or empty."""
    first, second = np.zeros(X.shape[1]), np.zeros(X.shape[1])
    origin = X[int(np.argmax(weight))] if weight.size else X[0]
    column_moments(X, weight, origin, first, second)
    total = float(weight.sum(dtype=np.float64)) if weight.size else float(len(X))
    if total == 0.0:
        return first, second
    return origin + first / total, np.maximum(second / total - (first / total) ** 2, 0.0)


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
def raw_predictions(X: Array, w: Array, bias: float, raw: Array) -> None:
    """raw <- X w + bias, four rows to each read of w; X (n, p), raw (n,)."""
    n, p = X.shape
    fours = n - n % 4
    for i in range(0, fours, 4):
        x0, x1, x2, x3 = X[i], X[i + 1], X[i + 2], X[i + 3]
        z0, z1, z2, z3 = bias, bias, bias, bias
        for j in range(p):
            z0 += x0[j] * w[j]
            z1 += x1[j] * w[j]
            z2 += x2[j] * w[j]
            z3 += x3[j] * w[j]
        raw[i], raw[i + 1], raw[i + 2], raw[i + 3] = z0, z1, z2, z3
    for i in range(fours, n):
        x0, z0 = X[i], bias
        for j in range(p):
            z0 += x0[j] * w[j]
        raw[i] = z0


@kernel
def add_rows(X: Array, delta: Array, total: Array) -> None:
    """total += X' delta, four rows to each read of total; X (n, p), delta (n,)."""
    n, p = X.shape
    fours = n - n % 4
    for i in range(0, fours, 4):
        x0, x1, x2, x3 = X[i], X[i + 1], X[i + 2], X[i + 3]
        d0, d1, d2, d3 = delta[i], delta[i + 1], delta[i + 2], delta[i + 3]
        for j in range(p):
            total[j] += d0 * x0[j] + d1 * x1[j] + d2 * x2[j] + d3 * x3[j]
    for i in range(fours, n):
        x0, d0 = X[i], delta[i]
        for j in range(p):
            total[j] += d0 * x0[j]


@kernel
def fused_pass(
    X: Array, y: Array, weight: Array, w: Array, shift: float, code: int, shape: Array, run: int, G: Array
) -> tuple[float, float]:
    """Return the cost of one output and sum D; G (p,) += X'D in float64. y (n,), weight (n,) or empty.

    ``run`` rows stay in the cache from the raw prediction to the gradient, so X is read from memory once.
    """
    n, p = X.shape
    raw, delta, part = np.empty(run, X.dtype), np.empty(run, X.dtype), np.zeros(p, X.dtype)
    bias = X.dtype.type(shift)
    cost, g, since = 0.0, 0.0, 0
    for start in range(0, n, run):
        stop = min(start + run, n)
        m = stop - start
        rows, z, d, t = X[start:stop], raw[:m], delta[:m], y[start:stop]
        raw_predictions(rows, w, bias, z)
        if weight.size > 0:
            cost += value_and_delta(z.reshape((m, 1)), t.reshape((m, 1)), weight[start:stop], d.reshape((m, 1)), code, shape)
        else:  # as the outputs of one row, for the loss runs over outputs at vector speed
            cost += value_and_delta(z.reshape((1, m)), t.reshape((1, m)), weight, d.reshape((1, m)), code, shape)
        for i in range(m):
            g += d[i]
        add_rows(rows, d, part)
        since += m
        if since >= 512 or stop == n:
            for j in range(p):
                G[j] += part[j]
                part[j] = 0.0
            since = 0
    return cost, g
