"""Where rows come from: toys, points painted by hand, the bundled digits, an uploaded table, and what the command line names.

A dataset is what was read, before any choice of inputs: a table of raw columns, or pictures; and the truth with its kind of task.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glassnet.checks import DataError
from glassnet.data.arrays import holds_arrays
from glassnet.data.tables import HeaderWarning, read_table
from glassnet.data.targets import decide_task, drop_missing_target, resolve_column, target_values
from glassnet.lab.config import OPTIMISERS, DataConfig, Refusal, Sources
from glassnet.lab.toys import toy
from glassnet.runs.config import RunConfig
from glassnet.runs.directory import holds_a_run
from glassnet.runs.picture_reading import read_examples
from glassnet.runs.prediction import Run, open_run
from glassnet.runs.preparing import Parts, split

Array = NDArray[Any]
Say = Callable[[str], None]

PICTURE_SIZE = 32
"""Pixels a side to which pictures of a folder are brought."""
NUMBER = "number"
"""``data.target`` of points painted with numbers, not classes."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """Rows and their truth.

    Attributes
    ----------
    X : polars.DataFrame, uint8 or float32 array
        Raw columns, or pictures, a row each: bytes, or shares of ink in [0, 1].
    y : array (n,)
    task : {'binary', 'multiclass', 'regression'}
    classes : tuple
    target : str
    targets : tuple of str
        Columns that could be the target.
    picture : (height, width, channels) or None
    run : Run or None
        The trained run that the rows belong to, with its ``parts``.
    plain : bool
        True where raw numbers are learned from as they are, without standardising: toys and painted points.
    chosen : array of row numbers, or None
        Which rows of the source these are, where there were more than was asked for.
    """

    X: Any
    y: Array
    task: str
    classes: tuple[Any, ...]
    target: str
    targets: tuple[str, ...] = ()
    picture: tuple[int, int, int] | None = None
    run: Run | None = None
    parts: Parts | None = None
    plain: bool = False
    chosen: Array | None = None

    def __len__(self) -> int:
        return len(self.y)

    @property
    def classifies(self) -> bool:
        """True where the truth is a class."""
        return self.task != "regression"


def dataset(config: DataConfig, sources: Sources, points: Sequence[tuple[float, float, float]], say: Say) -> Dataset:
    """The rows that ``config`` asks for. Raises ValueError (a Refusal, a DataError) for what cannot be read or learned."""
    if config.source == "toy":
        X, y = toy(config.name, config.samples, noise=config.noise, seed=config.seed, classes=config.classes)
        return _plain(X, y)
    if config.source == "painted":
        if not points:
            empty = pl.DataFrame(schema={"x1": pl.Float64, "x2": pl.Float64})
            return Dataset(empty, np.empty(0), "regression" if config.target == NUMBER else "binary", (), "y", plain=True)
        table = np.array(points, np.float64)
        return _plain(table[:, :2], table[:, 2] if config.target == NUMBER else table[:, 2].astype(np.int64))
    if config.source == "digits":
        return _fewer(digits(), config)
    path = sources.given if config.source == "given" else sources.upload
    if not path:
        what = "no data were named on the command line" if config.source == "given" else "no file has been uploaded"
        raise Refusal(
            f"{what}. Start glassnet lab with the name of a file, drop one on the page, or choose another dataset.", "data.source"
        )
    return _fewer(read(path, config.target, say, header=config.header), config)


def _plain(X: Array, y: Array) -> Dataset:
    frame = pl.DataFrame({f"x{j + 1}": X[:, j] for j in range(X.shape[1])})
    return Dataset(frame, y, *_kind(y, "y"), plain=True)


def _kind(y: Array, target: str) -> tuple[str, tuple[Any, ...], str]:
    """(task, classes, target) of whole numbers or of floats."""
    if y.dtype.kind == "f":
        return "regression", (), target
    classes = tuple(np.unique(y).tolist())
    return "binary" if len(classes) == 2 else "multiclass", classes, target


def digits() -> Dataset:
    """scikit-learn's 1,797 handwritten digits of 8 x 8 pixels, as shares of ink."""
    from sklearn.datasets import load_digits

    pixels, y = load_digits(return_X_y=True)
    return Dataset((pixels / 16).astype(np.float32), y, *_kind(y, "digit"), picture=(8, 8, 1))


