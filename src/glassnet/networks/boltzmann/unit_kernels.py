"""The compiled loops over units of a Boltzmann machine: probability, a sample of it, and the logarithm of a sum over states.

    p = 1 / (1 + e^-(c z + d))          c a slope (1, or an inverse temperature), d an offset per unit
    s = 1 where u < p, else 0           u uniform, row by row in the order of ``RandomState.uniform(size=p.shape)``
    softplus(x) = log(1 + e^x)          the sum over the two states of a unit

Shapes   Z, S (n, units)   d (units,)   out (n,)
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.maths.compiling import kernel
from glassnet.maths.exponential import exp, log1p_unit, logistic
from glassnet.maths.mersenne import draw

Array = NDArray[Any]

SCALE_53, SCALE_32 = 9007199254740992.0, np.float32(4294967296.0)
HIGH, LOW, SHIFT = np.uint64(5), np.uint64(6), np.uint64(26)


@kernel
def probabilities(Z: Array, slope: float, offset: Array) -> None:
    """Z <- 1 / (1 + e^-(slope Z + offset))."""
    c = offset.dtype.type(slope)
    for r in range(Z.shape[0]):
        for j in range(Z.shape[1]):
            Z[r, j] = logistic(c * Z[r, j] + offset[j])


@kernel
def _fired(p: Array, s: Array, words: Array, wide: bool) -> None:
    """s <- [u < p] for one row, with the uniform numbers of ``words``."""
    one, zero = s.dtype.type(1.0), s.dtype.type(0.0)
    if wide:
        for j in range(p.size):
            bits = ((np.uint64(words[2 * j]) >> HIGH) << SHIFT) | (np.uint64(words[2 * j + 1]) >> LOW)
            s[j] = one if np.float64(bits) < np.float64(p[j]) * SCALE_53 else zero
    else:
        for j in range(p.size):
            s[j] = one if np.float32(words[j]) < np.float32(p[j]) * SCALE_32 else zero


@kernel
def sample(P: Array, S: Array, key: Array, place: Array, words: Array, wide: bool) -> None:
    """S <- 0 or 1 with the probabilities P; S may be P."""
    m = P.shape[1]
    row = np.empty(m, P.dtype)
    for r in range(P.shape[0]):
        draw(key, place, words, 2 * m if wide else m)
        _fired(P[r], row, words, wide)
        S[r] = row


@kernel
def activate_and_sample(Z: Array, slope: float, offset: Array, S: Array, key: Array, place: Array, words: Array, wide: bool) -> None:
    """Z <- probabilities, S <- a sample of them, in one pass; S is another array than Z."""
    c = offset.dtype.type(slope)
    m = Z.shape[1]
    for r in range(Z.shape[0]):
        draw(key, place, words, 2 * m if wide else m)
        z = Z[r]
        for j in range(m):
            z[j] = logistic(c * z[j] + offset[j])
        _fired(z, S[r], words, wide)


@kernel
def only_sample(Z: Array, slope: float, offset: Array, key: Array, place: Array, words: Array, wide: bool) -> None:
    """Z <- a sample of its probabilities, which are not kept."""
    c = offset.dtype.type(slope)
    m = Z.shape[1]
    p = np.empty(m, Z.dtype)
    for r in range(Z.shape[0]):
        draw(key, place, words, 2 * m if wide else m)
        z = Z[r]
        for j in range(m):
            p[j] = logistic(c * z[j] + offset[j])
        _fired(p, z, words, wide)


@kernel
def softplus_64(x: float) -> float:
    """log(1 + e^x)."""
    return max(x, 0.0) + log1p_unit(exp(-abs(x)))


@kernel
def add_softplus(Z: Array, slope: float, offset: Array, out: Array) -> None:
    """out <- out + sum_j softplus(slope Z_j + offset_j), in float64."""
    for r in range(Z.shape[0]):
        total = 0.0
        for j in range(Z.shape[1]):
            x = slope * np.float64(Z[r, j]) + np.float64(offset[j])
            total += max(x, 0.0) + log1p_unit(exp(-abs(x)))
        out[r] += total


@kernel
def sample_categories(F: Array, starts: Array, key: Array, place: Array, words: Array, draws: bool) -> None:
    """F <- softmax of each group of columns, starts[g] to starts[g + 1]; with ``draws`` a one-hot sample of it instead."""
    groups = starts.size - 1
    for r in range(F.shape[0]):
        f = F[r]
        if draws:
            draw(key, place, words, 2 * groups)
        for g in range(groups):
            begin, end = starts[g], starts[g + 1]
            top = f[begin]
            for j in range(begin, end):
                top = max(top, f[j])
            total = 0.0
            for j in range(begin, end):
                f[j] = np.exp(f[j] - top)
                total += f[j]
            if not draws:
                for j in range(begin, end):
                    f[j] /= total
                continue
            bits = ((np.uint64(words[2 * g]) >> HIGH) << SHIFT) | (np.uint64(words[2 * g + 1]) >> LOW)
            left = np.float64(bits) / SCALE_53 * total
            chosen = begin
            for j in range(begin, end):
                if f[j] > 0.0 and left >= 0.0:
                    chosen = j
                left -= f[j]
            for j in range(begin, end):
                f[j] = 0.0
            f[chosen] = 1.0


@kernel
def add_log_sum_exp(F: Array, starts: Array, out: Array) -> None:
    """out <- out + the logarithm of the sum of e^F over each group of columns, in float64."""
    for r in range(F.shape[0]):
        for g in range(starts.size - 1):
            top = np.float64(F[r, starts[g]])
            for j in range(starts[g], starts[g + 1]):
                top = max(top, np.float64(F[r, j]))
            total = 0.0
            for j in range(starts[g], starts[g + 1]):
                total += np.exp(np.float64(F[r, j]) - top)
            out[r] += top + np.log(total)
