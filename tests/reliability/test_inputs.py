"""Odd and bad inputs, one table: each is learned as its plain form is, or refused by one clear sentence.

A row of the table: what is handed in, by name and value, and what must come of it.

    SAME        coefficients and predictions of the plain float64 array, to the last bits (sparse sums run in another order)
    "sentence"  refused with it: ValueError or TypeError, short, on two lines at most
    a function  of the fitted estimator, which asserts what is right for an input that has no plain form
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from glassnet import LogisticRegression, LogisticRegressionCV, MLPClassifier, MLPRegressor

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(40, 3)).round(3)
Y = (X[:, 0] + 0.7 * RANDOM.normal(size=40) > 0).astype(int)
T = X @ [1.0, 2.0, -1.0] + 0.1 * RANDOM.normal(size=40)
FOUR = np.arange(40) == 3
SAME = "same"

ESTIMATORS: dict[str, Callable[[], Any]] = {
    "LogisticRegression": LogisticRegression,
    "LogisticRegressionCV": lambda: LogisticRegressionCV(Cs=2, cv=2, scoring="accuracy", l1_ratios=(0,), use_legacy_attributes=False),
    "MLPClassifier": lambda: MLPClassifier((4,), max_iter=20, random_state=0),
    "MLPClassifier, lbfgs": lambda: MLPClassifier((), solver="lbfgs", alpha=1, max_iter=200, random_state=0),
    "MLPRegressor": lambda: MLPRegressor(hidden_layer_sizes=(4,), max_iter=20, random_state=0),
}
CLASSIFIERS = tuple(name for name in ESTIMATORS if "Classifier" in name or "Logistic" in name)
REGRESSOR = ("MLPRegressor",)


def with_one(value: Any, dtype: Any = float) -> np.ndarray:
    Z = X.astype(dtype)
    Z[7, 1] = value
    return Z


def unaligned(values: np.ndarray) -> np.ndarray:
    out = np.ndarray(values.shape, values.dtype, np.zeros(values.nbytes + 1, np.uint8).data, offset=1)
    out[:] = values
    assert not out.flags.aligned
    return out


def read_only(values: np.ndarray) -> np.ndarray:
    values = values.copy()
    values.flags.writeable = False
    return values


def unsorted(matrix: sp.csr_matrix) -> sp.csr_matrix:
    for i in range(matrix.shape[0]):
        row = slice(matrix.indptr[i], matrix.indptr[i + 1])
        matrix.indices[row], matrix.data[row] = matrix.indices[row][::-1].copy(), matrix.data[row][::-1].copy()
    matrix.has_sorted_indices = False
    return matrix


def long_indices(matrix: sp.csr_array) -> sp.csr_array:
    matrix.indices, matrix.indptr = matrix.indices.astype(np.int64), matrix.indptr.astype(np.int64)
    return matrix


def explicit_zeros() -> sp.csr_matrix:
    return sp.csr_matrix((X.ravel().copy(), np.tile([0, 1, 2], 40), np.arange(0, 121, 3)), shape=X.shape)


def twice_in_one_place() -> sp.coo_matrix:
    once = sp.coo_matrix(X)
    return sp.coo_matrix((np.tile(once.data / 2, 2), (np.tile(once.row, 2), np.tile(once.col, 2))), shape=X.shape)


def frame(values: np.ndarray = X) -> pd.DataFrame:
    return pd.DataFrame(values, columns=["a", "b", "c"])


def finite(estimator: Any, given: Any) -> None:
    """What is left where a column is odd but legal: numbers, and probabilities that add up to 1."""
    assert all(np.isfinite(part).all() for part in parts(estimator))
    assert np.isfinite(answers(estimator, given)).all()


def without_effect(estimator: Any, given: Any) -> None:
    """A constant column tells nothing: its coefficient is 0, or, in a network, hardly moved from its first value."""
    finite(estimator, given)
    if hasattr(estimator, "coef_"):
        assert np.abs(estimator.coef_[:, 3]).max() < 1e-8


def shares(estimator: Any, given: Any) -> None:
    """Constant columns only: one answer for every row; the logistic minimum is the share of each class."""
    finite(estimator, given)
    answer = answers(estimator, given)
    assert np.ptp(answer, axis=0).max() == 0
    if hasattr(estimator, "coef_"):
        assert answer[0, 1] == pytest.approx(Y.mean(), abs=1e-3)


def parted(estimator: Any, given: Any) -> None:
    """A column twice: its two coefficients share what one would have."""
    finite(estimator, given)
    if hasattr(estimator, "coef_"):
        assert estimator.coef_[0, 0] == pytest.approx(estimator.coef_[0, 3])


def weightless(estimator: Any, given: Any) -> None:
    """A class whose rows all have weight 0 stays a class, as in scikit-learn, and only loses: its probability falls."""
    finite(estimator, given)
    if hasattr(estimator, "classes_"):
        assert estimator.classes_.tolist() == [0, 1]
        without_weights = quietly(lambda: clone(estimator).fit(X, Y))
        assert (answers(estimator, given)[:, 0] < answers(without_weights, given)[:, 0]).all()
    if hasattr(estimator, "coef_"):
        assert answers(estimator, given)[:, 0].max() < 1e-3


NO_TABLE = "X must be a table of numbers, (rows, columns); got "
MISSING = "Input X contains NaN.\nglassnet's TablePreparation fills in missing values"
WORDS = "glassnet's TablePreparation turns columns of text into columns of 0 and 1"
DATES = "glassnet's TablePreparation turns dates into numbers"
OVERFLOW = r"column \d of X .*overflow.*Divide the column"

INPUTS: dict[str, tuple[Any, Any]] = {
    # numbers that are none
    "nan": (with_one(np.nan), MISSING),
    "a column of nan": (np.c_[X, np.full(40, np.nan)], MISSING),
    "infinity": (with_one(np.inf), "infinity"),
    "minus infinity": (with_one(-np.inf), "infinity"),
    "None among objects": (with_one(None, object), MISSING),
    "1e300": (with_one(1e300), OVERFLOW),
    "-1e200": (with_one(-1e200), OVERFLOW),
    "1e160": (with_one(1e160), OVERFLOW),
    "1e160, sparse": (sp.csr_matrix(with_one(1e160)), OVERFLOW),
    "complex": (X + 1j, "Complex data not supported"),
    "complex among objects": (with_one(1j, object), "must be a number: convert the others"),
    # types
    "booleans": (X > 0, SAME),
    "int8": ((X * 10).astype(np.int8), SAME),
    "uint8": ((abs(X) * 10).astype(np.uint8), SAME),
    "int64 beyond 2**53": ((X * 2**58).astype(np.int64), finite),
    "float16": (X.astype(np.float16), SAME),
    "float32": (X.astype(np.float32), finite),
    "long double": (X.astype(np.longdouble), SAME),
    "other byte order": (X.astype(">f8"), SAME),
    "objects": (X.astype(object), SAME),
    "numbers as text": (X.astype(str), WORDS),
    "numbers as text among objects": (X.astype(str).astype(object), SAME),
    "words among objects": (with_one("abc", object), WORDS),
    "bytes": (X.astype("S"), WORDS),
    "dates": (np.datetime64("2020-01-01") + np.arange(120).reshape(40, 3), DATES),
    "dates among objects": (with_one(pd.Timestamp("2020-01-01"), object), "must be a number: convert the others"),
    "durations": (np.arange(120).reshape(40, 3).astype("m8[D]"), DATES),
    "records": (np.zeros(40, dtype=[("a", float), ("b", float)]), "records with several fields"),
    # layouts
    "Fortran order": (np.asfortranarray(X), SAME),
    "every other number": (np.repeat(np.repeat(X, 2, 0), 2, 1)[::2, ::2], SAME),
    "backwards": (X[::-1, ::-1].copy()[::-1, ::-1], SAME),
    "read-only": (read_only(X), SAME),
    "unaligned": (unaligned(X), SAME),
    "a broadcast view": (np.broadcast_to(X, (2, 40, 3))[1], SAME),
    "np.matrix": (np.asmatrix(X), "np.matrix is not supported"),
    "masked": (np.ma.masked_array(X, X > 1), "X is a masked array with 22 hidden values"),
    "masked, nothing hidden": (np.ma.masked_array(X), SAME),
    "masked rows in a list": ([np.ma.masked_array(row, row > 1) for row in X], "X is a masked array"),
    # containers
    "pandas": (frame(), SAME),
    "pandas, nullable": (frame().astype("Float64"), SAME),
    "pandas, NA": (frame(with_one(np.nan)).astype("Float64"), MISSING),
    "pandas, sparse": (frame().astype(pd.SparseDtype(float, 0)), SAME),
    "pandas, several types": (pd.DataFrame({"a": X[:, 0] > 0, "b": (X[:, 1] * 5).astype(int), "c": X[:, 2]}), SAME),
    "pandas, text": (frame().assign(d=["u", "v"] * 20), WORDS),
    "pandas, categories": (frame().assign(d=pd.Categorical(["u", "v"] * 20)), WORDS),
    "pandas, dates": (frame().assign(d=pd.date_range("2020", periods=40)), DATES),
    "pandas, names of two types": (pd.DataFrame(X, columns=["a", "b", 3]), "only supported if all input features have string names"),
    "Polars": (pl.DataFrame(X, schema=["a", "b", "c"]), SAME),
    "Polars, dates": (pl.DataFrame({"a": X[:, 0], "b": pl.Series(Y).cast(pl.Date)}), DATES),
    "Arrow": (pa.table({name: X[:, i] for i, name in enumerate("abc")}), SAME),
    "lists": (X.tolist(), SAME),
    "tuples": (tuple(map(tuple, X.tolist())), SAME),
    "a list of arrays": (list(X), SAME),
    "rows of different lengths": ([*X.tolist()[:-1], [1.0]], "as many numbers in every row"),
    "one column as a row": (X[:, 0], "Expected 2D array, got 1D array instead"),
    "three dimensions": (X[None], "dim 3"),
    "a number": (3.0, "Expected 2D array, got scalar array instead"),
    "nothing": (None, NO_TABLE + "None"),
    "the name of a file": ("table.csv", NO_TABLE + "str"),
    "a dict": ({"a": [1.0]}, NO_TABLE + "dict"),
    "a set": ({1.0, 2.0}, NO_TABLE + "set"),
    "a generator": ((row for row in X), NO_TABLE + "generator"),
    "no columns": (X[:, :0], "0 feature(s)"),
    # sparse
    **{f"sparse, {kind}": (getattr(sp, f"{kind}_array")(X), SAME) for kind in ("csr", "csc", "coo", "bsr", "dia", "dok", "lil")},
    "sparse matrix": (sp.csc_matrix(X), SAME),
    "sparse, a place named twice": (twice_in_one_place(), SAME),
    "sparse, unsorted": (unsorted(sp.csr_matrix(X)), SAME),
    "sparse, long indices": (long_indices(sp.csr_array(X)), SAME),
    "sparse, explicit zeros": (explicit_zeros(), SAME),
    "sparse, booleans": (sp.csr_matrix(X > 0), SAME),
    "sparse, nan": (sp.csr_matrix(with_one(np.nan)), MISSING),
    "sparse, infinity": (sp.csr_matrix(with_one(np.inf)), "infinity"),
    "sparse, complex": (sp.csr_matrix(X + 1j), "Complex data not supported"),
    # columns that tell little, or in odd units
    "a constant column": (np.c_[X, np.full(40, 5.0)], without_effect),
    "constant columns only": (np.full((40, 3), 2.0), shares),
    "zeros only": (np.zeros((40, 3)), shares),
    "a column twice": (np.c_[X, X[:, 0]], parted),
    "denormal numbers": (X * [1, 1, 1e-310], finite),
    "units from 1e-9 to 1e9": (X * [1e-9, 1, 1e9], finite),
    "far from zero": (X + np.array([0, 0, 1e10]), finite),
    "1e30": (X * [1, 1, 1e30], finite),
    "5,000 columns": (np.hstack([X, RANDOM.normal(size=(40, 4_997))]), finite),
}

TARGETS: dict[str, tuple[tuple[str, ...], Any, Any]] = {
    **{
        name: (CLASSIFIERS, y, np.unique(y))
        for name, y in {
            "words": np.array(["no", "yes"])[Y],
            "word objects": np.array(["no", "yes"], object)[Y],
            "booleans": Y.astype(bool),
            "gaps": np.array([3, 100])[Y],
            "below zero": np.array([-1, 1])[Y],
            "huge": np.array([10**15, 10**15 + 1])[Y],
            "uint8": Y.astype(np.uint8),
            "whole floats": Y.astype(float),
            "days": np.array(["2020-01-01", "2021-01-01"], "M8[D]")[Y],
        }.items()
    },
    "a list of words": (CLASSIFIERS, np.array(["no", "yes"])[Y].tolist(), np.array(["no", "yes"])),
    "categories": (CLASSIFIERS, pd.Series(pd.Categorical(np.array(["no", "yes"])[Y])), np.array(["no", "yes"])),
    "a Series of another index": (CLASSIFIERS, pd.Series(Y, index=RANDOM.permutation(40)), np.array([0, 1])),
    "a Polars Series": (CLASSIFIERS, pl.Series(Y), np.array([0, 1])),
    "nullable integers": (CLASSIFIERS, pd.Series(Y).astype("Int64"), np.array([0, 1])),
    "read-only, strided": (CLASSIFIERS, read_only(np.repeat(Y, 2))[::2], np.array([0, 1])),
    "NA": (CLASSIFIERS, pd.Series(Y).astype("Int64").where(pd.Series(~FOUR)), "NaN"),
    "nan": (tuple(ESTIMATORS), np.where(FOUR, np.nan, Y), "Input y contains NaN"),
    "infinity": (tuple(ESTIMATORS), np.where(FOUR, np.inf, Y), "Input y contains infinity"),
    "None": (tuple(ESTIMATORS), np.where(FOUR, None, np.array(["a", "b"], object)[Y]), "y has 1 missing targets (None)"),
    "None among booleans": (tuple(ESTIMATORS), np.where(FOUR, None, Y.astype(bool)), "y has 1 missing targets (None)"),
    "nan among words": (CLASSIFIERS, np.where(FOUR, np.nan, np.array(["a", "b"], object)[Y]), "NaN"),
    "words and numbers": (tuple(ESTIMATORS), np.array([1, "a"], object)[Y], "y mixes text and numbers"),
    "words and numbers in a list": (tuple(ESTIMATORS), np.array([1, "a"], object)[Y].tolist(), "y mixes text and numbers"),
    "one class": (CLASSIFIERS[:2], np.zeros(40, int), "only one class"),
    "numbers for a classifier": (CLASSIFIERS, T, "Unknown label type: continuous"),
    "too short": (tuple(ESTIMATORS), Y[:30], "inconsistent numbers of samples: [40, 30]"),
    "two columns": (CLASSIFIERS[:2], np.c_[Y, 1 - Y], "y should be a 1d array"),
    "a number": (tuple(ESTIMATORS), 3, r"1d array|at least 1 dimension"),
    "nothing": (tuple(ESTIMATORS), None, "requires y to be passed, but the target y is None"),
    "a word": (tuple(ESTIMATORS), "diagnosis", "y must hold one target per row; got str"),
    "a dict": (tuple(ESTIMATORS), {0: 1}, "y must hold one target per row; got dict"),
    "durations": (tuple(ESTIMATORS), Y.astype("m8[D]"), "y holds durations"),
    "dates to predict": (REGRESSOR, np.array(["2020-01-01", "2021-01-01"], "M8[D]")[Y], "y holds dates"),
    "complex": (tuple(ESTIMATORS), Y + 1j, "Complex data not supported"),
    "masked": (tuple(ESTIMATORS), np.ma.masked_array(Y, Y > 0), "y is a masked array"),
    "records": (tuple(ESTIMATORS), np.zeros(40, [("a", int), ("b", int)]), "records with several fields"),
    "bytes": (CLASSIFIERS, np.array([b"n", b"y"])[Y], "represented as bytes is not supported"),
    "words for a regressor": (REGRESSOR, np.array(["no", "yes"])[Y], "could not convert string to float"),
    "sparse": (tuple(ESTIMATORS), sp.csr_matrix(Y[:, None]), "Sparse data was passed for y"),
    "three dimensions": (tuple(ESTIMATORS), Y[:, None, None], "dim 3"),
}

WEIGHTS: dict[str, tuple[Any, Any]] = {
    "below zero": (np.where(Y > 0, -1.0, 1.0), "Negative values in data passed to `sample_weight`"),
    "nan": (np.where(FOUR, np.nan, 1.0), "Input sample_weight contains NaN"),
    "None": (np.where(FOUR, None, 1.0), "Input sample_weight contains NaN"),
    "infinity": (np.where(FOUR, np.inf, 1.0), "Input sample_weight contains infinity"),
    "zeros": (np.zeros(40), "at least one non-zero number"),
    "zeros for a class": (Y.astype(float), weightless),
    "one class and a half": (np.where((Y == 0) & (np.arange(40) % 2 > 0), 0.0, 1.0), finite),
    "too few": (np.ones(30), "sample_weight.shape == (30,), expected (40,)!"),
    "a table": (np.ones((40, 2)), "Sample weights must be 1D array or scalar"),
    "text": (np.ones(40).astype(str), "sample_weight must hold one number of 0 or more per row; got text"),
    "complex": (np.ones(40) + 1j, "got complex numbers"),
    "dates": (np.ones(40, "M8[D]"), "got dates"),
    "a dict": ({0: 1.0}, "sample_weight must hold one number"),
    "masked": (np.ma.masked_array(np.ones(40), Y > 0), "sample_weight is a masked array"),
    "1e300": (np.full(40, 1e300), "the mean of sample_weight is 1e\\+300.*Divide the weights"),
    "1e-300": (np.full(40, 1e-300), "the mean of sample_weight is 1e-300"),
    "ones": (np.ones(40), SAME),
    "objects": (np.ones(40, object), SAME),
    "a list": ([1] * 40, SAME),
    "a Series": (pd.Series(np.ones(40), index=RANDOM.permutation(40)), SAME),
    "read-only": (read_only(np.ones(40)), SAME),
}


def quietly(work: Callable[[], Any]) -> Any:
    """No warning may come but one: that so few iterations do not suffice."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", ConvergenceWarning)
        return work()


