"""How time is taken: one process per row, pinned, with stated threads; contenders in turn, A B C A B C ...; medians.

Nothing here imports NumPy: a BLAS reads its environment when it is loaded, so cores and threads are settled before.
"""

from __future__ import annotations

import gc
import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

REMOVED = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
"""Settings that make OpenBLAS take kernels for another machine: half the speed on some."""

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def environment(threads: int) -> dict[str, str]:
    """This process's environment for a child that may use ``threads`` threads."""
    kept = {name: value for name, value in os.environ.items() if name not in REMOVED}
    flags = [kept.get("XLA_FLAGS", "")] + (["--xla_cpu_multi_thread_eigen=false"] if threads == 1 else [])
    settled = {"XLA_FLAGS": " ".join(flags).strip(), "JAX_PLATFORMS": "cpu", "PYTHONHASHSEED": "0"}
    return {**kept, **settled, **dict.fromkeys(THREADS, str(threads))}


def pin(threads: int) -> str:
    """Keep this process on ``threads`` cores; say what was done."""
    if not hasattr(os, "sched_setaffinity"):
        return "not pinned (this system cannot)"
    free = sorted(os.sched_getaffinity(0))
    if len(free) < threads:
        raise SystemExit(f"this row takes {threads} cores; the process may use {len(free)}")
    os.sched_setaffinity(0, free[-threads:])
    return f"pinned to {threads} core{'s' if threads > 1 else ''}"


@dataclass(frozen=True)
class Contender:
    """Who is measured: ``prepare`` makes what one run needs, untimed; ``run`` is timed, and its result kept.

    per    by what the seconds are divided: epochs of a fit, calls of a loop
    """

    name: str
    run: Callable[[Any], Any]
    prepare: Callable[[], Any] = lambda: None
    per: int = 1


@dataclass(frozen=True)
class Mark:
    """Something asked of a row: ``value`` at least (or at most) ``floor``, better ``goal``. None where it could not be measured."""

    what: str
    value: float | None
    floor: float
    goal: float
    at_least: bool = True

    def meets(self, bound: float) -> bool:
        """Whether the value is on the right side of ``bound``; never, where it was not measured."""
        return self.value is not None and (self.value >= bound if self.at_least else self.value <= bound)


@dataclass(frozen=True)
class Result:
    """A row of the table: seconds of each contender, glassnet first, and what is asked."""

    row: str
    work: str
    unit: str
    times: Mapping[str, Sequence[float]]
    marks: Sequence[Mark]
    limit: float | None = None
    limit_words: str = ""
    notes: Sequence[str] = ()
    missing: Sequence[str] = ()
    pinned: str = field(default="", compare=False)


OURS = "glassnet"


def take_turns(contenders: Sequence[Contender], repeats: int) -> tuple[dict[str, list[float]], dict[str, Any]]:
    """Seconds of every run, and the last result of each contender. Each runs once before, untimed."""
    times: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    results = {contender.name: contender.run(contender.prepare()) for contender in contenders}
    for _ in range(repeats):
        for contender in contenders:
            ready = contender.prepare()
            gc.collect()
            gc.disable()
            began = time.perf_counter()
            result = contender.run(ready)
            spent = time.perf_counter() - began
            gc.enable()
            results[contender.name] = result
            times[contender.name].append(spent / contender.per)
    return times, results


def median(seconds: Sequence[float]) -> float:
    """The median."""
    return statistics.median(seconds)


def times_faster(times: Mapping[str, Sequence[float]], peers: Sequence[str], ours: str = OURS) -> float | None:
    """How many times faster than the best of ``peers`` we are, by medians; None where none of them ran."""
    known = [median(times[peer]) for peer in peers if times.get(peer)]
    return min(known) / median(times[ours]) if known and times.get(ours) else None


def times_faster_than_peers(times: Mapping[str, Sequence[float]], floor: float, goal: float) -> Mark:
    """The mark for the best of all peers."""
    return Mark("times faster than the best peer", times_faster(times, [name for name in times if not name.startswith(OURS)]), floor, goal)
