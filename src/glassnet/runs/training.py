"""The whole job, without any user interface: read, set test rows aside, prepare, train, ask the test rows once, write it down.

read -> decide task -> split -> prepare (training rows only) -> fit -> save -> test rows -> baselines -> figures
"""

from __future__ import annotations

import hashlib
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import Pipeline

from glassnet.checks import DataError, DivergenceError
from glassnet.data.preparation import TablePreparation
from glassnet.data.splitting import split_rows
from glassnet.estimators.persistence import FILE_NAME, save
from glassnet.runs.baselines import Constant, single_unit
from glassnet.runs.choices import LINE_SEARCH, decided, estimator_for
from glassnet.runs.config import RunConfig
from glassnet.runs.directory import RunDirectory
from glassnet.runs.metrics import Metrics, finite, metrics_of
from glassnet.runs.reading import Say, Table, read_training_table
from glassnet.seeing import plots
from glassnet.training.history import Row


@dataclass(frozen=True)
class RunResult:
    """What came of a run.

    Attributes
    ----------
    model : Pipeline
        Preparation and estimator; predicts from a table.
    config : RunConfig
        With everything decided.
    task : Task
        Classification or regression, and why.
    facts : dict
        What metrics.json holds: rows, metrics of the test rows, baselines, how training ended.
    directory : Path or None
        Where the files are.
    interrupted : bool
        Whether the user stopped the training; the model then holds the best weights so far.
    """

    model: Pipeline
    config: RunConfig
    table: Table
    facts: dict[str, Any]
    directory: Path | None
    interrupted: bool

    @property
    def preparation(self) -> TablePreparation:
        """The first step of the model."""
        return self.model[0]

    @property
    def estimator(self) -> Any:
        """The second step of the model."""
        return self.model[1]


def train_run(
    config: RunConfig,
    output: str | Path | None = None,
    *,
    started: Callable[[RunConfig], None] | None = None,
    observer: Callable[[Row], None] | None = None,
    say: Say | None = None,
    replace: bool = False,
) -> RunResult:
    """Train on a table and write a run directory.

    Parameters
    ----------
    config : RunConfig
        The same configuration and table give the same weights, bit for bit (same machine, same number of threads).
    output : path, optional
        The run directory; None writes nothing.
    started : callable, optional
        Called with the decided configuration when training begins.
    observer : callable, optional
        Called with each row of the history as it is made.
    say : callable, optional
        Called with each sentence the user should know.
    replace : bool
        Whether an earlier run in ``output`` may be replaced.

    Raises
    ------
    DataError
        For a table, target or directory that cannot be used.
    ValueError
        For parameters that no estimator takes.
    DivergenceError
        Where training runs away.
    """
    say = say or (lambda sentence: None)
    directory = None if output is None else RunDirectory.claim(output, replace=replace)
    try:
        table = read_training_table(config, say)
        say(_announcement(table))
        parts = _split(config, table)
        config = decided(config.replace(target=table.target), table.task.kind, len(parts[0]))
        preparation = TablePreparation(dtype="float64" if config.solver in LINE_SEARCH else "float32").fit(table.X[parts[0]])
        for message in preparation.messages_:
            say(message)
        matrices = [preparation.transform(table.X[rows]) for rows in parts]
        targets = [table.y[rows] for rows in parts]
        if started is not None:
            started(config)
        estimator, seconds = _fit(config, matrices, targets, observer, say)
    except BaseException:
        if directory is not None:
            directory.release()
        raise
    model = Pipeline([("preparation", preparation), ("model", estimator)])
    constant = Constant.of(targets[0], classes=config.task == "classification")
    if directory is not None:
        save(model, directory.path / FILE_NAME, extra=_beside(config, table, constant))
    interrupted = estimator.stopped_because_.startswith("interrupted")
    facts = {
        "task": config.task,
        "target": table.target,
        "reason": table.task.reason,
        "classes": [str(label) for label in table.task.classes],
        "data": {"path": config.data, "sha256": _sha256(config.data)},
        "rows": dict(zip(("training", "held_out", "test"), map(len, parts), strict=True)) | {"without_target": table.rows_without_target},
        **_results(config, matrices, targets, estimator, constant, interrupted=interrupted),
        "training": _ending(estimator, watched=len(parts[1]) > 0, seconds=seconds),
    }
    result = RunResult(model, config, table, facts, None if directory is None else directory.path, interrupted)
    if directory is not None:
        _write(directory, result, matrices[2], targets[2])
    return result


def _announcement(table: Table) -> str:
    if table.task.kind == "regression":
        return f"Learning to predict the number {table.target!r} from {len(table.y):,} rows."
    return f"Learning to tell {len(table.task.classes)} classes of {table.target!r} apart from {len(table.y):,} rows."


