"""Labels beyond one class per row: rows of probabilities, and several columns of classes."""

from __future__ import annotations

import pickle
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import cross_val_score

import glassnet
from glassnet import MLPClassifier

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(120, 4))
P = 1 / (1 + np.exp(-2 * X[:, 0] + X[:, 1]))
TWO = np.column_stack([1 - P, P])
THREE = np.exp(X[:, :3]) / np.exp(X[:, :3]).sum(axis=1, keepdims=True)
COLUMNS = np.column_stack([np.digitize(X[:, 0], [-0.5, 0.5]), (X[:, 1] > 0) * 7, np.digitize(X[:, 2], [-1, 0, 1])])


def net(**parameters: Any) -> MLPClassifier:
    return MLPClassifier(
        **{"hidden_layer_sizes": (6,), "solver": "lbfgs", "alpha": 0.1, "max_iter": 2000, "tol": 1e-7, "random_state": 0} | parameters
    )


def fitted(*data: Any, X_val: Any = None, y_val: Any = None, **parameters: Any) -> MLPClassifier:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return net(**parameters).fit(*data, X_val=X_val, y_val=y_val)


# Soft labels ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("soft", [TWO, THREE], ids=["two", "three"])
def test_soft_labels_are_learned_as_probabilities(soft: np.ndarray) -> None:
    model = fitted(X, soft, alpha=1e-4)
    assert model.classes_.tolist() == list(range(soft.shape[1]))
    np.testing.assert_allclose(model.predict_proba(X), soft, atol=0.02)
    assert model.score(X, soft) == model.score(X, soft.argmax(axis=1)) > 0.95


@pytest.mark.parametrize("soft", [TWO, THREE], ids=["two", "three"])
def test_a_soft_label_is_each_class_with_its_probability_as_weight(soft: np.ndarray) -> None:
    k = soft.shape[1]
    rows, classes, weights = np.repeat(X, k, axis=0), np.tile(np.arange(k), len(X)), soft.ravel() * k
    once = net(hidden_layer_sizes=(), tol=1e-10).fit(X, soft)
    spread = net(hidden_layer_sizes=(), alpha=0.1 * k, tol=1e-10).fit(rows, classes, sample_weight=weights)
    np.testing.assert_allclose(once.predict_proba(X), spread.predict_proba(X), atol=1e-7)


def test_classes_written_as_probabilities_are_the_classes() -> None:
    names, hard = ["a", "b", "c"], THREE.argmax(axis=1)
    by_name, by_row = net(solver="adam"), net(solver="adam")
    by_name.partial_fit(X, np.array(names)[hard], classes=names).partial_fit(X, np.array(names)[hard])
    by_row.partial_fit(X, np.array(names)[hard], classes=names).partial_fit(X, np.eye(3)[hard])
    np.testing.assert_array_equal(by_name.coefs_[0], by_row.coefs_[0])


def test_a_network_goes_on_with_the_probabilities_of_another() -> None:
    names = np.array(["a", "b", "c"])[THREE.argmax(axis=1)]
    student = net(solver="adam").partial_fit(X, names, classes=["a", "b", "c"])
    student.partial_fit(X, THREE)
    assert set(student.predict(X)) <= {"a", "b", "c"}
    assert 0 < student.score(X, THREE) == student.score(X, names) < 1


def test_early_stopping_scores_the_most_probable_class() -> None:
    model = fitted(X, THREE, solver="adam", learning_rate_init=0.02, early_stopping=True, max_iter=60)
    assert set(np.array(model.validation_scores_) * 12 % 1) <= {0.0}
    given = fitted(X, THREE, X_val=X[:10], y_val=THREE[:10], solver="adam", early_stopping=True, monitor="accuracy", max_iter=5)
    assert given.best_validation_score_ == given.score(X[:10], THREE[:10])


def test_class_weights_weigh_soft_labels_by_their_parts() -> None:
    weights = {0: 1.0, 1: 2.0, 2: 5.0}
    by_class = net(hidden_layer_sizes=(), class_weight=weights).fit(X, THREE)
    by_row = net(hidden_layer_sizes=()).fit(X, THREE, sample_weight=THREE @ [1.0, 2.0, 5.0])
    np.testing.assert_allclose(by_class.predict_proba(X), by_row.predict_proba(X), atol=1e-6)
    balanced = net(hidden_layer_sizes=(), class_weight="balanced").fit(X, THREE)
    mass = THREE.sum(axis=0)
    same = net(hidden_layer_sizes=()).fit(X, THREE, sample_weight=THREE @ (len(X) / (3 * mass)))
    np.testing.assert_allclose(balanced.predict_proba(X), same.predict_proba(X), atol=1e-6)


def test_soft_labels_serve_cross_validation() -> None:
    assert cross_val_score(net(), X, THREE, cv=3).min() > 0.6


