"""All parameters in one vector, theta, and the weights W and biases b of each layer as views into it.

    theta = [ W_1 row by row | b_1 | W_2 row by row | b_2 | ... ]        a layer without bias has no b in theta

So an optimiser is one loop over a vector; a snapshot, a saved file, a sum over workers and a gradient check are one line each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Layout:
    """Where each W and b lies in theta.

    sizes   units per layer, inputs first: (784, 300, 10)
    biases  one truth per layer after the input: does it have a bias?
    """

    sizes: tuple[int, ...]
    biases: tuple[bool, ...]
    weights: tuple[slice, ...] = field(init=False)
    offsets: tuple[slice, ...] = field(init=False)
    n_parameters: int = field(init=False)

    def __post_init__(self) -> None:
        weights, offsets, at = [], [], 0
        for n_in, n_out, bias in zip(self.sizes[:-1], self.sizes[1:], self.biases, strict=True):
            weights.append(slice(at, at + n_in * n_out))
            at += n_in * n_out
            offsets.append(slice(at, at + n_out * bias))
            at += n_out * bias
        object.__setattr__(self, "weights", tuple(weights))
        object.__setattr__(self, "offsets", tuple(offsets))
        object.__setattr__(self, "n_parameters", at)

    @property
    def n_weights(self) -> int:
        """Weights without the biases."""
        return sum(n_in * n_out for n_in, n_out in zip(self.sizes[:-1], self.sizes[1:], strict=True))

    def views(self, theta: Array) -> list[tuple[Array, Array]]:
        """(W, b) of each layer: views into ``theta``; a layer without bias gets zeros of its own for b."""
        pairs = []
        shapes = zip(self.sizes[:-1], self.sizes[1:], strict=True)
        for (n_in, n_out), weights, offsets, bias in zip(shapes, self.weights, self.offsets, self.biases, strict=True):
            b = theta[offsets] if bias else np.zeros(n_out, theta.dtype)
            pairs.append((theta[weights].reshape(n_in, n_out), b))
        return pairs

    def fits(self, coefs: Sequence[Any], intercepts: Sequence[Any]) -> bool:
        """Whether these are arrays of one dtype, in the shapes of this layout's weights and biases, and each layer has its bias."""
        parts = [*coefs, *intercepts]
        if not all(self.biases) or not all(isinstance(part, np.ndarray) for part in parts) or len({part.dtype for part in parts}) > 1:
            return False
        shapes = [*zip(self.sizes[:-1], self.sizes[1:], strict=True), *((n_out,) for n_out in self.sizes[1:])]
        return [part.shape for part in parts] == shapes

    def theta_behind(self, coefs: Sequence[Array], intercepts: Sequence[Array]) -> Array | None:
        """The theta whose views these weights and biases are, each in its place; None where there is none."""
        if not self.fits(coefs, intercepts):
            return None
        theta = coefs[0].base
        if type(theta) is not np.ndarray or theta.shape != (self.n_parameters,) or theta.strides != (theta.itemsize,):
            return None
        ours = [part for pair in self.views(theta) for part in pair]
        theirs = [part for pair in zip(coefs, intercepts, strict=True) for part in pair]
        return theta if all(map(_same_memory, ours, theirs)) else None

    def norms(self, theta: Array) -> list[float]:
        """The Euclidean norm of each layer's part of a vector like theta, biases with their weights."""
        parts = (theta[weights.start : offsets.stop] for weights, offsets in zip(self.weights, self.offsets, strict=True))
        return [float(np.linalg.norm(part)) for part in parts]

    def pack(self, coefs: Sequence[Array], intercepts: Sequence[Array | None], dtype: Any) -> Array:
        """A new theta from one W (n_in, n_out) and one b (n_out,) or None per layer."""
        theta = np.empty(self.n_parameters, dtype)
        for W, b, weights, offsets in zip(coefs, intercepts, self.weights, self.offsets, strict=True):
            theta[weights] = np.asarray(W).ravel()
            if offsets.stop > offsets.start:
                theta[offsets] = b
        return theta


def _same_memory(a: Array, b: Array) -> bool:
    """Whether two arrays are the same numbers in the same place."""
    return (a.ctypes.data, a.shape, a.strides, a.dtype) == (b.ctypes.data, b.shape, b.strides, b.dtype)
