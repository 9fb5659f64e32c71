"""Estimators show themselves in a notebook: scikit-learn's HTML and, once fitted, their diagram; showing one never fails."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_html_repr

import glassnet
from glassnet.estimators.logistic import LogisticRegression
from glassnet.estimators.logistic_cv import LogisticRegressionCV
from glassnet.estimators.mlp_classifier import MLPClassifier
from glassnet.estimators.mlp_regressor import MLPRegressor

X = np.random.default_rng(0).normal(size=(40, 3))
Y = (X[:, 0] + X[:, 1] > 0).astype(int)

ESTIMATORS = [
    LogisticRegression(),
    LogisticRegressionCV(Cs=2, cv=2, l1_ratios=(0.0,), use_legacy_attributes=False, scoring="accuracy"),
    MLPClassifier((3,), max_iter=2, early_stopping=True, n_iter_no_change=1, random_state=0),
    MLPRegressor(hidden_layer_sizes=(3,), max_iter=2, early_stopping=True, n_iter_no_change=1, random_state=0),
]


def named(estimator):
    return type(estimator).__name__


def fitted(estimator):
    fresh = clone(estimator)
    if "max_iter" in fresh.get_params() and hasattr(fresh, "partial_fit"):
        return fresh.partial_fit(X, Y, **({"classes": [0, 1]} if hasattr(fresh, "predict_proba") else {}))
    return fresh.fit(X, Y)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=named)
def test_a_fitted_estimator_shows_scikit_learns_html_and_its_diagram(estimator):
    model = fitted(estimator)
    for page in (model._repr_html_(), model._repr_mimebundle_()["text/html"]):
        assert page.count("sk-top-container") >= 1
        assert page.count('data-edge="w1_1_1"') == 1
        assert page.endswith(glassnet.diagram(model)._repr_html_())
    assert model._repr_mimebundle_()["text/plain"] == repr(model)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=named)
def test_an_unfitted_estimator_is_shown_as_scikit_learn_does(estimator):
    page = clone(estimator)._repr_html_()
    assert "sk-top-container" in page and "glassnet-diagram" not in page


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=named)
def test_text_display_is_honoured(estimator):
    model = fitted(estimator)
    with config_context(display="text"):
        assert not hasattr(model, "_repr_html_")
        assert model._repr_mimebundle_() == {"text/plain": repr(model)}


def test_what_cannot_be_drawn_leaves_scikit_learns_html(monkeypatch):
    model = fitted(ESTIMATORS[2])
    model.coefs_[0] = "not a matrix"
    assert "sk-top-container" in model._repr_html_()

    def fails(model):
        raise MemoryError

    monkeypatch.setitem(glassnet.__dict__, "diagram", fails)
    page = fitted(ESTIMATORS[0])._repr_html_()
    assert "sk-top-container" in page and "glassnet-diagram" not in page


def test_a_model_that_ran_away_is_shown_without_a_warning():
    model = MLPClassifier.from_weights([[[1.0, 2.0], [3.0, -1.0]], [[1.0], [0.0]]], [[0.0, 0.0], [0.0]])
    model.coefs_[0][:] = np.nan, np.inf
    assert "glassnet-diagram" in model._repr_html_()


def test_inside_a_pipeline_scikit_learn_draws_the_steps():
    pipeline = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, Y)
    page = pipeline._repr_html_()
    assert "LogisticRegression" in page and "StandardScaler" in page
    assert estimator_html_repr(pipeline).count("sk-serial") >= 1


def test_showing_is_paid_for_when_it_is_done_and_not_before():
    code = "import sys, glassnet; glassnet.MLPClassifier, glassnet.LogisticRegression; print('glassnet.seeing' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "False"
