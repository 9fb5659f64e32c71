"""What is shown of a wide layer: the units and the terms that contribute most; the rest is one honest sum.

z_j = shown terms + (774 more: their sum) + b_j
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from glassnet.seeing.trace.record import LayerTrace
    from glassnet.seeing.trace.trace import Trace

Array = NDArray[Any]


@dataclass(frozen=True)
class Folded:
    """The terms of a sum: which are shown (in their own order), how many are not, what those come to, and the largest of them."""

    shown: tuple[int, ...]
    n_rest: int
    rest: float
    largest_rest: float


def fold(terms: Array, most: int) -> Folded:
    """The ``most`` largest of ``terms``, by absolute value; a single one left over is shown as well."""
    shown = largest(np.abs(terms), most)
    rest = np.delete(np.asarray(terms, np.float64), shown)
    return Folded(shown, len(rest), float(rest.sum()), float(np.abs(rest).max(initial=0.0)))


def fold_to(terms: Array, shown: tuple[int, ...]) -> Folded:
    """The sum with these terms shown and the others folded."""
    rest = np.delete(np.asarray(terms, np.float64), shown)
    return Folded(shown, len(rest), float(rest.sum()), float(np.abs(rest).max(initial=0.0)))


def largest(scores: Array, most: int) -> tuple[int, ...]:
    """The places of the ``most`` largest scores, in order of place; all where that leaves out none or one."""
    if len(scores) <= most + 1:
        return tuple(range(len(scores)))
    first = np.argsort(-np.asarray(scores, np.float64), kind="stable")[:most]
    return tuple(sorted(first.tolist()))


def visible_units(trace: Trace, most: int) -> list[tuple[int, ...]]:
    """Of the inputs and of every layer the units to show: of outputs the truth and the largest, before them what feeds them most.

    A unit counts by the largest ``|w a|`` that it hands to a unit that is shown.
    """
    last = trace.layers[-1]
    score = np.abs(np.asarray(last.a if trace.link != "identity" else last.z, np.float64))
    if trace.target is not None and trace.link in ("softmax", "logistic", "heads"):
        score = score + 1e3 * np.asarray(trace.target, np.float64)
    chosen = [largest(score, most)]
    for layer in reversed(trace.layers):
        chosen.append(largest(contributions(layer)[:, chosen[-1]].__abs__().max(axis=1), most))
    return chosen[::-1]


def contributions(layer: LayerTrace) -> Array:
    """w a: what each unit before hands to each unit of ``layer`` (n_in, units), in float64."""
    product: Array = layer.W.astype(np.float64) * layer.read.astype(np.float64)[:, None]
    return product
