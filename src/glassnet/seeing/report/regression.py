"""How well numbers are predicted: predicted against true, how the errors are spread, and where they are large."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.seeing.report.charts import Axis, Chart
from glassnet.seeing.report.material import Material
from glassnet.seeing.report.wording import amount, percent

Array = NDArray[Any]

MOST_POINTS = 1500
QUANTILES = (0.5, 0.75, 0.9, 0.95, 0.99, 1.0)


def regression(material: Material) -> dict[str, Any]:
    """What the template's fourth part shows for numbers."""
    y, predicted = material.y.astype(np.float64), material.predicted.astype(np.float64)
    residuals = y - predicted
    rows = np.arange(len(y))
    sampled = len(rows) > MOST_POINTS
    if sampled:
        rows = np.sort(np.random.default_rng(0).choice(len(y), MOST_POINTS, replace=False))
    note = f" {MOST_POINTS:,} of {len(y):,} rows, drawn by chance." if sampled else ""
    size = 3.5 if len(rows) < 300 else 2.5
    both = np.r_[y, predicted]
    against = Chart(
        "Predicted against true",
        "on the line predictions are right",
        Axis.over(both, f"true {material.target}"),
        Axis.over(both, "predicted"),
    )
    against.line([against.x.low, against.x.high], [against.x.low, against.x.high], "faint", width=1.4, dash="4 3")
    against.points(y[rows], predicted[rows], "positive", size=size, opacity=0.45)
    residual = Chart(
        "Residual against predicted",
        "true minus predicted",
        Axis.over(predicted, f"predicted {material.target}"),
        Axis.over(residuals, "residual"),
    )
    residual.line([residual.x.low, residual.x.high], [0, 0], "ink", width=1.0)
    residual.points(predicted[rows], residuals[rows], "positive", size=size, opacity=0.45)
    counts, edges = np.histogram(residuals, bins=40)
    spread = Chart(
        "Residuals",
        "how often each size occurs",
        Axis.over(edges, "true minus predicted", tight=True),
        Axis.over(counts, "rows", zero=True),
    )
    spread.bars(edges, counts, "positive")
    spread.rule(0.0, "ink")
    bias = float(residuals.mean())
    side = "too low" if bias > 0 else "too high"
    return {
        "charts": [
            {
                "title": "Predicted against true",
                "svg": against.svg,
                "key": [],
                "caption": f"On the dashed line a prediction is right.{note}",
            },
            {
                "title": "Residual against predicted",
                "svg": residual.svg,
                "key": [],
                "caption": f"A pattern here is something it has missed.{note}",
            },
            {
                "title": "Spread of the residuals",
                "svg": spread.svg,
                "key": [],
                "caption": f"On average predictions are {amount(abs(bias))} {side}.",
            },
        ],
        "quantiles": [{"share": percent(q, 10), "error": amount(float(np.quantile(np.abs(residuals), q)))} for q in QUANTILES],
    }
