"""One example on its way through the network and back, as the engine's own buffers hold it (see `glassnet.seeing.trace.watching`).

forward    a_0 = x;  z_l, a_l of each layer;  p = link(z_L)
backward   da_l = dL/da_l, dW_l, db_l; the last layer is linear, so its da is dL/dz
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from glassnet.seeing.subject import Subject
from glassnet.seeing.trace.watching import Step, forward, forward_and_back

Array = NDArray[Any]


@dataclass(frozen=True)
class Passage:
    """Vectors by layer, those of the inputs first; what flows back is empty without a target.

    a            what a unit sends on; the last is z, the raw prediction
    z            what it receives; that of the inputs is x itself
    prediction   p(z), or the prediction in units of y
    target       as the loss reads it, or in units of y
    """

    a: list[Array]
    z: list[Array]
    prediction: Array
    target: Array | None = None
    loss: float | None = None
    da: tuple[Array, ...] = ()
    dW: tuple[Array, ...] = ()
    db: tuple[Array, ...] = ()

    def gradient(self, layer: int, unit: int) -> float | None:
        """dL/da of a unit, dL/dz of an output unit; None without a target."""
        return float(self.da[layer][unit]) if self.da else None


def passage_of(subject: Subject, x: Array, target: Array | None, step: Step | None) -> Passage:
    """The passage of the prepared row ``x`` (1, n_in), and back from ``target`` (1, n_outputs) as training would weigh it in ``step``."""
    if target is None or step is None:
        passed = forward(subject.network, subject.parameters, x)
    else:
        passed = forward_and_back(subject.network, subject.parameters, x, target, step)
    seen, prediction = passed.layers, passed.prediction
    if subject.target_scale is not None:
        mean, spread = subject.target_scale
        prediction = prediction * spread + mean
    a, z = [x[0], *(part.a for part in seen)], [x[0], *(part.z for part in seen)]
    if target is None:
        return Passage(a, z, prediction)
    back = (seen[0].dread, *(part.da for part in seen))
    truth = target[0] if subject.target_scale is None else target[0] * spread + mean
    return Passage(a, z, prediction, truth, passed.loss, back, tuple(part.dW for part in seen), tuple(part.db for part in seen))
