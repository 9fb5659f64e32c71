"""The gradient is the slope of the loss along any direction, to 1e-7, for every loss, activation and depth.

The slope is measured by central differences with one Richardson step, (8 (F(h) - F(-h)) - (F(2h) - F(-2h))) / 12h. With h = 1e-4 its
truncation is about h^4 = 1e-16 and its rounding about 1e-16 / h = 1e-12 of F, so 1e-7 is honest, where F is smooth between
-2h and 2h: directions along which a unit or a residual crosses a kink are drawn anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
import scipy.special
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from glassnet.maths.activations import ACTIVATIONS, Activation, activation_named
from glassnet.maths.losses import classifier_loss, regressor_loss
from glassnet.networks.dense import Dense
from glassnet.networks.network import Network, Workspace

STEP = 1e-4

LOSSES = {
    "log_loss": classifier_loss("log_loss", "logistic"),
    "softmax": classifier_loss("log_loss", "softmax"),
    "squared_logistic": classifier_loss("squared_error", "logistic"),
    "squared_softmax": classifier_loss("squared_error", "softmax"),
    "squared_error": regressor_loss("squared_error"),
    "absolute_error": regressor_loss("absolute_error"),
    "huber": regressor_loss("huber", huber_delta=0.5),
    "quantile": regressor_loss("quantile", quantile=0.3),
    "poisson": regressor_loss("poisson"),
}
KINKS = {"absolute_error": [0.0], "quantile": [0.0], "huber": [-0.5, 0.5]}

F: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "identity": lambda z: z,
    "logistic": scipy.special.expit,
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0),
    "leaky_relu": lambda z: np.where(z > 0, z, z / 100),
    "elu": lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))),
    "softplus": lambda z: np.logaddexp(0, z),
    "gelu": lambda z: z * scipy.special.ndtr(z),
    "sin": np.sin,
}
BENT = {"relu", "leaky_relu", "elu"}
SIN = activation_named((np.sin, np.cos))  # a user's own pair


@dataclass
class Case:
    """A network with rows and parameters."""

    network: Network
    X: np.ndarray
    y: np.ndarray
    weight: np.ndarray | None
    theta: np.ndarray
    l2: float
    dropout_seed: int | None = None

    def value_and_gradient(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        gradient = np.full_like(theta, np.nan)  # what stood there before must not matter
        pairs, slopes = self.network.layout.views(theta), self.network.layout.views(gradient)
        work = Workspace(self.network, len(self.y), theta.dtype)
        random = None if self.dropout_seed is None else np.random.default_rng(self.dropout_seed)
        value = self.network.value_and_gradient(pairs, slopes, self.X, self.y, self.weight, work, random)
        return value + self.network.add_l2(pairs, slopes, self.l2), gradient

    def kinks(self, theta: np.ndarray) -> np.ndarray:
        """On which side of every kink the network is, by plain NumPy."""
        A, sides = self.X, []
        for layer, (W, b) in zip(self.network.layers, self.network.layout.views(theta), strict=True):
            Z = A @ W + b
            if layer.activation.name in BENT:
                sides.append((Z > 0).ravel())
            A = F[layer.activation.name](Z)
        sides += [(self.y - A > kink).ravel() for kink in KINKS.get(self.network.loss.name, [])]
        return np.concatenate([np.zeros(0, bool), *sides])


def targets(loss: str, random: np.random.Generator, n: int, k: int) -> np.ndarray:
    if loss in ("softmax", "squared_softmax"):
        return random.dirichlet(np.ones(k), n)
    if loss in ("log_loss", "squared_logistic"):
        return random.uniform(0, 1, (n, k))
    if loss == "poisson":
        return random.poisson(1.5, (n, k)).astype(float)
    return random.normal(0, 2, (n, k))


def slope_along(case: Case, direction: np.ndarray) -> float:
    near, far = (
        case.value_and_gradient(case.theta + s * STEP * direction)[0] - case.value_and_gradient(case.theta - s * STEP * direction)[0]
        for s in (1, 2)
    )
    return (8 * near - far) / (12 * STEP)


def smooth_direction(case: Case, random: np.random.Generator) -> np.ndarray | None:
    """A random unit vector along which nothing crosses a kink, or None where none of 200 is."""
    here = case.kinks(case.theta)
    for _ in range(200):
        direction = random.normal(size=len(case.theta))
        direction /= np.linalg.norm(direction)
        if all(np.array_equal(case.kinks(case.theta + s * STEP * direction), here) for s in (-2, 2)):
            return direction
    return None


@st.composite
def cases(draw: st.DrawFn, loss: str, activations: list[Activation], dropout: bool = False) -> tuple[Case, np.random.Generator]:
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(1, 7))
    sizes = [draw(st.integers(1, 4)) for _ in range(len(activations) + 2)]
    biases = [draw(st.booleans()) for _ in range(len(activations) + 1)]
    layers = tuple(
        Dense(n_in, n_out, activation, bias)
        for n_in, n_out, activation, bias in zip(sizes[:-1], sizes[1:], [*activations, ACTIVATIONS["identity"]], biases, strict=True)
    )
    rates = tuple(draw(st.sampled_from([0.0, 0.3, 0.6])) if dropout else 0.0 for _ in activations)
    network = Network(layers, LOSSES[loss], (*rates, 0.0))
    theta = random.normal(0, 0.8, network.layout.n_parameters)
    weight = random.uniform(0, 3, n) if draw(st.booleans()) else None
    l2 = draw(st.sampled_from([0.0, 0.7]))
    X = random.normal(0, 1, (n, sizes[0]))
    seed = draw(st.integers(0, 99)) if dropout else None
    return Case(network, X, targets(loss, random, n, sizes[-1]), weight, theta, l2, seed), random


def check(case: Case, random: np.random.Generator) -> None:
    _, gradient = case.value_and_gradient(case.theta)
    assert np.isfinite(gradient).all()
    direction = smooth_direction(case, random)
    assume(direction is not None)
    scale = max(1.0, float(np.linalg.norm(gradient)))
    assert abs(slope_along(case, direction) - gradient @ direction) <= 1e-7 * scale


@pytest.mark.parametrize("depth", [0, 1, 2, 3])
@pytest.mark.parametrize("name", list(ACTIVATIONS))
@pytest.mark.parametrize("loss", list(LOSSES))
@settings(max_examples=6)
@given(data=st.data())
def test_gradient_is_the_slope_along_any_direction(loss: str, name: str, depth: int, data: st.DataObject) -> None:
    if depth == 0 and name != "identity":
        return  # without hidden layers there is no activation
    check(*data.draw(cases(loss, [ACTIVATIONS[name]] * depth)))


@pytest.mark.parametrize("name", list(ACTIVATIONS))
@settings(max_examples=12)
@given(data=st.data())
def test_gradient_is_the_slope_under_dropout_once_the_mask_is_fixed(name: str, data: st.DataObject) -> None:
    check(*data.draw(cases("softmax", [ACTIVATIONS[name]] * 2, dropout=True)))


@settings(max_examples=30)
@given(data=st.data(), names=st.lists(st.sampled_from([*ACTIVATIONS, "sin"]), min_size=1, max_size=3), loss=st.sampled_from(list(LOSSES)))
def test_gradient_is_the_slope_with_another_activation_in_every_layer(data: st.DataObject, names: list[str], loss: str) -> None:
    check(*data.draw(cases(loss, [SIN if name == "sin" else ACTIVATIONS[name] for name in names])))


def test_gradient_is_the_slope_in_every_single_parameter() -> None:
    # One direction at a time, so that a single wrong entry cannot hide among the others.
    random = np.random.default_rng(5)
    layers = (Dense(3, 4, ACTIVATIONS["gelu"]), Dense(4, 3, ACTIVATIONS["softplus"]), Dense(3, 3, ACTIVATIONS["identity"]))
    network = Network(layers, LOSSES["softmax"], (0.0,) * 3)
    theta = random.normal(size=network.layout.n_parameters)
    case = Case(network, random.normal(size=(6, 3)), targets("softmax", random, 6, 3), random.uniform(0, 2, 6), theta, 0.3)
    _, gradient = case.value_and_gradient(theta)
    slopes = [slope_along(case, direction) for direction in np.eye(len(theta))]
    np.testing.assert_allclose(gradient, slopes, atol=1e-9)


def test_the_check_itself_notices_a_gradient_that_is_wrong_by_one_percent_in_one_entry() -> None:
    random = np.random.default_rng(5)
    network = Network((Dense(4, 3, ACTIVATIONS["identity"]),), LOSSES["log_loss"], (0.0,))
    theta = random.normal(size=network.layout.n_parameters)
    case = Case(network, random.normal(size=(6, 4)), targets("log_loss", random, 6, 3), None, theta, 0.0)
    direction = smooth_direction(case, random)
    assert direction is not None
    _, gradient = case.value_and_gradient(theta)
    gradient[3] *= 1.01
    assert abs(slope_along(case, direction) - gradient @ direction) > 1e-5


@pytest.mark.parametrize("name", [*ACTIVATIONS, "sin"])
def test_the_forward_pass_is_that_of_plain_numpy(name: str) -> None:
    random, activation = np.random.default_rng(3), SIN if name == "sin" else ACTIVATIONS[name]
    layers = (Dense(3, 5, activation), Dense(5, 4, activation, bias=False), Dense(4, 2, ACTIVATIONS["identity"]))
    network = Network(layers, LOSSES["squared_error"], (0.0,) * 3)
    theta, X = random.normal(size=network.layout.n_parameters), random.normal(size=(9, 3))
    (W1, b1), (W2, _), (W3, b3) = network.layout.views(theta)
    expected = F[name](F[name](X @ W1 + b1) @ W2) @ W3 + b3
    np.testing.assert_allclose(network.raw_prediction(network.layout.views(theta), X), expected, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("name", list(ACTIVATIONS))
def test_in_float32_the_gradient_is_float32_and_close_to_that_of_float64(name: str) -> None:
    random = np.random.default_rng(4)
    layers = (Dense(3, 5, ACTIVATIONS[name]), Dense(5, 2, ACTIVATIONS["identity"]))
    network = Network(layers, LOSSES["softmax"], (0.0,) * 2)
    theta, X, y = random.normal(size=network.layout.n_parameters), random.normal(size=(20, 3)), targets("softmax", random, 20, 2)
    value, gradient = Case(network, X, y, None, theta, 0.1).value_and_gradient(theta)
    X, y, theta = X.astype(np.float32), y.astype(np.float32), theta.astype(np.float32)
    short_value, short_gradient = Case(network, X, y, None, theta, 0.1).value_and_gradient(theta)
    assert short_gradient.dtype == np.float32
    assert short_value == pytest.approx(value, rel=1e-6)
    np.testing.assert_allclose(short_gradient, gradient, atol=2e-5)
