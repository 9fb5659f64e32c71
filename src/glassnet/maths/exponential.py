"""exp, expm1, tanh, logistic and log(1 + t) for compiled loops: without branches, so that the loops stay vector loops.

    x = n ln 2 + r,  |r| <= ln(2) / 2          argument reduction in two parts of ln 2 (Cody and Waite 1980)
    q = e^r - 1 = r + r^2/2! + r^3/3! + ...    13 terms in float64, 7 in float32
    e^x = 2^n (1 + q)                          2^n is put together from its bits
    e^x - 1 = 2^n q + (2^n - 1)                exact to the last digits near 0
    tanh z = (e^2z - 1) / (e^2z + 1)
    log(1 + t) = 2 artanh(t / (2 + t)) = 2 (s + s^3/3 + s^5/5 + ...),  0 <= t <= 1

Relative error at most 4 units in the last place (a test measures it against long double). From Python each name is NumPy's
own function; inside a kernel it is the formula above. Above 709.4 (float32: 88.3) exp is infinite; below -708.3 (-87.3) it
stays at the smallest normal number.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.special
from numba import types
from numba.extending import overload, register_jitable

from glassnet.maths.compiling import EXACT

LOG2_E = 1.4426950408889634
LN2_HIGH_64, LN2_LOW_64 = 6.93147180369123816490e-01, 1.90821492927058770002e-10
LN2_HIGH_32, LN2_LOW_32 = np.float32(0.693359375), np.float32(-2.12194440e-4)

_T64 = tuple(1.0 / math.factorial(k) for k in range(14))
_T32 = tuple(np.float32(1.0 / math.factorial(k)) for k in range(8))
_HALF, _ONE, _TWO, _LARGE = np.float32(0.5), np.float32(1.0), np.float32(2.0), np.float32(1.7e7)


@register_jitable(fastmath=EXACT)
def _reduced_64(x: float) -> tuple[float, float]:
    """(2^n, e^r - 1) in float64."""
    x = min(max(x, -708.39), 710.0)
    n = np.floor(x * LOG2_E + 0.5)
    r = (x - n * LN2_HIGH_64) - n * LN2_LOW_64
    p = _T64[13]
    p = p * r + _T64[12]
    p = p * r + _T64[11]
    p = p * r + _T64[10]
    p = p * r + _T64[9]
    p = p * r + _T64[8]
    p = p * r + _T64[7]
    p = p * r + _T64[6]
    p = p * r + _T64[5]
    p = p * r + _T64[4]
    p = p * r + _T64[3]
    p = p * r + _T64[2]
    power = np.int64((np.int64(n) + np.int64(1023)) << np.int64(52)).view(np.float64)
    return power, r + p * r * r


@register_jitable(fastmath=EXACT)
def _reduced_32(x: Any) -> tuple[Any, Any]:
    """(2^n, e^r - 1) in float32."""
    x = min(max(x, np.float32(-87.33)), np.float32(89.0))
    n = np.floor(x * np.float32(LOG2_E) + _HALF)
    r = (x - n * LN2_HIGH_32) - n * LN2_LOW_32
    p = _T32[7]
    p = p * r + _T32[6]
    p = p * r + _T32[5]
    p = p * r + _T32[4]
    p = p * r + _T32[3]
    p = p * r + _T32[2]
    power = np.int32((np.int32(n) + np.int32(127)) << np.int32(23)).view(np.float32)
    return power, r + p * r * r


def exp(x: Any) -> Any:
    """e^x."""
    return np.exp(x)


def expm1(x: Any) -> Any:
    """e^x - 1, exact to the last digits near 0."""
    return np.expm1(x)


def tanh(x: Any) -> Any:
    """(e^2x - 1) / (e^2x + 1)."""
    return np.tanh(x)


def logistic(x: Any) -> Any:
    """1 / (1 + e^-x)."""
    return scipy.special.expit(x)


def log1p_unit(x: Any) -> Any:
    """log(1 + x) for x in [0, 1]."""
    return np.log1p(x)


def _for_each_dtype(name: Callable[..., Any], in_64: Callable[..., Any], in_32: Callable[..., Any]) -> None:
    """Let kernels see ``in_64`` or ``in_32`` where they call ``name``."""

    @overload(name, jit_options={"fastmath": EXACT}, inline="never")
    def _choose(x: Any) -> Any:
        return in_32 if x == types.float32 else in_64


def _exp_64(x: Any) -> Any:
    power, q = _reduced_64(x)
    return power * (1.0 + q)


def _exp_32(x: Any) -> Any:
    power, q = _reduced_32(x)
    return power * (_ONE + q)


def _expm1_64(x: Any) -> Any:
    power, q = _reduced_64(x)
    return power * (q + 1.0) if power > 9.1e15 else power * q + (power - 1.0)


def _expm1_32(x: Any) -> Any:
    power, q = _reduced_32(x)
    return power * (q + _ONE) if power > _LARGE else power * q + (power - _ONE)


def _tanh_64(x: Any) -> Any:
    power, q = _reduced_64(min(max(2.0 * x, -40.0), 40.0))
    e = power * q + (power - 1.0)
    return e / (e + 2.0)


def _tanh_32(x: Any) -> Any:
    power, q = _reduced_32(min(max(_TWO * x, np.float32(-20.0)), np.float32(20.0)))
    e = power * q + (power - _ONE)
    return e / (e + _TWO)


def _logistic_64(x: Any) -> Any:
    power, q = _reduced_64(-x)
    return 1.0 / (1.0 + power * (1.0 + q))


def _logistic_32(x: Any) -> Any:
    power, q = _reduced_32(-x)
    return _ONE / (_ONE + power * (_ONE + q))


def _log1p_unit_64(x: Any) -> Any:
    s = x / (2.0 + x)
    u = s * s
    p = 1.0 / 33.0
    p = p * u + 1.0 / 31.0
    p = p * u + 1.0 / 29.0
    p = p * u + 1.0 / 27.0
    p = p * u + 1.0 / 25.0
    p = p * u + 1.0 / 23.0
    p = p * u + 1.0 / 21.0
    p = p * u + 1.0 / 19.0
    p = p * u + 1.0 / 17.0
    p = p * u + 1.0 / 15.0
    p = p * u + 1.0 / 13.0
    p = p * u + 1.0 / 11.0
    p = p * u + 1.0 / 9.0
    p = p * u + 1.0 / 7.0
    p = p * u + 1.0 / 5.0
    p = p * u + 1.0 / 3.0
    return 2.0 * (s + s * u * p)


def _log1p_unit_32(x: Any) -> Any:
    s = x / (_TWO + x)
    u = s * s
    p = np.float32(1.0 / 13.0)
    p = p * u + np.float32(1.0 / 11.0)
    p = p * u + np.float32(1.0 / 9.0)
    p = p * u + np.float32(1.0 / 7.0)
    p = p * u + np.float32(1.0 / 5.0)
    p = p * u + np.float32(1.0 / 3.0)
    return _TWO * (s + s * u * p)


_for_each_dtype(exp, _exp_64, _exp_32)
_for_each_dtype(expm1, _expm1_64, _expm1_32)
_for_each_dtype(tanh, _tanh_64, _tanh_32)
_for_each_dtype(log1p_unit, _log1p_unit_64, _log1p_unit_32)
_for_each_dtype(logistic, _logistic_64, _logistic_32)
