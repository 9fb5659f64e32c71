"""The table as Markdown, and the words for what falls short."""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping, Sequence

from benchmarks.machine import machine, versions
from benchmarks.table import CORES, Settings
from benchmarks.timing import OURS, REMOVED, Mark, Result, median

HEADER = "| row | work | unit | glassnet | limit | peers (times glassnet's) | asked (floor, goal) | reached | |\n" + "|---" * 9 + "|\n"


def page(results: Sequence[Result], left_out: Mapping[str, str], settings: Settings) -> str:
    """The whole page."""
    form = "Quick form: smaller work, few repeats; a hint, not a measurement." if settings.quick else ""
    head = f"""# How fast glassnet is

Written by `python -m benchmarks` on {datetime.date.today():%d %B %Y}. `benchmarks/README.md` says what is measured and how. {form}

* Machine: {machine()}.
* Versions: {versions()}.
* Each row in a process of its own, on one core and one thread, or on two where it says so, pinned to them ({pinning(results)});
  {" and ".join(f"`{name}`" for name in REMOVED)} unset.
* Contenders in turn, {settings.repeats} times; medians, with the least and the most. float32 unless a note says otherwise.

"""
    rows = "".join(line(result) for result in results)
    notes = "".join(f"* **{result.row}**: {'; '.join(words_of(result))}.\n" for result in results if words_of(result))
    gone = "".join(f"* **{row}**: {word}.\n" for row, word in left_out.items())
    missed = f"\n## Left out\n\n{gone}" if gone else ""
    return f"{head}{HEADER}{rows}\n## What falls short\n\n{shortfalls(results)}{missed}\n## Notes\n\n{notes}"


def pinning(results: Sequence[Result]) -> str:
    """How the processes were kept on their cores."""
    return ", ".join(sorted({result.pinned for result in results if result.pinned})) or "unknown"


def words_of(result: Result) -> list[str]:
    """The notes of a row, with the peers that were not there."""
    limit = [f"limit: {result.limit_words}"] if result.limit is not None else []
    return [*result.notes, *limit, *(f"{name} is not installed" for name in result.missing)]


def line(result: Result) -> str:
    """The row of the table."""
    scale = {"ms": 1e3, "us": 1e6}.get(result.unit.split()[0], 1.0)
    ours = result.times.get(OURS)
    mine = _spread(ours, scale) if ours else "not measured"
    limit = "" if result.limit is None else _number(result.limit * scale)
    peers = [f"{name} {_spread(times, scale)}{_ratio(times, ours)}" for name, times in result.times.items() if name != OURS]
    asked = "; ".join(f"{'>=' if mark.at_least else '<='} {mark.floor:g}, {mark.goal:g} {mark.what}" for mark in result.marks)
    reached = "; ".join("not measured" if mark.value is None else _number(mark.value) for mark in result.marks)
    cores = ", two cores" if CORES.get(result.row) == 2 else ""
    verdicts = "; ".join(verdict(mark) for mark in result.marks)
    cells = [result.row, result.work + cores, result.unit, mine, limit, "<br>".join(peers), asked, reached, verdicts]
    return "| " + " | ".join(cells) + " |\n"


def verdict(mark: Mark) -> str:
    """One word."""
    if mark.value is None:
        return "not measured"
    return "goal" if mark.meets(mark.goal) else "floor" if mark.meets(mark.floor) else "**short**"


def shortfalls(results: Sequence[Result]) -> str:
    """What misses its floor, what misses its goal, and what could not be judged, as a list."""
    told = {"the floor": [], "the goal only": [], "a measurement": []}  # type: dict[str, list[str]]
    for result in results:
        for mark in result.marks:
            if mark.value is None:
                told["a measurement"].append(f"{result.row} ({mark.what})")
            elif not mark.meets(mark.floor):
                told["the floor"].append(f"{result.row}: {_number(mark.value)} for {mark.floor:g} {mark.what}")
            elif not mark.meets(mark.goal):
                told["the goal only"].append(f"{result.row}: {_number(mark.value)} for {mark.goal:g} {mark.what}")
    return "".join(f"* Missing {what}: {'; '.join(rows) or 'none'}.\n" for what, rows in told.items())


def _spread(times: Sequence[float], scale: float) -> str:
    low, high = min(times) * scale, max(times) * scale
    return f"{_number(median(times) * scale)} ({_number(low)} to {_number(high)})"


def _ratio(times: Sequence[float], ours: Sequence[float] | None) -> str:
    return f", {_number(median(times) / median(ours))}x" if ours and median(ours) > 0 else ""


def _number(value: float) -> str:
    """Three digits, never in powers of ten."""
    if value == 0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{min(digits, 9)}f}"
