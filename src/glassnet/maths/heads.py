"""Several losses side by side, each over output units of its own: one head for each column of classes.

L(z, y) = sum_h L_h(z_h, y_h)          z = [ z_1 | z_2 | ... ]
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.maths.losses import Loss

Array = NDArray[Any]

HEADS = -2
"""The code of a loss that no kernel knows."""


@dataclass(frozen=True, slots=True)
class HeadedLoss(Loss):
    """The sum of ``losses``, each over its number of output units in ``widths``."""

    losses: tuple[Loss, ...] = ()
    widths: tuple[int, ...] = ()

    @classmethod
    def of(cls, losses: tuple[Loss, ...], widths: tuple[int, ...]) -> HeadedLoss:
        """The sum of ``losses``."""
        return cls(losses[0].name, HEADS, "heads", losses=losses, widths=widths)

    def value_and_delta(self, raw: Array, y: Array, weight: Array | None, delta: Array) -> float:
        """Return sum_n w_n L(z_n, y_n); delta <- w dL/dz."""
        cost = 0.0
        for loss, units in self._heads():
            part = np.empty_like(raw[:, units], order="C")
            cost += loss.value_and_delta(np.ascontiguousarray(raw[:, units]), np.ascontiguousarray(y[:, units]), weight, part)
            delta[:, units] = part
        return cost

    def predict(self, raw: Array, out: Array) -> None:
        """out <- p(z), head by head; raw and out may be one array."""
        for loss, units in self._heads():
            part = np.array(raw[:, units], order="C")  # a copy, even of one head over all units: raw is not ours to change
            loss.predict(part, part)
            out[:, units] = part

    def _heads(self) -> Iterator[tuple[Loss, slice]]:
        at = 0
        for loss, width in zip(self.losses, self.widths, strict=True):
            yield loss, slice(at, at + width)
            at += width
