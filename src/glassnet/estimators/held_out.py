"""Rows that are watched and never learned from: chosen from the training rows or given, and how the network scores on them."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import get_scorer
from sklearn.model_selection import train_test_split

Array = NDArray[Any]


@dataclass(frozen=True)
class HeldOutRows:
    """Inputs X, the user's y, the same as target columns, and weights or None."""

    X: Any
    y: Any
    target: Array
    weight: Array | None

    @classmethod
    def chosen(cls, X: Any, y: Any, target: Array, weight: Array | None, rows: Array) -> HeldOutRows:
        """A copy of these rows."""
        return cls(X[rows], y[rows], target[rows], None if weight is None else weight[rows])

    def scorer(self, estimator: Any, monitor: str | None) -> Callable[[Array], float]:
        """theta -> score: a scikit-learn scorer called ``monitor``, or accuracy / R2 where it is None.

        The estimator's ``coefs_`` are views into theta while it learns, so it can be asked as it is.
        """
        if monitor is None:

            def score(theta: Array) -> float:
                with np.errstate(all="ignore"):
                    raw = estimator._raw_prediction(self.X)
                return float(estimator._score_prediction(estimator._to_prediction(raw), self.y, self.weight))

            return score
        scorer = get_scorer(monitor)
        nameless = copy.copy(estimator)
        nameless.__dict__.pop("feature_names_in_", None)

        def asked(theta: Array) -> float:
            nameless.coefs_, nameless.intercepts_ = estimator.coefs_, estimator.intercepts_
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", category=UserWarning)
                try:
                    return float(scorer(nameless, self.X, self.y, **({} if self.weight is None else {"sample_weight": self.weight})))
                except ValueError:  # scikit-learn's metrics refuse predictions that ran away
                    if np.isfinite(estimator._raw_prediction(self.X)).all():
                        raise
                    return float("nan")

        return asked


def hold_out(n: int, fraction: float, random: np.random.RandomState, *, stratify: Any) -> tuple[Array, Array]:
    """Choose ``fraction`` of ``n`` rows: the numbers of the rows to learn from, and of those to hold out.

    Raises ValueError where fewer than two rows would be held out.
    """
    learned, watched = train_test_split(np.arange(n), random_state=random, test_size=fraction, stratify=stratify)
    if len(watched) < 2:
        raise ValueError(
            f"The validation set is too small: {len(watched)} rows of {n}. "
            "Increase 'validation_fraction' or the size of your dataset, or give X_val and y_val."
        )
    return learned, watched
