"""Parameters and labels as JSON and back, exactly: what JSON cannot say is said in an object with a single, marked key.

    None, bool, int, finite float, str, list     as they are
    inf, -inf, nan                               {"$float": "inf"}
    tuple                                        {"$tuple": [...]}
    dict, with keys of any plain kind            {"$dict": [[key, value], ...]}
    NumPy array                                  {"$array": [...], "dtype": "<U5", "shape": [3]}

NumPy's scalars become Python's, a path becomes a string. Nothing else is taken: no object, no function, no random state.
"""

from __future__ import annotations

import math
import os
import re
from typing import Any

import numpy as np

LARGEST_ARRAYS = 2**25
"""Bytes that all arrays in the JSON of a file may take together: a dtype of a few characters must not ask for all memory."""

_KINDS = "biufUO"
_DTYPE = re.compile(r"[<>|=]?[biufUO]\d{0,9}")


def to_plain(value: Any) -> Any:
    """``value`` as what JSON can hold; TypeError names the type that cannot be kept.

    >>> to_plain({0: (64, 32), 1: float("inf")})
    {'$dict': [[0, {'$tuple': [64, 32]}], [1, {'$float': 'inf'}]]}
    """
    if isinstance(value, np.ndarray):
        return _array_to_plain(value)
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"$float": str(value)}
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, list):
        return [to_plain(item) for item in value]
    if isinstance(value, tuple):
        return {"$tuple": [to_plain(item) for item in value]}
    if isinstance(value, dict):
        return {"$dict": [[to_plain(key), to_plain(entry)] for key, entry in value.items()]}
    raise TypeError(f"a value of type {type(value).__name__} cannot be kept")


def from_plain(plain: Any) -> Any:
    """The value that ``to_plain`` was given; ValueError or TypeError for anything it would not have written.

    >>> from_plain(to_plain({0: (64, 32), 1: float("inf")}))
    {0: (64, 32), 1: inf}
    """
    if isinstance(plain, list):
        return [from_plain(item) for item in plain]
    if not isinstance(plain, dict):
        return plain
    match plain:
        case {"$float": "inf" | "-inf" | "nan" as name, **rest} if not rest:
            return float(name)
        case {"$tuple": [*items], **rest} if not rest:
            return tuple(from_plain(item) for item in items)
        case {"$dict": [*pairs], **rest} if not rest:
            return {from_plain(key): from_plain(entry) for key, entry in pairs}
        case {"$array": [*items], "dtype": str(dtype), "shape": [*shape], **rest} if not rest:
            return _array_from_plain(items, dtype, shape)
    raise ValueError(f"an object with the keys {sorted(plain)[:5]} is not known")


def refuse_large_arrays(plain: Any) -> None:
    """Raise ValueError where the arrays in ``plain`` would take more than ``LARGEST_ARRAYS`` bytes together, before one is made."""
    total, places = 0, [plain]
    while places:
        item = places.pop()
        if isinstance(item, list):
            places += item
        elif isinstance(item, dict):
            places += item.values()
            items, name = item.get("$array"), item.get("dtype")
            if isinstance(items, list) and isinstance(name, str) and _DTYPE.fullmatch(name):
                total += np.dtype(name).itemsize * len(items)
    if total > LARGEST_ARRAYS:
        raise ValueError(
            f"labels and arrays among the parameters take {total:,} bytes, where {LARGEST_ARRAYS:,} are kept. Shorten the longest label."
        )


def _array_to_plain(array: np.ndarray) -> dict[str, Any]:
    if array.dtype.kind not in _KINDS or array.dtype == np.longdouble:
        raise TypeError(f"an array of {array.dtype} cannot be kept")
    return {"$array": [to_plain(item) for item in array.ravel().tolist()], "dtype": array.dtype.str, "shape": list(array.shape)}


def _array_from_plain(items: list[Any], name: str, shape: list[Any]) -> np.ndarray:
    if not _DTYPE.fullmatch(name):
        raise ValueError(f"an array of {name[:20]!r} is not known")
    dtype = np.dtype(name)
    if dtype.kind not in _KINDS:
        raise ValueError(f"an array of {name[:20]} is not known")
    array = np.empty(len(items), dtype)
    for i, item in enumerate(items):
        value = from_plain(item)
        if isinstance(value, str) is not (dtype.kind == "U") and dtype.kind != "O":
            raise ValueError(f"{item!r} does not belong into an array of {name}")
        array[i] = value
    return array.reshape([int(n) for n in shape])
