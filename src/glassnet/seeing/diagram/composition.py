"""A diagram put together: columns chosen, places counted, edges below, units above them, words and legend around."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element

from glassnet.data.wording import count
from glassnet.seeing.diagram import edges as of_edges
from glassnet.seeing.diagram import ends, legend, units
from glassnet.seeing.diagram.headings import headings_of, size_in_words, told
from glassnet.seeing.diagram.input_picture import InputPicture
from glassnet.seeing.diagram.layout import HEADING_LINES, MARGIN, NAME, SAID, TOP, VALUE, Layout, laid_out
from glassnet.seeing.diagram.passage import Passage
from glassnet.seeing.diagram.selection import columns_of
from glassnet.seeing.subject import Subject
from glassnet.seeing.svg import add, drawing, to_text, width_of

RULES = ".glassnet .unit:focus{outline:2px solid #2166ac;outline-offset:1px}.glassnet .pixels{image-rendering:pixelated}"


@dataclass(frozen=True)
class Composition:
    """The picture as text, what it shows in a few words, and its width in CSS pixels."""

    svg: str
    words: str
    width: float


def composed(
    subject: Subject, passage: Passage | None, max_units: int, picture: InputPicture | None, originals: list[Any] | None
) -> Composition:
    """The picture of what was read."""
    columns = columns_of(subject, passage, max_units)
    names = {unit: subject.inputs[unit] if picture is None else picture.name(unit) for unit in columns[0].units}
    says = {unit: ends.prediction_of(subject, passage, unit) for unit in columns[-1].units}
    gradients = passage is not None and passage.loss is not None
    layers = subject.network.layers
    feeds = [column.layer < len(layers) and layers[column.layer].bias for column in columns]
    for i, (left, right) in enumerate(itertools.pairwise(columns)):
        feeds[i] = feeds[i] and right.layer == left.layer + 1
    more = units.folded_in_words(columns[-1]) if columns[-1].folded else ""
    beside = max(width_of(more, NAME), *(max(width_of(who, NAME) * 1.06, width_of(what, SAID)) for who, what in says.values()))
    layout = laid_out(
        columns,
        headings_of(subject, columns),
        biases=feeds,
        names=names,
        predictions=beside,
        values=passage is not None,
        gradients=gradients,
        picture=picture is not None,
        originals=originals is not None and picture is None and any(value is not None for value in originals),
    )
    pairs = [i for i in range(len(columns) - 1) if columns[i + 1].layer == columns[i].layer + 1]
    edges = {i: list(of_edges.edges_between(subject, passage, layout, i)) for i in pairs}
    every = [edge for found in edges.values() for edge in found]
    explained = legend.items(
        most=of_edges.largest(every),
        thickest=of_edges.thickest(every),
        bias=any(feeds),
        folded=any(column.folded for column in columns),
        values=passage is not None,
        gradients=gradients,
        link=subject.network.loss.link,
        probability=units.probable(subject.network.loss),
        negative=any(edge.value < 0 for edge in every),
        scale=subject.target_scale,
    )
    title, side = size_in_words(subject)
    n = subject.network.layout.n_parameters
    name = f"{type(subject.estimator).__name__} {title}, {count(n, 'parameter')}"
    width = max(layout.width, legend.width_needed(explained), 2 * MARGIN + width_of(title, 15) + 14 + width_of(side, 11.5))
    root = drawing(
        width, 1, title=f"Network diagram: {name}", description=told(subject, passage, columns), rules=RULES, role="graphics-document img"
    )
    ground = add(root, "rect", x=0, y=0, width=width, height=1, rx=6, class_="f-paper")
    if spare := width - layout.width:  # a wide legend leaves room at the sides: the network stands in the middle
        layout = layout.moved(round(spare / 2))
        edges = {i: list(of_edges.edges_between(subject, passage, layout, i)) for i in pairs}
        every = [edge for found in edges.values() for edge in found]
    _write_title(root, title, side)
    for i in pairs:
        of_edges.draw_rest(root, subject, passage, layout.places[i], layout.places[i + 1])
    of_edges.draw_edges(root, every)
    for i in pairs:
        if layout.written:
            of_edges.draw_labels(root, edges[i])
    _write_headings(root, layout)
    _draw_gap(root, layout)
    if picture is not None:
        ends.draw_picture(root, layout, picture)
    for place in layout.places:
        last = place is layout.places[-1]
        units.draw_units(root, subject, passage, place, names)
        units.draw_bias(root, place)
        units.draw_rest(root, place, layout.predictions_x if last else None)
    ends.write_names(root, layout, names, originals if picture is None else None)
    ends.write_predictions(root, layout, subject, passage, says)
    if passage is not None and gradients:
        ends.draw_loss(root, layout, subject, passage)
    height = legend.draw_legend(root, explained, layout.height + 30, width) + 8
    for element in (root, ground):
        element.set("height", f"{height:g}")
    root.set("viewBox", f"0 0 {root.get('width')} {height:g}")
    return Composition(to_text(root), name, width)


def _write_title(parent: Element, title: str, side: str) -> None:
    add(parent, "text", title, x=MARGIN, y=28, font_size=15, font_weight="bold", class_="f-ink")
    add(parent, "text", side, x=MARGIN + width_of(title, 15) + 12, y=28, font_size=11.5, class_="f-quiet")


def _write_headings(parent: Element, layout: Layout) -> None:
    for place in layout.places:
        for i, (text, size) in enumerate(zip(place.heading, HEADING_LINES, strict=False)):
            weight, hue = ("bold", "f-ink") if i == 0 else (None, "f-quiet")
            add(parent, "text", text, x=place.x, y=TOP + 16 + 15 * i, font_size=size, font_weight=weight, text_anchor="middle", class_=hue)


def _draw_gap(parent: Element, layout: Layout) -> None:
    """Where layers in the middle of a deep network are left out."""
    for left, right in itertools.pairwise(layout.places):
        missing = right.column.layer - left.column.layer - 1
        if missing:
            x = (left.x + right.x) / 2
            for dx in (-8, 0, 8):
                add(parent, "circle", cx=x + dx, cy=layout.middle, r=2, class_="f-quiet")
            add(
                parent,
                "text",
                f"{missing:,} more layers",
                x=x,
                y=layout.middle + 20,
                font_size=VALUE,
                text_anchor="middle",
                class_="f-quiet",
            )
