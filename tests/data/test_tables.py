"""Files and frames at the door: what is read, as what, and what is refused in which words."""

from __future__ import annotations

import csv
import gzip
import io
import warnings
from datetime import date, datetime

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.checks import DataError
from glassnet.data.delimited import TextTable, sniff_delimiter
from glassnet.data.places import places_in, places_of
from glassnet.data.tables import HeaderWarning, read_table, table_from


@pytest.fixture
def file(tmp_path):
    """Writes text or bytes to a file and gives its path."""

    def write(content, name="visits.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.mark.parametrize(
    "content, expected",
    [
        ("a,b\n1,2\n3,4\n", {"a": [1, 3], "b": [2, 4]}),
        ("a,b\r\n1,2\r\n", {"a": [1], "b": [2]}),
        ("a,b\r1,2\r", {"a": [1], "b": [2]}),
        ("a,b\n1,2", {"a": [1], "b": [2]}),
        ("a,b\n\n1,2\n   \n3,4\n\n\n", {"a": [1, 3], "b": [2, 4]}),
        ("\n\na,b\n1,2\n", {"a": [1], "b": [2]}),
        ("a\tb\n1\t\n\t2\n", {"a": [1, None], "b": [None, 2]}),
        ("a;b\n1,5;x\n", {"a": ["1,5"], "b": ["x"]}),
        ("a|b\n1|2\n", {"a": [1], "b": [2]}),
        ("a b\n1   2\n 3\t4 \n", {"a": [1, 3], "b": [2, 4]}),
        ('mpg name\n18.0   "a b"\n 15 c\n20 d\n', {"mpg": [18.0, 15.0, 20.0], "name": ["a b", "c", "d"]}),
        ("a, b\n1, x\n 2 ,y \n", {"a": [1, 2], "b": ["x", "y"]}),
        ('a, b\n1, "x, y"\n', {"a": [1], "b": ["x, y"]}),
        ('a, b\n1, "x"\n', {"a": [1], "b": ["x"]}),
        ('a,b\n1,"x\ny"\n2,"say ""no"""\n', {"a": [1, 2], "b": ["x\ny", 'say "no"']}),
        ('a,b\n1,5" pipe\n2,6" pipe\n', {"a": [1, 2], "b": ['5" pipe', '6" pipe']}),
        ("name\nAda Lovelace\nAlan Turing\n", {"name": ["Ada Lovelace", "Alan Turing"]}),
        ('a\n1\n\n""\n2\n', {"a": [1, None, 2]}),
        ("größe,年\n1,2\n", {"größe": [1], "年": [2]}),
        (b"\xef\xbb\xbfa,b\n1,2\n", {"a": [1], "b": [2]}),
        (",a\n1,7\n2,8\n", {"row": [1, 2], "a": [7, 8]}),
    ],
)
def test_delimited_text_is_read_as_a_person_reads_it(file, content, expected):
    assert read_table(file(content)).to_dict(as_series=False) == expected


@pytest.mark.parametrize(
    "values, expected",
    [
        (["1", "-2", "+3"], [1, -2, 3]),
        (["1", "2.5", "1e3", ".5"], [1.0, 2.5, 1000.0, 0.5]),
        (["1", "123456789012345678901234567890"], [1.0, 1.2345678901234568e29]),
        (["true", "FALSE", "True"], [True, False, True]),
        (["yes", "no"], ["yes", "no"]),
        (["1", "?", "NA", "", "NaN", "null"], [1, None, None, None, None, None]),
        (["?", "NA"], [None, None]),
        (["2024-02-29", "2023-01-02"], [date(2024, 2, 29), date(2023, 1, 2)]),
        (["2024/2/9"], [date(2024, 2, 9)]),
        (["31.12.2020", "1.2.2021"], [date(2020, 12, 31), date(2021, 2, 1)]),
        (["3 Mar 2020"], [date(2020, 3, 3)]),
        (["2024-02-29T13:45", "2024-03-01T00:00"], [datetime(2024, 2, 29, 13, 45), datetime(2024, 3, 1)]),
        (["2024-02-29 13:45:10.5"], [datetime(2024, 2, 29, 13, 45, 10, 500_000)]),
        (["2024-02-29T13:45:10+02:00"], [datetime(2024, 2, 29, 11, 45, 10)]),
        (["03/04/2020"], ["03/04/2020"]),
        (["1.2.3", "2.0.1"], ["1.2.3", "2.0.1"]),
        (["1,234", "5%", "$3"], ["1,234", "5%", "$3"]),
        (["1_000", "0x1F"], ["1_000", "0x1F"]),
    ],
)
def test_a_type_is_decided_from_all_values_of_a_column(file, values, expected):
    lines = "\n".join(f'"{value}",x' for value in values)
    assert read_table(file(f"value,other\n{lines}\n"))["value"].to_list() == expected


