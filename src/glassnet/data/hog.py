"""Histograms of oriented gradients: which way the edges run in each part of a picture, whatever its brightness.

    gradient    gx = I(x + 1) - I(x - 1),  gy = I(y + 1) - I(y - 1), the edge pixel repeated; in colour, the channel where it is longest
    vote        magnitude |g|, at the angle of g without its sign, 0 to 180 degrees, shared linearly by the two nearest of 9 bins
                (centres 10, 30, ..., 170 degrees) and bilinearly by the four nearest cells
    cell        8 x 8 pixels; in smaller pictures size // 8, but at least 4: 64 -> 8, 48 -> 6, 28 -> 4
    block       2 x 2 cells, moved by one cell; v <- v / sqrt(|v|^2 + e^2), cut at 0.2, and divided so once more (L2-Hys), e = 1 grey
                level a pixel
    features    blocks row by row; in a block its cells row by row; in a cell its bins: 36 numbers a block, from 0 to 1

Cells that do not fill the picture stand in its middle. Gradients of bytes are whole numbers, so bin, share and magnitude are looked up.
Source: Dalal & Triggs (2005), Histograms of oriented gradients for human detection, CVPR, 886-893.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.maths.compiling import kernel

BINS = 9
BLOCK = 2  # cells a side
CUT = np.float32(0.2)
NOISE = 1.0  # grey levels a pixel
LEAST_SIZE = 8
CALL_PIXELS = 1_000_000
"""Bytes of pictures in one call of the compiled loop: some hundredths of a second, after which Ctrl-C is heard."""

Pixels = NDArray[np.uint8]
Features = NDArray[np.float32]
Array = NDArray[Any]


def cell_size(size: int) -> int:
    """Pixels a side of a cell in pictures of ``size`` pixels a side.

    >>> [cell_size(size) for size in (28, 32, 48, 64, 128)]
    [4, 4, 6, 8, 8]
    """
    return min(8, max(4, size // 8))


def hog_shape(size: int) -> tuple[int, int, int, int, int]:
    """(block rows, block columns, cell rows, cell columns, bins) of the features of one picture."""
    blocks = size // cell_size(size) - BLOCK + 1
    return blocks, blocks, BLOCK, BLOCK, BINS


def hog(pixels: Pixels, size: int, channels: int, out: Features | None = None) -> Features:
    """Histograms of oriented gradients of pictures.

    Parameters
    ----------
    pixels : uint8 array of shape (n, size * size * channels)
        As `Images.pixels` has them.
    size, channels : int
        Pixels a side, at least 8; 1 or 3.
    out : float32 array of shape (n, features), optional
        Where to put the result.

    Returns
    -------
    features : float32 array of shape (n, product of `hog_shape`), in [0, 1]

    Examples
    --------
    >>> upright_edge = np.repeat([[0] * 32 + [255] * 32], 64, axis=0).astype(np.uint8)
    >>> features = hog(upright_edge.reshape(1, -1), size=64, channels=1).reshape(hog_shape(64))
    >>> features.sum(axis=(0, 1, 2, 3)).argsort()[-2:].tolist()  # its gradient points to 0 degrees, between the first bin and the last
    [0, 8]
    """
    if size < LEAST_SIZE:
        raise ValueError(f"size must be at least {LEAST_SIZE} pixels for gradients in cells; got {size}.")
    features = int(np.prod(hog_shape(size)))
    result: Features = np.empty((len(pixels), features), np.float32) if out is None else out
    cell = cell_size(size)
    pixels, some, noise = np.ascontiguousarray(pixels), max(1, CALL_PIXELS // pixels.shape[1]), np.float32(NOISE * cell * cell)
    for start in range(0, len(pixels), some):
        rows = slice(start, start + some)
        _hog(pixels[rows], size, channels, cell, size // cell, noise, *_votes(), result[rows])
    return result


@cache
def _votes() -> tuple[NDArray[np.int8], NDArray[np.float32], NDArray[np.float32]]:
    """For every gradient (gy, gx) of bytes, gy >= 0: the lower of its two bins, and the votes for it and for the next."""
    gy, gx = np.mgrid[0:256, -255:256].astype(np.float64)
    place = (np.arctan2(gy, gx) / np.pi * BINS - 0.5) % BINS  # 0 at the centre of the first bin
    lower = np.floor(place).astype(np.int8) % BINS
    share, magnitude = place - np.floor(place), np.hypot(gy, gx)
    return lower, (magnitude * (1 - share)).astype(np.float32), (magnitude * share).astype(np.float32)


@kernel
def _hog(
    pixels: Array,
    size: int,
    channels: int,
    cell: int,
    cells: int,
    noise: Any,
    lower: Array,
    vote_lower: Array,
    vote_upper: Array,
    out: Array,
) -> None:
    """out[i] <- the histograms of picture i."""
    margin = (size - cells * cell) // 2
    histograms = np.empty((cells + 2, cells + 2, BINS), np.float32)  # with a rim for votes that fall outside
    for i in range(pixels.shape[0]):
        histograms[:] = 0
        for y in range(margin, margin + cells * cell):
            up, down = max(y - 1, 0) * size, min(y + 1, size - 1) * size
            v = (y - margin + np.float32(0.5)) / cell + np.float32(0.5)  # in cells; a cell's centre is a whole number
            row = int(v)
            below = np.float32(v - row)
            for x in range(margin, margin + cells * cell):
                left, right = max(x - 1, 0), min(x + 1, size - 1)
                gx, gy, longest = np.int64(0), np.int64(0), np.int64(-1)
                for c in range(channels):
                    dx = np.int64(pixels[i, (y * size + right) * channels + c]) - np.int64(pixels[i, (y * size + left) * channels + c])
                    dy = np.int64(pixels[i, (down + x) * channels + c]) - np.int64(pixels[i, (up + x) * channels + c])
                    length = dx * dx + dy * dy
                    if length > longest:
                        gx, gy, longest = dx, dy, length
                if longest == 0:
                    continue
                if gy < 0:
                    gx, gy = -gx, -gy
                first = int(lower[gy, gx + 255])
                second = first + 1 if first + 1 < BINS else 0
                a, b = vote_lower[gy, gx + 255], vote_upper[gy, gx + 255]
                u = (x - margin + np.float32(0.5)) / cell + np.float32(0.5)
                column = int(u)
                beside = np.float32(u - column)
                for j in range(2):
                    part = below if j else 1 - below
                    near, far = part * (1 - beside), part * beside
                    histograms[row + j, column, first] += near * a
                    histograms[row + j, column, second] += near * b
                    histograms[row + j, column + 1, first] += far * a
                    histograms[row + j, column + 1, second] += far * b
        _normalise(histograms, cells, noise, out[i])


@kernel
def _normalise(histograms: Array, cells: int, noise: Any, out: Array) -> None:
    """out <- the blocks of the cells inside the rim, each divided by its length, cut, and divided again."""
    width = BLOCK * BLOCK * BINS
    start = 0
    for row in range(1, cells):
        for column in range(1, cells):
            total = noise * noise
            k = start
            for j in range(BLOCK):
                for m in range(BLOCK):
                    for b in range(BINS):
                        value = histograms[row + j, column + m, b]
                        out[k] = value
                        total += value * value
                        k += 1
            scale = 1 / np.sqrt(total)
            total = np.float32(1e-12)
            for k in range(start, start + width):
                value = min(out[k] * scale, CUT)
                out[k] = value
                total += value * value
            scale = 1 / np.sqrt(total)
            for k in range(start, start + width):
                out[k] *= scale
            start += width
