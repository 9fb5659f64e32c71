"""From a user's parameters to a network: sizes, activations, biases and dropout, one for all layers or one per layer."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np

from glassnet.checks import Faults
from glassnet.maths.activations import ACTIVATIONS, Activation, activation_named
from glassnet.maths.losses import Loss
from glassnet.networks.dense import Dense
from glassnet.networks.network import Network


def hidden_sizes(hidden_layer_sizes: Any, n_layers: int | None, width: int | None) -> tuple[int, ...]:
    """Units per hidden layer: from ``hidden_layer_sizes`` (an integer or a sequence), or from the scalars a search can vary.

    Raises ValueError naming the entry that is not a positive integer.
    """
    given = hidden_layer_sizes if isinstance(hidden_layer_sizes, Sequence | np.ndarray) else (hidden_layer_sizes,)
    sizes = tuple(given)
    faults = Faults()
    if n_layers is not None or width is not None:
        faults.unless(
            n_layers is None or (isinstance(n_layers, Integral) and not isinstance(n_layers, bool) and n_layers >= 0),
            f"n_layers must be 0 or more; got {n_layers!r}.",
        )
        faults.unless(
            width is None or (isinstance(width, Integral) and not isinstance(width, bool) and width >= 1),
            f"width must be 1 or more; got {width!r}.",
        )
        faults.raise_if_any()
        units = width if width is not None else (sizes[0] if sizes else 100)
        sizes = (units,) * (len(sizes) if n_layers is None else n_layers)
    if any(isinstance(size, bool) or not isinstance(size, Integral) or size < 1 for size in sizes):
        hint = " Drop the 0 for one fewer layer." if 0 in sizes else " For one logistic, softmax or linear unit write ()."
        raise ValueError(f"hidden_layer_sizes must be > 0, positive integers; got {hidden_layer_sizes!r}.{hint}")
    return tuple(int(size) for size in sizes)


def per_layer(what: str, given: Any, n: int, layers: str) -> list[Any]:
    """``given`` once for each of ``n`` layers, or as it is where it is a list with one entry per layer."""
    if not isinstance(given, list | tuple | np.ndarray):
        return [given] * n
    if len(given) != n:
        raise ValueError(f"{what} must be one value or one per {layers}; got {len(given)} values for {n}.")
    return list(given)


def hidden_activations(activation: Any, n: int) -> list[Activation]:
    """The activation of each of ``n`` hidden layers: a name or a pair (f, f') for all, or a list with one of these per layer."""
    pair = isinstance(activation, tuple) and len(activation) == 2 and all(callable(part) for part in activation)
    if pair or isinstance(activation, str | Activation):
        return [activation_named(activation)] * n
    if not isinstance(activation, list | tuple):
        activation_named(activation)
    return [activation_named(choice) for choice in per_layer("activation", activation, n, "hidden layer")]


def build_network(n_in: int, n_out: int, *, hidden: Sequence[int], activation: Any, bias: Any, dropout: Any, loss: Loss) -> Network:
    """The network  n_in -> hidden -> n_out  with a linear last layer; ``loss`` holds the link.

    Raises ValueError for parameters of the wrong length or out of range.
    """
    activations = hidden_activations(activation, len(hidden))
    biases = per_layer("bias", bias, len(hidden) + 1, "layer, the output included")
    for truth in biases:
        if not isinstance(truth, bool | np.bool_):
            raise ValueError(f"bias must be True or False, for all layers or for each; got {truth!r}.")
    rates = per_layer("dropout", dropout, len(hidden), "hidden layer")
    for rate in rates:
        if isinstance(rate, bool) or not isinstance(rate, Real) or not 0 <= float(rate) < 1:
            raise ValueError(f"dropout must lie in [0, 1), the probability that a unit is silenced; got {rate!r}.")
    sizes = [n_in, *hidden, n_out]
    units = [*activations, ACTIVATIONS["identity"]]
    layers = tuple(Dense(*pair) for pair in zip(sizes[:-1], sizes[1:], units, map(bool, biases), strict=True))
    return Network(layers, loss, (*(float(rate) for rate in rates), 0.0))


def network_of(coefs: Sequence[Any], intercepts: Sequence[Any], activations: Sequence[Activation], loss: Loss) -> Network:
    """The network that fitted or given weights describe, for prediction."""
    layers = tuple(
        Dense(W.shape[0], W.shape[1], activation) for W, activation in zip(coefs, [*activations, ACTIVATIONS["identity"]], strict=True)
    )
    return Network(layers, loss, (0.0,) * len(layers))