def parts(estimator: Any) -> list[np.ndarray]:
    return [estimator.coef_, estimator.intercept_] if hasattr(estimator, "coef_") else [*estimator.coefs_, *estimator.intercepts_]


def answers(estimator: Any, given: Any) -> np.ndarray:
    return quietly(lambda: estimator.predict_proba(given) if hasattr(estimator, "predict_proba") else estimator.predict(given))


def plain(given: Any) -> np.ndarray:
    if sp.issparse(given):
        return given.toarray().astype(float)
    return np.array(given.to_pandas() if isinstance(given, pa.Table) else given, dtype=float)


def must_be_refused(work: Callable[[], Any], sentence: str) -> None:
    with pytest.raises((ValueError, TypeError)) as caught:
        quietly(work)
    told = str(caught.value)
    assert sentence in told or re.search(sentence, told), told
    if told.startswith("The feature names should match those that were passed during fit."):
        assert len(told) < 600, told  # scikit-learn's own words, which its checks ask for: this sentence, and the columns below it
    elif "array" not in told:  # scikit-learn shows the array it was given
        assert len(told.splitlines()) <= 2 and len(told) < 600, told


def agree(one: Any, other: Any, given: Any, *, exact: bool) -> None:
    for a, b in zip(parts(one), parts(other), strict=True):
        np.testing.assert_allclose(a, b, rtol=0 if exact else 1e-6, atol=0 if exact else 1e-7)
    np.testing.assert_allclose(answers(one, given), answers(other, plain(given)), rtol=0 if exact else 1e-6, atol=0 if exact else 1e-7)


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("case", INPUTS)
def test_odd_inputs_are_learned_as_their_plain_form_or_refused(case: str, name: str) -> None:
    given, wanted = INPUTS[case]
    y = T if name in REGRESSOR else Y
    if isinstance(wanted, str) and wanted != SAME:
        must_be_refused(lambda: ESTIMATORS[name]().fit(given, y), wanted)
        return
    fitted = quietly(lambda: ESTIMATORS[name]().fit(given, y))
    if callable(wanted):
        wanted(fitted, given)
    else:
        other = quietly(lambda: ESTIMATORS[name]().fit(plain(given), y))
        agree(fitted, other, given, exact="sparse" not in case and "lbfgs" not in name)


