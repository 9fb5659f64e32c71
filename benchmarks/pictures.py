"""What glassnet learns from pictures, how fast it reads them, and in how much memory: every row is commands that a user could type.

    python -m benchmarks.pictures --data DIR [--only NAME ...] [--resume FILE]

DIR holds cats_dogs_64 (a sub-folder per class, files called by number; 0 mod 5 are held out), cats_dogs_photos, fer2013_train.npz (the last
3,000 rows are held out) and mnist.npz. Rows whose data are not there are left out, with a word. Held-out pictures are no part of the
training's folder, and decide nothing. Each command is a process of its own, which reports the most memory it has held. Where chance
weighs as much as what is asked, the command runs with several seeds. It takes an hour; with ``--resume`` what is measured goes into a
file as it is made, and what is there already is not measured again.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.machine import machine, versions
from glassnet.data.hog import hog
from glassnet.data.image_decoding import decode

RESULTS = Path(__file__).with_name("PICTURES.md")
HOG_ROUNDS = 20
GLASSNET = "import sys; sys.argv[0] = 'glassnet'; from glassnet.cli import main; main()"


@dataclass(frozen=True)
class Outcome:
    """One row of the page."""

    task: str
    how: str
    measure: str
    value: float
    goal: float
    seconds: float
    memory: float | None = None
    larger_is_better: bool = True

    @property
    def reached(self) -> bool:
        """Whether the value is at least (or at most) what was asked."""
        return self.value >= self.goal if self.larger_is_better else self.value <= self.goal

    def line(self) -> str:
        """As a row of a Markdown table."""
        sign = ">=" if self.larger_is_better else "<="
        memory = "" if self.memory is None else f"{self.memory:,.0f}"
        verdict = "" if np.isnan(self.goal) else "yes" if self.reached else "**no**"
        asked = "" if np.isnan(self.goal) else f"{sign} {self.goal:g}"
        return f"| {self.task} | `{self.how}` | {self.measure} | {self.value:.4g} | {asked} | {verdict} | {self.seconds:.0f} | {memory} |"


def glassnet(*words: str) -> dict[str, Any]:
    """What the command prints as JSON; its remarks go where ours go."""
    surroundings = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", GLASSNET, *words, "--json"], stdout=subprocess.PIPE, env=surroundings, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def learned(task: str, train: Path, test: Path | None, options: str, goal: float, work: Path, seeds: int = 1) -> Outcome:
    """Train with these options; the accuracy on the pictures of ``test``, or on the test rows of the file: the mean over the seeds."""
    share = ["--test-fraction", "0"] if test is not None else []
    accuracies, seconds, memory = [], [], []
    for seed in range(seeds):
        began = time.perf_counter()
        run = str(work / f"run-{len(list(work.glob('run-*')))}")
        result = glassnet("train", str(train), *shlex.split(options), *share, "--seed", str(seed), "-o", run)
        metrics = result["test"] if test is None else glassnet("evaluate", run, str(test))["metrics"]
        accuracies.append(metrics["accuracy"])
        seconds.append(time.perf_counter() - began)
        memory.append(result["training"]["peak_memory_bytes"] / 2**20)
    how = " ".join(["glassnet train", train.name, options]).strip()
    measure = "accuracy" if seeds == 1 else f"accuracy, mean of {seeds} seeds ({min(accuracies):.4f} to {max(accuracies):.4f})"
    return Outcome(task, how, measure, float(np.mean(accuracies)), goal, float(np.mean(seconds)), max(memory))


def cats_and_dogs(data: Path, work: Path) -> Iterator[Outcome]:
    """15,000 photos to learn from, 3,750 held out."""
    for label in ("cat", "dog"):
        for part in ("train", "held"):
            (work / "cats_dogs" / part / label).mkdir(parents=True)
        for photo in (data / "cats_dogs_64" / label).glob("*.jpg"):
            part = "held" if int(photo.stem) % 5 == 0 else "train"
            (work / "cats_dogs" / part / label / photo.name).symlink_to(photo.resolve())
    train, held = work / "cats_dogs" / "train", work / "cats_dogs" / "held"
    rows = {
        "--model logistic": 0.60,
        "--model logistic --features hog": 0.73,
        "--features hog": 0.77,
        "": float("nan"),
    }
    for options, goal in rows.items():
        seeds = 3 if goal == 0.77 else 1
        yield learned("cats and dogs, 64 x 64", train, held, options, goal, work, seeds)


def faces(data: Path, work: Path) -> Iterator[Outcome]:
    """Seven expressions, 25,709 faces to learn from, the last 3,000 held out."""
    path = work / "faces.npz"
    with np.load(data / "fer2013_train.npz", allow_pickle=False) as file:
        X, y, names = file["X"], file["y"], file["class_names"]
    np.savez(path, X_train=X[:-3000], y_train=y[:-3000], X_test=X[-3000:], y_test=y[-3000:], class_names=names)
    longer = "--hidden 512,256 --dropout 0.3 --alpha 0.2 --augment flip,shift"
    slower = "--val-fraction 0.05 --learning-rate 0.0003 --patience 20 --epochs 250"
    rows = {"": float("nan"), f"--size 24 {longer} {slower}": 0.45, "--features hog": float("nan"), "--features both": float("nan")}
    for options, goal in rows.items():
        yield learned("facial expressions, 48 x 48", path, None, options, goal, work, seeds=3 if goal == 0.45 else 1)


def digits(data: Path, work: Path) -> Iterator[Outcome]:
    """MNIST's official test rows."""
    longer = "--hidden 512 --dropout 0.5 --alpha 0.05 --learning-rate 0.0005 --val-fraction 0.05 --augment shift --epochs 50"
    for options, goal in (
        (longer, 0.983),
        ("--hidden 300 --dropout 0.3", float("nan")),
        ("--hidden 300 --dropout 0.3 --features hog", 0.983),
    ):
        yield learned("handwritten digits", data / "mnist.npz", None, options, goal, work)


