"""What a trained run says about new rows: predictions row for row, and how good they are where the truth is known."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from glassnet.checks import DataError, ModelFileError
from glassnet.data.arrays import holds_arrays
from glassnet.data.formulas import with_formulas
from glassnet.data.image_files import label_in
from glassnet.data.images import Images
from glassnet.data.places import Place, placed, places_of, row_number
from glassnet.data.prepared_rows import PreparedRows
from glassnet.data.targets import Task, drop_missing_target, known_rows, resolve_column, target_values
from glassnet.estimators.persistence import load_with_extra
from glassnet.files.spreadsheets import FORMULA, NUMBER
from glassnet.runs.baselines import Constant
from glassnet.runs.config import RunConfig
from glassnet.runs.metrics import Metrics, metrics_of
from glassnet.runs.picture_reading import TARGET, read_new_pictures
from glassnet.runs.reading import Say, formulas_of, places, read_rows

Rows = pl.DataFrame | Images


@dataclass(frozen=True)
class Run:
    """A trained run: its model, how its rows were read, and what stands beside its results."""

    model: Pipeline
    config: RunConfig
    columns: tuple[str, ...]
    reason: str
    constant: Constant

    @property
    def task(self) -> Task:
        """What is predicted, with the classes that training had."""
        if self.config.task == "classification":
            return Task("classification", self.reason, tuple(self.model[1].classes_.tolist()))
        return Task("regression", self.reason)


def open_run(path: str | os.PathLike[str]) -> Run:
    """The run in a directory, or in a model file of one. Raises ModelFileError where it is none."""
    model, extra = load_with_extra(path)
    try:
        constant = extra["constant"]
        run = Run(
            model,
            RunConfig.from_mapping(extra["config"]),
            tuple(map(str, extra["columns"])),
            str(extra["reason"]),
            Constant(tuple(map(float, constant["shares"])), float(constant["mean"])),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ModelFileError(f"{path} holds a model that no run has written. Use it from Python: glassnet.load({str(path)!r}).") from error
    if not isinstance(model, Pipeline):
        raise ModelFileError(f"{path} holds a model without the preparation of its rows. Use it from Python: glassnet.load({str(path)!r}).")
    return run


def read_new_rows(run: Run, path: str, say: Say, reading: Mapping[str, Any] | None = None) -> Rows:
    """Rows for ``run``: pictures, or a table read as its own was unless ``reading`` (fields of RunConfig) says otherwise.

    Without a header, a table that lacks just the target's column gets the other columns' names. Formulas are not applied yet.
    """
    if run.config.size is not None or (holds_arrays(run.config.data) and holds_arrays(path)):
        return read_new_pictures(run.config, path, say)
    if os.path.isdir(path):
        raise DataError(f"{path} is a folder, and this run was trained on a table. Name a table.")
    config = run.config.replace(text=(), **(reading or {}))
    try:
        frame = read_rows(config, path, say, text=[name for name in run.model[0].text_columns_ if name not in run.config.add])
    except DataError:
        # A column is missing, or the table is no table. Read without its help, the preparation names every missing column.
        frame = read_rows(config, path, lambda sentence: None)
    others = [name for name in run.columns if name != run.config.target]
    if not config.header and frame.width == len(others):
        frame = frame.rename(dict(zip(frame.columns, others, strict=True)))
    return frame


def places_of_new_rows(run: Run, path: str, reading: Mapping[str, Any] | None = None) -> Place:
    """Where the rows of `read_new_rows` stand: in a line of the file, or, of what is no table, in a row."""
    if holds_arrays(path) or os.path.isdir(path):
        return row_number
    return places(run.config.replace(**(reading or {})), path)


def predict_run(run: Run, rows: Rows, say: Say, place: Place = row_number) -> pl.DataFrame:
    """A column ``prediction``, then ``probability_<class>`` columns; row for row in the order of ``rows``.

    Before them stands ``file`` for pictures from a folder, and ``row`` (from 0) for arrays.
    Raises DataError where columns are missing or values of the wrong type.
    """
    estimator, columns = run.model[1], dict[str, Any]()
    if isinstance(rows, Images):
        columns = {"file": rows.names} if rows.names else {"row": range(len(rows))}
    elif holds_arrays(run.config.data):
        columns = {"row": range(rows.height)}
    if isinstance(rows, pl.DataFrame) and run.config.target in rows.columns:
        say(f"The table has the target {run.config.target!r}; it is not looked at.")
        rows = rows.drop(run.config.target)
    with placed(place):
        X = _features(run, rows, say)
    predicted = estimator.predict(X)
    if run.config.task == "regression":
        return pl.DataFrame(columns | {"prediction": predicted})
    columns["prediction"] = pl.Series(predicted.tolist())
    for label, probability in zip(estimator.classes_.tolist(), estimator.predict_proba(X).T, strict=True):
        columns[f"probability_{label}"] = np.ascontiguousarray(probability)
    return pl.DataFrame(columns)


def _features(run: Run, rows: Rows, say: Say) -> Any:
    """What the network is asked about: of pictures, a few at a time will be made."""
    preparation = run.model[0]
    if isinstance(rows, Images):
        size, channels = preparation.size, preparation.channels
        if (rows.size, rows.channels) != (size, channels):
            given = f"{rows.size} x {rows.size} with channels: {rows.channels}"
            raise DataError(f"The pictures are {given}; this run was trained on {size} x {size} with channels: {channels}.")
        return PreparedRows(rows.pixels, preparation)
    frame = with_formulas(rows, formulas_of(run.config))
    X = preparation.transform(frame.select(name for name in frame.columns if name not in run.config.drop))
    for remark in preparation.remarks_:
        say(remark)
    return X


def harmless(predictions: pl.DataFrame) -> pl.DataFrame:
    """The same with an apostrophe before labels, and names of files, that a spreadsheet would take for a formula.

    What begins with an apostrophe gets one more, so that taking one away from whatever begins with it gives every label back.
    """
    for name in ("file", "prediction"):
        if name in predictions.columns and predictions[name].dtype == pl.String:
            text = pl.col(name)
            dangerous = pl.any_horizontal(text.str.starts_with(sign) for sign in (*FORMULA, "'")) & ~text.str.contains(NUMBER)
            predictions = predictions.with_columns(pl.when(dangerous).then("'" + text).otherwise(text).alias(name))
    return predictions


def evaluate_run(run: Run, rows: Rows, say: Say, *, target: str | None = None, place: Place = row_number) -> dict[str, Any]:
    """Metrics of the rows whose target is known, and of the constant answer beside them.

    Raises DataError where the target is missing, has a class that training did not have, or a number that is none.
    """
    frame, name = _with_truth(run, rows, target)
    n_rows = frame.height
    known, dropped = drop_missing_target(frame, name)
    if dropped:
        say(f"{dropped:,} of {n_rows:,} rows have no {name!r} and are left out.")
    if isinstance(rows, Images) and rows.names:
        place = rows.names.__getitem__
    with placed(places_of(place, known_rows(frame[name]))):
        y: NDArray[Any] = target_values(known[name], run.task)
        X = _features(run, rows if isinstance(rows, Images) else known.drop(name), say)
    classes = run.model[1].classes_ if run.config.task == "classification" else None
    baseline: Metrics = run.constant.metrics(y, classes)
    return {
        "task": run.config.task,
        "target": name,
        "rows": len(y),
        "metrics": metrics_of(run.model[1], X, y),
        "baselines": {"mean" if classes is None else "majority": baseline},
    }


def _labels(run: Run, images: Images) -> Sequence[Any] | NDArray[Any] | None:
    """The classes of pictures; names that all begin alike give one, too, where training had it: cat.1.jpg, cat.2.jpg."""
    named = [label_in(name) for name in images.names]
    alike = images.labels is None and len(set(named)) == 1 and named[0] in run.task.classes
    return named if alike else images.labels


def _with_truth(run: Run, rows: Rows, target: str | None) -> tuple[pl.DataFrame, str]:
    """(the table with the truth in it, the truth's column); of pictures, their classes only."""
    if isinstance(rows, Images):
        labels = _labels(run, rows)
        if labels is None:
            raise DataError(f"To evaluate, the pictures need their classes. {rows.labelling}")
        return pl.DataFrame({TARGET: labels}), TARGET
    try:
        return rows, resolve_column(rows, target or run.config.target)
    except DataError as error:
        raise DataError(f"To evaluate, the table needs the target. {error}") from error
