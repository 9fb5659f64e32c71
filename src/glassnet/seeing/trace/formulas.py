"""The formulas that a trace writes out, in the letters of the textbooks; what the engine computes stands in ``glassnet.maths``.

    z   what arrives at a unit        a   what leaves it (at the output: the prediction p(z))
    y   the truth                     w, b, g   a weight, a bias, a gradient

A test puts numbers into every one of them and compares it with the engine's kernels, so what is shown is what is computed.
"""

from __future__ import annotations

from dataclasses import dataclass

from glassnet.maths import activations as act
from glassnet.maths import losses
from glassnet.maths.activations import Activation
from glassnet.maths.losses import Loss
from glassnet.seeing.trace.expressions import Expression, Number, of
from glassnet.seeing.trace.letters import E, Function, Largest, Symbol, log

z, a, y, w, g = (Symbol(letter) for letter in "zaywg")

HALF = of(1) / 2
ONE, ZERO = of(1), of(0)

_FORWARD: dict[int, tuple[Expression, Expression]] = {
    # activation: (f(z) where z > 0, f(z) elsewhere)
    act.IDENTITY: (z, z),
    act.LOGISTIC: (1 / (1 + E**-z), 1 / (1 + E**-z)),
    act.TANH: (Function("tanh", z), Function("tanh", z)),
    act.RELU: (Largest(ZERO, z), Largest(ZERO, z)),
    act.LEAKY_RELU: (z, z / 100),
    act.ELU: (z, E**z - 1),
    act.SOFTPLUS: (log(1 + E**z), log(1 + E**z)),
    act.GELU: (z * Function("Phi", z), z * Function("Phi", z)),
}

_SLOPE: dict[int, tuple[Expression, Expression]] = {
    # activation: (f'(z) where a > 0, elsewhere)
    act.IDENTITY: (ONE, ONE),
    act.LOGISTIC: (a * (1 - a), a * (1 - a)),
    act.TANH: (1 - a**2, 1 - a**2),
    act.RELU: (ONE, ZERO),
    act.LEAKY_RELU: (ONE, of(1) / 100),
    act.ELU: (ONE, a + 1),
    act.SOFTPLUS: (1 - E**-a, 1 - E**-a),
    act.GELU: (Function("Phi", z) + z * Function("phi", z), Function("Phi", z) + z * Function("phi", z)),
}

IN_WORDS = {
    act.RELU: ("z where z > 0, else 0", "1 where a > 0, else 0"),
    act.LEAKY_RELU: ("z where z > 0, else z/100", "1 where a > 0, else 1/100"),
    act.ELU: ("z where z > 0, else e^z - 1", "1 where a > 0, else a + 1"),
}
"""Activations whose formula depends on the side of 0."""


def activation_formula(activation: Activation, at: float = 1.0) -> Expression | None:
    """f(z) as it reads at z = ``at``; None for a user's own function, which is code."""
    pair = _FORWARD.get(activation.code)
    return None if pair is None else pair[0] if at > 0 else pair[1]


def slope_formula(activation: Activation, at: float = 1.0) -> Expression | None:
    """f'(z) as it reads at a = ``at``, in terms of a (gelu: of z); None for a user's own function."""
    pair = _SLOPE.get(activation.code)
    return None if pair is None else pair[0] if at > 0 else pair[1]


@dataclass(frozen=True)
class LossFormula:
    """A loss as the textbooks write it, for one output (softmax: one of the outputs that are summed).

    words       what it is called
    value       L in terms of a and y
    slope       dL/da
    delta       dL/dz, the product of dL/da and da/dz worked out; None where there is nothing shorter to say
    stable      L in terms of z, safe at any z; None where ``value`` is safe itself
    """

    words: str
    value: Expression
    slope: Expression
    delta: Expression | None = None
    stable: Expression | None = None


def loss_formula(loss: Loss, prediction: float, truth: float, output: int = 0) -> LossFormula | None:
    """The formula of ``loss`` as it reads at this prediction and truth of output ``output``; None for a user's own loss."""
    r = a - y
    q = loss.parameters[output] if len(loss.parameters) > 1 else loss.parameters[0]
    if loss.code == losses.LOG_LOSS:
        value = -(y * log(a) + (1 - y) * log(1 - a))
        return LossFormula("log loss", value, (a - y) / (a * (1 - a)), r, log(1 + E**z) - y * z)
    if loss.code == losses.SOFTMAX:
        return LossFormula("log loss", -(y * log(a)), -y / a, r)
    if loss.code in (losses.SQUARED, losses.SQUARED_LOGISTIC, losses.SQUARED_SOFTMAX):
        return LossFormula("squared error", HALF * r**2, r, r if loss.code == losses.SQUARED else None)
    if loss.code == losses.ABSOLUTE:
        return LossFormula("absolute error", Function("abs", r), Function("sign", r), Function("sign", r))
    if loss.code == losses.HUBER:
        d = of(q)
        if abs(prediction - truth) <= q:
            return LossFormula(f"huber loss, within d = {q:g}", HALF * r**2, r, r)
        end = d if prediction > truth else Number(-q)
        return LossFormula(f"huber loss, beyond d = {q:g}", d * Function("abs", r) - HALF * d**2, end, end)
    if loss.code == losses.QUANTILE:
        if truth > prediction:
            return LossFormula(f"quantile loss, q = {q:g}, too low", of(q) * (y - a), Number(-q), Number(-q))
        side = ZERO if truth == prediction else 1 - of(q)
        return LossFormula(f"quantile loss, q = {q:g}, not too low", (1 - of(q)) * r, side, side)
    if loss.code == losses.POISSON:
        deviance = a - y * log(a) + (y * log(y) - y) if truth > 0 else a - y * log(a)
        return LossFormula("poisson loss", deviance, 1 - y / a, r)
    return None


LINK_FORMULAS: dict[str, tuple[Expression, Expression]] = {
    # link: (p(z), p'(z) in terms of a)
    "identity": (z, ONE),
    "logistic": (1 / (1 + E**-z), a * (1 - a)),
    "exp": (E**z, a),
}
"""The links of one output. Softmax ties all outputs together: a_j = e^z_j / S, da_i/dz_j = a_i (1 - a_i) where i = j, else -a_i a_j."""
