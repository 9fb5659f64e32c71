"""The deterministic mode: the same bits on any number of threads."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
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


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """The factors and the result of every product that NumPy is asked for."""
    found: list[tuple[Any, ...]] = []
    multiply = np.matmul

    def watched(A: Any, B: Any, *, out: Any) -> None:
        found.append((A, B, out))
        multiply(A, B, out=out)

    monkeypatch.setattr(products.np, "matmul", watched)
    return found


@pytest.mark.parametrize(
    "shape, left, right, tile",
    [
        ((128, 784, 256), False, False, (16, 64)),
        ((784, 128, 512), True, False, (112, 64)),
        ((128, 512, 512), False, True, (32, 32)),
        ((200, 100, 128), False, False, (100, 64)),
        ((200, 784, 128), False, False, (8, 64)),
        ((128, 784, 250), False, False, None),  # columns that do not divide evenly
        ((127, 784, 256), False, False, None),  # rows that do not
        ((268, 784, 256), False, False, None),  # rows that divide by 4 alone
        ((128, 2048, 128), False, False, None),  # tiles of few rows
        ((128, 1024, 1024), False, False, None),  # a right factor that no cache holds
        ((2, 16_000, 64), False, False, None),
        ((784, 512, 512), True, False, None),  # long sums of a left factor that is transposed
        ((128, 64, 512), False, True, None),  # short sums of a right one
        ((544, 512, 512), False, True, None),  # many rows
        ((128, 1024, 512), False, True, None),  # no small tile of 32 by 32
        ((128, 784, 256), True, True, None),
        ((64, 64, 64), False, False, None),  # small as it is
    ],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_tiles_give_the_whole_product(
    shape: tuple[int, int, int], left: bool, right: bool, tile: tuple[int, int] | None, dtype: type, seen: list[tuple[Any, ...]]
) -> None:
    n, k, m = shape
    A = RANDOM.normal(size=(k, n) if left else (n, k)).astype(dtype)
    B = RANDOM.normal(size=(m, k) if right else (k, m)).astype(dtype)
    A, B = A.T if left else A, B.T if right else B
    wide = np.full((n, m + 64), np.nan, dtype)
    out = wide[:, :m]
    with products.in_tiles(True):
        products.multiply(A, B, out)
    np.testing.assert_allclose(out, A.astype(np.float64) @ B.astype(np.float64), rtol=0, atol=1e-5 * k**0.5)
    assert np.isnan(wide[:, m:]).all()
    ((X, W, Z),) = seen
    assert np.shares_memory(X, A) and np.shares_memory(W, B) and np.shares_memory(Z, wide)
    assert Z.shape[-2:] == (tile if tile and dtype is np.float32 else (n, m))


def test_every_tile_is_small_and_leaves_no_rest() -> None:
    sizes = (1, 2, 4, 7, 8, 16, 64, 96, 100, 128, 512, 784, 1000, 3072, 15_626, 65_536)
    some = False
    for n, inner, m in itertools.product(sizes, sizes, sizes):
        for left, right in itertools.product((False, True), repeat=2):
            tile = products._tile(n, inner, m, left, right)
            if tile:
                some = True
                assert n % tile[0] == m % tile[1] == 0
                assert tile[0] * inner * tile[1] <= products.SMALL_PRODUCT
    assert some


def test_tiles_give_the_same_bits_on_any_number_of_threads(seen: list[tuple[Any, ...]]) -> None:
    A, B = RANDOM.normal(size=(128, 784)).astype(np.float32), RANDOM.normal(size=(784, 512)).astype(np.float32)
    found = set()
    for count in (1, 2, 4):
        out = np.empty((128, 512), np.float32)
        with threads.deterministic(count), products.in_tiles(True):  # whatever this processor is
            products.multiply(A, B, out)
        found.add(out.tobytes())
    assert len(found) == 1
    assert {Z.ndim for _, _, Z in seen} == {4}


@pytest.mark.parametrize(
    "libraries, fast",
    [
        ({"/numpy.libs/a.so": "SkylakeX", "/scipy.libs/b.so": "Haswell"}, True),
        ({"/numpy.libs/a.so": "Haswell", "/scipy.libs/b.so": "SkylakeX"}, False),
        ({"/lib/libopenblas.so": "Cooperlake"}, True),
        ({"/lib/libmkl_rt.so": None}, False),
        ({}, False),
    ],
    ids=str,
)
def test_tiles_are_for_a_numpy_whose_blas_is_fast_at_small_products(
    libraries: dict[str, str | None], fast: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Controller:
        def info(self) -> list[dict[str, Any]]:
            told = [{"user_api": "blas", "filepath": path, "architecture": name} for path, name in libraries.items()]
            return [*told, {"user_api": "openmp", "filepath": "/numpy.libs/c.so"}]

    monkeypatch.setattr(threads, "_controller", Controller)
    assert threads._is_fast_at_small_products.__wrapped__() is fast


@pytest.mark.parametrize("fast", [True, False])
def test_tiles_last_as_long_as_blas_has_one_thread(fast: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "_is_fast_at_small_products", lambda: fast)
    tiles = products._tiles.get
    with threads.threads_for(0.0):
        assert tiles() is fast
        with pytest.raises(KeyError), threads.threads_for(0.0):
            raise KeyError
        assert tiles() is fast
    assert not tiles()
    with threads.threads_for(1e12):
        assert tiles() is (fast and threads._blas_threads() == 1)
    with threads.deterministic(2):
        assert not tiles()  # predictions are as they are without
        with threads.threads_for(1e12):
            assert tiles() is fast
    monkeypatch.setenv(threads.DETERMINISTIC, "2")
    with threads.threads_for(1e12):
        assert tiles() is fast
    assert not tiles()


def test_tiles_belong_to_the_thread_that_trains() -> None:
    with products.in_tiles(True), ThreadPoolExecutor(1) as pool:
        assert not pool.submit(products._tiles.get).result()


def test_a_large_training_keeps_its_threads_when_a_small_one_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "_is_fast_at_small_products", lambda: True)
    before = threads._blas_threads()
    small, large = threads.threads_for(0.0), threads.threads_for(1e12)
    small.__enter__()
    assert threads._blas_threads() == 1
    with ThreadPoolExecutor(1) as pool:  # another thread of Python
        pool.submit(large.__enter__).result()
        assert pool.submit(products._tiles.get).result() is (before == 1)
        small.__exit__(None, None, None)
        assert threads._blas_threads() == before
        pool.submit(large.__exit__, None, None, None).result()
    assert threads._blas_threads() == before


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
