"""The computation graph of the textbooks, value over gradient in every node:  x, w, b -> z -> a -> L.

Columns from left to right: the inputs; then for each layer its weights and biases (a stack before each unit), z and a; at the end the loss.
A weight's node stands on the line from what it multiplies to the sum it enters. Of a wide layer the units that contribute most are drawn;
the others are one node, and what they hand to each unit is one term, so the terms before a unit add up to its z.

In the DOM every number has its element: ``data-node`` (a0_3 an input, w2_1_3, b2_3, z2_3, a2_3, L), ``data-value`` and ``data-grad`` with
all digits; a folded term is w2_rest_3 and has ``data-more``, the number of terms in it. A line is ``data-edge="w2_1_3"``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element

import numpy as np

from glassnet.seeing.palette import DASH, role
from glassnet.seeing.svg import add, drawing, shortened, shown, to_text, width_of
from glassnet.seeing.trace.folding import contributions, fold_to, visible_units
from glassnet.seeing.trace.graph_legend import RULES, draw_legend
from glassnet.seeing.trace.lines import more
from glassnet.seeing.trace.record import LayerTrace
from glassnet.seeing.trace.words import verdict_of

if TYPE_CHECKING:
    from glassnet.seeing.trace.trace import Trace

MARGIN, TOP = 20.0, 58.0
NAMES = 132.0
"""The most room for the names of the inputs."""
NODE, SMALL = (74.0, 36.0), (62.0, 30.0)
"""Width and height of a node with value and gradient; of a weight's."""
REACH, INTO, ACTIVATED, TO_LOSS = 92.0, 34.0, 62.0, 84.0
"""Gaps: from a layer to the next one's weights, from weights to z, from z to a, from the output to the loss."""
PITCH, BETWEEN = 34.0, 26.0
"""From weight to weight, and from unit to unit."""


@dataclass(frozen=True)
class Place:
    """Where a node stands: its centre and its size."""

    x: float
    y: float
    width: float
    height: float

    @property
    def left(self) -> tuple[float, float]:
        """Where lines arrive."""
        return self.x - self.width / 2, self.y

    @property
    def right(self) -> tuple[float, float]:
        """Where lines leave."""
        return self.x + self.width / 2, self.y


