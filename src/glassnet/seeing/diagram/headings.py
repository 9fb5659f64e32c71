"""The words of a diagram: title, headings of its columns, and the picture told to those who do not see it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from glassnet.data.wording import count
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
    standardised = "" if subject.target_scale is None else ", target standardised"
    side = f"{type(subject.estimator).__name__} · {count(n, 'parameter')} · loss {subject.network.loss.name}{standardised}"
    return "–".join(sizes), shortened(side, 11.5, 480)


def headings_of(subject: Subject, columns: Sequence[Column]) -> list[tuple[str, ...]]:
    """Three lines for each column: what it is; its units and activation (of the outputs the link); its parameters."""
    layers, link = subject.network.layers, subject.network.loss.link
    found: list[tuple[str, ...]] = []
    for column in columns:
        if column.layer == 0:
            found.append(("Input", count(column.size, "input")))
            continue
        layer = layers[column.layer - 1]
        last = column.layer == len(layers)
        name = link if last else layer.activation.name
        n = layer.n_in * layer.n_out + layer.bias * layer.n_out
        lines = (
            "Output" if last else f"Hidden {column.layer}" if len(layers) > 2 else "Hidden",
            f"{count(column.size, 'unit')}, {name}",
            count(n, "parameter"),
        )
        found.append(tuple(shortened(line, size, LONGEST_HEADING) for line, size in zip(lines, HEADING_LINES, strict=True)))
    return found


def told(subject: Subject, passage: Passage | None, columns: Sequence[Column]) -> str:
    """The picture in words."""
    layers = subject.network.layers
    parts = [count(layers[0].n_in, "input")]
    parts += [count(layer.n_out, f"{layer.activation.name} unit") for layer in layers[:-1]]
    parts.append(f"{count(layers[-1].n_out, 'output')} ({subject.network.loss.link})")
    parameters = count(subject.network.layout.n_parameters, "parameter")
    words = [f"A neural network of {', '.join(parts)}; {parameters}; loss {subject.network.loss.name}."]
    if folded := [f"{column.folded:,} of {column.size:,} in layer {column.layer}" for column in columns if column.folded]:
        words.append(f"Not drawn singly: {', '.join(folded)}.")
    if passage is not None:
        order = np.argsort(-np.nan_to_num(passage.prediction), kind="stable")[:3]
        words.append(
            "Prediction for this example: " + ", ".join(f"{subject.output_labels[i]} {shown(passage.prediction[i])}" for i in order) + "."
        )
        if passage.loss is not None:
            words.append(f"Its loss is {shown(passage.loss)}.")
    return " ".join(words)
