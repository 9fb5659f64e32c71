"""When training stops, why it says so, and which weights are kept."""

from __future__ import annotations

import itertools
import re
import warnings
from typing import Any

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score, log_loss, r2_score, roc_auc_score

from glassnet import DivergenceError, MLPClassifier, MLPRegressor

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(120, 4))
SCORE = X @ [1.0, -2.0, 0.5, 0.0] + 0.8 * RANDOM.normal(size=120)
Y = (SCORE > 0).astype(int)
X_VAL = RANDOM.normal(size=(60, 4))
Y_VAL = (X_VAL @ [1.0, -2.0, 0.5, 0.0] + 0.8 * RANDOM.normal(size=60) > 0).astype(int)

SOLVERS = ("gd", "sgd", "adagrad", "rmsprop", "adam", "adamw", "lbfgs", "cg")


def net(**parameters: Any) -> MLPClassifier:
    return MLPClassifier(
        **{"hidden_layer_sizes": (6,), "random_state": 0, "learning_rate_init": 0.05, "batch_size": 30, "max_iter": 15} | parameters
    )


def quietly(estimator: Any, *data: Any, **held_out: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return estimator.fit(*data, **held_out)


def theta(estimator: Any) -> np.ndarray:
    return np.concatenate([part.ravel() for part in (*estimator.coefs_, *estimator.intercepts_)])


# One reason at a time ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("solver", SOLVERS)
def test_epochs_run_out_with_a_warning_that_says_what_to_do(solver: str) -> None:
    with pytest.warns(ConvergenceWarning, match=r"aximum iterations \(5\) reached .* Raise max_iter, to 10 say"):
        fitted = net(solver=solver, max_iter=5, tol=0, alpha=0).fit(X, Y)
    assert fitted.n_iter_ == 5 == len(fitted.history_)
    assert "all 5" in fitted.stopped_because_


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_small_gradient_stops(solver: str) -> None:
    fitted = net(solver=solver, gradient_tol=0.05, max_iter=3000, n_iter_no_change=3000, batch_size=120).fit(X, Y)
    norms = fitted.history_.column("gradient_norm")
    assert "gradient norm" in fitted.stopped_because_ and "is below 0.05" in fitted.stopped_because_
    assert norms[-1] <= 0.05 and min(norms[:-1], default=1) > 0.05


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_target_stops(solver: str) -> None:
    fitted = net(solver=solver, target=0.45, max_iter=3000, n_iter_no_change=3000).fit(X, Y)
    losses = fitted.history_.column("loss")
    assert "reached the target 0.45" in fitted.stopped_because_
    assert losses[-1] <= 0.45 and min(losses[:-1], default=1) > 0.45


def test_a_target_for_the_watched_score_stops() -> None:
    fitted = net(early_stopping=True, target=0.8, max_iter=500, n_iter_no_change=500, validation_fraction=0.3).fit(X, Y)
    scores = fitted.history_.column("val_score")
    assert scores[-1] >= 0.8 and max(scores[:-1], default=0) < 0.8
    assert "val_score" in fitted.stopped_because_


@pytest.mark.parametrize("solver", SOLVERS)
def test_time_runs_out(solver: str) -> None:
    fitted = net(solver=solver, max_seconds=1e-6, max_iter=10_000, n_iter_no_change=10_000).fit(X, Y)
    assert fitted.n_iter_ == 1
    assert "s are over" in fitted.stopped_because_


def test_time_that_is_enough_stops_nothing() -> None:
    assert quietly(net(max_seconds=100.0), X, Y).n_iter_ == 15


def test_training_loss_that_no_longer_improves_stops_after_patience() -> None:
    fitted = net(tol=0.05, n_iter_no_change=2, max_iter=500).fit(X, Y)
    assert "training loss improved by less than 0.05 in each of 3 epochs" in fitted.stopped_because_
    losses, best, stale = fitted.history_.column("loss"), np.inf, 0
    for epoch, loss in enumerate(losses, 1):  # the rule by hand
        stale = stale + 1 if loss > best - 0.05 else 0
        best = min(best, loss)
        assert (stale > 2) == (epoch == fitted.n_iter_)


def test_held_out_score_that_no_longer_improves_stops_after_patience() -> None:
    fitted = net(early_stopping=True, n_iter_no_change=4, max_iter=500).fit(X, Y)
    assert "held-out score improved by less than" in fitted.stopped_because_
    assert len(fitted.validation_scores_) == fitted.n_iter_ < 500
    assert fitted.best_validation_score_ == max(fitted.validation_scores_)
    assert fitted.best_loss_ is None


def test_full_batch_solvers_name_scipys_reasons() -> None:
    assert "largest gradient component" in net(solver="lbfgs", max_iter=1000, alpha=1).fit(X, Y).stopped_because_
    with pytest.warns(ConvergenceWarning, match="Raise max_fun"):
        fitted = net(solver="lbfgs", max_iter=1000, max_fun=5, alpha=1).fit(X, Y)
    assert "evaluations are done" in fitted.stopped_because_


# What is watched -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "monitor, score",
    [
        (None, lambda fitted: accuracy_score(Y_VAL, fitted.predict(X_VAL))),
        ("accuracy", lambda fitted: accuracy_score(Y_VAL, fitted.predict(X_VAL))),
        ("roc_auc", lambda fitted: roc_auc_score(Y_VAL, fitted.predict_proba(X_VAL)[:, 1])),
        ("neg_log_loss", lambda fitted: -log_loss(Y_VAL, fitted.predict_proba(X_VAL))),
    ],
)
def test_any_scorer_is_watched_on_rows_of_ones_own(monitor: str | None, score: Any) -> None:
    fitted = net(early_stopping=True, monitor=monitor, n_iter_no_change=4, max_iter=300).fit(X, Y, X_val=X_VAL, y_val=Y_VAL)
    assert fitted.best_validation_score_ == max(fitted.history_.column("val_score"))
    assert score(fitted) == pytest.approx(fitted.best_validation_score_)


