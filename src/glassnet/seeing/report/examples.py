"""Single test rows: the worst errors with their arithmetic, and rows to watch on their way through the network and back."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.data.pixels import ImagePreparation
from glassnet.data.preparation import TablePreparation
from glassnet.data.wording import count
from glassnet.seeing.diagram.network_diagram import diagram
from glassnet.seeing.report.material import Material
from glassnet.seeing.report.thumbnails import data_uri
from glassnet.seeing.report.wording import NO_BREAK, amount
from glassnet.seeing.svg import shown
from glassnet.seeing.trace.page import fragment
from glassnet.seeing.trace.trace import Trace
from glassnet.seeing.trace.tracing import trace

Array = NDArray[Any]

WEIGHED = 4
"""Inputs named beside an error."""
UNITS = 8
"""Units drawn of a layer."""
PER_CLASS = 4
"""Classes of which a rightly classified row is drawn."""


def mistakes(material: Material, most: int) -> dict[str, Any]:
    """The worst errors: of classes the most confident ones; where there are none, the least certain rows."""
    if not len(material.y):
        return {"title": "", "rows": [], "words": ""}
    order, title, words = _worst(material)
    return {"title": title, "rows": [_row(material, int(i)) for i in order[:most]], "words": words}


def _worst(material: Material) -> tuple[Array, str, str]:
    """(row numbers, heading, words)."""
    if not material.classifies:
        errors = np.abs(material.predicted.astype(np.float64) - material.y)
        return np.argsort(-errors, kind="stable"), "Worst errors", "The test rows whose prediction is furthest from the truth."
    sure = material.probability.max(axis=1)
    wrong = np.flatnonzero(material.predicted_codes != material.codes)
    if len(wrong):
        found = f"{count(len(wrong), 'test ' + material.noun)} of {len(material.y):,} {'was' if len(wrong) == 1 else 'were'}"
        words = f"{found} classified wrongly; the most confident first."
        return wrong[np.argsort(-sure[wrong], kind="stable")], "Worst errors", words
    words = f"None of {count(len(material.y), 'test ' + material.noun)} was classified wrongly. These were the least certain."
    return np.argsort(sure, kind="stable")[:3], "Least certain", words


def _row(material: Material, i: int) -> dict[str, Any]:
    """One row: who it is, what was said of it, what weighed most, and the way there."""
    traced = trace(material.learned, material.row(i), material.y[i].item() if hasattr(material.y[i], "item") else material.y[i])
    return {
        **described(material, i),
        "id": i,
        "weighed": [] if material.pictures else _weighed(traced),
        "arithmetic": fragment(traced),
    }


def described(material: Material, i: int) -> dict[str, str]:
    """A test row's name, truth and prediction in words."""
    name = str(material.row_names[i]) if len(material.row_names) else f"test {material.noun} {i + 1:,}"
    found: dict[str, str] = {"name": name}
    if isinstance(material.subject.preparation, ImagePreparation):
        found["picture"] = data_uri(material.row(i), material.subject.preparation)
    if material.classifies:
        said = int(material.predicted_codes[i])
        p = float(material.probability[i, said])
        found |= {"true": material.classes[int(material.codes[i])], "predicted": material.classes[said], "sure": probability_in_words(p)}
        found["right"] = "right" if said == material.codes[i] else "wrong"
        return found
    truth, predicted = float(material.y[i]), float(material.predicted[i])
    off = predicted - truth
    return found | {"true": amount(truth), "predicted": amount(predicted), "off": f"{'+' if off > 0 else ''}{amount(off)}", "right": ""}


def probability_in_words(p: float) -> str:
    """``97.3 %``; what is nearly certain is not written as certain.

    >>> [probability_in_words(p).replace(NO_BREAK, " ") for p in (0.9731, 0.99996)]
    ['97.3 %', 'over 99.9 %']
    """
    return f"over 99.9{NO_BREAK}%" if p > 0.9995 else f"{100 * p:.1f}{NO_BREAK}%"


def _weighed(traced: Trace) -> list[dict[str, str]]:
    """The inputs with the largest value times slope of the loss: what moved this prediction most."""
    known = [entry for entry in traced.inputs if entry.gradient is not None]
    known.sort(key=lambda entry: -abs(entry.value * (entry.gradient or 0.0)))
    preparation = traced.subject.preparation
    scaled = preparation is not None
    flags = set()
    if isinstance(preparation, TablePreparation):
        flags = {name for column in preparation.columns_ if column.kind == "category" for name in column.features()}
    found = []
    for entry in known[:WEIGHED]:
        if entry.name in flags:
            value = "yes" if entry.value else "no"
        elif entry.original is None or isinstance(entry.original, str):
            value = shown(entry.value, 3)
        elif isinstance(entry.original, datetime.date):  # this feature is a part of it
            value = str(entry.original)
        else:
            side = f", {shown(abs(entry.value), 2)} deviations {'above' if entry.value > 0 else 'below'} the mean" if scaled else ""
            value = f"{amount(float(entry.original))}{side}"
        found.append({"name": entry.name, "value": value})
    return found


def passages(material: Material, most: int) -> list[dict[str, str]]:
    """Rows drawn in the network: some that went well, some that did not."""
    chosen = _typical(material)[: max(most // 2, 1)] if most else []
    worst = [] if not len(material.y) else _worst(material)[0].tolist()
    for i in worst:
        if len(chosen) >= most:
            break
        if i not in chosen:
            chosen.append(i)
    drawn = []
    for i in chosen:
        truth = material.y[i].item() if hasattr(material.y[i], "item") else material.y[i]
        svg = diagram(material.learned, material.row(int(i)), y=truth, max_units=UNITS).to_svg()
        drawn.append({**described(material, int(i)), "id": str(i), "svg": svg})
    return drawn


def _typical(material: Material) -> list[int]:
    """Right rows: of each class one of the less certain, which has gradients to see; of numbers, small errors over the whole range."""
    if not len(material.y):
        return []
    if not material.classifies:
        errors = np.abs(material.predicted.astype(np.float64) - material.y)
        thirds = np.array_split(np.argsort(material.y, kind="stable"), 3)
        return [int(part[np.argsort(errors[part], kind="stable")[len(part) // 4]]) for part in thirds if len(part)]
    found = []
    for code in range(min(len(material.classes), PER_CLASS)):
        right = np.flatnonzero((material.codes == code) & (material.predicted_codes == code))
        if len(right):
            sure = material.probability[right, code]
            found.append(int(right[np.argsort(sure, kind="stable")[len(right) // 10]]))
    return found
