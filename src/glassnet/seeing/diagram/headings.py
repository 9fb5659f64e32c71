"""The words of a diagram: title, headings of its columns, and the picture told to those who do not see it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from glassnet.seeing.diagram.layout import HEADING_LINES, LONGEST_HEADING
from glassnet.seeing.diagram.passage import Passage
from glassnet.seeing.diagram.selection import Column
from glassnet.seeing.subject import Subject
from glassnet.seeing.svg import shortened, shown

MOST_SIZES = 8
"""Layers whose sizes are listed in a title."""


def size_in_words(subject: Subject) -> tuple[str, str]:
    """Title and side note: sizes by layer; class, parameters and loss."""
    sizes = [str(size) for size in subject.network.layout.sizes]
    if len(sizes) > MOST_SIZES:
        sizes = [*sizes[:4], "…", *sizes[-3:]]
    n = subject.network.layout.n_parameters
    side = f"{type(subject.estimator).__name__} · {n:,} parameter{'s' * (n != 1)} · loss {subject.network.loss.name}"
    return "–".join(sizes), shortened(side, 11.5, 360)


def headings_of(subject: Subject, columns: Sequence[Column]) -> list[tuple[str, ...]]:
    """Three lines for each column: what it is; its units and activation (of the outputs the link); its parameters."""
    layers, link = subject.network.layers, subject.network.loss.link
    found: list[tuple[str, ...]] = []
    for column in columns:
        if column.layer == 0:
            found.append(("Input", f"{column.size:,} input{'s' * (column.size != 1)}"))
            continue
        layer = layers[column.layer - 1]
        last = column.layer == len(layers)
        name = link if last else layer.activation.name
        n = layer.n_in * layer.n_out + layer.bias * layer.n_out
        lines = (
            "Output" if last else f"Hidden {column.layer}" if len(layers) > 2 else "Hidden",
            f"{column.size:,} unit{'s' * (column.size != 1)}, {name}",
            f"{n:,} parameter{'s' * (n != 1)}",
        )
        found.append(tuple(shortened(line, size, LONGEST_HEADING) for line, size in zip(lines, HEADING_LINES, strict=True)))
    return found


def told(subject: Subject, passage: Passage | None, columns: Sequence[Column]) -> str:
    """The picture in words."""
    layers = subject.network.layers
    parts = [f"{layers[0].n_in:,} inputs"]
    parts += [f"{layer.n_out:,} {layer.activation.name} units" for layer in layers[:-1]]
    parts.append(f"{layers[-1].n_out:,} outputs ({subject.network.loss.link})")
    words = [
        f"A neural network of {', '.join(parts)}; {subject.network.layout.n_parameters:,} parameters; loss {subject.network.loss.name}."
    ]
    if folded := [f"{column.folded:,} of {column.size:,} in layer {column.layer}" for column in columns if column.folded]:
        words.append(f"Not drawn singly: {', '.join(folded)}.")
    if passage is not None:
        order = np.argsort(-np.nan_to_num(passage.prediction), kind="stable")[:3]
        words.append(
            "Prediction for this example: " + ", ".join(f"{subject.outputs[i]} {shown(passage.prediction[i])}" for i in order) + "."
        )
        if passage.loss is not None:
            words.append(f"Its loss is {shown(passage.loss)}.")
    return " ".join(words)
