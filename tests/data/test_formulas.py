"""Features made by hand: the grammar, against Python's own arithmetic, and what a bad formula is told."""

from __future__ import annotations

import contextlib
import math
import pickle
from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.checks import DataError
from glassnet.data.formula_text import DEEPEST, FUNCTIONS, LONGEST, FormulaError
from glassnet.data.formulas import Formula, with_formulas

FRAME = pl.DataFrame({"x1": [1.0, 2.0, 3.0], "x2": [4, 5, 6], "visit duration": [0.5, 1.5, 2.5], "größe": [7, 8, 9], "log": [1, 10, 100]})


@pytest.mark.parametrize(
    "text, values",
    [
        ("x1*x2", [4, 10, 18]),
        ("x1 + x2 * 2", [9, 12, 15]),
        ("(x1 + x2) * 2", [10, 14, 18]),
        ("x1 - x2 - 1", [-4, -4, -4]),
        ("x2 / x1 / 2", [2, 1.25, 1]),
        ("-x1**2", [-1, -4, -9]),
        ("(-x1)**2", [1, 4, 9]),
        ("2**x1**2", [2, 16, 512]),
        ("2**-x1", [0.5, 0.25, 0.125]),
        ("x1**-1*6", [6, 3, 2]),
        ("--x1", [1, 2, 3]),
        ("+x1 - -x1", [2, 4, 6]),
        ("`visit duration` * 2", [1, 3, 5]),
        ("größe", [7, 8, 9]),
        ("`x1`", [1, 2, 3]),
        ("log + 1", [2, 11, 101]),  # a column may be called like a function
        ("log(log)", [0, math.log(10), math.log(100)]),
        ("min(x1, 2)", [1, 2, 2]),
        ("max(x1, 2, x2 - 3)", [2, 2, 3]),
        ("sqrt(x1) + abs(-x1)", [2, 2 + math.sqrt(2), 3 + math.sqrt(3)]),
        ("exp(x1) - sin(x1) * cos(x1)", [math.exp(x) - math.sin(x) * math.cos(x) for x in (1, 2, 3)]),
        (".5*x1 + 1.*x1 + 1e-1*x1 + 2.5E+0*x1", [4.1, 8.2, 12.3]),
        (" x1\t*\nx2 ", [4, 10, 18]),
        ("x1 * 0 + 3", [3, 3, 3]),
    ],
)
def test_a_formula_means_what_it_says(text, values):
    series = Formula(text).evaluate(FRAME)
    assert series.to_list() == pytest.approx(values)
    assert series.dtype == pl.Float64 and series.name == text.strip()


def test_columns_are_known_before_any_table_is():
    formula = Formula("log(`visit duration`) * x2 + x2 / x1")
    assert formula.columns == ("visit duration", "x2", "x1")
    assert str(formula) == formula.text == formula.name
    assert Formula(str(formula)) == formula and hash(Formula(str(formula))) == hash(formula)
    assert pickle.loads(pickle.dumps(formula)).evaluate(FRAME).to_list() == formula.evaluate(FRAME).to_list()


# ---- against Python's own arithmetic

COLUMNS = {"a": 3.0, "b": -2.5, "c": 0.75}


def bounded(function, most):
    """The function, with an OverflowError beyond ``most``, where the last digit of an argument would decide."""

    def checked(x):
        if abs(x) > most:
            raise OverflowError
        return function(x)

    return checked


PYTHON = {"log": math.log, "sqrt": math.sqrt, "abs": math.fabs, "min": min, "max": max}
PYTHON |= {"sin": bounded(math.sin, 1e3), "cos": bounded(math.cos, 1e3), "exp": bounded(math.exp, 50)}

leaves = st.one_of(
    st.sampled_from(sorted(COLUMNS)),
    st.integers(0, 20).map(lambda number: f"{number}."),
    st.floats(0, 10).map(lambda number: repr(round(number, 3))),
)


def grow(inner):
    """Expressions whose parts are put together with and without parentheses."""
    spaces = st.sampled_from(["", " ", "  "])
    return st.one_of(
        st.tuples(inner, spaces, st.sampled_from(["+", "-", "*", "/", "**"]), spaces, inner).map("".join),
        inner.map(lambda text: f"({text})"),
        inner.map(lambda text: f"-{text}"),
        inner.map(lambda text: f"+{text}"),
        st.tuples(st.sampled_from(sorted(name for name, n in FUNCTIONS.items() if n == 1)), inner).map(
            lambda part: f"{part[0]}({part[1]})"
        ),
        st.tuples(st.sampled_from(["min", "max"]), st.lists(inner, min_size=2, max_size=4)).map(
            lambda part: f"{part[0]}({', '.join(part[1])})"
        ),
    )


