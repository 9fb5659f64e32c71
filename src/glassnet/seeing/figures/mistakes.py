"""The most confident mistakes as a table: what each row is, what it was taken for and how surely, and what stands in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from glassnet.data.pixels import ImagePreparation
from glassnet.seeing.figures.display import Display
from glassnet.seeing.figures.grid_rows import Table
from glassnet.seeing.figures.style import GREY, INK, ORANGE, PALE, number, percent, short
from glassnet.seeing.subject import Subject, subject_of

Array = NDArray[Any]

MOST_ROWS, MOST_COLUMNS = 10, 6


class MistakeDisplay(Display):
    """Rows on which a classifier is wrong, the surest first.

    Parameters
    ----------
    y_true, y_pred : arrays of shape (n,)
        Labels.
    confidence : array of shape (n,)
        Probability of the predicted class.
    table : Table, default=None
        The rows; without, their numbers only.
    features : sequence of column names or numbers, default=None
        Which columns are shown; without, the first six.
    most : int, default=10
        Rows that are shown.

    Attributes
    ----------
    rows_ : array of int
        The rows that are shown, from 0.
    cells_ : list of lists of matplotlib.text.Text
        The words of the table, row by row; the first list is its head.
    ax_, figure_, title_, remark_ :
        As of every display.

    Examples
    --------
    >>> from glassnet import MistakeDisplay
    >>> display = MistakeDisplay.from_predictions([0, 1, 1], [0, 0, 0], [0.6, 0.7, 0.9], {"age": [20, 30, 40]})
    >>> [cell.get_text() for cell in display.cells_[1]]
    ['2', '1', '0', '90 %', '40']
    """

    def __init__(
        self,
        y_true: ArrayLike,
        y_pred: ArrayLike,
        confidence: ArrayLike,
        *,
        table: Table | None = None,
        features: Sequence[int | str] | None = None,
        most: int = MOST_ROWS,
    ) -> None:
        self.y_true, self.y_pred, self.confidence = (
            np.asarray(y_true).ravel(),
            np.asarray(y_pred).ravel(),
            np.asarray(confidence, np.float64),
        )
        self.table, self.most = table, most
        names = () if table is None else table.names
        self.columns = list(range(min(len(names), MOST_COLUMNS)))
        if features is not None and table is not None:
            self.columns = [table.number_of(feature) for feature in features]

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        features: Sequence[int | str] | None = None,
        most: int = MOST_ROWS,
        ax: Axes | None = None,
    ) -> Self:
        """Ask a classifier about rows and show where it is most surely wrong.

        Parameters
        ----------
        estimator : fitted estimator or Pipeline that ends in one
        X, y : rows and truth
        features : sequence of column names or numbers, default=None
            Which columns are shown; without, the first six.
        most : int, default=10
            Rows that are shown.
        ax : matplotlib.axes.Axes, default=None

        Returns
        -------
        MistakeDisplay

        Raises
        ------
        ValueError
            For models without classes, and for columns that are not there.
        """
        subject = subject_of(estimator)
        refuse_without_classes(subject)
        if isinstance(subject.preparation, ImagePreparation):
            raise ValueError("this model reads pictures, and their pixels are no rows to read. Use ConfidentPictureDisplay.")
        sure = np.asarray(estimator.predict_proba(X)).max(axis=1)
        table = Table.of(X, subject.inputs if subject.preparation is None else ())
        predicted = estimator.predict(X)
        if subject.labels.kind == "binary":  # with a threshold of its own, the answer need not be the likelier class
            probability = np.asarray(estimator.predict_proba(X))
            sure = probability[np.arange(len(probability)), np.searchsorted(subject.classes, predicted)]
        return cls(y, predicted, sure, table=table, features=features, most=most).plot(ax)

    @classmethod
    def from_predictions(
        cls,
        y_true: ArrayLike,
        y_pred: ArrayLike,
        confidence: ArrayLike,
        X: Any = None,
        *,
        features: Sequence[int | str] | None = None,
        most: int = MOST_ROWS,
        ax: Axes | None = None,
    ) -> Self:
        """Show labels ``y_true`` (n,), predictions ``y_pred`` (n,), their probability ``confidence`` (n,) and the rows ``X``."""
        table = None if X is None else Table.of(X)
        return cls(y_true, y_pred, confidence, table=table, features=features, most=most).plot(ax)

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw, into ``ax`` or on a page of its own."""
        wrong = self.y_true != self.y_pred
        self.rows_ = order_of_confidence(self.confidence, wrong)[: self.most]
        names = [] if self.table is None else [self.table.names[column] for column in self.columns]
        body = [
            [
                str(row), short(str(self.y_true[row])), short(str(self.y_pred[row])), percent(float(self.confidence[row])),
                *(_spelt(self.table.column(column)[row]) for column in self.columns if self.table is not None),
            ]
            for row in self.rows_.tolist()
        ]  # fmt: skip
        headings = ["row", "is", "taken for", "surely", *(short(name, 22) for name in names)]
        widths = [max(len(line[k].replace("\\", "")) for line in [headings, *body]) + 3 for k in range(len(headings))]
        inches = max(sum(widths) * 0.082 + 0.3, 6.4)
        (axes,) = self._axes(ax, inches, 0.29 * (len(body) + 1) + 1.05)
        axes.set_axis_off()
        axes.set(xlim=(0, sum(widths)), ylim=(len(body) + 0.6, -0.6))
        right = np.cumsum(widths)
        self.cells_ = []
        for i, line in enumerate([headings, *body]):
            cells = []
            for k, text in enumerate(line):
                left_bound = k in (1, 2)
                x = right[k] - widths[k] + 2 if left_bound else right[k]
                colour = GREY if i == 0 else ORANGE if k == 2 else INK
                weight = "bold" if k == 3 and i else "normal"
                ha = "left" if left_bound else "right"
                cells.append(axes.text(x, i, text, ha=ha, va="center", size=9.5, color=colour, weight=weight))
            self.cells_.append(cells)
            axes.axhline(i + 0.5, color=GREY if i == 0 else PALE, lw=0.9 if i == 0 else 0.6)
        n_wrong = int(wrong.sum())
        title = f"The {len(body)} most confident of {n_wrong:,} mistakes in {len(wrong):,} rows"
        if len(body) == n_wrong:
            title = f"All {n_wrong:,} mistakes in {len(wrong):,} rows, the most confident first"
        if n_wrong < 2:
            title = f"{'The only' if n_wrong else 'No'} mistake in {len(wrong):,} rows"
        more = 0 if self.table is None else len(self.table.names) - len(self.columns)
        hidden = f"{more:,} more column{' is' if more == 1 else 's are'} not shown." if more > 0 else ""
        self._headed(title, f"Values as they were given. {hidden}".strip() if names and n_wrong else "")
        return self


def refuse_without_classes(subject: Subject) -> None:
    """Raise ValueError where there are no classes to be right or wrong about, or several for each row."""
    if subject.labels is None:
        raise ValueError("this figure needs right and wrong answers; the model predicts numbers. Use ResidualDisplay.")
    if subject.labels.kind in ("multilabel", "several"):
        raise ValueError("this model gives several labels to each row. Take one of them, and from_predictions.")


def order_of_confidence(confidence: Array, chosen: NDArray[np.bool_]) -> NDArray[np.intp]:
    """The numbers of the chosen rows, the surest first."""
    order = np.argsort(-confidence, kind="stable")
    return order[chosen[order]]


def _spelt(value: Any) -> str:
    """A value as it was given, numbers with four digits."""
    if value is None or value != value:
        return "missing"
    return number(float(value)) if isinstance(value, int | float | np.number) and not isinstance(value, bool) else short(str(value))
