"""The number of BLAS threads from the work: small products run on one, for waking a second costs more than it brings.

On a busy machine two threads that wait for each other make products of some hundred numbers 5 to 30 times slower.
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Iterator
from typing import Any

from threadpoolctl import ThreadpoolController

WORTH_SHARING = 30_000_000
"""Multiplications in one product from which several threads pay."""

_lock = threading.Lock()
_blocks = 0
_limit: Any = None


@functools.cache
def _controller() -> ThreadpoolController:
    """The BLAS libraries of this process, looked up once."""
    return ThreadpoolController()


@contextlib.contextmanager
def threads_for(products: float) -> Iterator[None]:
    """Run the block on one BLAS thread unless its typical product has ``products`` >= WORTH_SHARING multiplications.

    The number of threads belongs to the whole process: of blocks that overlap, the last one to end restores it.
    """
    if products >= WORTH_SHARING:
        yield
        return
    _enter()
    try:
        yield
    finally:
        _leave()


def _enter() -> None:
    global _blocks, _limit
    with _lock:
        if _blocks == 0:
            _limit = _controller().limit(limits=1, user_api="blas")
        _blocks += 1


def _leave() -> None:
    global _blocks, _limit
    with _lock:
        _blocks -= 1
        if _blocks == 0:
            _limit.restore_original_limits()
            _limit = None
