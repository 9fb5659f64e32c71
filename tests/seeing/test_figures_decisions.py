"""Figures of a classifier's decisions: ROC, precision, calibration, the choice of a threshold, and its most confident mistakes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.metrics import average_precision_score, brier_score_loss, precision_score, recall_score, roc_auc_score, roc_curve
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from glassnet import LogisticRegression, MLPRegressor, TablePreparation
from glassnet.seeing.figures.mistakes import MistakeDisplay
from glassnet.seeing.figures.probability import ProbabilityDisplay
from glassnet.seeing.figures.threshold import ThresholdDisplay

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # how well it learned is not the matter


@pytest.fixture(scope="module")
def tumours():
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    X = X[["mean texture", "mean smoothness", "mean symmetry"]]
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(X[::2], y[::2]), X[1::2], y[1::2].to_numpy()


# ---- ROC, precision, calibration


def test_the_three_curves_are_scikit_learns(tumours):
    model, X, y = tumours
    p = model.predict_proba(X)[:, 1]
    display = ProbabilityDisplay.from_estimator(model, X, y)
    fpr, tpr, _ = roc_curve(y, p, drop_intermediate=False)
    assert np.array_equal(display.axes_[0].lines[0].get_xydata(), np.column_stack([fpr, tpr]))
    assert display.roc_.roc_auc == roc_auc_score(y, p)
    assert display.precision_recall_.average_precision == average_precision_score(y, p)
    true, said = calibration_curve(y, p, n_bins=10, strategy="quantile")
    assert np.array_equal(display.axes_[2].lines[1].get_xydata(), np.column_stack([said, true]))
    titles = [axes.get_title(loc="left") for axes in display.axes_]
    assert titles[2] == f"Calibration: Brier score {brier_score_loss(y, p):.4g}"


def test_the_circles_lie_where_the_classifier_decides(tumours):
    model, X, y = tumours
    model = make_pipeline(model[0], LogisticRegression(threshold=0.8)).fit(X, y)
    display = ProbabilityDisplay.from_estimator(model, X, y)
    answer = model.predict(X)
    recall, precision = recall_score(y, answer), precision_score(y, answer)
    first, second = (axes.lines[-1].get_xydata()[0] for axes in display.axes_[:2])
    assert first.tolist() == pytest.approx([(answer[y == 0] == 1).mean(), recall])
    assert second.tolist() == pytest.approx([recall, precision])


def test_one_class_of_several_stands_against_the_rest():
    X, y = load_iris(return_X_y=True)
    model = LogisticRegression(max_iter=1000).fit(X, y)
    display = ProbabilityDisplay.from_estimator(model, X, y, class_of_interest=1)
    assert display.roc_.roc_auc == roc_auc_score(y == 1, model.predict_proba(X)[:, 1])
    with pytest.raises(ValueError, match="there are 3 classes; say which one stands against the rest: class_of_interest=0, 1 or 2"):
        ProbabilityDisplay.from_estimator(model, X, y)
    with pytest.raises(ValueError, match="class_of_interest must be 0, 1 or 2; got 7"):
        ProbabilityDisplay.from_estimator(model, X, y, class_of_interest=7)


def test_what_is_no_probability_is_refused():
    with pytest.raises(ValueError, match=r"must lie in \[0, 1\]; it goes from -2 to 3. Give predict_proba"):
        ProbabilityDisplay.from_predictions([0, 1], [-2.0, 3.0])
    with pytest.raises(ValueError, match="every row is other than 2"):
        ProbabilityDisplay.from_predictions([0, 1], [0.2, 0.3], pos_label=2)
    with pytest.raises(ValueError, match="y_true has 3 classes"):
        ProbabilityDisplay.from_predictions([0, 1, 2], [0.2, 0.3, 0.4])
    with pytest.raises(ValueError, match=r"one probability for each row of y_true, 2; got shape \(3,\)"):
        ProbabilityDisplay.from_predictions([0, 1], [0.2, 0.3, 0.4])
    X, y = load_diabetes(return_X_y=True)
    with pytest.raises(ValueError, match="predicts numbers. Use ResidualDisplay"):
        ProbabilityDisplay.from_estimator(MLPRegressor(hidden_layer_sizes=(), max_iter=2).fit(X, y), X, y)


# ---- the threshold


def cost(y, p, threshold, false_alarm, miss):
    said = p >= threshold
    return (false_alarm * (said & (y == 0)).sum() + miss * (~said & (y == 1)).sum()) / len(y)


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 20)), min_size=2, max_size=40),
    st.sampled_from([0.0, 1.0, 2.5, 10.0]),
    st.sampled_from([0.5, 1.0, 7.0]),
)
def test_no_threshold_costs_less_than_the_best(rows, false_alarm, miss):
    y, p = np.array([row[0] for row in rows], int), np.array([row[1] for row in rows]) / 20
    y[0], y[1] = 0, 1
    display = ThresholdDisplay(y, p, cost_false_alarm=false_alarm, cost_miss=miss)
    assert 0 <= display.threshold_ <= 1
    assert display.cost_ == pytest.approx(cost(y, p, display.threshold_, false_alarm, miss))
    assert display.cost_ <= min(cost(y, p, t, false_alarm, miss) for t in np.linspace(0, 1, 201)) + 1e-12
    for threshold, value in zip(display.thresholds, display.costs, strict=True):
        assert value == pytest.approx(cost(y, p, threshold, false_alarm, miss))


def test_the_staircases_are_the_counts(tumours):
    model, X, y = tumours
    p = model.predict_proba(X)[:, 1]
    display = ThresholdDisplay.from_estimator(model, X, y, cost_miss=4)
    for line, count in (
        (display.cost_line_, lambda t: cost(y, p, t, 1, 4)),
        (display.false_alarm_line_, lambda t: ((p >= t) & (y == 0)).sum()),
        (display.miss_line_, lambda t: ((p < t) & (y == 1)).sum()),
    ):
        x, height = line.get_data()
        assert x[0] == 0 and x[-1] == 1 and (np.diff(x) >= 0).all()
        middles = (x[::2] + x[1::2]) / 2
        assert np.allclose(height[::2], [count(t) for t in middles]) and np.array_equal(height[::2], height[1::2])


def test_the_threshold_is_put_to_use(tumours):
    model, X, y = tumours
    model = make_pipeline(model[0], LogisticRegression()).fit(X, y)
    display = ThresholdDisplay.from_estimator(model, X, y, cost_false_alarm=5)
    display.apply_to(model)
    assert model[-1].threshold == display.threshold_
    answer = model.predict(X)
    assert (5 * ((answer == 1) & (y == 0)).sum() + ((answer == 0) & (y == 1)).sum()) / len(y) == pytest.approx(display.cost_)
    after = ThresholdDisplay.from_estimator(model, X, y, cost_false_alarm=5)
    assert after.current == display.threshold_ and "against" not in after.title_


def test_costs_are_checked_together_and_several_classes_have_no_threshold():
    with pytest.raises(ValueError, match="(?s)cost_false_alarm must be 0 or more; got -1.*cost_miss must be 0 or more; got nan"):
        ThresholdDisplay([0, 1], [0.1, 0.9], cost_false_alarm=-1, cost_miss=float("nan"))
    with pytest.raises(ValueError, match="both are 0"):
        ThresholdDisplay([0, 1], [0.1, 0.9], cost_false_alarm=0, cost_miss=0)
    X, y = load_iris(return_X_y=True)
    with pytest.raises(ValueError, match="a threshold is for two classes; this model has 3"):
        ThresholdDisplay.from_estimator(LogisticRegression(max_iter=1000).fit(X, y), X, y)


# ---- mistakes


def test_the_surest_mistakes_come_first_with_their_values(tumours):
    model, X, y = tumours
    p, answer = model.predict_proba(X).max(axis=1), model.predict(X)
    display = MistakeDisplay.from_estimator(model, X, y, most=5)
    wrong = np.flatnonzero(answer != y)
    assert display.rows_.tolist() == wrong[np.argsort(-p[wrong], kind="stable")][:5].tolist()
    head, first = ([cell.get_text() for cell in line] for line in display.cells_[:2])
    assert head == ["row", "is", "taken for", "surely", "mean texture", "mean smoothness", "mean symmetry"]
    row = display.rows_[0]
    assert first[:3] == [str(row), str(y[row]), str(answer[row])]
    assert first[4] == f"{X.iloc[row, 0]:.4g}" and display.title_ == f"The 5 most confident of {len(wrong)} mistakes in {len(y)} rows"


def test_columns_are_chosen_and_values_are_spelt():
    table = {"city": ["Rome", None, "Oslo"], "age": [1234567.0, 3.0, float("nan")], "member": [True, False, True]}
    display = MistakeDisplay.from_predictions([0, 1, 1], [1, 0, 0], [0.9, 0.8, 0.7], table, features=["age", "city", 2])
    assert [[cell.get_text() for cell in line][4:] for line in display.cells_[1:]] == [
        ["1,235,000", "Rome", "True"], ["3", "missing", "False"], ["missing", "Oslo", "True"],
    ]  # fmt: skip


def test_with_a_threshold_the_certainty_is_that_of_the_answer():
    table = {"x": np.array([0.0, 1.0, 2.0, 3.0] * 5)}
    model = make_pipeline(TablePreparation(), LogisticRegression(threshold=0.99)).fit(table, np.array([0, 0, 1, 1] * 5))
    display = MistakeDisplay.from_estimator(model, table, np.array([0, 0, 1, 1] * 5))
    p = model.predict_proba(table)[:, 1]
    assert np.allclose(display.confidence[p < 0.99], 1 - p[p < 0.99])


def test_no_mistakes_and_one_are_said_so():
    assert MistakeDisplay.from_predictions([0, 1], [0, 1], [0.9, 0.9]).title_ == "No mistake in 2 rows"
    assert MistakeDisplay.from_predictions([0, 1], [0, 0], [0.9, 0.9]).title_ == "The only mistake in 2 rows"
