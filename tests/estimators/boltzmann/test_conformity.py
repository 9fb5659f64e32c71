"""scikit-learn's own checks of the Boltzmann machines, with no expected failure."""

from __future__ import annotations

from typing import Any

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from glassnet.estimators.boltzmann.bernoulli_rbm import BernoulliRBM
from glassnet.estimators.boltzmann.dbn_classifier import DBNClassifier
from glassnet.estimators.boltzmann.dbn_regressor import DBNRegressor
from glassnet.estimators.boltzmann.dbn_transformer import DBNTransformer
from glassnet.estimators.boltzmann.rbm import RBM

SMALL = {"pretrain_epochs": 2, "pretraining": {"method": "pcd"}, "max_iter": 100, "learning_rate_init": 0.02}

CHECKS = parametrize_with_checks(
    [
        BernoulliRBM(n_components=4, n_iter=2),
        RBM(4, n_iter=2),
        RBM(4, n_iter=2, k=2, momentum=0.5, l2=0.01, l1=0.001, sparsity_target=0.1, n_chains=3),
        RBM(4, n_iter=2, method="pt", n_temperatures=3, schedule="cosine", centring=False),
        RBM(4, n_iter=2, visible="gaussian", learning_rate=0.01, batch_size=[100, 200]),
        DBNClassifier((8,), visible="gaussian", **SMALL),
        DBNRegressor((8,), visible="gaussian", solver="lbfgs", **{**SMALL, "max_iter": 300}),
        DBNTransformer((4,), pretrain_epochs=1, max_iter=2, tied=True),
    ]
)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:.* columns of bernoulli units have values outside")  # scikit-learn's rows are standardised
@pytest.mark.filterwarnings("ignore:Got `batch_size` less than 1 or larger")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@pytest.mark.parametrize(CHECKS.args[0], list(CHECKS.args[1]), **CHECKS.kwargs)  # scikit-learn 1.7 hands over a generator
def test_scikit_learns_checks_pass(estimator: Any, check: Any) -> None:
    check(estimator)