@given(st.recursive(leaves, grow, max_leaves=12))
def test_random_expressions_agree_with_python(text):
    """Python reads the very same text: the grammar is a part of its own."""
    try:
        formula = Formula(text + " + 0*a")  # at least one column
        expected = eval(text, {"__builtins__": {}}, PYTHON | COLUMNS)  # the reference, for texts made right here
        finite = not isinstance(expected, complex) and math.isfinite(expected)
    except (ZeroDivisionError, OverflowError, ValueError, TypeError) as error:  # TypeError: a function of a complex number
        assert not isinstance(error, DataError), text  # noqa: PT017
        finite = False
    try:
        (value,) = formula.evaluate(pl.DataFrame({name: [number] for name, number in COLUMNS.items()})).to_list()
    except DataError:
        assert not finite, text
    else:
        assert not finite or value == pytest.approx(expected, rel=1e-9, abs=1e-9), text


pieces = st.sampled_from([*"abcx12.0e+-*/(),` \t\n^%=&'\"é×日\u0301\x00\\", "**", "min(", "log(", "`a b`"])


@given(st.one_of(st.lists(pieces, max_size=40).map("".join), st.text(max_size=30)))
def test_random_text_gets_a_formula_or_the_one_error(text):
    with contextlib.suppress(FormulaError):
        formula = Formula(text)
        assert formula.columns
        with contextlib.suppress(DataError):
            formula.evaluate(FRAME)


# ---- what a bad formula is told


@pytest.mark.parametrize(
    "text, sentence, caret",
    [
        ("", "it ends where it needs a number, a column, a function or '('.", 0),
        ("x1 +", "it ends where it needs a number", 4),
        ("x1 2", "found '2' where it needs an operator (+ - * / **) or the end.", 3),
        ("x1 x2 * 2", "or the end; a name with a blank goes between backquotes: `x1 x2`.", 3),
        ("2x1", "found 'x1' right after a number; for a product write *.", 1),
        ("x1 * * x2", "found '*' where it needs a number, a column", 5),
        ("x1^2", "'^' has no meaning here; for a power write **.", 2),
        ("x1 // 2", "'//' is no operator here; for a quotient write /.", 3),
        ("x1 % 2", "there is no remainder", 3),
        ("y = x1", "a formula is only the right side", 2),
        ("x1 & x2", "'&' has no meaning here; expected a number", 3),
        ("(x1 + 2", "this parenthesis is never closed", 0),
        ("x1 + 2)", "found ')' where it needs an operator", 6),
        ("(x1, 2)", "found ',' where it needs an operator (+ - * / **) or ')'", 3),
        ("x1, 2", "found ',' where it needs the end; only min and max take a comma", 2),
        ("`visit", "the backquote is never closed", 0),
        ("` ` + 1", "there is no name between the backquotes", 0),
        ("'visit' * 2", "names with blanks go between backquotes", 0),
        ("sine(x1)", "there is no function 'sine'. Did you mean 'sin'?", 0),
        ("x1 + f(x1)", "there is no function 'f'. There are sin, cos, log, exp, sqrt, abs, min, max; for a product write *.", 5),
        ("x1 + eval(x1)", "there is no function 'eval'", 5),
        ("log(x1, 2)", "log takes one value; got 2", 0),
        ("max(x1)", "max takes two or more values; got 1", 0),
        ("max()", "found ')' where it needs a number", 4),
        ("x1.real", "'.' has no meaning here", 2),
        ("x1[0]", "'[' has no meaning here", 2),
        ("x1 * 1e999", "this number is too large", 5),
        ("2 * 3", "it names no column, so it is the same in every row", 0),
        ("日本 + é @", "'@' has no meaning here", 9),  # letters that are two columns wide
        ("x1 − x2", "this dash is not a minus", 3),
    ],
)
def test_a_caret_stands_under_the_fault(text, sentence, caret):
    with pytest.raises(FormulaError) as caught:
        Formula(text)
    first, line, marks = str(caught.value).split("\n")
    assert first.startswith("This formula cannot be used: ") and sentence in first and first.endswith((".", "?"))
    assert line == f"  {text}" and marks.index("^") == caret + 2 and set(marks) <= {" ", "^"}


def test_the_caret_of_a_long_formula_stays_on_the_line():
    with pytest.raises(FormulaError) as caught:
        Formula("x1 + " * 100 + "@ + x1" + " + x1" * 60)
    _, line, marks = str(caught.value).split("\n")
    assert len(line) < 120 and line[marks.index("^")] == "@" and line.strip().startswith("...") and line.endswith("...")


