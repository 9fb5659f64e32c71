"""The decision boundary: what a model answers over a plane, with the rows on it.

The plane is spanned by two columns of the table, in their own units, the others fixed at a middle value; or by the first two principal
components of the network's inputs, through their mean. Shading is the probability: of the second of two classes from orange to blue, of the
most probable of several in its colour, paler where it is less sure; of a regressor the prediction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from glassnet.data.pixels import ImagePreparation
from glassnet.seeing.figures.display import Display
from glassnet.seeing.figures.grid_rows import Table
from glassnet.seeing.figures.planes import MOST_POINTS, of_columns, of_components
from glassnet.seeing.figures.style import (
    BLUE,
    CLASSES,
    GREY,
    INK,
    MARKERS,
    ORANGE,
    PALE_DIVERGING,
    PALE_SHADES,
    number,
    plain_numbers,
    short,
)
from glassnet.seeing.subject import Subject, subject_of

Array = NDArray[Any]

PCA = "pca"
MOST_NAMED = 12
"""Classes that the legend names."""


class BoundaryDisplay(Display):
    """What a model answers over a plane.

    Parameters
    ----------
    xx0, xx1 : arrays of shape (resolution, resolution)
        Coordinates of the grid.
    response : array of shape (resolution, resolution) or (resolution, resolution, n_classes)
        Probability of the second class of two, of every class, or a regressor's prediction.
    classes : sequence, default=None
        Names of the classes; None for a regressor.
    points : array of shape (n, 2), default=None
        The rows, in the coordinates of the grid.
    y : array of shape (n,), default=None
        Their truth.
    names : (str, str)
        Of the axes.
    threshold : float, default=0.5
        Probability from which the second of two classes is predicted.
    told : str, default=''
        What became of the other columns.

    Attributes
    ----------
    surface_ : matplotlib.image.AxesImage
        Of one response its array is the response itself; of several classes their mixed colours.
    boundary_ : matplotlib.contour.QuadContourSet or list of them, or None
    points_ : list of matplotlib.collections.PathCollection
        One per class, or one.
    ax_, figure_, title_, remark_ :
        As of every display.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from glassnet import BoundaryDisplay, LogisticRegression
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> model = LogisticRegression(max_iter=1000).fit(X, y)
    >>> display = BoundaryDisplay.from_estimator(model, X, y, features=("petal length (cm)", "petal width (cm)"))
    >>> display.response.shape
    (200, 200, 3)
    """

    def __init__(
        self,
        *,
        xx0: Array,
        xx1: Array,
        response: Array,
        classes: Sequence[Any] | None = None,
        points: Array | None = None,
        y: Array | None = None,
        names: tuple[str, str] = ("x1", "x2"),
        threshold: float = 0.5,
        told: str = "",
    ) -> None:
        self.xx0, self.xx1, self.response, self.classes = xx0, xx1, response, classes
        self.points, self.y, self.names, self.threshold, self.told = points, y, names, threshold, told

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any = None,
        *,
        features: tuple[int | str, int | str] | str | None = None,
        fixed: Mapping[int | str, Any] | None = None,
        grid_resolution: int = 200,
        eps: float = 0.06,
        ax: Axes | None = None,
    ) -> Self:
        """Ask a model over a plane.

        Parameters
        ----------
        estimator : fitted estimator or Pipeline that ends in one
        X : rows as the model takes them
            They decide how far the plane reaches, and the middle of the other columns.
        y : array of shape (n,), default=None
            The truth, for the colours of the points.
        features : pair of column names or numbers, or 'pca', default=None
            What spans the plane. None takes the columns where there are two, else the two first principal components.
        fixed : dict, default=None
            Values for some of the other columns, by name or number, instead of the median (numbers) or the most frequent value.
        grid_resolution : int, default=200
            Points of the grid in each direction.
        eps : float, default=0.06
            How far the plane goes beyond the rows, as a share of their range.
        ax : matplotlib.axes.Axes, default=None

        Returns
        -------
        BoundaryDisplay

        Raises
        ------
        ValueError
            For columns that are not there or hold no numbers, and for models with several answers to a row.
        """
        subject = subject_of(estimator)
        _refuse_several(subject)
        table = None
        if features is None:
            table = None if isinstance(subject.preparation, ImagePreparation) else _table(subject, X)
            features = (0, 1) if table is not None and len(table.names) == 2 else PCA
        if isinstance(features, str):
            if features != PCA:
                raise ValueError(f"features must be two columns, by name or number, or 'pca'; got {features!r}.")
            plane = of_components(subject, X, grid_resolution, eps)
        else:
            if len(features) != 2:
                raise ValueError(f"features must be two columns, by name or number, or 'pca'; got {len(features)} of them.")
            plane = of_columns(estimator, subject, table or _table(subject, X), features, fixed or {}, grid_resolution, eps)
        threshold = getattr(subject.estimator, "threshold", None)
        classes = None if subject.classes is None else subject.classes.tolist()
        truth = None if y is None else np.asarray(y).ravel()
        return cls(**plane, classes=classes, y=truth, threshold=0.5 if threshold is None else float(threshold)).plot(ax)

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw, into ``ax`` or on a page of its own."""
        (axes,) = self._axes(ax, 7.2, 5.6)
        axes.grid(False)
        extent = (float(self.xx0.min()), float(self.xx0.max()), float(self.xx1.min()), float(self.xx1.max()))
        how: dict[str, Any] = {"extent": extent, "origin": "lower", "aspect": "auto", "interpolation": "bilinear"}
        grid = (self.xx0, self.xx1)
        line: dict[str, Any] = {"colors": INK, "linewidths": 1.3}
        self.boundary_: Any = None
        lines = ""
        if self.classes is None:
            self.surface_ = axes.imshow(self.response, cmap=PALE_SHADES, **how)
            if np.ptp(self.response) > 0:
                self.boundary_ = axes.contour(*grid, self.response, levels=7, colors=GREY, linewidths=0.7)
            what = "The prediction"
        elif self.response.ndim == 2:
            self.surface_ = axes.imshow(self.response, cmap=PALE_DIVERGING, vmin=0, vmax=1, **how)
            if self.response.min() < self.threshold < self.response.max():
                self.boundary_ = axes.contour(*grid, self.response, levels=[self.threshold], **line)
            faint = [level for level in (0.1, 0.9) if self.response.min() < level < self.response.max()]
            if faint:
                axes.contour(*grid, self.response, levels=faint, colors=GREY, linewidths=0.8, linestyles="dashed")
            what = f"The probability of {short(str(self.classes[-1]))}"
        else:
            self.surface_ = axes.imshow(_mixed(self.response), **how)
            self.boundary_ = [
                axes.contour(*grid, lead, levels=[0], **line) for lead in _leads(self.response) if lead.min() < 0 < lead.max()
            ]
            what, lines = "The most probable class", "Paler: less sure."
        self._draw_points(axes)
        axes.set(xlim=extent[:2], ylim=extent[2:])
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(MaxNLocator(6))
        plain_numbers(axes.xaxis, axes.yaxis)
        axes.set(xlabel=short(self.names[0], 60), ylabel=short(self.names[1], 60))
        if self.classes is None or self.response.ndim == 2:
            bar = self.figure_.colorbar(self.surface_, ax=axes, pad=0.02, fraction=0.045, format=FuncFormatter(lambda v, _: number(v)))
            bar.outline.set_visible(False)
            bar.ax.tick_params(length=0, labelcolor=GREY, labelsize=8.5)
        if self.classes is not None and self.response.ndim == 2:
            lines = f"Solid line: the boundary, at {number(self.threshold)}; dashed: 0.1 and 0.9."
        spanned = " and ".join(short(name, 40) for name in self.names)
        by = "the two first principal components" if self.names[0].startswith("principal component") else spanned
        self._headed(f"{what} by {by}", f"{lines} {self.told}".strip())
        return self

    def _draw_points(self, axes: Axes) -> None:
        """The rows, at most ``MOST_POINTS`` of them, evenly taken."""
        self.points_ = []
        if self.points is None:
            return
        step = -(-len(self.points) // MOST_POINTS)
        points = self.points[::step]
        size = float(np.clip(900 / np.sqrt(len(points)) / 3, 9, 30))
        x, y = points.T
        dots: dict[str, Any] = {"s": size, "zorder": 3}
        if self.y is None:
            self.points_.append(axes.scatter(x, y, color="white", edgecolor=INK, lw=0.7, **dots))
            return
        truth = self.y[::step]
        if self.classes is None:
            dots |= {"c": truth, "cmap": PALE_SHADES, "norm": self.surface_.norm}
            self.points_.append(axes.scatter(x, y, edgecolor=INK, lw=0.6, **dots))
            return
        colours = (ORANGE, BLUE) if len(self.classes) == 2 else CLASSES
        handles = []
        for k, label in enumerate(self.classes):
            colour, marker = colours[k % len(colours)], MARKERS[k % len(MARKERS)]
            own = truth == label
            self.points_.append(axes.scatter(x[own], y[own], color=colour, marker=marker, edgecolor="white", lw=0.6, **dots))
            if k < MOST_NAMED:
                handles.append(Line2D([], [], ls="", marker=marker, color=colour, mec="white", ms=6.5, label=short(str(label))))
        if more := len(self.classes) - len(handles):
            handles.append(Line2D([], [], ls="", label=f"and {more:,} more"))
        axes.legend(handles=handles, loc="best", framealpha=0.85, edgecolor="white", labelcolor=INK, fontsize=9)


def _refuse_several(subject: Subject) -> None:
    """Raise ValueError where a row has several answers."""
    if (subject.labels is not None and subject.labels.kind in ("multilabel", "several")) or (
        subject.labels is None and len(subject.outputs) > 1
    ):
        raise ValueError(
            f"this model gives {len(subject.outputs)} answers to each row, and a plane shows one. Train a model for one target."
        )
    if subject.classes is not None and len(subject.classes) < 2:
        raise ValueError(f"this model knows a single class, {subject.classes[0]!r}: its answer is the same everywhere.")


def _table(subject: Subject, X: Any) -> Table:
    return Table.of(X, subject.inputs if subject.preparation is None else ())


def _leads(probability: Array) -> list[Array]:
    """For each class, by how much it is more probable than the next best: 0 where its region ends; (.., k) -> k arrays."""
    others = [np.delete(probability, k, axis=-1).max(axis=-1) for k in range(probability.shape[-1])]
    return [probability[..., k] - best for k, best in enumerate(others)]


def _mixed(probability: Array) -> Array:
    """The colour of the most probable class, white where it is no likelier than chance; (.., k) -> (.., 3)."""
    k = probability.shape[-1]
    colours = np.array([to_rgb(CLASSES[i % len(CLASSES)]) for i in range(k)])
    best = probability.argmax(axis=-1)
    sure = np.clip((probability.max(axis=-1) - 1 / k) / (1 - 1 / k), 0, 1)[..., None]
    return 1 - 0.62 * sure * (1 - colours[best])
