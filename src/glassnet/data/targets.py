"""The target of a table: which column it is, whether it asks for classes or for a number, and its values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl

from glassnet.checks import DataError, did_you_mean, unknown_name
from glassnet.data.inference import has_decimal_commas
from glassnet.data.places import RowError

Kind = Literal["classification", "regression"]
MOST_CLASSES = 20  # whole numbers with more different values than this are quantities
ROWS_PER_CLASS = 5  # and so are those with fewer rows than this for each value
CLASSES_SHOWN = 5


@dataclass(frozen=True)
class Task:
    """What is to be predicted.

    Attributes
    ----------
    kind : "classification" or "regression"
    reason : str
        One sentence for the user: why this kind.
    classes : tuple
        The classes in order (str, bool or int); empty for regression.
    """

    kind: Kind
    reason: str
    classes: tuple[Any, ...] = ()


def resolve_column(frame: pl.DataFrame, name: str) -> str:
    """The name of the column meant by ``name``: its name, ``c14`` for the 14th, or ``-1`` for the last.

    Parameters
    ----------
    frame : polars.DataFrame
    name : str
        A real name wins over a position.

    Examples
    --------
    >>> frame = pl.DataFrame({"age": [1], "income": [2]})
    >>> resolve_column(frame, "c1"), resolve_column(frame, "-1")
    ('age', 'income')
    """
    names = frame.columns
    if name in names:
        return name
    position = re.fullmatch(r"c([1-9]\d{0,8})|-([1-9]\d{0,8})", str(name).strip(), re.ASCII)
    if not position:
        return _unknown_column(names, name, did_you_mean(name, names))
    from_start, from_end = position.groups()
    index = int(from_start) - 1 if from_start else len(names) - int(from_end)
    return names[index] if 0 <= index < len(names) else _unknown_column(names, name, "")


def _unknown_column(names: list[str], name: str, hint: str) -> str:
    shown = ", ".join(map(repr, names[:12])) + (", ..." if len(names) > 12 else "")
    columns = f"the {len(names)} columns are {shown}" if len(names) > 1 else f"the only column is {shown}"
    raise DataError(f"There is no column {name!r}; {columns}.{hint} Name a column, or its position: c1 is the first, -1 the last.")


def drop_missing_target(frame: pl.DataFrame, target: str) -> tuple[pl.DataFrame, int]:
    """The rows whose target is known, and how many were dropped because it is not.

    Examples
    --------
    >>> kept, dropped = drop_missing_target(pl.DataFrame({"y": [1, None, 0]}), "y")
    >>> kept.height, dropped
    (2, 1)
    """
    missing = _missing(frame[target])
    if missing.all():
        raise DataError(f"The target {target!r} has no value in any of the {len(missing):,} rows. Name another column as the target.")
    return frame.filter(~missing), int(missing.sum())


def known_rows(series: pl.Series) -> list[int]:
    """The numbers (from 0) of the rows that `drop_missing_target` keeps.

    >>> known_rows(pl.Series([1.5, None, 2.5]))
    [0, 2]
    """
    return (~_missing(series)).arg_true().to_list()


def decide_task(series: pl.Series, task: str | None = None) -> Task:
    """Classes or a number? Decided from the target's values, and said why.

    Text and booleans are classes. Whole numbers are classes when there are at most 20 different ones and at least 5 rows for each
    (two different ones always are). All else is a number to predict.

    Parameters
    ----------
    series : polars.Series
        The target; missing values are left out of account.
    task : "classification" or "regression", optional
        To decide it yourself; refused where the values cannot bear it.

    Examples
    --------
    >>> decide_task(pl.Series("rich", ["no", "yes", "no"]))
    Task(kind='classification', reason="The target 'rich' holds text, 2 different values: classification.", classes=('no', 'yes'))
    >>> decide_task(pl.Series("price", [1.5, 2.25, 3.0])).kind
    'regression'
    """
    if task not in (None, "classification", "regression"):
        raise ValueError(unknown_name("task", task, ["classification", "regression"]))
    name, values = series.name, series.filter(~_missing(series))
    text = values.dtype in (pl.String, pl.Categorical, pl.Enum)
    if not (text or values.dtype == pl.Boolean or values.dtype.is_numeric() or values.dtype == pl.Null):
        raise DataError(f"The target {name!r} holds values of type {values.dtype}; it must be numbers, booleans or text.")
    if values.is_empty():
        raise DataError(f"The target {name!r} has no values. Name another column as the target.")
    if values.dtype.is_float() and values.is_infinite().any():
        infinite = _first(series.is_infinite())
        raise RowError(lambda place: f"The target {name!r} has infinite values, the first in {place(infinite)}. Correct or remove them.")
    different, rows = values.n_unique(), len(values)
    if different == 1:
        raise DataError(f"The target {name!r} has the same value {values[0]!r} in every row; there is nothing to learn.")
    if task != "classification" and has_decimal_commas(values):
        raise DataError(
            f"The target {name!r} holds numbers with decimal commas, such as {values[0]!r}. Read the table with decimal=',', or ask for "
            "classification to have them as classes."
        )
    whole = values.dtype.is_numeric() and bool((values == values.round()).all())
    what = "text" if text else "booleans" if values.dtype == pl.Boolean else "whole numbers" if whole else "numbers with decimals"
    fact = f"The target {name!r} holds {what}, {different:,} different values"
    few = different <= 2 or (different <= MOST_CLASSES and different * ROWS_PER_CLASS <= rows)
    kind: Kind = "classification" if text or values.dtype == pl.Boolean or (whole and few) else "regression"
    reason = f"{fact}: {kind}." if kind == "classification" or not whole else f"{fact} in {rows:,} rows, too many for classes: {kind}."
    if task == "regression":
        if text:
            raise DataError(f"{fact}, such as {values[0]!r}; regression needs numbers. Leave the task to be classification.")
        kind, reason = "regression", f"{fact}; regression was asked for."
    elif task == "classification":
        kind, reason = "classification", f"{fact}; classification was asked for."
    if kind == "regression":
        return Task(kind, reason)
    if different > 2 and different * 2 > rows:
        remedy = "Name another column as the target." if text else "Choose regression, or name another column as the target."
        raise DataError(f"{fact} in {rows:,} rows; a class needs more than one row to be learnt from. {remedy}")
    return Task(kind, reason, tuple(_labels(values, whole).unique().sort().to_list()))


def target_values(series: pl.Series, task: Task) -> np.ndarray:
    """The target as an array an estimator takes: float64 for regression, else the classes (int64, bool or object for text).

    Raises
    ------
    DataError
        For a missing value, a class that ``task`` does not have, or text where a number is due; names the first such row.

    Examples
    --------
    >>> target_values(pl.Series("y", [2, 1, 2]), Task("classification", "", (1, 2)))
    array([2, 1, 2])
    """
    missing = _missing(series)
    if missing.any():
        fault, lacking = f"The target {series.name!r} is missing in {missing.sum():,} rows", _first(missing)
        raise RowError(lambda place: f"{fault}, the first is {place(lacking)}. Drop them first.")
    if task.kind == "regression":
        numbers = (
            series.cast(pl.Float64, strict=False) if not series.dtype.is_temporal() else pl.Series([None] * len(series), dtype=pl.Float64)
        )
        bad = numbers.is_null() | ~numbers.is_finite()
        if bad.any():
            row = _first(bad)
            raise RowError(lambda place: f"The target {series.name!r} must be finite numbers; {place(row)} has {series[row]!r}.")
        return numbers.to_numpy()
    return _class_values(series, task.classes)


def _class_values(series: pl.Series, classes: Sequence[Any]) -> np.ndarray:
    """Numbers match numbers, so 0.0 is class 0; anything else matches by spelling."""
    positions = list(range(len(classes)))
    if series.dtype.is_numeric() and not isinstance(classes[0], str):
        codes = series.cast(pl.Float64).replace_strict([float(c) for c in classes], positions, default=None, return_dtype=pl.Int64)
    else:
        whole = series.dtype.is_numeric() and bool((series == series.round()).all())
        spellings = [str(label).lower() if isinstance(label, bool) else str(label) for label in classes]
        codes = _labels(series, whole).cast(pl.String).replace_strict(spellings, positions, default=None, return_dtype=pl.Int64)
    if codes.null_count():
        row = _first(codes.is_null())
        shown = ", ".join(map(repr, classes[:CLASSES_SHOWN])) + (", ..." if len(classes) > CLASSES_SHOWN else "")
        hint, fault = did_you_mean(str(series[row]), map(str, classes)), f"The target {series.name!r} has the class {series[row]!r}"
        raise RowError(lambda place: f"{fault} in {place(row)}; the classes are {shown}.{hint}")
    dtype = object if isinstance(classes[0], str) else None
    labels: np.ndarray = np.array(classes, dtype=dtype)[codes.to_numpy()]
    return labels


def _labels(values: pl.Series, whole: bool) -> pl.Series:
    if values.dtype.is_numeric():
        return values.cast(pl.Int64, strict=False) if whole else values
    return values if values.dtype == pl.Boolean else values.cast(pl.String)


def _missing(series: pl.Series) -> pl.Series:
    return series.is_null() | series.is_nan() if series.dtype.is_float() else series.is_null()


def _first(mask: pl.Series) -> int:
    """The first true row, from 0."""
    return int(mask.arg_true()[0])
