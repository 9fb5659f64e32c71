"""The input as the picture that it is: its shape, its bytes as a PNG, and the place of each pixel.

A picture is known by its preparation, by a shape that is handed in, or guessed: inputs that have no names, or are called after pixels,
are not negative, and can be laid out as a square of at least 8 x 8.
"""

from __future__ import annotations

import base64
import io
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from glassnet.data.pixels import ImagePreparation
from glassnet.seeing.subject import COLOURS, Subject

Array = NDArray[Any]

SMALLEST = 8  # pixels a side of a picture that is guessed
WIDE = 336  # pixels of the PNG, about
_OF_PIXELS = re.compile(r"(x|pixel[ _]?|px[ _]?|pixel_\d+_)\d+", re.IGNORECASE)


@dataclass(frozen=True)
class InputPicture:
    """``values`` (height, width) or (height, width, 3): row by row, the channels of a pixel side by side."""

    values: Array

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.values.shape[0], self.values.shape[1]

    def place(self, unit: int) -> tuple[int, int]:
        """Row and column of the input ``unit``, all counted from 0."""
        pixel = unit // (self.values.shape[2] if self.values.ndim == 3 else 1)
        return pixel // self.shape[1], pixel % self.shape[1]

    def name(self, unit: int) -> str:
        """``pixel 3,5``: row and column counted from 1, from the top left; with its colour where there are three."""
        row, column = self.place(unit)
        colour = f" {COLOURS[unit % 3]}" if self.values.ndim == 3 else ""
        return f"pixel {row + 1},{column + 1}{colour}"

    def data_uri(self) -> str:
        """A PNG, the lowest value black and the highest white; pixels are written as squares, so that no program smooths them."""
        low, high = float(self.values.min()), float(self.values.max())
        grey = np.zeros(self.values.shape) if high == low else (self.values.astype(np.float64) - low) / (high - low)
        times = max(1, WIDE // max(self.shape))
        pixels = np.rint(255 * grey).astype(np.uint8).repeat(times, axis=0).repeat(times, axis=1)
        stream = io.BytesIO()
        Image.fromarray(pixels).save(stream, "PNG")
        return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode("ascii")


def input_picture(subject: Subject, x: Array, shape: Sequence[int] | None) -> InputPicture | None:
    """The picture of the prepared row ``x`` (n_in,), or None.

    ``shape`` is (height, width) or (height, width, 3), () for none, None for what is known or can be guessed. Raises ValueError where
    it does not fit.
    """
    if shape is None:
        shape = _known(subject) or _guessed(subject.inputs, x)
    elif len(shape) and (math.prod(shape) != len(x) or len(shape) not in (2, 3) or (len(shape) == 3 and shape[2] != 3)):
        raise ValueError(
            f"image_shape must be (height, width) or (height, width, 3), {len(x):,} numbers in all for the network's inputs; got {shape!r}."
        )
    if not len(shape):
        return None
    if not np.isfinite(x).all():
        return None
    preparation = subject.preparation
    if isinstance(preparation, ImagePreparation):  # from centred numbers back to brightness
        _, start, stop = next(part for part in preparation._parts() if part[0] == "pixels")
        x = x[start:stop] * preparation.scales_["pixels"] + preparation.centre_[start:stop]
    return InputPicture(x.reshape(tuple(shape)))


def _known(subject: Subject) -> tuple[int, ...]:
    preparation = subject.preparation
    if not isinstance(preparation, ImagePreparation) or preparation.features != "pixels":
        return ()
    return (preparation.size, preparation.size) if preparation.grey else (preparation.size, preparation.size, 3)


def _guessed(names: tuple[str, ...], x: Array) -> tuple[int, ...]:
    side = math.isqrt(len(x))
    square = side * side == len(x) and side >= SMALLEST
    return (side, side) if square and all(_OF_PIXELS.fullmatch(name) for name in names) and bool((x >= 0).all()) else ()
