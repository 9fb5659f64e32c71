"""The whole job, without any user interface: read, set test rows aside, prepare, train, ask the test rows once, write it down.

read -> decide task -> split -> prepare (training rows only) -> search, if asked for -> fit -> save -> test rows -> baselines
-> doctor -> figures -> report
"""

from __future__ import annotations

import contextlib
import itertools
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars.selectors
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import Pipeline

from glassnet.checks import DataError, DivergenceError
from glassnet.data.pixels import ImagePreparation
from glassnet.data.preparation import TablePreparation
from glassnet.estimators.persistence import FILE_NAME, save
from glassnet.runs.baselines import Constant, single_unit, single_unit_on_pictures
from glassnet.runs.choices import decided, estimator_for
from glassnet.runs.config import RunConfig
from glassnet.runs.diagnosing import diagnosis_of
from glassnet.runs.directory import RunDirectory
from glassnet.runs.environment import environment
from glassnet.runs.memory import check_room
from glassnet.runs.metrics import Metrics, metrics_of
from glassnet.runs.picture_reading import Stage, fingerprint, read_examples
from glassnet.runs.preparing import Parts, Prepared, prepare, split
from glassnet.runs.pretraining import Pretraining, machines_of
from glassnet.runs.reading import Examples, Say
from glassnet.runs.recording import beside_the_model, ending, watched_losses, write_run
from glassnet.runs.remarking import remarks_on
from glassnet.runs.reporting import NAME, report_of
from glassnet.runs.searching import Found, search
from glassnet.training.history import Row

HUGE = 1e15
"""A target beyond it is named where training runs away."""


class InterruptedLate(KeyboardInterrupt):
    """Ctrl-C after the model was written; the message says where it is and what is missing."""


@dataclass(frozen=True)
class RunResult:
    """What came of a run.

    Attributes
    ----------
    model : Pipeline
        Preparation and estimator; predicts from a table, or from the bytes of pictures.
    config : RunConfig
        With everything decided.
    data : Examples
        What was learned from.
    facts : dict
        What metrics.json holds: rows, metrics of the test rows, baselines, how training ended.
    directory : Path or None
        Where the files are.
    interrupted : bool
        Whether the user stopped the training; the model then holds the best weights so far.
    """

    model: Pipeline
    config: RunConfig
    data: Examples
    facts: dict[str, Any]
    directory: Path | None
    interrupted: bool

    @property
    def preparation(self) -> TablePreparation | ImagePreparation:
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
    stage: Stage | None = None,
    say: Say | None = None,
    replace: bool = False,
) -> RunResult:
    """Train on a table, on pictures or on arrays, and write a run directory.

    Parameters
    ----------
    config : RunConfig
        The same configuration and data give the same weights, bit for bit (same machine, same number of threads).
    output : path, optional
        The run directory; None writes nothing.
    started : callable, optional
        Called with the decided configuration when training begins.
    observer : callable, optional
        Called with each row of the history as it is made.
    stage : callable, optional
        Called now and then with what is done before training begins, how much of it is done, and how much there is.
    say : callable, optional
        Called with each sentence the user should know.
    replace : bool
        Whether an earlier run in ``output`` may be replaced.

    Raises
    ------
    DataError
        For data, a target or a directory that cannot be used.
    ValueError
        For parameters that no estimator takes.
    DivergenceError
        Where training runs away.
    KeyboardInterrupt
        Where the user interrupts before there are weights to keep; InterruptedLate after they were written.
    """
    say = say or (lambda sentence: None)
    directory = None if output is None else RunDirectory.claim(output, replace=replace)
    try:
        data = read_examples(config, say, stage, None if directory is None else directory.path.resolve().parent)
        say(_announcement(data))
        parts = split(config, data)
        config, found = _chosen(config, data, parts, stage)
        prepared = prepare(config, data, parts)
        for message in prepared.preparation.messages_:
            say(message)
        _check_size(config, prepared)
        estimator, seconds = _fit(config, prepared, observer, say, started, stage)
    except BaseException:
        if directory is not None:
            directory.release()
        raise
    model = Pipeline([("preparation", prepared.preparation), ("model", estimator)])
    constant = Constant.of(prepared.training.y, classes=config.task == "classification")
    if directory is None:
        return _finished(config, data, parts, prepared, model, constant, seconds, None, found, say)
    with _undisturbed():
        save(model, directory.path / FILE_NAME, extra=beside_the_model(config, data, constant))
        directory.remove_others({FILE_NAME})  # numbers and figures of an earlier model must not stand beside this one
    try:
        return _finished(config, data, parts, prepared, model, constant, seconds, directory, found, say)
    except KeyboardInterrupt as error:
        raise InterruptedLate(f"The weights are in {directory.path / FILE_NAME}; some numbers or figures are missing.") from error


