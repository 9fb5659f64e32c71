"""``diagnose``: ask every check, and leave out what another finding explains.

The checks, by what they need
    the history         learning_rate_too_high   learning_rate_too_low   stopped_too_early   vanishing_gradients   exploding_gradients
                        overfitting, too_many_parameters, separable_classes (as far as the history tells)
    rows                unscaled_inputs   saturated_units   dead_units
    rows and targets    class_imbalance   leaking_column   separable_classes   overfitting
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.data.images import Images
from glassnet.data.prepared_rows import PreparedRows
from glassnet.seeing.doctor.capacity import overfitting, separable_classes, too_many_parameters
from glassnet.seeing.doctor.case import Case, Rows, sample
from glassnet.seeing.doctor.findings import Diagnosis, Finding
from glassnet.seeing.doctor.learning import rate_too_high, rate_too_low, stopped_too_early
from glassnet.seeing.doctor.signals import dead_units, exploding_gradients, saturated_units, vanishing_gradients
from glassnet.seeing.doctor.table import class_imbalance, leaking_column, unscaled_inputs
from glassnet.seeing.subject import Subject, subject_of

Array = NDArray[Any]

CHECKS: dict[str, Callable[[Case], Finding | None]] = {
    "leaking_column": leaking_column,
    "unscaled_inputs": unscaled_inputs,
    "learning_rate_too_high": rate_too_high,
    "learning_rate_too_low": rate_too_low,
    "exploding_gradients": exploding_gradients,
    "vanishing_gradients": vanishing_gradients,
    "saturated_units": saturated_units,
    "dead_units": dead_units,
    "stopped_too_early": stopped_too_early,
    "separable_classes": separable_classes,
    "overfitting": overfitting,
    "class_imbalance": class_imbalance,
    "too_many_parameters": too_many_parameters,
}
"""Every check, causes before their consequences."""

EXPLAINS: dict[str, tuple[str, ...]] = {
    "unscaled_inputs": (
        "learning_rate_too_high",
        "learning_rate_too_low",
        "exploding_gradients",
        "vanishing_gradients",
        "saturated_units",
        "dead_units",
        "stopped_too_early",
    ),
    "learning_rate_too_high": (
        "exploding_gradients",
        "vanishing_gradients",
        "saturated_units",
        "dead_units",
        "class_imbalance",
        "overfitting",
    ),
    "learning_rate_too_low": ("stopped_too_early", "vanishing_gradients", "class_imbalance"),
    "exploding_gradients": ("learning_rate_too_low", "saturated_units", "dead_units", "stopped_too_early"),
    "vanishing_gradients": ("stopped_too_early",),
    "saturated_units": ("vanishing_gradients", "stopped_too_early"),
    "dead_units": ("vanishing_gradients", "stopped_too_early"),
    "overfitting": ("too_many_parameters", "stopped_too_early"),
    "separable_classes": ("stopped_too_early",),
}
"""Findings that another one brings about; mending the cause is the action."""


def diagnose(model: Any, X: Any = None, y: Any = None, *, X_val: Any = None, y_val: Any = None) -> Diagnosis:
    """What stands out in a trained network, in plain sentences with their evidence and one action each.

    It looks at as much as it is given: the history that the model carries, and rows. Thresholds stand as named constants beside the
    checks; of findings that explain each other the cause is told.

    Parameters
    ----------
    model : fitted estimator or Pipeline
        As in `subject_of`.
    X, y : table, array or pictures (n rows), and their targets, optional
        What it learned from, as it was given to ``fit``. With ``X``: scales of inputs, saturated and dead units; with ``y`` as well:
        class imbalance, leaking columns, separable classes.
    X_val, y_val : the same of rows that it has not learned from, optional
        For the gap between the two.

    Returns
    -------
    Diagnosis
        Iterate over it for ``Finding`` objects; print it for sentences.

    Raises
    ------
    ValueError
        Where ``y`` is given without ``X`` to go with it, one of ``X_val`` and ``y_val`` without the other, or lengths differ.

    Examples
    --------
    >>> import numpy as np
    >>> from glassnet import MLPClassifier
    >>> X = np.arange(40.0)[:, None] - 19.5
    >>> y = (X[:, 0] > 0).astype(int)
    >>> net = MLPClassifier((), solver="sgd", learning_rate_init=1e-7, random_state=0).fit(X / 10, y)
    >>> [finding.name for finding in diagnose(net)]
    ['learning_rate_too_low']
    """
    if X is None and y is not None:
        raise ValueError("y was given without its rows X. Give both, or neither.")
    if (X_val is None) != (y_val is None):
        raise ValueError(f"X_val and y_val are given together; got only {'y_val' if X_val is None else 'X_val'}.")
    subject = subject_of(model).as_learned()
    training, labels = _rows(subject, X, y, "")
    held_out, _ = _rows(subject, X_val, y_val, "_val")
    return examine(Case(subject, training, held_out, labels))


def examine(case: Case) -> Diagnosis:
    """Every check on a case that is laid out already."""
    with np.errstate(all="ignore"):
        found = {name: finding for name, check in CHECKS.items() if (finding := check(case)) is not None}
    explained = {name for cause, names in EXPLAINS.items() if cause in found for name in names if name != cause}
    told = [finding for name, finding in found.items() if name not in explained]
    told.sort(key=lambda finding: finding.severity != "problem")
    return Diagnosis(tuple(told), tuple(CHECKS), _lacking(case))


def _rows(subject: Subject, X: Any, y: Any, suffix: str) -> tuple[Rows | None, Array | None]:
    """A sample of the rows as the network reads them, and all of ``y`` as it was given."""
    if X is None:
        return None, None
    total = len(X) if hasattr(X, "__len__") and not hasattr(X, "shape") and not isinstance(X, dict) else _height(X)
    if y is not None and len(y) != total:
        raise ValueError(f"X{suffix} and y{suffix} must have as many rows; got {total} and {len(y)}.")
    chosen = sample(X, total)
    inputs = subject.rows(X if len(chosen) == total else _taken(X, chosen))
    targets = None if y is None else subject.targets(y if len(chosen) == total else _taken(y, chosen))
    return Rows(inputs, targets, total), None if y is None else np.asarray(y)


def _height(X: Any) -> int:
    if isinstance(X, dict):
        return len(next(iter(X.values())))
    return int(X.shape[0])


def _taken(rows: Any, chosen: Array) -> Any:
    """The chosen rows of whatever holds rows."""
    if isinstance(rows, dict):
        return {name: [values[i] for i in chosen] for name, values in rows.items()}
    if isinstance(rows, PreparedRows):
        return rows.take(chosen)
    if isinstance(rows, Images):
        return rows.pixels[chosen]
    if hasattr(rows, "iloc"):
        return rows.iloc[chosen]
    if isinstance(rows, list | tuple):
        return [rows[i] for i in chosen]
    return rows[chosen]


def _lacking(case: Case) -> str:
    """What could not be looked at."""
    if case.training is None:
        return "Without rows, only the record of the training was looked at: diagnose(model, X, y) looks at more."
    if case.training.Y is None:
        return "Without targets, classes and leaks were not looked at: diagnose(model, X, y)."
    return ""
