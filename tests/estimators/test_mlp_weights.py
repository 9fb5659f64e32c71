"""Weights of rows and classes, weights of one's own, and where scores become labels."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.special
from sklearn.exceptions import ConvergenceWarning

import glassnet
from glassnet import MLPClassifier, MLPRegressor

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(60, 3))
SCORE = X @ [1.0, -2.0, 0.5] + 0.5 * RANDOM.normal(size=60)
Y = np.digitize(SCORE, [-1.0, 1.0])
TIMES = RANDOM.integers(0, 4, 60)
TWICE = np.repeat(np.arange(60), TIMES)

XOR = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])


def quietly(estimator: Any, *data: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return estimator.fit(*data)


def assert_same(first: Any, second: Any, rtol: float = 1e-10) -> None:
    for W, V in zip([*first.coefs_, *first.intercepts_], [*second.coefs_, *second.intercepts_], strict=True):
        np.testing.assert_allclose(W, V, rtol=rtol, atol=rtol)


# Weights of rows -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("recipe", [{}, {"alpha": 2.0}, {"l1": 2.0}, {"alpha": 1.0, "l1": 1.0}], ids=str)
@pytest.mark.parametrize("solver", ["gd", "lbfgs", "cg"])
def test_weight_k_is_the_row_k_times_and_weight_zero_no_row(solver: str, recipe: dict[str, float]) -> None:
    if solver == "cg" and "l1" in recipe:
        return  # has no gradient at 0 and is refused
    parameters = {
        "hidden_layer_sizes": (4,),
        "activation": "tanh",
        "solver": solver,
        "random_state": 0,
        "max_iter": 8,
        "learning_rate_init": 0.1,
    }
    for make, y in ((MLPClassifier, Y), (MLPRegressor, SCORE)):
        weighted = quietly(make(**parameters, **recipe), X, y, TIMES)
        repeated = quietly(make(**parameters, **recipe), X[TWICE], y[TWICE])
        assert_same(weighted, repeated)
        np.testing.assert_allclose(weighted.loss_curve_, repeated.loss_curve_, rtol=1e-10)


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "huber", "quantile", "poisson"])
def test_weights_mean_the_same_for_every_loss_of_a_regressor(loss: str) -> None:
    y = np.abs(SCORE) if loss == "poisson" else SCORE
    net = MLPRegressor(loss, (4,), activation="tanh", solver="gd", learning_rate_init=0.1, random_state=0, max_iter=10)
    assert_same(quietly(net, X, y, TIMES), quietly(MLPRegressor(**net.get_params()), X[TWICE], y[TWICE]))


def test_weights_count_when_targets_are_standardised() -> None:
    net = MLPRegressor(hidden_layer_sizes=(4,), solver="gd", standardise_target=True, random_state=0, max_iter=10)
    assert_same(quietly(net, X, SCORE, TIMES), quietly(MLPRegressor(**net.get_params()), X[TWICE], SCORE[TWICE]))


@pytest.mark.parametrize("solver", ["adam", "sgd", "gd", "lbfgs"])
def test_the_scale_of_the_weights_matters_only_against_the_penalty(solver: str) -> None:
    parameters = {"hidden_layer_sizes": (4,), "solver": solver, "random_state": 0, "max_iter": 8, "batch_size": 20}
    ones, sevens = np.ones(60), np.full(60, 7.0)
    assert_same(quietly(MLPClassifier(**parameters, alpha=1.0), X, Y, ones), quietly(MLPClassifier(**parameters, alpha=7.0), X, Y, sevens))
    assert_same(quietly(MLPClassifier(**parameters, alpha=1.0), X, Y, ones), quietly(MLPClassifier(**parameters, alpha=1.0), X, Y))


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("y", [Y, (SCORE > 0.8).astype(int)], ids=["three classes", "two classes"])
def test_balanced_classes_are_the_weights_written_out(y: np.ndarray, solver: str) -> None:
    parameters = {"hidden_layer_sizes": (4,), "solver": solver, "random_state": 0, "max_iter": 8}
    each = len(y) / (len(np.unique(y)) * np.bincount(y))
    balanced = quietly(MLPClassifier(**parameters, class_weight="balanced"), X, y)
    assert_same(balanced, quietly(MLPClassifier(**parameters), X, y, each[y]))
    written = quietly(MLPClassifier(**parameters, class_weight=dict(enumerate(each))), X, y)
    assert_same(balanced, written)


def test_class_weight_multiplies_the_weight_of_the_row() -> None:
    names = np.array(["a", "b", "c"])[Y]
    parameters = {"hidden_layer_sizes": (4,), "solver": "lbfgs", "random_state": 0, "max_iter": 8}
    both = quietly(MLPClassifier(**parameters, class_weight={"a": 2.0, "c": 0.5}), X, names, TIMES)
    assert_same(both, quietly(MLPClassifier(**parameters), X, names, TIMES * np.array([2.0, 1.0, 0.5])[Y]))


# Weights of one's own ------------------------------------------------------------------------------------------------------


def test_exclusive_or_by_hand_with_two_units() -> None:
    net = MLPClassifier.from_weights([[[20, 20], [20, 20]], [[20], [-20]]], [[-10, -30], [-10]], activation="logistic")
    np.testing.assert_array_equal(net.predict(XOR), [0, 1, 1, 0])
    np.testing.assert_allclose(net.predict_proba(XOR)[:, 1], [0, 1, 1, 0], atol=1e-3)


def test_exclusive_or_by_hand_with_three_units_of_relu() -> None:
    # x1 + x2 - 2 max(x1 + x2 - 1, 0) - 1/2 is -1/2, 1/2, 1/2, -1/2; the third unit does nothing
    net = MLPClassifier.from_weights([[[1, 1, 0], [1, 1, 0]], [[1], [-2], [5]]], [[0, -1, 0], [-0.5]], classes=["same", "different"][::-1])
    np.testing.assert_array_equal(net.decision_function(XOR), [-0.5, 0.5, 0.5, -0.5])
    np.testing.assert_array_equal(net.classes_, ["different", "same"])


def test_given_weights_predict_as_the_formula_says_for_three_classes() -> None:
    W1, W2, b2 = RANDOM.normal(size=(3, 4)), RANDOM.normal(size=(4, 3)), RANDOM.normal(size=3)
    net = MLPClassifier.from_weights([W1, W2], [None, b2], activation="tanh", classes=["x", "y", "z"])
    expected = scipy.special.softmax(np.tanh(X @ W1) @ W2 + b2, axis=1)
    np.testing.assert_allclose(net.predict_proba(X), expected, rtol=1e-12)
    np.testing.assert_array_equal(net.predict(X), np.array(["x", "y", "z"])[expected.argmax(axis=1)])
    assert net.stopped_because_ == "the weights were given" and net.n_iter_ == 0 and len(net.history_) == 0


def test_two_output_units_for_two_classes_are_a_softmax() -> None:
    W, b = np.array([[1.0, -1.0], [0.0, 2.0]]), np.array([0.0, 0.5])
    net = MLPClassifier.from_weights([W], [b])
    np.testing.assert_allclose(net.predict_proba(XOR), scipy.special.softmax(XOR @ W + b, axis=1))
    np.testing.assert_array_equal(net.predict(XOR), (XOR @ W + b).argmax(axis=1))


def test_a_regressor_from_weights_predicts_as_the_formula_says_and_can_learn_on() -> None:
    W, b = np.array([[1.0], [2.0], [0.5]]), np.array([0.25])
    net = MLPRegressor.from_weights([W], [b], warm_start=True, solver="lbfgs", alpha=0)
    np.testing.assert_allclose(net.predict(X), X @ W[:, 0] + 0.25)
    quietly(net, X, X @ W[:, 0] + 0.25)
    np.testing.assert_allclose(net.coefs_[0], W, rtol=1e-10)  # it was right already


def test_float32_weights_stay_float32() -> None:
    net = MLPRegressor.from_weights([np.ones((3, 2), np.float32), np.ones((2, 1), np.float32)])
    assert net.predict(X.astype(np.float32)).dtype == np.float32


@pytest.mark.parametrize(
    "weights, biases, options, sentence",
    [
        ([], None, {}, "weights must hold one array of shape"),
        ([[1, 2]], None, {}, r"the weights of layer 1 must have shape \(n_in, n_out\); got \(2,\)"),
        ([np.ones((2, 3)), np.ones((4, 1))], None, {}, "layer 1 has 3 units, but the weights of layer 2 take 4 inputs"),
        ([np.ones((2, 1))], [[1, 2]], {}, "the biases of layer 1 must be 1 numbers; got 2"),
        ([np.ones((2, 1))], [[1], [2]], {}, "biases must have one entry per layer, None for no bias; got 2 for 1 layers"),
        ([np.full((2, 1), np.nan)], None, {}, "the weights of layer 1 must be finite"),
        ([np.ones((2, 1))], [[np.inf]], {}, "the biases of layer 1 must be finite"),
        ([np.ones((2, 3))], None, {"classes": ["a", "b"]}, "classes must name 3 classes for 3 output units; got 2"),
        ([np.ones((2, 1))], None, {"activation": "rely"}, "Did you mean 'relu'"),
        ([np.ones((2, 2)), np.ones((2, 1))], None, {"activation": ["relu", "tanh"]}, "one per hidden layer; got 2 values for 1"),
    ],
)
def test_weights_that_do_not_follow_from_each_other_are_refused(weights: Any, biases: Any, options: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        MLPClassifier.from_weights(weights, biases, **options)


# From probability to label -------------------------------------------------------------------------------------------------


def at_logit(z: float, threshold: float | None) -> int:
    """The label of a unit whose raw prediction is z."""
    return int(MLPClassifier.from_weights([[[0.0]]], [[z]], threshold=threshold).predict([[1.0]])[0])


def test_the_label_is_one_exactly_where_the_probability_reaches_the_threshold() -> None:
    assert at_logit(0.0, 0.5) == 1  # p = 1/2 reaches 1/2
    assert at_logit(0.0, None) == 0  # and does not exceed it: scikit-learn's rule
    assert at_logit(np.log(3), 0.75) == int(scipy.special.expit(np.log(3)) >= 0.75)
    assert at_logit(np.log(3), 0.7499) == 1 and at_logit(np.log(3), 0.7501) == 0
    assert at_logit(-50.0, 0.0) == 1 and at_logit(50.0, 1.0) == 1 and at_logit(1.0, 1.0) == 0


def test_the_threshold_holds_for_each_of_several_labels_at_once() -> None:
    several = np.column_stack([SCORE > 0, SCORE > 1])
    net = quietly(MLPClassifier((3,), random_state=0, threshold=0.3, max_iter=5), X, several.astype(int))
    np.testing.assert_array_equal(net.predict(X), (net.predict_proba(X) >= 0.3).astype(int))


def test_probabilities_of_both_classes_keep_their_digits() -> None:
    net = MLPClassifier.from_weights([[[0.0]]], [[50.0]])
    no, yes = net.predict_proba([[1.0]])[0]
    assert yes == 1.0
    assert no == pytest.approx(np.exp(-50), rel=1e-12)
    np.testing.assert_allclose(net.predict_log_proba([[1.0]]), [[-50, 0.0]], rtol=1e-12)


def test_targets_far_from_zero_keep_their_digits_in_float32(tmp_path: Path) -> None:
    y = 1e9 + X[:, 0]
    net = MLPRegressor(hidden_layer_sizes=(), solver="lbfgs", alpha=0, standardise_target=True, tol=1e-6)
    quietly(net, X.astype(np.float32), y)
    assert net.score(X.astype(np.float32), y) > 0.9999
    np.testing.assert_allclose(net.compile_predict()(X.astype(np.float32))[:, 0], net.predict(X.astype(np.float32)), rtol=1e-12)
    net.save(tmp_path / "net")
    np.testing.assert_array_equal(glassnet.load(tmp_path / "net").predict(X.astype(np.float32)), net.predict(X.astype(np.float32)))