def _finished(
    config: RunConfig,
    data: Examples,
    parts: Parts,
    prepared: Prepared,
    model: Pipeline,
    constant: Constant,
    seconds: float,
    directory: RunDirectory | None,
    found: Found | None,
    say: Say,
) -> RunResult:
    """Ask the test rows and the doctor, and write down everything but the model, which is there already."""
    estimator = model[1]
    interrupted = estimator.stopped_because_.startswith("interrupted")
    lengths = {"training": len(prepared.training), "held_out": len(prepared.held_out), "test": len(prepared.test)}
    facts = {
        "task": config.task,
        "target": data.target,
        "reason": data.task.reason,
        "classes": [str(label) for label in data.task.classes],
        "data": {"path": config.data, "sha256": fingerprint(config, data)},
        "rows": lengths | {"without_target": data.rows_without_target},
        **_results(config, prepared, estimator, constant, interrupted=interrupted),
        "search": None if found is None else found.facts(),
        "training": ending(estimator, watched=len(prepared.held_out) > 0, seconds=seconds),
    }
    if config.model == "dbn":
        facts["pretraining"] = machines_of(estimator)
    facts["remarks"] = remarks_on(config, facts, constant, numbers=_numbers(data))
    diagnosis = diagnosis_of(model, prepared)
    for finding in diagnosis:
        say(str(finding))
    facts["diagnosis"] = diagnosis.to_dict()["findings"]
    facts["environment"] = environment()
    if directory is not None:
        write_run(directory, config, data, parts, prepared, estimator, facts, found)
        directory.write(NAME, report_of(config, data, parts, model, prepared.test.X, facts, directory.path).html)
    return RunResult(model, config, data, facts, None if directory is None else directory.path, interrupted)


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Ctrl-C is not heard while something is done that must not be lost."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before or signal.SIG_DFL)


def _numbers(data: Examples) -> list[str]:
    """The names of the first two columns of numbers of a table."""
    return [] if data.are_pictures else data.X.select(polars.selectors.numeric()).columns[:2]


def _parameters(config: RunConfig, prepared: Prepared) -> int:
    """How many weights and biases the network will have."""
    outputs = len(np.unique(prepared.training.y)) if config.task == "classification" else 1
    sizes = (prepared.training.X.shape[1], *(config.hidden or ()), 1 if outputs == 2 else outputs)
    return sum((a + 1) * b for a, b in itertools.pairwise(sizes))


def _check_size(config: RunConfig, prepared: Prepared) -> None:
    check_room(_parameters(config, prepared), np.dtype(prepared.training.X.dtype).itemsize)


def _announcement(data: Examples) -> str:
    rows = f"{len(data.y):,} {'pictures' if data.are_pictures else 'rows'}"
    if data.task.kind == "regression":
        return f"Learning to predict the number {data.target!r} from {rows}."
    return f"Learning to tell {len(data.task.classes)} classes{'' if data.are_pictures else f' of {data.target!r}'} apart from {rows}."


