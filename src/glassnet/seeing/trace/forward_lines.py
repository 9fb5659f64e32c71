"""The lines of the way forward, and of the loss.

z = sum of w a + b,     a = f(z),     L(a, y)
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from glassnet.data.wording import count
from glassnet.seeing.trace.chain import ties_outputs
from glassnet.seeing.trace.expressions import Expression, Number, Sum, of, total
from glassnet.seeing.trace.folding import contributions, fold
from glassnet.seeing.trace.formulas import IN_WORDS, LINK_FORMULAS, activation_formula
from glassnet.seeing.trace.languages import TEXT
from glassnet.seeing.trace.letters import E, Over, Symbol, Words
from glassnet.seeing.trace.lines import Equation, Group, Section, head_of, more, symbol
from glassnet.seeing.trace.record import LayerTrace, LossTrace
from glassnet.seeing.trace.words import plainly_all

if TYPE_CHECKING:
    from glassnet.seeing.trace.trace import Trace


def forward_section(trace: Trace, layer: LayerTrace, shown: tuple[int, ...], terms: int) -> Section:
    """One layer forward: z and a of each unit shown."""
    if layer.is_output:
        title = f"Output: {count(len(layer.units), 'unit')}, {layer.activation_name}"
    else:
        title = f"Layer {layer.number}: {count(len(layer.units), 'unit')}, {layer.activation_name}"
    reads = Symbol("x") if layer.number == 1 else Symbol("a", layer.number - 1)
    weighted = Over(Symbol("w") * reads)
    rule = Equation(Symbol("z"), (weighted + Symbol("b") if layer.bias else weighted,))
    groups = tuple(_forward_unit(trace, layer, j, terms) for j in shown)
    hidden = len(layer.units) - len(shown)
    return Section(title, (rule, *_forward_rules(trace, layer)), groups, (more(hidden, "unit"),) if hidden else ())


def _forward_rules(trace: Trace, layer: LayerTrace) -> list[Equation | str]:
    """a in letters."""
    left = Symbol("a")
    if isinstance(layer.activation, str):
        if layer.activation == "softmax":
            return [Equation(left, (E ** Symbol("z") / Symbol("S"),)), "S is the sum of e^z over all outputs"]
        if layer.activation == "heads":
            return ["each column of classes has a sigmoid or a softmax of its own"]
        formula = LINK_FORMULAS[layer.activation][0]
        return [Equation(left, (formula,))]
    words = IN_WORDS.get(layer.activation.code)
    if words:
        return [f"a = {words[0]}"]
    known = activation_formula(layer.activation)
    if known is None:
        return [f"a = {layer.activation.name}(z), a function of your own"]
    return [Equation(left, (known,)), *(["Phi is the normal distribution"] if layer.activation.name == "gelu" else [])]


def _forward_unit(trace: Trace, layer: LayerTrace, j: int, terms: int) -> Group:
    folded = fold(contributions(layer)[:, j], terms)
    parts: list[Expression] = [Number(float(layer.W[i, j])) * Number(float(layer.read[i])) for i in folded.shown]
    if folded.n_rest:
        parts.append(Words(f"{folded.n_rest:,} more", folded.rest))
    if layer.bias:
        parts.append(Number(float(layer.b[j])))
    node = f"{layer.number}_{j + 1}"
    lines: list[Equation | str] = [Equation(symbol("z", layer, j), (total(parts),), float(layer.z[j]), f"z{node}")]
    lines.append(Equation(symbol("a", layer, j), _activated(trace, layer, j), float(layer.a[j]), f"a{node}"))
    return Group(layer.said[j], tuple(lines))


def _activated(trace: Trace, layer: LayerTrace, j: int) -> tuple[Expression, ...]:
    """The formula of a with z put in."""
    z = float(layer.z[j])
    if not isinstance(layer.activation, str):
        known = activation_formula(layer.activation, z)
        return (_called(layer.activation.name, z),) if known is None else (known.put(z=z),)
    loss, units = head_of(trace, j)
    if ties_outputs(loss) or loss.link == "softmax":
        top = float(layer.z[units].max())
        whole = float(np.exp(layer.z[units].astype(np.float64) - top).sum())
        if top < 30:
            return (E ** of(z) / Number(whole * math.exp(top)),)
        return (E ** Sum((of(z), -of(top))) / Number(whole),)
    if loss.link not in LINK_FORMULAS:
        return ()
    return (LINK_FORMULAS[loss.link][0].put(z=z),)


def _called(name: str, value: float) -> Expression:
    return Words(f"{name} of", value)


def loss_section(trace: Trace, loss: LossTrace) -> Section:
    """The loss, part by part."""
    rules: list[Equation | str] = []
    lines: list[Equation | str] = []
    first = loss.parts[0]
    if first.formula is None:
        rules.append(f"L is {loss.name}, a loss of your own, of z and y")
    else:
        outer = Over(first.formula) if len(first.units) > 1 else first.formula
        rules.append(Equation(Symbol("L"), (outer,)))
        if first.stable is not None:
            rules.append("worked out from z as log(1 + e^z) - y·z, which is the same and safe far out")
    several = len(loss.parts) > 1
    for n, part in enumerate(loss.parts[:12], 1):
        left = Symbol("L", None, (n,)) if several else Symbol("L")
        steps = () if part.numbers is None else (part.numbers,)
        if part.stable_numbers is not None and not math.isfinite(part.numbers.value() if part.numbers is not None else math.nan):
            steps = (part.stable_numbers,)
        lines.append(Equation(left, steps, part.value, "" if several else "L"))
    if several:
        left_over = loss.parts[12:]
        values: list[Expression] = [Number(part.value) for part in loss.parts[:12]]
        if left_over:
            values.append(Words(f"{len(left_over):,} more", math.fsum(part.value for part in left_over)))
        lines.append(Equation(Symbol("L"), (total(values),), loss.value, "L"))
    truth = "" if trace.y is None else f", the truth is {_named_truth(trace)}"
    weight = () if loss.weight is None else (f"The row counts {loss.weight:g} times.",)
    title = f"Loss: {loss.name.replace('_', ' ') if several else first.name}{truth}"
    return Section(title, tuple(rules), (Group("", tuple(lines)),), weight)


def _named_truth(trace: Trace) -> str:
    scale = trace.subject.target_scale
    if scale is not None and trace.target is not None:
        return f"{plainly_all(trace.y, 6)}, standardised {', '.join(TEXT.number(value, 6) for value in trace.target.tolist())}"
    return plainly_all(trace.y, 6)
