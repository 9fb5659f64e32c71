"""What a trained run says about new rows: predictions row for row, and how good they are where the truth is known."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from glassnet.checks import DataError, ModelFileError
from glassnet.data.targets import Task, drop_missing_target, resolve_column, target_values
from glassnet.estimators.persistence import load_with_extra
from glassnet.runs.baselines import Constant
from glassnet.runs.config import RunConfig
from glassnet.runs.metrics import Metrics, metrics_of
from glassnet.runs.reading import Say, read_rows

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""


@dataclass(frozen=True)
class Run:
    """A trained run: its model, how its table was read, and what stands beside its results."""

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
        raise ModelFileError(f"{path} holds a model without the preparation of a table. Use it from Python: glassnet.load({str(path)!r}).")
    return run


def read_new_rows(run: Run, path: str, say: Say, reading: Mapping[str, Any] | None = None) -> pl.DataFrame:
    """A table for ``run``, read as its own was unless ``reading`` (fields of RunConfig) says otherwise.

    Without a header, a table that lacks just the target's column gets the other columns' names.
    """
    config = run.config.replace(text=(), **(reading or {}))
    try:
        frame = read_rows(config, path, say, text=run.model[0].text_columns_)
    except DataError:
        # A column is missing, or the table is no table. Read without its help, the preparation names every missing column.
        frame = read_rows(config, path, lambda sentence: None)
    others = [name for name in run.columns if name != run.config.target]
    if not config.header and frame.width == len(others):
        frame = frame.rename(dict(zip(frame.columns, others, strict=True)))
    return frame


def predict_run(run: Run, frame: pl.DataFrame, say: Say) -> pl.DataFrame:
    """A column ``prediction``, then ``probability_<class>`` columns; row for row in the order of ``frame``.

    Raises DataError where columns are missing or values of the wrong type.
    """
    if run.config.target in frame.columns:
        say(f"The table has the target {run.config.target!r}; it is not looked at.")
        frame = frame.drop(run.config.target)
    preparation, estimator = run.model[0], run.model[1]
    X = preparation.transform(frame.select(name for name in frame.columns if name not in run.config.drop))
    for remark in preparation.remarks_:
        say(remark)
    predicted = estimator.predict(X)
    if run.config.task == "regression":
        return pl.DataFrame({"prediction": predicted})
    columns: dict[str, Any] = {"prediction": pl.Series(predicted.tolist())}
    for label, probability in zip(estimator.classes_.tolist(), estimator.predict_proba(X).T, strict=True):
        columns[f"probability_{label}"] = np.ascontiguousarray(probability)
    return pl.DataFrame(columns)


def harmless(predictions: pl.DataFrame) -> pl.DataFrame:
    """The same with an apostrophe before labels that a spreadsheet would take for a formula."""
    labels = predictions["prediction"]
    if labels.dtype != pl.String:
        return predictions
    dangerous = pl.any_horizontal(pl.col("prediction").str.starts_with(sign) for sign in FORMULA)
    return predictions.with_columns(prediction=pl.when(dangerous).then("'" + pl.col("prediction")).otherwise(pl.col("prediction")))


def evaluate_run(run: Run, frame: pl.DataFrame, say: Say, *, target: str | None = None) -> dict[str, Any]:
    """Metrics of the rows whose target is known, and of the constant answer beside them.

    Raises DataError where the target is missing, has a class that training did not have, or a number that is none.
    """
    try:
        name = resolve_column(frame, target or run.config.target)
    except DataError as error:
        raise DataError(f"To evaluate, the table needs the target. {error}") from error
    rows = frame.height
    frame, dropped = drop_missing_target(frame, name)
    if dropped:
        say(f"{dropped:,} of {rows:,} rows have no {name!r} and are left out.")
    y: NDArray[Any] = target_values(frame[name], run.task)
    preparation, estimator = run.model[0], run.model[1]
    X = preparation.transform(frame.drop(name, *(column for column in run.config.drop if column in frame.columns)))
    for remark in preparation.remarks_:
        say(remark)
    classes = estimator.classes_ if run.config.task == "classification" else None
    baseline: Metrics = run.constant.metrics(y, classes)
    return {
        "task": run.config.task,
        "target": name,
        "rows": len(y),
        "metrics": metrics_of(estimator, X, y),
        "baselines": {"mean" if classes is None else "majority": baseline},
    }
