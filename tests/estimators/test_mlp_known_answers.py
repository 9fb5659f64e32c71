"""Problems with an answer that is known beforehand."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import scipy.optimize
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge

from glassnet import MLPClassifier, MLPRegressor

XOR, EITHER = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(150, 4)) * [1.0, 3.0, 0.3, 1.0]
SCORE = X @ [1.0, -0.7, 2.0, 0.0] + RANDOM.normal(size=150)


def quietly(estimator: Any, *data: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return estimator.fit(*data)


# Without hidden layers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("alpha", [0.1, 10.0])
@pytest.mark.parametrize("solver", ["lbfgs", "cg", "newton"])
@pytest.mark.parametrize("y", [(SCORE > 0).astype(int), np.digitize(SCORE, [-1, 1])], ids=["two classes", "three classes"])
def test_a_classifier_without_hidden_layers_is_logistic_regression(y: np.ndarray, solver: str, alpha: float) -> None:
    ours = quietly(MLPClassifier((), solver=solver, alpha=alpha, tol=1e-9, max_iter=5000, random_state=0), X, y)
    theirs = LogisticRegression(C=1 / alpha, solver="newton-cg", tol=1e-12, max_iter=5000).fit(X, y)
    # SciPy's L-BFGS stops where the loss changes by less than 2e-9 of itself. Newton's method does not.
    within = {"lbfgs": 1e-3, "cg": 1e-5, "newton": 1e-8}[solver]
    np.testing.assert_allclose(ours.coefs_[0].T, theirs.coef_, atol=within)
    # Three classes share their probabilities however much is added to all intercepts: compare what does not depend on it.
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=within)


@pytest.mark.parametrize("l1", [1.0, 8.0])
def test_with_l1_it_is_lasso_logistic_regression_with_the_same_zeros(l1: float) -> None:
    y = (SCORE > 0).astype(int)
    ours = quietly(MLPClassifier((), solver="lbfgs", alpha=0.0, l1=l1, tol=1e-9, max_iter=5000, random_state=0), X, y)
    theirs = LogisticRegression(C=1 / l1, l1_ratio=1.0, solver="saga", tol=1e-9, max_iter=100_000).fit(X, y)
    np.testing.assert_allclose(ours.coefs_[0].T, theirs.coef_, atol=1e-5)
    np.testing.assert_allclose(ours.intercepts_[0], theirs.intercept_, atol=1e-5)
    np.testing.assert_array_equal(ours.coefs_[0].T == 0, theirs.coef_ == 0)
    assert (ours.coefs_[0] == 0).any()


@pytest.mark.parametrize("solver", ["lbfgs", "cg", "newton"])
def test_a_regressor_without_hidden_layers_is_ridge_regression(solver: str) -> None:
    ours = quietly(MLPRegressor(hidden_layer_sizes=(), solver=solver, alpha=5.0, tol=1e-9, max_iter=5000, random_state=0), X, SCORE)
    theirs = Ridge(alpha=5.0).fit(X, SCORE)
    within = 1e-4 if solver == "lbfgs" else 1e-6
    np.testing.assert_allclose(ours.coefs_[0][:, 0], theirs.coef_, atol=within)
    np.testing.assert_allclose(ours.intercepts_[0], theirs.intercept_, atol=within)


# One number for all rows ---------------------------------------------------------------------------------------------------

DRAWN = np.random.default_rng(1).gamma(2.0, 3.0, 101)
WEIGHT = np.random.default_rng(2).uniform(0.5, 2.0, 101)


def huber_location(y: np.ndarray, delta: float) -> float:
    return float(scipy.optimize.brentq(lambda m: np.clip(m - y, -delta, delta).sum(), y.min(), y.max(), xtol=1e-14))


@pytest.mark.parametrize(
    "parameters, answer, within",
    [
        ({"loss": "squared_error"}, DRAWN.mean(), 1e-6),
        ({"loss": "absolute_error"}, np.median(DRAWN), 2e-2),
        ({"loss": "quantile", "quantile": 0.255}, np.sort(DRAWN)[25], 2e-2),
        ({"loss": "quantile", "quantile": 0.905}, np.sort(DRAWN)[91], 1e-1),
        ({"loss": "huber", "huber_delta": 1.5}, huber_location(DRAWN, 1.5), 1e-5),
        ({"loss": "poisson"}, DRAWN.mean(), 1e-5),
    ],
    ids=str,
)
@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
def test_where_there_is_nothing_to_learn_from_a_regressor_finds_the_location_of_its_loss(
    solver: str, parameters: dict[str, Any], answer: float, within: float
) -> None:
    if solver == "lbfgs" and parameters["loss"] in ("absolute_error", "quantile"):
        within = 1.0  # a line search may stop early on a loss with corners
    stepping = {"learning_rate_init": 0.2, "schedule": "cosine", "max_iter": 3000, "batch_size": 101, "n_iter_no_change": 3000}
    net = MLPRegressor(hidden_layer_sizes=(), solver=solver, alpha=0, random_state=0, tol=1e-9 if solver == "lbfgs" else 0)
    quietly(net.set_params(**parameters, **stepping), np.zeros((101, 1)), DRAWN)
    assert net.predict([[0.0]])[0] == pytest.approx(answer, abs=max(within, 1e-4 if solver == "adam" else 0))


def test_with_weights_it_is_the_weighted_mean() -> None:
    net = MLPRegressor(hidden_layer_sizes=(), solver="lbfgs", alpha=0, random_state=0, tol=1e-9)
    quietly(net, np.zeros((101, 1)), DRAWN, WEIGHT)
    assert net.predict([[0.0]])[0] == pytest.approx(np.average(DRAWN, weights=WEIGHT), rel=1e-7)


# Exclusive or --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "solver, options", [("lbfgs", {}), ("adam", {"learning_rate_init": 0.1, "max_iter": 2000, "tol": 1e-9}), ("newton", {})]
)
def test_a_single_neuron_cannot_learn_exclusive_or_and_stops_at_log_two(solver: str, options: dict[str, Any]) -> None:
    net = quietly(MLPClassifier((), solver=solver, alpha=0, random_state=0, **options), XOR, EITHER)
    assert net.loss_ == pytest.approx(np.log(2), abs=1e-3)
    assert net.score(XOR, EITHER) <= 0.75


@pytest.mark.parametrize("solver, options", [("lbfgs", {}), ("adam", {"learning_rate_init": 0.1, "max_iter": 2000})])
def test_with_the_product_of_its_inputs_added_a_single_neuron_can(solver: str, options: dict[str, Any]) -> None:
    with_product = np.column_stack([XOR, XOR[:, 0] * XOR[:, 1]])
    net = quietly(MLPClassifier((), solver=solver, alpha=0, random_state=0, **options), with_product, EITHER)
    assert net.score(with_product, EITHER) == 1 and net.loss_ < 0.1


def test_three_hidden_units_learn_exclusive_or_from_every_seed() -> None:
    # The recipe: gelu units and lbfgs, without a penalty. They bend everywhere, so that no unit is born dead or gets lost in a plateau.
    solved = [
        quietly(MLPClassifier(3, activation="gelu", solver="lbfgs", alpha=0, random_state=seed), XOR, EITHER).score(XOR, EITHER) == 1
        for seed in range(100)
    ]
    assert sum(solved) >= 95


# A certified curve ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_the_certified_growth_curve_of_nist_is_a_network_of_one_logistic_unit(seed: int) -> None:
    # Rat42 of the NIST StRD: y = b1 / (1 + exp(b2 - b3 x)). The unit has weight b3 and bias -b2, the output weight b1 and no bias.
    x = np.array([9.0, 14, 21, 28, 42, 57, 63, 70, 79])
    y = np.array([8.930, 10.800, 18.590, 22.330, 39.350, 56.110, 61.730, 64.620, 67.080])
    net = MLPRegressor(
        hidden_layer_sizes=1, activation="logistic", bias=[True, False], solver="lbfgs", alpha=0, tol=1e-12, random_state=seed
    )
    quietly(net, x[:, None] / 100, y)
    found = [net.coefs_[1][0, 0], -net.intercepts_[0][0], net.coefs_[0][0, 0] / 100]
    np.testing.assert_allclose(found, [72.462237576, 2.6180768402, 0.067359200066], rtol=5e-6)


# A ring around a disc ------------------------------------------------------------------------------------------------------


def rings(n: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Two rings of radius 5 and 10 with unit normal noise."""
    inner = random.integers(0, 2, n)
    angle, radius = random.uniform(0, 2 * np.pi, n), np.where(inner, 5.0, 10.0) + random.normal(size=n)
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)]), inner


def test_eight_units_part_two_rings() -> None:
    random = np.random.default_rng(0)
    train, test = rings(1000, random), rings(10_000, random)
    net = quietly(MLPClassifier(8, activation="tanh", solver="lbfgs", alpha=1.0, random_state=0, max_iter=500), *train)
    assert net.score(*test) >= 0.985
