"""SVG as a tree of elements: escaped by construction, numbers rounded, names and digits as a reader and as a program want them.

    add(parent, "text", "x < 1", x=10, y=20, class_="f-ink", data_node="a2_1", data_value=0.1)

makes ``<text x="10" y="20" class="f-ink" data-node="a2_1" data-value="0.1">x &lt; 1</text>``: an underscore in a name is a hyphen,
``class_`` is ``class``, None is left out; a number of a ``data_`` attribute keeps all its digits, any other is rounded to 1/100 of
a unit, so that the same picture is the same bytes.

Text is measured without a font: widths are those of Arial, with a tenth to spare for wider fonts, so a layout holds everywhere.
"""

from __future__ import annotations

import math
import re
import unicodedata
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from glassnet.seeing.palette import FONT, svg_rules

NAMESPACE = "http://www.w3.org/2000/svg"
SPARE = 1.12
"""Fonts that stand in for Arial (DejaVu Sans, Verdana) are wider by about this factor."""

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ENDS_LINE = re.compile(r"\s+")

_NARROW = {0.222: "ijl'", 0.278: " !,./:;I[\\]ft|", 0.333: "()-`r{}", 0.389: '"*'}
_WIDE = {
    0.5: "Jckvxyzs",
    0.584: "+<=>~−×÷±≈≤≥",
    0.667: "ABEKPSVXY&",
    0.722: "CDHNRUw",
    0.778: "GOQ",
    0.833: "Mm",
    0.889: "%",
    0.944: "W",
    1.015: "@",
}
_WIDTHS = {character: width for table in (_NARROW, _WIDE) for width, characters in table.items() for character in characters}
_REST = 0.556


def drawing(width: float, height: float, *, title: str, description: str, role: str = "img", rules: str = "") -> Element:
    """An ``<svg class="glassnet">`` of ``width`` x ``height`` units that shrinks with its page; ``rules`` is more CSS.

    ``title`` names it and ``description`` tells it to those who do not see it. It carries its own colours (see palette.py) and no id,
    so several stand in one page.
    """
    root = Element(
        "svg",
        {
            "xmlns": NAMESPACE,
            "viewBox": f"0 0 {_rounded(width)} {_rounded(height)}",
            "width": _rounded(width),
            "height": _rounded(height),
            "class": "glassnet",
            "role": role,
            "aria-label": clean(title),
            "font-family": FONT,
        },
    )
    add(root, "title", title)
    add(root, "desc", description)
    add(root, "style", "svg.glassnet{max-width:100%;height:auto}\n" + svg_rules() + ("\n" + rules if rules else ""))
    return root


def add(parent: Element, tag: str, text: str | None = None, /, **attributes: Any) -> Element:
    """A new last child of ``parent``; attributes and text as told above."""
    child = SubElement(parent, tag)
    for name, value in attributes.items():
        if value is not None:
            put(child, name, value)
    if text is not None:
        child.text = clean(text, lines=tag == "style")
    return child


def put(element: Element, name: str, value: Any) -> None:
    """Set one attribute, named and rounded as told above."""
    name = name.rstrip("_").replace("_", "-") if name not in CAMEL else CAMEL[name]
    if isinstance(value, str):
        element.set(name, clean(value))
    elif isinstance(value, bool):
        element.set(name, "true" if value else "false")
    elif isinstance(value, int):
        element.set(name, str(value))
    else:
        element.set(name, exact(value) if name.startswith("data-") else _rounded(value))


CAMEL = {
    name.lower(): name
    for name in (
        "viewBox",
        "preserveAspectRatio",
        "textLength",
        "lengthAdjust",
        "gradientUnits",
        "markerWidth",
        "markerHeight",
        "refX",
        "refY",
    )
}
"""SVG's attributes with capitals, written here in small letters: ``viewbox``, ``textlength``."""


def to_text(element: Element) -> str:
    """The element as UTF-8 text of well-formed XML."""
    return ElementTree.tostring(element, encoding="unicode", short_empty_elements=True)


def clean(text: str, *, lines: bool = False) -> str:
    """Text that XML can hold: characters that it forbids become U+FFFD; runs of white space one space, unless ``lines``.

    >>> clean("age\\n in\\x00years")
    'age in\ufffdyears'
    """
    text = _NOT_XML.sub("\ufffd", str(text))
    return text if lines else _ENDS_LINE.sub(" ", text).strip()


def exact(value: Any) -> str:
    """All digits: ``float(exact(v)) == v``; nan and infinities as Python writes them."""
    return repr(float(value))


def shown(value: Any, digits: int = 3) -> str:
    """A number as a reader wants it: ``digits`` significant ones, plain between 0.001 and a million, a true minus sign.

    >>> [shown(v) for v in (0.5, -1.23456, 1234.5, 0.00001234, 3e9, 0.0, float("nan"))]
    ['0.5', '−1.23', '1,234', '1.23e−5', '3e9', '0', 'nan']
    """
    value = float(value)
    if value == 0 or not math.isfinite(value):
        return {math.inf: "∞", -math.inf: "−∞", 0.0: "0"}.get(value, "nan")
    text = f"{value:.{digits - 1}e}"
    mantissa, exponent = text.split("e")
    power = int(exponent)
    if -3 <= power < 6:
        text = f"{value:,.{max(digits - 1 - power, 0)}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    else:
        text = f"{mantissa.rstrip('0').rstrip('.') if '.' in mantissa else mantissa}e{power}"
    return text.replace("-", "−")


def read(text: str) -> float:
    """The number that ``shown`` wrote.

    >>> read("−1,234.5"), read("1.23e−5")
    (-1234.5, 1.23e-05)
    """
    return float(text.replace("−", "-").replace(",", "").replace("∞", "inf"))


def width_of(text: str, size: float) -> float:
    """Width of ``text`` in units at font size ``size``: enough in any common sans-serif font."""
    total = 0.0
    for character in clean(text):
        if character in _WIDTHS:
            total += _WIDTHS[character]
        elif character < "\u0250":
            total += _REST if character.islower() or character.isdigit() else 0.7
        elif unicodedata.combining(character) or unicodedata.category(character) in ("Cf", "Mn", "Me"):
            continue
        elif unicodedata.east_asian_width(character) in "WF" or character > "\uffff":
            total += 1.2
        else:
            total += 0.75
    return total * size * SPARE


def shortened(text: str, size: float, width: float) -> str:
    """``text`` where it fits into ``width`` at font size ``size``, else its beginning and an ellipsis (the end of a name often tells
    it apart, so a third of the room goes to it)."""
    text = clean(text)
    if width_of(text, size) <= width:
        return text
    for keep in range(len(text) - 1, 0, -1):
        tail = keep // 3 if keep > 5 else 0
        head = text[: keep - tail].rstrip()
        cut = head + "…" + (text[len(text) - tail :].lstrip() if tail else "")
        if width_of(cut, size) <= width:
            return cut
    return "…"


def _rounded(value: Any) -> str:
    """At most two decimals, no -0."""
    text = f"{float(value):.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
