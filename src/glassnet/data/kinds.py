"""Which kind of column a column is: from its training values, or from a model file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import polars as pl

from glassnet.checks import DataError
from glassnet.data.categories import CategoryColumn, Rules
from glassnet.data.columns import BooleanColumn, Column, DroppedColumn, NumberColumn, PresenceColumn
from glassnet.data.conversions import as_categories
from glassnet.data.dates import DateColumn
from glassnet.data.schema import Fields

KINDS: dict[str, type[Column]] = {
    kind.kind: kind for kind in (NumberColumn, BooleanColumn, CategoryColumn, DateColumn, PresenceColumn, DroppedColumn)
}
IDENTIFIER_NAME = re.compile(
    r"unnamed.*|index|row|nr|no|number"  # alone
    r"|.*(?<![a-z])(id|ids|uuid|guid|key|idx)"  # id, customer_id
    r"|.*[a-z](Id|ID|Key)"  # PassengerId
    r"|row.?(id|nr|no|num|number|index)"
)

ALIKE = 4
"""From so many columns on that are dropped for the same reason, they share one sentence, which names `NAMED` of them."""
NAMED = 3


def learn_column(values: pl.Series, rules: Rules) -> Column:
    """The kind of a column and what is to be known about it, from its training values."""
    name, dtype = values.name, values.dtype
    if values.null_count() == len(values):
        return DroppedColumn(name, len(values), 0, "it has no values", "")
    if name in rules.text:
        return CategoryColumn.learn(as_categories(values), rules)
    if dtype == pl.Boolean:
        return BooleanColumn.learn(values)
    if dtype.is_numeric():
        known = values.drop_nulls()
        if rules.drop_identifiers and dtype.is_integer() and known.n_unique() == len(known) > 1 and _named_like_identifier(name):
            shown = f"{known.min()!r} to {known.max()!r}"
            reason = "it looks like an identifier, every value is different; rename it, or give drop_identifiers=False, to keep it"
            return DroppedColumn(name, values.null_count(), len(known), reason, shown)
        return NumberColumn.learn(values)
    if dtype == pl.String:
        return CategoryColumn.learn(values, rules)
    if isinstance(dtype, pl.Date | pl.Datetime):
        return DateColumn.learn(values)
    raise DataError(
        f"Column {name!r} holds values of type {dtype!s}; glassnet takes numbers, booleans, text and dates. Convert it or leave it out."
    )


def restore_column(given: Any, position: int) -> Column:
    """The column that wrote the JSON object ``given``; ``position`` counts from 1."""
    fields = Fields(given, f"column {position}")
    column = KINDS[fields.text("kind", *KINDS)].from_fields(fields)
    fields.done()
    return column


def messages_of(columns: Iterable[Column]) -> Iterator[str]:
    """What the user must be told of the columns, in their order; columns that are dropped for one reason may share a sentence."""
    columns = list(columns)
    alike: dict[str, list[str]] = {}
    for column in columns:
        if isinstance(column, DroppedColumn):
            alike.setdefault(column.reason, []).append(column.name)
    for column in columns:
        names = alike[column.reason] if isinstance(column, DroppedColumn) else []
        if isinstance(column, DroppedColumn) and len(names) >= ALIKE:
            if column.name == names[0]:
                yield f"{len(names):,} columns are dropped, each because {column.reason}: {', '.join(map(repr, names[:NAMED]))}, ..."
        elif column.message:
            yield column.message


def _named_like_identifier(name: str) -> bool:
    return bool(IDENTIFIER_NAME.fullmatch(name) or IDENTIFIER_NAME.fullmatch(name.lower()))
