"""The kernels for few rows give what NumPy's products give."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.networks.boltzmann.products import FEW, add_outer, dots, few, mostly_zero, rows_times


@pytest.mark.parametrize("dtype, digits", [(np.float32, 1e-5), (np.float64, 1e-13)])
@pytest.mark.parametrize("n", [1, 3, 4, 10, 24, 70])
def test_products_are_those_of_numpy(n, dtype, digits):
    rng = np.random.default_rng(n)
    V = ((rng.random((n, 30)) < 0.3) * rng.normal(size=(n, 30))).astype(dtype)
    H, W = rng.normal(size=(n, 17)).astype(dtype), rng.normal(size=(30, 17)).astype(dtype)
    Z, F, moved = np.full((n, 17), np.nan, dtype), np.full((n, 30), np.nan, dtype), W.copy()
    rows_times(V, W, Z)
    dots(H, W, F)
    add_outer(V, H, 0.5, moved)
    for given, expected in ((Z, V @ W), (F, H @ W.T), (moved, W + 0.5 * V.T @ H)):
        np.testing.assert_allclose(given, expected, rtol=digits, atol=50 * digits)


def test_they_are_taken_where_they_pay():
    W, V = np.ones((30, 17)), np.zeros((FEW, 30))
    assert few(V, W) and mostly_zero(V, W) and mostly_zero(np.zeros((500, 30)), W)
    assert not few(np.zeros((FEW + 1, 30)), W) and not few(V.astype(np.float32), W) and not few(V, np.asfortranarray(W))
    assert not mostly_zero(V + 1, W) and not mostly_zero(np.asfortranarray(V), W)
