"""The cost curve: training and held-out loss by epoch, which epoch was kept, where training stopped and why."""

from __future__ import annotations

import math
from typing import Any, Self

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, LogLocator, MaxNLocator, NullFormatter
from numpy.typing import NDArray

from glassnet.checks import unknown_name
from glassnet.data.wording import count
from glassnet.seeing.figures.display import Display
from glassnet.seeing.figures.style import BLUE, DASH, GREY, INK, ORANGE, number, plain_numbers
from glassnet.seeing.subject import subject_of
from glassnet.training.history import History

LOG_FROM = 8.0  # a loss that falls by more than this factor is drawn on a logarithmic axis
SCALES = ("auto", "linear", "log")


class CostCurveDisplay(Display):
    """Loss by epoch.

    Parameters
    ----------
    history : History
        Of a fitted estimator.
    kept : int, default=None
        The epoch whose weights the model holds, counted from 1.
    unit : str, default='loss'
        What the loss is measured in, such as 'cross-entropy, nats per row'.

    Attributes
    ----------
    training_line_, held_out_line_ : matplotlib.lines.Line2D
        The second is None where no rows were held out.
    kept_marker_ : matplotlib.lines.Line2D or None
    best_epoch_ : int
        The epoch of the lowest held-out loss, or of the lowest training loss.
    ax_, figure_, title_, remark_ :
        As of every display.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from glassnet import CostCurveDisplay, LogisticRegression
    >>> display = CostCurveDisplay.from_estimator(LogisticRegression().fit(*load_iris(return_X_y=True)))
    >>> display.ax_.get_ylabel()
    'cross-entropy, nats per row'
    """

    def __init__(self, history: History, *, kept: int | None = None, unit: str = "loss") -> None:
        self.history = history
        self.kept = kept
        self.unit = unit

    @classmethod
    def from_estimator(cls, estimator: Any, *, scale: str = "auto", ax: Axes | None = None) -> Self:
        """Draw the training of a fitted estimator.

        Parameters
        ----------
        estimator : fitted estimator or Pipeline that ends in one
        scale : {'auto', 'linear', 'log'}, default='auto'
            Of the loss; 'auto' is logarithmic where the loss falls by more than a factor of 8.
        ax : matplotlib.axes.Axes, default=None

        Returns
        -------
        CostCurveDisplay

        Raises
        ------
        ValueError
            Where the estimator has no history, because its weights were given.
        """
        fitted = subject_of(estimator).estimator
        return cls(fitted.history_, kept=kept_epoch(fitted), unit=loss_unit(fitted)).plot(ax, scale=scale)

    def plot(self, ax: Axes | None = None, *, scale: str = "auto") -> Self:
        """Draw, into ``ax`` or on a page of its own. Raises ValueError for a history without epochs and an unknown ``scale``."""
        if scale not in SCALES:
            raise ValueError(unknown_name("scale", scale, SCALES))
        if not len(self.history):
            raise ValueError(f"there is no epoch to draw: {self.history.stopped_because or 'the model was not trained'}. Fit it first.")
        (axes,) = self._axes(ax, 8, 4.8)
        epochs = np.array(self.history.column("epoch"), float)
        training = np.array(self.history.column("loss"), float)
        held_out = np.array([math.nan if value is None else value for value in self.history.column("val_loss")], float)
        dots = "o" if len(epochs) < 4 else ""
        (self.training_line_,) = axes.plot(epochs, training, color=BLUE, lw=1.6, marker=dots, ms=4, label="training rows")
        watched = bool(np.isfinite(held_out).any())
        self.held_out_line_: Line2D | None = None
        if watched:
            (self.held_out_line_,) = axes.plot(epochs, held_out, color=ORANGE, ls=DASH, lw=1.6, marker=dots, ms=4, label="held-out rows")
        _loss_axis(axes, np.concatenate([training, held_out]), scale)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
        axes.set(xlabel="epoch", ylabel=self.unit)
        if len(epochs) > 1:
            axes.set_xlim(epochs[0] - 0.01 * len(epochs), epochs[-1] + 0.02 * len(epochs))
        curve, colour, which = (held_out, ORANGE, "Held-out loss") if watched else (training, BLUE, "Loss")
        self.best_epoch_ = int(np.nanargmin(curve)) + 1 if np.isfinite(curve).any() else len(epochs)
        self.kept_marker_: Line2D | None = None
        title = f"Loss {number(training[-1])} after {count(len(epochs), 'epoch')}"
        if self.kept is not None and 1 <= self.kept <= len(epochs):
            value = curve[self.kept - 1]
            best = ", the best of" if self.kept == self.best_epoch_ else f"; the lowest was epoch {self.best_epoch_} of"
            title = f"{which} {number(value)} at epoch {self.kept}{best} {count(len(epochs), 'epoch')}"
            self.kept_marker_ = _mark(axes, self.kept, value, colour, last=len(epochs))
        axes.legend(loc="best", framealpha=0.85, edgecolor="white", labelcolor=INK)
        self._headed(title, f"Stopped: {self.history.stopped_because}." if self.history.stopped_because else "")
        return self


def kept_epoch(estimator: Any) -> int | None:
    """The epoch, from 1, whose weights a fitted estimator holds: the best watched one, or the last."""
    history: History = estimator.history_
    if not len(history):
        return None
    if getattr(estimator, "validation_scores_", None) is not None:
        by_loss = estimator.monitor == "val_loss"
        column = np.array(history.column("val_loss" if by_loss else "val_score"), dtype=float)
        if np.isfinite(column).any():
            return int(np.nanargmin(column) if by_loss else np.nanargmax(column)) + 1
    if history.stopped_because.startswith("interrupted"):
        return int(np.nanargmin(np.array(history.column("loss"), dtype=float))) + 1
    return len(history)


def loss_unit(estimator: Any) -> str:
    """What the loss in the history of a fitted estimator is measured in."""
    loss = getattr(estimator, "loss", "log_loss")
    if not isinstance(loss, str):
        return "loss"
    if loss == "log_loss":
        return "cross-entropy, nats per row"
    name = loss.replace("_", " ")
    return f"{name}, target standardised" if getattr(estimator, "_target_scale", None) is not None else name


def _loss_axis(axes: Axes, values: NDArray[np.float64], scale: str) -> None:
    values = values[np.isfinite(values)]
    positive = len(values) > 0 and values.min() > 0
    if scale == "log" and not positive:
        raise ValueError("scale='log' needs losses above 0, and this history has others. Use scale='linear'.")
    if positive and (scale == "log" or (scale == "auto" and values.max() > LOG_FROM * values.min())):
        axes.set_yscale("log")
        if values.max() > 1.5 * values.min():
            axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=12))
        else:
            axes.yaxis.set_major_locator(FixedLocator(list(MaxNLocator(5).tick_values(values.min(), values.max()))))
        axes.yaxis.set_minor_formatter(NullFormatter())
    plain_numbers(axes.yaxis)


def _mark(axes: Axes, epoch: int, value: float, colour: str, *, last: int) -> Line2D:
    axes.axvline(epoch, color=GREY, lw=0.9, ls=(0, (3, 3)))
    (marker,) = axes.plot([epoch], [value], "o", color="white", ms=8, mec=colour, mew=2, zorder=5)
    right_half = epoch > 0.6 * last
    axes.annotate(
        f"kept: epoch {epoch}",
        (epoch, 0.5),
        xycoords=("data", "axes fraction"),
        xytext=(-6 if right_half else 6, 0),
        textcoords="offset points",
        ha="right" if right_half else "left",
        color=INK,
        size=9.5,
    )
    return marker
