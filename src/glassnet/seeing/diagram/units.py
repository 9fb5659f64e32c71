"""The units of a diagram: circles with their numbers or the curve of their activation, bias units, and signs for what is folded."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any
from xml.etree.ElementTree import Element

import numpy as np

from glassnet.maths.activations import IDENTITY, Activation, activate
from glassnet.maths.losses import Loss
from glassnet.seeing.diagram.layout import BIAS_R, NAME, SMALL, VALUE, Place
from glassnet.seeing.diagram.passage import Passage
from glassnet.seeing.diagram.selection import Column
from glassnet.seeing.palette import role
from glassnet.seeing.subject import Subject
from glassnet.seeing.svg import add, shown, width_of

DEEPEST = 0.45
"""Opacity of the fullest fill: the number on it stays readable."""

Curve = Callable[[Any], Any]


def draw_units(parent: Element, subject: Subject, passage: Passage | None, place: Place, names: dict[int, str]) -> None:
    """The drawn units of a column, each a group that holds its numbers and can be reached by the keyboard."""
    layer, is_output = place.column.layer, place.column.layer == len(subject.parameters)
    most = 0.0 if passage is None else _largest(passage.a[layer])
    for unit, y in place.y.items():
        value = None if passage is None else float(passage.a[layer][unit])
        gradient = passage.gradient(layer, unit) if passage is not None else None
        told = _told(subject, passage, layer, unit, names)
        group = add(
            parent,
            "g",
            class_="unit",
            tabindex=0,
            role="img",
            aria_label=told,
            data_node=f"{'z' if is_output else 'a'}{layer}_{unit + 1}",
            data_value=value,
            data_z=None if passage is None or layer == 0 else float(passage.z[layer][unit]),
            data_grad=gradient,
        )
        add(group, "title", told)
        add(group, "circle", cx=place.x, cy=y, r=place.r, class_="f-paper s-ink", stroke_width=1.2)
        if value is not None and passage is not None:
            share = _share(subject, passage, unit) if is_output else abs(value) / most if most else 0.0
            sign = 1.0 if is_output and probable(subject.network.loss) else value
            if np.isfinite(share) and share > 0.004:
                add(group, "circle", cx=place.x, cy=y, r=place.r - 0.6, class_=f"f-{role(sign)}", fill_opacity=DEEPEST * min(share, 1.0))
            room = 2 * place.r - 3
            down = 3.5 if gradient is None else -1.0
            text, size = fitting(value, room, VALUE)
            add(group, "text", text, x=place.x, y=y + down, font_size=size, text_anchor="middle", class_="f-ink")
            if gradient is not None:
                text, size = fitting(gradient, room - 5, SMALL)
                add(group, "text", text, x=place.x, y=y + 9.5, font_size=size, text_anchor="middle", class_="f-gradient")
        elif passage is None and layer:
            glyph = _glyph(subject, layer, place.x, y, place.r)
            add(group, "path", d=glyph, fill="none", class_="s-quiet", stroke_width=1.3) if glyph else None
        if place.column.folded and layer and not is_output:
            wide = width_of(f"{unit + 1}", SMALL)
            add(parent, "rect", x=place.x - wide / 2, y=y - place.r - 10, width=wide, height=8.5, class_="f-paper")
            add(parent, "text", f"{unit + 1}", x=place.x, y=y - place.r - 3, font_size=SMALL, text_anchor="middle", class_="f-quiet")


def draw_bias(parent: Element, place: Place) -> None:
    """The unit that always sends 1."""
    if place.bias is None:
        return
    add(parent, "circle", cx=place.x, cy=place.bias, r=BIAS_R, class_="f-panel s-quiet", stroke_width=1, stroke_dasharray="2 2")
    add(parent, "text", "1", x=place.x, y=place.bias + 3.5, font_size=VALUE, text_anchor="middle", class_="f-quiet")


def draw_rest(parent: Element, place: Place, labels_x: float | None) -> None:
    """Three dots, and how many units they stand for: to the left of inputs, to the right of outputs, else below."""
    if place.rest is None:
        return
    words = folded_in_words(place.column)
    group = add(parent, "g", data_node=f"a{place.column.layer}_rest", data_count=str(place.column.folded), class_="f-quiet")
    for dy in (-6, 0, 6):
        add(group, "circle", cx=place.x, cy=place.rest + dy, r=1.7)
    if place.column.layer == 0:
        add(group, "text", words, x=place.x - place.r - 8, y=place.rest + 4, font_size=NAME, text_anchor="end")
    elif labels_x is not None:
        add(group, "text", words, x=labels_x, y=place.rest + 4, font_size=NAME)
    else:
        wide = width_of(words, VALUE) + 2
        add(group, "rect", x=place.x - 8 - wide, y=place.rest - 6, width=wide, height=13, class_="f-paper")
        add(group, "text", words, x=place.x - 9, y=place.rest + 4, font_size=VALUE, text_anchor="end")


def fitting(value: float, room: float, size: float) -> tuple[str, float]:
    """The number with as many of three digits as there is room for, and its font size: smaller where not even one fits."""
    for digits in (3, 2):
        text = shown(value, digits)
        if width_of(text, size) <= room:
            return text, size
    text = shown(value, 1)
    return text, size * min(1.0, room / width_of(text, size))


def folded_in_words(column: Column) -> str:
    """How many units are not drawn."""
    return f"{column.folded:,} more"


def probability_in_words(p: float) -> str:
    """Three digits; of what is nearly certain as many as show that it is not: ``0.99989``, ``1 − 1.2e−9``."""
    if not 0.999 < p < 1:
        return shown(p)
    return f"1 − {shown(1 - p, 2)}" if 1 - p < 1e-6 else shown(p, 1 - math.floor(math.log10(1 - p)))


def probable(loss: Loss) -> bool:
    """Whether predictions are probabilities."""
    return loss.link in ("logistic", "softmax", "heads")


def _largest(a: Any) -> float:
    finite = np.abs(a[np.isfinite(a)])
    return float(finite.max()) if finite.size else 0.0


def _share(subject: Subject, passage: Passage, unit: int) -> float:
    """How full an output unit is drawn: its probability, or its size beside the largest."""
    if probable(subject.network.loss):
        return float(passage.prediction[unit])
    most = _largest(passage.prediction)
    return abs(float(passage.prediction[unit])) / most if most else 0.0


def _told(subject: Subject, passage: Passage | None, layer: int, unit: int, names: dict[int, str]) -> str:
    """A unit in words, for its title."""
    last = len(subject.parameters)
    who = f"input {names[unit]}" if layer == 0 else subject.outputs_in_words[unit] if layer == last else f"layer {layer}, unit {unit + 1}"
    if passage is None:
        if layer == 0:
            return who
        b = subject.parameters[layer - 1][1][unit]
        return f"{who}: bias {shown(b, 6)}" if subject.network.layers[layer - 1].bias else who
    value, z = passage.a[layer][unit], passage.z[layer][unit]
    words = f"{who}: {shown(value, 6)}" if layer == 0 else f"{who}: z {shown(z, 6)}, a {shown(value, 6)}"
    if layer == last:
        words = f"{who}: z {shown(z, 6)}, prediction {shown(passage.prediction[unit], 6)}"
    gradient = passage.gradient(layer, unit)
    return words if gradient is None else f"{words}, ∂L/∂{'z' if layer == last else 'a'} {shown(gradient, 6)}"


def _glyph(subject: Subject, layer: int, x: float, y: float, r: float) -> str:
    """The curve of a layer's activation, or of the link of the outputs; bars for softmax, which is no function of one z alone."""
    loss = subject.network.loss
    if layer < len(subject.parameters):
        return _path(_applied(subject.network.layers[layer - 1].activation), x, y, r)
    if loss.link in ("softmax", "heads"):
        return "".join(f"M{x + dx:.1f} {y + 6:.1f}v{-high}" for dx, high in ((-6, 4), (-2, 12), (2, 7), (6, 3)))
    return _path(lambda z: _linked(loss, z), x, y, r)


def _applied(activation: Activation) -> Curve:
    def f(z: Any) -> Any:
        if activation.f is not None:
            return np.asarray(activation.f(z))
        a = z[:, None].copy()
        activate(a, np.zeros(1), activation.code if activation.code >= 0 else IDENTITY)
        return a[:, 0]

    return f


def _linked(loss: Loss, z: Any) -> Any:
    out = np.empty((len(z), 1))
    loss.predict(z[:, None], out)
    return out[:, 0]


def _path(curve: Curve, x: float, y: float, r: float) -> str:
    """``curve`` between z = -3 and 3, fitted into a circle."""
    z = np.linspace(-3.0, 3.0, 25)
    a = np.asarray(curve(z), np.float64)
    low, high = float(a.min()), float(a.max())
    half = 0.62 * r
    scaled = (a - (low + high) / 2) / max(high - low, 1e-9)
    points = [f"{x + half * step / 3:.1f} {y - 1.25 * half * up:.1f}" for step, up in zip(z, scaled, strict=True)]
    return "M" + "L".join(points)
