"""A descent on the shorter side takes the steps that it takes over all features."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from glassnet import MLPClassifier, MLPRegressor
from glassnet.maths.activations import ACTIVATIONS
from glassnet.maths.losses import classifier_loss
from glassnet.networks.dense import Dense
from glassnet.networks.network import Network
from glassnet.training import shorter_side
from glassnet.training.rows import Rows
from glassnet.training.shorter_side import ShorterSide


@pytest.fixture
def shorter(monkeypatch):
    """Says whether small data are descended on the shorter side; the list grows by one for each descent that was."""
    made = []
    first = ShorterSide.__init__

    def init(self, *given):
        made.append(self)
        first(self, *given)

    monkeypatch.setattr(ShorterSide, "__init__", init)
    monkeypatch.setattr(shorter_side, "WORTHWHILE", 0)
    most = shorter_side.MOST_ROWS

    def choose(yes):
        made.clear()
        monkeypatch.setattr(shorter_side, "MOST_ROWS", most if yes else 0)
        return made

    return choose


def wide(n=30, p=400):
    """Rows, two of them alike, whose features differ a hundredfold in spread; and a number that depends on all of them."""
    random = np.random.default_rng(0)
    X = random.normal(size=(n, p)) * np.geomspace(3, 0.03, p)
    X[1] = X[0]
    return X, X @ random.normal(size=p)


def fitted(model, X, y, **parameters):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a descent that did not come to its end
        return model(**{"hidden_layer_sizes": (), "max_iter": 200, "tol": 1e-8, "random_state": 0, "alpha": 3.0} | parameters).fit(X, y)


@pytest.mark.parametrize("solver", ["lbfgs", "cg"])
@pytest.mark.parametrize("classes", [0, 2, 3])
def test_both_sides_take_the_same_steps_and_end_in_the_same_weights(shorter, solver, classes):
    X, z = wide()
    model = MLPClassifier if classes else MLPRegressor
    y = np.digitize(z, np.quantile(z, np.arange(1, classes) / classes)) if classes else z
    made = shorter(True)
    short = fitted(model, X, y, solver=solver)
    assert len(made) == 1
    made = shorter(False)
    long = fitted(model, X, y, solver=solver)
    assert not made
    for column in ("loss", "weight_norm", "gradient_norm"):
        np.testing.assert_allclose(short.history_.column(column)[:8], long.history_.column(column)[:8], rtol=1e-6)
    np.testing.assert_allclose(short.coefs_[0], long.coefs_[0], atol=1e-3 * abs(long.coefs_[0]).max())


def test_rows_that_are_watched_an_l1_penalty_and_many_rows_leave_it_alone(shorter):
    X, z = wide()
    made = shorter(True)
    fitted(MLPClassifier, X, z > 0, solver="lbfgs", l1=0.1)
    fitted(MLPClassifier, X, z > 0, solver="lbfgs", early_stopping=True, validation_fraction=0.2)
    fitted(MLPClassifier, X[:, :100], z > 0, solver="lbfgs")
    fitted(MLPClassifier, X, z > 0, solver="adam")
    assert not made


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_first_weights_come_back_to_the_last_bit(dtype):
    X, z = wide()
    network = Network((Dense(400, 1, ACTIVATIONS["identity"]),), classifier_loss("log_loss", "logistic"), (0.0,))
    theta = np.random.default_rng(1).normal(size=401).astype(dtype)
    index = np.arange(0, 30, 2)
    rows = Rows.of(X.astype(dtype), (z > 0)[:, None].astype(dtype), np.linspace(1, 2, 30), index)
    side = ShorterSide(network, rows, theta, shorter_side._inner_products(rows))
    again = np.zeros_like(theta)
    side.expand_into(again)
    np.testing.assert_array_equal(again, theta)
    np.testing.assert_allclose(side.rows.X @ side.theta[:-1], X[index] @ theta[:-1], rtol=1e-3, atol=1e-2 if dtype == np.float32 else 1e-9)
    np.testing.assert_array_equal(side.rows.weight, rows.weight[index])


def test_whoever_watches_finds_the_weights_over_all_features(shorter):
    X, z = wide()
    made, seen = shorter(True), []
    model = MLPClassifier(hidden_layer_sizes=(), solver="lbfgs", max_iter=5, random_state=0, alpha=3.0)
    model._observers = (lambda row: seen.append(model.coefs_[0].copy()),)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X, z > 0)
    assert made and len(seen) == 5 and seen[0].shape == (400, 1)
    np.testing.assert_array_equal(seen[-1], model.coefs_[0])
    assert not np.array_equal(seen[0], seen[-1])


def test_rows_of_nothing_but_zeros_and_rows_too_large_for_inner_products_are_survived(shorter):
    made = shorter(True)
    nothing = fitted(MLPClassifier, np.zeros((30, 400)), np.arange(30) % 2, solver="lbfgs")
    assert made and abs(nothing.coefs_[0]).max() < 1e-3
    X, z = wide()
    network = Network((Dense(400, 1, ACTIVATIONS["identity"]),), classifier_loss("log_loss", "logistic"), (0.0,))
    rows = Rows.of(X * 1e200, (z > 0)[:, None].astype(np.float64))
    assert ShorterSide.where_it_pays(network, rows, np.zeros(401)) is None
