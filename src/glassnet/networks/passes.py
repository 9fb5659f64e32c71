"""A whole pass through a dense network in one compiled call, for layers so small that the calls would cost more than the arithmetic.

    forward     A_l = f_l(A_{l-1} W_l + b_l)
    backward    D_l = (D_{l+1} W_{l+1}') * f_l'(A_l),   dW_l = A_{l-1}' D_l,   db_l = sum_n D_l

The same kernels, ``activate`` and ``descend``, serve here and in the layer (``dense.py``). The network is spelled in arrays: ``sizes``
units per layer, inputs first; ``biased`` 1 or 0 per layer; ``codes`` the activations. Activations and deltas lie in flat buffers, layer
after layer, each with room for ``room`` rows. ``free`` (2, widest layer) stands in for the bias (zeros) and the bias gradient (scrap) of
a layer that has none.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from glassnet.maths.activations import activate, descend
from glassnet.maths.compiling import inlined, kernel
from glassnet.maths.exponential import exp, logistic
from glassnet.maths.losses import softmax
from glassnet.networks.products import SMALL_PRODUCT

if TYPE_CHECKING:
    from glassnet.networks.network import Network

Array = NDArray[Any]

LINKS = ("identity", "logistic", "softmax", "exp")
LOGISTIC_LINK, SOFTMAX_LINK, EXP_LINK = 1, 2, 3
ROOM = 256
"""Rows of a block of the compiled prediction, at most."""
LEAST_ROOM = 32
"""Rows of a block, at least: with fewer, preparing the next product takes longer than the product."""
CALL_STEPS = 100_000_000
"""Multiplications, and eight for every unit, in one call of it: some hundredths of a second, after which Ctrl-C is heard."""


@inlined
def multiply_by_transpose(D: Array, W: Array, dX: Array) -> None:
    """dX <- D W'. With one output it is an outer product, which takes BLAS three times as long as a loop."""
    if W.shape[1] == 1:
        w = W.reshape(W.size)
        for i in range(len(D)):
            d = D[i, 0]
            for j in range(w.size):
                dX[i, j] = d * w[j]
    else:
        np.dot(D, W.T, dX)


@inlined
def units(sizes: Array) -> int:
    """Units of all layers after the inputs."""
    total = 0
    for l in range(1, len(sizes)):
        total += sizes[l]
    return total


@inlined
def forward_pass(X: Array, theta: Array, sizes: Array, biased: Array, codes: Array, free: Array, activations: Array, room: int) -> Array:
    """Return the raw prediction (n, n_outputs), a view into ``activations``, which keeps every A_l."""
    n, at, here, read = len(X), 0, 0, X
    for l in range(len(codes)):
        n_in, n_out = sizes[l], sizes[l + 1]
        W = theta[at : at + n_in * n_out].reshape(n_in, n_out)
        at += n_in * n_out
        b = theta[at : at + n_out] if biased[l] else free[0, :n_out]
        at += n_out * biased[l]
        A = activations[here : here + n * n_out].reshape(n, n_out)
        np.dot(read, W, A)
        activate(A, b, codes[l])
        read = A
        here += room * n_out
    return read


@inlined
def backward_pass(
    X: Array,
    theta: Array,
    gradient: Array,
    sizes: Array,
    biased: Array,
    codes: Array,
    free: Array,
    activations: Array,
    deltas: Array,
    room: int,
) -> None:
    """gradient <- dL/dtheta, from the delta of the raw prediction that stands in the last part of ``deltas``."""
    n, at, here = len(X), len(theta), room * units(sizes)
    for step in range(len(codes)):
        l = len(codes) - 1 - step
        n_in, n_out = sizes[l], sizes[l + 1]
        here -= room * n_out
        A = activations[here : here + n * n_out].reshape(n, n_out)
        D = deltas[here : here + n * n_out].reshape(n, n_out)
        at -= n_out * biased[l]
        db = gradient[at : at + n_out] if biased[l] else free[1, :n_out]
        descend(D, A, db, codes[l])
        at -= n_in * n_out
        dW = gradient[at : at + n_in * n_out].reshape(n_in, n_out)
        if l == 0:
            np.dot(X.T, D, dW)
        else:
            below = here - room * n_in
            np.dot(activations[below : below + n * n_in].reshape(n, n_in).T, D, dW)
            W = theta[at : at + n_in * n_out].reshape(n_in, n_out)
            multiply_by_transpose(D, W, deltas[below : below + n * n_in].reshape(n, n_in))


