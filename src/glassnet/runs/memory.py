"""The most memory this process has held: what a summary states, and what decides whether a job fits a machine."""

from __future__ import annotations

import sys
from pathlib import Path


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
