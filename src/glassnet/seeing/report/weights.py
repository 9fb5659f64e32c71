"""What it has learned, as weights: pictures where the inputs are pixels, else the largest by name; and how large they are per layer."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.seeing.report.charts import Axis, Chart
from glassnet.seeing.report.material import Material
from glassnet.seeing.report.thumbnails import encoded, weight_picture
from glassnet.seeing.svg import add, drawing, shortened, shown, to_text, width_of

Array = NDArray[Any]

PICTURES = 24
NAMES = 20
SINGLE = 12
LAYERS = 6
CLASS_COLUMNS = 12


def weights(material: Material) -> dict[str, Any]:
    """What the template's part about weights shows."""
    parameters = material.learned.parameters
    single = len(parameters) == 1
    found: dict[str, Any] = {"pictures": _pictures(material), "bars": None, "table": None, "largest": []}
    found["standardised"] = material.learned.target_scale is not None
    if found["pictures"] is None:
        if single and parameters[0][0].shape[1] == 1:
            found["bars"] = _signed(material)
        elif single:
            found["table"] = _by_class(material)
        else:
            found["bars"] = _leaving(material)
            found["largest"] = _largest(material)
    found["charts"] = [_spread(l, W) for l, (W, _) in enumerate(parameters[:LAYERS], 1)] if not single or found["pictures"] else []
    found["single"] = single
    return found


def _pictures(material: Material) -> dict[str, Any] | None:
    preparation = material.pictures
    if preparation is None:
        return None
    places = [(start, stop) for part, start, stop in preparation._parts() if part == "pixels"]
    if not places:
        return None
    start, stop = places[0]
    W = material.learned.parameters[0][0][start:stop]
    shape = (preparation.size, preparation.size) if preparation.grey else (preparation.size, preparation.size, 3)
    names = _first_units(material)
    order = np.argsort(-np.linalg.norm(W, axis=0), kind="stable")[:PICTURES]
    return {
        "units": [{"name": names[j], "uri": encoded(weight_picture(W[:, j].reshape(shape)))} for j in order.tolist()],
        "more": W.shape[1] - len(order),
        "colours": "grey is 0; a colour is what excites it" if not preparation.grey else "blue excites, orange inhibits, white is 0",
    }


def _first_units(material: Material) -> list[str]:
    n = material.learned.parameters[0][0].shape[1]
    return list(material.learned.outputs) if len(material.learned.parameters) == 1 else [f"unit {j + 1}" for j in range(n)]


def _signed(material: Material) -> dict[str, str]:
    """The weights of a single unit by the name of the input, the largest first."""
    W, b = material.learned.parameters[0]
    order = np.argsort(-np.abs(W[:, 0]), kind="stable")[:NAMES]
    names = [material.learned.inputs[i] for i in order]
    caption = f"Weight of each input; the bias is {shown(b[0])}." + _rest(len(W) - len(order))
    return {
        "svg": _bars(names, W[order, 0].astype(np.float64), "Weights by input"),
        "caption": caption,
        "title": "The weight of each input",
    }


def _leaving(material: Material) -> dict[str, str]:
    """How strongly each input is read: the length of the weights that leave it."""
    W = material.learned.parameters[0][0].astype(np.float64)
    lengths = np.linalg.norm(W, axis=1)
    order = np.argsort(-lengths, kind="stable")[:NAMES]
    names = [material.learned.inputs[i] for i in order]
    caption = "How strongly layer 1 reads each input: the length of all weights that leave it." + _rest(len(W) - len(order))
    return {
        "svg": _bars(names, lengths[order], "Length of the weights that leave each input"),
        "caption": caption,
        "title": "How strongly each input is read",
    }


def _rest(more: int) -> str:
    return f" {more:,} more are smaller." if more else ""


