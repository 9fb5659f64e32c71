"""The run so far, in bounded memory: the weights after epochs, ever fewer of them between as the run grows longer.

All of the last ``stride`` multiples are there, and the newest. When the memory is full, every second one goes and the stride doubles.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

MOST_BYTES = 64 << 20
MOST_EPOCHS = 1000
FEWEST = 8
"""Epochs that are kept however large they are."""


class Recording:
    """Weights by epoch.

    >>> recording = Recording(2, most=4)
    >>> for epoch in range(10):
    ...     recording.take(epoch, np.array([epoch, 0.0]))
    >>> recording.epochs, recording.nearest(5)
    ([0, 4, 8, 9], 4)
    """

    def __init__(self, n_parameters: int, *, most: int | None = None) -> None:
        self.most = most or max(FEWEST, min(MOST_EPOCHS, MOST_BYTES // max(4 * n_parameters, 1)))
        self.stride = 1
        self.epochs: list[int] = []
        self._thetas: list[Array] = []

    def __len__(self) -> int:
        return len(self.epochs)

    def take(self, epoch: int, theta: Array) -> None:
        """Note the weights after ``epoch``; an epoch that is there is written anew, as after a weight was set by hand."""
        if self.epochs and (self.epochs[-1] == epoch or self.epochs[-1] % self.stride):
            self.epochs.pop()
            self._thetas.pop()
        self.epochs.append(epoch)
        self._thetas.append(theta.copy())
        if len(self.epochs) > self.most:
            self.stride *= 2
            last = len(self.epochs) - 1
            kept = [i for i, one in enumerate(self.epochs) if one % self.stride == 0 or i == last]
            self.epochs, self._thetas = [self.epochs[i] for i in kept], [self._thetas[i] for i in kept]

    def nearest(self, epoch: int) -> int:
        """The recorded epoch nearest to ``epoch``."""
        at = bisect_left(self.epochs, epoch)
        around = self.epochs[max(0, at - 1) : at + 1]
        return min(around, key=lambda one: abs(one - epoch))

    def at(self, epoch: int) -> Array:
        """The weights after a recorded epoch."""
        return self._thetas[self.epochs.index(epoch)]

    def path(self, most: int) -> tuple[list[int], Array]:
        """Up to ``most`` of the epochs, evenly chosen, and their weights as rows; the first and the newest are among them."""
        chosen = np.unique(np.linspace(0, len(self.epochs) - 1, min(most, len(self.epochs))).round().astype(int))
        return [self.epochs[i] for i in chosen], np.array([self._thetas[i] for i in chosen])
