"""The numbers of a trace: a worked example, the engine bit for bit, the chain rule, the update, every way an example may come."""

from __future__ import annotations

import copy
import json
import math

import numpy as np
import pytest
from sklearn.datasets import load_digits, load_iris
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from glassnet import ImagePreparation, Images, LogisticRegression, MLPClassifier, MLPRegressor, TablePreparation, load, save
from glassnet.maths.activations import ACTIVATIONS
from glassnet.networks.network import Workspace
from glassnet.seeing.subject import subject_of
from glassnet.seeing.trace.tracing import trace

IRIS = load_iris(as_frame=True)
X, Y = IRIS.data.to_numpy(), IRIS.target.to_numpy()
SPECIES = IRIS.target_names[IRIS.target]


def half_trained(solver="adam", **parameters):
    net = MLPClassifier((5,), activation="tanh", solver=solver, random_state=0, **parameters)
    for _ in range(3):
        net.partial_fit(X, Y, classes=[0, 1, 2])
    return net


def test_a_worked_example():
    # x = (1, 2); layer 1, relu: W = [[1, -1], [0.5, 1]], b = (0, -2); output, logistic: w = (0.5, 3), b = -1; y = 1
    # z1 = (1 + 1, -1 + 2 - 2) = (2, -1)      a1 = (2, 0)
    # z2 = 0.5 * 2 + 3 * 0 - 1 = 0            a2 = 1/2        L = -log 1/2 = 0.6931...
    # dL/da2 = -1/a2 = -2     da2/dz2 = 1/4   dL/dz2 = -1/2 = a2 - y
    # dL/dw2 = -1/2 * (2, 0) = (-1, 0)        dL/db2 = -1/2
    # dL/da1 = -1/2 * (0.5, 3) = (-0.25, -1.5)         da1/dz1 = (1, 0)         dL/dz1 = (-0.25, 0)
    # dL/dW1 = [[-0.25, 0], [-0.5, 0]]        dL/db1 = (-0.25, 0)               dL/dx = -0.25 * (1, 0.5)
    # update with r = 0.1, alpha = 0.4:  w2 - 0.1 (dL/dw2 + 0.4 w2) = (0.5 + 0.08, 3 - 0.12),  b2 = -1 + 0.05
    net = MLPClassifier.from_weights(
        [[[1.0, -1.0], [0.5, 1.0]], [[0.5], [3.0]]], [[0.0, -2.0], [-1.0]], solver="sgd", momentum=0, alpha=0.4, learning_rate_init=0.1
    )
    seen = trace(net, [1, 2], y=1)
    first, last = seen.layers
    assert first.z.tolist() == [2, -1]
    assert first.a.tolist() == [2, 0]
    assert (last.z.tolist(), last.a.tolist()) == ([0], [0.5])
    assert seen.loss.value == pytest.approx(math.log(2), rel=1e-15)
    assert (last.da.tolist(), last.slope.tolist(), last.dz.tolist()) == ([-2], [0.25], [-0.5])
    assert (last.dW.ravel().tolist(), last.db.tolist()) == ([-1, 0], [-0.5])
    assert (first.da.tolist(), first.slope.tolist(), first.dz.tolist()) == ([-0.25, -1.5], [1, 0], [-0.25, 0])
    assert (first.dW.tolist(), first.db.tolist()) == ([[-0.25, 0], [-0.5, 0]], [-0.25, 0])
    assert [entry.gradient for entry in seen.inputs] == [-0.25, -0.125]
    assert seen.update.layers[1].W.ravel() == pytest.approx([0.58, 2.88], rel=1e-15)
    assert seen.update.layers[1].b == pytest.approx([-0.95], rel=1e-15)
    assert seen.answer == 0  # 1/2 does not exceed 1/2


def test_every_number_is_the_engines_bit_for_bit():
    net = half_trained()
    seen, subject = trace(net, X[17], Y[17]), subject_of(net)
    network, parameters = subject.network, subject.parameters
    x, y = X[17:18].copy(), subject.targets(Y[17:18])
    work, gradient = Workspace(network, 1, np.float64), np.zeros(network.layout.n_parameters)
    cost = network.value_and_gradient(parameters, network.layout.views(gradient), x, y, None, work)
    assert seen.loss.value == cost
    for l, (layer, (dW, db)) in enumerate(zip(seen.layers, network.layout.views(gradient), strict=True)):
        assert (layer.dz == work.D[l][0]).all()
        assert (layer.dW == dW).all()
        assert (layer.db == db).all()
    assert (seen.layers[0].a == work.A[0][0]).all()
    assert (seen.layers[1].z == work.raw[0]).all()
    assert (seen.prediction == net.predict_proba(X[17:18])[0]).all()


