"""Losses on the raw prediction z (before the link): value and delta in one pass, finite at |z| = 1e4.

    name             link p(z)        L(z, y) for one output               delta = dL/dz
    log_loss         1/(1 + e^-z)     log(1 + e^z) - y z                   p - y
    softmax          e^z_j / sum e^z  log sum_j e^z_j - sum_j y_j z_j      p_j - y_j          (y_j sum to 1)
    squared_error    z                (z - y)^2 / 2                        z - y
    squared_logistic 1/(1 + e^-z)     (p - y)^2 / 2                        (p - y) p (1 - p)
    squared_softmax  e^z_j / sum e^z  sum_j (p_j - y_j)^2 / 2              p_j ((p_j - y_j) - sum_i p_i (p_i - y_i))
    absolute_error   z                |z - y|                              sign(z - y)
    huber            z                r^2/2 where |r| <= d, else d|r|-d^2/2   r, or d sign(r)     (r = z - y)
    quantile         z                q (y - z) where y > z, else (1-q)(z - y)   -q, or 1 - q
    poisson          e^z              e^z - y z + y log y - y              e^z - y

Values are sums over rows and outputs, each row times its weight, in nats (or in squared, absolute units of y); the caller
divides. Sources: Rumelhart, Hinton & Williams (1986), Nature 323, 533-536; Bridle (1990) for softmax; Huber (1964), Ann. Math.
Statist. 35, 73-101; Koenker & Bassett (1978), Econometrica 46, 33-50; McCullagh & Nelder (1989) for Poisson (half its deviance).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
import scipy.special
from numpy.typing import NDArray

from glassnet.checks import DivergenceError, unknown_name
from glassnet.maths.compiling import kernel
from glassnet.maths.exponential import exp, log1p_unit, logistic

Array = NDArray[Any]

LOG_LOSS, SOFTMAX, SQUARED, SQUARED_LOGISTIC, SQUARED_SOFTMAX, ABSOLUTE, HUBER, QUANTILE, POISSON = range(9)


@kernel
def softmax(raw: Array, p: Array) -> None:
    """p_j <- e^(z_j - max z) / sum_i e^(z_i - max z), row by row; raw and p (n, k) may be one array."""
    n, k = raw.shape
    for i in range(n):
        top = raw[i, 0]
        for j in range(1, k):
            top = max(top, raw[i, j])
        total = raw.dtype.type(0.0)
        for j in range(k):
            p[i, j] = exp(raw[i, j] - top)
            total += p[i, j]
        for j in range(k):
            p[i, j] /= total


@kernel
def value_and_delta(raw: Array, y: Array, weight: Array, delta: Array, code: int, shape: Array) -> float:
    """sum_n w_n L(z_n, y_n), and delta <- w dL/dz.

    raw, y, delta (n, k); weight (n,), or empty for all ones; ``shape`` holds Huber's d, or the quantile q: one for all or one per output.
    """
    zero, one, half = raw.dtype.type(0.0), raw.dtype.type(1.0), raw.dtype.type(0.5)
    d = raw.dtype.type(shape[0])
    weighted, alike = weight.size > 0, shape.size == 1
    cost = 0.0
    if code == SOFTMAX or code == SQUARED_SOFTMAX:
        softmax(raw, delta)
    elif alike and not weighted:  # outputs are independent and count alike: one long row makes one vector loop
        raw, y, delta = raw.reshape(1, raw.size), y.reshape(1, y.size), delta.reshape(1, delta.size)
    n, k = raw.shape
    for i in range(n):
        row = 0.0
        if code == LOG_LOSS:
            for j in range(k):
                z = raw[i, j]
                row += max(z, zero) - y[i, j] * z + log1p_unit(exp(-abs(z)))
                delta[i, j] = logistic(z) - y[i, j]
        elif code == SOFTMAX:
            at_top, mass = 0, zero
            for j in range(k):
                mass += y[i, j]
                if raw[i, j] > raw[i, at_top]:
                    at_top = j
            # log sum_j e^z_j = z_top - log p_top, and p_top is never small
            row -= mass * raw.dtype.type(math.log(delta[i, at_top]))
            for j in range(k):
                row += y[i, j] * (raw[i, at_top] - raw[i, j])
                delta[i, j] = mass * delta[i, j] - y[i, j]
        elif code == SQUARED:
            for j in range(k):
                r = raw[i, j] - y[i, j]
                row += half * r * r
                delta[i, j] = r
        elif code == SQUARED_LOGISTIC:
            for j in range(k):
                p = logistic(raw[i, j])
                r = p - y[i, j]
                row += half * r * r
                delta[i, j] = r * p * (one - p)
        elif code == SQUARED_SOFTMAX:
            pull = zero
            for j in range(k):
                r = delta[i, j] - y[i, j]
                row += half * r * r
                pull += delta[i, j] * r
            for j in range(k):
                delta[i, j] *= (delta[i, j] - y[i, j]) - pull
        elif code == ABSOLUTE:
            for j in range(k):
                r = raw[i, j] - y[i, j]
                row += abs(r)
                delta[i, j] = one if r > zero else (-one if r < zero else zero)
        elif code == HUBER:
            for j in range(k):
                r = raw[i, j] - y[i, j]
                row += half * r * r if abs(r) <= d else d * (abs(r) - half * d)
                delta[i, j] = min(max(r, -d), d)
        elif code == QUANTILE and not alike:
            for j in range(k):
                q = raw.dtype.type(shape[j])
                r = raw[i, j] - y[i, j]
                row += (one - q) * r if r > zero else -q * r
                delta[i, j] = (one - q) if r > zero else (-q if r < zero else zero)
        elif code == QUANTILE:
            for j in range(k):
                r = raw[i, j] - y[i, j]
                row += (one - d) * r if r > zero else -d * r
                delta[i, j] = (one - d) if r > zero else (-d if r < zero else zero)
        elif code == POISSON:
            for j in range(k):
                mean = exp(raw[i, j])
                row += mean - y[i, j] * raw[i, j]
                if y[i, j] > zero:
                    row += y[i, j] * raw.dtype.type(math.log(y[i, j])) - y[i, j]
                delta[i, j] = mean - y[i, j]
        if weighted:
            cost += weight[i] * row
            for j in range(k):
                delta[i, j] *= weight[i]
        else:
            cost += row
    return cost


@dataclass(frozen=True, slots=True)
class Loss:
    """One row of the table above. ``parameters``: Huber's d (> 0, in units of y), or q in (0, 1): one for all or one per output."""

    name: str
    code: int
    link: str = "identity"
    parameters: tuple[float, ...] = (1.0,)

    @property
    def shape(self) -> Array:
        """``parameters`` as the kernel reads them."""
        return _as_array(self.parameters)

    def value_and_delta(self, raw: Array, y: Array, weight: Array | None, delta: Array) -> float:
        """Return sum_n w_n L(z_n, y_n); delta <- w dL/dz. Arrays are C-contiguous (n, k) of one float dtype, weight (n,).

        Raises DivergenceError where e^z of the Poisson loss overflows.
        """
        every = _EVERY_ROW[raw.dtype.char] if weight is None else weight
        cost = float(value_and_delta(raw, y, every, delta, self.code, self.shape))
        if self.code == POISSON and not math.isfinite(cost):
            self._name_overflow(raw)
        return cost

    def value(self, raw: Array, y: Array, weight: Array | None = None) -> float:
        """Return sum_n w_n L(z_n, y_n)."""
        return self.value_and_delta(raw, y, weight, np.empty_like(raw))

    def predict(self, raw: Array, out: Array) -> None:
        """out <- p(z); raw and out (n, k) may be one array."""
        if self.link == "softmax":
            softmax(raw, out)
        elif self.link == "logistic":
            scipy.special.expit(raw, out=out)
        elif self.link == "exp":
            np.exp(raw, out=out)
        elif out is not raw:
            out[...] = raw

    def curvature(self, raw: Array, weight: Array | None = None) -> Array:
        """w d2L/dz2, for losses of independent outputs with a curvature: (n, k). Softmax: the caller uses p_i (d_ij - p_j).

        Raises ValueError for a loss without one (absolute, quantile, squared through a link).
        """
        if self.code == LOG_LOSS:
            p = scipy.special.expit(raw)
            bend = p * (1.0 - p)
        elif self.code == SQUARED:
            bend = np.ones_like(raw)
        elif self.code == POISSON:
            bend = np.exp(raw)
        else:
            raise ValueError(f"Newton's method needs a curvature, which the loss {self.name!r} lacks. Use solver='lbfgs'.")
        return bend if weight is None else bend * weight[:, None]

    def _name_overflow(self, raw: Array) -> None:
        row, column = np.unravel_index(int(np.argmax(np.nan_to_num(raw, nan=np.inf, posinf=np.inf))), raw.shape)
        raise DivergenceError(
            f"poisson: e^z overflows in {raw.dtype} at z = {raw[row, column]:.4g} (row {row}, output {column}); the prediction "
            "ran away. Scale the inputs, lower learning_rate_init, or use squared_error."
        )


