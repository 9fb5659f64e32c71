"""Numbers at the edge: no storm of warnings, no nan, and a divergence that is named."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from glassnet import LogisticRegression, MLPClassifier, MLPRegressor
from glassnet.checks import DivergenceError

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(80, 3))
SCORE = X @ [1.0, -2.0, 0.5]
APART = (SCORE > 0).astype(int)

CLASSIFIERS = {
    "logistic": lambda: LogisticRegression(C=1e6),
    "adam": lambda: MLPClassifier((6,), max_iter=50, random_state=0),
    "sgd": lambda: MLPClassifier((6,), solver="sgd", learning_rate_init=0.1, max_iter=50, random_state=0),
    "lbfgs": lambda: MLPClassifier((6,), solver="lbfgs", alpha=0.0, max_iter=50, random_state=0),
    "newton": lambda: MLPClassifier((), solver="newton", alpha=1e-6, random_state=0),
}


def calmly(estimator: Any, X: Any, y: Any) -> Any:
    """At most one warning, and that of convergence."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        estimator.fit(X, y)
    assert len(caught) <= 1
    assert all(issubclass(warning.category, ConvergenceWarning) for warning in caught)
    return estimator


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_separable_classes_give_finite_weights_and_certain_answers(name: str) -> None:
    fitted = calmly(CLASSIFIERS[name](), X, APART)
    probability = fitted.predict_proba(X)
    assert np.isfinite(probability).all()
    np.testing.assert_allclose(probability.sum(axis=1), 1.0)
    assert fitted.score(X, APART) > (0.9 if name in ("logistic", "lbfgs", "newton") else 0.5)


@pytest.mark.parametrize("classes", [2, 3])
def test_logits_of_ten_thousand_keep_their_logarithm(classes: int) -> None:
    W = np.array([[1e4, -1e4, 0.0][: classes if classes > 2 else 1]])
    net = MLPClassifier.from_weights([W], None, classes=list(range(classes)))
    rows = np.array([[1.0], [-1.0], [0.0]])
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        probability, logarithm = net.predict_proba(rows), net.predict_log_proba(rows)
    assert np.isfinite(probability).all() and np.isfinite(logarithm).all()
    assert logarithm.min() == pytest.approx(-1e4 if classes == 2 else -2e4)


@pytest.mark.parametrize("solver", ["adam", "lbfgs", "cg", "newton"])
def test_targets_of_1e12_are_learned_in_their_units(solver: str) -> None:
    net = MLPRegressor(
        hidden_layer_sizes=(4,), solver=solver, standardise_target=True, max_iter=300, learning_rate_init=0.02, random_state=0
    )
    assert calmly(net, X, 1e12 * SCORE).score(X, 1e12 * SCORE) > 0.9
    plain = MLPRegressor(hidden_layer_sizes=(4,), solver=solver, max_iter=30, random_state=0)
    assert np.isfinite(calmly(plain, X, 1e12 * SCORE).predict(X)).all()


@pytest.mark.parametrize("target", [1e200, 1e300])
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs", "newton"])
def test_targets_beyond_all_squares_are_refused_by_name(solver: str, target: float) -> None:
    with pytest.raises(DivergenceError, match=r"epoch 1, step \d+, layer \d of 2|The loss of the first weights is inf. Scale"):
        calmly(MLPRegressor(hidden_layer_sizes=(4,), solver=solver, random_state=0), X, target * SCORE)


@pytest.mark.parametrize("solver", ["sgd", "gd"])
def test_a_learning_rate_of_a_thousand_that_runs_away_is_caught_and_named(solver: str) -> None:
    net = MLPRegressor(hidden_layer_sizes=(8,), activation="relu", solver=solver, learning_rate_init=1e3, max_iter=200, random_state=0)
    with pytest.raises(DivergenceError, match=r"Training diverged at epoch \d+, step \d+, layer \d of 2.*Try learning_rate_init=100\."):
        calmly(net, X, 100 * SCORE)
    assert np.isfinite(net.predict(X)).all()
    assert np.isfinite([row["loss"] for row in net.history_]).all()


@pytest.mark.parametrize("solver", ["adam", "adamw", "adagrad", "rmsprop", "sgd", "gd"])
@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_a_learning_rate_of_a_thousand_that_can_be_borne_gives_finite_answers(kind: Any, solver: str) -> None:
    net = kind(hidden_layer_sizes=(8,), activation="tanh", solver=solver, learning_rate_init=1e3, max_iter=200, random_state=0)
    calmly(net, X, APART if kind is MLPClassifier else 100 * SCORE)
    assert np.isfinite(net.predict_proba(X) if kind is MLPClassifier else net.predict(X)).all()
    assert np.isfinite([row["loss"] for row in net.history_]).all()


def test_after_a_divergence_the_best_weights_are_there() -> None:
    net = MLPRegressor(hidden_layer_sizes=(8,), solver="sgd", learning_rate_init=1e3, max_iter=50, random_state=0)
    with pytest.raises(DivergenceError, match=r"at epoch \d+, step \d+, layer \d of 2.*The best weights so far are kept"):
        net.fit(X, 100 * SCORE)
    answer = net.predict(X)
    assert np.isfinite(answer).all()


def test_predictions_that_overflow_are_refused_by_row() -> None:
    net = MLPRegressor.from_weights([[[1e200]], [[1e200]]], activation="identity")
    with pytest.raises(ValueError, match=r"the prediction for row 1 overflows: \|x\| reaches 1e\+10 there \(1 such rows\)"):
        net.predict([[0.0], [1e10]])


def test_a_probability_at_the_threshold_is_the_second_class() -> None:
    for threshold, wanted in ((0.5, 1), (None, 0), (0.4999, 1), (0.5001, 0)):
        net = MLPClassifier.from_weights([[[1.0]]], [[0.0]], threshold=threshold)
        assert net.predict([[0.0]]).tolist() == [wanted]
