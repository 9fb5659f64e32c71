"""Tests that bite: each single fault of `faults.py` is seeded into a copy of the package, and our own tests must notice.

``python -m torture.mutants [WORD ...]`` runs all faults, or those with one of the words in their description. Where the fault is in a file
of kernels, the tests run without compilation (NUMBA_DISABLE_JIT), which changes no formula and spares half a minute for each mutant.
The same tests must pass where nothing was changed: that is tried before their first fault.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from torture.faults import FAULTS, Fault

ROOT = Path(__file__).parents[1]
PATIENCE = 900
"""Seconds; a test that does not come back has noticed."""
KERNELS = "glassnet.maths.compiling import"
"""What stands in every file of which a part is compiled."""


def has_kernels(fault: Fault) -> bool:
    """Whether a part of the fault's file is compiled: machine code that was kept would not know of the fault."""
    return KERNELS in (ROOT / "src/glassnet" / fault.file).read_text(encoding="utf-8")


def tests_fail(copy: Path, tests: str, *, compiled: bool) -> bool:
    """Whether any of the tests fails in the copy."""
    paths = [f"tests/{name}" for name in tests.split()]
    environment = {**os.environ, "PYTHONPATH": str(copy / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    environment |= {"NUMBA_CACHE_DIR": str(copy / "kernels")} if compiled else {"NUMBA_DISABLE_JIT": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *paths]
    try:
        done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        return True
    if done.returncode not in (0, 1):
        raise RuntimeError(f"pytest could not run {tests}: {done.stdout[-500:]}{done.stderr[-500:]}")
    return done.returncode == 1


def seeded(copy: Path, fault: Fault) -> None:
    """The fault put into the copy. Raises ValueError where its text is not there exactly once."""
    path = copy / "src/glassnet" / fault.file
    text = path.read_text(encoding="utf-8")
    if text.count(fault.old) != 1:
        raise ValueError(f"{fault.what}: {fault.file} holds its text {text.count(fault.old)} times, not once. Bring faults.py up to date.")
    path.write_text(text.replace(fault.old, fault.new), encoding="utf-8")


def copied(folder: Path) -> Path:
    """A copy of the package and its tests."""
    copy = folder / "copy"
    for name in ("src", "tests"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copy / "pyproject.toml")
    return copy


def check_list(faults: tuple[Fault, ...] = FAULTS) -> None:
    """Raise ValueError where the list is out of date, before any time is spent."""
    with tempfile.TemporaryDirectory() as folder:
        copy = copied(Path(folder))
        for fault in faults:
            path = copy / "src/glassnet" / fault.file
            kept = path.read_text(encoding="utf-8")
            seeded(copy, fault)
            path.write_text(kept, encoding="utf-8")
            if missing := [name for name in fault.tests.split() if not (copy / "tests" / name.split("::")[0]).exists()]:
                raise ValueError(f"{fault.what}: there is no test {missing[0]}. Bring faults.py up to date.")


def main(words: list[str]) -> int:
    """Seed fault after fault; 1 where one survives, or could not be tried."""
    chosen = tuple(fault for fault in FAULTS if not words or any(word in fault.what for word in words))
    check_list(chosen)
    caught, unsound, began = 0, dict[tuple[str, bool], bool](), time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="glassnet-mutants-") as folder:
        copy = copied(Path(folder))
        for number, fault in enumerate(chosen, start=1):
            compiled = not has_kernels(fault)
            if (fault.tests, compiled) not in unsound:
                unsound[fault.tests, compiled] = tests_fail(copy, fault.tests, compiled=compiled)
            if unsound[fault.tests, compiled]:
                said = f"UNTRIED: its tests fail{'' if compiled else ' without compilation'} where nothing was changed: {fault.tests}:"
            else:
                path = copy / "src/glassnet" / fault.file
                kept = path.read_text(encoding="utf-8")
                seeded(copy, fault)
                noticed = tests_fail(copy, fault.tests, compiled=compiled)
                path.write_text(kept, encoding="utf-8")
                caught += noticed
                said = "caught  " if noticed else "SURVIVED"
            sys.stdout.write(f"{number:3d} of {len(chosen)} {time.perf_counter() - began:5.0f} s {said} {fault.what}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{caught} of {len(chosen)} faults caught in {time.perf_counter() - began:.0f} s\n")
    return 0 if caught == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
