"""Large products and factors of symmetric matrices, in blocks, so that no call to BLAS or LAPACK is deaf to Ctrl-C for long.

    square      A'A        some rows at a time added to the lower half, which is then mirrored; where threads share, a panel of columns
    cholesky    H = L L'   L_jj L_jj' = H_jj - L_j. L_j.',   L_ij = (H_ij - L_i. L_j.') L_jj'^-1   for the panels j from left to right

Source: Golub & Van Loan (2013), Matrix Computations, 4.2.5.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg
from numpy.typing import NDArray
from scipy.linalg import blas

from glassnet.networks.products import LONGEST_PRODUCT, is_shared, multiply

Array = NDArray[Any]

PANELS = 4
"""Panels, at least, of a square that threads share: the more, the less of its upper half is computed in vain."""
MIRROR = 256
"""Columns that are mirrored at a time, so that what is read and written stays in the cache."""


def square(A: Array) -> Array:
    """A'A of A (n, p)."""
    n, p = A.shape
    if n * p * p <= LONGEST_PRODUCT:  # BLAS computes half of it, being symmetric
        return np.dot(A.T, A)
    if is_shared():
        return _square_in_panels(A)
    rows = max(128, LONGEST_PRODUCT // p**2)
    add = blas.dsyrk if A.dtype == np.float64 else blas.ssyrk
    total = np.zeros((p, p), A.dtype, order="F")
    for start in range(0, n, rows):
        total = add(1.0, A[start : start + rows].T, beta=1.0, c=total, overwrite_c=1, lower=1)
    for j in range(0, p, MIRROR):
        stop = min(j + MIRROR, p)
        corner = total[j:stop, j:stop]
        corner[...] = np.tril(corner) + np.tril(corner, -1).T
        total[j:stop, stop:] = total[stop:, j:stop].T
    return np.asarray(total.T)  # it is symmetric: the same numbers row by row


def _square_in_panels(A: Array) -> Array:
    """A'A by products that threads share, a panel of columns of the lower half at a time."""
    n, p = A.shape
    total = np.empty((p, p), A.dtype)
    width = max(64, min(-(-p // PANELS), 2 * LONGEST_PRODUCT // (n * p)))
    for j in range(0, p, width):
        panel = total[j:, j : j + width]
        multiply(A[:, j:].T, A[:, j : j + width], panel)
        total[j : j + width, j:] = panel.T
    return total


def cholesky(H: Array) -> Array:
    """The lower factor of H (p, p), in the lower half; what stands above the diagonal means nothing.

    Raises LinAlgError where H is not positive definite.
    """
    p = len(H)
    if p**3 <= 10 * LONGEST_PRODUCT:
        return np.asarray(scipy.linalg.cholesky(H, lower=True, check_finite=False))
    L = np.array(H, order="C")
    width = max(64, 8 * LONGEST_PRODUCT // p**2)
    for j in range(0, p, width):
        panel = L[j:, j : j + width]
        if j:
            product = np.empty(panel.shape, L.dtype)
            multiply(L[j:, :j], L[j : j + width, :j].T, product)
            panel -= product
        size = panel.shape[1]
        corner = scipy.linalg.cholesky(panel[:size], lower=True, check_finite=False)
        panel[:size] = corner
        if len(panel) > size:
            panel[size:] = scipy.linalg.solve_triangular(corner, panel[size:].T, lower=True, check_finite=False).T
    return L
