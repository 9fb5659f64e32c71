"""A network as in the books: inputs by name, layers, units, outputs by class, and every weight as an edge between them.

    colour and dash    sign: blue and full excites, orange-red and dashed inhibits
    thickness          size, in proportion on one scale for the whole picture
    fill               with an example, what each unit sends on

Wide layers are folded (`selection`), places are counted, not guessed (`layout`), and every number that is drawn stands in an element
with all its digits: ``data-node="a2_1"`` (layer 2, unit 1, counted from 1; inputs are layer 0), ``data-edge="w2_1_3"`` (layer 2, from unit
1 to unit 3) and ``"b2_3"``, with ``data-value`` and, where there is a target, ``data-grad``. A circle of the last layer is ``z3_1``, the
raw prediction; beside it stands ``a3_1``, the prediction. These are the names of the trace.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np

from glassnet.files.atomic import write_bytes
from glassnet.seeing.diagram.composition import Composition, composed
from glassnet.seeing.diagram.input_picture import input_picture
from glassnet.seeing.diagram.passage import passage_of
from glassnet.seeing.subject import subject_of
from glassnet.seeing.trace.example import one_row, one_target, original_values
from glassnet.seeing.trace.moving import plan_of

MAX_UNITS = 12
NARROWEST = 0.75
"""Of its width, to which a page may shrink a diagram before it scrolls sideways."""


class Diagram:
    """A drawn network. It shows itself in a notebook; `to_svg` and `save` take it elsewhere."""

    def __init__(self, composition: Composition) -> None:
        self._composition = composition

    def to_svg(self) -> str:
        """One ``<svg>`` that needs nothing else: colours for light and dark screens and for paper are in it."""
        return self._composition.svg

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the SVG to ``path``, a name that ends in ``.svg``.

        Raises ValueError for another ending, OSError where the file cannot be written.
        """
        target = Path(path)
        if target.suffix.lower() != ".svg":
            raise ValueError(f"a diagram is saved as SVG; got {target.name!r}. End the name in .svg.")
        write_bytes(target, self._composition.svg.encode())
        return target

    def _repr_html_(self) -> str:
        narrowest = round(NARROWEST * self._composition.width)
        # On paper nothing scrolls, so there it shrinks as far as it must. The width goes with this picture, not with all of the page.
        svg = self._composition.svg.replace("<svg ", f'<svg style="--narrowest:{narrowest}px" ', 1)
        rule = "@media screen{.glassnet-diagram>svg{min-width:var(--narrowest)}}"
        return f'<div class="glassnet-diagram" style="overflow-x:auto"><style>{rule}</style>{svg}</div>'

    def _repr_svg_(self) -> str:
        return self._composition.svg

    def __repr__(self) -> str:
        return f"<Diagram: {self._composition.words}>"


def diagram(
    model: Any,
    x: Any = None,
    *,
    y: Any = None,
    max_units: int = MAX_UNITS,
    image_shape: Sequence[int] | None = None,
) -> Diagram:
    """Draw the network of a fitted, half-trained or hand-made model.

    Parameters
    ----------
    model : glassnet estimator, or Pipeline that ends in one
    x : one row as the model takes it, optional
        Array, DataFrame of one row, dict of column and value, picture. Its values are written into the units.
    y : its true class or number, optional
        With it, gradients of the loss of this row, weighted by its class as in training, are written below the values.
    max_units : int, default=12
        Units drawn of a layer, 1 or more; one more is drawn where that spares folding a single one. Of a wide layer those that matter
        most for ``x``, by sum_j |w_ij a_i|, or, without ``x``, those with the largest weights. A picture never has more than about 2,000
        elements: in a deep network fewer units may be drawn.
    image_shape : (height, width) or (height, width, 3), optional
        The inputs are the pixels of a picture, which is drawn. Known or guessed where it is not given; ``()`` for none.

    Returns
    -------
    Diagram

    Raises
    ------
    TypeError, sklearn.exceptions.NotFittedError
        For a model without a network of this library, or without weights.
    ValueError
        For ``x``, ``y``, ``max_units`` or ``image_shape`` that do not fit; ``y`` without ``x``.

    Notes
    -----
    A regressor that standardised its target is drawn as it was learned, with the weights of the standardised target, as in `trace`;
    ``coefs_`` and ``intercepts_`` hold the last layer in units of y.

    Examples
    --------
    >>> from glassnet import MLPClassifier
    >>> xor = MLPClassifier.from_weights([[[20, 20], [20, 20]], [[20], [-20]]], [[-10, -30], [-10]], activation="logistic")
    >>> diagram(xor, [0, 1])
    <Diagram: MLPClassifier 2–2–1, 9 parameters>
    """
    if isinstance(max_units, bool) or not isinstance(max_units, Integral) or max_units < 1:
        raise ValueError(f"max_units must be a whole number of at least 1, the units drawn of a layer; got {max_units!r}.")
    if y is not None and x is None:
        raise ValueError("y is the truth of an example; hand in its x as well: diagram(model, x, y=y).")
    subject = subject_of(model).as_learned()
    with np.errstate(all="ignore"):  # weights that ran away are drawn as what they are
        if x is None:
            return Diagram(composed(subject, None, int(max_units), None, None))
        row = one_row(x, subject)
        prepared = subject.rows(row)
        target, step = None, None
        if y is not None:
            given = one_target(y, subject)
            target, step = subject.targets(given), plan_of(subject, given, None, None).step
        passage = passage_of(subject, prepared, target, step)
        picture = input_picture(subject, prepared[0], image_shape)
        return Diagram(composed(subject, passage, int(max_units), picture, original_values(row, subject)))
