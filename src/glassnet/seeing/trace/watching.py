"""The engine, watched: one row through the network's own forward, loss, backward and update, and every buffer kept.

A training epoch over one row is run as it always is (``SteppedEpoch``), with layers that note what passes them. Nothing is computed a
second time: where Z and A share an array, z is noted from the same product and kernel before the activation overwrites it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.maths.activations import IDENTITY, activate
from glassnet.maths.optimisers import Optimiser
from glassnet.networks.dense import Dense
from glassnet.networks.network import Network, Pairs, Workspace
from glassnet.networks.products import multiply
from glassnet.training.epoch import Penalties, SteppedEpoch
from glassnet.training.loop import State
from glassnet.training.rows import Batches, Rows

Array = NDArray[Any]


@dataclass
class Seen:
    """What passed a layer on its way forward and back; vectors of its one row."""

    read: Array = field(default_factory=lambda: np.empty(0))
    z: Array = field(default_factory=lambda: np.empty(0))
    a: Array = field(default_factory=lambda: np.empty(0))
    da: Array = field(default_factory=lambda: np.empty(0))
    dz: Array = field(default_factory=lambda: np.empty(0))
    dW: Array = field(default_factory=lambda: np.empty(0))
    db: Array = field(default_factory=lambda: np.empty(0))
    dread: Array = field(default_factory=lambda: np.empty(0))


@dataclass(frozen=True, slots=True)
class SeenLayer(Dense):
    """A dense layer that notes what passes it."""

    seen: Seen = field(default_factory=Seen, compare=False)

    def forward(self, X: Any, W: Array, b: Array, Z: Array, A: Array) -> None:
        """As every dense layer; notes what it read, z and a."""
        z = np.empty_like(A)
        multiply(X, W, z)
        activate(z, b, IDENTITY)
        Dense.forward(self, X, W, b, Z, A)
        self.seen.read, self.seen.z, self.seen.a = np.array(X[0]), z[0], A[0].copy()

    def backward(self, X: Any, W: Array, Z: Array, A: Array, D: Array, dW: Array, db: Array, dX: Array | None) -> None:
        """As every dense layer; notes dL/da, dL/dz and the gradients, and asks for dL/dx in the first layer as well."""
        self.seen.da = D[0].copy()
        below = np.empty_like(X) if dX is None else dX
        Dense.backward(self, X, W, Z, A, D, dW, db, below)
        self.seen.dz, self.seen.dW, self.seen.db, self.seen.dread = D[0].copy(), dW.copy(), db.copy(), below[0].copy()


@dataclass(frozen=True)
class Step:
    """How theta moves: the optimiser in the state it is in, and the penalties.

    t        number of this update, counted from 1
    weight   of the row in the loss
    """

    optimiser: Optimiser
    rate: float
    t: int
    moments: list[Array]
    penalties: Penalties
    weight: float | None = None


@dataclass(frozen=True)
class Passage:
    """One row through the network: what each layer saw, and theta and moments before and after the update (None without a truth)."""

    layers: list[Seen]
    raw: Array
    prediction: Array
    loss: float | None = None
    theta: Array | None = None
    moved: Array | None = None
    moments: list[Array] | None = None
    gradient: Array | None = None


def _watched(network: Network) -> tuple[Network, list[Seen]]:
    """The same network with layers that see, without dropout."""
    layers = tuple(SeenLayer(layer.n_in, layer.n_out, layer.activation, layer.bias) for layer in network.layers)
    return Network(layers, network.loss, (0.0,) * len(layers)), [layer.seen for layer in layers]


def forward(network: Network, parameters: Pairs, x: Array) -> Passage:
    """One row (1, n_in) forward."""
    watched, seen = _watched(network)
    raw = watched.forward(parameters, x, Workspace(watched, 1, x.dtype)).copy()
    return Passage(seen, raw[0], _prediction(network, raw))


def forward_and_back(network: Network, parameters: Pairs, x: Array, y: Array, step: Step) -> Passage:
    """One row (1, n_in) with its truth (1, n_outputs) forward, back, and through one update of copies of the parameters."""
    watched, seen = _watched(network)
    theta = packed(network, parameters)
    weight = None if step.weight is None else np.array([step.weight], x.dtype)
    state = State(
        theta.copy(), [moment.copy() for moment in step.moments], np.random.RandomState(0), order=np.arange(1), updates=step.t - 1
    )
    epoch = SteppedEpoch(watched, Batches(Rows(x, y, weight), 1), step.optimiser, step.penalties, state.theta)
    epoch(state, step.rate)
    raw = epoch.work.raw.copy()
    loss = network.loss.value_and_delta(raw.copy(), y, weight, np.empty_like(raw))
    return Passage(seen, raw[0], _prediction(network, raw), loss, theta, state.theta, state.moments, epoch.gradient)


def packed(network: Network, parameters: Sequence[tuple[Array, Array]]) -> Array:
    """The parameters as one new vector theta."""
    coefs, intercepts = [W for W, _ in parameters], [b for _, b in parameters]
    biases = [b if layer.bias else None for b, layer in zip(intercepts, network.layers, strict=True)]
    return network.layout.pack(coefs, biases, coefs[0].dtype)


def _prediction(network: Network, raw: Array) -> Array:
    """p(z) of the row, by the loss's own link."""
    out = raw.copy()
    network.loss.predict(out, out)
    return out[0]
