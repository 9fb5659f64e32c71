"""What a result must be compared with: an answer that never looks at the row, and a single unit that does.

constant      the most frequent class, with the shares of the training rows for probabilities; or the mean
single unit   one logistic unit or softmax; or one linear unit
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from glassnet.estimators.mlp_classifier import MLPClassifier
from glassnet.estimators.mlp_regressor import MLPRegressor
from glassnet.runs.choices import decided, estimator_for
from glassnet.runs.config import OF_THE_MODEL, RunConfig
from glassnet.runs.metrics import Metrics, classification_metrics, regression_metrics
from glassnet.runs.preparing import Prepared

IN_WORDS = {
    "majority": "most frequent class",
    "mean": "mean of training rows",
    "logistic": "single logistic unit",
    "softmax": "single softmax layer",
    "linear": "single linear unit",
}
"""What each is called."""

OF_THE_SCALE = 5_000
"""Pictures that tell the variance of pixels."""


@dataclass(frozen=True)
class Constant:
    """The same answer for every row: ``shares`` of the classes, or the ``mean``."""

    shares: tuple[float, ...] = ()
    mean: float = 0.0

    @classmethod
    def of(cls, y: NDArray[Any], *, classes: bool) -> Self:
        """Learn it from the training rows."""
        if classes:
            return cls(shares=tuple((np.unique(y, return_counts=True)[1] / len(y)).tolist()))
        return cls(mean=float(y.mean()))

    def metrics(self, y: NDArray[Any], classes: NDArray[Any] | None) -> Metrics:
        """What it reaches on these rows; ``classes`` as the model has them, None for regression."""
        if classes is None:
            return regression_metrics(y, np.full(len(y), self.mean))
        most = np.full(len(y), int(np.argmax(self.shares)))
        return classification_metrics(y, classes[most], np.tile(np.log(self.shares), (len(y), 1)), classes)


def single_unit(X: NDArray[Any], y: NDArray[Any], *, classes: bool, class_weight: str | None = None) -> MLPClassifier | MLPRegressor:
    """One logistic unit or softmax, or one linear unit, at its optimum on the training rows of a table, weighed as the network's are."""
    parameters: dict[str, Any] = {"hidden_layer_sizes": (), "solver": "lbfgs", "alpha": 1.0, "max_iter": 1000, "random_state": 0}
    unit = MLPClassifier(**parameters, class_weight=class_weight) if classes else MLPRegressor(**parameters, standardise_target=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return unit.fit(X.astype(np.float64), y)


def single_unit_on_pictures(config: RunConfig, prepared: Prepared) -> MLPClassifier | MLPRegressor:
    """What ``--model logistic`` would have learned from the same pictures as they are."""
    n, X = len(prepared.training), prepared.training.X
    single = config.replace(**dict.fromkeys(OF_THE_MODEL), model="logistic", l1=0.0, augment=None, loss=None)
    single = decided(single, str(config.task), n, pictures=True)
    held_out = {"X_val": prepared.held_out.X, "y_val": prepared.held_out.y} if len(prepared.held_out) else {}
    X = X if isinstance(X, np.ndarray) else X.take(np.arange(n))  # without augmentation
    if prepared.preparation.gives_intensities:  # the penalty is meant for features of unit variance, all scaled by one number
        single = single.replace(alpha=float(single.alpha or 0.0) * float(X[:OF_THE_SCALE].var(axis=0, dtype=np.float64).mean()))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return estimator_for(single, watched=bool(held_out)).fit(X, prepared.training.y, **held_out)
