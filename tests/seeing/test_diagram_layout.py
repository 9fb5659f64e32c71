"""A diagram is legible at every size: all inside its frame, no words on words or units, below 2,000 elements, alive for a keyboard."""

from __future__ import annotations

import itertools
import re
from typing import NamedTuple
from xml.etree import ElementTree

import numpy as np
import pytest
from sklearn.datasets import load_digits

from glassnet.estimators.mlp_classifier import MLPClassifier
from glassnet.estimators.mlp_regressor import MLPRegressor
from glassnet.seeing.diagram.network_diagram import Diagram, diagram
from glassnet.seeing.svg import width_of

SVG = "{http://www.w3.org/2000/svg}"

SIZES = [
    (1, 1), (30, 1), (2, 3, 1), (2, 2, 2, 2, 1), (4, 8, 3), (3, 4), (8, 64, 64, 1), (64, 32, 10), (100, 1000, 500), (784, 300, 100, 10),
    (5, *(20,) * 8, 2), (20, *(30,) * 40, 1), (4, *(1,) * 30, 3),
]  # fmt: skip


class Box(NamedTuple):
    """What an element covers, and what it is."""

    left: float
    top: float
    right: float
    bottom: float
    what: str

    def meets(self, other: Box) -> bool:
        return self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom


def model(sizes, activation="relu", seed=0, biases=True):
    """A classifier (regressor for one output of three layers) with random weights."""
    random = np.random.default_rng(seed)
    coefs = [random.normal(size=(n, m)) / np.sqrt(n) for n, m in itertools.pairwise(sizes)]
    intercepts = [random.normal(size=m) * biases for m in sizes[1:]]
    kind = MLPRegressor if sizes == (8, 64, 64, 1) else MLPClassifier
    return kind.from_weights(coefs, intercepts, activation=activation)


def drawn(sizes, with_what, **options) -> Diagram:
    net = model(sizes)
    x = np.random.default_rng(1).normal(size=sizes[0]) * 10.0 ** np.random.default_rng(2).integers(-4, 4, sizes[0])
    truth = 1.5 if isinstance(net, MLPRegressor) else net.classes_[-1]
    return diagram(net, *([] if with_what == "nothing" else [x]), y=truth if with_what == "target" else None, **options)


def parsed(picture: Diagram) -> ElementTree.Element:
    return ElementTree.fromstring(picture.to_svg())


def frame(root: ElementTree.Element) -> tuple[float, float]:
    left, top, width, height = map(float, root.get("viewBox").split())
    assert (left, top) == (0, 0)
    assert (float(root.get("width")), float(root.get("height"))) == (width, height)
    return width, height


def with_inherited(root: ElementTree.Element, name: str, element: ElementTree.Element) -> str | None:
    """An attribute of the element or of the nearest group around it."""
    parents = {child: parent for parent in root.iter() for child in parent}
    while element is not None:
        if element.get(name) is not None:
            return element.get(name)
        element = parents.get(element)
    return None


def texts(root: ElementTree.Element) -> list[Box]:
    """Boxes of all words, as wide as any common font makes them."""
    parents = {child: parent for parent in root.iter() for child in parent}

    def inherited(element, name):
        while element is not None and element.get(name) is None:
            element = parents.get(element)
        return None if element is None else element.get(name)

    boxes = []
    for element in root.iter(f"{SVG}text"):
        size = float(inherited(element, "font-size"))
        wide, x, y = width_of(element.text or "", size), float(element.get("x")), float(element.get("y"))
        left = x - {"middle": wide / 2, "end": wide}.get(inherited(element, "text-anchor"), 0)
        boxes.append(Box(left, y - 0.72 * size, left + wide, y + 0.1 * size, element.text or ""))
    return boxes


def circles(root: ElementTree.Element) -> list[Box]:
    found = []
    for element in root.iter(f"{SVG}circle"):
        x, y, r = (float(element.get(name)) for name in ("cx", "cy", "r"))
        found.append(Box(x - r, y - r, x + r, y + r, f"circle {x} {y}"))
    return found


def shapes(root: ElementTree.Element) -> list[Box]:
    """Boxes of circles, rectangles, images and of the ends of all lines."""
    found = circles(root)
    for element in [*root.iter(f"{SVG}rect"), *root.iter(f"{SVG}image")]:
        x, y, wide, high = (float(element.get(name)) for name in ("x", "y", "width", "height"))
        found.append(Box(x, y, x + wide, y + high, element.tag))
    for element in root.iter(f"{SVG}path"):
        for x, y in re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", element.get("d")):
            found.append(Box(float(x), float(y), float(x), float(y), "path"))
    return found


@pytest.mark.parametrize("with_what", ["nothing", "example", "target"])
@pytest.mark.parametrize("sizes", SIZES, ids=lambda sizes: "-".join(map(str, sizes[:5])))
def test_all_is_inside_and_no_words_lie_on_words(sizes, with_what):
    root = parsed(drawn(sizes, with_what))
    width, height = frame(root)
    words = texts(root)
    for box in [*words, *shapes(root)]:
        assert box.left >= -0.01 and box.top >= -0.01 and box.right <= width + 0.01 and box.bottom <= height + 0.01, box
    for one, other in itertools.combinations(words, 2):
        assert not one.meets(other), (one, other)