def test_held_out_loss_is_watched_and_is_the_loss_without_penalties() -> None:
    fitted = net(early_stopping=True, monitor="val_loss", n_iter_no_change=4, max_iter=300, alpha=5.0).fit(X, Y, X_val=X_VAL, y_val=Y_VAL)
    losses = fitted.history_.column("val_loss")
    assert "held-out loss improved by less than" in fitted.stopped_because_
    assert fitted.history_.column("val_score") == [None] * fitted.n_iter_
    assert log_loss(Y_VAL, fitted.predict_proba(X_VAL)) == pytest.approx(min(losses), rel=1e-12)
    assert fitted.best_validation_score_ is None


def test_held_out_rows_without_early_stopping_are_recorded_and_change_nothing() -> None:
    watched, alone = quietly(net(), X, Y, X_val=X_VAL, y_val=Y_VAL), quietly(net(), X, Y)
    np.testing.assert_array_equal(theta(watched), theta(alone))
    assert watched.history_.column("val_loss")[-1] == pytest.approx(log_loss(Y_VAL, watched.predict_proba(X_VAL)))
    assert alone.history_.column("val_loss") == [None] * 15


@pytest.mark.parametrize("standardise", [False, True])
@pytest.mark.parametrize("monitor", [None, "r2", "neg_mean_absolute_error"])
def test_a_regressor_is_watched_in_the_units_of_its_targets(monitor: str | None, standardise: bool) -> None:
    y, y_val = 50 + 9 * SCORE, 50 + 9 * (X_VAL @ [1.0, -2.0, 0.5, 0.0])
    fitted = MLPRegressor(
        hidden_layer_sizes=(6,), random_state=0, learning_rate_init=0.05, early_stopping=True, monitor=monitor, max_iter=60
    )
    fitted.set_params(standardise_target=standardise)
    quietly(fitted, X, y, X_val=X_VAL, y_val=y_val)
    best = fitted.best_validation_score_
    if monitor == "neg_mean_absolute_error":
        assert -np.abs(y_val - fitted.predict(X_VAL)).mean() == pytest.approx(best)
    else:
        assert r2_score(y_val, fitted.predict(X_VAL)) == pytest.approx(best)


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs", "cg"])
def test_the_best_weights_are_restored(solver: str) -> None:
    stopped = net(solver=solver, early_stopping=True, n_iter_no_change=5, max_iter=300, tol=0).fit(X, Y, X_val=X_VAL, y_val=Y_VAL)
    scores = stopped.history_.column("val_score")
    best_epoch = int(np.argmax(scores)) + 1
    assert best_epoch < stopped.n_iter_  # else there is nothing to restore
    up_to_best = quietly(net(solver=solver, max_iter=best_epoch, tol=0), X, Y)
    np.testing.assert_array_equal(theta(stopped), theta(up_to_best))


def test_held_out_rows_come_from_a_fraction_and_are_not_learned_from() -> None:
    fitted = quietly(net(early_stopping=True, validation_fraction=0.25, batch_size=1, max_iter=2), X, Y)
    assert fitted.t_ == 2 * 90


