"""The lines of the way back: the chain rule, one factor at a time.

dL/da -> dL/dz = dL/da da/dz -> dL/dw = dL/dz a,   dL/db = dL/dz,   and dL/da of the layer before = sum of w dL/dz
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from glassnet.maths.losses import SOFTMAX
from glassnet.seeing.trace.chain import ties_outputs
from glassnet.seeing.trace.expressions import Expression, Number, Product, of, total
from glassnet.seeing.trace.folding import fold
from glassnet.seeing.trace.formulas import IN_WORDS, LINK_FORMULAS, slope_formula
from glassnet.seeing.trace.letters import Over, Slope, Symbol, Words
from glassnet.seeing.trace.lines import STEEPNESS, Equation, Group, Section, head_of, more, symbol
from glassnet.seeing.trace.record import LayerTrace, LossTrace

if TYPE_CHECKING:
    from glassnet.seeing.trace.trace import Trace


def output_section(trace: Trace, loss: LossTrace, shown: tuple[int, ...], terms: int) -> Section:
    """From the loss to the z of the output, and to the last weights."""
    layer = trace.layers[-1]
    assert layer.dz is not None
    rules: list[Equation | str] = []
    head, _ = head_of(trace, shown[0])
    formula = loss.chain.formulas[shown[0]]
    z, a = Symbol("z"), Symbol("a")
    if formula is None:
        rules.append("dL/dz is the slope that came with the loss")
    elif ties_outputs(head):
        rules.append(Equation(z.slope, (Over(a.slope * STEEPNESS),)))
        rules.append("da_i/dz_j is a_i·(1 - a_i) where i = j, and -a_i·a_j elsewhere")
        if head.code == SOFTMAX:
            rules.append(Equation(z.slope, (Symbol("a") - Symbol("y"),)))
    else:
        rules.append(Equation(z.slope, (a.slope * STEEPNESS,)))
    groups = tuple(_output_unit(trace, loss, j, terms) for j in shown)
    hidden = len(layer.units) - len(shown)
    return Section("Back through the output", tuple(rules), groups, (more(hidden, "unit"),) if hidden else ())


def _output_unit(trace: Trace, loss: LossTrace, j: int, terms: int) -> Group:
    layer, chain = trace.layers[-1], loss.chain
    assert layer.dz is not None and trace.target is not None
    head, units = head_of(trace, j)
    formula = chain.formulas[j]
    put = {"a": float(layer.a[j]), "y": float(trace.target[j]), "z": float(layer.z[j])}
    factor = [] if loss.weight is None else [Number(loss.weight)]
    lines: list[Equation | str] = []
    z, a, node = symbol("z", layer, j), symbol("a", layer, j), f"{layer.number}_{j + 1}"
    delta = float(layer.dz[j])
    if formula is None:
        lines.append(Equation(z.slope, (), delta, f"z{node}"))
    else:
        lines.append(Equation(a.slope, (_times(factor, formula.slope.put(**put)),), float(chain.da[j]), f"a{node}"))
        slope = float(chain.jacobian[j, j])
        if ties_outputs(head):
            counted = [i for i in units if chain.da[i] != 0]
            folded = fold(np.nan_to_num(np.array([chain.da[i] * chain.jacobian[i, j] for i in counted])), terms)
            lines += [_across(layer, counted[n], j, float(chain.jacobian[counted[n], j])) for n in folded.shown]
            parts: list[Expression] = [
                Number(float(chain.da[counted[n]])) * Number(float(chain.jacobian[counted[n], j])) for n in folded.shown
            ]
            steps = [total([*parts, *([Words(f"{folded.n_rest:,} more", folded.rest)] if folded.n_rest else [])] or [of(0)])]
        else:
            lines.append(Equation(STEEPNESS, (LINK_FORMULAS[head.link][1].put(**put),), slope))
            steps = [Number(float(chain.da[j])) * Number(slope)]
        if formula.delta is not None:
            steps.append(_times(factor, formula.delta.put(**put)))
        defined = [step for step in steps if math.isfinite(step.value())]
        if len(defined) < len(steps):
            lines.append("a is rounded: the factors have no value of their own, their product has")
        lines.append(Equation(z.slope, tuple(defined), delta, f"z{node}"))
    return Group(layer.said[j], (*lines, *_parameter_lines(layer, j, terms)))


def _times(factor: list[Number], expression: Expression) -> Expression:
    return Product((*factor, expression)) if factor else expression


def _across(layer: LayerTrace, i: int, j: int, value: float) -> Equation:
    """da_i/dz_j of a softmax with the numbers put in."""
    a_i, a_j = Number(float(layer.a[i])), Number(float(layer.a[j]))
    step = a_i * (1 - Symbol("a")).put(a=a_i.number) if i == j else -a_i * a_j
    return Equation(Slope(symbol("a", layer, i), symbol("z", layer, j)), (step,), value)


def _parameter_lines(layer: LayerTrace, j: int, terms: int) -> list[Equation | str]:
    """dL/dw and dL/db of one unit."""
    assert layer.dz is not None and layer.dW is not None and layer.db is not None
    delta, lines = Number(float(layer.dz[j])), list[Equation | str]()
    folded = fold(layer.dW[:, j], terms)
    for i in folded.shown:
        value = float(layer.dW[i, j])
        step = Product((delta, Number(float(layer.read[i]))))
        lines.append(Equation(symbol("w", layer, i, j).slope, (step,), value, f"w{layer.number}_{i + 1}_{j + 1}"))
    if folded.n_rest:
        lines.append(f"{more(folded.n_rest, 'weight')}, none with a slope above {folded.largest_rest:.3g}")
    if layer.bias:
        lines.append(Equation(symbol("b", layer, j).slope, (symbol("z", layer, j).slope,), float(layer.db[j]), f"b{layer.number}_{j + 1}"))
    return lines


def hidden_section(trace: Trace, layer: LayerTrace, shown: tuple[int, ...], terms: int) -> Section:
    """One hidden layer back: dL/da, da/dz, dL/dz, and its weights."""
    z, a = Symbol("z"), Symbol("a")
    rules: list[Equation | str] = [
        Equation(a.slope, (Over(Symbol("w") * Symbol("z", layer.number + 1).slope),)),
        Equation(z.slope, (a.slope * STEEPNESS,)),
    ]
    assert not isinstance(layer.activation, str)
    words = IN_WORDS.get(layer.activation.code)
    known = slope_formula(layer.activation)
    if words:
        rules.append(f"da/dz = {words[1]}")
    elif known is None:
        rules.append("da/dz is the slope that came with the function")
    else:
        rules.append(Equation(STEEPNESS, (known,)))
    groups = tuple(_hidden_unit(trace, layer, j, terms) for j in shown)
    hidden = len(layer.units) - len(shown)
    return Section(f"Back through layer {layer.number}", tuple(rules), groups, (more(hidden, "unit"),) if hidden else ())


def _hidden_unit(trace: Trace, layer: LayerTrace, j: int, terms: int) -> Group:
    after = trace.layers[layer.number]
    assert layer.da is not None and layer.dz is not None and after.dz is not None and not isinstance(layer.activation, str)
    products = after.W[j].astype(np.float64) * after.dz.astype(np.float64)
    folded = fold(products, terms)
    parts: list[Expression] = [Number(float(after.W[j, k])) * Number(float(after.dz[k])) for k in folded.shown]
    if folded.n_rest:
        parts.append(Words(f"{folded.n_rest:,} more", folded.rest))
    z, a, node = symbol("z", layer, j), symbol("a", layer, j), f"{layer.number}_{j + 1}"
    known = slope_formula(layer.activation, float(layer.a[j]))
    steps = () if known is None else (known.put(a=float(layer.a[j]), z=float(layer.z[j])),)
    lines: list[Equation | str] = [
        Equation(a.slope, (total(parts),), float(layer.da[j]), f"a{node}"),
        Equation(STEEPNESS, steps, float(layer.slope[j])),
        Equation(z.slope, (Number(float(layer.da[j])) * Number(float(layer.slope[j])),), float(layer.dz[j]), f"z{node}"),
    ]
    return Group(layer.units[j], (*lines, *_parameter_lines(layer, j, terms)))
