"""One row of a run, traced: of the rows that it set aside for its test, or of new data."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from glassnet.checks import DataError
from glassnet.data.formulas import with_formulas
from glassnet.data.images import Images
from glassnet.data.places import Place, placed, places_of, row_number
from glassnet.data.wording import count
from glassnet.runs.picture_reading import fingerprint, read_examples
from glassnet.runs.prediction import Rows, Run
from glassnet.runs.preparing import split
from glassnet.runs.reading import Examples, Say, formulas_of
from glassnet.seeing.subject import Subject, subject_of
from glassnet.seeing.trace.trace import Trace
from glassnet.seeing.trace.tracing import trace


def explain_test_row(run: Run, path: str | os.PathLike[str], row: int, say: Say, *, target: str | None = None) -> Trace:
    """The trace of test row ``row`` (counted from 1) of the run at ``path``: a row it has never learned from.

    Raises DataError where the run set no rows aside, where its data are no longer there, and for a row that there is not.
    """
    config = run.config
    if not os.path.exists(config.data):
        raise DataError(f"{config.data}, from which the run was learned, is not there. Name DATA, or go to the directory of the training.")
    home = Path(path) if Path(path).is_dir() else Path(path).parent
    data = read_examples(config, lambda sentence: None, beside=home.resolve().parent)
    _compare(run, home, data, say)
    source, rows = (data, split(config, data)[2]) if data.aside is None else (data.aside, np.arange(len(data.aside.y)))
    if not len(rows):
        raise DataError("The run set no rows aside for a test, so all of its rows were learned from. Name DATA.")
    place = int(rows[_index(row, len(rows), "test row")])
    noun = "picture" if data.are_pictures else "row"
    name = f", {source.names[place]}" if source.names else ""
    where = f"{noun} {place + 1:,} of {config.data}{name}" if data.aside is None else f"a {noun} that {config.data} sets aside"
    say(f"Test row {row:,} of {len(rows):,}: {where}.")
    x = source.X[place : place + 1]
    return trace(_subject(run), x, source.y[place] if target is None else _truth(run, target))


def explain_new_row(run: Run, rows: Rows, row: int, say: Say, *, target: str | None = None, place: Place = row_number) -> Trace:
    """The trace of row ``row`` (counted from 1) of new data; without a truth in it, and none given, only the way forward.

    ``place`` says where a row stands in its file. Raises DataError for a row that there is not, and for columns that are missing.
    """
    if isinstance(rows, Images):
        at = _index(row, len(rows), "picture")
        if rows.names:
            say(f"Picture {row:,} of {len(rows):,}: {rows.names[at]}.")
        truth = None if rows.labels is None else rows.labels[at]
        x: Any = rows.pixels[at : at + 1]
    else:
        at = _index(row, rows.height, "row")
        name = run.config.target
        frame = rows[at : at + 1]
        truth = frame[name][0] if name in frame.columns else None
        frame = with_formulas(frame, formulas_of(run.config))
        x = frame.select(column for column in frame.columns if column not in (*run.config.drop, name))
    if target is not None:
        truth = _truth(run, target)
    elif truth is not None:
        truth = _truth(run, truth)
    else:
        say("The truth of this row is not known, so there is no way back; give it with --target.")
    with placed(places_of(place, [at])):
        return trace(_subject(run), x, truth)


def _subject(run: Run) -> Subject:
    """The run's model, what it predicts called by its name."""
    return subject_of(run.model).called(run.config.target or "y")


def _index(row: int, n: int, noun: str) -> int:
    if not 1 <= row <= n:
        there = "there is 1" if n == 1 else f"there are {n:,}, from 1 to {n:,}"
        raise DataError(f"There is no {noun} {row:,}; {there}.")
    return row - 1


def _truth(run: Run, given: Any) -> Any:
    """The truth as the model knows it: a class by how it is written, or a number. Raises DataError for anything else."""
    if run.config.task == "regression":
        try:
            return float(given)
        except (TypeError, ValueError) as error:
            raise DataError(f"The truth must be a number; got {given!r}.") from error
    classes = run.model[1].classes_.tolist()
    found = [label for label in classes if label == given or str(label) == str(given)]
    if not found:
        raise DataError(f"The run does not know the class {given!r}; it knows {', '.join(map(repr, classes))}.")
    return found[0]


def _compare(run: Run, home: Path, data: Examples, say: Say) -> None:
    """Say it where the data are no longer those of the training: which rows were set aside is then not known."""
    try:
        told = json.loads((home / "metrics.json").read_text(encoding="utf-8"))["data"]["sha256"]
    except (OSError, ValueError, KeyError, TypeError):
        return
    if told is not None and told != fingerprint(run.config, data):
        rows = count(len(data.y), "row")
        say(f"{run.config.data} ({rows}) has changed since the training: this row may be one that was learned from.")
