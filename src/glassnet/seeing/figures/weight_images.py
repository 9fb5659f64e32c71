"""The weights of the first layer as pictures: blue where a bright pixel speaks for a unit, orange where it speaks against it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from glassnet.data.pixels import ImagePreparation
from glassnet.seeing.figures.display import Display
from glassnet.seeing.figures.style import DIVERGING, GREY, short
from glassnet.seeing.figures.tiles import square_shape, tiled
from glassnet.seeing.subject import subject_of

MOST_UNITS = 36
CUT = 99.5  # percentile of a unit's weights beyond which colours do not deepen


class WeightImageDisplay(Display):
    """Each unit of the first layer as a picture.

    Parameters
    ----------
    first : array of shape (height * width * channels, units)
        Weights of the first layer; row by row, the channels of a pixel side by side.
    shape : (height, width) or (height, width, 3)
        Of the pictures.
    classes : sequence, default=None
        The units are output units, one for each class, or a single one that speaks for the second of two. Without, they are hidden
        units, of which the ``MOST_UNITS`` with the longest weights are shown.

    Attributes
    ----------
    units_ : array of int
        The units that are shown, from 0, in the order of the pictures.
    images_ : list of matplotlib.image.AxesImage
        Their arrays are the weights, of colour pictures the mean of the channels.
    ax_, axes_, figure_, title_, remark_ :
        As of every display.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from glassnet import LogisticRegression, WeightImageDisplay
    >>> X, y = load_digits(return_X_y=True)
    >>> display = WeightImageDisplay.from_estimator(LogisticRegression(C=0.01, max_iter=1000).fit(X, y))
    >>> len(display.images_), display.images_[0].get_array().shape
    (10, (8, 8))
    """

    def __init__(self, first: ArrayLike, shape: Sequence[int], *, classes: Sequence[Any] | None = None) -> None:
        self.first = np.asarray(first, np.float64)
        self.shape = tuple(shape)
        self.classes = classes
        if self.first.ndim != 2 or len(self.first) != math.prod(self.shape):
            numbers = math.prod(self.shape)
            raise ValueError(f"pictures of shape {self.shape} have {numbers} numbers; the weights have shape {self.first.shape}.")

    @classmethod
    def from_estimator(cls, estimator: Any, *, shape: Sequence[int] | None = None, ax: Any = None) -> Self:
        """Draw the first layer of a network that has learned from pixels.

        Parameters
        ----------
        estimator : fitted estimator or Pipeline that ends in one
        shape : (height, width) or (height, width, 3), default=None
            Of the pictures; without, it is told by the preparation, or by a number of inputs that is a square, or three of them.
        ax : sequence of matplotlib.axes.Axes, default=None
            One for each picture.

        Returns
        -------
        WeightImageDisplay

        Raises
        ------
        ValueError
            Where the inputs are no pixels, or ``shape`` does not fit.
        """
        subject = subject_of(estimator)
        W = subject.parameters[0][0]
        if isinstance(subject.preparation, ImagePreparation):
            if subject.preparation.features == "hog":
                raise ValueError("this model reads histograms of gradients, no pixels: its weights are no pictures.")
            W = W[: subject.preparation.n_features_in_]
            size, channels = subject.preparation.size, subject.preparation.channels
            shape = (size, size, 3) if channels == 3 else (size, size)
        names = None
        if len(subject.parameters) == 1:
            names = list(subject.outputs)
        return cls(W, shape or square_shape(len(W)), classes=names).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw, into ``ax`` or on a page of its own."""
        W = self.first
        colour = len(self.shape) == 3
        pictures = W.T.reshape(W.shape[1], *self.shape, *(() if colour else (1,)))
        if self.classes is not None:
            self.units_ = np.arange(W.shape[1])
            titles = [str(self.classes[-1])] if W.shape[1] == 1 else [str(label) for label in self.classes]
            what = f"What speaks for {short(titles[0])}, and what against it" if len(titles) == 1 else "What speaks for each class"
        else:
            self.units_ = np.argsort(-np.linalg.norm(W, axis=0), kind="stable")[:MOST_UNITS]
            titles = [""] * len(self.units_)
            several = f"the {len(self.units_)} strongest of {W.shape[1]:,}" if len(self.units_) < W.shape[1] else f"{len(self.units_)}"
            what = f"What the first layer looks for: {several} hidden unit{'s' if W.shape[1] > 1 else ''}"
        tiles = [(pictures[unit], title) for unit, title in zip(self.units_, titles, strict=True)]
        told = "Blue: a brighter pixel speaks for it; orange: against it; white: no matter."
        if len(tiles) == 1 and colour:
            whole = tiles[0][0]
            tiles = [(whole, "all"), *((whole[:, :, [c]], name) for c, name in enumerate(("red", "green", "blue")))]
        else:
            told = f"{'Brightness (mean of red, green and blue). ' if colour else ''}{told} Each picture has its own scale."
        titled = any(title for _, title in tiles)
        side = 1.9 if len(tiles) <= 12 else 1.05
        axes = tiled(self, ax, len(tiles), side=side, below=0.26 if titled else 0.06, tall=self.shape[0] / self.shape[1])
        self.images_ = []
        for place, (tile, title) in zip(axes, tiles, strict=False):
            values: NDArray[np.float64] = tile.mean(axis=2)
            most = float(np.percentile(np.abs(values), CUT)) or 1.0
            self.images_.append(place.imshow(values, cmap=DIVERGING, vmin=-most, vmax=most, interpolation="nearest"))
            place.set_xlabel(short(title), size=9, color=GREY, labelpad=3)
        self._headed(what, told)
        return self
