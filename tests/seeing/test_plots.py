"""Figures of a training and its result: what they must show, whatever the data, and that nothing of them spills into the user's session."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.metrics import confusion_matrix, r2_score

from glassnet import LogisticRegression, MLPClassifier, MLPRegressor
from glassnet.seeing.figures.confusion import ConfusionDisplay
from glassnet.seeing.figures.cost_curve import CostCurveDisplay, kept_epoch, loss_unit
from glassnet.seeing.figures.residuals import ResidualDisplay
from glassnet.seeing.figures.style import LONGEST_NAME, number, percent, png
from glassnet.training.history import History

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # how well it learned is not the matter


def history(losses, held_out=None, reason="all 3 epochs are done"):
    rows = History(stopped_because=reason)
    for epoch, loss in enumerate(losses, 1):
        rows.append(epoch=epoch, loss=loss, val_loss=None if held_out is None else held_out[epoch - 1])
    return rows


def cost_curve(losses, held_out=None, **more):
    return CostCurveDisplay(history(losses, held_out), **more).plot()


def words(figure):
    """Everything written in the figure."""
    return "\n".join(text.get_text() for text in figure.findobj(Text))


def size_of(png):
    return int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")


# ---- cost curve


def test_the_cost_curve_says_where_and_why_training_stopped_and_what_was_kept():
    display = cost_curve([0.9, 0.5, 0.3], [0.8, 0.4, 0.6], kept=2, unit="nats per row")
    shown = words(display.figure_)
    assert "Held-out loss 0.4 at epoch 2, the best of 3 epochs" in shown
    assert "Stopped: all 3 epochs are done." in shown
    assert "kept: epoch 2" in shown
    assert {"training rows", "held-out rows", "nats per row", "epoch"} <= set(shown.splitlines())
    assert [line.get_label() for line in display.ax_.lines[:2]] == ["training rows", "held-out rows"]


def test_an_epoch_that_was_kept_for_its_score_is_not_called_the_best_loss():
    display = cost_curve([0.9, 0.5, 0.3], [0.8, 0.5, 0.4], kept=2)
    assert display.title_ == "Held-out loss 0.5 at epoch 2; the lowest was epoch 3 of 3 epochs" and display.best_epoch_ == 3


def test_the_cost_curve_does_without_held_out_rows():
    display = cost_curve([0.9, 0.5, 0.3])
    assert "held-out" not in words(display.figure_).lower() and display.held_out_line_ is None
    assert "Loss 0.3 after 3 epochs" in words(display.figure_)


def test_a_loss_that_falls_far_is_drawn_on_a_logarithmic_axis():
    assert cost_curve([10.0, 1.0, 0.1]).ax_.get_yscale() == "log"
    assert cost_curve([0.7, 0.6, 0.5]).ax_.get_yscale() == "linear"
    assert cost_curve([10.0, 1.0, -0.1]).ax_.get_yscale() == "linear"
    rows = history([0.7, 0.6, 0.5])
    assert CostCurveDisplay(rows).plot(scale="log").ax_.get_yscale() == "log"
    assert CostCurveDisplay(history([10.0, 0.1])).plot(scale="linear").ax_.get_yscale() == "linear"


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ValueError, match="scale must be 'auto', 'linear' or 'log'; got 'logs'. Did you mean 'log'?"):
        CostCurveDisplay(history([0.7])).plot(scale="logs")
    with pytest.raises(ValueError, match="losses above 0"):
        CostCurveDisplay(history([0.7, 0.0])).plot(scale="log")
    with pytest.raises(ValueError, match="the weights were given. Fit it first"):
        CostCurveDisplay.from_estimator(MLPClassifier.from_weights([[[1.0], [2.0]]], [[0.0]]))


def test_a_single_epoch_can_be_seen():
    display = cost_curve([0.7], [0.6], kept=1)
    assert display.training_line_.get_marker() == "o"
    assert png(display.figure_).startswith(b"\x89PNG")


@pytest.mark.parametrize("monitor, column, best", [(None, "val_score", np.argmax), ("val_loss", "val_loss", np.argmin)])
def test_the_lines_are_the_history_and_the_mark_is_what_early_stopping_kept(monitor, column, best):
    X, y = load_breast_cancer(return_X_y=True)
    net = MLPClassifier(8, early_stopping=True, monitor=monitor, max_iter=60, random_state=0).fit((X - X.mean(0)) / X.std(0), y)
    display = CostCurveDisplay.from_estimator(net)
    assert display.training_line_.get_ydata().tolist() == net.history_.column("loss")
    assert display.held_out_line_.get_ydata().tolist() == net.history_.column("val_loss")
    kept = int(best(net.history_.column(column))) + 1
    assert kept_epoch(net) == kept
    assert display.kept_marker_.get_xydata().tolist() == [[kept, net.history_[kept - 1]["val_loss"]]]
    assert net.stopped_because_ in display.remark_


def test_the_unit_of_the_loss_is_told():
    X, y = load_diabetes(return_X_y=True)
    regressor = MLPRegressor(hidden_layer_sizes=3, solver="lbfgs", standardise_target=True, max_iter=2000, random_state=0).fit(X, y)
    assert loss_unit(regressor) == "squared error, target standardised"
    assert loss_unit(LogisticRegression().fit(X, y > 150)) == "cross-entropy, nats per row"


# ---- confusion


def test_confusion_counts_rows_by_true_and_predicted_class():
    display = ConfusionDisplay.from_predictions(["a", "a", "b", "c"], ["a", "b", "b", "a"])
    assert display.confusion_matrix.tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 0]]
    assert display.text_[0, 1].get_text() == "1\n50 %" and display.text_[1, 0] is None


def test_confusion_shows_counts_shares_and_accuracy():
    shown = words(ConfusionDisplay.from_predictions(["a", "a", "b", "b"], ["a", "a", "a", "b"], rows_are="test rows").figure_)
    assert "3 of 4 test rows are right: accuracy 0.750" in shown
    assert "2\n100 %" in shown and "1\n50 %" in shown


def test_names_in_letters_that_the_font_lacks_are_no_warning(tmp_path):
    display = ConfusionDisplay.from_predictions(["東京", "猫"], ["東京", "東京"])
    display.save(tmp_path / "cat.png")
    assert png(display.figure_).startswith(b"\x89PNG")


def test_confusion_of_very_many_classes_stays_a_page():
    y = np.arange(600) % 200
    display = ConfusionDisplay.from_predictions(y, y)
    assert max(display.figure_.get_size_inches()) < 18
    assert [text.get_text() for text in display.ax_.get_yticklabels()][:3] == ["0", "5", "10"]
    assert np.array_equal(display.confusion_matrix, 3 * np.eye(200))


def test_confusion_of_an_estimator_is_scikit_learns_matrix_and_its_shares():
    X, y = load_breast_cancer(return_X_y=True)
    model = LogisticRegression(max_iter=5000).fit(X, y)
    display = ConfusionDisplay.from_estimator(model, X, y)
    counts = confusion_matrix(y, model.predict(X))
    assert (display.confusion_matrix == counts).all()
    assert np.allclose(display.im_.get_array(), counts / counts.sum(axis=1, keepdims=True))


@pytest.mark.parametrize("n", [1, 2, 12, 30, 60])
def test_confusion_takes_many_classes_with_long_names(n):
    names = [f"a class with a very long name, number {i}" for i in range(n)]
    labels = np.array(names)[np.arange(3 * n) % n]
    figure = ConfusionDisplay.from_predictions(labels, labels, labels=names).figure_
    width, height = size_of(png(figure))
    assert max(width, height) < 4000
    assert all(len(tick.get_text()) <= LONGEST_NAME for tick in figure.axes[0].get_xticklabels())


# ---- residuals


@pytest.mark.parametrize("n", [1, 2, 300, 5000])
def test_residuals_take_few_rows_and_many(n):
    random = np.random.default_rng(0)
    y = random.normal(size=n)
    display = ResidualDisplay.from_predictions(y, y + 0.1 * random.normal(size=n), name="price $")
    assert png(display.figure_).startswith(b"\x89PNG")
    shown = words(display.figure_)
    assert ("R² is not defined" in shown) == (n == 1)
    assert f"{n:,} rows" in shown


def test_residuals_are_true_minus_predicted_and_every_row_is_a_point():
    X, y = load_diabetes(return_X_y=True)
    model = MLPRegressor(hidden_layer_sizes=3, solver="lbfgs", standardise_target=True, max_iter=2000, random_state=0).fit(X, y)
    display = ResidualDisplay.from_estimator(model, X[:150], y[:150])
    predicted = model.predict(X[:150])
    assert np.array_equal(display.points_.get_offsets(), np.column_stack([y[:150], predicted]))
    assert np.array_equal(display.residuals, y[:150] - predicted)
    assert sum(bar.get_height() for bar in display.bars_) == 150
    assert display.title_.startswith(f"R² {r2_score(y[:150], predicted):.3f} on 150 rows")


def test_classes_have_no_residuals_and_numbers_no_confusion():
    X, y = load_diabetes(return_X_y=True)
    with pytest.raises(ValueError, match="predicts classes. Use ConfusionDisplay or ProbabilityDisplay"):
        ResidualDisplay.from_estimator(LogisticRegression().fit(X, y > 150), X, y > 150)
    regressor = MLPRegressor(hidden_layer_sizes=(), solver="lbfgs", max_iter=2000, random_state=0).fit(X, y)
    with pytest.raises(ValueError, match="predicts numbers: use ResidualDisplay"):
        ConfusionDisplay.from_estimator(regressor, X, y)
    with pytest.raises(ValueError, match="of one shape"):
        ResidualDisplay.from_predictions(np.zeros((3, 2)), np.zeros((3, 2)))


# ---- every figure


def test_values_that_do_not_vary_can_be_drawn():
    png(ResidualDisplay.from_predictions(np.ones(9), np.ones(9)).figure_)
    png(cost_curve([0.0, 0.0], [0.0, 0.0], kept=1).figure_)


def test_names_with_dollars_and_underscores_are_shown_as_they_are():
    png(ConfusionDisplay.from_predictions(["$a_b$", "x^2"], ["$a_b$", "x^2"]).figure_)
    png(ResidualDisplay.from_predictions(np.arange(5.0), np.arange(5.0), name="$\\frac").figure_)


def test_the_same_figure_is_the_same_file():
    assert png(cost_curve([0.9, 0.5]).figure_) == png(cost_curve([0.9, 0.5]).figure_)


def test_axes_of_the_users_own_are_drawn_into_and_get_the_headline_as_title(tmp_path):
    figure = Figure(layout="constrained")
    left, right = figure.subplots(1, 2)
    display = CostCurveDisplay(history([0.9, 0.5])).plot(left)
    assert display.ax_ is left and display.figure_ is figure and display._repr_png_() is None
    assert left.get_title(loc="left").replace("\n", " ") == display.title_
    parts = ResidualDisplay.from_predictions([1.0, 2.0], [1.0, 3.0], ax=right)
    assert len(parts.axes_) == 2 and all(axes.figure is figure for axes in parts.axes_) and right not in figure.axes
    figure.savefig(tmp_path / "both.png")


def test_axes_that_are_too_few_or_cannot_be_divided_are_refused():
    figure = Figure()
    with pytest.raises(ValueError, match="or 2 of them for the 2 parts of this figure; got 3"):
        ResidualDisplay.from_predictions([1.0, 2.0], [1.0, 3.0], ax=figure.subplots(1, 3))
    with pytest.raises(ValueError, match="one made by subplots"):
        ResidualDisplay.from_predictions([1.0, 2.0], [1.0, 3.0], ax=figure.add_axes((0, 0, 1, 1)))


def test_a_display_shows_itself_in_a_notebook_and_is_saved(tmp_path):
    display = cost_curve([0.9, 0.5])
    assert display._repr_png_().startswith(b"\x89PNG")
    display.save(tmp_path / "cost.svg")
    assert "<svg" in (tmp_path / "cost.svg").read_text(encoding="utf-8")


def test_drawing_leaves_pyplot_alone(tmp_path):
    code = (
        "import sys, numpy as n; from glassnet.seeing.figures.residuals import ResidualDisplay; "
        "ResidualDisplay.from_predictions(n.arange(9.), n.ones(9)).save(sys.argv[1]); assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "residuals.png")], check=True)


@pytest.mark.parametrize(
    "value, text", [(0, "0"), (1, "1"), (-2.5, "-2.5"), (0.0312345, "0.03123"), (999.96, "1,000"), (123456.7, "123,500"), (2e9, "2e+09")]
)
def test_numbers_are_spelt_plainly(value, text):
    assert number(value) == text


def test_only_what_is_certain_is_100_percent():
    assert [percent(share) for share in (0.0, 1e-5, 0.004, 0.5, 0.995, 0.99999, 1.0)] == [
        "0 %", "< 0.1 %", "0.4 %", "50 %", "99.5 %", "> 99.9 %", "100 %",
    ]  # fmt: skip
