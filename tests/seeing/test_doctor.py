"""Each finding on a network that was really trained into it, and silence on one that was trained well."""

from __future__ import annotations

import io
import itertools
import json
import re
import warnings
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from glassnet import LogisticRegression, MLPClassifier, MLPRegressor, TablePreparation
from glassnet.seeing.doctor import Diagnosis, diagnose
from glassnet.seeing.doctor.diagnosing import CHECKS, EXPLAINS
from glassnet.seeing.svg import shown

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

XOR = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array([0, 1, 1, 0])


def scaled(load: Any) -> tuple[Any, Any]:
    X, y = load(return_X_y=True)
    return StandardScaler().fit_transform(X), y


def blobs(n: int = 400, seed: int = 0) -> tuple[Any, Any]:
    """Two overlapping classes in five columns."""
    random = np.random.default_rng(seed)
    y = random.integers(0, 2, n)
    return random.normal(size=(n, 5)) + y[:, None] * 0.8, y


def names(diagnosis: Diagnosis) -> list[str]:
    return [finding.name for finding in diagnosis]


# ---- healthy networks, about which nothing is said


@pytest.mark.parametrize("load", [load_digits, load_iris, load_breast_cancer, load_wine, load_diabetes])
@pytest.mark.parametrize(
    "settings",
    [
        {"early_stopping": True, "max_iter": 500},
        {
            "hidden_layer_sizes": (64, 64),
            "early_stopping": True,
            "monitor": "val_loss",
            "max_iter": 500,
            "learning_rate_init": 0.003,
            "n_iter_no_change": 30,
        },
        {"hidden_layer_sizes": (30, 30), "activation": "tanh", "early_stopping": True, "max_iter": 500},
        {"hidden_layer_sizes": (30,), "activation": "logistic", "early_stopping": True, "max_iter": 1000, "learning_rate_init": 0.01},
        {"hidden_layer_sizes": (10,), "solver": "lbfgs", "alpha": 10.0, "max_iter": 500},
    ],
    ids=["early", "64-64", "tanh", "logistic", "lbfgs"],
)
def test_nothing_is_said_of_a_healthy_network(load: Any, settings: dict[str, Any]) -> None:
    X, y = scaled(load)
    X, X_val, y, y_val = train_test_split(X, y, random_state=0)
    estimator = MLPRegressor(standardise_target=True) if load is load_diabetes else MLPClassifier()
    estimator.set_params(random_state=0, **settings).fit(X, y)
    assert names(diagnose(estimator)) == []
    assert names(diagnose(estimator, X)) == []
    assert names(diagnose(estimator, X, y)) == []
    if settings.get("early_stopping"):
        assert names(diagnose(estimator, X, y, X_val=X_val, y_val=y_val)) == []


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "settings",
    [
        {"solver": "lbfgs", "activation": "tanh", "alpha": 0.0},
        {"solver": "adam", "activation": "tanh", "learning_rate_init": 0.05},
        {"solver": "sgd", "activation": "logistic", "learning_rate_init": 0.5, "max_iter": 8000, "tol": 0.0, "n_iter_no_change": 10_000},
        {"activation": "relu", "learning_rate_init": 0.02},
    ],
    ids=["lbfgs", "adam", "sgd", "relu"],
)
def test_nothing_is_said_of_exclusive_or_once_it_is_solved(settings: dict[str, Any], seed: int) -> None:
    estimator = MLPClassifier(8, random_state=seed, **{"max_iter": 1000, **settings}).fit(*XOR)
    if (estimator.predict(XOR[0]) == XOR[1]).all():
        assert names(diagnose(estimator, *XOR)) == []


@pytest.mark.parametrize("load", [load_iris, load_breast_cancer, load_wine])
def test_nothing_is_said_of_a_logistic_regression_with_its_penalty_even_on_raw_columns(load: Any) -> None:
    X, y = load(return_X_y=True)
    X, X_val, y, y_val = train_test_split(X, y, random_state=0)
    estimator = LogisticRegression(max_iter=1000).fit(X, y)
    assert names(diagnose(estimator, X, y, X_val=X_val, y_val=y_val)) == []


