"""A training that is interrupted and taken up again ends with the same bits as one that never stopped."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from glassnet import MLPClassifier, MLPRegressor, ModelFileError

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(80, 4))
SCORE = X @ [1.0, -2.0, 0.5, 0.0] + 0.5 * RANDOM.normal(size=80)
Y = (SCORE > 0).astype(int)

RECIPES: dict[str, dict[str, Any]] = {
    "adam": {},
    "adam without order": {"shuffle": False},
    "sgd with momentum": {"solver": "sgd"},
    "rmsprop": {"solver": "rmsprop", "momentum": 0.9},
    "gd": {"solver": "gd"},
    "dropout": {"dropout": 0.4},
    "early stopping": {"early_stopping": True, "n_iter_no_change": 8, "max_iter": 60},
    "early stopping on the loss": {"early_stopping": True, "monitor": "val_loss", "n_iter_no_change": 8, "max_iter": 60},
    "no improvement": {"tol": 0.01, "n_iter_no_change": 3, "max_iter": 60},
    "schedule": {"schedule": {"name": "cosine", "warm_up": 2}},
    "inverse scaling": {"solver": "sgd", "learning_rate": "invscaling"},
    "adaptive rate": {"solver": "sgd", "learning_rate": "adaptive", "tol": 0.5, "n_iter_no_change": 2, "max_iter": 60},
    "L1": {"l1": 0.5, "solver": "adamw"},
    "gelu in layers without bias": {"activation": "gelu", "bias": False},
}


class Broken(Exception):
    """The power fails."""


def fail_after(epoch: int, error: type[BaseException] = Broken) -> Any:
    def observer(row: dict[str, Any]) -> None:
        if row["epoch"] == epoch:
            raise error

    return observer


def net(checkpoint: Path | None, **parameters: Any) -> MLPClassifier:
    settings = {"hidden_layer_sizes": (5, 3), "batch_size": 16, "max_iter": 14, "learning_rate_init": 0.02, "random_state": 1}
    return MLPClassifier(**(settings | parameters), checkpoint=checkpoint)


def quietly(estimator: Any, *data: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return estimator.fit(*data)


def theta(estimator: Any) -> np.ndarray:
    return np.concatenate([part.ravel() for part in (*estimator.coefs_, *estimator.intercepts_)])


def without_seconds(estimator: Any) -> list[dict[str, Any]]:
    return [{**row, "seconds": None} for row in estimator.history_]


@pytest.mark.parametrize("at", [2, 9])
@pytest.mark.parametrize("name", list(RECIPES))
def test_interrupted_and_resumed_is_bit_identical_to_uninterrupted(name: str, at: int, tmp_path: Path) -> None:
    path, recipe = tmp_path / "run.checkpoint", RECIPES[name]
    whole = quietly(net(None, **recipe), X, Y)
    assert whole.n_iter_ > at
    broken = net(path, **recipe)
    broken._observers = (fail_after(at),)
    with pytest.raises(Broken):
        quietly(broken, X, Y)
    assert path.exists()
    resumed = quietly(net(path, **recipe), X, Y)
    np.testing.assert_array_equal(theta(resumed), theta(whole))
    assert without_seconds(resumed) == without_seconds(whole)
    assert (resumed.n_iter_, resumed.t_, resumed.stopped_because_) == (whole.n_iter_, whole.t_, whole.stopped_because_)
    np.testing.assert_array_equal(resumed.predict_proba(X), whole.predict_proba(X))
    assert not path.exists()


def test_a_training_may_break_again_and_again(tmp_path: Path) -> None:
    path = tmp_path / "run.checkpoint"
    whole = quietly(net(None, early_stopping=True), X, Y)
    for epoch in (1, 2, 3, 7, 8):
        broken = net(path, early_stopping=True)
        broken._observers = (fail_after(epoch),)
        with pytest.raises(Broken):
            quietly(broken, X, Y)
    np.testing.assert_array_equal(theta(quietly(net(path, early_stopping=True), X, Y)), theta(whole))


def test_ctrl_c_leaves_the_checkpoint_and_a_second_fit_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "run.checkpoint"
    stopped = net(path)
    stopped._observers = (fail_after(6, KeyboardInterrupt),)
    with pytest.warns(UserWarning, match="interrupted"):
        quietly(stopped, X, Y)
    assert path.exists()
    stopped._observers = ()
    np.testing.assert_array_equal(theta(quietly(stopped, X, Y)), theta(quietly(net(None), X, Y)))


def test_a_regressor_resumes_with_its_scale_of_targets(tmp_path: Path) -> None:
    path, settings = tmp_path / "run.checkpoint", {"hidden_layer_sizes": 4, "max_iter": 9, "random_state": 0, "standardise_target": True}
    whole = quietly(MLPRegressor(**settings), X, 30 + 7 * SCORE)
    broken = MLPRegressor(**settings, checkpoint=path)
    broken._observers = (fail_after(5),)
    with pytest.raises(Broken):
        quietly(broken, X, 30 + 7 * SCORE)
    np.testing.assert_array_equal(quietly(MLPRegressor(**settings, checkpoint=str(path)), X, 30 + 7 * SCORE).predict(X), whole.predict(X))


def test_a_full_batch_solver_goes_on_from_its_last_weights(tmp_path: Path) -> None:
    path, settings = tmp_path / "run.checkpoint", {"hidden_layer_sizes": (), "solver": "lbfgs", "alpha": 1.0, "tol": 1e-8, "max_iter": 1000}
    whole = quietly(net(None, **settings), X, Y)
    broken = net(path, **settings)
    broken._observers = (fail_after(4),)
    with pytest.raises(Broken):
        quietly(broken, X, Y)
    resumed = quietly(net(path, **settings), X, Y)
    assert resumed.history_[0]["loss"] == whole.history_[0]["loss"]
    assert resumed.loss_ == pytest.approx(whole.loss_, rel=1e-8)
    assert not path.exists()


@pytest.mark.parametrize("make", [lambda X: X, lambda X: X.astype(np.float32)])
def test_the_file_is_removed_after_a_normal_end(make: Any, tmp_path: Path) -> None:
    quietly(net(tmp_path / "run.checkpoint"), make(X), Y)
    assert list(tmp_path.iterdir()) == []


def left_behind(path: Path) -> None:
    broken = net(path)
    broken._observers = (fail_after(5),)
    with pytest.raises(Broken):
        quietly(broken, X, Y)


def test_more_epochs_may_be_asked_for_on_the_way(tmp_path: Path) -> None:
    path = tmp_path / "run.checkpoint"
    left_behind(path)
    longer = quietly(net(path, max_iter=20, max_seconds=1000.0, verbose=False), X, Y)
    np.testing.assert_array_equal(theta(longer), theta(quietly(net(None, max_iter=20), X, Y)))


@pytest.mark.parametrize(
    "parameters, data",
    [
        ({"alpha": 1.0}, (X, Y)),
        ({"random_state": 2}, (X, Y)),
        ({"hidden_layer_sizes": (5, 4)}, (X, Y)),
        ({}, (X + 1e-9, Y)),
        ({}, (X, 1 - Y)),
        ({}, (X, Y, np.arange(80.0))),
        ({}, (X[:79], Y[:79])),
        ({}, (X.astype(np.float32), Y)),
    ],
)
def test_the_checkpoint_of_another_training_is_refused_and_left_alone(parameters: Any, data: Any, tmp_path: Path) -> None:
    path = tmp_path / "run.checkpoint"
    left_behind(path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="was written by another training .* Delete it to begin anew, or give another path"):
        quietly(net(path, **parameters), *data)
    assert path.read_bytes() == before


def test_a_damaged_checkpoint_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.checkpoint"
    left_behind(path)
    good = path.read_bytes()
    for bad in (good[:-9], good[: len(good) // 2], b"", b"not a checkpoint", good[:-20] + bytes([good[-20] ^ 1]) + good[-19:]):
        path.write_bytes(bad)
        with pytest.raises(ModelFileError):
            quietly(net(path), X, Y)


def test_a_folder_that_does_not_exist_is_named_before_any_time_is_spent(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="the folder .*nowhere' does not exist. Create it first"):
        net(tmp_path / "nowhere" / "run.checkpoint").fit(X, Y)
