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


@pytest.mark.parametrize(
    "shape, across, along, tile",
    [
        ((128, 784, 256), False, False, (16, 64)),
        ((784, 128, 512), True, False, (112, 64)),
        ((128, 512, 512), False, True, (32, 32)),
        ((200, 100, 128), False, False, (100, 64)),
        ((200, 2000, 128), False, False, (4, 64)),
        ((128, 784, 250), False, False, None),  # columns that do not divide evenly
        ((127, 784, 256), False, False, None),  # rows that do not
        ((784, 512, 512), True, False, None),  # long sums across the rows of a transposed factor
        ((128, 64, 512), False, True, None),  # short sums along those of the other
        ((544, 512, 512), False, True, None),  # many rows
        ((128, 1024, 512), False, True, None),  # no small tile of 32 by 32
        ((128, 784, 256), True, True, None),
        ((64, 64, 64), False, False, None),  # small as it is
    ],
)
def test_tiles_give_the_whole_product(shape: tuple[int, int, int], across: bool, along: bool, tile: tuple[int, int] | None) -> None:
    n, k, m = shape
    assert products._tile(n, k, m, across, along) == tile
    A = RANDOM.normal(size=(k, n) if across else (n, k)).astype(np.float32)
    B = RANDOM.normal(size=(m, k) if along else (k, m)).astype(np.float32)
    A, B = A.T if across else A, B.T if along else B
    wide = np.full((n, m + 64), np.nan, np.float32)
    out = wide[:, :m]
    products.use_tiles(True)
    try:
        products.multiply(A, B, out)
    finally:
        products.use_tiles(False)
    np.testing.assert_allclose(out, A.astype(np.float64) @ B.astype(np.float64), rtol=0, atol=1e-5 * k**0.5)
    assert np.isnan(wide[:, m:]).all()


def test_tiles_give_the_same_bits_on_any_number_of_threads() -> None:
    A, B = RANDOM.normal(size=(128, 784)).astype(np.float32), RANDOM.normal(size=(784, 512)).astype(np.float32)
    found = set()
    for count in (1, 2, 4):
        out = np.empty((128, 512), np.float32)
        with threads.deterministic(count):
            products.use_tiles(True)  # whatever this processor is
            products.multiply(A, B, out)
        found.add(out.tobytes())
    assert len(found) == 1
    assert not products._tiles


@pytest.mark.parametrize(
    "architectures, fast", [(["SkylakeX", "SkylakeX"], True), (["SkylakeX", "Haswell"], False), ([], False), ([None], False)]
)
def test_tiles_are_for_a_blas_that_is_fast_at_small_products(
    architectures: list[str | None], fast: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Controller:
        def info(self) -> list[dict[str, Any]]:
            return [{"user_api": "blas", "architecture": name} for name in architectures] + [{"user_api": "openmp"}]

    monkeypatch.setattr(threads, "_controller", Controller)
    assert threads._is_fast_at_small_products.__wrapped__() is fast


def test_tiles_last_as_long_as_blas_has_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "_is_fast_at_small_products", lambda: True)
    with threads.threads_for(0.0):
        assert products._tiles
        with threads.threads_for(0.0):
            assert products._tiles
        assert products._tiles
    assert not products._tiles
    with threads.threads_for(1e12):
        assert products._tiles is (threads._blas_threads() == 1)
    assert not products._tiles


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
