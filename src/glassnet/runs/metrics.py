"""How good predictions are, in numbers that JSON can hold: finite, or None where the rows do not define one.

classification   accuracy, log_loss (nats per row), roc_auc (one against the rest, mean over classes), f1_macro
regression       r2, mae and rmse (in units of the target)
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score, roc_auc_score

Metrics = dict[str, float | None]

NAMES = {"classification": ("accuracy", "log_loss", "roc_auc", "f1_macro"), "regression": ("r2", "mae", "rmse")}
LOWER_IS_BETTER = frozenset({"log_loss", "mae", "rmse"})
UNBOUNDED = LOWER_IS_BETTER
"""Metrics that may exceed 1; the others are shares, or 1 at best."""


def classification_metrics(y: NDArray[Any], predicted: NDArray[Any], log_probability: NDArray[Any], classes: NDArray[Any]) -> Metrics:
    """The metrics of classes: ``log_probability`` (n, k) has a column for each of the sorted ``classes``."""
    place = np.searchsorted(classes, y)
    with np.errstate(invalid="ignore"):
        nats = 0.0 - log_probability[np.arange(len(y)), place].astype(np.float64).mean()  # never -0.0
    return {
        "accuracy": finite(np.mean(y == predicted)),
        "log_loss": finite(nats),
        "roc_auc": _roc_auc(place, log_probability),
        "f1_macro": finite(f1_score(place, np.searchsorted(classes, predicted), average="macro", zero_division=0)),
    }


def regression_metrics(y: NDArray[Any], predicted: NDArray[Any]) -> Metrics:
    """The metrics of numbers; r2 is None where all of ``y`` is the same."""
    y, errors = y.astype(np.float64), predicted.astype(np.float64) - y
    spread = float(np.sum((y - y.mean()) ** 2))
    return {
        "r2": finite(1 - np.sum(errors**2) / spread) if spread > 0 else None,
        "mae": finite(np.abs(errors).mean()),
        "rmse": finite(np.sqrt(np.mean(errors**2))),
    }


def metrics_of(estimator: Any, X: NDArray[Any], y: NDArray[Any]) -> Metrics:
    """What ``estimator`` reaches on these rows."""
    if hasattr(estimator, "classes_"):
        return classification_metrics(y, estimator.predict(X), estimator.predict_log_proba(X), estimator.classes_)
    return regression_metrics(y, estimator.predict(X))


def is_missed(name: str, value: float | None, bound: float) -> bool:
    """True where ``value`` is worse than ``bound``: below it, or above it for an error such as log_loss; unknown is worse."""
    if value is None:
        return True
    return value > bound if name in LOWER_IS_BETTER else value < bound


def _roc_auc(place: NDArray[Any], log_probability: NDArray[Any]) -> float | None:
    """Mean over classes of the area under one-against-the-rest; None unless every class has rows."""
    k = log_probability.shape[1]
    if len(np.unique(place)) < k:
        return None
    scores = np.maximum(log_probability, np.finfo(log_probability.dtype).min)
    return finite(np.mean([roc_auc_score(place == j, scores[:, j]) for j in ([1] if k == 2 else range(k))]))


def finite(value: Any) -> float | None:
    """The number, or None for infinity and nan, which JSON does not have."""
    return float(value) if math.isfinite(value) else None
