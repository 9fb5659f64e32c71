"""One epoch: every row once, in batches; each batch is five verbs: gather, forward, loss and its delta, backward, update.

Two ways to run the same kernels. ``SteppedEpoch`` goes batch by batch through the network's own forward and backward: for any network,
any input, and for a debugger; its matrix products are NumPy's. ``CompiledEpoch`` is one compiled loop over the batches of
a dense network, for small layers, where the calls between the kernels would take longer than the kernels. A test holds the two to the
same numbers.
"""

from __future__ import annotations

import math
import time
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from glassnet.maths.compiling import kernel
from glassnet.maths.losses import value_and_delta
from glassnet.maths.optimisers import Optimiser, absolute_sum, shrink, step_size, update
from glassnet.networks.network import Network, Workspace
from glassnet.networks.parameters import Layout
from glassnet.networks.passes import Spelled, backward_pass, can_be_compiled, forward_pass, units
from glassnet.networks.products import LONGEST_PRODUCT
from glassnet.training.rows import Batches, Rows, gather

Array = NDArray[Any]

COMPILED_UP_TO = 4e6
"""Multiplications per step up to which the compiled loop is the faster one (measured: 784-256-10 in batches of 128 takes 77e6)."""

LONGEST_CALL = 0.03
"""Seconds after which a compiled loop comes back to Python, so that Ctrl-C is heard."""


LONGEST_STRETCH = 1 << 23
"""Parameters in one call of an update, for the same reason."""
SMALLEST_PART = 1024
"""Rows of a batch that pass through the network at once in any case; what is large then is cut by the layer."""


class Penalties:
    """What the update adds to the gradient of a layer's weights; biases are free. ``alpha`` and ``l1`` are per unit of weight."""

    def __init__(self, alpha: float, l1: float, optimiser: Optimiser) -> None:
        self.l2 = 0.0 if optimiser.decay else alpha
        self.l1 = l1
        self.decay = optimiser.decay


class Passed(NamedTuple):
    """What an epoch tells: the sum of the losses, and per layer the gradient norm and the update ratio of its last batch."""

    total: float
    gradient_norms: list[float]
    update_ratios: list[float]

    @property
    def gradient_norm(self) -> float:
        """Euclidean norm of the last batch's whole gradient."""
        return math.hypot(*self.gradient_norms)


@kernel
def update_ratio(before: Array, theta: Array) -> float:
    """|theta - before| / |before|."""
    move, size = theta.dtype.type(0.0), theta.dtype.type(0.0)
    for i in range(theta.size):
        step = theta[i] - before[i]
        move += step * step
        size += before[i] * before[i]
    return math.sqrt(move / size) if size > 0 else (math.inf if move > 0 else 0.0)


def passed(layout: Layout, total: float, slopes: Array, before: Array, theta: Array) -> Passed:
    """What an epoch tells, from the squared gradient norm per layer and theta ``before`` and after the last update."""
    ends = zip(layout.weights, layout.offsets, strict=True)
    ratios = [update_ratio(before[first.start : last.stop], theta[first.start : last.stop]) for first, last in ends]
    return Passed(total, [math.sqrt(slope) for slope in slopes.tolist()], ratios)


