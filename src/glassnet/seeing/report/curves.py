"""How it learned: the loss by epoch, and what each layer's gradient and updates were like."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.data.wording import count
from glassnet.seeing.doctor.findings import HEALTHY, spoken
from glassnet.seeing.report.charts import Axis, Chart
from glassnet.seeing.report.material import Material
from glassnet.seeing.svg import shown

Array = NDArray[Any]

LOG_FROM = 8.0
"""A loss that falls by more than this factor is drawn on a logarithmic axis."""
MOST_POINTS = 400
"""Epochs drawn of a long training: every n-th, and the last."""
PENALTY_SEEN = 0.01
"""An alpha from which on the penalty can be seen in a loss."""
RATIO_SOURCE = "about 0.001 is healthy"


def learning(material: Material) -> dict[str, Any]:
    """What the template's third part shows."""
    history, ending = material.history, material.ending
    n = len(history)
    sentences = []
    if n:
        seconds = ending.get("seconds", history[-1]["seconds"])
        took = f" in {seconds:.1f} s" if seconds is not None else ""
        kept = ending.get("kept_epoch")
        keeps = f"; the weights of epoch {kept} are kept" if kept else ""
        sentences.append(f"{count(n, 'epoch')}{took}{keeps}.")
    if history.stopped_because:
        sentences.append(f"Stopped: {history.stopped_because}.")
    return {
        "sentences": sentences,
        "charts": [chart for chart in (_losses(material), *_per_layer(material)) if chart is not None],
        "findings": [{**finding, "title": spoken(finding["name"]).capitalize()} for finding in material.findings],
        "healthy": HEALTHY,
        "summary": _summary(material),
    }


def _summary(material: Material) -> list[list[str]]:
    """The layers as a table: number, shape, activation, weights, biases."""
    layers = material.subject.network.layers
    names = [layer.activation.name for layer in layers]
    names[-1] = material.subject.network.loss.link
    return [
        [str(l), f"{layer.n_in:,} → {layer.n_out:,}", name, f"{layer.n_in * layer.n_out:,}", f"{layer.n_out * layer.bias:,}"]
        for l, (layer, name) in enumerate(zip(layers, names, strict=True), 1)
    ]


def _losses(material: Material) -> dict[str, str] | None:
    history = material.history
    if len(history) < 2:
        return None
    epochs = np.array(history.column("epoch"), dtype=np.float64)
    training, held_out = _floats(history.column("loss")), _floats(history.column("val_loss"))
    every = np.concatenate([training, held_out])
    finite = every[np.isfinite(every)]
    log = len(finite) > 0 and finite.min() > 0 and finite.max() > LOG_FROM * finite.min()
    watched = bool(np.isfinite(held_out).any())
    chart = Chart(
        "Loss by epoch",
        f"training loss {shown(training[0])} to {shown(training[-1])}"
        + (f", held-out loss {shown(held_out[0])} to {shown(held_out[-1])}" if watched else ""),
        Axis.over([epochs[0], epochs[-1]], "epoch", tight=True),
        Axis.over(finite, "loss", log=log),
    )
    chosen = _thinned(len(epochs))
    chart.line(epochs[chosen], training[chosen], "positive", data_curve="training")
    if watched:
        chart.line(epochs[chosen], held_out[chosen], "negative", dash="5 3", data_curve="held-out")
    kept = material.ending.get("kept_epoch")
    if kept and 1 <= kept <= len(epochs):
        curve, role = (held_out, "negative") if watched else (training, "positive")
        if math.isfinite(curve[kept - 1]):
            chart.mark(float(kept), float(curve[kept - 1]), role, data_epoch=str(kept), data_value=float(curve[kept - 1]))
    key = [("positive", "training rows", ""), *([("negative", "held-out rows", "dashed")] if watched else [])]
    told = ["Ring: the weights that are kept."] if kept else []
    if watched and (material.estimator.alpha >= PENALTY_SEEN or material.estimator.l1):
        told.append("The loss of the training rows holds the penalty of the weights, that of the held-out rows does not.")
    caption = " ".join(told)
    return {"title": "Loss by epoch", "svg": chart.svg, "key": _key(key), "caption": caption}


def _per_layer(material: Material) -> list[dict[str, str] | None]:
    drawn: list[dict[str, str] | None] = []
    for column, title, label, caption in (
        ("layer_gradient_norms", "Gradient of each layer", "norm of the gradient", "How strongly the loss pulls at each layer's weights."),
        ("layer_update_ratios", "Pace of each layer", "|update| / |weights|", f"Of the last update of each epoch; {RATIO_SOURCE}."),
    ):
        known = [(row["epoch"], row[column]) for row in material.history if row.get(column) is not None]
        if len(known) < 2:
            continue
        epochs = np.array([epoch for epoch, _ in known], dtype=np.float64)
        values = np.array([numbers for _, numbers in known], dtype=np.float64)
        positive = values[np.isfinite(values) & (values > 0)]
        if not len(positive):
            continue
        chart = Chart(title, label, Axis.over([epochs[0], epochs[-1]], "epoch", tight=True), Axis.over(positive, label, log=True))
        chosen = _thinned(len(epochs))
        for l, numbers in enumerate(values.T):
            smooth = np.where(numbers > 0, numbers, np.nan)
            chart.line(
                epochs[chosen],
                smooth[chosen],
                stroke(l)[0],
                dash=stroke(l)[1],
                width=1.3,
                data_layer=str(l + 1),
            )
        layers = [(stroke(l)[0], f"layer {l + 1}", stroke(l)[2]) for l in range(values.shape[1])]
        drawn.append({"title": title, "svg": chart.svg, "key": _key(layers), "caption": caption})
    return drawn


ROLES = ("positive", "negative", "gradient", "quiet")
DASHES = ((None, ""), ("6 3", "dashed"), ("2 3", "dotted"))
STROKES = len(ROLES) * len(DASHES)


def stroke(line: int) -> tuple[str, str | None, str]:
    """(colour, dashes, what the key calls them) of one line of several; after STROKES they begin anew."""
    return ROLES[line % len(ROLES)], *DASHES[line // len(ROLES) % len(DASHES)]


def _key(entries: list[tuple[str, str, str]]) -> Any:
    """What the colours mean, for the template."""
    return [{"role": role, "words": words, "dashed": dashed} for role, words, dashed in entries]


def _thinned(n: int) -> Array:
    step = max(1, -(-n // MOST_POINTS))
    return np.unique(np.r_[np.arange(0, n, step), n - 1])


def _floats(values: list[Any]) -> Array:
    return np.array([math.nan if value is None else value for value in values], dtype=np.float64)
