"""A prediction takes the compiled way where it is the faster one, and both ways give the same numbers of the same weights."""

from __future__ import annotations

import copy
import pickle
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import glassnet
from glassnet import MLPClassifier, MLPRegressor
from glassnet.checks import DataError

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(300, 6))
Y = np.digitize(X[:, 0] + X[:, 1] ** 2, [0.0, 1.0])


def fitted(make: Any, y: Any, dtype: Any = np.float64, **parameters: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return make(**{"hidden_layer_sizes": (7, 5), "max_iter": 5, "random_state": 0, **parameters}).fit(X.astype(dtype), y)


def by_hand(net: Any, rows: Any) -> Any:
    """The raw prediction of a network of rectifiers, as the formula says."""
    A = rows
    for W, b in zip(net.coefs_[:-1], net.intercepts_[:-1], strict=True):
        A = np.maximum(A @ W + b, 0)
    return A @ net.coefs_[-1] + net.intercepts_[-1]


def is_quick(net: Any, rows: Any = X) -> bool:
    quick = net._predictor()[2]
    return quick is not None and quick.takes(rows)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("make, y", [(MLPClassifier, Y), (MLPClassifier, Y > 0), (MLPRegressor, X[:, 0]), (MLPRegressor, X[:, :2])])
def test_the_quick_way_and_the_other_give_the_same(make: Any, y: Any, dtype: Any) -> None:
    net = fitted(make, y, dtype)
    rows = X.astype(dtype)
    assert is_quick(net, rows)
    hidden = rows.copy()
    hidden.flags.writeable = False
    assert not is_quick(net, hidden)
    ask = net.predict_proba if make is MLPClassifier else net.predict
    np.testing.assert_allclose(ask(rows), ask(hidden), rtol=50 * np.finfo(dtype).eps, atol=5 * np.finfo(dtype).eps)


def test_learned_loaded_pickled_copied_and_given_weights_are_all_predicted_with_quickly(tmp_path: Path) -> None:
    net = fitted(MLPClassifier, Y)
    net.save(tmp_path / "net.safetensors")
    nets = [
        net,
        glassnet.load(tmp_path / "net.safetensors"),
        pickle.loads(pickle.dumps(net)),
        copy.deepcopy(net),
        copy.copy(net),
        MLPClassifier.from_weights(net.coefs_, net.intercepts_, activation="relu", classes=[0, 1, 2]),
    ]
    for other in nets:
        assert is_quick(other)
        np.testing.assert_array_equal(other.predict_proba(X), net.predict_proba(X))


@pytest.mark.parametrize("change", [lambda net: net, lambda net: pickle.loads(pickle.dumps(net)), copy.deepcopy])
def test_weights_that_are_changed_in_place_or_exchanged_count_at_once(change: Any) -> None:
    net = change(fitted(MLPClassifier, Y))
    net.coefs_[0][2, 3] += 1.5
    net.intercepts_[1][0] = -4.0
    np.testing.assert_allclose(net.decision_function(X), by_hand(net, X), rtol=1e-9, atol=1e-12)
    net.coefs_[1] = 2 * net.coefs_[1]
    np.testing.assert_allclose(net.decision_function(X), by_hand(net, X), rtol=1e-9, atol=1e-12)
    net.coefs_ = [W.copy() for W in net.coefs_]
    net.intercepts_ = [-b for b in net.intercepts_]
    np.testing.assert_allclose(net.decision_function(X), by_hand(net, X), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("parameters", [{}, {"bias": False}, {"activation": "gelu"}], ids=str)
def test_a_copy_has_the_weights_of_its_original_and_a_deep_copy_its_own(parameters: dict[str, Any]) -> None:
    net = fitted(MLPClassifier, Y, **parameters)
    shallow, deep, before = copy.copy(net), copy.deepcopy(net), net.predict_proba(X)
    net.coefs_[0][:] = 0
    np.testing.assert_array_equal(shallow.predict_proba(X), net.predict_proba(X))
    np.testing.assert_array_equal(deep.predict_proba(X), before)


def test_weights_that_do_not_fit_are_refused_when_they_are_asked_and_not_before() -> None:
    net = fitted(MLPRegressor, X[:, 0])
    net.coefs_[1] = np.array([[2.0]])  # would fit by being repeated
    for other in (net, copy.copy(net), copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert other.coefs_[1].shape == (1, 1)
        with pytest.raises(ValueError, match="mismatch in its core dimension|shapes"):
            other.predict(X)
    net.coefs_[1] = np.ones((4, 5))
    net.coefs_[0] = net.coefs_[0][:, :4]  # on the way to fewer units
    again = pickle.loads(pickle.dumps(net))
    again.intercepts_[0] = again.intercepts_[0][:4]
    np.testing.assert_allclose(again.predict(X), by_hand(again, X)[:, 0], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    "parameters",
    [{"activation": "gelu"}, {"hidden_layer_sizes": (200, 200)}, {"bias": [True, False, True]}, {"bias": False}],
    ids=str,
)
def test_what_the_quick_way_does_not_take_is_predicted_by_the_layers(parameters: dict[str, Any]) -> None:
    net = fitted(MLPClassifier, Y, **parameters)
    assert not is_quick(net)
    if parameters != {"activation": "gelu"}:
        np.testing.assert_allclose(net.decision_function(X), by_hand(net, X), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    "make", [lambda: X[:, ::-1][:, ::-1], lambda: np.asfortranarray(X), lambda: X.tolist(), lambda: X.astype(np.float32)]
)
def test_rows_in_any_order_of_memory_give_the_same(make: Any) -> None:
    net = fitted(MLPClassifier, Y)
    np.testing.assert_allclose(net.predict_proba(make()), net.predict_proba(X), rtol=1e-5)


def test_what_cannot_be_saved_or_is_called_otherwise_here_is_said_with_what_to_do(tmp_path: Path) -> None:
    pipeline = make_pipeline(StandardScaler(), fitted(MLPClassifier, Y))
    with pytest.raises(TypeError, match="got a Pipeline of StandardScaler, MLPClassifier. TablePreparation standardises"):
        glassnet.save(pipeline, tmp_path / "net.safetensors")
    with pytest.raises(ValueError, match="'sigmoid' is called 'logistic' here"):
        fitted(MLPClassifier, Y, activation="sigmoid")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("rows", [1, 300])
def test_a_number_that_is_not_finite_is_refused_before_and_after(bad: float, rows: int) -> None:
    net = fitted(MLPRegressor, X[:, 0])
    wrong = X[:rows].copy()
    wrong[-1, 3] = bad
    with pytest.raises(ValueError, match="contains NaN|contains infinity"):
        net.predict(wrong)
    net.intercepts_[-1][:] = bad
    with pytest.raises(DataError, match="overflows"):
        net.predict(X[:rows])


def test_large_numbers_whose_squares_overflow_are_predicted() -> None:
    net = MLPRegressor.from_weights([np.array([[1.0], [0.0]], np.float32)])
    rows = np.array([[3e25, 1.0]], np.float32)
    assert net.predict(rows) == rows[0, 0]
