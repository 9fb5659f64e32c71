"""Categories: one 0/1 feature per level, one for all rare levels together, one for missing.

A level seen for the first time is treated as rare. Where training had no rare levels, no feature of the column is set for it: a
feature that was never 1 in training has learnt nothing, and would only add noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glassnet.data.columns import BooleanColumn, Column, DroppedColumn
from glassnet.data.conversions import as_categories
from glassnet.data.inference import has_decimal_commas, looks_dressed
from glassnet.data.schema import Fields
from glassnet.data.wording import count, shown

NEARLY_UNIQUE = 0.9  # share of different values from which text is an identifier or prose
LEVELS_SHOWN = 5
REMEMBERED = 10_000  # rare levels kept by name, the most frequent first, to tell a rare value from a new one
OTHER, NOWHERE = -1, -2  # in place of the number of a feature
SAMPLE = 1000  # values looked at for a hint


@dataclass(frozen=True)
class Rules:
    """When a level is rare, when a column has too many, and whether identifiers go; those of ``text`` never do."""

    max_categories: int
    rare: float
    drop_identifiers: bool
    text: tuple[str, ...] = ()


@dataclass(frozen=True)
class CategoryColumn(Column):
    """Text, one-hot. ``levels`` have a feature each, ``rare`` ones share one; both are in alphabetical order."""

    kind = "category"
    levels: tuple[str, ...]
    rare: tuple[str, ...]
    note: str

    @classmethod
    def learn(cls, values: pl.Series, rules: Rules) -> Column:
        """The levels worth a feature; yes/no is a boolean, an identifier or a constant is dropped."""
        known = values.drop_nulls()
        missing, distinct = values.null_count(), known.n_unique()
        words = set(known.str.to_lowercase().unique())
        if words <= {"yes", "no"} or words <= {"true", "false"}:
            return BooleanColumn.learn(values)
        counts = known.alias("level").value_counts(name="rows").sort(["rows", "level"], descending=[True, False])
        frequent: list[str] = counts["level"].to_list()
        examples = _listed(frequent)
        hint = _hint(known)
        if rules.drop_identifiers and values.name not in rules.text and (reason := _identifier(known, distinct, rules)):
            return DroppedColumn(values.name, missing, distinct, "; ".join(filter(None, [reason, hint])), examples)
        floor = max(2.0, rules.rare * len(values))
        kept = counts.filter(pl.col("rows") >= floor)["level"].to_list()
        levels = sorted(kept[: rules.max_categories])
        rare = sorted(frequent[len(levels) : len(levels) + REMEMBERED])
        if distinct == 1 and not missing:
            return DroppedColumn(values.name, missing, distinct, f"it is {shown(known[0])} in every row to learn from", examples)
        if not levels and not missing:
            reason = f"none of its {distinct:,} categories occurs in {floor:.0f} rows or more"
            return DroppedColumn(values.name, missing, distinct, reason, examples)
        notes = []
        if len(kept) > rules.max_categories:
            notes.append(f"has {distinct:,} categories; the {rules.max_categories} most frequent are kept, the rest counts as rare")
        if hint:
            notes.append(f"is taken as text; {hint}")
        return cls(values.name, missing, distinct, tuple(levels), tuple(rare), "; it ".join(notes))

    @classmethod
    def from_fields(cls, given: Fields) -> Self:
        """The base's, and the levels are of some use."""
        column = super().from_fields(given)
        if not column.features():
            given.wrong("levels", "at least one level")
        if set(column.levels) & set(column.rare):
            given.wrong("rare", "a list of strings that are not levels")
        return column

    def features(self) -> list[str]:
        """One for each level, then (rare) and (missing) where training had them."""
        buckets = ["(rare)"] * bool(self.rare) + ["(missing)"] * bool(self.missing)
        return [f"{self.name}={level}" for level in (*self.levels, *buckets)]

    def fill(self, values: pl.Series, out: NDArray[Any]) -> int:
        """out <- 1 in the feature of the level; values neither a level nor known as rare are new."""
        text = as_categories(values)
        features = list(range(len(self.levels)))
        codes = text.replace_strict(list(self.levels), features, default=OTHER, return_dtype=pl.Int32) if features else OTHER
        place = np.where(text.is_null(), len(out.T) - 1 if self.missing else NOWHERE, codes)
        other = (place == OTHER) & text.is_not_null().to_numpy()
        place[other] = len(self.levels) if self.rare else NOWHERE
        rows = np.flatnonzero(place != NOWHERE)
        out[rows, place[rows]] = 1
        return int(other.sum()) - int(text.is_in(list(self.rare)).sum())

    @property
    def shown_values(self) -> str:
        """The first levels, and how many are rare."""
        rest = self.distinct - len(self.levels)
        return " and ".join(filter(None, [_listed(self.levels), f"{rest:,} rare" if rest else ""]))

    @property
    def treatment(self) -> str:
        """How many features, and which buckets."""
        buckets = ["rare"] * bool(self.rare) + ["missing"] * bool(self.missing)
        return f"one-hot: {', '.join([count(len(self.levels), 'level'), *buckets])}."

    @property
    def message(self) -> str:
        """Whether levels were cut, or numbers taken for text."""
        return self.note and f"Column {self.name!r} {self.note}."


def _identifier(known: pl.Series, distinct: int, rules: Rules) -> str:
    if distinct == len(known) > 1:
        return "it looks like an identifier, every value is different, so that none can be learnt about"
    if distinct > max(NEARLY_UNIQUE * len(known), rules.max_categories):
        fact = f"it looks like an identifier or free text, {distinct:,} of {len(known):,} values are different"
        return f"{fact}; to keep it, name it as text (text=[{known.name!r}])"
    return ""


def _hint(known: pl.Series) -> str:
    sample = known.head(SAMPLE)
    if has_decimal_commas(sample):
        return f"its values are numbers with decimal commas ({shown(sample[0])}): read the table with decimal=',' to have them used as such"
    if looks_dressed(sample.to_list()) and sample.cast(pl.Float64, strict=False).has_nulls():
        return f"its values look like numbers ({shown(sample[0])}): give them as plain ones, such as 1234.5, to have them used as such"
    return ""


def _listed(levels: Sequence[str]) -> str:
    return ", ".join(shown(level)[1:-1] for level in levels[:LEVELS_SHOWN]) + (", ..." if len(levels) > LEVELS_SHOWN else "")
