"""The pictures of which a network is most sure: right ones above, wrong ones below."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from glassnet.data.images import Images
from glassnet.data.pixels import ImagePreparation
from glassnet.seeing.figures.display import Display
from glassnet.seeing.figures.mistakes import order_of_confidence, refuse_without_classes
from glassnet.seeing.figures.style import BLUE, INK, ORANGE, percent, short
from glassnet.seeing.figures.tiles import square_shape, tiled
from glassnet.seeing.subject import subject_of

MOST_SHOWN = 6
Picture = Callable[[int], tuple[NDArray[Any], str]]


class ConfidentPictureDisplay(Display):
    """Pictures with the highest probability of the predicted class.

    Parameters
    ----------
    y_true, y_pred : arrays of shape (n,)
        Labels.
    confidence : array of shape (n,)
        Probability of the predicted class.
    picture : callable
        From the number of a row to its pixels, (height, width) or (height, width, 3), and its name. Of bytes 0 is black and 255 white; of
        other numbers the least and the greatest of the picture.
    most : int, default=6
        Pictures in each row.

    Attributes
    ----------
    right_, wrong_ : arrays of int
        The rows that are shown, the surest first.
    images_ : list of matplotlib.image.AxesImage
    ax_, axes_, figure_, title_, remark_ :
        As of every display.

    Examples
    --------
    >>> import numpy as np
    >>> from glassnet import ConfidentPictureDisplay
    >>> pixels = np.zeros((3, 8, 8))
    >>> display = ConfidentPictureDisplay.from_predictions("aab", "aaa", [0.7, 0.9, 0.8], lambda row: (pixels[row], str(row)))
    >>> display.right_, display.wrong_
    (array([1, 0]), array([2]))
    """

    def __init__(self, y_true: ArrayLike, y_pred: ArrayLike, confidence: ArrayLike, picture: Picture, *, most: int = MOST_SHOWN) -> None:
        self.y_true, self.y_pred, self.confidence = _labels(y_true), _labels(y_pred), np.asarray(confidence, np.float64)
        self.picture, self.most = picture, most

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Any, y: Any, *, shape: Sequence[int] | None = None, most: int = MOST_SHOWN, ax: Any = None
    ) -> Self:
        """Ask a classifier about pictures.

        Parameters
        ----------
        estimator : fitted estimator or Pipeline that ends in one
        X : pictures as the model takes them
            Images of ``read_images``, or rows of pixels.
        y : array of shape (n,)
            The truth.
        shape : (height, width) or (height, width, 3), default=None
            Of the pictures; without, it is told by the preparation, or by a number of columns that is a square, or three of them.
        most : int, default=6
            Pictures in each row.
        ax : sequence of matplotlib.axes.Axes, default=None
            ``2 * most`` of them.

        Returns
        -------
        ConfidentPictureDisplay

        Raises
        ------
        ValueError
            For models without classes, and rows that are no pictures.
        """
        subject = subject_of(estimator)
        refuse_without_classes(subject)
        pixels = np.asarray(X.pixels if isinstance(X, Images) else X.toarray() if hasattr(X, "toarray") else X)
        rows = pixels.reshape(len(pixels), -1)
        if isinstance(subject.preparation, ImagePreparation):
            size = subject.preparation.size
            shape = (size, size, 3) if subject.preparation.channels == 3 else (size, size)
        shape = tuple(shape or square_shape(rows.shape[1]))
        asked = X.pixels if isinstance(X, Images) else X
        sure = np.asarray(estimator.predict_proba(asked)).max(axis=1)
        names = X.names if isinstance(X, Images) else [f"row {row}" for row in range(len(rows))]
        return cls(y, estimator.predict(asked), sure, lambda row: (rows[row].reshape(shape), names[row]), most=most).plot(ax)

    @classmethod
    def from_predictions(
        cls, y_true: ArrayLike, y_pred: ArrayLike, confidence: ArrayLike, picture: Picture, *, most: int = MOST_SHOWN, ax: Any = None
    ) -> Self:
        """Draw pictures of labels ``y_true`` (n,), predictions ``y_pred`` (n,) and their probability ``confidence`` (n,)."""
        return cls(y_true, y_pred, confidence, picture, most=most).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw, into ``ax`` or on a page of its own."""
        right, most = self.y_true == self.y_pred, self.most
        self.right_ = order_of_confidence(self.confidence, right)[:most]
        self.wrong_ = order_of_confidence(self.confidence, ~right)[:most]
        axes = tiled(self, ax, 2 * most, side=1.45, below=0.62, columns=most)
        self.images_ = []
        for line, (chosen, colour) in enumerate(((self.right_, BLUE), (self.wrong_, ORANGE))):
            for place in axes[line * most : (line + 1) * most]:
                place.set_axis_off()
            for place, row in zip(axes[line * most : (line + 1) * most], chosen, strict=False):
                pixels, name = self.picture(int(row))
                place.set_axis_on()
                bytes_ = pixels.dtype == np.uint8
                low, high = (0.0, 255.0) if bytes_ else (float(pixels.min()), float(pixels.max()))
                shown = pixels if bytes_ or pixels.ndim == 2 else (pixels - low) / max(high - low, 1e-300)
                self.images_.append(place.imshow(shown, cmap="gray", vmin=low, vmax=max(high, low + 1e-9), interpolation="nearest"))
                for spine in place.spines.values():
                    spine.set(color=colour, lw=2, ls="-" if line == 0 else (0, (3, 1.5)))
                label = f"{_named(self.y_pred[row])} · {percent(self.confidence[row])}"
                under = short(name) if line == 0 else f"is {_named(self.y_true[row])}  ·  {short(name)}"
                place.set_xlabel(f"{label}\n{under}", size=8.5, color=INK, labelpad=4, linespacing=1.4)
        n_wrong = int((~right).sum())
        n = len(right)
        told = f"Above: right; below: wrong ({n_wrong:,} of {n:,})." if n_wrong else f"None of the {n:,} is wrong."
        self._headed("Of which pictures the network is most sure", f"{told} Under each its answer, the probability, and its name.")
        return self


def _labels(y: ArrayLike) -> NDArray[Any]:
    return np.array(list(y)) if isinstance(y, str) else np.asarray(y).ravel()


def _named(label: Any) -> str:
    """``cat``; ``class 6``, since a number alone beside a percentage could be a count."""
    return f"class {short(str(label))}" if str(label)[:1].isdigit() else short(str(label))
