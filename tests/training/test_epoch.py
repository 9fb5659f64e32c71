"""An epoch compiled whole and an epoch stepped through are the same numbers; both are the textbook's."""

from __future__ import annotations

import numpy as np
import pytest

import glassnet.training.epoch as epoch_module
from glassnet.maths.activations import ACTIVATIONS
from glassnet.maths.losses import Loss, classifier_loss, regressor_loss
from glassnet.maths.optimisers import Optimiser, optimiser_named
from glassnet.networks.dense import Dense
from glassnet.networks.network import Network
from glassnet.training.epoch import CompiledEpoch, Penalties, SteppedEpoch, epoch_for
from glassnet.training.loop import State
from glassnet.training.rows import Batches, Rows

N = 53
SOFTMAX = classifier_loss("log_loss", "softmax")


def network_of(
    sizes: list[int], activations: list[str], biases: list[bool] | None = None, loss: Loss = SOFTMAX, dropout: float = 0.0
) -> Network:
    names, biases = [*activations, "identity"], biases or [True] * (len(sizes) - 1)
    layers = tuple(
        Dense(n_in, n_out, ACTIVATIONS[name], bias) for n_in, n_out, name, bias in zip(sizes[:-1], sizes[1:], names, biases, strict=True)
    )
    return Network(layers, loss, (*(dropout for _ in activations), 0.0))


def rows_for(network: Network, *, weighted: bool = False, dtype: type = np.float64) -> Rows:
    random = np.random.default_rng(0)
    k = network.layout.sizes[-1]
    y = np.eye(k)[random.integers(0, k, N)]
    X = random.normal(size=(N, network.layout.sizes[0])).astype(dtype)
    return Rows.of(X, y.astype(dtype), random.uniform(0, 2, N) if weighted else None)


def state_for(network: Network, optimiser: Optimiser, dtype: type = np.float64) -> State:
    theta = np.random.default_rng(1).normal(0, 0.5, network.layout.n_parameters).astype(dtype)
    return State(theta, optimiser.moments(theta), np.random.RandomState(0), np.random.RandomState(3).permutation(N))


def run(
    kind: type,
    network: Network,
    *,
    solver: str = "adam",
    size: int = 8,
    alpha: float = 0.3,
    l1: float = 0.05,
    weighted: bool = True,
    epochs: int = 3,
    dtype: type = np.float64,
    **options: object,
) -> tuple[np.ndarray, list[list[float]], State]:
    """(theta, (loss, gradient norms, update ratios) of each epoch, state)."""
    optimiser = optimiser_named(solver, alpha=alpha, **options)
    rows, state = rows_for(network, weighted=weighted, dtype=dtype), state_for(network, optimiser, dtype)
    penalties = Penalties(alpha / rows.unit, l1 / rows.unit, optimiser)
    epoch = kind(network, Batches(rows, size), optimiser, penalties, state.theta)
    told = [epoch(state, 0.05) for _ in range(epochs)]
    return state.theta, [[passed.total, *passed.gradient_norms, *passed.update_ratios] for passed in told], state


