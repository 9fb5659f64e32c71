"""What the user hands in, checked by scikit-learn's rules and by ours; a refusal says what was given and what to do.

scikit-learn lets some things through that fit and then predict nonsense, or that only ``predict`` refuses: values under a mask, dates
that count as nanoseconds, numbers written as text, numbers whose square is infinite. All of these are refused at the door.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping
from numbers import Number
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import _check_sample_weight, validate_data

from glassnet.checks import DataError

Array = NDArray[Any]

NO_TABLES = (str, bytes, Mapping, set, frozenset, Generator)
KINDS = {
    "U": "text",
    "S": "bytes",
    "T": "text",
    "M": "dates",
    "m": "durations",
    "V": "records with several fields",
}
REMEDIES = {
    "text": "turns columns of text into columns of 0 and 1",
    "bytes": "turns columns of text into columns of 0 and 1",
    "dates": "turns dates into numbers",
    "durations": "turns dates into numbers",
}
SMALLEST_MEAN = 1e-100
"""Of sample weights; its reciprocal is the largest."""


def validated(estimator: Any, X: Any, *y: Any, **options: Any) -> Any:
    """X, or (X, y), checked by ``validate_data`` of scikit-learn after what it would let through has been refused.

    Raises ValueError or TypeError with the remedy for missing values, text and dates.
    """
    name = type(estimator).__name__
    X = _refuse_odd(X, name)
    for values in y:
        _refuse_odd_targets(values, numbers=bool(options.get("y_numeric")))
    try:
        checked = validate_data(estimator, X, *y, **options)
        return (_aligned(checked[0]), checked[1]) if y else _aligned(checked)
    except TypeError as error:
        if isinstance(error, np.exceptions.DTypePromotionError):
            raise _refusal(name, "dates among its numbers", "turns dates into numbers") from error
        if str(error).startswith("float() argument must be"):
            raise TypeError(f"{error}. Every entry of X and of a target to be predicted must be a number: convert the others.") from error
        raise
    except ValueError as error:
        sentence = str(error)
        if sentence.startswith("Input X contains NaN"):
            sentence, remedy = "Input X contains NaN.", "fills in missing values and flags them"
        elif sentence.startswith("could not convert string to float"):
            remedy = REMEDIES["text"]
        else:
            raise
        raise ValueError(f"{sentence}\n{_preparing(name, remedy)}") from error


def _aligned(X: Any) -> Any:
    """X, copied where its numbers do not lie on their own boundaries: products are slow there, and round otherwise."""
    return np.require(X, requirements="A") if isinstance(X, np.ndarray) else X


def _preparing(name: str, remedy: str) -> str:
    return f"glassnet's TablePreparation {remedy}: make_pipeline(TablePreparation(), {name}()) takes the table as it is."


def _refusal(name: str, what: str, remedy: str) -> ValueError:
    return ValueError(f"X holds {what}, and every column must hold numbers.\n{_preparing(name, remedy)}")


def _refuse_odd(X: Any, name: str) -> Any:
    """X, lists as an array; raises for what is no table of numbers."""
    if X is None or (isinstance(X, NO_TABLES) and not hasattr(X, "shape")):
        raise TypeError(f"X must be a table of numbers, (rows, columns); got {_shown(X)}. Give an array, a DataFrame or a list of rows.")
    if isinstance(X, list | tuple):
        if any(hasattr(row, "mask") for row in X[:100]):
            X = np.ma.asarray(X)
        else:
            try:
                X = np.asarray(X)
            except ValueError as error:
                raise ValueError(f"X must be a table: as many numbers in every row; got rows of different lengths ({error}).") from error
    _refuse_complex(X, "X")
    if isinstance(X, np.ndarray):
        _refuse_mask(X, "X", "X.filled(np.nan) makes them missing values, which glassnet's TablePreparation fills in")
        if (what := KINDS.get(X.dtype.kind)) is not None:
            if what not in REMEDIES:
                raise ValueError(f"X must be a table of numbers; got {what} (dtype {X.dtype}). Make a column of each field.")
            raise _refusal(name, f"{what} (dtype {X.dtype})", REMEDIES[what])
    elif hasattr(X, "dtypes") and hasattr(X, "columns"):
        for column, dtype in zip(X.columns, X.dtypes, strict=True):
            temporal = getattr(dtype, "is_temporal", None)  # of Polars; the types of pandas have a kind
            if getattr(dtype, "kind", None) in ("M", "m") or (callable(temporal) and temporal()):
                raise _refusal(name, f"dates in the column {column!r}", REMEDIES["dates"])
    return X


def _refuse_odd_targets(y: Any, *, numbers: bool) -> None:
    """Raise for what are no targets: hidden or missing ones, times where ``numbers`` are wanted, labels of several types."""
    if isinstance(y, NO_TABLES) and not hasattr(y, "shape"):
        raise TypeError(f"y must hold one target per row; got {_shown(y)}. Give an array or a list.")
    _refuse_complex(y, "y")
    if isinstance(y, np.ndarray):
        _refuse_mask(y, "y", "leave out their rows")
        if y.dtype.kind == "V":
            raise ValueError(f"y must hold one target per row; got {KINDS['V']} (dtype {y.dtype}). Choose a field.")
        if y.dtype.kind == "m" or (numbers and y.dtype.kind == "M"):
            raise ValueError(f"y holds {KINDS[y.dtype.kind]}; numbers are learned. Say in what: (y - y.min()) / np.timedelta64(1, 'h').")
    if isinstance(y, list | tuple) or (isinstance(y, np.ndarray) and y.dtype.kind == "O" and y.ndim == 1):
        kinds = {type(label) for label in y}
        if missing := sum(label is None for label in y) if type(None) in kinds else 0:
            raise ValueError(f"y has {missing} missing targets (None). Leave out their rows.")
        mixed = any(issubclass(kind, str) for kind in kinds) and any(issubclass(kind, Number | np.number) for kind in kinds)
        if mixed and not any(isinstance(label, float) and math.isnan(label) for label in y):  # scikit-learn names those
            raise ValueError("y mixes text and numbers, which have no common order. Make all labels text, or all numbers.")


def _refuse_complex(values: Any, name: str) -> None:
    if getattr(getattr(values, "dtype", None), "kind", "") == "c":
        raise ValueError(
            f"Complex data not supported: {name} is {values.dtype}. Take the real part, or both parts as columns of their own."
        )


def _refuse_mask(values: Array, name: str, remedy: str) -> None:
    hidden = np.count_nonzero(values.mask) if isinstance(values, np.ma.MaskedArray) else 0
    if hidden:
        raise ValueError(f"{name} is a masked array with {hidden} hidden values, which would be learned as if they were there: {remedy}.")


def _shown(value: Any) -> str:
    return "None" if value is None else f"{type(value).__name__}"


def refuse_overflow(X: Any) -> None:
    """Raise DataError where the square of a number in X is infinite in X's dtype: gradients, and steps by them, would be lost."""
    values = X.data if hasattr(X, "indptr") else X
    if not isinstance(values, np.ndarray) or values.dtype.kind != "f" or not values.size:
        return
    most = float(np.sqrt(np.finfo(values.dtype).max)) / 4096.0
    if max(float(values.max()), -float(values.min())) > most:
        sizes = np.asarray(abs(X).max(axis=0).todense() if hasattr(X, "indptr") else np.abs(X).max(axis=0)).ravel()
        column = int(np.argmax(sizes))
        raise DataError(
            f"column {column} of X reaches {sizes[column]:.3g}, and products with it overflow {X.dtype}. "
            "Divide the column, or leave it out."
        )


