"""The number of BLAS threads from the work: small products run on one, for waking a second costs more than it brings.

On a busy machine two threads that wait for each other make products of some hundred numbers 5 to 30 times slower.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator

from threadpoolctl import ThreadpoolController

WORTH_SHARING = 30_000_000
"""Multiplications in one product from which several threads pay."""


@functools.cache
def _controller() -> ThreadpoolController:
    """The BLAS libraries of this process, looked up once."""
    return ThreadpoolController()


@contextlib.contextmanager
def threads_for(products: float) -> Iterator[None]:
    """Run the block on one BLAS thread unless its typical product has ``products`` >= WORTH_SHARING multiplications."""
    if products >= WORTH_SHARING:
        yield
        return
    with _controller().limit(limits=1, user_api="blas"):
        yield
