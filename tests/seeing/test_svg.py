"""SVG is escaped by construction, rounded, and measured without a font; numbers are shown as a reader wants them and read back."""

from __future__ import annotations

import math
from xml.etree import ElementTree

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from glassnet.seeing.palette import COLOURS, html_rules, role, svg_rules
from glassnet.seeing.svg import NAMESPACE, add, clean, drawing, exact, read, shortened, shown, to_text, width_of

ANY_TEXT = st.text(st.characters(), max_size=40)


@given(ANY_TEXT, ANY_TEXT)
def test_any_text_makes_xml_that_parses_and_says_the_same(words, attribute):
    root = drawing(10, 10, title=words, description=words)
    add(root, "text", words, aria_label=attribute, x=1)
    parsed = ElementTree.fromstring(to_text(root))
    text = parsed.find(f"{{{NAMESPACE}}}text")
    assert (text.text or "") == clean(words)
    assert text.get("aria-label") == clean(attribute)
    assert len(parsed.findall(f"{{{NAMESPACE}}}text")) == 1


def test_markup_in_a_name_stays_text():
    root = drawing(10, 10, title="t", description="d")
    add(root, "text", '</text><script>alert("1")</script>&amp;', data_name='"><g onload=x>')
    assert "<script" not in to_text(root)
    assert [child.tag for child in ElementTree.fromstring(to_text(root))][-1] == f"{{{NAMESPACE}}}text"


def test_attributes_are_named_and_rounded_by_kind():
    root = drawing(10, 10, title="t", description="d")
    made = add(
        root, "path", stroke_width=1 / 3, class_="f-ink", data_value=1 / 3, data_count=7, fill=None, x=np.float32(-0.001), viewbox="0 0 1 1"
    )
    assert made.attrib == {
        "stroke-width": "0.33",
        "class": "f-ink",
        "data-value": repr(1 / 3),
        "data-count": "7",
        "x": "0",
        "viewBox": "0 0 1 1",
    }


@given(st.floats(width=64, allow_nan=False))
def test_exact_keeps_every_digit(value):
    assert float(exact(value)) == value
    assert float(exact(np.float64(value))) == value


@given(st.floats(width=32, allow_nan=False))
def test_exact_keeps_every_digit_of_a_float32(value):
    assert np.float32(float(exact(np.float32(value)))) == np.float32(value)


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300), st.integers(1, 7))
def test_a_shown_number_is_the_number_rounded_to_its_last_digit(value, digits):
    again = read(shown(value, digits))
    assert again == pytest.approx(value, rel=0.5000001 * 10.0 ** (1 - digits), abs=1e-320)
    assert math.copysign(1, again) == math.copysign(1, value) or value == 0


@pytest.mark.parametrize(
    "value, text",
    [
        (0.0, "0"),
        (-0.0, "0"),
        (math.inf, "∞"),
        (-math.inf, "−∞"),
        (math.nan, "nan"),
        (999.9, "1,000"),
        (0.001, "0.001"),
        (0.0009994, "9.99e−4"),
        (1e6, "1e6"),
    ],
)
def test_shown_at_the_edges(value, text):
    assert shown(value) == text


@given(ANY_TEXT, st.floats(8, 30), st.floats(20, 300))
def test_shortened_text_fits(words, size, width):
    text = shortened(words, size, width)
    assert width_of(text, size) <= width or text in ("…", "")
    assert text == clean(words) or "…" in text


def test_a_shortened_name_keeps_its_beginning_and_its_end():
    text = shortened("average_number_of_rooms_per_dwelling_2019", 12, 150)
    assert text.startswith("average_num") and text.endswith("2019")


def test_letters_of_every_script_have_a_width():
    widths = [width_of(word, 10) for word in ("wide", "عمر", "年齢", "🙂", "e\u0301")]
    assert all(width > 4 for width in widths)
    assert width_of("e\u0301", 10) == width_of("e", 10)


def test_every_colour_has_a_rule_for_light_and_for_dark():
    light, dark = svg_rules().split("@media screen and (prefers-color-scheme: dark){")
    for name, colour in COLOURS.items():
        assert f".glassnet .f-{name}{{fill:{colour.light}}}" in light
        assert f".glassnet .f-{name}{{fill:{colour.dark}}}" in dark
        assert f"--{name}:{colour.dark}" in html_rules()
    assert "print" not in dark, "paper is light because dark asks for a screen"


def brightness(hue: str) -> float:
    """Relative luminance of #rrggbb (WCAG 2)."""
    parts = [int(hue[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((brightness(one), brightness(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("name", ["ink", "quiet", "positive", "negative", "gradient"])
@pytest.mark.parametrize("ground", ["paper", "panel"])
def test_words_stand_out_from_the_ground(name, ground):
    assert contrast(COLOURS[name].light, COLOURS[ground].light) >= 4.5
    assert contrast(COLOURS[name].dark, COLOURS[ground].dark) >= 4.5


def test_a_number_has_the_colour_of_its_sign():
    assert [role(value) for value in (2.0, -1e-9, 0.0, math.nan)] == ["positive", "negative", "quiet", "quiet"]
