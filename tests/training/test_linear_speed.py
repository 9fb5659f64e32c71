"""The fast ways of the one-layer solvers give the numbers of the plain ones: fused passes, sampled metric, carried Hessian."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from glassnet.estimators.logistic import LogisticRegression
from glassnet.maths.losses import classifier_loss, regressor_loss
from glassnet.training.descent import Descent
from glassnet.training.directions import LastHessian
from glassnet.training.lbfgs import lbfgs
from glassnet.training.linear_problem import LinearProblem
from glassnet.training.metric import first_metric
from glassnet.training.newton import newton
from glassnet.training.row_kernels import add_rows, column_moments, raw_predictions

LOG_LOSS = classifier_loss("log_loss", "logistic")
SOFTMAX = classifier_loss("log_loss", "softmax")


def factors(n: int, p: int, *, k=2, dtype=np.float64, form="dense", seed=0, **more) -> LinearProblem:
    """Rows with three strong factors in common, and classes that depend on them."""
    random = np.random.default_rng(seed)
    X = (random.normal(size=(n, p)) + 3.0 * random.normal(size=(n, 3)) @ random.normal(size=(3, p))).astype(dtype)
    z = X @ random.normal(size=(p, k))
    y = (2.0 * z / z.std() + random.gumbel(size=(n, k))).argmax(axis=1)
    data = sp.csr_array(X) if form == "sparse" else X
    if k == 2:
        return LinearProblem(data, y[:, None].astype(dtype), LOG_LOSS, **more)
    return LinearProblem(data, y, SOFTMAX, n_outputs=k, **more)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n, p, k", [(1, 1, 1), (7, 3, 2), (8, 5, 4), (21, 33, 6), (30, 2, 9)])
def test_kernels_are_matrix_products(n, p, k, dtype):
    random = np.random.default_rng(n)
    X, W, shift = (random.normal(size=shape).astype(dtype) for shape in ((n, p), (k, p), k))
    raw, total = np.empty((n, k), dtype), np.ones((k, p), dtype)
    raw_predictions(X, W, shift, raw)
    add_rows(X, raw, total)
    close = {"rtol": 100 * np.finfo(dtype).eps, "atol": 1000 * np.finfo(dtype).eps}
    np.testing.assert_allclose(raw, X @ W.T + shift, **close)
    np.testing.assert_allclose(total, 1 + raw.T @ X, **close)


@pytest.mark.parametrize("n", [1, 63, 66, 131])
@pytest.mark.parametrize("weighted", [False, True])
def test_moments_are_weighted_sums_about_the_origin(n, weighted):
    random = np.random.default_rng(n)
    X, weight = random.normal(size=(n, 3)), random.random(n) if weighted else np.empty(0)
    first, second = np.zeros((2, 3))
    column_moments(X, weight, X[0], first, second)
    s = weight[:, None] if weighted else 1.0
    np.testing.assert_allclose(first, (s * (X - X[0])).sum(axis=0), atol=1e-12)
    np.testing.assert_allclose(second, (s * (X - X[0]) ** 2).sum(axis=0), atol=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name, k", [("log_loss", 1), ("log_loss", 3), ("softmax", 5), ("softmax", 8), ("squared_error", 2)])
def test_the_fused_pass_is_the_plain_one(name, k, weighted):
    random = np.random.default_rng(k)
    X = random.normal(size=(1333, 11))
    loss = SOFTMAX if name == "softmax" else LOG_LOSS if name == "log_loss" else regressor_loss(name)
    y = random.integers(0, k, 1333) if name == "softmax" else random.integers(0, 2, (1333, k)).astype(float)
    problem = LinearProblem(X, y, loss, weight=random.random(1333) if weighted else None, l2=0.1, n_outputs=k)
    u = random.normal(size=problem.size)
    assert problem.sums._fused
    value, gradient = problem.value_and_gradient(u)
    problem.sums._fused = False
    plain_value, plain_gradient = problem.value_and_gradient(u)
    assert value == pytest.approx(plain_value, rel=1e-13)
    np.testing.assert_allclose(gradient, plain_gradient, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("form", ["dense", "sparse"])
def test_the_metric_of_few_features_is_the_curvature_at_the_start(form):
    problem = factors(60, 9, form=form, l2=0.3)  # all rows are its sample
    H = problem.hessian(np.zeros(problem.size))
    metric = first_metric(problem)
    v = np.random.default_rng(1).normal(size=problem.size)
    np.testing.assert_allclose(metric(H @ v), v, rtol=1e-9)


@pytest.mark.parametrize("form", ["dense", "sparse"])
def test_the_metric_of_many_features_knows_the_directions_in_common(form, monkeypatch):
    monkeypatch.setattr("glassnet.training.metric.FEW", 10)
    problem = factors(1500, 200, form=form, l2=1e-3)
    H = problem.hessian(np.zeros(problem.size))
    bend, U = np.linalg.eigh(H)
    metric = first_metric(problem)
    for i in (-1, -2, -3):
        assert U[:, i] @ metric(U[:, i]) * bend[i] == pytest.approx(1.0, rel=0.3), "sampled, but of the right size"
    assert bend[-3] > 10 * bend[-5] and np.linalg.norm(metric(U[:, -5])) > 3 * np.linalg.norm(metric(U[:, -3]))


@pytest.mark.parametrize("k, few", [(2, 10), (2, 1000), (3, 1000)])
def test_common_directions_cost_lbfgs_few_iterations(k, few, monkeypatch):
    monkeypatch.setattr("glassnet.training.metric.FEW", few)
    problem = factors(1500, 200, k=k, l2=1e-2)
    found = lbfgs(problem, np.zeros(problem.size), Descent(tol=1e-6, max_iter=200))
    monkeypatch.setattr("glassnet.training.lbfgs.first_metric", lambda problem: np.copy)
    plain = lbfgs(problem, np.zeros(problem.size), Descent(tol=1e-6, max_iter=500))
    assert found.converged and found.n_iter < 0.7 * plain.n_iter, (found.n_iter, plain.n_iter)
    exact = newton(problem, np.zeros(problem.size), Descent(tol=1e-12), conjugate=True)
    np.testing.assert_allclose(found.theta, exact.theta, atol=1e-4)


def test_float32_goes_on_below_the_digits_of_the_loss():
    problem = factors(3000, 300, dtype=np.float32, l2=1e-2)
    found = lbfgs(problem, np.zeros(problem.size), Descent(tol=2e-6, max_iter=300))
    assert found.reason.kind == "gradient", found.stopped_because


@pytest.mark.parametrize("k", [2, 3])
def test_a_carried_hessian_is_that_of_the_other_penalties(k):
    problem = factors(200, 6, k=k, l2=0.5)
    other = problem.with_penalty(0.0, 1e-3)
    theta = 0.1 * np.random.default_rng(0).normal(size=problem.size)
    H = problem.hessian(problem.inwards(theta))
    np.testing.assert_allclose(other.carried(problem, H), other.hessian(other.inwards(theta)), rtol=1e-9, atol=1e-12)


def test_a_path_that_carries_its_hessian_ends_at_the_same_minima():
    problem = factors(30_000, 60, l2=1.0)
    assert problem.expensive
    last, theta = LastHessian(), np.zeros(problem.size)
    for l2 in (1.0, 1e-2, 1e-4):
        problem = problem.with_penalty(0.0, l2)
        theta = newton(problem, theta, Descent(tol=1e-9), last=last).theta
        alone = newton(problem, np.zeros(problem.size), Descent(tol=1e-9)).theta
        np.testing.assert_allclose(theta, alone, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("dtype", [np.int8, np.uint64, np.int64])
def test_counted_classes_are_the_sorted_ones(dtype):
    labels = np.array([-128, 5, 127] if dtype == np.int8 else [3, 7, 120], dtype)
    y = np.tile(labels, 10)
    model = LogisticRegression().fit(np.random.default_rng(0).normal(size=(30, 2)), y)
    np.testing.assert_array_equal(model.classes_, labels)
    assert model.classes_.dtype == dtype
    np.testing.assert_array_equal(model._read_classes(y), np.tile([0, 1, 2], 10))
