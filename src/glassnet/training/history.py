"""The record of a training: one row per epoch, or per iteration of a full-batch solver.

Columns
    epoch          1, 2, ...
    loss           training loss with penalties, per unit of sample weight (nats, or squared, absolute units of y)
    val_loss       held-out loss without penalties; None without held-out rows
    val_score      the monitored score on the held-out rows; None where no score is asked for
    gradient_norm  Euclidean norm of the gradient of the loss: of the epoch's last batch, or of all rows for a full-batch solver
    weight_norm    Euclidean norm of theta
    learning_rate  the rate of the epoch; the step length for line-search solvers where they tell it, else None
    seconds        wall time since training began

Two columns hold one number per layer, biases with their weights; None where a solver does not tell
    layer_gradient_norms   Euclidean norm of the layer's part of that gradient
    layer_update_ratios    |last update of the epoch| / |weights it moved|: about 1e-3 when a network learns at a healthy pace
"""

from __future__ import annotations

import csv
import importlib.util
import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self, cast

import numpy as np
from numpy.typing import NDArray

Row = dict[str, Any]

COLUMNS = ("epoch", "loss", "val_loss", "val_score", "gradient_norm", "weight_norm", "learning_rate", "seconds")
LAYER_COLUMNS = {"layer_gradient_norms": "gradient_norm_layer_", "layer_update_ratios": "update_ratio_layer_"}
"""Columns of one number per layer, and what each is called when it is spread over columns of single numbers."""


class History:
    """Rows in the order they happened, and why they end.

    >>> history = History()
    >>> history.append(epoch=1, loss=0.7)
    >>> history.append(epoch=2, loss=0.5)
    >>> history.column("loss")
    [0.7, 0.5]
    >>> history[-1]["epoch"]
    2
    """

    def __init__(self, rows: Iterable[Row] = (), stopped_because: str = "") -> None:
        self.rows: list[Row] = [dict(row) for row in rows]
        self.stopped_because = stopped_because

    def append(self, **row: Any) -> None:
        """Add a row; columns left out are None."""
        self.rows.append({**dict.fromkeys((*COLUMNS, *LAYER_COLUMNS)), **row})

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __getitem__(self, index: int) -> Row:
        return self.rows[index]

    def __repr__(self) -> str:
        if not self.rows:
            return "History(no epochs)"
        return f"History({len(self.rows)} epochs, last loss {self.rows[-1]['loss']:.6g}; {self.stopped_because})"

    def column(self, name: str) -> list[Any]:
        """One column as a list."""
        return [row[name] for row in self.rows]

    def as_arrays(self) -> dict[str, NDArray[np.float64]]:
        """The columns as float64 arrays called ``history_<column>``, nan where there is no value: the form in model files.

        A column per layer is an array (epochs, layers), with no layers where no epoch tells them.
        """
        arrays = {
            f"history_{name}": np.array([np.nan if row[name] is None else row[name] for row in self.rows], dtype=np.float64)
            for name in COLUMNS
        }
        for name in LAYER_COLUMNS:
            layers = self._layers(name)
            rows = [[np.nan] * layers if row[name] is None else row[name] for row in self.rows]
            arrays[f"history_{name}"] = np.array(rows, dtype=np.float64).reshape(len(self.rows), layers)
        return arrays

    def _layers(self, name: str) -> int:
        """How many numbers a column per layer has; 0 where no epoch has it."""
        return next((len(row[name]) for row in self.rows if row[name] is not None), 0)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The reverse of ``as_arrays``; raises KeyError for a missing column, ValueError for columns of unequal length."""
        columns = [arrays[f"history_{name}"].tolist() for name in COLUMNS]
        history = cls()
        for values in zip(*columns, strict=True):
            row = {name: None if math.isnan(value) else value for name, value in zip(COLUMNS, values, strict=True)}
            history.append(**{**row, "epoch": int(values[0])})
        for name in LAYER_COLUMNS:
            table = arrays[f"history_{name}"]
            if table.ndim != 2:
                raise ValueError(f"history_{name} must be a table (epochs, layers); got the shape {table.shape}.")
            for row, values in zip(history.rows, table, strict=True):
                row[name] = None if np.isnan(values).all() else values.tolist()
        return history

    def spread(self) -> dict[str, list[Any]]:
        """The columns by name, one number in each cell: a column per layer becomes a column for each layer, counted from 1."""
        columns = {name: self.column(name) for name in COLUMNS}
        for name, stem in LAYER_COLUMNS.items():
            for l in range(self._layers(name)):
                columns[f"{stem}{l + 1}"] = [None if row[name] is None else row[name][l] for row in self.rows]
        return columns

    def to_frame(self, backend: str | None = None) -> Any:
        """The rows as a DataFrame: ``backend`` is 'pandas', 'polars' or 'pyarrow'; None takes pandas if installed, else Polars.

        Columns that never have a value are left out; without rows, all are there.
        """
        import narwhals as nw

        backend = backend or ("pandas" if importlib.util.find_spec("pandas") else "polars")
        columns = {name: values for name, values in self.spread().items() if not values or any(value is not None for value in values)}
        return nw.from_dict(columns, backend=cast(Any, backend)).to_native()

    def to_csv(self, path: str | Path) -> None:
        """Write the rows as CSV, every number with all its digits, empty where there is none."""
        with open(path, "w", newline="", encoding="utf-8") as file:
            columns = self.spread()
            writer = csv.writer(file)
            writer.writerow(columns)
            writer.writerows(zip(*columns.values(), strict=True))
