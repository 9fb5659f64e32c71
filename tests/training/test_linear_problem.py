"""The cost of a one-layer network and its derivatives, in the solver's coordinates and the user's."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from glassnet.maths.losses import classifier_loss, regressor_loss
from glassnet.training.descent import Descent
from glassnet.training.linear_problem import LinearProblem
from glassnet.training.newton import newton

LOSSES = {
    "log_loss": classifier_loss("log_loss", "logistic"),
    "softmax": classifier_loss("log_loss", "softmax"),
    "squared_error": regressor_loss("squared_error"),
    "poisson": regressor_loss("poisson"),
}


def drawn(name: str, n: int, p: int, k: int, seed: int, *, dtype=np.float64, form="dense", weighted=False, **more) -> LinearProblem:
    """A problem with random rows; columns differ in unit and origin."""
    random = np.random.default_rng(seed)
    X = ((random.normal(size=(n, p)) + random.normal(size=p) * 3) * 10.0 ** random.integers(-2, 3, p)).astype(dtype)
    k = max(k, 2) if name == "softmax" else k
    if name == "softmax":
        y = random.integers(0, k, n)
        more["n_outputs"] = k
    elif name == "log_loss":
        y = random.integers(0, 2, (n, k)).astype(dtype)
    else:
        y = random.poisson(2.0, (n, k)).astype(dtype)
    weight = random.integers(0, 4, n).astype(dtype) + dtype(0.5) if weighted else None
    data = sp.csr_array(X) if form == "sparse" else X
    return LinearProblem(data, y, LOSSES[name], weight=weight, **more)


shapes = st.tuples(st.integers(1, 40), st.integers(1, 7), st.integers(1, 4), st.integers(0, 2**31))


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("form", ["dense", "sparse"])
@pytest.mark.parametrize("name", LOSSES)
@given(shape=shapes, weighted=st.booleans())
def test_gradient_is_the_slope_along_any_direction(name, form, intercept, shape, weighted):
    n, p, k, seed = shape
    problem = drawn(name, n, p, k, seed, form=form, weighted=weighted, l2=0.1, intercept=intercept)
    random = np.random.default_rng(seed + 1)
    u, v = 0.3 * random.normal(size=(2, problem.size))
    h = 1e-5
    slope = (problem.value_and_gradient(u + h * v)[0] - problem.value_and_gradient(u - h * v)[0]) / (2 * h)
    gradient = problem.value_and_gradient(u)[1]
    assert gradient @ v == pytest.approx(slope, rel=1e-6, abs=1e-7 * (1 + np.abs(gradient).max()))


@pytest.mark.parametrize("form", ["dense", "sparse"])
@pytest.mark.parametrize("name", LOSSES)
@given(shape=shapes, weighted=st.booleans())
def test_hessian_times_a_vector_is_the_change_of_the_gradient(name, form, shape, weighted):
    n, p, k, seed = shape
    problem = drawn(name, n, p, k, seed, form=form, weighted=weighted, l2=0.1)
    random = np.random.default_rng(seed + 1)
    u, v = 0.3 * random.normal(size=(2, problem.size))
    h = 1e-5
    change = (problem.value_and_gradient(u + h * v)[1] - problem.value_and_gradient(u - h * v)[1]) / (2 * h)
    product = problem.hessian_product(u)(v)
    np.testing.assert_allclose(product, change, rtol=1e-5, atol=1e-6 * (1 + np.abs(change).max()))
    np.testing.assert_allclose(problem.hessian(u) @ v, product, rtol=1e-9, atol=1e-11 * (1 + np.abs(product).max()))


def test_hessian_of_some_features_is_that_part_of_the_whole():
    problem = drawn("softmax", 30, 6, 3, seed=0, l2=0.2)
    u = 0.2 * np.random.default_rng(0).normal(size=problem.size)
    features = np.array([1, 4, 6])  # 6 is the bias
    chosen = (features[:, None] * 3 + np.arange(3)).ravel()
    np.testing.assert_allclose(problem.hessian(u, features), problem.hessian(u)[np.ix_(chosen, chosen)], atol=1e-13)


@pytest.mark.parametrize("name", LOSSES)
def test_the_cost_is_the_formula_on_the_users_scale(name):
    problem = drawn(name, 25, 4, 2, seed=3, weighted=True, l2=0.3, l1=0.2)
    sums = problem.sums
    random = np.random.default_rng(4)
    theta = 0.1 * random.normal(size=problem.size) / 10
    W, b = theta[: 4 * sums.k].reshape(4, -1), theta[4 * sums.k :]
    b -= b.mean()  # as a softmax may
    y = np.eye(sums.k)[sums.y] if sums.y.ndim == 1 else sums.y
    cost = sums.loss.value(sums.X @ W + b, y, sums.weight) / sums.weight.sum() + 0.15 * (W**2).sum() + 0.2 * np.abs(W).sum()
    u = problem.inwards(theta)
    assert problem.value_and_gradient(u)[0] + problem.lasso(u) == pytest.approx(cost, rel=1e-12)
    np.testing.assert_allclose(problem.outwards(u), theta, rtol=1e-12)


@pytest.mark.parametrize("form", ["dense", "sparse"])
@pytest.mark.parametrize("name", LOSSES)
def test_a_weight_of_k_is_the_row_k_times(name, form):
    problem = drawn(name, 40, 5, 3, seed=5, form=form, l2=0.1)
    sums = problem.sums
    times = np.random.default_rng(6).integers(0, 4, 40)
    weighted = LinearProblem(sums.X, sums.y, sums.loss, weight=times.astype(float), l2=0.1, n_outputs=sums.k)
    rows = np.repeat(np.arange(40), times)
    repeated = LinearProblem(sums.X[rows], sums.y[rows], sums.loss, l2=0.1, n_outputs=sums.k)
    np.testing.assert_allclose(weighted.scale, repeated.scale, rtol=1e-12)
    u = 0.1 * np.random.default_rng(7).normal(size=problem.size)
    for ours, theirs in zip(weighted.value_and_gradient(u), repeated.value_and_gradient(u), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(weighted.hessian(u), repeated.hessian(u), rtol=1e-11, atol=1e-13)


def test_blocks_change_nothing(monkeypatch):
    whole = drawn("softmax", 300, 5, 3, seed=8, weighted=True, l2=0.1)
    u = 0.2 * np.random.default_rng(9).normal(size=whole.size)
    value, gradient = whole.value_and_gradient(u)
    hessian = whole.hessian(u)
    monkeypatch.setattr("glassnet.training.row_sums.BLOCK_BYTES", 1)
    monkeypatch.setattr("glassnet.training.row_sums.BLOCK_NUMBERS", 1)
    assert whole.value_and_gradient(u)[0] == pytest.approx(value, rel=1e-14)
    np.testing.assert_allclose(whole.value_and_gradient(u)[1], gradient, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(whole.hessian(u), hessian, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("dtype, digits", [(np.float64, 1e-9), (np.float32, 2e-5)])
def test_columns_far_from_zero_keep_their_digits(dtype, digits):
    random = np.random.default_rng(10)
    noise = (random.integers(-50, 50, (200, 3)) / 64).astype(dtype)  # exact in float32, also around 4096
    y = random.integers(0, 2, (200, 1)).astype(dtype)
    near = LinearProblem(noise, y, LOSSES["log_loss"], l2=0.01)
    far = LinearProblem(noise + dtype(4096), y, LOSSES["log_loss"], l2=0.01)
    W_near, W_far = (newton(problem, np.zeros(problem.size), Descent(tol=1e-7)).theta[:-1] for problem in (near, far))
    np.testing.assert_allclose(W_far, W_near, atol=digits)


@pytest.mark.parametrize("name", ["log_loss", "softmax"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nothing_overflows_at_raw_predictions_of_ten_thousand(name, dtype):
    X = np.array([[-1.0], [1.0], [2.0]], dtype)
    y = np.array([0, 1, 1]) if name == "softmax" else np.array([[0], [1], [0]], dtype)
    problem = LinearProblem(X, y, LOSSES[name], intercept=False, l2=1e-3)
    theta = np.full(problem.size, 1e4) * (np.array([1, -1])[: problem.size] if name == "softmax" else 1)
    u = problem.inwards(theta)
    value, gradient = problem.value_and_gradient(u)
    assert np.isfinite(value) and np.isfinite(gradient).all() and np.isfinite(problem.hessian(u)).all()
    assert np.isfinite(problem.hessian_product(u)(u)).all()


def test_the_data_are_not_copied():
    X = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    problem = LinearProblem(X, np.zeros((50, 1), np.float32), LOSSES["log_loss"])
    assert problem.sums.X is X
    sparse = sp.csr_array(X)
    blocks = LinearProblem(sparse, np.zeros((50, 1), np.float32), LOSSES["log_loss"]).sums._sparse_blocks
    assert all(np.shares_memory(block.data, sparse.data) for _, block in blocks)