def photos(data: Path, work: Path) -> Iterator[Outcome]:
    """802 photos as a user would have them, how many a second one core decodes, and how many histograms it makes."""
    folder = data / "cats_dogs_photos"
    began = time.perf_counter()
    glassnet("train", str(folder), "--features", "hog", "-o", str(work / "run-photos"))
    seconds = time.perf_counter() - began
    how = "glassnet train cats_dogs_photos --features hog"
    yield Outcome("802 photos of mixed sizes", how, "seconds, all of it", seconds, 60.0, seconds, larger_is_better=False)
    paths = [str(path) for path in folder.rglob("*.jpg")]
    decode(paths[0], 64, False)
    began = time.process_time()
    decoded = [decode(path, 64, False) for path in paths]
    seconds = time.process_time() - began
    yield Outcome("the same", "decode(path, 64, grey=False)", "photos a second of one core", len(paths) / seconds, 700.0, seconds)
    pixels = np.stack([pixels for pixels in decoded if not isinstance(pixels, str)])
    hog(pixels[:1], 64, 3)
    began = time.process_time()
    for _ in range(HOG_ROUNDS):
        hog(pixels, 64, 3)
    seconds = time.process_time() - began
    rate = HOG_ROUNDS * len(pixels) / seconds
    yield Outcome("the same", "hog(pixels, 64, channels=3)", "photos a second of one core", rate, float("nan"), seconds)