def _bars(names: list[str], values: Array, title: str) -> str:
    """Horizontal bars from a common zero, positive to the right."""
    width, row = 440.0, 22.0
    left = min(max(width_of(name, 12) for name in names) + 14, 180.0)
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    room = 54.0
    scale = (width - left - room - (room if low < 0 else 0.0)) / ((high - low) or 1.0)
    zero = left + (room if low < 0 else 0.0) - low * scale
    root = drawing(
        width, row * len(names), title=title, description=", ".join(f"{n} {shown(v)}" for n, v in zip(names, values, strict=True))
    )
    for i, (name, value) in enumerate(zip(names, values.tolist(), strict=True)):
        y = row * i
        label = add(root, "text", shortened(name, 12, left - 14), x=left - 8, y=y + 15, font_size=12, text_anchor="end", class_="f-ink")
        add(label, "title", name)
        end = zero + value * scale
        role = "positive" if value >= 0 else "negative"
        add(
            root,
            "rect",
            x=min(zero, end),
            y=y + 4,
            width=max(abs(end - zero), 0.5),
            height=row - 8,
            class_=f"f-{role}",
            fill_opacity=0.65,
            data_value=value,
        )
        anchor, at = ("start", end + 5) if value >= 0 else ("end", end - 5)
        add(root, "text", shown(value), x=at, y=y + 15, font_size=11, text_anchor=anchor, class_="f-quiet")
    add(root, "line", x1=zero, x2=zero, y1=0, y2=row * len(names), class_="s-quiet", stroke_width=0.8)
    return to_text(root)


def _by_class(material: Material) -> dict[str, Any]:
    """The weights of a single layer of several units: a table with the inputs that weigh most, shaded by size."""
    W, b = material.learned.parameters[0]
    order = np.argsort(-np.linalg.norm(W, axis=1), kind="stable")[:NAMES]
    units = list(material.learned.outputs)[:CLASS_COLUMNS]
    most = float(np.abs(W).max()) or 1.0
    lines = [
        {
            "name": material.learned.inputs[i],
            "cells": [
                {"text": shown(w), "shade": round(60 * abs(float(w)) / most), "role": "positive" if w >= 0 else "negative"}
                for w in W[i, : len(units)].tolist()
            ],
        }
        for i in order.tolist()
    ]
    return {"units": units, "lines": lines, "biases": [shown(v) for v in b[: len(units)].tolist()], "more": len(W) - len(order)}


def _largest(material: Material) -> list[dict[str, str]]:
    """The largest single weights of the whole network, with where they come from and go to."""
    found: list[tuple[float, int, int, int]] = []
    for l, (W, _) in enumerate(material.learned.parameters):
        flat = np.abs(W).reshape(-1)
        top = np.argpartition(-flat, min(SINGLE, len(flat)) - 1)[:SINGLE]
        found += [(float(W.reshape(-1)[place]), l, int(place // W.shape[1]), int(place % W.shape[1])) for place in top]
    found.sort(key=lambda entry: -abs(entry[0]))
    last = len(material.learned.parameters)
    return [
        {
            "from": material.learned.inputs[i] if l == 0 else f"layer {l}, unit {i + 1}",
            "to": material.learned.outputs_in_words[j] if l + 1 == last else f"layer {l + 1}, unit {j + 1}",
            "value": shown(w),
            "role": "positive" if w >= 0 else "negative",
        }
        for w, l, i, j in found[:SINGLE]
    ]


def _spread(layer: int, W: Array) -> dict[str, Any]:
    """A histogram of a layer's weights."""
    values = W.reshape(-1).astype(np.float64)
    values = values[np.isfinite(values)]
    counts, edges = np.histogram(values, bins=min(40, max(len(values) // 4, 4)))
    chart = Chart(
        f"Weights of layer {layer}",
        f"from {shown(values.min())} to {shown(values.max())}",
        Axis.over(edges, "weight", tight=True),
        Axis.over(counts, "weights", zero=True),
        height=200,
    )
    chart.bars(edges, counts, "positive")
    zeros = int((values == 0).sum())
    caption = f"{len(values):,} weights, typically {shown(float(np.sqrt(np.mean(values**2))))} in size"
    return {
        "title": f"Weights of layer {layer}",
        "svg": chart.svg,
        "key": [],
        "caption": f"{caption}{f'; {zeros:,} are exactly 0' if zeros else ''}.",
    }
