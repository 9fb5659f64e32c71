"""The error surface around a network, over any two directions, and the path that descent took on it.

Every point is the engine's own mean loss of the rows at that theta (``training.loop.mean_loss``), without penalties.
"""

from __future__ import annotations

import math
from typing import Any, Self

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, LogNorm, Normalize
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from glassnet.checks import unknown_name
from glassnet.data.wording import count
from glassnet.seeing.figures.cost_curve import loss_unit
from glassnet.seeing.figures.descent_path import DescentPath
from glassnet.seeing.figures.directions import Plane, along_path, along_weights, at_random
from glassnet.seeing.figures.display import Display
from glassnet.seeing.figures.style import GREY, INK, ORANGE, SHADES, number, plain_numbers, short
from glassnet.seeing.subject import subject_of
from glassnet.training.loop import mean_loss
from glassnet.training.rows import Rows

Array = NDArray[Any]

LEVELS = 14
MOST_DOTS = 61
DEPTHS = LinearSegmentedColormap.from_list("depths", SHADES(np.linspace(0.92, 0.0, 64)))


class ErrorSurfaceDisplay(Display):
    """The loss over a plane of weights, as contours.

    Parameters
    ----------
    plane : Plane
    s, t : arrays of shape (resolution,)
        Coordinates of the grid.
    losses : array of shape (resolution, resolution)
        Mean loss of the rows; ``losses[j, i]`` at ``s[i], t[j]``. Infinite where a prediction ran away.
    path : array of shape (k, 2), default=None
        The points of the path, as they fall upon the plane.
    path_losses : array of shape (k,), default=None
        The loss at the points of the path themselves.
    stopped_because, unit : str

    Attributes
    ----------
    surface_ : matplotlib.contour.QuadContourSet
    path_line_ : matplotlib.lines.Line2D or None
    ax_, figure_, title_, remark_ :
        As of every display.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from glassnet import ErrorSurfaceDisplay, LogisticRegression
    >>> X, y = load_iris(return_X_y=True)
    >>> model = LogisticRegression(max_iter=1000).fit(X, y)
    >>> display = ErrorSurfaceDisplay.from_estimator(model, X, y, resolution=11)
    >>> display.losses.shape
    (11, 11)
    """

    def __init__(
        self,
        plane: Plane,
        s: Array,
        t: Array,
        losses: Array,
        *,
        path: Array | None = None,
        path_losses: Array | None = None,
        stopped_because: str = "",
        unit: str = "loss",
    ) -> None:
        self.plane, self.s, self.t, self.losses = plane, s, t, losses
        self.path, self.path_losses, self.stopped_because, self.unit = path, path_losses, stopped_because, unit

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        weights: tuple[str, str] | None = None,
        directions: str | None = None,
        path: DescentPath | None = None,
        window: tuple[tuple[float, float], tuple[float, float]] | None = None,
        resolution: int = 51,
        random_state: int = 0,
        ax: Axes | None = None,
    ) -> Self:
        """Ask the engine for the loss of these rows around a fitted network.

        Parameters
        ----------
        estimator : fitted estimator or Pipeline that ends in one
        X, y : rows and truth as the model takes them
        weights : (str, str), default=None
            Two weights to vary: 'w2_1_3' is the weight of layer 2 from unit 1 to unit 3, 'b2_3' the bias of its unit 3, counted from 1.
        directions : {'path', 'random'}, default=None
            In place of ``weights``: the main directions of ``path``, or two random ones, filter-normalised. None takes the network's
            only two weights where it has two; else 'path' where there is one, else 'random'.
        path : DescentPath, default=None
            The path that descent took: ``DescentPath.of(estimator, X, y)`` fits and records.
        window : ((low, high), (low, high)), default=None
            What is in sight; without, a step of 1 around the network, or the path with a margin.
        resolution : int, default=51
            Points of the grid in each direction; the loss is computed for the square of it.
        random_state : int, default=0
            Seed of the random directions.
        ax : matplotlib.axes.Axes, default=None

        Returns
        -------
        ErrorSurfaceDisplay

        Raises
        ------
        ValueError
            For weights that are not there, and for a path of another network.
        """
        subject = subject_of(estimator).as_learned()
        network, layout = subject.network, subject.network.layout
        theta = layout.pack([W for W, _ in subject.parameters], [b for _, b in subject.parameters], subject.dtype)
        rows = Rows(subject.rows(X), subject.targets(y))
        if path is not None and path.thetas.shape[1] != layout.n_parameters:
            raise ValueError(
                f"the path is of a network with {path.thetas.shape[1]} weights and biases; this one has {layout.n_parameters}."
            )
        plane = _plane(subject, theta, weights, directions, path, random_state)
        way = None if path is None else plane.place(path.thetas)
        (s0, s1), (t0, t1) = window or _window(plane, theta, way)
        s, t = np.linspace(s0, s1, resolution), np.linspace(t0, t1, resolution)
        with np.errstate(over="ignore", invalid="ignore"):
            losses = np.array([[mean_loss(network, plane.at(a, b).astype(subject.dtype), rows) for a in s] for b in t])
            along = None if path is None else np.array([mean_loss(network, one.astype(subject.dtype), rows) for one in path.thetas])
        unit = loss_unit(subject.estimator)
        why = "" if path is None else path.stopped_because
        return cls(plane, s, t, losses, path=way, path_losses=along, stopped_because=why, unit=unit).plot(ax)

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw, into ``ax`` or on a page of its own."""
        (axes,) = self._axes(ax, 7.2, 5.6)
        axes.grid(False)
        finite = np.where(np.isfinite(self.losses), self.losses, np.nan)
        if not np.isfinite(finite).any():
            raise ValueError("the loss is finite nowhere in this window. Give a smaller one.")
        norm, levels = _levels(finite)
        drawn = np.ma.masked_invalid(np.clip(finite, levels[0], levels[-1]))
        self.surface_ = axes.contourf(self.s, self.t, drawn, levels=levels, norm=norm, cmap=DEPTHS)
        axes.contour(self.s, self.t, drawn, levels=levels, colors="white", linewidths=0.5, alpha=0.8)
        bar = self.figure_.colorbar(self.surface_, ax=axes, pad=0.02, fraction=0.045, format=FuncFormatter(lambda v, _: number(_two(v))))
        bar.outline.set_visible(False)
        bar.set_ticks(levels[:: max(1, len(levels) // 6)].tolist())
        bar.ax.tick_params(which="both", length=0, labelcolor=GREY, labelsize=8.5)
        bar.ax.set_title("loss", size=9, color=GREY, loc="left")
        self.path_line_: Line2D | None = None
        lowest = float(np.nanmin(finite))
        title = f"The loss falls to {number(lowest)} in this window"
        told = f"{self.plane.told} Loss: {self.unit}."
        if self.path is not None and self.path_losses is not None:
            self._draw_path(axes)
            end = self.path_losses[-1]
            ends = f"to {number(end)}" if math.isfinite(end) and end < self.path_losses[0] else f"up to {number(end)}"
            steps = count(len(self.path) - 1, "epoch")
            title = f"From loss {number(self.path_losses[0])} {ends} in {steps}; lowest in sight {number(lowest)}"
            told += " " + self._where_the_path_is()
        axes.set(xlim=(self.s[0], self.s[-1]), ylim=(self.t[0], self.t[-1]))
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(MaxNLocator(6))
        plain_numbers(axes.xaxis, axes.yaxis)
        axes.set(xlabel=short(self.plane.names[0], 60), ylabel=short(self.plane.names[1], 60))
        self._headed(title, told.strip())
        return self

    def _draw_path(self, axes: Axes) -> None:
        assert self.path is not None
        seen = self.path
        dots = "o" if len(seen) <= MOST_DOTS else ""
        axes.plot(*seen.T, color="white", lw=3, alpha=0.8, zorder=3.9, solid_joinstyle="round")
        (self.path_line_,) = axes.plot(
            *seen.T, color=ORANGE, lw=1.4, marker=dots, ms=3.6, mec="white", mew=0.4, zorder=4, label="path", solid_joinstyle="round"
        )
        axes.plot(*seen[0], "o", ms=8, color="white", mec=ORANGE, mew=2, zorder=5)
        axes.plot(*seen[-1], "*", ms=14, color=ORANGE, mec="white", mew=0.9, zorder=6)
        for point, word, side, at in ((seen[0], "start", "right", (-9, 7)), (seen[-1], "end", "left", (8, -13))):
            inside = self.s[0] <= point[0] <= self.s[-1] and self.t[0] <= point[1] <= self.t[-1]
            if inside:
                axes.annotate(
                    word, tuple(point), xytext=at, textcoords="offset points", ha=side, size=9, color=INK, zorder=7,
                    bbox={"boxstyle": "round,pad=0.15", "fc": "white", "ec": "none", "alpha": 0.75},
                )  # fmt: skip

    def _where_the_path_is(self) -> str:
        """How the drawn path and the true one correspond."""
        assert self.path is not None
        outside = (
            (self.path[:, 0] < self.s[0]) | (self.path[:, 0] > self.s[-1]) | (self.path[:, 1] < self.t[0]) | (self.path[:, 1] > self.t[-1])
        )
        words = ["Each dot is one epoch."] if len(self.path) <= MOST_DOTS else []
        if not self.plane.whole:
            words.append("The path is drawn where it falls upon the plane; the loss beside the plane may be another.")
        if outside.any():
            words.append(f"{int(outside.sum())} of {len(outside)} points are out of sight.")
        return " ".join(words)


def _plane(
    subject: Any, theta: Array, weights: tuple[str, str] | None, directions: str | None, path: DescentPath | None, seed: int
) -> Plane:  # fmt: skip
    """The plane that was asked for."""
    if weights is not None and directions is not None:
        raise ValueError("give weights or directions, not both.")
    layout = subject.network.layout
    if weights is None and directions is None:
        if layout.n_parameters == 2:
            weights = ("w1_1_1", "b1_1") if layout.biases[0] else ("w1_1_1", "w1_2_1")
        else:
            directions = "random" if path is None else "path"
    if weights is not None:
        if isinstance(weights, str) or len(weights) != 2:
            raise ValueError(f"weights must be the names of two, such as ('w1_1_1', 'b1_1'); got {weights!r}.")
        return along_weights(subject, theta, (weights[0], weights[1]))
    if directions == "random":
        return at_random(subject, theta, np.random.default_rng(seed))
    if directions == "path":
        if path is None:
            raise ValueError("directions='path' needs a path: path=DescentPath.of(estimator, X, y).")
        finite = path.thetas[np.isfinite(path.thetas).all(axis=1)]
        return along_path(finite[-1], finite)
    raise ValueError(unknown_name("directions", directions, ("path", "random")))


def _window(plane: Plane, theta: Array, way: Array | None) -> list[tuple[float, float]]:
    """A step of 1 around the network, and the whole path with a margin."""
    centre = plane.place(theta[None])[0]
    sides = []
    for k in range(2):
        if way is None:
            sides.append((centre[k] - 1.0, centre[k] + 1.0))
            continue
        seen = way[np.isfinite(way).all(axis=1), k]
        low, high = float(min(seen.min(), centre[k])), float(max(seen.max(), centre[k]))
        margin = 0.35 * (high - low) or 1.0
        sides.append((low - margin, high + margin))
    spans = [high - low for low, high in sides]
    for k in range(2):  # a path along one axis: the other is not drawn out of all proportion
        lack = (0.35 * max(spans) - spans[k]) / 2
        if lack > 0:
            sides[k] = (sides[k][0] - lack, sides[k][1] + lack)
    return sides


def _levels(losses: Array) -> tuple[Normalize, Array]:
    """Contour levels: evenly spread, or by constant factors where the loss spans more than one power of ten."""
    low, high = float(np.nanmin(losses)), float(np.nanmax(losses))
    if not high > low:
        high = low + max(abs(low), 1e-12)
    if low > 0 and high > 8 * low:
        levels = np.geomspace(low, high, LEVELS)
        return LogNorm(levels[0], levels[-1]), levels
    levels = np.linspace(low, high, LEVELS)
    return Normalize(levels[0], levels[-1]), levels


def _two(value: float) -> float:
    """Two significant digits."""
    return float(f"{value:.2g}")
