"""Figures of a training and of its result, each a Matplotlib ``Figure`` of its own: no global state, no window.

cost_curve   training and held-out loss by epoch; where and why training stopped, which epoch was kept
confusion    true classes against predicted ones, as counts and shares of the row
residuals    predicted against true values, and how the errors are spread
"""

from __future__ import annotations

import io
import math
import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter
from numpy.typing import ArrayLike, NDArray

from glassnet.training.history import History

INK, GREY, PALE = "#1f2933", "#66727f", "#e4e7eb"
BLUE, ORANGE = "#2f6db3", "#d9622b"
SHADES = LinearSegmentedColormap.from_list("glass", ["#ffffff", "#cfe0f3", "#6ea3d8", "#2f6db3", "#163f73"])
DPI = 150

LOG_FROM = 8.0  # a loss that falls by more than this factor is drawn on a logarithmic axis
MANY_POINTS = 3000
LONGEST_NAME = 18  # characters of a class name


def cost_curve(history: History, *, kept: int | None = None, unit: str = "loss") -> Figure:
    """Loss by epoch.

    Parameters
    ----------
    history : History
        Of a fitted estimator.
    kept : int, optional
        The epoch whose weights the model holds.
    unit : str
        What the loss is measured in, such as "cross-entropy, nats per row".
    """
    figure, axes = _page(8, 4.8)
    epochs = np.array(history.column("epoch"), float)
    training = np.array(history.column("loss"), float)
    held_out = np.array([math.nan if value is None else value for value in history.column("val_loss")], float)
    dots = "o" if len(epochs) < 4 else ""
    axes.plot(epochs, training, color=BLUE, lw=1.6, marker=dots, ms=4, label="training rows")
    watched = bool(np.isfinite(held_out).any())
    if watched:
        axes.plot(epochs, held_out, color=ORANGE, lw=1.6, marker=dots, ms=4, label="held-out rows")
    _loss_axis(axes, np.concatenate([training, held_out]))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
    axes.set_xlabel("epoch")
    axes.set_ylabel(unit)
    if len(epochs) > 1:
        axes.set_xlim(epochs[0] - 0.01 * len(epochs), epochs[-1] + 0.02 * len(epochs))
    title = f"Loss {number(training[-1])} after {_epochs(len(history))}"
    if kept is not None and 1 <= kept <= len(epochs):
        curve, colour, which = (held_out, ORANGE, "Held-out loss") if watched else (training, BLUE, "Loss")
        _mark_kept(axes, kept, curve[kept - 1], colour, last=len(epochs))
        title = f"{which} {number(curve[kept - 1])} at epoch {kept}, the best of {_epochs(len(history))}"
    axes.legend(loc="best", framealpha=0.85, edgecolor="white", labelcolor=INK)
    head(figure, title, f"Stopped: {history.stopped_because}." if history.stopped_because else "")
    return figure


def confusion(y_true: ArrayLike, y_pred: ArrayLike, classes: Sequence[Any]) -> Figure:
    """How often each class was taken for which.

    Parameters
    ----------
    y_true, y_pred : arrays of shape (n_rows,)
        Labels, each among ``classes``.
    classes : sequence
        In the order to be shown. Beyond about 30 the cells have colours only.
    """
    counts = confusion_counts(y_true, y_pred, classes)
    n, rows = len(classes), counts.sum(axis=1, keepdims=True)
    shares = counts / np.maximum(rows, 1)
    names = [short(str(label)) for label in classes]
    longest = max(map(len, names))
    cell = float(np.clip(7.0 / n, 0.36, 1.15))
    slanted = longest * 0.085 > cell
    left, below = 0.75 + 0.085 * longest, 0.75 + (0.075 * longest if slanted else 0.1)
    figure, axes = _page(max(left + cell * n + 1.3, 6.4), below + cell * n + 0.95)
    axes.imshow(shares, cmap=SHADES, vmin=0, vmax=1, aspect="equal")
    axes.set_xticks(range(n), names, rotation=45 if slanted else 0, ha="right" if slanted else "center", rotation_mode="anchor")
    axes.set_yticks(range(n), names)
    axes.set_xticks(np.arange(n - 1) + 0.5, minor=True)
    axes.set_yticks(np.arange(n - 1) + 0.5, minor=True)
    axes.grid(False, which="major")
    axes.grid(True, which="minor", color=PALE, lw=0.8)
    axes.tick_params(which="both", length=0)
    axes.spines[:].set_visible(True)
    _write_cells(axes, counts, shares)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    total, right = int(counts.sum()), int(np.trace(counts))
    with_share = "counts, and shares of the row" if n <= 12 else "counts, coloured by the share of the row"
    head(
        figure,
        f"{right:,} of {total:,} test rows are right: accuracy {right / max(total, 1):.3f}",
        f"Each row is a true class: {with_share}.",
    )
    return figure


