"""Hyperparameters by cross-validation on the training rows: every candidate is learned and scored k times, on rows it has not seen.

grid     every candidate of `search_space`
wide     candidates by chance from its distributions, until ``search_seconds`` are over; the seed decides which come, the time how many

What the user has set is not searched. Of each fold's training rows some are watched to stop by, as in the run itself; the run's own watched
and test rows take no part. The one-standard-error rule chooses, and the run then learns from all of its training rows.
"""

from __future__ import annotations

import csv
import io
import os
import signal
import time
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from joblib import Parallel, delayed, parallel_config
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.model_selection import KFold, ParameterGrid, ParameterSampler, StratifiedKFold
from threadpoolctl import threadpool_limits

from glassnet.checks import DataError, DivergenceError
from glassnet.data.prepared_rows import rows_of
from glassnet.data.splitting import split_rows
from glassnet.estimators.architecture import hidden_sizes
from glassnet.estimators.search_space import one_standard_error, search_space
from glassnet.runs.choices import estimator_for
from glassnet.runs.config import RunConfig
from glassnet.runs.metrics import finite
from glassnet.runs.picture_reading import Stage
from glassnet.runs.preparing import Parts, prepare, table_preparation
from glassnet.runs.reading import Examples

Index = NDArray[np.intp]
Parameters = dict[str, Any]

FOLDS, FOLDS_OF_MANY, MANY = 5, 3, 5_000  # from so many rows on, three folds tell enough
SECONDS = 60.0  # of a search by chance
PROCESSES_PAY = 8.0  # seconds of work left from which starting processes pays
MOST = 10_000  # candidates by chance

FIELDS = {"n_layers": "hidden", "width": "hidden", "alpha": "alpha", "dropout": "dropout", "learning_rate_init": "learning_rate"}
"""What a search varies, and the field of the configuration that holds it."""


@dataclass(frozen=True)
class Candidate:
    """Hyperparameters, their score in each fold, and the seconds of all folds."""

    parameters: Parameters
    scores: tuple[float, ...]
    seconds: float

    @property
    def mean(self) -> float:
        """Mean score over the folds; nan where one of them failed."""
        return float(np.mean(self.scores))

    @property
    def spread(self) -> float:
        """Standard deviation over the folds."""
        return float(np.std(self.scores, ddof=1)) if len(self.scores) > 1 else 0.0


@dataclass(frozen=True)
class Found:
    """What a search found: the configuration to train with, every candidate, and why this one."""

    config: RunConfig
    kind: str
    measure: str
    candidates: list[Candidate]
    chosen: int
    because: str

    def facts(self) -> dict[str, Any]:
        """For metrics.json: finite numbers or null."""
        rows = [
            {"parameters": c.parameters, "mean": finite(c.mean), "spread": finite(c.spread), "seconds": round(c.seconds, 3)}
            for c in self.candidates
        ]
        folds = len(self.candidates[0].scores)
        return {
            "kind": self.kind,
            "measure": self.measure,
            "folds": folds,
            "chosen": self.chosen,
            "because": self.because,
            "candidates": rows,
        }

    def to_csv(self) -> str:
        """A row for each candidate: hyperparameters, mean, spread, the folds, seconds, and whether it is the chosen one."""
        text = io.StringIO()
        names = list(self.candidates[0].parameters)
        folds = [f"fold_{i + 1}" for i in range(len(self.candidates[0].scores))]
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([*names, f"mean_{self.measure}", "spread", *folds, "seconds", "chosen"])
        for i, c in enumerate(self.candidates):
            values = [c.parameters[name] for name in names]
            writer.writerow([*values, c.mean, c.spread, *c.scores, round(c.seconds, 3), str(i == self.chosen).lower()])
        return text.getvalue()


@dataclass(frozen=True)
class Fold:
    """A matrix, and which of its rows are learned from, watched and scored."""

    X: Any
    y: NDArray[Any]
    learned: Index
    watched: Index
    scored: Index


