"""From columns to features: what is learnt from training rows, and what becomes of new ones."""

from __future__ import annotations

import pickle
import warnings
from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn.base import clone
from sklearn.utils.estimator_checks import check_estimator

from glassnet.checks import DataError
from glassnet.data.preparation import TablePreparation


def prepared(train, new=None, **parameters):
    """(feature names, matrix as nested lists, preparation), fitted on ``train``."""
    preparation = TablePreparation(dtype="float64", **parameters).fit(train)
    matrix = preparation.transform(train if new is None else new)
    return preparation.get_feature_names_out().tolist(), matrix.tolist(), preparation


def test_it_keeps_the_rules_of_scikit_learn():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn's own, about checks it skips
        results = check_estimator(TablePreparation(), on_skip=None, on_fail=None)
    assert [(result["check_name"], result["exception"]) for result in results if result["status"] == "failed"] == []
    assert len(results) > 20


# ---- numbers


def test_numbers_are_standardised_and_the_median_stands_in_with_a_flag():
    # known values 1, 2, 9: median 2; completed 1, 2, 9, 2: mean 3.5, deviation sqrt(10.25)
    names, matrix, _ = prepared({"age": [1, 2, 9, None]}, {"age": [3.5, None]})
    assert names == ["age", "age missing"]
    assert matrix == [[pytest.approx(0, abs=1e-15), 0.0], [pytest.approx(-1.5 / 10.25**0.5), 1.0]]


def test_a_number_missing_for_the_first_time_is_the_median_without_a_flag():
    names, (missing, median), _ = prepared({"age": [1.0, 2.0, 6.0]}, {"age": [None, 2.0]})
    assert names == ["age"] and missing == median


@given(arrays.arrays(np.float64, st.integers(2, 30), elements=st.floats(-1e300, 1e300, allow_subnormal=False)))
def test_training_features_have_mean_0_and_deviation_1_at_any_scale(x):
    try:
        matrix = TablePreparation(dtype="float64").fit_transform({"x": x, "other": np.arange(len(x))})
    except DataError:
        return
    if matrix.shape[1] == 2 and np.ptp(x / np.abs(x).max()) > 1e-6:
        assert abs(matrix[:, 0].mean()) < 1e-8
        assert abs(matrix[:, 0].std() - 1) < 1e-8


def test_a_constant_is_dropped_and_said():
    names, _, preparation = prepared({"x": [0.1] * 3, "y": [1, 2, 3]})
    assert names == ["y"]
    assert preparation.messages_ == ["Column 'x' is dropped: it is 0.1 in every row to learn from."]


def test_many_columns_that_are_dropped_alike_share_a_sentence():
    constants = {f"x{j}": [0, 0, 0] for j in range(5)}
    *_, preparation = prepared({**constants, "y": [1, 2, 3], "one": [1, 1, 1]})
    assert preparation.messages_ == [
        "5 columns are dropped, each because it is 0 in every row to learn from: 'x0', 'x1', 'x2', ...",
        "Column 'one' is dropped: it is 1 in every row to learn from.",
    ]
    with pytest.raises(DataError, match="No column is left: 5 columns are dropped, each because"):
        prepared(constants)


def test_one_value_or_none_leaves_the_flag():
    names, matrix, preparation = prepared({"bonus": [1, None, 1]}, {"bonus": [None, 5]})
    assert (names, matrix) == (["bonus missing"], [[1.0], [0.0]])
    assert preparation.describe()[0]["values"] == "1 or missing"


def test_an_empty_column_is_dropped_and_said():
    _, _, preparation = prepared({"x": [None, None], "y": [1, 2]})
    assert preparation.messages_ == ["Column 'x' is dropped: it has no values."]


@pytest.mark.parametrize(
    "train, new, sentence",
    [
        ([1, 2], ["1", "low", "?"], r"Row 2, column 'x': 'low' is not a number \(and 1 more\). Correct it, or leave it empty"),
        ([1.0, np.inf], None, "Row 2, column 'x': 'inf' is not finite"),
        ([1, 2], [1.0, -np.inf], "Row 2, column 'x': '-inf' is not finite"),
        ([1, 2], [1e308], "Row 1, column 'x': 1e.308 is out of all proportion to the training rows"),
        ([1, 2], [date(2020, 1, 1)], "Column 'x' holds values of type Date where training had numbers. Give numbers."),
        ([date(2020, 1, 1), date(2021, 1, 1)], [3], "where training had dates"),
        ([date(2020, 1, 1), date(2021, 1, 1)], ["2020-01-01", "soon"], "Row 2, column 'x': 'soon' is not a date such as 2024-12-31"),
        (["a", "a", "b", "b"], [[1, 2]], "where training had text"),
        ([True, False], [date(2020, 1, 1)], "where training had true and false"),
        ([[1], [2]], None, r"Column 'x' holds values of type List\(Int64\); glassnet takes numbers, booleans, text and dates"),
        ([timedelta(1), timedelta(2)], None, "holds values of type Duration"),
    ],
)
def test_a_value_of_the_wrong_kind_is_named(train, new, sentence):
    with pytest.raises(DataError, match=sentence):
        TablePreparation().fit({"x": train}).transform({"x": train if new is None else new})