def confusion_counts(y_true: ArrayLike, y_pred: ArrayLike, classes: Sequence[Any]) -> NDArray[np.int64]:
    """counts[i, j] <- how many rows of class i were taken for class j."""
    place = {label: i for i, label in enumerate(classes)}
    counts = np.zeros((len(classes), len(classes)), np.int64)
    for true, predicted in zip(np.asarray(y_true).tolist(), np.asarray(y_pred).tolist(), strict=True):
        counts[place[true], place[predicted]] += 1
    return counts


def residuals(y_true: ArrayLike, y_pred: ArrayLike, *, name: str = "target") -> Figure:
    """Predicted against true values beside the line where they are equal, and the spread of the errors.

    Parameters
    ----------
    y_true, y_pred : arrays of shape (n_rows,)
    name : str
        What is predicted.
    """
    true, predicted = np.asarray(y_true, float), np.asarray(y_pred, float)
    errors = predicted - true
    figure = Figure(figsize=(9.6, 4.8), dpi=DPI, layout="constrained", facecolor="white")
    left, right = figure.subplots(1, 2, width_ratios=[1.15, 1])
    for axes in (left, right):
        _plain(axes)
    low, high = _window(np.concatenate([true, predicted]))
    if len(true) > MANY_POINTS:
        _draw_density(figure, left, true, predicted, (low, high, low, high))
    else:
        left.scatter(true, predicted, s=14, color=BLUE, alpha=float(np.clip(60 / math.sqrt(len(true) + 1) / 6, 0.25, 0.8)), lw=0)
    left.plot([low, high], [low, high], color=ORANGE, lw=1.4, label="prediction = truth")
    left.set(xlim=(low, high), ylim=(low, high), xlabel=f"true {short(name)}", ylabel=f"predicted {short(name)}", aspect="equal")
    left.legend(loc="upper left", frameon=False, labelcolor=INK)
    inner = errors
    if len(errors) >= 200:  # a few far ones would leave no room for the rest
        inner = errors[(errors >= np.quantile(errors, 0.005)) & (errors <= np.quantile(errors, 0.995))]
    right.hist(inner, bins=int(np.clip(len(inner) ** 0.5, 8, 60)), color=BLUE, edgecolor="white", lw=0.4)
    right.axvline(0, color=ORANGE, lw=1.4)
    right.set_xlabel("error: predicted - true" + ("" if len(inner) == len(errors) else " (the middle 99 %)"))
    right.set_ylabel("rows")
    right.yaxis.set_major_locator(MaxNLocator(integer=True))
    for axis in (left.xaxis, left.yaxis, right.xaxis):
        axis.set_major_locator(MaxNLocator(6))
        axis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    spread = float(np.sum((true - true.mean()) ** 2))
    quality = f"R² {1 - float(np.sum(errors**2)) / spread:.3f}" if spread > 0 else "R² is not defined"
    half, mean = number(float(np.median(np.abs(errors)))), number(float(np.abs(errors).mean()))
    root = number(float(np.sqrt(np.mean(errors**2))))
    title = f"{quality} on {len(true):,} test rows; half of the errors are below {half}"
    head(figure, title, f"Mean absolute error {mean}, root mean squared error {root}.")
    return figure


