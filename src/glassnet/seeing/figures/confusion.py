"""The confusion matrix: true classes against predicted ones, as counts (scikit-learn's) and shares of the row."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from matplotlib.axes import Axes
from matplotlib.text import Text
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import confusion_matrix

from glassnet.seeing.figures.display import Display
from glassnet.seeing.figures.style import INK, PALE, SHADES, short
from glassnet.seeing.subject import subject_of

Array = NDArray[Any]

WITH_SHARES, WITH_COUNTS = 12, 30
"""Classes up to which a cell holds count and share, and the count alone."""
WITH_NAMES = 40
"""Classes up to which each is named and has a cell of its own size; of more the picture stays as large."""


class ConfusionDisplay(Display):
    """How often each class was taken for which: scikit-learn's matrix with shares, room for long names, and the sum of it in a sentence.

    Parameters
    ----------
    confusion_matrix : int array of shape (n_classes, n_classes)
        Rows are true classes, columns predicted ones.
    display_labels : sequence
        Names of the classes. Beyond 30 the cells have colours only.
    rows_are : str, default='rows'
        What the rows are called in the headline, such as 'test rows'.

    Attributes
    ----------
    im_ : matplotlib.image.AxesImage
        Its array holds the shares of the row.
    text_ : array of matplotlib.text.Text or None, of shape (n_classes, n_classes)
    ax_, figure_, title_, remark_ :
        As of every display.

    Examples
    --------
    >>> from glassnet import ConfusionDisplay
    >>> display = ConfusionDisplay.from_predictions(["a", "a", "b"], ["a", "b", "b"])
    >>> display.title_
    '2 of 3 rows are right: accuracy 0.667'
    """

    def __init__(self, confusion_matrix: ArrayLike, *, display_labels: Sequence[Any], rows_are: str = "rows") -> None:
        self.confusion_matrix = np.asarray(confusion_matrix)
        self.display_labels = list(display_labels)
        self.rows_are = rows_are

    @classmethod
    def from_estimator(cls, estimator: Any, X: Any, y: Any, *, rows_are: str = "rows", ax: Axes | None = None) -> Self:
        """Draw what a classifier makes of rows.

        Parameters
        ----------
        estimator : fitted estimator or Pipeline that ends in one
        X, y : rows and truth, which training has not seen
        rows_are : str, default='rows'
        ax : matplotlib.axes.Axes, default=None

        Returns
        -------
        ConfusionDisplay

        Raises
        ------
        ValueError
            For regressors and several labels at once.
        """
        subject = subject_of(estimator)
        if subject.labels is None or subject.labels.kind in ("multilabel", "several"):
            what = (
                "predicts numbers: use ResidualDisplay"
                if subject.labels is None
                else "gives several labels to each row: take them one by one"
            )
            raise ValueError(f"a confusion matrix needs one class for each row; this model {what}.")
        return cls.from_predictions(y, estimator.predict(X), labels=subject.classes.tolist(), rows_are=rows_are, ax=ax)

    @classmethod
    def from_predictions(
        cls,
        y_true: ArrayLike,
        y_pred: ArrayLike,
        *,
        labels: Sequence[Any] | None = None,
        rows_are: str = "rows",
        ax: Axes | None = None,
    ) -> Self:
        """Draw labels ``y_true`` (n,) against predictions ``y_pred`` (n,); ``labels`` gives the order, else they are sorted."""
        true, predicted = np.asarray(y_true).ravel(), np.asarray(y_pred).ravel()
        names = np.unique(np.concatenate([true, predicted])).tolist() if labels is None else list(labels)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="A single label was found")  # a classifier of one class has one cell
            counts = confusion_matrix(true, predicted, labels=names)
        return cls(counts, display_labels=names, rows_are=rows_are).plot(ax)

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw, into ``ax`` or on a page of its own."""
        counts, n = self.confusion_matrix, len(self.display_labels)
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        names = [short(str(label)) for label in self.display_labels]
        longest = max(map(len, names))
        cell = float(np.clip(7.0 / n, 0.36, 1.15)) if n <= WITH_NAMES else 0.36 * WITH_NAMES / n
        named = range(0, n, -(-n // WITH_NAMES))  # of very many classes every so manieth is named
        slanted = longest * 0.085 > cell * named.step
        left, below = 0.75 + 0.085 * longest, 0.75 + (0.075 * longest if slanted else 0.1)
        (axes,) = self._axes(ax, max(left + cell * n + 1.3, 6.4), below + cell * n + 0.95)
        self.im_ = axes.imshow(shares, cmap=SHADES, vmin=0, vmax=1, aspect="equal")
        turn, side = (45, "right") if slanted else (0, "center")
        axes.set_xticks(named, [names[i] for i in named], rotation=turn, ha=side, rotation_mode="anchor")
        axes.set_yticks(named, [names[i] for i in named])
        if n <= WITH_NAMES:
            axes.set_xticks(np.arange(n - 1) + 0.5, minor=True)
            axes.set_yticks(np.arange(n - 1) + 0.5, minor=True)
        axes.grid(False, which="major")
        axes.grid(True, which="minor", color=PALE, lw=0.8)
        axes.tick_params(which="both", length=0)
        axes.spines[:].set_visible(True)
        self.text_ = _write_cells(axes, counts, shares)
        axes.set(xlabel="predicted class", ylabel="true class")
        total, right = int(counts.sum()), int(np.trace(counts))
        told = "counts, and shares of the row" if n <= WITH_SHARES else "counts, coloured by the share of the row"
        told = told if n <= WITH_COUNTS else "the darker, the larger the share of the row"
        self._headed(
            f"{right:,} of {total:,} {self.rows_are} are right: accuracy {right / max(total, 1):.3f}",
            f"Each row is a true class: {told}.",
        )
        return self


def _write_cells(axes: Axes, counts: NDArray[np.int64], shares: NDArray[np.float64]) -> NDArray[np.object_]:
    """Counts and shares in the cells that are not empty."""
    n = len(counts)
    written = np.full(counts.shape, None, dtype=object)
    if n > WITH_COUNTS:
        return written
    size = float(np.clip(90 / n, 6.5, 11))
    for i, j in np.ndindex(counts.shape):
        found, share = int(counts[i, j]), float(shares[i, j])
        if not found:
            continue
        text = f"{found:,}\n{100 * share:.0f} %" if n <= WITH_SHARES else f"{found:,}"
        colour = "white" if share > 0.55 else INK
        label: Text = axes.text(j, i, text, ha="center", va="center", size=size, color=colour, linespacing=1.25)
        written[i, j] = label
    return written
