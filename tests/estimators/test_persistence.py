"""A model in a file: the same predictions, bit for bit, or one sentence about why not."""

from __future__ import annotations

import json
import warnings

import numpy as np
import polars as pl
import pytest
from sklearn.datasets import make_classification, make_regression
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import Pipeline, make_pipeline

import glassnet
from glassnet import LogisticRegression, LogisticRegressionCV, MLPClassifier, MLPRegressor, ModelFileError, TablePreparation
from glassnet.estimators.persistence import load_with_extra
from glassnet.estimators.plain_values import from_plain, to_plain
from glassnet.files import container

X, Y = make_classification(60, 5, n_informative=4, n_redundant=0, n_classes=3, random_state=0)
LABELS = {
    "integers": np.array([3, -7, 40]),
    "small integers": np.array([1, 2, 3], dtype=np.int8),
    "numbers": np.array([0.0, 1.0, 2.0]),
    "text": np.array(["bird", "<=50K", "=A1 ü"]),
    "wide text": np.array(["a", "b", "c"], dtype="<U12"),
    "objects": np.array(["oslo", "rome", "bonn"], dtype=object),
}
MODELS = {
    "network": MLPClassifier((7,), activation="tanh", max_iter=5, random_state=0),
    "layers that differ": MLPClassifier((6, 4), activation=["gelu", "elu"], bias=[True, False, True], max_iter=5, random_state=0),
    "single layer": MLPClassifier((), solver="lbfgs", random_state=0, bias=False),
    "logistic regression": LogisticRegression(),
    "logistic regression that chooses": LogisticRegressionCV(Cs=[0.1, 1.0], cv=2, use_legacy_attributes=False, scoring="accuracy"),
}


def fitted(model, X, y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(X, y)


def kept(model, tmp_path, **options):
    glassnet.save(model, tmp_path / "model.safetensors", **options)
    return glassnet.load(tmp_path / "model.safetensors")


def assert_same(one, other):
    """Equal to the last bit, and of the same type."""
    assert one.dtype == other.dtype
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", MODELS)
def test_every_classifier_predicts_the_same_bits_after_loading(name, dtype, tmp_path):
    model = fitted(MODELS[name], X.astype(dtype), Y)
    again = kept(model, tmp_path)
    assert type(again) is type(model)
    assert_same(model.predict(X.astype(dtype)), again.predict(X.astype(dtype)))
    assert_same(model.predict_proba(X.astype(dtype)), again.predict_proba(X.astype(dtype)))
    assert again.get_params() == model.get_params()
    assert again.history_.rows == model.history_.rows
    assert again.stopped_because_ == model.stopped_because_
    assert again.summary() == model.summary()


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("kind", LABELS)
@pytest.mark.parametrize("model", [MLPClassifier((4,), max_iter=3, random_state=0), LogisticRegression()], ids=["network", "logistic"])
def test_labels_come_back_as_they_were_with_their_type(model, kind, classes, tmp_path):
    y = LABELS[kind][Y % classes]
    model = fitted(model, X, y)
    again = kept(model, tmp_path)
    assert_same(model.classes_, again.classes_)
    assert_same(model.predict(X), again.predict(X))


def test_boolean_labels_come_back_as_booleans(tmp_path):
    model = fitted(MLPClassifier((4,), max_iter=3, random_state=0), X, Y > 0)
    assert_same(model.predict(X), kept(model, tmp_path).predict(X))


def test_several_labels_at_once_come_back(tmp_path):
    model = fitted(MLPClassifier((4,), max_iter=3, random_state=0), X, np.eye(3, dtype=int)[Y])
    assert_same(model.predict(X), kept(model, tmp_path).predict(X))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("targets", [1, 2])
@pytest.mark.parametrize("options", [{}, {"standardise_target": True}, {"bias": False, "loss": "huber"}], ids=str)
def test_every_regressor_predicts_the_same_bits_after_loading(options, targets, dtype, tmp_path):
    X, y = make_regression(50, 4, n_targets=targets, random_state=0)
    model = fitted(MLPRegressor(hidden_layer_sizes=(5,), max_iter=3, random_state=0, **options), X.astype(dtype), y)
    assert_same(model.predict(X.astype(dtype)), kept(model, tmp_path).predict(X.astype(dtype)))


def test_weights_that_were_given_come_back(tmp_path):
    net = MLPClassifier.from_weights([[[20, 20], [20, 20]], [[20], [-20]]], [[-10, -30], [-10]], activation="logistic")
    assert kept(net, tmp_path).predict([[0, 0], [0, 1], [1, 0], [1, 1]]).tolist() == [0, 1, 1, 0]


def test_a_loaded_network_goes_on_learning(tmp_path):
    again = kept(fitted(MLPClassifier((4,), max_iter=3, random_state=0, warm_start=True), X, Y), tmp_path)
    before = again.predict_proba(X)
    assert not np.array_equal(fitted(again, X, Y).predict_proba(X), before)


def test_a_table_and_its_network_come_back_together(tmp_path):
    table = pl.DataFrame({"x": X[:, 0], "kind": [["a", "b", None][i % 3] for i in range(60)]})
    model = fitted(Pipeline([("preparation", TablePreparation()), ("model", MLPClassifier((4,), max_iter=3, random_state=0))]), table, Y)
    again = kept(model, tmp_path)
    assert list(again.named_steps) == ["preparation", "model"]
    assert_same(model.predict_proba(table), again.predict_proba(table.select("kind", "x")))


def test_the_steps_keep_their_names(tmp_path):
    model = fitted(make_pipeline(TablePreparation(), LogisticRegression()), {"x": X[:, 0]}, Y)
    assert list(kept(model, tmp_path).named_steps) == ["tablepreparation", "logisticregression"]


def test_names_of_features_come_back(tmp_path):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=list("abcde"))
    again = kept(fitted(LogisticRegression(), frame, Y), tmp_path)
    assert again.feature_names_in_.tolist() == list("abcde")
    again.predict(frame)