def same(network: Network, **options: object) -> None:
    (stepped, first, state), (compiled, second, other) = (run(kind, network, **options) for kind in (SteppedEpoch, CompiledEpoch))
    np.testing.assert_allclose(compiled, stepped, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(second, first, rtol=1e-10)
    assert state.updates == other.updates == 3 * -(-N // min(options.get("size", 8), N))
    for a, b in zip(state.moments, other.moments, strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("solver", ["gd", "sgd", "adagrad", "rmsprop", "adam", "adamw"])
def test_compiled_and_stepped_agree_for_every_optimiser(solver: str) -> None:
    same(network_of([4, 5, 3], ["tanh"]), solver=solver)


@pytest.mark.parametrize("name", [name for name, activation in ACTIVATIONS.items() if not activation.needs_z])
def test_compiled_and_stepped_agree_for_every_activation(name: str) -> None:
    same(network_of([4, 6, 5, 3], [name, name]))


@pytest.mark.parametrize(
    "loss",
    [
        classifier_loss("log_loss", "logistic"),
        classifier_loss("squared_error", "logistic"),
        classifier_loss("squared_error", "softmax"),
        *(regressor_loss(name) for name in ("squared_error", "absolute_error", "huber", "quantile", "poisson")),
    ],
)
def test_compiled_and_stepped_agree_for_every_loss(loss: Loss) -> None:
    same(network_of([4, 5, 2], ["softplus"], loss=loss))


@pytest.mark.parametrize("size", [1, 7, N, 100])
def test_compiled_and_stepped_agree_for_every_batch_size(size: int) -> None:
    same(network_of([4, 5, 3], ["relu"]), size=size)


@pytest.mark.parametrize(
    "sizes, biases",
    [
        ([4, 5, 2], [False, False]),
        ([4, 2, 5, 3], [False, False, False]),
        ([4, 5, 2], [True, False]),
        ([4, 3, 6, 2], [False, True, False]),
        ([4, 3], [False]),
        ([4, 3], [True]),
    ],
)
def test_compiled_and_stepped_agree_where_layers_have_no_bias(sizes: list[int], biases: list[bool]) -> None:
    same(network_of(sizes, ["tanh"] * (len(sizes) - 2), biases))


@pytest.mark.parametrize(
    "options", [{"weighted": False}, {"l1": 0.0}, {"alpha": 0.0}, {"solver": "sgd", "nesterov": False}, {"solver": "sgd", "momentum": 0.0}]
)
def test_compiled_and_stepped_agree_with_parts_left_out(options: dict) -> None:
    same(network_of([4, 5, 3], ["logistic"]), **options)


def test_how_long_a_compiled_call_may_take_changes_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    # A slow machine comes back to Python after every batch, a fast one after hundreds: theta and the recorded loss must not tell.
    answers = []
    for seconds in (0.0, 1e-5, 1e9):
        monkeypatch.setattr(epoch_module, "LONGEST_CALL", seconds)
        theta, record, _ = run(CompiledEpoch, network_of([4, 5, 3], ["tanh"]), size=2, epochs=6)
        answers.append((theta.tolist(), record))
    assert answers[0] == answers[1] == answers[2]


@pytest.mark.parametrize("kind", [SteppedEpoch, CompiledEpoch])
def test_in_float32_everything_is_float32_and_close_to_float64(kind: type) -> None:
    network = network_of([4, 5, 3], ["tanh"])
    theta, record, state = run(kind, network, dtype=np.float32)
    exact, _, _ = run(kind, network)
    assert theta.dtype == np.float32 and all(moment.dtype == np.float32 for moment in state.moments)
    np.testing.assert_allclose(theta, exact, atol=1e-4)
    assert np.isfinite(record).all()


@pytest.mark.parametrize("kind", [SteppedEpoch, CompiledEpoch])
def test_one_full_batch_step_of_gradient_descent_is_the_textbooks(kind: type) -> None:
    # minimise sum_n w_n |x_n W + b - y_n|^2 / 2n + alpha/2n |W|^2:   dW = (X' (w * R) + alpha W) / n,   db = sum_n w_n R_n / n
    network = network_of([4, 2], [], loss=regressor_loss("squared_error"))
    optimiser = optimiser_named("gd")
    rows, state = rows_for(network, weighted=True), state_for(network, optimiser)
    ((W, b),) = network.layout.views(state.theta.copy())
    R = rows.weight[:, None] * (rows.X @ W + b - rows.y)
    cost = 0.5 * (R * (rows.X @ W + b - rows.y)).sum() + 0.5 * 0.7 * (W**2).sum()
    dW, db = (rows.X.T @ R + 0.7 * W) / N, R.sum(axis=0) / N
    told = kind(network, Batches(rows, N), optimiser, Penalties(0.7, 0.0, optimiser), state.theta)(state, 0.1)
    ((new_W, new_b),) = network.layout.views(state.theta)
    np.testing.assert_allclose(new_W, W - 0.1 * dW, rtol=1e-13)
    np.testing.assert_allclose(new_b, b - 0.1 * db, rtol=1e-13)
    norm = np.sqrt((dW**2).sum() + (db**2).sum())
    assert told.total == pytest.approx(cost, rel=1e-13)
    assert told.gradient_norm == pytest.approx(norm, rel=1e-13) and told.gradient_norms == pytest.approx([norm], rel=1e-13)
    assert told.update_ratios == pytest.approx([0.1 * norm / np.sqrt((W**2).sum() + (b**2).sum())], rel=1e-13)


@pytest.mark.parametrize("kind", [SteppedEpoch, CompiledEpoch])
def test_an_epoch_tells_what_its_last_batch_did_to_each_layer(kind: type) -> None:
    network, optimiser = network_of([4, 5, 3], ["tanh"]), optimiser_named("gd")
    rows, state, other = rows_for(network), state_for(network, optimiser), state_for(network, optimiser)
    penalties = Penalties(0.0, 0.0, optimiser)
    told = kind(network, Batches(rows, 8), optimiser, penalties, state.theta)(state, 0.1)
    other.order = other.order[:-5]  # 53 rows in batches of 8: the last has 5
    kind(network, Batches(rows, 8), optimiser, penalties, other.theta)(other, 0.1)
    for norm, ratio, before, after in zip(
        told.gradient_norms, told.update_ratios, network.layout.views(other.theta), network.layout.views(state.theta), strict=True
    ):
        move = np.sqrt(sum(((new - old) ** 2).sum() for old, new in zip(before, after, strict=True)))
        assert move == pytest.approx(0.1 * norm, rel=1e-10)
        assert ratio == pytest.approx(move / np.sqrt(sum((old**2).sum() for old in before)), rel=1e-10)


def test_an_epoch_that_runs_away_stops_at_once_and_says_so_with_a_number_that_is_not_finite() -> None:
    network = network_of([4, 3], [], loss=regressor_loss("squared_error"))
    for kind in (SteppedEpoch, CompiledEpoch):
        optimiser = optimiser_named("gd")
        rows, state = rows_for(network), state_for(network, optimiser)
        epoch = kind(network, Batches(rows, 1), optimiser, Penalties(0, 0, optimiser), state.theta)
        with np.errstate(all="ignore"):
            told = epoch(state, 1e100)
        assert not np.isfinite(told.total)


def test_the_compiled_epoch_is_for_small_plain_networks() -> None:
    def chosen(network: Network) -> type:
        rows, optimiser = rows_for(network), optimiser_named("adam")
        return type(epoch_for(network, rows, 8, optimiser, Penalties(0, 0, optimiser), np.zeros(network.layout.n_parameters)))

    assert chosen(network_of([4, 5, 3], ["relu"])) is CompiledEpoch
    assert chosen(network_of([4, 5, 3], ["gelu"])) is SteppedEpoch
    assert chosen(network_of([4, 5, 3], ["relu"], dropout=0.1)) is SteppedEpoch
    assert chosen(network_of([4, 500, 500, 3], ["relu", "relu"])) is SteppedEpoch


def test_in_float32_both_ways_take_steps_of_the_right_size() -> None:
    # Adam's r_t must come from exact betas: in float32, 1 - 0.999^t is wrong in the fifth digit, and every step with it.
    network = network_of([4, 5, 3], ["tanh"])

    def first_step(kind: type, dtype: type) -> np.ndarray:
        theta, _, _ = run(kind, network, size=N, epochs=1, dtype=dtype, alpha=0.0, l1=0.0)
        return np.abs(theta - state_for(network, optimiser_named("adam"), dtype).theta)

    exact = first_step(SteppedEpoch, np.float64)
    for kind in (SteppedEpoch, CompiledEpoch):
        assert np.median(np.abs(first_step(kind, np.float32) / exact - 1)) < 2e-6
