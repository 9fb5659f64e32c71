"""LogisticRegression: scikit-learn's optimum by every solver, penalty, dtype and form; weights, warm starts, warnings, files."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
import sklearn
import sklearn.linear_model
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.estimator_checks import check_estimator

import glassnet
from glassnet import LogisticRegression
from glassnet.estimators.logistic_parameters import SOLVERS

random = np.random.default_rng(0)
X = random.normal(size=(150, 5)) * [1.0, 10.0, 0.1, 1.0, 1.0] + [0.0, 5.0, 0.0, 0.0, 1.0]
RAW = X @ random.normal(size=(5, 3)) / [1.0, 2.0, 3.0] + random.gumbel(size=(150, 3)) * 3
TWO, THREE = (RAW[:, 0] > RAW[:, 1]).astype(int), RAW.argmax(axis=1)

WITH_SCIKIT_LEARN = [
    (solver, C, ratio, y)
    for solver in SOLVERS
    for C, ratio in ((0.3, 0.0), (np.inf, 0.0), (0.3, 1.0), (0.3, 0.4))
    for y in ("two", "three")
    if (ratio == 0.0 or solver == "saga" or (solver == "liblinear" and ratio == 1.0))
    and not (solver == "liblinear" and (y == "three" or np.isinf(C)))
]


def reference(solver, C, ratio, y):
    """scikit-learn's optimum, by whichever of its solvers is exact for this cost."""
    if solver == "liblinear":
        return sklearn.linear_model.LogisticRegression(solver=solver, C=C, penalty=["l2", "l1"][int(ratio)], tol=1e-9, max_iter=100_000)
    if ratio == 0.0:
        return sklearn.linear_model.LogisticRegression(solver="newton-cholesky", C=C, tol=1e-12, max_iter=1000)
    return sklearn.linear_model.LogisticRegression(solver="saga", C=C, l1_ratio=ratio, penalty="elasticnet", tol=1e-9, max_iter=100_000)


