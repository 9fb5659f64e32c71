"""The choice of a threshold, where a false alarm and a miss do not cost the same.

    cost(t) = (cost of a false alarm * false alarms(t)  +  cost of a miss * misses(t)) / rows

A row counts as the class where its probability reaches t. With probabilities that come true, the best t is
cost of a false alarm / (cost of a false alarm + cost of a miss) (Elkan 2001, IJCAI, 973-978).
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import roc_curve

from glassnet.checks import Faults
from glassnet.data.wording import count
from glassnet.seeing.figures.display import Display
from glassnet.seeing.figures.positive_class import of_estimator, of_predictions
from glassnet.seeing.figures.style import BLUE, DASH, GREY, INK, ORANGE, number, plain_numbers, short
from glassnet.seeing.subject import subject_of

Array = NDArray[Any]


class ThresholdDisplay(Display):
    """Cost per row by threshold, the best one marked, and what it changes.

    Parameters
    ----------
    truth : bool array of shape (n,)
        True for rows of the class.
    probability : array of shape (n,)
        In [0, 1].
    cost_false_alarm, cost_miss : float, default=1
        Cost of saying the class of a row of another, and of not saying it of a row of the class; >= 0, in any unit.
    name : str
        Of the class.
    current : float, default=0.5
        The threshold that is in use.

    Attributes
    ----------
    threshold_ : float
        The best threshold: of several that cost the same, the one nearest to what would be best if probabilities came true. It lies halfway
        between two probabilities of these rows.
    cost_ : float
        Its cost per row.
    thresholds, costs, false_alarms, misses : arrays
        Every threshold at which something changes, falling, and what it costs per row and counts.
    cost_line_, false_alarm_line_, miss_line_ : matplotlib.lines.Line2D
    ax_, axes_, figure_, title_, remark_ :
        As of every display.

    Examples
    --------
    A miss costs five times a false alarm:

    >>> from glassnet import ThresholdDisplay
    >>> display = ThresholdDisplay.from_predictions([0, 0, 1, 0, 1, 1], [0.1, 0.2, 0.3, 0.4, 0.8, 0.9], cost_miss=5)
    >>> display.threshold_, display.cost_
    (0.25, 0.16666666666666666)
    """

    def __init__(
        self,
        truth: ArrayLike,
        probability: ArrayLike,
        *,
        cost_false_alarm: float = 1.0,
        cost_miss: float = 1.0,
        name: str = "1",
        current: float = 0.5,
    ) -> None:
        faults = Faults()
        for what, cost in (("cost_false_alarm", cost_false_alarm), ("cost_miss", cost_miss)):
            faults.unless(np.isfinite(cost) and cost >= 0, f"{what} must be 0 or more; got {cost!r}.")
        faults.unless(cost_false_alarm + cost_miss > 0, "one of the two costs must be above 0; both are 0.")
        faults.raise_if_any()
        self.truth, self.probability = np.asarray(truth, bool), np.asarray(probability, np.float64)
        self.cost_false_alarm, self.cost_miss, self.name, self.current = float(cost_false_alarm), float(cost_miss), name, current
        self._count()

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        cost_false_alarm: float = 1.0,
        cost_miss: float = 1.0,
        ax: Any = None,
    ) -> Self:
        """Look for the best threshold of a classifier of two classes.

        Parameters
        ----------
        estimator : fitted estimator or Pipeline that ends in one
        X, y : rows and truth
            Held out from training, and not those of the final test.
        cost_false_alarm, cost_miss : float, default=1
            Of saying the second class wrongly, and of missing it.
        ax : matplotlib.axes.Axes, or two of them, default=None

        Returns
        -------
        ThresholdDisplay
            ``apply_to(estimator)`` puts the threshold to use.

        Raises
        ------
        ValueError
            For other models than classifiers of two classes, negative costs, and rows of one class only.
        """
        subject = subject_of(estimator)
        if subject.labels is not None and subject.labels.kind == "multiclass":
            raise ValueError(f"a threshold is for two classes; this model has {len(subject.classes)}. Train one class against the rest.")
        truth, probability, label, current = of_estimator(estimator, X, y)
        of_predictions(truth, probability, True)
        costs = {"cost_false_alarm": cost_false_alarm, "cost_miss": cost_miss}
        return cls(truth, probability, name=str(label), current=current, **costs).plot(ax)

    @classmethod
    def from_predictions(
        cls,
        y_true: ArrayLike,
        y_proba: ArrayLike,
        *,
        cost_false_alarm: float = 1.0,
        cost_miss: float = 1.0,
        pos_label: Any = None,
        current: float = 0.5,
        ax: Any = None,
    ) -> Self:
        """Look for the best threshold on ``y_proba`` (n,), probabilities of ``pos_label`` (of two, the greater) in ``y_true`` (n,)."""
        truth, probability, label = of_predictions(y_true, y_proba, pos_label)
        costs = {"cost_false_alarm": cost_false_alarm, "cost_miss": cost_miss}
        return cls(truth, probability, name=str(label), current=current, **costs).plot(ax)

    def _count(self) -> None:
        """Count false alarms and misses at every threshold, and choose."""
        n_class = int(self.truth.sum())
        n_others = len(self.truth) - n_class
        alarm_rate, found_rate, scores = roc_curve(self.truth, self.probability, drop_intermediate=False)
        self.false_alarms = np.rint(alarm_rate * n_others).astype(int)
        self.misses = n_class - np.rint(found_rate * n_class).astype(int)
        self.costs = self._cost(self.false_alarms, self.misses)
        if scores[1] >= 1.0:  # no threshold in [0, 1] says the class of no row
            scores, self.false_alarms, self.misses, self.costs = (part[1:] for part in (scores, self.false_alarms, self.misses, self.costs))
        self._upper, self._lower = np.minimum(scores, 1.0), np.append(scores[1:], 0.0)  # choice k holds for lower < t <= upper
        middle = (self._upper + self._lower) / 2
        self.thresholds = np.where((middle <= self._lower) & (self._lower > 0), self._upper, middle)
        ideal = self.cost_false_alarm / (self.cost_false_alarm + self.cost_miss)
        self.ideal = ideal
        best = np.flatnonzero(self.costs <= self.costs.min() * (1 + 1e-12))
        chosen = best[np.argmin(np.abs(self.thresholds[best] - ideal))]
        self.threshold_, self.cost_ = float(self.thresholds[chosen]), float(self.costs[chosen])
        self._chosen = int(chosen)

    def _cost(self, false_alarms: Any, misses: Any) -> Any:
        return (self.cost_false_alarm * false_alarms + self.cost_miss * misses) / len(self.truth)

    def _at(self, threshold: float) -> tuple[int, int]:
        """(false alarms, misses) at a threshold."""
        said = self.probability >= threshold
        return int((said & ~self.truth).sum()), int((~said & self.truth).sum())

    def apply_to(self, estimator: Any) -> Any:
        """Set ``threshold`` of a classifier of two classes, or of the last step of a Pipeline; returns it.

        Raises ValueError where it has no such parameter.
        """
        last = subject_of(estimator).estimator
        if "threshold" not in last.get_params():
            raise ValueError(f"{type(last).__name__} has no threshold. Compare predict_proba with {self.threshold_:.4g} yourself.")
        last.set_params(threshold=self.threshold_)
        return estimator

    def plot(self, ax: Any = None) -> Self:
        """Draw, into ``ax`` or on a page of its own."""
        upper, lower = self._axes(ax, 7.6, 5.8, rows=2, height_ratios=[1.35, 1], sharex=ax is None)
        edges, costs = self._steps(self.costs)
        (self.cost_line_,) = upper.plot(edges, costs, color=INK, lw=1.6)
        (self.false_alarm_line_,) = lower.plot(edges, self._steps(self.false_alarms)[1], color=ORANGE, lw=1.6, ls=DASH)
        (self.miss_line_,) = lower.plot(edges, self._steps(self.misses)[1], color=BLUE, lw=1.6)
        for axes in (upper, lower):
            axes.axvline(self.threshold_, color=INK, lw=1.1)
            axes.axvline(self.current, color=GREY, lw=0.9, ls=(0, (3, 3)))
            axes.set_xlim(-0.01, 1.01)
        upper.plot(self.threshold_, self.cost_, "o", ms=8, color="white", mec=INK, mew=2, zorder=5)
        right = self.threshold_ > 0.6
        upper.annotate(
            f"best: {number(self.threshold_)}", (self.threshold_, 0.94), xycoords=("data", "axes fraction"), xytext=(-6 if right else 6, 0),
            textcoords="offset points", ha="right" if right else "left", va="top", size=10, color=INK, weight="bold",
            bbox={"boxstyle": "round,pad=0.15", "fc": "white", "ec": "none", "alpha": 0.85},
        )  # fmt: skip
        handles = [self.false_alarm_line_, self.miss_line_]
        lower.legend(handles, ["false alarms", "misses"], loc="upper center", framealpha=0.85, edgecolor="white", labelcolor=INK, ncols=2)
        ceiling = max(self.costs[self._chosen] * 4, self._cost(*self._at(self.current)) * 1.6, np.quantile(costs, 0.25))
        upper.set_ylim(0, min(float(self.costs.max()), float(ceiling)) * 1.05 or 1.0)
        most = max(sum(self._at(self.current)), 2 * (self.false_alarms[self._chosen] + self.misses[self._chosen]), 4)
        lower.set_ylim(0, min(float(max(self.false_alarms.max(), self.misses.max())), 2.5 * most) * 1.05)
        lower.set_xlabel(f"threshold: {short(self.name, 24)} is said where its probability reaches it")
        upper.set_ylabel("cost per row")
        lower.set_ylabel("rows")
        upper.yaxis.set_major_locator(MaxNLocator(5))
        lower.yaxis.set_major_locator(MaxNLocator(5, integer=True))
        plain_numbers(upper.yaxis, lower.yaxis, lower.xaxis)
        alarms, misses = int(self.false_alarms[self._chosen]), int(self.misses[self._chosen])
        now = self._cost(*self._at(self.current))
        title = f"Best threshold {number(self.threshold_)}: cost {number(self.cost_)} per row"
        if abs(now - self.cost_) > 1e-12:
            title += f", against {number(now)} at {number(self.current)}"
        prices = f"A false alarm costs {number(self.cost_false_alarm)}, a miss {number(self.cost_miss)}."
        told = f"{count(alarms, 'false alarm')} and {misses:,} miss{'' if misses == 1 else 'es'} in {len(self.truth):,} rows. {prices}"
        self._headed(
            title, f"{told} Were the probabilities exact, {number(self.ideal)} would be best. Dashed: {number(self.current)}, in use."
        )
        return self

    def _steps(self, values: Array) -> tuple[Array, Array]:
        """Corners of the staircase over the threshold, rising: (x, values) from 0 to 1."""
        return np.column_stack([self._lower, self._upper])[::-1].ravel(), np.repeat(values[::-1], 2)