@pytest.mark.parametrize("case", [case for case, (_, wanted) in INPUTS.items() if isinstance(wanted, str) and wanted != SAME])
@pytest.mark.parametrize("name", ESTIMATORS)
def test_what_fit_refuses_predict_refuses_or_answers_with_finite_numbers(case: str, name: str) -> None:
    given, _ = INPUTS[case]
    fitted = quietly(lambda: ESTIMATORS[name]().fit(X, T if name in REGRESSOR else Y))
    if "1e" in case:
        assert np.isfinite(answers(fitted, given)).all()
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names where there were none
        with pytest.raises((ValueError, TypeError)):
            fitted.predict(given)


@pytest.mark.parametrize("case, name", [(case, name) for case, (names, _, _) in TARGETS.items() for name in names])
def test_odd_targets_are_learned_as_0_and_1_are_or_refused(case: str, name: str) -> None:
    _, y, wanted = TARGETS[case]
    if isinstance(wanted, str):
        must_be_refused(lambda: ESTIMATORS[name]().fit(X, y), wanted)
        return
    fitted, other = (quietly(lambda y=y: ESTIMATORS[name]().fit(X, y)) for y in (y, Y))
    agree(fitted, other, X, exact=True)
    np.testing.assert_array_equal(fitted.classes_, wanted)
    np.testing.assert_array_equal(fitted.predict(X), wanted[other.predict(X)])


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("case", WEIGHTS)
def test_odd_weights_are_heeded_or_refused(case: str, name: str) -> None:
    weight, wanted = WEIGHTS[case]
    y = T if name in REGRESSOR else Y
    if isinstance(wanted, str) and wanted != SAME:
        must_be_refused(lambda: ESTIMATORS[name]().fit(X, y, sample_weight=weight), wanted)
        return
    fitted = quietly(lambda: ESTIMATORS[name]().fit(X, y, sample_weight=weight))
    if callable(wanted):
        wanted(fitted, X)
    else:
        agree(fitted, quietly(lambda: ESTIMATORS[name]().fit(X, y)), X, exact=False)


