"""What a trace holds: every number of one example's way forward and back, in the order of the network.

Arrays are vectors of this one example: z, a, dL/da, dL/dz (units,), weights and their gradients (n_in, units), biases (units,), all in the
weights' dtype and all from the engine. dL/da and da/dz of the output units alone are the textbooks' (see chain.py), in float64.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from glassnet.maths.activations import Activation
from glassnet.maths.optimisers import Optimiser
from glassnet.seeing.trace.chain import LossPart, OutputChain

Array = NDArray[Any]


@dataclass(frozen=True)
class InputTrace:
    """One input of the network.

    name       as the preparation calls it
    value      what the network reads
    original   what it was made from, as given (a number, a category, a byte of a picture), or None where that is not known
    gradient   dL/dx, or None without a truth
    """

    name: str
    value: float
    original: Any = None
    gradient: float | None = None


@dataclass(frozen=True, eq=False)
class LayerTrace:
    """One layer: what it read, what it made of it, and what came back.

    number      counted from 1
    units       names of its units
    said        the same as a sentence names them
    activation  what follows z: an Activation, for the output layer the link (a name)
    read        what it read: inputs, or the activations of the layer before
    slope       da/dz (units,)
    da, dz, dW, db   gradients of the loss, None without a truth
    bias        False where the layer has none; b is then 0
    """

    number: int
    units: tuple[str, ...]
    said: tuple[str, ...]
    activation: Activation | str
    read: Array
    W: Array
    b: Array
    z: Array
    a: Array
    slope: Array
    bias: bool
    da: Array | None = None
    dz: Array | None = None
    dW: Array | None = None
    db: Array | None = None

    @property
    def is_output(self) -> bool:
        """True for the last layer."""
        return isinstance(self.activation, str)

    @property
    def activation_name(self) -> str:
        """tanh, relu, ...; for the output layer the link: softmax, logistic, identity, exp, heads."""
        return self.activation if isinstance(self.activation, str) else self.activation.name


@dataclass(frozen=True, eq=False)
class LayerUpdate:
    """A layer's parameters after the update, and the optimiser's moments before and after it (empty where it has none)."""

    W: Array
    b: Array
    moments_W: tuple[Array, ...]
    moments_b: tuple[Array, ...]
    new_moments_W: tuple[Array, ...]
    new_moments_b: tuple[Array, ...]


@dataclass(frozen=True, eq=False)
class UpdateTrace:
    """One update of all parameters by this row's gradient.

    solver      as the estimator calls it
    own         True where the estimator takes such steps itself; else it is plain gradient descent
    rate        learning rate
    step_size   Adam's r_t; the learning rate for the others
    t           number of this update, counted from 1
    l2, l1, decay    penalties as they enter this step
    remarks     what must be said about it, in sentences
    """

    solver: str
    own: bool
    optimiser: Optimiser
    rate: float
    step_size: float
    t: int
    l2: float
    l1: float
    decay: float
    layers: tuple[LayerUpdate, ...]
    remarks: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class LossTrace:
    """The loss of the example: from the engine, part by part, with the row's ``weight`` in it (None where it has none)."""

    name: str
    value: float
    parts: tuple[LossPart, ...]
    chain: OutputChain
    weight: float | None = None
