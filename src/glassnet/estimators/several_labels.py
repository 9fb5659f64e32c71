"""Several columns of classes at once: a head of output units for each column, in scikit-learn's multi-output shapes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.multiclass import type_of_target

from glassnet.estimators.labels import Labels
from glassnet.maths.heads import HeadedLoss
from glassnet.maths.losses import Loss
from glassnet.maths.user_loss import UserLoss, is_users

Array = NDArray[Any]


@dataclass(frozen=True)
class SeveralLabels:
    """The same questions as ``Labels`` answers, asked of every column: answers are lists, predictions stand side by side."""

    heads: tuple[Labels, ...]
    kind: str = "several"

    @property
    def classes(self) -> list[Array]:
        """The sorted classes of each column."""
        return [head.classes for head in self.heads]

    @property
    def n_outputs(self) -> int:
        """Output units of all heads."""
        return sum(head.n_outputs for head in self.heads)

    def loss(self, choice: Any) -> Loss:
        """The loss called ``choice`` for every head, or the user's own."""
        if is_users(choice):
            return UserLoss.of(choice, "heads")
        return HeadedLoss.of(tuple(head.loss(choice) for head in self.heads), tuple(head.n_outputs for head in self.heads))

    def encode(self, y: Any, dtype: Any) -> Array:
        """``y`` (n, columns) as target columns (n, n_outputs)."""
        y = np.asarray(y)
        if y.ndim != 2 or y.shape[1] != len(self.heads):
            raise ValueError(f"y must have {len(self.heads)} columns of classes; got shape {y.shape}.")
        return np.ascontiguousarray(np.hstack([head.encode(column, dtype) for head, column in zip(self.heads, y.T, strict=True)]))

    def hard(self, y: Any) -> Any:
        """``y`` as it is: several columns hold no probabilities."""
        return y

    def probability(self, raw: Array) -> list[Array]:
        """Probability of each class, for each column."""
        return self._each(raw, Labels.probability)

    def log_probability(self, raw: Array) -> list[Array]:
        """log of ``probability``."""
        return self._each(raw, Labels.log_probability)

    def decision(self, raw: Array) -> list[Array]:
        """The raw prediction of each head."""
        return self._each(raw, Labels.decision)

    def decode(self, raw: Array, threshold: float | None = None) -> Array:
        """The predicted classes, a column for each head."""
        columns = self._each(raw, lambda head, part: head.decode(part, threshold))
        alike = len({column.dtype.kind for column in columns}) == 1
        return np.column_stack(columns if alike else [column.astype(object) for column in columns])

    def _each(self, raw: Array, answer: Callable[[Labels, Array], Array]) -> list[Array]:
        ends = np.cumsum([head.n_outputs for head in self.heads])
        return [answer(head, np.ascontiguousarray(part)) for head, part in zip(self.heads, np.split(raw, ends[:-1], axis=1), strict=True)]


def labels_of(y: Any, classes: Any = None) -> Labels | SeveralLabels:
    """The labels of ``y``; ``classes`` names those that will come, for several columns a list of them.

    Raises ValueError where ``y`` is continuous, or where a column of classes is not named.
    """
    listed = isinstance(classes, list | tuple) and len(classes) > 0 and np.ndim(classes[0]) == 1
    if y is None or (type_of_target(y, input_name="y") != "multiclass-multioutput" and not listed):
        return Labels.of(y, classes)
    columns = np.atleast_2d(np.asarray(y).T)
    if classes is not None and (not listed or len(classes) != len(columns)):
        raise ValueError(f"y has {len(columns)} columns of classes, so classes must be a list of {len(columns)} arrays; got {classes!r}.")
    return SeveralLabels(tuple(Labels.of(column, None if classes is None else classes[i]) for i, column in enumerate(columns)))
