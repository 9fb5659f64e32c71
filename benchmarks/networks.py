"""Training multilayer perceptrons: the same start, the same batches in the same order, the same updates, for every contender.

scikit-learn and glassnet draw first weights and orders from one random stream; PyTorch and JAX are handed the same first weights, draw the
order of every epoch from the same stream, and sum the loss of every epoch, as the others do. glassnet and scikit-learn are timed over whole
``fit`` calls, with checks, history and stopping rules; PyTorch and JAX over the bare loop, which favours them. Kernels are warm and JAX has
compiled.

    loss       cross-entropy (or half the squared error) + alpha/2 sum W^2 / n over each batch of n rows, biases free
    update     m <- b1 m + (1 - b1) g,  v <- b2 v + (1 - b2) g^2,  theta <- theta - r sqrt(1 - b2^t)/(1 - b1^t) m / (sqrt(v) + epsilon)

epsilon is 1e-12 here: PyTorch adds it after the correction of v and the others before, which at 1e-8 is another update.
"""

from __future__ import annotations

import contextlib
import importlib.util
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.limits import epoch_seconds
from benchmarks.timing import OURS, Contender, Mark, Result, take_turns, times_faster

Array = NDArray[Any]
Layers = list[tuple[Array, Array]]

RATE, BETA_1, BETA_2, EPSILON, ALPHA, SEED = 1e-3, 0.9, 0.999, 1e-12, 1e-4, 7
FIRST_EPOCH_DOUBLE, FIRST_EPOCH, LAST_EPOCH = 1e-6, 1e-4, 2e-2
"""Relative differences allowed between losses after one epoch in float64, after one in float32, and at the end in float32."""
DRIFTS = 2
"""After one epoch in float32, losses may also differ by this many times the way that rounding has led scikit-learn from its float64
run, once for each of two contenders. With so small an epsilon the first step moves every weight by r, however small its gradient: one
whose sign is a matter of rounding goes the other way, and the largest network has such in float32."""


@dataclass(frozen=True)
class Work:
    """A network and its training: layer sizes, rows, batch, epochs; one logistic output, softmax, or a linear one."""

    sizes: tuple[int, ...]
    n: int
    batch: int
    epochs: int
    kind: str

    @property
    def steps(self) -> int:
        """Updates per epoch."""
        return self.n // self.batch

    def words(self) -> str:
        """Such as ``20-(100)-1, batch 32, n=9,984``."""
        hidden = ",".join(map(str, self.sizes[1:-1]))
        task = " regression" if self.kind == "linear" else ""
        return f"{self.sizes[0]}-({hidden})-{self.sizes[-1]}{task}, batch {self.batch}, n={self.n:,}"


WORKS = {
    "mlp-batch-32": Work((20, 100, 1), 9_984, 32, 40, "logistic"),
    "mlp-batch-200": Work((20, 100, 1), 10_000, 200, 80, "logistic"),
    "mlp-256": Work((784, 256, 10), 9_984, 128, 10, "softmax"),
    "mlp-512-512": Work((784, 512, 512, 10), 9_984, 128, 4, "softmax"),
    "mlp-regression": Work((100, 64, 64, 1), 9_984, 64, 20, "linear"),
}

BOUNDS = {
    # against JAX: floor, goal; against scikit-learn and PyTorch: floor, goal
    "mlp-batch-32": (1.6, 2.0, 25.0, 30.0),
    "mlp-batch-200": (1.25, 1.4, 7.0, 8.0),
    "mlp-256": (1.15, 1.3, 2.0, 2.3),
    "mlp-512-512": (1.05, 1.15, 2.1, 2.4),
    "mlp-regression": (1.35, 1.6, 8.0, 10.0),
    "mlp-256-two-cores": (1.0, 1.1, 2.2, 2.5),
    "mlp-512-512-two-cores": (1.0, 1.1, 2.2, 2.5),
}


