"""Rows are handed out in the order asked for, converted, weighted, through buffers made once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse

from glassnet.training import rows
from glassnet.training.rows import Batches, Rows, gather, gather_wide

X = np.arange(21, dtype=np.float64).reshape(7, 3)
Y = np.arange(7, dtype=np.float64)[:, None]
ORDER = np.array([6, 0, 3, 2, 5, 1, 4])


@pytest.mark.parametrize("stored", [np.float64, np.float32, np.uint8, np.int64])
@pytest.mark.parametrize("n", range(8))
@pytest.mark.parametrize("gather", [gather, gather_wide])
def test_gather_picks_rows_and_converts_them(gather: Any, stored: type, n: int) -> None:
    out = np.full((7, 3), 99, np.float32)
    gather(X.astype(stored), ORDER[:n], out[:n])
    np.testing.assert_array_equal(out[:n], X[ORDER[:n]])
    assert (out[n:] == 99).all()


@pytest.mark.parametrize(
    "form", [np.asarray, np.asfortranarray, lambda X: np.repeat(X, 2, axis=1)[:, ::2], scipy.sparse.csr_matrix, scipy.sparse.csr_array]
)
@pytest.mark.parametrize("size", [1, 3, 7, 100])
def test_batches_cover_every_row_once_in_the_order_given(size: int, form) -> None:
    seen_X, seen_y, lengths = [], [], []
    for batch, y, weight in Batches(Rows(form(X), Y), size)(ORDER):
        assert weight is None
        seen_X.append(np.array(batch.todense() if scipy.sparse.issparse(batch) else batch))
        seen_y.append(y.copy())
        lengths.append(len(y))
    np.testing.assert_array_equal(np.vstack(seen_X), X[ORDER])
    np.testing.assert_array_equal(np.vstack(seen_y), Y[ORDER])
    assert lengths == [min(size, 7)] * (7 // min(size, 7)) + ([7 % size] if size < 7 and 7 % size else [])


@pytest.mark.parametrize(
    "columns, dtype, wide", [(rows.WIDE - 1, np.float32, False), (rows.WIDE, np.float32, True), (rows.WIDE, np.uint8, False)]
)
def test_wide_rows_that_need_no_conversion_are_gathered_four_at_a_time(
    columns: int, dtype: type, wide: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = []

    def watched(*arguments: Any) -> None:
        used.append(True)
        gather_wide(*arguments)

    monkeypatch.setattr(rows, "gather_wide", watched)
    X = np.random.default_rng(0).integers(0, 255, size=(7, columns)).astype(dtype)
    seen = np.vstack([batch.copy() for batch, _, _ in Batches(Rows(X, Y.astype(np.float32)), 5)(ORDER)])
    np.testing.assert_array_equal(seen, X[ORDER])
    assert bool(used) is wide


def test_batches_carry_the_weights_of_their_rows() -> None:
    weight = np.linspace(0.5, 2, 7)
    seen = [w.copy() for _, _, w in Batches(Rows(X, Y, weight), 3)(ORDER)]
    np.testing.assert_array_equal(np.concatenate(seen), weight[ORDER])


def test_batches_reuse_their_buffers() -> None:
    first, second = (batch for batch, _, _ in list(Batches(Rows(X, Y), 3)(ORDER))[:2])
    assert np.shares_memory(first, second)


def test_weights_are_scaled_to_mean_one_and_their_unit_is_kept() -> None:
    rows = Rows.of(X, Y, np.array([2.0, 2, 2, 2, 2, 2, 16]))
    assert rows.unit == 4.0
    assert rows.weight.mean() == pytest.approx(1.0)
    assert Rows.of(X, Y.astype(np.float32), np.ones(7)).weight.dtype == np.float32
    assert Rows.of(X, Y).weight is None


def test_blocks_come_in_order_and_in_the_dtype_of_the_targets() -> None:
    rows = Rows(X.astype(np.uint8), Y.astype(np.float32), np.arange(7.0))
    blocks = list(rows.blocks(3))
    assert [len(y) for _, y, _ in blocks] == [3, 3, 1]
    assert all(part.dtype == np.float32 for part, _, _ in blocks)
    np.testing.assert_array_equal(np.vstack([part for part, _, _ in blocks]), X)
    np.testing.assert_array_equal(np.concatenate([w for _, _, w in blocks]), np.arange(7.0))
