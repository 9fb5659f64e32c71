"""Trying thousands of files in a child process whose memory is capped, under a watchdog; a child that dies is found out and replaced."""

from __future__ import annotations

import json
import mmap
import multiprocessing
import resource
import signal
import struct
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from torture.outcome import Outcome

WATCHDOG = 20
"""Seconds of work that one file may take."""
PATIENCE = 15 * WATCHDOG
"""Seconds of the clock, for a file that waits where it should work; a busy machine is given its time."""


def capped(bytes_more: int) -> None:
    """No more memory than the process has now and ``bytes_more``."""
    with open("/proc/self/statm") as file:
        size = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + bytes_more, size + bytes_more))


@dataclass(frozen=True)
class Work:
    """``count`` mutants of one kind, each tried in a child; where a child dies, the next one goes on behind the culprit.

    ``attempt(folder, seed, number)`` answers with what became of a mutant; ``cap`` is how much memory it may take, in bytes.
    """

    name: str
    count: int
    attempt: Callable[[Path, int, int], str]
    cap: int

    def run(self, outcome: Outcome, folder: Path, seed: int) -> None:
        """Try all of them. Children are begun afresh, for threads of a library do not live through a fork."""
        at, found = 0, Counter[str]()
        progress, findings = folder / "progress", folder / "findings"
        while at < self.count:
            findings.unlink(missing_ok=True)
            child = multiprocessing.get_context("spawn").Process(target=self.all_from, args=(at, folder, seed))
            child.start()
            child.join()
            if findings.exists():
                found += Counter(json.loads(findings.read_text()))
            if child.exitcode == 0:
                break
            culprit = struct.unpack("q", progress.read_bytes())[0]
            what = (
                "took too long"
                if child.exitcode in (-signal.SIGALRM, -signal.SIGPROF)
                else f"ended the process with status {child.exitcode}"
            )
            outcome.broken.append(f"{self.name}: mutant {culprit} {what}")
            at = culprit + 1
        for kind in [kind for kind in found if kind.startswith("BROKEN")]:
            outcome.broken.append(f"{self.name}: {found.pop(kind)} times {kind[7:]}")
        outcome.facts[self.name] = f"{self.count:,} mutants: {dict(found)}"

    def all_from(self, at: int, folder: Path, seed: int) -> None:
        """In the child: mutant after mutant; what became of them goes into a file."""
        (folder / "progress").write_bytes(bytes(8))
        found = Counter[str]()
        self.attempt(folder, seed, -1)  # brings in modules, threads and kernels, which are not the file's
        capped(self.cap)
        with open(folder / "progress", "r+b") as file, mmap.mmap(file.fileno(), 8) as board:
            for number in range(at, self.count):
                board[:] = struct.pack("q", number)
                signal.setitimer(signal.ITIMER_PROF, WATCHDOG)
                signal.alarm(PATIENCE)
                try:
                    found[self.attempt(folder, seed, number)] += 1
                except BaseException as error:
                    kind = f"BROKEN {type(error).__name__}: {str(error)[:60]}"
                    found[kind if kind in found or len(found) < 40 else "BROKEN others"] += 1
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.alarm(0)
        (folder / "findings").write_text(json.dumps(found))
