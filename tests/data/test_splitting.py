"""Training, validation and test rows: disjoint, stratified, repeatable, whatever the classes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.data.splitting import split_rows


@given(
    st.lists(st.integers(0, 5), min_size=1, max_size=60),
    st.sampled_from(["classification", "regression"]),
    st.floats(0, 0.49),
    st.floats(0, 0.49),
    st.integers(0, 9),
)
def test_every_row_is_in_exactly_one_part(y, kind, test_fraction, val_fraction, seed):
    parts = split_rows(y, kind, test_fraction=test_fraction, val_fraction=val_fraction, seed=seed)
    assert np.array_equal(np.sort(np.concatenate(parts)), np.arange(len(y)))
    assert all(np.array_equal(part, np.sort(part)) for part in parts)
    assert len(parts[0]) >= 1


def test_classes_are_in_proportion_in_every_part():
    y = np.repeat(["a", "b", "c"], [600, 300, 100])
    for part, size in zip(split_rows(y, "classification", test_fraction=0.2, val_fraction=0.1, seed=0), (700, 100, 200), strict=True):
        names, counts = np.unique(y[part], return_counts=True)
        assert names.tolist() == ["a", "b", "c"]
        assert np.abs(counts - size * np.array([0.6, 0.3, 0.1])).max() <= 1


def test_a_class_of_one_row_stays_in_training():
    y = ["a"] * 50 + ["b"] * 50 + ["rare"]
    for seed in range(5):
        train, _, _ = split_rows(y, "classification", test_fraction=0.3, val_fraction=0.1, seed=seed)
        assert 100 in train


def test_test_rows_do_not_depend_on_the_validation_share():
    y = np.arange(100) % 3
    first, second = (split_rows(y, "classification", test_fraction=0.2, val_fraction=share, seed=7)[2] for share in (0.0, 0.3))
    assert np.array_equal(first, second)


def test_a_seed_repeats_the_split_and_another_changes_it():
    y = np.arange(100.0)
    once, again, other = (split_rows(y, "regression", test_fraction=0.2, val_fraction=0.1, seed=seed)[0] for seed in (1, 1, 2))
    assert np.array_equal(once, again) and not np.array_equal(once, other)


def test_every_row_of_a_class_is_as_likely_to_be_tested_as_another():
    y = np.repeat([0, 1], [8, 12])
    tested = sum(np.isin(np.arange(20), split_rows(y, "classification", test_fraction=0.25, val_fraction=0, seed=s)[2]) for s in range(400))
    assert np.abs(tested / 400 - 0.25).max() < 0.09  # four standard deviations


def test_shares_of_nothing_are_empty_and_small_tables_keep_a_training_row():
    assert [len(part) for part in split_rows([1, 2, 3], "regression", test_fraction=0, val_fraction=0, seed=0)] == [3, 0, 0]
    assert [len(part) for part in split_rows([1], "regression", test_fraction=0.5, val_fraction=0.2, seed=0)] == [1, 0, 0]
    assert [len(part) for part in split_rows([1, 2], "regression", test_fraction=0.1, val_fraction=0.1, seed=0)] == [1, 0, 1]
    assert [len(part) for part in split_rows([1, 2, 3], "regression", test_fraction=0.1, val_fraction=0.1, seed=0)] == [1, 1, 1]


@pytest.mark.parametrize(
    "options, sentence",
    [
        ({"kind": "clustering"}, "kind must be 'classification' or 'regression'"),
        ({"test_fraction": 1.0}, "test_fraction must be at least 0 and below 1; got 1.0"),
        ({"val_fraction": -0.1}, "val_fraction must be at least 0"),
        ({"test_fraction": 0.6, "val_fraction": 0.5}, "must leave rows for training; got 0.6 . 0.5"),
        ({"y": []}, "y must hold at least one row"),
    ],
)
def test_shares_that_cannot_be_are_refused(options, sentence):
    arguments = {"y": [1, 2, 3], "kind": "regression", "test_fraction": 0.2, "val_fraction": 0.2, "seed": 0, **options}
    with pytest.raises(ValueError, match=sentence):
        split_rows(arguments.pop("y"), arguments.pop("kind"), **arguments)
