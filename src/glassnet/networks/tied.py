"""A network whose second half reads the first half's weights transposed, as autoencoders do.

    W_{L+1-l} = W_l'      held by steps that move both alike: dW_l <- (dW_l + dW_{L+1-l}') / 2, and dW_{L+1-l} <- its transpose

This is the gradient projected onto the networks that are tied. Any solver that treats weights alike (gradient descent, Adam, L-BFGS) leaves
a tied network tied; biases are free.

Source   Hinton & Salakhutdinov (2006), Science 313, 504-507.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from glassnet.networks.network import Array, Network, Pairs, Workspace


@dataclass(frozen=True)
class TiedNetwork(Network):
    """A network of layers n_0 -> n_1 -> ... -> n_1 -> n_0, its weights tied."""

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
        """Return sum_n w_n L_n over these rows; gradients <- its gradient, projected."""
        cost = Network.value_and_gradient(self, parameters, gradients, X, y, weight, work, random)
        for (encoding, _), (decoding, _) in zip(gradients[: len(gradients) // 2], reversed(gradients), strict=False):
            encoding += decoding.T
            encoding *= encoding.dtype.type(0.5)
            decoding[:] = encoding.T
        return cost
