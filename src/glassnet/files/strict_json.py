"""JSON in which nothing is lost, changed or ambiguous between writing and reading.

Python's ``json`` writes ``nan``, turns the key 1 into "1", keeps the last of two equal keys and reads 1e999 as infinity. Here each
of these is refused, on both sides, so that what is read is what was written. Tuples come back as lists.
"""

from __future__ import annotations

import json
import math
from typing import Any

from glassnet.checks import Faults

DEEPEST = 100
"""Lists and objects may be nested this deep."""

_LONGEST_INTEGER = 4096
"""Bits; Python itself refuses to read more than 4,300 digits."""


def to_text(value: Any, name: str = "value") -> str:
    """``value`` as ASCII JSON text, or ``ValueError`` naming every place that JSON cannot hold.

    >>> to_text({"alpha": 0.1, "sizes": (64, 32)})
    '{"alpha": 0.1, "sizes": [64, 32]}'
    >>> to_text({"loss": [0.5, float("nan")]}, "history")
    Traceback (most recent call last):
    ...
    ValueError: history['loss'][1] must be finite to be kept as JSON; got nan. Write None, or put it into an array.
    """
    faults = Faults()
    places: list[tuple[str, Any, int]] = [(name, value, 0)]
    while places:
        where, item, depth = places.pop()
        if depth > DEEPEST:
            raise ValueError(f"{name} must be nested at most {DEEPEST} deep; got more (or a list that holds itself). Flatten it.")
        if isinstance(item, dict):
            places += [(f"{where}[{key!r}]", entry, depth + 1) for key, entry in reversed(item.items())]
            for key in item:
                faults.unless(isinstance(key, str), f"the keys of {where} must be strings; got {key!r}. Write {str(key)!r}.")
        elif isinstance(item, list | tuple):
            places += [(f"{where}[{i}]", item[i], depth + 1) for i in reversed(range(len(item)))]
        else:
            _check_leaf(where, item, faults)
    faults.raise_if_any()
    return json.dumps(value, allow_nan=False)


def _check_leaf(where: str, item: Any, faults: Faults) -> None:
    if isinstance(item, float):
        faults.unless(
            math.isfinite(item),
            f"{where} must be finite to be kept as JSON; got {float(item)!r}. Write None, or put it into an array.",
        )
    elif isinstance(item, int):
        faults.unless(
            item.bit_length() <= _LONGEST_INTEGER,
            f"{where} must be an integer of at most {_LONGEST_INTEGER} bits; got {item.bit_length()}. Write it as a string.",
        )
    elif item is not None and not isinstance(item, str):
        faults.add(
            f"{where} must be None, a bool, int, float, str, list or dict to be kept as JSON; got {type(item).__name__}. "
            "Convert it (int(...), .item(), .tolist()), or put it into an array."
        )


def from_text(text: str) -> Any:
    """The value that ``text`` spells, or ``ValueError`` with what is wrong.

    >>> from_text('{"a": 1, "a": 2}')
    Traceback (most recent call last):
    ...
    ValueError: the key 'a' appears twice
    """
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_float=_finite, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError(f"it is nested more than {DEEPEST} deep") from None
    _check_depth(value)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entries: dict[str, Any] = {}
    for key, value in pairs:
        if key in entries:
            raise ValueError(f"the key {key!r} appears twice")
        entries[key] = value
    return entries


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"the number {digits[:40]} is beyond the range of a float")
    return number


def _no_constant(name: str) -> float:
    raise ValueError(f"it holds the number {name}, which is not JSON")


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(DEEPEST + 1):
        if not level:
            return
        level = [
            entry
            for item in level
            if isinstance(item, dict | list)
            for entry in (item.values() if isinstance(item, dict) else item)
            if isinstance(entry, dict | list)
        ]
    if level:
        raise ValueError(f"it is nested more than {DEEPEST} deep")
