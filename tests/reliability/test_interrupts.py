"""Ctrl-C, real or raised: control comes back, with the best weights so far and a warning; a search ends."""

from __future__ import annotations

import copy
import os
import shutil
import signal
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import BaggingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from glassnet import LogisticRegression, LogisticRegressionCV, MLPClassifier, MLPRegressor
from glassnet.estimators import held_out
from glassnet.estimators.checkpoint import Checkpoint
from glassnet.files import atomic

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(200, 5))
Y = (X[:, 0] + 0.5 * RANDOM.normal(size=200) > 0).astype(int)
posix = pytest.mark.skipif(os.name != "posix", reason="signals of this kind are POSIX's")


@pytest.fixture(autouse=True)
def heard() -> Iterator[None]:
    """SIGINT raises KeyboardInterrupt, also where the tests run in the background of a shell, which makes its children deaf to it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def press_at(epoch: int, error: type[BaseException] = KeyboardInterrupt) -> Any:
    def observer(row: dict[str, Any]) -> None:
        if row["epoch"] == epoch:
            raise error

    return observer


def endless(kind: Any = MLPClassifier, **parameters: Any) -> Any:
    return kind(**({"max_iter": 10**6, "tol": 0.0, "n_iter_no_change": 10**6, "random_state": 0, "max_fun": 10**9} | parameters))


@posix
@pytest.mark.parametrize(
    "make",
    [
        lambda: endless(hidden_layer_sizes=(8,)),
        lambda: endless(hidden_layer_sizes=(300, 300), batch_size=5000),
        lambda: endless(hidden_layer_sizes=(50,), solver="gd"),
        lambda: endless(hidden_layer_sizes=(30,), solver="lbfgs", alpha=0.0),
        lambda: endless(MLPRegressor, hidden_layer_sizes=(30,), solver="cg", alpha=0.0),
    ],
    ids=["compiled", "stepped", "all rows", "lbfgs", "cg"],
)
def test_a_signal_brings_control_back_with_weights_that_predict(make: Any) -> None:
    random = np.random.default_rng(0)
    X = random.normal(size=(20_000, 20)).astype(np.float32)
    y = X[:, 0] + random.normal(size=20_000)
    target = y if isinstance(make(), MLPRegressor) else (y > 0).astype(int)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        make().set_params(max_iter=1).fit(X, target)
    sent: list[float] = []

    def press() -> None:
        sent.append(time.perf_counter())
        os.kill(os.getpid(), signal.SIGINT)

    estimator, timer = make(), threading.Timer(0.5, press)
    timer.start()
    with pytest.warns(UserWarning, match="interrupted by user. The model holds the best weights so far"):
        estimator.fit(X, target)
    assert time.perf_counter() - sent[0] < 3.0  # of a busy machine; `make torture` measures
    assert np.isfinite(estimator.predict(X)).all()
    assert "interrupted by the user" in estimator.stopped_because_


@posix
def test_a_second_signal_is_nobodys_but_the_users() -> None:
    estimator = endless(hidden_layer_sizes=(8,))
    estimator._observers = (press_at(2),)
    with pytest.warns(UserWarning, match="interrupted"):
        estimator.fit(X, Y)
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_the_best_weights_so_far_are_kept() -> None:
    estimator = endless(hidden_layer_sizes=(6,), learning_rate_init=0.5)
    seen: list[np.ndarray] = []
    estimator._observers = (lambda row: seen.append(estimator._state.theta.copy()), press_at(30))
    with pytest.warns(UserWarning, match="interrupted"):
        estimator.fit(X, Y)
    best = int(np.argmin(estimator.loss_curve_))
    np.testing.assert_array_equal(estimator._state.theta, seen[best])


@pytest.mark.parametrize(
    "estimator",
    [endless(hidden_layer_sizes=(4,)), endless(hidden_layer_sizes=(4,), solver="lbfgs"), LogisticRegression(tol=0.0)],
    ids=["adam", "lbfgs", "logistic"],
)
def test_inside_a_search_it_ends_the_search(estimator: Any) -> None:
    grid = {"alpha": [1.0, 2.0]} if "alpha" in estimator.get_params() else {"C": [1.0, 2.0]}
    type(estimator)._observers = (press_at(2),)
    try:
        for search in (GridSearchCV(estimator, grid, cv=2), BaggingClassifier(estimator, 2)):
            with pytest.raises(KeyboardInterrupt):
                search.fit(X, Y)
        with pytest.raises(KeyboardInterrupt):
            cross_val_score(make_pipeline(StandardScaler(), estimator), X, Y, cv=2)
        with pytest.warns(UserWarning, match="interrupted"):
            make_pipeline(StandardScaler(), estimator).fit(X, Y)  # a pipeline is no search
    finally:
        del type(estimator)._observers


def test_rows_are_held_out_without_a_text_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    # scikit-learn makes one where the classes come in two dimensions: seconds for many rows, in which NumPy swallows a KeyboardInterrupt
    seen: list[Any] = []

    def watched(rows: Any, *, stratify: Any, random_state: Any, **options: Any) -> Any:
        like_before = train_test_split(rows, stratify=np.reshape(stratify, (-1, 1)), random_state=copy.deepcopy(random_state), **options)
        found = train_test_split(rows, stratify=stratify, random_state=random_state, **options)
        seen.append((np.ndim(stratify), [part.tolist() for part in found] == [part.tolist() for part in like_before]))
        return found

    monkeypatch.setattr(held_out, "train_test_split", watched)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        MLPClassifier((3,), early_stopping=True, max_iter=2, random_state=0).fit(X, np.array(["b", "a"])[Y])
    assert seen == [(1, True)]


def test_inside_our_own_search_over_penalties_it_ends_the_search() -> None:
    search = LogisticRegressionCV(Cs=3, cv=3, scoring="accuracy", l1_ratios=(0,), use_legacy_attributes=False, tol=0.0)
    search._observers = (press_at(2),)
    with pytest.raises(KeyboardInterrupt):
        search.fit(X, Y)


def settings(path: Path | None, **parameters: Any) -> dict[str, Any]:
    return {"hidden_layer_sizes": (4,), "max_iter": 6, "batch_size": 50, "random_state": 0, "checkpoint": path} | parameters


@pytest.mark.parametrize("parameters", [{}, {"early_stopping": True, "n_iter_no_change": 2, "max_iter": 200}], ids=["epochs", "stopping"])
def test_a_kill_after_the_last_checkpoint_adds_no_epoch(tmp_path: Path, parameters: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "run.checkpoint"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        whole = MLPClassifier(**settings(None, **parameters)).fit(X, Y)
        with monkeypatch.context() as patched:
            patched.setattr(Checkpoint, "__exit__", lambda *_: None)  # the file is there as after a kill
            MLPClassifier(**settings(path, **parameters)).fit(X, Y)
        resumed = MLPClassifier(**settings(path, **parameters)).fit(X, Y)
        assert resumed.n_iter_ == whole.n_iter_
        for W, V in zip(whole.coefs_ + whole.intercepts_, resumed.coefs_ + resumed.intercepts_, strict=True):
            np.testing.assert_array_equal(W, V)
        with monkeypatch.context() as patched:
            patched.setattr(Checkpoint, "__exit__", lambda *_: None)
            MLPClassifier(**settings(path)).fit(X, Y)
        more = MLPClassifier(**settings(path, max_iter=9)).fit(X, Y)
    assert more.n_iter_ == 9


def test_learning_goes_on_after_training_was_over() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        net = MLPClassifier(**settings(None, early_stopping=True, n_iter_no_change=2, max_iter=200)).fit(X, Y)
        before = net.t_
        net.partial_fit(X, Y)
    assert net.t_ > before


def test_a_checkpoint_that_cannot_be_written_is_refused_before_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    epochs: list[int] = []
    net = MLPClassifier(**settings(tmp_path))
    net._observers = (lambda row: epochs.append(row["epoch"]),)
    with pytest.raises(IsADirectoryError, match="is a folder. Give the name of a file inside it"):
        net.fit(X, Y)
    net.set_params(checkpoint=tmp_path / "run.checkpoint")
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
        with pytest.raises(OSError, match="has 1,000 bytes left; a state takes"):
            net.fit(X, Y)

    def refuse(self: Path) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "touch", refuse)
        with pytest.raises(OSError, match="cannot be written: Permission denied. Give a path elsewhere"):
            net.fit(X, Y)
    assert not epochs
    assert not list(tmp_path.iterdir())


def test_a_disk_that_fills_up_on_the_way_leaves_the_last_checkpoint_and_the_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run.checkpoint"
    net = MLPClassifier(**settings(path))
    kept: list[bytes] = []
    write = atomic._write_all

    def fills_up(descriptor: int, data: bytes) -> None:
        if len(kept) == 3:
            raise OSError(28, "No space left on device")
        write(descriptor, data)
        kept.append(bytes(data))

    monkeypatch.setattr(atomic, "_write_all", fills_up)
    with pytest.raises(OSError, match="No space left on device"):
        net.fit(X, Y)
    assert path.read_bytes() == kept[-1]
    assert [file.name for file in tmp_path.iterdir()] == ["run.checkpoint"]
    assert np.isfinite(net.predict_proba(X)).all()
