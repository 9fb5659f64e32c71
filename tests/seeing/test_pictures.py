"""Figures of what was learned from pictures: which units and which photos are shown, and what is written beside them."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.text import Text
from scipy.sparse import csr_matrix
from sklearn.datasets import load_digits
from sklearn.pipeline import Pipeline

from glassnet import ImagePreparation, LogisticRegression, MLPClassifier
from glassnet.seeing.figures.confident_pictures import ConfidentPictureDisplay
from glassnet.seeing.figures.style import png
from glassnet.seeing.figures.weight_images import MOST_UNITS, WeightImageDisplay

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # how well it learned is not the matter


def words(figure):
    """Everything written in the figure."""
    return "\n".join(text.get_text() for text in figure.findobj(Text))


def shown(figure):
    """The tiles that hold a picture."""
    return [axes for axes in figure.axes if axes.images]


def random_weights(size, channels, units):
    return np.random.default_rng(0).normal(size=(size * size * channels, units))


def test_the_strongest_hidden_units_are_shown():
    W = random_weights(8, 1, 50)
    W[:, 7] *= 10
    display = WeightImageDisplay(W, (8, 8)).plot()
    assert len(shown(display.figure_)) == len(display.images_) == MOST_UNITS
    assert display.units_[0] == 7
    assert "36 strongest of 50 hidden units" in words(display.figure_)
    assert np.array_equal(display.images_[0].get_array(), W[:, 7].reshape(8, 8))
    assert png(display.figure_).startswith(b"\x89PNG")


@pytest.mark.parametrize("units", [1, 2, 5, 7, 12, 13, 36])
def test_any_number_of_units_finds_room(units):
    figure = WeightImageDisplay(random_weights(8, 1, units), (8, 8)).plot().figure_
    assert len(shown(figure)) == units
    png(figure)


def test_a_single_layer_has_a_picture_for_each_class():
    figure = WeightImageDisplay(random_weights(8, 1, 3), (8, 8), classes=["cat", "dog", "$bird"]).plot().figure_
    assert [axes.get_xlabel() for axes in shown(figure)] == ["cat", "dog", r"\$bird"]
    assert "What speaks for each class" in words(figure)


def test_a_single_unit_in_colour_has_a_picture_for_each_channel():
    W = random_weights(8, 3, 1)
    figure = WeightImageDisplay(W, (8, 8, 3), classes=["cat", "dog"]).plot().figure_
    assert [axes.get_xlabel() for axes in shown(figure)] == ["all", "red", "green", "blue"]
    assert np.array_equal(shown(figure)[2].images[0].get_array(), W[1::3, 0].reshape(8, 8))
    assert "What speaks for dog, and what against it" in words(figure)


def test_zero_lies_in_the_middle_of_the_colours_even_without_weights():
    image = WeightImageDisplay(np.zeros((64, 1)), (8, 8)).plot().images_[0]
    assert image.norm.vmin == -image.norm.vmax < 0


def test_the_pictures_are_the_weights_of_the_model():
    X, y = load_digits(return_X_y=True)
    model = LogisticRegression(C=0.01, max_iter=1000).fit(X, y)
    display = WeightImageDisplay.from_estimator(model)
    assert all(np.array_equal(image.get_array(), W.reshape(8, 8)) for image, W in zip(display.images_, model.coef_, strict=True))
    net = MLPClassifier(5, max_iter=5, tol=1, n_iter_no_change=1, random_state=0).fit(X, y)
    display = WeightImageDisplay.from_estimator(net)
    assert np.array_equal(display.images_[2].get_array(), net.coefs_[0][:, display.units_[2]].reshape(8, 8))


def test_the_shape_is_told_by_the_preparation_and_inputs_that_are_no_pixels_are_refused():
    X = np.random.default_rng(0).integers(0, 256, (30, 8 * 8 * 3), dtype=np.uint8)
    y = np.arange(30) % 2
    model = Pipeline([("preparation", ImagePreparation(size=8)), ("model", LogisticRegression(max_iter=1000))]).fit(X, y)
    display = WeightImageDisplay.from_estimator(model)
    assert display.shape == (8, 8, 3) and len(display.images_) == 4
    flat = LogisticRegression().fit(X[:, :30] / 255, y)
    with pytest.raises(ValueError, match="30 inputs are no square picture. Give shape="):
        WeightImageDisplay.from_estimator(flat)
    assert WeightImageDisplay.from_estimator(flat, shape=(5, 6)).images_[0].get_array().shape == (5, 6)
    with pytest.raises(ValueError, match=r"pictures of shape \(5, 5\) have 25 numbers"):
        WeightImageDisplay.from_estimator(flat, shape=(5, 5))


def picture(row):
    return np.full((8, 8), row, np.uint8), f"cat/{row}.jpg"


def test_the_surest_pictures_are_shown_right_ones_above():
    true = np.array(["cat", "cat", "dog", "dog", "dog"])
    predicted = np.array(["cat", "dog", "dog", "dog", "cat"])
    display = ConfidentPictureDisplay.from_predictions(true, predicted, [0.6, 0.97, 0.9999, 0.995, 0.7], picture)
    labels = [axes.get_xlabel() for axes in shown(display.figure_)]
    assert labels == [
        "dog · > 99.9 %\ncat/2.jpg",
        "dog · 99.5 %\ncat/3.jpg",
        "cat · 60 %\ncat/0.jpg",
        "dog · 97 %\nis cat  ·  cat/1.jpg",
        "cat · 70 %\nis dog  ·  cat/4.jpg",
    ]
    assert display.right_.tolist() == [2, 3, 0] and display.wrong_.tolist() == [1, 4]
    assert "wrong (2 of 5)" in words(display.figure_)
    png(display.figure_)


def test_a_network_without_mistakes_says_so():
    display = ConfidentPictureDisplay.from_predictions(["a"] * 3, ["a"] * 3, [0.9] * 3, lambda row: (np.zeros((8, 8, 3), np.uint8), "x"))
    assert "None of the 3 is wrong" in words(display.figure_) and len(shown(display.figure_)) == 3


def test_pictures_of_an_estimator_are_its_rows_and_its_own_probabilities():
    X, y = load_digits(return_X_y=True)
    model = LogisticRegression(C=0.001, max_iter=1000).fit(X[:200], y[:200])
    display = ConfidentPictureDisplay.from_estimator(model, X[200:], y[200:], most=4)
    p, answer = model.predict_proba(X[200:]).max(axis=1), model.predict(X[200:])
    wrong = np.flatnonzero(answer != y[200:])
    surest = wrong[np.argsort(-p[wrong], kind="stable")][:4]
    assert display.wrong_.tolist() == surest.tolist()
    assert np.array_equal(display.images_[4].get_array(), X[200 + surest[0]].reshape(8, 8))
    assert (
        shown(display.figure_)[4]
        .get_xlabel()
        .startswith(f"class {answer[surest[0]]} · {100 * p[surest[0]]:.0f} %\nis class {y[200 + surest[0]]}")
    )
    sparse = ConfidentPictureDisplay.from_estimator(model, csr_matrix(X[200:]), y[200:], most=4)
    assert np.array_equal(sparse.images_[4].get_array(), display.images_[4].get_array())