def test_the_type_is_not_decided_from_the_first_rows_alone(file):
    content = "a,b\n" + "1,2\n" * 5000 + "1.5,2\n"
    assert read_table(file(content)).dtypes == [pl.Float64, pl.Int64]


def test_without_header_columns_are_numbered(file):
    frame = read_table(file("5.1,x\n4.9,y\n"), header=False)
    assert frame.to_dict(as_series=False) == {"c1": [5.1, 4.9], "c2": ["x", "y"]}


def test_missing_tokens_can_be_chosen_and_text_columns_named(file):
    path = file("zip,age\n02134,-\n10115,30\n")
    frame = read_table(path, missing=["-"], text=["zip"])
    assert frame.to_dict(as_series=False) == {"zip": ["02134", "10115"], "age": [None, 30]}
    assert read_table(path, missing="-", text="c1")["zip"].to_list() == ["02134", "10115"]


def test_other_encodings_are_read_when_they_are_named(file):
    assert read_table(file("größe,b\n1,2\n".encode("latin-1")), encoding="latin-1").columns == ["größe", "b"]
    assert read_table(file("a,b\n1,ü\n".encode("utf-16")), encoding="utf-16")["b"].to_list() == ["ü"]
    assert read_table(file("a,b\n1,2\n".encode("utf-16-le")), encoding="utf-16-le").columns == ["a", "b"]


def test_gzip_and_parquet_are_known_by_what_they_hold(file, tmp_path):
    assert read_table(file(gzip.compress(b"a,b\n1,2\n", mtime=0), "visits.data")).rows() == [(1, 2)]
    pl.DataFrame({"a": [1.0, float("nan")], "c": pl.Series(["u", "v"], dtype=pl.Categorical)}).write_parquet(tmp_path / "visits.dat")
    assert read_table(tmp_path / "visits.dat").rows() == [(1.0, "u"), (None, "v")]


NUMBERS = "1,2\n" * 30


