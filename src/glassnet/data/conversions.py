"""Values of new rows in the form their column had in training, whatever type they arrive in; what does not fit is named.

Rows are counted from 1 and without the header.
"""

from __future__ import annotations

from typing import NoReturn

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glassnet.checks import DataError
from glassnet.data.inference import clean_text, parse_dates
from glassnet.data.places import RowError, begun
from glassnet.data.wording import shown

Floats = NDArray[np.float64]
WORDS = {"true": 1, "yes": 1, "false": 0, "no": 0}


def as_numbers(values: pl.Series) -> Floats:
    """The values as float64, NaN for missing; anything else is an error."""
    if values.dtype == pl.String:
        numbers = clean_text(values).cast(pl.Float64, strict=False).fill_nan(None)
    elif values.dtype.is_numeric() or values.dtype in (pl.Boolean, pl.Null):
        numbers = values.cast(pl.Float64)
    else:
        _wrong_type(values, "numbers")
    _refuse(numbers.is_null() & values.is_not_null(), values, "is not a number")
    _refuse(numbers.is_infinite(), values, "is not finite")
    return numbers.to_numpy()


def as_booleans(values: pl.Series) -> Floats:
    """1, 0, and NaN for what is missing or neither true nor false."""
    if values.dtype == pl.String:
        values = clean_text(values).str.to_lowercase().replace_strict(WORDS, default=None, return_dtype=pl.Int8)
    elif not (values.dtype.is_numeric() or values.dtype in (pl.Boolean, pl.Null)):
        _wrong_type(values, "true and false")
    numbers = values.cast(pl.Float64)
    return numbers.set(~numbers.is_in([0.0, 1.0]), None).to_numpy()


def as_categories(values: pl.Series) -> pl.Series:
    """The values as stripped text; whole numbers are spelt without a point."""
    if values.dtype == pl.String:
        return clean_text(values)
    if values.dtype.is_float() and (values == values.round()).all():
        return values.cast(pl.Int64, strict=False).cast(pl.String)
    if values.dtype.is_numeric() or values.dtype.is_temporal() or values.dtype in (pl.Boolean, pl.Null):
        return values.cast(pl.String)
    return _wrong_type(values, "text")


def as_dates(values: pl.Series) -> pl.Series:
    """The values as dates or date-times; text is parsed."""
    if isinstance(values.dtype, pl.Date | pl.Datetime):
        return values
    if values.dtype == pl.Null:
        return values.cast(pl.Date)
    if values.dtype != pl.String:
        _wrong_type(values, "dates")
    text = clean_text(values)
    dates = parse_dates(text)
    _refuse(dates.is_null() & text.is_not_null(), text, "is not a date such as 2024-12-31")
    return dates


def _refuse(wrong: pl.Series, values: pl.Series, why: str) -> None:
    if wrong.any():
        row = int(wrong.arg_true()[0])
        more = f" (and {int(wrong.sum()) - 1:,} more)" if wrong.sum() > 1 else ""
        fault = f"column {values.name!r}: {shown(values[row])} {why}{more}. Correct it, or leave it empty if it is unknown."
        raise RowError(lambda place: f"{begun(place(row))}, {fault}")


def _wrong_type(values: pl.Series, expected: str) -> NoReturn:
    raise DataError(f"Column {values.name!r} holds values of type {values.dtype} where training had {expected}. Give {expected}.")
