"""Structure: parameters are views of one vector, buffers are made once, blocks and shards add up to the whole."""

from __future__ import annotations

import tracemalloc
import warnings

import numba
import numpy as np
import pytest
import scipy.sparse

from glassnet.maths.activations import ACTIVATIONS
from glassnet.maths.losses import Loss, classifier_loss, regressor_loss
from glassnet.maths.optimisers import optimiser_named
from glassnet.networks.dense import Dense
from glassnet.networks.dropout import drop
from glassnet.networks.network import BLOCK, Network, Workspace
from glassnet.networks.parameters import Layout

SOFTMAX = classifier_loss("log_loss", "softmax")


def network_of(sizes: list[int], activation: str = "tanh", loss: Loss = SOFTMAX, dropout: float = 0.0) -> Network:
    names = [activation] * (len(sizes) - 2) + ["identity"]
    layers = tuple(Dense(n_in, n_out, ACTIVATIONS[name]) for n_in, n_out, name in zip(sizes[:-1], sizes[1:], names, strict=True))
    return Network(layers, loss, (*(dropout for _ in names[1:]), 0.0))


def drawn(network: Network, n: int, dtype: type = np.float64) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(theta, X, one-hot y)."""
    random = np.random.default_rng(0)
    sizes = network.layout.sizes
    y = np.eye(sizes[-1])[random.integers(0, sizes[-1], n)]
    return tuple(part.astype(dtype) for part in (random.normal(0, 0.3, network.layout.n_parameters), random.normal(size=(n, sizes[0])), y))


# Parameters ----------------------------------------------------------------------------------------------------------------


def test_weights_and_biases_are_views_of_one_vector() -> None:
    layout = Layout((2, 3, 1), (True, True))
    theta = np.zeros(layout.n_parameters)
    (W1, b1), (W2, b2) = layout.views(theta)
    W1[:], b1[:], W2[:], b2[:] = 1, 2, 3, 4
    np.testing.assert_array_equal(theta, [1] * 6 + [2] * 3 + [3] * 3 + [4])


def test_a_layer_without_bias_takes_no_place_and_adds_zeros() -> None:
    layout = Layout((2, 3, 1), (False, True))
    theta = np.ones(layout.n_parameters)
    (_, b1), (_, b2) = layout.views(theta)
    assert len(theta) == 6 + 3 + 1
    assert not b1.any() and b1.shape == (3,) and b2.base is theta


def test_pack_is_the_reverse_of_views() -> None:
    layout = Layout((2, 3, 4, 1), (True, False, True))
    theta = np.arange(layout.n_parameters, dtype=np.float32)
    pairs = layout.views(theta)
    again = layout.pack([W for W, _ in pairs], [b if has else None for (_, b), has in zip(pairs, layout.biases, strict=True)], np.float32)
    np.testing.assert_array_equal(again, theta)
    assert again is not theta and again.dtype == np.float32


def test_parameters_are_counted_as_in_the_textbooks() -> None:
    layout = Layout((1024, 500, 10), (True, True))
    assert layout.n_weights == 517_000
    assert layout.n_parameters == 517_510


# Passes --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 7])
def test_rows_passed_in_blocks_give_what_they_give_at_once(n: int) -> None:
    network = network_of([3, 4, 2])
    theta, X, _ = drawn(network, n)
    pairs = network.layout.views(theta)
    whole = network.forward(pairs, X, Workspace(network, n, float))
    np.testing.assert_allclose(network.raw_prediction(pairs, X), whole, rtol=1e-13)


def test_a_sparse_input_gives_what_the_dense_one_gives() -> None:
    network = network_of([6, 4, 2], loss=regressor_loss("squared_error"))
    theta, X, y = drawn(network, 30)
    X[np.abs(X) < 1] = 0
    pairs = network.layout.views(theta)
    answers = []
    for form in (X, scipy.sparse.csr_array(X), scipy.sparse.csr_matrix(X)):
        gradient = np.zeros_like(theta)
        value = network.value_and_gradient(pairs, network.layout.views(gradient), form, y, None, Workspace(network, 30, float))
        answers.append((value, gradient))
    for value, gradient in answers[1:]:
        assert value == pytest.approx(answers[0][0], rel=1e-14)
        np.testing.assert_allclose(gradient, answers[0][1], atol=1e-12)


def test_k_shards_of_loss_and_gradient_summed_are_the_whole() -> None:
    network = network_of([3, 5, 4, 2])
    theta, X, y = drawn(network, 50)
    weight = np.random.default_rng(1).uniform(0, 2, 50)
    pairs = network.layout.views(theta)

    def pass_over(rows: slice) -> tuple[float, np.ndarray]:
        gradient = np.zeros_like(theta)
        work = Workspace(network, 50, float).rows(len(y[rows]))
        return network.value_and_gradient(pairs, network.layout.views(gradient), X[rows], y[rows], weight[rows], work), gradient

    value, gradient = pass_over(slice(0, 50))
    shards = [pass_over(rows) for rows in (slice(0, 1), slice(1, 20), slice(20, 50))]
    assert sum(part for part, _ in shards) == pytest.approx(value, rel=1e-13)
    np.testing.assert_allclose(sum(part for _, part in shards), gradient, atol=1e-13)


@pytest.mark.parametrize("name", list(ACTIVATIONS))
def test_a_buffer_cut_to_fewer_rows_leaves_no_trace_of_the_rest(name: str) -> None:
    network = network_of([3, 4, 2], name)
    theta, X, y = drawn(network, 20)
    pairs, work = network.layout.views(theta), Workspace(network, 20, float)
    fresh, reused = np.zeros_like(theta), np.zeros_like(theta)
    network.value_and_gradient(pairs, network.layout.views(fresh), X[:7], y[:7], None, Workspace(network, 7, float))
    network.value_and_gradient(pairs, network.layout.views(reused), X, y, None, work)
    network.value_and_gradient(pairs, network.layout.views(reused), X[:7], y[:7], None, work.rows(7))
    np.testing.assert_array_equal(reused, fresh)


def test_biases_are_free_of_the_l2_penalty() -> None:
    network = network_of([3, 4, 2])
    theta, _, _ = drawn(network, 1)
    gradient = np.zeros_like(theta)
    value = network.add_l2(network.layout.views(theta), network.layout.views(gradient), 0.5)
    weights = np.zeros(len(theta), bool)
    for where in network.layout.weights:
        weights[where] = True
    assert value == pytest.approx(0.25 * (theta[weights] ** 2).sum())
    np.testing.assert_allclose(gradient, np.where(weights, 0.5 * theta, 0))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", list(ACTIVATIONS))
def test_no_warning_and_nothing_that_is_not_finite_where_the_inputs_reach_ten_thousand(name: str, dtype: type) -> None:
    network = network_of([3, 4, 2], name)
    theta, X, y = drawn(network, 20, dtype)
    X *= dtype(1e4)
    gradient = np.zeros_like(theta)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        value = network.value_and_gradient(
            network.layout.views(theta), network.layout.views(gradient), X, y, None, Workspace(network, 20, dtype)
        )
        probability = network.predict(network.layout.views(theta), X)
    assert np.isfinite(value) and np.isfinite(gradient).all()
    np.testing.assert_allclose(probability.sum(axis=1), 1, rtol=1e-6)
    assert probability.dtype == gradient.dtype == dtype


def warm_step_memory(width: int, activation: str, dropout: float) -> int:
    """Bytes that a step with warm buffers holds at its peak, beyond what stood before."""
    network = network_of([50, width, width, 10], activation, dropout=dropout)
    theta, X, y = drawn(network, 64)
    gradient = np.zeros_like(theta)
    pairs, slopes = network.layout.views(theta), network.layout.views(gradient)
    work, optimiser = Workspace(network, 64, float), optimiser_named("adam")
    moments, constants = optimiser.moments(theta), optimiser.constants(0.01, float)
    random = np.random.default_rng(0) if dropout else None

    def step() -> None:
        network.value_and_gradient(pairs, slopes, X, y, None, work, random)
        network.add_l2(pairs, slopes, 0.1)
        optimiser.step(theta, gradient, moments, constants, 3)

    step()
    step()
    tracemalloc.start()
    step()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="a loop of plain Python holds every number it touches")
@pytest.mark.parametrize("dropout", [0.0, 0.5])
@pytest.mark.parametrize("activation", list(ACTIVATIONS))
def test_a_warm_step_allocates_nothing_that_grows_with_the_network(activation: str, dropout: float) -> None:
    narrow, wide = warm_step_memory(8, activation, dropout), warm_step_memory(256, activation, dropout)
    assert wide <= narrow + 1000  # one row of the wide network would be 2,048 bytes, its weights half a million


# Dropout -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dropout_silences_a_share_and_raises_the_rest_to_make_up_for_it(dtype: type) -> None:
    A = np.random.default_rng(0).normal(3, 1, (400, 250)).astype(dtype)
    M, H = np.empty_like(A), np.empty_like(A)
    drop(A, M, H, 0.3, np.random.default_rng(1))
    assert set(np.unique(M)) == {dtype(0), dtype(1 / 0.7)}
    np.testing.assert_array_equal(H, A * M)
    assert (M == 0).mean() == pytest.approx(0.3, abs=0.01)
    assert H.mean() == pytest.approx(A.mean(), rel=0.01)


def test_dropout_draws_a_new_mask_at_every_step_and_the_same_one_from_the_same_seed() -> None:
    A, random = np.ones((20, 20)), np.random.default_rng(1)
    first, second, again, H = (np.empty_like(A) for _ in range(4))
    drop(A, first, H, 0.5, random)
    drop(A, second, H, 0.5, random)
    drop(A, again, H, 0.5, np.random.default_rng(1))
    assert (first != second).any()
    np.testing.assert_array_equal(again, first)


def test_dropout_does_nothing_without_a_random_stream() -> None:
    silent, plain = network_of([3, 4, 2], dropout=0.9), network_of([3, 4, 2])
    theta, X, y = drawn(plain, 10)
    answers = []
    for network in (silent, plain):
        gradient = np.zeros_like(theta)
        value = network.value_and_gradient(
            network.layout.views(theta), network.layout.views(gradient), X, y, None, Workspace(network, 10, float)
        )
        answers.append((value, gradient))
    assert answers[0][0] == answers[1][0]
    np.testing.assert_array_equal(answers[0][1], answers[1][1])
