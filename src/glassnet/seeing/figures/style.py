"""One look for all figures: a page with its headline, numbers and names as they are spelt, and the file.

The colours are those of the palette. Blue stands for what is positive, right or learned from; orange for what is negative, wrong or held
out. They stay apart for the colour-blind; where both could be grey, a dash, a marker or a hatch tells them apart as well.
"""

from __future__ import annotations

import contextlib
import io
import math
import textwrap
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from glassnet.seeing.palette import COLOURS, NEGATIVE, POSITIVE

INK, GREY = COLOURS["ink"].light, COLOURS["quiet"].light
PALE = "#e4e7eb"
"""Of grids and spines: fainter than rules in a drawing, since there are many of them."""
BLUE, ORANGE = POSITIVE, NEGATIVE
CLASSES = (BLUE, ORANGE, "#3b8f5f", "#8d63ab", "#b58b00", "#4b5563", "#c0527a", "#35a3b8", "#7a4b2a", "#93a53a")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p")
SHADES = LinearSegmentedColormap.from_list("glass", ["#ffffff", "#cfe0f3", "#6ea3d8", BLUE, "#123a6b"])
PALE_SHADES = LinearSegmentedColormap.from_list("glass, pale", SHADES(np.linspace(0.05, 0.62, 64)))
"""For a ground on which points are drawn."""
DIVERGING = LinearSegmentedColormap.from_list("against and for", ["#7d2f0d", ORANGE, "#f0c3ad", "#ffffff", "#b5cfe8", BLUE, "#123a6b"])
PALE_DIVERGING = LinearSegmentedColormap.from_list("against and for, pale", ["#eba983", "#f6d3bf", "#ffffff", "#c8dcf0", "#8fb8e0"])
DASH = (0, (5, 2))
DPI = 150
LONGEST_NAME = 18  # characters of a name


def page(width: float, height: float) -> Figure:
    """An empty white figure of so many inches, without a window."""
    return Figure(figsize=(width, height), dpi=DPI, layout="constrained", facecolor="white")


def plain(axes: Axes) -> None:
    """Axes as the house draws them: two quiet spines, a pale grid behind the data."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[:].set_color(PALE)
    axes.tick_params(which="both", color=PALE, labelcolor=GREY, labelsize=9)
    axes.xaxis.label.set(color=GREY, size=10)
    axes.yaxis.label.set(color=GREY, size=10)
    axes.grid(True, color=PALE, lw=0.6)
    axes.set_axisbelow(True)


def head(figure: Figure, title: str, remark: str) -> None:
    """Title in bold, what stands under it in grey, both from the left edge; long ones are broken."""
    width, height = figure.get_size_inches()
    bold, grey = textwrap.wrap(title, int(width * 9.5)), textwrap.wrap(remark, int(width * 12.5))
    below = 0.12 + 0.25 * len(bold)
    rest = below + 0.19 * len(grey) + 0.06
    figure.text(0.12 / width, 1 - 0.12 / height, "\n".join(bold), ha="left", va="top", size=12.5, weight="bold", color=INK)
    figure.text(0.12 / width, 1 - below / height, "\n".join(grey), ha="left", va="top", size=9.5, color=GREY)
    figure.set_layout_engine("constrained", rect=(0.08 / width, 0.08 / height, 1 - 0.24 / width, 1 - (rest + 0.08) / height))


def plain_numbers(*axes: Any) -> None:
    """Ticks of these axes (``axes.xaxis``) as ``number`` spells them."""
    for axis in axes:
        axis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))


def png(figure: Figure, dpi: float = DPI) -> bytes:
    """The figure as a PNG file; the same figure gives the same bytes."""
    buffer = io.BytesIO()
    with boxes_for_missing_letters():
        figure.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None})
    return buffer.getvalue()


@contextlib.contextmanager
def boxes_for_missing_letters() -> Iterator[None]:
    """Names in letters that the font lacks are drawn as boxes, without a warning for each of them."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph \d+ .* missing from font")
        yield


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


def percent(share: float) -> str:
    """``97 %``; never 100 % for what is not certain, nor 0 % for what happens.

    >>> percent(0.25), percent(0.9931), percent(0.99999), percent(0.0004), percent(1.0)
    ('25 %', '99.3 %', '> 99.9 %', '< 0.1 %', '100 %')
    """
    if 0.999 < share < 1:
        return "> 99.9 %"
    if 0 < share < 0.001:
        return "< 0.1 %"
    return f"{100 * share:.1f} %" if 0.99 < share < 1 or 0 < share < 0.01 else f"{100 * share:.0f} %"


def short(name: str, longest: int = LONGEST_NAME) -> str:
    """A name that is not too long, its dollars taken as dollars and not as mathematics."""
    cut = name if len(name) <= longest else name[: longest - 1] + "…"
    return cut.replace("$", r"\$")
