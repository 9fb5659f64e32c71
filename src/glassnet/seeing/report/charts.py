"""Small charts as SVG: axes with round ticks, lines, points, bars; texts are text, colours are classes that know dark screens and paper.

A chart is drawn in its own units (about 440 x 280), so that it is legible at its natural size on a phone and several stand beside each
other on a wide page.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.seeing.svg import add, drawing, exact, shown, to_text, width_of

Array = NDArray[Any]

WIDTH, HEIGHT = 440.0, 280.0
LEFT, RIGHT, TOP, BOTTOM = 54.0, 24.0, 12.0, 44.0
SMALL, LABEL = 11.0, 12.0


@dataclass(frozen=True)
class Axis:
    """A range of numbers, its ticks and its name; ``log`` for powers of ten."""

    low: float
    high: float
    label: str
    ticks: tuple[float, ...]
    log: bool = False
    percent: bool = False
    root: bool = False

    @classmethod
    def over(cls, values: Any, label: str, *, log: bool = False, zero: bool = False, tight: bool = False) -> Axis:
        """Round ends around the finite ``values``; ``tight`` ends where they end."""
        finite = np.asarray(values, dtype=np.float64)
        finite = finite[np.isfinite(finite)]
        if log:
            finite = finite[finite > 0]
        low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
        if log:
            return cls._log(low, high, label)
        low = min(low, 0.0) if zero else low
        if high <= low:
            low, high = low - (abs(low) or 1.0) / 2, high + (abs(high) or 1.0) / 2
        step = _round_step((high - low) / 5)
        first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
        ticks = tuple(float(f"{i * step:.12g}") for i in range(first, last + 1))
        if tight:
            return cls(low, high, label, tuple(tick for tick in ticks if low <= tick <= high))
        return cls(first * step, last * step, label, ticks)

    @classmethod
    def counts(cls, values: Any, label: str) -> Axis:
        """0 to the largest count, on a scale of square roots: a single row is seen beside thousands."""
        high = max(float(np.max(values)), 1.0)
        round_ones = [0.0, *(m * 10.0**power for power in range(9) for m in (1, 2.5, 5))]
        ticks = [tick for tick in round_ones if tick <= high and tick == int(tick)]
        kept = [0.0]
        for tick in ticks[1:]:
            if math.sqrt(tick / high) - math.sqrt(kept[-1] / high) > 0.12:
                kept.append(tick)
        return cls(0.0, high, label, tuple(kept), root=True)

    @classmethod
    def _log(cls, low: float, high: float, label: str) -> Axis:
        decades = math.log10(high / low) if high > low else 0.0
        if decades < 0.3:
            low, high = low / 1.5, high * 1.5
        low, high = low / 1.15, high * 1.15
        first, last = math.ceil(math.log10(low)), math.floor(math.log10(high))
        step = max(1, math.ceil((last - first + 1) / 6))
        ticks = [10.0**power for power in range(first, last + 1, step)]
        if len(ticks) < 3:
            ticks = [m * 10.0**power for power in range(first - 1, last + 1) for m in (1, 2, 5) if low <= m * 10.0**power <= high]
        return cls(low, high, label, tuple(ticks), log=True)

    @classmethod
    def share(cls, label: str) -> Axis:
        """0 to 1, written as percentages."""
        return cls(0.0, 1.0, label, (0.0, 0.25, 0.5, 0.75, 1.0), percent=True)

    def place(self, value: Any) -> Array:
        """Where values lie between 0 (low) and 1 (high)."""
        v = np.asarray(value, dtype=np.float64)
        if self.root:
            return np.asarray(np.sqrt(np.maximum(v, 0.0) / self.high))
        if not self.log:
            return np.asarray((v - self.low) / (self.high - self.low))
        with np.errstate(all="ignore"):
            return np.asarray(np.log(v / self.low) / math.log(self.high / self.low))

    def written(self, tick: float) -> str:
        """A tick as it is written."""
        return f"{100 * tick:g} %" if self.percent else shown(tick)


class Chart:
    """Axes to draw into; `svg` is the picture."""

    def __init__(
        self, title: str, description: str, x: Axis, y: Axis, *, height: float = HEIGHT, width: float = WIDTH, grid: bool = True
    ) -> None:
        self.x, self.y = x, y
        widest = max((width_of(y.written(tick), SMALL) for tick in y.ticks), default=0.0)
        self.left, self.top = max(LEFT, widest + 28), TOP
        self.wide, self.high = width - self.left - RIGHT, height - TOP - BOTTOM
        self.root = drawing(width, height, title=title, description=description)
        frame = add(self.root, "g", class_="axes")
        for tick in y.ticks:
            at = float(self.down(tick))
            if grid:
                add(frame, "line", x1=self.left, x2=self.left + self.wide, y1=at, y2=at, class_="s-faint", stroke_width=0.6)
            add(frame, "text", y.written(tick), x=self.left - 6, y=at + 4, font_size=SMALL, text_anchor="end", class_="f-quiet")
        for tick in self._spaced(x.ticks):
            at = float(self.across(tick))
            add(frame, "line", x1=at, x2=at, y1=self.top + self.high, y2=self.top + self.high + 4, class_="s-quiet", stroke_width=0.8)
            add(
                frame,
                "text",
                x.written(tick),
                x=at,
                y=self.top + self.high + 16,
                font_size=SMALL,
                text_anchor="middle",
                class_="f-quiet",
            )
        floor = self.top + self.high
        add(frame, "line", x1=self.left, x2=self.left + self.wide, y1=floor, y2=floor, class_="s-quiet", stroke_width=0.8)
        add(frame, "text", x.label, x=self.left + self.wide / 2, y=height - 8, font_size=LABEL, text_anchor="middle", class_="f-ink")
        middle = self.top + self.high / 2
        turn = f"rotate(-90 14 {middle:.2f})"
        add(frame, "text", y.label, x=14, y=middle + 4, font_size=LABEL, text_anchor="middle", class_="f-ink", transform=turn)
        self.body = add(self.root, "g", fill="none")

    @property
    def svg(self) -> str:
        """The picture as text."""
        return to_text(self.root)

    def across(self, value: Any) -> Array:
        """Horizontal places."""
        return np.asarray(self.left + self.wide * np.clip(self.x.place(value), -0.02, 1.02))

    def down(self, value: Any) -> Array:
        """Vertical places."""
        return np.asarray(self.top + self.high * (1.0 - np.clip(self.y.place(value), -0.02, 1.02)))

    def line(self, x: Any, y: Any, role: str, *, width: float = 1.8, dash: str | None = None, steps: bool = False, **data: Any) -> None:
        """A line through the points that are finite; ``steps`` goes across before it goes up."""
        px, py = self.across(x), self.down(y)
        whole = np.isfinite(px) & np.isfinite(py)
        px, py = px[whole], py[whole]
        if not len(px):
            return
        parts = [f"M{px[0]:.1f} {py[0]:.1f}"]
        parts += [f"H{a:.1f}V{b:.1f}" if steps else f"L{a:.1f} {b:.1f}" for a, b in zip(px[1:], py[1:], strict=True)]
        add(
            self.body,
            "path",
            d="".join(parts),
            class_=f"s-{role}",
            stroke_width=width,
            stroke_linejoin="round",
            stroke_dasharray=dash,
            **data,
        )

    def points(self, x: Any, y: Any, role: str, *, size: float = 3.0, opacity: float = 1.0) -> None:
        """All points as one path of dots."""
        px, py = self.across(x), self.down(y)
        path = "".join(f"M{a:.1f} {b:.1f}h0" for a, b in zip(px, py, strict=True) if math.isfinite(a) and math.isfinite(b))
        add(self.body, "path", d=path, class_=f"s-{role}", stroke_width=size, stroke_linecap="round", stroke_opacity=opacity)

    def bars(self, edges: Any, heights: Any, role: str, *, opacity: float = 0.55) -> None:
        """Bars between neighbouring ``edges``, from 0 up, as one path."""
        px, py, floor = self.across(edges), self.down(heights), float(self.down(max(self.y.low, 0.0)))
        path = "".join(
            f"M{a + 0.4:.1f} {floor:.1f}V{h:.1f}H{b - 0.4:.1f}V{floor:.1f}Z"
            for a, b, h in zip(px[:-1], px[1:], py, strict=True)
            if floor - h > 0.05
        )
        add(self.body, "path", d=path, class_=f"f-{role}", fill_opacity=opacity)

    def spans(self, x: Any, low: Any, high: Any, role: str) -> None:
        """Vertical intervals."""
        px, a, b = self.across(x), self.down(low), self.down(high)
        path = "".join(f"M{p:.1f} {q:.1f}V{r:.1f}" for p, q, r in zip(px, a, b, strict=True))
        add(self.body, "path", d=path, class_=f"s-{role}", stroke_width=1.2, stroke_opacity=0.7)

    def mark(self, x: float, y: float, role: str, *, size: float = 8.0, **data: Any) -> None:
        """A ring around a point."""
        at = {"cx": float(self.across(x)), "cy": float(self.down(y))}
        add(self.body, "circle", **at, r=size / 2, class_=f"s-{role} f-paper", stroke_width=2, **data)

    def rule(self, x: float, role: str, **data: Any) -> None:
        """A vertical line from top to bottom."""
        at = float(self.across(x))
        add(
            self.body,
            "line",
            x1=at,
            x2=at,
            y1=self.top,
            y2=self.top + self.high,
            class_=f"s-{role}",
            stroke_width=1.4,
            stroke_dasharray="4 3",
            **data,
        )

    def note(self, text: str, x: float, y: float, role: str = "ink", *, dx: float = 6, dy: float = 4, anchor: str = "start") -> None:
        """A word beside a point of the data."""
        at_x, at_y = float(self.across(x)) + dx, float(self.down(y)) + dy
        wide = width_of(text, SMALL)
        if anchor == "start" and at_x + wide > self.left + self.wide:
            at_x, anchor = at_x - 2 * dx, "end"
        add(
            self.body,
            "text",
            text,
            x=at_x,
            y=float(np.clip(at_y, self.top + 10, self.top + self.high - 4)),
            font_size=SMALL,
            text_anchor=anchor,
            class_=f"f-{role}",
            stroke="none",
        )

    def frame_data(self) -> str:
        """Where the axes lie, for a script that draws a line: left, top, width, height."""
        return " ".join(exact(value) for value in (self.left, self.top, self.wide, self.high))

    def _spaced(self, ticks: Sequence[float]) -> list[float]:
        """As many ticks as have room beside each other."""
        kept: list[float] = []
        end = -math.inf
        for tick in ticks:
            half = width_of(self.x.written(tick), SMALL) / 2
            at = float(self.across(tick))
            if at - half > end + 4:
                kept.append(tick)
                end = at + half
        return kept


def _round_step(step: float) -> float:
    """The next larger of 1, 2, 2.5, 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(m * power for m in (1.0, 2.0, 2.5, 5.0, 10.0) if m * power >= step * 0.999)