@functools.cache
def _as_array(parameters: tuple[float, ...]) -> Array:
    return np.array(parameters, dtype=np.float64)


_EVERY_ROW: dict[str, Array] = {"f": np.empty(0, np.float32), "d": np.empty(0, np.float64)}
"""No weights: in the kernel this stands for a weight of 1 on every row."""

CLASSIFIER_LOSSES = ("log_loss", "squared_error")
REGRESSOR_LOSSES = ("squared_error", "poisson", "absolute_error", "huber", "quantile")


def classifier_loss(name: str, link: str) -> Loss:
    """The loss ``name`` of a classifier whose output unit is ``link``: 'logistic' (one or independent units) or 'softmax'.

    Raises ValueError for an unknown name.
    """
    if name == "log_loss":
        return Loss("log_loss", SOFTMAX, "softmax") if link == "softmax" else Loss("log_loss", LOG_LOSS, "logistic")
    if name == "squared_error":
        code = SQUARED_SOFTMAX if link == "softmax" else SQUARED_LOGISTIC
        return Loss("squared_error", code, link)
    raise ValueError(unknown_name("loss", name, CLASSIFIER_LOSSES))


def regressor_loss(name: str, *, huber_delta: float = 1.0, quantile: float | Sequence[float] = 0.5) -> Loss:
    """The loss ``name`` of a regressor; several quantiles are one per output.

    Raises ValueError for an unknown name, ``huber_delta`` <= 0 or a quantile outside (0, 1).
    """
    if name == "huber" and not (isinstance(huber_delta, Real) and huber_delta > 0):
        raise ValueError(f"huber_delta must be positive, in the units of y; got {huber_delta!r}.")
    quantiles = tuple(quantile) if isinstance(quantile, Sequence | np.ndarray) else (quantile,)
    if name == "quantile" and not (quantiles and all(isinstance(q, Real) and 0 < q < 1 for q in quantiles)):
        raise ValueError(f"quantile must lie strictly between 0 and 1, and so must each of several; got {quantile!r}.")
    table = {
        "squared_error": Loss("squared_error", SQUARED),
        "poisson": Loss("poisson", POISSON, "exp"),
        "absolute_error": Loss("absolute_error", ABSOLUTE),
    }
    if name == "huber":
        return Loss("huber", HUBER, parameters=(float(huber_delta),))
    if name == "quantile":
        return Loss("quantile", QUANTILE, parameters=tuple(map(float, quantiles)))
    if name not in table:
        raise ValueError(unknown_name("loss", name, REGRESSOR_LOSSES))
    return table[name]
