"""The report as text: intervals against their definition, counts against a loop, and nothing of a user's unescaped."""

from __future__ import annotations

import re
import warnings
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import brentq
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from glassnet import DBNClassifier, DBNRegressor, LogisticRegression, MLPClassifier, MLPRegressor, TablePreparation
from glassnet.data.pixels import ImagePreparation
from glassnet.seeing.report import report
from glassnet.seeing.report.charts import Axis, Chart
from glassnet.seeing.report.classification import THRESHOLDS, counts_at
from glassnet.seeing.report.document import LARGEST, _as_json
from glassnet.seeing.report.intervals import Z, bootstrap, wilson
from glassnet.seeing.svg import shown

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize(("k", "n"), [(0, 10), (9, 10), (10, 10), (111, 114), (5000, 10_000)])
def test_wilsons_ends_are_where_the_score_test_is_just_not_refused(k: int, n: int) -> None:
    def score(p: float) -> float:
        return (k / n - p) / np.sqrt(p * (1 - p) / n)

    low, high = wilson(k, n)
    assert 0 <= low <= k / n <= high <= 1
    if k > 0:
        assert low == pytest.approx(brentq(lambda p: score(p) - Z, 1e-12, min(k / n, 1 - 1e-12)), abs=1e-9)
    if k < n:
        assert high == pytest.approx(brentq(lambda p: score(p) + Z, k / n + 1e-15 if k else 1e-12, 1 - 1e-12), abs=1e-9)


def test_the_bootstrap_of_a_mean_is_the_normal_interval() -> None:
    x = np.random.default_rng(1).normal(size=2000)
    low, high = bootstrap(lambda rows: x[rows].mean(), len(x))
    half = Z * x.std() / np.sqrt(len(x))
    assert low == pytest.approx(x.mean() - half, abs=0.1 * half)
    assert high == pytest.approx(x.mean() + half, abs=0.1 * half)
    assert (low, high) == bootstrap(lambda rows: x[rows].mean(), len(x)), "drawn with a fixed seed"


def test_the_counts_of_every_threshold_are_those_of_a_loop() -> None:
    random = np.random.default_rng(0)
    p, truth = np.round(random.random(300), 2), random.random(300) < 0.4  # many probabilities lie on a threshold
    counts = counts_at(p, truth, THRESHOLDS)
    for at, threshold in enumerate(THRESHOLDS):
        said = p >= threshold
        expected = [(truth & said).sum(), (~truth & said).sum(), (truth & ~said).sum(), (~truth & ~said).sum()]
        assert [counts[name][at] for name in ("tp", "fp", "fn", "tn")] == expected


@pytest.mark.parametrize("values", [[0.0, 1.0], [-3.2, 7.9], [1e-9, 2e-9], [5.0, 5.0], [1e6, 3.7e6], [0.0, 0.0], [np.nan, 2.0, np.inf]])
def test_an_axis_holds_its_values_between_round_ticks(values: list[float]) -> None:
    axis = Axis.over(values, "x")
    finite = [value for value in values if np.isfinite(value)]
    assert axis.low <= min(finite)
    assert axis.high >= max(finite)
    assert 2 <= len(axis.ticks) <= 9
    assert np.allclose(np.diff(axis.ticks), axis.ticks[1] - axis.ticks[0])
    assert np.allclose(axis.place([axis.low, axis.high]), [0, 1])


@pytest.mark.parametrize("values", [[1e-6, 1.0], [0.3, 0.31], [2.0, 900.0], [5.0, 5.0]])
def test_a_logarithmic_axis_holds_its_values(values: list[float]) -> None:
    axis = Axis.over(values, "x", log=True)
    assert axis.low <= min(values)
    assert axis.high >= max(values)
    assert axis.ticks
    assert np.allclose(np.diff(axis.place(np.geomspace(axis.low, axis.high, 5))), 0.25)


def test_a_chart_is_well_formed_and_leaves_out_what_is_not_finite() -> None:
    chart = Chart("t", "d <&>", Axis.over([0, 4], "x"), Axis.over([0, 10], "<y>"))
    chart.line([0, 1, 2, 3], [1.0, np.nan, np.inf, 4.0], "positive")
    chart.points([np.nan, 2], [1, 3], "negative")
    root = ElementTree.fromstring(chart.svg)
    assert "nan" not in chart.svg
    assert root.tag.endswith("svg")


