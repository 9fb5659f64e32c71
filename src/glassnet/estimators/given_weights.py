"""Weights of a user's own: checked to follow from each other, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.checks import Faults

Array = NDArray[Any]


def given_layers(weights: Sequence[Any], biases: Sequence[Any] | None) -> tuple[list[Array], list[Array], list[bool]]:
    """W (n_in, n_out) and b (n_out,) of each layer as float arrays, and whether each layer has a bias.

    Raises ValueError with every shape that does not follow, and every number that is not finite.
    """
    if len(weights) == 0:
        raise ValueError("weights must hold one array of shape (n_in, n_out) per layer; got none.")
    if biases is not None and len(biases) != len(weights):
        raise ValueError(f"biases must have one entry per layer, None for no bias; got {len(biases)} for {len(weights)} layers.")
    coefs: list[Array] = [_floats(W) for W in weights]
    given = [None] * len(coefs) if biases is None else list(biases)
    faults = Faults()
    for l, W in enumerate(coefs, 1):
        faults.unless(W.ndim == 2 and 0 not in W.shape, f"the weights of layer {l} must have shape (n_in, n_out); got {W.shape}.")
        faults.unless(bool(np.isfinite(W).all()), f"the weights of layer {l} must be finite.")
    faults.raise_if_any()
    for l, (W, following) in enumerate(pairwise(coefs), 1):
        faults.unless(
            W.shape[1] == following.shape[0],
            f"layer {l} has {W.shape[1]} units, but the weights of layer {l + 1} take {following.shape[0]} inputs.",
        )
    intercepts = []
    for l, (W, b) in enumerate(zip(coefs, given, strict=True), 1):
        values = np.zeros(W.shape[1], W.dtype) if b is None else _floats(b).astype(W.dtype).reshape(-1)
        faults.unless(len(values) == W.shape[1], f"the biases of layer {l} must be {W.shape[1]} numbers; got {len(values)}.")
        faults.unless(bool(np.isfinite(values).all()), f"the biases of layer {l} must be finite.")
        intercepts.append(values)
    faults.raise_if_any()
    return coefs, intercepts, [b is not None for b in given]


def _floats(values: Any) -> Array:
    """An array of float32 or float64 of its own."""
    array = np.array(values)
    return np.array(array, dtype=np.float32 if array.dtype == np.float32 else np.float64, order="C")
