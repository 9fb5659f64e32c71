"""Checks of the constructor parameters of RBM: every fault of a call is named at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from glassnet.checks import Faults, unknown_name
from glassnet.maths.schedules import Schedule, schedule_from
from glassnet.training.boltzmann.contrastive_divergence import METHODS

_WHOLE = {"n_components": 1, "k": 1, "n_iter": 0, "n_temperatures": 2, "n_iter_no_change": 1}
_RANGES = {
    "momentum": (0.0, 1.0),
    "l2": (0.0, np.inf),
    "l1": (0.0, np.inf),
    "sparsity_cost": (0.0, np.inf),
    "init_scale": (0.0, np.inf),
}


def whole(value: Any, least: int) -> bool:
    """True for an integer of ``least`` or more."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool | np.bool_) and bool(value >= least)


def number(value: Any) -> bool:
    """True for a finite number."""
    return isinstance(value, int | float | np.number) and not isinstance(value, bool | np.bool_) and bool(np.isfinite(value))


def check_counts(*counts: tuple[str, Any, int]) -> None:
    """Raise ValueError for every (name, value, least) that is no integer of ``least`` or more."""
    faults = Faults()
    for name, value, least in counts:
        faults.unless(whole(value, least), f"{name} must be an integer of {least} or more; got {value!r}.")
    faults.raise_if_any()


def batch_sizes(given: Any) -> tuple[int, ...]:
    """The sizes of ``batch_size``, one or several."""
    return tuple(map(int, given)) if isinstance(given, list | tuple) else (int(given),)


def check_parameters(rbm: Any) -> None:
    """Raise ValueError naming every parameter that is not as it must be."""
    faults = Faults()
    for name, least in _WHOLE.items():
        value = getattr(rbm, name)
        faults.unless(whole(value, least), f"{name} must be an integer of {least} or more; got {value!r}.")
    for name, (low, high) in _RANGES.items():
        value = getattr(rbm, name)
        faults.unless(number(value) and low <= value < high, f"{name} must be a number in the range [{low:g}, {high:g}); got {value!r}.")
    sizes = rbm.batch_size if isinstance(rbm.batch_size, list | tuple) else [rbm.batch_size]
    faults.unless(
        len(sizes) > 0 and all(whole(size, 1) for size in sizes),
        f"batch_size must be an integer of 1 or more, or a list of such; got {rbm.batch_size!r}.",
    )
    right = number(rbm.learning_rate) and rbm.learning_rate > 0
    faults.unless(right, f"learning_rate must be a number above 0; got {rbm.learning_rate!r}.")
    faults.unless(rbm.n_chains is None or whole(rbm.n_chains, 1), f"n_chains must be None or 1 or more; got {rbm.n_chains!r}.")
    target = rbm.sparsity_target
    faults.unless(
        target is None or (number(target) and 0 < target < 1), f"sparsity_target must be None or lie between 0 and 1; got {target!r}."
    )
    seconds = rbm.max_seconds
    faults.unless(seconds is None or (number(seconds) and seconds > 0), f"max_seconds must be None or above 0; got {seconds!r}.")
    for name, options in (("method", METHODS), ("visible_bias", ("data", "zeros"))):
        if getattr(rbm, name) not in options:
            faults.add(unknown_name(name, getattr(rbm, name), options))
    for name in ("centring", "learn_variance", "shuffle", "early_stopping", "warm_start"):
        value = getattr(rbm, name)
        faults.unless(isinstance(value, bool | np.bool_), f"{name} must be True or False; got {value!r}.")
    if not isinstance(rbm.schedule, str | Mapping | Schedule):
        faults.add(f"schedule must be a name or a dict such as {{'name': 'cosine'}}; got {rbm.schedule!r}.")
    else:
        try:
            adaptive = schedule_from(rbm.schedule).name == "adaptive"
            faults.unless(not adaptive, "schedule='adaptive' follows a training loss, and a Boltzmann machine has none. Use 'cosine'.")
        except ValueError as error:
            faults.add(str(error))
    faults.raise_if_any()
