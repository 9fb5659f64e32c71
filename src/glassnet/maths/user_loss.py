"""A loss of the user's own: L(z, y) of every element, and its slope dL/dz, which is compared with L before anything is learned.

cost = sum_n w_n sum_j L(z_nj, y_nj)          delta_nj = w_n dL/dz
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.maths.losses import Loss

Array = NDArray[Any]
Function = Callable[[Array, Array], Any]

USER = -1
"""The code of a loss that no kernel knows."""


def is_users(choice: Any) -> bool:
    """True for a pair of functions (value, slope), or an object that has both."""
    if isinstance(choice, tuple | list):
        return len(choice) == 2 and all(callable(part) for part in choice)
    return not isinstance(choice, type) and all(callable(getattr(choice, name, None)) for name in ("value", "slope"))


@dataclass(frozen=True, slots=True)
class UserLoss(Loss):
    """``value_of`` and ``slope_of`` take (raw, y), arrays (n, k), and return an array of that shape."""

    value_of: Function = np.subtract
    slope_of: Function = np.subtract

    @classmethod
    def of(cls, choice: Any, link: str) -> UserLoss:
        """The loss of a pair (value, slope), or of an object that has both."""
        value, slope = choice if isinstance(choice, tuple | list) else (choice.value, choice.slope)
        name = getattr(value if isinstance(choice, tuple | list) else type(choice), "__name__", "user")
        return cls(name, USER, link, value_of=value, slope_of=slope)

    def value_and_delta(self, raw: Array, y: Array, weight: Array | None, delta: Array) -> float:
        """Return sum_n w_n L(z_n, y_n); delta <- w dL/dz."""
        values = np.asarray(self.value_of(raw, y))
        delta[...] = self.slope_of(raw, y)
        if weight is None:
            return float(values.sum(dtype=np.float64))
        delta *= weight[:, None]
        return float((values * weight[:, None]).sum(dtype=np.float64))

    def check(self, targets: Array, tolerance: float = 1e-4) -> None:
        """Compare the slope with (L(z + h) - L(z - h)) / 2h at 49 pairs (z, y): y out of ``targets``, z near 0 or in their range.

        Kinks may be wrong at three of them, and half may be no number (e^z overflows far out). Raises ValueError with the worst pair, or
        where a function changes the shape or is not finite.
        """
        y = np.resize(targets.astype(np.float64).ravel()[:: max(1, targets.size // 49)], 49).reshape(7, 7)
        low, high = float(targets.min()), float(targets.max())
        near, far = np.linspace(-4.013, 3.987, 25), np.linspace(2 * low - high - 0.013, 2 * high - low + 0.017, 24)
        z = np.concatenate([near, far])[np.arange(49) * 20 % 49].reshape(7, 7)
        h = 1e-5 * np.maximum(1.0, np.abs(z))
        with np.errstate(all="ignore"):
            given = np.asarray(self.slope_of(z.copy(), y.copy()))
            ahead, behind = np.asarray(self.value_of(z + h, y.copy())), np.asarray(self.value_of(z - h, y.copy()))
            for name, result in (("value", ahead), ("slope", given)):
                if result.shape != z.shape:
                    raise ValueError(f"loss: {name}(raw, y) must keep the shape of its inputs; given (7, 7) it returned {result.shape}.")
                if np.isfinite(result).sum() < 25:
                    i = tuple(np.argwhere(~np.isfinite(result))[0])
                    raise ValueError(f"loss: {name}(raw, y) must be finite; at raw = {z[i]:.4g}, y = {y[i]:.4g} it is not.")
            measured = (ahead - behind) / (2 * h)
            told = np.isfinite(measured) & np.isfinite(given)
            rounding = 1e-15 * (np.abs(ahead) + np.abs(behind)) / h
            gap = np.where(told, np.abs(given - measured), 0.0)
            gap = np.where(gap > 10 * rounding, gap / np.maximum(np.abs(measured), 1e-3 * np.median(np.abs(measured[told])) + 1e-12), 0.0)
        if np.sort(gap, axis=None)[-4] > tolerance:
            i = np.unravel_index(np.argmax(gap), gap.shape)
            raise ValueError(
                f"loss: slope is not the slope of value; at raw = {z[i]:.4g}, y = {y[i]:.4g} it gives {given[i]:.6g}, "
                f"but value rises by {measured[i]:.6g}. Mend the derivative by raw."
            )
