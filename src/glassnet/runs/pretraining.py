"""What a run shows of the Boltzmann machines below a deep belief network: progress, numbers, filters, and pictures they make up."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from glassnet.checks import DataError
from glassnet.runs.metrics import finite
from glassnet.runs.picture_reading import Stage
from glassnet.seeing.boltzmann import PICTURES
from glassnet.seeing.report.material import Machine
from glassnet.training.boltzmann.record import COLUMNS
from glassnet.training.history import Row

HISTORY = "pretraining.csv"
MEASURES = ("reconstruction_error", "free_energy_gap", "hidden_activity", "seconds")
"""What is told of a machine at its end; seconds are its own."""


@dataclass
class Pretraining:
    """Hears of every epoch of ``layers`` machines and tells ``stage``; ``begin`` is called when the last is over."""

    layers: int
    epochs: int
    stage: Stage | None
    begin: Callable[[], None] | None

    def __post_init__(self) -> None:
        self._tell(0, 0)

    def __call__(self, layer: int, row: Row) -> None:
        """An epoch of the machine of ``layer``, from 0, is over."""
        self._tell(layer, row["epoch"])
        if row["epoch"] < self.epochs:
            return
        if layer + 1 < self.layers:
            self._tell(layer + 1, 0)
        elif self.begin is not None:
            self.begin()

    def _tell(self, layer: int, epoch: int) -> None:
        if self.stage is not None:
            self.stage(f"pre-training layer {layer + 1} of {self.layers}, epoch", epoch, self.epochs)


def machines_of(estimator: Any) -> list[dict[str, Any]]:
    """For metrics.json: units, epochs and measures of each machine, from the inputs upwards; none without pre-training."""
    told = []
    for machine in estimator.rbms_:
        hidden, visible = machine.components_.shape
        last = machine.history_[-1]
        measures = {name: None if last[name] is None else finite(last[name]) for name in MEASURES}
        told.append({"visible": visible, "hidden": hidden, "epochs": len(machine.history_), **measures})
    return told


def history_of(estimator: Any) -> str:
    """The histories of all machines as one CSV, the layer, from 1, before each row."""
    text = io.StringIO()
    writer = csv.DictWriter(text, ("layer", *COLUMNS), lineterminator="\n")
    writer.writeheader()
    for layer, machine in enumerate(estimator.rbms_, start=1):
        writer.writerows({"layer": layer, **row} for row in machine.history_.rows)
    return text.getvalue()


def told_in(home: Path) -> tuple[list[Machine], dict[str, bytes]]:
    """Machines and their pictures, as `history_of` and `glassnet.seeing.boltzmann.pictures_of` have left them in a run directory."""
    try:
        text = (home / HISTORY).read_text(encoding="utf-8")
        layers: dict[int, list[dict[str, float | None]]] = {}
        for row in csv.DictReader(io.StringIO(text)):
            layer = int(row.pop("layer"))
            layers.setdefault(layer, []).append({name: float(value) if value else None for name, value in row.items()})
        sizes = [(machine["visible"], machine["hidden"]) for machine in json.loads((home / "metrics.json").read_text())["pretraining"]]
    except FileNotFoundError:
        return [], {}
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{home / HISTORY} or metrics.json beside it is damaged: {error}. Train anew, or restore the files.") from error
    pictures = {words: (home / name).read_bytes() for name, words in PICTURES.items() if (home / name).exists()}
    return [Machine(*size, layers[layer]) for layer, size in enumerate(sizes, start=1) if layer in layers], pictures
