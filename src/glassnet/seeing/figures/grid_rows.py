"""Rows like those a model was given, but with some columns of our choice and the others at a middle value.

The middle of numbers is their median; of anything else the most frequent value. Rows come back as the kind of table they were.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from glassnet.checks import did_you_mean, one_of

Array = NDArray[Any]


@dataclass(frozen=True)
class Table:
    """The columns of ``X``, whatever it is: a DataFrame, a dict of columns or an array."""

    X: Any
    names: tuple[str, ...]

    @classmethod
    def of(cls, X: Any, names: tuple[str, ...] = ()) -> Table:
        """Read ``X``; ``names`` are those of an array's columns, if any are known.

        Raises ValueError for what is no table of two dimensions.
        """
        if isinstance(X, dict):
            return cls(nw.from_dict(X, backend="polars"), tuple(X))
        frame = nw.from_native(X, eager_only=True, pass_through=True)
        if isinstance(frame, nw.DataFrame):
            return cls(frame, tuple(map(str, frame.columns)))
        dense = X.toarray() if hasattr(X, "toarray") else np.asarray(X)
        if dense.ndim != 2:
            raise ValueError(f"expected rows and columns, a table of two dimensions; got {dense.ndim}.")
        known = names if len(names) == dense.shape[1] else tuple(f"x{i}" for i in range(1, dense.shape[1] + 1))
        return cls(dense, known)

    def __len__(self) -> int:
        return len(self.X)

    def number_of(self, column: int | str) -> int:
        """The place of a column, given by its name or number from 0. Raises ValueError where there is none."""
        if isinstance(column, str):
            if column not in self.names:
                known = one_of(self.names[:12]) + (f" and {len(self.names) - 12} more" if len(self.names) > 12 else "")
                raise ValueError(f"there is no column {column!r}; the columns are {known}.{did_you_mean(column, self.names)}")
            return self.names.index(column)
        if not 0 <= column < len(self.names):
            raise ValueError(f"there is no column {column}; there are {len(self.names)}, counted from 0.")
        return int(column)

    def column(self, number: int) -> Array:
        """The values of a column."""
        if isinstance(self.X, np.ndarray):
            return self.X[:, number]
        return self.X[self.X.columns[number]].to_numpy()

    def numbers(self, number: int) -> NDArray[np.float64]:
        """The values of a column of numbers, nan where one is missing. Raises ValueError for a column of anything else."""
        values = self.column(number)
        if values.dtype.kind not in "fiub":
            raise ValueError(
                f"the column {self.names[number]!r} holds no numbers, and an axis needs them. Choose another, or two principal components."
            )
        return values.astype(np.float64)

    def middle(self, number: int) -> Any:
        """The median of a column of numbers, or the most frequent value."""
        values = self.column(number)
        if values.dtype.kind in "fiu":
            known = values[np.isfinite(values)] if values.dtype.kind == "f" else values
            return float(np.median(known)) if len(known) else 0.0
        present = [value for value in values.tolist() if value is not None and value == value]
        return max(dict.fromkeys(present), key=present.count, default=None)

    def rows(self, chosen: Mapping[int, Any], n: int, fixed: Mapping[int, Any] | None = None) -> Any:
        """``n`` rows with the ``chosen`` columns as given, ``fixed`` ones at one value and the others in the middle; of the kind of X."""
        values = {}
        for number in range(len(self.names)):
            if number in chosen:
                values[number] = chosen[number]
            else:
                values[number] = [self.middle(number) if fixed is None or number not in fixed else fixed[number]] * n
        if isinstance(self.X, np.ndarray):
            return np.column_stack([np.asarray(values[number]) for number in range(len(self.names))])
        columns = {name: values[number] for number, name in enumerate(self.X.columns)}
        return nw.from_dict(columns, backend=self.X.implementation).to_native()
