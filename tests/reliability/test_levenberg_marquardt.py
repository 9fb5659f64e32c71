"""solver="newton" for regressions with hidden layers: Levenberg and Marquardt's method finds a minimum to the last digits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from glassnet import MLPClassifier, MLPRegressor
from glassnet.estimators.architecture import network_of
from glassnet.maths.activations import activation_named
from glassnet.maths.losses import regressor_loss
from glassnet.networks.network import Workspace
from glassnet.training.full_batch import Objective
from glassnet.training.levenberg_marquardt import LeastSquares
from glassnet.training.rows import Rows

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(60, 3))
T = np.column_stack([np.sin(X[:, 0]) + 0.1 * RANDOM.normal(size=60), X[:, 1] * X[:, 2]])
S = RANDOM.integers(1, 4, 60).astype(float)


def net(**parameters: Any) -> MLPRegressor:
    settings = {"hidden_layer_sizes": (4,), "activation": "tanh", "solver": "newton", "alpha": 0.1, "max_iter": 300, "random_state": 0}
    return MLPRegressor(**(settings | parameters))


@pytest.mark.parametrize("activation", ["tanh", "logistic", "softplus", "gelu"])
@pytest.mark.parametrize("weight", [None, S])
def test_the_derivatives_are_slopes_and_the_matrix_is_their_square(activation: str, weight: Any) -> None:
    f = activation_named(activation)
    coefs = [RANDOM.normal(size=shape) for shape in ((3, 4), (4, 3), (3, 2))]
    intercepts = [RANDOM.normal(size=W.shape[1]) for W in coefs]
    network = network_of(coefs, intercepts, [f, f], regressor_loss("squared_error"))
    theta, rows = network.layout.pack(coefs, intercepts, np.float64), Rows.of(X, T, weight)
    problem = LeastSquares(network, rows, alpha=0.3)
    model = problem.model(theta)
    value, gradient = Objective(network, rows, 0.3).value_and_gradient(theta)
    assert model.value == pytest.approx(value, rel=1e-12)
    assert problem.value(theta) == pytest.approx(value, rel=1e-12)
    np.testing.assert_allclose(model.gradient, gradient, rtol=1e-9, atol=1e-12)
    work = Workspace(network, len(X), np.float64)

    def raw(point: np.ndarray) -> np.ndarray:
        return network.forward(network.layout.views(point), X, work).copy()

    h = 1e-6
    J = np.stack([(raw(theta + h * e) - raw(theta - h * e)) / (2 * h) for e in np.eye(len(theta))], axis=2)
    scaled = J if rows.weight is None else J * np.sqrt(rows.weight)[:, None, None]
    flat = scaled.reshape(-1, len(theta))
    np.testing.assert_allclose(model.H, flat.T @ flat / len(X) + np.diag(problem.ridge), rtol=1e-5, atol=1e-7)


def test_it_ends_at_a_minimum_lower_than_or_like_that_of_lbfgs() -> None:
    found = net().fit(X, T)
    assert found.history_[-1]["gradient_norm"] < 1e-6
    assert found.stopped_because_.startswith("largest gradient component")
    start = (found.coefs_, found.intercepts_)
    again = net(solver="lbfgs", tol=1e-10, init=start).fit(X, T)
    assert again.loss_ == pytest.approx(found.loss_, rel=1e-9)


def test_a_weight_is_a_repetition() -> None:
    one, other = net().fit(X, T, sample_weight=S), net().fit(np.repeat(X, S.astype(int), 0), np.repeat(T, S.astype(int), 0))
    for W, V in zip(one.coefs_ + one.intercepts_, other.coefs_ + other.intercepts_, strict=True):
        np.testing.assert_allclose(W, V, rtol=1e-5, atol=1e-7)


def test_float32_ends_where_its_digits_end() -> None:
    found = net().fit(X.astype(np.float32), T)
    assert found.coefs_[0].dtype == np.float32
    assert found.loss_ == pytest.approx(net().fit(X, T).loss_, rel=1e-2)


def test_early_stopping_restores_the_best_weights() -> None:
    watched = net(alpha=0.0, hidden_layer_sizes=(12,), early_stopping=True, validation_fraction=0.3, n_iter_no_change=5).fit(X, T)
    assert watched.best_validation_score_ == max(watched.validation_scores_)


def test_other_losses_and_large_networks_are_sent_elsewhere() -> None:
    with pytest.raises(ValueError, match="loss='squared_error'; this one has 1 under 'huber'.*Use hidden_layer_sizes="):
        net(loss="huber").fit(X, T)
    with pytest.raises(ValueError, match="hidden"):
        MLPClassifier((3,), solver="newton").fit(X, S > 1)
    with pytest.raises(ValueError, match="up to 4,000; this network has 4,501"):
        net(hidden_layer_sizes=(900,)).fit(X, T[:, 0])
