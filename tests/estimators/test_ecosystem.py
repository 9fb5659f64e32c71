"""Everything around an estimator goes on working: scikit-learn's searches, ensembles, inspections and displays on glassnet's."""

from __future__ import annotations

import ast
import pickle
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib.pyplot
import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import AdaBoostClassifier, BaggingRegressor, StackingClassifier, VotingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.inspection import DecisionBoundaryDisplay, partial_dependence, permutation_importance
from sklearn.model_selection import GridSearchCV, HalvingRandomSearchCV, LearningCurveDisplay, cross_val_predict, cross_validate
from sklearn.multioutput import ClassifierChain
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from glassnet import LogisticRegression, MLPClassifier, MLPRegressor, TablePreparation

IRIS, SPECIES = load_iris(return_X_y=True)
DIABETES, PROGRESS = load_diabetes(return_X_y=True)
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def network(**parameters: Any) -> MLPClassifier:
    return MLPClassifier(**{"hidden_layer_sizes": (6,), "solver": "lbfgs", "alpha": 1.0, "max_iter": 60, "random_state": 0} | parameters)


CLASSIFIERS = [pytest.param(network(), id="network"), pytest.param(LogisticRegression(), id="logistic")]
REGRESSOR = make_pipeline(
    StandardScaler(), MLPRegressor(hidden_layer_sizes=(6,), solver="lbfgs", alpha=10, standardise_target=True, max_iter=60, random_state=0)
)


@pytest.fixture(autouse=True)
def _no_window() -> Iterator[None]:
    matplotlib.use("agg")
    yield
    matplotlib.pyplot.close("all")


@pytest.mark.parametrize("model", CLASSIFIERS)
def test_clone_and_pickle(model: Any) -> None:
    fitted = clone(model).fit(IRIS, SPECIES)
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.predict_proba(IRIS), fitted.predict_proba(IRIS))
    assert not hasattr(clone(fitted), "classes_") and clone(fitted).get_params() == fitted.get_params()
    assert is_classifier(model) and is_regressor(REGRESSOR)


@pytest.mark.parametrize("model", CLASSIFIERS)
def test_grid_search(model: Any) -> None:
    name = "alpha" if isinstance(model, MLPClassifier) else "C"
    search = GridSearchCV(make_pipeline(StandardScaler(), model), {f"{type(model).__name__.lower()}__{name}": [0.1, 1.0]}, cv=3)
    assert search.fit(IRIS, SPECIES).best_score_ > 0.93


def test_halving_random_search() -> None:
    search = HalvingRandomSearchCV(
        network(),
        {"width": [2, 4, 8], "n_layers": [0, 1], "alpha": [0.1, 1.0]},
        resource="max_iter",
        n_candidates=6,
        min_resources=20,
        max_resources=60,
        random_state=0,
        cv=3,
    )
    assert search.fit(IRIS, SPECIES).best_score_ > 0.8


@pytest.mark.parametrize("model", CLASSIFIERS)
@pytest.mark.parametrize("method", ["sigmoid", "isotonic", "temperature"])
def test_calibration(model: Any, method: str) -> None:
    if method == "temperature" and tuple(map(int, sklearn.__version__.split(".")[:2])) < (1, 8):
        pytest.skip("temperature scaling came with scikit-learn 1.8")
    assert CalibratedClassifierCV(model, method=method, cv=3).fit(IRIS, SPECIES).score(IRIS, SPECIES) > 0.9


def test_ensembles() -> None:
    stack = StackingClassifier([("network", network()), ("line", LogisticRegression())], final_estimator=LogisticRegression(), cv=3)
    assert stack.fit(IRIS, SPECIES).score(IRIS, SPECIES) > 0.9
    vote = VotingClassifier([("network", network()), ("line", LogisticRegression())], voting="soft")
    assert vote.fit(IRIS, SPECIES).score(IRIS, SPECIES) > 0.9
    assert AdaBoostClassifier(network(alpha=1e-3), n_estimators=3).fit(IRIS, SPECIES).score(IRIS, SPECIES) > 0.9
    assert BaggingRegressor(REGRESSOR, n_estimators=3).fit(DIABETES, PROGRESS).score(DIABETES, PROGRESS) > 0.4
    labels = np.column_stack([SPECIES > 0, SPECIES > 1]).astype(int)
    assert ClassifierChain(network()).fit(IRIS, labels).score(IRIS, labels) > 0.8


@pytest.mark.parametrize("model", CLASSIFIERS)
def test_cross_validated_predictions(model: Any) -> None:
    probability = cross_val_predict(model, IRIS, SPECIES, method="predict_proba", cv=3)
    np.testing.assert_allclose(probability.sum(axis=1), 1)
    scores = cross_validate(model, IRIS, SPECIES, cv=3, scoring=["accuracy", "neg_log_loss", "roc_auc_ovr"])
    assert scores["test_accuracy"].mean() > 0.9


@pytest.mark.parametrize("model", CLASSIFIERS)
def test_importance_and_dependence(model: Any) -> None:
    fitted = clone(model).fit(IRIS, SPECIES == 2)
    importance = permutation_importance(fitted, IRIS, SPECIES == 2, n_repeats=5, random_state=0).importances_mean
    assert importance.argmax() in (2, 3)
    dependence = partial_dependence(fitted, IRIS, [3], grid_resolution=10)["average"][0]
    assert dependence[-1] > dependence[0]
    assert partial_dependence(REGRESSOR.fit(DIABETES, PROGRESS), DIABETES, [2], grid_resolution=5)["average"].shape == (1, 5)


