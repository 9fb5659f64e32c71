"""Dates: year, day of the year, weekday (Monday is 1) and hour, each standardised like a number.

The month is left out because the day of the year says it more finely; a trend over time is linear in year and day of the year.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glassnet.data.columns import Column, Scale, constant_column, fill_flag, flag_name, flag_treatment, in_range
from glassnet.data.conversions import Floats, as_dates
from glassnet.data.schema import Fields

PARTS = ("year", "day of year", "weekday", "hour")


@dataclass(frozen=True)
class DateColumn(Column):
    """A date or a date with a time; parts that never change in training are left out."""

    kind = "date"
    low: str
    high: str
    scales: dict[str, Scale]

    @classmethod
    def learn(cls, values: pl.Series) -> Column:
        """The scale of every part that varies; a constant is dropped."""
        missing, distinct = values.null_count(), values.drop_nulls().n_unique()
        low, high = str(values.min()), str(values.max())
        learnt = {part: Scale.learn(_part(values, part)) for part in PARTS}
        scales = {part: scale for part, scale in learnt.items() if scale is not None}
        if not scales:
            return constant_column(values)
        return cls(values.name, missing, distinct, low, high, scales)

    @classmethod
    def from_fields(cls, given: Fields) -> Self:
        """Scales of known parts only."""
        name, missing, distinct = given.text("name"), given.count("missing"), given.count("distinct")
        low, high, parts = given.text("low"), given.text("high"), Fields(given.take("scales"), f"the date {name!r}")
        scales = {}
        for part in [part for part in PARTS if part in parts.values]:
            scale = Fields(parts.take(part), f"{part} of {name!r}")
            scales[part] = Scale(scale.number("median"), scale.number("mean"), scale.number("deviation", positive=True))
            scale.done()
        parts.done()
        if not scales:
            given.wrong("scales", f"an object with some of {', '.join(PARTS)}")
        return cls(name, missing, distinct, low, high, scales)

    def features(self) -> list[str]:
        """The parts, and the flag."""
        return [*(f"{self.name} {part}" for part in self.scales), *flag_name(self)]

    def fill(self, values: pl.Series, out: NDArray[Any]) -> int:
        """out <- z of every part, flag."""
        dates = as_dates(values)
        for i, (part, scale) in enumerate(self.scales.items()):
            out[:, i] = in_range(values, scale.standardise(_part(dates, part)), out.dtype)
        fill_flag(self, dates.is_null().to_numpy(), out)
        return 0

    @property
    def shown_values(self) -> str:
        """Earliest to latest."""
        return f"{self.low} to {self.high}"

    @property
    def treatment(self) -> str:
        """Which parts are used."""
        parts = list(self.scales)
        listed = parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]
        return f"{listed}, standardised{flag_treatment(self, 'the median of each')}."


def _part(dates: pl.Series, part: str) -> Floats:
    """One part of every date as a float, NaN where the date is missing."""
    if part == "hour":
        if dates.dtype == pl.Date:
            return np.where(dates.is_null().to_numpy(), np.nan, 0.0)
        return (dates.dt.hour().cast(pl.Float64) + dates.dt.minute().cast(pl.Float64) / 60).to_numpy()
    number = {"year": dates.dt.year, "day of year": dates.dt.ordinal_day, "weekday": dates.dt.weekday}[part]()
    return number.cast(pl.Float64).to_numpy()