def data_of(work: Work) -> tuple[Array, Array]:
    """Normal inputs, and targets that a random network of 16 units makes, with noise."""
    random = np.random.default_rng(0)
    X = random.standard_normal((work.n, work.sizes[0]), dtype=np.float32)
    hidden = np.tanh(X @ random.standard_normal((work.sizes[0], 16), dtype=np.float32) / np.sqrt(work.sizes[0]).astype(np.float32))
    raw = hidden @ random.standard_normal((16, work.sizes[-1]), dtype=np.float32)
    raw += 0.5 * random.standard_normal(raw.shape, dtype=np.float32)
    if work.kind == "softmax":
        return X, raw.argmax(axis=1)
    return X, raw[:, 0] if work.kind == "linear" else (raw[:, 0] > 0).astype(int)


def replay(work: Work, dtype: Any) -> tuple[Layers, dict[str, Any]]:
    """First weights, and the state of the stream after them, as scikit-learn draws from ``RandomState(SEED)``."""
    random = np.random.RandomState(SEED)
    layers = []
    for n_in, n_out in pairwise(work.sizes):
        bound = np.sqrt(6.0 / (n_in + n_out))
        W = random.uniform(-bound, bound, (n_in, n_out)).astype(dtype)
        layers.append((W, random.uniform(-bound, bound, n_out).astype(dtype)))
    return layers, random.get_state(legacy=False)


def orders(work: Work, stream: dict[str, Any]) -> Iterator[Array]:
    """The rows of every step (steps, batch) of one epoch after the other, as scikit-learn draws them."""
    random = np.random.RandomState()
    random.set_state(stream)
    order = np.arange(work.n)
    for _ in range(work.epochs):
        steps = np.arange(work.n)
        random.shuffle(steps)
        order = order[steps]
        yield order.reshape(work.steps, work.batch)


def final_loss(work: Work, layers: Layers, X: Array, y: Array) -> float:
    """The mean loss over all rows without penalty, in float64: one formula for every contender's weights."""
    A = X.astype(np.float64)
    for l, (W, b) in enumerate(layers):
        A = A @ W.astype(np.float64) + b
        if l < len(layers) - 1:
            A = np.maximum(A, 0.0)
    if work.kind == "softmax":
        top = A.max(axis=1, keepdims=True)
        return float(np.mean(np.log(np.exp(A - top).sum(axis=1)) + top[:, 0] - A[np.arange(work.n), y]))
    if work.kind == "logistic":
        return float(np.mean(np.logaddexp(0.0, A[:, 0]) - y * A[:, 0]))
    return float(np.mean(0.5 * (A[:, 0] - y) ** 2))


# ---- contenders: each run answers with the trained layers


def fitted(work: Work, library: Any, X: Array, y: Array, name: str) -> Contender:
    """glassnet's or scikit-learn's estimator: the whole ``fit``."""
    estimator = library.MLPRegressor if work.kind == "linear" else library.MLPClassifier

    def prepare() -> Any:
        return estimator(
            hidden_layer_sizes=work.sizes[1:-1],
            alpha=ALPHA,
            batch_size=work.batch,
            learning_rate_init=RATE,
            beta_1=BETA_1,
            beta_2=BETA_2,
            epsilon=EPSILON,
            max_iter=work.epochs,
            tol=0.0,
            n_iter_no_change=work.epochs + 1,
            random_state=SEED,
        )

    def run(model: Any) -> Layers:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it is meant to end with its epochs
            model.fit(X, y)
        return list(zip(model.coefs_, model.intercepts_, strict=True))

    return Contender(name, run, prepare, per=work.epochs)


