"""Newton, L-BFGS and proximal Newton find the minimum of a one-layer network, and say truly why they stop."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
import scipy.sparse as sp

from glassnet.checks import DivergenceError
from glassnet.maths.activations import activation_named
from glassnet.maths.losses import classifier_loss, regressor_loss
from glassnet.networks.dense import Dense
from glassnet.networks.network import Network
from glassnet.training.descent import Descent, subgradient
from glassnet.training.history import History
from glassnet.training.lbfgs import lbfgs
from glassnet.training.linear_problem import LinearProblem
from glassnet.training.linear_solvers import minimise_linear
from glassnet.training.newton import newton, newton_on_network
from glassnet.training.proximal import coordinate_sweeps, proximal_newton
from glassnet.training.rows import Rows
from glassnet.training.separation import separation
from glassnet.training.stopping import TimeOver

SPECTOR = """
2.66 20 0 0  2.89 22 0 0  3.28 24 0 0  2.92 12 0 0  4.00 21 0 1  2.86 17 0 0  2.76 17 0 0  2.87 21 0 0
3.03 25 0 0  3.92 29 0 1  2.63 20 0 0  3.32 23 0 0  3.57 23 0 0  3.26 25 0 1  3.53 26 0 0  2.74 19 0 0
2.75 25 0 0  2.83 19 0 0  3.12 23 1 0  3.16 25 1 1  2.06 22 1 0  3.62 28 1 1  2.89 14 1 0  3.51 26 1 0
3.54 24 1 1  2.83 27 1 1  3.39 17 1 1  2.67 24 1 0  3.65 21 1 1  4.00 23 1 1  3.10 21 1 0  2.39 19 1 1
"""
"""GPA, TUCE, PSI, GRADE of 32 students: Spector & Mazzeo (1980), Journal of Economic Education 11, 37-44."""

LOG_LOSS = classifier_loss("log_loss", "logistic")
SOFTMAX = classifier_loss("log_loss", "softmax")


def spector() -> tuple[np.ndarray, np.ndarray]:
    table = np.array(SPECTOR.split(), float).reshape(32, 4)
    return table[:, :3], table[:, 3:]


def by_mpmath(X, y) -> list[float]:
    """The unpenalised logistic regression to 50 digits, by Newton's method."""
    with mpmath.workdps(50):
        A = mpmath.matrix([[mpmath.mpf(repr(float(x))) for x in row] + [mpmath.mpf(1)] for row in X])
        target = [mpmath.mpf(int(v)) for v in y.ravel()]
        beta = mpmath.matrix(A.cols, 1)
        for _ in range(12):
            p = [1 / (1 + mpmath.exp(-z)) for z in A * beta]
            gradient, H = mpmath.matrix(A.cols, 1), mpmath.matrix(A.cols, A.cols)
            for n in range(A.rows):
                for i in range(A.cols):
                    gradient[i] += A[n, i] * (p[n] - target[n])
                    for j in range(A.cols):
                        H[i, j] += A[n, i] * A[n, j] * p[n] * (1 - p[n])
            beta -= mpmath.lu_solve(H, gradient)
        return [float(b) for b in beta]


def classes(k: int, *, n=200, p=6, dtype=np.float64, form="dense", seed=0, **more) -> LinearProblem:
    random = np.random.default_rng(seed)
    X = (random.normal(size=(n, p)) * 10.0 ** random.integers(-1, 2, p)).astype(dtype)
    y = (X @ random.normal(size=(p, k)) / np.sqrt((X**2).mean()) + random.gumbel(size=(n, k)) * 2).argmax(axis=1)
    data = sp.csr_array(X) if form == "sparse" else X
    if k == 2:
        return LinearProblem(data, y[:, None].astype(dtype), LOG_LOSS, **more)
    return LinearProblem(data, y, SOFTMAX, n_outputs=k, **more)


def zeros(problem):
    return np.zeros(problem.size)


@pytest.mark.parametrize("conjugate", [False, True])
def test_twelve_certified_digits(conjugate):
    X, y = spector()
    exact = by_mpmath(X, y)
    np.testing.assert_allclose(exact, [2.82611259488932143, 0.0951576613179093013, 2.37868765509335422, -13.0213468581156906], rtol=1e-15)
    problem = LinearProblem(X, y, LOG_LOSS)
    found = newton(problem, zeros(problem), Descent(tol=1e-14), conjugate=conjugate)
    np.testing.assert_allclose(found.theta, exact, rtol=1e-12)


@pytest.mark.parametrize("l1", [0.0, 0.01])
@pytest.mark.parametrize("form", ["dense", "sparse"])
@pytest.mark.parametrize("k", [2, 3])
def test_all_solvers_find_the_same_minimum(k, form, l1):
    problem = classes(k, form=form, l2=0.01, l1=l1)
    plan = Descent(tol=1e-10, max_iter=500)
    found = [lbfgs(problem, zeros(problem), plan), minimise_linear(problem, zeros(problem), plan)]
    if l1:
        found.append(proximal_newton(problem, zeros(problem), plan))
    else:
        found += [newton(problem, zeros(problem), plan, conjugate=conjugate) for conjugate in (True, False)]
    for solution in found:
        assert solution.converged, solution.stopped_because
        np.testing.assert_allclose(solution.theta, found[-1].theta, rtol=1e-4 if l1 else 1e-6, atol=1e-5 if l1 else 1e-7)


