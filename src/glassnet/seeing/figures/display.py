"""What all displays share, in scikit-learn's manner: made from an estimator or from predictions, drawn by ``plot``, kept in attributes.

Without ``ax`` a display makes a page of its own, with a headline that says what is to be seen; pyplot is not asked, so there is no window
and no global state. With ``ax`` it draws into axes of yours, and the headline becomes their title.
"""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from glassnet.seeing.figures.style import INK, boxes_for_missing_letters, head, page, plain, png


class Display:
    """A figure and the numbers it shows.

    Attributes
    ----------
    figure_ : matplotlib.figure.Figure
    ax_ : matplotlib.axes.Axes
        The (first) axes that were drawn into; ``axes_`` holds them all.
    axes_ : list of matplotlib.axes.Axes
    title_, remark_ : str
        What the figure shows, in one sentence, and what else should be known: also its text for those who cannot see it.
    """

    figure_: Figure
    ax_: Axes
    axes_: list[Axes]
    title_: str
    remark_: str

    def save(self, path: str | Path, *, dpi: float = 150) -> None:
        """Write the figure to ``path``, in the format that its ending names (.png, .svg, .pdf).

        Raises OSError where it cannot be written, ValueError for an unknown ending.
        """
        with boxes_for_missing_letters():
            self.figure_.savefig(path, dpi=dpi)

    def _repr_png_(self) -> bytes | None:
        """A notebook shows a page of its own; axes that were handed in are shown by whoever made them."""
        return png(self.figure_, dpi=100) if getattr(self, "_own", False) else None

    def _axes(self, ax: Any, width: float, height: float, *, rows: int = 1, columns: int = 1, **ratios: Any) -> list[Axes]:
        """``rows * columns`` axes: a page of so many inches, or what was handed in (one ax is divided)."""
        self._own = ax is None
        n = rows * columns
        if ax is None:
            figure = page(width, height)
            made = figure.subplots(rows, columns, squeeze=False, **ratios).ravel().tolist()
        elif isinstance(ax, Axes):
            made = [ax] if n == 1 else _divided(ax, rows, columns, **ratios)
        else:
            made = list(np.ravel(np.asarray(ax, dtype=object)))
            if len(made) != n or not all(isinstance(one, Axes) for one in made):
                raise ValueError(f"ax must be one Axes, or {n} of them for the {n} parts of this figure; got {len(made)}.")
        for one in made:
            plain(one)
        self.axes_, self.ax_ = made, made[0]
        parent: Any = made[0].figure  # a part of a figure knows the whole
        self.figure_ = parent.figure
        return made

    def _headed(self, title: str, remark: str = "") -> None:
        """Say what is seen: at the head of a page of its own, else as the title of the first axes."""
        self.title_, self.remark_ = title, remark
        if self._own:
            head(self.figure_, title, remark)
            return
        inches = self.ax_.get_position().width * self.figure_.get_size_inches()[0]
        before = self.ax_.get_title(loc="left")
        words = "\n".join(textwrap.wrap(title, max(int(inches * 12), 20)))
        self.ax_.set_title(f"{words}\n{before}" if before else words, loc="left", size=10.5, color=INK)


def _divided(ax: Axes, rows: int, columns: int, **ratios: Any) -> list[Axes]:
    """The place of ``ax`` in its grid, as a grid of its own."""
    place = ax.get_subplotspec()
    if place is None:
        raise ValueError(f"this figure has {rows * columns} parts: give as many axes, or one made by subplots(), which can be divided.")
    figure = ax.figure
    ax.remove()
    inner = place.subgridspec(rows, columns, **{name: ratios[name] for name in ("width_ratios", "height_ratios") if name in ratios})
    return [figure.add_subplot(inner[i, j]) for i in range(rows) for j in range(columns)]