@pytest.mark.parametrize(
    "text",
    [
        "(" * (DEEPEST + 1) + "x1" + ")" * (DEEPEST + 1),
        "-" * (DEEPEST + 1) + "x1",
        "x1" + "**x1" * (DEEPEST + 1),
        "abs(" * 200 + "x1",
        "(" * 900,
    ],
)
def test_nesting_and_length_are_bounded(text):
    with pytest.raises(FormulaError, match=f"nested more than {DEEPEST} deep"):
        Formula(text)
    with pytest.raises(FormulaError, match="1,001 characters; at most 1,000"):
        Formula("x" * (LONGEST + 1))
    assert Formula("+x1" * 330).evaluate(FRAME).to_list() == [330, 660, 990]  # long is not deep


@pytest.mark.parametrize("text", [None, 3, b"x1"])
def test_only_text_is_a_formula(text):
    with pytest.raises(FormulaError, match="must be a text such as"):
        Formula(text)


@pytest.mark.parametrize(
    "text, sentence, caret",
    [
        ("x1 * x22", "the table has no column 'x22'. Did you mean 'x2'?", 5),
        ("x1 * `Visit Durations`", "no column 'Visit Durations'. Did you mean 'visit duration'?", 5),
        ("zzz + x1", "no column 'zzz'. There are 'x1', 'x2', 'visit duration'", 0),
        ("x1 * city", "column 'city' holds text, and a formula needs numbers", 5),
        ("x1 * day", "column 'day' holds dates", 5),
    ],
)
def test_a_column_that_cannot_be_used_is_pointed_out(text, sentence, caret):
    frame = FRAME.with_columns(city=pl.Series(["a", "b", "c"]), day=pl.Series([date(2020, 1, 1)] * 3))
    with pytest.raises(FormulaError) as caught:
        Formula(text).evaluate(frame)
    assert sentence in str(caught.value) and str(caught.value).split("\n")[2].index("^") == caret + 2


@pytest.mark.parametrize(
    "text, row, reason",
    [
        ("log(x - 2)", 2, "log(0) is not a finite number"),
        ("1 / (x - 3)", 3, "1 / 0 is not a finite number"),
        ("sqrt(-x)", 1, "sqrt(-1) is not a finite number"),
        ("exp(x * 300)", 3, "exp(900) is too large a number"),
        ("(-x)**0.5", 1, "(-1) ** 0.5 is not a finite number"),
        ("min(1 / (x - 1), 5)", 1, "1 / 0 is not a finite number"),
    ],
)
def test_a_row_without_a_finite_value_is_named(text, row, reason):
    frame = {"x": [1.0, 2.0, 3.0]} if row != 2 else {"x": [3.0, 2.0, 1.0]}
    with pytest.raises(DataError) as caught:
        Formula(text).evaluate(frame)
    assert str(caught.value).startswith(f"Row {row}: the formula {text!r} has no value, because {reason}.")


def test_a_missing_value_makes_a_missing_result_whatever_the_formula():
    frame = {"x": [None, 0.0, float("nan")], "y": [1.0, 2.0, 3.0]}
    for text in ("y**(x * 0)", "max(x, y)", "y / x * 0 + 1"):
        series = Formula(text).evaluate({"x": frame["x"], "y": frame["y"]} if "/" not in text else {"x": [None, 1.0, None], "y": [1, 2, 3]})
        assert [value is None for value in series.to_list()] == [True, False, True]
    assert Formula("x + 1").evaluate({"x": [None, None]}).to_list() == [None, None]


def test_booleans_count_as_numbers_and_infinity_in_a_table_is_refused():
    assert Formula("b * 2").evaluate({"b": [True, False, None]}).to_list() == [2, 0, None]
    with pytest.raises(DataError, match="Row 2, column 'x': inf is not finite"):
        Formula("x").evaluate(pl.DataFrame({"x": [1.0, math.inf]}))


def test_formulas_become_columns_and_may_build_on_each_other():
    table = with_formulas(FRAME, [Formula("x1*x2"), Formula("`x1*x2` + 1")])
    assert table.columns == [*FRAME.columns, "x1*x2", "`x1*x2` + 1"]
    assert table["`x1*x2` + 1"].to_list() == [5, 11, 19]
    assert FRAME.width == 5
    with pytest.raises(DataError, match="has a column 'x1' already"):
        with_formulas(FRAME, [Formula(" x1 ")])
    assert with_formulas({"x": []}, [Formula("x + 1")]).height == 0


def test_no_value_is_lost_between_a_table_and_its_formula():
    random = np.random.default_rng(0)
    x, y = random.normal(size=(2, 10_000))
    assert (Formula("x * y - x / (2 + y**2)").evaluate({"x": x, "y": y}).to_numpy() == x * y - x / (2 + y**2)).all()
