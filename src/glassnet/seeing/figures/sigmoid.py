"""The sigmoid with the data on it: a single neuron, from the weighted sum of its inputs to a probability.

z = w_1 x_1 + ... + w_n x_n + b        p = 1 / (1 + e^-z)
"""

from __future__ import annotations

import math
from typing import Any, Self

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from glassnet.seeing.figures.display import Display
from glassnet.seeing.figures.grid_rows import Table
from glassnet.seeing.figures.style import BLUE, GREY, INK, ORANGE, number, plain_numbers, short
from glassnet.seeing.subject import Subject, subject_of

Array = NDArray[Any]

LONGEST_FORMULA = 4  # terms that are written out
MIDDLE = 99.0  # percentile of |z| that is in sight


class SigmoidDisplay(Display):
    """A single neuron's curve, and every row on it: the second class at the top, the first at the bottom, each at its own place.

    Parameters
    ----------
    place : array of shape (n,)
        Where each row stands: its z, or its input where there is only one.
    probability : array of shape (n,)
        The neuron's answer to each row.
    y : array of shape (n,)
        The truth.
    curve : (array, array)
        Places and probabilities of the curve.
    classes : sequence of two
    threshold : float, default=0.5
        Probability from which the second class is predicted.
    xlabel, formula : str

    Attributes
    ----------
    curve_ : matplotlib.lines.Line2D
    points_ : list of two matplotlib.collections.PathCollection
        The rows of the first class and of the second, on the curve.
    wrong_ : array of int
        Rows on the wrong side of the threshold.
    ax_, figure_, title_, remark_ :
        As of every display.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from glassnet import LogisticRegression, SigmoidDisplay
    >>> X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    >>> X = X[["mean radius"]]
    >>> display = SigmoidDisplay.from_estimator(LogisticRegression().fit(X, y), X, y)
    >>> display.ax_.get_xlabel()
    'mean radius'
    """

    def __init__(
        self,
        *,
        place: Array,
        probability: Array,
        y: Array,
        curve: tuple[Array, Array],
        classes: Any,
        threshold: float = 0.5,
        xlabel: str = "z",
        formula: str = "",
    ) -> None:
        self.place, self.probability, self.y, self.curve = place, probability, y, curve
        self.classes, self.threshold, self.xlabel, self.formula = list(classes), threshold, xlabel, formula

    @classmethod
    def from_estimator(cls, estimator: Any, X: Any, y: Any, *, ax: Axes | None = None) -> Self:
        """Draw a single neuron and the rows it answers.

        Parameters
        ----------
        estimator : fitted estimator or Pipeline that ends in one
            A logistic regression of two classes, or a network without hidden layers.
        X : rows as the model takes them
        y : array of shape (n,)
            The truth.
        ax : matplotlib.axes.Axes, default=None

        Returns
        -------
        SigmoidDisplay

        Raises
        ------
        ValueError
            For any other network, with what to draw instead.
        """
        subject = subject_of(estimator)
        _refuse(subject)
        rows = subject.rows(X)
        network, parameters = subject.network, subject.parameters
        z = network.raw_prediction(parameters, rows)[:, 0]
        probability = network.predict(parameters, rows)[:, 0]
        threshold = getattr(subject.estimator, "threshold", None)
        facts: dict[str, Any] = {"probability": probability, "y": np.asarray(y).ravel(), "classes": subject.classes.tolist()}
        facts["threshold"] = 0.5 if threshold is None else float(threshold)
        table = Table.of(X, subject.inputs if subject.preparation is None else ())
        formula = _formula(subject)
        if len(table.names) == 1 and table.column(0).dtype.kind in "fiu":
            x = table.numbers(0)
            low, high = float(np.nanmin(x)), float(np.nanmax(x))
            margin = 0.08 * (high - low) or 1.0
            grid = np.linspace(low - margin, high + margin, 400)
            answers = np.asarray(estimator.predict_proba(table.rows({0: grid}, len(grid))))[:, 1]
            return cls(place=x, curve=(grid, answers), xlabel=table.names[0], formula=formula, **facts).plot(ax)
        reach = max(float(np.percentile(np.abs(z), MIDDLE)) * 1.08, 1.0)
        grid = np.linspace(-reach, reach, 400).astype(subject.dtype)
        curve = np.empty((len(grid), 1), subject.dtype)
        network.loss.predict(grid[:, None], curve)
        return cls(place=z, curve=(grid, curve[:, 0]), xlabel="z: the weighted sum of the inputs", formula=formula, **facts).plot(ax)

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw, into ``ax`` or on a page of its own."""
        (axes,) = self._axes(ax, 7.6, 4.8)
        (self.curve_,) = axes.plot(*self.curve, color=INK, lw=1.6, zorder=2)
        axes.axhline(self.threshold, color=GREY, lw=0.9, ls=(0, (3, 3)), zorder=1)
        second = self.y == self.classes[1]
        said = self.probability >= self.threshold if self.threshold != 0.5 else self.probability > 0.5
        self.wrong_ = np.flatnonzero(said != second)
        random = np.random.default_rng(0)
        self.points_ = []
        for top, colour, marker in ((False, ORANGE, "s"), (True, BLUE, "o")):
            rows = np.flatnonzero(second == top)
            strip = (1.07 if top else -0.07) + random.uniform(-0.03, 0.03, len(rows))
            wrong = np.isin(rows, self.wrong_)
            for at, which in ((rows[~wrong], ~wrong), (rows[wrong], wrong)):
                edge = {"edgecolor": INK, "lw": 0.9} if at is not None and len(at) and wrong[which][0] else {"lw": 0}
                size = 22 if edge["lw"] else 13
                axes.scatter(self.place[at], strip[which], s=size, color=colour, marker=marker, alpha=0.75, zorder=4, clip_on=True, **edge)
            self.points_.append(
                axes.scatter(self.place[rows], self.probability[rows], s=12, color=colour, marker=marker, alpha=0.5, lw=0, zorder=3)
            )
            axes.annotate(
                short(str(self.classes[int(top)]), 30), (1.0, 1.07 if top else -0.07), xycoords=("axes fraction", "data"),
                xytext=(5, 0), textcoords="offset points", color=colour, size=10, weight="bold", va="center", annotation_clip=False,
            )  # fmt: skip
        self._mark_the_boundary(axes)
        axes.set(xlim=(float(self.curve[0][0]), float(self.curve[0][-1])), ylim=(-0.14, 1.14), yticks=[0, 0.25, 0.5, 0.75, 1])
        axes.set(xlabel=short(self.xlabel, 60), ylabel=f"probability of {short(str(self.classes[1]), 30)}")
        axes.xaxis.set_major_locator(MaxNLocator(8))
        plain_numbers(axes.xaxis, axes.yaxis)
        right = len(self.y) - len(self.wrong_)
        title = f"One neuron puts {right:,} of {len(self.y):,} rows on the right side of {number(self.threshold)}"
        self._headed(title, f"{self.formula}. Each row stands at its own place above or below; outlined ones are on the wrong side.")
        return self

    def _mark_the_boundary(self, axes: Axes) -> None:
        """Where the curve crosses the threshold, if that is in sight."""
        x, p = self.curve
        crossing = np.flatnonzero(np.diff(np.sign(p - self.threshold)))
        if len(crossing) != 1:
            return
        i = int(crossing[0])
        at = float(x[i] + (self.threshold - p[i]) / (p[i + 1] - p[i]) * (x[i + 1] - x[i])) if p[i + 1] != p[i] else float(x[i])
        digits = 4 - math.floor(math.log10(float(x[-1] - x[0])))  # no more than the width of the figure tells
        axes.axvline(at, color=GREY, lw=0.9, ls=(0, (3, 3)), zorder=1)
        axes.annotate(
            number(round(at, digits)), (at, self.threshold), xytext=(6, -15), textcoords="offset points", size=9.5,
            color=INK, bbox={"boxstyle": "round,pad=0.15", "fc": "white", "ec": "none", "alpha": 0.8}, zorder=5,
        )  # fmt: skip


def _refuse(subject: Subject) -> None:
    """Raise ValueError where the model is no single neuron with a sigmoid."""
    if subject.classes is None:
        raise ValueError("SigmoidDisplay shows a neuron that tells two classes apart; this model predicts numbers. Use ResidualDisplay.")
    if len(subject.network.layers) > 1:
        hidden = len(subject.network.layers) - 1
        raise ValueError(
            f"SigmoidDisplay shows a single neuron; this network has {hidden} hidden layer{'s' if hidden > 1 else ''}. Use BoundaryDisplay "
            "for what it answers, ActivationDisplay for its hidden units."
        )
    if subject.labels.kind != "binary":
        units = len(subject.outputs)
        raise ValueError(
            f"SigmoidDisplay shows a neuron that tells two classes apart; this model has {units} output units. Use BoundaryDisplay."
        )


def _formula(subject: Subject) -> str:
    """``z = 1.2 age - 0.3 height + ... + 0.5``, the strongest terms first where there are many."""
    W, b = subject.parameters[0]
    weights = W[:, 0].astype(float)
    chosen = range(len(weights)) if len(weights) <= LONGEST_FORMULA else np.argsort(-np.abs(weights), kind="stable")[:LONGEST_FORMULA]
    terms = [(weights[i], f" {short(subject.inputs[i], 24)}") for i in chosen]
    text = "".join(f" {'-' if w < 0 else '+'} {number(abs(w))}{name}" for w, name in terms)
    text = text.removeprefix(" + ") if text.startswith(" + ") else "-" + text.removeprefix(" - ")
    more = " + …" if len(weights) > LONGEST_FORMULA else ""
    bias = float(b[0])
    return f"z = {text}{more} {'-' if bias < 0 else '+'} {number(abs(bias))}"