def torch_contender(work: Work, X: Array, y: Array, start: Layers, stream: dict[str, Any], threads: int) -> Contender:
    """PyTorch eager: fused Adam, batches by plain indexing of tensors."""
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

    torch.set_num_threads(threads)
    inputs = torch.from_numpy(X)
    targets = torch.from_numpy(y if work.kind == "softmax" else y.astype(X.dtype)[:, None])

    def half_square(raw: Any, target: Any) -> Any:
        return 0.5 * torch.nn.functional.mse_loss(raw, target)

    loss_of = {"softmax": cross_entropy, "logistic": binary_cross_entropy_with_logits, "linear": half_square}[work.kind]

    def prepare() -> Any:
        parts: list[Any] = []
        for W, b in start:
            linear = torch.nn.Linear(*W.shape, dtype=inputs.dtype)
            with torch.no_grad():
                linear.weight.copy_(torch.from_numpy(W.T))
                linear.bias.copy_(torch.from_numpy(b))
            parts += [linear, torch.nn.ReLU()]
        network = torch.nn.Sequential(*parts[:-1])
        linears = parts[::2]
        groups = [
            {"params": [linear.weight for linear in linears], "weight_decay": ALPHA / work.batch},
            {"params": [linear.bias for linear in linears]},
        ]
        optimiser = torch.optim.Adam(groups, lr=RATE, betas=(BETA_1, BETA_2), eps=EPSILON, fused=True)
        return network, linears, optimiser

    def run(ready: Any) -> Layers:
        network, linears, optimiser = ready
        history = []
        for order in orders(work, stream):
            total = torch.zeros(())
            for batch in torch.from_numpy(order):
                optimiser.zero_grad()
                loss = loss_of(network(inputs[batch]), targets[batch])
                loss.backward()
                optimiser.step()
                total += loss.detach()
            history.append(float(total) / work.steps)
        return [(linear.weight.detach().numpy().T, linear.bias.detach().numpy()) for linear in linears]

    return Contender("PyTorch", run, prepare, per=work.epochs)


def jax_contender(work: Work, X: Array, y: Array, start: Layers, stream: dict[str, Any]) -> Contender:
    """JAX: all steps of an epoch in one jitted ``lax.scan``, batches gathered inside."""
    import jax
    import jax.numpy as jnp

    inputs = jnp.asarray(X)
    targets = jnp.asarray(y.astype(np.int32 if work.kind == "softmax" else X.dtype))

    def cost(layers: Any, A: Any, target: Any) -> Any:
        for l, (W, b) in enumerate(layers):
            A = A @ W + b
            if l < len(layers) - 1:
                A = jnp.maximum(A, 0.0)
        if work.kind == "softmax":
            each = jax.nn.logsumexp(A, axis=1) - jnp.take_along_axis(A, target[:, None], axis=1)[:, 0]
        elif work.kind == "logistic":
            each = jnp.logaddexp(0.0, A[:, 0]) - target * A[:, 0]
        else:
            each = 0.5 * (A[:, 0] - target) ** 2
        return each.mean() + 0.5 * ALPHA / work.batch * sum(jnp.vdot(W, W) for W, _ in layers)

    slope = jax.value_and_grad(cost)

    def step(state: Any, batch: Any) -> Any:
        layers, means, squares, t = state
        loss, gradient = slope(layers, inputs[batch], targets[batch])
        t = t + 1
        rate = RATE * jnp.sqrt(-jnp.expm1(t * np.log(BETA_2))) / -jnp.expm1(t * np.log(BETA_1))  # 1 - b^t, to the last digit
        means = jax.tree.map(lambda m, g: BETA_1 * m + (1 - BETA_1) * g, means, gradient)
        squares = jax.tree.map(lambda v, g: BETA_2 * v + (1 - BETA_2) * g * g, squares, gradient)
        layers = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) + EPSILON), layers, means, squares)
        return (layers, means, squares, t), loss

    @jax.jit
    def epoch(state: Any, order: Any) -> Any:
        state, losses = jax.lax.scan(step, state, order)
        return state, losses.mean()

    def prepare() -> Any:
        layers = jax.tree.map(jnp.asarray, start)
        empty = jax.tree.map(jnp.zeros_like, layers)
        return layers, empty, empty, jnp.zeros((), X.dtype)

    def run(state: Any) -> Layers:
        history = []
        for order in orders(work, stream):
            state, loss = epoch(state, order.astype(np.int32))
            history.append(loss)  # read at the end: the next order is drawn while JAX computes
        history = [float(loss) for loss in history]
        return [(np.asarray(W), np.asarray(b)) for W, b in state[0]]

    return Contender("JAX", run, prepare, per=work.epochs)