def test_faults_of_all_columns_are_told_at_once():
    preparation = TablePreparation().fit({"x": [1, 2], "y": [1, 2]})
    with pytest.raises(DataError, match=r"(?s)2 faults:.*'x': 'p'.*'y': 'q'"):
        preparation.transform({"x": ["p"], "y": ["q"]})


# ---- booleans


@pytest.mark.parametrize("words", [[False, True, True], ["no", "yes", "YES"], ["False", "true", "true"]])
def test_booleans_are_one_column_of_0_and_1(words):
    assert prepared({"member": words})[:2] == (["member"], [[0.0], [1.0], [1.0]])


def test_what_is_neither_true_nor_false_counts_as_missing():
    names, matrix, preparation = prepared({"m": ["yes", "no", "yes", None]}, {"m": ["maybe", None, "No"]})
    assert (names, matrix) == (["m", "m missing"], [[1.0, 1.0], [1.0, 1.0], [0.0, 0.0]])
    assert preparation.remarks_ == ["1 value of 'm' did not occur in training; it counts as missing."]


# ---- categories


def test_categories_are_one_hot_with_buckets_for_rare_and_missing():
    names, matrix, preparation = prepared({"c": ["a", "a", "b", "b", "z", None]}, {"c": ["b", "z", "new", None, "a"]})
    assert names == ["c=a", "c=b", "c=(rare)", "c=(missing)"]
    assert matrix == [[0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 1, 0], [0, 0, 0, 1], [1, 0, 0, 0]]
    assert preparation.unseen_ == {"c": 1}
    assert preparation.remarks_ == ["1 value of 'c' did not occur in training; it counts as rare."]


def test_without_buckets_in_training_new_and_missing_values_set_no_feature():
    assert prepared({"c": ["a", "a", "b", "b"]}, {"c": ["new", None, "b"]})[:2] == (["c=a", "c=b"], [[0, 0], [0, 0], [0, 1]])


def test_levels_below_the_share_are_rare():
    levels = ["a"] * 60 + ["b"] * 35 + ["c"] * 5
    assert prepared({"c": levels}, rare=0.06)[0] == ["c=a", "c=b", "c=(rare)"]
    assert prepared({"c": levels}, rare=0.05)[0] == ["c=a", "c=b", "c=c"]


def test_too_many_levels_keep_the_most_frequent():
    levels = ["a"] * 5 + ["b"] * 4 + ["c"] * 3 + ["d"] * 2
    names, _, preparation = prepared({"c": levels}, max_categories=2)
    assert names == ["c=a", "c=b", "c=(rare)"]
    assert preparation.messages_ == ["Column 'c' has 4 categories; the 2 most frequent are kept, the rest counts as rare."]


def test_whole_numbers_meet_categories_by_their_spelling():
    assert prepared({"code": ["1", "1", "2", "2"]}, {"code": [2, 1, None]})[1] == [[0, 1], [1, 0], [0, 0]]
    assert prepared({"code": ["1", "1", "2", "2"]}, {"code": [2.0, None]})[1] == [[0, 1], [0, 0]]


def test_numbers_in_dress_are_text_with_a_hint():
    _, _, preparation = prepared({"price": ["$1,200", "$950", "$950", "$1,200"]})
    (message,) = preparation.messages_
    assert message.startswith("Column 'price' is taken as text; its values look like numbers ('$1,200'): give them as plain ones")
    assert prepared({"zip": ["02134", "02134", "10115", "10115"]})[2].messages_ == []


# ---- identifiers


