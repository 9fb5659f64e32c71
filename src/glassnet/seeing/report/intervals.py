"""How sure a figure is that a finite test measured: 95 % intervals.

    share k/n     Wilson's score interval    (p + z^2/2n +- z sqrt(p (1 - p)/n + z^2/4n^2)) / (1 + z^2/n),  p = k/n
    R^2, errors   percentiles of the figure over resampled rows (the bootstrap), drawn with a fixed seed

Sources: Wilson (1927), J. Amer. Statist. Assoc. 22, 209-212; Efron & Tibshirani (1993), An Introduction to the Bootstrap, chapter 13.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

Z = 1.959963984540054
"""The 97.5 % point of the normal distribution."""
RESAMPLES = 1000
MOST_DRAWS = 5_000_000
"""Rows drawn in all: of large tests, whose intervals are narrow anyway, fewer resamples are taken."""


def wilson(k: int, n: int) -> tuple[float, float]:
    """The interval of a share: k of n rows.

    >>> [round(end, 4) for end in wilson(9, 10)]
    [0.5958, 0.9821]
    """
    p, spare = k / n, Z * Z / n
    middle, half = p + spare / 2, Z * math.sqrt(p * (1 - p) / n + spare / (4 * n))
    low, high = (middle - half) / (1 + spare), (middle + half) / (1 + spare)
    return (low if k > 0 else 0.0), (high if k < n else 1.0)  # rounding would miss the ends


def resamples(n: int) -> int:
    """How often ``n`` rows are drawn anew."""
    return int(np.clip(MOST_DRAWS // max(n, 1), 200, RESAMPLES))


def bootstrap(figure: Callable[[Array], Array], n: int) -> tuple[float, float]:
    """The interval of a figure of n rows: ``figure`` maps row numbers (n,) to a number, or to nan where they do not define one.

    Both ends are nan where no rows do.
    """
    random = np.random.default_rng(0)
    drawn = np.array([figure(random.integers(0, n, n)) for _ in range(resamples(n))], dtype=np.float64)
    drawn = drawn[~np.isnan(drawn)]
    if not len(drawn):
        return math.nan, math.nan
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(low), float(high)
