"""How good a classifier's probabilities are: ROC, precision and recall, calibration.

The curves are scikit-learn's own (``RocCurveDisplay``, ``PrecisionRecallDisplay``, ``CalibrationDisplay``), side by side, with the point at
which the classifier decides.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray
from sklearn.calibration import CalibrationDisplay
from sklearn.metrics import PrecisionRecallDisplay, RocCurveDisplay, brier_score_loss, precision_score, recall_score

from glassnet.seeing.figures.display import Display
from glassnet.seeing.figures.positive_class import of_estimator, of_predictions
from glassnet.seeing.figures.style import BLUE, GREY, INK, ORANGE, number, percent, plain, plain_numbers, short

Array = NDArray[Any]


class ProbabilityDisplay(Display):
    """ROC, precision against recall, and calibration of the probability of one class.

    Parameters
    ----------
    truth : bool array of shape (n,)
        True for rows of the class.
    probability : array of shape (n,)
        In [0, 1].
    name : str
        Of the class.
    threshold : float, default=0.5
        Probability from which the class is predicted.

    Attributes
    ----------
    roc_, precision_recall_, calibration_ : scikit-learn's displays
    ax_, axes_, figure_, title_, remark_ :
        As of every display.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from glassnet import LogisticRegression, ProbabilityDisplay
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> display = ProbabilityDisplay.from_estimator(LogisticRegression(max_iter=5000).fit(X[::2], y[::2]), X[1::2], y[1::2])
    >>> bool(display.roc_.roc_auc > 0.98)
    True
    """

    def __init__(self, truth: ArrayLike, probability: ArrayLike, *, name: str = "1", threshold: float = 0.5) -> None:
        self.truth, self.probability = np.asarray(truth, bool), np.asarray(probability, np.float64)
        self.name, self.threshold = name, threshold

    @classmethod
    def from_estimator(cls, estimator: Any, X: Any, y: Any, *, class_of_interest: Any = None, n_bins: int = 10, ax: Any = None) -> Self:
        """Draw the curves of a classifier.

        Parameters
        ----------
        estimator : fitted estimator or Pipeline that ends in one
        X, y : rows and truth, which training has not seen
        class_of_interest : label, default=None
            The class that is looked for; of two, the second. Of more it must be given: it stands against the rest.
        n_bins : int, default=10
            Points of the calibration curve, each of as many rows.
        ax : matplotlib.axes.Axes, or three of them, default=None

        Returns
        -------
        ProbabilityDisplay

        Raises
        ------
        ValueError
            For regressors, several labels at once, several classes of which none was chosen, and rows of one class only.
        """
        truth, probability, label, threshold = of_estimator(estimator, X, y, class_of_interest)
        of_predictions(truth, probability, True)
        return cls(truth, probability, name=str(label), threshold=threshold).plot(ax, n_bins=n_bins)

    @classmethod
    def from_predictions(
        cls, y_true: ArrayLike, y_proba: ArrayLike, *, pos_label: Any = None, threshold: float = 0.5, n_bins: int = 10, ax: Any = None
    ) -> Self:
        """Draw the curves of ``y_proba`` (n,), probabilities of ``pos_label`` (of two labels, the greater) among ``y_true`` (n,)."""
        truth, probability, label = of_predictions(y_true, y_proba, pos_label)
        return cls(truth, probability, name=str(label), threshold=threshold).plot(ax, n_bins=n_bins)

    def plot(self, ax: Any = None, *, n_bins: int = 10) -> Self:
        """Draw, into ``ax`` or on a page of its own."""
        first, second, third = self._axes(ax, 9.8, 4.4, columns=3)
        truth, p = self.truth.astype(int), self.probability
        self.roc_ = RocCurveDisplay.from_predictions(truth, p, ax=first, name="", drop_intermediate=False)
        self.precision_recall_ = PrecisionRecallDisplay.from_predictions(truth, p, ax=second, name="")
        self.calibration_ = CalibrationDisplay.from_predictions(truth, p, ax=third, n_bins=n_bins, strategy="quantile", name="")
        share, name = float(self.truth.mean()), short(self.name, 24)
        first.plot([0, 1], [0, 1], color=GREY, lw=0.9, ls=(0, (3, 3)))
        second.axhline(share, color=GREY, lw=0.9, ls=(0, (3, 3)))
        said = p >= self.threshold
        recall = recall_score(truth, said, zero_division=0.0)
        alarms = float(said[~self.truth].mean())
        precision = precision_score(truth, said, zero_division=0.0)
        for axes, point in ((first, (alarms, recall)), (second, (recall, precision))):
            axes.plot(*point, "o", ms=8, color="white", mec=ORANGE, mew=2, zorder=5)
        mean_precision, brier = number(self.precision_recall_.average_precision), number(brier_score_loss(truth, p))
        words = (
            (first, f"ROC: area {number(self.roc_.roc_auc)}", "false alarms, share of the others", f"found, share of {name}"),
            (second, f"Precision: {mean_precision} on average", f"found, share of {name}", "right, share of what is said"),
            (third, f"Calibration: Brier score {brier}", "probability said", f"share that is {name}"),
        )
        for axes, title, xlabel, ylabel in words:
            self._styled(axes, title, xlabel, ylabel)
        self._draw_spread(third)
        at = f"Circles: where it decides, at {number(self.threshold)}: {percent(float(recall))} of {name} found, "
        at += f"{percent(float(precision))} of what is said is right."
        title = f"In {percent(float(self.roc_.roc_auc))} of pairs, the {name} row gets the higher probability"
        self._headed(title, f"{at} Dashed: knowing nothing; in the calibration, probabilities that come true. Grey bars: where they lie.")
        return self

    def _styled(self, axes: Axes, title: str, xlabel: str, ylabel: str) -> None:
        """scikit-learn's panel in the look of the house."""
        if (legend := axes.get_legend()) is not None:
            legend.remove()
        plain(axes)
        for line in axes.lines[:1] if axes is not self.axes_[2] else axes.lines[1:2]:
            line.set(color=BLUE, lw=1.8)
        if axes is self.axes_[2]:
            axes.lines[0].set(color=GREY, lw=0.9, ls=(0, (3, 3)))
            axes.lines[1].set(marker="o", ms=4.5)
        axes.set_title(title, loc="left", size=10.5, color=INK)
        axes.set(xlabel=xlabel, ylabel=ylabel, xlim=(-0.02, 1.02), ylim=(-0.02, 1.04), aspect="equal")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(MaxNLocator(5))
        plain_numbers(axes.xaxis, axes.yaxis)

    def _draw_spread(self, axes: Axes) -> None:
        """How often each probability is said, along the bottom of the calibration: the tallest bar takes a fifth of the height."""
        counts, edges = np.histogram(self.probability, np.linspace(0, 1, 21))
        axes.bar(edges[:-1] + 0.025, 0.2 * counts / max(counts.max(), 1), 0.045, bottom=-0.02, color=GREY, alpha=0.3, lw=0, zorder=0)