def test_weights_of_rows_reach_the_held_out_loss() -> None:
    # Rows of zero weight may be held out too: they must not count there either.
    weight = (np.arange(120) % 2).astype(float)
    fitted = quietly(net(early_stopping=True, monitor="val_loss", validation_fraction=0.3, max_iter=5), X, Y, weight)
    assert np.isfinite(fitted.history_.column("val_loss")).all()


# The learning rate over time -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "schedule, formula",
    [
        ("constant", lambda e: 0.05),
        ({"name": "exponential", "decay": 0.9}, lambda e: 0.05 * 0.9**e),
        ("cosine", lambda e: 0.05 * (1 + np.cos(np.pi * e / 15)) / 2),
        ({"name": "invscaling", "power_t": 0.3}, lambda e: 0.05 / (120 * e + 1) ** 0.3),
        ({"name": "constant", "warm_up": 4}, lambda e: 0.05 * min(1, (e + 1) / 5)),
    ],
)
@pytest.mark.parametrize("solver", ["adam", "gd"])
def test_the_learning_rate_follows_its_schedule(schedule: Any, formula: Any, solver: str) -> None:
    fitted = quietly(net(schedule=schedule, solver=solver), X, Y)
    np.testing.assert_allclose(fitted.history_.column("learning_rate"), [formula(e) for e in range(15)])


def test_the_adaptive_rate_drops_for_any_solver() -> None:
    fitted = net(schedule="adaptive", solver="adam", tol=0.01, n_iter_no_change=2, max_iter=1000).fit(X, Y)
    rates = fitted.history_.column("learning_rate")
    assert rates[0] == 0.05 and rates[-1] == pytest.approx(0.05 / 5**7)
    assert all(later == earlier or later == pytest.approx(earlier / 5) for earlier, later in itertools.pairwise(rates))


def test_a_drop_of_the_rate_in_the_last_epoch_adds_no_epoch() -> None:
    # With tol = 1/2 only the first epoch improves: the rate drops after epochs 4, 7, ...
    fitted = quietly(net(schedule="adaptive", tol=0.5, n_iter_no_change=2, max_iter=7), X, Y)
    assert fitted.history_.column("learning_rate") == pytest.approx([0.05] * 4 + [0.01] * 3)
    assert fitted.stopped_because_ == "all 7 epochs are done"


# Interrupted, run away -----------------------------------------------------------------------------------------------------


