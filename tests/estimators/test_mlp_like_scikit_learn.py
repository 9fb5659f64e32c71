"""One random_state, the same network: coefficients agree with scikit-learn's estimators of the same name to 1e-10.

scikit-learn serves as an oracle here and nowhere else; weights of rows are left out where the two differ on purpose (scikit-learn
divides each mini-batch by its own sum of weights, we by the mean over all rows).
"""

from __future__ import annotations

import inspect
import warnings
from typing import Any

import numpy as np
import pytest
import scipy.sparse
import sklearn.neural_network as oracle
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

import glassnet

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(90, 4))
SCORE = X @ [1.0, -2.0, 0.5, 0.0] + 0.3 * RANDOM.normal(size=90)
Y = {
    "binary": (SCORE > 0).astype(int),
    "multiclass": np.digitize(SCORE, [-1.0, 1.0]),
    "names": np.array(["ja", "nein", "vielleicht"])[np.digitize(SCORE, [-1.0, 1.0])],
    "multilabel": np.column_stack([SCORE > 0, SCORE > 1, X[:, 3] > 0]).astype(int),
    "one target": SCORE,
    "two targets": np.column_stack([SCORE, X[:, 0] ** 2]),
}
CLASSIFIED = ("binary", "multiclass", "names", "multilabel")


def pair(y: str, **parameters: Any) -> tuple[Any, Any]:
    """(ours, scikit-learn's)."""
    name = "MLPClassifier" if y in CLASSIFIED else "MLPRegressor"
    settings = {"hidden_layer_sizes": (5, 4), "max_iter": 12, "random_state": 3, "batch_size": 20, "learning_rate_init": 0.01} | parameters
    return getattr(glassnet, name)(**settings), getattr(oracle, name)(**settings)


def assert_same(ours: Any, theirs: Any, rtol: float = 1e-10) -> None:
    assert len(ours.coefs_) == len(theirs.coefs_)
    for W, V in zip([*ours.coefs_, *ours.intercepts_], [*theirs.coefs_, *theirs.intercepts_], strict=True):
        assert W.dtype == V.dtype
        np.testing.assert_allclose(W, V, rtol=rtol, atol=rtol)
    for name in ("n_iter_", "n_layers_", "n_outputs_", "t_", "out_activation_"):
        assert getattr(ours, name) == getattr(theirs, name), name
    if not hasattr(ours, "classes_"):
        np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=100 * rtol, atol=100 * rtol)
        return
    guess = theirs.predict(X)
    np.testing.assert_array_equal(ours.predict(X), guess.toarray() if scipy.sparse.issparse(guess) else guess)
    probability = theirs.predict_proba(X)
    np.testing.assert_allclose(ours.predict_proba(X), probability, atol=100 * rtol)
    with np.errstate(divide="ignore"):
        np.testing.assert_allclose(np.exp(ours.predict_log_proba(X)), np.exp(theirs.predict_log_proba(X)), atol=100 * rtol)


def fit_both(ours: Any, theirs: Any, *data: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        ours.fit(*data)
        theirs.fit(*data)


def agree(y: str, X: Any = X, **parameters: Any) -> Any:
    ours, theirs = pair(y, **parameters)
    fit_both(ours, theirs, X, Y[y])
    assert_same(ours, theirs)
    if y != "two targets":  # there they average the loss over the targets, but not its gradient
        np.testing.assert_allclose(ours.loss_, theirs.loss_, rtol=1e-9)
    if ours.solver != "lbfgs" and y != "two targets":
        np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-9)
        assert (ours.best_loss_ is None) == (theirs.best_loss_ is None)
        if theirs.validation_scores_ is not None:
            np.testing.assert_allclose(ours.validation_scores_, theirs.validation_scores_, rtol=1e-9)
            assert ours.best_validation_score_ == pytest.approx(theirs.best_validation_score_)
    return ours


@pytest.mark.parametrize("y, solver", [(y, s) for y in Y for s in ("adam", "sgd", "lbfgs") if (y, s) != ("two targets", "lbfgs")])
def test_every_kind_of_target_with_every_solver(y: str, solver: str) -> None:
    agree(y, solver=solver)


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
def test_every_activation(activation: str, solver: str) -> None:
    agree("multiclass", activation=activation, solver=solver)
    agree("one target", activation=activation, solver=solver)


