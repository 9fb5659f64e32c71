"""Two classes, or one of several against the rest: the truth, the probability of it, and what it is called."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.checks import unknown_name
from glassnet.seeing.subject import subject_of

Array = NDArray[Any]

MOST_NAMED = 12
"""Classes that an error names."""


def of_estimator(estimator: Any, X: Any, y: Any, class_of_interest: Any = None) -> tuple[Array, Array, Any, float]:
    """(truth, probability, class, threshold): the truth is True for rows of the class.

    Raises ValueError for regressors, several labels, and several classes of which none was chosen.
    """
    subject = subject_of(estimator)
    if subject.labels is None:
        raise ValueError("this figure needs probabilities of classes; the model predicts numbers. Use ResidualDisplay.")
    if subject.labels.kind in ("multilabel", "several"):
        raise ValueError("this model gives several labels to each row. Take one column of predict_proba, and from_predictions.")
    classes = subject.classes.tolist()
    if class_of_interest is None:
        if len(classes) > 2:
            raise ValueError(
                f"there are {len(classes)} classes; say which one stands against the rest: class_of_interest={_named(classes)}."
            )
        class_of_interest = classes[-1]
    if class_of_interest not in classes:
        if all(isinstance(label, str) for label in classes):
            raise ValueError(unknown_name("class_of_interest", class_of_interest, classes))
        raise ValueError(f"class_of_interest must be {_named(classes)}; got {class_of_interest!r}.")
    column = classes.index(class_of_interest)
    probability = np.asarray(estimator.predict_proba(X))[:, column]
    threshold = getattr(subject.estimator, "threshold", None)
    if threshold is None or len(classes) != 2:
        threshold = 0.5
    elif column == 0:
        threshold = 1 - threshold
    return np.asarray(y).ravel() == class_of_interest, probability, class_of_interest, float(threshold)


def of_predictions(y_true: Any, y_proba: Any, pos_label: Any = None) -> tuple[Array, Array, Any]:
    """(truth, probability, class) from labels and probabilities; ``pos_label`` is the greater label where it is not given.

    Raises ValueError for lengths that differ, numbers outside [0, 1], and rows of one class only.
    """
    y, p = np.asarray(y_true).ravel(), np.asarray(y_proba, dtype=np.float64)
    if p.ndim == 2 and p.shape[1] == 2:
        p = p[:, 1]
    if p.shape != y.shape:
        raise ValueError(f"y_proba must hold one probability for each row of y_true, {len(y)}; got shape {p.shape}.")
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError(
            f"y_proba must lie in [0, 1]; it goes from {p.min():.4g} to {p.max():.4g}. Give predict_proba, not decision_function."
        )
    labels = np.unique(y)
    if pos_label is None:
        if len(labels) > 2:
            raise ValueError(f"y_true has {len(labels)} classes; say which one stands against the rest: pos_label.")
        pos_label = labels[-1]
    truth = y == pos_label
    if truth.all() or not truth.any():
        raise ValueError(f"every row is {'' if truth.all() else 'other than '}{pos_label!r}; the figure needs rows of both kinds.")
    return truth, p, pos_label


def _named(classes: list[Any]) -> str:
    """``0, 1 or 2``, as they would be written in Python; of many the first."""
    some = list(map(repr, classes[:MOST_NAMED]))
    last = some.pop() if len(classes) <= MOST_NAMED else "another"
    return f"{', '.join(some)} or {last}"
