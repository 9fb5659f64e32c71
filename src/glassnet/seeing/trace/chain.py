"""The output unit by the chain rule of the textbooks: dL/da, da/dz, and their product, which is the engine's delta.

    one output alone      dL/dz   = dL/da * da/dz
    softmax               dL/dz_j = sum_i dL/da_i * da_i/dz_j,      da_i/dz_j = a_i (1 - a_i) where i = j, else -a_i a_j

The engine goes from z to delta in one step and never divides by a prediction; here the two factors are taken apart so that they can be
seen. Where a prediction is rounded to 0 or 1 a factor has no value, and the product still has.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.maths.heads import HeadedLoss
from glassnet.maths.losses import LOG_LOSS, SOFTMAX, SQUARED_SOFTMAX, Loss
from glassnet.maths.user_loss import UserLoss
from glassnet.seeing.trace.expressions import Expression, Number, Product, of, total
from glassnet.seeing.trace.formulas import LINK_FORMULAS, LossFormula, loss_formula

Array = NDArray[Any]


@dataclass(frozen=True)
class LossPart:
    """The loss of the output units ``units``: all that a softmax ties together, else one.

    name      what the loss is called
    formula   L in a and y (None for a user's own); ``numbers`` the same with numbers put in
    stable    the formula the engine uses where the textbook's would take the logarithm of 0, and ``stable_numbers``
    value     L, from the engine
    """

    units: tuple[int, ...]
    name: str
    value: float
    formula: Expression | None = None
    numbers: Expression | None = None
    stable: Expression | None = None
    stable_numbers: Expression | None = None


@dataclass(frozen=True)
class OutputChain:
    """dL/da (k,) and da/dz (k, k): entry [i, j] is da_i/dz_j; nan where a loss of the user's own tells only their product.

    formulas   per unit the loss's formula at this prediction, or None
    parts      the loss, part by part
    """

    da: Array
    jacobian: Array
    formulas: tuple[LossFormula | None, ...]
    parts: tuple[LossPart, ...]

    def product(self) -> Array:
        """sum_i dL/da_i * da_i/dz_j, for every j."""
        factors = np.where(self.jacobian == 0, 0.0, self.da[:, None])
        product: Array = (factors * self.jacobian).sum(axis=0)
        return product


def output_chain(loss: Loss, raw: Array, prediction: Array, target: Array, weight: float | None) -> OutputChain:
    """Take the output apart: ``raw``, ``prediction`` and ``target`` (k,) of one row, its ``weight`` in the loss."""
    k = len(raw)
    da, jacobian = np.full(k, math.nan), np.zeros((k, k))
    formulas: list[LossFormula | None] = [None] * k
    parts: list[LossPart] = []
    for head, units in heads_of(loss, k):
        chosen = slice(units[0], units[-1] + 1)
        part = _part(head, raw[chosen], prediction[chosen], target[chosen], weight, units)
        da[chosen], jacobian[chosen, chosen] = part.da, part.jacobian
        formulas[chosen] = part.formulas
        parts += part.parts
    return OutputChain(da, jacobian, tuple(formulas), tuple(parts))


def heads_of(loss: Loss, k: int) -> list[tuple[Loss, list[int]]]:
    """Each loss with the output units that it reads; a loss over independent outputs is taken apart output by output."""
    if isinstance(loss, HeadedLoss):
        found, at = [], 0
        for head, width in zip(loss.losses, loss.widths, strict=True):
            found += [(inner, [at + unit for unit in units]) for inner, units in heads_of(head, width)]
            at += width
        return found
    if ties_outputs(loss) or isinstance(loss, UserLoss):
        return [(loss, list(range(k)))]
    shapes = loss.parameters if len(loss.parameters) == k else loss.parameters * k
    return [(Loss(loss.name, loss.code, loss.link, (shapes[unit],)), [unit]) for unit in range(k)]


def ties_outputs(loss: Loss) -> bool:
    """True for a softmax: every output depends on every z."""
    return loss.code in (SOFTMAX, SQUARED_SOFTMAX)


def _part(loss: Loss, raw: Array, p: Array, y: Array, weight: float | None, units: list[int]) -> OutputChain:
    """One loss with its own output units."""
    k = len(units)
    value = loss.value(raw[None].copy(), y[None].copy(), None if weight is None else np.array([weight], raw.dtype))
    if isinstance(loss, UserLoss):
        slope = np.empty((1, k), raw.dtype)
        loss.value_and_delta(raw[None].copy(), y[None].copy(), None if weight is None else np.array([weight], raw.dtype), slope)
        alone = loss.link == "identity"
        da = slope[0].astype(np.float64) if alone else np.full(k, math.nan)
        return OutputChain(da, np.eye(k) if alone else np.full((k, k), math.nan), (None,) * k, (LossPart(tuple(units), loss.name, value),))
    a, truth = p.astype(np.float64), y.astype(np.float64)
    formulas = [loss_formula(loss, *pair) for pair in zip(a.tolist(), truth.tolist(), strict=True)]
    known = [formula for formula in formulas if formula is not None]
    factor = 1.0 if weight is None else weight
    numbers = [{"a": a_j, "y": y_j, "z": float(z_j)} for a_j, y_j, z_j in zip(a.tolist(), truth.tolist(), raw, strict=True)]
    da = np.array([factor * formula.slope.put(**put).value() for formula, put in zip(known, numbers, strict=True)]) + 0.0  # no -0
    if ties_outputs(loss):
        jacobian = np.diag(a) - np.outer(a, a)
        np.fill_diagonal(jacobian, a * (1 - a))
    else:
        jacobian = np.diag([LINK_FORMULAS[loss.link][1].put(**put).value() for put in numbers])
    told = [(formula, put) for formula, put in zip(known, numbers, strict=True) if loss.code != SOFTMAX or put["y"] != 0]
    words = known[0].value
    filled = total([_weighed(formula.value.put(**put), weight) for formula, put in told]) if told else of(0)
    stable = known[0].stable if loss.code == LOG_LOSS else None
    part = LossPart(
        tuple(units),
        known[0].words,
        value,
        _weighed(words, weight),
        filled,
        None if stable is None else _weighed(stable, weight),
        None if stable is None else _weighed(stable.put(**numbers[0]), weight),
    )
    return OutputChain(da, jacobian, tuple(formulas), (part,))


def _weighed(expression: Expression, weight: float | None) -> Expression:
    return expression if weight is None else Product((Number(weight), expression))
