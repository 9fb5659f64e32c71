"""Tables at the door: a file or anybody's DataFrame becomes a Polars DataFrame of numbers, booleans, dates and text.

A delimited file is read as text, every field stripped of the blanks around it, and each column's type is decided from all of its
rows (`inference.py`); nothing is guessed from the first hundred. Whatever cannot be read is refused in one sentence that names
file, line and column.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import narwhals as nw
import numpy as np
import polars as pl

from glassnet.checks import DataError
from glassnet.data.delimited import TextTable, positional_names
from glassnet.data.inference import Stray, clean_text, infer_type
from glassnet.data.opening import LIKELY, bytes_of, utf8_of
from glassnet.data.strays import refuse_infinite_in, refuse_infinite_rows, stray_error
from glassnet.data.targets import resolve_column
from glassnet.data.wording import shown

MISSING = ("?", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "null", "NULL", "None")
PARQUET_TIMES = 1_000  # of its size a Parquet file may unpack to: a column of one value shrinks to almost nothing
ROW_NAME = "row"  # given to a first column without a name: pandas and R write their row labels there


class HeaderWarning(UserWarning):
    """The first line was taken for the names of the columns, but looks like a row of data."""


def read_table(
    path: str | os.PathLike[str],
    *,
    header: bool = True,
    delimiter: str | None = None,
    missing: Iterable[str] = MISSING,
    text: Sequence[str] = (),
    encoding: str = "utf-8",
    decimal: str = ".",
) -> pl.DataFrame:
    r"""Read a CSV, TSV or otherwise delimited file, also gzipped, or a Parquet file.

    Parameters
    ----------
    path : path
        The file. What it holds decides how it is read, not what it is called.
    header : bool, default=True
        Whether the first line holds the names of the columns. Without it they are called ``c1``, ``c2``, ...
    delimiter : str, optional
        One character, or ``"tab"``, ``"whitespace"`` (any run of blanks) and so on. Found from the first lines when left out:
        a comma, tab, semicolon, pipe or whitespace.
    missing : iterable of str
        What stands for a missing value, besides nothing at all. The default holds ``?``, ``NA``, ``N/A``, ``NaN``, ``null`` and
        ``None``; ``-`` and ``.`` are left out because they are also values: a column of numbers in which they occur is refused
        with the advice to name them here.
    text : sequence of str
        Columns to leave as text although they look like numbers or dates: postcodes, article numbers.
    encoding : str, default="utf-8"
        Of the characters; UTF-8 with or without a byte order mark unless told otherwise, for instance ``"latin-1"``.
    decimal : {".", ","}, default="."
        What stands before the decimals of a number. With a comma, ``1.5`` is no number.

    Returns
    -------
    polars.DataFrame
        With whole numbers, numbers, booleans (``true``/``false``), dates, date-times and text; missing values are null. A Parquet
        file keeps its own types. ``yes``/``no`` stay text, so that a target keeps its spelling.

    Raises
    ------
    DataError
        For a file that is no table, a ragged line, a name that is empty or given twice, a column in which at least 95 % but not
        all values are numbers (or dates), an infinite value, and so on. The message names the line as an editor counts it, from 1.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "visits.csv")
    >>> _ = path.write_text("age, city\n39, Rome\n?, Oslo\n")
    >>> read_table(path).to_dict(as_series=False)
    {'age': [39, None], 'city': ['Rome', 'Oslo']}
    """
    source = os.fspath(path)
    missing = [missing] if isinstance(missing, str) else list(missing)
    if decimal not in (".", ","):
        raise ValueError(f"decimal must be '.' or ','; got {decimal!r}.")
    raw = bytes_of(source)
    if raw[:4] == b"PAR1":
        return _read_parquet(source)
    table = TextTable(utf8_of(raw, source, encoding), source, delimiter)
    frame = table.frame
    if header:
        frame = frame.slice(1).rename(dict(zip(frame.columns, _header_names(table), strict=True)))
        if frame.is_empty():
            raise DataError(f"{source} has a header but no rows. If its only line is data, say that there is no header (header=False).")
    as_text = {resolve_column(frame, name) for name in ([text] if isinstance(text, str) else text)}
    typed = [
        _without(clean_text(column), missing)
        if column.name in as_text
        else infer_type(column, missing, one_stray_header=not header, decimal=decimal)
        for column in frame
    ]
    strays = [(name, stray) for name, stray in zip(frame.columns, typed, strict=True) if isinstance(stray, Stray)]
    if strays:
        raise stray_error(table, strays, header)
    columns = [column for column in typed if isinstance(column, pl.Series)]
    refuse_infinite_in(table, columns, header)
    result = pl.DataFrame(columns)
    if header:
        _warn_if_header_is_data(source, result)
    return result


def table_from(data: Any) -> pl.DataFrame:
    """Any table in memory as a Polars DataFrame of numbers, booleans, dates and stripped text, missing values null.

    Parameters
    ----------
    data : DataFrame, dict of columns or 2-D array
        A DataFrame of any library narwhals knows (pandas, Polars, PyArrow, ...); an array's columns are called ``c1``, ``c2``, ...,
        and where it holds text the columns are typed like those of a file.

    Examples
    --------
    >>> table_from({"age": [39.0, float("nan")], "city": [" Rome", ""]}).rows()
    [(39.0, 'Rome'), (None, None)]
    """
    if hasattr(data, "tocsr"):
        raise DataError(
            "Sparse data is not supported in a table: convert it to a dense array (.toarray()), or give it to the network itself."
        )
    if isinstance(data, pl.LazyFrame):
        data = data.collect()
    if isinstance(data, pl.DataFrame):
        return pl.DataFrame({column.name: _tidy(column) for column in data})
    if isinstance(data, dict):
        try:
            return table_from(pl.DataFrame({str(name): _from_values(name, values) for name, values in data.items()}))
        except (pl.exceptions.PolarsError, TypeError) as error:
            raise DataError(f"The columns of the dict do not make a table: {str(error).splitlines()[0]}.") from error
    if is_nameless(data):
        return _from_array(data)
    try:
        frame = nw.from_native(data)
        frame = frame.collect() if isinstance(frame, nw.LazyFrame) else frame
    except TypeError as error:
        kind = f"{type(data).__module__}.{type(data).__qualname__}"
        raise DataError(f"A table must be a DataFrame, a dict of columns or a 2-D array; got {kind}.") from error
    except nw.exceptions.DuplicateError as error:
        raise DataError("The DataFrame has two columns of the same name. Rename one of them.") from error
    columns = [(str(column.name), _from_narwhals(column)) for column in frame.iter_columns()]
    if repeated := _repeated([name for name, _ in columns]):
        raise DataError(f"The DataFrame has two columns called {repeated[0]!r}. Rename one of them.")
    return pl.DataFrame({name: _tidy(column) for name, column in columns})


def is_nameless(data: Any) -> bool:
    """Whether this is an array (or nested lists), whose columns go by position."""
    return isinstance(data, np.ndarray | list | tuple) or (hasattr(data, "__array__") and not hasattr(data, "columns"))


def _read_parquet(source: str) -> pl.DataFrame:
    try:
        _refuse_parquet_bomb(source)
        frame = pl.read_parquet(source)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        raise DataError(f"{source} is a damaged Parquet file: {(str(error) or 'its reader gave up').splitlines()[0]}.") from error
    if not frame.width or frame.is_empty():
        raise DataError(f"{source} is a Parquet file without rows.")
    frame = table_from(frame)
    refuse_infinite_rows(frame, source)
    return frame


def _refuse_parquet_bomb(source: str) -> None:
    """Raise DataError where the header of a small file claims far more numbers than a table of that size would hold."""
    width = len(pl.read_parquet_schema(source))
    rows = int(pl.scan_parquet(source).select(pl.len()).collect().item())
    if 8 * rows * width > max(LIKELY, PARQUET_TIMES * os.path.getsize(source)):
        raise DataError(f"{source} says it holds {rows:,} rows of {width:,} columns in {os.path.getsize(source):,} bytes. Write it anew.")


def _header_names(table: TextTable) -> list[str]:
    names = [(name or "").strip() for name in table.frame.row(0)]
    if not names[0] and ROW_NAME not in names and len(names) > 1:
        names[0] = ROW_NAME
    where, advice = f"{table.source}, line {table.line(0)}", "If the first line is data, say that there is no header (header=False)."
    if "" in names:
        raise DataError(f"{where}: column {names.index('') + 1} has no name. Give it one. {advice}")
    if repeated := _repeated(names):
        more = f" (and {len(repeated) - 1:,} more)" if len(repeated) > 1 else ""
        raise DataError(f"{where}: the name {shown(repeated[0])}{more} is given twice. Rename one. {advice}")
    return names


def _repeated(names: list[str]) -> list[str]:
    seen: set[str] = set()
    return list(dict.fromkeys(name for name in names if name in seen or seen.add(name)))  # type: ignore[func-returns-value]


def _warn_if_header_is_data(source: str, frame: pl.DataFrame) -> None:
    """Warn where every name could be a value of its column and one of them is a number."""

    def could_be_a_value(column: pl.Series) -> bool:
        name = pl.Series([column.name])
        if column.dtype.is_numeric():
            return name.cast(pl.Float64, strict=False).is_not_null().all()
        return column.dtype == pl.String and column.name in column

    if all(could_be_a_value(column) for column in frame) and any(column.dtype.is_numeric() for column in frame):
        message = f"The first line of {source} was read as the names of the columns but looks like data."
        warnings.warn(f"{message} If it is, say that there is no header (header=False).", HeaderWarning, stacklevel=3)


def _without(column: pl.Series, missing: list[str]) -> pl.Series:
    return column.set(column.is_in(missing), None) if missing else column


def _tidy(column: pl.Series) -> pl.Series:
    """One representation per kind of value: NaN and blank text are null, categories are text, date-times are in UTC."""
    dtype = column.dtype
    if dtype.is_float():
        return column.fill_nan(None)
    if dtype.is_decimal():
        return column.cast(pl.Float64)
    if isinstance(dtype, pl.Datetime) and dtype.time_zone:
        return column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    if dtype in (pl.String, pl.Categorical, pl.Enum):
        return clean_text(column.cast(pl.String))
    return column


def _from_narwhals(column: Any) -> pl.Series:
    nulls = column.is_null()
    if column.dtype.is_numeric() and not column.dtype.is_decimal():
        return pl.Series((column.cast(nw.Float64) if nulls.any() else column).to_numpy())
    return _from_objects(column.name, [None if null else value for value, null in zip(column.to_list(), nulls.to_list(), strict=True)])


def _from_array(data: Any) -> pl.DataFrame:
    array = np.array(data, dtype=object) if isinstance(data, list | tuple) else np.asarray(data)
    if array.ndim != 2:
        raise DataError(f"A table must have 2 dimensions, rows and columns; got an array of shape {array.shape}. Reshape your data.")
    if array.dtype.kind == "c":
        raise DataError("Complex data not supported in a table: give real and imaginary parts as columns of their own.")
    return pl.DataFrame({name: _from_vector(name, part) for name, part in zip(positional_names(array.shape[1]), array.T, strict=True)})


def _from_vector(name: str, values: np.ndarray) -> pl.Series:
    """Numbers that NumPy turned into text, because a neighbour was text, are numbers again."""
    if values.dtype == object:
        return _tidy(_from_values(name, values))
    if values.dtype.kind not in "US":
        return _tidy(pl.Series(np.ascontiguousarray(values)))
    text = pl.Series(values.astype(str).tolist(), dtype=pl.String)
    typed = infer_type(text, MISSING)
    return clean_text(text) if isinstance(typed, Stray) else typed


def _from_values(name: object, values: Any) -> pl.Series:
    """One column of a dict or of an array of objects."""
    if isinstance(values, pl.Series) or (isinstance(values, np.ndarray) and values.dtype != object):
        return pl.Series(values)
    return _from_objects(name, [None if _is_missing(value) else value for value in values])


def _from_objects(name: object, values: list[Any]) -> pl.Series:
    kinds = {type(value) for value in values}
    dated = any(issubclass(kind, date) for kind in kinds) and any(issubclass(kind, int | float) for kind in kinds)
    try:
        if dated:
            raise TypeError("a number among dates would be taken for days since 1970")
        return pl.Series(values, strict=False)
    except (pl.exceptions.PolarsError, TypeError, ValueError, OverflowError) as error:
        listed = ", ".join(sorted(kind.__name__ for kind in kinds))
        raise DataError(f"Column {str(name)!r} mixes values that do not go together ({listed}). Give all of one kind.") from error


def _is_missing(value: Any) -> bool:
    """None, NaN, and pandas' NA and NaT, which cannot be compared."""
    return value is None or type(value).__name__ in ("NAType", "NaTType") or (isinstance(value, float | np.floating) and value != value)
