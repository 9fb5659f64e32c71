"""The gradient check: silent where backpropagation is right, and loud, with the right name, where it is not."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits, load_iris
from sklearn.pipeline import make_pipeline

from glassnet import LogisticRegression, MLPClassifier, MLPRegressor, TablePreparation
from glassnet.maths.activations import ACTIVATIONS, USER, Activation
from glassnet.seeing.trace.gradient_check import gradient_check

X, Y = load_iris(return_X_y=True)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("loss", ["log_loss", "squared_error"])
def test_backpropagation_is_right_for_every_activation(activation, loss):
    net = MLPClassifier((4, 3), activation, loss=loss, random_state=0).partial_fit(X, Y, classes=[0, 1, 2])
    found = gradient_check(net, X, Y)
    assert found.passed
    assert found.errors.max() < 1e-6
    assert len(found.nodes) == found.n_parameters == 4 * 4 + 4 + 4 * 3 + 3 + 3 * 3 + 3


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "huber", "quantile", "poisson"])
def test_backpropagation_is_right_for_every_loss_of_numbers(loss):
    net = MLPRegressor(loss, hidden_layer_sizes=(4,), random_state=0).partial_fit(X[:, :3], X[:, 3])
    assert gradient_check(net, X[:, :3], X[:, 3]).passed


def test_a_wrong_slope_is_found_and_named():
    wrong = Activation("wrong", USER, True, np.sin, lambda z: np.cos(z) * np.where(np.arange(z.shape[1]) == 1, 1.1, 1.0))
    net = MLPClassifier.from_weights([[[0.3, -0.2], [0.5, 0.4]], [[1.0], [-0.7]]], [[0.1, 0.2], [0.3]], activation=wrong)
    found = gradient_check(net, [[0.5, -1.0], [1.0, 2.0]], [0, 1])
    assert not found.passed
    bad = {node for node, error in zip(found.nodes, found.errors, strict=True) if error > 1e-5}
    assert bad == {"w1_1_2", "w1_2_2", "b1_2"}
    assert found.worst in bad
    assert found.errors.max() == pytest.approx(0.1 / 1.1, rel=1e-4)
    assert found.verdict.startswith(f"Backpropagation is wrong at 3 of 9 parameters; worst is {found.worst} (")
    assert "Mend the slope" in found.verdict


def test_a_wrong_slope_of_a_users_loss_is_found():
    pair = (lambda raw, y: (raw - y) ** 2, lambda raw, y: raw - y)
    net = MLPRegressor.from_weights([[[1.0], [2.0]]], [[0.5]], loss=pair)
    found = gradient_check(net, [[1.0, 2.0], [0.5, -1.0]], [1.0, 2.0])
    assert found.errors.min() == pytest.approx(0.5, rel=1e-4)


def test_a_kink_is_no_fault():
    # relu at z = 0 exactly: its slope is any number from 0 to 1
    net = MLPRegressor.from_weights([[[1.0]], [[1.0]]], [[0.0], [0.0]], activation="relu")
    found = gradient_check(net, [[0.0]], [1.0])
    assert found.passed
    assert found.kinks == 1
    assert "kink" in " ".join(found.remarks)


def test_many_parameters_and_rows_are_drawn_by_seed_and_said():
    rows, y = load_digits(return_X_y=True)
    net = MLPClassifier((32,), random_state=0).partial_fit(rows / 16, y, classes=np.arange(10))
    found, again = (gradient_check(net, rows / 16, y, max_parameters=100, max_rows=20) for _ in range(2))
    assert found.passed and found.nodes == again.nodes
    assert len(found.nodes) < 130 and found.n_rows == 20
    assert {node[:2] for node in found.nodes} == {"w1", "b1", "w2", "b2"}
    assert "20 of 1,797 rows were drawn (seed 0)." in found.remarks
    assert any("of 2,410 parameters were drawn" in remark for remark in found.remarks)
    assert gradient_check(net, rows / 16, y, max_parameters=100, max_rows=20, seed=1).nodes != found.nodes


def test_it_is_float64_whatever_the_weights_are():
    net = MLPClassifier((4,), "tanh", random_state=0).partial_fit(X.astype(np.float32), Y, classes=[0, 1, 2])
    found = gradient_check(net, X, Y)
    assert found.errors.max() < 1e-6
    assert "The weights are float32; they are checked in float64." in found.remarks


def test_it_takes_pipelines_and_logistic_regression_and_leaves_them_alone():
    model = make_pipeline(TablePreparation(), MLPClassifier((3,), solver="lbfgs", alpha=1.0, max_iter=2000, random_state=0)).fit(X, Y)
    before = [W.copy() for W in model[-1].coefs_]
    assert gradient_check(model, X, Y).passed
    assert all((a == b).all() for a, b in zip(before, model[-1].coefs_, strict=True))
    linear = gradient_check(LogisticRegression().fit(X, Y), X, Y)
    assert linear.passed and len(linear.nodes) == 15


def test_the_report_can_be_read_and_counted():
    found = gradient_check(LogisticRegression().fit(X, Y), X, Y)
    assert str(found).splitlines()[0].startswith("Backpropagation is right: of 15 parameters")
    assert repr(found).startswith("<GradientCheck: Backpropagation is right")
    pytest.importorskip("polars")
    frame = found.to_frame("polars")
    assert frame.columns == ["node", "name", "layer", "backprop", "numeric", "error"]
    assert frame["name"][0] == "x1 to class 0"


def test_numbers_out_of_range_are_refused():
    net = LogisticRegression().fit(X, Y)
    with pytest.raises(ValueError, match="max_parameters must be 1 or more; got 0"):
        gradient_check(net, X, Y, max_parameters=0)
    with pytest.raises(ValueError, match="as many rows; got 150 and 3"):
        gradient_check(net, X, Y[:3])
