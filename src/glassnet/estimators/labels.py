"""Class labels as target columns and back: one 0/1 column for two classes, one per class for more, one per label for several at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import type_of_target

Array = NDArray[Any]


@dataclass(frozen=True)
class Labels:
    """How classes and output units correspond.

    kind     'single', 'binary', 'multiclass' or 'multilabel'
    classes  sorted class labels, or the label numbers 0 .. k-1 for multilabel
    """

    kind: str
    classes: Array

    @classmethod
    def of(cls, y: Any, classes: Any = None) -> Labels:
        """Read the classes from ``y``, or take ``classes`` where they are known beforehand.

        A single class is accepted: it is what will be predicted, with probability 1. Raises ValueError where ``y`` is continuous.
        """
        kind = "multiclass" if y is None else type_of_target(y, input_name="y")
        if kind.startswith("continuous") or kind == "unknown":
            raise ValueError(f"Unknown label type: {kind}. A classifier needs classes; for numbers use a regressor.")
        if kind == "multilabel-indicator":
            n_labels = y.shape[1] if hasattr(y, "shape") else len(y[0])
            return cls("multilabel", np.arange(n_labels))
        if kind == "multiclass-multioutput":
            raise ValueError(
                "y must have one column of classes, or 0/1 columns for several labels at once; got several columns of classes."
            )
        found = np.unique(column_or_1d(y)) if classes is None else np.unique(classes)
        kinds = {1: "single", 2: "binary"}
        return cls(kinds.get(len(found), "multiclass"), found)

    @property
    def link(self) -> str:
        """The link of the output units."""
        return "softmax" if self.kind == "multiclass" else "logistic"

    @property
    def n_outputs(self) -> int:
        """Output units."""
        return 1 if self.kind in ("single", "binary") else len(self.classes)

    def encode(self, y: Any, dtype: Any) -> Array:
        """``y`` as target columns (n, n_outputs).

        Raises ValueError for labels that are not among the classes.
        """
        if self.kind == "multilabel":
            dense = y.toarray() if hasattr(y, "toarray") else np.asarray(y)
            if dense.ndim != 2 or dense.shape[1] != len(self.classes):
                raise ValueError(f"y must have {len(self.classes)} columns of 0 and 1; got shape {dense.shape}.")
            return np.ascontiguousarray(dense, dtype=dtype)
        y = column_or_1d(y)
        place = np.searchsorted(self.classes, y)
        place = np.minimum(place, len(self.classes) - 1)
        unknown = self.classes[place] != y
        if np.any(unknown):
            raise ValueError(
                f"y has classes that the model does not know: {np.unique(y[unknown])[:5].tolist()}; it knows {self.classes.tolist()}."
            )
        if self.kind == "single":
            return np.ones((len(y), 1), dtype)
        if self.kind == "binary":
            return np.ascontiguousarray(place.astype(dtype)[:, None])
        target = np.zeros((len(y), len(self.classes)), dtype)
        target[np.arange(len(y)), place] = 1
        return target

    def decode(self, probability: Array, threshold: float | None = None) -> Array:
        """The predicted labels. Two classes: the second where its probability reaches ``threshold``; without one, exceeds 1/2."""
        if self.kind == "multiclass":
            return np.asarray(self.classes[np.argmax(probability, axis=1)])
        if self.kind == "single":
            return np.repeat(self.classes, len(probability))
        yes = probability > 0.5 if threshold is None else probability >= threshold
        if self.kind == "binary":
            return np.asarray(self.classes[yes[:, 0].astype(int)])
        return yes.astype(int)
