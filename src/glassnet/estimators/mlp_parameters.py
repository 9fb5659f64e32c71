"""Checks of the constructor parameters of the multilayer perceptrons: every fault of a call is named at once."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.metrics import get_scorer_names

from glassnet.checks import Faults, unknown_name
from glassnet.maths.initialisers import INITIALISERS
from glassnet.maths.losses import CLASSIFIER_LOSSES, REGRESSOR_LOSSES
from glassnet.maths.schedules import Schedule, schedule_from
from glassnet.maths.user_loss import is_users

FULL_BATCH = ("lbfgs", "cg", "newton")
STEPPING = ("adam", "sgd", "gd", "rmsprop", "adagrad", "adamw")
SOLVERS = (*STEPPING, *FULL_BATCH)
LEARNING_RATES = ("constant", "invscaling", "adaptive")

_WHOLE = {"max_iter": 1, "max_fun": 1}
_RANGES: dict[str, tuple[float, float, bool, bool]] = {
    # name: (low, high, low allowed, high allowed)
    "alpha": (0, math.inf, True, False),
    "l1": (0, math.inf, True, False),
    "learning_rate_init": (0, math.inf, False, False),
    "power_t": (0, math.inf, True, False),
    "tol": (0, math.inf, True, False),
    "momentum": (0, 1, True, True),
    "validation_fraction": (0, 1, True, False),
    "beta_1": (0, 1, True, False),
    "beta_2": (0, 1, True, False),
    "epsilon": (0, math.inf, False, False),
    "n_iter_no_change": (1, math.inf, True, True),
}
_OPTIONAL: dict[str, tuple[float, float, bool, bool]] = {
    "threshold": (0, 1, True, True),
    "max_seconds": (0, math.inf, False, True),
    "gradient_tol": (0, math.inf, True, False),
}


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool | np.bool_) and not math.isnan(value)


def _is_whole(value: Any, least: int) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool | np.bool_) and int(value) >= least


def _range_sentence(name: str, value: Any, bounds: tuple[float, float, bool, bool]) -> str | None:
    low, high, with_low, with_high = bounds
    if _is_number(value) and (low < value or (with_low and value == low)) and (value < high or (with_high and value == high)):
        return None
    left, right = "[" if with_low else "(", "]" if with_high else ")"
    return f"{name} must be a number in the range {left}{low:g}, {high:g}{right}; got {value!r}."


def check_parameters(estimator: Any) -> None:
    """Raise ValueError with every parameter that is unknown, of the wrong type or out of range."""
    faults = Faults()
    for name, bounds in _RANGES.items():
        if sentence := _range_sentence(name, getattr(estimator, name), bounds):
            faults.add(sentence)
    for name, bounds in _OPTIONAL.items():
        value = getattr(estimator, name, None)
        if value is not None and (sentence := _range_sentence(name, value, bounds)):
            faults.add(sentence)
    for name, least in _WHOLE.items():
        value = getattr(estimator, name)
        faults.unless(_is_whole(value, least), f"{name} must be an integer of {least} or more; got {value!r}.")
    for name in ("shuffle", "warm_start", "nesterovs_momentum", "early_stopping", "standardise_target"):
        value = getattr(estimator, name, False)
        faults.unless(isinstance(value, bool | np.bool_), f"{name} must be True or False; got {value!r}.")
    size = estimator.batch_size
    right = size == "auto" if isinstance(size, str) else _is_whole(size, 1)
    faults.unless(right, f"batch_size must be 'auto' or an integer of 1 or more; got {size!r}.")
    _check_names(estimator, faults)
    _check_together(estimator, faults)
    faults.raise_if_any()


def _meant_as_sizes(loss: Any) -> str:
    """The hint where the first argument, which is the loss, was meant as the hidden layers."""
    sizes = [loss] if _is_whole(loss, 1) else loss
    if isinstance(sizes, tuple | list) and sizes and all(_is_whole(size, 1) for size in sizes):
        return f" Did you mean hidden_layer_sizes={loss!r}?"
    return ""


def _check_names(estimator: Any, faults: Faults) -> None:
    """Parameters that are one of a list of names."""
    if estimator.solver not in SOLVERS:
        faults.add(unknown_name("solver", estimator.solver, SOLVERS))
    if estimator.learning_rate not in LEARNING_RATES:
        faults.add(unknown_name("learning_rate", estimator.learning_rate, LEARNING_RATES))
    if estimator.initialiser is not None and estimator.initialiser not in INITIALISERS:
        faults.add(unknown_name("initialiser", estimator.initialiser, INITIALISERS))
    losses = CLASSIFIER_LOSSES if hasattr(estimator, "threshold") else REGRESSOR_LOSSES
    if not is_users(estimator.loss) and not (isinstance(estimator.loss, str) and estimator.loss in losses):
        pair = "A pair of functions (value, slope) of (raw, y) is accepted as well."
        faults.add(f"{unknown_name('loss', estimator.loss, losses)} {pair}{_meant_as_sizes(estimator.loss)}")
    if estimator.monitor is not None and estimator.monitor not in ("val_loss", *get_scorer_names()):
        faults.add(
            f"monitor must be None, 'val_loss' or the name of a scikit-learn scorer such as 'roc_auc' or 'r2'; got {estimator.monitor!r}."
        )
    if estimator.schedule is not None:
        if isinstance(estimator.schedule, str | Mapping | Schedule):
            try:
                schedule_from(estimator.schedule)
            except ValueError as error:
                faults.add(str(error))
        else:
            faults.add(f"schedule must be None, a name or a dict such as {{'name': 'cosine'}}; got {estimator.schedule!r}.")
    if estimator.checkpoint is not None and not isinstance(estimator.checkpoint, str | os.PathLike):
        faults.add(f"checkpoint must be None or the path of a file; got {estimator.checkpoint!r}.")
    weights = getattr(estimator, "class_weight", None)
    if isinstance(weights, Mapping):
        for label, weight in weights.items():
            faults.unless(
                _is_number(weight) and weight >= 0, f"class_weight must be 0 or more for every class; got {weight!r} for {label!r}."
            )
    elif weights not in (None, "balanced"):
        faults.add(f"class_weight must be None, 'balanced' or a dict of a weight for each class; got {weights!r}.")
    if estimator.target is not None and not _is_number(estimator.target):
        faults.add(f"target must be None or a number, the loss or score at which to stop; got {estimator.target!r}.")


def _check_together(estimator: Any, faults: Faults) -> None:
    """Parameters that do not go together."""
    if estimator.l1 and estimator.solver in ("cg", "newton"):
        faults.add(f"l1 > 0 has no gradient at 0, which solver={estimator.solver!r} needs. Use solver='lbfgs' or a stochastic one.")
    if estimator.solver in FULL_BATCH and _has_dropout(estimator.dropout):
        faults.add(f"dropout is random at every step, and solver={estimator.solver!r} needs a fixed loss. Use 'adam' or 'sgd'.")
    if getattr(estimator, "standardise_target", False) and isinstance(estimator.loss, str) and estimator.loss == "poisson":
        faults.add("standardise_target=True and loss='poisson' do not go together: counts must stay counts. Drop one of them.")


def _has_dropout(dropout: Any) -> bool:
    rates = dropout if isinstance(dropout, list | tuple | np.ndarray) else [dropout]
    return any(bool(rate) for rate in rates)
