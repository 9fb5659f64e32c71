"""What glassnet learns: classical shapes from seeds, real tables by folds, handwritten digits. Each is one network, no ensembles.

    python -m benchmarks.accuracy --data DIR [--only NAME ...]

Rows that need a file are left out, with a word, where DIR does not hold it. Everything is float32; the rows that are scored are never
learned from and never decide when to stop: that is done by a part of the training rows.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import KFold, StratifiedKFold

from benchmarks.machine import machine, versions
from glassnet import LogisticRegression, MLPClassifier, TablePreparation, read_table
from glassnet.data.splitting import split_rows
from glassnet.data.targets import decide_task, target_values
from glassnet.runs.choices import decided, estimator_for
from glassnet.runs.config import RunConfig

Array = NDArray[Any]

RESULTS = Path(__file__).with_name("ACCURACY.md")
CORNERS = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]], np.float32)
EXCLUSIVE_OR = np.array([0, 1, 1, 0])


@dataclass(frozen=True)
class Outcome:
    """What was reached, run by run, and what was asked."""

    task: str
    recipe: str
    measure: str
    values: list[float]
    goal: float
    larger_is_better: bool = True
    remark: str = ""

    @property
    def mean(self) -> float:
        """The mean of the runs."""
        return float(np.mean(self.values))

    @property
    def reached(self) -> bool:
        """Whether the mean is at least (or at most) what was asked."""
        return self.mean >= self.goal if self.larger_is_better else self.mean <= self.goal


# ---- shapes


def exclusive_or() -> Iterator[Outcome]:
    """One neuron cannot, with the product it can, three hidden units can, from nearly every seed and by hand."""
    single = MLPClassifier((), solver="lbfgs", alpha=0, random_state=0).fit(CORNERS, EXCLUSIVE_OR)
    yield Outcome("XOR, one neuron", "lbfgs", "loss where it stops (nats; ln 2 = 0.693)", [single.loss_], 0.69)
    product = np.column_stack([CORNERS, CORNERS[:, 0] * CORNERS[:, 1]])
    neuron = LogisticRegression(C=1e4).fit(product, EXCLUSIVE_OR)
    yield Outcome("XOR, one neuron and x1 x2", "logistic regression, C=1e4", "corners right", [neuron.score(product, EXCLUSIVE_OR)], 1.0)
    recipe: dict[str, Any] = {"activation": "elu", "learning_rate_init": 0.1, "alpha": 0.0, "max_iter": 1000, "target": 0.01}
    solved = []
    for seed in range(100):
        net = MLPClassifier(3, random_state=seed, n_iter_no_change=1000, **recipe).fit(CORNERS, EXCLUSIVE_OR)
        solved.append(float(net.score(CORNERS, EXCLUSIVE_OR) == 1.0))
    words = "elu, inputs -1 and 1, Adam at 0.1, to a loss of 0.01 or 1,000 epochs, no restarts"
    yield Outcome("XOR, 3 hidden units", words, "share of 100 seeds with all corners right", solved, 0.95)
    W, b = [[10, -10, 10], [-10, 10, 10]], [-10, -10, -10]
    by_hand = MLPClassifier.from_weights([W, [[20], [20], [-20]]], [b, [-10]], activation="logistic")
    words = "from_weights: the first alone, the second alone, both"
    yield Outcome("XOR, 3 hidden units by hand", words, "corners right", [by_hand.score(CORNERS, EXCLUSIVE_OR)], 1.0)


def rings(n: int, random: np.random.Generator) -> tuple[Array, Array]:
    """Rings of radius 5 and 10 with unit normal noise on the radius; half of the points each."""
    y = np.arange(n) % 2
    radius = np.where(y, 10.0, 5.0) + random.standard_normal(n)
    angle = random.uniform(0.0, 2.0 * np.pi, n)
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)]).astype(np.float32), y


def donut() -> Iterator[Outcome]:
    """The inner ring from the outer one, by eight units."""
    scores = []
    for seed in range(10):
        random = np.random.default_rng(seed)
        X, y = rings(1000, random)
        X_new, y_new = rings(10_000, random)
        net = MLPClassifier(8, activation="tanh", solver="lbfgs", alpha=0.1, max_iter=1000, random_state=seed).fit(X / 5, y)
        scores.append(net.score(X_new / 5, y_new))
    remark = "of 1,000 points; no classifier can pass 99.4 %"
    words = "tanh, inputs / 5, lbfgs, alpha 0.1"
    yield Outcome("donut, 8 hidden units", words, "accuracy, 10,000 fresh points", scores, 0.985, remark=remark)


# ---- tables


def learned(frame: pl.DataFrame, target: str, train: Array, test: Array, seed: int, config: RunConfig) -> float:
    """The score of ``glassnet train``'s network on the rows ``test``: accuracy or R2."""
    task = decide_task(frame[target])
    y = target_values(frame[target], task)
    inner, watched, _ = split_rows(y[train], task.kind, test_fraction=0.0, val_fraction=config.val_fraction, seed=seed)
    inner, watched = train[inner], train[watched]
    inputs = frame.drop(target)
    preparation = TablePreparation().fit(inputs[inner])
    X = preparation.transform(inputs)
    held_out = {"X_val": X[watched], "y_val": y[watched]} if len(watched) else {}
    model = estimator_for(decided(config.replace(seed=seed), task.kind, len(inner)), watched=bool(held_out))
    model.fit(X[inner], y[inner], **held_out)
    return float(model.score(X[test], y[test]))