# ---- the row


def contenders_of(work: Work, X: Array, y: Array, threads: int) -> tuple[list[Contender], list[str]]:
    """Everyone who is installed, and the names of those who are not."""
    import sklearn.neural_network

    import glassnet

    start, stream = replay(work, X.dtype)
    found = [fitted(work, glassnet, X, y, OURS), fitted(work, sklearn.neural_network, X, y, "scikit-learn")]
    missing = []
    if importlib.util.find_spec("torch"):
        found.append(torch_contender(work, X, y, start, stream, threads))
    else:
        missing.append("PyTorch")
    if importlib.util.find_spec("jax"):
        found.append(jax_contender(work, X, y, start, stream))
    else:
        missing.append("JAX")
    return found, missing


def losses_of(work: Work, results: dict[str, Layers], X: Array, y: Array) -> dict[str, float]:
    """The loss of each contender's layers."""
    return {name: final_loss(work, layers, X, y) for name, layers in results.items()}


def agreed(work: Work, losses: dict[str, float], tolerance: float) -> str:
    """The losses in words; AssertionError where one differs from ours by more than ``tolerance``, which is relative."""
    told = ", ".join(f"{name} {loss:.6f}" for name, loss in losses.items())
    for name, loss in losses.items():
        assert abs(loss - losses[OURS]) <= tolerance * abs(losses[OURS]), f"{name} did other work, epochs {work.epochs}: {told}"
    return told


def same_work(work: Work, X: Array, y: Array, threads: int) -> str:
    """The losses after one epoch in float64 and in float32, equal to rounding."""
    first = replace(work, epochs=1)

    def after_one_epoch(inputs: Array) -> dict[str, float]:
        contenders, _ = contenders_of(first, inputs, y, threads)
        return losses_of(first, {contender.name: contender.run(contender.prepare()) for contender in contenders}, inputs, y)

    with in_double_precision():
        double = after_one_epoch(X.astype(np.float64))
    single = after_one_epoch(X)
    drift = abs(single["scikit-learn"] / double["scikit-learn"] - 1.0)
    tolerance = max(FIRST_EPOCH, DRIFTS * drift)
    return f"in float64 {agreed(first, double, FIRST_EPOCH_DOUBLE)}; in float32 {agreed(first, single, tolerance)}"


def in_double_precision() -> contextlib.AbstractContextManager[Any]:
    """JAX makes float32 of float64 unless it is told otherwise."""
    if importlib.util.find_spec("jax") is None:
        return contextlib.nullcontext()
    import jax

    return jax.enable_x64(True)


def marks_of(row: str, times: Mapping[str, Sequence[float]]) -> list[Mark]:
    """What is asked of a row: so many times JAX, so many times the better of the others."""
    floor, goal, floor_rest, goal_rest = BOUNDS[row]
    rest = [name for name in ("scikit-learn", "PyTorch") if times.get(name)]
    return [
        Mark("x JAX", times_faster(times, ["JAX"]), floor, goal),
        Mark("x scikit-learn, PyTorch", times_faster(times, rest), floor_rest, goal_rest),
    ]


def run(row: str, *, quick: bool, repeats: int, threads: int) -> Result:
    """Measure one network."""
    work = WORKS[row.removesuffix("-two-cores")]
    if quick:
        work = replace(work, epochs=max(2, work.epochs // 5))
    X, y = data_of(work)
    begun = same_work(work, X, y, threads)
    contenders, missing = contenders_of(work, X, y, threads)
    times, results = take_turns(contenders, repeats)
    ended = agreed(work, losses_of(work, results, X, y), LAST_EPOCH)
    limit = epoch_seconds(work.sizes, work.batch, work.steps)
    notes = [
        f"{work.epochs} epochs of {work.steps} updates",
        f"loss {final_loss(work, replay(work, X.dtype)[0], X, y):.6f} at the start; after 1 epoch {begun}; at the end {ended}",
    ]
    return Result(row, work.words(), "ms per epoch", times, marks_of(row, times), limit, "products and updates", notes, missing)
