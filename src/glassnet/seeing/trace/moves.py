"""The update written out: which parameter moves from where to where, by which gradient, and the optimiser's formula with the numbers in.

The values are the engine's; the formulas are those of ``glassnet.maths.optimisers`` in the textbook's letters.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from glassnet.maths.optimisers import ADAGRAD, ADAM, RMSPROP, SGD
from glassnet.seeing.trace.expressions import Expression, Number, of
from glassnet.seeing.trace.folding import largest
from glassnet.seeing.trace.letters import Function, Largest, Symbol
from glassnet.seeing.trace.lines import Equation
from glassnet.seeing.trace.record import LayerTrace, UpdateTrace

if TYPE_CHECKING:
    from glassnet.seeing.trace.trace import Trace

w, g, v, s, m, r, u = (Symbol(letter) for letter in "wgvsmru")
d = Symbol("d")
MU, RHO, B1, B2, EPS, R_T = Symbol("mu"), Symbol("rho"), Symbol("beta1"), Symbol("beta2"), Symbol("eps"), Symbol("r_t")
ALPHA, L1 = Symbol("alpha"), Symbol("l1")


@dataclass(frozen=True)
class Move:
    """One parameter of the update.

    node       w2_1_3 or b2_3
    name       in words: ``unit 1 -> setosa``, ``bias of setosa``
    moments    before the update, and ``new_moments`` after it: v, or s, or m and s
    """

    node: str
    symbol: Symbol
    name: str
    value: float
    gradient: float
    new: float
    is_weight: bool
    moments: tuple[float, ...] = ()
    new_moments: tuple[float, ...] = ()


def moves(trace: Trace, most: int) -> tuple[list[Move], int]:
    """Of each layer, last first, the ``most`` weights with the largest gradient and one bias; and how many parameters are not listed."""
    assert trace.update is not None
    found: list[Move] = []
    for layer in reversed(trace.layers):
        assert layer.dW is not None and layer.db is not None
        flat = np.abs(layer.dW).ravel()
        found += [_weight(trace, layer, *divmod(at, layer.W.shape[1])) for at in largest(flat, most)]
        if layer.bias:
            found.append(_bias(trace, layer, int(np.argmax(np.abs(layer.db)))))
    return found, trace.subject.network.layout.n_parameters - len(found)


def _weight(trace: Trace, layer: LayerTrace, i: int, j: int) -> Move:
    assert trace.update is not None and layer.dW is not None
    after = trace.update.layers[layer.number - 1]
    source = trace.inputs[i].name if layer.number == 1 else trace.layers[layer.number - 2].units[i]
    return Move(
        f"w{layer.number}_{i + 1}_{j + 1}",
        Symbol("w", layer.number, (i + 1, j + 1)),
        f"{source} to {layer.said[j]}",
        float(layer.W[i, j]),
        float(layer.dW[i, j]),
        float(after.W[i, j]),
        True,
        tuple(float(moment[i, j]) for moment in after.moments_W),
        tuple(float(moment[i, j]) for moment in after.new_moments_W),
    )


def _bias(trace: Trace, layer: LayerTrace, j: int) -> Move:
    assert trace.update is not None and layer.db is not None
    after = trace.update.layers[layer.number - 1]
    return Move(
        f"b{layer.number}_{j + 1}",
        Symbol("b", layer.number, (j + 1,)),
        f"bias of {layer.said[j]}",
        float(layer.b[j]),
        float(layer.db[j]),
        float(after.b[j]),
        False,
        tuple(float(moment[j]) for moment in after.moments_b),
        tuple(float(moment[j]) for moment in after.new_moments_b),
    )


def rules(update: UpdateTrace) -> list[Equation | str]:
    """The optimiser in letters; r is the learning rate, g the gradient of the loss."""
    optimiser, penalised = update.optimiser, d if update.l2 else g
    lines: list[Equation | str] = [Equation(d, (g + ALPHA * w,)), "for weights; for biases d = g"] if update.l2 else []
    lines += [Equation(left, (right,)) for left, right in _recurrence(update, penalised)]
    if optimiser.decay:
        lines.append("weights (not biases) shrink by the factor 1 - r·alpha on the way")
    if update.l1:
        lines.append("then weights come closer to 0 by u = l1 times their step size, and stop at 0 (soft threshold)")
    return lines


def _recurrence(update: UpdateTrace, slope: Symbol) -> list[tuple[Symbol, Expression]]:
    """The lines of the optimiser, in order; the last gives the new w. Names stand for the values before it."""
    optimiser, size = update.optimiser, r if update.optimiser.code != ADAM else R_T
    if optimiser.code == SGD and not optimiser.momentum:
        return [(w, w - r * slope)]
    if optimiser.code == SGD:
        velocity = (v, MU * v - r * slope)
        return [velocity, (w, w + MU * v - r * slope if optimiser.nesterov else w + v)]
    if optimiser.code == ADAGRAD:
        return [(s, s + slope**2), (w, w - r * slope / (Function("sqrt", s) + EPS))]
    if optimiser.code == RMSPROP:
        return [(s, RHO * s + (1 - RHO) * slope**2), (w, w - r * slope / (Function("sqrt", s) + EPS))]
    start: Expression = w * (1 - r * ALPHA) if optimiser.decay else w
    return [
        (m, B1 * m + (1 - B1) * slope),
        (s, B2 * s + (1 - B2) * slope**2),
        (w, start - size * m / (Function("sqrt", s) + EPS)),
    ]


def written_out(update: UpdateTrace, move: Move) -> list[Equation]:
    """The whole update of one parameter with the numbers put in."""
    optimiser = update.optimiser
    constants = {
        "r": update.rate,
        "r_t": update.step_size,
        "mu": optimiser.momentum,
        "rho": optimiser.momentum,
        "beta1": optimiser.beta_1,
        "beta2": optimiser.beta_2,
        "eps": optimiser.epsilon,
        "alpha": optimiser.decay if move.is_weight else 0.0,
    }
    lines: list[Equation] = []
    slope = move.gradient
    if update.l2 and move.is_weight:
        penalty = (g + ALPHA * w).put(g=move.gradient, alpha=update.l2, w=move.value)
        slope = penalty.value()
        lines.append(Equation(d, (penalty,), slope))
    names = {SGD: "v", ADAGRAD: "s", RMSPROP: "s"}.get(optimiser.code, "ms")
    held = dict(zip(names, move.moments, strict=False))
    after = dict(zip(names, move.new_moments, strict=False))
    drawn = bool(update.l1) and move.is_weight
    state: dict[str, float] = {**constants, **held, "w": move.value, "g": slope}
    for left, right in _recurrence(update, g):
        filled = right.put(**state)
        if left.letter == "w":
            lines.append(Equation(move.symbol, (filled,), filled.value() if drawn else move.new, "" if drawn else f"new-{move.node}"))
            state["w"] = filled.value()
        else:
            threshold_moves_it = drawn and optimiser.code == SGD
            state[left.letter] = filled.value() if threshold_moves_it else after[left.letter]
            lines.append(Equation(left, (filled,), state[left.letter]))
    if drawn:
        lines += _thresholded(update, move, state)
    return lines


def _thresholded(update: UpdateTrace, move: Move, state: dict[str, float]) -> list[Equation]:
    """The soft threshold of an L1 penalty, after the step."""
    reach: Expression = of(update.step_size) * Number(update.l1)
    if update.optimiser.code != SGD:
        reach = reach / (Function("sqrt", of(state["s"])) + of(update.optimiser.epsilon))
    width, at = reach.value(), state["w"]
    pulled = of(math.copysign(1.0, at)) * Largest(Function("abs", of(at)) - of(width), of(0))
    return [Equation(u, (reach,), width), Equation(move.symbol, (pulled,), move.new, f"new-{move.node}")]