def memory(data: Path, work: Path) -> Iterator[Outcome]:
    """Pictures of noise in two classes, 25,000 of 64 x 64 x 3 and 20,000 of 100 x 100 x 3: in memory, and as a file that stays on disk."""
    random = np.random.default_rng(0)
    for n, size, goal in ((25_000, 64, 2000.0), (20_000, 100, float("nan"))):
        folder = work / f"noise{size}"
        folder.mkdir()
        pixels = np.lib.format.open_memmap(folder / "X.npy", mode="w+", dtype=np.uint8, shape=(n, size, size, 3))
        for start in range(0, n, 1000):
            pixels[start : start + 1000] = random.integers(0, 256, (1000, size, size, 3), dtype=np.uint8)
        pixels.flush()
        y = np.arange(n) % 2
        np.save(folder / "y.npy", y)
        np.savez(folder / "noise.npz", X=pixels, y=y)
        del pixels
        for name, where in (("noise.npz", "in memory"), ("X.npy", "memory-mapped")):
            for options in ("--hidden 128 --epochs 2", "--model logistic --epochs 3"):
                began = time.perf_counter()
                found = glassnet("train", str(folder / name), *options.split(), "-o", str(folder / f"run-{name}{len(options)}"))
                peak = found["training"]["peak_memory_bytes"] / 2**20
                seconds = time.perf_counter() - began
                task = f"{n:,} x {size * size * 3:,} pixels, {where}"
                measure = "MB at most" if where == "in memory" else "MB at most, mapped pages counted"
                yield Outcome(task, f"glassnet train {name} {options}", measure, peak, goal, seconds, peak, larger_is_better=False)


ROWS: dict[str, tuple[str, Callable[[Path, Path], Iterator[Outcome]]]] = {
    "photos": ("cats_dogs_photos", photos),
    "cats-and-dogs": ("cats_dogs_64", cats_and_dogs),
    "faces": ("fer2013_train.npz", faces),
    "digits": ("mnist.npz", digits),
    "memory": ("", memory),
}


def page(lines: list[str], left_out: list[str]) -> str:
    """The whole Markdown page."""
    rows = "\n".join(lines)
    missing = "".join(f"\nLeft out: {word}." for word in left_out)
    return f"""# What glassnet learns from pictures

Written by `python -m benchmarks.pictures --data DIR`. Seed 0 and one run, where nothing else is said. Held-out pictures are no part of the
training; a part of the training pictures (15 %, or `--val-fraction`) decides when it stops. Seconds are of the whole command: reading,
preparing, training, baselines, figures; they are wall time, longer where the machine has other work as well.
On {machine()}. {versions(("numpy", "numba", "pillow"))}.

| task | how | measure | value | asked | reached | seconds | MB |
|---|---|---|---|---|---|---|---|
{rows}
{missing}"""


def main() -> int:
    """Run the rows, print and write the table; 1 where one falls short."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pictures", description="What glassnet learns from pictures, as a table.")
    parser.add_argument("--data", type=Path, required=True, help="the directory of the pictures")
    parser.add_argument("--only", nargs="+", choices=ROWS, help="these rows only; nothing is written but the file of --resume")
    parser.add_argument("--resume", type=Path, metavar="FILE", help="keep what is measured here, and take what is there")
    given = parser.parse_args()
    kept: dict[str, list[dict[str, Any]]] = {}
    if given.resume is not None and given.resume.exists():
        kept = json.loads(given.resume.read_text(encoding="utf-8"))
    outcomes: list[Outcome] = []
    left_out = []
    for name in given.only or ROWS:
        needed, run = ROWS[name]
        if not (given.data / needed).exists():
            left_out.append(f"{name}, which needs {needed}")
            continue
        if name not in kept:
            with tempfile.TemporaryDirectory() as work:
                kept[name] = [vars(shown(outcome)) for outcome in run(given.data, Path(work))]
            if given.resume is not None:
                given.resume.write_text(json.dumps(kept, indent=1), encoding="utf-8")
        outcomes += [Outcome(**outcome) for outcome in kept[name]]
    for word in left_out:
        print(f"left out: {word}", file=sys.stderr)
    if given.only is None:
        RESULTS.write_text(page([outcome.line() for outcome in outcomes], left_out), encoding="utf-8")
        print(f"written to {RESULTS.name}", file=sys.stderr)
    return int(any(not (np.isnan(outcome.goal) or outcome.reached) for outcome in outcomes))


def shown(outcome: Outcome) -> Outcome:
    """Print it as soon as it is there."""
    print(outcome.line(), flush=True)
    return outcome


if __name__ == "__main__":
    sys.exit(main())
