"""The verdict: how good the model is on rows it has never seen, how sure that is, and whether something simpler would do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from glassnet.data.wording import count
from glassnet.seeing.report.intervals import bootstrap, resamples, wilson
from glassnet.seeing.report.material import Material
from glassnet.seeing.report.wording import LOWER_IS_BETTER, METRICS, amount, figure, percent
from glassnet.seeing.svg import add, drawing, to_text, width_of

FEW = 100
"""Test rows below which the interval is so wide that it is said in words."""


@dataclass(frozen=True)
class Bar:
    """A model's main figure in the comparison: value, interval ends or None, and how it is written."""

    name: str
    value: float
    low: float | None
    high: float | None
    written: str


def verdict(material: Material) -> dict[str, Any]:
    """What the template's first part shows."""
    if material.metrics is None:
        return {"headline": "", "sentences": ["No rows were set aside, so nothing is known about new rows."], "table": None, "chart": ""}
    n = len(material.y)
    if not material.classifies and not np.ptp(material.y.astype(np.float64)):
        return _of_one_value(material, n)
    bars = _shares(material, n) if material.classifies else _variances(material, n)
    own = bars[0]
    assert own.low is not None and own.high is not None
    if material.classifies:
        right = int(np.sum(material.predicted == material.y))
        headline, unit = percent(own.value, n), f"of {count(n, material.noun)} it has never seen are classified rightly"
        interval = f"95 % interval {percent(own.low, n)} to {percent(own.high, n)} (Wilson): {right:,} of {n:,}."
    else:
        headline = f"{own.value:.3f}".replace("-", "−")
        unit = f"is R², the share of the variance of {material.target} that is explained, on {count(n, material.noun)} it has never seen"
        low, high = (f"{end:.3f}".replace("-", "−") for end in (own.low, own.high))
        interval = f"95 % interval {low} to {high} (bootstrap, {resamples(n):,} resamples)."
    return {
        "headline": headline,
        "unit": unit,
        "interval": interval,
        "sentences": [*_compared(material, bars), *_sized(material, n), *material.remarks],
        "table": _table(material),
        "chart": _chart(bars, percentages=material.classifies),
    }


def _of_one_value(material: Material, n: int) -> dict[str, Any]:
    """Numbers that are all the same have no variance to explain; how far off predictions are can still be told."""
    rows = count(n, material.noun) + (f", which all have the same {material.target}: R² has no meaning here" if n > 1 else "")
    return {
        "headline": amount((material.metrics or {}).get("mae")),
        "unit": f"is how far off predictions of {material.target} are on average, on {rows}",
        "interval": "No interval: such a test says nothing about other values.",
        "sentences": [*_sized(material, n), *material.remarks],
        "table": _table(material),
        "chart": "",
    }


def _shares(material: Material, n: int) -> list[Bar]:
    """Accuracy of the model and of each baseline."""
    found = []
    for name, metrics in {"this model": material.metrics or {}, **material.baselines}.items():
        share = metrics["accuracy"]
        if share is not None:
            found.append(Bar(name, share, *wilson(round(share * n), n), percent(share, n)))
    return found


def _variances(material: Material, n: int) -> list[Bar]:
    """R squared likewise; the baselines' are told without interval, since only their figures are kept."""
    y, predicted = material.y.astype(np.float64), material.predicted.astype(np.float64)

    def explained(rows: Any) -> Any:
        truth = y[rows]
        spread = np.sum((truth - truth.mean()) ** 2)
        return 1 - np.sum((truth - predicted[rows]) ** 2) / spread if spread > 0 else np.nan

    metrics = material.metrics or {}
    value = metrics["r2"] if metrics["r2"] is not None else 0.0
    found = [Bar("this model", value, *bootstrap(explained, n), figure(value))]
    for name, baseline in material.baselines.items():
        if baseline["r2"] is not None:
            found.append(Bar(name, baseline["r2"], None, None, figure(baseline["r2"])))
    return found


