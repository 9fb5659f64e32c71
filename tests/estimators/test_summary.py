"""The summary of a network: its layers, its parameters, and a word on its data."""

from __future__ import annotations

from glassnet.estimators.summary import summarise


def test_the_parameters_of_a_textbook_network_are_counted():
    text = summarise((1024, 500, 10), ("relu", "softmax"))
    assert "517,000     510" in text
    assert text.endswith("517,510 parameters.")


def test_biases_left_out_are_not_counted():
    assert "3 parameters." in summarise((3, 1), ("logistic",), biases=[False])


def test_the_words_follow_the_rows_per_parameter():
    assert "too big for its data" in summarise((9, 1), ("logistic",), n_rows=9)
    assert "is big for its data" in summarise((9, 1), ("logistic",), n_rows=99)
    assert "big" not in summarise((9, 1), ("logistic",), n_rows=100)


def test_held_out_rows_that_decide_are_not_recommended_again():
    text = summarise((9, 1), ("logistic",), n_rows=9, watched=True)
    assert "held-out rows decide when it stops" in text and "early stopping" not in text
