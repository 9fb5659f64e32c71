"""Two directions through the space of all weights, for a picture of the error around a network.

    weights   two weights or biases by name: w2_1_3 is that of layer 2 from unit 1 to unit 3, b2_3 the bias of its unit 3
    random    normal numbers, filter-normalised: the weights into each unit are as long as the network's own; biases rest
    path      the two principal components of the way that descent took

Source: Li, Xu, Taylor, Studer & Goldstein (2018), Visualizing the loss landscape of neural nets, arXiv:1712.09913.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.networks.parameters import Layout
from glassnet.seeing.subject import Subject

Array = NDArray[Any]


@dataclass(frozen=True)
class Plane:
    """The points  origin + s u + t v.

    origin, u, v   arrays (n_parameters,)
    names          of s and t
    told           what the plane is, in a sentence
    whole          True where nothing lies beside the plane: theta has two numbers, and they are s and t
    """

    origin: Array
    u: Array
    v: Array
    names: tuple[str, str]
    told: str
    whole: bool = False

    def at(self, s: float, t: float) -> Array:
        """theta of a point of the plane."""
        return self.origin + s * self.u + t * self.v

    def place(self, thetas: Array) -> Array:
        """(s, t) of the points of the plane nearest to ``thetas`` (k, n_parameters): (k, 2)."""
        basis = np.column_stack([self.u, self.v]).astype(np.float64)
        found, *_ = np.linalg.lstsq(basis, (thetas - self.origin).T.astype(np.float64), rcond=None)
        return found.T


def along_weights(subject: Subject, theta: Array, names: tuple[str, str]) -> Plane:
    """The plane of two named weights, the others as they are."""
    layout = subject.network.layout
    first, second = (index_of(layout, name) for name in names)
    if first == second:
        raise ValueError(f"weights must be two different ones; got {names[0]!r} twice.")
    u, v = np.zeros_like(theta), np.zeros_like(theta)
    u[first], v[second] = 1, 1
    origin = theta.copy()
    origin[[first, second]] = 0
    whole = layout.n_parameters == 2
    told = "" if whole else f"The other {layout.n_parameters - 2:,} weights and biases are as training left them."
    return Plane(origin, u, v, (_spelt(subject, names[0]), _spelt(subject, names[1])), told, whole)


def at_random(subject: Subject, theta: Array, random: np.random.Generator) -> Plane:
    """The plane of two random directions, filter-normalised."""
    layout = subject.network.layout
    u, v = np.zeros_like(theta), np.zeros_like(theta)
    for direction in (u, v):
        for (W, _), (own, _) in zip(layout.views(direction), layout.views(theta), strict=True):
            drawn = random.normal(size=W.shape)
            W[...] = drawn * (np.linalg.norm(own, axis=0) / np.linalg.norm(drawn, axis=0))
    told = "Two random directions; a step of 1 is as long as the weights of each unit. Biases rest."
    return Plane(theta.copy(), u, v, ("random direction 1", "random direction 2"), told)


def along_path(theta: Array, thetas: Array) -> Plane:
    """The plane through ``theta`` that holds most of the path."""
    moves = (thetas - theta).astype(np.float64)
    _, lengths, V = np.linalg.svd(moves, full_matrices=False)
    if len(lengths) < 2 or lengths[0] == 0:
        raise ValueError("a path needs three points or more that differ, to span a plane. Train for more epochs.")
    share = lengths**2 / np.sum(lengths**2)
    V = V[:2] * np.where(V[:2] @ moves[0] > 0, -1.0, 1.0)[:, None]  # it begins at the left, below
    told = f"The plane through the end of the path that holds most of it: {100 * share[:2].sum():.1f} % of its squared length."
    u, v = V.astype(theta.dtype)
    return Plane(theta.copy(), u, v, ("main direction of the path", "second direction"), told)


def index_of(layout: Layout, name: str) -> int:
    """The place of a weight or bias in theta, by a name such as ``w2_1_3`` or ``b2_3``. Raises ValueError where there is none."""
    match = re.fullmatch(r"(?:w(\d+)_(\d+)_(\d+)|b(\d+)_(\d+))", name)
    if match is None:
        raise ValueError(f"a weight is named like 'w2_1_3' (layer 2, from unit 1 to unit 3), a bias like 'b2_3'; got {name!r}.")
    numbers = [int(part) for part in match.groups() if part is not None]
    layer = numbers[0]
    shape = f"layers of {' -> '.join(map(str, layout.sizes))} units"
    if not 1 <= layer < len(layout.sizes):
        raise ValueError(f"{name!r}: there is no layer {layer}; the network has {len(layout.sizes) - 1}: {shape}.")
    n_in, n_out = layout.sizes[layer - 1 : layer + 1]
    if len(numbers) == 2:
        if not layout.biases[layer - 1]:
            raise ValueError(f"{name!r}: layer {layer} has no biases.")
        if not 1 <= numbers[1] <= n_out:
            raise ValueError(f"{name!r}: there is no such unit; the network has {shape}.")
        return layout.offsets[layer - 1].start + numbers[1] - 1
    if not (1 <= numbers[1] <= n_in and 1 <= numbers[2] <= n_out):
        raise ValueError(f"{name!r}: there are no such units; the network has {shape}.")
    return layout.weights[layer - 1].start + (numbers[1] - 1) * n_out + numbers[2] - 1


def _spelt(subject: Subject, name: str) -> str:
    """A weight's name with what it stands between, where that has a name."""
    numbers = [int(part) for part in re.findall(r"\d+", name)]
    first, last = numbers[0] == 1, numbers[0] == len(subject.network.layers)
    if name[0] == "b":
        return f"b, bias of {subject.outputs[numbers[1] - 1]}" if last and len(subject.outputs) > 1 else "b, the bias" if last else name
    source = subject.inputs[numbers[1] - 1] if first else f"unit {numbers[1]}"
    goal = "" if last and len(subject.outputs) == 1 else f" to {subject.outputs[numbers[2] - 1] if last else f'unit {numbers[2]}'}"
    return f"w, weight of {source}{goal}" if first else f"{name}: from {source}{goal}"
