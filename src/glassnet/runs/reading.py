"""From the file to rows and target: how a run's table is read, and what is said about it. Pictures: `picture_reading.py`."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl
from numpy.typing import NDArray

from glassnet.checks import DataError
from glassnet.data.arrays import Arrays
from glassnet.data.formula_text import FormulaError
from glassnet.data.formulas import Formula, with_formulas
from glassnet.data.places import Place, placed, places_in, places_of
from glassnet.data.strays import refuse_infinite_rows
from glassnet.data.tables import MISSING, read_table
from glassnet.data.targets import Task, decide_task, drop_missing_target, known_rows, resolve_column, target_values
from glassnet.runs.config import RunConfig

Say = Callable[[str], None]
TARGET_OF_ARRAYS = "y"


@dataclass(frozen=True)
class Examples:
    """Rows whose target is known.

    Attributes
    ----------
    X : polars.DataFrame, or uint8 array
        The other columns of a table; or the bytes of pictures, a row each.
    y, target, task
        The target's values, its name, and what kind of task it is.
    columns : tuple of str
        All columns of the table, as they were read.
    text : tuple of str
        Those of X that were named as text.
    rows_without_target : int
        How many rows were left out.
    names : tuple of str
        The files of pictures from a folder.
    size, channels : int
        Of pictures; None for tables.
    aside : Examples or None
        Rows that the file itself sets aside for the test.
    """

    X: Any
    y: NDArray[Any]
    target: str
    task: Task
    columns: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    rows_without_target: int = 0
    names: tuple[str, ...] = ()
    size: int | None = None
    channels: int | None = None
    aside: Examples | None = None

    @property
    def are_pictures(self) -> bool:
        """True where a row is a picture."""
        return self.size is not None


def read_rows(config: RunConfig, path: str | Path, say: Say, *, text: Sequence[str] = ()) -> pl.DataFrame:
    """The table at ``path``, read as ``config`` says; ``text`` names further columns to take as text. Warnings are said."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        frame = read_table(
            path,
            header=config.header,
            delimiter=config.delimiter,
            missing=(*MISSING, *config.missing),
            text=(*config.text, *text),
            encoding=config.encoding,
            decimal=config.decimal,
        )
    for warning in caught:
        say(str(warning.message))
    return frame


def places(config: RunConfig, path: str | Path) -> Place:
    """Where the rows stand that `read_rows` gives."""
    return places_in(path, header=config.header, delimiter=config.delimiter, encoding=config.encoding)


def read_training_table(config: RunConfig, say: Say) -> Examples:
    """The table of a run, its target found, its task decided, its formulas added.

    Raises DataError where the file is no table or the target cannot be learned, and FormulaError for a formula that cannot be used.
    """
    if not config.data:
        raise DataError("There is no table to learn from: name one, on the command line or as data in the configuration.")
    formulas = formulas_of(config)
    return _examples(config, read_rows(config, config.data, say), formulas, say, places(config, config.data))


def table_of_arrays(config: RunConfig, arrays: Arrays, say: Say) -> Examples:
    """Rows of numbers that are no pictures, as a table with the columns x1, x2, ... and the target y."""
    if arrays.y is None:
        raise DataError(f"{config.data} has no labels to learn from. Save them beside the rows, as y (numpy.savez(file, X=..., y=...)).")
    if config.target not in ("-1", TARGET_OF_ARRAYS):
        raise DataError(f"The target of a file of arrays is its array y; got --target {config.target}. Leave it out.")
    formulas = formulas_of(config)
    frame = frame_of(arrays.X, arrays.y)
    refuse_infinite_rows(frame, config.data)
    rows = _examples(config.replace(target=TARGET_OF_ARRAYS), frame, formulas, say, lambda row: f"{config.data}, row {row + 1}")
    if arrays.X_test is None or arrays.y_test is None:
        return rows
    test = with_formulas(frame_of(arrays.X_test, arrays.y_test), formulas)
    test, _ = drop_missing_target(test, TARGET_OF_ARRAYS)
    y = target_values(test[TARGET_OF_ARRAYS], rows.task)
    return replace(rows, aside=replace(rows, X=test.select(rows.X.columns), y=y))


def frame_of(X: NDArray[Any], y: NDArray[Any] | None) -> pl.DataFrame:
    """The columns x1, x2, ..., and y where it is known."""
    frame = pl.DataFrame({f"x{j + 1}": X[:, j] for j in range(X.shape[1])})
    return frame if y is None else frame.with_columns(pl.Series(TARGET_OF_ARRAYS, y))


def formulas_of(config: RunConfig) -> list[Formula]:
    """The formulas of ``add``. Raises FormulaError, with a caret under the fault."""
    return [Formula(text) for text in config.add]


def _examples(config: RunConfig, frame: pl.DataFrame, formulas: list[Formula], say: Say, place: Place) -> Examples:
    target = resolve_column(frame, config.target)
    for formula in formulas:
        if target in formula.columns:
            raise FormulaError(
                f"The formula {formula.name!r} uses the target {target!r}, which new rows do not have. Use other columns, or name another "
                "target."
            )
    columns = tuple(frame.columns)
    rows = known_rows(frame[target])
    frame, without_target = drop_missing_target(frame, target)
    if without_target:
        say(f"{without_target:,} of {without_target + frame.height:,} rows have no {target!r} and are left out.")
    with placed(places_of(place, rows)):
        frame = with_formulas(frame, formulas)
    dropped = [resolve_column(frame, name) for name in config.drop]
    if target in dropped:
        raise DataError(f"{target!r} is the target and cannot be dropped as well. Name another column.")
    named_text = [resolve_column(frame, name) for name in config.text]
    frame = frame.drop(dropped)
    task = decide_task(frame[target], config.task)
    if frame.width == 1:
        raise DataError(f"The table has no column but the target {target!r}; there is nothing to learn from.")
    X = frame.drop(target)
    text = tuple(name for name in named_text if name in X.columns)
    return Examples(X, target_values(frame[target], task), target, task, columns, text, without_target)
