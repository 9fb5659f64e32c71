"""How one column becomes numbers: what was learnt from its training rows, and the features that it fills.

    number      z = (x - mean) / deviation, the median in place of a missing x, and a 0/1 flag if any was missing in training
    boolean     0 or 1, the more frequent in place of a missing one, and the flag
    category    one 0/1 feature per level; one for all rare levels, one for missing          (categories.py)
    date        year, day of the year, weekday, hour: each as a number                       (dates.py)
    presence    the flag alone, for a column that is either one value or missing
    dropped     nothing: an identifier, a constant, an empty column

A column is a frozen description. ``learn`` makes it from training rows, ``fill`` writes features, ``to_fields`` and ``from_fields``
carry it through JSON.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glassnet.data.conversions import Floats, as_booleans, as_numbers
from glassnet.data.places import RowError, begun
from glassnet.data.schema import Fields


@dataclass(frozen=True)
class Column:
    """What every column knows: its name, and how many values were missing and how many different in training."""

    kind: ClassVar[str]
    name: str
    missing: int
    distinct: int

    def features(self) -> list[str]:
        """The names of the features it fills, in order."""
        raise NotImplementedError

    def fill(self, values: pl.Series, out: NDArray[Any]) -> int:
        """out (n, len(features)), given as zeros <- the features; returns how many values were new (never seen in training)."""
        raise NotImplementedError

    @property
    def shown_values(self) -> str:
        """Range or levels."""
        raise NotImplementedError

    @property
    def treatment(self) -> str:
        """What is done with it, in one sentence."""
        raise NotImplementedError

    @property
    def message(self) -> str:
        """What the user must be told; usually nothing."""
        return ""

    def describe(self) -> dict[str, Any]:
        """One row of ``inspect``."""
        facts = {"column": self.name, "kind": self.kind, "missing": self.missing, "distinct": self.distinct}
        return {**facts, "values": self.shown_values, "treatment": self.treatment}

    def to_fields(self) -> dict[str, Any]:
        """The JSON object ``from_fields`` reads."""
        plain = {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}
        return {"kind": self.kind, **plain}

    @classmethod
    def from_fields(cls, given: Fields) -> Self:
        """Read every field by its declared type."""
        readers: dict[str, Callable[[str], Any]] = {
            "str": given.text,
            "int": given.count,
            "bool": given.flag,
            "float": given.number,
            "tuple[str, ...]": given.texts,
        }
        return cls(**{field.name: readers[str(field.type)](field.name) for field in fields(cls)})


@dataclass(frozen=True)
class Scale:
    """Standardisation: median for missing values, then (x - mean) / deviation over the completed values."""

    median: float
    mean: float
    deviation: float

    @classmethod
    def learn(cls, x: Floats) -> Scale | None:
        """From a column with NaN for missing; None where it does not vary. Sound for values up to 1e308."""
        known = x[~np.isnan(x)]
        if not known.size or known.min() == known.max():
            return None
        middle = np.partition(known, [(known.size - 1) // 2, known.size // 2])
        median = float(middle[(known.size - 1) // 2] / 2 + middle[known.size // 2] / 2)
        unit = float(np.abs(known).max())
        relative = np.where(np.isnan(x), median, x) / unit
        mean = relative.mean()
        deviation = float(np.sqrt(np.mean((relative - mean) ** 2)) * unit)
        return cls(median, float(mean * unit), deviation) if deviation > 0 else None

    def standardise(self, x: Floats) -> Floats:
        """(x - mean) / deviation, the median for NaN."""
        with np.errstate(over="ignore"):
            return (np.where(np.isnan(x), self.median, x) - self.mean) / self.deviation


@dataclass(frozen=True)
class NumberColumn(Column):
    """Numbers, standardised."""

    kind = "number"
    low: float
    high: float
    median: float
    mean: float
    deviation: float

    @classmethod
    def learn(cls, values: pl.Series) -> Column:
        """Median, mean and deviation of the training rows; a constant is dropped."""
        x = as_numbers(values)
        missing, distinct = values.null_count(), values.drop_nulls().n_unique()
        scale = Scale.learn(x)
        if scale is None:
            return constant_column(values)
        return cls(values.name, missing, distinct, float(np.nanmin(x)), float(np.nanmax(x)), scale.median, scale.mean, scale.deviation)

    @classmethod
    def from_fields(cls, given: Fields) -> Self:
        """The base's, and the deviation is above 0."""
        column = super().from_fields(given)
        if column.deviation <= 0:
            given.wrong("deviation", "a finite number above 0")
        return column

    def features(self) -> list[str]:
        """The number, and its flag."""
        return [self.name, *flag_name(self)]

    def fill(self, values: pl.Series, out: NDArray[Any]) -> int:
        """out <- z, flag."""
        x = as_numbers(values)
        out[:, 0] = in_range(values, Scale(self.median, self.mean, self.deviation).standardise(x), out.dtype)
        fill_flag(self, np.isnan(x), out)
        return 0

    @property
    def shown_values(self) -> str:
        """Smallest to largest."""
        return f"{self.low:g} to {self.high:g}"

    @property
    def treatment(self) -> str:
        """Mean, deviation, and the stand-in for missing values."""
        return (
            f"standardised (mean {self.mean:.6g}, deviation {self.deviation:.6g}){flag_treatment(self, f'the median {self.median:.6g}')}."
        )