@pytest.mark.parametrize("name", [name for name in ESTIMATORS if name != "LogisticRegressionCV"])
def test_one_row_with_weight_is_learned(name: str) -> None:
    y = T if name in REGRESSOR else Y
    finite(quietly(lambda: ESTIMATORS[name]().fit(X, y, sample_weight=FOUR.astype(float))), X)


@pytest.mark.parametrize("scoring", ["accuracy", "neg_log_loss"])
def test_a_fold_without_weight_is_named(scoring: str) -> None:
    chooser = LogisticRegressionCV(Cs=2, cv=2, scoring=scoring, l1_ratios=(0,), use_legacy_attributes=False)
    must_be_refused(lambda: chooser.fit(X, Y, sample_weight=FOUR.astype(float)), "every row that fold 0 trains on has weight zero")
    chooser.set_params(cv=[(np.arange(40), np.arange(20, 40))])
    must_be_refused(lambda: chooser.fit(X, Y, sample_weight=FOUR.astype(float)), "every row that fold 0 holds out has weight zero")


def test_classes_without_weight_leave_the_others_as_they_are() -> None:
    """Softmax of three classes, one of them without weight: the two others as if its rows were not there."""
    from sklearn.datasets import load_iris

    iris, species = load_iris(return_X_y=True)
    with_weight = species > 0
    three = LogisticRegression(C=np.inf, tol=1e-8).fit(iris, species, sample_weight=with_weight.astype(float))
    two = LogisticRegression(C=np.inf, tol=1e-8).fit(iris[with_weight], species[with_weight])
    np.testing.assert_allclose(three.predict_proba(iris)[with_weight, 1:], two.predict_proba(iris[with_weight]), atol=1e-5)
    assert three.predict_proba(iris)[with_weight, 0].max() < 1e-5


