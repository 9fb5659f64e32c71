"""From rows to matrices: which rows learn, which are watched, which are the test; and what is done to them before they are learned from.

Pictures stay bytes, and become features batch by batch, unless all of their features find room in `WHOLE` bytes: then they are made once,
which is faster.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.checks import DataError
from glassnet.data.augment import Augmentation
from glassnet.data.pixels import ImagePreparation
from glassnet.data.preparation import TablePreparation
from glassnet.data.prepared_rows import PreparedRows
from glassnet.data.splitting import split_rows
from glassnet.runs.config import FULL_BATCH, RunConfig
from glassnet.runs.reading import Examples

Index = NDArray[np.intp]
Parts = tuple[Index, Index, Index]

WHOLE = {"pixels": 2**29, "hog": 2**31, "both": 2**31}
"""Bytes of features that are made at once: histograms take long to make, pixels do not."""


@dataclass(frozen=True)
class Part:
    """Rows to learn from, to watch, or to test with: features, a row each, and targets."""

    X: Any
    y: NDArray[Any]

    def __len__(self) -> int:
        return len(self.y)


@dataclass(frozen=True)
class Prepared:
    """What stands before the network, learned from the training rows, and the three parts behind it."""

    preparation: TablePreparation | ImagePreparation
    training: Part
    held_out: Part
    test: Part


def split(config: RunConfig, data: Examples) -> Parts:
    """Row numbers for training, watching and the test (none where the file has test rows); training has rows of every class."""
    share = 0.0 if data.aside is not None else config.test_fraction
    parts = split_rows(data.y, data.task.kind, test_fraction=share, val_fraction=config.val_fraction, seed=config.seed)
    if data.task.kind == "classification":
        learned = np.unique(data.y[parts[0]])
        lost = [label for label in data.task.classes if label not in learned]
        if lost:
            raise DataError(
                f"No training row of class {lost[0]!r} is left after the split. Lower test_fraction or val_fraction, or add rows of it."
            )
    return parts


def prepare(config: RunConfig, data: Examples, parts: Parts) -> Prepared:
    """Everything that is learned about the rows is learned from those of the first part."""
    made = _pictures(config, data, parts) if data.are_pictures else _table(config, data, parts)
    targets = [data.y[rows] for rows in parts]
    if data.aside is not None:
        targets[2] = data.aside.y
    preparation, matrices = made
    return Prepared(preparation, *(Part(X, y) for X, y in zip(matrices, targets, strict=True)))


def table_preparation(config: RunConfig, data: Examples) -> TablePreparation:
    """An unfitted preparation of a table: line searches descend in float64."""
    return TablePreparation(dtype="float64" if config.solver in FULL_BATCH else "float32", text=data.text)


def _table(config: RunConfig, data: Examples, parts: Parts) -> tuple[TablePreparation, list[Any]]:
    preparation = table_preparation(config, data).fit(data.X[parts[0]])
    matrices = [preparation.transform(data.X[rows]) for rows in parts[:2]]
    return preparation, [*matrices, preparation.transform(data.X[parts[2]] if data.aside is None else data.aside.X)]


def _pictures(config: RunConfig, data: Examples, parts: Parts) -> tuple[ImagePreparation, list[Any]]:
    assert data.size is not None and data.channels is not None
    features = config.features or "pixels"
    preparation = ImagePreparation(size=data.size, grey=data.channels == 1, features=features).fit(data.X, rows=parts[0])
    if config.model == "dbn" and features == "pixels":
        preparation.as_intensities()
    change = None if config.augment is None else Augmentation.from_text(config.augment, data.size, data.channels)
    rows = [
        PreparedRows(data.X, preparation, parts[0], change, config.seed),
        PreparedRows(data.X, preparation, parts[1]),
        PreparedRows(data.X, preparation, parts[2]) if data.aside is None else PreparedRows(data.aside.X, preparation),
    ]
    kept = [part for part in rows if part.augmentation is None]
    whole = config.solver == "newton" or sum(4 * len(part) * preparation.width for part in kept) <= WHOLE[features]
    return preparation, [part[:] if whole and part.augmentation is None else part for part in rows]


def picture_of_test(data: Examples, parts: Parts) -> Callable[[int], tuple[NDArray[np.uint8], str]]:
    """A function from the number of a test row to its picture, (size, size) or (size, size, 3), and its file, or its row of an array."""
    source, rows = (data, parts[2]) if data.aside is None else (data.aside, np.arange(len(data.aside.y)))
    assert data.size is not None
    shape = (data.size, data.size, 3) if data.channels == 3 else (data.size, data.size)

    def picture(row: int) -> tuple[NDArray[np.uint8], str]:
        place = int(rows[row])
        return np.asarray(source.X[place]).reshape(shape), source.names[place] if source.names else f"row {place}"

    return picture
