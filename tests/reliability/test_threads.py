"""The deterministic mode: the same bits on any number of threads."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from glassnet import LogisticRegression, MLPClassifier, MLPRegressor
from glassnet.networks import products
from glassnet.training import threads

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(600, 40)).astype(np.float32)
Y = (X[:, 0] + RANDOM.normal(size=600) > 0).astype(int)

ESTIMATORS: dict[str, Callable[[], Any]] = {
    "adam": lambda: MLPClassifier((64, 32), max_iter=2, random_state=0),
    "large batches": lambda: MLPClassifier((64,), batch_size=300, max_iter=2, random_state=0),
    "lbfgs": lambda: MLPClassifier((48,), solver="lbfgs", max_iter=3, random_state=0),
    "newton": lambda: MLPRegressor(hidden_layer_sizes=(5,), solver="newton", max_iter=3, random_state=0),
    "logistic": lambda: LogisticRegression(solver="newton-cholesky"),
}


def bits(estimator: Any) -> bytes:
    parts = [estimator.coef_, estimator.intercept_] if hasattr(estimator, "coef_") else [*estimator.coefs_, *estimator.intercepts_]
    return b"".join(part.tobytes() for part in parts)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_one_two_four_and_eight_threads_give_the_same_bits(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "LEAST_SHARED", 1000)
    monkeypatch.setattr(products, "LEAST_SHARE", 5000)  # 2, 4 or 8 shares, by the size of the product
    found = set()
    for count in (1, 2, 4, 8):
        with warnings.catch_warnings(), threads.deterministic(count):
            warnings.simplefilter("ignore")
            found.add(bits(ESTIMATORS[name]().fit(X, Y)))
    assert len(found) == 1


def test_threads_take_part(monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    seen = set()
    multiply = products._in_blocks

    def watched(*arguments: Any) -> None:
        seen.add(threading.current_thread().name)
        multiply(*arguments)

    monkeypatch.setattr(products, "LEAST_SHARED", 1000)
    monkeypatch.setattr(products, "LEAST_SHARE", 0)
    monkeypatch.setattr(products, "_in_blocks", watched)
    out = np.empty((600, 600), np.float32)
    with threads.deterministic(4):
        for _ in range(20):
            products.multiply(X, X.T, out)
    np.testing.assert_allclose(out, X @ X.T, rtol=1e-4, atol=1e-4)
    assert len(seen) > 1


@pytest.mark.parametrize("share", [0, 100, 10**9])
@pytest.mark.parametrize("shape", [(3, 5, 40), (40, 5, 3), (1, 1, 1), (9, 2, 9)])
def test_shared_products_are_products(shape: tuple[int, int, int], share: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "LEAST_SHARED", 0)
    monkeypatch.setattr(products, "LEAST_SHARE", share)
    n, k, m = shape
    A, B, out = RANDOM.normal(size=(n, k)), RANDOM.normal(size=(k, m)), np.full((n, m), np.nan)
    for count in (1, 3):
        with threads.deterministic(count):
            products.multiply(A, B, out)
        np.testing.assert_allclose(out, A @ B)


def test_an_error_in_a_thread_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "LEAST_SHARED", 0)
    with threads.deterministic(2), pytest.raises(ValueError):
        products.multiply(np.ones((8, 2)), np.ones((3, 4)), np.empty((8, 4)))


def test_the_environment_asks_for_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(threads.DETERMINISTIC, "3")
    with threads.threads_for(1e12):
        assert products._threads == 3
    assert products._threads == 0
    monkeypatch.setenv(threads.DETERMINISTIC, "0")
    with threads.threads_for(1e12):
        assert products._threads == 0


def test_no_threads_are_refused() -> None:
    with pytest.raises(ValueError, match="threads must be 1 or more, or None"), threads.deterministic(0):
        pass
