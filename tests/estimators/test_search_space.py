"""What to try for which model and data, and which candidate the one-standard-error rule takes."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.datasets import make_classification, make_regression
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.pipeline import Pipeline, make_pipeline

from glassnet import LogisticRegression, MLPClassifier, MLPRegressor, TablePreparation
from glassnet.checks import DataError
from glassnet.estimators.search_space import one_standard_error, search_space

X, Y = make_classification(120, 6, n_informative=4, random_state=0)


def of_shape(n, d, scale=1.0):
    return np.random.default_rng(0).normal(scale=scale, size=(n, d))


def candidates(space):
    return int(np.prod([len(values) for values in space.values()]))


def test_penalties_follow_rows_and_scale():
    plain = search_space(LogisticRegression(), of_shape(1000, 5), None)["C"]
    assert plain[0] == pytest.approx(4 / 1000) and plain[-1] == pytest.approx(400) and len(plain) == 6
    more = search_space(LogisticRegression(), of_shape(10_000, 5), None)["C"]
    larger = search_space(LogisticRegression(), of_shape(1000, 5, scale=10), None)["C"]
    assert np.array(plain) / more == pytest.approx(10) and np.array(plain) / larger == pytest.approx(100)


def test_where_features_are_many_penalties_go_up_to_their_number():
    assert search_space(LogisticRegression(), of_shape(100, 400), None)["C"][0] == pytest.approx(1 / 400, rel=0.25)
    for model in (MLPClassifier(()), MLPRegressor(hidden_layer_sizes=())):
        assert search_space(model, of_shape(100, 400), None)["alpha"][-1] == pytest.approx(400, rel=0.1)


def test_wide_data_try_weights_of_zero():
    assert "l1_ratio" not in search_space(LogisticRegression(), of_shape(50, 49), None)
    space = search_space(LogisticRegression(), of_shape(50, 60), None)
    assert space["l1_ratio"] == [0.0, 0.5, 1.0] and space["solver"] == ["saga"]


def test_a_network_without_hidden_layers_has_only_its_penalty_to_try():
    for model in (MLPClassifier(()), MLPClassifier(n_layers=0), MLPRegressor(hidden_layer_sizes=(), solver="lbfgs")):
        assert list(search_space(model, of_shape(100, 3), None)) == ["alpha"]
    classifier, regressor = (
        search_space(model, of_shape(1000, 3), None)["alpha"] for model in (MLPClassifier(()), MLPRegressor(hidden_layer_sizes=()))
    )
    assert classifier[-1] == pytest.approx(250, rel=0.25) and regressor[-1] == pytest.approx(1000, rel=0.1)


@pytest.mark.parametrize("n, widths, layers", [(200, [8, 32], [1]), (5_000, [32, 128], [1, 2]), (30_000, [64, 256], [1, 2])])
def test_networks_grow_with_the_rows_and_the_grid_stays_small(n, widths, layers):
    space = search_space(MLPClassifier(), of_shape(n, 3), None)
    assert space["width"] == widths and space["n_layers"] == layers
    assert ("dropout" in space) == (n >= 20_000)
    assert "learning_rate_init" in space and candidates(space) <= 16


def test_a_line_search_has_no_learning_rate_and_no_dropout():
    for n in (200, 30_000):
        assert {"learning_rate_init", "dropout"}.isdisjoint(search_space(MLPClassifier(solver="lbfgs"), of_shape(n, 3), None))
    assert search_space(MLPClassifier(solver="sgd"), of_shape(200, 3), None)["learning_rate_init"] == [0.03, 0.1]


@pytest.mark.parametrize(
    "model",
    [
        LogisticRegression(),
        MLPClassifier((), solver="lbfgs"),
        MLPClassifier(max_iter=3, solver="lbfgs"),
        MLPClassifier(max_iter=2),
        Pipeline([("preparation", TablePreparation()), ("model", LogisticRegression())]),
    ],
    ids=lambda model: type(model).__name__,
)
@pytest.mark.parametrize("wide", [False, True])
def test_the_space_goes_into_a_search_as_it_is(model, wide):
    space = search_space(model, X, Y, wide=wide)
    search = RandomizedSearchCV(model, space, n_iter=3, cv=2, random_state=0) if wide else GridSearchCV(model, space, cv=2)
    search.refit = lambda results: one_standard_error(results)[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        search.fit(X, Y)
    index, sentence = one_standard_error(search.cv_results_)
    assert index == search.best_index_ and " is chosen: the best mean score over 2 folds is" in sentence
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_regression_goes_through_a_pipeline_too():
    data, target = make_regression(60, 3, random_state=0)
    model = make_pipeline(TablePreparation(), MLPRegressor(hidden_layer_sizes=(), solver="lbfgs"))
    space = search_space(model, data, target)
    assert list(space) == ["mlpregressor__alpha"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        assert GridSearchCV(model, space, cv=2).fit(data, target).best_score_ > 0.9


def test_bytes_and_constant_columns_have_a_scale():
    pictures = np.random.default_rng(0).integers(0, 256, (100, 30), dtype=np.uint8)
    assert search_space(LogisticRegression(), pictures, None)["C"][0] < 1e-4
    assert search_space(LogisticRegression(), np.ones((100, 3)), None)["C"][0] == pytest.approx(0.04)
    with pytest.raises(DataError, match="no rows"):
        search_space(LogisticRegression(), np.ones((0, 3)), None)


def test_other_models_are_refused():
    with pytest.raises(TypeError, match="estimator must be LogisticRegression, .*; got TablePreparation"):
        search_space(TablePreparation(), X, Y)


def results(params, scores):
    """cv_results_ of these candidates; ``scores`` holds a row of fold scores each."""
    scores = np.array(scores, float)
    return {
        "params": params,
        "mean_test_score": scores.mean(axis=1),
        **{f"split{i}_test_score": column for i, column in enumerate(scores.T)},
    }


def test_the_simplest_within_one_standard_error_is_chosen_by_hand():
    # best: folds 0.80, 0.84, 0.88; mean 0.84, deviation 0.04, standard error 0.0231: 0.82 is within it, 0.81 is not
    given = results(
        [{"C": 0.01}, {"C": 0.1}, {"C": 1.0}, {"C": 10.0}],
        [[0.81, 0.81, 0.81], [0.82, 0.82, 0.82], [0.80, 0.84, 0.88], [0.83, 0.83, 0.83]],
    )
    index, sentence = one_standard_error(given)
    assert index == 1
    assert sentence == (
        "C=0.1 (0.82) is chosen: the best mean score over 3 folds is 0.84, with a standard error of 0.023 (C=1); of the 3 candidates "
        "within it, this is the simplest."
    )


@pytest.mark.parametrize(
    "simple, complicated",
    [
        ({"model__width": 8, "model__n_layers": 1}, {"model__width": 32, "model__n_layers": 1}),
        ({"width": 32, "n_layers": 1}, {"width": 32, "n_layers": 2}),
        ({"hidden_layer_sizes": ()}, {"hidden_layer_sizes": (3,)}),
        ({"hidden_layer_sizes": 10}, {"hidden_layer_sizes": (8, 8)}),
        ({"alpha": 1.0}, {"alpha": 0.1}),
        ({"C": 0.1}, {"C": 1.0}),
        ({"C": 1.0, "l1_ratio": 1.0}, {"C": 1.0, "l1_ratio": 0.0}),
        ({"dropout": 0.5}, {"dropout": 0.0}),
        ({"width": 8, "alpha": 0.01}, {"width": 16, "alpha": 1.0}),
    ],
)
def test_what_counts_as_simpler(simple, complicated):
    for order in ([simple, complicated], [complicated, simple]):
        index, _ = one_standard_error(results(order, [[0.7, 0.9], [0.71, 0.9]]))
        assert order[index] is simple


def test_equally_simple_candidates_go_by_score():
    given = results([{"learning_rate_init": 0.1}, {"learning_rate_init": 0.01}], [[0.7, 0.9], [0.71, 0.9]])
    assert one_standard_error(given)[0] == 1


def test_the_best_is_kept_where_nothing_simpler_is_near():
    index, sentence = one_standard_error(results([{"C": 0.1}, {"C": 1.0}], [[0.5, 0.5], [0.8, 0.8]]))
    assert index == 1 and sentence.endswith("and no other candidate is within it.")
    assert (
        "none of the 1 others within it is simpler" in one_standard_error(results([{"C": 0.1}, {"C": 1.0}], [[0.8, 0.9], [0.8, 0.88]]))[1]
    )


def test_failed_fits_do_not_take_part():
    nan = float("nan")
    assert one_standard_error(results([{"C": 1.0}, {"C": 0.1}], [[0.8, 0.8], [nan, 0.8]]))[0] == 0
    with pytest.raises(DataError, match="every fit failed"):
        one_standard_error(results([{"C": 1.0}], [[nan, nan]]))
