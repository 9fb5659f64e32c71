"""A fully connected layer: the affine map and the activation that follows it.

    forward     Z = X W + b          A  = f(Z)
    backward    D = dL/dA * f'(Z)    dW = X' D,   db = sum_n D_n,   dX = D W'

Shapes   X (n, n_in)   W (n_in, n_out)   b (n_out,)   Z, A, D (n, n_out)
Source   Rumelhart, Hinton & Williams (1986), Nature 323, 533-536.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from glassnet.maths.activations import IDENTITY, USER, Activation, activate, descend
from glassnet.networks.products import multiply as multiply

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Dense:
    """``n_in`` inputs to ``n_out`` units. It holds no array; its caller owns them all."""

    n_in: int
    n_out: int
    activation: Activation
    bias: bool = True

    def forward(self, X: Any, W: Array, b: Array, Z: Array, A: Array) -> None:
        """Z <- X W + b where the slope will need it, A <- f(X W + b). Z and A may be one array where it does not."""
        multiply(X, W, A)
        if self.activation.needs_z:
            Z[...] = A
            activate(Z, b, IDENTITY)
        if self.activation.f is not None:
            A[...] = self.activation.f(Z)
        else:
            activate(A, b, self.activation.code)

    def backward(self, X: Any, W: Array, Z: Array, A: Array, D: Array, dW: Array, db: Array, dX: Array | None) -> None:
        """D arrives as dL/dA and leaves as dL/dZ; dX is None for the first layer."""
        if self.activation.slope is not None:
            D *= self.activation.slope(Z)
        code = IDENTITY if self.activation.code == USER else self.activation.code
        descend(D, Z if self.activation.needs_z else A, db, code)
        multiply(X.T, D, dW)
        if dX is not None:
            multiply(D, W.T, dX)
