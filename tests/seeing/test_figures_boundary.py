"""The decision boundary: the model's own answers over a plane, in the user's columns or in principal components."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, make_moons
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from glassnet import LogisticRegression, MLPClassifier, MLPRegressor, TablePreparation
from glassnet.seeing.figures.boundary import BoundaryDisplay
from glassnet.seeing.figures.grid_rows import Table
from glassnet.seeing.figures.style import png

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # how well it learned is not the matter


def test_two_columns_need_no_choice_and_the_surface_is_the_probability():
    X, y = make_moons(60, noise=0.1, random_state=0)
    net = MLPClassifier(4, solver="lbfgs", random_state=0, max_iter=100).fit(X, y)
    display = BoundaryDisplay.from_estimator(net, X, y, grid_resolution=20)
    grid = np.column_stack([display.xx0.ravel(), display.xx1.ravel()])
    assert np.array_equal(display.surface_.get_array(), net.predict_proba(grid)[:, 1].reshape(20, 20))
    assert np.array_equal(np.concatenate([points.get_offsets() for points in display.points_]), np.concatenate([X[y == 0], X[y == 1]]))
    assert png(display.figure_).startswith(b"\x89PNG")


def test_the_line_is_where_the_threshold_lies():
    X, y = make_moons(200, noise=0.3, random_state=0)
    model = LogisticRegression(threshold=0.8).fit(X, y)
    display = BoundaryDisplay.from_estimator(model, X, y)
    (line,) = (path for path in display.boundary_.get_paths() if len(path.vertices))
    assert np.allclose(model.predict_proba(line.vertices)[:, 1], 0.8, atol=1e-3)


@pytest.mark.parametrize("kind", ["pandas", "polars", "dict", "array"])
def test_the_other_columns_stay_at_their_median_whatever_holds_the_table(kind):
    frame = load_iris(as_frame=True)
    X, y = frame.data, frame.target
    given = {
        "pandas": X,
        "polars": pl.DataFrame({name: X[name].to_numpy() for name in X}),
        "dict": {name: X[name].to_numpy() for name in X},
        "array": X.to_numpy(),
    }[kind]
    first = TablePreparation(dtype="float64") if kind != "array" else StandardScaler()
    model = make_pipeline(first, LogisticRegression(max_iter=1000)).fit(given, y)
    features = (2, 0) if kind == "array" else ("petal length (cm)", "sepal length (cm)")
    display = BoundaryDisplay.from_estimator(model, given, y, features=features, grid_resolution=15)
    grid = np.tile(X.median().to_numpy(), (225, 1))
    grid[:, 2], grid[:, 0] = display.xx0.ravel(), display.xx1.ravel()
    asked = pd.DataFrame(grid, columns=X.columns) if kind != "array" else grid
    assert np.allclose(display.response.reshape(225, 3), model.predict_proba(asked), rtol=1e-12)
    assert display.remark_.endswith("sepal width (cm) 3, petal width (cm) 1.3." if kind != "array" else "x2 3, x4 1.3.")


def test_a_column_can_be_fixed_elsewhere_and_categories_at_the_most_frequent():
    random = np.random.default_rng(0)
    table = {"age": random.uniform(20, 70, 80), "hours": random.uniform(0, 60, 80), "city": np.array(["Oslo", "Rome", "Rome", "Lima"] * 20)}
    y = (table["age"] + 30 * (table["city"] == "Rome") > 55).astype(int)
    model = make_pipeline(TablePreparation(), LogisticRegression()).fit(table, y)
    display = BoundaryDisplay.from_estimator(model, table, y, features=("age", "hours"), grid_resolution=5)
    assert display.remark_.endswith("Fixed: city Rome.")
    grid = {"age": display.xx0.ravel(), "hours": display.xx1.ravel(), "city": ["Oslo"] * 25}
    oslo = BoundaryDisplay.from_estimator(model, table, y, features=("age", "hours"), fixed={"city": "Oslo"}, grid_resolution=5)
    assert np.allclose(oslo.response.ravel(), model.predict_proba(grid)[:, 1])
    assert not np.allclose(oslo.response, display.response)


def test_two_principal_components_are_scikit_learns():
    X, y = load_breast_cancer(return_X_y=True)
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
    display = BoundaryDisplay.from_estimator(model, X, y, grid_resolution=10)
    scaled = model[0].transform(X)
    pca = PCA(2, svd_solver="full").fit(scaled)
    points = pca.transform(scaled)
    signs = np.sign((points * display.points).sum(axis=0))
    assert np.allclose(display.points * signs, points)
    corner = pca.mean_ + signs * [display.xx0[0, 0], display.xx1[0, 0]] @ pca.components_
    assert display.response[0, 0] == pytest.approx(model[1].predict_proba([corner])[0, 1])
    assert display.names[0] == f"principal component 1 ({100 * pca.explained_variance_ratio_[0]:.0f} % of the variance)"


def test_a_regressor_answers_in_units_of_y():
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    model = make_pipeline(
        StandardScaler(), MLPRegressor(hidden_layer_sizes=4, solver="lbfgs", standardise_target=True, random_state=0)
    ).fit(X, y)
    display = BoundaryDisplay.from_estimator(model, X, y, features=("bmi", "bp"), grid_resolution=6)
    row = X.median().to_frame().T.assign(bmi=display.xx0[2, 3], bp=display.xx1[2, 3])
    assert display.response[2, 3] == pytest.approx(model.predict(row)[0])
    assert np.array_equal(display.points_[0].get_array(), y)
    middle = BoundaryDisplay.from_estimator(model, X, y, features="pca", grid_resolution=7, eps=0).response
    assert y.min() - 300 < middle.min() < middle.max() < y.max() + 300


def test_several_classes_are_parted_where_two_are_equally_probable():
    X, y = load_iris(return_X_y=True)
    model = LogisticRegression(max_iter=1000).fit(X[:, 2:], y)
    display = BoundaryDisplay.from_estimator(model, X[:, 2:], y)
    for k, contour in enumerate(display.boundary_):
        for path in contour.get_paths():
            p = model.predict_proba(path.vertices)
            assert np.allclose(p[:, k], np.delete(p, k, axis=1).max(axis=1), atol=5e-3)


@pytest.mark.parametrize(
    "features, sentence",
    [
        (("radius", "x2"), "there is no column 'radius'; the columns are 'x1', 'x2', 'x3' or 'x4'"),
        ((0, 7), "there is no column 7; there are 4, counted from 0"),
        ((0, 0), "two different columns; got 'x1' twice"),
        ((0, 1, 2), "or 'pca'; got 3 of them"),
        ("pc", "or 'pca'; got 'pc'"),
    ],
)
def test_columns_that_are_not_there_are_named(features, sentence):
    X, y = load_iris(return_X_y=True)
    with pytest.raises(ValueError, match=sentence):
        BoundaryDisplay.from_estimator(LogisticRegression(max_iter=1000).fit(X, y), X, y, features=features)


def test_of_very_many_classes_the_legend_names_a_few():
    X, y = np.random.default_rng(0).normal(size=(120, 2)), np.arange(120) % 40
    display = BoundaryDisplay.from_estimator(LogisticRegression(max_iter=5).fit(X, y), X, y, grid_resolution=6)
    named = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert named == [*map(str, range(12)), "and 28 more"]
    assert len(display.points_) == 40


def test_one_row_spans_no_plane():
    X, y = load_iris(return_X_y=True)
    with pytest.raises(ValueError, match="one row has no principal components. Hand in more rows, or choose two features"):
        BoundaryDisplay.from_estimator(LogisticRegression(max_iter=1000).fit(X, y), X[:1], y[:1])


def test_text_is_no_axis_and_several_answers_are_no_plane():
    table = {"age": np.arange(20.0), "city": np.array(["Oslo", "Rome"] * 10)}
    model = make_pipeline(TablePreparation(), LogisticRegression()).fit(table, np.arange(20) % 2)
    with pytest.raises(ValueError, match="the column 'city' holds no numbers"):
        BoundaryDisplay.from_estimator(model, table, features=("age", "city"))
    X, y = load_iris(return_X_y=True)
    several = MLPClassifier(2, max_iter=2, random_state=0).fit(X, np.column_stack([y == 0, y == 1]).astype(int))
    with pytest.raises(ValueError, match="gives 2 answers to each row"):
        BoundaryDisplay.from_estimator(several, X)


def test_the_middle_of_a_column():
    table = Table.of(pl.DataFrame({"a": [1.0, None, 3.0, 8.0], "b": ["x", "y", "y", None], "c": [True, True, False, None]}))
    assert [table.middle(number) for number in range(3)] == [3.0, "y", True]