def _compared(material: Material, bars: list[Bar]) -> list[str]:
    """The model beside each baseline, in words."""
    own, sentences = bars[0], []
    assert own.low is not None and own.high is not None
    for bar in bars[1:]:
        if bar.value >= own.value:
            how = "does better" if bar.value > own.high else "does no worse"
            sentences.append(f"The {bar.name} {how}: {bar.written}. A simpler model may be all that these data ask for.")
        elif bar.value >= own.low:
            sentences.append(f"The {bar.name} reaches {bar.written}, which lies within the interval: the difference may be chance.")
        else:
            sentences.append(f"The {bar.name} reaches {bar.written}, below the interval.")
    if not material.classifies and material.metrics:
        typical = f"A prediction is off by {amount(material.metrics['mae'])} on average"
        sentences.insert(0, f"{typical} (root mean square {amount(material.metrics['rmse'])}, in units of {material.target}).")
    return sentences


def _sized(material: Material, n: int) -> list[str]:
    if n >= FEW:
        return []
    return [f"The test has only {count(n, material.noun)}; the interval says how little that can tell."]


def _table(material: Material) -> dict[str, Any]:
    """A line for each model, a column for each metric, the best of each column marked."""
    models = {"this model": material.metrics or {}, **material.baselines}
    names = [name for name in METRICS if name in (material.metrics or {})]
    best = {}
    for name in names:
        values = [value for metrics in models.values() if (value := metrics[name]) is not None]
        if values:
            best[name] = min(values) if name in LOWER_IS_BETTER else max(values)
    lines = [
        {
            "name": model,
            "cells": [
                {"text": figure(metrics[name], name), "best": metrics[name] is not None and metrics[name] == best.get(name)}
                for name in names
            ],
        }
        for model, metrics in models.items()
    ]
    return {"heads": [{"name": METRICS[name][0], "explained": METRICS[name][1]} for name in names], "lines": lines}


def _chart(bars: list[Bar], *, percentages: bool) -> str:
    """A dot for each model, with its interval as a line."""
    name_room = max(width_of(bar.name, 13) for bar in bars) + 14
    width, row, room = 440.0, 28.0, 56.0
    ends = [value for bar in bars for value in (bar.value, bar.low, bar.high) if value is not None]
    low, high = min(ends), max(ends)
    low = max(low, -0.1) if not percentages else low
    pad = (high - low) * 0.06 or 0.05
    low, high = low - pad, high + pad
    if percentages:
        low, high = max(low, 0.0), min(high, 1.0)
    scale = (width - name_room - room) / (high - low)

    def across(value: float) -> float:
        return name_room + (min(max(value, low), high) - low) * scale

    words = "; ".join(f"{bar.name} {bar.written}" for bar in bars)
    root = drawing(width, row * len(bars) + 6, title="This model and simpler answers", description=words)
    own = bars[0]
    if own.low is not None and own.high is not None:
        band = {"x": across(own.low), "width": max(across(own.high) - across(own.low), 1.0)}
        add(root, "rect", **band, y=0, height=row * len(bars) + 6, class_="f-positive", fill_opacity=0.1)
    for i, bar in enumerate(bars):
        y = row * (i + 0.5) + 3
        weight = "600" if i == 0 else None
        add(root, "text", bar.name, x=name_room - 14, y=y + 4.5, font_size=13, text_anchor="end", class_="f-ink", font_weight=weight)
        add(root, "line", x1=name_room, x2=width - room, y1=y, y2=y, class_="s-faint", stroke_width=0.8)
        role = "positive" if i == 0 else "quiet"
        if bar.low is not None and bar.high is not None:
            add(root, "line", x1=across(bar.low), x2=across(bar.high), y1=y, y2=y, class_=f"s-{role}", stroke_width=3 if i == 0 else 1.6)
        add(root, "circle", cx=across(bar.value), cy=y, r=6 if i == 0 else 4.5, class_=f"f-{role}", data_value=bar.value)
        add(root, "text", bar.written, x=width, y=y + 4.5, font_size=13, text_anchor="end", class_="f-ink", font_weight=weight)
    return to_text(root)