def by_folds(frame: pl.DataFrame, target: str, config: RunConfig) -> list[float]:
    """The scores of five folds."""
    y = frame[target].to_numpy()
    stratified = decide_task(frame[target]).kind == "classification"
    folds = (StratifiedKFold if stratified else KFold)(5, shuffle=True, random_state=0)
    return [learned(frame, target, train, test, fold, config) for fold, (train, test) in enumerate(folds.split(y, y))]


def ecommerce(data: Path) -> Iterator[Outcome]:
    """What visitors of a shop do: four classes, 400 rows to learn from."""
    frame = read_table(data / "ecommerce_data.csv", text=["time_of_day"])
    config = RunConfig(hidden=(16,), activation="tanh", solver="lbfgs", alpha=1.0, val_fraction=0.0)
    scores = []
    for seed in range(10):
        order = np.random.RandomState(seed).permutation(len(frame))
        scores.append(learned(frame, "user_action", order[:-100], order[-100:], seed, config))
    words = "16 tanh units, lbfgs, alpha 1, no held-out rows"
    yield Outcome("ecommerce", words, "accuracy, last 100 rows after a seeded shuffle", scores, 0.93)


def california(data: Path) -> Iterator[Outcome]:
    """House values of districts."""
    scores = by_folds(read_table(data / "california_housing.csv"), "median_house_value", RunConfig())
    yield Outcome("California housing", "defaults of `glassnet train`", "R2, 5 folds", scores, 0.785)


def adult(data: Path) -> Iterator[Outcome]:
    """Incomes above 50,000 dollars."""
    scores = by_folds(read_table(data / "adult-train.csv", header=False), "c15", RunConfig())
    yield Outcome("Adult", "defaults of `glassnet train`", "accuracy, 5 folds", scores, 0.852)


def airfoil(data: Path) -> Iterator[Outcome]:
    """Noise of aerofoils in a wind tunnel."""
    scores = by_folds(read_table(data / "airfoil_self_noise.dat"), "TARGET", RunConfig())
    yield Outcome("airfoil self-noise", "defaults of `glassnet train`", "R2, 5 folds", scores, 0.90)


