"""Measure glassnet beside its peers: ``python -m benchmarks [--quick] [--rows NAME ...] [--repeats 5] [--data DIR]``."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from benchmarks.alone import measured_alone
from benchmarks.report import line, page, shortfalls
from benchmarks.table import CORES, NEEDS, Settings
from benchmarks.timing import Result

RESULTS = Path(__file__).with_name("RESULTS.md")


def parsed(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="glassnet's speed beside its peers, as a table.")
    parser.add_argument("--quick", action="store_true", help="smaller work and 3 repeats, under 3 minutes; RESULTS.md stays as it is")
    parser.add_argument("--rows", nargs="+", metavar="NAME", choices=CORES, help=f"these rows only, RESULTS.md stays: {', '.join(CORES)}")
    parser.add_argument("--repeats", type=int, help="timings of each contender (5, with --quick 3)")
    parser.add_argument("--data", type=Path, help="a directory with mnist.npz (X_train, y_train; uint8), for softmax-mnist")
    parser.add_argument("--output", type=Path, help="where to write the page (RESULTS.md beside this file for the full table)")
    given = parser.parse_args(arguments)
    if given.repeats is not None and given.repeats < 1:
        parser.error(f"--repeats must be at least 1; got {given.repeats}")
    return given


def main() -> int:
    """Measure row by row, print each as it comes, write the page; 1 where a row failed to run."""
    given = parsed()
    settings = Settings(given.quick, given.repeats or (3 if given.quick else 5), given.data)
    results: list[Result] = []
    left_out, failed = {}, 0
    for row in given.rows or CORES:
        file = NEEDS.get(row)
        if file and (settings.data is None or not (settings.data / file).is_file()):
            left_out[row] = f"it needs {file} in the directory given as --data"
            print(f"{row}: left out, {left_out[row]}", file=sys.stderr)
            continue
        began = time.perf_counter()
        answer = measured_alone(row, settings)
        print(f"{row}: {time.perf_counter() - began:.0f} s", file=sys.stderr)
        if isinstance(answer, Result):
            results.append(answer)
            print(line(answer), end="", flush=True)
        else:
            left_out[row], failed = f"it failed: {answer}", 1
    print("\n" + shortfalls(results), end="")
    output = given.output or (None if given.quick or given.rows else RESULTS)
    if output is not None:
        output.write_text(page(results, left_out, settings), encoding="utf-8")
        print(f"written to {output}", file=sys.stderr)
    return failed


if __name__ == "__main__":
    sys.exit(main())
