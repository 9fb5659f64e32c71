"""What the machine itself can do: seconds of a product of these shapes through NumPy's BLAS, and bytes per second through memory.

The limit of a network's epoch is the sum of the products its steps need, each at the rate of its own shape, and the bytes that its
updates move. Everything else (activations, losses, gathering rows) is counted as free, so no program reaches it quite.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

ROUND = 0.02
"""Seconds that one round of repetitions lasts."""


def seconds_of(work: Callable[[], object], rounds: int = 7) -> float:
    """The least mean time of ``work`` over ``rounds`` rounds: a limit is what the machine does undisturbed."""
    work()
    began = time.perf_counter()
    work()
    calls = max(1, int(ROUND / max(time.perf_counter() - began, 1e-7)))
    best = float("inf")
    for _ in range(rounds):
        began = time.perf_counter()
        for _ in range(calls):
            work()
        best = min(best, (time.perf_counter() - began) / calls)
    return best


def product_seconds(n: int, k: int, m: int, *, left: bool = False, right: bool = False) -> float:
    """Seconds of an (n, k) times (k, m) product in float32, with the left or right factor stored transposed."""
    random = np.random.default_rng(0)
    A = random.random((k, n), np.float32).T if left else random.random((n, k), np.float32)
    B = random.random((m, k), np.float32).T if right else random.random((k, m), np.float32)
    out = np.empty((n, m), np.float32)
    return seconds_of(lambda: np.matmul(A, B, out=out))


def bytes_per_second(size: int) -> float:
    """Bytes read and written per second, copying in a working set of ``size`` bytes (small ones stay in cache)."""
    count = max(1024, size // 8)
    source, target = np.ones(count, np.float32), np.empty(count, np.float32)
    return 2 * source.nbytes / seconds_of(lambda: np.copyto(target, source))


def reading_seconds(nbytes: int) -> float:
    """Seconds to read ``nbytes`` from memory once, at the rate of a large copy."""
    return nbytes / bytes_per_second(256 * 2**20)


def epoch_seconds(sizes: Sequence[int], batch: int, steps: int) -> float:
    """The limit of an epoch with Adam: forward, dW, and dX but for the first layer; 7 numbers moved per parameter and update."""
    products = 0.0
    for l, (n_in, n_out) in enumerate(pairwise(sizes)):
        products += product_seconds(batch, n_in, n_out)
        products += product_seconds(n_in, batch, n_out, left=True)
        if l:
            products += product_seconds(batch, n_out, n_in, right=True)
    parameters = sum((n_in + 1) * n_out for n_in, n_out in pairwise(sizes))
    update = 7 * 4 * parameters / bytes_per_second(4 * 4 * parameters)
    return steps * (products + update)


def forward_seconds(sizes: Sequence[int], rows: int) -> float:
    """The limit of a prediction: the products of the forward pass."""
    return sum(product_seconds(rows, n_in, n_out) for n_in, n_out in pairwise(sizes))
