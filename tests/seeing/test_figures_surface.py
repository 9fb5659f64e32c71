"""The error surface and the path on it: the engine's own losses, and the path that a training takes without a watcher."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_iris, make_moons
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from glassnet import LogisticRegression, MLPClassifier, MLPRegressor
from glassnet.seeing.figures.descent_path import DescentPath
from glassnet.seeing.figures.directions import along_path, at_random, index_of
from glassnet.seeing.figures.error_surface import ErrorSurfaceDisplay
from glassnet.seeing.figures.style import png
from glassnet.seeing.subject import subject_of

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # how well it learned is not the matter

X, Y = make_moons(80, noise=0.2, random_state=0)


def theta_of(net):
    return np.concatenate([part.ravel() for pair in zip(net.coefs_, net.intercepts_, strict=True) for part in pair])


# ---- the path


@pytest.mark.parametrize("solver", ["sgd", "adam", "gd", "lbfgs", "cg"])
def test_the_path_begins_at_the_first_weights_and_ends_where_training_does_without_a_watcher(solver):
    def net():
        return MLPClassifier(3, solver=solver, max_iter=6, tol=0, random_state=0)

    alone, watched = net().fit(X, Y), net()
    path = DescentPath.of(watched, X, Y)
    assert len(path.thetas) == 1 + alone.n_iter_
    assert np.array_equal(path.thetas[-1], theta_of(alone)) and np.array_equal(theta_of(watched), theta_of(alone))
    half = net().set_params(max_iter=3).fit(X, Y)
    if solver != "lbfgs":  # whose line search looks ahead
        assert np.array_equal(path.thetas[3], theta_of(half))
    assert path.stopped_because == alone.stopped_because_ and watched._observers == ()
    assert "_begin" not in vars(watched)


def test_the_first_point_is_what_init_gave():
    net = MLPClassifier((), solver="gd", learning_rate_init=0.5, max_iter=4, init=([[[3.0], [-1.0]]], [[2.0]]))
    assert DescentPath.of(net, X, Y).thetas[0].tolist() == [3.0, -1.0, 2.0]


def test_steps_of_gradient_descent_go_down_the_slope():
    net = MLPClassifier((), solver="gd", learning_rate_init=0.5, max_iter=4, alpha=0, random_state=0)
    path = DescentPath.of(net, X, Y).thetas
    before = MLPClassifier.from_weights([path[0, :2, None]], [path[0, 2:]])
    p = before.predict_proba(X)[:, 1] - Y
    slope = np.append(X.T @ p, p.sum()) / len(X)
    assert np.allclose(path[1], path[0] - 0.5 * slope, rtol=1e-10)


def test_a_training_that_runs_away_leaves_its_path_and_its_reason():
    net = MLPRegressor(hidden_layer_sizes=(), solver="gd", learning_rate_init=1e200, max_iter=30, random_state=0)
    path = DescentPath.of(net, X, Y)
    assert 1 <= len(path.thetas) < 31 and "Training diverged" in path.stopped_because


def test_a_pipeline_is_watched_and_other_estimators_are_told_what_to_take():
    model = make_pipeline(StandardScaler(), MLPClassifier(2, max_iter=3, random_state=0))
    assert DescentPath.of(model, X, Y).thetas.shape == (4, 9)
    with pytest.raises(TypeError, match=r"got LogisticRegression. MLPClassifier\(\(\)\) is logistic regression, step by step"):
        DescentPath.of(LogisticRegression(), X, Y)


# ---- the directions


def test_weights_are_named_by_layer_and_units():
    layout = subject_of(MLPClassifier((3, 2), max_iter=1, random_state=0).fit(X, Y)).network.layout
    theta = np.arange(layout.n_parameters)
    views = layout.views(theta)
    assert theta[index_of(layout, "w2_3_1")] == views[1][0][2, 0] and theta[index_of(layout, "b1_2")] == views[0][1][1]


@pytest.mark.parametrize(
    "name, sentence",
    [
        ("w1", "a weight is named like 'w2_1_3'"),
        ("w9_1_1", "there is no layer 9; the network has 2: layers of 2 -> 3 -> 1 units"),
        ("w1_3_1", "there are no such units"),
        ("b1_4", "there is no such unit"),
    ],
)
def test_weights_that_are_not_there_are_refused(name, sentence):
    net = MLPClassifier(3, max_iter=1, random_state=0).fit(X, Y)
    with pytest.raises(ValueError, match=sentence):
        ErrorSurfaceDisplay.from_estimator(net, X, Y, weights=(name, "b1_1"))


def test_random_directions_are_as_long_as_the_weights_into_each_unit():
    subject = subject_of(MLPClassifier((4, 3), max_iter=5, random_state=0).fit(X, Y))
    layout = subject.network.layout
    theta = layout.pack([W for W, _ in subject.parameters], [b for _, b in subject.parameters], np.float64)
    plane = at_random(subject, theta, np.random.default_rng(1))
    for direction in (plane.u, plane.v):
        for (W, b), (own, _) in zip(layout.views(direction), layout.views(theta), strict=True):
            assert np.allclose(np.linalg.norm(W, axis=0), np.linalg.norm(own, axis=0)) and not b.any()
    assert np.array_equal(plane.at(0, 0), theta)
    assert np.allclose(plane.place(np.array([plane.at(0.3, -0.7)])), [[0.3, -0.7]])


def test_the_main_directions_of_a_path_hold_a_path_that_is_flat():
    random = np.random.default_rng(0)
    u, v, end = random.normal(size=(3, 7))
    path = end + np.array([[2, 1], [1, 1.5], [0.5, 0.2], [0, 0]]) @ np.array([u, v])
    plane = along_path(end, path)
    placed = plane.place(path)
    assert np.allclose([plane.at(s, t) for s, t in placed], path)
    assert "100.0 %" in plane.told


# ---- the surface


def test_every_point_of_the_surface_is_the_loss_of_a_network_with_those_weights():
    net = MLPClassifier(3, max_iter=20, random_state=0).fit(X, Y)
    display = ErrorSurfaceDisplay.from_estimator(net, X, Y, weights=("w1_2_1", "b2_1"), resolution=5)
    for j, i in ((0, 0), (2, 4), (4, 1)):
        coefs, biases = [W.copy() for W in net.coefs_], [b.copy() for b in net.intercepts_]
        coefs[0][1, 0], biases[1][0] = display.s[i], display.t[j]
        p = MLPClassifier.from_weights(coefs, biases, activation="relu").predict_proba(X)
        assert display.losses[j, i] == pytest.approx(log_loss(Y, p), rel=1e-12)
    assert display.ax_.get_xlabel() == "w, weight of x2 to unit 1" and display.ax_.get_ylabel() == "b, the bias"
    assert display.s[2] == pytest.approx(net.coefs_[0][1, 0])


def test_the_path_on_the_surface_has_its_true_losses_and_places():
    net = MLPClassifier((), solver="gd", learning_rate_init=1.0, max_iter=12, alpha=0, init=([[[2.0], [1.0]]], [[1.0]]))
    path = DescentPath.of(net, X, Y)
    display = ErrorSurfaceDisplay.from_estimator(net, X, Y, weights=("w1_1_1", "w1_2_1"), path=path, resolution=9)
    assert np.allclose(display.path_line_.get_xydata(), path.thetas[:, :2])
    assert display.path_losses[:-1] == pytest.approx(net.history_.column("loss"), rel=1e-10)  # an epoch's loss is that before its step
    start = MLPClassifier.from_weights([[[2.0], [1.0]]], [[1.0]]).predict_proba(X)
    assert display.path_losses[0] == pytest.approx(log_loss(Y, start), rel=1e-12)
    assert display.title_.startswith(f"From loss {display.path_losses[0]:.4g} to ")
    assert "drawn where it falls upon the plane" in display.remark_


def test_a_neuron_with_two_weights_lies_wholly_on_its_surface():
    x = X[:, :1]
    net = MLPClassifier((), solver="gd", learning_rate_init=1.0, max_iter=8, alpha=0, init=([[[2.0]]], [[1.0]]))
    path = DescentPath.of(net, x, Y)
    display = ErrorSurfaceDisplay.from_estimator(net, x, Y, path=path, resolution=9)
    assert np.allclose(display.path_line_.get_xydata(), path.thetas)
    assert display.plane.whole and "falls upon" not in display.remark_ and "Each dot is one epoch" in display.remark_
    inside = ErrorSurfaceDisplay.from_estimator(net, x, Y, path=path, resolution=9, window=((-9, -8), (-9, -8)))
    assert "9 of 9 points are out of sight" in inside.remark_


def test_a_larger_rate_than_the_surface_bears_is_seen_to_climb():
    def ends(rate):
        net = MLPRegressor(hidden_layer_sizes=(), solver="gd", learning_rate_init=rate, max_iter=15, alpha=0, tol=0, random_state=0)
        path = DescentPath.of(net, X[:, :1], X[:, 1])
        return ErrorSurfaceDisplay.from_estimator(net, X[:, :1], X[:, 1], path=path, resolution=7).path_losses

    small, large = ends(0.1), ends(3.0)
    assert (np.diff(small) < 0).all()
    assert large[-1] > large[0]


def test_losses_of_a_standardised_target_are_those_that_training_saw():
    Xd, yd = load_diabetes(return_X_y=True)
    net = MLPRegressor(hidden_layer_sizes=3, solver="gd", learning_rate_init=0.1, max_iter=9, alpha=0, random_state=0)
    net.set_params(standardise_target=True)
    path = DescentPath.of(net, Xd, yd)
    display = ErrorSurfaceDisplay.from_estimator(net, Xd, yd, path=path, resolution=5)
    assert display.path_losses[:-1] == pytest.approx(net.history_.column("loss"), rel=1e-10)  # an epoch's loss is that before its step
    assert display.unit == "squared error, target standardised"
    png(display.figure_)


def test_a_window_where_predictions_run_away_has_gaps_and_one_without_any_loss_is_refused():
    net = MLPRegressor(hidden_layer_sizes=(), loss="poisson", solver="lbfgs", max_iter=50).fit(X, Y + 1.0)
    display = ErrorSurfaceDisplay.from_estimator(net, X, Y + 1.0, weights=("w1_1_1", "b1_1"), window=((-1, 1), (0, 4000)), resolution=5)
    assert np.isinf(display.losses[-1]).all() and np.isfinite(display.losses[0]).all()
    with pytest.raises(ValueError, match="finite nowhere in this window"):
        ErrorSurfaceDisplay.from_estimator(net, X, Y + 1.0, weights=("w1_1_1", "b1_1"), window=((-1, 1), (3e3, 4e3)), resolution=5)


def test_softmax_and_random_directions_and_what_does_not_fit():
    Xi, yi = load_iris(return_X_y=True)
    model = LogisticRegression(max_iter=1000).fit(Xi, yi)
    display = ErrorSurfaceDisplay.from_estimator(model, Xi, yi, resolution=5)
    assert display.losses[2, 2] == pytest.approx(log_loss(yi, model.predict_proba(Xi)))
    again = ErrorSurfaceDisplay.from_estimator(model, Xi, yi, resolution=5)
    assert np.array_equal(display.losses, again.losses)
    with pytest.raises(ValueError, match="a path of another|the path is of a network with 3"):
        ErrorSurfaceDisplay.from_estimator(model, Xi, yi, path=DescentPath.of(MLPClassifier((), max_iter=3), X, Y))
    with pytest.raises(ValueError, match="directions must be 'path' or 'random'; got 'pth'"):
        ErrorSurfaceDisplay.from_estimator(model, Xi, yi, directions="pth")
    with pytest.raises(ValueError, match="needs a path: path=DescentPath.of"):
        ErrorSurfaceDisplay.from_estimator(model, Xi, yi, directions="path")
    with pytest.raises(ValueError, match="weights or directions, not both"):
        ErrorSurfaceDisplay.from_estimator(model, Xi, yi, weights=("w1_1_1", "b1_1"), directions="random")