class Graph:
    """Draws one trace; ``units`` per layer."""

    def __init__(self, trace: Trace, units: int, *, headed: bool = True) -> None:
        self.trace, self.back, self.top = trace, trace.loss is not None, TOP if headed else 22.0
        self.shown = visible_units(trace, units)
        self.sizes = [len(trace.inputs), *(len(layer.units) for layer in trace.layers)]
        heights = [self._column_height(layer) for layer in trace.layers]
        self.height = max([*heights, self._input_pitch() * self._drawn(0)])
        depth = len(trace.layers)
        step = REACH + SMALL[0] + INTO + NODE[0] + ACTIVATED + NODE[0]
        drawn = [trace.inputs[i] for i in self.shown[0]]
        named = max((width_of(text, 12) for entry in drawn for text in (entry.name, _given(entry.original))), default=0.0) + 10
        self.names = min(NAMES, named)
        width = 2 * MARGIN + self.names + NODE[0] + depth * step + (TO_LOSS + NODE[0] if self.back else 10)
        words = [trace.title, verdict_of(trace)]
        self.root = drawing(
            width, self.top + self.height + 46, title=f"Computation graph of {trace.title}", description=" ".join(words), rules=RULES
        )
        if headed:
            add(self.root, "text", words[0], class_="n b f-ink", x=MARGIN, y=22)
            add(self.root, "text", words[1], class_="n f-quiet", x=MARGIN, y=40)
        self.lines, self.nodes = add(self.root, "g", fill="none"), add(self.root, "g")
        self._draw()
        draw_legend(self.root, MARGIN, self.top + self.height + 28, back=self.back)

    # Layout

    def _drawn(self, level: int) -> int:
        """Nodes in a column of units: those shown, and one for the rest."""
        return len(self.shown[level]) + (len(self.shown[level]) < self.sizes[level])

    def _terms(self, layer: LayerTrace) -> int:
        """Nodes in the stack before a unit."""
        return self._drawn(layer.number - 1) + layer.bias

    def _column_height(self, layer: LayerTrace) -> float:
        units = len(self.shown[layer.number])
        rest = 44.0 if units < len(layer.units) else 0.0
        return units * (max(self._terms(layer) * PITCH, NODE[1] + 30) + BETWEEN) + rest

    @staticmethod
    def _input_pitch() -> float:
        return NODE[1] + 16

    def _draw(self) -> None:
        x = MARGIN + self.names + NODE[0] / 2
        places = self._inputs(x)
        x += NODE[0] / 2
        for layer in self.trace.layers:
            places = self._layer(layer, places, x)
            x += REACH + SMALL[0] + INTO + NODE[0] + ACTIVATED + NODE[0]
        if self.back:
            self._loss(places, x + TO_LOSS + NODE[0] / 2)

    # Nodes and lines

    def _node(self, name: str, place: Place, value: float, grad: float | None, *, title: str, kind: str = "v", prefix: str = "") -> Element:
        """A box with the value over the gradient."""
        group = add(self.nodes, "g", data_node=name, data_value=value, data_grad=grad)
        add(group, "title", title + f": {shown(value, 6)}" + ("" if grad is None else f"; gradient {shown(grad, 6)}"))
        x, y = place.x - place.width / 2, place.y - place.height / 2
        style = "f-panel s-quiet" if kind == "v" else "f-paper s-faint"
        add(group, "rect", x=x, y=y, width=place.width, height=place.height, rx=5, class_=style)
        if grad is None:
            add(group, "text", prefix + shown(value), class_=f"{kind} f-ink", x=place.x, y=place.y + 4)
            return group
        add(group, "line", x1=x, x2=x + place.width, y1=place.y, y2=place.y, class_="s-faint")
        gap = place.height / 4
        add(group, "text", prefix + shown(value), class_=f"{kind} f-ink", x=place.x, y=place.y - gap + 4)
        add(group, "text", shown(grad), class_=f"{kind} f-gradient", x=place.x, y=place.y + gap + 4)
        return group

    def _rest(self, name: str, place: Place, n: int, what: str) -> None:
        """A box that stands for what is not drawn."""
        group = add(self.nodes, "g", data_node=name, data_more=n)
        x, y = place.x - place.width / 2, place.y - place.height / 2
        add(group, "rect", x=x, y=y, width=place.width, height=place.height, rx=5, class_="f-paper s-quiet", stroke_dasharray="2 2")
        add(group, "text", f"{n:,} more", class_="s m f-quiet", x=place.x, y=place.y + 4)
        add(group, "title", more(n, what))

    def _line(self, start: tuple[float, float], end: tuple[float, float], edge: str = "", value: float = 0.0, weight: float = 0.0) -> None:
        """A curve; coloured by the sign of ``value``, thicker for a larger ``weight`` (0 to 1); without ``edge`` a plain one."""
        (x1, y1), (x2, y2) = start, end
        bend = (x2 - x1) / 2
        path = f"M{x1:.1f} {y1:.1f}C{x1 + bend:.1f} {y1:.1f} {x2 - bend:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"
        if not edge:
            add(self.lines, "path", d=path, class_="s-faint")
            return
        dash = DASH if value < 0 else None
        line = add(self.lines, "path", d=path, class_=f"s-{role(value)}", stroke_width=0.7 + 2.8 * weight, stroke_dasharray=dash)
        line.set("data-edge", edge)
        line.set("data-value", repr(float(value)))

    # Columns

    def _inputs(self, x: float) -> list[Place]:
        drawn = self._drawn(0)
        pitch = min(110.0, max(self._input_pitch(), self.height / drawn * 0.8))
        top = self.top + self.height / 2 - pitch * (drawn - 1) / 2
        places = [Place(x, top + pitch * i, *NODE) for i in range(drawn)]
        for place, i in zip(places, self.shown[0], strict=False):
            entry = self.trace.inputs[i]
            title = entry.name if entry.original is None else f"{entry.name}, given as {_given(entry.original)}"
            group = self._node(f"a0_{i + 1}", place, entry.value, entry.gradient, title=title)
            given = entry.original is not None
            at = place.y + (-2 if given else 4)
            add(group, "text", shortened(entry.name, 12, self.names - 8), class_="n e f-ink", x=place.left[0] - 9, y=at)
            if given:
                words = shortened(_given(entry.original), 10.5, self.names - 8)
                add(group, "text", words, class_="s e f-quiet", x=place.left[0] - 9, y=at + 14)
        if drawn > len(self.shown[0]):
            self._rest("a0_rest", places[-1], self.sizes[0] - len(self.shown[0]), "input")
        return places

    def _layer(self, layer: LayerTrace, before: list[Place], x: float) -> list[Place]:
        """The stacks of weights, z and a of each unit shown; returns the places of a."""
        l, stack = layer.number, self._terms(layer) * PITCH
        cell = max(stack, NODE[1] + 30) + BETWEEN
        at_w = x + REACH + SMALL[0] / 2
        at_z = at_w + SMALL[0] / 2 + INTO + NODE[0] / 2
        at_a = at_z + NODE[0] + ACTIVATED
        top = self.top + (self.height - self._column_height(layer)) / 2
        products = contributions(layer)
        widest = max(float(np.abs(products[list(self.shown[l - 1])][:, list(self.shown[l])]).max(initial=0)), 1e-300)
        places = []
        tied = layer.is_output and layer.activation_name == "softmax"
        for n, j in enumerate(self.shown[l]):
            middle = top + cell * (n + 0.5)
            z, a = Place(at_z, middle, *NODE), Place(at_a, middle, *NODE)
            self._stack(layer, j, before, at_w, middle - stack / 2 + PITCH / 2, z, products, widest)
            self._unit(layer, j, z, a, tied=tied)
            places.append(a)
        if tied:
            self._bar(places[0].y - 26, places[-1].y + 26, (at_z + at_a) / 2)
        hidden = len(layer.units) - len(self.shown[l])
        if hidden:
            place = Place(at_a, top + cell * len(self.shown[l]) + 14, NODE[0], 24)
            self._rest(f"a{l}_rest", place, hidden, "unit")
            places.append(place)
        return places

    def _stack(self, layer: LayerTrace, j: int, before: list[Place], x: float, top: float, z: Place, products: Any, widest: float) -> None:
        """The weights of one unit, what they multiply on the left, the sum they enter on the right, the bias below."""
        l, sources = layer.number, self.shown[layer.number - 1]
        folded = fold_to(products[:, j], sources)
        names = [entry.name for entry in self.trace.inputs] if l == 1 else list(self.trace.layers[l - 2].units)
        unit = layer.said[j] if layer.is_output else f"{layer.units[j]} of layer {l}"
        for n, i in enumerate(sources):
            place, value = Place(x, top + PITCH * n, *SMALL), float(layer.W[i, j])
            name, term = f"w{l}_{i + 1}_{j + 1}", float(products[i, j])
            self._line(before[n].right, place.left, name, value, abs(term) / widest)
            self._line(place.right, z.left)
            grad = None if layer.dW is None else float(layer.dW[i, j])
            node = self._node(name, place, value, grad, title=f"weight from {names[i]} to {unit}", kind="w")
            node.set("data-term", repr(term))
        last = len(sources)
        if folded.n_rest:
            place = Place(x, top + PITCH * last, *SMALL)
            self._line(before[last].right, place.left)
            self._line(place.right, z.left)
            what = f"{folded.n_rest:,} more terms w·{'x' if l == 1 else 'a'} into {unit}, their sum"
            node = self._node(f"w{l}_rest_{j + 1}", place, folded.rest, None, title=what, kind="w", prefix="Σ ")
            node.set("data-more", str(folded.n_rest))
            node.set("data-term", repr(folded.rest))
            last += 1
        if layer.bias:
            place = Place(x, top + PITCH * last, *SMALL)
            self._line(place.right, z.left)
            grad = None if layer.db is None else float(layer.db[j])
            node = self._node(f"b{l}_{j + 1}", place, float(layer.b[j]), grad, title=f"bias of {unit}", kind="w")
            add(node, "text", "b", class_="s e i f-quiet", x=place.left[0] - 5, y=place.y + 4)

    def _unit(self, layer: LayerTrace, j: int, z: Place, a: Place, *, tied: bool) -> None:
        """z, what follows it, and a."""
        l, name = layer.number, f"{layer.number}_{j + 1}"
        dz, da = (None if slopes is None else float(slopes[j]) for slopes in (layer.dz, layer.da))
        unit = layer.said[j] if layer.is_output else f"{layer.units[j]} of layer {l}"
        node = self._node(f"z{name}", z, float(layer.z[j]), dz, title=f"z of {unit}")
        add(node, "text", "z", class_="s m i f-quiet", x=z.x, y=z.y - z.height / 2 - 5)
        node = self._node(f"a{name}", a, float(layer.a[j]), da, title=f"a of {unit}")
        above = a.y - a.height / 2 - 6
        if layer.is_output:
            subject = self.trace.subject
            label = "ŷ" if subject.outputs == ("y",) else subject.output_labels[j]
            add(node, "text", shortened(label, 12, NODE[0] + 44), class_="n m b f-ink", x=a.x, y=above)
            if self.trace.target is not None:
                truth = f"y = {shown(float(self.trace.target[j]))}{'' if subject.target_scale is None else ', standardised'}"
                add(node, "text", truth, class_="s m f-quiet", x=a.x, y=a.y + a.height / 2 + 14, data_target=float(self.trace.target[j]))
        else:
            add(node, "text", "a", class_="s m i f-quiet", x=a.x, y=above)
        self._line(z.right, a.left)
        if not tied:
            words = shortened(layer.activation_name, 10.5, ACTIVATED - 6)
            add(self.nodes, "text", words, class_="s m f-quiet", x=(z.right[0] + a.left[0]) / 2, y=z.y - 7)

    def _bar(self, top: float, bottom: float, x: float) -> None:
        """A softmax reads all z at once: one bar across them."""
        add(self.nodes, "rect", x=x - 9, y=top, width=18, height=bottom - top, rx=9, class_="f-paper s-quiet")
        middle = (top + bottom) / 2
        add(self.nodes, "text", "softmax", class_="s m f-quiet", x=x, y=middle + 4, transform=f"rotate(-90 {x:.1f} {middle:.1f})")

    def _loss(self, places: list[Place], x: float) -> None:
        loss = self.trace.loss
        assert loss is not None
        outputs = places[: len(self.shown[-1])]
        middle = (outputs[0].y + outputs[-1].y) / 2
        place = Place(x, middle, *NODE)
        for output in outputs:
            self._line(output.right, place.left)
        node = self._node("L", place, loss.value, 1.0, title=f"L, {loss.name.replace('_', ' ')}")
        add(node, "text", "L", class_="n m i b f-ink", x=x, y=middle - NODE[1] / 2 - 6)
        name = shortened(loss.name.replace("_", " "), 10.5, NODE[0] + 30)
        add(node, "text", name, class_="s m f-quiet", x=x, y=middle + NODE[1] / 2 + 14)


def graph(trace: Trace, units: int, *, headed: bool = True) -> str:
    """The computation graph as SVG text; ``headed`` by what it shows, where no page says that."""
    return to_text(Graph(trace, units, headed=headed).root)


def _given(original: Any) -> str:
    """A value as the user gave it; nothing where that is not known."""
    if original is None:
        return ""
    return shown(original, 6) if isinstance(original, int | float) and not isinstance(original, bool) else str(original)