@pytest.mark.parametrize("solver", ["adam", "adamw", "sgd", "rmsprop", "adagrad", "gd"])
@pytest.mark.parametrize("penalty", [{"alpha": 0.0}, {"alpha": 0.3}, {"alpha": 0.1, "l1": 0.05}])
def test_the_update_is_what_partial_fit_on_this_row_does(solver, penalty):
    net = half_trained(solver, **penalty)
    seen, after = trace(net, X[60], Y[60]), copy.deepcopy(net).partial_fit(X[60:61], Y[60:61])
    for update, W, b in zip(seen.update.layers, after.coefs_, after.intercepts_, strict=True):
        assert np.allclose(update.W, W, rtol=1e-13, atol=1e-16)
        assert np.allclose(update.b, b, rtol=1e-13, atol=1e-16)
    assert seen.update.own
    assert seen.update.t == net._state.updates + 1


def test_the_model_is_left_as_it_is():
    net = half_trained()
    before = copy.deepcopy(net)
    trace(net, X[3], Y[3])
    assert all((a == b).all() for a, b in zip(net.coefs_, before.coefs_, strict=True))
    assert all((a == b).all() for a, b in zip(net._state.moments, before._state.moments, strict=True))
    assert net._state.updates == before._state.updates


def test_moments_that_are_not_there_are_said_to_begin_anew(tmp_path):
    net = half_trained()
    save(net, tmp_path / "net.safetensors")
    seen = trace(load(tmp_path / "net.safetensors"), X[0], 0)
    assert seen.update.t == 1
    assert any("begins anew" in remark for remark in seen.update.remarks)
    assert not any("begins anew" in remark for remark in trace(net, X[0], 0).update.remarks)


def test_the_learning_rate_is_the_last_epochs_or_the_one_asked_for():
    net = MLPClassifier((3,), solver="sgd", learning_rate="invscaling", learning_rate_init=0.5, max_iter=3, random_state=0)
    for _ in range(3):
        net.partial_fit(X, Y, classes=[0, 1, 2])
    assert trace(net, X[0], 0).update.rate == net.history_[-1]["learning_rate"] < 0.5
    assert trace(net, X[0], 0, learning_rate=0.25).update.rate == 0.25
    for wrong in (0, -1.0, math.inf):
        with pytest.raises(ValueError, match="learning_rate must be above 0"):
            trace(net, X[0], 0, learning_rate=wrong)


def test_solvers_that_look_at_all_rows_show_a_plain_step_and_say_so():
    net = MLPClassifier((3,), solver="lbfgs", alpha=1.0, max_iter=2000, random_state=0).fit(X, Y)
    seen = trace(net, X[0], 0, learning_rate=0.01)
    assert not seen.update.own
    assert "lbfgs looks at all rows at once" in " ".join(seen.update.remarks)
    W, dW = seen.layers[0].W, seen.layers[0].dW
    assert np.allclose(seen.update.layers[0].W, W - 0.01 * (dW + 1.0 * W), rtol=1e-14)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_logistic_regression_is_one_layer(classes, dtype):
    few = classes > Y
    model = LogisticRegression(C=0.5).fit(X[few].astype(dtype), SPECIES[few])
    seen = trace(model, X[20], "setosa")
    assert len(seen.layers) == 1
    assert (seen.layers[0].W == model.coef_.T).all()
    assert seen.loss.value == pytest.approx(-model.predict_log_proba(X[20:21])[0, 0], rel=1e-5)
    one = seen.layers[0]
    target = np.array([1.0, 0, 0]) if classes == 3 else np.array([0.0])
    assert np.allclose(one.dz, seen.prediction - target, rtol=1e-5)
    assert np.allclose(one.dW, np.outer(X[20], one.dz), rtol=1e-5)
    share = 1 / (0.5 * few.sum())
    assert np.allclose(seen.update.layers[0].W, one.W - 0.1 * (one.dW + share * one.W), rtol=1e-5)
    assert seen.answer == "setosa"


def test_class_and_row_weights_are_in_the_loss():
    net = half_trained(class_weight={0: 1, 1: 4, 2: 1})
    plain, weighed = trace(half_trained(), X[60], 1), trace(net, X[60], 1, sample_weight=0.5)
    assert weighed.loss.weight == 2
    assert weighed.loss.value == pytest.approx(2 * trace(half_trained_like(net), X[60], 1).loss.value)
    assert np.allclose(weighed.loss.chain.product(), weighed.layers[-1].dz, rtol=1e-12)
    assert plain.loss.weight is None
    balanced = MLPClassifier((3,), class_weight="balanced", solver="lbfgs", alpha=1.0, max_iter=2000, random_state=0).fit(X, Y)
    assert any("'balanced'" in remark for remark in trace(balanced, X[0], 0).update.remarks)