def search(given: RunConfig, config: RunConfig, data: Examples, parts: Parts, stage: Stage | None = None) -> Found:
    """Search for what ``given`` leaves open; ``config`` is the same with everything decided, where the search begins.

    Raises DataError where nothing is left to search, or there are too few rows.
    """
    estimator = estimator_for(config, watched=len(parts[1]) > 0)
    folds = _folds(config, data, parts)
    wide = config.search == "wide"
    space = search_space(estimator, folds[0].X, folds[0].y, wide=wide)
    space = {name: values for name, values in space.items() if getattr(given, FIELDS[name]) is None}
    if not space:
        raise DataError("The search has nothing to vary: everything it would try is given. Leave out --hidden, --alpha or --learning-rate.")
    candidates = _by_chance(estimator, space, folds, config, stage) if wide else _grid(estimator, space, folds, stage)
    chosen, because = one_standard_error(
        {
            "params": [candidate.parameters for candidate in candidates],
            "mean_test_score": [candidate.mean for candidate in candidates],
            **{f"split{k}_test_score": [candidate.scores[k] for candidate in candidates] for k in range(len(folds))},
        }
    )
    measure = "accuracy" if config.task == "classification" else "r2"
    return Found(_with(config, candidates[chosen].parameters), str(config.search), measure, candidates, chosen, because)


def _folds(config: RunConfig, data: Examples, parts: Parts) -> list[Fold]:
    """Classes that have fewer rows than there are folds are always learned from. A table is prepared for each fold anew.

    Pictures are prepared once: a mean per feature over thousands of training pictures, and one scale.
    """
    rows, kind = parts[0], str(config.task)
    y = data.y[rows]
    share = len(parts[1]) / (len(parts[0]) + len(parts[1]))
    matrix = prepare(config, data, parts).training.X if data.are_pictures else None
    folds = []
    for learned, scored in split_folds(y, kind, FOLDS_OF_MANY if len(y) >= MANY else FOLDS, config.seed):
        fit, watched, _ = split_rows(y[learned], kind, test_fraction=0.0, val_fraction=share, seed=config.seed)
        X = matrix
        if X is None:
            preparation = table_preparation(config, data).fit(data.X[rows[learned[fit]]])
            X = preparation.transform(data.X[rows])
        folds.append(Fold(X, y, learned[fit], learned[watched], scored))
    return folds


def split_folds(y: NDArray[Any], kind: str, folds: int, seed: int) -> Iterator[tuple[Index, Index]]:
    """(rows to learn from, rows to score) of each fold. Raises DataError where there are too few rows."""
    if kind != "classification":
        if len(y) < 2 * folds:
            raise DataError(f"A search needs at least {2 * folds} training rows; there are {len(y)}. Leave out --search.")
        yield from KFold(folds, shuffle=True, random_state=seed).split(y)
        return
    _, place, counts = np.unique(y, return_inverse=True, return_counts=True)
    enough = np.flatnonzero(counts[place] >= folds)
    always = np.flatnonzero(counts[place] < folds)
    if len(np.unique(place[enough])) < 2:
        raise DataError(f"A search needs two classes with at least {folds} training rows each. Leave out --search, or add rows.")
    for learned, scored in StratifiedKFold(folds, shuffle=True, random_state=seed).split(enough, place[enough]):
        yield np.sort(np.concatenate([enough[learned], always])), enough[scored]


def _grid(estimator: Any, space: Parameters, folds: list[Fold], stage: Stage | None) -> list[Candidate]:
    grid = [{name: point[name] for name in space} for point in ParameterGrid(space)]
    tasks = [(parameters, fold) for parameters in grid for fold in folds]
    results = []
    for done, result in enumerate(_run(estimator, tasks), start=1):
        results.append(result)
        if stage is not None:
            stage("searching", done, len(tasks))
    return list(_gathered(grid, results, len(folds)))