@pytest.mark.parametrize("model", CLASSIFIERS)
@pytest.mark.parametrize("response", ["predict", "predict_proba", "decision_function"])
def test_decision_boundary(model: Any, response: str) -> None:
    fitted = clone(model).fit(IRIS[:, :2], SPECIES == 0)
    assert DecisionBoundaryDisplay.from_estimator(fitted, IRIS[:, :2], response_method=response, grid_resolution=20).surface_ is not None


@pytest.mark.parametrize("model", CLASSIFIERS)
def test_learning_curve(model: Any) -> None:
    display = LearningCurveDisplay.from_estimator(model, IRIS, SPECIES, train_sizes=[0.5, 1.0], cv=3, shuffle=True, random_state=0)
    assert display.test_scores.mean() > 0.8


# Metadata routing ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def _routing() -> Iterator[None]:
    with sklearn.config_context(enable_metadata_routing=True):
        yield


@pytest.mark.usefixtures("_routing")
@pytest.mark.parametrize("model", [network(solver="adam", early_stopping=True), LogisticRegression()], ids=["network", "logistic"])
def test_a_pipeline_prepares_the_held_out_rows_and_hands_them_on(model: Any) -> None:
    train, watched = np.arange(150) % 3 > 0, np.arange(150) % 3 == 0
    weight = np.random.default_rng(0).uniform(0.5, 2, train.sum())
    model = clone(model).set_fit_request(X_val=True, y_val=True, sample_weight=True)
    pipe = Pipeline([("scale", StandardScaler().set_fit_request(sample_weight=False)), ("model", model)], transform_input=["X_val"])
    given = {"X_val": IRIS[watched], "y_val": SPECIES[watched], "sample_weight": weight}
    pipe.fit(IRIS[train], SPECIES[train], **given)
    scale = StandardScaler().fit(IRIS[train])
    by_hand = clone(model).fit(
        scale.transform(IRIS[train]), SPECIES[train], weight, X_val=scale.transform(IRIS[watched]), y_val=SPECIES[watched]
    )
    assert pipe["model"].history_.column("val_loss") == by_hand.history_.column("val_loss")
    np.testing.assert_array_equal(pipe.predict_proba(IRIS), by_hand.predict_proba(scale.transform(IRIS)))


@pytest.mark.usefixtures("_routing")
def test_a_search_routes_sample_weights() -> None:
    weight = np.where(SPECIES == 0, 0.0, 1.0)
    search = GridSearchCV(network().set_fit_request(sample_weight=True).set_score_request(sample_weight=True), {"alpha": [1.0]}, cv=3)
    assert 0 not in search.fit(IRIS, SPECIES, sample_weight=weight).predict(IRIS[SPECIES > 0])


# Tables --------------------------------------------------------------------------------------------------------------------

TABLE = pd.DataFrame({"length": np.where(np.arange(150) % 7, IRIS[:, 2], np.nan), "colour": np.array(["red", "blue"])[SPECIES % 2]})


@pytest.mark.parametrize("model", [network(), MLPRegressor(hidden_layer_sizes=(2,), max_iter=2)], ids=["classifier", "regressor"])
@pytest.mark.parametrize("column, remedy", [("length", "fills in missing values"), ("colour", "turns columns of text")])
def test_missing_values_and_text_are_refused_with_the_remedy(model: Any, column: str, remedy: str) -> None:
    name = type(model).__name__
    with pytest.raises(ValueError, match=rf"TablePreparation {remedy}.*make_pipeline\(TablePreparation\(\), {name}\(\)\)"):
        clone(model).fit(TABLE[[column]], SPECIES)
    fitted = clone(model).fit(np.ones((150, 1)), SPECIES)
    with pytest.raises(ValueError, match=f"TablePreparation {remedy}"):
        fitted.predict(TABLE[[column]].to_numpy())


def test_the_remedy_works() -> None:
    assert make_pipeline(TablePreparation(), network()).fit(TABLE, SPECIES).score(TABLE, SPECIES) > 0.9


def test_nothing_here_warns_but_of_convergence() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", ConvergenceWarning)
        network().fit(pd.DataFrame(IRIS, columns=list("abcd")), SPECIES).predict(pd.DataFrame(IRIS, columns=list("abcd")))


# The page ------------------------------------------------------------------------------------------------------------------

ROOT = Path(__file__).parents[2]


def test_the_page_names_tests_that_are_there_and_counts_those_set_aside() -> None:
    page = (ROOT / "docs" / "from-scikit-learn.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(test_\w+\.py)`", page))
    assert len(named) >= 8
    assert not [name for name in named if not (ROOT / "tests" / "estimators" / name).exists()]
    plugin = ast.parse((ROOT / "compat" / "substitution.py").read_text(encoding="utf-8"))
    (reasons,) = (ast.literal_eval(node.value) for node in plugin.body if isinstance(node, ast.AnnAssign) and node.value)
    assert sum(map(len, reasons.values())) == 12 and "twelve functions are set aside" in page
