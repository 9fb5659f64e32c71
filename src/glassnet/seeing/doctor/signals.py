"""Whether signals get through the layers, forwards and back: saturated and dead units, gradients that vanish or explode.

A layer's gradient is compared per parameter: its norm divided by the root of its size, so that wide and narrow layers compare.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.maths.activations import LOGISTIC, RELU, TANH
from glassnet.maths.losses import ABSOLUTE, LOG_LOSS, QUANTILE, SOFTMAX, SQUARED
from glassnet.seeing.doctor.case import Case
from glassnet.seeing.doctor.findings import Finding
from glassnet.seeing.svg import shown

STEEPEST = {LOGISTIC: 0.25, TANH: 1.0}
"""The steepest slope of the activations that saturate."""
FLAT = 0.05
"""A slope below a twentieth of the steepest: |z| > 4.4 of a logistic unit, > 2.2 of tanh. Learning there is twenty times slower."""
FLAT_ROWS = 0.9
"""A unit is saturated where its slope is flat on so many rows."""
SATURATED_UNITS = 0.25
"""Share of a layer's units from which on it matters: the rest may carry the work, and some units of a solved network are switches."""

DEAD_UNITS = 0.5
"""Share of a layer's relu units that answer 0 to every row. Wide networks that learn well lose a few on the way, up to a third in the
trials of the tests."""

VANISHED = 1e-3
"""First layer's gradient per parameter over the last one's. Glorot & Bengio (2010), AISTATS, figure 7: sigmoid networks lose a factor
of ten or so per layer, networks that learn stay within a few tens in all."""
EXPLODED = 10.0
"""A layer's whole gradient where the slopes of the loss are near 1 (classes, or a target in units of its spread). In the trials of the
tests healthy networks stay below 1.3."""
GROWN = 30.0
"""... or the first layer's gradient per parameter over the last one's: layers multiply what flows back."""
EARLY = 0.5
"""Share of the epochs that are looked at: near the minimum gradients are small for a good reason."""


def saturated_units(case: Case) -> Finding | None:
    """Logistic or tanh units that sit on the flat ends of their curve on nearly every row."""
    work = case.workspace
    if work is None or not case.unsolved:
        return None
    worst: tuple[float, int, int, float] | None = None
    for l, layer in enumerate(case.subject.network.layers[:-1]):
        if layer.activation.code not in STEEPEST:
            continue
        flat = case.slopes(l) < FLAT * STEEPEST[layer.activation.code]
        stuck = flat.mean(axis=0) >= FLAT_ROWS
        if stuck.mean() >= SATURATED_UNITS and (worst is None or stuck.mean() > worst[0]):
            worst = float(stuck.mean()), l, int(stuck.sum()), float(flat.mean())
    if worst is None:
        return None
    share, l, units, flat_share = worst
    layer = case.subject.network.layers[l]
    return Finding(
        "saturated_units",
        "problem",
        f"Layer {l + 1}: {units} of {layer.n_out} {layer.activation.name} units are saturated (their slope is below {100 * FLAT:.0f} % of "
        f"its steepest on {100 * FLAT_ROWS:.0f} % of the rows or more), so hardly any gradient passes through them.",
        {"layer": l + 1, "units": units, "of": layer.n_out, "share": share, "flat_share": flat_share},
        "Begin with smaller weights (initialiser='glorot_uniform') and standardised inputs, or use activation='relu'.",
    )


def dead_units(case: Case) -> Finding | None:
    """Relu units that answer 0 to every row; those whose weights a penalty has made 0 are pruned, not dead."""
    work = case.workspace
    if work is None or not case.unsolved:
        return None
    worst: tuple[float, int, int] | None = None
    for l, (layer, (W, _)) in enumerate(zip(case.subject.network.layers[:-1], case.subject.parameters, strict=False)):
        if layer.activation.code != RELU:
            continue
        dead = ~(work.A[l] > 0).any(axis=0) & W.any(axis=0)
        if dead.mean() >= DEAD_UNITS and (worst is None or dead.mean() > worst[0]):
            worst = float(dead.mean()), l, int(dead.sum())
    if worst is None:
        return None
    share, l, units = worst
    n_out = case.subject.network.layers[l].n_out
    rows = len(work.A[l])
    rate = "" if not case.steps else f" and learning_rate_init={case.estimator.learning_rate_init / 10:g}"
    return Finding(
        "dead_units",
        "problem",
        f"Layer {l + 1}: {units} of {n_out} relu units are dead (they answer 0 to all {rows:,} rows looked at), so they take no part and "
        "cannot learn.",
        {"layer": l + 1, "units": units, "of": n_out, "share": share, "rows": rows},
        f"Train anew with activation='leaky_relu'{rate}.",
    )


