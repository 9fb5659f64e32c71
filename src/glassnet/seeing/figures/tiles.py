"""Pictures side by side: a page of tiles with words beneath them."""

from __future__ import annotations

import math
from typing import Any

from matplotlib.axes import Axes

from glassnet.seeing.figures.display import Display
from glassnet.seeing.figures.style import PALE


def tiled(
    display: Display, ax: Any, n: int, *, side: float, below: float, tall: float = 1.0, columns: int | None = None
) -> list[Axes]:  # fmt: skip
    """Axes for ``n`` tiles, ``side`` inches wide and ``tall`` times as high, each with ``below`` inches for words."""
    across = columns or columns_of(n)
    down = -(-n // across)
    width = max(across * (side + 0.12) + 0.3, 6.4)
    if ax is None:
        axes = display._axes(None, width, down * (side * tall + below + 0.1) + 0.95, rows=down, columns=across)
    else:
        axes = display._axes(ax, 0, 0, columns=n)
    for place in axes:
        place.set(xticks=[], yticks=[])
        place.grid(False)
        place.spines[:].set(visible=True, color=PALE)
    for place in axes[n:]:
        place.set_axis_off()
    display.axes_ = axes[:n]
    return axes


def columns_of(n: int) -> int:
    """Columns of a grid of ``n`` tiles that is a little wider than high."""
    if n <= 5:
        return n
    wide = range(math.ceil(math.sqrt(n)), math.ceil(1.6 * math.sqrt(n)) + 1)
    return max((columns for columns in wide if n % columns == 0), default=wide[-1] - 1)


def square_shape(n: int) -> tuple[int, ...]:
    """(side, side) of n pixels, or (side, side, 3) of n / 3. Raises ValueError where neither is a square."""
    for channels in (1, 3):
        side = math.isqrt(n // channels)
        if side > 1 and side * side * channels == n:
            return (side, side) if channels == 1 else (side, side, 3)
    raise ValueError(f"{n} inputs are no square picture. Give shape=(height, width), or (height, width, 3) of colour pictures.")
