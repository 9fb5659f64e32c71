"""The plane on which maps are drawn: two raw columns, everything else held at what is typical; for one column, a line.

Maps are in image order: row 0 is the top, where the second column is largest.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glassnet.lab.lesson import Lesson
from glassnet.lab.toys import REACH

Array = NDArray[Any]

MARGIN = 0.08
MAP = 32
"""Points along a side of a unit's map; with 32 they are one block of the network's forward pass."""
MOST_VALUES = 12_000_000
"""Inputs of a whole surface: wide tables get a coarser one."""


class Window:
    """The plane of a lesson.

    axes     names of its columns, two or one; none where there is no plane
    edges    (left, right, bottom, top); of a line, bottom and top are those of what is predicted
    """

    def __init__(self, lesson: Lesson) -> None:
        self.lesson = lesson
        self.axes = lesson.axes if lesson.data.picture is None and (len(lesson.data) or lesson.data.plain) else ()
        self.edges = self._edges()
        self._grids: dict[int, Array] = {}

    def __bool__(self) -> bool:
        return bool(self.axes)

    @property
    def is_line(self) -> bool:
        """True for a single column."""
        return len(self.axes) == 1

    def shape(self, side: int) -> tuple[int, ...]:
        """Of a map with ``side`` points along an edge."""
        return (1, side) if self.is_line else (side, side)

    def resolution(self, wanted: int) -> int:
        """The finest surface that is not more than ``wanted`` and not too much for a wide table."""
        width = max(1, self.lesson.X.shape[1])
        return max(20, min(wanted, int((MOST_VALUES / width) ** 0.5)))

    def inputs(self, side: int) -> Array:
        """What the network reads at each point of the grid (points, n_inputs), in image order; made once."""
        if side not in self._grids:
            if len(self._grids) > 3:
                self._grids.clear()
            self._grids[side] = self.lesson.read(self._frame(side))
        return self._grids[side]

    def places(self) -> Array:
        """Where the rows of the lesson stand on the plane (n, 2), float32; of a line, beside the truth."""
        frame: pl.DataFrame = self.lesson.data.X
        columns = [frame[name].cast(pl.Float64).to_numpy() for name in self.axes]
        if self.is_line:
            columns.append(self.lesson.targets)
        return np.column_stack(columns).astype(np.float32)

    def means(self) -> list[float]:
        """The values at which columns of numbers beside the axes are held."""
        typical = self.lesson.typical() if len(self.lesson.numeric) > len(self.axes) else {}
        return [float(typical[name] or 0.0) for name in self.lesson.numeric if name in typical and name not in self.axes]

    def _edges(self) -> tuple[float, float, float, float] | None:
        if not self.axes:
            return None
        sides = [self._side(name) for name in self.axes]
        if self.is_line:
            y = self.lesson.targets
            sides.append(_widened(float(y.min()), float(y.max())))
        return (*sides[0], *sides[1])

    def _side(self, name: str) -> tuple[float, float]:
        low, high = self.lesson.numeric[name]
        reach = 1.2 * REACH
        if self.lesson.data.plain and -reach <= low and high <= reach:
            return -reach, reach  # toys stand still when their seed or their noise changes
        return _widened(low, high)

    def _frame(self, side: int) -> pl.DataFrame:
        """The raw columns at each point."""
        assert self.edges is not None
        left, right, bottom, top = self.edges
        x = np.linspace(left, right, side)
        n = side if self.is_line else side * side
        varied = {self.axes[0]: x if self.is_line else np.tile(x, side)}
        if not self.is_line:
            varied[self.axes[1]] = np.repeat(np.linspace(top, bottom, side), side)
        frame: pl.DataFrame = self.lesson.data.X
        typical = {} if len(varied) == frame.width else self.lesson.typical()
        columns = []
        for column in frame:
            if column.name in varied:
                columns.append(pl.Series(column.name, varied[column.name]))
            else:
                columns.append(
                    pl.Series(column.name, [typical[column.name]], dtype=None if column.name in self.lesson.numeric else column.dtype)
                )
        return pl.DataFrame([column if len(column) == n else column.new_from_index(0, n) for column in columns])


def _widened(low: float, high: float) -> tuple[float, float]:
    margin = MARGIN * (high - low) or 1.0
    return low - margin, high + margin