def vanishing_gradients(case: Case) -> Finding | None:
    """What flows back dies away before it reaches the first layer."""
    sizes = _per_layer(case)
    if sizes is None or not case.unsolved:
        return None
    ratio = sizes[0] / sizes[-1] if sizes[-1] > 0 else math.nan
    if not ratio < VANISHED:
        return None
    names = sorted({layer.activation.name for layer in case.subject.network.layers[:-1]})
    return Finding(
        "vanishing_gradients",
        "problem",
        f"Gradients vanish on their way back: per parameter, that of layer 1 is {shown(ratio, 2)} of that of layer {len(sizes)} "
        f"({', '.join(shown(size, 2) for size in sizes)}), so the first layers hardly learn.",
        {"ratio": ratio, "gradients": sizes.tolist()},
        "Use fewer hidden layers, or activation='relu' with initialiser='he_normal'."
        if "relu" not in names
        else "Use fewer hidden layers, or initialiser='he_normal'.",
    )


def exploding_gradients(case: Case) -> Finding | None:
    """What flows back is huge, or grows from layer to layer."""
    sizes, norms = _per_layer(case), _early(case)
    if sizes is None or norms is None:
        return None
    typical = np.median(norms, axis=0)
    largest, unit = int(np.argmax(typical)), _unit(case)
    ratio = sizes[0] / sizes[-1] if sizes[-1] > 0 else math.nan
    evidence = {"gradient_norms": typical.tolist(), "ratio": float(ratio)}
    if unit is not None and typical[largest] > EXPLODED * unit:
        seen = (
            f"Gradients explode: the norm of layer {largest + 1}'s is typically {shown(typical[largest])} in the first half of training "
            f"(below {shown(EXPLODED * unit, 2)} is usual), so a step cannot be trusted"
        )
    elif ratio > GROWN:
        seen = f"Gradients explode on their way back: per parameter, that of layer 1 is {shown(ratio, 2)} times that of layer {len(sizes)}"
    else:
        return None
    advice = "'he_normal'" if any(layer.activation.code == RELU for layer in case.subject.network.layers) else "'glorot_uniform'"
    return Finding("exploding_gradients", "problem", f"{seen}.", evidence, f"Begin with smaller weights: initialiser={advice}.")


def _unit(case: Case) -> float | None:
    """The usual size of a slope of the loss, dL/dz, before anything is learned; None where it is not known."""
    code = getattr(case.subject.network.loss, "code", None)
    if code == SQUARED:
        return None if case.constant_loss is None else math.sqrt(2.0 * case.constant_loss)
    return 1.0 if code in (LOG_LOSS, SOFTMAX, ABSOLUTE, QUANTILE) else None


def _early(case: Case) -> NDArray[Any] | None:
    """The gradient norms of each layer in the early epochs (epochs, layers), or None with fewer than two hidden layers or no record."""
    norms = case.by_layer("layer_gradient_norms")
    if norms is None or norms.shape[1] < 3 or norms.shape[1] != len(case.subject.network.layers):
        return None
    early = norms[: max(int(len(norms) * EARLY), 1)]
    early = early[np.isfinite(early).all(axis=1)]
    return early if len(early) else None


def _per_layer(case: Case) -> NDArray[Any] | None:
    """The typical gradient per parameter of each layer in the early epochs, or None as above."""
    early, layout = _early(case), case.subject.network.layout
    if early is None:
        return None
    stops = np.array([max(w.stop, b.stop) - w.start for w, b in zip(layout.weights, layout.offsets, strict=True)])
    typical: NDArray[Any] = np.median(early, axis=0) / np.sqrt(stops)
    return typical