def test_a_memory_mapped_table_is_learned_as_one_in_memory(tmp_path: Any) -> None:
    path = tmp_path / "rows"
    X.tofile(path)
    mapped = np.memmap(path, np.float64, "r", shape=X.shape)
    for name, make in ESTIMATORS.items():
        y = T if name in REGRESSOR else Y
        agree(quietly(lambda make=make, y=y: make().fit(mapped, y)), quietly(lambda make=make, y=y: make().fit(X, y)), X, exact=True)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_no_rows_are_refused_and_one_row_or_one_class_is_learned_or_refused(name: str) -> None:
    y = T if name in REGRESSOR else Y
    for rows, labels in ((X[:0], y[:0]), (frame().iloc[:0], y[:0]), ([], [])):
        must_be_refused(lambda rows=rows, labels=labels: ESTIMATORS[name]().fit(rows, labels), r"0 sample|Expected 2D array, got 1D array")
    for rows, labels in ((X[:1], y[:1]), (X, np.full(40, 7))):
        if "Logistic" in name:
            must_be_refused(lambda rows=rows, labels=labels: ESTIMATORS[name]().fit(rows, labels), "only one class.*Add rows of another")
            continue
        fitted = quietly(lambda rows=rows, labels=labels: ESTIMATORS[name]().fit(rows, labels))
        finite(fitted, X)
        if name not in REGRESSOR:  # there is nothing else to answer
            assert fitted.predict(X).tolist() == [labels[0]] * 40
            assert fitted.predict_proba(X).tolist() == [[1.0]] * 40


def test_the_table_has_more_than_eighty_rows() -> None:
    assert len(INPUTS) + len(TARGETS) + len(WEIGHTS) > 140


@pytest.mark.parametrize("name", ESTIMATORS)
def test_predicting_asks_for_the_columns_of_training(name: str) -> None:
    fitted = quietly(lambda: ESTIMATORS[name]().fit(frame(), T if name in REGRESSOR else Y))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the array has no names
        with pytest.raises(ValueError, match="2 features"):
            fitted.predict(X[:, :2])
    must_be_refused(lambda: fitted.predict(frame()[["b", "a", "c"]]), "feature names")
    must_be_refused(lambda: fitted.predict(frame().rename(columns={"a": "z"})), "feature names")
    must_be_refused(lambda: fitted.predict(frame(with_one(np.nan))), "NaN")
    must_be_refused(lambda: fitted.predict(frame().iloc[:0]), "0 sample(s)")
