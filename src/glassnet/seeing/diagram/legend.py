"""The legend of a diagram: samples of what its lines, circles and colours mean, in rows below it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element

from glassnet.seeing.diagram.layout import MARGIN, VALUE
from glassnet.seeing.palette import dash
from glassnet.seeing.svg import add, shown, width_of

SIZE = 11.0
ROW = 21.0

Sample = Callable[[Element, float, float], None]


@dataclass(frozen=True)
class Item:
    """A sample ``wide`` units wide, and what it means, in words of colour ``hue``."""

    wide: float
    sample: Sample
    words: str
    hue: str = "quiet"


def line(hue: str, width: float, dash: str | None = None) -> Sample:
    """A stretch of an edge."""

    def draw(parent: Element, x: float, y: float) -> None:
        d = f"M{x:.1f} {y:.1f}h30"
        add(parent, "path", d=d, class_=f"s-{hue}", stroke_width=width, stroke_dasharray=dash, fill="none")

    return draw


def items(
    *,
    most: float,
    thickest: float,
    bias: bool,
    folded: bool,
    values: bool,
    gradients: bool,
    link: str,
    probability: bool,
    negative: bool,
    scale: tuple[Any, Any] | None,
) -> list[Item]:
    """What this picture needs explained. ``most`` is the weight of the thickest line; ``scale`` turns z into units of y."""

    def disc(parent: Element, x: float, y: float) -> None:
        for dx, hue in ((8, "positive"), (24, "negative")):
            add(parent, "circle", cx=x + dx, cy=y, r=7, class_="f-paper s-ink", stroke_width=1)
            add(parent, "circle", cx=x + dx, cy=y, r=6.5, class_=f"f-{hue}", fill_opacity=0.4)

    def one(parent: Element, x: float, y: float) -> None:
        add(parent, "circle", cx=x + 8, cy=y, r=7, class_="f-panel s-quiet", stroke_width=1, stroke_dasharray="2 2")
        add(parent, "text", "1", x=x + 8, y=y + 3.5, font_size=VALUE, text_anchor="middle", class_="f-quiet")

    def dots(parent: Element, x: float, y: float) -> None:
        for dy in (-5, 0, 5):
            add(parent, "circle", cx=x + 4, cy=y + dy, r=1.5, class_="f-quiet")

    def slope(parent: Element, x: float, y: float) -> None:
        add(parent, "text", "∂", x=x + 4, y=y + 4, font_size=SIZE + 1, text_anchor="middle", class_="f-gradient")

    def prediction(parent: Element, x: float, y: float) -> None:
        add(parent, "text", "p" if probability else "ŷ", x=x + 4, y=y + 4, font_size=SIZE + 1, text_anchor="middle", class_="f-ink")

    found = [Item(30, line("positive", 2.2), "positive weight")]
    if negative:
        found.append(Item(30, line("negative", 2.2, dash(2.2)), "negative weight"))
    found.append(Item(30, line("quiet", thickest), f"|w| = {shown(most)}, the largest; others in proportion"))
    if bias:
        found.append(Item(16, one, "bias unit"))
    if values:
        found.append(Item(32, disc, "positive and negative value, deeper where larger in its layer"))
        said = "prediction" if scale is None else f"prediction, {_in_units_of_y(*scale)}"
        found.append(Item(8, prediction, f"{link} of the output's z, the number in its circle" if probability else said))
    if gradients:
        found.append(Item(8, slope, "∂L/∂a below the value; ∂L/∂z at the output", "gradient"))
    if folded:
        found.append(Item(8, dots, "folded: units with the least Σ|w a|" if values else "folded: units with the smallest weights"))
    return found


def _in_units_of_y(mean: Any, spread: Any) -> str:
    """``116,234·z + 208,092``; of several targets, in words."""
    if len(mean) > 1:
        return "in units of y: its z times the spread of y, plus the mean"
    sign = "−" if mean[0] < 0 else "+"
    return f"{shown(spread[0], 6)}·z {sign} {shown(abs(mean[0]), 6)}"


def draw_legend(parent: Element, found: list[Item], top: float, width: float) -> float:
    """The items in rows of at most ``width``; returns where they end."""
    group = add(parent, "g", font_size=SIZE, class_="legend")
    x, y = MARGIN, top
    for item in found:
        needed = item.wide + 7 + width_of(item.words, SIZE)
        if x > MARGIN and x + needed > width - MARGIN:
            x, y = MARGIN, y + ROW
        item.sample(group, x, y)
        add(group, "text", item.words, x=x + item.wide + 7, y=y + 4, class_=f"f-{item.hue}")
        x += needed + 18
    return y + ROW / 2


def width_needed(found: list[Item]) -> float:
    """The width of the widest item."""
    return max(item.wide + 7 + width_of(item.words, SIZE) for item in found) + 2 * MARGIN
