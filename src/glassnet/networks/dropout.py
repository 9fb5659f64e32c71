"""Dropout: while training, each unit is silent with probability p, and the others speak louder to make up for it.

    forward     M = 1 / (1 - p) with probability 1 - p, else 0        H = A * M
    backward    dL/dA = dL/dH * M

Nothing happens at prediction. Source: Srivastava, Hinton, Krizhevsky, Sutskever & Salakhutdinov (2014), JMLR 15, 1929-1958.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.maths.compiling import kernel

Array = NDArray[Any]


@kernel
def _silence(A: Array, M: Array, H: Array, p: float) -> None:
    """M (n, k) arrives uniform in [0, 1) and leaves as the mask; H <- A * M."""
    n, k = A.shape
    zero, keep, limit = A.dtype.type(0.0), A.dtype.type(1.0 / (1.0 - p)), A.dtype.type(p)
    for i in range(n):
        for j in range(k):
            M[i, j] = keep if M[i, j] >= limit else zero
            H[i, j] = A[i, j] * M[i, j]


def drop(A: Array, M: Array, H: Array, p: float, random: np.random.Generator) -> None:
    """M <- a new mask, H <- A * M."""
    random.random(out=M, dtype=M.dtype)
    _silence(A, M, H, p)
