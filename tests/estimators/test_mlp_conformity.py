"""scikit-learn's own checks of an estimator, with no expected failure, for the default and for what we add."""

from __future__ import annotations

from typing import Any

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from glassnet import MLPClassifier, MLPRegressor

SMALL = {"hidden_layer_sizes": (8,), "max_iter": 100, "learning_rate_init": 0.01}

CHECKS = parametrize_with_checks(
    [
        MLPClassifier(**SMALL),
        MLPRegressor(**SMALL),
        MLPClassifier(**SMALL, solver="lbfgs", alpha=1.0),
        MLPClassifier(**SMALL, activation=["gelu"], bias=[False, True], schedule="cosine", loss="squared_error"),
        MLPRegressor(**SMALL, solver="lbfgs", activation="elu", standardise_target=True),
    ]
)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:Got `batch_size` less than 1 or larger")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@pytest.mark.parametrize(CHECKS.args[0], list(CHECKS.args[1]), **CHECKS.kwargs)  # scikit-learn 1.7 hands over a generator
def test_scikit_learns_checks_pass(estimator: Any, check: Any) -> None:
    check(estimator)