@pytest.mark.parametrize("form", ["dense", "csr", "csc"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("solver, C, ratio, y", WITH_SCIKIT_LEARN)
def test_scikit_learns_optimum_is_reached(solver, C, ratio, y, dtype, form):
    rows = X / X.std(axis=0) if ratio or solver == "liblinear" else X  # for scikit-learn's sake
    target = {"two": TWO, "three": THREE}[y]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        warnings.simplefilter("ignore", UserWarning)
        expected = reference(solver, C, ratio, target).fit(rows, target)
    data = {"dense": np.asarray, "csr": sp.csr_matrix, "csc": sp.csc_array}[form](rows.astype(dtype))
    ours = LogisticRegression(solver=solver, C=C, l1_ratio=ratio, tol=1e-10, max_iter=1000).fit(data, target)
    assert ours.coef_.dtype == (np.float64 if solver == "liblinear" else dtype)
    digits = 2e-3 if dtype == np.float32 else 1e-4 if ratio or solver == "liblinear" else 1e-9
    np.testing.assert_allclose(ours.coef_, expected.coef_, rtol=digits, atol=digits)
    np.testing.assert_allclose(ours.intercept_, expected.intercept_, rtol=digits, atol=digits)
    np.testing.assert_allclose(ours.predict_proba(data), expected.predict_proba(rows), atol=digits)


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_weight_of_k_is_the_row_k_times(solver):
    times = np.random.default_rng(1).integers(0, 4, 150)
    weighted = LogisticRegression(solver=solver, tol=1e-13).fit(X, TWO, sample_weight=times)
    repeated = LogisticRegression(solver=solver, tol=1e-13).fit(np.repeat(X, times, axis=0), np.repeat(TWO, times))
    np.testing.assert_allclose(weighted.coef_, repeated.coef_, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(weighted.intercept_, repeated.intercept_, rtol=1e-12, atol=1e-12)


def test_class_weights_multiply_sample_weights():
    some = np.random.default_rng(1).random(150)
    by_class = LogisticRegression(class_weight={0: 1.0, 1: 3.0, 2: 0.5}, tol=1e-12).fit(X, THREE, some)
    by_row = LogisticRegression(tol=1e-12).fit(X, THREE, some * np.array([1.0, 3.0, 0.5])[THREE])
    np.testing.assert_allclose(by_class.coef_, by_row.coef_, rtol=1e-10)
    count = np.bincount(THREE)
    balanced = LogisticRegression(class_weight="balanced", tol=1e-12).fit(X, THREE)
    np.testing.assert_allclose(balanced.coef_, LogisticRegression(tol=1e-12).fit(X, THREE, (150 / (3 * count))[THREE]).coef_, rtol=1e-10)


def test_seven_digits_are_right_without_asking():
    exact = LogisticRegression(tol=1e-13).fit(X, TWO).coef_
    np.testing.assert_allclose(LogisticRegression().fit(X, TWO).coef_, exact, rtol=1e-7)


def test_columns_of_any_unit_give_the_coefficients_of_their_unit():
    unit = 10.0 ** np.array([-6, -3, 0, 3, 6])
    plain = LogisticRegression(C=np.inf, tol=1e-12).fit(X, TWO)
    scaled = LogisticRegression(C=np.inf, tol=1e-12).fit(X * unit, TWO)
    np.testing.assert_allclose(scaled.coef_ * unit, plain.coef_, rtol=1e-8)
    assert LogisticRegression().fit(X * unit, TWO).n_iter_[0] < 20


@pytest.mark.parametrize("y", [TWO, THREE])
def test_probabilities_stay_finite_at_raw_predictions_of_ten_thousand(y):
    model = LogisticRegression().fit(X, y)
    model.coef_ = model.coef_ * 1e4
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        log = model.predict_log_proba(X)
        assert np.isfinite(log).all() and (log <= 0.0).all()
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1.0)


def test_the_threshold_moves_the_border():
    model = LogisticRegression(threshold=0.2).fit(X, TWO)
    p = model.predict_proba(X)[:, 1]
    np.testing.assert_array_equal(model.predict(X), p >= 0.2)
    np.testing.assert_array_equal(clone(model).set_params(threshold=None).fit(X, TWO).predict(X), p > 0.5)
    with pytest.raises(ValueError, match="threshold is for two classes; y has 3"):
        LogisticRegression(threshold=0.2).fit(X, THREE)


def test_held_out_loss_is_recorded():
    model = LogisticRegression().fit(X[:100], THREE[:100], X_val=X[100:], y_val=THREE[100:])
    p = model.predict_proba(X[100:])[np.arange(50), THREE[100:]]
    assert model.history_[-1]["val_loss"] == pytest.approx(-np.log(p).mean())
    assert LogisticRegression().fit(X, TWO).history_[-1]["val_loss"] is None
    with pytest.raises(ValueError, match="given together; got only X_val"):
        LogisticRegression().fit(X, TWO, X_val=X)
    with pytest.raises(ValueError, match=r"y_val has classes that y lacks: \[2\]"):
        LogisticRegression().fit(X, TWO, X_val=X, y_val=THREE)


def test_the_reason_is_told():
    model = LogisticRegression().fit(X, TWO)
    assert "is below tol=0.0001" in model.stopped_because_
    assert model.history_.stopped_because == model.stopped_because_
    assert model.n_iter_.tolist() == [len(model.history_)]


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_warning_names_the_gradient_norm_and_what_to_do(solver):
    with pytest.warns(ConvergenceWarning, match=r"gradient norm .*, tol=1e-15\. Increase the number of iterations: set max_iter=10\."):
        model = LogisticRegression(solver=solver, max_iter=1, tol=1e-15).fit(X, TWO)
    assert model.n_iter_[0] == 1


@pytest.mark.parametrize("solver", sorted(set(SOLVERS) - {"liblinear"}))
def test_separation_is_named(solver):
    line = np.arange(8.0)[:, None]
    with pytest.warns(ConvergenceWarning, match=r"separated by a hyperplane \(complete separation.*Give C a finite value"):
        model = LogisticRegression(C=np.inf, solver=solver).fit(line, np.arange(8) > 3)
    assert model.stopped_because_.endswith("complete separation: no finite optimum")
    np.testing.assert_array_equal(model.predict(line), np.arange(8) > 3)


def test_max_seconds_stops_in_time():
    model = LogisticRegression(max_seconds=0.0, tol=0.0).fit(X, TWO)
    assert model.n_iter_[0] == 1 and "s are over" in model.stopped_because_


def test_an_interrupt_leaves_a_model():
    def interrupt(row):
        raise KeyboardInterrupt

    model = LogisticRegression()
    model._observers = (interrupt,)
    with pytest.warns(UserWarning, match="interrupted by user"):
        model.fit(X, TWO)
    assert model.stopped_because_.startswith("interrupted by the user after 1 iteration") and model.coef_.any()


def test_verbose_prints_the_loss(capsys):
    model = LogisticRegression(verbose=1).fit(X, TWO)
    assert f"Iteration 1, loss = {model.history_[0]['loss']:.8f}" in capsys.readouterr().out


def test_a_warm_start_begins_at_the_end():
    model = LogisticRegression(warm_start=True, tol=1e-9).fit(X, THREE)
    first = model.coef_.copy()
    assert model.fit(X, THREE).n_iter_[0] <= 1
    assert "is below tol" in model.stopped_because_
    np.testing.assert_allclose(model.coef_, first, rtol=1e-7)
    with pytest.raises(ValueError, match=r"coef_ has shape \(3, 5\), these data need \(1, 5\)"):
        model.fit(X, TWO)


def test_all_faults_are_named_at_once():
    with pytest.raises(ValueError, match="4 faults") as error:
        LogisticRegression(C=-1, tol="x", max_iter=2.5, solver="lbgfs").fit(X, TWO)
    for words in ("C must be", "tol must be", "max_iter must be", "Did you mean 'lbfgs'?"):
        assert words in str(error.value)


@pytest.mark.parametrize("weight", [np.zeros(150), -np.ones(150)])
def test_weights_without_sense_are_refused(weight):
    with pytest.raises(ValueError, match=r"weight"):
        LogisticRegression().fit(X, TWO, weight)


def test_one_class_is_refused():
    with pytest.raises(ValueError, match="at least 2 classes"):
        LogisticRegression().fit(X, np.zeros(150))


@pytest.mark.parametrize("y", [TWO, THREE, np.array(["a", "b", "c"])[THREE]])
def test_saved_loaded_predicted_is_bit_equal(tmp_path, y):
    model = LogisticRegression(class_weight="balanced", threshold=None).fit(X.astype(np.float32), y)
    model.save(tmp_path / "model.safetensors")
    back = glassnet.load(tmp_path / "model.safetensors")
    for method in ("predict", "predict_proba", "decision_function"):
        np.testing.assert_array_equal(getattr(back, method)(X), getattr(model, method)(X))
    assert back.get_params() == model.get_params()
    assert back.stopped_because_ == model.stopped_because_ and back.history_.rows == model.history_.rows
    assert back.summary() == model.summary()
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).coef_, model.coef_)


