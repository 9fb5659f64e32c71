"""Activations: A = f(Z) and the slope f'(Z), side by side.

    name         f(z)                      f'(z), told from a = f(z) where that is possible
    identity     z                         1
    logistic     1 / (1 + e^-z)            a (1 - a)
    tanh         tanh z                    1 - a^2
    relu         max(z, 0)                 1 where a > 0, else 0
    leaky_relu   z where z > 0, else z/100 1 where a > 0, else 1/100
    elu          z where z > 0, else e^z-1 1 where a > 0, else a + 1
    softplus     log(1 + e^z)              1 - e^-a
    gelu         z Phi(z)                  Phi(z) + z phi(z), which needs z itself

Phi and phi are the standard normal distribution and density (Hendrycks & Gimpel 2016, arXiv:1606.08415); elu: Clevert, Unterthiner
& Hochreiter (2016), arXiv:1511.07289; leaky relu: Maas, Hannun & Ng (2013). A user's own pair (f, f') is accepted after a check
of f' against the slope of f.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.checks import unknown_name
from glassnet.maths.compiling import inlined, kernel
from glassnet.maths.exponential import exp, expm1, log1p_unit, logistic, tanh

Array = NDArray[Any]

IDENTITY, LOGISTIC, TANH, RELU, LEAKY_RELU, ELU, SOFTPLUS, GELU = range(8)
USER = -1

SQRT_HALF = math.sqrt(0.5)
PHI_0 = 1.0 / math.sqrt(2.0 * math.pi)


@kernel
def activate(A: Array, b: Array, code: int) -> None:
    """A <- f(A + b), row by row; A (n, k) arrives as X W, b (k,)."""
    n, k = A.shape
    zero, one = A.dtype.type(0.0), A.dtype.type(1.0)
    if code == IDENTITY:
        for i in range(n):
            for j in range(k):
                A[i, j] += b[j]
    elif code == LOGISTIC:
        for i in range(n):
            for j in range(k):
                A[i, j] = logistic(A[i, j] + b[j])
    elif code == TANH:
        for i in range(n):
            for j in range(k):
                A[i, j] = tanh(A[i, j] + b[j])
    elif code == RELU:
        for i in range(n):
            for j in range(k):
                z = A[i, j] + b[j]
                A[i, j] = zero if z < zero else z
    elif code == LEAKY_RELU:
        leak = A.dtype.type(0.01)
        for i in range(n):
            for j in range(k):
                z = A[i, j] + b[j]
                A[i, j] = leak * z if z < zero else z
    elif code == ELU:
        for i in range(n):
            for j in range(k):
                z = A[i, j] + b[j]
                A[i, j] = expm1(z) if z < zero else z
    elif code == SOFTPLUS:
        for i in range(n):
            for j in range(k):
                z = A[i, j] + b[j]
                A[i, j] = max(z, zero) + log1p_unit(exp(-abs(z)))
    elif code == GELU:
        half, root = A.dtype.type(0.5), A.dtype.type(SQRT_HALF)
        for i in range(n):
            for j in range(k):
                z = A[i, j] + b[j]
                A[i, j] = half * z * (one + A.dtype.type(math.erf(z * root)))


@inlined
def column_sums(D: Array, sums: Array) -> None:
    """sums <- sum_n D, for D (n, k): four rows at a time, so that the sums are read and written a quarter as often."""
    n, k = D.shape
    sums[:] = D.dtype.type(0.0)
    if k == 1:
        column, total = D.reshape(n), D.dtype.type(0.0)
        for i in range(n):
            total += column[i]
        sums[0] = total
        return
    fours = n - n % 4
    for i in range(0, fours, 4):
        for j in range(k):
            sums[j] += (D[i, j] + D[i + 1, j]) + (D[i + 2, j] + D[i + 3, j])
    for i in range(fours, n):
        for j in range(k):
            sums[j] += D[i, j]


@kernel
def descend(D: Array, S: Array, db: Array, code: int) -> None:
    """D <- D * f'(Z), db <- sum_n D; D (n, k) arrives as dL/dA; S holds A, or Z for an activation that needs it."""
    d, s = D.reshape(D.size), S.reshape(S.size)
    zero, one = D.dtype.type(0.0), D.dtype.type(1.0)
    if code == LOGISTIC:
        for i in range(d.size):
            d[i] *= s[i] * (one - s[i])
    elif code == TANH:
        for i in range(d.size):
            d[i] *= one - s[i] * s[i]
    elif code == RELU:
        for i in range(d.size):
            d[i] = d[i] if s[i] > zero else zero
    elif code == LEAKY_RELU:
        leak = D.dtype.type(0.01)
        for i in range(d.size):
            d[i] *= one if s[i] > zero else leak
    elif code == ELU:
        for i in range(d.size):
            d[i] *= one if s[i] > zero else s[i] + one
    elif code == SOFTPLUS:
        for i in range(d.size):
            d[i] *= -expm1(-s[i])
    elif code == GELU:
        half, root, peak = D.dtype.type(0.5), D.dtype.type(SQRT_HALF), D.dtype.type(PHI_0)
        for i in range(d.size):
            z = s[i]
            d[i] *= half * (one + D.dtype.type(math.erf(z * root))) + z * peak * exp(-half * z * z)
    column_sums(D, db)