@kernel
def predict_pass(X: Array, theta: Array, sizes: Array, biased: Array, codes: Array, free: Array, link: int, most: int, out: Array) -> None:
    """out <- p(z) of every row of X, in blocks: out (n, n_outputs), or (n, 2) with p(-z) beside p(z) for one sigmoid unit.

    ``link`` is the place of the loss's link in LINKS; ``most`` is how many rows a block has.
    """
    n, k = len(X), sizes[-1]
    room = max(1, min(n, most))
    activations = np.empty(room * units(sizes), theta.dtype)
    for start in range(0, n, room):
        raw = forward_pass(X[start : start + room], theta, sizes, biased, codes, free, activations, room)
        block = out[start : start + room]
        if link == SOFTMAX_LINK:
            softmax(raw, block)
        else:
            both = k == 1 and out.shape[1] == 2
            for i in range(len(raw)):
                for j in range(k):
                    p = raw[i, j]
                    if link == LOGISTIC_LINK:
                        p = logistic(p)
                    elif link == EXP_LINK:
                        p = exp(p)
                    if both:
                        block[i, 0] = logistic(-raw[i, j])
                        block[i, 1] = p
                    else:
                        block[i, j] = p


@dataclass(frozen=True)
class Spelled:
    """A network as the arrays that the compiled passes read, and its flat buffers for ``room`` rows."""

    sizes: Array
    biased: Array
    codes: Array
    free: Array
    activations: Array
    room: int

    @classmethod
    def of(cls, network: Network, room: int, dtype: Any) -> Spelled:
        """Spell ``network``, whose activations must be built-in and told from their output."""
        layout = network.layout
        return cls(
            np.array(layout.sizes, np.int64),
            np.array(layout.biases, np.int64),
            np.array([layer.activation.code for layer in network.layers], np.int64),
            np.zeros((2, max(layout.sizes[1:])), dtype),
            np.empty(room * sum(layout.sizes[1:]), dtype),
            room,
        )


def can_be_compiled(network: Network) -> bool:
    """True where the compiled passes can stand in for the layers' own: built-in activations whose slope is told from the output."""
    return network.loss.link in LINKS and not any(layer.activation.needs_z for layer in network.layers)


def has_small_products(network: Network) -> bool:
    """Whether the products of LEAST_ROOM rows are small ones to BLAS."""
    return LEAST_ROOM * max(layer.n_in * layer.n_out for layer in network.layers) <= SMALL_PRODUCT


def rows_of_a_block(network: Network) -> int:
    """Rows that pass through the network at once: so many that its products are still small to BLAS, or ROOM where that is too few."""
    rows = SMALL_PRODUCT // max(layer.n_in * layer.n_out for layer in network.layers)
    return min(rows // 8 * 8, ROOM) if has_small_products(network) else ROOM


class CompiledPrediction:
    """From X (n, n_in), C-contiguous in the dtype of ``theta``, to p(z), or to z with the link "identity": no checks, safe in threads.

    It reads ``theta`` as it is at each call. One compiled call, or several of which none is deaf to Ctrl-C for long.
    """

    def __init__(self, network: Network, theta: Array, link: str, *, both_classes: bool = False) -> None:
        net, most = Spelled.of(network, 0, theta.dtype), rows_of_a_block(network)
        self.theta, self.work = theta, network.layout.n_weights  # multiplications a row
        self.arguments = (theta, net.sizes, net.biased, net.codes, net.free, LINKS.index(link), most)
        self.columns, self.dtype = 2 if both_classes else network.layers[-1].n_out, theta.dtype
        self.some = max(1, CALL_STEPS // (most * (self.work + 8 * int(net.sizes.sum())))) * most

    def __call__(self, X: Array, threads: int = 1) -> Array:
        """Predict every row of X: (n, n_outputs), or (n, 2) for both classes; the same bits on any number of ``threads``."""
        n = len(X)
        out = np.empty((n, self.columns), self.dtype)
        if threads == 1 and n <= self.some:
            predict_pass(X, *self.arguments, out)
            return out
        most = self.arguments[-1]
        some = min(self.some, max(1, -(-n // (4 * threads * most))) * most)
        starts = iter(range(0, n, some))

        def share() -> None:
            for start in starts:  # each takes the next that is left
                predict_pass(X[start : start + some], *self.arguments, out[start : start + some])

        with ThreadPoolExecutor(max(1, threads - 1), "glassnet-predictions") as pool:
            others = [pool.submit(share) for _ in range(threads - 1)]
            try:
                share()
            finally:
                for _ in starts:  # after a Ctrl-C nobody begins another
                    pass
            for other in others:
                other.result()
        return out

    def takes(self, X: Any) -> bool:
        """Whether X is an array that the compiled pass reads as it is."""
        if type(X) is not np.ndarray or X.dtype != self.dtype:
            return False
        flags = X.flags
        return flags.c_contiguous and flags.writeable and flags.aligned


def is_quick(network: Network) -> bool:
    """Whether the compiled way to the raw prediction is the faster one: layers so small that their products are small to BLAS."""
    return has_small_products(network) and can_be_compiled(network)


def quick_prediction(network: Network, theta: Array | None) -> CompiledPrediction | None:
    """The compiled way to the raw prediction where it is the faster one; ``theta`` is None for weights that lie apart."""
    return None if theta is None or not is_quick(network) else CompiledPrediction(network, theta, "identity")
