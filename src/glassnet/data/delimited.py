"""Delimited text to columns of text: every field as it was written, and the line each row began on.

Two parsers share the work. Polars reads the ordinary file; it is fast, but it fills up short rows in silence. So its result is
kept only where the delimiters add up,

    delimiters in the file = rows * (columns - 1) + delimiters inside fields,

which holds exactly when no row is short (Polars itself refuses long ones). Any other file (blank lines, a space before a
quotation mark, columns set apart by runs of blanks, ragged rows) goes through Python's ``csv``, which knows its line numbers.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain, islice

import polars as pl

from glassnet.checks import DataError
from glassnet.data.wording import count

WHITESPACE = " "
DELIMITERS = {"tab": "\t", "\\t": "\t", "semicolon": ";", "pipe": "|", "comma": ",", "space": WHITESPACE, "whitespace": WHITESPACE}
PREFERENCE = ["\t", ";", "|", ",", WHITESPACE]  # among delimiters that split every line alike: the rarer in prose, the surer
SAMPLE_BYTES = 2**18
SAMPLE_RECORDS = 100
END = "\x00"  # fed to the csv reader after the last line; NUL cannot be in the file, it was refused as binary


class TextTable:
    """The fields of a delimited file as text columns ``c1`` to ``cN``; the first row may be a header."""

    def __init__(self, raw: bytes, source: str, delimiter: str | None) -> None:
        raw = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in raw else raw
        self.raw = raw.rstrip(b"\n")
        self.source = source
        self.delimiter = sniff_delimiter(self.raw) if delimiter is None else named_delimiter(delimiter)
        first = next(self.records(), None)
        if first is None:
            raise DataError(f"{source} is empty: it holds no line of text.")
        self.width = len(first[1])
        frame = self._parse_fast()
        self.frame = self._parse_carefully() if frame is None else frame

    def line(self, row: int) -> int:
        """The line of the file (from 1) on which row ``row`` (from 0, a header counts) begins."""
        lines = (line for line, record in self.records() if self.width == 1 or record != [""])
        return next(islice(lines, row, None))

    def records(self) -> Iterator[tuple[int, list[str]]]:
        """Yields every record that is not blank with the line it begins on."""
        text = io.TextIOWrapper(io.BytesIO(self.raw), encoding="utf-8", newline="\n")
        lines = text if self.delimiter != WHITESPACE else (line.replace("\t", " ").strip() for line in text)
        with _fields_of_any_length():
            reader = csv.reader(chain(lines, [END]), delimiter=self.delimiter, skipinitialspace=True)
            line = 1
            for record in reader:
                if record == [END]:
                    return
                if record and record[-1].endswith(END):
                    raise DataError(
                        f"{self.source}, line {line}: a quotation mark opens a field and is never closed. Close it, or double it."
                    )
                if record:
                    yield line, record
                line = reader.line_num + 1

    def _parse_fast(self) -> pl.DataFrame | None:
        """Polars' result, or None where it cannot be trusted."""
        if self.width == 1 or self.delimiter == WHITESPACE or self.raw.startswith(b"\n"):
            return None
        schema = dict.fromkeys(positional_names(self.width), pl.String)
        try:
            frame = pl.read_csv(self.raw, has_header=False, separator=self.delimiter, schema=schema)
        except pl.exceptions.PolarsError:
            return None
        delimiters = frame.height * (self.width - 1)
        if b'"' in self.raw:
            if frame.select(pl.any_horizontal(pl.all().str.contains('^ +"').any())).item():
                return None
            delimiters += frame.select(pl.sum_horizontal(pl.all().str.count_matches(self.delimiter, literal=True).sum())).item() or 0
        return frame if self.raw.count(self.delimiter.encode()) == delimiters else None

    def _parse_carefully(self) -> pl.DataFrame:
        rows = []
        for line, record in self.records():
            if self.width > 1 and record == [""]:
                continue
            if len(record) != self.width:
                raise DataError(
                    f"{self.source}, line {line} has {count(len(record), 'field')} where the first line has {self.width}"
                    f" (separated by {delimiter_name(self.delimiter)}). Mend the line, put a field that holds the separator in quotation"
                    " marks, or name another delimiter."
                )
            rows.append(record)
        columns = zip(positional_names(self.width), zip(*rows, strict=True), strict=True)
        return pl.DataFrame([pl.Series(name, values, dtype=pl.String) for name, values in columns])


def positional_names(width: int) -> list[str]:
    """``c1`` to ``cN``, the names of columns that have none."""
    return [f"c{i}" for i in range(1, width + 1)]


def named_delimiter(delimiter: str) -> str:
    """The character itself, or the one that a name such as ``tab`` stands for."""
    character = DELIMITERS.get(delimiter, delimiter)
    if len(character) != 1 or not character.isascii() or character.isalnum() or character in '"\r\n\x00.-+':
        names = ", ".join(sorted(name for name in DELIMITERS if name.isalpha()))
        raise ValueError(f"delimiter must be one character such as ',' or one of {names}; got {delimiter!r}.")
    return WHITESPACE if character == " " else character


def delimiter_name(delimiter: str) -> str:
    """``comma`` for ``,``; a character without a name is quoted."""
    return {"\t": "tab", ";": "semicolon", "|": "pipe", ",": "comma", WHITESPACE: "whitespace"}.get(delimiter, repr(delimiter))


def sniff_delimiter(raw: bytes) -> str:
    """The delimiter that splits the first lines into the same number of fields, two or more; a comma where none does.

    >>> sniff_delimiter(b"a;b\\n1,5;2,5\\n")
    ';'
    """
    sample = raw[:SAMPLE_BYTES]
    if len(sample) < len(raw):
        end = max(sample.rfind(b"\n"), raw.find(b"\n"))
        sample = raw[:end] if end > 0 else raw
    agreement = {}
    for delimiter in PREFERENCE:
        lines = [line.strip() for line in sample.decode().splitlines()] if delimiter == WHITESPACE else io.StringIO(sample.decode())
        with _fields_of_any_length():
            reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
            records = [record for record in islice(reader, SAMPLE_RECORDS) if record]
        if not records or (delimiter == WHITESPACE and not _mostly_numbers(records)):
            continue
        fields, lines_alike = Counter(map(len, records)).most_common(1)[0]
        if fields > 1:
            agreement[delimiter] = lines_alike / len(records)
    return max(agreement, key=agreement.__getitem__, default=",")


def _mostly_numbers(records: list[list[str]]) -> bool:
    """Whether blanks part numbers here (half of the fields at least), or only words of a sentence."""
    fields = [field for record in records[1:] or records for field in record]
    return sum(_is_number(field) for field in fields) >= len(fields) / 2


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return "_" not in field


@contextmanager
def _fields_of_any_length() -> Iterator[None]:
    """Lifts the csv module's limit of 131,072 characters a field, which is global, and puts it back."""
    limit = csv.field_size_limit(2**31 - 1)
    try:
        yield
    finally:
        csv.field_size_limit(limit)
