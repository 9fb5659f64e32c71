"""Which units of a wide network are drawn: those that matter most; the rest are folded into a sign that says how many there are.

with an example    unit i matters by sum_j |w_ij a_i|, what it sends to the next layer; an output unit by its prediction
without            by the Euclidean norm of its outgoing weights; an output unit by that of its incoming ones

Of a very deep network the first and the last layers are drawn, and between them it says how many are not.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.seeing.diagram.passage import Passage
from glassnet.seeing.subject import Subject

Array = NDArray[Any]

MOST_ELEMENTS = 1800
"""Of a whole picture, by the estimate below, so that a page with several stays quick."""
MOST_COLUMNS = 10
MOST_DRAWN = 400
"""Units of one column."""


@dataclass(frozen=True)
class Column:
    """A layer as it is drawn: ``units`` of its ``size``, counted from 0, in their order. Layer 0 holds the inputs."""

    layer: int
    size: int
    units: tuple[int, ...]

    @property
    def folded(self) -> int:
        """Units that are not drawn."""
        return self.size - len(self.units)

    @property
    def rest(self) -> Array:
        """The numbers of the units that are not drawn."""
        return np.setdiff1d(np.arange(self.size), self.units)


def columns_of(subject: Subject, passage: Passage | None, max_units: int) -> list[Column]:
    """The columns of the picture, each of at most ``max_units`` units, fewer where the picture would have too many elements."""
    sizes = subject.network.layout.sizes
    layers = list(range(len(sizes)))
    if len(layers) > MOST_COLUMNS:
        layers = [*layers[: MOST_COLUMNS // 2], *layers[-(MOST_COLUMNS // 2) :]]
    most = min(max_units, MOST_DRAWN)
    while most > 1 and _elements([sizes[layer] for layer in layers], most) > MOST_ELEMENTS:
        most -= 1
    return [Column(layer, sizes[layer], _chosen(_importance(subject, passage, layer), most)) for layer in layers]


def _importance(subject: Subject, passage: Passage | None, layer: int) -> Array:
    parameters = subject.parameters
    if layer < len(parameters):
        W = parameters[layer][0].astype(np.float64)
        return np.linalg.norm(W, axis=1) if passage is None else np.abs(passage.a[layer].astype(np.float64)) * np.abs(W).sum(axis=1)
    if passage is None:
        return np.linalg.norm(parameters[-1][0].astype(np.float64), axis=0)
    predicted = np.abs(passage.prediction.astype(np.float64))
    if passage.target is not None and subject.labels is not None:
        predicted += passage.target > 0.5  # the true class is always to be seen: no probability exceeds 1
    return predicted


def _chosen(importance: Array, most: int) -> tuple[int, ...]:
    """The ``most`` most important, in their own order; one more than ``most`` needs no folding, since the fold takes a place too."""
    n = len(importance)
    if n <= most + 1:
        return tuple(range(n))
    order = np.argsort(-np.nan_to_num(importance, nan=np.inf), kind="stable")
    return tuple(sorted(order[:most].tolist()))


def _elements(sizes: list[int], most: int) -> int:
    """About how many elements a picture with at most ``most`` units a column has: edges, also from biases and folds, units and words."""
    drawn = [min(size, most + 1) for size in sizes]
    edges = sum((n_in + 2) * n_out for n_in, n_out in itertools.pairwise(drawn))
    return edges + sum(8 * n + 12 for n in drawn) + 60
