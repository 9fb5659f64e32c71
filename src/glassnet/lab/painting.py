"""Points painted by hand: added, taken away, or begun from the rows that are shown."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

from glassnet.lab.address import Point
from glassnet.lab.changing import adopt
from glassnet.lab.config import Refusal, changed
from glassnet.lab.datasets import NUMBER

if TYPE_CHECKING:
    from glassnet.lab.engine import Engine
    from glassnet.lab.link import Plain

MOST_POINTS = 20_000


def paint(engine: Engine, command: Plain) -> None:
    """Points by hand."""
    points = [] if command.get("clear") else list(engine.points) if engine.config.data.source == "painted" else []
    target = engine.config.data.target if engine.config.data.source == "painted" else None
    if command.get("keep") and not command.get("clear") and engine.config.data.source != "painted":
        points = _as_points(engine)
        target = None if engine.data.classifies else NUMBER
    points += _points(command.get("add", []), numbers=target == NUMBER)
    if (gone := command.get("remove")) is not None:
        x, y, radius = (_number(gone, name) for name in ("x", "y", "radius"))
        points = [one for one in points if math.hypot(one[0] - x, one[1] - y) > radius]
    if len(points) > MOST_POINTS:
        raise Refusal(f"at most {MOST_POINTS:,} points can be painted; these are {len(points):,}. Clear some.", "add")
    config = changed(engine.config, {"data": {"source": "painted", "name": "", "target": target}})
    if engine.config.data.source != "painted":
        config = dataclasses.replace(config, axes=None, inputs=tuple(one for one in config.inputs if "x" in one))
    adopt(engine, config, points)


def _number(fields: Any, name: str) -> float:
    value = fields.get(name) if isinstance(fields, dict) else None
    if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) < 1e6:
        raise Refusal(f"remove.{name} must be a number; got {str(value)[:40]!r}.", f"remove.{name}")
    return float(value)


def _points(given: Any, *, numbers: bool) -> list[Point]:
    found = []
    for one in given if isinstance(given, list) else [given]:
        right = isinstance(one, list | tuple) and len(one) == 3
        right = right and all(isinstance(v, int | float) and not isinstance(v, bool) and abs(v) < 1e6 for v in one)
        if not right or not (numbers or one[2] in range(10)):
            raise Refusal(f"a point is [x, y, class], classes from 0 to 9; got {str(one)[:60]}.", "add")
        found.append((float(one[0]), float(one[1]), float(one[2])))
    return found


def _as_points(engine: Engine) -> list[Point]:
    """The rows that are shown, as if they had been painted."""
    if not engine.data.plain or len(engine.window.axes) != 2:
        raise Refusal("only points in a plane can be painted on. Choose a dataset of two inputs, or begin with an empty plane.", "keep")
    xy, y = engine.window.places().astype(float), engine.data.y
    return [(float(a), float(b), float(c)) for (a, b), c in zip(xy, y, strict=True)]
