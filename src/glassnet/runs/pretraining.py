"""What a run shows of the Boltzmann machines below a deep belief network: progress, numbers, filters, and pictures they make up."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from glassnet.data.pixels import ImagePreparation
from glassnet.runs.metrics import finite
from glassnet.runs.picture_reading import Stage
from glassnet.seeing.boltzmann import fantasies, filters
from glassnet.seeing.figures.display import Display
from glassnet.training.boltzmann.record import COLUMNS
from glassnet.training.history import Row

HISTORY = "pretraining.csv"
FANTASIES = 30
SWEEPS = 500
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


def figures_of(estimator: Any, preparation: Any, seed: int) -> dict[str, Display]:
    """Filters of the first machine, and what all of them together make up; of pixels only."""
    if not estimator.rbms_ or not isinstance(preparation, ImagePreparation) or not preparation.gives_intensities:
        return {}
    size = preparation.size
    shape = (size, size, 3) if preparation.channels == 3 else (size, size)
    return {
        "filters.png": filters(estimator.rbms_[0], shape),
        "samples.png": fantasies(estimator, shape, n=FANTASIES, burn_in=SWEEPS, random_state=seed),
    }
