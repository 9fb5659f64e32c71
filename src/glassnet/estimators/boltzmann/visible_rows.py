"""Rows for Boltzmann machines: checked, measured against the kinds of their columns, and a few of them as a dense array.

bernoulli   values in [0, 1], 1 between them a probability; others are warned of, as scikit-learn's machine takes them
softmax     probabilities of each group, which add up to 1
auto        bernoulli where all values of a column lie in [0, 1], else gaussian
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.data.prepared_rows import PreparedRows
from glassnet.estimators.input_rows import validated
from glassnet.networks.boltzmann.visible import VisibleUnits
from glassnet.training.boltzmann.loop import put
from glassnet.training.boltzmann.record import WATCHED

Array = NDArray[Any]

LOOKED_AT = 2_000
"""Rows of pictures that are looked at for their range; all of them share one preparation."""


def checked_rows(estimator: Any, X: Any, *, dtype: Any = (np.float64, np.float32), reset: bool = True) -> Any:
    """Finite numbers, float32 or float64, dense, sparse by rows, or pictures that become numbers when they are asked for."""
    return validated(estimator, X, accept_sparse="csr", dtype=dtype, reset=reset, skip_check_array=isinstance(X, PreparedRows))


def some_rows(X: Any, dtype: Any, most: int = WATCHED) -> Array:
    """Up to ``most`` rows, evenly spread over X, dense."""
    n = X.shape[0]
    rows = np.linspace(0, n - 1, min(n, most)).astype(np.int64)
    V = np.empty((len(rows), X.shape[1]), dtype)
    if isinstance(X, PreparedRows):
        V[:] = X[rows]  # as they are; gather_into would change augmented ones
    else:
        put(X, rows, V)
    return V


def _ranges(X: Any) -> tuple[Array, Array]:
    """(smallest, largest) value of each column."""
    if isinstance(X, PreparedRows):
        X = some_rows(X, X.dtype, LOOKED_AT)
    low, high = X.min(axis=0), X.max(axis=0)
    return tuple(np.asarray(part.toarray() if hasattr(part, "toarray") else part).ravel() for part in (low, high))  # type: ignore[return-value]


def kinds_of(X: Any) -> str | list[str]:
    """The kind of each column of X, by its values; one word where all are of one kind."""
    low, high = _ranges(X)
    inside = (low >= 0) & (high <= 1)
    if inside.all() or not inside.any():
        return "bernoulli" if inside.all() else "gaussian"
    return ["bernoulli" if column else "gaussian" for column in inside]


def check_kinds(units: VisibleUnits, X: Any) -> None:
    """Warn of values that no probability has, and raise ValueError for softmax groups that are no probabilities together."""
    low, high = _ranges(X)
    b = units.bernoulli
    if len(b) and (low[b].min() < 0 or high[b].max() > 1):
        outside = b[(low[b] < 0) | (high[b] > 1)]
        warnings.warn(
            f"{len(outside):,} of {len(b):,} columns of bernoulli units have values outside [0, 1], from {low[b].min():.3g} to "
            f"{high[b].max():.3g}; they are taken as probabilities. Bring them into the range (MinMaxScaler), or make these columns "
            "'gaussian'.",
            stacklevel=3,
        )
    for group in units.groups():
        total = np.asarray(X[:, group].sum(axis=1)).ravel()
        wrong = np.flatnonzero(~(np.abs(total - 1) < 1e-3))
        if low[group].min() < 0 or len(wrong):
            what = f"row {wrong[0]} adds up to {total[wrong[0]]:.4g}" if len(wrong) else f"the smallest is {low[group].min():.3g}"
            raise ValueError(
                f"Columns {group[0]} to {group[-1]} are one softmax group, whose values must be 0 or more and add up to 1 in every row; "
                f"{what}. Give one-hot columns, with one for what is missing, or make them 'bernoulli'."
            )
