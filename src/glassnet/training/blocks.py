"""Large products and factors of symmetric matrices, in blocks, so that no call to BLAS or LAPACK is deaf to Ctrl-C for long.

    square      A'A        a panel of columns at a time, the lower half only
    cholesky    H = L L'   L_jj L_jj' = H_jj - L_j. L_j.',   L_ij = (H_ij - L_i. L_j.') L_jj'^-1   for the panels j from left to right

Source: Golub & Van Loan (2013), Matrix Computations, 4.2.5.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from glassnet.networks.products import LONGEST_PRODUCT, multiply

Array = NDArray[Any]


def square(A: Array) -> Array:
    """A'A of A (n, p)."""
    n, p = A.shape
    if n * p * p <= LONGEST_PRODUCT:  # BLAS computes half of it, being symmetric
        return np.dot(A.T, A)
    total = np.empty((p, p), A.dtype)
    width = max(64, 2 * LONGEST_PRODUCT // (n * p))
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
    if p**3 <= 6 * LONGEST_PRODUCT:
        return np.asarray(scipy.linalg.cholesky(H, lower=True, check_finite=False))
    L = np.array(H, order="C")
    width = max(32, 4 * LONGEST_PRODUCT // p**2)
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
