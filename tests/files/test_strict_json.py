"""What is read is what was written."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.files import strict_json

leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
values = st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


@given(values)
def test_every_json_value_comes_back_the_same(value):
    text = strict_json.to_text(value)
    assert text.isascii()
    assert repr(strict_json.from_text(text)) == repr(value)


@pytest.mark.parametrize(
    "value, sentence",
    [
        ({1: "a"}, r"the keys of m must be strings; got 1\. Write '1'"),
        ({"a": [float("inf")]}, r"m\['a'\]\[0\] must be finite .* got inf"),
        ({"a": object()}, r"m\['a'\] must be None, a bool, int, float, str, list or dict .* got object"),
        ({"a": 1 << 5000}, r"at most 4096 bits; got 5001"),
    ],
)
def test_what_json_cannot_hold_is_named_by_its_place(value, sentence):
    with pytest.raises(ValueError, match=sentence):
        strict_json.to_text(value, "m")


def test_all_faults_are_told_at_once():
    with pytest.raises(ValueError, match="2 faults") as caught:
        strict_json.to_text([float("nan"), {2: 3}], "m")
    assert "m[0]" in str(caught.value) and "m[1]" in str(caught.value)


def test_a_list_that_holds_itself_is_refused():
    loop: list = []
    loop += [loop, loop]
    with pytest.raises(ValueError, match="nested at most 100 deep"):
        strict_json.to_text(loop)


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


def test_the_deepest_nesting_is_the_same_on_both_sides():
    deepest = json.loads(nested(strict_json.DEEPEST + 1))
    assert strict_json.from_text(strict_json.to_text(deepest)) == deepest
    with pytest.raises(ValueError, match="nested"):
        strict_json.to_text([deepest])
    with pytest.raises(ValueError, match="nested"):
        strict_json.from_text(nested(strict_json.DEEPEST + 2))


@pytest.mark.parametrize(
    "text, sentence",
    [
        (nested(100_000), "nested more than 100 deep"),
        ('{"a": 1, "b": {"c": 1, "c": 1}}', "the key 'c' appears twice"),
        ("[NaN]", "the number NaN"),
        ("[-Infinity]", "the number -Infinity"),
        ("[1e999]", "beyond the range of a float"),
        ("9" * 5000, "4300"),
        ("[1,", "Expecting value"),
        ("", "Expecting value"),
    ],
)
def test_ambiguous_or_broken_text_is_refused(text, sentence):
    with pytest.raises(ValueError, match=sentence):
        strict_json.from_text(text)