# ---- the learning rate


@pytest.mark.parametrize(
    "settings",
    [
        {"solver": "sgd", "learning_rate_init": 10.0},
        {"solver": "adam", "learning_rate_init": 1.0},
    ],
    ids=["runs away", "leaps"],
)
def test_a_learning_rate_too_high(settings: dict[str, Any]) -> None:
    X, y = scaled(load_breast_cancer)
    diagnosis = diagnose(MLPClassifier(32, random_state=0, **settings).fit(X, y), X, y)
    assert names(diagnosis)[0] == "learning_rate_too_high"
    finding = next(iter(diagnosis))
    assert finding.evidence["learning_rate"] == settings["learning_rate_init"]
    assert f"learning_rate_init={settings['learning_rate_init'] / 10:g}" in finding.action


@pytest.mark.parametrize("watched", [True, False])
def test_a_strong_penalty_in_the_loss_is_no_leap(watched: bool) -> None:
    X, y = load_digits(return_X_y=True)
    watching = {"early_stopping": True, "monitor": "val_loss"} if watched else {}
    net = MLPClassifier(128, alpha=2000.0, max_iter=12, random_state=0, **watching).fit(X / 16, y)
    assert net.history_[0]["loss"] > 3 * np.log(10), "the penalty of the first weights is most of it"
    assert "learning_rate_too_high" not in names(diagnose(net, X / 16, y))


