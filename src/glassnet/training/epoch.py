"""One epoch: every row once, in batches; each batch is five verbs: gather, forward, loss and its delta, backward, update.

Two ways to run the same kernels. ``SteppedEpoch`` goes batch by batch through the network's own forward and backward: for any network,
any input, and for a debugger; its matrix products are NumPy's. ``CompiledEpoch`` is one compiled loop over the batches of
a dense network, for small layers, where the calls between the kernels would take longer than the kernels. A test holds the two to the
same numbers.
"""

from __future__ import annotations

import math
import time
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from glassnet.maths.activations import activate, descend
from glassnet.maths.compiling import kernel
from glassnet.maths.losses import value_and_delta
from glassnet.maths.optimisers import Optimiser, step_size, update
from glassnet.networks.network import Network, Workspace
from glassnet.training.rows import Batches, Rows, gather

Array = NDArray[Any]

COMPILED_UP_TO = 4e6
"""Multiplications per step up to which the compiled loop is the faster one (measured: 784-256-10 in batches of 128 takes 77e6)."""

LONGEST_CALL = 0.03
"""Seconds after which a compiled loop comes back to Python, so that Ctrl-C is heard."""


class Penalties:
    """What the update adds to the gradient of a layer's weights; biases are free. ``alpha`` and ``l1`` are per unit of weight."""

    def __init__(self, alpha: float, l1: float, optimiser: Optimiser) -> None:
        self.l2 = 0.0 if optimiser.decay else alpha
        self.l1 = l1
        self.decay = optimiser.decay


class Epoch(Protocol):
    """Runs one epoch; returns (sum of losses with penalties, gradient norm of the last batch, updates done, finite)."""

    def __call__(self, state: Any, rate: float) -> tuple[float, float]: ...


class SteppedEpoch:
    """Batch by batch, through the network's own forward and backward."""

    def __init__(self, network: Network, batches: Batches, optimiser: Optimiser, penalties: Penalties, theta: Array) -> None:
        self.network, self.batches, self.optimiser, self.penalties = network, batches, optimiser, penalties
        self.work = Workspace(network, batches.size, theta.dtype)
        self.gradient = np.zeros_like(theta)
        self.parameters, self.gradients = network.layout.views(theta), network.layout.views(self.gradient)

    def __call__(self, state: Any, rate: float) -> tuple[float, float]:
        """Visit the rows in ``state.order``; return the sum of the losses and the gradient norm of the last batch."""
        total, slope = 0.0, 0.0
        constants = self.optimiser.constants(rate, state.theta.dtype)
        for X, y, weight in self.batches(state.order):
            cost = self.network.value_and_gradient(
                self.parameters, self.gradients, X, y, weight, self.work.rows(len(y)), state.noise
            )
            state.updates += 1
            penalty, slope = self._update(state, constants, len(y))
            total += cost + penalty
            if not math.isfinite(total):
                break
        return total, math.sqrt(slope)

    def _update(self, state: Any, constants: Array, n: int) -> tuple[float, float]:
        """Move theta; return the penalty before the move and the squared norm of the gradient."""
        penalties, layout = self.penalties, self.network.layout
        penalty, slope = 0.0, 0.0
        for weights, offsets in zip(layout.weights, layout.offsets, strict=True):
            W = state.theta[weights]
            if penalties.l1:
                penalty += penalties.l1 * float(np.abs(W).sum())
            for where, l2, l1, decay in ((weights, penalties.l2, penalties.l1, penalties.decay), (offsets, 0.0, 0.0, 0.0)):
                squares, squared_slope = self.optimiser.step(
                    state.theta[where],
                    self.gradient[where],
                    [moment[where] for moment in state.moments],
                    constants,
                    state.updates,
                    scale=1.0 / n,
                    l2=l2 / n,
                    l1=l1 / n,
                    decay=decay,
                )
                penalty += 0.5 * l2 * squares
                slope += squared_slope
        return penalty, slope


