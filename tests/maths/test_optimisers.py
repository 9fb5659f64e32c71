"""Three steps of each optimiser by hand, and the proximal step of an L1 penalty."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest

from glassnet.maths.optimisers import ADAM, SGD, Optimiser, add_l2, optimiser_named, shrink

GRADIENTS = np.array([[0.5, -1.0, 0.0], [0.25, 2.0, 1e-3], [-1.0, 0.5, -1e-3]])
THETA = np.array([1.0, -2.0, 0.5])
R = 0.1

dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def steps(optimiser: Optimiser, dtype: type = np.float64, **options: float) -> np.ndarray:
    """theta after each of three steps."""
    theta = THETA.astype(dtype)
    moments, constants, path = optimiser.moments(theta), optimiser.constants(R, dtype), []
    for t, g in enumerate(GRADIENTS.astype(dtype), 1):
        optimiser.step(theta, g, moments, constants, t, **options)
        path.append(theta.copy())
    assert theta.dtype == dtype and all(moment.dtype == dtype for moment in moments)
    return np.array(path)


def plain() -> Iterator[np.ndarray]:
    theta = THETA.copy()
    for g in GRADIENTS:
        theta = theta - R * g
        yield theta


def momentum(mu: float = 0.9) -> Iterator[np.ndarray]:
    theta, v = THETA.copy(), np.zeros(3)
    for g in GRADIENTS:
        v = mu * v - R * g
        theta = theta + v
        yield theta


def nesterov(mu: float = 0.9) -> Iterator[np.ndarray]:
    """The textbook form: the gradient is taken at the point theta + mu v; here theta is that point."""
    looked, v = THETA.copy(), np.zeros(3)
    behind = looked.copy()
    for g in GRADIENTS:
        v = mu * v - R * g
        behind = behind + v
        looked = behind + mu * v
        yield looked


def adagrad(eps: float = 1e-8) -> Iterator[np.ndarray]:
    theta, s = THETA.copy(), np.zeros(3)
    for g in GRADIENTS:
        s = s + g**2
        theta = theta - R * g / (np.sqrt(s) + eps)
        yield theta


def rmsprop(rho: float = 0.9, eps: float = 1e-8) -> Iterator[np.ndarray]:
    theta, s = THETA.copy(), np.zeros(3)
    for g in GRADIENTS:
        s = rho * s + (1 - rho) * g**2
        theta = theta - R * g / (np.sqrt(s) + eps)
        yield theta


def adam(b1: float = 0.9, b2: float = 0.999, eps: float = 1e-8) -> Iterator[np.ndarray]:
    """Kingma and Ba, algorithm 1 with epsilon moved as in the end of their section 2."""
    theta, m, s = THETA.copy(), np.zeros(3), np.zeros(3)
    for t, g in enumerate(GRADIENTS, 1):
        m = b1 * m + (1 - b1) * g
        s = b2 * s + (1 - b2) * g**2
        m_hat, s_hat = m / (1 - b1**t), s / (1 - b2**t)
        theta = theta - R * m_hat / (np.sqrt(s_hat) + eps / math.sqrt(1 - b2**t))
        yield theta


BY_HAND = {
    "gd": (optimiser_named("gd"), plain),
    "sgd without momentum": (optimiser_named("sgd", momentum=0.0), plain),
    "sgd": (optimiser_named("sgd", nesterov=False), momentum),
    "sgd with Nesterov's momentum": (optimiser_named("sgd"), nesterov),
    "adagrad": (optimiser_named("adagrad"), adagrad),
    "rmsprop": (optimiser_named("rmsprop"), rmsprop),
    "adam": (optimiser_named("adam"), adam),
}


@dtypes
@pytest.mark.parametrize("name", list(BY_HAND))
def test_the_first_three_steps_are_those_by_hand(name: str, dtype: type) -> None:
    optimiser, by_hand = BY_HAND[name]
    np.testing.assert_allclose(steps(optimiser, dtype), list(by_hand()), rtol=16 * np.finfo(dtype).eps)


def test_adams_first_step_has_the_length_of_the_rate_whatever_the_gradient() -> None:
    moved = steps(optimiser_named("adam"))[0] - THETA
    # theta <- theta - r sign(g), but for g = 0
    np.testing.assert_allclose(moved, [-0.1, 0.1, 0.0], rtol=1e-6)


def test_adamw_shrinks_each_weight_by_its_own_factor_beside_adams_step() -> None:
    # Loshchilov and Hutter, algorithm 2: theta <- theta - (Adam's step) - r alpha theta, both from the old theta
    adamw = optimiser_named("adamw", alpha=0.01)
    assert adamw.decay == 0.01 and optimiser_named("adam", alpha=0.01).decay == 0
    theta, m, s = THETA.copy(), np.zeros(3), np.zeros(3)
    by_hand = []
    for t, g in enumerate(GRADIENTS, 1):
        m, s = 0.9 * m + 0.1 * g, 0.999 * s + 0.001 * g**2
        move = (m / (1 - 0.9**t)) / (np.sqrt(s / (1 - 0.999**t)) + 1e-8 / math.sqrt(1 - 0.999**t))
        theta = theta - R * move - R * 0.01 * theta
        by_hand.append(theta)
    np.testing.assert_allclose(steps(adamw, decay=adamw.decay), by_hand, rtol=1e-14)


@pytest.mark.parametrize("name", list(BY_HAND))
def test_the_gradient_may_arrive_as_a_sum_over_rows_with_its_l2_penalty_left_out(name: str) -> None:
    optimiser, _ = BY_HAND[name]
    theta, plain_theta = THETA.copy(), THETA.copy()
    moments, plain_moments = optimiser.moments(theta), optimiser.moments(plain_theta)
    constants = optimiser.constants(R, float)
    for t, g in enumerate(GRADIENTS, 1):
        mean = g / 4 + 0.3 * plain_theta
        before = plain_theta.copy()
        squares, slope = optimiser.step(theta, g, moments, constants, t, scale=0.25, l2=0.3)
        optimiser.step(plain_theta, mean, plain_moments, constants, t)
        assert squares == pytest.approx(before @ before)
        assert slope == pytest.approx(mean @ mean)
    np.testing.assert_allclose(theta, plain_theta, rtol=1e-13)


@dtypes
def test_add_l2_adds_the_slope_and_returns_the_sum_of_squares(dtype: type) -> None:
    W, dW = THETA.astype(dtype), np.ones(3, dtype)
    assert add_l2(W, dW, 0.5) == 5.25
    np.testing.assert_array_equal(dW, [1.5, 0.0, 1.25])


@dtypes
def test_the_soft_threshold_moves_towards_zero_and_stops_there(dtype: type) -> None:
    def shrunk(W: list[float], squares: list[float], code: int, l1: float, rate: float = 1.0) -> list[float]:
        array = np.array(W, dtype)
        constants = Optimiser(code, epsilon=1e-30).constants(rate, dtype)
        shrink(array, np.array(squares, dtype), code, False, constants, l1)
        return array.tolist()

    W = [3.0, 0.75, 0.5, 0.25, 0.0, -0.5, -3.0]
    assert shrunk(W, W, SGD, 0.5) == [2.5, 0.25, 0, 0, 0, 0, -2.5]
    assert shrunk(W, W, SGD, 0.25, rate=2.0) == [2.5, 0.25, 0, 0, 0, 0, -2.5]
    assert shrunk([3.0, 3.0], [4.0, 0.25], ADAM, 0.5) == [2.75, 2.0]  # each with its own step: 0.5 / 2 and 0.5 / 0.5
    assert np.isnan(shrunk([np.nan], [1.0], SGD, 0.5)).all()


@pytest.mark.parametrize("solver", ["gd", "sgd", "adagrad", "rmsprop", "adam"])
@pytest.mark.parametrize("nesterov", [False, True])
def test_with_an_l1_penalty_every_optimiser_rests_at_the_same_minimum(solver: str, nesterov: bool) -> None:
    # minimise (w - c)^2 / 2 + 0.3 |w|:  w = sign(c) max(|c| - 0.3, 0)
    c = np.array([2.0, -1.0, 0.29, -0.1])
    optimiser = optimiser_named(solver, nesterov=nesterov)
    w, t = np.array([0.5, 0.5, 0.5, 0.5]), 0
    moments = optimiser.moments(w)
    for rate in (0.05, 0.005, 0.0005) if solver != "adagrad" else (0.5,) * 3:
        constants = optimiser.constants(rate, float)
        for _ in range(4000):
            t += 1
            optimiser.step(w, w - c, moments, constants, t, l1=0.3)
    np.testing.assert_allclose(w, [1.7, -0.7, 0.0, 0.0], atol=1e-3)
    assert w[2] == 0 and w[3] == 0
