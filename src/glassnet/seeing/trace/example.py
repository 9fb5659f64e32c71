"""One example, in whatever form it comes: an array, a DataFrame of one row, a Series, a dict of column and value, a picture.

one_row(x, subject)     -> the same as one row that the model takes
original_values(...)    -> for each input of the network the value it was made from, where that is known
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.data.images import Images
from glassnet.data.pixels import ImagePreparation
from glassnet.data.preparation import TablePreparation
from glassnet.seeing.subject import Subject

Array = NDArray[Any]


def one_row(x: Any, subject: Subject) -> Any:
    """``x`` as one row that ``subject.rows`` takes.

    Raises ValueError for several rows, and says how to take one.
    """
    if isinstance(x, Mapping):
        return {str(name): _listed(value) for name, value in x.items()}
    if isinstance(x, Images):
        x = x.pixels
    if hasattr(x, "index") and hasattr(x, "to_dict") and np.ndim(x) == 1:  # a row of a DataFrame
        values = x.to_dict()
        if all(isinstance(name, str) for name in values):
            return {name: [value] for name, value in values.items()}
        x = np.asarray(list(values.values()))
    if hasattr(x, "toarray") or (hasattr(x, "columns") and hasattr(x, "shape")):
        if x.shape[0] != 1:
            raise ValueError(_too_many(x.shape))
        return x
    row = np.asarray(x, dtype=object) if isinstance(x, list | tuple) and any(isinstance(v, str) for v in x) else np.asarray(x)
    if isinstance(x, list | tuple) and row.dtype == object and row.ndim == 1:
        return row[None, :]
    expected = _values_expected(subject)
    if row.ndim != 1 and not (row.ndim == 2 and row.shape[0] == 1) and row.size != expected:
        raise ValueError(_too_many(row.shape))
    if row.ndim == 0 and expected != 1:
        raise ValueError(f"x must be one example, {expected} values; got the single value {x!r}.")
    return row.reshape(1, -1)


def one_target(y: Any, subject: Subject) -> Any:
    """``y`` of one example as a column or a row of targets; a class may be given by how it is written."""
    labels, several = subject.labels, len(subject.outputs) > 1
    if labels is None or labels.kind in ("multilabel", "several"):
        values = np.asarray(y, dtype=object if labels is not None and labels.kind == "several" else None)
        one_number = values.size == 1 and not (several and values.ndim)
        return values.reshape(-1) if one_number else values.reshape(1, -1)
    if np.ndim(y) and np.size(y) > 1:
        return np.asarray(y, dtype=np.float64).reshape(1, -1)  # soft labels
    label = np.asarray(y).reshape(-1)[0]
    written = [str(known) for known in labels.classes.tolist()]
    if str(label) in written:
        label = labels.classes[written.index(str(label))]
    elif not any(label == known for known in labels.classes.tolist()):
        raise ValueError(f"y has a class that the model does not know: {_plain(label)!r}; it knows {labels.classes.tolist()}.")
    return np.array([label], dtype=labels.classes.dtype)


def original_values(row: Any, subject: Subject) -> list[Any]:
    """For each input of the network the value it was made from (a number, a category, a byte of a picture), or None.

    ``row`` as `one_row` gives it.
    """
    preparation, names = subject.preparation, subject.inputs
    if preparation is None:
        return [None] * len(names)
    if isinstance(preparation, ImagePreparation):
        found: list[Any] = []
        for part, start, stop in preparation._parts():
            found += np.asarray(row).reshape(-1).tolist() if part == "pixels" else [None] * (stop - start)
        return found
    values = _columns(row)
    if isinstance(preparation, TablePreparation):
        named = values if any(column.name in values for column in preparation.columns_) else {}
        by_place = list(values.values())
        pairs = [(column.name, i) for i, column in enumerate(preparation.columns_) for _ in column.features()]
        return [named.get(name) if named else by_place[i] for name, i in pairs]
    return [_value_behind(name, values) for name in names]


def _columns(row: Any) -> dict[str, Any]:
    """Column and value of one row; columns without names are called x1, x2, ..."""
    if isinstance(row, dict):
        return {name: _plain(value[0]) for name, value in row.items()}
    if hasattr(row, "columns"):
        return {str(name): _plain(np.asarray(row[name])[0]) for name in row.columns}
    dense = row.toarray() if hasattr(row, "toarray") else row
    return {f"x{i}": _plain(value) for i, value in enumerate(np.asarray(dense)[0], 1)}


def _value_behind(name: str, values: Mapping[str, Any]) -> Any:
    """The value of the column that a transformer's output ``name`` speaks of: ``age``, ``scale__age``, ``city_Rome``."""
    short = name.rsplit("__", 1)[-1]
    for candidate in (name, short):
        if candidate in values:
            return values[candidate]
    begins = [column for column in values if short.startswith(f"{column}_")]
    return values[max(begins, key=len)] if begins else None


def _plain(value: Any) -> Any:
    """A NumPy scalar as Python's own; what is missing as None."""
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and value != value else value


def _listed(value: Any) -> list[Any]:
    if isinstance(value, str) or not isinstance(value, Sequence | np.ndarray):
        return [value]
    if len(value) != 1:
        raise ValueError(f"x must be one example, a value for each column; got {len(value)} values for one of them.")
    return list(value)


def _values_expected(subject: Subject) -> int:
    """How many values one example has."""
    preparation = subject.preparation
    if preparation is None:
        return subject.network.layers[0].n_in
    return int(getattr(preparation, "n_features_in_", subject.network.layers[0].n_in))


def _too_many(shape: tuple[int, ...]) -> str:
    return f"x must be one example; got {shape[0]:,} rows (shape {shape}). Take one of them, such as X[17:18]."