def png(figure: Figure) -> bytes:
    """The figure as a PNG file; the same figure gives the same bytes."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
    return buffer.getvalue()


def number(value: float) -> str:
    """Four significant digits in the plainest spelling.

    >>> number(0.0312345), number(48251.3), number(-2.0), number(1.5e9)
    ('0.03123', '48,250', '-2', '1.5e+09')
    """
    if not math.isfinite(value) or value == 0 or not 1e-4 <= abs(value) < 1e7:
        return f"{value:.4g}"
    digits = 3 - math.floor(math.log10(abs(value)))
    text = f"{round(value, digits):,.{max(digits, 0)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _page(width: float, height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained", facecolor="white")
    axes = figure.add_subplot()
    _plain(axes)
    return figure, axes


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[:].set_color(PALE)
    axes.tick_params(which="both", color=PALE, labelcolor=GREY, labelsize=9)
    axes.xaxis.label.set(color=GREY, size=10)
    axes.yaxis.label.set(color=GREY, size=10)
    axes.grid(True, color=PALE, lw=0.6)
    axes.set_axisbelow(True)


def head(figure: Figure, title: str, subtitle: str) -> None:
    """Title in bold, what stands under it in grey, both from the left edge; long ones are broken."""
    width, height = figure.get_size_inches()
    head, body = textwrap.wrap(title, int(width * 9.5)), textwrap.wrap(subtitle, int(width * 12.5))
    below = 0.12 + 0.25 * len(head)
    rest = below + 0.19 * len(body) + 0.06
    figure.text(0.12 / width, 1 - 0.12 / height, "\n".join(head), ha="left", va="top", size=12.5, weight="bold", color=INK)
    figure.text(0.12 / width, 1 - below / height, "\n".join(body), ha="left", va="top", size=9.5, color=GREY)
    figure.set_layout_engine("constrained", rect=(0.08 / width, 0.08 / height, 1 - 0.24 / width, 1 - (rest + 0.08) / height))


def _loss_axis(axes: Axes, values: NDArray[np.float64]) -> None:
    values = values[np.isfinite(values)]
    if len(values) and values.min() > 0 and values.max() > LOG_FROM * values.min():
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=12))
        axes.yaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))


def _mark_kept(axes: Axes, epoch: int, value: float, colour: str, *, last: int) -> None:
    axes.axvline(epoch, color=GREY, lw=0.9, ls=(0, (3, 3)))
    axes.plot([epoch], [value], "o", color="white", ms=8, mec=colour, mew=2, zorder=5)
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


def _draw_density(
    figure: Figure, axes: Axes, x: NDArray[np.float64], y: NDArray[np.float64], extent: tuple[float, float, float, float]
) -> None:
    """Many points: how many fall into each hexagon, on a logarithmic scale."""
    shades = LinearSegmentedColormap.from_list("dense", SHADES(np.linspace(0.2, 1, 64)))
    cells = axes.hexbin(x, y, gridsize=55, extent=extent, norm=LogNorm(vmin=1), mincnt=1, cmap=shades, lw=0)
    bar = figure.colorbar(cells, ax=axes, pad=0.02, fraction=0.045, format=FuncFormatter(lambda value, _: number(value)))
    bar.outline.set_visible(False)
    bar.ax.tick_params(which="both", length=0, labelcolor=GREY, labelsize=8)
    bar.ax.set_title("rows", size=9, color=GREY)


def _write_cells(axes: Axes, counts: NDArray[np.int64], shares: NDArray[np.float64]) -> None:
    n = len(counts)
    if n > 30:
        return
    size = float(np.clip(90 / n, 6.5, 11))
    for i, j in np.ndindex(counts.shape):
        count, share = int(counts[i, j]), float(shares[i, j])
        if not count:
            continue
        text = f"{count:,}\n{share:.0%}" if n <= 12 else f"{count:,}"
        axes.text(j, i, text, ha="center", va="center", size=size, color="white" if share > 0.55 else INK, linespacing=1.25)


def _window(values: NDArray[np.float64]) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    margin = 0.03 * (high - low) or 1.0
    return low - margin, high + margin


def short(name: str) -> str:
    """A name that is not too long, its dollars taken as dollars and not as mathematics."""
    short = name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"
    return short.replace("$", r"\$")


def _epochs(n: int) -> str:
    return "1 epoch" if n == 1 else f"{n} epochs"