def _by_chance(estimator: Any, space: Parameters, folds: list[Fold], config: RunConfig, stage: Stage | None) -> list[Candidate]:
    """As many candidates as there is time for; one is begun at least."""
    budget, began = config.search_seconds or SECONDS, time.monotonic()
    points = iter(ParameterSampler(space, MOST, random_state=config.seed))
    found: list[Candidate] = []
    longest = 0.0
    while (spent := time.monotonic() - began) + longest <= budget or not found:
        if stage is not None:
            stage("seconds of searching", int(spent), int(budget))
        drawn = [{name: _plain(point[name]) for name in space} for point in islice(points, _cores() if found else 1)]
        if not drawn:
            break
        tasks = [(parameters, fold) for parameters in drawn for fold in folds]
        each = sum(candidate.seconds for candidate in found) / (len(found) * len(folds)) if found else None
        found += _gathered(drawn, list(_run(estimator, tasks, left=budget - spent, each=each)), len(folds))
        longest = 0.8 * (time.monotonic() - began - spent)
    return found


def _run(
    estimator: Any, tasks: list[tuple[Parameters, Fold]], left: float | None = None, each: float | None = None
) -> Iterator[tuple[float, float]]:
    """(score, seconds) of each task, in order; by several processes where that pays, with ``left`` seconds at most.

    A task takes ``each`` seconds; where that is not known, the first one shows it.
    """
    rest = tasks
    if each is None:
        first = _fitted(estimator, *tasks[0])
        yield first
        rest, each = tasks[1:], first[1]
    work = each * len(rest)
    if _cores() == 1 or min(work, work if left is None else left) < PROCESSES_PAY:
        yield from (_fitted(estimator, *task) for task in rest)
        return
    with parallel_config(backend="loky", n_jobs=_cores(), inner_max_num_threads=1):
        with _deaf_children():
            results = Parallel(return_as="generator")(delayed(_fitted)(estimator, *task) for task in rest)
        yield from results


@contextmanager
def _deaf_children() -> Iterator[None]:
    """Processes that are started in here do not hear Ctrl-C, which a terminal sends to all of them: it ends this one, which ends them.

    The signal is held back here, and with it, from their first moment, there; what came meanwhile is heard when the context is left.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _fitted(estimator: Any, parameters: Parameters, fold: Fold) -> tuple[float, float]:
    """(score on the fold's own rows, seconds), on one thread; nan where training runs away."""
    began = time.perf_counter()
    model = clone(estimator).set_params(**parameters)
    held_out = {"X_val": rows_of(fold.X, fold.watched), "y_val": fold.y[fold.watched]} if len(fold.watched) else {}
    with threadpool_limits(1, user_api="blas"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            model.fit(rows_of(fold.X, fold.learned, augmented=True), fold.y[fold.learned], **held_out)
            score = float(model.score(rows_of(fold.X, fold.scored), fold.y[fold.scored]))
        except DivergenceError:
            score = float("nan")
    if getattr(model, "stopped_because_", "").startswith("interrupted"):
        raise KeyboardInterrupt
    return score, time.perf_counter() - began


def _gathered(points: Iterable[Parameters], results: list[tuple[float, float]], folds: int) -> Iterator[Candidate]:
    for i, parameters in enumerate(points):
        mine = results[i * folds : (i + 1) * folds]
        yield Candidate(parameters, tuple(score for score, _ in mine), sum(seconds for _, seconds in mine))


def _with(config: RunConfig, parameters: Mapping[str, Any]) -> RunConfig:
    """The configuration with these hyperparameters, and no search in it: it repeats the run as it is."""
    fields = {FIELDS[name]: value for name, value in parameters.items() if FIELDS[name] != "hidden"}
    if {"n_layers", "width"} & set(parameters):
        fields["hidden"] = hidden_sizes(config.hidden, parameters.get("n_layers"), parameters.get("width"))
    return config.replace(**fields, search=None, search_seconds=None)


def _plain(value: Any) -> Any:
    """A drawn value as a Python number, to three digits."""
    value = value.item() if isinstance(value, np.generic) else value
    return float(f"{value:.3g}") if isinstance(value, float) else value


def _cores() -> int:
    """The processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