@pytest.mark.parametrize(
    "name, values",
    [
        ("id", [5, 3, 9]),
        ("PassengerId", [1, 2, 3]),
        ("customer_id", [7, 8, 9]),
        ("Unnamed: 0", [0, 1, 2]),
        ("row", [0, 1, 2]),
        ("row number", [1, 2, 3]),
        ("name", ["p", "q", "r"]),
    ],
)
def test_identifiers_are_dropped_and_said(name, values):
    names, _, preparation = prepared({name: values, "x": [1, 2, 3]})
    assert names == ["x"]
    (message,) = preparation.messages_
    assert message.startswith(f"Column {name!r} is dropped: it looks like an identifier, every value is different")
    assert message.endswith(
        "so that none can be learnt about." if name == "name" else "rename it, or give drop_identifiers=False, to keep it."
    )


def test_identifiers_can_be_kept():
    assert prepared({"id": [5, 3, 9], "x": [1, 2, 3]}, drop_identifiers=False)[0] == ["id", "x"]


@pytest.mark.parametrize("name", ["year", "paid", "grid", "humid", "monkey", "narrow"])
def test_a_quantity_is_no_identifier(name):
    assert prepared({name: [2001, 2002, 2003]})[0] == [name]


def test_free_text_is_dropped():
    _, _, preparation = prepared({"note": [f"word {i % 95}" for i in range(100)], "x": range(100)})
    assert "it looks like an identifier or free text, 95 of 100 values are different" in preparation.messages_[0]
    assert preparation.messages_[0].endswith("to keep it, name it as text (text=['note']).")


@pytest.mark.parametrize("values", [[f"word {i % 95}" for i in range(100)], [i % 95 for i in range(100)]])
def test_a_column_named_as_text_is_never_an_identifier(values):
    _, matrix, preparation = prepared({"note": values, "x": range(100)}, text=["note"])
    assert preparation.messages_ == []
    assert preparation.text_columns_ == ["note"]
    again = TablePreparation.from_schema(preparation.to_schema())
    assert tuple(again.text) == ("note",)
    old = preparation.to_schema()
    del old["parameters"]["text"]
    assert TablePreparation.from_schema(old).transform({"note": values, "x": range(100)}).tolist() == matrix


def test_decimal_commas_are_named_and_refused_where_there_is_nothing_else():
    commas = ["3,14", "2,5", "7", "3,14", "2,5", "7"]
    _, _, preparation = prepared({"a": commas, "x": range(6)})
    assert "Column 'a' is taken as text; its values are numbers with decimal commas ('3,14')" in preparation.messages_[0]
    with pytest.raises(DataError, match="decimal commas: 'a', 'b'. Read the table with decimal=','"):
        TablePreparation().fit({"a": commas, "b": [f"{i},5" for i in range(6)], "constant": [1] * 6})


def test_text_that_never_repeats_enough_is_dropped():
    _, _, preparation = prepared({"c": list("abcdefgha"), "x": range(9)}, rare=0.5)
    assert preparation.messages_ == ["Column 'c' is dropped: none of its 8 categories occurs in 4 rows or more."]


def test_a_table_of_nothing_but_identifiers_is_refused_with_every_reason():
    with pytest.raises(DataError, match="No column is left: Column 'id' is dropped.* Column 'c' is dropped: it is 'a'"):
        TablePreparation().fit({"id": [1, 2, 3], "c": ["a", "a", "a"]})


# ---- dates


def test_dates_become_parts():
    names, matrix, preparation = prepared({"joined": [date(2020, 1, 1), date(2022, 1, 31), None]}, {"joined": ["2021-01-16", None]})
    assert names == ["joined year", "joined day of year", "joined weekday", "joined missing"]
    assert matrix[0][0] == pytest.approx(0) and matrix[0][1] == pytest.approx(0)
    assert [row[3] for row in matrix] == [0.0, 1.0]
    assert preparation.describe()[0] == {
        "column": "joined",
        "kind": "date",
        "missing": 1,
        "distinct": 2,
        "values": "2020-01-01 to 2022-01-31",
        "treatment": "year, day of year and weekday, standardised; the median of each where missing, with a flag.",
    }


def test_times_of_day_are_hours_and_parts_that_never_change_are_left_out():
    assert prepared({"t": [datetime(2020, 1, 1, 3, 30), datetime(2020, 1, 1, 5, 30)]})[:2] == (["t hour"], [[-1.0], [1.0]])


# ---- tables


def test_columns_are_matched_by_name():
    preparation = TablePreparation().fit({"a": [1, 2], "b": [3, 5], "id": [1, 2]})
    matrix = preparation.transform(pd.DataFrame({"b": [3, 5], "extra": [0, 0], "a": [1, 2]}))
    assert np.array_equal(matrix, preparation.transform(pl.DataFrame({"a": [1, 2], "b": [3, 5], "id": [9, 9]})))
    preparation.transform({"more": [0], "b": [3], "extra": [0], "a": [1]})
    assert preparation.ignored_columns_ == ["more", "extra"]
    assert preparation.remarks_ == ["2 columns that training did not have are ignored: 'more', 'extra'."]


