"""Where a row stands: its number in the table that was given, or the line of the file it was read from."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from glassnet.checks import DataError, Faults
from glassnet.data.delimited import TextTable
from glassnet.data.opening import bytes_of, utf8_of

Place = Callable[[int], str]
"""From the number of a row (from 0) to words."""


class RowError(DataError):
    """A row cannot be used. ``tell`` gives the sentence once it is known where rows stand; until then they are counted from 1."""

    def __init__(self, tell: Callable[[Place], str]) -> None:
        super().__init__(tell(row_number))
        self.tell = tell

    def __reduce__(self) -> tuple[Any, ...]:
        return DataError, self.args


def row_number(row: int) -> str:
    """``row 3`` for 2."""
    return f"row {row + 1}"


def begun(place: str) -> str:
    """The place at the beginning of a sentence.

    >>> begun(row_number(2)), begun("visits.csv, line 4")
    ('Row 3', 'visits.csv, line 4')
    """
    return "R" + place[1:] if place.startswith("row ") else place


def raise_all(faults: Sequence[DataError]) -> None:
    """Raise the faults as one, or do nothing."""

    def tell(place: Place) -> str:
        together = Faults()
        for fault in faults:
            together.add(fault.tell(place) if isinstance(fault, RowError) else str(fault))
        try:
            together.raise_if_any(DataError)
        except DataError as error:
            return str(error)
        return ""

    if faults:
        raise RowError(tell)


@contextmanager
def placed(place: Place) -> Iterator[None]:
    """Errors about rows say where the rows stand."""
    try:
        yield
    except RowError as error:
        raise DataError(error.tell(place)) from error


def places_in(path: str | os.PathLike[str], *, header: bool = True, delimiter: str | None = None, encoding: str = "utf-8") -> Place:
    """Where the rows of ``read_table(path)`` stand in the file, which is opened again when somebody asks: ``visits.csv, line 4``."""
    source = os.fspath(path)
    opened: list[TextTable | None] = []

    def place(row: int) -> str:
        if not opened:
            raw = bytes_of(source)
            opened.append(None if raw[:4] == b"PAR1" else TextTable(utf8_of(raw, source, encoding), source, delimiter))
        table = opened[0]
        return f"{source}, {row_number(row)}" if table is None else f"{source}, line {table.line(row + header)}"

    return place


def places_of(place: Place, rows: Sequence[int]) -> Place:
    """Where rows stand that were picked from others by their numbers."""
    return lambda row: place(int(rows[row]))
