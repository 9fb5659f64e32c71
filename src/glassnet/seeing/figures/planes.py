"""Planes through the rows of a table, and what a model answers on them.

columns      two columns of the table in their own units, the others in the middle
components   the two first principal components of what the network reads, through its mean
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.seeing.figures.grid_rows import Table
from glassnet.seeing.figures.style import number
from glassnet.seeing.subject import Subject

Array = NDArray[Any]

MOST_POINTS = 2000
"""Rows that are drawn, and that decide the principal components."""


def of_columns(
    model: Any, subject: Subject, table: Table, features: Sequence[int | str], fixed: Mapping[int | str, Any], resolution: int, eps: float
) -> dict[str, Any]:
    """The plane of two columns."""
    first, second = (table.number_of(column) for column in features)
    if first == second:
        raise ValueError(f"features must be two different columns; got {table.names[first]!r} twice.")
    held = {table.number_of(column): value for column, value in fixed.items()}
    x, y = table.numbers(first), table.numbers(second)
    xx0, xx1 = _grid(x, y, resolution, eps)
    rows = table.rows({first: xx0.ravel(), second: xx1.ravel()}, xx0.size, held)
    asked = model.predict(rows) if subject.classes is None else model.predict_proba(rows)
    response = _answers(subject, np.asarray(asked))
    others = [number for number in range(len(table.names)) if number not in (first, second)]
    return {
        "xx0": xx0,
        "xx1": xx1,
        "response": response.reshape(*xx0.shape, *response.shape[1:]),
        "points": np.column_stack([x, y]),
        "names": (table.names[first], table.names[second]),
        "told": _held_at(table, others, held),
    }


def _held_at(table: Table, others: list[int], fixed: Mapping[int, Any]) -> str:
    """Where the other columns are."""
    if not others:
        return ""
    if len(others) <= 4:
        values = {number: fixed.get(number, table.middle(number)) for number in others}
        named = [f"{table.names[place]} {number(value) if isinstance(value, int | float) else value}" for place, value in values.items()]
        return f"Fixed: {', '.join(named)}."
    said = ", ".join(f"{table.names[place]} {value}" for place, value in fixed.items())
    but = f", but {said}" if said else ""
    return f"The other {len(others)} columns are fixed at their median or most frequent value{but}; those of the points are their own."


def of_components(subject: Subject, X: Any, resolution: int, eps: float) -> dict[str, Any]:
    """The plane of the two first principal components of the network's inputs."""
    rows = subject.rows(X)
    rows = rows[:: -(-len(rows) // MOST_POINTS)]
    if rows.shape[1] < 2:
        raise ValueError("one input spans no plane. SigmoidDisplay shows a single neuron over its input.")
    if len(rows) < 2:
        raise ValueError("one row has no principal components. Hand in more rows, or choose two features.")
    centre = rows.mean(axis=0)
    _, spread, V = np.linalg.svd(rows - centre, full_matrices=False)
    points = (rows - centre) @ V[:2].T
    xx0, xx1 = _grid(points[:, 0], points[:, 1], resolution, eps)
    plane = centre + np.column_stack([xx0.ravel(), xx1.ravel()]) @ V[:2]
    prediction = subject.network.predict(subject.parameters, np.ascontiguousarray(plane, subject.dtype))
    if subject.target_scale is not None:
        mean, unit = subject.target_scale
        prediction = prediction * unit + mean
    response = prediction[:, 0] if prediction.shape[1] == 1 else prediction
    share = spread[:2] ** 2 / max(float(np.sum(spread**2)), 1e-300)
    names = tuple(f"principal component {i} ({100 * part:.0f} % of the variance)" for i, part in enumerate(share, 1))
    return {
        "xx0": xx0,
        "xx1": xx1,
        "response": response.reshape(*xx0.shape, *response.shape[1:]),
        "points": points,
        "names": names,
        "told": "The plane goes through the mean of the rows; those beside it are drawn where they fall upon it.",
    }


def _grid(x: Array, y: Array, resolution: int, eps: float) -> tuple[Array, Array]:
    """Coordinates of a grid over the points and a little more."""
    sides = []
    for values in (x, y):
        low, high = float(np.nanmin(values)), float(np.nanmax(values))
        margin = eps * (high - low) or 1.0
        sides.append(np.linspace(low - margin, high + margin, resolution))
    return tuple(np.meshgrid(*sides))  # type: ignore[return-value]


def _answers(subject: Subject, raw_or_probability: Array) -> Array:
    """The probability of the second of two classes, of every class, or a prediction, for rows of ``predict_proba`` or ``predict``."""
    if subject.classes is not None and len(subject.classes) == 2:
        return raw_or_probability[:, 1]
    return raw_or_probability
