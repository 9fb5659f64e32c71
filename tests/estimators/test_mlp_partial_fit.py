"""``partial_fit`` is ``fit`` in pieces: fed the same batches, it ends at the same bits."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import compute_class_weight

from glassnet import MLPClassifier, MLPRegressor

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(90, 3))
Y = np.digitize(X[:, 0] + 0.3 * X[:, 1], [-1.0, 0.2])
EVERY_CLASS = [0, 1, 2]


def quietly(estimator: Any, *data: Any, **more: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return estimator.fit(*data, **more)


def fed(estimator: Any, *data: Any, size: int, epochs: int) -> Any:
    """``epochs`` rounds of the same batches."""
    first = {"classes": EVERY_CLASS} if isinstance(estimator, MLPClassifier) else {}
    for _ in range(epochs):
        for start in range(0, len(X), size):
            estimator.partial_fit(*(part[start : start + size] for part in data), **first)
    return estimator


def assert_same(one: Any, other: Any) -> None:
    for ours, theirs in zip((*one.coefs_, *one.intercepts_), (*other.coefs_, *other.intercepts_), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@settings(max_examples=25, deadline=None)
@given(
    solver=st.sampled_from(["sgd", "rmsprop", "adagrad", "adam", "adamw"]),
    size=st.integers(1, 60),
    epochs=st.integers(1, 3),
    hidden=st.lists(st.integers(1, 5), max_size=2),
    dropout=st.sampled_from([0.0, 0.4]),
    classes=st.booleans(),
    single=st.booleans(),
)
def test_the_same_batches_lead_to_the_same_bits(
    solver: str, size: int, epochs: int, hidden: list[int], dropout: float, classes: bool, single: bool
) -> None:
    kind, y = (MLPClassifier, Y) if classes else (MLPRegressor, X[:, 2])
    rows = X.astype(np.float32) if single else X
    common = {"hidden_layer_sizes": hidden, "solver": solver, "dropout": dropout, "alpha": 0.1, "l1": 0.01, "random_state": 0}
    whole = kind(**common, batch_size=size, max_iter=epochs, tol=0, n_iter_no_change=np.inf, shuffle=False)
    pieces = fed(kind(**common, shuffle=False), rows, y, size=size, epochs=epochs)
    assert_same(pieces, quietly(whole, rows, y))
    assert pieces.t_ == whole.t_ == epochs * len(X)


def test_weights_count_as_they_are_given() -> None:
    weights = RANDOM.uniform(0.5, 2, len(X))
    weights /= weights.mean()
    common = {"hidden_layer_sizes": (4,), "shuffle": False, "random_state": 0}
    whole = quietly(MLPClassifier(**common, batch_size=30, max_iter=2), X, Y, weights)
    pieces = fed(MLPClassifier(**common), X, Y, size=30, epochs=0)
    for _ in range(2):
        for start in range(0, 90, 30):
            part = slice(start, start + 30)
            pieces.partial_fit(X[part], Y[part], weights[part], classes=EVERY_CLASS)
    for ours, theirs in zip(pieces.coefs_, whole.coefs_, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-15)


def test_class_weights_hold_from_batch_to_batch() -> None:
    each = dict(zip(EVERY_CLASS, compute_class_weight("balanced", classes=np.array(EVERY_CLASS), y=Y), strict=True))
    common = {"hidden_layer_sizes": (4,), "shuffle": False, "random_state": 0}
    whole = quietly(MLPClassifier(**common, class_weight="balanced", batch_size=30, max_iter=2), X, Y)
    pieces = fed(MLPClassifier(**common, class_weight=each), X, Y, size=30, epochs=2)
    for ours, theirs in zip(pieces.coefs_, whole.coefs_, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-15)


def test_a_class_that_comes_alone_keeps_its_weight() -> None:
    heavy, light = ({0: weight, 1: 1.0, 2: 1.0} for weight in (3.0, 1.0))
    step = {"solver": "sgd", "momentum": 0.0, "alpha": 0.0, "hidden_layer_sizes": (), "random_state": 0, "learning_rate_init": 0.01}
    begun = MLPClassifier(**step).partial_fit(X, Y, classes=EVERY_CLASS)
    moved = []
    for weights in (light, heavy):
        going = clone(begun).set_params(class_weight=weights, init=(begun.coefs_, begun.intercepts_))
        going.partial_fit(X[Y == 0], Y[Y == 0], classes=EVERY_CLASS)
        moved.append(going.coefs_[0] - begun.coefs_[0])
    np.testing.assert_allclose(moved[1], 3 * moved[0], rtol=1e-9)


def test_balanced_cannot_be_told_from_a_part() -> None:
    with pytest.raises(
        ValueError, match=r"class_weight='balanced' cannot be told from a part of the rows. Give a dict, .*compute_class_weight"
    ):
        MLPClassifier(class_weight="balanced").partial_fit(X, Y, classes=EVERY_CLASS)


def test_early_stopping_changes_no_step() -> None:
    common = {"hidden_layer_sizes": (4,), "early_stopping": True, "monitor": "val_loss", "shuffle": False, "random_state": 0}
    whole = quietly(MLPClassifier(**common, batch_size=30, max_iter=5), X, Y, X_val=X, y_val=Y)
    assert whole.history_[-1]["val_loss"] == min(whole.history_.column("val_loss"))  # so the last weights are the best
    assert_same(fed(MLPClassifier(**common), X, Y, size=30, epochs=5), whole)


def test_after_fit_it_goes_on_as_fit_would_have() -> None:
    common = {"hidden_layer_sizes": (4,), "shuffle": False, "random_state": 0, "batch_size": 90}
    longer = quietly(MLPClassifier(**common, max_iter=4), X, Y)
    shorter = quietly(MLPClassifier(**common, max_iter=3), X, Y)
    assert_same(shorter.partial_fit(X, Y), longer)