def test_zeros_of_an_l1_penalty_are_exact_and_right():
    problem = classes(3, p=40, l1=0.02)
    solution = proximal_newton(problem, zeros(problem), Descent(tol=1e-12))
    u = problem.inwards(solution.theta)
    lasso = np.repeat(problem.l1, problem.k)
    slope = problem.value_and_gradient(u)[1]
    assert np.abs(subgradient(u, slope, lasso)).max() < 1e-12
    W = solution.theta[:-3]
    assert 0 < (W == 0.0).sum() < W.size
    assert (np.abs(slope[:-3][W == 0.0]) < lasso[:-3][W == 0.0]).all()


def test_a_penalty_that_leaves_nothing_leaves_exactly_nothing():
    problem = classes(2, l1=10.0, intercept=False)
    solution = proximal_newton(problem, zeros(problem), Descent())
    assert (solution.theta == 0.0).all() and solution.converged


def test_a_working_set_too_large_goes_to_lbfgs(monkeypatch):
    problem = classes(2, p=30, l1=1e-3)
    plan = Descent(tol=1e-7, max_iter=1000)
    exact = proximal_newton(problem, zeros(problem), plan)
    monkeypatch.setattr("glassnet.training.proximal.LARGEST_HESSIAN", 8)
    np.testing.assert_allclose(proximal_newton(problem, zeros(problem), plan).theta, exact.theta, atol=1e-4)


def test_a_coordinate_sweep_by_hand():
    # min over x of (2 x0^2 + x1^2)/2 - 4 x0 - x1/2 + |x0| + |x1|: x0 = (4 - 1)/2, x1 = 0 for 1/2 < 1
    x, slope = np.zeros(2), np.array([-4.0, -0.5])
    coordinate_sweeps(np.diag([2.0, 1.0]), x, slope, np.ones(2), 1)
    np.testing.assert_array_equal(x, [1.5, 0.0])
    np.testing.assert_array_equal(slope, [-1.0, -0.5])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("l1", [0.0, 1e-3])
def test_columns_of_any_unit_converge(l1, dtype):
    random = np.random.default_rng(0)
    plain = random.normal(size=(300, 13))
    y = (plain.sum(axis=1) + random.logistic(size=300) > 0)[:, None].astype(dtype)
    X = (plain * 10.0 ** np.arange(-6, 7)).astype(dtype)
    problem = LinearProblem(X, y, LOG_LOSS, l1=l1, l2=1e-9)
    for solve in (minimise_linear, lbfgs):
        found = solve(problem, zeros(problem), Descent(tol=1e-5, max_iter=200))
        assert found.converged and found.n_iter < 100, found.stopped_because


def test_a_sample_of_the_rows_leads_to_the_minimum_of_all():
    problem = classes(2, n=40_000, p=40, l2=1e-6)
    assert problem.expensive
    found = newton(problem, zeros(problem), Descent(tol=1e-11))
    reference = newton(problem, zeros(problem), Descent(tol=1e-11), conjugate=True)
    np.testing.assert_allclose(found.theta, reference.theta, rtol=1e-7, atol=1e-9)
    assert found.history[0]["gradient_norm"] < 0.02, "the first step of all rows begins near the minimum"


@pytest.mark.parametrize("name", ["squared_error", "poisson"])
def test_other_losses_with_a_curvature_are_solved_too(name):
    random = np.random.default_rng(1)
    X = random.normal(size=(100, 4))
    y = random.poisson(np.exp(0.3 * X[:, :2])).astype(float)
    problem = LinearProblem(X, y, regressor_loss(name), l2=0.1)
    found = newton(problem, zeros(problem), Descent(tol=1e-12))
    np.testing.assert_allclose(found.theta, newton(problem, zeros(problem), Descent(tol=1e-12), conjugate=True).theta, atol=1e-10)
    if name == "squared_error":
        A = np.hstack([X, np.ones((100, 1))])
        ridge = np.linalg.solve(A.T @ A / 100 + np.diag([0.1] * 4 + [0]), A.T @ y / 100)
        np.testing.assert_allclose(found.theta.reshape(5, 2), ridge, atol=1e-12)


def test_a_loss_without_curvature_is_refused():
    problem = LinearProblem(np.ones((3, 1)), np.ones((3, 1)), regressor_loss("absolute_error"))
    with pytest.raises(ValueError, match="needs a curvature"):
        newton(problem, zeros(problem), Descent())


def test_a_start_out_of_range_is_named():
    problem = classes(2)
    with pytest.raises(DivergenceError, match="at the start"), np.errstate(all="ignore"):
        newton(problem, np.full(problem.size, np.inf), Descent())


def test_a_softmax_without_penalty_keeps_the_classes_centred():
    problem = classes(3, n=400)
    for solve in (newton, lbfgs):
        W = solve(problem, zeros(problem), Descent(tol=1e-9, max_iter=300)).theta.reshape(-1, 3)
        np.testing.assert_allclose(W.sum(axis=1), 0.0, atol=1e-9)