class Interrupt:
    """An observer that presses Ctrl-C after an epoch."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def __call__(self, row: dict[str, Any]) -> None:
        if row["epoch"] == self.epoch:
            raise KeyboardInterrupt


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs", "cg"])
def test_ctrl_c_keeps_the_best_weights_so_far(solver: str) -> None:
    estimator = net(solver=solver, max_iter=100, tol=0)
    estimator._observers = (Interrupt(5),)
    with pytest.warns(UserWarning, match="interrupted by user. The model holds the best weights so far"):
        estimator.fit(X, Y)
    assert estimator.n_iter_ == 5
    assert estimator.stopped_because_.startswith("interrupted by the user")
    best_epoch = int(np.argmin(estimator.history_.column("loss"))) + 1
    np.testing.assert_array_equal(theta(estimator), theta(quietly(net(solver=solver, max_iter=best_epoch, tol=0), X, Y)))


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_ctrl_c_goes_back_to_the_best_weights_where_the_last_ones_were_worse(solver: str) -> None:
    settings = {"solver": solver, "learning_rate_init": 1.5, "batch_size": 10, "max_iter": 100, "tol": 0}
    losses = quietly(net(**settings | {"max_iter": 12}), X, Y).loss_curve_
    worse = 2 + next(epoch for epoch, (before, now) in enumerate(itertools.pairwise(losses)) if now > before)
    estimator = net(**settings)
    estimator._observers = (Interrupt(worse),)
    with pytest.warns(UserWarning, match="interrupted by user"):
        estimator.fit(X, Y)
    best_epoch = int(np.argmin(estimator.history_.column("loss"))) + 1
    assert best_epoch < worse == estimator.n_iter_
    np.testing.assert_array_equal(theta(estimator), theta(quietly(net(**settings | {"max_iter": best_epoch}), X, Y)))


def test_observers_see_every_row_of_the_history() -> None:
    seen: list[dict[str, Any]] = []
    estimator = net(max_iter=4)
    estimator._observers = (seen.append,)
    quietly(estimator, X, Y)
    assert seen == estimator.history_.rows and [row["epoch"] for row in seen] == [1, 2, 3, 4]


@pytest.mark.parametrize("activation", ["identity", "tanh", "softplus", "gelu"])
def test_a_training_that_runs_away_names_epoch_layer_and_rate_and_leaves_finite_weights(activation: str) -> None:
    estimator = MLPRegressor(
        hidden_layer_sizes=(5, 4), activation=activation, solver="sgd", learning_rate_init=1e3, batch_size=5, random_state=0, max_iter=50
    )
    with np.errstate(all="ignore"), pytest.raises(DivergenceError) as error:
        estimator.fit(X, SCORE)
    assert re.search(r"epoch \d+, step \d+, layer \d of 3, with learning_rate_init=1000 .* Try learning_rate_init=100", str(error.value))
    assert np.isfinite(theta(estimator)).all()
    assert np.isfinite(estimator.predict(X)).all()


def test_a_training_that_runs_away_in_its_first_epoch_keeps_the_weights_it_began_with() -> None:
    estimator = MLPRegressor(hidden_layer_sizes=3, activation="tanh", solver="sgd", learning_rate_init=1e200, batch_size=5, random_state=0)
    with np.errstate(all="ignore"), pytest.raises(DivergenceError, match="epoch 1, "):
        estimator.fit(X, SCORE)
    began = MLPRegressor(hidden_layer_sizes=3, activation="tanh", solver="gd", learning_rate_init=1e-300, random_state=0, max_iter=1)
    np.testing.assert_allclose(theta(estimator), theta(quietly(began, X, SCORE)))


def test_a_training_that_runs_away_late_keeps_the_best_weights() -> None:
    estimator = MLPRegressor(hidden_layer_sizes=(), solver="gd", learning_rate_init=3.0, random_state=0, max_iter=5000, alpha=0)
    estimator.set_params(n_iter_no_change=5000)
    with np.errstate(all="ignore"), pytest.raises(DivergenceError, match="epoch"):
        estimator.fit(X, SCORE)
    best_epoch = int(np.argmin(estimator.history_.column("loss"))) + 1
    again = quietly(MLPRegressor(**{**estimator.get_params(), "max_iter": best_epoch}), X, SCORE)
    np.testing.assert_array_equal(theta(estimator), theta(again))


@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
def test_a_poisson_regression_that_runs_away_is_a_divergence_too(solver: str) -> None:
    counts = np.random.default_rng(1).poisson(3, 120)
    estimator = MLPRegressor("poisson", (5,), solver=solver, learning_rate_init=1e3, random_state=0, max_iter=50, activation="gelu")
    with np.errstate(all="ignore"), pytest.raises(DivergenceError):
        estimator.fit(1e3 * X, counts)
    assert np.isfinite(theta(estimator)).all()


# The record ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("solver", SOLVERS)
def test_the_history_has_a_full_row_per_epoch(solver: str) -> None:
    fitted = quietly(net(solver=solver, early_stopping=True, max_iter=4), X, Y)
    assert [row["epoch"] for row in fitted.history_] == list(range(1, fitted.n_iter_ + 1))
    for name in ("loss", "val_loss", "val_score", "gradient_norm", "weight_norm", "seconds"):
        assert np.isfinite(fitted.history_.column(name)).all(), name
    assert fitted.history_.column("seconds") == sorted(fitted.history_.column("seconds"))
    assert fitted.history_.stopped_because == fitted.stopped_because_ != ""
    assert fitted.loss_curve_ == fitted.history_.column("loss")


def test_the_loss_of_a_full_batch_solver_is_the_objective_at_its_weights() -> None:
    fitted = quietly(net(solver="lbfgs", alpha=2.0, max_iter=7), X, Y)
    penalty = 2.0 / 2 * sum((W**2).sum() for W in fitted.coefs_) / 120
    assert fitted.loss_ == pytest.approx(log_loss(Y, fitted.predict_proba(X)) + penalty, rel=1e-12)
    assert fitted.history_[-1]["weight_norm"] == pytest.approx(np.linalg.norm(theta(fitted)))


def test_verbose_prints_every_epoch(capsys: pytest.CaptureFixture[str]) -> None:
    quietly(net(verbose=True, max_iter=2, early_stopping=True), X, Y)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("Iteration 1, loss = 0.") and lines[1].startswith("Validation score: 0.")
    assert len(lines) == 4


def test_a_warning_names_one_thing_to_do() -> None:
    with pytest.warns(ConvergenceWarning, match=r"gradient norm [0-9.e+-]+\. Scale the inputs \(\|x\| reaches [0-9.e+]+\)\.$"):
        MLPClassifier(2, max_iter=2, random_state=0).fit(1e4 * X, Y)