def _chosen(config: RunConfig, data: Examples, parts: Parts, stage: Stage | None) -> tuple[RunConfig, Found | None]:
    """The configuration with everything decided, by a search where one is asked for, and what the search found."""
    given = config.replace(target=data.target, size=data.size, grey=None if data.channels is None else data.channels == 1)
    config = decided(given, data.task.kind, len(parts[0]), pictures=data.are_pictures)
    if config.search is None:
        return config, None
    found = search(given, config, data, parts, stage)
    return found.config, found


def _fit(
    config: RunConfig,
    prepared: Prepared,
    observer: Callable[[Row], None] | None,
    say: Say,
    started: Callable[[RunConfig], None] | None,
    stage: Stage | None,
) -> tuple[Any, float]:
    """(the fitted estimator, seconds). Warnings are said, except those that the reason for stopping says already."""
    watched = len(prepared.held_out) > 0
    estimator = estimator_for(config, watched=watched)
    estimator._observers = () if observer is None else (observer,)
    if config.model == "dbn" and config.pretrain_epochs:
        estimator._watch = Pretraining(
            len(config.hidden or ()), config.pretrain_epochs, stage, partial(started, config) if started else None
        )
    elif started is not None:
        started(config)
    held_out = {"X_val": prepared.held_out.X, "y_val": prepared.held_out.y} if watched else {}
    began = time.perf_counter()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            estimator.fit(prepared.training.X, prepared.training.y, **held_out)
            if len(estimator.history_) and not np.isfinite(watched_losses(estimator, watched=watched)).any():
                raise DivergenceError(estimator.stopped_because_)
        except DivergenceError as error:
            raise DivergenceError(_diverged(str(error), config, prepared)) from error
        except MemoryError as error:
            raise DataError(
                f"The memory does not suffice for a network of {_parameters(config, prepared):,} parameters on {len(prepared.training):,} "
                "rows. Use fewer units, or a smaller --batch-size."
            ) from error
    if not len(estimator.history_):
        if not estimator.stopped_because_.startswith("interrupted"):
            raise DivergenceError(f"Training ended before its first epoch was over: {estimator.stopped_because_}. Nothing was saved.")
        raise KeyboardInterrupt  # before the first epoch was over: there is nothing to keep
    estimator._observers = ()
    if config.model == "dbn":
        estimator._watch = None
    for warning in caught:
        if not issubclass(warning.category, ConvergenceWarning) and "interrupted" not in str(warning.message):
            say(str(warning.message))
    return estimator, time.perf_counter() - began


def _diverged(sentence: str, config: RunConfig, prepared: Prepared) -> str:
    """What is said of a training that ran away."""
    words = [sentence.removesuffix("The best weights so far are kept.").rstrip()]
    if config.task == "regression" and (largest := float(np.abs(prepared.training.y).max())) > HUGE:
        words.append(f"The target reaches {largest:.3g}: give it in larger units.")
    return " ".join([*words, "Nothing was saved."])


def _results(config: RunConfig, prepared: Prepared, estimator: Any, constant: Constant, *, interrupted: bool) -> dict[str, Any]:
    """Metrics of the test rows, and of the baselines beside them; None without test rows. Whoever interrupts is not kept waiting."""
    X, y = prepared.test.X, prepared.test.y
    if not len(y):
        return {"test": None, "baselines": {}}
    classes = config.task == "classification"
    baselines: dict[str, Metrics] = {"majority" if classes else "mean": constant.metrics(y, estimator.classes_ if classes else None)}
    if config.model != "logistic" and not interrupted:
        if isinstance(prepared.preparation, ImagePreparation):
            unit = single_unit_on_pictures(config, prepared)
        else:
            unit = single_unit(prepared.training.X, prepared.training.y, classes=classes, class_weight=config.class_weight)
        if not unit.stopped_because_.startswith("interrupted"):
            name = ("logistic" if len(estimator.classes_) == 2 else "softmax") if classes else "linear"
            baselines[name] = metrics_of(unit, X, y)
    return {"test": metrics_of(estimator, X, y), "baselines": baselines}
