"""Figures of what was learned from pictures: which units and which photos are shown, and what is written beside them."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.text import Text

from glassnet.seeing import pictures, plots


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
    figure = pictures.weights(W, 8, 1)
    assert len(shown(figure)) == pictures.MOST_UNITS
    assert "36 strongest of 50 hidden units" in words(figure)
    assert np.array_equal(shown(figure)[0].images[0].get_array(), W[:, 7].reshape(8, 8))
    assert plots.png(figure).startswith(b"\x89PNG")


@pytest.mark.parametrize("units", [1, 2, 5, 7, 12, 13, 36])
def test_any_number_of_units_finds_room(units):
    figure = pictures.weights(random_weights(8, 1, units), 8, 1)
    assert len(shown(figure)) == units
    plots.png(figure)


def test_a_single_layer_has_a_picture_for_each_class():
    figure = pictures.weights(random_weights(8, 1, 3), 8, 1, classes=["cat", "dog", "$bird"])
    assert [axes.get_xlabel() for axes in shown(figure)] == ["cat", "dog", r"\$bird"]
    assert "What speaks for each class" in words(figure)


def test_a_single_unit_in_colour_has_a_picture_for_each_channel():
    W = random_weights(8, 3, 1)
    figure = pictures.weights(W, 8, 3, classes=["cat", "dog"])
    assert [axes.get_xlabel() for axes in shown(figure)] == ["all", "red", "green", "blue"]
    assert np.array_equal(shown(figure)[2].images[0].get_array(), W[1::3, 0].reshape(8, 8))
    assert "What speaks for dog, and what against it" in words(figure)


def test_zero_lies_in_the_middle_of_the_colours_even_without_weights():
    image = shown(pictures.weights(np.zeros((64, 1)), 8, 1))[0].images[0]
    assert image.norm.vmin == -image.norm.vmax < 0


def picture(row):
    return np.full((8, 8), row, np.uint8), f"cat/{row}.jpg"


def test_the_surest_pictures_are_shown_right_ones_above():
    true = np.array(["cat", "cat", "dog", "dog", "dog"])
    predicted = np.array(["cat", "dog", "dog", "dog", "cat"])
    figure = pictures.confident(true, predicted, [0.6, 0.97, 0.9999, 0.995, 0.7], picture)
    labels = [axes.get_xlabel() for axes in shown(figure)]
    assert labels == [
        "dog > 99.9 %\ncat/2.jpg",
        "dog 99.5 %\ncat/3.jpg",
        "cat 60 %\ncat/0.jpg",
        "dog 97 %\nis cat  ·  cat/1.jpg",
        "cat 70 %\nis dog  ·  cat/4.jpg",
    ]
    assert "wrong (2 of 5)" in words(figure)
    plots.png(figure)


def test_a_network_without_mistakes_says_so():
    figure = pictures.confident(["a"] * 3, ["a"] * 3, [0.9] * 3, lambda row: (np.zeros((8, 8, 3), np.uint8), "x"))
    assert "None of the 3 is wrong" in words(figure) and len(shown(figure)) == 3
