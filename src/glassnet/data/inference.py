"""The type of a column of text, decided from all of its values.

In order: whole number, number, true/false, date, date with time; what fits none of them is text. A column that is nearly, but not
quite, numbers or dates is refused rather than guessed at, because one stray word would turn a quantity into thousands of categories.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass

import polars as pl

NEARLY_ALL = 0.95  # share of the values from which a column counts as numbers (or dates) with errors in it
EARLIEST_YEAR = 1000  # or 1.2.3, a version, would be a day of the year 3
GLANCE = 200  # rows, spread evenly, that tell in which form dates are written

DATES = ["%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%d %b %Y", "%d-%b-%Y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y"]
CLOCKS = ["%H:%M:%S%.f", "%H:%M"]
ZONED = ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f%#z"]
DATETIMES = [f"{day}{gap}{clock}" for day in DATES[:3] for gap in "T " for clock in CLOCKS]

# Numbers written for people: 1,234  $3  5%  1 234.50  3,14
DRESSED = r"^[-+]?[$€£¥]? ?[-+]?(\d+|\d{1,3}([,.' ]\d{3})+)([.,]\d+)? ?[%$€£¥]?$"

COMMA_NUMBER = r"^[-+]?(\d*,)?\d+$"  # 3,14  ,5  7
THOUSANDS = r"^[-+]?[1-9]\d{0,2}(,\d{3})+$"
SAMPLE = 1000  # values looked at for decimal commas


@dataclass(frozen=True)
class Stray:
    """The first value that spoils a column of numbers or dates."""

    row: int
    value: str
    what: str
    spoilt: int
    values: int


def infer_type(column: pl.Series, missing: Collection[str], *, one_stray_header: bool = False, decimal: str = ".") -> pl.Series | Stray:
    """The column, stripped of blanks and typed, its missing values null; or what keeps it from being numbers or dates.

    With ``one_stray_header`` a first value that alone is not a number is a stray whatever the length of the column.

    >>> infer_type(pl.Series("age", ["39", " 50", "?"]), ["?"]).to_list()
    [39, 50, None]
    """
    column = clean_text(column)
    if missing:
        column = column.set(column.is_in(list(missing)), None)
    values = len(column) - column.null_count()
    if not values:
        return column.cast(pl.Null)
    pointed = column if decimal == "." else _with_points(column)
    numbers = pointed.cast(pl.Int64, strict=False)
    if numbers.null_count() > column.null_count():
        numbers = pointed.cast(pl.Float64, strict=False)
    spoilt = numbers.null_count() - column.null_count()
    if not spoilt:
        return numbers.fill_nan(None) if numbers.dtype == pl.Float64 else numbers
    stray_header = one_stray_header and spoilt == 1 and values > 2 and numbers[0] is None and column[0] is not None
    if stray_header or values - spoilt >= NEARLY_ALL * values:
        return _stray(column, numbers, "a number", spoilt, values)
    lowered = column.unique().str.to_lowercase()
    if lowered.drop_nulls().is_in(["true", "false"]).all():
        return column.str.to_lowercase() == "true"
    dates = parse_dates(column)
    spoilt = dates.null_count() - column.null_count()
    if not spoilt:
        return dates
    if values - spoilt >= NEARLY_ALL * values:
        return _stray(column, dates, "a date", spoilt, values)
    return column


def clean_text(column: pl.Series) -> pl.Series:
    """The text without blanks around it; nothing but blanks is missing."""
    column = column.str.strip_chars()
    return column.set(column == "", None)


def parse_dates(column: pl.Series) -> pl.Series:
    """The column as dates (or date-times, in UTC where they carry a zone) in the form most of it follows; null where it does not."""
    known = column.drop_nulls()
    glance = known.gather_every(max(1, len(known) // GLANCE))
    parse = max(DATE_PARSERS, key=lambda parser: parser(glance).count())
    return parse(column) if parse(glance).count() else pl.Series(column.name, [None] * len(column), dtype=pl.Date)


def looks_dressed(values: list[str]) -> bool:
    """Whether nearly all of these texts are numbers in dress: with a currency, a percent sign or separators of thousands.

    >>> looks_dressed(["$1,200", "$950"]), looks_dressed(["A1", "B2"])
    (True, False)
    """
    return sum(bool(re.match(DRESSED, value)) for value in values) >= NEARLY_ALL * len(values)


def has_decimal_commas(column: pl.Series) -> bool:
    """Whether nearly all of these texts are numbers, with a comma before the decimals.

    >>> has_decimal_commas(pl.Series(["3,14", "2,5", "7"])), has_decimal_commas(pl.Series(["1,200", "15,000"]))
    (True, False)
    """
    if column.dtype != pl.String:
        return False
    known = column.drop_nulls().str.strip_chars().head(SAMPLE)
    numbers = known.filter(known.str.contains(COMMA_NUMBER))
    commas = numbers.filter(numbers.str.contains(",", literal=True))
    return len(numbers) >= NEARLY_ALL * len(known) and not commas.str.contains(THOUSANDS).all()


def _with_points(column: pl.Series) -> pl.Series:
    """Decimal commas as points; what has a point already is no number."""
    return column.str.replace(",", ".", literal=True).set(column.str.contains(".", literal=True), None)


def _stray(column: pl.Series, typed: pl.Series, what: str, spoilt: int, values: int) -> Stray:
    row = int((typed.is_null() & column.is_not_null()).arg_true()[0])
    return Stray(row, column[row], what, spoilt, values)


def _parser(form: str) -> Callable[[pl.Series], pl.Series]:
    def parse(column: pl.Series) -> pl.Series:
        if form in ZONED:
            dates = column.str.to_datetime(form, strict=False, time_unit="us", time_zone="UTC").dt.replace_time_zone(None)
        elif form in DATETIMES:
            dates = column.str.to_datetime(form, strict=False, time_unit="us")
        else:
            dates = column.str.to_date(form, strict=False)
        return dates.zip_with(dates.dt.year() >= EARLIEST_YEAR, dates.clear(len(dates)))

    return parse


DATE_PARSERS = [_parser(form) for form in [*DATES, *DATETIMES, *ZONED]]
