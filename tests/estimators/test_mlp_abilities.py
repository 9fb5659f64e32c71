"""What glassnet adds to scikit-learn's parameters: layers that differ, dropout, L1, scales of targets, searches."""

from __future__ import annotations

import copy
import pickle
import warnings
from typing import Any

import numpy as np
import pytest
import scipy.special
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from glassnet import MLPClassifier, MLPRegressor
from glassnet.maths.activations import ACTIVATIONS

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(100, 4))
SCORE = X @ [1.0, -2.0, 0.5, 0.0] + 0.5 * RANDOM.normal(size=100)
Y = np.digitize(SCORE, [-1.0, 1.0])
SOLVERS = ("gd", "sgd", "adagrad", "rmsprop", "adam", "adamw", "lbfgs", "cg")


def swish(z: np.ndarray) -> np.ndarray:
    return z * scipy.special.expit(z)


def slope_of_swish(z: np.ndarray) -> np.ndarray:
    p = scipy.special.expit(z)
    return p + z * p * (1 - p)


def net(**parameters: Any) -> MLPClassifier:
    return MLPClassifier(
        **{"hidden_layer_sizes": (6, 5), "random_state": 0, "learning_rate_init": 0.02, "max_iter": 10, "batch_size": 25} | parameters
    )


def quietly(estimator: Any, *data: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return estimator.fit(*data)


def theta(estimator: Any) -> np.ndarray:
    return np.concatenate([part.ravel() for part in (*estimator.coefs_, *estimator.intercepts_)])


# Activations ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("name", list(ACTIVATIONS))
def test_every_activation_learns(name: str, solver: str) -> None:
    fitted = quietly(net(activation=name, solver=solver, max_iter=60), X, Y)
    assert fitted.loss_ < 0.8 * fitted.history_[0]["loss"]
    assert fitted.score(X, Y) > 0.75


def test_a_users_own_pair_learns_what_the_built_in_one_learns() -> None:
    own = quietly(net(activation=(np.tanh, lambda z: 1 - np.tanh(z) ** 2)), X, Y)
    np.testing.assert_allclose(theta(own), theta(quietly(net(activation="tanh"), X, Y)), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_users_own_pair_learns_and_predicts(solver: str) -> None:
    fitted = quietly(net(activation=(swish, slope_of_swish), solver=solver), X.astype(np.float32), Y)
    assert all(part.dtype == np.float32 for part in (*fitted.coefs_, *fitted.intercepts_))
    assert fitted.predict_proba(X.astype(np.float32)).dtype == np.float32
    assert fitted.loss_ < fitted.history_[0]["loss"]


def test_a_users_pair_with_a_wrong_slope_is_refused_by_fit() -> None:
    with pytest.raises(ValueError, match="the second function is not the slope of the first"):
        net(activation=(swish, np.cos)).fit(X, Y)


def test_each_layer_may_have_its_own_activation() -> None:
    fitted = quietly(net(activation=["tanh", (swish, slope_of_swish)]), X, Y)
    (W1, W2, W3), (b1, b2, b3) = fitted.coefs_, fitted.intercepts_
    np.testing.assert_allclose(fitted.decision_function(X), swish(np.tanh(X @ W1 + b1) @ W2 + b2) @ W3 + b3, rtol=1e-10)


def test_the_output_is_not_touched_by_the_hidden_activation() -> None:
    fitted = quietly(MLPRegressor(hidden_layer_sizes=(), activation="relu", solver="lbfgs", alpha=0, random_state=0), X, SCORE)
    np.testing.assert_allclose(fitted.predict(X), X @ fitted.coefs_[0][:, 0] + fitted.intercepts_[0], rtol=1e-12)
    assert fitted.predict(X).min() < 0


# Biases and dropout --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("solver", SOLVERS)
def test_biases_can_be_left_out_layer_by_layer(solver: str) -> None:
    fitted = quietly(net(bias=[False, True, False], solver=solver), X, Y)
    assert [b.any() for b in fitted.intercepts_] == [False, True, False]
    assert [b.shape for b in fitted.intercepts_] == [(6,), (5,), (3,)]


@pytest.mark.parametrize("solver", ["gd", "adam"])
def test_a_network_without_biases_learns_as_one_whose_biases_are_held_at_zero(solver: str) -> None:
    # By hand: a linear unit without bias, one step of gradient descent at a time.
    y = X @ [1.0, -2.0, 0.5, 0.0]
    fitted = quietly(
        MLPRegressor(
            hidden_layer_sizes=(3,),
            bias=False,
            activation="identity",
            solver=solver,
            learning_rate_init=0.05,
            max_iter=800,
            n_iter_no_change=800,
            alpha=0,
            random_state=0,
        ),
        X,
        y,
    )
    np.testing.assert_allclose(fitted.predict(np.zeros((1, 4))), [0.0], atol=1e-14)
    np.testing.assert_allclose(fitted.predict(X), y, atol=0.05)


def test_dropout_changes_training_and_is_silent_at_prediction() -> None:
    plain, dropped = quietly(net(), X, Y), quietly(net(dropout=0.5), X, Y)
    assert not np.array_equal(theta(plain), theta(dropped))
    np.testing.assert_array_equal(dropped.predict_proba(X), dropped.predict_proba(X))
    W, b = dropped.coefs_, dropped.intercepts_
    hidden = np.maximum(np.maximum(X @ W[0] + b[0], 0) @ W[1] + b[1], 0)
    np.testing.assert_allclose(dropped.predict_proba(X), scipy.special.softmax(hidden @ W[2] + b[2], axis=1), rtol=1e-10)


def test_dropout_may_differ_per_layer_and_repeats_from_its_seed() -> None:
    first, again = quietly(net(dropout=[0.5, 0.0]), X, Y), quietly(net(dropout=[0.5, 0.0]), X, Y)
    np.testing.assert_array_equal(theta(first), theta(again))
    assert not np.array_equal(theta(first), theta(quietly(net(dropout=[0.0, 0.5]), X, Y)))
    np.testing.assert_array_equal(theta(quietly(net(dropout=[0.0, 0.0]), X, Y)), theta(quietly(net(), X, Y)))


def test_dropout_holds_over_calls_of_partial_fit() -> None:
    def stepped() -> MLPClassifier:
        estimator = net(dropout=0.5)
        for _ in range(3):
            estimator.partial_fit(X, Y, classes=[0, 1, 2])
        return estimator

    np.testing.assert_array_equal(theta(stepped()), theta(stepped()))


# One seed, one network -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("solver", SOLVERS)
def test_one_seed_gives_one_network_and_another_seed_another(solver: str) -> None:
    first = quietly(net(solver=solver), X, Y)
    np.testing.assert_array_equal(theta(first), theta(quietly(net(solver=solver), X, Y)))
    np.testing.assert_array_equal(theta(first), theta(quietly(clone(first), X, Y)))
    assert not np.array_equal(theta(first), theta(quietly(net(solver=solver, random_state=1), X, Y)))
    other = np.random.RandomState(7)
    assert not np.array_equal(theta(quietly(net(random_state=other), X, Y)), theta(quietly(net(random_state=other), X, Y)))


@pytest.mark.parametrize("solver", SOLVERS)
def test_float32_stays_float32_all_the_way(solver: str) -> None:
    X32 = X.astype(np.float32)
    fitted = quietly(net(solver=solver, early_stopping=True, l1=0.0), X32, Y)
    assert all(part.dtype == np.float32 for part in (*fitted.coefs_, *fitted.intercepts_))
    assert fitted.predict_proba(X32).dtype == np.float32
    assert fitted.decision_function(X32).dtype == np.float32
    regressor = quietly(MLPRegressor(hidden_layer_sizes=3, solver=solver, standardise_target=True, max_iter=3), X32, SCORE)
    assert regressor.predict(X32).dtype == np.float32


@pytest.mark.parametrize(
    "form",
    [
        np.asfortranarray,
        lambda X: np.repeat(X, 2, axis=1)[:, ::2],
        lambda X: X.astype(">f8"),
        lambda X: X[::-1][::-1],
        lambda X: X.tolist(),
    ],
    ids=["Fortran order", "strided", "big-endian", "reversed", "list"],
)
def test_the_form_of_an_array_changes_nothing(form: Any) -> None:
    plain, other = quietly(net(), X, Y), quietly(net(), form(X), Y)
    np.testing.assert_allclose(theta(other), theta(plain), rtol=1e-9, atol=1e-12)


def test_a_read_only_array_is_left_as_it_was() -> None:
    frozen = X.copy()
    frozen.flags.writeable = False
    np.testing.assert_array_equal(theta(quietly(net(), frozen, Y)), theta(quietly(net(), X, Y)))
    np.testing.assert_array_equal(frozen, X)


def test_a_fitted_network_survives_a_pickle_and_goes_on_learning() -> None:
    one = net(dropout=0.3).partial_fit(X, Y, classes=[0, 1, 2])
    two = pickle.loads(pickle.dumps(one))
    three = copy.deepcopy(one)
    for estimator in (one, two, three):
        estimator.partial_fit(X, Y)
    np.testing.assert_array_equal(theta(one), theta(two))
    np.testing.assert_array_equal(theta(one), theta(three))


# Initialisers --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["glorot_uniform", "he_normal", "lecun_uniform"])
def test_an_initialiser_begins_with_biases_of_zero_and_weights_of_its_own(name: str) -> None:
    begun = quietly(net(initialiser=name, solver="gd", learning_rate_init=1e-300, max_iter=1), X, Y)
    assert not any(np.abs(b).max() > 1e-290 for b in begun.intercepts_)
    assert not np.array_equal(begun.coefs_[1], quietly(net(solver="gd", learning_rate_init=1e-300, max_iter=1), X, Y).coefs_[1])


# L1 ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("solver", ["lbfgs", "sgd", "adam", "rmsprop", "gd"])
def test_l1_makes_weights_exactly_zero_and_leaves_biases_free(solver: str) -> None:
    fitted = quietly(net(l1=3.0, alpha=0, solver=solver, max_iter=300, learning_rate_init=0.01), X, Y)
    zeros = [(W == 0).mean() for W in fitted.coefs_]
    assert zeros[0] > 0.2
    assert all((b != 0).all() for b in fitted.intercepts_[-1:])


@pytest.mark.parametrize("solver", ["gd", "sgd", "adam", "adagrad", "rmsprop"])
def test_with_l1_step_by_step_solvers_reach_the_minimum_of_lbfgs(solver: str) -> None:
    parameters = {"hidden_layer_sizes": (), "alpha": 0.0, "l1": 5.0, "random_state": 0}
    exact = quietly(MLPRegressor(**parameters, solver="lbfgs", tol=1e-10, max_iter=5000), X, SCORE)
    rate = {"adagrad": 0.5}.get(solver, 0.05)
    stepped = MLPRegressor(
        **parameters, solver=solver, learning_rate_init=rate, batch_size=100, max_iter=3000, tol=0, n_iter_no_change=3000
    )
    stepped.set_params(schedule="cosine" if solver in ("adam", "rmsprop") else "constant")
    quietly(stepped, X, SCORE)
    np.testing.assert_allclose(theta(stepped), theta(exact), atol=2e-3)
    np.testing.assert_array_equal(stepped.coefs_[0] == 0, exact.coefs_[0] == 0)


# Standardised targets ------------------------------------------------------------------------------------------------------


def test_standardised_targets_are_learned_and_folded_back() -> None:
    y = 1e6 + 3e4 * SCORE
    parameters = {"hidden_layer_sizes": (5,), "solver": "adam", "learning_rate_init": 0.02, "random_state": 0, "max_iter": 50, "alpha": 0.0}
    far = quietly(MLPRegressor(**parameters, standardise_target=True), X, y)
    near = quietly(MLPRegressor(**parameters), X, (y - y.mean()) / y.std())
    np.testing.assert_allclose(far.predict(X), y.mean() + y.std() * near.predict(X), rtol=1e-12)
    np.testing.assert_allclose(far.loss_curve_, near.loss_curve_, rtol=1e-12)
    assert far.score(X, y) > 0.8


def test_several_targets_are_standardised_each_by_itself_and_a_constant_one_is_kept() -> None:
    y = np.column_stack([100 + SCORE, 1e-3 * SCORE, np.full(100, 7.0)])
    fitted = quietly(MLPRegressor(hidden_layer_sizes=(), solver="lbfgs", standardise_target=True, alpha=0, random_state=0), X, y)
    np.testing.assert_allclose(fitted.predict(X)[:, 2], 7.0, rtol=1e-5)
    scale = fitted.predict(X).std(axis=0)
    assert scale[0] == pytest.approx(1e3 * scale[1], rel=1e-3)


@pytest.mark.parametrize("bias", [True, False])
def test_a_warm_start_unfolds_the_scale_first(bias: bool) -> None:
    y = 50 + 9 * SCORE
    parameters = {"hidden_layer_sizes": (5,), "solver": "gd", "learning_rate_init": 0.1, "random_state": 0, "standardise_target": True}
    parameters |= {"bias": bias, "tol": 0.0}
    whole = quietly(MLPRegressor(**parameters, max_iter=10), X, y)
    halves = MLPRegressor(**parameters, max_iter=5, warm_start=True)
    quietly(halves, X, y)
    quietly(halves, X, y)
    np.testing.assert_allclose(halves.predict(X), whole.predict(X), rtol=1e-9)


# Searches ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "parameters, shapes",
    [
        ({"n_layers": 0}, []),
        ({"n_layers": 3, "width": 2}, [2, 2, 2]),
        ({"n_layers": 2}, [6, 6]),
        ({"width": 4}, [4, 4]),
        ({"hidden_layer_sizes": 7}, [7]),
        ({"hidden_layer_sizes": [], "n_layers": 1}, [100]),
    ],
)
def test_the_shape_of_a_network_can_be_given_by_scalars(parameters: dict[str, Any], shapes: list[int]) -> None:
    fitted = quietly(net(max_iter=1, **parameters), X, Y)
    assert [W.shape[1] for W in fitted.coefs_[:-1]] == shapes


def test_a_grid_search_varies_the_shape_and_everything_else() -> None:
    grid = {"mlpclassifier__n_layers": [0, 1], "mlpclassifier__width": [2, 3], "mlpclassifier__dropout": [0.0, 0.2]}
    search = GridSearchCV(make_pipeline(StandardScaler(), net(max_iter=3)), grid, cv=2)
    quietly(search, X, Y)
    assert len(search.cv_results_["params"]) == 8
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_cross_validation_works_on_a_regressor() -> None:
    scores = cross_val_score(MLPRegressor(hidden_layer_sizes=(), solver="lbfgs", random_state=0), X, SCORE, cv=3)
    assert scores.min() > 0.8


# Looking -------------------------------------------------------------------------------------------------------------------


def test_the_summary_counts_and_warns() -> None:
    text = quietly(net(hidden_layer_sizes=(300,), max_iter=1), X, Y).summary()
    assert "4 x 300" in text and "300 x 3" in text and "softmax" in text
    assert "2,403 parameters, 100 rows" in text and "too big for its data" in text


def test_the_summary_counts_only_the_biases_that_there_are() -> None:
    assert "2,100 parameters" in quietly(net(hidden_layer_sizes=(300,), max_iter=1, bias=False), X, Y).summary()


@pytest.mark.parametrize("make", [MLPClassifier, MLPRegressor])
@pytest.mark.parametrize("several", [False, True])
def test_a_compiled_prediction_is_the_prediction(make: Any, several: bool) -> None:
    y = {(MLPClassifier, False): (SCORE > 0).astype(int), (MLPClassifier, True): Y, (MLPRegressor, False): SCORE}.get((make, several))
    y = np.column_stack([SCORE, SCORE**2]) if y is None else y
    fitted = quietly(make(hidden_layer_sizes=(5,), random_state=0, max_iter=5, bias=[False, True]), X, y)
    expected = fitted.predict_proba(X) if make is MLPClassifier else fitted.predict(X).reshape(100, -1)
    np.testing.assert_allclose(fitted.compile_predict()(X), expected, rtol=1e-12)
    with pytest.raises(ValueError, match="compile_predict takes built-in activations other than 'gelu'"):
        quietly(make(hidden_layer_sizes=(5,), activation="gelu", max_iter=1), X, y).compile_predict()


def test_a_prediction_follows_weights_that_were_exchanged() -> None:
    fitted = quietly(net(), X, Y)
    before = fitted.predict_proba(X)
    fitted.coefs_[0] = -fitted.coefs_[0]
    after = fitted.predict_proba(X)
    assert not np.allclose(before, after)
    W, b = fitted.coefs_, fitted.intercepts_
    hidden = np.maximum(np.maximum(X @ W[0] + b[0], 0) @ W[1] + b[1], 0)
    np.testing.assert_allclose(after, scipy.special.softmax(hidden @ W[2] + b[2], axis=1), rtol=1e-10)
    fitted.set_params(activation="tanh")
    assert not np.allclose(fitted.predict_proba(X), after)
