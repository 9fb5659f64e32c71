"""The most memory this process has held: what a summary states, and what decides whether a job fits a machine."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from glassnet.checks import DataError

COPIES = 4
"""Of all parameters at once: weights, gradient, and two of the optimiser or the best so far."""


def physical_memory() -> int | None:
    """Bytes of this machine; None where the system does not tell."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None


def check_room(parameters: int, itemsize: int) -> None:
    """Raise DataError where learning so many parameters needs more memory than the machine has."""
    needed, there = COPIES * parameters * itemsize, physical_memory()
    if there is not None and needed > there:
        raise DataError(
            f"This network has {parameters:,} parameters; learning them takes {needed / 2**30:,.0f} GB of memory, and this machine has "
            f"{there / 2**30:,.1f} GB. Use fewer units."
        )


def peak_memory() -> int | None:
    """Bytes, the pages of memory-mapped files included; None where the system does not tell."""
    status = Path("/proc/self/status")
    if status.exists():  # Linux counts from the start of this very program, while getrusage remembers what started it
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    try:
        import resource
    except ImportError:
        return None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
