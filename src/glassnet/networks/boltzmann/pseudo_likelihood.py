"""The pseudo-likelihood: how well each visible unit, or group of them, is told by all others.

    log PL(v) = sum_i log P(v_i | all other v)
    bernoulli   log P(v_i | rest) = -softplus(d_i),   d_i = F(v) - F(v with v_i flipped to 1 - v_i)
                d_i = a_i e + sum_j log((1 - p_j) + p_j e^(e W_ij)),   e = 1 - 2 v_i,   p = P(h = 1 | v)
    softmax     log P(v_g | rest) = sum_{i in g} v_i f_i - log sum_{i in g} e^(f_i),
                f_i = a_i + sum_j softplus(x_j - sum_{l in g} v_l W_lj + W_ij),   x = b + u W
    gaussian    log p(v_i | rest) = g(v_i) - log integral of e^g(t) dt,      s = s_i
                g(t) = -(t - a_i)^2 / 2 s^2 + sum_j softplus(x_j + (t - v_i) W_ij / s^2)

Every unit is taken, none is drawn, so that the value belongs to the row alone. Where v_i is 0 or 1 a factor is read from a table of
e^W and e^-W, and products of ``chunk`` factors are formed before a logarithm; between 0 and 1 each softplus is computed.

e^g is a sum of 2^n_hidden normal curves of deviation s, with means from a_i + (sum of the W_ij below 0) to a_i + (sum of those above 0):
the trapezoidal rule from ``TAIL`` deviations below to as many above, in steps of ``STEP`` of them, is exact to e^-(2 pi^2 / STEP^2) or so.

Sources  Besag (1975), The Statistician 24, 179-195; Trefethen & Weideman (2014), SIAM Review 56, 385-458 (the trapezoidal rule).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.maths.compiling import kernel
from glassnet.maths.exponential import exp, log1p_unit
from glassnet.networks.boltzmann.machine import Machine, Parameters

Array = NDArray[Any]

LARGEST_EXPONENT = 600.0
ROWS = 64
CALL_STEPS = 15_000_000
"""Steps of a compiled loop in one call: some hundredths of a second, after which Ctrl-C is heard."""
TAIL, STEP = 9.0, 0.75


@kernel
def add_flips(
    V: Array, x: Array, p: Array, q: Array, W: Array, up: Array, down: Array, a: Array, columns: Array, chunk: int, out: Array
) -> None:
    """out <- out + sum over ``columns`` of log P(v_i | rest), all in float64; chunk 0 reads no table."""
    nh = W.shape[1]
    for c in range(columns.size):
        i = columns[c]
        w = W[i]
        for r in range(V.shape[0]):
            v = V[r, i]
            e = 1.0 - 2.0 * v
            total = 0.0
            if chunk > 0 and (v == 0.0 or v == 1.0):
                table = up[i] if v == 0.0 else down[i]
                pr, qr = p[r], q[r]
                for start in range(0, nh, chunk):
                    product = 1.0
                    for j in range(start, min(nh, start + chunk)):
                        product *= qr[j] + pr[j] * table[j]
                    total += np.log(product)
            else:
                xr = x[r]
                for j in range(nh):
                    flipped = xr[j] + e * w[j]
                    total += max(flipped, 0.0) - max(xr[j], 0.0) + log1p_unit(exp(-abs(flipped))) - log1p_unit(exp(-abs(xr[j])))
            d = total + e * a[i]
            out[r] -= max(d, 0.0) + log1p_unit(exp(-abs(d)))


@kernel
def add_choices(V: Array, x: Array, W: Array, a: Array, columns: Array, starts: Array, out: Array) -> None:
    """out <- out + sum over softmax groups of log P(v_g | rest), in float64."""
    nh = W.shape[1]
    rest = np.empty(nh)
    f = np.empty(columns.size)
    for r in range(V.shape[0]):
        for g in range(starts.size - 1):
            begin, end = starts[g], starts[g + 1]
            for j in range(nh):  # one by one, not rest[:]: see `compiling.py`
                rest[j] = x[r, j]
            for c in range(begin, end):
                i = columns[c]
                for j in range(nh):
                    rest[j] -= V[r, i] * W[i, j]
            top = -np.inf
            shown = 0.0
            for c in range(begin, end):
                i = columns[c]
                total = a[i]
                for j in range(nh):
                    s = rest[j] + W[i, j]
                    total += max(s, 0.0) + log1p_unit(exp(-abs(s)))
                f[c] = total
                top = max(top, total)
                shown += V[r, i] * total
            mass = 0.0
            for c in range(begin, end):
                mass += np.exp(f[c] - top)
            out[r] += shown - top - np.log(mass)


@kernel
def add_densities(V: Array, x: Array, W: Array, a: Array, z: Array, columns: Array, out: Array) -> None:
    """out <- out + sum over Gaussian ``columns`` of log p(v_i | rest), in float64."""
    nh = W.shape[1]
    rest, slope = np.empty(nh), np.empty(nh)
    for c in range(columns.size):
        i = columns[c]
        s, precision = np.exp(z[i] / 2.0), np.exp(-z[i])
        low, high = a[i] - TAIL * s, a[i] + TAIL * s
        for j in range(nh):
            slope[j] = W[i, j] * precision
            low += min(W[i, j], 0.0)
            high += max(W[i, j], 0.0)
        intervals = int(np.ceil((high - low) / (STEP * s)))
        step = (high - low) / intervals
        for r in range(V.shape[0]):
            v = V[r, i]
            shown = -((v - a[i]) ** 2) * precision / 2.0
            for j in range(nh):
                rest[j] = x[r, j] - v * slope[j]
                shown += max(x[r, j], 0.0) + log1p_unit(exp(-abs(x[r, j])))
            top, mass = -np.inf, 0.0
            for k in range(intervals + 1):
                t = low + k * step
                g = -((t - a[i]) ** 2) * precision / 2.0
                for j in range(nh):
                    y = rest[j] + t * slope[j]
                    g += max(y, 0.0) + log1p_unit(exp(-abs(y)))
                if g > top:
                    top, mass = g, mass * np.exp(top - g) + 1.0
                else:
                    mass += np.exp(g - top)
            out[r] += shown - top - np.log(mass * step)


def pseudo_log_likelihood(machine: Machine, p: Parameters, V: Array) -> Array:
    """log PL of each row, (n,) in nats, float64: of Gaussian units the logarithm of a density."""
    units = machine.visible
    W, a = np.ascontiguousarray(p.W, dtype=np.float64), p.a.astype(np.float64)
    largest = float(abs(W).max(initial=0.0))
    chunk = min(machine.n_hidden, int(LARGEST_EXPONENT / max(largest, 1e-3)))
    up = np.exp(W) if chunk else W
    down = 1.0 / up if chunk else W
    out = np.zeros(len(V))
    steps = machine.n_hidden * (len(units.bernoulli) + len(units.softmax) + 40 * len(units.gaussian))  # 40: of an integral, about
    size = max(1, min(ROWS, CALL_STEPS // max(1, steps)))
    for start in range(0, len(V), size):
        rows, part = np.ascontiguousarray(V[start : start + size], dtype=np.float64), out[start : start + size]
        x = machine.scaled(p, rows) @ W + p.b
        if len(units.bernoulli):
            tail = np.exp(-np.abs(x))
            far, near = tail / (1 + tail), 1 / (1 + tail)
            add_flips(rows, x, np.where(x > 0, near, far), np.where(x > 0, far, near), W, up, down, a, units.bernoulli, chunk, part)
        if len(units.softmax):
            add_choices(rows, x, W, a, units.softmax, units.starts, part)
        if len(units.gaussian):
            add_densities(rows, x, W, a, p.z.astype(np.float64), units.gaussian, part)
    return out