def digits(data: Path) -> Iterator[Outcome]:
    """Handwritten digits: 784-300-10, the official test rows."""
    with np.load(data / "mnist.npz", allow_pickle=False) as file:
        X, X_test = (((file[name].reshape(-1, 784) / 255.0) - 0.1307) / 0.3081 for name in ("X_train", "X_test"))
        y, y_test = file["y_train"], file["y_test"]
    net = MLPClassifier(300, learning_rate_init=0.002, batch_size=128, dropout=0.3, schedule="cosine", max_iter=15, random_state=0)
    net.fit(X.astype(np.float32), y)
    score = net.score(X_test.astype(np.float32), y_test)
    words = "dropout 0.3, Adam at 0.002 falling as a cosine, batches of 128, 15 epochs, seed 0"
    yield Outcome("MNIST, 784-300-10", words, "accuracy, 10,000 test rows", [score], 0.982)


SHAPES: dict[str, Callable[[], Iterator[Outcome]]] = {"xor": exclusive_or, "donut": donut}
TABLES: dict[str, tuple[str, Callable[[Path], Iterator[Outcome]]]] = {
    "ecommerce": ("ecommerce_data.csv", ecommerce),
    "mnist": ("mnist.npz", digits),
    "california": ("california_housing.csv", california),
    "adult": ("adult-train.csv", adult),
    "airfoil": ("airfoil_self_noise.dat", airfoil),
}


# ---- the page


def line(outcome: Outcome, seconds: float) -> str:
    """One row of the table."""
    values, runs = np.array(outcome.values), len(outcome.values)
    spread = f"{values.min():.4f} to {values.max():.4f}, sd {values.std():.4f}, {runs} runs" if runs > 1 else "1 run"
    if set(values) <= {0.0, 1.0} and runs > 1:
        spread = f"{runs} seeds"
    asked = f"{'>=' if outcome.larger_is_better else '<='} {outcome.goal:g}"
    recipe = outcome.recipe + (f" ({outcome.remark})" if outcome.remark else "")
    verdict = "yes" if outcome.reached else "**no**"
    return f"| {outcome.task} | {recipe} | {outcome.measure} | {outcome.mean:.4f} | {spread} | {asked} | {verdict} | {seconds:.0f} |"


def page(lines: list[str], left_out: list[str]) -> str:
    """The whole Markdown page."""
    rows = "\n".join(lines)
    missing = "".join(f"\nLeft out: {word}." for word in left_out)
    return f"""# What glassnet learns

Written by `python -m benchmarks.accuracy --data DIR`. Single networks, float32; seeds 0, 1, 2, ... for runs and folds (shuffled with
seed 0). Scored rows are never learned from and never decide when to stop. Seconds are of the whole row, all its runs, on {machine()}.
{versions(("numpy", "scikit-learn", "numba"))}.

| task | how | measure | mean | spread | asked | reached | seconds |
|---|---|---|---|---|---|---|---|
{rows}
{missing}"""


def main() -> int:
    """Run the rows, print and write the table; 1 where one falls short."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy", description="What glassnet learns, as a table.")
    parser.add_argument("--data", type=Path, help="the directory of the real tables; without it only the shapes are learned")
    parser.add_argument("--only", nargs="+", choices=[*SHAPES, *TABLES], help="these rows only; nothing is written")
    given = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    lines, left_out, short = [], [], 0
    for name in given.only or [*SHAPES, *TABLES]:
        if name in SHAPES:
            outcomes = SHAPES[name]()
        else:
            file, learn = TABLES[name]
            if given.data is None or not (given.data / file).is_file():
                left_out.append(f"{name}, which needs {file}")
                continue
            outcomes = learn(given.data)
        began = time.perf_counter()
        for outcome in outcomes:
            lines.append(line(outcome, time.perf_counter() - began))
            print(lines[-1], flush=True)
            short += not outcome.reached
            began = time.perf_counter()
    for word in left_out:
        print(f"left out: {word}", file=sys.stderr)
    if given.only is None:
        RESULTS.write_text(page(lines, left_out), encoding="utf-8")
        print(f"written to {RESULTS.name}", file=sys.stderr)
    return int(short > 0)


if __name__ == "__main__":
    sys.exit(main())
