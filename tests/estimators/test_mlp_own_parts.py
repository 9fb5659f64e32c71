"""What a user brings along: quantiles by the list, losses of their own, weights to begin with."""

from __future__ import annotations

import pickle
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sklearn.neural_network
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import d2_pinball_score
from sklearn.model_selection import GridSearchCV, cross_val_score

import glassnet
from glassnet import MLPClassifier, MLPRegressor

RANDOM = np.random.default_rng(0)
X = RANDOM.uniform(-1, 1, size=(1500, 2))
NOISY = 10 + 3 * X[:, 0] + (1 + X[:, 1]) * RANDOM.normal(size=1500)
SMOOTH = np.sin(2 * X[:, 0]) + X[:, 1] ** 2
CLASSES = np.digitize(SMOOTH, [-0.3, 0.6])


def quietly(estimator: Any, *data: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return estimator.fit(*data)


# Quantiles -----------------------------------------------------------------------------------------------------------------

LEVELS = [0.05, 0.5, 0.95]


def intervals(**parameters: Any) -> MLPRegressor:
    defaults = {"learning_rate_init": 0.01, "max_iter": 100, "standardise_target": True, "random_state": 0}
    return quietly(MLPRegressor("quantile", (16,), quantile=LEVELS, **defaults | parameters), X, NOISY)


def test_several_quantiles_hold_their_share_of_the_rows() -> None:
    model = intervals()
    prediction = model.predict(X)
    assert prediction.shape == (1500, 3)
    np.testing.assert_allclose((prediction >= NOISY[:, None]).mean(axis=0), LEVELS, atol=0.03)
    width = prediction[:, 2] - prediction[:, 0]
    assert width[X[:, 1] > 0.5].mean() > 2 * width[X[:, 1] < -0.5].mean()


def test_their_score_is_the_mean_share_of_pinball_loss_that_is_saved() -> None:
    model = intervals(early_stopping=True, max_iter=30)
    columns = zip(model.predict(X).T, LEVELS, strict=True)
    assert model.score(X, NOISY) == pytest.approx(np.mean([d2_pinball_score(NOISY, column, alpha=q) for column, q in columns]))
    assert 0.2 < model.best_validation_score_ < 1


def test_quantiles_survive_files_and_partial_fit(tmp_path: Path) -> None:
    model = intervals(max_iter=5)
    model.save(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(glassnet.load(tmp_path / "model.safetensors").predict(X), model.predict(X))
    assert clone(model).partial_fit(X, NOISY).predict(X).shape == (1500, 3)


def test_several_quantiles_are_for_one_target() -> None:
    with pytest.raises(ValueError, match="several quantiles are for one target; y has 2"):
        MLPRegressor("quantile", quantile=LEVELS).fit(X, X)


# Losses of the user's own --------------------------------------------------------------------------------------------------


def log_cosh(raw: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.log(np.cosh(raw - y))


def slope_of_log_cosh(raw: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.tanh(raw - y)


class Focal:
    """Lin et al. (2017): cross-entropy that cares less for what is right already, (1 - p_true)^2 times."""

    def value(self, raw: np.ndarray, y: np.ndarray) -> np.ndarray:
        margin = np.where(y > 0.5, raw, -raw)
        return np.exp(-2 * np.logaddexp(0, margin)) * np.logaddexp(0, -margin)

    def slope(self, raw: np.ndarray, y: np.ndarray) -> np.ndarray:
        sign = np.where(y > 0.5, 1.0, -1.0)
        p = 1 / (1 + np.exp(-sign * raw))
        return sign * (-2 * p * (1 - p) ** 2 * np.logaddexp(0, -sign * raw) - (1 - p) ** 3)


@pytest.mark.parametrize("solver", ["adam", "lbfgs", "cg"])
def test_a_regressor_learns_with_a_loss_of_ones_own(solver: str) -> None:
    model = quietly(MLPRegressor((log_cosh, slope_of_log_cosh), (8,), solver=solver, learning_rate_init=0.02, random_state=0), X, SMOOTH)
    assert model.score(X, SMOOTH) > 0.97
    assert pickle.loads(pickle.dumps(model)).predict(X[:3]).tolist() == model.predict(X[:3]).tolist()
    assert cross_val_score(clone(model).set_params(max_iter=300, tol=1e-3), X[:200], SMOOTH[:200], cv=2).min() > 0.5


def test_ones_own_squared_error_takes_the_steps_of_the_built_in_one() -> None:
    own = (lambda raw, y: (raw - y) ** 2 / 2, lambda raw, y: raw - y)
    mine = quietly(MLPRegressor(own, (8,), max_iter=5, random_state=0), X, SMOOTH, np.ones(1500))
    theirs = quietly(MLPRegressor("squared_error", (8,), max_iter=5, random_state=0), X, SMOOTH, np.ones(1500))
    np.testing.assert_allclose(mine.coefs_[0], theirs.coefs_[0], rtol=1e-10)


@pytest.mark.parametrize("classes", [CLASSES > 0, CLASSES], ids=["two", "three"])
def test_a_classifier_learns_with_a_loss_of_ones_own(classes: np.ndarray) -> None:
    model = quietly(MLPClassifier(8, solver="lbfgs", loss=Focal(), alpha=1e-3, random_state=0), X, classes)
    assert model.score(X, classes) > 0.97
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1)


def test_a_wrong_slope_is_found_before_anything_is_learned() -> None:
    with pytest.raises(ValueError, match="slope is not the slope of value"):
        MLPRegressor((log_cosh, lambda raw, y: raw - y)).fit(X, SMOOTH)
    with pytest.raises(ValueError, match=r"loss must be .*; got 'hubber'. Did you mean 'huber'\? A pair of functions"):
        MLPRegressor("hubber").fit(X, SMOOTH)


def test_a_loss_of_ones_own_has_no_place_in_a_file(tmp_path: Path) -> None:
    model = quietly(MLPRegressor((log_cosh, slope_of_log_cosh), (2,), max_iter=2), X, SMOOTH)
    with pytest.raises(ValueError, match="loss must be a plain value"):
        model.save(tmp_path / "model.safetensors")


# Weights to begin with -----------------------------------------------------------------------------------------------------

FIRST = quietly(MLPRegressor(hidden_layer_sizes=(6,), max_iter=20, random_state=0), X, SMOOTH)
THEIRS = quietly(sklearn.neural_network.MLPRegressor(hidden_layer_sizes=(6,), max_iter=20, random_state=0), X, SMOOTH)


@pytest.mark.parametrize(
    "init", [FIRST, THEIRS, (FIRST.coefs_, FIRST.intercepts_), FrozenEstimator(FIRST)], ids=["ours", "theirs", "arrays", "frozen"]
)
def test_training_begins_where_it_is_told(init: Any) -> None:
    still = {"solver": "sgd", "learning_rate_init": 1e-12, "max_iter": 1}
    model = quietly(MLPRegressor(hidden_layer_sizes=(6,), init=init, **still), X, SMOOTH)
    np.testing.assert_allclose(model.predict(X), FIRST.predict(X), atol=1e-9)
    before = FIRST.coefs_[0].copy()
    further = quietly(MLPRegressor(hidden_layer_sizes=(6,), init=init, max_iter=20), X, SMOOTH)
    assert further.loss_ < FIRST.loss_
    np.testing.assert_array_equal(FIRST.coefs_[0], before)


def test_first_weights_are_in_the_units_of_y() -> None:
    still = {"solver": "sgd", "learning_rate_init": 1e-12, "max_iter": 1, "standardise_target": True}
    model = quietly(MLPRegressor(hidden_layer_sizes=(6,), init=FIRST, **still), X, SMOOTH)
    np.testing.assert_allclose(model.predict(X), FIRST.predict(X), atol=1e-9)


def test_partial_fit_begins_there_too_and_warm_start_goes_before() -> None:
    begun = MLPRegressor(hidden_layer_sizes=(6,), init=FIRST, learning_rate_init=1e-12).partial_fit(X, SMOOTH)
    np.testing.assert_allclose(begun.predict(X), FIRST.predict(X), atol=1e-8)
    warm = quietly(MLPRegressor(hidden_layer_sizes=(6,), init=FIRST, warm_start=True, max_iter=30), X, SMOOTH)
    assert quietly(warm.set_params(max_iter=1), X, SMOOTH).loss_ < FIRST.loss_


def test_a_search_begins_every_fit_there() -> None:
    search = GridSearchCV(MLPRegressor(hidden_layer_sizes=(6,), init=FrozenEstimator(FIRST), max_iter=1), {"alpha": [0.1, 1.0]}, cv=2)
    assert quietly(search, X, SMOOTH).best_score_ > FIRST.score(X, SMOOTH) - 0.1


@pytest.mark.parametrize(
    "init, sentence",
    [
        (MLPRegressor(), "has no coefs_. clone() forgets what was fitted: wrap it in FrozenEstimator, or give (coefs_, intercepts_)."),
        ((FIRST.coefs_, FIRST.intercepts_, None), "init must be (coefs, intercepts) or a fitted network; got 3 parts."),
        (
            ([np.zeros((2, 5)), np.zeros((5, 1))], None),
            "init must have weights of the shapes (2, 6), (6, 1) for this network and these data; got (2, 5), (5, 1).",
        ),
        (([np.zeros((2, 6)), np.zeros((5, 1))], None), "init: layer 1 has 6 units, but the weights of layer 2 take 5 inputs."),
        (([np.full((2, 6), np.nan), np.zeros((6, 1))], None), "init: the weights of layer 1 must be finite."),
        ("warm", "init must be (coefs, intercepts) or a fitted network; got str"),
    ],
    ids=["unfitted", "three parts", "shapes", "mismatch", "nan", "text"],
)
def test_weights_that_do_not_fit_are_refused(init: Any, sentence: str) -> None:
    with pytest.raises(ValueError) as refusal:
        MLPRegressor(hidden_layer_sizes=(6,), init=init).fit(X, SMOOTH)
    assert sentence in str(refusal.value)


def test_biases_have_no_place_in_a_network_without() -> None:
    with pytest.raises(ValueError, match="init has biases for layer 1, and this network has none there"):
        MLPRegressor(hidden_layer_sizes=(6,), init=FIRST, bias=False).fit(X, SMOOTH)
    free = MLPRegressor(hidden_layer_sizes=(6,), init=(FIRST.coefs_, None), bias=False, max_iter=1)
    assert not quietly(free, X, SMOOTH).intercepts_[0].any()


def test_a_file_holds_the_weights_that_training_ended_with(tmp_path: Path) -> None:
    model = quietly(MLPRegressor(hidden_layer_sizes=(6,), init=FIRST, max_iter=2), X, SMOOTH)
    model.save(tmp_path / "model.safetensors")
    again = glassnet.load(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert again.init is None