def _split(config: RunConfig, table: Table) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Row numbers for training, watching and the test; training has rows of every class."""
    parts = split_rows(table.y, table.task.kind, test_fraction=config.test_fraction, val_fraction=config.val_fraction, seed=config.seed)
    if table.task.kind == "classification":
        lost = [label for label in table.task.classes if not (table.y[parts[0]] == label).any()]
        if lost:
            raise DataError(
                f"No training row of class {lost[0]!r} is left after the split. Lower the test or the held-out fraction, or add rows of it."
            )
    return parts


def _fit(
    config: RunConfig, matrices: list[NDArray[Any]], targets: list[NDArray[Any]], observer: Callable[[Row], None] | None, say: Say
) -> tuple[Any, float]:
    """(the fitted estimator, seconds). Warnings are said, except those that the reason for stopping says already."""
    watched = len(targets[1]) > 0
    estimator = estimator_for(config, watched=watched)
    estimator._observers = () if observer is None else (observer,)
    held_out = {"X_val": matrices[1], "y_val": targets[1]} if watched else {}
    began = time.perf_counter()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            estimator.fit(matrices[0], targets[0], **held_out)
            if len(estimator.history_) and not np.isfinite(_watched_losses(estimator, watched=watched)).any():
                raise DivergenceError(estimator.stopped_because_)
        except DivergenceError as error:
            raise DivergenceError(str(error).removesuffix("The best weights so far are kept.") + "Nothing was saved.") from error
    if not len(estimator.history_):
        raise KeyboardInterrupt  # before the first epoch was over: there is nothing to keep
    estimator._observers = ()
    for warning in caught:
        if not issubclass(warning.category, ConvergenceWarning) and "interrupted" not in str(warning.message):
            say(str(warning.message))
    return estimator, time.perf_counter() - began


def _results(
    config: RunConfig,
    matrices: list[NDArray[Any]],
    targets: list[NDArray[Any]],
    estimator: Any,
    constant: Constant,
    *,
    interrupted: bool,
) -> dict[str, Any]:
    """Metrics of the test rows, and of the baselines beside them; None without test rows. Whoever interrupts is not kept waiting."""
    X, y = matrices[2], targets[2]
    if not len(y):
        return {"test": None, "baselines": {}}
    classes = config.task == "classification"
    baselines: dict[str, Metrics] = {"majority" if classes else "mean": constant.metrics(y, estimator.classes_ if classes else None)}
    if config.model != "logistic" and not interrupted:
        unit = single_unit(matrices[0], targets[0], classes=classes)
        if not unit.stopped_because_.startswith("interrupted"):
            name = ("logistic" if len(estimator.classes_) == 2 else "softmax") if classes else "linear"
            baselines[name] = metrics_of(unit, X, y)
    return {"test": metrics_of(estimator, X, y), "baselines": baselines}


def _watched_losses(estimator: Any, *, watched: bool) -> NDArray[np.float64]:
    """The held-out loss of each epoch, or the training loss where no rows are held out."""
    return np.array(estimator.history_.column("val_loss" if watched else "loss"), dtype=np.float64)


def _ending(estimator: Any, *, watched: bool, seconds: float) -> dict[str, Any]:
    """How training went and ended."""
    losses = _watched_losses(estimator, watched=watched)
    restored = watched or estimator.stopped_because_.startswith("interrupted")
    kept = int(np.nanargmin(losses)) if restored else len(losses) - 1
    return {
        "epochs": len(losses),
        "kept_epoch": kept + 1,
        "loss": finite(estimator.history_[kept]["loss"]),
        "held_out_loss": finite(losses[kept]) if watched else None,
        "stopped_because": estimator.stopped_because_,
        "seconds": round(seconds, 3),
        "parameters": int(sum(part.size for part in (*estimator.coefs_, *estimator.intercepts_))),
    }


def _beside(config: RunConfig, table: Table, constant: Constant) -> dict[str, Any]:
    """What the model file holds beside the model, for whoever predicts or evaluates with it."""
    return {
        "config": {name: list(value) if isinstance(value, tuple) else value for name, value in vars(config).items()},
        "columns": list(table.columns),
        "reason": table.task.reason,
        "constant": {"shares": list(constant.shares), "mean": constant.mean},
    }


def _write(directory: RunDirectory, result: RunResult, X: NDArray[Any], y: NDArray[Any]) -> None:
    history, facts = result.estimator.history_, result.facts
    directory.write("config.toml", result.config.to_toml())
    directory.write_json("metrics.json", facts)
    directory.write_json("schema.json", result.preparation.to_schema())
    directory.write_by("history.csv", history.to_csv)
    figures = {"cost.png": plots.cost_curve(history, kept=facts["training"]["kept_epoch"], unit=_unit(result.config))}
    if len(y):
        predicted = result.estimator.predict(X)
        if result.config.task == "classification":
            figures["confusion.png"] = plots.confusion(y, predicted, result.estimator.classes_.tolist())
        else:
            figures["residuals.png"] = plots.residuals(y, predicted, name=result.table.target)
    for name, figure in figures.items():
        directory.write(name, plots.png(figure))
    directory.remove_others({FILE_NAME, "config.toml", "metrics.json", "schema.json", "history.csv", *figures})


def _unit(config: RunConfig) -> str:
    """What the loss in the history is measured in."""
    if config.loss == "log_loss":
        return "cross-entropy, nats per row"
    name = str(config.loss).replace("_", " ")
    if config.task == "classification":
        return name
    return name if config.loss == "poisson" else f"{name}, target standardised"


def _sha256(path: str) -> str | None:
    """Of the table, so that a repeated run can be told from one on other data; None for a stream, which is read only once."""
    if not Path(path).is_file():
        return None
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