def test_what_the_caller_adds_comes_back_beside_the_model(tmp_path):
    model = fitted(LogisticRegression(), X, Y)
    glassnet.save(model, tmp_path / "m", extra={"target": "species", "metrics": {"accuracy": 0.9}})
    assert load_with_extra(tmp_path / "m")[1] == {"target": "species", "metrics": {"accuracy": 0.9}}


def test_the_same_model_is_the_same_file(tmp_path):
    model = fitted(LogisticRegression(), X, Y)
    glassnet.save(model, tmp_path / "one")
    glassnet.save(glassnet.load(tmp_path / "one"), tmp_path / "two")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_directory_stands_for_the_model_inside(tmp_path):
    model = fitted(LogisticRegression(), X, Y)
    model.save(tmp_path / "model.safetensors")
    assert_same(model.predict(X), glassnet.load(tmp_path).predict(X))
    with pytest.raises(FileNotFoundError, match="no model file"):
        glassnet.load(tmp_path / "elsewhere")


@pytest.mark.parametrize(
    "values",
    [
        {"activation": (np.tanh, lambda z: 1 - np.tanh(z) ** 2)},
        {"random_state": np.random.RandomState(0)},
    ],
    ids=["function", "random state"],
)
def test_what_no_file_can_hold_is_refused_by_name(values, tmp_path):
    model = fitted(MLPClassifier((3,), max_iter=2, random_state=0), X, Y).set_params(**values)
    with pytest.raises(ValueError, match=rf"{next(iter(values))} must be a plain value.*set_params"):
        glassnet.save(model, tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_foreign_and_unfitted_models_are_refused(tmp_path):
    class Ours(LogisticRegression):
        """A subclass has code that no file holds."""

    for model in (LinearRegression().fit(X, Y), make_pipeline(LinearRegression()), Ours(), "model"):
        with pytest.raises(TypeError, match="model must be .*LogisticRegression, .*or a Pipeline of"):
            glassnet.save(model, tmp_path / "m")
    with pytest.raises(NotFittedError):
        glassnet.save(LogisticRegression(), tmp_path / "m")


def change(metadata, *path, value):
    """The metadata with another value at ``path``."""
    *to, last = path
    place = metadata
    for key in to:
        place = place[key]
    place[last] = value


@pytest.mark.parametrize(
    "path, value",
    [
        (["kind"], "a cake"),
        (["model_version"], 2),
        (["class"], "os.system"),
        (["class"], ["MLPClassifier"]),
        (["parameters", "alpha"], "much"),
        (["parameters", "activation"], "cake"),
        (["parameters", "hidden"], 3),
        (["parameters"], []),
        (["facts"], {}),
        (["facts", "classes"], [1, 2]),
        (["facts", "classes"], {"$array": [1, 2, 3, 4], "dtype": "<i8", "shape": [4]}),
        (["facts", "classes"], {"$array": ["a"], "dtype": "<U1000000000", "shape": [1]}),
        (["facts", "classes"], {"$array": [], "dtype": "|V8", "shape": [0]}),
        (["facts", "n_features_in_"], 10**9),
        (["feature_names"], {"$array": ["a"], "dtype": "|O", "shape": [1]}),
        (["preparation"], {"version": 1}),
        (["extra"], 3),
    ],
    ids=str,
)
def test_metadata_that_makes_no_model_is_one_error(path, value, tmp_path):
    glassnet.save(fitted(MLPClassifier((3,), max_iter=2, random_state=0), X, Y), tmp_path / "m")
    arrays, metadata = container.read(tmp_path / "m")
    change(metadata, *path, value=value)
    container.write(tmp_path / "m", arrays, metadata)
    with pytest.raises(ModelFileError):
        glassnet.load(tmp_path / "m")


@pytest.mark.parametrize("model", [MLPClassifier((3,), max_iter=2, random_state=0), LogisticRegression()], ids=["network", "logistic"])
def test_arrays_that_make_no_model_are_one_error(model, tmp_path):
    glassnet.save(fitted(model, X, Y), tmp_path / "m")
    arrays, metadata = container.read(tmp_path / "m")
    for name in arrays:
        for wrong in ({}, {name: arrays[name][:-1]}, {name: np.full((3, 3, 3), 7)}):
            container.write(tmp_path / "m", {key: value for key, value in arrays.items() if key != name} | wrong, metadata)
            with pytest.raises(ModelFileError):
                glassnet.load(tmp_path / "m")


def test_a_file_for_something_else_is_refused(tmp_path):
    container.write(tmp_path / "m", {}, {"kind": "glassnet checkpoint"})
    with pytest.raises(ModelFileError, match="'glassnet checkpoint', not a model"):
        glassnet.load(tmp_path / "m")


@pytest.mark.parametrize(
    "value",
    [None, True, 3, 0.1, float("inf"), "text", [1, [2]], (64, 32), ((), ["a"]), {0: 1.5, "a": (1,)}, {"$tuple": [1]}, {}],
    ids=repr,
)
def test_plain_values_survive_the_round_trip(value):
    again = from_plain(json.loads(json.dumps(to_plain(value), allow_nan=False)))
    assert again == value
    assert type(again) is type(value)


@pytest.mark.parametrize(
    "value",
    [object(), print, {1, 2}, b"bytes", 1j, np.zeros(2, complex), np.array(["2024-01-01"], "M8[D]")],
    ids=lambda value: type(value).__name__,
)
def test_other_values_are_refused(value):
    with pytest.raises(TypeError, match="cannot be kept"):
        to_plain(value)
