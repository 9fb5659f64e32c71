"""How every layer learns: the norm of its gradient, and the length of its update beside its weights, by epoch.

    gradient norm   |dL/dtheta_l|             falls towards 0 as a minimum comes near; far smaller in front than behind: it vanishes
    update ratio    |last update of theta_l| / |theta_l|      about 1/1000 is lively; below 1/100,000 a layer hardly moves

theta_l: weights and biases of layer l together.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter
from numpy.typing import NDArray

from glassnet.seeing.figures.display import Display
from glassnet.seeing.figures.style import BLUE, DIVERGING, GREY, INK, ORANGE, PALE, number
from glassnet.seeing.subject import subject_of
from glassnet.training.history import History

LIVELY = (1e-4, 1e-2)
"""Update ratios that are usual in a training that gets on (about 1e-3, by rule of thumb)."""
DASHES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1, 1.4)), (0, (6, 2, 1, 2)))


class LayerGradientDisplay(Display):
    """Gradient norm and update-to-weight ratio of each layer by epoch, on logarithmic axes.

    Parameters
    ----------
    history : History
        With the columns ``layer_gradient_norms`` and, where the solver tells them, ``layer_update_ratios``.

    Attributes
    ----------
    gradient_norms : array of shape (n_epochs, n_layers)
    update_ratios : array of shape (n_epochs, n_layers) or None
    gradient_lines_, ratio_lines_ : lists of matplotlib.lines.Line2D
        One per layer; the second is empty where no ratios are known.
    ax_, axes_, figure_, title_, remark_ :
        As of every display.
    """

    def __init__(self, history: History) -> None:
        self.history = history
        norms, ratios = _column(history, "layer_gradient_norms"), _column(history, "layer_update_ratios")
        if norms is None:
            raise ValueError(
                "this history does not tell the gradient of each layer: its solver tells none, or the weights were given. "
                "Train the model anew."
            )
        self.gradient_norms, self.update_ratios = norms, ratios

    @classmethod
    def from_estimator(cls, estimator: Any, *, ax: Any = None) -> Self:
        """Draw the training of a fitted estimator.

        Parameters
        ----------
        estimator : fitted estimator or Pipeline that ends in one
        ax : matplotlib.axes.Axes, or one for each of the two parts, default=None

        Returns
        -------
        LayerGradientDisplay

        Raises
        ------
        ValueError
            Where the history does not tell the gradient of each layer.
        """
        return cls(subject_of(estimator).estimator.history_).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw, into ``ax`` or on a page of its own."""
        parts = 1 if self.update_ratios is None else 2
        axes = self._axes(ax, 4.2 * parts + (2.2 if parts == 1 else 1.4), 4.4, columns=parts)
        epochs = np.array(self.history.column("epoch"), float)
        self.gradient_lines_ = _lines(axes[0], epochs, self.gradient_norms)
        axes[0].set_title("norm of the gradient", loc="left", size=10, color=GREY)
        if len(self.gradient_lines_) > 1:
            names = [f"layer {layer}" for layer in range(1, len(self.gradient_lines_) + 1)]
            axes[-1].legend(
                self.gradient_lines_, names, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, labelcolor=INK, fontsize=9,
                handlelength=2.8,
            )  # fmt: skip
        self.ratio_lines_: list[Line2D] = []
        told = "The solver does not tell its updates layer by layer."
        if self.update_ratios is not None:
            self.ratio_lines_ = _lines(axes[1], epochs, self.update_ratios)
            axes[1].axhspan(*LIVELY, color=PALE, alpha=0.55, lw=0, zorder=0)
            axes[1].set_title("length of the update / length of the weights", loc="left", size=10, color=GREY)
            told = f"The band from {LIVELY[0]:g} to {LIVELY[1]:g} is where the updates of a training that gets on usually lie."
        last = self.gradient_norms[-1]
        if len(last) == 1:
            title = f"The gradient's norm is {number(last[0])} after {len(epochs)} epochs"
        elif last[-1] > 0:
            title = f"The gradient in the first layer ends at {number(last[0] / last[-1])} times that in the last"
        else:
            title = "The gradient by layer"
        self._headed(title, told)
        return self


def _column(history: History, name: str) -> NDArray[np.float64] | None:
    """(n_epochs, n_layers), nan where an epoch tells nothing; None where none does."""
    rows = [row.get(name) for row in history]
    width = max((len(row) for row in rows if row is not None), default=0)
    if not width or all(row is None or all(value is None for value in row) for row in rows):
        return None
    filled = [[None] * width if row is None else row for row in rows]
    return np.array([[np.nan if value is None else value for value in row] for row in filled], dtype=float)


def _lines(axes: Axes, epochs: NDArray[np.float64], values: NDArray[np.float64]) -> list[Line2D]:
    """A line for each layer, from blue in front to orange behind, each with its name at its end."""
    n = values.shape[1]
    positive = np.where(values > 0, values, np.nan)
    colours = [BLUE] if n == 1 else [BLUE, ORANGE] if n == 2 else [to_hex(DIVERGING(1 - place)) for place in _apart(n)]
    lines = []
    for layer in range(n):
        (line,) = axes.plot(
            epochs, positive[:, layer], color=colours[layer], ls=DASHES[layer % len(DASHES)], lw=1.5, label=f"layer {layer + 1}",
            marker="o" if len(epochs) < 4 else "", ms=4,
        )  # fmt: skip
        lines.append(line)
    if np.isfinite(positive).any():
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(numticks=8))
        axes.yaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    axes.set_xlabel("epoch")
    return lines


def _apart(n: int) -> NDArray[np.float64]:
    """n places on the diverging colours, without the white middle."""
    front = np.linspace(0.02, 0.24, (n + 1) // 2)
    return np.concatenate([front, np.linspace(0.76, 0.98, n - len(front))])
