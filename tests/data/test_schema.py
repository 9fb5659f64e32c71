"""A preparation through JSON and back: the same to the last bit, and nothing believed unread."""

from __future__ import annotations

import copy
import json
from datetime import date, datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.checks import DataError, ModelFileError
from glassnet.data.preparation import TablePreparation

finite = st.floats(allow_nan=False, allow_infinity=False)
words = st.text(max_size=6)
kinds = [
    (pl.Float64, finite),
    (pl.Int64, st.integers(-(2**63), 2**63 - 1)),
    (pl.Boolean, st.booleans()),
    (pl.String, st.sampled_from(["a", "b", "c"])),
    (pl.String, words),
    (pl.Date, st.dates(date(1900, 1, 1), date(2100, 1, 1))),
    (pl.Datetime("us"), st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1))),
]


@st.composite
def tables(draw):
    """A table of 2 to 12 rows and 1 to 5 columns of any kind, some values missing."""
    rows = draw(st.integers(2, 12))
    columns = {}
    for name in draw(st.lists(words, min_size=1, max_size=5, unique=True)):
        dtype, values = draw(st.sampled_from(kinds))
        columns[name] = pl.Series(name, draw(st.lists(st.none() | values, min_size=rows, max_size=rows)), dtype=dtype)
    return pl.DataFrame(columns)


@given(tables(), st.sampled_from(["float32", "float64"]))
def test_a_preparation_survives_json_to_the_last_bit(table, dtype):
    try:
        preparation = TablePreparation(dtype=dtype).fit(table)
    except DataError:
        return
    schema = preparation.to_schema()
    restored = TablePreparation.from_schema(json.loads(json.dumps(schema, allow_nan=False)))
    assert restored.to_schema() == schema
    assert restored.get_params() == preparation.get_params()
    assert restored.get_feature_names_out().tolist() == preparation.get_feature_names_out().tolist()
    assert restored.describe() == preparation.describe() and restored.messages_ == preparation.messages_
    assert restored.n_features_in_ == preparation.n_features_in_
    try:
        expected = preparation.transform(table)
    except DataError:
        return
    found = restored.transform(table)
    assert found.dtype == expected.dtype and found.tobytes() == expected.tobytes()
    assert np.isfinite(found).all()


@pytest.fixture(scope="module")
def schema():
    table = {
        "age": [20, 30, None],
        "city": ["Rome", "Rome", "Oslo"],
        "member": [True, False, True],
        "joined": [date(2020, 1, 1), date(2021, 2, 3), date(2022, 2, 3)],
        "bonus": [1, None, 1],
        "id": [1, 2, 3],
    }
    return json.loads(json.dumps(TablePreparation().fit(table).to_schema()))


def test_the_sample_schema_is_sound(schema):
    assert TablePreparation.from_schema(schema).to_schema() == schema


@pytest.mark.parametrize(
    "path, value, sentence",
    [
        ((), [], "the schema is not an object"),
        ((), {}, "the schema has no 'version'"),
        (("version",), 2, "unknown version"),
        (("more",), 1, r"the schema has unknown fields \['more'\]"),
        (("named",), 1, "'named' of the schema must be true or false"),
        (("parameters",), None, "the parameters is not an object"),
        (("parameters", "rare"), 1.5, "rare must be a share"),
        (("parameters", "dtype"), "object", "'dtype' of the parameters must be 'float32' or 'float64'"),
        (("parameters", "max_categories"), 0, "max_categories must be a whole number"),
        (("parameters", "max_categories"), True, "'max_categories' of the parameters must be a whole number"),
        (("parameters", "extra"), 0, "the parameters has unknown fields"),
        (("columns",), {}, "'columns' of the schema must be a list"),
        (("columns",), [], "must have different names and yield a feature"),
        (("columns", 0), "age", "column 1 is not an object"),
        (("columns", 0, "kind"), "os.system", "'kind' of column 1 must be 'number' or 'boolean'"),
        (("columns", 0, "name"), 3, "'name' of column 1 must be a string"),
        (("columns", 0, "name"), "city", "must have different names"),
        (("columns", 0, "missing"), -1, "'missing' of column 1 must be a whole number of at least 0"),
        (("columns", 0, "missing"), 1.0, "'missing' of column 1 must be a whole number"),
        (("columns", 0, "mean"), "0", "'mean' of column 1 must be a finite number"),
        (("columns", 0, "mean"), float("nan"), "'mean' of column 1 must be a finite number"),
        (("columns", 0, "mean"), 10**400, "'mean' of column 1 must be a finite number"),
        (("columns", 0, "deviation"), 0.0, "'deviation' of column 1 must be a finite number above 0"),
        (("columns", 0, "extra"), 1, r"column 1 has unknown fields \['extra'\]"),
        (("columns", 1, "levels"), "Rome", "'levels' of column 2 must be a list of different strings"),
        (("columns", 1, "levels"), ["Rome", "Rome"], "'levels' of column 2 must be a list of different strings"),
        (("columns", 1, "levels"), ["Rome", 3], "'levels' of column 2 must be a list of different strings"),
        (("columns", 1, "levels"), ["Oslo"], "'rare' of column 2 must be a list of strings that are not levels"),
        (("columns", 2, "usual"), 0, "'usual' of column 3 must be true or false"),
        (("columns", 3, "scales"), {}, "'scales' of column 4 must be an object with some of year"),
        (("columns", 3, "scales", "decade"), {}, r"the date 'joined' has unknown fields \['decade'\]"),
        (("columns", 3, "scales", "year"), [], "year of 'joined' is not an object"),
        (("columns", 3, "scales", "year", "deviation"), -1, "'deviation' of year of 'joined' must be a finite number above 0"),
    ],
)
def test_nonsense_in_a_model_file_is_refused(schema, path, value, sentence):
    damaged = copy.deepcopy(schema)
    if path:
        place = damaged
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value
    else:
        damaged = value
    with pytest.raises(ModelFileError, match=sentence):
        TablePreparation.from_schema(damaged)


@pytest.mark.parametrize("field", ["version", "named", "parameters", "columns"])
def test_a_missing_field_is_refused(schema, field):
    damaged = {key: value for key, value in schema.items() if key != field}
    with pytest.raises(ModelFileError, match=f"the schema has no '{field}'"):
        TablePreparation.from_schema(damaged)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | words, lambda inner: st.lists(inner, max_size=3), max_leaves=5
)


@given(st.data())
def test_any_change_is_refused_or_harmless(schema, data):
    damaged = copy.deepcopy(schema)
    column = data.draw(st.sampled_from(damaged["columns"]))
    column[data.draw(st.sampled_from(sorted(column)))] = data.draw(json_values)
    try:
        restored = TablePreparation.from_schema(damaged)
    except ModelFileError:
        return
    restored.describe()
    restored.get_feature_names_out()
