"""The record of a Boltzmann machine's training: one row per epoch, measured after it on rows that are set aside for that.

Columns
    epoch                    1, 2, ...
    pseudo_likelihood        mean log pseudo-likelihood of watched training rows, in nats; None with Gaussian units
    reconstruction_error     mean squared difference between a unit and its mean after one pass up and down; falls where learning goes wrong
                             too, so it is no measure of success
    free_energy              mean free energy of the watched training rows, nats; its zero moves with log Z
    val_pseudo_likelihood, val_reconstruction_error, val_free_energy     the same of held-out rows; None without them
    free_energy_gap          val_free_energy - free_energy: log Z drops out, and a gap that grows is overfitting
    hidden_activity          mean of P(h = 1 | v), in [0, 1]
    weight_norm              Euclidean norm of W
    learning_rate            of the epoch
    seconds                  since training began
"""

from __future__ import annotations

import csv
import importlib.util
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, cast

import numpy as np
from numpy.typing import NDArray

from glassnet.networks.boltzmann.machine import Machine, Parameters
from glassnet.networks.boltzmann.pseudo_likelihood import pseudo_log_likelihood
from glassnet.training.history import History, Row

Array = NDArray[Any]

MEASURES = ("pseudo_likelihood", "reconstruction_error", "free_energy")
COLUMNS = (
    "epoch",
    *MEASURES,
    *(f"val_{measure}" for measure in MEASURES),
    "free_energy_gap",
    "hidden_activity",
    "weight_norm",
    "learning_rate",
    "seconds",
)
WATCHED = 500
"""Rows that are measured after every epoch, of the training rows and of the held-out ones each."""


class BoltzmannHistory(History):
    """Rows with the columns of a Boltzmann machine.

    >>> history = BoltzmannHistory()
    >>> history.append(epoch=1, reconstruction_error=0.2)
    >>> history.column("reconstruction_error")
    [0.2]
    """

    def append(self, **row: Any) -> None:
        """Add a row; columns left out are None."""
        self.rows.append({**dict.fromkeys(COLUMNS), **row})

    def __repr__(self) -> str:
        if not self.rows:
            return "BoltzmannHistory(no epochs)"
        return f"BoltzmannHistory({len(self.rows)} epochs; {self.stopped_because})"

    def as_arrays(self) -> dict[str, NDArray[np.float64]]:
        """The columns as float64 arrays called ``history_<column>``, nan where there is no value."""
        return {f"history_{name}": np.array([np.nan if row[name] is None else row[name] for row in self.rows]) for name in COLUMNS}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The reverse of ``as_arrays``; raises KeyError for a missing column, ValueError for columns of unequal length."""
        columns = [arrays[f"history_{name}"].tolist() for name in COLUMNS]
        history = cls()
        for values in zip(*columns, strict=True):
            row = {name: None if math.isnan(value) else value for name, value in zip(COLUMNS, values, strict=True)}
            history.append(**{**row, "epoch": int(values[0])})
        return history

    def to_frame(self, backend: str | None = None) -> Any:
        """The rows as a DataFrame: 'pandas', 'polars' or 'pyarrow'; None takes pandas, else Polars. Empty columns are left out."""
        import narwhals as nw

        backend = backend or ("pandas" if importlib.util.find_spec("pandas") else "polars")
        columns = {name: self.column(name) for name in COLUMNS if not self.rows or any(row[name] is not None for row in self.rows)}
        return nw.from_dict(columns, backend=cast(Any, backend)).to_native()

    def to_csv(self, path: str | Path) -> None:
        """Write the rows as CSV, every number with all its digits, empty where there is none."""
        with open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(self.rows)


def measured(machine: Machine, p: Parameters, V: Array, *, pseudo: bool = True) -> Row:
    """The measures of rows V under the machine as it is; ``pseudo`` False leaves out the pseudo-likelihood."""
    H = machine.hidden_means(p, V)
    again = machine.visible_means(p, H)
    discrete = not len(machine.visible.gaussian)
    return {
        "pseudo_likelihood": float(pseudo_log_likelihood(machine, p, V).mean()) if discrete and pseudo else None,
        "reconstruction_error": float(np.square(V - again).mean(dtype=np.float64)),
        "free_energy": float(machine.free_energy(p, V).mean()),
        "hidden_activity": float(H.mean(dtype=np.float64)),
    }


@dataclass
class Record:
    """Appends a row to ``history`` after every epoch; ``V`` and ``V_val`` are the rows to measure, the second may be None."""

    machine: Machine
    history: BoltzmannHistory
    V: Array
    V_val: Array | None = None
    pseudo: bool = True
    began: float = 0.0

    def begin(self) -> None:
        """Start the clock, going on where the history ends."""
        spent = self.history[-1]["seconds"] if len(self.history) else 0.0
        self.began = time.perf_counter() - spent

    def take(self, p: Parameters, rate: float) -> Row:
        """Measure and append."""
        row = measured(self.machine, p, self.V, pseudo=self.pseudo)
        if self.V_val is not None:
            held = measured(self.machine, p, self.V_val, pseudo=self.pseudo)
            row |= {f"val_{name}": held[name] for name in MEASURES}
            row["free_energy_gap"] = held["free_energy"] - row["free_energy"]
        norm = float(np.linalg.norm(p.W))
        spent = time.perf_counter() - self.began
        self.history.append(epoch=len(self.history) + 1, weight_norm=norm, learning_rate=rate, seconds=spent, **row)
        return self.history[-1]