@pytest.mark.parametrize("with_what", ["nothing", "example", "target"])
@pytest.mark.parametrize("sizes", SIZES, ids=lambda sizes: "-".join(map(str, sizes[:5])))
def test_units_stand_apart_and_only_their_own_words_lie_on_them(sizes, with_what):
    root = parsed(drawn(sizes, with_what))
    units = [box for group in root.iter(f"{SVG}g") if group.get("class") == "unit" for box in circles(group)[:1]]
    for one, other in itertools.combinations(units, 2):
        assert not one.meets(other), (one, other)
    own = {text for group in root.iter(f"{SVG}g") if group.get("class") == "unit" for text in group.iter(f"{SVG}text")}
    others = ElementTree.Element(f"{SVG}svg")
    for element in list(root.iter()):
        for child in [child for child in element if child in own]:
            element.remove(child)
    others = [box for box in texts(root) if box.what not in ("1", "p", "ŷ", "∂")]
    for unit in units:
        inner = unit._replace(left=unit.left + 1, right=unit.right - 1, top=unit.top + 1, bottom=unit.bottom - 1)
        assert not [box for box in others if box.meets(inner)], unit


@pytest.mark.parametrize("with_what", ["nothing", "target"])
@pytest.mark.parametrize("max_units", [1, 12, 40, 10_000])
@pytest.mark.parametrize("sizes", SIZES, ids=lambda sizes: "-".join(map(str, sizes[:5])))
def test_there_are_never_more_than_2000_elements(sizes, with_what, max_units):
    assert len(list(parsed(drawn(sizes, with_what, max_units=max_units)).iter())) <= 2000


def test_of_a_very_deep_network_it_says_how_many_layers_are_left_out():
    words = " ".join(parsed(drawn((20, *(30,) * 40, 1), "nothing")).itertext())
    assert "32 more layers" in words and "Hidden 4 " in words and "Hidden 40 " in words and "Hidden 20 " not in words


def test_numbers_fit_into_their_units():
    root = parsed(drawn((30, 20, 4), "target"))
    for group in root.iter(f"{SVG}g"):
        if group.get("class") == "unit" and group.get("data-node") != "L":
            [circle, *_] = circles(group)
            for text in texts(group):
                assert text.left >= circle.left - 0.01 and text.right <= circle.right + 0.01, text


def test_long_names_are_shortened_and_told_in_full():
    random = np.random.default_rng(0)
    name = "the average number of rooms in a dwelling of the district in 1990"
    import pandas as pd

    X = pd.DataFrame(random.normal(size=(20, 2)), columns=[name, "b"])
    from glassnet.estimators.logistic import LogisticRegression

    root = parsed(diagram(LogisticRegression().fit(X, np.array(["c" * 90, "d"])[np.arange(20) % 2])))
    assert float(root.get("width")) < 700
    assert name in [title.text for title in root.iter(f"{SVG}title")]
    width, _ = frame(root)
    assert all(box.left >= 0 and box.right <= width for box in texts(root))


def test_pictures_of_digits_do_not_lie_on_names():
    data = load_digits()
    net = model((64, 20, 10))
    root = parsed(diagram(net, data.data[3] / 16, y=3))
    [image] = root.iter(f"{SVG}image")
    x, y, wide, high = (float(image.get(name)) for name in ("x", "y", "width", "height"))
    box = Box(x, y, x + wide, y + high, "image")
    assert not [text for text in texts(root) if text.meets(box)]
    marks = [rect for rect in root.iter(f"{SVG}rect") if rect.get("class") == "s-negative"]
    assert len(marks) == 12
    assert all(x - 1 <= float(mark.get("x")) and float(mark.get("x")) + float(mark.get("width")) <= x + wide + 1 for mark in marks)


def test_it_speaks_to_those_who_do_not_see_and_to_the_keyboard():
    root = parsed(drawn((4, 8, 3), "example"))
    assert "img" in root.get("role").split()
    assert root.get("aria-label") == root.find(f"{SVG}title").text
    told = root.find(f"{SVG}desc").text
    assert "4 inputs, 8 relu units, 3 outputs (softmax)" in told and "Prediction" in told
    units = [group for group in root.iter(f"{SVG}g") if group.get("tabindex") == "0"]
    assert len(units) == 4 + 8 + 3
    for unit in units:
        assert unit.get("aria-label") == unit.find(f"{SVG}title").text
        assert unit.get("role") == "img"


def test_it_needs_nothing_from_elsewhere_and_has_no_ids_to_clash():
    text = drawn((64, 20, 10), "target").to_svg()
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)|url\(|@import|<script|\sid=", text)
    assert "prefers-color-scheme: dark" in text and "@media screen" in text


@pytest.mark.parametrize("sizes", SIZES[:9], ids=lambda sizes: "-".join(map(str, sizes)))
def test_every_edge_runs_from_the_rim_of_its_source_to_the_rim_of_its_target(sizes):
    root = parsed(drawn(sizes, "example"))
    places = {}
    for group in root.iter(f"{SVG}g"):
        if group.get("class") == "unit" and group.get("data-node") != "L":
            circle = group.find(f"{SVG}circle")
            places[group.get("data-node")[1:]] = tuple(float(circle.get(name)) for name in ("cx", "cy", "r"))
    seen = 0
    for edge in root.iter(f"{SVG}path"):
        match = re.fullmatch(r"w(\d+)_(\d+)_(\d+)", edge.get("data-edge") or "")
        if match is None:
            continue
        layer, source, target = map(int, match.groups())
        x1, y1, x2, y2 = map(float, re.findall(r"-?[\d.]+", edge.get("d")))
        for (x, y), node in (((x1, y1), f"{layer - 1}_{source}"), ((x2, y2), f"{layer}_{target}")):
            cx, cy, r = places[node]
            assert np.hypot(x - cx, y - cy) == pytest.approx(r, abs=0.15)
        seen += 1
    assert seen
