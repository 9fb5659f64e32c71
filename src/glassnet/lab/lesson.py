"""A lesson made ready: its rows as the network reads them, which of them are held out, and the inputs that are on.

Toys and painted points are learned from as they are: X is the inputs' values. Tables go through a TablePreparation, pictures through an
ImagePreparation, both fitted on the rows that are learned from; a Boltzmann machine reads pictures as shares of ink.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glassnet.data.formulas import Formula, with_formulas
from glassnet.data.pixels import ImagePreparation
from glassnet.data.preparation import TablePreparation
from glassnet.data.splitting import split_rows
from glassnet.lab.config import Config, Refusal
from glassnet.lab.datasets import Dataset
from glassnet.lab.inputs import Input, offered
from glassnet.runs.reading import formulas_of

Array = NDArray[Any]
FEWEST = 2
"""Rows without which nothing is learned."""
BYTES = 255


@dataclass(eq=False)
class Lesson:
    """Rows ready to learn from.

    config      with its inputs and axes decided
    data        what was read
    inputs      all that are offered, in order; ``on`` names those that are on
    X           float32 (n, n_inputs), of all rows
    learned, held_out   row numbers
    names       of the network's inputs
    numeric     raw columns of numbers, with their range
    """

    config: Config
    data: Dataset
    inputs: list[Input]
    on: tuple[str, ...]
    X: Array
    learned: Array
    held_out: Array
    names: tuple[str, ...]
    numeric: dict[str, tuple[float, float]] = field(default_factory=dict)
    preparation: Any = None

    @property
    def trainable(self) -> bool:
        """True where there is something to learn."""
        return len(self.learned) >= FEWEST and (self.config.mode == "rbm" or not self.data.classifies or len(self.data.classes) > 1)

    @property
    def axes(self) -> tuple[str, ...]:
        """The raw columns that span the plane; one for a line, none for pictures and for tables without numbers."""
        wanted = self.config.axes
        if wanted is not None:
            return wanted
        on = [one.columns[0] for one in self.inputs if one.id in self.on and one.group == "column"]
        return tuple(dict.fromkeys([*on, *self.numeric]))[:2]

    @property
    def targets(self) -> Array:
        """The truth as it is drawn: class indices, or numbers; float32."""
        if not self.data.classifies:
            return self.data.y.astype(np.float32)
        codes = {label: i for i, label in enumerate(self.data.classes)}
        return np.array([codes[label] for label in self.data.y.tolist()], np.float32)

    def part(self, rows: Array) -> tuple[Array, Array]:
        """X and y of some rows."""
        return np.ascontiguousarray(self.X[rows]), self.data.y[rows]

    def read(self, frame: pl.DataFrame) -> Array:
        """Raw columns -> the network's inputs, float32."""
        made = [one for one in self.inputs if one.id in self.on and one.made]
        if self.data.plain:
            return plain_inputs(frame, [one.id for one in self.inputs if one.id in self.on])
        if self.data.run is not None:
            table = with_formulas(frame, formulas_of(self.data.run.config))
        else:
            table = with_formulas(frame, [Formula(one.id) for one in made])
        return np.ascontiguousarray(self.preparation.transform(table), np.float32)

    def typical(self) -> dict[str, Any]:
        """A raw row in the middle of those that are learned from: medians, and the most frequent of other values."""
        frame: pl.DataFrame = self.data.X[self.learned.tolist()]
        found = {}
        for column in frame:
            if column.name in self.numeric:
                found[column.name] = column.cast(pl.Float64).median()
            else:
                known = column.drop_nulls()
                found[column.name] = known.mode().sort()[0] if len(known) else None
        return found

    def with_view(self, config: Config) -> Lesson:
        """The same rows under a configuration that differs in what is drawn alone, or in how the network learns."""
        return replace(self, config=config)


def plain_inputs(frame: Any, ids: Sequence[str]) -> Array:
    """Values of formulas, a column each, as float32.

    >>> plain_inputs({"x1": [1.0, 2.0], "x2": [3.0, 4.0]}, ["x1", "x1 * x2"])
    array([[1., 3.],
           [2., 8.]], dtype=float32)
    """
    columns = [Formula(one).evaluate(frame).to_numpy() for one in ids]
    return np.ascontiguousarray(np.column_stack(columns), np.float32)