@kernel
def run_batches(
    X: Array,
    y: Array,
    weight: Array,
    order: Array,
    size: int,
    theta: Array,
    gradient: Array,
    m: Array,
    s: Array,
    sizes: Array,
    biased: Array,
    codes: Array,
    loss_code: int,
    loss_shape: float,
    optimiser_code: int,
    nesterov: bool,
    constants: Array,
    updates: int,
    l2: float,
    l1: float,
    decay: float,
    batch: Array,
    targets: Array,
    row_weights: Array,
    activations: Array,
    deltas: Array,
    free: Array,
) -> tuple[float, float]:
    """Gather, forward, loss, backward, update for each batch of ``order``; return the summed loss and the last squared gradient norm.

    ``activations`` and ``deltas`` are flat buffers, layer after layer; ``free`` stands in for the bias of a layer that has none.
    """
    n_layers = len(codes)
    n_moments = s.size > 0
    total, slope = 0.0, 0.0
    for start in range(0, len(order), size):
        rows = order[start : start + size]
        n = len(rows)
        A0, Y = batch[:n], targets[:n]
        gather(X, rows, A0)
        gather(y, rows, Y)
        if weight.size:
            for i in range(n):
                row_weights[i] = weight[rows[i]]
        # forward
        read, at, here = A0, 0, 0
        for l in range(n_layers):
            n_in, n_out = sizes[l], sizes[l + 1]
            W = theta[at : at + n_in * n_out].reshape(n_in, n_out)
            at += n_in * n_out
            b = free[:n_out]
            if biased[l]:
                b = theta[at : at + n_out]
                at += n_out
            A = activations[here : here + n * n_out].reshape(n, n_out)
            np.dot(read, W, A)
            activate(A, b, codes[l])
            read = A
            here += size * n_out
        # loss and its delta
        here -= size * sizes[n_layers]
        D = deltas[here : here + n * sizes[n_layers]].reshape(n, sizes[n_layers])
        total += value_and_delta(read, Y, row_weights[:n] if weight.size else weight, D, loss_code, loss_shape)
        # backward
        for step in range(n_layers):
            l = n_layers - 1 - step
            n_in, n_out = sizes[l], sizes[l + 1]
            db = free[n_out:][:n_out]
            if biased[l]:
                at -= n_out
                db = gradient[at : at + n_out]
            at -= n_in * n_out
            A = activations[here : here + n * n_out].reshape(n, n_out)
            D = deltas[here : here + n * n_out].reshape(n, n_out)
            descend(D, A, db, codes[l])
            dW = gradient[at : at + n_in * n_out].reshape(n_in, n_out)
            if l == 0:
                np.dot(A0.T, D, dW)
            else:
                here -= size * n_in
                np.dot(activations[here : here + n * n_in].reshape(n, n_in).T, D, dW)
                W = theta[at : at + n_in * n_out].reshape(n_in, n_out)
                np.dot(D, W.T, deltas[here : here + n * n_in].reshape(n, n_in))
        # update
        updates += 1
        constants[1] = step_size(optimiser_code, constants[0], constants[4], constants[5], updates)
        slope = 0.0
        at = 0
        for l in range(n_layers):
            for part in range(2):
                length = sizes[l] * sizes[l + 1] if part == 0 else sizes[l + 1] * biased[l]
                stop = at + length
                rest = s[at:stop] if n_moments else s
                on = 1.0 if part == 0 else 0.0
                if l1 and part == 0:
                    total += l1 * np.abs(theta[at:stop]).sum()
                squares, squared_slope = update(
                    theta[at:stop],
                    gradient[at:stop],
                    m[at:stop],
                    rest,
                    optimiser_code,
                    nesterov,
                    constants,
                    1.0 / n,
                    on * l2 / n,
                    on * l1 / n,
                    on * decay,
                )
                total += 0.5 * on * l2 * squares
                slope += squared_slope
                at = stop
        if not math.isfinite(total):
            break
    return total, slope


class CompiledEpoch:
    """The same five verbs in one compiled loop, for dense networks of built-in activations without dropout."""

    def __init__(self, network: Network, batches: Batches, optimiser: Optimiser, penalties: Penalties, theta: Array) -> None:
        self.optimiser, self.penalties, self.size = optimiser, penalties, batches.size
        rows, dtype, layout = batches.rows, theta.dtype, network.layout
        self.rows, self.loss = rows, network.loss
        self.weight = np.empty(0, dtype) if rows.weight is None else rows.weight
        self.gradient = np.zeros_like(theta)
        self.sizes = np.array(layout.sizes, np.int64)
        self.biased = np.array(layout.biases, np.int64)
        self.codes = np.array([layer.activation.code for layer in network.layers], np.int64)
        units = sum(layout.sizes[1:])
        self.buffers = (
            np.empty((self.size, layout.sizes[0]), dtype),
            np.empty((self.size, layout.sizes[-1]), dtype),
            np.empty(self.size, dtype),
            np.empty(self.size * units, dtype),
            np.empty(self.size * units, dtype),
            np.zeros(2 * max(layout.sizes[1:]), dtype),
        )
        self.batches_per_call = 8

    def __call__(self, state: Any, rate: float) -> tuple[float, float]:
        """Visit the rows in ``state.order``; return the sum of the losses and the gradient norm of the last batch."""
        constants = self.optimiser.constants(rate, state.theta.dtype)
        penalties, total, slope, at = self.penalties, 0.0, 0.0, 0
        while at < len(state.order) and math.isfinite(total):
            chosen = state.order[at : at + self.batches_per_call * self.size]
            began = time.perf_counter()
            cost, slope = run_batches(
                self.rows.X,
                self.rows.y,
                self.weight,
                chosen,
                self.size,
                state.theta,
                self.gradient,
                *state.moments,
                self.sizes,
                self.biased,
                self.codes,
                self.loss.code,
                self.loss.shape,
                self.optimiser.code,
                self.optimiser.nesterov,
                constants,
                state.updates,
                penalties.l2,
                penalties.l1,
                penalties.decay,
                *self.buffers,
            )
            total += cost
            at += len(chosen)
            done = -(-len(chosen) // self.size)
            state.updates += done
            spent = time.perf_counter() - began
            self.batches_per_call = max(1, min(4 * self.batches_per_call, int(LONGEST_CALL * done / max(spent, 1e-9))))
        return total, math.sqrt(slope)


def epoch_for(network: Network, rows: Rows, size: int, optimiser: Optimiser, penalties: Penalties, theta: Array) -> SteppedEpoch | CompiledEpoch:
    """The faster of the two for this network and these rows."""
    batches = Batches(rows, size)
    sizes = network.layout.sizes
    work = 3 * batches.size * sum(n_in * n_out for n_in, n_out in zip(sizes[:-1], sizes[1:], strict=True))
    plain = isinstance(rows.X, np.ndarray) and not any(network.dropout)
    plain = plain and not any(layer.activation.needs_z for layer in network.layers)
    kind = CompiledEpoch if plain and work <= COMPILED_UP_TO else SteppedEpoch
    return kind(network, batches, optimiser, penalties, theta)
