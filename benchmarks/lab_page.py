"""How the lab's page keeps up: its size, its first paint, pictures a second while training runs, and what watching costs the training.

    python -m benchmarks.lab_page [--data DIR] [--seconds 6] [--repeats 3]

DIR holds mnist.npz; without it the large network is left out. Each lesson is played at full speed in a headless Chromium (CHROMIUM_PATH,
or the first one found) on the same machine as the engine. Pictures are counted by the page, one for each painted frame in which something
new was drawn. The pace beside them is that of the training while it is watched; *alone* is the same program, written by the lab, run
without it. Their share is told twice: by the clock, which needs a core for the browser beside one for the training, and by the processor
time of the training process (Linux), which does not mind what else is running.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import json
import math
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.machine import machine

STATIC = Path(__file__).parents[1] / "src" / "glassnet" / "lab" / "static"
TOKEN = "a-token-of-the-benchmark"
LESSONS = {
    "2-8-8-1, 2,000 points": "data=xor&samples=2000&hidden=8:tanh,8:tanh&batch=20",
    "2-8-8-1, 10,000 points": "data=spirals&samples=10000&hidden=8:tanh,8:tanh&batch=100",
}
LARGE = "hidden=300:relu&batch=100&samples=10000&lr=0.001"
LEAST_ALONE = 2.0
"""Seconds that the program alone runs at least."""


class Running(NamedTuple):
    """A lab: its address, token and all, and its process."""

    address: str
    pid: int

    def worked(self) -> float:
        """Seconds of processor time that its training process has taken; nan where nobody tells."""
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                parts = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(parts[1]) == self.pid and b"spawn_main" in (entry / "cmdline").read_bytes():
                    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")
        return math.nan


@contextlib.contextmanager
def running(*arguments: str) -> Iterator[Running]:
    """A lab."""
    command = [sys.executable, "-m", "glassnet", "lab", *arguments, "--no-browser", "--port", "0"]
    environment = {**os.environ, "GLASSNET_LAB_TOKEN": TOKEN}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Running(process.stdout.readline().strip(), process.pid)
        finally:
            process.send_signal(signal.SIGINT)


def asked(address: str, command: dict[str, Any]) -> dict[str, Any]:
    """What the engine answers."""
    root = address.split("?")[0]
    headers = {"Content-Type": "application/json", "X-Glassnet-Token": TOKEN}
    request = urllib.request.Request(root + "api/command", json.dumps(command).encode(), headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        result: dict[str, Any] = json.load(answer)["result"] or {}
    return result


def alone(program: str, epochs: int) -> tuple[float, float]:
    """Epochs a second, of the clock and of processor time, of the lab's program for this lesson without the lab, compiled before."""
    program = re.sub(r"max_iter=\d+", f"max_iter={epochs}", re.sub(r"n_iter_no_change=\d+", f"n_iter_no_change={epochs}", program))
    *before, fit = program.rstrip().split("\n")
    timed = ["import time, warnings", "warnings.simplefilter('ignore')", *before, fit]
    timed += ["began = time.perf_counter(), time.process_time()", fit]
    timed.append("print(time.perf_counter() - began[0], time.process_time() - began[1])")
    done = subprocess.run([sys.executable, "-c", "\n".join(timed)], capture_output=True, text=True, check=True)
    clock, worked = map(float, done.stdout.split()[-2:])
    return epochs / clock, epochs / worked


def watched(page: Any, lab: Running, lesson: str, seconds: float) -> tuple[float, float, float, float]:
    """(first paint in s, pictures a second, epochs a second of the clock and of processor time) while this lesson is played and watched."""
    page.goto("about:blank")
    page.goto(f"{lab.address}#{lesson}")
    page.wait_for_function("() => document.querySelectorAll('.edges [data-edge]').length > 0")
    page.wait_for_function("first => document.querySelector('main').dataset.query.startsWith(first)", arg=lesson.split("&")[0])
    painted = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    page.select_option('[data-control="speed"]', "")
    page.click('[data-control="play"]')
    page.wait_for_timeout(1500)
    look = "() => [performance.now(), window.glassnetFrames, parseFloat(document.querySelector('[data-node=epoch]').dataset.value)]"
    (t0, frames0, epoch0), worked0 = page.evaluate(look), lab.worked()
    page.wait_for_timeout(1000 * seconds)
    (t1, frames1, epoch1), worked1 = page.evaluate(look), lab.worked()
    page.click('[data-control="play"]')
    passed = (t1 - t0) / 1000
    epochs = epoch1 - epoch0
    return painted / 1000, (frames1 - frames0) / passed, epochs / passed, epochs / (worked1 - worked0)


def measured(arguments: tuple[str, ...], name: str, lesson: str, seconds: float, repeats: int) -> str:
    """A row of the table: medians of ``repeats``, watched and alone in turn."""
    from playwright.sync_api import sync_playwright

    path = os.environ.get("CHROMIUM_PATH") or next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    found = []
    with running(*arguments) as lab, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1280, "height": 900}, locale="en-US")
        page.set_default_timeout(120_000)
        for _ in range(repeats):
            paint, frames, pace, effort = watched(page, lab, lesson, seconds)
            asked(lab.address, {"command": "reset"})
            program = asked(lab.address, {"command": "code"})["code"]
            page.goto("about:blank")
            bare, bare_effort = alone(program, max(2, int(pace * LEAST_ALONE)))
            found.append((paint, frames, pace, bare, pace / bare, effort / bare_effort))
        browser.close()
    paint, frames, pace, bare, share, of_work = map(statistics.median, zip(*found, strict=True))
    return f"| {name} | {paint:.2f} | {frames:.1f} | {pace:,.1f} | {bare:,.1f} | {share:.0%} | {of_work:.0%} |"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="the folder that holds mnist.npz")
    parser.add_argument("--seconds", type=float, default=6.0, help="how long each lesson is watched (default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=3, help="how often, in turn with the program alone (default: %(default)s)")
    options = parser.parse_args()
    print(machine())
    for name in ("app.js", "app.css", "index.html"):
        content = (STATIC / name).read_bytes()
        print(f"{name}: {len(content) / 1000:.1f} kB, {len(gzip.compress(content, 9)) / 1000:.1f} kB compressed")
    print("\n| network, rows | first paint, s | pictures/s | epochs/s, watched | alone | by the clock | by processor time |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    jobs: list[tuple[tuple[str, ...], str, str]] = [((), name, lesson) for name, lesson in LESSONS.items()]
    if options.data is not None:
        jobs.append(((str(options.data / "mnist.npz"),), "784-300-10, 10,000 pictures", f"data=given&{LARGE}"))
    for arguments, name, lesson in jobs:
        print(measured(arguments, name, lesson, options.seconds, options.repeats), flush=True)


if __name__ == "__main__":
    main()
