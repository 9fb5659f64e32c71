"""The edges of a diagram: colour and dash tell the sign of a weight, thickness its size, on one scale for the whole picture."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element

import numpy as np

from glassnet.seeing.diagram.layout import BIAS_R, VALUE, Layout, Place
from glassnet.seeing.diagram.passage import Passage
from glassnet.seeing.palette import dash, role
from glassnet.seeing.subject import Subject
from glassnet.seeing.svg import add, shown, width_of

THICKEST, THINNEST = 5.0, 0.3
MANY, THICKEST_OF_MANY = 120, 3.6


@dataclass(frozen=True)
class Edge:
    """A weight or bias between two points; ``name`` is that of the DOM: w2_1_3 is of layer 2, from unit 1 to unit 3; b2_3 a bias."""

    name: str
    value: float
    gradient: float | None
    start: tuple[float, float]
    end: tuple[float, float]
    label: tuple[float, float]


def edges_between(subject: Subject, passage: Passage | None, layout: Layout, place: int) -> Iterator[Edge]:
    """All edges from the drawn units of a column, and its bias unit, to those of the next."""
    left, right = layout.places[place : place + 2]
    layer = right.column.layer
    W, b = subject.parameters[layer - 1]
    back = passage is not None and bool(passage.dW)
    t = layout.written_at(place)
    for j, y in right.y.items():
        for i, at in left.y.items():
            gradient = float(passage.dW[layer - 1][i, j]) if passage is not None and back else None
            yield _edge(f"w{layer}_{i + 1}_{j + 1}", W[i, j], gradient, (left.x, at, left.r), (right.x, y, right.r), t)
        if left.bias is not None:
            gradient = float(passage.db[layer - 1][j]) if passage is not None and back else None
            yield _edge(f"b{layer}_{j + 1}", b[j], gradient, (left.x, left.bias, BIAS_R), (right.x, y, right.r), t)


def _edge(
    name: str, value: Any, gradient: float | None, start: tuple[float, float, float], end: tuple[float, float, float], t: float
) -> Edge:
    """An edge from rim to rim of two circles (x, y, r)."""
    (x1, y1, r1), (x2, y2, r2) = start, end
    length = math.hypot(x2 - x1, y2 - y1)
    ux, uy = (x2 - x1) / length, (y2 - y1) / length
    label = (x1 + t * (x2 - x1), y1 + t * (y2 - y1))
    return Edge(name, float(value), gradient, (x1 + ux * r1, y1 + uy * r1), (x2 - ux * r2, y2 - uy * r2), label)


def largest(edges: list[Edge]) -> float:
    """The largest |w| that is a number: what the thickest line stands for."""
    return max((abs(edge.value) for edge in edges if math.isfinite(edge.value)), default=0.0)


def thickest(edges: list[Edge]) -> float:
    """The width of the line of the largest weight."""
    return THICKEST if len(edges) <= MANY else THICKEST_OF_MANY


def draw_edges(parent: Element, edges: list[Edge]) -> None:
    """Thin lines first, so that what is large lies on top; width in proportion to |w|, but never invisible."""
    most, widest = largest(edges), thickest(edges)

    def width(edge: Edge) -> float:
        return max(THINNEST, widest * abs(edge.value) / most) if math.isfinite(edge.value) and most else THINNEST

    group = add(parent, "g", fill="none", stroke_opacity=0.9 if len(edges) <= MANY else 0.75)
    for edge in sorted(edges, key=width):
        (x1, y1), (x2, y2) = edge.start, edge.end
        add(
            group,
            "path",
            d=f"M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}",
            class_=f"s-{role(edge.value)}",
            stroke_width=width(edge),
            stroke_dasharray=dash(width(edge)) if edge.value < 0 else None,
            data_edge=edge.name,
            data_value=edge.value,
            data_grad=edge.gradient,
        )


def draw_labels(parent: Element, edges: list[Edge]) -> None:
    """The weights of a small network, each in a gap of its edge."""
    group = add(parent, "g", font_size=VALUE, text_anchor="middle")
    for edge in edges:
        (x, y), text = edge.label, shown(edge.value)
        wide = width_of(text, VALUE) + 1
        add(group, "rect", x=x - wide / 2, y=y - 6, width=wide, height=12, rx=2, class_="f-paper")
        add(group, "text", text, x=x, y=y + 3.5, class_=f"f-{role(edge.value)}", data_label=edge.name)


def draw_rest(parent: Element, subject: Subject, passage: Passage | None, left: Place, right: Place) -> None:
    """Dotted lines from what is folded: with an example, what the folded units send together to each unit of the next layer."""
    if left.rest is None:
        return
    layer, rest = right.column.layer, left.column.rest
    W = subject.parameters[layer - 1][0]
    group = add(
        parent, "g", fill="none", stroke_width=1, stroke_dasharray="1 4", stroke_linecap="round", class_="s-quiet", stroke_opacity=0.7
    )
    for j, y in right.y.items():
        sent = None if passage is None else float(passage.a[layer - 1][rest].astype(np.float64) @ W[rest, j].astype(np.float64))
        edge = _edge("", 0.0, None, (left.x, left.rest, 9.0), (right.x, y, right.r), 0.5)
        (x1, y1), (x2, y2) = edge.start, edge.end
        add(group, "path", d=f"M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}", data_edge=f"w{layer}_rest_{j + 1}", data_sent=sent)
