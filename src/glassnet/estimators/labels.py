"""Class labels as target columns and back.

    kind          y                                     output units
    single        one class only                        one sigmoid, told nothing
    binary        two classes                           one sigmoid for the second
    multiclass    more classes                          softmax, one unit per class
    multilabel    0/1 columns                           one sigmoid per column
    several       columns of classes                    a head for each column, of one of the first three kinds

Where there are classes, ``y`` may also hold rows of probabilities, one column per class: soft labels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.special
from numpy.typing import NDArray
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import type_of_target

from glassnet.maths.losses import Loss, classifier_loss, softmax
from glassnet.maths.user_loss import UserLoss, is_users

Array = NDArray[Any]

SUM_TOLERANCE = 1e-4
"""How far the probabilities of a row may be from 1 in all: float32 rounds."""


@dataclass(frozen=True)
class Labels:
    """How the classes of one column, or the labels of several 0/1 columns, and output units correspond.

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
        if kind == "multilabel-indicator":
            n_labels = y.shape[1] if hasattr(y, "shape") else len(y[0])
            return cls("multilabel", np.arange(n_labels))
        if kind == "continuous-multioutput":
            known = np.arange(np.shape(y)[1]) if classes is None else np.unique(classes)
            found = cls("binary" if len(known) == 2 else "multiclass", known)
            found.encode(y, np.float64)
            return found
        if kind.startswith("continuous") or kind == "unknown":
            raise ValueError(f"Unknown label type: {kind}. A classifier needs classes; for numbers use a regressor.")
        found_classes = np.unique(column_or_1d(y)) if classes is None else np.unique(classes)
        kinds = {1: "single", 2: "binary"}
        return cls(kinds.get(len(found_classes), "multiclass"), found_classes)

    @property
    def n_outputs(self) -> int:
        """Output units."""
        return 1 if self.kind in ("single", "binary") else len(self.classes)

    def loss(self, choice: Any) -> Loss:
        """The loss called ``choice``, or the user's own, with the link of these output units."""
        link = "softmax" if self.kind == "multiclass" else "logistic"
        return UserLoss.of(choice, link) if is_users(choice) else classifier_loss(choice, link)

    # From labels to target columns -------------------------------------------------------------------------------------------

    def encode(self, y: Any, dtype: Any) -> Array:
        """``y`` as target columns (n, n_outputs).

        Raises ValueError for labels that are not among the classes, and for rows that are not probabilities.
        """
        if self.kind == "multilabel":
            dense = y.toarray() if hasattr(y, "toarray") else np.asarray(y)
            if dense.ndim != 2 or dense.shape[1] != len(self.classes):
                raise ValueError(f"y must have {len(self.classes)} columns of 0 and 1; got shape {dense.shape}.")
            return np.ascontiguousarray(dense, dtype=dtype)
        if np.ndim(y) == 2 and np.shape(y)[1] > 1:
            soft = self._probabilities(y)
            return np.ascontiguousarray(soft[:, 1:] if self.kind == "binary" else soft, dtype=dtype)
        place = self.codes(y)
        if self.kind == "single":
            return np.ones((len(place), 1), dtype)
        if self.kind == "binary":
            return np.ascontiguousarray(place.astype(dtype)[:, None])
        target = np.zeros((len(place), len(self.classes)), dtype)
        target[np.arange(len(place)), place] = 1
        return target

    def codes(self, y: Any) -> Array:
        """The number of each row's class (n,). Raises ValueError for labels that are not among the classes."""
        y = column_or_1d(y)
        place = np.minimum(np.searchsorted(self.classes, y), len(self.classes) - 1)
        unknown = self.classes[place] != y
        if np.any(unknown):
            raise ValueError(
                f"y has classes that the model does not know: {np.unique(y[unknown])[:5].tolist()}; it knows {self.classes.tolist()}."
            )
        return place

    def hard(self, y: Any) -> Any:
        """``y`` with the most probable class in the place of each row of probabilities."""
        if self.kind in ("binary", "multiclass") and np.ndim(y) == 2 and np.shape(y)[1] == len(self.classes):
            return self.classes[np.argmax(np.asarray(y), axis=1)]
        return y

    def _probabilities(self, y: Any) -> Array:
        """Rows of probabilities, checked."""
        rows = np.asarray(y, dtype=np.float64)
        if rows.shape[1] != len(self.classes):
            raise ValueError(f"rows of probabilities need one column per class, {len(self.classes)}; y has {rows.shape[1]}.")
        wrong = np.flatnonzero((rows < 0).any(axis=1) | ~(np.abs(rows.sum(axis=1) - 1) <= SUM_TOLERANCE))
        if len(wrong):
            row = wrong[0]
            raise ValueError(
                f"y has columns of numbers, so its rows must be probabilities: none below 0, and 1 in all. Row {row} is "
                f"{rows[row][:8].tolist()}, {rows[row].sum():.6g} in all. Divide each row by its sum; for numbers use a regressor."
            )
        return rows

    # From raw predictions to labels ------------------------------------------------------------------------------------------

    def probability(self, raw: Array) -> Array:
        """Probability of each class, columns in the order of ``classes``; ``raw`` may be overwritten."""
        if self.kind == "single":
            return np.ones_like(raw)
        if self.kind == "multiclass":
            softmax(raw, raw)
            return raw
        if self.kind == "multilabel":
            return scipy.special.expit(raw, out=raw)
        both = np.empty((len(raw), 2), raw.dtype)
        np.negative(raw[:, 0], out=both[:, 0])
        both[:, 1] = raw[:, 0]
        return scipy.special.expit(both, out=both)

    def log_probability(self, raw: Array) -> Array:
        """log of ``probability``, and exact where that is too small: a softmax may have stopped short of the smallest floats."""
        if self.kind == "multiclass":
            exact = scipy.special.log_softmax(raw, axis=1)
        else:
            exact = scipy.special.log_expit(np.hstack([-raw, raw]) if self.kind == "binary" else raw)
        probability = self.probability(raw.copy())
        present = probability > 1e3 * np.finfo(raw.dtype).tiny
        return np.where(present, np.log(np.where(present, probability, 1)), exact)

    def decision(self, raw: Array) -> Array:
        """The raw prediction in scikit-learn's shape."""
        return raw[:, 0] if self.kind in ("single", "binary") else raw

    def decode(self, raw: Array, threshold: float | None = None) -> Array:
        """The predicted labels. Two classes: the second where its probability reaches ``threshold``; without one, exceeds 1/2."""
        if self.kind == "multiclass":
            return np.asarray(self.classes[np.argmax(raw, axis=1)])
        if self.kind == "single":
            return np.repeat(self.classes, len(raw))
        probability = scipy.special.expit(raw)
        yes = probability > 0.5 if threshold is None else probability >= threshold
        if self.kind == "binary":
            return np.asarray(self.classes[yes[:, 0].astype(int)])
        return yes.astype(int)
