"""Small datasets to play with: points in a plane, made from a seed, about 3 units around the origin.

    xor       class 1 where x1 and x2 differ in sign, with a gap along the axes
    donut     a disc, and a ring around it
    moons     two half circles that reach into each other
    spirals   two arms, one turn and a half
    blobs     one cloud for each class, on a circle
    line      y = 0.8 x1 - 0.5                                    one input, a number to predict
    plane     y = (x1 + x2) / 3                                   two inputs
    hill      y = exp(-(x1^2 + x2^2) / 3) - exp(-((x1 - 2)^2 + (x2 - 2)^2) / 2)

``noise`` (0 to 1) is the deviation of a normal number added to the coordinates; for numbers to predict, to y.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.checks import unknown_name

Array = NDArray[Any]

REACH = 3.0
"""Points lie within about this distance of the axes."""
MOST_CLASSES = 10


def toy(name: str, n: int = 400, *, noise: float = 0.1, seed: int = 0, classes: int = 2) -> tuple[Array, Array]:
    """A dataset by its name.

    Parameters
    ----------
    name : {'xor', 'donut', 'moons', 'spirals', 'blobs', 'line', 'plane', 'hill'}
    n : int, default=400
        Rows, of all classes together.
    noise : float, default=0.1
        In [0, 1].
    seed : int, default=0
    classes : int, default=2
        Clouds of 'blobs', 2 to 10; the others have two classes, or none.

    Returns
    -------
    X : float64 array of shape (n, 2), or (n, 1) for 'line'
    y : array of shape (n,)
        Whole numbers from 0 for classes, floats for numbers to predict.

    Examples
    --------
    >>> X, y = toy("xor", 100, noise=0, seed=1)
    >>> X.shape, bool(((X[:, 0] > 0) != (X[:, 1] > 0)).tolist() == (y == 1).tolist())
    ((100, 2), True)
    """
    if name not in TOYS:
        raise ValueError(unknown_name("a toy dataset", name, TOYS))
    random = np.random.default_rng(seed)
    X, y = _MAKERS[name](n, random, classes)
    if name in NUMBERS:
        return X, y + 0.5 * noise * random.normal(size=n)
    X = X + noise * random.normal(size=X.shape)
    return X, y


def _xor(n: int, random: np.random.Generator, classes: int) -> tuple[Array, Array]:
    X = random.uniform(-REACH, REACH, (n, 2))
    X += np.where(X > 0, 0.2, -0.2)
    return X, ((X[:, 0] > 0) != (X[:, 1] > 0)).astype(np.int64)


def _donut(n: int, random: np.random.Generator, classes: int) -> tuple[Array, Array]:
    y = np.arange(n) % 2
    squares = np.where(y == 1, random.uniform(0, 1.3**2, n), random.uniform(2.0**2, 2.9**2, n))  # even over the areas
    return _around(np.sqrt(squares), random.uniform(0, 2 * np.pi, n)), y


def _moons(n: int, random: np.random.Generator, classes: int) -> tuple[Array, Array]:
    y = np.arange(n) % 2
    angle = random.uniform(0, np.pi, n) + np.pi * y
    return _around(np.full(n, 1.6), angle) + np.where(y[:, None] == 1, [0.8, 0.35], [-0.8, -0.35]), y


def _spirals(n: int, random: np.random.Generator, classes: int) -> tuple[Array, Array]:
    y = np.arange(n) % 2
    along = np.sqrt(random.uniform(0.01, 1, n))
    return _around(2.9 * along, 3 * np.pi * along + np.pi * y), y


def _blobs(n: int, random: np.random.Generator, classes: int) -> tuple[Array, Array]:
    y = np.arange(n) % classes
    return _around(np.full(n, 1.9), 2 * np.pi * y / classes + np.pi / 4) + 0.4 * random.normal(size=(n, 2)), y


def _line(n: int, random: np.random.Generator, classes: int) -> tuple[Array, Array]:
    X = random.uniform(-REACH, REACH, (n, 1))
    return X, 0.8 * X[:, 0] - 0.5


def _plane(n: int, random: np.random.Generator, classes: int) -> tuple[Array, Array]:
    X = random.uniform(-REACH, REACH, (n, 2))
    return X, X.sum(axis=1) / 3


def _hill(n: int, random: np.random.Generator, classes: int) -> tuple[Array, Array]:
    X = random.uniform(-REACH, REACH, (n, 2))
    return X, np.exp(-np.square(X).sum(axis=1) / 3) - np.exp(-np.square(X - 2).sum(axis=1) / 2)


def _around(radius: Array, angle: Array) -> Array:
    """Points by radius and angle."""
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])


_MAKERS: Mapping[str, Callable[[int, np.random.Generator, int], tuple[Array, Array]]] = {
    "xor": _xor,
    "donut": _donut,
    "moons": _moons,
    "spirals": _spirals,
    "blobs": _blobs,
    "line": _line,
    "plane": _plane,
    "hill": _hill,
}
TOYS = {
    "xor": "XOR",
    "donut": "Donut",
    "moons": "Two moons",
    "spirals": "Spirals",
    "blobs": "Blobs",
    "line": "Noisy line",
    "plane": "Plane",
    "hill": "Hill and hollow",
}
"""The names, and what they are called on the page."""
NUMBERS = ("line", "plane", "hill")
"""Those with a number to predict."""
