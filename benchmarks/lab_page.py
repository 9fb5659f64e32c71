"""How the lab's page keeps up: its size, its first paint, pictures a second while training runs, and what watching costs the training.

    python -m benchmarks.lab_page [--data DIR] [--seconds 6]

DIR holds mnist.npz; without it the large network is left out. Each lesson is played at full speed in a headless Chromium (CHROMIUM_PATH,
or the first one found) on the same machine as the engine. Pictures are counted by the page, one for each painted frame in which something
new was drawn. The pace beside them is that of the training while it is watched; *alone* is the same program, written by the lab, run
without it.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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


@contextlib.contextmanager
def running(*arguments: str) -> Iterator[str]:
    """A lab; gives its address, token and all."""
    command = [sys.executable, "-m", "glassnet", "lab", *arguments, "--no-browser", "--port", "0"]
    environment = {**os.environ, "GLASSNET_LAB_TOKEN": TOKEN}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
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


def alone(program: str, epochs: int) -> float:
    """Epochs a second of the lab's program for this lesson without the lab, compiled before."""
    program = re.sub(r"max_iter=\d+", f"max_iter={epochs}", re.sub(r"n_iter_no_change=\d+", f"n_iter_no_change={epochs}", program))
    *before, fit = program.rstrip().split("\n")
    timed = ["import time, warnings", "warnings.simplefilter('ignore')", *before[1:], fit, "began = time.perf_counter()", fit]
    timed.append("print(time.perf_counter() - began)")
    done = subprocess.run([sys.executable, "-c", "\n".join(timed)], capture_output=True, text=True, check=True)
    return epochs / float(done.stdout.split()[-1])


def watched(page: Any, address: str, lesson: str, seconds: float) -> tuple[float, float, float]:
    """(first paint in s, pictures a second, epochs a second) while this lesson is played and watched."""
    page.goto("about:blank")
    page.goto(f"{address}#{lesson}")
    page.wait_for_function("() => document.querySelectorAll('.edges [data-edge]').length > 0")
    page.wait_for_function("first => document.querySelector('main').dataset.query.startsWith(first)", arg=lesson.split("&")[0])
    painted = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    page.select_option('[data-control="speed"]', "")
    page.click('[data-control="play"]')
    page.wait_for_timeout(1500)
    look = "() => [performance.now(), window.glassnetFrames, parseFloat(document.querySelector('[data-node=epoch]').dataset.value)]"
    t0, frames0, epoch0 = page.evaluate(look)
    page.wait_for_timeout(1000 * seconds)
    t1, frames1, epoch1 = page.evaluate(look)
    page.click('[data-control="play"]')
    passed = (t1 - t0) / 1000
    return painted / 1000, (frames1 - frames0) / passed, (epoch1 - epoch0) / passed


def measured(arguments: tuple[str, ...], name: str, lesson: str, seconds: float) -> str:
    """A row of the table."""
    from playwright.sync_api import sync_playwright

    path = os.environ.get("CHROMIUM_PATH") or next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with running(*arguments) as address, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1280, "height": 900}, locale="en-US")
        page.set_default_timeout(120_000)
        paint, frames, pace = watched(page, address, lesson, seconds)
        asked(address, {"command": "reset"})
        program = asked(address, {"command": "code"})["code"]
        browser.close()
    bare = alone(program, max(2, int(pace * LEAST_ALONE)))
    return f"| {name} | {paint:.2f} | {frames:.1f} | {pace:,.1f} | {bare:,.1f} | {pace / bare:.0%} |"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="the folder that holds mnist.npz")
    parser.add_argument("--seconds", type=float, default=6.0, help="how long each lesson is watched (default: %(default)s)")
    options = parser.parse_args()
    print(machine())
    for name in ("app.js", "app.css", "index.html"):
        content = (STATIC / name).read_bytes()
        print(f"{name}: {len(content) / 1000:.1f} kB, {len(gzip.compress(content, 9)) / 1000:.1f} kB compressed")
    print("\n| network, rows | first paint, s | pictures/s | epochs/s, watched | alone | share |\n|---|---:|---:|---:|---:|---:|")
    jobs: list[tuple[tuple[str, ...], str, str]] = [((), name, lesson) for name, lesson in LESSONS.items()]
    if options.data is not None:
        jobs.append(((str(options.data / "mnist.npz"),), "784-300-10, 10,000 pictures", f"data=given&{LARGE}"))
    for arguments, name, lesson in jobs:
        print(measured(arguments, name, lesson, options.seconds), flush=True)


if __name__ == "__main__":
    main()