def test_a_sparse_coefficient_is_kept_and_predicts():
    model = LogisticRegression(solver="saga", l1_ratio=1, C=0.1).fit(X, TWO)
    dense = model.predict_proba(X)
    np.testing.assert_allclose(model.sparsify().predict_proba(X), dense)
    np.testing.assert_allclose(model.predict_proba(sp.csr_matrix(X)), dense)
    assert isinstance(model.densify().coef_, np.ndarray)


def test_the_summary_counts():
    assert "15 weights" not in (text := LogisticRegression().fit(X, THREE).summary())
    assert "5 x 3   softmax" in text and "18 parameters, 150 rows: 8.3 rows per parameter" in text


def test_the_data_stay_as_they_are():
    rows, weight = X.copy(), np.ones(150)
    rows.setflags(write=False)
    weight.setflags(write=False)
    LogisticRegression(class_weight="balanced").fit(rows, TWO, weight)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("given", [{}, {"solver": "liblinear"}, {"solver": "newton-cg"}, {"solver": "saga", "l1_ratio": 0.5}], ids=str)
def test_scikit_learn_approves(given):
    model = LogisticRegression(**given)
    outcomes = check_estimator(model, on_skip=None)
    assert {outcome["status"] for outcome in outcomes} <= {"passed", "skipped"}


@pytest.mark.skipif(not hasattr(sklearn.linear_model.LogisticRegression, "set_callbacks"), reason="scikit-learn before 1.9")
@pytest.mark.parametrize("solver", SOLVERS)
def test_callbacks_see_every_iteration_of_every_solver_and_may_stop_it(solver):
    class Stop:
        def __init__(self, after):
            self.after, self.models = after, []

        def setup(self, estimator, context):
            pass

        def on_fit_task_begin(self, estimator, context, *, X=None):
            pass

        def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
            if "iter" in context.task_name and fitted_estimator is not None:
                self.models.append(fitted_estimator)
                return len(self.models) == self.after
            return False

        def teardown(self, estimator, context):
            pass

    callback = Stop(after=2)
    model = LogisticRegression(solver=solver, tol=1e-12).set_callbacks(callback).fit(X, TWO)
    assert model.n_iter_[0] == 2 and model.stopped_because_ == "a callback asked to stop after 2 iterations"
    np.testing.assert_array_equal(callback.models[-1].coef_, model.coef_)
