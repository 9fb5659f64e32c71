"""From the file to rows and target: how a run's table is read, and what is said about it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from numpy.typing import NDArray

from glassnet.checks import DataError
from glassnet.data.tables import MISSING, read_table
from glassnet.data.targets import Task, decide_task, drop_missing_target, resolve_column, target_values
from glassnet.runs.config import RunConfig

Say = Callable[[str], None]


@dataclass(frozen=True)
class Table:
    """Rows whose target is known: the other columns, and the target's values."""

    X: pl.DataFrame
    y: NDArray[Any]
    target: str
    task: Task
    columns: tuple[str, ...]
    rows_without_target: int


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
        )
    for warning in caught:
        say(str(warning.message))
    return frame


def read_training_table(config: RunConfig, say: Say) -> Table:
    """The table of a run, its target found and its task decided.

    Raises DataError where the file is no table or the target cannot be learned.
    """
    if not config.data:
        raise DataError("There is no table to learn from: name one, on the command line or as data in the configuration.")
    frame = read_rows(config, config.data, say)
    target = resolve_column(frame, config.target)
    dropped = [resolve_column(frame, name) for name in config.drop]
    if target in dropped:
        raise DataError(f"{target!r} is the target and cannot be dropped as well. Name another column.")
    columns = tuple(frame.columns)
    frame, without_target = drop_missing_target(frame.drop(dropped), target)
    if without_target:
        say(f"{without_target:,} of {without_target + frame.height:,} rows have no {target!r} and are left out.")
    task = decide_task(frame[target], config.task)
    if frame.width == 1:
        raise DataError(f"The table has no column but the target {target!r}; there is nothing to learn from.")
    return Table(frame.drop(target), target_values(frame[target], task), target, task, columns, without_target)