def models() -> dict[str, tuple[Any, Any, Any]]:
    """Models of every kind, with rows."""
    iris, cancer, diabetes = load_iris(return_X_y=True), load_breast_cancer(return_X_y=True), load_diabetes(return_X_y=True)
    scaled = lambda *steps: make_pipeline(StandardScaler(), *steps)  # noqa: E731
    frame = pd.DataFrame({"height": iris[0][:, 0], "leaf": np.array(["broad", "needle"])[(iris[0][:, 3] > 1).astype(int)]})
    return {
        "network, 3 classes": (scaled(MLPClassifier((8, 8), max_iter=40, random_state=0)), *iris),
        "network, 2 classes": (scaled(MLPClassifier((8,), max_iter=20, early_stopping=True, random_state=0)), *cancer),
        "logistic regression": (LogisticRegression(max_iter=2000), *cancer),
        "softmax regression": (LogisticRegression(max_iter=2000), *iris),
        "number": (scaled(MLPRegressor(hidden_layer_sizes=(8,), max_iter=40, standardise_target=True, random_state=0)), *diabetes),
        "line": (MLPRegressor(hidden_layer_sizes=(), solver="newton"), *diabetes),
        "no steps of its own": (MLPClassifier((5,), solver="lbfgs", max_iter=50, random_state=0), iris[0], iris[1] > 0),
        "a table": (make_pipeline(TablePreparation(), MLPClassifier((4,), max_iter=20, random_state=0)), frame, iris[1]),
    }


@pytest.mark.parametrize("n", [1, 20])
def test_a_test_of_one_value_has_no_variance_to_explain(n: int) -> None:
    X = np.random.default_rng(0).normal(size=(60, 3))
    model = MLPRegressor(hidden_layer_sizes=(3,), max_iter=3, random_state=0).fit(X, X[:, 0])
    price = pd.Series(np.full(n, 2.5), name="price")
    text = report(model, X[:n], price).html
    off = np.abs(model.predict(X[:n]) - 2.5).mean()
    assert f"data-headline>{shown(off, 4)}<" in text
    assert "how far off predictions of price are on average" in text
    assert ("R² has no meaning here" in text) is (n > 1)


def test_an_interval_without_a_figure_is_none() -> None:
    assert np.isnan(bootstrap(lambda rows: np.nan, 5)).all()


@pytest.mark.parametrize("name", models())
def test_every_kind_of_model_has_a_report(name: str) -> None:
    model, X, y = models()[name]
    train, test = np.arange(len(y)) % 3 > 0, np.arange(len(y)) % 3 == 0
    model.fit(X[train], y[train])
    text = report(model, X[test], y[test], X_train=X[train], y_train=y[train]).html
    accuracy = np.mean(model.predict(X[test]) == y[test])
    if "number" not in name and "line" not in name:
        assert f"{100 * accuracy:.1f}\u00a0%" in text or accuracy == 1
    assert text.count("<h2>") == text.count("</h2>") >= 7
    assert len(text.encode()) < LARGEST
    assert not re.search(r"\bnan\b", re.sub(r"<script.*?</script>", "", text, flags=re.S))
    for svg in re.findall(r"<svg.*?</svg>", text, flags=re.S):
        ElementTree.fromstring(svg)
    assert report(model, X[test], y[test]).html, "the training rows may be left out"


@pytest.mark.parametrize("k", [3, 10, 14])
def test_every_class_has_its_curves_or_it_is_said_that_some_have_none(k: int) -> None:
    random = np.random.default_rng(0)
    y = np.repeat(np.arange(k), 12)
    X = random.normal(size=(len(y), 3)) + y[:, None]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        net = MLPClassifier((4,), max_iter=3, random_state=0).fit(X, y)
    text = report(net, X, y).html
    areas = re.search(r"Areas ([\d., ]+)\.", text)
    assert areas and len(areas[1].split(", ")) == min(k, 12)
    assert ("The first 12 of 14 classes." in text) is (k == 14)


