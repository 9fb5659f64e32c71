"""First weights: drawn so that signals keep their size from layer to layer.

    glorot   variance 2 / (n_in + n_out)     for identity, logistic, tanh, softmax
    he       variance 2 / n_in               for relu and its relatives
    lecun    variance 1 / n_in

``_uniform`` draws from U(-sqrt(3 v), sqrt(3 v)), ``_normal`` from N(0, v), with biases 0. ``None`` is scikit-learn's rule: uniform
weights *and* biases within sqrt(6 / (n_in + n_out)), a third of that variance for logistic units, from the same random stream, so
that one ``random_state`` gives both libraries the same start.

Sources: Glorot & Bengio (2010), AISTATS; He, Zhang, Ren & Sun (2015), arXiv:1502.01852; LeCun, Bottou, Orr & Müller (1998).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.checks import unknown_name

Array = NDArray[Any]

DRAWN_AT_ONCE = 1 << 21
"""Numbers in one call of the generator."""
INITIALISERS = ("glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "lecun_uniform", "lecun_normal")


def check_initialiser(name: str | None) -> None:
    """Raise ValueError unless ``name`` is None or one of INITIALISERS."""
    if name is not None and name not in INITIALISERS:
        raise ValueError(unknown_name("initialiser", name, INITIALISERS))


def first_weights(
    n_in: int, n_out: int, *, bias: bool, activation: str, initialiser: str | None, random: np.random.RandomState, dtype: Any
) -> tuple[Array, Array | None]:
    """Draw W (n_in, n_out) and b (n_out,), or None without bias, for units with ``activation``."""
    if initialiser is None:
        bound = math.sqrt((2.0 if activation == "logistic" else 6.0) / (n_in + n_out))
        W = _drawn(random.uniform, -bound, bound, n_in, n_out, dtype)
        return W, random.uniform(-bound, bound, n_out).astype(dtype, copy=False) if bias else None
    check_initialiser(initialiser)
    rule, shape = initialiser.split("_")
    variance = {"glorot": 2.0 / (n_in + n_out), "he": 2.0 / n_in, "lecun": 1.0 / n_in}[rule]
    if shape == "uniform":
        bound = math.sqrt(3.0 * variance)
        W = _drawn(random.uniform, -bound, bound, n_in, n_out, dtype)
    else:
        W = _drawn(random.normal, 0.0, math.sqrt(variance), n_in, n_out, dtype)
    return W, np.zeros(n_out, dtype) if bias else None


def _drawn(draw: Callable[..., Array], one: float, other: float, n_in: int, n_out: int, dtype: Any) -> Array:
    """The numbers of ``draw(one, other, (n_in, n_out))``, some rows at a time, between which Ctrl-C is heard."""
    W = np.empty((n_in, n_out), dtype)
    rows = max(1, DRAWN_AT_ONCE // max(1, n_out))
    for start in range(0, n_in, rows):
        part = W[start : start + rows]
        part[...] = draw(one, other, part.shape)
    return W
