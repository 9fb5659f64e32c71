"""Ctrl-C: a training that the user started ends with what it has; one among many that a search started must end the search.

A network whose training was stopped on the way is not what a search believes to score, and the search would go on with the next one. So
there the KeyboardInterrupt goes on to whoever started the search.
"""

from __future__ import annotations

import sys

SEARCHES = (
    "joblib.parallel",
    "sklearn.model_selection",
    "sklearn.ensemble",
    "sklearn.multiclass",
    "sklearn.multioutput",
    "sklearn.feature_selection",
    "sklearn.inspection",
    "sklearn.calibration",
    "sklearn.semi_supervised",
    "sklearn.utils.parallel",
    "optuna",
    "hyperopt",
    "skopt",
    "ray",
    "dask",
)
"""Modules that fit many estimators and look at what came of each."""


def inside_a_search() -> bool:
    """Whether one of `SEARCHES` is among the callers."""
    frame = sys._getframe()
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if any(name == module or name.startswith(module + ".") for module in SEARCHES):
            return True
        frame = frame.f_back  # type: ignore[assignment]
    return False
