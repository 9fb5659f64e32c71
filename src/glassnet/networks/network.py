"""The network: layers in a row, a loss at the end; forward propagation, back-propagation, prediction.

    forward     A_0 = X,   A_l = f_l(A_{l-1} W_l + b_l),   raw prediction z = A_L (the last layer is linear)
    backward    D_L = dL/dz,   D_l = (D_{l+1} W_{l+1}') * f_l'(Z_l),   dW_l = A_{l-1}' D_l,   db_l = sum_n D_l

The link (logistic, softmax, ...) belongs to the loss, so probability and logarithm never meet at 0.
Source: Rumelhart, Hinton & Williams (1986), Nature 323, 533-536.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.maths.losses import Loss
from glassnet.maths.optimisers import add_l2
from glassnet.networks.dense import Dense
from glassnet.networks.dropout import drop
from glassnet.networks.parameters import Layout

Array = NDArray[Any]
Pairs = Sequence[tuple[Array, Array]]

BLOCK = 1024
"""Rows that pass through the network at a time where only the result is kept: buffers do not grow with the data."""


class Workspace:
    """The buffers of one pass over at most ``n`` rows, made once and reused.

    A[l] activations of layer l (the last: raw predictions), Z[l] pre-activations (the same array as A[l] unless the slope needs
    both), H[l] what the next layer reads (A[l], or A[l] after dropout), M[l] dropout masks, D[l] deltas.
    """

    def __init__(self, network: Network, n: int, dtype: Any) -> None:
        self.n = n
        self.A = [np.empty((n, layer.n_out), dtype) for layer in network.layers]
        self.Z = [np.empty_like(A) if layer.activation.needs_z else A for layer, A in zip(network.layers, self.A, strict=True)]
        self.D = [np.empty_like(A) for A in self.A]
        self.M = [np.empty_like(A) if p else A for p, A in zip(network.dropout, self.A, strict=True)]
        self.H = [np.empty_like(A) if p else A for p, A in zip(network.dropout, self.A, strict=True)]
        self._part: Workspace | None = None

    @property
    def raw(self) -> Array:
        """The raw prediction z (n, n_outputs)."""
        return self.A[-1]

    def rows(self, n: int) -> Workspace:
        """The same buffers, cut to ``n`` rows."""
        if n == self.n:
            return self
        if self._part is None or self._part.n != n:
            part = Workspace.__new__(Workspace)
            part.n, part._part = n, None
            for name in ("A", "Z", "D", "M", "H"):
                setattr(part, name, [buffer[:n] for buffer in getattr(self, name)])
            self._part = part
        return self._part


@dataclass(frozen=True)
class Network:
    """Layers and loss: a description without arrays.

    layers   at least one Dense; the last one is linear (identity)
    loss     what is minimised; it also knows the link from raw prediction to prediction
    dropout  probability per layer that an activation is silenced while training; the last is 0
    """

    layers: tuple[Dense, ...]
    loss: Loss
    dropout: tuple[float, ...]

    @property
    def layout(self) -> Layout:
        """Where the parameters lie in theta."""
        sizes = (self.layers[0].n_in, *(layer.n_out for layer in self.layers))
        return Layout(sizes, tuple(layer.bias for layer in self.layers))

    def forward(self, parameters: Pairs, X: Any, work: Workspace, random: np.random.Generator | None = None) -> Array:
        """Return the raw prediction (n, n_outputs), a buffer of ``work``. With ``random``, dropout is on."""
        read = X
        for l, (layer, (W, b)) in enumerate(zip(self.layers, parameters, strict=True)):
            layer.forward(read, W, b, work.Z[l], work.A[l])
            read = work.A[l]
            if random is not None and self.dropout[l]:
                drop(work.A[l], work.M[l], work.H[l], self.dropout[l], random)
                read = work.H[l]
        return work.A[-1]

    def backward(self, parameters: Pairs, gradients: Pairs, X: Any, work: Workspace, *, dropped: bool = False) -> None:
        """gradients <- dL/dtheta, from the delta that the loss left in ``work.D[-1]`` and the activations of the last forward."""
        for l in reversed(range(len(self.layers))):
            if dropped and self.dropout[l]:
                work.D[l] *= work.M[l]
            read = X if l == 0 else (work.H[l - 1] if dropped else work.A[l - 1])
            (W, _), (dW, db) = parameters[l], gradients[l]
            self.layers[l].backward(read, W, work.Z[l], work.A[l], work.D[l], dW, db, work.D[l - 1] if l else None)

    def value_and_gradient(
        self,
        parameters: Pairs,
        gradients: Pairs,
        X: Any,
        y: Array,
        weight: Array | None,
        work: Workspace,
        random: np.random.Generator | None = None,
    ) -> float:
        """Return sum_n w_n L_n over these rows; gradients <- its gradient. The five verbs of learning, less the update."""
        raw = self.forward(parameters, X, work, random)
        cost = self.loss.value_and_delta(raw, y, weight, work.D[-1])
        self.backward(parameters, gradients, X, work, dropped=random is not None)
        return cost

    def add_l2(self, parameters: Pairs, gradients: Pairs, l2: float) -> float:
        """gradients <- gradients + l2 W, biases free; returns l2/2 sum W^2."""
        total = sum(add_l2(W.reshape(-1), dW.reshape(-1), l2) for (W, _), (dW, _) in zip(parameters, gradients, strict=True))
        return 0.5 * l2 * float(total)

    def raw_prediction(self, parameters: Pairs, X: Any) -> Array:
        """The raw prediction z (n, n_outputs) of all rows, passed through in blocks; X is converted to the weights' dtype on the way."""
        dtype = parameters[0][0].dtype
        if X.shape[0] <= BLOCK:
            return self._raw_block(parameters, X if isinstance(X, np.ndarray) else X[:], dtype)
        raw = np.empty((X.shape[0], self.layers[-1].n_out), dtype)
        for start in range(0, X.shape[0], BLOCK):
            raw[start : start + BLOCK] = self._raw_block(parameters, X[start : start + BLOCK], dtype)
        return raw

    def _raw_block(self, parameters: Pairs, X: Any, dtype: Any) -> Array:
        """Forward without keeping what a backward pass would need."""
        A = X if X.dtype == dtype else X.astype(dtype)
        for layer, (W, b) in zip(self.layers, parameters, strict=True):
            read, A = A, np.empty((X.shape[0], layer.n_out), dtype)
            layer.forward(read, W, b, np.empty_like(A) if layer.activation.needs_z else A, A)
        return A

    def predict(self, parameters: Pairs, X: Any) -> Array:
        """p(z) of all rows (n, n_outputs): probabilities, means or quantiles, as the loss defines."""
        raw = self.raw_prediction(parameters, X)
        self.loss.predict(raw, raw)
        return raw
