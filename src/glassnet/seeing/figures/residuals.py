"""Residuals of a regressor: predicted against true values, and how the errors are spread.

residual    r = y - prediction, positive where the prediction is too low
"""

from __future__ import annotations

import math
from typing import Any, Self

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import mean_absolute_error, median_absolute_error, r2_score, root_mean_squared_error

from glassnet.seeing.figures.display import Display
from glassnet.seeing.figures.style import BLUE, GREY, INK, ORANGE, SHADES, number, plain_numbers, short
from glassnet.seeing.subject import subject_of

MANY_POINTS = 3000


class ResidualDisplay(Display):
    """Predicted against true values beside the line where they are equal, and a histogram of the residuals.

    scikit-learn's ``PredictionErrorDisplay`` draws the first; this one adds the spread, the errors in the target's units, and
    counts in hexagons where points would cover each other.

    Parameters
    ----------
    y_true, y_pred : arrays of shape (n,)
    name : str, default='target'
        What is predicted.
    rows_are : str, default='rows'
        What the rows are called in the headline, such as 'test rows'.

    Attributes
    ----------
    residuals : array of shape (n,)
        y_true - y_pred.
    points_ : matplotlib.collections.PathCollection, or PolyCollection of hexagons from 3,000 rows
    bars_ : matplotlib.container.BarContainer
    ax_, axes_, figure_, title_, remark_ :
        As of every display.

    Examples
    --------
    >>> from glassnet import ResidualDisplay
    >>> display = ResidualDisplay.from_predictions([1.0, 2.0, 4.0], [1.5, 2.0, 3.0], name="price")
    >>> display.residuals
    array([-0.5,  0. ,  1. ])
    """

    def __init__(self, y_true: ArrayLike, y_pred: ArrayLike, *, name: str = "target", rows_are: str = "rows") -> None:
        self.y_true, self.y_pred = np.asarray(y_true, float), np.asarray(y_pred, float)
        if self.y_true.ndim != 1 or self.y_true.shape != self.y_pred.shape or not len(self.y_true):
            shapes = f"{self.y_true.shape} and {self.y_pred.shape}"
            raise ValueError(f"y_true and y_pred must be of one shape (n,); got {shapes}. Take several targets one by one.")
        self.residuals = self.y_true - self.y_pred
        self.name, self.rows_are = name, rows_are

    @classmethod
    def from_estimator(cls, estimator: Any, X: Any, y: Any, *, name: str = "target", rows_are: str = "rows", ax: Any = None) -> Self:
        """Draw what a regressor makes of rows.

        Parameters
        ----------
        estimator : fitted estimator or Pipeline that ends in one
        X, y : rows and truth, which training has not seen
        name : str, default='target'
        rows_are : str, default='rows'
        ax : matplotlib.axes.Axes, or two of them, default=None

        Returns
        -------
        ResidualDisplay

        Raises
        ------
        ValueError
            For classifiers and several targets.
        """
        subject = subject_of(estimator)
        if subject.classes is not None:
            raise ValueError("residuals are of numbers; this model predicts classes. Use ConfusionDisplay or ProbabilityDisplay.")
        return cls(
            np.asarray(y).ravel() if np.ndim(y) < 2 or np.shape(y)[1] == 1 else y, estimator.predict(X), name=name, rows_are=rows_are
        ).plot(ax)

    @classmethod
    def from_predictions(
        cls, y_true: ArrayLike, y_pred: ArrayLike, *, name: str = "target", rows_are: str = "rows", ax: Any = None
    ) -> Self:
        """Draw true values ``y_true`` (n,) and predictions ``y_pred`` (n,)."""
        return cls(y_true, y_pred, name=name, rows_are=rows_are).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw, into ``ax`` or on a page of its own."""
        true, predicted, errors = self.y_true, self.y_pred, self.residuals
        left, right = self._axes(ax, 9.6, 4.8, columns=2, width_ratios=[1.15, 1])
        low, high = _window(np.concatenate([true, predicted]))
        if len(true) > MANY_POINTS:
            self.points_: Any = _draw_density(self.figure_, left, true, predicted, (low, high, low, high))
        else:
            pale = float(np.clip(60 / math.sqrt(len(true) + 1) / 6, 0.25, 0.8))
            self.points_ = left.scatter(true, predicted, s=14, color=BLUE, alpha=pale, lw=0)
        left.plot([low, high], [low, high], color=ORANGE, lw=1.4, label="prediction = truth")
        name = short(self.name, 30)
        left.set(xlim=(low, high), ylim=(low, high), xlabel=f"true {name}", ylabel=f"predicted {name}", aspect="equal")
        left.legend(loc="upper left", frameon=False, labelcolor=INK)
        inner = errors
        if len(errors) >= 200:  # a few far ones would leave no room for the rest
            inner = errors[(errors >= np.quantile(errors, 0.005)) & (errors <= np.quantile(errors, 0.995))]
        bins = int(np.clip(len(inner) ** 0.5, 8, 60))
        *_, self.bars_ = right.hist(inner, bins=bins, color=BLUE, edgecolor="white", lw=0.4)
        right.axvline(0, color=ORANGE, lw=1.4)
        right.set_xlabel("residual: true - predicted" + ("" if len(inner) == len(errors) else " (the middle 99 %)"))
        right.set_ylabel("rows")
        right.yaxis.set_major_locator(MaxNLocator(integer=True))
        for axis in (left.xaxis, left.yaxis, right.xaxis):
            axis.set_major_locator(MaxNLocator(6))
        plain_numbers(left.xaxis, left.yaxis, right.xaxis)
        quality = f"R² {r2_score(true, predicted):.3f}" if np.ptp(true) > 0 else "R² is not defined"
        half, mean = number(median_absolute_error(true, predicted)), number(mean_absolute_error(true, predicted))
        root = number(root_mean_squared_error(true, predicted))
        title = f"{quality} on {len(true):,} {self.rows_are}; half of the errors are below {half}"
        self._headed(title, f"Mean absolute error {mean}, root mean squared error {root}.")
        return self


def _draw_density(
    figure: Figure, axes: Axes, x: NDArray[np.float64], y: NDArray[np.float64], extent: tuple[float, float, float, float]
) -> Any:
    """Many points: how many fall into each hexagon, on a logarithmic scale."""
    shades = LinearSegmentedColormap.from_list("dense", SHADES(np.linspace(0.2, 1, 64)))
    cells = axes.hexbin(x, y, gridsize=55, extent=extent, norm=LogNorm(vmin=1), mincnt=1, cmap=shades, lw=0)
    bar = figure.colorbar(cells, ax=axes, pad=0.02, fraction=0.045, format=FuncFormatter(lambda value, _: number(value)))
    bar.outline.set_visible(False)
    bar.ax.tick_params(which="both", length=0, labelcolor=GREY, labelsize=8)
    bar.ax.set_title("rows", size=9, color=GREY)
    return cells


def _window(values: NDArray[np.float64]) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    margin = 0.03 * (high - low) or 1.0
    return low - margin, high + margin