def half_trained_like(net):
    """The same weights without class weights."""
    twin = copy.deepcopy(net)
    twin.class_weight = None
    return twin


def test_a_layer_without_bias_has_none_to_move():
    net = MLPClassifier((3,), bias=[False, True], random_state=0).partial_fit(X, Y, classes=[0, 1, 2])
    seen = trace(net, X[0], 0)
    assert [layer.bias for layer in seen.layers] == [False, True]
    assert not seen.layers[0].b.any() and not seen.update.layers[0].b.any()
    assert "b1_1" not in set(seen.to_frame("polars")["node"])
    assert "b2_1" in set(seen.to_frame("polars")["node"])


def test_dropout_is_off():
    net = MLPClassifier((8,), dropout=0.5, random_state=0).partial_fit(X, Y, classes=[0, 1, 2])
    assert (trace(net, X[0], 0).prediction == net.predict_proba(X[:1])[0]).all()


def test_without_a_truth_it_ends_with_the_prediction():
    seen = trace(half_trained(), X[0])
    assert seen.loss is None and seen.update is None and seen.layers[0].dW is None
    assert seen.inputs[0].gradient is None
    assert json.loads(seen.to_json())["loss"] is None
    assert "Back" not in str(seen)
    with pytest.raises(ValueError, match="need the truth y"):
        trace(half_trained(), X[0], learning_rate=0.1)


def test_an_example_may_come_in_many_forms():
    pandas = pytest.importorskip("pandas")
    polars = pytest.importorskip("polars")
    model = make_pipeline(TablePreparation(dtype="float64"), half_trained())
    model.steps[0][1].fit(IRIS.data)
    row = IRIS.data.iloc[17]
    wanted = trace(model, row, Y[17])
    assert isinstance(row, pandas.Series)
    as_given = [entry.original for entry in wanted.inputs]
    assert as_given == X[17].tolist()
    forms = [
        IRIS.data.iloc[[17]],
        polars.from_pandas(IRIS.data)[17],
        dict(row),
        {name: [value] for name, value in row.items()},
        dict(reversed(list(row.items()))),
        X[17],
        X[17:18],
        X[17].tolist(),
    ]
    for form in forms:
        found = trace(model, form, Y[17])
        assert (found.prediction == wanted.prediction).all(), form
        assert [entry.original for entry in found.inputs] == as_given


def test_originals_stand_beside_what_the_network_reads():
    table = {"age": [20, 30, None, 40] * 5, "city": ["Rome", "Oslo", "Rome", "Oslo"] * 5}
    net = MLPClassifier((3,), solver="lbfgs", alpha=1.0, max_iter=2000, random_state=0)
    model = make_pipeline(TablePreparation(), net).fit(table, ["no", "yes"] * 10)
    seen = trace(model, {"age": None, "city": "Oslo"}, "yes")
    assert [(entry.name, entry.original, entry.value) for entry in seen.inputs[1:]] == [
        ("age missing", None, 1),
        ("city=Oslo", "Oslo", 1),
        ("city=Rome", "Oslo", 0),
    ]
    scaled = make_pipeline(StandardScaler(), half_trained())
    scaled.steps[0][1].fit(X)
    assert [entry.original for entry in trace(scaled, X[5], 0).inputs] == X[5].tolist()


def test_a_picture_is_traced_from_its_bytes():
    digits, y = load_digits(return_X_y=True)
    pixels = (digits * 15).astype(np.uint8)
    preparation = ImagePreparation(size=8, grey=True)
    net = MLPClassifier((6,), solver="lbfgs", alpha=1.0, max_iter=3000, random_state=0)
    model = make_pipeline(preparation, net).fit(pixels[:200], y[:200])
    wanted = trace(model, pixels[3], y[3])
    assert [entry.original for entry in wanted.inputs] == pixels[3].tolist()
    assert wanted.inputs[9].name == "pixel 2,2"
    for form in (pixels[3:4], pixels[3].reshape(8, 8), pixels[3].reshape(1, 8, 8), Images(pixels[3:4], None, (), 8, 1)):
        assert (trace(model, form, y[3]).prediction == wanted.prediction).all()


def test_several_rows_and_unknown_classes_are_refused():
    net = half_trained()
    for rows in (X, X[:2], IRIS.data, X[:2].tolist()):
        with pytest.raises(ValueError, match="x must be one example; got (150|2) rows"):
            trace(net, rows, 0)
    with pytest.raises(ValueError, match="class that the model does not know: 'rose'; it knows \\[0, 1, 2\\]"):
        trace(net, X[0], "rose")
    with pytest.raises(ValueError, match="one example, a value for each column; got 2 values"):
        trace(net, {"a": [1, 2]}, 0)
    with pytest.raises(ValueError, match="sample_weight must be 0 or more"):
        trace(net, X[0], 0, sample_weight=-1)


