"""A pass compiled whole is the pass through the layers."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from glassnet.maths.activations import ACTIVATIONS
from glassnet.maths.losses import Loss, classifier_loss, regressor_loss
from glassnet.networks import passes
from glassnet.networks.dense import Dense
from glassnet.networks.network import Network, Workspace
from glassnet.networks.passes import CompiledPrediction, Spelled, backward_pass, can_be_compiled, forward_pass, multiply_by_transpose

COMPILED = [name for name, activation in ACTIVATIONS.items() if not activation.needs_z]
LINKED = {
    "identity": regressor_loss("squared_error"),
    "logistic": classifier_loss("log_loss", "logistic"),
    "softmax": classifier_loss("log_loss", "softmax"),
    "exp": regressor_loss("poisson"),
}


def network_of(sizes: list[int], names: list[str], biases: list[bool] | None = None, loss: Loss = LINKED["identity"]) -> Network:
    biases = biases or [True] * (len(sizes) - 1)
    layers = tuple(
        Dense(n_in, n_out, ACTIVATIONS[name], bias)
        for n_in, n_out, name, bias in zip(sizes[:-1], sizes[1:], [*names, "identity"], biases, strict=True)
    )
    return Network(layers, loss, (0.0,) * len(layers))


def drawn(network: Network, n: int, dtype: type = np.float64) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    sizes = network.layout.sizes
    shapes = (network.layout.n_parameters, (n, sizes[0]), (n, sizes[-1]))
    return tuple(random.normal(0, 0.7, shape).astype(dtype) for shape in shapes)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "sizes, biases",
    [
        ([3, 2], [True]),
        ([3, 2], [False]),
        ([3, 5, 2], [True, True]),
        ([3, 5, 2], [False, False]),
        ([3, 2, 5, 4], [False, True, False]),
        ([3, 2, 6, 3], [False, False, False]),
    ],
)
@pytest.mark.parametrize("name", COMPILED)
def test_compiled_passes_give_what_the_layers_give(name: str, sizes: list[int], biases: list[bool], dtype: type) -> None:
    network = network_of(sizes, [name] * (len(sizes) - 2), biases)
    theta, X, delta = drawn(network, 7, dtype)
    pairs, gradient, work = network.layout.views(theta), np.zeros_like(theta), Workspace(network, 7, dtype)
    raw = network.forward(pairs, X, work).copy()
    work.D[-1][...] = delta
    network.backward(pairs, network.layout.views(gradient), X, work)

    net, room = Spelled.of(network, 9, dtype), 9  # room for more rows than there are
    spelled = (net.sizes, net.biased, net.codes, net.free, net.activations)
    compiled, deltas = np.full_like(theta, np.nan), np.full_like(net.activations, np.nan)
    deltas[room * sum(sizes[1:-1]) :][: delta.size] = delta.ravel()
    for _ in range(2):  # the second time on used buffers
        deltas[room * sum(sizes[1:-1]) :][: delta.size] = delta.ravel()
        np.testing.assert_allclose(
            forward_pass(X, theta, *spelled, room), raw, rtol=50 * np.finfo(dtype).eps, atol=10 * np.finfo(dtype).eps
        )
        backward_pass(X, theta, compiled, *spelled, deltas, room)
        np.testing.assert_allclose(compiled, gradient, rtol=1e3 * np.finfo(dtype).eps, atol=50 * np.finfo(dtype).eps)


@pytest.mark.parametrize("n", [1, 3, 256, 257, 600])
@pytest.mark.parametrize("link", list(LINKED))
def test_a_compiled_prediction_is_the_networks(link: str, n: int) -> None:
    network = network_of([3, 4, 2], ["tanh"], loss=LINKED[link])
    theta, X, _ = drawn(network, n)
    predict = CompiledPrediction(network, theta, network.loss.link)
    np.testing.assert_allclose(predict(X), network.predict(network.layout.views(theta), X), rtol=1e-13)


def test_one_sigmoid_unit_answers_for_both_classes() -> None:
    network = network_of([3, 4, 1], ["relu"], loss=LINKED["logistic"])
    theta, X, _ = drawn(network, 20)
    p = network.predict(network.layout.views(theta), X)
    np.testing.assert_allclose(
        CompiledPrediction(network, theta, network.loss.link, both_classes=True)(X), np.hstack([1 - p, p]), rtol=1e-12
    )


def test_a_compiled_prediction_reads_the_weights_of_the_moment_and_serves_several_threads() -> None:
    network = network_of([3, 8, 2], ["logistic"], loss=LINKED["softmax"])
    theta, X, _ = drawn(network, 500)
    predict = CompiledPrediction(network, theta, network.loss.link)
    expected = predict(X)
    given = theta.copy()
    theta[:] = 0
    np.testing.assert_allclose(predict(X), 0.5)
    theta[:] = given
    wrong: list[int] = []

    def ask() -> None:
        wrong.extend(1 for _ in range(20) if not np.array_equal(predict(X), expected))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.parametrize("n", [0, 1, 255, 256, 257, 5000])
@pytest.mark.parametrize("threads", [2, 3, 5])
def test_a_prediction_has_the_same_bits_on_any_number_of_threads(threads: int, n: int) -> None:
    network = network_of([3, 8, 2], ["tanh"], loss=LINKED["softmax"])
    theta, X, _ = drawn(network, n)
    predict = CompiledPrediction(network, theta, network.loss.link)
    np.testing.assert_array_equal(predict(X, threads), predict(X))


def test_after_an_interrupt_no_thread_begins_another_part(monkeypatch: pytest.MonkeyPatch) -> None:
    network = network_of([3, 8, 2], ["tanh"])
    theta, X, _ = drawn(network, 50_000)
    predict, begun = CompiledPrediction(network, theta, "identity"), []

    def watched(rows: np.ndarray, *given: object) -> None:
        begun.append(threading.current_thread())
        if begun[-1] is threading.main_thread():
            raise KeyboardInterrupt
        while threading.main_thread() not in begun:
            time.sleep(0.001)
        time.sleep(0.5)

    monkeypatch.setattr(passes, "predict_pass", watched)
    with pytest.raises(KeyboardInterrupt):
        predict(X, 3)
    assert 1 <= len(begun) <= 3  # of 12 parts: those that had begun


def test_gelu_and_a_users_own_activation_cannot_be_compiled() -> None:
    assert can_be_compiled(network_of([3, 4, 2], ["relu"]))
    assert not can_be_compiled(network_of([3, 4, 2], ["gelu"]))


@pytest.mark.parametrize("shape", [(5, 1), (1, 5), (1, 1), (9, 4), (64, 64), (64, 65), (100, 90)], ids=str)
@pytest.mark.parametrize("n", [1, 7, 40])
def test_a_delta_goes_down_through_few_and_many_weights_alike(n: int, shape: tuple[int, int]) -> None:
    random = np.random.default_rng(0)
    D, W = random.normal(size=(n, shape[1])), random.normal(size=shape)
    dX = np.full((n, shape[0]), np.nan)
    multiply_by_transpose(D, W, dX)
    np.testing.assert_allclose(dX, D @ W.T, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    "sizes, small, rows",
    [
        ([3, 2], True, 256),
        ([100, 64, 64, 1], True, 152),
        ([250, 125, 2], True, 32),
        ([251, 125, 2], False, 256),
        ([784, 300, 10], False, 256),
    ],
)
def test_blocks_keep_the_products_small_where_they_can(sizes: list[int], small: bool, rows: int) -> None:
    network = network_of(sizes, ["relu"] * (len(sizes) - 2))
    assert passes.has_small_products(network) is small
    assert passes.rows_of_a_block(network) == rows
    assert (passes.quick_prediction(network, np.zeros(network.layout.n_parameters)) is not None) is small
    assert passes.quick_prediction(network, None) is None


def test_theta_is_found_behind_its_views_and_only_behind_them() -> None:
    network = network_of([3, 4, 2], ["tanh"])
    theta, _, _ = drawn(network, 1)
    coefs, intercepts = (list(parts) for parts in zip(*network.layout.views(theta), strict=True))
    find = network.layout.theta_behind
    assert find(coefs, intercepts) is theta
    assert find([W.copy() for W in coefs], intercepts) is None
    assert find(coefs, [intercepts[0], intercepts[1].copy()]) is None
    assert find([coefs[0], coefs[1][::-1]], intercepts) is None
    assert network_of([3, 4, 2], ["tanh"], [True, False]).layout.theta_behind(coefs, intercepts) is None
    wider = np.zeros(theta.size + 1)
    assert find(*([list(parts) for parts in zip(*network.layout.views(wider[1:]), strict=True)])) is None
