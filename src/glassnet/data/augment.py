"""Light augmentation: each time a training picture is used it may be mirrored, or moved by a few pixels.

    flip     left and right are exchanged, with probability 1/2
    shift    moved by up to size // 16 pixels (4 of 64) to any side, each distance equally likely; the edge pixel fills the gap

Both act on bytes, batch by batch, so augmented pictures are never stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from glassnet.checks import Faults, unknown_name
from glassnet.maths.compiling import kernel

KINDS = ("flip", "shift")

Pixels = NDArray[np.uint8]
Array = NDArray[Any]


@dataclass(frozen=True)
class Augmentation:
    """Chance changes of pictures of one size; called with a batch and a generator, it gives the changed batch.

    Attributes
    ----------
    size, channels : int
        Pixels a side; 1 or 3.
    flip : bool
        Whether pictures are mirrored half of the time.
    shift : int
        Most pixels by which they are moved; 0 for none.

    Examples
    --------
    >>> augmentation = Augmentation.from_text("flip,shift", size=64, channels=1)
    >>> augmentation
    Augmentation(size=64, channels=1, flip=True, shift=4)
    >>> batch = np.zeros((3, 64 * 64), np.uint8)
    >>> augmentation(batch, np.random.default_rng(0)).shape
    (3, 4096)
    """

    size: int
    channels: int
    flip: bool = False
    shift: int = 0

    def __post_init__(self) -> None:
        faults = Faults()
        faults.unless(self.size >= 1, f"size must be at least 1; got {self.size}.")
        faults.unless(self.channels in (1, 3), f"channels must be 1 or 3; got {self.channels}.")
        faults.unless(0 <= self.shift < self.size, f"shift must be at least 0 and below size; got {self.shift} for size {self.size}.")
        faults.raise_if_any()

    @classmethod
    def from_text(cls, text: str, size: int, channels: int) -> Self:
        """From ``"flip"``, ``"shift"`` or ``"flip,shift"``. Raises ValueError naming every other word."""
        kinds = [kind.strip() for kind in text.split(",") if kind.strip()]
        faults = Faults()
        faults.unless(bool(kinds), "augment must name flip, shift or both; got nothing.")
        for kind in kinds:
            faults.unless(kind in KINDS, unknown_name("augment", kind, KINDS))
        faults.raise_if_any()
        return cls(size, channels, flip="flip" in kinds, shift=max(1, size // 16) if "shift" in kinds else 0)

    def __call__(self, rows: Pixels, random: np.random.Generator, out: Pixels | None = None) -> Pixels:
        """The changed pictures of ``rows`` (n, size * size * channels), in ``out`` if it is given; ``rows`` stays as it is."""
        n = len(rows)
        mirrored = random.random(n) < 0.5 if self.flip else np.zeros(n, np.bool_)
        moved = random.integers(-self.shift, self.shift, size=(n, 2), endpoint=True)
        result: Pixels = np.empty((n, rows.shape[1]), np.uint8) if out is None else out
        _change(rows, mirrored, moved, self.size, self.channels, result)
        return result


@kernel
def _change(rows: Array, mirrored: Array, moved: Array, size: int, channels: int, out: Array) -> None:
    """out[i, y, x] <- rows[i, y - dy, x - dx], the coordinates kept inside the picture, x mirrored where asked for."""
    for i in range(rows.shape[0]):
        dy, dx = moved[i, 0], moved[i, 1]
        for y in range(size):
            row = min(max(y - dy, 0), size - 1) * size
            for x in range(size):
                column = min(max(x - dx, 0), size - 1)
                if mirrored[i]:
                    column = size - 1 - column
                for c in range(channels):
                    out[i, (y * size + x) * channels + c] = rows[i, (row + column) * channels + c]
