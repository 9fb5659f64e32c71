"""Why a file's values are refused: the strays among numbers and dates, and what is not finite, each with its line."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from glassnet.checks import DataError
from glassnet.data.delimited import TextTable
from glassnet.data.inference import Stray, looks_dressed
from glassnet.data.places import Place, row_number
from glassnet.data.wording import count, shown

FAULTS_SHOWN = 5


def stray_error(table: TextTable, strays: list[tuple[str, Stray]], header: bool) -> DataError:
    """One sentence for each spoilt column; one for all if it is the header that spoils them."""
    only_header = not header and all(stray.row == 0 and stray.spoilt == 1 for _, stray in strays)
    told = strays[: 1 if only_header else FAULTS_SHOWN]
    sentences = []
    for name, stray in told:
        place = f"{table.source}, line {table.line(stray.row + header)}, column {name!r}"
        rest = f"{stray.values - stray.spoilt:,} of the column's {stray.values:,} values are"
        if only_header:
            advice = "If the first line holds the names of the columns, say that there is a header (header=True)."
        elif stray.what == "a number" and looks_dressed([stray.value]):
            advice = "Write it as a plain number: digits, the sign for decimals and nothing else."
        else:
            advice = f"Correct it, {_remedies(name, stray.value)}."
        sentences.append(f"{place}: {shown(stray.value)} is not {stray.what}, but {rest}. {advice}")
    return _together(sentences, len(strays))


def refuse_infinite(columns: Sequence[pl.Series], place: Place) -> None:
    """Raise DataError where a number is plus or minus infinite, and say where it stands."""
    wrong = [(column, infinite) for column in columns if column.dtype.is_float() and (infinite := column.is_infinite()).any()]
    sentences = []
    for column, infinite in wrong[:FAULTS_SHOWN]:
        row, value = int(infinite.arg_true()[0]), column.filter(infinite)[0]
        more = f" (and {int(infinite.sum()) - 1:,} more)" if infinite.sum() > 1 else ""
        sentences.append(
            f"{place(row)}, column {column.name!r}: '{value}' is not finite{more}. Correct it, or leave it empty if it is unknown."
        )
    if sentences:
        raise _together(sentences, len(wrong))


def refuse_infinite_in(table: TextTable, columns: Sequence[pl.Series], header: bool) -> None:
    """The same of a file that was read."""
    refuse_infinite(columns, lambda row: f"{table.source}, line {table.line(row + header)}")


def refuse_infinite_rows(frame: pl.DataFrame, source: str) -> None:
    """The same of a file whose rows have no lines."""
    refuse_infinite(frame.get_columns(), lambda row: f"{source}, {row_number(row)}")


def _remedies(name: str, value: str) -> str:
    return f"name {shown(value)} as a missing value (missing), or the column as text (text=[{name!r}])"


def _together(sentences: list[str], faults: int) -> DataError:
    if faults > len(sentences):
        sentences.append(f"The same holds in {count(faults - len(sentences), 'further column')}.")
    return DataError("\n".join(sentences))
