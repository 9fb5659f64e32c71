"""What one looks at: names, rows and targets of every kind of model."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, PolynomialFeatures, StandardScaler

from glassnet import BernoulliRBM, ImagePreparation, LogisticRegression, MLPClassifier, MLPRegressor, TablePreparation
from glassnet.seeing.subject import subject_of

IRIS = load_iris(as_frame=True)
X, Y = IRIS.data.to_numpy(), IRIS.target.to_numpy()
SPECIES = IRIS.target_names[IRIS.target]


def quick(**parameters):
    return MLPClassifier((3,), solver="lbfgs", alpha=1.0, max_iter=2000, random_state=0, **parameters)


def test_inputs_have_the_names_of_the_columns_or_numbers():
    assert subject_of(quick().fit(IRIS.data, Y)).inputs == tuple(IRIS.feature_names)
    assert subject_of(quick().fit(X, Y)).inputs == ("x1", "x2", "x3", "x4")
    assert subject_of(make_pipeline(StandardScaler(), quick()).fit(X, Y)).inputs == ("x1", "x2", "x3", "x4")
    assert subject_of(make_pipeline(PCA(2), quick()).fit(X, Y)).inputs == ("pca0", "pca1")
    squares = make_pipeline(StandardScaler(), PolynomialFeatures(2, include_bias=False), quick()).fit(IRIS.data.iloc[:, :2], Y)
    assert subject_of(squares).inputs == (
        "sepal length (cm)",
        "sepal width (cm)",
        "sepal length (cm)^2",
        "sepal length (cm) sepal width (cm)",
        "sepal width (cm)^2",
    )


def test_the_names_of_a_table_and_of_pictures_are_those_of_their_preparation():
    table = {"age": [20, 30, None, 40] * 5, "city": ["Rome", "Oslo", "Rome", "Oslo"] * 5}
    model = make_pipeline(TablePreparation(), quick()).fit(table, [0, 1, 0, 1] * 5)
    assert subject_of(model).inputs == ("age", "age missing", "city=Oslo", "city=Rome")
    pictures = np.random.default_rng(0).integers(0, 256, (20, 8 * 8 * 3), dtype=np.uint8)
    model = make_pipeline(ImagePreparation(size=8, features="both"), quick()).fit(pictures, [0, 1] * 10)
    names = subject_of(model).inputs
    assert names[:4] == ("pixel 1,1 red", "pixel 1,1 green", "pixel 1,1 blue", "pixel 1,2 red")
    assert names[192] == "edges 1" and len(set(names)) == len(names)


def test_outputs_have_the_names_of_classes_labels_and_targets():
    two = Y < 2
    assert subject_of(quick().fit(X, SPECIES)).outputs == ("setosa", "versicolor", "virginica")
    assert subject_of(LogisticRegression().fit(X[two], SPECIES[two])).outputs == ("versicolor",)
    assert subject_of(quick().fit(X, np.column_stack([Y == 0, Y == 1]).astype(int))).outputs == ("label 0", "label 1")
    several = np.column_stack([SPECIES, np.where(Y > 0, "big", "small")])
    assert subject_of(quick().fit(X, several)).outputs == (
        "column 1: setosa",
        "column 1: versicolor",
        "column 1: virginica",
        "column 2: small",
    )
    assert subject_of(MLPRegressor.from_weights([np.ones((2, 1))])).outputs == ("y",)
    assert subject_of(MLPRegressor.from_weights([np.ones((2, 2))])).outputs == ("y1", "y2")
    quantiles = MLPRegressor("quantile", quantile=[0.1, 0.9], hidden_layer_sizes=(), solver="lbfgs", max_iter=500).fit(X[:, :3], X[:, 3])
    assert subject_of(quantiles).outputs == ("quantile 0.1", "quantile 0.9")


def test_the_network_predicts_what_the_model_predicts():
    model = make_pipeline(StandardScaler(), quick()).fit(X, Y)
    subject = subject_of(model)
    assert (subject.network.predict(subject.parameters, subject.rows(X)) == model.predict_proba(X)).all()
    linear = LogisticRegression().fit(X, Y)
    subject = subject_of(linear)
    assert np.allclose(subject.network.predict(subject.parameters, subject.rows(X)), linear.predict_proba(X), rtol=1e-12)


def test_layers_keep_their_bias_and_dropout():
    net = MLPClassifier((4, 3), bias=[True, False, True], dropout=[0.2, 0.0], max_iter=1).partial_fit(X, Y, classes=[0, 1, 2])
    network = subject_of(net).network
    assert [layer.bias for layer in network.layers] == [True, False, True]
    assert network.dropout == (0.2, 0.0, 0.0)


def test_targets_are_what_the_loss_reads():
    subject = subject_of(quick().fit(X, SPECIES))
    assert subject.targets(["setosa", "virginica"]).tolist() == [[1, 0, 0], [0, 0, 1]]
    with pytest.raises(ValueError, match="does not know: \\['rose'\\]"):
        subject.targets(["rose"])
    regressor = subject_of(MLPRegressor.from_weights([np.ones((2, 2))]))
    with pytest.raises(ValueError, match="2 columns"):
        regressor.targets([1.0, 2.0])


def test_a_standardised_target_is_folded_for_looking_and_unfolded_for_learning():
    model = MLPRegressor(hidden_layer_sizes=(3,), standardise_target=True, solver="lbfgs", alpha=1.0, max_iter=2000, random_state=0)
    target = 100 * X[:, 3] + 7
    model.fit(X[:, :3], target)
    seen = subject_of(model)
    assert seen.target_scale is None
    assert seen.targets(target).ravel().tolist() == target.tolist()
    learned = seen.as_learned()
    mean, spread = learned.target_scale
    assert np.allclose(learned.targets(target).ravel(), (target - mean) / spread)
    raw = learned.network.predict(learned.parameters, learned.rows(X[:, :3]))
    assert np.allclose(raw * spread + mean, model.predict(X[:, :3])[:, None])
    assert model.predict(X[:1, :3]) == seen.network.predict(seen.parameters, seen.rows(X[:1, :3]))


def test_outputs_are_named_so_that_none_is_taken_for_a_number():
    named = MLPClassifier.from_weights([np.ones((2, 3))], classes=["", "no", "yes"])
    assert subject_of(named).output_labels == ("''", "no", "yes")
    assert subject_of(named).outputs_in_words == ("output ''", "output no", "output yes")
    numbered = MLPClassifier.from_weights([np.ones((2, 3))], classes=[2, 3, 5])
    assert subject_of(numbered).outputs == ("2", "3", "5")
    assert subject_of(numbered).outputs_in_words == subject_of(numbered).output_labels == ("class 2", "class 3", "class 5")


def test_a_number_may_be_called_by_its_name_and_keeps_it():
    model = MLPRegressor(hidden_layer_sizes=(3,), standardise_target=True, max_iter=2, n_iter_no_change=9, random_state=0)
    model.partial_fit(X[:, :3], X[:, 3])
    subject = subject_of(model).called("price")
    assert subject.outputs == subject.as_learned().outputs == ("price",)
    several = subject_of(MLPRegressor.from_weights([np.ones((2, 2))]))
    assert several.called("price") is several
    classes = subject_of(MLPClassifier.from_weights([np.ones((2, 1))]))
    assert classes.called("price") is classes


def test_a_boltzmann_machine_is_sent_to_its_own_pictures():
    with pytest.raises(TypeError, match="BernoulliRBM has neither outputs nor a loss .* glassnet.seeing.boltzmann"):
        subject_of(BernoulliRBM())


def test_rows_take_what_the_model_takes_and_have_the_dtype_of_the_weights():
    transformer = ColumnTransformer([("scale", StandardScaler(), ["age"]), ("city", OneHotEncoder(), ["city"])])
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame({"age": [20.0, 30, 35, 40] * 5, "city": ["Rome", "Oslo", "Rome", "Bern"] * 5})
    model = make_pipeline(transformer, quick()).fit(table, [0, 1, 0, 1] * 5)
    subject = subject_of(model)
    assert subject.rows({"city": ["Oslo"], "age": [30.0]}).shape == (1, 4)
    with pytest.raises(ValueError, match="lacks 'age'"):
        subject.rows({"city": ["Oslo"]})
    narrow = MLPClassifier((3,)).partial_fit(X.astype(np.float32), Y, classes=[0, 1, 2])
    assert subject_of(narrow).rows(X).dtype == np.float32


def test_what_cannot_be_looked_at_says_what_to_hand_in():
    with pytest.raises(TypeError, match="got StandardScaler"):
        subject_of(StandardScaler())
    with pytest.raises(TypeError, match="the class MLPClassifier"):
        subject_of(MLPClassifier)
    with pytest.raises(TypeError, match="best_estimator_"):
        subject_of(GridSearchCV(LogisticRegression(), {"C": [1.0]}).fit(X, Y))
    with pytest.raises(NotFittedError):
        subject_of(make_pipeline(StandardScaler(), MLPClassifier()))