@pytest.mark.parametrize(
    "content, options, sentence",
    [
        ("", {}, r"visits.csv is empty"),
        (" \n\n", {}, r"visits.csv is empty"),
        ("a,b\n", {}, r"has a header but no rows. .*header=False"),
        ("a,a\n1,2\n", {}, r"visits.csv, line 1: the name 'a' is given twice. Rename one."),
        ("a,,b\n1,2,3\n", {}, r"line 1: column 2 has no name. Give it one."),
        ("a,b\n1,2\n3\n", {}, r"visits.csv, line 3 has 1 field where the first line has 2 \(separated by comma\)"),
        ("a,b\n1,2\n\n3,4,5\n", {}, r"line 4 has 3 fields where the first line has 2"),
        ('a,b\n"x\ny",2\n3,4,5\n', {}, r"line 4 has 3 fields"),
        ('a,b\n1,"x\n2,3\n', {}, r"line 2: a quotation mark opens a field and is never closed"),
        ("größe\n1\n".encode("latin-1"), {}, r"line 1 is not text in utf-8 \(byte 0xf6\).*encoding='latin-1'"),
        ("a,b\n1,2\n".encode("utf-16"), {}, r"text in UTF-16. Say so"),
        (b"a,b\n1\x00,2\n", {}, r"is a binary file"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", {}, r"is a binary file"),
        (b"PK\x03\x04 workbook", {}, r"is a zip file or a workbook.*Export the sheet as CSV"),
        (b"PAR1 but no more", {}, r"is a damaged Parquet file"),
        (gzip.compress(b"a,b\n1,2\n", mtime=0)[:-6], {}, r"is a damaged gzip file"),
        ("a,b\n1,2\n", {"text": ["B"]}, r"There is no column 'B'; the 2 columns are 'a', 'b'"),
        (f"a,b\n{NUMBERS}low,2\n", {}, r"line 32, column 'a': 'low' is not a number, but 30 of the column's 31 values are. Correct it"),
        (
            f"a,b\n{NUMBERS}-,2\n",
            {},
            r"'-' is not a number.*name '-' as a missing value \(missing\), or the column as text \(text=\['a'\]\)",
        ),
        (f'a,b\n{NUMBERS}"1,234",2\n', {}, r"'1,234' is not a number.*Write it as a plain number"),
        (f'a,b\n"1\n",2\n{NUMBERS}low,2\n', {}, r"line 34, column 'a'"),
        (f"a,b\n{NUMBERS}low,high\n", {}, r"(?s)column 'a': 'low'.*\n.*column 'b': 'high'"),
        (f"a,b\n{NUMBERS}{'x' * 300},2\n", {}, r"'x{39}\.\.\.' is not a number"),
        ("d\n" + "2020-01-31\n" * 40 + "2020-02-30\n", {}, r"line 42, column 'd': '2020-02-30' is not a date"),
        (
            "age,pay\n3,4\n5,6\n7,8\n",
            {"header": False},
            r"line 1, column 'c1': 'age' .*header=True\).\nThe same holds in 1 further column.",
        ),
    ],
)
def test_what_cannot_be_read_is_refused_in_a_sentence(file, content, options, sentence):
    with pytest.raises(DataError, match=sentence):
        read_table(file(content), **options)


def test_what_is_no_file_is_refused_in_a_sentence(tmp_path):
    with pytest.raises(DataError, match="is a directory, not a table"):
        read_table(tmp_path)
    with pytest.raises(DataError, match="does not exist. Check the path"):
        read_table(tmp_path / "nothing.csv")


@pytest.mark.parametrize(
    "options, sentence",
    [
        ({"delimiter": "::"}, "delimiter must be one character such as ',' or one of comma,"),
        ({"delimiter": "1"}, "delimiter must be one character"),
        ({"encoding": "klingon"}, "encoding must be one that Python knows"),
    ],
)
def test_wrong_options_are_refused(file, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        read_table(file("a,b\n1,2\n"), **options)


@pytest.mark.parametrize("delimiter", [";", "semicolon"])
def test_a_delimiter_can_be_named(file, delimiter):
    assert read_table(file("a,b;c\n1,2;3\n"), delimiter=delimiter).columns == ["a,b", "c"]


@pytest.mark.parametrize("content", ["1,2\n3,4\n", "M,0.4\nF,0.5\nM,0.3\n", "39, State-gov\n50, State-gov\n"])
def test_a_header_that_looks_like_data_is_warned_about(file, content):
    with pytest.warns(HeaderWarning, match="looks like data. If it is, say that there is no header"):
        read_table(file(content))


@pytest.mark.parametrize("content", ["country,2019,2020\nDE,3,4\n", "a,b\nx,y\n", "name\nname\n"])
def test_a_header_with_one_real_name_is_not_warned_about(file, content):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_table(file(content))


fields = st.text(st.characters(codec="utf-8", exclude_characters="\r\x00", exclude_categories=["Cs"]), max_size=8)


@given(st.integers(2, 4).flatmap(lambda width: st.lists(st.lists(fields, min_size=width, max_size=width), min_size=1, max_size=6)))
def test_fields_come_back_as_they_were_written(rows):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(rows)
    table = TextTable(text.getvalue().encode(), "drawn.csv", ",")
    assert [tuple(value or "" for value in row) for row in table.frame.rows()] == [tuple(row) for row in rows]
    line = 1
    for i, row in enumerate(rows):
        assert table.line(i) == line
        line += 1 + sum(value.count("\n") for value in row)


@given(st.lists(st.lists(fields, min_size=3, max_size=3), min_size=1, max_size=6))
def test_both_parsers_agree(rows):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    table = TextTable(text.getvalue().encode(), "drawn.csv", ",")
    fast = table._parse_fast()
    if fast is not None:
        clean = pl.all().fill_null("").str.strip_chars()
        assert fast.select(clean).rows() == table._parse_carefully().select(clean).rows()


def test_a_field_may_be_longer_than_the_csv_module_likes(file):
    limit = csv.field_size_limit()
    assert len(read_table(file("a\n" + "x" * 200_000 + "\n"))["a"][0]) == 200_000
    assert csv.field_size_limit() == limit


@pytest.mark.parametrize(
    "text, delimiter",
    [
        (b"a,b\n1,2", ","),
        (b"a;b\n1,5;2,5\n1;2", ";"),
        (b"a\tb c\n1\t2 3", "\t"),
        (b"1 2 3\n4 5 6", " "),
        (b"one word\ntwo words", ","),
        (b"a,b\n1,2\n3,4,5\n6,7", ","),
        (b"alone", ","),
    ],
)
def test_the_delimiter_is_found(text, delimiter):
    assert sniff_delimiter(text) == delimiter


@pytest.mark.parametrize(
    "data, expected",
    [
        ({"a": [1, 2], "b": ["x ", ""]}, {"a": [1, 2], "b": ["x", None]}),
        (pl.DataFrame({"a": [1.0, float("nan")]}), {"a": [1.0, None]}),
        (pl.LazyFrame({"a": [1]}), {"a": [1]}),
        (pl.DataFrame({"a": pl.Series(["1.50"]).cast(pl.Decimal(10, 2))}), {"a": [1.5]}),
        (pd.DataFrame({"a": pd.array([1, None], dtype="Int64"), 0: [True, False]}), {"a": [1.0, None], "0": [True, False]}),
        (pd.DataFrame({"a": [1, "x", None], "b": pd.Categorical(["u", None, "v"])}), {"a": ["1", "x", None], "b": ["u", None, "v"]}),
        (pd.DataFrame({"a": pd.to_datetime(["2020-01-01 12:00", None])}), {"a": [datetime(2020, 1, 1, 12), None]}),
        (pd.DataFrame({"a": pd.to_datetime(["2020-01-01 12:00"]).tz_localize("Etc/GMT-2")}), {"a": [datetime(2020, 1, 1, 10)]}),
        (pa.table({"a": [1, None], "b": ["x", None]}), {"a": [1.0, None], "b": ["x", None]}),
        (np.array([[1.0, np.nan], [3.0, 4.0]]), {"c1": [1.0, 3.0], "c2": [None, 4.0]}),
        (np.array([["1", "x"], ["2", "?"]]), {"c1": [1, 2], "c2": ["x", None]}),
        ([[1, "x"], [2, None]], {"c1": [1, 2], "c2": ["x", None]}),
        (np.array([[1, pd.NA], [np.nan, pd.NaT]], dtype=object), {"c1": [1, None], "c2": [None, None]}),
    ],
)
def test_any_table_in_memory_is_taken(data, expected):
    assert table_from(data).to_dict(as_series=False) == expected


@pytest.mark.parametrize(
    "data, sentence",
    [
        ("visits.csv", "must be a DataFrame, a dict of columns or a 2-D array; got builtins.str"),
        (None, "got builtins.NoneType"),
        (np.array([1, 2]), r"2 dimensions, rows and columns; got an array of shape \(2,\). Reshape your data"),
        (np.array([[1j]]), "Complex data not supported"),
        ({"a": [1], "b": [1, 2]}, "columns of the dict do not make a table"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "two columns of the same name"),
        (pd.DataFrame([[1, 2]], columns=["1", 1]), "two columns called '1'"),
        (pd.DataFrame({"a": [date(2020, 1, 1), 3]}), r"Column 'a' mixes values that do not go together \(date, int\)"),
    ],
)
def test_what_is_no_table_is_refused(data, sentence):
    with pytest.raises(DataError, match=sentence):
        table_from(data)


@pytest.mark.parametrize("value", ["inf", "-inf", "Infinity", "1e999"])
def test_infinite_values_are_refused_by_line(file, value):
    with pytest.raises(DataError, match=r"visits.csv, line 5, column 'a': '-?inf' is not finite. Correct it"):
        read_table(file(f"a,b\n1,2\n2,3\n\n{value},4\n"))
    with pytest.raises(DataError, match=r"line 3, column 'c2': 'inf' is not finite \(and 1 more\)"):
        read_table(file("1,2\n1,2\n2,inf\n2,inf\n"), header=False)


def test_infinite_values_of_parquet_are_refused_by_row(tmp_path):
    pl.DataFrame({"a": [1.0, float("inf")]}).write_parquet(tmp_path / "t.parquet")
    with pytest.raises(DataError, match=r"t.parquet, row 2, column 'a': 'inf' is not finite"):
        read_table(tmp_path / "t.parquet")


def test_rows_have_lines(file):
    path = file('a,b\n1,2\n\n"two\nlines",3\n   \n4,5\n')
    place = places_in(path)
    assert [place(row) for row in range(3)] == [f"{path}, line {line}" for line in (2, 4, 7)]
    assert places_of(place, [2, 0])(0) == f"{path}, line 7"


def test_decimal_commas_are_read_when_asked(file):
    path = file("a;b;day\n1,5;2;31.12.2024\n;3,25;01.01.2025\n-7;4;02.01.2025\n")
    frame = read_table(path, decimal=",")
    assert frame["a"].to_list() == [1.5, None, -7.0]
    assert frame["b"].to_list() == [2.0, 3.25, 4.0]
    assert frame["day"].dtype == pl.Date
    assert read_table(file("a;b\n1.5;2\n2.5;3\n"), decimal=",")["a"].dtype == pl.String
    with pytest.raises(ValueError, match="decimal must be"):
        read_table(path, decimal=";")
