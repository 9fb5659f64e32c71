"""LogisticRegressionCV: every fold and penalty is the LogisticRegression of these rows, the best is chosen, scikit-learn agrees."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
import sklearn
import sklearn.linear_model
from sklearn.metrics import get_scorer, log_loss
from sklearn.model_selection import GroupKFold, StratifiedKFold
from sklearn.utils.estimator_checks import check_estimator

import glassnet
from glassnet import LogisticRegression, LogisticRegressionCV

random = np.random.default_rng(0)
X = random.normal(size=(120, 4)) * [1.0, 10.0, 0.1, 1.0]
RAW = X @ random.normal(size=(4, 3)) / [1.0, 2.0, 3.0] + random.gumbel(size=(120, 3)) * 3
TWO, THREE = (RAW[:, 0] > RAW[:, 1]).astype(int), RAW.argmax(axis=1)
CS = (0.01, 1.0, 100.0)

PLAIN = {"l1_ratios": (0.0,), "scoring": "neg_log_loss", "use_legacy_attributes": False}


@pytest.mark.parametrize("y", [TWO, THREE], ids=["two", "three"])
@pytest.mark.parametrize("ratios", [(0.0,), (0.0, 0.5)])
def test_each_fold_and_penalty_is_its_own_regression(y, ratios):
    solver = "saga" if len(ratios) > 1 else "lbfgs"
    model = LogisticRegressionCV(Cs=CS, **{**PLAIN, "l1_ratios": ratios}, solver=solver, tol=1e-10).fit(X, y)
    for fold, (train, test) in enumerate(StratifiedKFold(5).split(X, y)):
        for i, ratio in enumerate(ratios):
            for j, C in enumerate(CS):
                one = LogisticRegression(C=C, l1_ratio=ratio, solver=solver, tol=1e-10).fit(X[train], y[train])
                np.testing.assert_allclose(model.coefs_paths_[fold, i, j, :, :-1], one.coef_, rtol=1e-5, atol=1e-7)
                np.testing.assert_allclose(model.coefs_paths_[fold, i, j, :, -1], one.intercept_, rtol=1e-5, atol=1e-7)
                assert model.scores_[fold, i, j] == pytest.approx(-log_loss(y[test], one.predict_proba(X[test])), rel=1e-5)
    i, j = np.unravel_index(model.scores_.mean(axis=0).argmax(), model.scores_.shape[1:])
    assert (model.C_, model.l1_ratio_) == (CS[j], ratios[i])
    best = LogisticRegression(C=model.C_, l1_ratio=model.l1_ratio_, solver=solver, tol=1e-10).fit(X, y)
    np.testing.assert_allclose(model.coef_, best.coef_, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("y", [TWO, THREE, np.array(["no", "yes"])[TWO]], ids=["two", "three", "words"])
def test_scores_are_those_of_scikit_learns_scorer_even_where_probabilities_reach_0_and_1(y, dtype):
    rows = (X * 30).astype(dtype)
    rows[:, 3] = 1e3 * (TWO - 0.5)  # separates the classes: probabilities of 0 and 1 to rounding
    given = {**PLAIN, "Cs": (1e-3, 1e4), "cv": 3, "tol": 1e-8}
    by_name = LogisticRegressionCV(**given).fit(rows, y).scores_
    by_scorer = LogisticRegressionCV(**{**given, "scoring": get_scorer("neg_log_loss")}).fit(rows, y).scores_
    np.testing.assert_allclose(by_name, by_scorer, rtol=1e-6, atol=np.finfo(dtype).eps)


@pytest.mark.skipif(sklearn.__version__ < "1.9", reason="use_legacy_attributes differs before")
@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("legacy", [True, False])
@pytest.mark.parametrize("refit", [True, False])
@pytest.mark.parametrize("ratios", [None, (0.0,), (0.2, 1.0)])
@pytest.mark.parametrize("y", [TWO, THREE], ids=["two", "three"])
def test_every_attribute_has_scikit_learns_shape_and_value(y, ratios, refit, legacy):
    given = {"Cs": CS, "l1_ratios": ratios, "refit": refit, "use_legacy_attributes": legacy, "cv": 3, "scoring": "neg_log_loss"}
    approximate = ratios == (0.2, 1.0)  # scikit-learn's saga ends early
    given |= {"solver": "saga" if approximate else "newton-cholesky", "tol": 1e-6}
    if approximate:
        given["l1_ratios"] = np.array(ratios)
    rows = X / X.std(axis=0)
    ours = LogisticRegressionCV(**given).fit(rows, y)
    theirs = sklearn.linear_model.LogisticRegressionCV(**given, max_iter=5000).fit(rows, y)
    for name in ("classes_", "coef_", "intercept_", "Cs_", "l1_ratios_", "C_", "l1_ratio_", "scores_", "coefs_paths_"):
        mine, other = getattr(ours, name), getattr(theirs, name)
        assert type(mine) is type(other), name
        if isinstance(mine, dict):
            assert list(mine) == list(other), name
            mine, other = np.array(list(mine.values())), np.array(list(other.values()))
        assert np.shape(mine) == np.shape(other), name
        if mine is None or np.asarray(mine).dtype == object:
            assert np.array_equal(mine, other), name
        elif not approximate:
            np.testing.assert_allclose(mine, other, rtol=1e-5, atol=1e-6, err_msg=name)
    assert ours.n_iter_.shape == theirs.n_iter_.shape


def test_sparse_rows_and_threads_change_nothing():
    one = LogisticRegressionCV(Cs=CS, **PLAIN, tol=1e-10).fit(X, THREE)
    for data, jobs in ((sp.csr_array(X), None), (X, 2)):
        other = LogisticRegressionCV(Cs=CS, **PLAIN, tol=1e-10, n_jobs=jobs).fit(data, THREE)
        np.testing.assert_allclose(other.coefs_paths_, one.coefs_paths_, rtol=1e-6, atol=1e-9)


def test_float32_stays_float32():
    assert LogisticRegressionCV(Cs=CS, **PLAIN).fit(X.astype(np.float32), TWO).coef_.dtype == np.float32


def test_weights_reach_training_and_scores():
    weight = np.random.default_rng(1).integers(1, 4, 120)
    weighted = LogisticRegressionCV(Cs=CS, **PLAIN, cv=[(np.arange(60), np.arange(60, 120))], tol=1e-10).fit(X, TWO, weight)
    rows = np.repeat(np.arange(120), weight)
    split = [(np.flatnonzero(rows < 60), np.flatnonzero(rows >= 60))]
    repeated = LogisticRegressionCV(Cs=CS, **PLAIN, cv=split, tol=1e-10).fit(X[rows], TWO[rows])
    np.testing.assert_allclose(weighted.scores_, repeated.scores_, rtol=1e-7)
    np.testing.assert_allclose(weighted.coef_, repeated.coef_, rtol=1e-6)


def test_metadata_go_to_splitter_and_scorer():
    with sklearn.config_context(enable_metadata_routing=True):
        scorer = get_scorer("neg_log_loss").set_score_request(sample_weight=True)
        model = LogisticRegressionCV(Cs=CS, **{**PLAIN, "scoring": scorer}, cv=GroupKFold(3).set_split_request(groups=True))
        model.fit(X, TWO, sample_weight=np.ones(120), groups=np.arange(120) % 3)
        assert model.score(X, TWO, sample_weight=np.ones(120)) == pytest.approx(-log_loss(TWO, model.predict_proba(X)))
    with pytest.raises(ValueError, match="enable_metadata_routing=True"):
        LogisticRegressionCV(**PLAIN).fit(X, TWO, groups=np.arange(120) % 3)


@pytest.mark.parametrize(
    "given, words",
    [({"Cs": 0}, "Cs must"), ({"Cs": [1.0, -1.0]}, "Cs must"), ({"l1_ratios": [2.0]}, "l1_ratios"), ({"l1_ratios": []}, "l1_ratios")],
)
def test_what_cannot_be_tried_is_refused(given, words):
    with pytest.raises(ValueError, match=words):
        LogisticRegressionCV(**{**PLAIN, "solver": "saga", **given}).fit(X, TWO)


def test_saved_loaded_predicted_is_bit_equal(tmp_path):
    model = LogisticRegressionCV(Cs=CS, **PLAIN).fit(X, THREE)
    model.save(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(glassnet.load(tmp_path / "model.safetensors").predict_proba(X), model.predict_proba(X))


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::sklearn.exceptions.ConvergenceWarning")
def test_scikit_learn_approves():
    model = LogisticRegressionCV(Cs=3, cv=3)  # the checks have classes of three rows
    outcomes = check_estimator(model, on_skip=None)
    assert {outcome["status"] for outcome in outcomes} <= {"passed", "skipped"}
