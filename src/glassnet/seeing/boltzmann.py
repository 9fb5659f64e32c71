"""What a Boltzmann machine has learned, as pictures: its filters, rows it makes up, and rows it completes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from glassnet.data.pixels import ImagePreparation
from glassnet.seeing.figures.display import Display
from glassnet.seeing.figures.style import GREY, short
from glassnet.seeing.figures.tiles import square_shape, tiled
from glassnet.seeing.figures.weight_images import WeightImageDisplay

PICTURES = {"filters.png": "What the units of the first machine look for", "samples.png": "What the machines make up together"}
"""Files that a run leaves of machines that see pixels."""
FANTASIES, SWEEPS = 30, 500


class PictureRowsDisplay(Display):
    """Rows of a table of pictures, as tiles in grey.

    Parameters
    ----------
    rows : array of shape (n, height * width)
    shape : (height, width) or None
        None takes a square.
    title, remark : str
        What the page shows.
    columns : int or None
        Tiles beside each other.
    names : sequence of str
        Words beneath the first tiles.

    Attributes
    ----------
    images_ : list of matplotlib.image.AxesImage
    ax_, axes_, figure_, title_, remark_ :
        As of every display.
    """

    def __init__(
        self,
        rows: ArrayLike,
        shape: Sequence[int] | None = None,
        *,
        title: str = "Pictures",
        remark: str = "",
        columns: int | None = None,
        names: Sequence[str] = (),
    ) -> None:
        self.rows = np.asarray(rows, np.float64)
        self.shape = tuple(shape) if shape is not None else square_shape(self.rows.shape[1])
        if self.rows.ndim != 2 or self.rows.shape[1] != math.prod(self.shape):
            raise ValueError(f"pictures of shape {self.shape} have {math.prod(self.shape)} numbers; the rows have shape {self.rows.shape}.")
        self.columns, self.names = columns, names
        self._words = (title, remark)

    def plot(self, ax: Any = None) -> Self:
        """Draw, into ``ax`` or on a page of its own."""
        n = len(self.rows)
        side = 1.0 if n > 12 else 1.5
        tall = self.shape[0] / self.shape[1]
        axes = tiled(self, ax, n, side=side, below=0.26 if self.names else 0.06, tall=tall, columns=self.columns)
        known = self.rows[np.isfinite(self.rows)]
        low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
        self.images_ = []
        for i, (place, row) in enumerate(zip(axes, self.rows, strict=False)):
            place.set_facecolor("#e8c9a0")  # what is not known shows through
            picture = np.ma.masked_invalid(row.reshape(self.shape))
            self.images_.append(place.imshow(picture, cmap="gray", vmin=low, vmax=high, interpolation="nearest"))
            place.set_xlabel(short(self.names[i]) if i < len(self.names) else "", size=9, color=GREY, labelpad=3)
        self._headed(*self._words)
        return self


def filters(rbm: Any, shape: Sequence[int] | None = None, ax: Any = None) -> WeightImageDisplay:
    """The weights of each hidden unit as a picture.

    Parameters
    ----------
    rbm : fitted BernoulliRBM or RBM
    shape : (height, width), default=None
        Of the pictures; None takes a square.
    ax : sequence of matplotlib.axes.Axes, default=None

    Returns
    -------
    WeightImageDisplay
    """
    W = rbm.components_.T
    return WeightImageDisplay(W, shape or square_shape(len(W))).plot(ax)


def fantasies(
    rbm: Any, shape: Sequence[int] | None = None, *, n: int = 30, burn_in: int = 1000, random_state: Any = None, ax: Any = None
) -> PictureRowsDisplay:
    """Pictures that the machine makes up: one from each of ``n`` chains, as probabilities.

    Parameters
    ----------
    rbm : fitted BernoulliRBM or RBM
    shape : (height, width), default=None
        Of the pictures; None takes a square.
    n : int, default=30
        Pictures.
    burn_in : int, default=1000
        Sweeps of each chain, from the persistent chains of the training.
    random_state : int, RandomState or None, default=None
    ax : sequence of matplotlib.axes.Axes, default=None

    Returns
    -------
    PictureRowsDisplay
    """
    rows = rbm.sample(n, n_chains=n, burn_in=burn_in, means=True, random_state=random_state)
    told = f"Each is the end of a chain of its own, {burn_in:,} sweeps long."
    return PictureRowsDisplay(rows, shape, title="What the machine makes up", remark=told).plot(ax)


def completions(
    rbm: Any, X: ArrayLike, shape: Sequence[int] | None = None, *, random_state: Any = None, ax: Any = None
) -> PictureRowsDisplay:
    """Pictures with covered parts, and beneath each what the machine expects there.

    Parameters
    ----------
    rbm : fitted BernoulliRBM or RBM
    X : array of shape (n, n_features)
        nan where a pixel is covered.
    shape : (height, width), default=None
        Of the pictures; None takes a square.
    random_state : int, RandomState or None, default=None
    ax : sequence of matplotlib.axes.Axes, default=None

    Returns
    -------
    PictureRowsDisplay
    """
    covered = np.asarray(X, np.float64)
    whole = rbm.complete(covered, random_state=random_state)
    told = "Above what it was given; beneath, what it expects, by many sweeps of the covered pixels."
    both = np.concatenate([covered, whole])
    return PictureRowsDisplay(both, shape, title="What the machine expects behind the cover", remark=told, columns=len(covered)).plot(ax)


def pictures_of(network: Any, preparation: Any, seed: Any) -> dict[str, Display]:
    """By the names of PICTURES: filters of a deep belief network's first machine, and what all make up together; of pixels only."""
    if not getattr(network, "rbms_", ()) or not isinstance(preparation, ImagePreparation) or not preparation.gives_intensities:
        return {}
    size = preparation.size
    shape = (size, size, 3) if preparation.channels == 3 else (size, size)
    made_up = fantasies(network, shape, n=FANTASIES, burn_in=SWEEPS, random_state=seed)
    return dict(zip(PICTURES, (filters(network.rbms_[0], shape), made_up), strict=True))
