"""Figures of what happens inside: gradients by layer, activations, a single neuron. What is drawn is what the engine computes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from glassnet import LogisticRegression, MLPClassifier, MLPRegressor, TablePreparation
from glassnet.seeing.figures.activations import ActivationDisplay
from glassnet.seeing.figures.layer_gradients import LayerGradientDisplay
from glassnet.seeing.figures.sigmoid import SigmoidDisplay
from glassnet.training.history import History

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # how well it learned is not the matter


# ---- gradients and updates by layer


def history(norms, ratios):
    rows = History(stopped_because="all epochs are done")
    for epoch, (norm, ratio) in enumerate(zip(norms, ratios, strict=True), 1):
        rows.append(epoch=epoch, loss=1.0, layer_gradient_norms=norm, layer_update_ratios=ratio)
    return rows


def test_every_layer_has_a_line_of_its_norms_and_of_its_ratios():
    display = LayerGradientDisplay(history([[0.01, 1.0], [0.02, 0.5]], [[1e-3, 1e-4], [2e-3, 1e-5]])).plot()
    assert [line.get_ydata().tolist() for line in display.gradient_lines_] == [[0.01, 0.02], [1.0, 0.5]]
    assert [line.get_ydata().tolist() for line in display.ratio_lines_] == [[1e-3, 2e-3], [1e-4, 1e-5]]
    assert [axes.get_yscale() for axes in display.axes_] == ["log", "log"]
    assert display.title_ == "The gradient in the first layer ends at 0.04 times that in the last"


def test_a_solver_that_does_not_tell_its_updates_has_one_part():
    display = LayerGradientDisplay(history([[0.5], [0.25]], [None, None])).plot()
    assert len(display.axes_) == 1 and display.ratio_lines_ == [] and display.update_ratios is None
    assert "does not tell its updates" in display.remark_
    assert display.title_ == "The gradient's norm is 0.25 after 2 epochs"


def test_a_gradient_of_zero_is_a_gap_on_a_logarithmic_axis():
    line = LayerGradientDisplay(history([[0.5], [0.0], [0.1]], [None] * 3)).plot().gradient_lines_[0]
    assert np.isnan(line.get_ydata()[1]) and line.get_ydata()[2] == 0.1


def test_a_history_without_layers_is_refused():
    rows = History()
    rows.append(epoch=1, loss=0.5)
    with pytest.raises(ValueError, match="does not tell the gradient of each layer.* Train the model anew"):
        LayerGradientDisplay(rows)


# ---- activations


def heights(bars):
    return sum(bar.get_height() for bar in bars)


@pytest.mark.parametrize("activation, slope", [("tanh", lambda a: 1 - a**2), ("logistic", lambda a: 4 * a * (1 - a))])
def test_the_bars_hold_every_activation_and_those_that_are_flat(activation, slope):
    X, y = load_iris(return_X_y=True)
    net = MLPClassifier((6, 4), activation=activation, solver="lbfgs", max_iter=300, random_state=0).fit(X, y)
    display = ActivationDisplay.from_estimator(net, X)
    for number, layer in enumerate(display.layers):
        A = net.transform(X, layer=number)
        assert np.array_equal(layer.A, A)
        assert np.array_equal(layer.flat, np.abs(slope(A)) < 0.05)
        lively, flat = display.bars_[number]
        assert heights(flat) == pytest.approx(100 * layer.flat.mean())
        assert heights(lively) + heights(flat) == pytest.approx(100)


def test_dead_relus_are_counted_and_zeros_have_a_bar_of_their_own():
    W = np.array([[1.0, -1.0, 0.0], [1.0, -1.0, 1.0]])
    net = MLPClassifier.from_weights([W, np.ones((3, 1))], [[0.0, 0.0, 0.0], [0.0]])
    X = np.array([[1.0, 2.0], [2.0, -1.0], [3.0, 1.0]])
    display = ActivationDisplay.from_estimator(net, X, bins=10)
    layer = display.layers[0]
    assert layer.dead.tolist() == [1]
    assert layer.flat_share == pytest.approx(4 / 9)
    flat = display.bars_[0][1]
    assert flat[-1].get_height() == pytest.approx(400 / 9) and flat[-1].get_x() + flat[-1].get_width() < 0
    assert "1 of 3 hidden units is flat on every row: dead." in display.remark_
    assert "3 relu units, 44 % flat, 1 dead" in [axes.get_title(loc="left") for axes in display.axes_]


def test_a_users_own_activation_is_read_like_any_other():
    X, y = load_iris(return_X_y=True)
    square = (lambda z: np.tanh(z) ** 2, lambda z: 2 * np.tanh(z) * (1 - np.tanh(z) ** 2))
    net = MLPClassifier(4, activation=square, solver="lbfgs", max_iter=50, random_state=0).fit(X, y)
    layer = ActivationDisplay.from_estimator(net, X).layers[0]
    Z = X @ net.coefs_[0] + net.intercepts_[0]
    assert np.array_equal(layer.flat, np.abs(square[1](Z)) < 0.05)


def test_a_network_without_hidden_layers_has_no_activations_to_show():
    X, y = load_iris(return_X_y=True)
    with pytest.raises(ValueError, match="no hidden layer.* SigmoidDisplay shows a single neuron"):
        ActivationDisplay.from_estimator(LogisticRegression(max_iter=1000).fit(X, y), X)


# ---- the sigmoid


def test_the_curve_is_the_logistic_function_and_every_row_lies_on_it():
    X, y = load_breast_cancer(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    model = LogisticRegression().fit(X, y)
    display = SigmoidDisplay.from_estimator(model, X, y)
    z, p = display.curve_.get_data()
    assert np.allclose(p, expit(z), rtol=1e-12)
    drawn = np.concatenate([points.get_offsets() for points in display.points_])
    rows = np.concatenate([np.flatnonzero(y == 0), np.flatnonzero(y == 1)])
    assert np.allclose(drawn[:, 0], model.decision_function(X)[rows], rtol=1e-12)
    assert np.allclose(drawn[:, 1], model.predict_proba(X)[rows, 1], rtol=1e-12)
    assert display.wrong_.tolist() == np.flatnonzero(model.predict(X) != y).tolist()


def test_a_single_input_is_shown_in_its_own_units_through_any_preparation():
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    X = X[["mean radius"]]
    for preparation in (StandardScaler(), TablePreparation()):
        model = make_pipeline(preparation, MLPClassifier((), solver="lbfgs", max_iter=500, random_state=0)).fit(X, y)
        display = SigmoidDisplay.from_estimator(model, X, y)
        x, p = display.curve_.get_data()
        assert display.ax_.get_xlabel() == "mean radius" and x[0] < X["mean radius"].min() < X["mean radius"].max() < x[-1]
        grid = X.iloc[:0].reindex(range(len(x))).assign(**{"mean radius": x})
        assert np.array_equal(p, model.predict_proba(grid)[:, 1])


def test_a_threshold_of_the_models_own_decides_what_is_wrong():
    X, y = load_breast_cancer(return_X_y=True)
    model = LogisticRegression(threshold=0.9).fit(StandardScaler().fit_transform(X), y)
    display = SigmoidDisplay.from_estimator(model, StandardScaler().fit_transform(X), y)
    assert display.wrong_.tolist() == np.flatnonzero(model.predict(StandardScaler().fit_transform(X)) != y).tolist()
    assert "on the right side of 0.9" in display.title_


def test_the_formula_is_the_neurons():
    net = MLPClassifier.from_weights([[[-1.5], [0.25]]], [[-2.0]], classes=["no", "yes"])
    display = SigmoidDisplay.from_estimator(net, np.zeros((2, 2)), ["no", "yes"])
    assert display.remark_.startswith("z = -1.5 x1 + 0.25 x2 - 2.")


@pytest.mark.parametrize(
    "model, sentence",
    [
        (MLPClassifier(3, max_iter=5), "1 hidden layer. Use BoundaryDisplay for what it answers, ActivationDisplay for its hidden units"),
        (LogisticRegression(max_iter=1000), "this model has 3 output units. Use BoundaryDisplay"),
        (MLPRegressor(hidden_layer_sizes=(), max_iter=5), "predicts numbers. Use ResidualDisplay"),
    ],
)
def test_other_networks_are_told_what_to_draw_instead(model, sentence):
    X, y = load_iris(return_X_y=True)
    with pytest.raises(ValueError, match=sentence):
        SigmoidDisplay.from_estimator(model.fit(X, y), X, y)


def test_a_regressors_layers_can_be_seen():
    X, y = load_diabetes(return_X_y=True)
    net = MLPRegressor(hidden_layer_sizes=(5,), solver="lbfgs", standardise_target=True, max_iter=20, random_state=0).fit(X, y)
    assert ActivationDisplay.from_estimator(net, X).layers[0].activation == "relu"