def test_all_missing_columns_are_named():
    preparation = TablePreparation().fit({"age": [1, 2], "income": [3, 5], "x": [1, 2]})
    with pytest.raises(DataError, match=r"lacks 2 columns that training had: 'age', 'income'. Did you mean 'incom'\? Add or rename"):
        preparation.transform({"x": [1], "incom": [2]})


def test_arrays_are_matched_by_position():
    preparation = TablePreparation().fit(np.array([[1.0, 5.0], [2.0, 9.0]]))
    assert preparation.get_feature_names_out().tolist() == ["c1", "c2"]
    assert not hasattr(preparation, "feature_names_in_")
    with pytest.raises(DataError, match="X has 3 features, but TablePreparation is expecting 2 features as input"):
        preparation.transform(np.zeros((1, 3)))
    named = TablePreparation().fit({"a": [1, 2], "b": [5, 9]})
    assert np.array_equal(named.transform(np.array([[1, 5]])), named.transform({"a": [1], "b": [5]}))


def test_sparse_data_is_refused():
    for kind in ("csr", "dok"):
        with pytest.raises(DataError, match="Sparse data is not supported in a table"):
            TablePreparation().fit(scipy.sparse.eye_array(3).asformat(kind))


def test_nothing_is_learnt_from_new_rows():
    preparation = TablePreparation().fit({"x": [1.0, 2.0, 3.0], "c": ["a", "b", "a"]})
    before = preparation.to_schema()
    preparation.transform({"x": [100.0, None], "c": ["z", None]})
    assert preparation.to_schema() == before


def test_the_matrix_is_contiguous_and_of_the_dtype_asked_for():
    for dtype in ("float32", "float64"):
        matrix = TablePreparation(dtype=dtype).fit_transform({"x": [1, 2], "y": [3, 4]})
        assert matrix.dtype == dtype and matrix.flags.c_contiguous


def test_no_rows_are_fine_for_transform():
    assert TablePreparation().fit({"x": [1, 2], "c": [True, False]}).transform({"x": [], "c": []}).shape == (0, 2)


def test_feature_names_are_never_repeated():
    assert prepared({"a": [1, None, 2], "a missing": [3, 4, 6]})[0] == ["a", "a missing", "a missing (2)"]
    assert prepared({"rows": ["u", "u", "v", "v"]})[0] == ["rows=u", "rows=v"]


def test_it_can_be_cloned_pickled_and_speaks_pandas():
    train = pd.DataFrame({"x": [1.0, 2.0], "c": [True, False]}, index=[7, 8])
    preparation = TablePreparation(rare=0.1).fit(train)
    assert clone(preparation).get_params() == preparation.get_params()
    assert np.array_equal(pickle.loads(pickle.dumps(preparation)).transform(train), preparation.transform(train))
    frame = preparation.set_output(transform="pandas").transform(train)
    assert frame.columns.tolist() == ["x", "c"] and frame.index.tolist() == [7, 8]


def test_wrong_parameters_are_told_at_once():
    with pytest.raises(
        ValueError, match=r"(?s)4 faults:.*max_categories.*got 0.*rare.*got 1.*dtype.*'float16'.*drop_identifiers.*got 'no'"
    ):
        TablePreparation(max_categories=0, rare=1, dtype="float16", drop_identifiers="no").fit({"x": [1, 2]})


def test_the_description_tells_what_is_done_with_each_column():
    rows = (
        TablePreparation()
        .fit({"age": [20, 30, None, 50], "city": ["Rome", "Rome", "Oslo", None], "member": ["yes", "no", "no", "no"], "id": [4, 3, 2, 1]})
        .describe()
    )
    assert [(row["column"], row["kind"], row["missing"], row["distinct"], row["values"], row["treatment"]) for row in rows] == [
        ("age", "number", 1, 3, "20 to 50", "standardised (mean 32.5, deviation 10.8972); the median 30 where missing, with a flag."),
        ("city", "category", 1, 2, "Rome and 1 rare", "one-hot: 1 level, rare, missing."),
        ("member", "boolean", 0, 2, "no, yes", "1 for yes, 0 for no."),
        (
            "id",
            "dropped",
            0,
            4,
            "1 to 4",
            "dropped: it looks like an identifier, every value is different; rename it, or give drop_identifiers=False, to keep it.",
        ),
    ]