def test_a_learning_rate_at_which_training_diverges_is_too_high() -> None:
    X, y = scaled(load_diabetes)
    estimator = MLPRegressor(
        hidden_layer_sizes=(30,), solver="sgd", learning_rate_init=1.0, early_stopping=True, monitor="val_loss", random_state=0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimator.fit(X, y / 100)
    assert "diverged" in estimator.stopped_because_
    diagnosis = diagnose(estimator)
    assert names(diagnosis) == ["learning_rate_too_high"]
    assert "ran away in epoch" in str(diagnosis)


@pytest.mark.parametrize(("solver", "rate"), [("adam", 1e-5), ("sgd", 1e-5)])
def test_a_learning_rate_too_low(solver: str, rate: float) -> None:
    X, y = scaled(load_breast_cancer)
    estimator = MLPClassifier(32, solver=solver, learning_rate_init=rate, random_state=0).fit(X, y)
    diagnosis = diagnose(estimator)
    assert names(diagnosis) == ["learning_rate_too_low"], "the epochs were over as well, but that is not why"
    finding = next(iter(diagnosis))
    assert 0 < finding.evidence["update_ratio"] < 1e-4
    assert f"learning_rate_init={rate * 10:g}" in finding.action


@pytest.mark.parametrize("rate", [0.0003, 0.001, 0.003, 0.01])
def test_nothing_is_said_of_a_good_learning_rate(rate: float) -> None:
    X, y = scaled(load_breast_cancer)
    estimator = MLPClassifier(32, learning_rate_init=rate, max_iter=600, random_state=0).fit(X, y)
    assert not {"learning_rate_too_high", "learning_rate_too_low"} & set(names(diagnose(estimator, X, y)))


# ---- time


def test_a_training_that_stopped_too_early() -> None:
    X, y = scaled(load_iris)
    estimator = MLPClassifier(32, max_iter=20, random_state=0).fit(X, y)
    diagnosis = diagnose(estimator)
    assert names(diagnosis) == ["stopped_too_early"]
    finding = next(iter(diagnosis))
    assert finding.evidence["before"] == estimator.loss_curve_[-3]
    assert finding.evidence["last"] == estimator.loss_curve_[-1]
    assert finding.action == "Set max_iter=60."
    assert names(diagnose(estimator.set_params(max_iter=600).fit(X, y))) == []


def test_a_logistic_regression_that_stopped_before_its_minimum() -> None:
    X, y = blobs()
    assert names(diagnose(LogisticRegression(max_iter=1, solver="newton-cg").fit(X, y))) == ["stopped_too_early"]
    assert names(diagnose(LogisticRegression(solver="newton-cg").fit(X, y))) == []


# ---- signals through the layers


def test_saturated_sigmoids() -> None:
    X, y = blobs()
    random = np.random.default_rng(0)
    large = ([random.normal(size=(5, 20)) * 80, random.normal(size=(20, 1)) * 0.1], [np.zeros(20), np.zeros(1)])
    settings: dict[str, Any] = {"activation": "logistic", "max_iter": 100, "learning_rate_init": 0.001, "random_state": 0, "tol": 0.0}
    diagnosis = diagnose(MLPClassifier(20, init=large, **settings).fit(X, y), X, y)
    assert names(diagnosis) == ["saturated_units"]
    finding = next(iter(diagnosis))
    assert finding.evidence["layer"] == 1
    assert finding.evidence["units"] >= 5
    assert "saturated_units" not in names(diagnose(MLPClassifier(20, **settings).fit(X, y), X, y))


def test_saturated_units_are_counted_by_the_slope_of_the_textbook() -> None:
    X, y = blobs()
    random = np.random.default_rng(0)
    large = ([random.normal(size=(5, 20)) * 80, random.normal(size=(20, 1)) * 0.1], [np.zeros(20), np.zeros(1)])
    net = MLPClassifier(20, activation="logistic", init=large, max_iter=3, random_state=0).fit(X, y)
    a = 1 / (1 + np.exp(-np.clip(X @ net.coefs_[0] + net.intercepts_[0], -500, 500)))
    units = int(((a * (1 - a) < 0.05 * 0.25).mean(axis=0) >= 0.9).sum())
    assert next(iter(diagnose(net, X, y))).evidence["units"] == units


def test_dead_relus() -> None:
    X, y = blobs()
    random = np.random.default_rng(0)
    buried = ([random.normal(size=(5, 20)) * 0.3, random.normal(size=(20, 1)) * 0.3], [np.full(20, -30.0), np.zeros(1)])
    buried[1][0][:4] = 0.0
    diagnosis = diagnose(MLPClassifier(20, init=buried, max_iter=300, random_state=0).fit(X, y), X, y)
    assert names(diagnosis) == ["dead_units"]
    assert next(iter(diagnosis)).evidence["units"] == 16
    assert "dead_units" not in names(diagnose(MLPClassifier(20, max_iter=300, random_state=0).fit(X, y), X, y))


def test_units_that_a_penalty_has_pruned_are_not_dead() -> None:
    X, y = blobs()
    net = MLPClassifier(20, l1=30.0, max_iter=400, random_state=0).fit(X, y)
    assert (net.coefs_[0] == 0).all(axis=0).sum() >= 8, "the penalty has pruned"
    assert "dead_units" not in names(diagnose(net, X, y))


def test_gradients_that_vanish() -> None:
    X, y = blobs()
    deep: dict[str, Any] = {"hidden_layer_sizes": (10,) * 8, "solver": "sgd", "learning_rate_init": 0.1, "max_iter": 60, "random_state": 0}
    net = MLPClassifier(activation="logistic", **deep).fit(X, y)
    diagnosis = diagnose(net, X, y)
    assert names(diagnosis) == ["vanishing_gradients"]
    gradients = next(iter(diagnosis)).evidence["gradients"]
    assert len(gradients) == 9
    assert gradients[0] < 1e-3 * gradients[-1]
    assert "vanishing_gradients" not in names(diagnose(MLPClassifier(activation="relu", **deep).fit(X, y), X, y))


def test_gradients_that_explode() -> None:
    X, y = blobs()
    random = np.random.default_rng(0)
    sizes = [5, 20, 20, 20, 20, 20, 1]
    pairs = list(itertools.pairwise(sizes))
    wild = ([random.normal(size=pair) * 1.2 for pair in pairs], [np.zeros(n) for n in sizes[1:]])
    settings: dict[str, Any] = {"hidden_layer_sizes": (20,) * 5, "max_iter": 60, "learning_rate_init": 1e-4, "random_state": 0}
    diagnosis = diagnose(MLPClassifier(init=wild, **settings).fit(X, y), X, y)
    assert names(diagnosis) == ["exploding_gradients"]
    assert max(next(iter(diagnosis)).evidence["gradient_norms"]) > 10
    assert "exploding_gradients" not in names(diagnose(MLPClassifier(**settings).fit(X, y), X, y))


# ---- rows


def test_unscaled_inputs_are_the_cause_that_is_told() -> None:
    X, y = load_breast_cancer(return_X_y=True)
    net = MLPClassifier(32, solver="sgd", random_state=0).fit(X, y)
    diagnosis = diagnose(net, X, y)
    assert names(diagnosis) == ["unscaled_inputs"]
    finding = next(iter(diagnosis))
    largest = int(np.argmax((X**2).mean(axis=0)))
    assert finding.evidence["column"] == f"x{largest + 1}"
    assert finding.evidence["size"] == pytest.approx(np.sqrt((X[:, largest] ** 2).mean()))
    piped = make_pipeline(StandardScaler(), MLPClassifier(32, max_iter=600, random_state=0)).fit(X, y)
    assert names(diagnose(piped, X, y)) == []


def test_unscaled_inputs_do_not_matter_where_the_solver_scales_them() -> None:
    X, y = load_breast_cancer(return_X_y=True)
    assert "unscaled_inputs" not in names(diagnose(LogisticRegression(max_iter=1000).fit(X, y), X, y))


def test_a_rare_class_that_is_not_found() -> None:
    random = np.random.default_rng(0)
    X, y = random.normal(size=(1000, 4)), (np.arange(1000) < 40).astype(int)
    X[y == 1] += 0.7
    net = MLPClassifier(8, early_stopping=True, random_state=0).fit(X, y)
    diagnosis = diagnose(net, X, y)
    assert names(diagnosis) == ["class_imbalance"]
    finding = next(iter(diagnosis))
    assert (finding.evidence["rows"], finding.evidence["of"], finding.evidence["share"]) == (40, 1000, 0.04)
    assert finding.evidence["found"] == np.mean(net.predict(X[y == 1]) == 1)
    weighted = MLPClassifier(8, class_weight="balanced", early_stopping=True, random_state=0).fit(X, y)
    assert names(diagnose(weighted, X, y)) == []


def test_a_rare_class_that_is_found_is_no_finding() -> None:
    random = np.random.default_rng(0)
    X, y = random.normal(size=(1000, 4)), (np.arange(1000) < 60).astype(int)
    X[y == 1] += 3.0
    assert names(diagnose(MLPClassifier(8, max_iter=400, random_state=0).fit(X, y), X, y)) == []


def test_of_many_classes_none_is_rare_that_has_its_equal_share() -> None:
    random = np.random.default_rng(0)
    X, y = random.normal(size=(1000, 4)), np.arange(1000) % 12
    assert "class_imbalance" not in names(diagnose(MLPClassifier(4, max_iter=3, random_state=0).fit(X, y), X, y))
    few = np.where((y == 7) & (np.arange(1000) > 200), 8, y)
    assert "class_imbalance" in names(diagnose(MLPClassifier(4, max_iter=3, random_state=0).fit(X, few), X, few))


@pytest.mark.parametrize("leak", ["number", "category"])
def test_a_column_that_tells_the_class(leak: str) -> None:
    X, y = blobs()
    table = {f"c{j}": X[:, j] for j in range(5)}
    random = np.random.default_rng(1)
    table["outcome"] = y * 3.0 + random.normal(size=len(y)) * 0.1 if leak == "number" else np.array(["lost", "won"])[y]
    model = make_pipeline(TablePreparation(), MLPClassifier(8, early_stopping=True, random_state=0)).fit(table, y)
    diagnosis = diagnose(model, table, y)
    assert names(diagnosis) == ["leaking_column"]
    finding = next(iter(diagnosis))
    assert finding.evidence["column"] == "outcome"
    assert "'outcome'" in finding.action
    del table["outcome"]
    honest = make_pipeline(TablePreparation(), MLPClassifier(8, early_stopping=True, random_state=0)).fit(table, y)
    assert names(diagnose(honest, table, y)) == []


def test_a_column_that_tells_the_number() -> None:
    X, y = scaled(load_diabetes)
    leaking = np.column_stack([X, np.sqrt(y)])
    leaking[:, -1] = StandardScaler().fit_transform(leaking[:, -1:])[:, 0]
    settings: dict[str, Any] = {"early_stopping": True, "standardise_target": True, "max_iter": 500, "random_state": 0}
    diagnosis = diagnose(MLPRegressor(**settings).fit(leaking, y), leaking, y)
    assert names(diagnosis) == ["leaking_column"]
    assert next(iter(diagnosis)).evidence["column"] == "x11"
    assert names(diagnose(MLPRegressor(**settings).fit(X, y), X, y)) == []


# ---- capacity


def test_rows_learned_by_heart() -> None:
    random = np.random.default_rng(0)
    X, y = random.normal(size=(120, 20)), random.integers(0, 2, 120)
    X_val, y_val = random.normal(size=(120, 20)), random.integers(0, 2, 120)
    net = MLPClassifier((50,), max_iter=300, learning_rate_init=0.01, random_state=0).fit(X, y, X_val=X_val, y_val=y_val)
    diagnosis = diagnose(net)
    assert names(diagnosis) == ["overfitting"]
    evidence = next(iter(diagnosis)).evidence
    assert evidence["held_out_loss"] == net.history_[-1]["val_loss"]
    assert evidence["best_epoch"] == int(np.argmin(net.history_.column("val_loss"))) + 1
    unwatched = MLPClassifier((50,), max_iter=300, learning_rate_init=0.01, random_state=0).fit(X, y)
    assert names(diagnose(unwatched, X, y, X_val=X_val, y_val=y_val)) == ["overfitting"]


def test_more_parameters_than_the_rows_can_teach() -> None:
    X, y = blobs(100)
    net = MLPClassifier((200,), max_iter=2000, random_state=0).fit(X, y)
    diagnosis = diagnose(net)
    assert names(diagnosis) == ["too_many_parameters"]
    evidence = next(iter(diagnosis)).evidence
    assert (evidence["parameters"], evidence["rows"]) == (5 * 200 + 200 + 200 + 1, 100)
    assert names(diagnose(MLPClassifier((8,), max_iter=1000, random_state=0).fit(X, y))) == []
    assert names(diagnose(MLPClassifier((200,), early_stopping=True, random_state=0).fit(X, y))) == []


@pytest.mark.parametrize("n_classes", [2, 3])
def test_separable_classes_without_a_penalty(n_classes: int) -> None:
    random = np.random.default_rng(0)
    y = random.integers(0, n_classes, 200)
    X = random.normal(size=(200, 3)) * 0.3
    X[np.arange(200), y] += 4.0
    bare = LogisticRegression(C=np.inf, max_iter=300).fit(X, y)
    assert names(diagnose(bare)) == ["separable_classes"]
    assert names(diagnose(LogisticRegression(C=1.0, max_iter=300).fit(X, y), X, y)) == []
    free = MLPClassifier((), alpha=0.0, solver="lbfgs", max_iter=500).fit(X, y)
    diagnosis = diagnose(free, X, y)
    assert names(diagnosis) == ["separable_classes"]
    raw = X @ free.coefs_[0] + free.intercepts_[0]
    if n_classes == 2:
        assert next(iter(diagnosis)).evidence["least_margin"] == pytest.approx((np.where(y == 1, 1, -1) * raw[:, 0]).min())
    assert names(diagnose(MLPClassifier((), alpha=1.0, solver="lbfgs", max_iter=500).fit(X, y), X, y)) == []


def test_classes_that_overlap_are_not_separable() -> None:
    X, y = blobs()
    assert names(diagnose(LogisticRegression(C=np.inf).fit(X, y), X, y)) == []
    assert names(diagnose(MLPClassifier((), alpha=0.0, solver="lbfgs", max_iter=500).fit(X, y), X, y)) == []


# ---- how it is asked, and how it answers


def test_every_check_has_been_provoked_above() -> None:
    with open(__file__, encoding="utf-8") as file:
        told = set(re.findall(r'\["(\w+)"\]|"(\w+)" in names|== "(\w+)"', file.read()))
    assert set(CHECKS) <= {name for groups in told for name in groups}


def test_what_explains_another_finding_is_a_check_itself() -> None:
    assert set(EXPLAINS) <= set(CHECKS)
    assert {name for names_ in EXPLAINS.values() for name in names_} <= set(CHECKS)


def test_the_numbers_of_a_sentence_are_those_of_its_evidence() -> None:
    X, y = scaled(load_iris)
    finding = next(iter(diagnose(MLPClassifier(32, max_iter=20, random_state=0).fit(X, y))))
    assert f"{shown(finding.evidence['before'])} to {shown(finding.evidence['last'])}" in finding.sentence


def test_a_diagnosis_shows_itself_in_every_form() -> None:
    from rich.console import Console

    X, y = scaled(load_iris)
    diagnosis = diagnose(MLPClassifier(32, max_iter=20, random_state=0).fit(X, y), X, y)
    finding = next(iter(diagnosis))
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(diagnosis)
    on_terminal = " ".join(console.export_text().split())
    for text in (" ".join(str(diagnosis).split()), on_terminal, diagnosis._repr_html_()):
        assert finding.sentence in text
        assert finding.action in text
    assert json.loads(json.dumps(diagnosis.to_dict()))["findings"][0]["name"] == "stopped_too_early"
    assert "stopped_too_early" in diagnosis
    assert "dead_units" not in diagnosis


def test_a_healthy_diagnosis_says_what_was_looked_for() -> None:
    X, y = blobs()
    text = str(diagnose(LogisticRegression().fit(X, y), X, y))
    assert text.startswith("Nothing stands out. Looked for: leaking column,")
    assert "Without rows" in str(diagnose(LogisticRegression().fit(X, y)))


def test_names_of_columns_are_escaped() -> None:
    X, y = blobs()
    table = {"<b>": X[:, 0] * 1000.0, "c": X[:, 1]}
    net = MLPClassifier(4, max_iter=5, random_state=0).fit(np.column_stack(list(table.values())), y)
    net.feature_names_in_ = np.array(list(table), dtype=object)
    html = diagnose(net, table, y)._repr_html_()
    assert "&lt;b&gt;" in html
    assert "<b>" not in html


def test_rows_may_come_as_a_data_frame_and_only_a_sample_is_looked_at() -> None:
    import pandas as pd

    random = np.random.default_rng(0)
    X = pd.DataFrame(random.normal(size=(6000, 3)) * [1.0, 1.0, 500.0], columns=["a", "b", "c"])
    y = random.integers(0, 2, 6000)
    net = MLPClassifier(4, max_iter=5, random_state=0).fit(X, y)
    finding = next(iter(diagnose(net, X, y)))
    assert finding.evidence["column"] == "c"


def test_what_cannot_be_asked_is_refused_with_what_to_do() -> None:
    X, y = blobs()
    net = LogisticRegression().fit(X, y)
    with pytest.raises(ValueError, match="y was given without its rows X"):
        diagnose(net, y=y)
    with pytest.raises(ValueError, match="only X_val"):
        diagnose(net, X, y, X_val=X)
    with pytest.raises(ValueError, match="as many rows; got 400 and 399"):
        diagnose(net, X, y[:-1])
    with pytest.raises(NotFittedError):
        diagnose(MLPClassifier())


def test_a_network_of_given_weights_can_be_looked_at() -> None:
    net = MLPClassifier.from_weights([[[20, 20], [20, 20]], [[20], [-20]]], [[-10, -30], [-10]], activation="logistic")
    assert names(diagnose(net)) == []
    assert names(diagnose(net, *XOR)) == []


def test_it_warns_of_nothing_and_changes_nothing() -> None:
    X, y = scaled(load_diabetes)
    net = MLPRegressor(standardise_target=True, early_stopping=True, random_state=0).fit(X, y)
    before = [W.copy() for W in net.coefs_]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        diagnose(net, X, y)
    assert all((old == W).all() for W, old in zip(net.coefs_, before, strict=True))
