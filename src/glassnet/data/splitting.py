"""Rows for training, for watching the training, and for the one final test.

Each class is spread evenly over one long queue: row j of a shuffled class of m rows stands at (j + 1/2) / m. The head of the queue
is then a stratified sample of any size, and no class is too small for it: a single row stands in the middle, and stays in training.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_random_state

from glassnet.checks import Faults, unknown_name

Rows = NDArray[np.intp]


def split_rows(
    y: ArrayLike,
    kind: str,
    *,
    test_fraction: float = 0.2,
    val_fraction: float = 0.1,
    seed: int | np.random.RandomState | None = None,
) -> tuple[Rows, Rows, Rows]:
    """Split the rows into training, validation and test, stratified by class.

    Parameters
    ----------
    y : array-like of shape (n_rows,)
        The target.
    kind : "classification" or "regression"
        Only classes are stratified.
    test_fraction, val_fraction : float in [0, 1)
        Shares of all rows; together below 1. A share above 0 gets at least one row, while training keeps at least one.
    seed : int, RandomState or None
        The same seed gives the same rows. The test rows do not depend on ``val_fraction``.

    Returns
    -------
    train, val, test : sorted arrays of row numbers, which together are all rows

    Examples
    --------
    >>> train, val, test = split_rows(["a", "b"] * 10, "classification", test_fraction=0.2, val_fraction=0.1, seed=0)
    >>> len(train), len(val), len(test)
    (14, 2, 4)
    """
    labels = np.asarray(y)
    faults = Faults()
    faults.unless(kind in ("classification", "regression"), unknown_name("kind", kind, ["classification", "regression"]))
    faults.unless(0 <= test_fraction < 1, f"test_fraction must be at least 0 and below 1; got {test_fraction}.")
    faults.unless(0 <= val_fraction < 1, f"val_fraction must be at least 0 and below 1; got {val_fraction}.")
    leaves_none = f"test_fraction + val_fraction must leave rows for training; got {test_fraction} + {val_fraction}."
    faults.unless(test_fraction + val_fraction < 1, leaves_none)
    faults.unless(labels.ndim >= 1 and len(labels) > 0, f"y must hold at least one row; got shape {labels.shape}.")
    faults.raise_if_any()
    random = check_random_state(seed)
    strata = np.unique(labels, return_inverse=True)[1] if kind == "classification" else np.zeros(len(labels), dtype=np.intp)
    n_rows = len(labels)
    n_test = _share(test_fraction, n_rows, spare=n_rows - 1)
    queue = _queue(strata, random)
    test, rest = queue[:n_test], np.sort(queue[n_test:])
    n_val = _share(val_fraction, n_rows, spare=len(rest) - 1)
    queue = rest[_queue(strata[rest], random)]
    return np.sort(queue[n_val:]), np.sort(queue[:n_val]), np.sort(test)


def _share(fraction: float, n_rows: int, spare: int) -> int:
    return min(max(1, round(fraction * n_rows)), spare) if fraction > 0 else 0


def _queue(strata: Rows, random: np.random.RandomState) -> Rows:
    """The rows in random order, every stratum spread evenly from head to tail."""
    shuffled = random.permutation(len(strata))
    grouped = shuffled[np.argsort(strata[shuffled], kind="stable")]
    sizes = np.bincount(strata)
    rank = np.arange(len(strata)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    place = (rank + 0.5) / np.repeat(sizes, sizes)
    order = random.permutation(len(strata))  # equal places fall to neither class by habit
    return grouped[order[np.argsort(place[order], kind="stable")]]
