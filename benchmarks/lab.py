"""The lab's engine: pictures a second that are sent while training runs, and what sending them costs the training.

    python -m benchmarks.lab [--seconds 6] [--repeats 3]

A lesson is played at full speed by ``glassnet lab`` and its stream of events is read as a page reads it. *Alone* is the same training, the
program that the lab itself writes, with as many epochs, in the training's time; the ratio is the share of that pace which is left while
pictures are sent. The two take turns, and the median of the ratios is told.
"""

from __future__ import annotations

import argparse
import http.client
import statistics
import subprocess
import sys
import threading
import time
from typing import Any

from benchmarks.lab_page import TOKEN, asked, running
from benchmarks.machine import machine

LESSONS = {
    "2-8-8-1, 2,000 points, batches of 20": "data=spirals&samples=2000&hidden=8:tanh,8:tanh",
    "2-8-8-1, 10,000 points, batches of 100": "data=spirals&samples=10000&hidden=8:tanh,8:tanh&batch=100",
    "2-8-5, 2,000 points, batches of 50": "data=blobs&classes=5&samples=2000&hidden=8:relu&batch=50",
    "64-300-10, 1,797 digits, batches of 20": "data=digits&samples=1797&hidden=300:relu",
}
TIMED = """
import time, json, warnings
warnings.simplefilter("ignore")
net.fit(X[learned], y[learned], X_val=X[held_out], y_val=y[held_out])
print(json.dumps(net.n_iter_ / net.history_[-1]["seconds"]))
"""
"""The fit once more, when kernels and caches are warm."""


def counted(address: str, counts: dict[str, int], size: list[int]) -> threading.Thread:
    """Read the stream of events in a thread; ``counts`` by kind, ``size`` in bytes."""
    port = int(address.split(":")[2].split("/")[0])
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", f"/api/events?token={TOKEN}")
    answer = connection.getresponse()

    def read() -> None:
        for line in answer:
            if line.startswith(b"event: "):
                kind = line[7:].strip().decode()
                counts[kind] = counts.get(kind, 0) + 1
            elif line.startswith(b"data: "):
                size[0] += len(line)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    return thread


def epoch_of(address: str) -> int:
    """Epochs done: scrubbing to the newest tells, and pauses."""
    done: int = asked(address, {"command": "scrub", "epoch": None})["epoch"]
    return done


def alone(code: str, epochs: int) -> float:
    """Epochs a second of the same program."""
    lines = [line for line in code.splitlines() if not line.startswith("net.fit")]
    text = "\n".join(lines).replace("max_iter=1,", f"max_iter={epochs},").replace("n_iter_no_change=1,", f"n_iter_no_change={epochs},")
    warm = text.replace(f"max_iter={epochs},", "max_iter=3,") + "\nnet.fit(X[learned], y[learned], X_val=X[held_out], y_val=y[held_out])\n"
    told = subprocess.run([sys.executable, "-W", "ignore", "-c", warm + text + TIMED], capture_output=True, text=True, check=True).stdout
    return float(told)


def measured(query: str, seconds: float, repeats: int) -> dict[str, Any]:
    """Pictures and kilobytes a second, epochs a second watched and alone, and the median ratio of the two."""
    ratios, rates, paces, sizes = [], [], [], []
    for _ in range(repeats):
        counts: dict[str, int] = {}
        size = [0]
        with running() as (address, _):
            counted(address, counts, size)
            asked(address, {"command": "load_state", "query": query})
            asked(address, {"command": "step", "what": "epoch"})
            time.sleep(1.0)
            code = asked(address, {"command": "code"})["code"]
            asked(address, {"command": "play"})
            time.sleep(1.0)
            first, done, sent, began = counts.get("frame", 0), epoch_of(address), size[0], time.perf_counter()
            asked(address, {"command": "play"})
            time.sleep(seconds)
            frames, bytes_, passed = counts.get("frame", 0) - first, size[0] - sent, time.perf_counter() - began
            pace = (epoch_of(address) - done) / passed
        free = alone(code, max(10, int(pace * seconds)))
        ratios.append(pace / free)
        rates.append(frames / passed)
        sizes.append(bytes_ / passed / 1e3)
        paces.append((pace, free))
    watched, free = (statistics.median(pair[i] for pair in paces) for i in (0, 1))
    return {
        "ratio": statistics.median(ratios),
        "frames": statistics.median(rates),
        "kilobytes": statistics.median(sizes),
        "watched": watched,
        "alone": free,
    }


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    print(f"{machine()}\n\n{'lesson':42s} {'pictures/s':>10s} {'kB/s':>7s} {'epochs/s':>9s} {'alone':>9s} {'ratio':>6s}")
    for name, query in LESSONS.items():
        found = measured(query, given.seconds, given.repeats)
        paces = f"{found['watched']:9.1f} {found['alone']:9.1f} {found['ratio']:6.2f}"
        print(f"{name:42s} {found['frames']:10.1f} {found['kilobytes']:7.0f} {paces}", flush=True)


if __name__ == "__main__":
    main()