@pytest.mark.parametrize("learning_rate", ["constant", "invscaling", "adaptive"])
@pytest.mark.parametrize(
    "descent", [{"momentum": 0.0}, {"momentum": 0.9}, {"momentum": 0.9, "nesterovs_momentum": False}, {"momentum": 0.5, "power_t": 0.2}]
)
def test_sgd_with_every_learning_rate_and_momentum(learning_rate: str, descent: dict[str, Any]) -> None:
    agree("multiclass", solver="sgd", learning_rate=learning_rate, **descent)


def test_the_adaptive_rate_drops_at_the_same_epochs_and_stops_at_the_same_one() -> None:
    ours = agree("binary", solver="sgd", learning_rate="adaptive", tol=0.02, n_iter_no_change=2, max_iter=200)
    assert len(set(ours.history_.column("learning_rate"))) == 7  # 0.01 / 5^k until it is no more than 1e-6
    assert ours.n_iter_ < 200


@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("y", ["binary", "multiclass", "multilabel", "one target"])
def test_early_stopping_stops_at_the_same_epoch_and_restores_the_same_weights(y: str, solver: str) -> None:
    ours = agree(y, solver=solver, early_stopping=True, n_iter_no_change=3, max_iter=100, validation_fraction=0.2, learning_rate_init=0.02)
    assert ours.n_iter_ < 100


def test_training_loss_no_longer_improving_stops_at_the_same_epoch() -> None:
    ours = agree("binary", tol=0.01, n_iter_no_change=2, max_iter=100)
    assert ours.n_iter_ < 100


@pytest.mark.parametrize("alpha", [0.0, 0.1, 10.0])
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_the_l2_penalty(solver: str, alpha: float) -> None:
    agree("binary", solver=solver, alpha=alpha)


@pytest.mark.parametrize("batch_size", [1, 7, 90, "auto"])
@pytest.mark.parametrize("shuffle", [True, False])
def test_batches_of_every_size_in_every_order(batch_size: int | str, shuffle: bool) -> None:
    agree("multiclass", batch_size=batch_size, shuffle=shuffle, max_iter=4)


@pytest.mark.parametrize("parameters", [{"beta_1": 0.5, "beta_2": 0.9}, {"epsilon": 0.1}, {"beta_1": 0.0, "beta_2": 0.0}])
def test_adams_constants(parameters: dict[str, Any]) -> None:
    agree("binary", **parameters)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("make", [scipy.sparse.csr_matrix, scipy.sparse.csc_matrix, scipy.sparse.coo_matrix, scipy.sparse.csr_array])
def test_sparse_input(make: Any, solver: str) -> None:
    thin = np.where(np.abs(X) > 0.7, X, 0)
    ours = agree("multiclass", make(thin), solver=solver, activation="tanh")  # with relu a line search may look where their loss is clipped
    np.testing.assert_allclose(ours.predict_proba(make(thin)), ours.predict_proba(thin), rtol=1e-12)


@pytest.mark.parametrize("hidden", [(), 3, (3,), [3, 2], np.array([3, 2, 2])])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_any_number_of_layers(hidden: Any, solver: str) -> None:
    agree("multiclass", hidden_layer_sizes=hidden, solver=solver)


def test_sparse_labels() -> None:
    ours, theirs = pair("multilabel")
    fit_both(ours, theirs, X, scipy.sparse.csr_matrix(Y["multilabel"]))
    assert_same(ours, theirs)


@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
@pytest.mark.parametrize("y", ["binary", "one target"])
def test_weights_of_rows_where_one_batch_holds_them_all(y: str, solver: str) -> None:
    if "sample_weight" not in inspect.signature(oracle.MLPClassifier.fit).parameters:
        pytest.skip("this scikit-learn knows no sample_weight here")
    weight = np.random.default_rng(1).uniform(0, 3, 90)
    ours, theirs = pair(y, solver=solver, batch_size=90, alpha=1.0)
    fit_both(ours, theirs, X, Y[y], weight)
    assert_same(ours, theirs)


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_a_warm_start_goes_on_as_theirs_does(solver: str) -> None:
    ours, theirs = pair("multiclass", solver=solver, warm_start=True, max_iter=5)
    for _ in range(3):
        fit_both(ours, theirs, X, Y["multiclass"])
        assert_same(ours, theirs)
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-9)


