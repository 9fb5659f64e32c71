"""The number of BLAS threads from the work: small products run on one, for waking a second costs more than it brings.

On a busy machine two threads that wait for each other make products of some hundred numbers 5 to 30 times slower.

The order in which BLAS adds depends on its number of threads, and with it the last digits of what is learned. `deterministic` takes
that away: large products are cut into the same blocks for any number of threads, and each block runs on one.
"""

from __future__ import annotations

import contextlib
import functools
import os
import threading
from collections.abc import Iterator
from typing import Any

from threadpoolctl import ThreadpoolController

from glassnet.networks.products import in_tiles, shared_by

WORTH_SHARING = 20_000_000
"""Multiplications in one product from which several threads pay."""

DETERMINISTIC = "GLASSNET_DETERMINISTIC"
"""The environment variable that makes every training deterministic; its value may be the number of threads."""

SMALL_WITHOUT_COPY = {"SkylakeX", "Cooperlake", "SapphireRapids"}
"""Processors, in OpenBLAS's words, where it multiplies small matrices without copying them first: those with AVX-512, of AMD too."""

_deterministic = 0
_lock = threading.Lock()
_blocks = 0
_free = 1
_limit: Any = None


@functools.cache
def _controller() -> ThreadpoolController:
    """The BLAS libraries of this process, looked up once."""
    return ThreadpoolController()


@contextlib.contextmanager
def deterministic(threads: int | None = None) -> Iterator[None]:
    """Within this block, training gives the same bits on any number of threads, and still runs on all of them.

    Parameters
    ----------
    threads : int, default=None
        How many, 1 or more; None for as many as BLAS would use. Up to 8 can work on one product.

    Notes
    -----
    The same bits are promised for the same versions of NumPy and BLAS on the same kind of processor. The setting belongs to the whole
    process, as BLAS's own does. The environment variable GLASSNET_DETERMINISTIC=1 has the same effect without a change to a program.

    Examples
    --------
    >>> from glassnet import MLPClassifier
    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1]
    >>> with deterministic(threads=2):
    ...     net = MLPClassifier((3,), solver="lbfgs", random_state=0).fit(X, y)
    """
    global _deterministic
    if threads is not None and threads < 1:
        raise ValueError(f"threads must be 1 or more, or None for as many as BLAS uses; got {threads!r}.")
    count = threads or _blas_threads()
    _enter()
    _deterministic += 1
    try:
        with shared_by(count):
            yield
    finally:
        _deterministic -= 1
        _leave()


@contextlib.contextmanager
def threads_for(products: float) -> Iterator[None]:
    """Run the block on one BLAS thread unless its typical product has ``products`` >= WORTH_SHARING multiplications.

    Where BLAS has one thread, the products of the block go to it in small tiles, if those are faster. The number of threads belongs to the
    whole process: of blocks that overlap, the last one to end restores it.
    """
    wish = os.environ.get(DETERMINISTIC, "")
    tiles = in_tiles(_is_fast_at_small_products())
    if _deterministic:
        with tiles:
            yield
    elif wish and wish != "0":
        with deterministic(int(wish) if wish.isdigit() and int(wish) > 1 else None), tiles:
            yield
    elif products >= WORTH_SHARING:
        with tiles if _free_threads() == 1 else contextlib.nullcontext():
            yield
    else:
        _enter()
        try:
            with tiles:
                yield
        finally:
            _leave()


def threads_worth(work: float) -> int:
    """How many threads shall share ``work`` multiplications that need not wait for each other: as many as BLAS may use, or one."""
    return 1 if work < WORTH_SHARING else _blas_threads()


def _blas_threads() -> int:
    """Threads that BLAS would use now."""
    return max([library["num_threads"] for library in _controller().info() if library["user_api"] == "blas"], default=1)


def _free_threads() -> int:
    """Threads that BLAS would use without the limit of a training that runs meanwhile."""
    with _lock:
        return _free if _blocks else _blas_threads()


@functools.cache
def _is_fast_at_small_products() -> bool:
    """Whether NumPy's BLAS multiplies small matrices without copying them first."""
    libraries = [library for library in _controller().info() if library["user_api"] == "blas"]
    numpys = [library for library in libraries if "numpy" in library["filepath"]] or libraries
    return bool(numpys) and all(library.get("architecture") in SMALL_WITHOUT_COPY for library in numpys)


def _enter() -> None:
    global _blocks, _limit, _free
    with _lock:
        if _blocks == 0:
            _free = _blas_threads()
            _limit = _controller().limit(limits=1, user_api="blas")
        _blocks += 1


def _leave() -> None:
    global _blocks, _limit
    with _lock:
        _blocks -= 1
        if _blocks == 0:
            _limit.restore_original_limits()
            _limit = None
