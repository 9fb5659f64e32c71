"""Large products in parts are the products: no block of rows or columns is lost where one call would take too long."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np
import pytest
import scipy.linalg

from glassnet import MLPClassifier, MLPRegressor
from glassnet.data import hog
from glassnet.maths import initialisers
from glassnet.networks import passes, products
from glassnet.training import blocks, epoch

RANDOM = np.random.default_rng(0)


@pytest.fixture
def short_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every product counts as a large one."""
    for module in (products, blocks, epoch):
        monkeypatch.setattr(module, "LONGEST_PRODUCT", 300)
    monkeypatch.setattr(epoch, "SMALLEST_PART", 7)
    monkeypatch.setattr(epoch, "LONGEST_STRETCH", 11)


@pytest.mark.parametrize("shape", [(1, 1, 1), (30, 1, 20), (50, 3, 4), (7, 40, 9), (3, 400, 5), (2, 30, 70), (60, 2, 80)])
def test_a_product_in_blocks_is_the_product(short_calls: None, shape: tuple[int, int, int]) -> None:
    n, inner, m = shape
    X, W, out = RANDOM.normal(size=(n, inner)), RANDOM.normal(size=(inner, m)), np.full((n, m), np.nan)
    products.multiply(X, W, out)
    np.testing.assert_allclose(out, X @ W, rtol=1e-12)
    back = np.full((inner, m), np.nan)
    products.multiply(X.T, out, back)
    np.testing.assert_allclose(back, X.T @ out, rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("threads", [0, 1, 3])
@pytest.mark.parametrize("shape", [(1, 1), (60, 7), (20, 130), (500, 3), (300, 20), (140, 600)])
def test_a_square_in_blocks_is_the_square(short_calls: None, shape: tuple[int, int], threads: int, dtype: Any) -> None:
    A, close = RANDOM.normal(size=shape).astype(dtype), 1e4 * np.finfo(dtype).eps
    with products.shared_by(threads) if threads else contextlib.nullcontext():
        found = blocks.square(A)
    np.testing.assert_allclose(found, A.T @ A, rtol=close, atol=close)
    np.testing.assert_array_equal(found, found.T)
    assert found.dtype == dtype


@pytest.mark.parametrize("p", [1, 31, 33, 100])
def test_a_factor_in_panels_is_the_factor(short_calls: None, p: int) -> None:
    B = RANDOM.normal(size=(p, p + 3))
    H = B @ B.T + np.eye(p)
    np.testing.assert_allclose(np.tril(blocks.cholesky(H)), scipy.linalg.cholesky(H, lower=True), rtol=1e-9, atol=1e-12)
    H[-1, -1] = -1.0
    with pytest.raises(np.linalg.LinAlgError):
        blocks.cholesky(H)


@pytest.mark.parametrize("initialiser", [None, "he_normal", "glorot_uniform"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_first_weights_in_blocks_are_those_of_one_draw(monkeypatch: pytest.MonkeyPatch, initialiser: Any, dtype: Any) -> None:
    drawn = []
    for most in (initialisers.DRAWN_AT_ONCE, 20):
        monkeypatch.setattr(initialisers, "DRAWN_AT_ONCE", most)
        random = np.random.RandomState(0)
        W, _ = initialisers.first_weights(11, 7, bias=False, activation="relu", initialiser=initialiser, random=random, dtype=dtype)
        drawn.append((W.tobytes(), random.uniform()))
    assert drawn[0] == drawn[1]


@pytest.mark.parametrize("parameters", [{}, {"solver": "sgd"}, {"solver": "gd"}, {"l1": 0.1}, {"solver": "adamw", "alpha": 0.01}], ids=str)
def test_a_batch_that_passes_in_parts_moves_the_weights_alike(monkeypatch: pytest.MonkeyPatch, parameters: dict[str, Any]) -> None:
    X, y, weight = RANDOM.normal(size=(90, 5)), RANDOM.integers(0, 3, 90), RANDOM.uniform(0.5, 2.0, 90)
    settings = {"hidden_layer_sizes": (8, 4), "activation": "tanh", "batch_size": 40, "max_iter": 4, "random_state": 0, "tol": 0.0}
    monkeypatch.setattr(epoch, "COMPILED_UP_TO", 0)
    whole = _fitted(MLPClassifier(**settings, **parameters), X, y, weight)
    monkeypatch.setattr(epoch, "LONGEST_PRODUCT", 300)
    monkeypatch.setattr(epoch, "SMALLEST_PART", 7)
    monkeypatch.setattr(epoch, "LONGEST_STRETCH", 11)
    parts = _fitted(MLPClassifier(**settings, **parameters), X, y, weight)
    for W, V in zip(whole.coefs_ + whole.intercepts_, parts.coefs_ + parts.intercepts_, strict=True):
        np.testing.assert_allclose(V, W, rtol=1e-7, atol=1e-10)
    assert parts.loss_curve_ == pytest.approx(whole.loss_curve_)


def test_a_regression_on_all_rows_passes_in_parts_too(short_calls: None) -> None:
    X = RANDOM.normal(size=(100, 4))
    net = _fitted(MLPRegressor(hidden_layer_sizes=(6,), solver="gd", learning_rate_init=0.1, max_iter=50, random_state=0), X, X[:, 0])
    assert net.loss_curve_[-1] < 0.2 * net.loss_curve_[0]


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("rows", [0, 5, 256, 700])
def test_a_compiled_prediction_in_several_calls_is_that_of_one(monkeypatch: pytest.MonkeyPatch, rows: int, classes: int) -> None:
    X = RANDOM.normal(size=(700, 5))
    net = _fitted(MLPClassifier((8,), max_iter=2, random_state=0), X, RANDOM.integers(0, classes, 700))
    whole = net.compile_predict()(X[:rows])
    seen: list[int] = []

    def watched(X: Any, *given: Any) -> None:
        seen.append(len(X))
        predict_pass(X, *given)

    predict_pass = passes.predict_pass
    monkeypatch.setattr(passes, "predict_pass", watched)
    monkeypatch.setattr(passes, "CALL_STEPS", 1)
    np.testing.assert_array_equal(net.compile_predict()(X[:rows]), whole)
    assert sum(seen) == rows and max(seen) <= passes.ROOM


def test_pictures_some_at_a_time_give_the_features_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = RANDOM.integers(0, 256, (10, 16 * 16 * 3), dtype=np.uint8)
    whole = hog.hog(pixels, 16, 3)
    monkeypatch.setattr(hog, "CALL_PIXELS", 3 * pixels.shape[1])
    np.testing.assert_array_equal(hog.hog(pixels, 16, 3), whole)
    np.testing.assert_array_equal(hog.hog(pixels, 16, 3, out=np.empty_like(whole)), whole)
    assert hog.hog(pixels[:0], 16, 3).shape == (0, whole.shape[1])


def _fitted(net: Any, X: Any, y: Any, weight: Any = None) -> Any:
    with pytest.warns(UserWarning, match="hasn't converged"):
        return net.fit(X, y, sample_weight=weight)