def lesson(config: Config, data: Dataset) -> Lesson:
    """Make the rows ready. Raises Refusal for inputs and axes that are not there, DataError for rows that cannot be prepared."""
    if config.mode == "rbm" and data.picture is None:
        raise Refusal("a Boltzmann machine learns pictures here. Choose the digits, or a folder of pictures.", "mode")
    learned, held_out = _parts(config, data)
    empty = Lesson(config, data, [], (), np.empty((len(data), 0), np.float32), learned, held_out, ())
    if data.picture is not None:
        return _of_pictures(empty)
    numeric, others = _columns(data)
    inputs = offered(list(numeric), others) if data.run is None else offered(list(numeric), others)[: len(numeric) + len(others)]
    on = _switched_on(config, inputs, data)
    wanted = config.axes
    if wanted is not None and (set(wanted) - set(numeric) or wanted[0] == wanted[1]):
        raise Refusal(f"axes must be two different columns of numbers out of {', '.join(numeric)}; got {' and '.join(wanted)}.", "axes")
    made = replace(empty, inputs=inputs, on=on, numeric=numeric)
    return _of_table(made) if len(data) else made


def _switched_on(config: Config, inputs: list[Input], data: Dataset) -> tuple[str, ...]:
    known = [one.id for one in inputs]
    raw = tuple(one.id for one in inputs if not one.made)
    if data.run is not None or not config.inputs:
        return raw
    kept = tuple(one for one in known if one in config.inputs)
    if kept:
        return kept
    raise Refusal(f"inputs must be some of {', '.join(known)[:300]}; none of {', '.join(config.inputs)[:100]} is one.", "inputs")


def _parts(config: Config, data: Dataset) -> tuple[Array, Array]:
    """Row numbers to learn from and to hold out."""
    if data.parts is not None:
        return data.parts[0], data.parts[1]
    if not len(data):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    kind = "classification" if data.classifies else "regression"
    learned, held_out, _ = split_rows(data.y, kind, test_fraction=0.0, val_fraction=config.data.held_out, seed=config.data.seed)
    if data.classifies:
        lost = [label for label in data.classes if not (data.y[learned] == label).any()]
        if lost:
            raise Refusal(f"no row of class {lost[0]!r} is left to learn from. Hold out fewer rows, or add some of it.", "data.held_out")
    return learned, held_out


def _columns(data: Dataset) -> tuple[dict[str, tuple[float, float]], list[str]]:
    """Columns of numbers with their range, and the others."""
    numeric, others = {}, []
    for column in data.X:
        if column.dtype.is_numeric() and column.drop_nulls().n_unique() > (0 if data.plain else 2):
            values = column.cast(pl.Float64).drop_nulls().drop_nans()
            numeric[column.name] = (float(values.min() or 0.0), float(values.max() or 0.0))
        elif data.plain:
            numeric[column.name] = (-1.0, 1.0)
        else:
            others.append(column.name)
    return numeric, others


def _of_table(made: Lesson) -> Lesson:
    data = made.data
    if data.plain:
        names = tuple(one.label for one in made.inputs if one.id in made.on)
        return replace(made, X=made.read(data.X), names=names)
    if data.run is not None:
        made = replace(made, preparation=data.run.model[0])
        return replace(made, X=made.read(data.X), names=tuple(map(str, made.preparation.get_feature_names_out())))
    chosen = [one for one in made.inputs if one.id in made.on]
    table = with_formulas(data.X, [Formula(one.id) for one in chosen if one.made])
    table = table.select([one.id for one in chosen])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        preparation = TablePreparation().fit(table[made.learned.tolist()])
    made = replace(made, preparation=preparation)
    return replace(made, X=made.read(data.X), names=tuple(map(str, preparation.get_feature_names_out())))


def _of_pictures(made: Lesson) -> Lesson:
    data = made.data
    assert data.picture is not None
    height, _, channels = data.picture
    names = tuple(f"{place}" for place in range(1, data.X.shape[1] + 1))
    if data.X.dtype != np.uint8:
        return replace(made, X=data.X, names=names)
    if made.config.mode == "rbm":
        return replace(made, X=ink(data.X), names=names)
    preparation = data.run.model[0] if data.run is not None else ImagePreparation(size=height, grey=channels == 1)
    if data.run is None:
        preparation.fit(data.X, rows=made.learned)
    if preparation.features != "pixels":
        names = tuple(map(str, preparation.get_feature_names_out()))
    return replace(made, X=preparation.transform(data.X), names=names, preparation=preparation)


def ink(pixels: Array) -> Array:
    """Bytes as shares in [0, 1], float32."""
    return pixels.astype(np.float32) / np.float32(BYTES)