def test_a_warm_start_of_lbfgs_goes_on_as_theirs_does() -> None:
    ours, theirs = pair("one target", solver="lbfgs", warm_start=True, max_iter=4)
    for _ in range(3):
        fit_both(ours, theirs, X, Y["one target"])
        assert_same(ours, theirs)


@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("y", ["binary", "multiclass", "multilabel", "one target"])
def test_partial_fit_steps_as_theirs_does(y: str, solver: str) -> None:
    ours, theirs = pair(y, solver=solver)
    classes = {} if y == "one target" else {"classes": np.arange(3) if y == "multilabel" else np.unique(Y[y])}
    for part in (slice(0, 40), slice(40, 90), slice(0, 90), slice(10, 60)):
        ours.partial_fit(X[part], Y[y][part], **classes)
        theirs.partial_fit(X[part], Y[y][part], **classes)
        for W, V in zip([*ours.coefs_, *ours.intercepts_], [*theirs.coefs_, *theirs.intercepts_], strict=True):
            np.testing.assert_allclose(W, V, rtol=1e-10, atol=1e-10)
    assert ours.t_ == theirs.t_


def test_partial_fit_after_fit_keeps_the_momentum_as_theirs_does() -> None:
    ours, theirs = pair("binary", solver="sgd")
    fit_both(ours, theirs, X, Y["binary"])
    for _ in range(2):
        ours.partial_fit(X, Y["binary"])
        theirs.partial_fit(X, Y["binary"])
        for W, V in zip(ours.coefs_, theirs.coefs_, strict=True):
            np.testing.assert_allclose(W, V, rtol=1e-10, atol=1e-10)


def test_the_adaptive_rate_of_partial_fit_drops_as_theirs_does() -> None:
    ours, theirs = pair("binary", solver="sgd", learning_rate="adaptive", tol=0.05, n_iter_no_change=2, learning_rate_init=0.1)
    for _ in range(16):
        ours.partial_fit(X, Y["binary"], classes=[0, 1])
        theirs.partial_fit(X, Y["binary"], classes=[0, 1])
    for W, V in zip(ours.coefs_, theirs.coefs_, strict=True):
        np.testing.assert_allclose(W, V, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_float32_input_gives_float32_weights_as_theirs_does(solver: str) -> None:
    for y in ("multiclass", "one target"):
        ours, theirs = pair(y, solver=solver, max_iter=3)
        fit_both(ours, theirs, X.astype(np.float32), Y[y])
        for W, V in zip([*ours.coefs_, *ours.intercepts_], [*theirs.coefs_, *theirs.intercepts_], strict=True):
            assert W.dtype == np.float32  # theirs is float64 after lbfgs
            np.testing.assert_allclose(W, V, atol=1e-4)


def test_poisson_regression_steps_as_theirs_does() -> None:
    if "loss" not in oracle.MLPRegressor().get_params():
        pytest.skip("this scikit-learn knows no loss here")
    counts = np.random.default_rng(2).poisson(np.exp(0.5 * X[:, 0]))
    for solver in ("adam", "lbfgs"):
        ours, theirs = pair("one target", loss="poisson", solver=solver)
        fit_both(ours, theirs, X, counts)
        for W, V in zip(ours.coefs_, theirs.coefs_, strict=True):
            np.testing.assert_allclose(W, V, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("name", ["MLPClassifier", "MLPRegressor"])
def test_their_parameters_have_their_names_order_and_defaults(name: str) -> None:
    ours, theirs = getattr(glassnet, name)(), getattr(oracle, name)()
    for parameter, default in theirs.get_params().items():
        assert ours.get_params()[parameter] == default, parameter
    assert clone(ours).get_params() == ours.get_params()


def test_the_loss_of_two_targets_is_their_sum_where_theirs_is_the_mean() -> None:
    ours, theirs = pair("two targets", solver="sgd", alpha=0)
    fit_both(ours, theirs, X, Y["two targets"])
    np.testing.assert_allclose(ours.loss_curve_, 2 * np.array(theirs.loss_curve_), rtol=1e-9)
