"""The target: found, judged and turned into an array."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from glassnet.checks import DataError
from glassnet.data.targets import Task, decide_task, drop_missing_target, resolve_column, target_values

FRAME = pl.DataFrame({"age": [1], "c1": [2], "income": [3]})


@pytest.mark.parametrize(
    "given, meant", [("age", "age"), ("c1", "c1"), ("c3", "income"), ("-1", "income"), ("-3", "age"), (" c3 ", "income")]
)
def test_a_column_is_meant_by_name_or_position(given, meant):
    assert resolve_column(FRAME, given) == meant


@pytest.mark.parametrize(
    "given, sentence",
    [
        ("incom", r"There is no column 'incom'; the 3 columns are 'age', 'c1', 'income'. Did you mean 'income'\?"),
        ("c4", "There is no column 'c4'"),
        ("c0", "There is no column 'c0'"),
        ("-4", "its position: c1 is the first, -1 the last"),
        ("", "There is no column ''"),
    ],
)
def test_an_unknown_column_is_refused_with_the_known_ones(given, sentence):
    with pytest.raises(DataError, match=sentence):
        resolve_column(FRAME, given)


@pytest.mark.parametrize(
    "values, kind, classes",
    [
        (["a", "b", "a", None], "classification", ("a", "b")),
        ([True, False, True], "classification", (False, True)),
        ([0, 1, 1, 0], "classification", (0, 1)),
        ([0.0, 1.0, None, 0.0], "classification", (0, 1)),
        ([3, 4, 5] * 5, "classification", (3, 4, 5)),
        ([3, 4, 5] * 4, "regression", ()),
        (list(range(20)) * 5, "classification", tuple(range(20))),
        (list(range(21)) * 50, "regression", ()),
        ([0.5, 1.5, 0.5], "regression", ()),
        (pl.Series(["b", "a", "b"], dtype=pl.Categorical), "classification", ("a", "b")),
    ],
)
def test_the_values_decide_the_task(values, kind, classes):
    task = decide_task(pl.Series("y", values))
    assert (task.kind, task.classes) == (kind, classes)
    assert task.reason.startswith("The target 'y' holds ") and task.reason.endswith(f"{kind}.")


def test_a_task_can_be_forced_where_the_values_bear_it():
    quality = pl.Series("quality", [3, 4, 5] * 10)
    assert decide_task(quality, "regression") == Task(
        "regression", "The target 'quality' holds whole numbers, 3 different values; regression was asked for."
    )
    assert decide_task(pl.Series("y", [0.5, 1.5] * 3), "classification").classes == (0.5, 1.5)


@pytest.mark.parametrize(
    "values, task, sentence",
    [
        (["a", "b"], "regression", "holds text, 2 different values, such as 'a'; regression needs numbers"),
        ([0.1, 0.2, 0.3, 0.4], "classification", "a class needs more than one row to be learnt from. Choose regression"),
        (["a", "b", "c"], None, "a class needs more than one row to be learnt from. Name another column"),
        ([1, 1, 1], None, "has the same value 1 in every row"),
        ([None, None], None, "has no values"),
        ([1.0, float("inf"), 2.0], None, "has infinite values, the first in row 2"),
        ([date(2020, 1, 1), date(2020, 1, 2)], None, "holds values of type Date; it must be numbers, booleans or text"),
    ],
)
def test_a_target_that_cannot_be_learnt_is_refused(values, task, sentence):
    with pytest.raises(DataError, match=sentence):
        decide_task(pl.Series("y", values), task)


def test_an_unknown_task_is_refused():
    with pytest.raises(ValueError, match=r"task must be .*; got 'classify'\. Did you mean 'classification'\?"):
        decide_task(pl.Series("y", [1, 2]), "classify")


def test_rows_without_target_are_dropped_and_counted():
    kept, dropped = drop_missing_target(pl.DataFrame({"x": [1, 2, 3], "y": [1.0, None, float("nan")]}), "y")
    assert (kept["x"].to_list(), dropped) == ([1], 2)
    with pytest.raises(DataError, match="has no value in any of the 2 rows"):
        drop_missing_target(pl.DataFrame({"y": [None, None]}), "y")


@pytest.mark.parametrize(
    "values, classes, expected",
    [
        (["b", "a"], ("a", "b"), ["b", "a"]),
        ([1, 0], (0, 1), [1, 0]),
        ([1.0, 0.0], (0, 1), [1, 0]),
        (["1", "0"], (0, 1), [1, 0]),
        ([1, 2], ("1", "2"), ["1", "2"]),
        ([True, False], (False, True), [True, False]),
        (["true", "false"], (False, True), [True, False]),
        ([1, 0], (False, True), [True, False]),
        ([0.5, 1.5], (0.5, 1.5), [0.5, 1.5]),
    ],
)
def test_classes_keep_their_own_spelling(values, classes, expected):
    found = target_values(pl.Series("y", values), Task("classification", "", classes))
    assert found.tolist() == expected
    assert type(found.tolist()[0]) is type(classes[0])


def test_numbers_to_predict_are_float64():
    found = target_values(pl.Series("y", [1, 2]), Task("regression", ""))
    assert found.dtype == np.float64 and found.tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    "values, task, sentence",
    [
        (["a", "yess"], Task("classification", "", ("no", "yes")), r"has the class 'a' in row 1; the classes are 'no', 'yes'"),
        (["no", "yess"], Task("classification", "", ("no", "yes")), r"has the class 'yess' in row 2.*Did you mean 'yes'\?"),
        ([0, 2], Task("classification", "", (0, 1)), "has the class 2 in row 2; the classes are 0, 1"),
        (["1", "x"], Task("regression", ""), "must be finite numbers; row 2 has 'x'"),
        ([1.0, float("inf")], Task("regression", ""), "must be finite numbers; row 2 has inf"),
        ([date(2020, 1, 1)], Task("regression", ""), "must be finite numbers; row 1"),
        ([1, None], Task("regression", ""), "is missing in 1 rows?, the first is row 2. Drop them first"),
    ],
)
def test_values_that_do_not_fit_the_task_are_named(values, task, sentence):
    with pytest.raises(DataError, match=sentence):
        target_values(pl.Series("y", values), task)