def part_of_a_batch(network: Network, size: int) -> int:
    """Rows that pass through the network at a time: all of a batch unless their products would be deaf to Ctrl-C for long."""
    widest = max(max(layer.n_in * layer.n_out, 50 * (layer.n_in + layer.n_out)) for layer in network.layers)
    return min(size, max(SMALLEST_PART, LONGEST_PRODUCT // widest))


class SteppedEpoch:
    """Batch by batch, through the network's own forward and backward."""

    def __init__(self, network: Network, batches: Batches, optimiser: Optimiser, penalties: Penalties, theta: Array) -> None:
        self.network, self.optimiser, self.penalties = network, optimiser, penalties
        self.size, part = batches.size, part_of_a_batch(network, batches.size)
        self.parts = batches if part == batches.size else Batches(batches.rows, part)
        self.work = Workspace(network, part, theta.dtype)
        self.gradient, self.before = np.zeros_like(theta), theta.copy()
        self.parameters, self.gradients = network.layout.views(theta), network.layout.views(self.gradient)

    def __call__(self, state: Any, rate: float) -> Passed:
        """Visit the rows in ``state.order``."""
        total, slopes = 0.0, np.zeros(len(self.network.layers))
        constants = self.optimiser.constants(rate, state.theta.dtype)
        stretches = self._stretches(state)
        for start in range(0, len(state.order), self.size):
            chosen = state.order[start : start + self.size]
            if start + self.size >= len(state.order):
                self.before[:] = state.theta
            cost = self._value_and_gradient(chosen, state.noise)
            state.updates += 1
            total += cost + self._update(stretches, state.updates, constants, len(chosen), slopes)
            if not math.isfinite(total):
                break
        return passed(self.network.layout, total, slopes, self.before, state.theta)

    def _value_and_gradient(self, chosen: Array, noise: np.random.Generator | None) -> float:
        """The sum of the losses of these rows; ``self.gradient`` <- its gradient. A large batch passes in parts that are added up."""
        cost, total = 0.0, None
        for X, y, weight in self.parts(chosen):
            cost += self.network.value_and_gradient(self.parameters, self.gradients, X, y, weight, self.work.rows(len(y)), noise)
            if len(chosen) > len(y):
                total = self.gradient.copy() if total is None else np.add(total, self.gradient, out=total)
        if total is not None:
            self.gradient[:] = total
        return cost

    def _stretches(self, state: Any) -> list[tuple[int, Array, Array, list[Array], float, float, float]]:
        """(layer, theta, gradient, moments, l2, l1, decay) of each layer's weights and of its biases, which no penalty touches."""
        penalties, layout = self.penalties, self.network.layout
        found = []
        for l, (weights, offsets) in enumerate(zip(layout.weights, layout.offsets, strict=True)):
            for where, l2, l1, decay in ((weights, penalties.l2, penalties.l1, penalties.decay), (offsets, 0.0, 0.0, 0.0)):
                for start in range(where.start, where.stop, LONGEST_STRETCH):
                    part = slice(start, min(start + LONGEST_STRETCH, where.stop))
                    moments = [moment[part] for moment in state.moments]
                    found.append((l, state.theta[part], self.gradient[part], moments, l2, l1, decay))
        return found

    def _update(self, stretches: Any, t: int, constants: Array, n: int, slopes: Array) -> float:
        """Move theta; slopes <- the squared gradient norm per layer; return the penalty before the move."""
        penalty, scale = 0.0, 1.0 / n
        slopes[:] = 0.0
        for l, theta, g, moments, l2, l1, decay in stretches:
            if l1:
                penalty += l1 * absolute_sum(theta)
            squares, squared_slope = self.optimiser.step(
                theta, g, moments, constants, t, scale=scale, l2=l2 * scale, l1=l1 * scale, decay=decay
            )
            penalty += 0.5 * l2 * squares
            slopes[l] += squared_slope
        return penalty


@kernel
def run_batches(
    X: Array,
    y: Array,
    weight: Array,
    order: Array,
    theta: Array,
    gradient: Array,
    m: Array,
    s: Array,
    sizes: Array,
    biased: Array,
    codes: Array,
    free: Array,
    activations: Array,
    deltas: Array,
    batch: Array,
    targets: Array,
    row_weights: Array,
    loss_code: int,
    loss_shape: Array,
    optimiser_code: int,
    nesterov: bool,
    rate: float,
    beta_1: float,
    beta_2: float,
    constants: Array,
    updates: int,
    l2: float,
    l1: float,
    decay: float,
    total: float,
    slopes: Array,
    before: Array,
) -> float:
    """Gather, forward, loss, backward, update for each batch of ``order``; return ``total`` plus the losses.

    slopes <- the squared gradient norm per layer, before <- theta ahead of the last update. The sum goes on from call to call in one
    order, so how many batches a call takes changes no bit.
    """
    size = len(batch)
    last = size * (units(sizes) - sizes[-1])
    for start in range(0, len(order), size):
        rows = order[start : start + size]
        n = len(rows)
        A, Y = batch[:n], targets[:n]
        gather(X, rows, A)
        gather(y, rows, Y)
        w = weight
        if weight.size:
            w = row_weights[:n]
            for i in range(n):
                w[i] = weight[rows[i]]
        raw = forward_pass(A, theta, sizes, biased, codes, free, activations, size)
        D = deltas[last : last + n * sizes[-1]].reshape(n, sizes[-1])
        total += value_and_delta(raw, Y, w, D, loss_code, loss_shape)
        backward_pass(A, theta, gradient, sizes, biased, codes, free, activations, deltas, size)
        updates += 1
        constants[1] = step_size(optimiser_code, rate, beta_1, beta_2, updates)
        slopes[:] = 0.0
        if start + size >= len(order):
            for i in range(theta.size):
                before[i] = theta[i]
        at = 0
        for part in range(2 * len(codes)):
            l, on = part // 2, 1.0 - part % 2  # weights, then biases, which no penalty touches
            stop = at + (sizes[l] * sizes[l + 1] if on else sizes[l + 1] * biased[l])
            W, M, S = theta[at:stop], m[at:stop], s[at:stop] if s.size else m[at:stop]
            if l1 and on:
                total += l1 * absolute_sum(W)
            squares, squared_slope = update(
                W, gradient[at:stop], M, S, optimiser_code, nesterov, constants, 1.0 / n, on * l2 / n, on * decay
            )
            if l1 and on:
                shrink(W, S, optimiser_code, nesterov, constants, l1 / n)
            total += 0.5 * on * l2 * squares
            slopes[l] += squared_slope
            at = stop
        if not math.isfinite(total):
            break
    return total


class CompiledEpoch:
    """The same five verbs in one compiled loop, for dense networks of built-in activations without dropout."""

    def __init__(self, network: Network, batches: Batches, optimiser: Optimiser, penalties: Penalties, theta: Array) -> None:
        self.optimiser, self.penalties, self.loss, self.rows = optimiser, penalties, network.loss, batches.rows
        self.size, dtype = batches.size, theta.dtype
        self.gradient, self.before = np.zeros_like(theta), theta.copy()
        self.layout, self.slopes = network.layout, np.zeros(len(network.layers))
        net = Spelled.of(network, self.size, dtype)
        self.network: tuple[Any, ...] = (net.sizes, net.biased, net.codes, net.free, net.activations)
        self.buffers: tuple[Any, ...] = (
            np.empty_like(net.activations),
            np.empty((self.size, net.sizes[0]), dtype),
            np.empty((self.size, net.sizes[-1]), dtype),
            np.empty(self.size, dtype),
        )
        self.weight = np.empty(0, dtype) if self.rows.weight is None else self.rows.weight
        self.batches_per_call = 8

    def __call__(self, state: Any, rate: float) -> Passed:
        """Visit the rows in ``state.order``."""
        constants = self.optimiser.constants(rate, state.theta.dtype)
        data, penalties = (self.rows.X, self.rows.y, self.weight), self.penalties
        run: Any = run_batches  # mypy cannot count arguments behind a star
        total, at = 0.0, 0
        while at < len(state.order) and math.isfinite(total):
            chosen = state.order[at : at + self.batches_per_call * self.size]
            began = time.perf_counter()
            total = run(
                *data,
                chosen,
                state.theta,
                self.gradient,
                *state.moments,
                *self.network,
                *self.buffers,
                self.loss.code,
                self.loss.shape,
                self.optimiser.code,
                self.optimiser.nesterov,
                float(constants[0]),
                self.optimiser.beta_1,
                self.optimiser.beta_2,
                constants,
                state.updates,
                penalties.l2,
                penalties.l1,
                penalties.decay,
                total,
                self.slopes,
                self.before,
            )
            done = -(-len(chosen) // self.size)
            at, state.updates = at + len(chosen), state.updates + done
            seconds = max(time.perf_counter() - began, 1e-9)
            self.batches_per_call = max(1, min(4 * self.batches_per_call, int(LONGEST_CALL * done / seconds)))
        return passed(self.layout, total, self.slopes, self.before, state.theta)


def epoch_for(
    network: Network, rows: Rows, size: int, optimiser: Optimiser, penalties: Penalties, theta: Array
) -> SteppedEpoch | CompiledEpoch:
    """The faster of the two for this network and these rows."""
    batches = Batches(rows, size)
    work = 3 * batches.size * network.layout.n_weights
    plain = isinstance(rows.X, np.ndarray) and not any(network.dropout) and can_be_compiled(network) and network.loss.code >= 0
    kind = CompiledEpoch if plain and work <= COMPILED_UP_TO else SteppedEpoch
    return kind(network, batches, optimiser, penalties, theta)
