"""Arrays on their way to the page: bytes in base64, with dtype and shape beside them; numbers that become colours as one byte each.

quantised    value = low[k] + (high[k] - low[k]) byte / 255        one pair (low, high) for each entry k of the first axis
"""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]
Plain = dict[str, Any]

_DTYPES = {"f4": "<f4", "u1": "u1", "i4": "<i4"}
LARGEST_DRAWING = 280
"""Pixels along a side of an array that the page may send."""


def packed(values: ArrayLike, dtype: str = "f4") -> Plain:
    """``values`` as the schema's Array.

    >>> packed([1.0, 2.0])
    {'dtype': 'f4', 'shape': [2], 'b64': 'AACAPwAAAEA='}
    """
    array = np.ascontiguousarray(values, _DTYPES[dtype])
    return {"dtype": dtype, "shape": list(array.shape), "b64": base64.b64encode(array.tobytes()).decode()}


def unpacked(plain: Any) -> Array:
    """The picture that the page sent: the schema's Array of bytes, two axes. Raises ValueError for anything else."""
    try:
        shape = [int(length) for length in plain["shape"]]
        raw = base64.b64decode(plain["b64"], validate=True)
        right = (
            plain["dtype"] == "u1" and len(shape) == 2 and all(1 <= n <= LARGEST_DRAWING for n in shape) and len(raw) == math.prod(shape)
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError("a drawing is an array of dtype u1 with its shape and its bytes in base64.") from error
    if not right:
        raise ValueError(
            f"a drawing has dtype u1 and two axes of 1 to {LARGEST_DRAWING} pixels, with as many bytes; got {str(shape)[:40]}."
        )
    return np.frombuffer(raw, np.uint8).reshape(shape)


def quantised(values: Array, low: Iterable[float] | None = None, high: Iterable[float] | None = None) -> Plain:
    """``values`` (k, ...) as the schema's Quantised; the range of each entry is its own unless it is given. What is not finite is ``low``.

    >>> quantised(np.array([[0.0, 0.5, 1.0]]))["b64"], quantised(np.array([[3.0, 3.0]]))["low"]
    ('AID/', [3.0])
    """
    flat = np.asarray(values, np.float32).reshape(len(values), math.prod(np.shape(values)[1:]))
    known = bool(np.isfinite(flat).all())
    if low is not None and high is not None:
        bottom, top = np.array(list(low), np.float32), np.array(list(high), np.float32)
    elif known and flat.size:
        bottom, top = flat.min(axis=1), flat.max(axis=1)
    else:
        right = np.isfinite(flat)
        bottom = np.where(right, flat, np.float32(np.inf)).min(axis=1, initial=np.float32(np.inf))
        top = np.where(right, flat, np.float32(-np.inf)).max(axis=1, initial=np.float32(-np.inf))
        bottom[~right.any(axis=1)] = top[~right.any(axis=1)] = 0.0
    span = np.where(top > bottom, top - bottom, np.float32(1.0))
    with np.errstate(invalid="ignore", over="ignore"):
        steps = (flat - bottom[:, None]) * (np.float32(255.0) / span)[:, None]
        steps += np.float32(0.5)
        if not known:
            np.nan_to_num(steps, copy=False, nan=0.0, posinf=255.0, neginf=0.0)
        if low is not None:
            np.clip(steps, 0.0, 255.0, out=steps)
    return bytes_of(steps.astype(np.uint8).reshape(np.shape(values)), bottom, top)


def bytes_of(values: Array, low: Iterable[float], high: Iterable[float]) -> Plain:
    """Bytes that stand for ``low`` to ``high``, entry by entry."""
    return {**packed(values, "u1"), "low": [float(one) for one in low], "high": [float(one) for one in high]}


def number(value: Any) -> float | None:
    """A number as JSON can hold it: None where it is not finite."""
    if value is None:
        return None
    value = float(value)
    return value if math.isfinite(value) else None


def numbers(values: Any) -> Any:
    """The same for a vector or a matrix."""
    array = np.asarray(values)
    if array.ndim > 1:
        return [numbers(row) for row in array]
    found = array.astype(np.float64).tolist()
    return found if np.isfinite(array).all() else [number(value) for value in found]
