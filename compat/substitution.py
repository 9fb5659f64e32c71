"""A pytest plugin that runs scikit-learn's own tests against glassnet: it puts glassnet's classes where scikit-learn's names stand.

    make compat
    python -m pytest -p substitution --pyargs sklearn.neural_network.tests.test_mlp        (with this folder on PYTHONPATH)

The installed test modules are used unchanged; the names are replaced before the modules import them. A test is set aside by
name only, with a reason a scikit-learn maintainer would accept. What glassnet promises in the place of each is tested in ``tests/``.
"""

from __future__ import annotations

import sys

import pytest
import sklearn.linear_model
import sklearn.linear_model._logistic
import sklearn.neural_network
import sklearn.neural_network._multilayer_perceptron
import sklearn.neural_network._rbm

import glassnet
from glassnet.estimators.boltzmann.bernoulli_rbm import BernoulliRBM

REPLACED = {
    "MLPClassifier": (sklearn.neural_network, sklearn.neural_network._multilayer_perceptron),
    "MLPRegressor": (sklearn.neural_network, sklearn.neural_network._multilayer_perceptron),
    "LogisticRegression": (sklearn.linear_model, sklearn.linear_model._logistic),
    "LogisticRegressionCV": (sklearn.linear_model, sklearn.linear_model._logistic),
}

MOST = 16
"""Test functions that may be set aside, in all modules together."""

SET_ASIDE: dict[str, dict[str, str]] = {
    "sklearn.neural_network.tests.test_mlp": {
        "test_gradient": "calls the private _loss_grad_lbfgs",
        "test_learning_rate_warmstart": "reads the private _optimizer",
        "test_adaptive_learning_rate": "reads the private _optimizer",
        "test_n_iter_no_change": "reads the private _no_improvement_count",
        "test_n_iter_no_change_inf": "reads the private _no_improvement_count",
        "test_nonfinite_params": "asserts the sentence of a training that overflowed; here the column is refused by its name before it",
        "test_mlp_partial_fit_after_fit": "asserts that partial_fit refuses early_stopping=True; here it goes on from the restored weights",
    },
    "sklearn.linear_model.tests.test_logistic": {
        "test_liblinear_dual_random_state": "asserts that two seeds end at different weights; here every seed ends at the minimum",
        "test_logistic_cv_multinomial_score": "calls the private _log_reg_scoring_path with the estimator's parameters",
        "test_logreg_predict_proba_multinomial": "calls the private _predict_proba_lr",
        "test_newton_cholesky_fallback_to_lbfgs": "asserts a warning that the solver failed on collinear columns; here it converges",
        "test_logistic_regression_callback_support_warning": "asserts that only lbfgs takes callbacks; here every solver does",
    },
}

for name, modules in REPLACED.items():
    for module in modules:
        setattr(module, name, getattr(glassnet, name))
for module in (sklearn.neural_network, sklearn.neural_network._rbm):
    module.BernoulliRBM = BernoulliRBM


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests of SET_ASIDE; an entry that names no test is an error, so that the list cannot grow stale."""
    if sum(map(len, SET_ASIDE.values())) > MOST:
        raise pytest.UsageError(f"more than {MOST} test functions are set aside")
    for item in items:
        module = item.module.__name__
        unknown = [name for name in SET_ASIDE.get(module, {}) if not hasattr(sys.modules[module], name)]
        if unknown:
            raise pytest.UsageError(f"{module} has no {', '.join(unknown)}: take it off the list")
    left_out = [item for item in items if item.function.__name__ in SET_ASIDE.get(item.module.__name__, {})]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]