def test_the_machines_of_a_deep_belief_network_are_told_with_their_own_numbers() -> None:
    pixels, y = np.round(load_digits().data * 255 / 16).astype(np.uint8)[:300], load_digits().target[:300]
    pictures = ImagePreparation(size=8, grey=True).fit(pixels).as_intensities()
    net = DBNClassifier((12, 9), pretrain_epochs=3, early_stopping=True, max_iter=5, random_state=0).fit(pictures.transform(pixels), y)
    told = report(Pipeline([("pictures", pictures), ("net", net)]), pixels, y).html
    section = told[told.index('<section id="machines">') : told.index('<section id="weights">')]
    cells = [re.findall(r"<t[dh][^>]*>([^<]*)<", row) for row in re.findall(r"<tr><th scope=\"row\">.*?</tr>", section)]
    for l, (machine, line) in enumerate(zip(net.rbms_, cells, strict=True), 1):
        last = machine.history_[-1]
        assert line[:3] == [str(l), f"{machine.components_.shape[1]} and {machine.components_.shape[0]}", "3"]
        gap = "–" if last["free_energy_gap"] is None else shown(last["free_energy_gap"])
        assert line[3:] == [shown(last["reconstruction_error"]), gap, f"{100 * last['hidden_activity']:.1f} %"]
    assert section.count('src="data:image/png;base64,') == 2


def test_machines_of_a_table_have_no_pictures_and_other_networks_no_machines() -> None:
    X, y = load_diabetes(return_X_y=True)
    net = DBNRegressor((5,), visible="gaussian", pretrain_epochs=2, max_iter=3, random_state=0).fit(X, y)
    told = report(net, X, y).html
    assert '<section id="machines">' in told
    assert 'class="machine-picture"' not in told
    assert '<section id="machines">' not in report(MLPRegressor(hidden_layer_sizes=(5,), max_iter=3, random_state=0).fit(X, y), X, y).html


def test_names_and_classes_are_escaped() -> None:
    X = pd.DataFrame({"<img src=x onerror=1>": np.arange(40.0), "b": np.ones(40)})
    X.iloc[::2, 1] = 3.0
    y = np.array(["<script>", "&amp;"])[(np.arange(40) % 4 < 2).astype(int)]
    model = make_pipeline(TablePreparation(), MLPClassifier((3,), max_iter=5, random_state=0)).fit(X, y)
    text = report(model, X, y, X_train=X, y_train=y, title="<script>alert(1)</script>").html
    assert "<img src=x" not in text
    assert "<script>alert" not in text
    assert len(re.findall(r"<script\b", text)) == 2, "the data and the one script"
    assert "&lt;img src=x" in text


def test_json_in_the_page_cannot_end_its_element() -> None:
    assert "</script>" not in _as_json({"a": "</script><b>&"})


def test_large_pages_are_made_of_fewer_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    from glassnet.seeing.report import document

    X, y = load_iris(return_X_y=True)
    net = MLPClassifier((30, 30), max_iter=30, random_state=0).fit(X[::2], y[::2])
    whole = report(net, X[1::2], y[1::2]).html
    monkeypatch.setattr(document, "USUAL", 100_000)
    monkeypatch.setattr(document, "LARGEST", 300_000)
    small = report(net, X[1::2], y[1::2]).html
    assert len(small) < len(whole)
    assert len(small.encode()) < 300_000
    assert small.count("data-example=") < whole.count("data-example=")


def test_a_report_is_saved_and_shown_in_a_notebook(tmp_path: Any) -> None:
    X, y = load_iris(return_X_y=True)
    page = report(LogisticRegression(max_iter=500).fit(X, y), X, y)
    assert page.save(tmp_path / "r.html").read_text(encoding="utf-8") == page.html
    assert page._repr_html_().startswith('<iframe srcdoc="')
    assert "</iframe>" in page._repr_html_()
    assert "<html" not in page._repr_html_(), "the page is escaped within its frame"
    assert "MB of HTML" in repr(page)


def test_what_has_no_report_is_refused_with_what_to_do() -> None:
    X, y = load_iris(return_X_y=True)
    net = LogisticRegression(max_iter=500).fit(X, y)
    with pytest.raises(ValueError, match="as many rows, at least one; got 150 and 149"):
        report(net, X, y[1:])
    with pytest.raises(ValueError, match="got only X_train"):
        report(net, X, y, X_train=X)
    several = MLPRegressor(hidden_layer_sizes=(3,), max_iter=5).fit(X, X[:, :2])
    with pytest.raises(ValueError, match="one target, classes or a number"):
        report(several, X, X[:, :2])
