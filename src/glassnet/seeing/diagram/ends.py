"""What stands at both ends of a diagram: names, picture and former values of the inputs; what the outputs are called and say; the loss."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element

import numpy as np

from glassnet.seeing.diagram.input_picture import InputPicture
from glassnet.seeing.diagram.layout import LOSS_HEIGHT, LOSS_WIDTH, NAME, SAID, SMALL, VALUE, Layout
from glassnet.seeing.diagram.passage import Passage
from glassnet.seeing.diagram.units import probability_in_words, probable
from glassnet.seeing.subject import Subject
from glassnet.seeing.svg import add, shortened, shown

LONGEST_PREDICTION = 150.0


def draw_picture(parent: Element, layout: Layout, picture: InputPicture) -> None:
    """The input as a picture, the drawn pixels marked."""
    if layout.picture is None:
        return
    x, y, side = layout.picture
    rows, columns = picture.shape
    scale = side / max(rows, columns)
    wide, high = columns * scale, rows * scale
    left, top = x + (side - wide) / 2, y + (side - high) / 2
    add(parent, "image", href=picture.data_uri(), x=left, y=top, width=wide, height=high, preserveaspectratio="none", class_="pixels")
    add(parent, "rect", x=left, y=top, width=wide, height=high, fill="none", class_="s-faint", stroke_width=1)
    for unit in layout.places[0].y:
        row, column = picture.place(unit)
        size = max(scale, 3.0)
        add(
            parent,
            "rect",
            x=left + (column + 0.5) * scale - size / 2,
            y=top + (row + 0.5) * scale - size / 2,
            width=size,
            height=size,
            fill="none",
            class_="s-negative",
            stroke_width=1.4,
        )
    words = f"{rows} × {columns} pixels"
    add(parent, "text", words, x=x + side / 2, y=y + side + 16, font_size=VALUE, text_anchor="middle", class_="f-quiet")


def write_names(parent: Element, layout: Layout, names: dict[int, str], originals: list[Any] | None) -> None:
    """Names of the inputs, and below them what they were before preparation."""
    place = layout.places[0]
    for unit, y in place.y.items():
        original = None if originals is None else originals[unit]
        text = add(parent, "text", layout.names[unit], x=place.x - place.r - 8, y=y + (4 if original is None else -1), font_size=NAME)
        text.set("text-anchor", "end")
        text.set("class", "f-ink")
        if layout.names[unit] != names[unit]:
            add(text, "title", names[unit])
        if original is not None:
            words = shortened(_former(original), SMALL + 1, 120)
            add(parent, "text", words, x=place.x - place.r - 8, y=y + 12, font_size=SMALL + 1, text_anchor="end", class_="f-quiet")


def _former(value: Any) -> str:
    """A value before preparation: a number with up to six digits, a category as it is."""
    return shown(value, 6) if isinstance(value, int | float | np.number) and not isinstance(value, bool) else str(value)


def prediction_of(subject: Subject, passage: Passage | None, unit: int) -> tuple[str, str]:
    """Name of an output, and what the example makes of it."""
    name = shortened(subject.output_labels[unit], NAME, LONGEST_PREDICTION)
    if passage is None:
        return name, ""
    prediction = float(passage.prediction[unit])
    words = f"p = {probability_in_words(prediction)}" if probable(subject.network.loss) else f"ŷ = {shown(prediction, 4)}"
    return name, words if passage.target is None else f"{words}, y = {shown(passage.target[unit], 4)}"


def write_predictions(parent: Element, layout: Layout, subject: Subject, passage: Passage | None, says: dict[int, tuple[str, str]]) -> None:
    """Name and prediction of each output, to its right."""
    place = layout.places[-1]
    for unit, y in place.y.items():
        name, words = says[unit]
        text = add(
            parent, "text", name, x=layout.predictions_x, y=y + (-2 if words else 4), font_size=NAME, font_weight="bold", class_="f-ink"
        )
        if name != subject.output_labels[unit]:
            add(text, "title", subject.output_labels[unit])
        if words and passage is not None:
            add(
                parent,
                "text",
                words,
                x=layout.predictions_x,
                y=y + 12,
                font_size=SAID,
                class_="f-quiet",
                data_node=f"a{place.column.layer}_{unit + 1}",
                data_value=float(passage.prediction[unit]),
                data_target=None if passage.target is None else float(passage.target[unit]),
            )


def draw_loss(parent: Element, layout: Layout, subject: Subject, passage: Passage) -> None:
    """What the predictions cost, at the end of a bracket around them."""
    if layout.loss is None or passage.loss is None:
        return
    x, y = layout.loss
    place = layout.places[-1]
    ends = [*place.y.values(), *([] if place.rest is None else [place.rest])]
    top, bottom, tip = min(ends) - 16, max(ends) + 16, x - LOSS_WIDTH / 2
    bracket = f"M{tip - 18:.1f} {top:.1f}h8V{bottom:.1f}h-8M{tip - 10:.1f} {y:.1f}h10" if len(ends) > 1 else f"M{tip - 18:.1f} {y:.1f}h18"
    add(parent, "path", d=bracket, fill="none", class_="s-quiet", stroke_width=1)
    box = add(parent, "g", class_="unit", tabindex=0, role="img", data_node="L", data_value=passage.loss)
    words = f"loss of this example, {subject.network.loss.name}: {shown(passage.loss, 6)}"
    box.set("aria-label", words)
    add(box, "title", words)
    add(box, "rect", x=tip, y=y - LOSS_HEIGHT / 2, width=LOSS_WIDTH, height=LOSS_HEIGHT, rx=5, class_="f-panel s-ink", stroke_width=1.2)
    add(box, "text", f"L = {shown(passage.loss)}", x=x, y=y - 2, font_size=11.5, text_anchor="middle", font_weight="bold", class_="f-ink")
    name = shortened(subject.network.loss.name, SMALL, 74)
    add(box, "text", name, x=x, y=y + 12, font_size=SMALL, text_anchor="middle", class_="f-quiet")
