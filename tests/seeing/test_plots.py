"""Figures: what they must show, whatever the data, and that nothing of them spills into the user's session."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from glassnet.seeing import plots
from glassnet.training.history import History


def history(losses, held_out=None, reason="all 3 epochs are done"):
    rows = History(stopped_because=reason)
    for epoch, loss in enumerate(losses, 1):
        rows.append(epoch=epoch, loss=loss, val_loss=None if held_out is None else held_out[epoch - 1])
    return rows


def words(figure):
    """Everything written in the figure."""
    from matplotlib.text import Text

    return "\n".join(text.get_text() for text in figure.findobj(Text))


def size_of(png):
    return int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")


def test_the_cost_curve_says_where_and_why_training_stopped_and_what_was_kept():
    figure = plots.cost_curve(history([0.9, 0.5, 0.3], [0.8, 0.4, 0.6]), kept=2, unit="nats per row")
    shown = words(figure)
    assert "Held-out loss 0.4 at epoch 2, the best of 3 epochs" in shown
    assert "Stopped: all 3 epochs are done." in shown
    assert "kept: epoch 2" in shown
    assert {"training rows", "held-out rows", "nats per row", "epoch"} <= set(shown.splitlines())
    assert [line.get_label() for line in figure.axes[0].lines[:2]] == ["training rows", "held-out rows"]


def test_the_cost_curve_does_without_held_out_rows():
    shown = words(plots.cost_curve(history([0.9, 0.5, 0.3])))
    assert "held-out" not in shown.lower()
    assert "Loss 0.3 after 3 epochs" in shown


def test_a_loss_that_falls_far_is_drawn_on_a_logarithmic_axis():
    assert plots.cost_curve(history([10.0, 1.0, 0.1])).axes[0].get_yscale() == "log"
    assert plots.cost_curve(history([0.7, 0.6, 0.5])).axes[0].get_yscale() == "linear"
    assert plots.cost_curve(history([10.0, 1.0, -0.1])).axes[0].get_yscale() == "linear"


def test_a_single_epoch_can_be_seen():
    figure = plots.cost_curve(history([0.7], [0.6]), kept=1)
    assert figure.axes[0].lines[0].get_marker() == "o"
    assert plots.png(figure).startswith(b"\x89PNG")


def test_confusion_counts_rows_by_true_and_predicted_class():
    counts = plots.confusion_counts(["a", "a", "b", "c"], ["a", "b", "b", "a"], ["a", "b", "c"])
    assert counts.tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 0]]


def test_confusion_shows_counts_shares_and_accuracy():
    shown = words(plots.confusion(["a", "a", "b", "b"], ["a", "a", "a", "b"], ["a", "b"]))
    assert "3 of 4 test rows are right: accuracy 0.750" in shown
    assert "2\n100%" in shown and "1\n50%" in shown


@pytest.mark.parametrize("n", [2, 12, 30, 60])
def test_confusion_takes_many_classes_with_long_names(n):
    names = [f"a class with a very long name, number {i}" for i in range(n)]
    labels = np.array(names)[np.arange(3 * n) % n]
    figure = plots.confusion(labels, labels, names)
    width, height = size_of(plots.png(figure))
    assert max(width, height) < 4000
    assert all(len(tick.get_text()) <= plots.LONGEST_NAME for tick in figure.axes[0].get_xticklabels())


@pytest.mark.parametrize("n", [1, 2, 300, 5000])
def test_residuals_take_few_rows_and_many(n):
    random = np.random.default_rng(0)
    y = random.normal(size=n)
    figure = plots.residuals(y, y + 0.1 * random.normal(size=n), name="price $")
    assert plots.png(figure).startswith(b"\x89PNG")
    shown = words(figure)
    assert ("R² is not defined" in shown) == (n == 1)
    assert f"{n:,} test rows" in shown


def test_values_that_do_not_vary_can_be_drawn():
    plots.png(plots.residuals(np.ones(9), np.ones(9)))
    plots.png(plots.cost_curve(history([0.0, 0.0], [0.0, 0.0]), kept=1))


def test_names_with_dollars_and_underscores_are_shown_as_they_are():
    plots.png(plots.confusion(["$a_b$", "x^2"], ["$a_b$", "x^2"], ["$a_b$", "x^2"]))
    plots.png(plots.residuals(np.arange(5.0), np.arange(5.0), name="$\\frac"))


def test_the_same_figure_is_the_same_file():
    assert plots.png(plots.cost_curve(history([0.9, 0.5]))) == plots.png(plots.cost_curve(history([0.9, 0.5])))


def test_drawing_leaves_pyplot_alone():
    code = (
        "import sys, glassnet.seeing.plots as p, numpy as n; p.png(p.residuals(n.arange(9.), n.ones(9)));"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    "value, text", [(0, "0"), (1, "1"), (-2.5, "-2.5"), (0.0312345, "0.03123"), (999.96, "1,000"), (123456.7, "123,500"), (2e9, "2e+09")]
)
def test_numbers_are_spelt_plainly(value, text):
    assert plots.number(value) == text