@dataclass(frozen=True, slots=True)
class Activation:
    """One row of the table above, or a user's own pair.

    ``f`` and ``slope`` map an array of pre-activations to an array of the same shape; they are None for the built-in ones,
    which live in the two kernels.
    """

    name: str
    code: int
    needs_z: bool = False
    f: Callable[[Array], Array] | None = None
    slope: Callable[[Array], Array] | None = None

    def __call__(self, z: Array) -> Array:
        """f(z), as a new array of floats."""
        if self.f is not None:
            return np.asarray(self.f(np.asarray(z)))
        floats = np.asarray(z, dtype=np.result_type(np.asarray(z), np.float32))
        A = np.array(floats, ndmin=2, order="C").reshape(1, -1)
        activate(A, np.zeros(A.shape[1], A.dtype), self.code)
        return A.reshape(floats.shape)

    def slope_at(self, z: Array) -> Array:
        """f'(z), as a new array of floats."""
        if self.slope is not None:
            return np.asarray(self.slope(np.asarray(z)))
        A = self(z)
        D = np.ones((1, A.size), A.dtype)
        S = np.asarray(z, A.dtype).reshape(1, -1) if self.needs_z else A.reshape(1, -1)
        descend(D, S, np.empty(A.size, A.dtype), self.code)
        return D.reshape(A.shape)


ACTIVATIONS: dict[str, Activation] = {
    "identity": Activation("identity", IDENTITY),
    "logistic": Activation("logistic", LOGISTIC),
    "tanh": Activation("tanh", TANH),
    "relu": Activation("relu", RELU),
    "leaky_relu": Activation("leaky_relu", LEAKY_RELU),
    "elu": Activation("elu", ELU),
    "softplus": Activation("softplus", SOFTPLUS),
    "gelu": Activation("gelu", GELU, needs_z=True),
}


CALLED = {"sigmoid": "logistic", "linear": "identity", "none": "identity"}
"""What other libraries call them."""


def activation_named(choice: str | tuple[Callable[..., Any], Callable[..., Any]] | Activation) -> Activation:
    """The activation called ``choice``, or the user's own pair ``(f, f')`` once its slope has been checked.

    Raises ValueError for an unknown name and for a pair whose second function is not the slope of the first.
    """
    if isinstance(choice, Activation):
        return choice
    if isinstance(choice, str):
        if choice not in ACTIVATIONS:
            known = f" {choice!r} is called {CALLED[choice]!r} here." if choice in CALLED else ""
            raise ValueError(unknown_name("activation", choice, ACTIVATIONS) + known)
        return ACTIVATIONS[choice]
    if isinstance(choice, tuple | list) and len(choice) == 2 and all(callable(part) for part in choice):
        f, slope = choice
        check_slope(f, slope)
        return Activation(getattr(f, "__name__", "user"), USER, needs_z=True, f=f, slope=slope)
    raise ValueError(f"{unknown_name('activation', choice, ACTIVATIONS)} A pair of functions (f, slope of f) is accepted as well.")


def check_slope(f: Callable[[Array], Array], slope: Callable[[Array], Array], tolerance: float = 1e-5) -> None:
    """Compare ``slope`` with (f(z + h) - f(z - h)) / 2h at 49 points of [-4, 4]; kinks may be wrong at three of them.

    Raises ValueError with the worst point where they disagree, or where either function changes the shape or is not finite.
    """
    z = np.linspace(-4.013, 3.987, 49).reshape(7, 7)
    h = 1e-5
    values = np.asarray(f(z.copy()))
    given = np.asarray(slope(z.copy()))
    for name, result in (("f", values), ("the slope of f", given)):
        if result.shape != z.shape:
            raise ValueError(f"activation: {name} must keep the shape of its input; given (7, 7) it returned {result.shape}.")
        if not np.all(np.isfinite(result)):
            worst = float(z[~np.isfinite(result)][0])
            raise ValueError(f"activation: {name} must be finite; at z = {worst:.4g} it is not.")
    measured = (np.asarray(f(z + h)) - np.asarray(f(z - h))) / (2 * h)
    gap = np.abs(given - measured) / np.maximum(1.0, np.abs(measured))
    if np.sort(gap, axis=None)[-4] > tolerance:
        at = np.unravel_index(np.argmax(gap), gap.shape)
        raise ValueError(
            f"activation: the second function is not the slope of the first; at z = {z[at]:.4g} it gives {given[at]:.6g}, "
            f"but f rises by {measured[at]:.6g}. Mend the derivative."
        )