@pytest.mark.parametrize(
    "soft, sentence",
    [
        (THREE * 1.2, "Row 0 is .* 1.2 in all. Divide each row by its sum; for numbers use a regressor."),
        (THREE - [0.5, 0, -0.5], "its rows must be probabilities: none below 0"),
        (X, "its rows must be probabilities"),
    ],
    ids=["sum", "negative", "numbers"],
)
def test_rows_that_are_no_probabilities_are_refused(soft: np.ndarray, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        net().fit(X, soft)


def test_rows_of_other_length_are_refused() -> None:
    with pytest.raises(ValueError, match="rows of probabilities need one column per class, 2; y has 3"):
        net(solver="adam").partial_fit(X, TWO).partial_fit(X, THREE)


# Several columns of classes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("solver", ["adam", "lbfgs", "cg"])
def test_every_column_is_predicted_in_multi_output_shapes(solver: str) -> None:
    model = fitted(X, COLUMNS, solver=solver, learning_rate_init=0.02, max_iter=400)
    assert [classes.tolist() for classes in model.classes_] == [[0, 1, 2], [0, 7], [0, 1, 2, 3]]
    assert model.predict(X).shape == COLUMNS.shape
    probabilities = model.predict_proba(X)
    assert [p.shape for p in probabilities] == [(120, 3), (120, 2), (120, 4)]
    for p, log_p, classes, column in zip(probabilities, model.predict_log_proba(X), model.classes_, model.predict(X).T, strict=True):
        np.testing.assert_allclose(p.sum(axis=1), 1)
        np.testing.assert_allclose(np.exp(log_p), p)
        np.testing.assert_array_equal(classes[p.argmax(axis=1)], column)
    assert [z.shape for z in model.decision_function(X)] == [(120, 3), (120,), (120, 4)]
    assert model.score(X, COLUMNS) == (model.predict(X) == COLUMNS).all(axis=1).mean() > 0.8
    assert model.transform(X).shape == (120, 6)


def test_without_hidden_layers_the_heads_are_separate_models() -> None:
    together = net(hidden_layer_sizes=(), tol=1e-9).fit(X, COLUMNS)
    for column, probability in zip(COLUMNS.T, together.predict_proba(X), strict=True):
        np.testing.assert_allclose(probability, net(hidden_layer_sizes=(), tol=1e-9).fit(X, column).predict_proba(X), atol=1e-3)


def test_columns_of_words_stay_words() -> None:
    words = np.array(["low", "mid", "high"])[COLUMNS[:, 0]], np.array(["no", "yes"])[(COLUMNS[:, 1] > 0).astype(int)]
    model = fitted(X, np.column_stack(words))
    assert set(model.predict(X)[:, 0]) == {"low", "mid", "high"} and set(model.predict(X)[:, 1]) == {"no", "yes"}


def test_early_stopping_and_partial_fit_know_several_columns() -> None:
    stopped = fitted(X, COLUMNS, solver="adam", early_stopping=True, learning_rate_init=0.02, max_iter=50)
    assert 0 <= stopped.best_validation_score_ <= 1
    classes = [[0, 1, 2], [0, 7], [0, 1, 2, 3]]
    going = net(solver="adam")
    for part in np.array_split(np.arange(120), 4):
        going.partial_fit(X[part], COLUMNS[part], classes=classes)
    assert going.predict(X).shape == COLUMNS.shape
    with pytest.raises(ValueError, match="so classes must be a list of 3 arrays"):
        net(solver="adam").partial_fit(X, COLUMNS, classes=[0, 1, 2])
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        net(solver="adam").partial_fit(X, COLUMNS)


def test_several_columns_survive_pickle_and_file(tmp_path: Path) -> None:
    model = fitted(X, COLUMNS)
    model.save(tmp_path / "model.safetensors")
    for again in (pickle.loads(pickle.dumps(model)), glassnet.load(tmp_path / "model.safetensors")):
        np.testing.assert_array_equal(again.predict(X), model.predict(X))
        assert [classes.tolist() for classes in again.classes_] == [classes.tolist() for classes in model.classes_]


def test_what_several_columns_cannot_have_is_said() -> None:
    with pytest.raises(ValueError, match="class_weight is for one label per row"):
        net(class_weight="balanced").fit(X, COLUMNS)
    with pytest.raises(ValueError, match="compile_predict takes .* one column of classes"):
        fitted(X, COLUMNS).compile_predict()
    with pytest.raises(ValueError, match="y must have 3 columns of classes; got shape"):
        fitted(X, COLUMNS, solver="adam").partial_fit(X, COLUMNS[:, 0])
    with pytest.raises(ValueError, match="needs a curvature, which only the built-in losses tell"):
        net(hidden_layer_sizes=(), solver="newton").fit(X, COLUMNS)
