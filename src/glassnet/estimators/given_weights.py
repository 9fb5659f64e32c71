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


def starting_layers(init: Any, shapes: Sequence[tuple[int, int]], biased: Sequence[bool], dtype: Any) -> tuple[list[Array], list[Array]]:
    """The weights and biases to begin with, copied, for layers of ``shapes``: from (coefs, intercepts) or from a fitted network.

    Raises ValueError where ``init`` is neither, is not fitted, or has other shapes.
    """
    network = getattr(init, "estimator", init)  # a FrozenEstimator holds it
    if isinstance(init, tuple | list):
        if len(init) != 2:
            raise ValueError(f"init must be (coefs, intercepts) or a fitted network; got {len(init)} parts.")
        weights, biases = init
    elif hasattr(network, "coefs_") and hasattr(network, "intercepts_"):
        weights, biases = network.coefs_, network.intercepts_
    else:
        hint = (
            " clone() forgets what was fitted: wrap it in FrozenEstimator, or give (coefs_, intercepts_)."
            if hasattr(network, "fit")
            else ""
        )
        raise ValueError(f"init must be (coefs, intercepts) or a fitted network; got {type(init).__name__}, which has no coefs_.{hint}")
    try:
        coefs, intercepts, _ = given_layers(weights, biases)
    except ValueError as error:
        raise ValueError(f"init: {error}") from None
    found = [W.shape for W in coefs]
    if found != list(shapes):
        raise ValueError(f"init must have weights of the shapes {_listed(shapes)} for this network and these data; got {_listed(found)}.")
    for l, (b, bias) in enumerate(zip(intercepts, biased, strict=True), 1):
        if not bias and b.any():
            raise ValueError(f"init has biases for layer {l}, and this network has none there. Set bias=True, or give None for them.")
    return [W.astype(dtype) for W in coefs], [b.astype(dtype) for b in intercepts]


def _listed(shapes: Sequence[tuple[int, ...]]) -> str:
    return ", ".join(map(str, shapes))


def _floats(values: Any) -> Array:
    """An array of float32 or float64 of its own."""
    array = np.array(values)
    return np.array(array, dtype=np.float32 if array.dtype == np.float32 else np.float64, order="C")
