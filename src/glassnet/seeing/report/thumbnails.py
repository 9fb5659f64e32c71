"""Pictures within the page: bytes of a row, or weights of a unit, as PNG in a data URI."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from glassnet.data.pixels import ImagePreparation
from glassnet.seeing.palette import NEGATIVE, POSITIVE

Array = NDArray[Any]

LARGEST = 96
"""Pixels a side to which larger pictures are brought; smaller ones stay, and the page enlarges them."""


def data_uri(row: Any, preparation: ImagePreparation) -> str:
    """The picture of one row of bytes."""
    shape = (preparation.size, preparation.size) if preparation.grey else (preparation.size, preparation.size, 3)
    return encoded(np.asarray(row, dtype=np.uint8).reshape(shape))


def encoded(pixels: Array) -> str:
    """uint8 pixels (h, w) or (h, w, 3) as a data URI."""
    picture = Image.fromarray(pixels)
    if max(picture.size) > LARGEST:
        picture = picture.resize((LARGEST, LARGEST), Image.Resampling.BILINEAR)
    file = io.BytesIO()
    picture.save(file, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode("ascii")


def weight_picture(weights: Array) -> Array:
    """Weights (h, w) or (h, w, 3) as pixels: 0 white, positive blue, negative orange-red; of colours, around grey."""
    most = float(np.abs(weights).max()) or 1.0
    share = np.clip(weights / most, -1.0, 1.0)
    if weights.ndim == 3:
        return np.asarray(np.round(127.5 + 127.5 * share), dtype=np.uint8)
    ends = {sign: np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) for sign, colour in ((1, POSITIVE), (-1, NEGATIVE))}
    towards = np.where((share >= 0)[..., None], ends[1], ends[-1])
    return np.asarray(np.round(255 + (towards - 255) * np.abs(share)[..., None]), dtype=np.uint8)
