"""Metrics against scikit-learn's, and where they are not defined."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn import metrics as judge

from glassnet.runs.baselines import Constant, single_unit
from glassnet.runs.metrics import classification_metrics, is_missed, regression_metrics


@pytest.mark.parametrize("k", [2, 4])
def test_metrics_of_classes_are_those_of_scikit_learn(k):
    random = np.random.default_rng(0)
    classes = np.array(["ash", "elm", "fir", "oak"][:k])
    probability = random.dirichlet(np.ones(k), 200)
    y = classes[random.integers(k, size=200)]
    predicted = classes[probability.argmax(axis=1)]
    found = classification_metrics(y, predicted, np.log(probability), classes)
    area = judge.roc_auc_score(y, probability[:, 1]) if k == 2 else judge.roc_auc_score(y, probability, multi_class="ovr")
    assert found["accuracy"] == pytest.approx(judge.accuracy_score(y, predicted))
    assert found["log_loss"] == pytest.approx(judge.log_loss(y, probability))
    assert found["roc_auc"] == pytest.approx(area)
    assert found["f1_macro"] == pytest.approx(judge.f1_score(y, predicted, average="macro"))


def test_metrics_of_numbers_are_those_of_scikit_learn():
    random = np.random.default_rng(0)
    y, predicted = random.normal(size=50), random.normal(size=50)
    found = regression_metrics(y, predicted)
    assert found["r2"] == pytest.approx(judge.r2_score(y, predicted))
    assert found["mae"] == pytest.approx(judge.mean_absolute_error(y, predicted))
    assert found["rmse"] == pytest.approx(judge.root_mean_squared_error(y, predicted))


def test_what_the_rows_do_not_define_is_none_and_never_nan():
    one_class = classification_metrics(np.array([0, 0]), np.array([0, 0]), np.log([[0.9, 0.1], [0.8, 0.2]]), np.array([0, 1]))
    assert one_class["roc_auc"] is None
    impossible = classification_metrics(np.array([0, 1]), np.array([0, 0]), np.array([[0.0, -np.inf]] * 2), np.array([0, 1]))
    assert impossible["log_loss"] is None
    assert regression_metrics(np.ones(3), np.ones(3))["r2"] is None
    for found in (one_class, impossible, regression_metrics(np.ones(1), np.array([np.nan]))):
        json.dumps(found, allow_nan=False)


def test_the_single_unit_beside_a_network_weighs_the_classes_as_it_does():
    random = np.random.default_rng(0)
    X = random.normal(size=(500, 2))
    y = (X[:, 0] + random.normal(size=500) > 2).astype(int)
    plain, weighed = (single_unit(X, y, classes=True, class_weight=weight).predict(X).sum() for weight in (None, "balanced"))
    assert plain < y.sum() < weighed


def test_a_sure_prediction_costs_what_its_logarithm_says():
    log_probability = np.array([[-1e4, 0.0]], dtype=np.float32)
    assert classification_metrics(np.array([0]), np.array([1]), log_probability, np.array([0, 1]))["log_loss"] == 1e4


@pytest.mark.parametrize(
    "name, value, missed",
    [("accuracy", 0.89, True), ("accuracy", 0.9, False), ("rmse", 0.91, True), ("rmse", 0.9, False), ("roc_auc", None, True)],
)
def test_errors_must_stay_below_their_bound_and_scores_above(name, value, missed):
    assert is_missed(name, value, 0.9) is missed


def test_the_constant_answer_is_the_most_frequent_class_or_the_mean():
    constant = Constant.of(np.array(["b", "a", "b"]), classes=True)
    assert constant.metrics(np.array(["a", "b", "b", "b"]), np.array(["a", "b"]))["accuracy"] == 0.75
    assert Constant.of(np.array([1.0, 3.0]), classes=False).metrics(np.array([2.0, 4.0]), None)["mae"] == 1.0


def test_the_single_linear_unit_is_least_squares():
    random = np.random.default_rng(0)
    X = random.normal(size=(80, 3))
    y = 1e4 + X @ [3.0, -2.0, 1.0] + 0.1 * random.normal(size=80)
    unit = single_unit(X.astype(np.float32), y, classes=False)
    expected = np.linalg.lstsq(np.c_[X, np.ones(80)], y, rcond=None)[0]
    np.testing.assert_allclose(unit.coefs_[0][:, 0], expected[:3], rtol=0.02)


def test_a_loss_of_nothing_is_never_minus_nothing():
    classes, sure = np.array([0, 1]), np.array([[0.0, -np.inf], [-np.inf, 0.0]])
    found = classification_metrics(classes, classes, sure, classes)["log_loss"]
    assert found == 0.0 and np.copysign(1.0, found) == 1.0