def test_a_class_may_be_given_as_it_is_written():
    assert trace(half_trained(), X[0], "2").y == 2


def test_a_standardised_target_is_traced_as_it_was_learned():
    target = 100 * X[:, 3] + 7
    model = MLPRegressor(hidden_layer_sizes=(3,), standardise_target=True, max_iter=40, random_state=0, tol=0, n_iter_no_change=100)
    for _ in range(3):
        model.partial_fit(X[:, :3], target)
    seen = trace(model, X[60, :3], target[60])
    assert seen.answer == pytest.approx(model.predict(X[60:61, :3])[0], rel=1e-12)
    mean, spread = seen.subject.target_scale
    assert seen.target == pytest.approx((target[60] - mean) / spread)
    assert seen.loss.value == pytest.approx(0.5 * (seen.prediction[0] - seen.target[0]) ** 2)
    after = copy.deepcopy(model).partial_fit(X[60:61, :3], target[60:61])
    after._unfold_target_scale()
    for update, W in zip(seen.update.layers, after.coefs_, strict=True):
        assert np.allclose(update.W, W, rtol=1e-10)


def test_the_frame_holds_every_number():
    seen = trace(half_trained(), X[17], Y[17])
    pytest.importorskip("polars")
    frame = seen.to_frame("polars")
    assert frame.columns == ["node", "kind", "layer", "unit", "name", "value", "gradient", "new"]
    assert frame.height == 4 + (4 * 5 + 5) + (5 * 3 + 3) + 2 * (5 + 3) + 1
    values = dict(zip(frame["node"], zip(frame["value"], frame["gradient"], frame["new"], strict=True), strict=True))
    layer, update = seen.layers[1], seen.update.layers[1]
    assert values["w2_5_3"] == (layer.W[4, 2], layer.dW[4, 2], update.W[4, 2])
    assert values["b2_1"] == (layer.b[0], layer.db[0], update.b[0])
    assert values["z2_2"][:2] == (layer.z[1], layer.dz[1])
    assert values["a0_4"][0] == X[17, 3]
    assert values["L"][0] == seen.loss.value
    pandas = pytest.importorskip("pandas")
    assert isinstance(seen.to_frame(), pandas.DataFrame)


def test_json_holds_every_number_and_is_json_to_the_letter():
    seen = trace(half_trained(), X[17], Y[17])
    found = json.loads(seen.to_json())
    assert found == json.loads(json.dumps(seen.to_dict(), allow_nan=False))
    assert found["layers"][0]["W"] == seen.layers[0].W.tolist()
    assert found["layers"][1]["new_b"] == seen.update.layers[1].b.tolist()
    assert found["update"]["beta_1"] == 0.9
    assert found["loss"]["parts"][0]["formula"] == "-y·log(a)"


def test_a_prediction_rounded_to_one_still_has_a_finite_delta():
    net = MLPClassifier.from_weights([[[50.0]]], [[0.0]], alpha=0)
    seen = trace(net, [1.0], 0)
    assert seen.prediction[0] == 1
    assert seen.layers[0].dz[0] == 1
    assert seen.loss.value == pytest.approx(50)
    assert not math.isfinite(seen.layers[0].da[0])
    for text in (str(seen), seen.to_latex(), seen.to_html(), seen.to_svg(), seen.to_json()):
        assert text
    assert "a is rounded" in str(seen)


def test_every_activation_keeps_its_z():
    for name, activation in ACTIVATIONS.items():
        net = MLPClassifier((4,), activation=name, random_state=0).partial_fit(X, Y, classes=[0, 1, 2])
        layer = trace(net, X[9], 1).layers[0]
        assert np.allclose(layer.z, X[9] @ layer.W + layer.b, rtol=1e-13)
        assert np.allclose(layer.a, activation(layer.z), rtol=1e-15)
        assert np.allclose(layer.dz, layer.da * activation.slope_at(layer.z), rtol=1e-13)


@pytest.mark.parametrize("x", [{"q": 1.0, "r": 2.0}, [1.0], [1.0, 2.0, 3.0]])
def test_a_row_without_the_models_columns_is_refused_as_in_a_prediction(x):
    table = {"a": np.arange(20.0), "b": np.arange(20.0) % 3}
    model = make_pipeline(TablePreparation(), LogisticRegression()).fit(table, np.arange(20) % 2)
    with pytest.raises(ValueError, match="lacks 2 columns that training had: 'a', 'b'|is expecting 2 features"):
        trace(model, x)
