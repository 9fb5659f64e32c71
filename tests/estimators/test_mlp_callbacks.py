"""scikit-learn's callback protocol on the multilayer perceptrons: every solver, every epoch, every end of a fit."""

from __future__ import annotations

import pickle
import warnings
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from glassnet import DivergenceError, MLPClassifier, MLPRegressor

callback = pytest.importorskip("sklearn.callback", reason="scikit-learn before 1.9 has no callbacks")

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(80, 3))
Y = (X[:, 0] + 0.5 * RANDOM.normal(size=80) > 0).astype(int)
SOLVERS = ("adam", "sgd", "gd", "rmsprop", "adagrad", "adamw", "lbfgs", "cg", "newton")


class Recorder:
    """Writes down every call, and can stop or break a fit."""

    def __init__(self, *, stop_after: int | None = None, fail_at: str | None = None) -> None:
        self.calls: list[tuple[str, Any, Any]] = []
        self.stop_after, self.fail_at = stop_after, fail_at

    def _note(self, what: str, context: Any, fitted: Any = None) -> None:
        self.calls.append((what, context, fitted))
        if what == self.fail_at:
            raise RuntimeError(f"broken at {what}")

    def setup(self, estimator: Any, context: Any) -> None:
        self._note("setup", context)

    def teardown(self, estimator: Any, context: Any) -> None:
        self._note("teardown", context)

    def on_fit_task_begin(self, estimator: Any, context: Any, *, fitted_estimator: Any = None) -> None:
        self._note("begin", context, fitted_estimator)

    def on_fit_task_end(self, estimator: Any, context: Any, *, fitted_estimator: Any = None) -> bool:
        self._note("end", context, fitted_estimator)
        return context.parent is not None and context.task_id + 1 == self.stop_after

    def names(self) -> list[str]:
        return [what for what, _, _ in self.calls]


def net(solver: str = "adam", **parameters: Any) -> MLPClassifier:
    hidden = () if solver == "newton" else (4,)
    return MLPClassifier(hidden, solver=solver, max_iter=5, tol=1e-8, random_state=0, **parameters)


def quietly(estimator: Any, *data: Any, **more: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return estimator.fit(*data, **more)


@pytest.mark.parametrize("solver", SOLVERS)
def test_every_epoch_is_a_task_inside_the_fit(solver: str) -> None:
    recorder = Recorder()
    fitted = quietly(net(solver).set_callbacks(recorder), X, Y)
    names = recorder.names()
    assert names[:2] == ["setup", "begin"] and names[-2:] == ["end", "teardown"]
    assert names[2:-2] == ["begin", "end"] * ((len(names) - 4) // 2)
    ended = [fitted_then for what, context, fitted_then in recorder.calls if what == "end" and context.parent is not None and fitted_then]
    assert len(ended) == fitted.n_iter_ > 1
    epochs = [context.task_id for what, context, _ in recorder.calls if what == "begin" and context.parent is not None]
    assert epochs == list(range(len(epochs))) and len(epochs) <= fitted.max_iter


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_callback_predicts_with_the_weights_of_its_moment(solver: str) -> None:
    recorder = Recorder()
    fitted = quietly(net(solver).set_callbacks(recorder), X, Y)
    after = [then for what, context, then in recorder.calls if what == "end" and context.parent is not None and then is not None]
    np.testing.assert_array_equal(after[-1].predict_proba(X), fitted.predict_proba(X))
    assert not np.array_equal(after[0].predict_proba(X), fitted.predict_proba(X))
    before = next(then for what, context, then in recorder.calls if what == "begin" and context.parent is not None)
    assert not np.array_equal(before.predict_proba(X), after[0].predict_proba(X))


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_callback_that_returns_true_ends_the_training(solver: str) -> None:
    recorder = Recorder(stop_after=2)
    fitted = net(solver).set_callbacks(recorder).fit(X, Y)
    assert fitted.n_iter_ == 2
    assert "a callback asked to stop" in fitted.stopped_because_
    assert recorder.names()[-1] == "teardown"


def test_a_regressor_shows_its_predictions_in_the_units_of_y() -> None:
    recorder = Recorder()
    y = 1000 + 50 * X[:, 0]
    fitted = quietly(MLPRegressor(hidden_layer_sizes=(), solver="lbfgs", standardise_target=True, alpha=0).set_callbacks(recorder), X, y)
    last = [then for what, context, then in recorder.calls if what == "end" and context.parent is not None and then is not None][-1]
    np.testing.assert_array_equal(last.predict(X), fitted.predict(X))
    assert last.score(X, y) > 0.99


@pytest.mark.parametrize("fail_at", ["setup", "begin", "end", "teardown"])
def test_what_was_set_up_is_torn_down_whatever_fails(fail_at: str) -> None:
    recorder = Recorder(fail_at=fail_at)
    with pytest.raises(RuntimeError, match=f"broken at {fail_at}"):
        quietly(net().set_callbacks(recorder), X, Y)
    assert recorder.names().count("setup") == recorder.names().count("teardown") == 1


def test_a_refused_call_sets_nothing_up_and_a_diverging_one_tears_down() -> None:
    recorder = Recorder()
    with pytest.raises(ValueError, match="alpha must be"):
        net(alpha=-1.0).set_callbacks(recorder).fit(X, Y)
    assert recorder.names() == []
    with pytest.raises(DivergenceError):
        MLPRegressor(hidden_layer_sizes=(4,), solver="sgd", batch_size=1, learning_rate_init=1e6).set_callbacks(recorder).fit(
            X * 1e3, X[:, 0] * 1e6
        )
    assert recorder.names()[0] == "setup" and recorder.names()[-1] == "teardown"


def test_callbacks_change_no_number() -> None:
    plain, seen = quietly(net(), X, Y), quietly(net().set_callbacks(Recorder()), X, Y)
    np.testing.assert_array_equal(plain.coefs_[0], seen.coefs_[0])


def test_the_monitor_and_the_bar_of_scikit_learn_work() -> None:
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(X, columns=["a", "b", "c"])
    monitor, bar = callback.ScoringMonitor(scoring=["accuracy", "neg_log_loss"]), callback.ProgressBar()
    fitted = quietly(net().set_callbacks(monitor, bar), table, Y, sample_weight=np.ones(80))
    scores = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert len(scores) == fitted.n_iter_
    assert scores[-1]["accuracy"] == fitted.score(table, Y)


@pytest.mark.parametrize("estimator", ["pipeline", "search"])
def test_callbacks_come_down_from_pipelines_and_searches(estimator: str) -> None:
    monitor = callback.ProgressBar(max_propagation_depth=None)
    model = make_pipeline(StandardScaler(), net())
    outer = model if estimator == "pipeline" else GridSearchCV(model, {"mlpclassifier__alpha": [0.1, 1.0]}, cv=2)
    quietly(outer.set_callbacks(monitor), X, Y)


def test_a_clone_shares_the_callbacks_and_a_pickle_keeps_them() -> None:
    recorder = Recorder()
    estimator = net().set_callbacks(recorder)
    quietly(clone(estimator), X, Y)
    assert recorder.names()[-1] == "teardown"
    assert hasattr(pickle.loads(pickle.dumps(net().set_callbacks(callback.ProgressBar()))), "_skl_callbacks")


def test_only_callbacks_are_taken() -> None:
    with pytest.raises(TypeError, match="callbacks must be instances following the FitCallback protocol"):
        MLPClassifier().set_callbacks(print)