@pytest.mark.parametrize("solve", [newton, lbfgs, proximal_newton])
def test_the_reason_and_the_history_are_kept(solve):
    problem = classes(2, l2=1e-3)
    seen = []
    plan = Descent(tol=1e-3, max_iter=50, observers=[seen.append], held_out=lambda theta: (theta @ theta, None))
    found = solve(problem, zeros(problem), plan)
    assert found.reason.kind == "gradient" and found.gradient_norm <= 1e-3
    assert "gradient norm" in found.stopped_because and "below tol=0.001" in found.stopped_because
    assert found.history.stopped_because == found.stopped_because
    assert len(found.history) == found.n_iter == len(seen) and seen[-1]["epoch"] == found.n_iter
    assert found.history[-1]["loss"] == found.value
    assert found.history[-1]["val_loss"] == pytest.approx(found.theta @ found.theta)
    assert np.diff(found.history.column("loss")).max(initial=0.0) <= 1e-12


@pytest.mark.parametrize("solve", [newton, lbfgs, proximal_newton])
def test_iterations_seconds_and_wishes_stop_a_descent(solve):
    problem = classes(2, l2=1e-3)
    assert solve(problem, zeros(problem), Descent(tol=0.0, max_iter=2)).reason.kind == "epochs"
    assert solve(problem, zeros(problem), Descent(max_iter=0)).n_iter == 0
    assert solve(problem, zeros(problem), Descent(tol=0.0, rules=[TimeOver(0.0)])).reason.kind == "seconds"
    assert solve(problem, zeros(problem), Descent(tol=0.0, follow=lambda theta: True)).reason.kind == "callback"
    assert solve(problem, zeros(problem), Descent(tol=0.0, max_iter=500)).reason.kind == "rounding"


@pytest.mark.parametrize("solve", [newton, lbfgs, proximal_newton])
def test_an_interrupt_keeps_the_best_so_far(solve):
    problem = classes(2, l2=1e-3)

    def interrupt(row):
        if row["epoch"] == 2:
            raise KeyboardInterrupt

    found = solve(problem, zeros(problem), Descent(tol=0.0, observers=[interrupt]))
    assert found.reason.kind == "interrupted" and found.n_iter == 2 and found.theta.any()


@pytest.mark.parametrize("k", [2, 3])
def test_separation_is_seen(k):
    x = np.arange(12.0)[:, None]
    y = np.arange(12) * k // 12
    target = y[:, None].astype(float) if k == 2 else y
    problem = LinearProblem(x, target, LOG_LOSS if k == 2 else SOFTMAX)
    found = newton(problem, zeros(problem), Descent())
    assert separation(problem, found.theta) == "complete"
    assert separation(problem.with_penalty(0.0, 1e-3), found.theta) is None


def test_quasi_complete_separation_is_seen():
    x = np.array([0.0, 1.0, 2.0, 2.0, 3.0, 4.0])[:, None]
    y = np.array([0.0, 0.0, 0.0, 1.0, 1.0, 1.0])[:, None]  # both classes at x = 2
    problem = LinearProblem(x, y, LOG_LOSS)
    assert separation(problem, newton(problem, zeros(problem), Descent(tol=1e-5)).theta) == "quasi-complete"


def test_an_overlap_is_no_separation():
    X, y = spector()
    problem = LinearProblem(X, y, LOG_LOSS)
    assert separation(problem, newton(problem, zeros(problem), Descent()).theta) is None


@pytest.mark.parametrize("bias", [True, False])
def test_newton_trains_a_network_without_hidden_layers(bias):
    random = np.random.default_rng(2)
    X, weight = random.normal(size=(60, 3)), random.integers(1, 4, 60).astype(float)
    y = np.eye(3)[random.integers(0, 3, 60)]
    network = Network((Dense(3, 3, activation_named("identity"), bias),), SOFTMAX, (0.0,))
    theta = np.zeros(network.layout.n_parameters)
    history = History()
    rows = Rows.of(X, y, weight)
    reason = newton_on_network(network, rows, theta, history, alpha=0.5, tol=1e-12, iterations=50)
    assert reason.kind == "gradient" and len(history) > 1
    problem = LinearProblem(X, y, SOFTMAX, weight=weight, l2=0.5 / 60, intercept=bias)
    np.testing.assert_allclose(theta, newton(problem, zeros(problem), Descent(tol=1e-12)).theta, atol=1e-12)


def test_newton_refuses_hidden_layers():
    layers = (Dense(3, 2, activation_named("tanh")), Dense(2, 1, activation_named("identity")))
    network = Network(layers, LOG_LOSS, (0.0, 0.0))
    rows = Rows.of(np.ones((2, 3)), np.ones((2, 1)))
    with pytest.raises(ValueError, match="under loss='squared_error'; this one has 1 under 'log_loss'"):
        newton_on_network(network, rows, np.zeros(network.layout.n_parameters), History(), alpha=0.0, tol=1e-4, iterations=5)
