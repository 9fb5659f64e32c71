"""Figures of what was learned from pictures: the weights as pictures, and the photos of which the network is most sure.

weights      each unit of the first layer as a picture: blue where a bright pixel speaks for it, orange where it speaks against it
confident    test pictures with the highest probability, right ones above and wrong ones below
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from glassnet.seeing.plots import BLUE, DPI, GREY, INK, ORANGE, PALE, head, short

AGAINST_FOR = LinearSegmentedColormap.from_list("against and for", ["#8a3210", ORANGE, "#f3cbb5", "#ffffff", "#b9d2ee", BLUE, "#163f73"])
MOST_UNITS = 36
MOST_SHOWN = 6  # pictures in a row
CUT = 99.5  # percentile of a unit's weights beyond which colours do not deepen


def weights(first: ArrayLike, size: int, channels: int, *, classes: Sequence[Any] | None = None) -> Figure:
    """The weights of the first layer as pictures.

    Parameters
    ----------
    first : array of shape (size * size * channels, units)
        Of centred pixels; row by row, the channels of a pixel side by side.
    size, channels : int
    classes : sequence, optional
        The units are output units, one for each class, or a single one that speaks for the second of two. Without, they are hidden
        units, of which the `MOST_UNITS` with the longest weights are shown.
    """
    W = np.asarray(first, np.float64)
    if classes is not None:
        shown, titles = np.arange(W.shape[1]), [str(classes[-1])] if W.shape[1] == 1 else [str(label) for label in classes]
        what = f"What speaks for {short(titles[0])}, and what against it" if len(titles) == 1 else "What speaks for each class"
    else:
        shown = np.argsort(-np.linalg.norm(W, axis=0), kind="stable")[:MOST_UNITS]
        titles = [""] * len(shown)
        what = "What the first layer looks for"
        what += (
            f": the {len(shown)} strongest of {W.shape[1]:,} hidden units" if len(shown) < W.shape[1] else f": {len(shown)} hidden units"
        )
    tiles = [(W[:, unit].reshape(size, size, channels), title) for unit, title in zip(shown, titles, strict=True)]
    colours = "" if channels == 1 else "Brightness (mean of red, green and blue). "
    told = f"{colours}Blue: a brighter pixel speaks for it; orange: against it; white: no matter. Each picture has its own scale."
    if len(tiles) == 1 and channels == 3:
        W0 = tiles[0][0]
        tiles = [(W0.mean(axis=2, keepdims=True), "all"), *((W0[:, :, [c]], name) for c, name in enumerate(("red", "green", "blue")))]
        told = "Blue: a brighter pixel speaks for it; orange: against it; white: no matter."
    columns = _columns(len(tiles))
    figure, axes = _grid(
        len(tiles), columns, side=1.9 if len(tiles) <= 12 else 1.05, below=0.26 if any(title for _, title in tiles) else 0.06
    )
    for place, (tile, title) in zip(axes, tiles, strict=False):
        values = tile.mean(axis=2)
        most = float(np.percentile(np.abs(values), CUT)) or 1.0
        place.imshow(values, cmap=AGAINST_FOR, vmin=-most, vmax=most, interpolation="nearest")
        place.set_xlabel(short(title), size=9, color=GREY, labelpad=3)
    head(figure, what, told)
    return figure


def confident(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sure: ArrayLike,
    picture: Callable[[int], tuple[NDArray[np.uint8], str]],
    *,
    most: int = MOST_SHOWN,
) -> Figure:
    """The pictures of which the network is most sure: right ones above, wrong ones below.

    Parameters
    ----------
    y_true, y_pred : arrays of shape (n_rows,)
        Labels.
    sure : array of shape (n_rows,)
        Probability of the predicted class.
    picture : callable
        From the number of a row to its pixels, (size, size) or (size, size, 3), and its name.
    most : int
        Pictures in each row.
    """
    true, predicted, probability = np.asarray(y_true), np.asarray(y_pred), np.asarray(sure, np.float64)
    right = true == predicted
    order = np.argsort(-probability, kind="stable")
    rows = {"right": order[right[order]][:most], "wrong": order[~right[order]][:most]}
    figure, axes = _grid(2 * most, most, side=1.45, below=0.62)
    for line, (what, chosen) in enumerate(rows.items()):
        for place in axes[line * most : (line + 1) * most]:
            place.set_axis_off()
        for place, row in zip(axes[line * most : (line + 1) * most], chosen, strict=False):
            pixels, name = picture(int(row))
            place.set_axis_on()
            place.imshow(pixels, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
            for spine in place.spines.values():
                spine.set(color=BLUE if what == "right" else ORANGE, lw=2)
            label = f"{short(str(predicted[row]))} {_percent(probability[row])}"
            under = short(name) if what == "right" else f"is {short(str(true[row]))}  ·  {short(name)}"
            place.set_xlabel(f"{label}\n{under}", size=8.5, color=INK, labelpad=4, linespacing=1.4)
    n_wrong = int((~right).sum())
    told = f"Above: right; below: wrong ({n_wrong:,} of {len(true):,})." if n_wrong else f"None of the {len(true):,} is wrong."
    head(figure, "Of which test pictures the network is most sure", f"{told} Under each its answer, the probability, and the file.")
    return figure


def _columns(n: int) -> int:
    """Columns of a grid of ``n`` tiles that is a little wider than high."""
    if n <= 5:
        return n
    wide = range(math.ceil(math.sqrt(n)), math.ceil(1.6 * math.sqrt(n)) + 1)
    return max((columns for columns in wide if n % columns == 0), default=wide[-1] - 1)


def _grid(n: int, columns: int, *, side: float, below: float) -> tuple[Figure, list[Axes]]:
    """A page of square tiles of ``side`` inches, each with ``below`` inches for words; the spare tiles of the last row are empty."""
    rows = -(-n // columns)
    figure = Figure(figsize=(max(columns * (side + 0.12) + 0.3, 6.4), rows * (side + below + 0.1) + 0.95), dpi=DPI, layout="constrained")
    figure.set_facecolor("white")
    axes = figure.subplots(rows, columns, squeeze=False).ravel().tolist()
    for place in axes:
        place.set(xticks=[], yticks=[])
        place.spines[:].set_color(PALE)
    for place in axes[n:]:
        place.set_axis_off()
    return figure, axes


def _percent(probability: float) -> str:
    """``97 %``; never 100 % for what is not certain."""
    return "> 99.9 %" if probability > 0.999 else f"{100 * probability:.1f} %" if probability > 0.99 else f"{100 * probability:.0f} %"
