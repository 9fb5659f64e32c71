"""Run the trials: ``python -m torture [--bounded] [NAME ...]``. Exit status 1 where a promise is broken."""

from __future__ import annotations

import argparse
import importlib
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from torture.outcome import Budget

TRIALS = {
    "kills": ("torture.kills", "kills"),
    "models": ("torture.models", "models"),
    "data": ("torture.data_files", "data_files"),
    "interrupts": ("torture.interrupts", "interrupts"),
    "threads": ("torture.threads", "threads"),
}
ON_ONE_THREAD = ("kills",)
"""Resuming brings the same bits on one BLAS thread."""
IN_MEMORY = ("models", "data")
"""A million small files are not worth a disk's time: they go into memory where the system has a folder for that."""
MEMORY = "/dev/shm"


def main() -> int:
    """Run one trial here, several in a process each; print each outcome as it comes."""
    parser = argparse.ArgumentParser(prog="python -m torture", description="The long trials behind docs/reliability.md.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(TRIALS)}; all of them where none is named")
    parser.add_argument("--bounded", action="store_true", help="a few minutes in all, as for every change")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    if unknown := set(given.names) - set(TRIALS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; known are {', '.join(TRIALS)}")
    names = given.names or list(TRIALS)
    if len(names) > 1:
        more = ["--seed", str(given.seed), *(["--bounded"] if given.bounded else [])]
        return max(subprocess.run([sys.executable, "-m", "torture", name, *more], check=False).returncode for name in names)
    name = names[0]
    if name in ON_ONE_THREAD:
        for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
            os.environ[variable] = "1"
    module, function = TRIALS[name]  # imported only now, for NumPy reads those variables once
    began = time.perf_counter()
    where = MEMORY if name in IN_MEMORY and os.access(MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="glassnet-torture-", dir=where) as folder:
        outcome = getattr(importlib.import_module(module), function)(Budget(not given.bounded, Path(folder), given.seed))
    outcome.facts["seconds"] = round(time.perf_counter() - began)
    sys.stdout.write(f"{outcome}\n")
    sys.stdout.flush()
    return 1 if outcome.broken else 0


if __name__ == "__main__":
    sys.exit(main())
