"""What is refused, and that the sentence says what was given and what to do."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
import scipy.sparse

from glassnet import MLPClassifier, MLPRegressor

X = np.random.default_rng(0).normal(size=(20, 3))
Y = np.arange(20) % 2
NAN, INF = float("nan"), float("inf")

# Constructor parameters of a classifier, and what must stand in the sentence: the name, the range, and what was given.
PARAMETERS: list[tuple[dict[str, Any], str]] = [
    ({"alpha": -1}, r"alpha must be a number in the range [0, inf); got -1."),
    ({"alpha": NAN}, r"alpha must be a number in the range [0, inf); got nan."),
    ({"alpha": "1"}, r"alpha must be a number in the range [0, inf); got '1'."),
    ({"alpha": None}, r"alpha must be a number in the range [0, inf); got None."),
    ({"alpha": True}, r"alpha must be a number in the range [0, inf); got True."),
    ({"l1": -0.5}, "l1 must be a number in the range [0, inf); got -0.5."),
    ({"learning_rate_init": 0}, "learning_rate_init must be a number in the range (0, inf); got 0."),
    ({"learning_rate_init": INF}, "learning_rate_init must be a number in the range (0, inf); got inf."),
    ({"power_t": -1}, "power_t must be a number in the range [0, inf); got -1."),
    ({"tol": -1e-4}, "tol must be a number in the range [0, inf); got -0.0001."),
    ({"momentum": 1.1}, "momentum must be a number in the range [0, 1]; got 1.1."),
    ({"validation_fraction": 1.0}, "validation_fraction must be a number in the range [0, 1); got 1.0."),
    ({"beta_1": 1.0}, "beta_1 must be a number in the range [0, 1); got 1.0."),
    ({"beta_2": -0.1}, "beta_2 must be a number in the range [0, 1); got -0.1."),
    ({"epsilon": 0}, "epsilon must be a number in the range (0, inf); got 0."),
    ({"n_iter_no_change": 0}, "n_iter_no_change must be a number in the range [1, inf]; got 0."),
    ({"max_iter": 0}, "max_iter must be an integer of 1 or more; got 0."),
    ({"max_iter": 10.5}, "max_iter must be an integer of 1 or more; got 10.5."),
    ({"max_iter": True}, "max_iter must be an integer of 1 or more; got True."),
    ({"max_fun": -3}, "max_fun must be an integer of 1 or more; got -3."),
    ({"shuffle": "yes"}, "shuffle must be True or False; got 'yes'."),
    ({"warm_start": 1}, "warm_start must be True or False; got 1."),
    ({"nesterovs_momentum": None}, "nesterovs_momentum must be True or False; got None."),
    ({"early_stopping": 0}, "early_stopping must be True or False; got 0."),
    ({"batch_size": 0}, "batch_size must be 'auto' or an integer of 1 or more; got 0."),
    ({"batch_size": "all"}, "batch_size must be 'auto' or an integer of 1 or more; got 'all'."),
    ({"batch_size": 2.5}, "batch_size must be 'auto' or an integer of 1 or more; got 2.5."),
    ({"batch_size": True}, "batch_size must be 'auto' or an integer of 1 or more; got True."),
    ({"solver": "adm"}, "got 'adm'. Did you mean 'adam'?"),
    ({"solver": None}, "solver must be 'adam', 'sgd'"),
    ({"learning_rate": "adaptiv"}, "got 'adaptiv'. Did you mean 'adaptive'?"),
    ({"initialiser": "he"}, "initialiser must be 'glorot_uniform'"),
    ({"loss": "squared"}, "loss must be 'log_loss' or 'squared_error'; got 'squared'. Did you mean 'squared_error'?"),
    ({"monitor": "acuracy"}, "monitor must be None, 'val_loss' or the name of a scikit-learn scorer"),
    ({"schedule": "cosin"}, "got 'cosin'. Did you mean 'cosine'?"),
    ({"schedule": {"name": "cosine", "warm": 3}}, "an entry of schedule must be"),
    ({"schedule": 3}, "schedule must be None, a name or a dict such as {'name': 'cosine'}; got 3."),
    ({"checkpoint": 3}, "checkpoint must be None or the path of a file; got 3."),
    ({"target": "low"}, "target must be None or a number, the loss or score at which to stop; got 'low'."),
    ({"threshold": 1.5}, "threshold must be a number in the range [0, 1]; got 1.5."),
    ({"max_seconds": 0}, "max_seconds must be a number in the range (0, inf]; got 0."),
    ({"gradient_tol": -1}, "gradient_tol must be a number in the range [0, inf); got -1."),
    ({"l1": 1.0, "solver": "cg"}, "l1 > 0 has no gradient at 0, which solver='cg' needs. Use solver='lbfgs'"),
    ({"dropout": 0.5, "solver": "lbfgs"}, "dropout is random at every step, and solver='lbfgs' needs a fixed loss. Use 'adam' or 'sgd'."),
    ({"dropout": 1.0}, "dropout must lie in [0, 1), the probability that a unit is silenced; got 1.0."),
    ({"dropout": "half"}, "dropout must lie in [0, 1)"),
    ({"dropout": [0.1, 0.2]}, "dropout must be one value or one per hidden layer; got 2 values for 1."),
    ({"bias": [True]}, "bias must be one value or one per layer, the output included; got 1 values for 2."),
    ({"bias": "no"}, "bias must be True or False"),
    ({"activation": "rely"}, "got 'rely'. Did you mean 'relu'?"),
    ({"activation": ["relu", "tanh"]}, "activation must be one value or one per hidden layer; got 2 values for 1."),
    ({"activation": None}, "activation must be 'identity'"),
    ({"hidden_layer_sizes": (100, 0)}, "hidden_layer_sizes must be > 0, positive integers; got (100, 0). Drop the 0 for one fewer layer."),
    (
        {"hidden_layer_sizes": -1},
        "hidden_layer_sizes must be > 0, positive integers; got -1. For one logistic, softmax or linear unit write ().",
    ),
    ({"hidden_layer_sizes": (2.5,)}, "hidden_layer_sizes must be > 0, positive integers; got (2.5,)."),
    ({"hidden_layer_sizes": None}, "hidden_layer_sizes must be > 0, positive integers; got None."),
    ({"hidden_layer_sizes": "100"}, "hidden_layer_sizes must be > 0, positive integers; got '100'."),
    ({"n_layers": -1}, "n_layers must be 0 or more; got -1."),
    ({"n_layers": True}, "n_layers must be 0 or more; got True."),
    ({"width": 0}, "width must be 1 or more; got 0."),
    ({"class_weight": "balance"}, "class_weight"),
    ({"class_weight": {0: -1.0, 1: 1.0}}, "class_weight"),
    ({"solver": "newton"}, "newton"),
]


@pytest.mark.parametrize("parameters, sentence", PARAMETERS, ids=[str(parameters) for parameters, _ in PARAMETERS])
def test_a_faulty_parameter_is_refused_with_what_was_given_and_what_to_do(parameters: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError) as error:
        MLPClassifier(**{"hidden_layer_sizes": (4,), "max_iter": 2} | parameters).fit(X, Y)
    assert sentence in str(error.value)


@pytest.mark.parametrize(
    "parameters, sentence",
    [
        ({"loss": "log_loss"}, "loss must be 'squared_error', 'poisson', 'absolute_error', 'huber' or 'quantile'; got 'log_loss'."),
        ({"loss": "huber", "huber_delta": 0}, "huber_delta must be positive, in the units of y; got 0."),
        ({"loss": "huber", "huber_delta": "1"}, "huber_delta must be positive, in the units of y; got '1'."),
        ({"loss": "quantile", "quantile": 1.0}, "quantile must lie strictly between 0 and 1"),
        ({"loss": "quantile", "quantile": None}, "quantile must lie strictly between 0 and 1"),
        ({"loss": "poisson", "standardise_target": True}, "standardise_target=True and loss='poisson' do not go together"),
        ({"standardise_target": "yes"}, "standardise_target must be True or False; got 'yes'."),
    ],
    ids=str,
)
def test_a_faulty_parameter_of_a_regressor_is_refused_too(parameters: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError) as error:
        MLPRegressor(**{"hidden_layer_sizes": (4,), "max_iter": 2} | parameters).fit(X, X[:, 0])
    assert sentence in str(error.value)


def test_all_faults_of_a_call_are_named_at_once() -> None:
    with pytest.raises(ValueError) as error:
        MLPClassifier(alpha=-1, solver="adm", max_iter=0, threshold=2).fit(X, Y)
    assert str(error.value).startswith("4 faults:\n  - ")
    assert all(name in str(error.value) for name in ("alpha", "solver", "max_iter", "threshold"))


def test_the_constructor_only_stores() -> None:
    faulty = MLPClassifier(alpha=-1, solver=None, hidden_layer_sizes="many")
    assert (faulty.alpha, faulty.solver, faulty.hidden_layer_sizes) == (-1, None, "many")


BAD_X = np.where(np.arange(60).reshape(20, 3) == 7, NAN, X)
DATA: list[tuple[str, dict[str, Any], str]] = [
    ("nan in X", {"X": BAD_X}, "TablePreparation fills in missing values and flags them"),
    ("infinity in X", {"X": np.where(np.isnan(BAD_X), INF, X)}, "infinity"),
    ("X of one dimension", {"X": X[:, 0]}, "Expected 2D array, got 1D array instead"),
    ("X of three dimensions", {"X": X[:, :, None]}, "dim 3"),
    ("words in X", {"X": np.array([["a", "b"]] * 20)}, "TablePreparation turns columns of text"),
    ("complex X", {"X": X + 1j}, "Complex data not supported"),
    ("no rows", {"X": X[:0], "y": Y[:0]}, "0 sample(s)"),
    ("no columns", {"X": X[:, :0]}, "0 feature(s)"),
    ("lengths differ", {"y": Y[:19]}, "inconsistent numbers of samples: [20, 19]"),
    ("nan in y", {"y": np.where(Y == 0, NAN, 1.0)}, "NaN"),
    ("numbers as classes", {"y": X[:, 0]}, "continuous"),
    ("weights too short", {"sample_weight": np.ones(3)}, "sample_weight.shape == (3,), expected (20,)"),
    ("a negative weight", {"sample_weight": np.where(Y == 0, -1.0, 1.0)}, "Negative values in data passed to `sample_weight`"),
    ("weights that are all zero", {"sample_weight": np.zeros(20)}, "zero"),
    ("a weight that is nan", {"sample_weight": np.where(Y == 0, NAN, 1.0)}, "NaN"),
    ("X_val alone", {"X_val": X}, "X_val and y_val go together; got only one of them."),
    ("y_val alone", {"y_val": Y}, "X_val and y_val go together; got only one of them."),
    ("X_val of other columns", {"X_val": X[:, :2], "y_val": Y}, "X has 2 features, but MLPClassifier is expecting 3 features"),
    ("a class in y_val that y lacks", {"X_val": X, "y_val": Y + 5}, "y has classes that the model does not know: [5, 6]; it knows [0, 1]."),
]


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("data, sentence", [case[1:] for case in DATA], ids=[case[0] for case in DATA])
def test_faulty_data_is_refused_and_named(data: dict[str, Any], sentence: str, solver: str) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)):
        MLPClassifier((3,), solver=solver, max_iter=2).fit(**{"X": X, "y": Y, **data})


def test_negative_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="counts must be 0 or more"):
        MLPRegressor("poisson").fit(X, X[:, 0])


def test_too_few_rows_to_hold_some_out_are_refused_with_two_ways_out() -> None:
    with pytest.raises(ValueError, match="validation set is too small: 1 rows of 8.*or give X_val and y_val"):
        MLPRegressor(early_stopping=True).fit(X[:8], X[:8, 0])


def test_newton_is_for_networks_without_hidden_layers_and_says_so() -> None:
    with pytest.raises(ValueError, match=r"hidden"):
        MLPClassifier((4,), solver="newton").fit(X, Y)


def test_predicting_comes_after_fitting_and_on_the_same_columns() -> None:
    with pytest.raises(ValueError, match="is not fitted yet"):
        MLPClassifier().predict(X)
    fitted = MLPClassifier((2,), solver="lbfgs", alpha=1).fit(X, Y)
    with pytest.raises(ValueError, match="X has 2 features, but MLPClassifier is expecting 3"):
        fitted.predict(X[:, :2])
    with pytest.raises(ValueError, match="NaN"):
        fitted.predict_proba(BAD_X)
    for infinite in ([INF, INF], [-INF, 0]):
        with pytest.raises(ValueError, match="infinity"):
            fitted.predict(np.vstack([np.column_stack([infinite, infinite, infinite]), X]))


def test_a_warm_start_on_other_classes_is_refused() -> None:
    fitted = MLPClassifier((2,), solver="lbfgs", alpha=1, warm_start=True).fit(X, Y)
    with pytest.raises(ValueError, match="warm_start can only be used where `y` has the same classes"):
        fitted.fit(X, np.arange(20) % 3)


def test_partial_fit_asks_for_its_classes_and_keeps_to_them() -> None:
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        MLPClassifier().partial_fit(X, Y)
    begun = MLPClassifier((2,)).partial_fit(X, Y, classes=[0, 1])
    with pytest.raises(ValueError, match="is not the same as on last call to partial_fit"):
        begun.partial_fit(X, Y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match=r"does not know: \[7\]"):
        begun.partial_fit(X, np.full(20, 7))
    for solver in ("lbfgs", "cg", "newton"):
        assert not hasattr(MLPClassifier(solver=solver), "partial_fit")
        with pytest.raises(AttributeError):
            MLPRegressor(solver=solver).partial_fit


def test_a_single_class_is_what_is_predicted_with_certainty() -> None:
    for solver in ("adam", "lbfgs"):
        fitted = MLPClassifier((3,), solver=solver, max_iter=400, tol=1e-2).fit(X, ["only"] * 20)
        assert fitted.classes_.tolist() == ["only"]
        assert set(fitted.predict(X)) == {"only"}
        np.testing.assert_array_equal(fitted.predict_proba(X), np.ones((20, 1)))


def test_partial_fit_goes_on_from_the_weights_that_early_stopping_restored() -> None:
    fitted = MLPClassifier((3,), early_stopping=True, validation_fraction=0.2, random_state=0).fit(X, Y)
    same = MLPClassifier((3,), random_state=0).set_params(warm_start=False)
    before = [W.copy() for W in fitted.coefs_]
    fitted.partial_fit(X, Y)
    assert all(0 < np.abs(W - V).max() < 0.01 for W, V in zip(fitted.coefs_, before, strict=True))
    assert same.set_params(early_stopping=True).partial_fit(X, Y, classes=[0, 1]).n_iter_ == 1


def test_class_weights_are_for_one_label_per_row() -> None:
    with pytest.raises(ValueError, match="class_weight is for one label per row.*Use sample_weight"):
        MLPClassifier(class_weight="balanced").fit(X, np.column_stack([Y, 1 - Y]))


@pytest.mark.parametrize("bad", [{"alpha": -1.0}, {"X": BAD_X}, {"y": Y[:5]}], ids=str)
def test_a_refused_call_leaves_a_fitted_network_as_it_was(bad: dict[str, Any]) -> None:
    fitted = MLPClassifier((2,), solver="lbfgs", alpha=1.0, warm_start=True, random_state=0).fit(X, Y)
    before = fitted.predict_proba(X)
    if "alpha" in bad:
        fitted.set_params(**bad)
    with pytest.raises(ValueError):
        fitted.fit(**{"X": X, "y": Y, **{name: value for name, value in bad.items() if name != "alpha"}})
    np.testing.assert_array_equal(fitted.predict_proba(X), before)


def test_a_refused_warm_start_leaves_the_scale_of_the_targets_as_it_was() -> None:
    y = 100 + X[:, 0]
    fitted = MLPRegressor(hidden_layer_sizes=(2,), solver="gd", max_iter=3, tol=0, standardise_target=True, warm_start=True, random_state=0)
    with pytest.warns(UserWarning, match="all 3 epochs are done"):
        fitted.fit(X, y)
    before = fitted.predict(X)
    fitted.set_params(early_stopping=True, validation_fraction=0.01)
    with pytest.raises(ValueError, match="validation set is too small"):
        fitted.fit(X, y)
    np.testing.assert_array_equal(fitted.predict(X), before)


@pytest.mark.parametrize("form", [scipy.sparse.csr_matrix, scipy.sparse.csr_array])
def test_sparse_input_that_is_not_finite_is_refused(form: Any) -> None:
    with pytest.raises(ValueError, match="NaN"):
        MLPClassifier((2,)).fit(form(BAD_X), Y)


def test_numbers_so_large_that_their_sum_overflows_are_predicted_without_a_warning() -> None:
    fitted = MLPClassifier.from_weights([np.full((3, 1), 1e-300)])
    np.testing.assert_array_equal(fitted.predict(np.full((20, 3), 1.7e308)), np.ones(20))


def test_going_on_with_another_network_is_refused_and_harmless() -> None:
    fitted = MLPClassifier((4,), solver="lbfgs", alpha=1.0, warm_start=True, random_state=0).fit(X, Y)
    before = fitted.predict_proba(X)
    with pytest.raises(
        ValueError, match=r"weights of the shapes \[\(3, 4\), \(4, 1\)\], but the parameters now ask for \[\(3, 5\), \(5, 1\)\]"
    ):
        fitted.set_params(hidden_layer_sizes=(5,)).fit(X, Y)
    np.testing.assert_array_equal(fitted.predict_proba(X), before)


def test_a_refused_first_partial_fit_does_not_announce_its_classes() -> None:
    net = MLPClassifier((4,), alpha=-1.0)
    with pytest.raises(ValueError, match="alpha"):
        net.partial_fit(X, Y, classes=[0, 1])
    assert net.set_params(alpha=0.0).partial_fit(X, Y, classes=[0, 1, 2]).classes_.tolist() == [0, 1, 2]