def read(path: str, target: str | None, say: Say, *, header: bool = True) -> Dataset:
    """The rows in a table, a folder of pictures, a file of arrays, or those that a run was trained on."""
    if holds_a_run(path):
        return _of_run(path, say)
    if os.path.isdir(path) or holds_arrays(path):
        size = PICTURE_SIZE if os.path.isdir(path) else None
        return _examples(RunConfig(data=path, size=size), say)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", HeaderWarning)
        frame = _table(path, header)
    if told:
        say("The first line looks like values, not like names of columns. If it is, switch off 'first line is names'.")
    targets = tuple(frame.columns)
    name = resolve_column(frame, "-1" if target is None or target not in targets else target)
    frame, lost = drop_missing_target(frame, name)
    if lost:
        say(f"{lost:,} rows have no {name!r} and are left out.")
    decided = decide_task(frame[name])
    y = target_values(frame[name], decided)
    say(decided.reason)
    if frame.width == 1:
        raise Refusal(f"the table has no column but {name!r}; there is nothing to learn from.", "data.target")
    return Dataset(frame.drop(name), y, _task(decided.kind, decided.classes), decided.classes, name, targets)


def _table(path: str, header: bool) -> pl.DataFrame:
    """``read_table``, with advice for a page, where nobody can name an encoding."""
    try:
        return read_table(path, header=header)
    except DataError as error:
        advice = re.sub(r"[.:][^.:]*\bencoding='[^']*'\)?[^.]*\.", ". Save it as UTF-8.", str(error))
        advice = advice.replace("say that there is a header (header=True)", "tick 'first line is names'")
        raise DataError(advice) from error


def _task(kind: str, classes: Sequence[Any]) -> str:
    return "regression" if kind == "regression" else "binary" if len(classes) == 2 else "multiclass"


def _examples(config: RunConfig, say: Say) -> Dataset:
    found = read_examples(config, say)
    picture = None if found.size is None else (found.size, found.size, found.channels or 1)
    return Dataset(found.X, found.y, _task(found.task.kind, found.task.classes), found.task.classes, found.target, picture=picture)


def _of_run(path: str, say: Say) -> Dataset:
    run = open_run(path)
    if not Path(run.config.data).exists():
        raise Refusal(f"{run.config.data}, from which {path} was learned, is not there. Name the data themselves.", "data.source")
    found = read_examples(run.config, say)
    picture = None if found.size is None else (found.size, found.size, found.channels or 1)
    told = Dataset(found.X, found.y, _task(found.task.kind, found.task.classes), found.task.classes, found.target, picture=picture)
    return replace(told, run=run, parts=split(run.config, found))


def weights_of(run: Run) -> tuple[list[Array], list[Array]]:
    """Copies of a trained run's weights: lists of W and b, as ``init`` takes them. Raises Refusal for a model that is no network."""
    estimator = run.model[-1]
    if not hasattr(estimator, "coefs_"):
        raise Refusal(f"the lab shows networks; this run holds a {type(estimator).__name__}. Name its data instead.")
    return [W.copy() for W in estimator.coefs_], [b.copy() for b in estimator.intercepts_]


def network_of(run: Run) -> dict[str, Any]:
    """A trained network's parameters as fields of the lesson; what the lab does not have keeps its usual value."""
    coefs, _ = weights_of(run)
    estimator, units = run.model[-1], [W.shape[1] for W in coefs[:-1]]
    names = [estimator.activation] * len(units) if isinstance(estimator.activation, str) else list(estimator.activation)
    rates = [estimator.dropout] * len(units) if isinstance(estimator.dropout, int | float) else list(estimator.dropout)
    layers = [{"units": n, "activation": a, "dropout": float(p)} for n, a, p in zip(units, names, rates, strict=True)]
    steps = {"optimiser": estimator.solver} if estimator.solver in OPTIMISERS else {}
    size = estimator.batch_size if isinstance(estimator.batch_size, int) else 200
    return {
        "hidden": layers,
        "loss": estimator.loss,
        "alpha": float(estimator.alpha),
        "l1": float(estimator.l1),
        "learning_rate": float(estimator.learning_rate_init),
        "batch_size": size,
        "start": "trained",
        **steps,
    }


def _fewer(rows: Dataset, config: DataConfig) -> Dataset:
    """At most ``config.samples`` of the rows, chosen by the seed, in their order; a run keeps all."""
    if len(rows) <= config.samples or rows.run is not None:
        return rows
    chosen = choose(len(rows), config.samples, config.seed)
    X = rows.X[chosen] if isinstance(rows.X, np.ndarray) else rows.X[chosen.tolist()]
    y = rows.y[chosen]
    if rows.classifies:
        classes = tuple(label for label in rows.classes if (y == label).any())
        return replace(rows, X=X, y=y, chosen=chosen, classes=classes, task=_task("classification", classes))
    return replace(rows, X=X, y=y, chosen=chosen)


def choose(n: int, samples: int, seed: int) -> Array:
    """``samples`` row numbers out of ``n``, sorted."""
    return np.sort(np.random.default_rng(seed).permutation(n)[:samples])
