"""The Boltzmann machines below a deep belief network: what each measured while it learned, its filters, and what all make up together."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np

from glassnet.seeing.report.charts import Axis, Chart
from glassnet.seeing.report.curves import stroke
from glassnet.seeing.report.material import Machine, Material
from glassnet.seeing.svg import shown

CURVES = (
    ("reconstruction_error", "Reconstruction error", "How far a row lies from what the machine makes of it, there and back."),
    (
        "free_energy_gap",
        "Free-energy gap",
        "Mean free energy of held-out rows less that of training rows: where it goes on growing, the machine learns its rows by heart.",
    ),
)


def machines_below(estimator: Any) -> list[Machine]:
    """The machines that an estimator was pre-trained by; none of other networks, and of a model that was loaded."""
    learned = getattr(estimator, "rbms_", ())
    return [Machine(one.components_.shape[1], one.components_.shape[0], one.history_.rows) for one in learned]


def machines(material: Material) -> dict[str, Any] | None:
    """What the template's part about machines shows; None without pre-training."""
    if not material.machines:
        return None
    charts = [_curve(material.machines, *curve) for curve in CURVES]
    pictures = {name: "data:image/png;base64," + base64.b64encode(file).decode("ascii") for name, file in material.machine_pictures.items()}
    return {
        "lines": [_line(l, machine) for l, machine in enumerate(material.machines, 1)],
        "charts": [chart for chart in charts if chart is not None],
        "pictures": pictures,
    }


def _line(layer: int, machine: Machine) -> dict[str, str]:
    last = machine.history[-1]
    told = {name: "–" if last[name] is None else shown(last[name]) for name, _, _ in CURVES}
    return {
        "layer": str(layer),
        "units": f"{machine.visible:,} and {machine.hidden:,}",
        "epochs": f"{len(machine.history):,}",
        **told,
        "activity": "–" if last["hidden_activity"] is None else f"{100 * last['hidden_activity']:.1f} %",
    }


def _curve(learned: Sequence[Machine], column: str, title: str, caption: str) -> dict[str, Any] | None:
    """One measure by epoch, a line for each machine."""
    known = [[(row["epoch"], row[column]) for row in machine.history if row[column] is not None] for machine in learned]
    if max(map(len, known)) < 2:
        return None
    every = np.array([pair for pairs in known for pair in pairs], dtype=np.float64)
    ends = "; ".join(f"machine {l}: {shown(pairs[0][1])} to {shown(pairs[-1][1])}" for l, pairs in enumerate(known, 1) if pairs)
    chart = Chart(title, ends, Axis.over(every[:, 0], "epoch", tight=True), Axis.over(every[:, 1], title.lower()))
    key = []
    for l, pairs in enumerate(known):
        role, dash, named = stroke(l)
        epochs, values = np.array(pairs, dtype=np.float64).reshape(-1, 2).T
        chart.line(epochs, values, role, dash=dash, data_machine=str(l + 1))
        key.append({"role": role, "words": f"machine {l + 1}", "dashed": named})
    return {"title": title, "svg": chart.svg, "key": key, "caption": caption}