def all_finite(A: Array) -> bool:
    """True only where every number is finite: squares of finite numbers may overflow, but no sum with nan or infinity is finite."""
    return math.isfinite(np.vdot(A, A))


def refuse_runaway(raw: Array, X: Any) -> None:
    """Raise DataError where the raw prediction of a row is not finite: no class and no number follows from it."""
    if all_finite(raw):
        return
    wrong = np.flatnonzero(~np.isfinite(raw).all(axis=tuple(range(1, raw.ndim))))
    if len(wrong):
        row = X[int(wrong[0]) : int(wrong[0]) + 1]
        largest = np.abs(row.data if hasattr(row, "indptr") else np.asarray(row)).max(initial=0.0)
        raise DataError(
            f"the prediction for row {wrong[0]} overflows: |x| reaches {largest:.3g} there ({len(wrong):,} such rows). "
            "Leave these rows out, or bring their numbers to the scale of the training rows."
        )


def checked_weights(sample_weight: Any, X: Any, dtype: Any = None) -> Array:
    """One finite weight of 0 or more per row of X. Raises ValueError for anything else."""
    if isinstance(sample_weight, np.ndarray):
        _refuse_mask(sample_weight, "sample_weight", "give those rows a weight of 0")
    kind = "V" if isinstance(sample_weight, NO_TABLES) else np.asarray(sample_weight).dtype.kind
    if kind not in "biufO":
        raise ValueError(f"sample_weight must hold one number of 0 or more per row; got {KINDS.get(kind, 'complex numbers')}.")
    weight: Array = _check_sample_weight(sample_weight, X, dtype=dtype, ensure_non_negative=True)
    with np.errstate(over="ignore", under="ignore"):
        mean = float(weight.mean(dtype=np.float64))
    if not SMALLEST_MEAN <= mean <= 1.0 / SMALLEST_MEAN and weight.any():
        raise ValueError(f"the mean of sample_weight is {mean:.3g}, where digits are lost. Divide the weights by their largest.")
    return weight
