"""The Boltzmann machines below a deep belief network: what each measured while it learned, its filters, and what all make up together."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.seeing.report.charts import Axis, Chart
from glassnet.seeing.report.curves import DASHES, ROLES
from glassnet.seeing.report.material import Material
from glassnet.seeing.report.thumbnails import encoded, weight_picture
from glassnet.seeing.svg import shown

Array = NDArray[Any]

FILTERS, FANTASIES = 30, 24
SWEEPS = 500
"""Of each chain, from the chains of the training."""
CURVES = (
    ("reconstruction_error", "Reconstruction error", "How far a row lies from what the machine makes of it, there and back."),
    (
        "free_energy_gap",
        "Free-energy gap",
        "Mean free energy of held-out rows less that of training rows: where it goes on growing, the machine learns its rows by heart.",
    ),
)


def machines(material: Material) -> dict[str, Any] | None:
    """What the template's part about machines shows; None without pre-training."""
    learned = getattr(material.estimator, "rbms_", None)
    if not learned:
        return None
    charts = [_curve(learned, *curve) for curve in CURVES]
    return {
        "lines": [_line(l, machine) for l, machine in enumerate(learned, 1)],
        "charts": [chart for chart in charts if chart is not None],
        **_pictures(material, learned),
    }


def _line(layer: int, machine: Any) -> dict[str, str]:
    hidden, visible = machine.components_.shape
    last = machine.history_[-1]
    told = {name: "–" if last[name] is None else shown(last[name]) for name, _, _ in CURVES}
    return {
        "layer": str(layer),
        "units": f"{visible:,} and {hidden:,}",
        "epochs": f"{len(machine.history_):,}",
        **told,
        "activity": "–" if last["hidden_activity"] is None else f"{100 * last['hidden_activity']:.1f} %",
    }


def _curve(learned: list[Any], column: str, title: str, caption: str) -> dict[str, Any] | None:
    """One measure by epoch, a line for each machine."""
    known = [[(row["epoch"], row[column]) for row in machine.history_ if row[column] is not None] for machine in learned]
    if max(map(len, known)) < 2:
        return None
    every = np.array([pair for pairs in known for pair in pairs], dtype=np.float64)
    ends = "; ".join(f"machine {l}: {shown(pairs[0][1])} to {shown(pairs[-1][1])}" for l, pairs in enumerate(known, 1) if pairs)
    chart = Chart(title, ends, Axis.over(every[:, 0], "epoch", tight=True), Axis.over(every[:, 1], title.lower()))
    key = []
    for l, pairs in enumerate(known):
        role, dash = ROLES[l % len(ROLES)], DASHES[(l // len(ROLES)) % len(DASHES)]
        epochs, values = np.array(pairs, dtype=np.float64).reshape(-1, 2).T
        chart.line(epochs, values, role, dash=dash, data_machine=str(l + 1))
        key.append({"role": role, "words": f"machine {l + 1}", "dashed": "" if dash is None else "dashed"})
    return {"title": title, "svg": chart.svg, "key": key, "caption": caption}


def _pictures(material: Material, learned: list[Any]) -> dict[str, Any]:
    """Filters of the first machine and samples of them all, where the inputs are pixels."""
    preparation = material.pictures
    if preparation is None or not preparation.gives_intensities:
        return {"filters": [], "samples": [], "sweeps": SWEEPS, "more": 0}
    size = preparation.size
    shape = (size, size) if preparation.grey else (size, size, 3)
    W = learned[0].components_
    order = np.argsort(-np.linalg.norm(W, axis=1), kind="stable")[:FILTERS].tolist()
    rows = material.estimator.sample(FANTASIES, n_chains=FANTASIES, burn_in=SWEEPS, means=True, random_state=0)
    grey = np.asarray(np.round(255 * np.clip(rows, 0.0, 1.0)), dtype=np.uint8)
    return {
        "filters": [{"name": f"unit {j + 1}", "uri": encoded(weight_picture(W[j].reshape(shape)))} for j in order],
        "samples": [encoded(row.reshape(shape)) for row in grey],
        "sweeps": SWEEPS,
        "more": len(W) - len(order),
    }