@dataclass(frozen=True)
class BooleanColumn(Column):
    """True or false, also written yes or no."""

    kind = "boolean"
    usual: bool
    yes_no: bool

    @classmethod
    def learn(cls, values: pl.Series) -> Column:
        """Which of the two is usual; a constant is dropped."""
        words = set() if values.dtype == pl.Boolean else set(values.drop_nulls().str.to_lowercase().unique())
        x = as_booleans(values)
        missing, usual = values.null_count(), bool(np.nanmean(x) >= 0.5)
        if np.nanmin(x) == np.nanmax(x):
            return constant_column(values)
        return cls(values.name, missing, 2, usual, bool(words) and words <= {"yes", "no"})

    def features(self) -> list[str]:
        """The boolean, and its flag."""
        return [self.name, *flag_name(self)]

    def fill(self, values: pl.Series, out: NDArray[Any]) -> int:
        """out <- 0 or 1, flag; what is neither true nor false is new, and counts as missing."""
        x = as_booleans(values)
        unknown = np.isnan(x)
        out[:, 0] = np.where(unknown, self.usual, x)
        fill_flag(self, unknown, out)
        return int(unknown.sum()) - values.null_count()

    def _word(self, value: bool) -> str:
        return ("yes" if value else "no") if self.yes_no else ("true" if value else "false")

    @property
    def shown_values(self) -> str:
        """Both words."""
        return f"{self._word(False)}, {self._word(True)}"

    @property
    def treatment(self) -> str:
        """Which word is 1."""
        return f"1 for {self._word(True)}, 0 for {self._word(False)}{flag_treatment(self, self._word(self.usual))}."


@dataclass(frozen=True)
class DroppedColumn(Column):
    """A column that carries nothing to learn from; new rows need not have it."""

    kind = "dropped"
    reason: str
    values: str

    def features(self) -> list[str]:
        """None."""
        return []

    def fill(self, values: pl.Series, out: NDArray[Any]) -> int:
        """Nothing."""
        return 0

    @property
    def shown_values(self) -> str:
        """A glimpse of what was there."""
        return self.values

    @property
    def treatment(self) -> str:
        """Why it is dropped."""
        return f"dropped: {self.reason}."

    @property
    def message(self) -> str:
        """The same, with the name."""
        return f"Column {self.name!r} is dropped: {self.reason}."


@dataclass(frozen=True)
class PresenceColumn(Column):
    """One value or none: only whether it is missing can tell rows apart."""

    kind = "presence"
    value: str

    def features(self) -> list[str]:
        """The flag."""
        return [f"{self.name} missing"]

    def fill(self, values: pl.Series, out: NDArray[Any]) -> int:
        """out <- 1 where missing."""
        out[:, 0] = values.is_null().to_numpy()
        return 0

    @property
    def shown_values(self) -> str:
        """The one value, or none."""
        return f"{self.value} or missing"

    @property
    def treatment(self) -> str:
        """What 1 means."""
        return "1 where missing, else 0."


def constant_column(values: pl.Series) -> Column:
    """The column of a value that never changes: its absence may still tell something."""
    value = str(values.drop_nulls()[0])
    if missing := values.null_count():
        return PresenceColumn(values.name, missing, 1, value)
    return DroppedColumn(values.name, 0, 1, f"it is {value} in every row to learn from", value)


def flag_name(column: Column) -> list[str]:
    """The flag's name where there is a flag: only where training rows had missing values."""
    return [f"{column.name} missing"] if column.missing else []


def fill_flag(column: Column, unknown: NDArray[np.bool_], out: NDArray[Any]) -> None:
    """The last feature <- 1 where the value is missing."""
    if column.missing:
        out[:, -1] = unknown


def flag_treatment(column: Column, stand_in: str) -> str:
    """The half-sentence about missing values."""
    return f"; {stand_in} where missing, with a flag" if column.missing else ""


def in_range(values: pl.Series, z: Floats, dtype: np.dtype[Any]) -> Floats:
    """``z``, unless a value is so far out that ``dtype`` cannot hold it."""
    far = np.abs(z) > np.finfo(dtype).max
    if far.any():
        row = int(np.argmax(far))
        fault = f"column {values.name!r}: {values[row]} is out of all proportion to the training rows. Correct it."
        raise RowError(lambda place: f"{begun(place(row))}, {fault}")
    return z
