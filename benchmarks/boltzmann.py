"""Boltzmann machines: their speed beside scikit-learn's, and what they learn on MNIST and on patches of photographs.

    python -m benchmarks --rows rbm-batch-10 rbm-batch-100 --data DIR            speed, as the other rows are measured
    python -m benchmarks.boltzmann --data DIR [--parts exact likelihood ...]     long trainings, one after the other

DIR holds mnist.npz (X_train, y_train, X_test, y_test; uint8). Parts, each with its figure and what is asked of it:

    exact           784-20 machine: AIS within 0.1 nats of the exact log Z
    likelihood      784-500 machine on digits binarised once (a pixel is 1 with its intensity, seed 2008): test log-likelihood of -90 nats
                    or better by AIS, 100 runs over 20,000 temperatures, effective sample size at least 10; with fewer temperatures too
    edges           Gaussian machine on whitened patches of photographs (DIR/cats_dogs_photos, else scikit-learn's samples): filters, as a
                    picture to look at
    fine-tuning     784-500-500-1000-10, half of the published network's topmost layer: at most 1.2 % test error after pre-training, 0.15
                    points below random weights, 3 seeds
    few-labels      100 labels and 59,900 rows without: 4 points above the same network from the labels alone, 5 seeds
    sparsity        what the sparsity target of the fine-tuning is good for, with many rows and with few; nothing is asked

``--epochs`` and ``--seeds`` make a part shorter; the figures then say so.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.timing import OURS, Contender, Mark, Result, take_turns, times_faster

Array = NDArray[Any]

BINARISED = 2008
FINE_TUNED = (500, 500, 1000)
SPARSE: dict[str, Any] = {"schedule": "cosine", "momentum": 0.8, "sparsity_target": 0.1, "sparsity_cost": 0.3}
"""How the machines of the fine-tuning learn, beside the defaults."""
BOUNDS = {"rbm-batch-10": (10, 3.0, 5.0), "rbm-batch-100": (100, 1.8, 2.5)}


def run(row: str, *, quick: bool, repeats: int, data: Path | None) -> Result:
    """Seconds per epoch of 10,000 digits, 784-256, float32: whole ``fit`` calls, the same work from the same seed.

    In float64 both learn the same machine to rounding, which is asked of them first. In float32 the first of the 23 million samples that
    rounding turns sends chains, and so machines, elsewhere: scikit-learn's own as well, where its data change by 1e-7.
    """
    import sklearn.neural_network

    from glassnet.estimators.boltzmann.bernoulli_rbm import BernoulliRBM

    batch, floor, goal = BOUNDS[row]
    assert data is not None
    n, epochs = (3_000, 1) if quick else (10_000, 3)
    X = (np.load(data / "mnist.npz")["X_train"].reshape(-1, 784)[:n] / 255).astype(np.float32)
    settings: dict[str, Any] = {"n_components": 256, "batch_size": batch, "learning_rate": 0.05, "n_iter": epochs, "random_state": 0}

    def contender(name: str, kind: Any) -> Contender:
        return Contender(name, lambda _: kind(**settings).fit(X), per=epochs)

    alike = [
        kind(**{**settings, "n_iter": 1}).fit(X[:2000].astype(np.float64)) for kind in (BernoulliRBM, sklearn.neural_network.BernoulliRBM)
    ]
    gap = float(abs(alike[0].components_ - alike[1].components_).max())
    if gap > 1e-8:
        raise RuntimeError(f"the machines differ: after an epoch of 2,000 rows in float64 their weights are up to {gap:.3g} apart")
    times, _ = take_turns([contender(OURS, BernoulliRBM), contender("scikit-learn", sklearn.neural_network.BernoulliRBM)], repeats)
    return Result(
        row,
        f"BernoulliRBM 784-256, batch {batch}, n={n:,}",
        "s per epoch",
        times,
        [Mark("times faster than scikit-learn", times_faster(times, ["scikit-learn"]), floor, goal)],
        notes=[f"weights in float64 {gap:.1g} apart after an epoch of 2,000 rows; chains and sampling of visible units included"],
    )


def binarised(data: Path) -> tuple[Array, Array]:
    """Training and test digits, each pixel drawn once with its intensity as probability."""
    digits, random = np.load(data / "mnist.npz"), np.random.default_rng(BINARISED)
    draw = lambda X: (random.random((len(X), 784)) * 255 < X.reshape(-1, 784)).astype(np.float32)  # noqa: E731
    return draw(digits["X_train"]), draw(digits["X_test"])  # type: ignore[no-untyped-call]


def exact(data: Path, given: argparse.Namespace) -> None:
    """The part ``exact``."""
    from glassnet.estimators.boltzmann.rbm import RBM

    X, X_test = binarised(data)
    rbm = RBM(20, learning_rate=0.05, schedule="cosine", n_iter=given.epochs or 10, random_state=0).fit(X)
    truth = rbm.log_partition(method="exact")
    for n in (1_000, 10_000):
        estimate = rbm.log_partition(method="ais", n_temperatures=n, random_state=1)
        print(f"exact: {truth}; {estimate}; difference {estimate.value - truth.value:+.4f} (asked: 0.1)")
    print(f"exact: test log-likelihood {rbm.log_likelihood(X_test, log_partition=truth).mean():.2f} nats", flush=True)


def likelihood(data: Path, given: argparse.Namespace) -> None:
    """The part ``likelihood``."""
    from glassnet.estimators.boltzmann.rbm import RBM

    X, X_test = binarised(data)
    epochs = given.epochs or 100
    began = time.perf_counter()
    rbm = RBM(500, learning_rate=0.05, schedule="cosine", n_iter=epochs, random_state=0, verbose=1).fit(X, X_val=X_test)
    print(f"likelihood: {epochs} epochs in {time.perf_counter() - began:.0f} s; free-energy gap {rbm.history_[-1]['free_energy_gap']:.2f}")
    for n in (1_000, 5_000, 20_000):
        estimate = rbm.log_partition(method="ais", n_temperatures=n, random_state=1)
        test, train = (rbm.log_likelihood(rows, log_partition=estimate).mean() for rows in (X_test, X[:10_000]))
        print(f"likelihood: test {test:.2f}, train {train:.2f} nats by {estimate} (asked: -90, size 10)", flush=True)


def photographs(data: Path) -> list[Array]:
    """Photographs in grey, 160 x 160: the first 400 in DIR/cats_dogs_photos, else scikit-learn's two samples cut into squares."""
    from PIL import Image
    from sklearn.datasets import load_sample_images

    files = sorted(path for path in (data / "cats_dogs_photos").rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png"))[:400]
    pictures = [Image.open(path).convert("L").resize((160, 160), Image.Resampling.LANCZOS) for path in files]
    if not pictures:
        samples: Any = load_sample_images()
        whole = [Image.fromarray(picture).convert("L").resize((320, 214), Image.Resampling.LANCZOS) for picture in samples.images]
        pictures = [one.crop((x, y, x + 160, y + 160)) for one in whole for x in (0, 80, 160) for y in (0, 54)]
    return [np.log1p(np.asarray(picture, dtype=np.float64)) for picture in pictures]


def patches(pictures: list[Array], n: int, side: int) -> Array:
    """The ``n`` patches of most contrast out of twice as many, each of mean 0 and spread 1, whitened together."""
    random, pieces = np.random.default_rng(0), []
    for grey in pictures:
        for _ in range(2 * n // len(pictures) + 1):
            y, x = random.integers(0, 160 - side, 2)
            pieces.append(grey[y : y + side, x : x + side].ravel())
    X = np.array(pieces)
    X -= X.mean(axis=1, keepdims=True)
    X = X[np.argsort(-X.std(axis=1))[:n]]
    random.shuffle(X)
    X /= X.std(axis=1, keepdims=True)
    X -= X.mean(axis=0)
    values, vectors = np.linalg.eigh(X.T @ X / len(X))
    whitened = (X @ (vectors / np.sqrt(values + 0.03 * values.mean()))) @ vectors.T
    return (whitened / whitened.std()).astype(np.float32)


def edges(data: Path, given: argparse.Namespace) -> None:
    """The part ``edges``."""
    from glassnet.estimators.boltzmann.rbm import RBM
    from glassnet.seeing.boltzmann import filters

    X = patches(photographs(data), 60_000, 12)
    rbm = RBM(
        144,
        visible="gaussian",
        learning_rate=0.03,
        schedule="cosine",
        sparsity_target=0.03,
        sparsity_cost=0.3,
        batch_size=50,
        n_iter=given.epochs or 25,
        random_state=0,
    ).fit(X)
    row, spread = rbm.history_[-1], np.exp(rbm.log_variance_ / 2)
    path = Path(given.output or ".", "edges.png")
    filters(rbm, (12, 12)).save(path)
    print(
        f"edges: reconstruction error {row['reconstruction_error']:.3f} of 1, activity {row['hidden_activity']:.3f}, "
        f"deviations {spread.min():.2f} to {spread.max():.2f}; filters in {path}",
        flush=True,
    )


SETTINGS: dict[str, Any] = {"batch_size": 100, "schedule": "cosine", "tol": 0.0}
"""Of every fine-tuning, pre-trained or not: all epochs are run, none is chosen by the test digits."""


@dataclass(frozen=True)
class Study:
    """A network with and without pre-training, everything else the same: its layers, epochs and further settings, and how many seeds."""

    part: str
    sizes: tuple[int, ...]
    epochs: int
    pretrain_epochs: int
    seeds: int
    settings: dict[str, Any]
    pretraining: dict[str, Any] | None = None

    def error(self, seed: int, pretrain_epochs: int, rows: Rows) -> float:
        """Test error in per cent."""
        from glassnet.estimators.boltzmann.dbn_classifier import DBNClassifier

        net = DBNClassifier(
            self.sizes,
            pretrain_epochs=pretrain_epochs,
            pretraining=self.pretraining,
            missing_label=-1,
            max_iter=self.epochs,
            n_iter_no_change=self.epochs + 1,
            random_state=seed,
            **SETTINGS,
            **self.settings,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it is meant to end with its epochs
            net.fit(rows.X, rows.y)
        return 100 * (1 - net.score(rows.X_test, rows.y_test))

    def run(self, rows: Rows, kept: Path | None) -> None:
        """Seed by seed, in turns; what ``kept`` holds of an earlier call with the same settings is not done again."""
        key = json.dumps([str(value) for value in vars(self).values()])
        known = json.loads(kept.read_text()) if kept is not None and kept.exists() else {}
        mine = known.setdefault(key, {})
        for seed in range(self.seeds):
            for name, before in (("pre-trained", self.pretrain_epochs), ("random", 0)):
                if (place := f"{name} {seed}") not in mine:
                    began = time.perf_counter()
                    error = self.error(seed, before, rows)
                    mine[place] = [error, time.perf_counter() - began]
                    if kept is not None:
                        kept.write_text(json.dumps(known, indent=1))
                error, seconds = mine[place]
                print(f"{self.part}: seed {seed}, {name}: {error:.2f} % errors, {seconds:.0f} s", flush=True)
        means = {name: float(np.mean([mine[f"{name} {seed}"][0] for seed in range(self.seeds)])) for name in ("pre-trained", "random")}
        gap = means["random"] - means["pre-trained"]
        layers = "-".join(map(str, (784, *self.sizes, 10)))
        print(f"{self.part}: {layers}, {self.seeds} seeds: {means['pre-trained']:.3f} % and {means['random']:.3f} %, {gap:+.3f} points")


class Rows(NamedTuple):
    """Digits to learn from, -1 where there is no label, and the 10,000 of the test."""

    X: Array
    y: Array
    X_test: Array
    y_test: Array


def mnist(data: Path) -> Rows:
    """All digits, intensities in [0, 1]."""
    digits = np.load(data / "mnist.npz")
    X, X_test = ((digits[name].reshape(-1, 784) / 255).astype(np.float32) for name in ("X_train", "X_test"))
    return Rows(X, digits["y_train"].astype(int), X_test, digits["y_test"])


def fine_tuning(data: Path, given: argparse.Namespace) -> None:
    """The part ``fine-tuning``."""
    Study(
        "fine-tuning",
        tuple(given.hidden or FINE_TUNED),
        given.epochs or 36,
        given.pretrain_epochs or 10,
        given.seeds or 3,
        {"alpha": 1e-4, "dropout": 0.2, "learning_rate_init": 0.002},
        SPARSE,
    ).run(mnist(data), given.resume)


def few_labels(data: Path, given: argparse.Namespace) -> None:
    """The part ``few-labels``."""
    digits = mnist(data)
    y = np.full(len(digits.y), -1)
    random = np.random.default_rng(0)
    for digit in range(10):
        chosen = random.choice(np.flatnonzero(digits.y == digit), 10, replace=False)
        y[chosen] = digit
    study = Study("few-labels", (500, 500), given.epochs or 300, given.pretrain_epochs or 20, given.seeds or 5, {"alpha": 1e-2})
    study.run(digits._replace(y=y), given.resume)


def sparsity(data: Path, given: argparse.Namespace) -> None:
    """The part ``sparsity``: a softmax on 500 features of 10,000 digits, and networks of 200 and 100 units from 2,000 digits."""
    from glassnet import LogisticRegression
    from glassnet.estimators.boltzmann.deep_belief import PRETRAINING
    from glassnet.estimators.boltzmann.rbm import RBM

    digits, epochs = mnist(data), given.pretrain_epochs or 10
    X, y, seeds = digits.X[:10_000], digits.y[:10_000], range(given.seeds or 3)
    recipes = {"without": {**SPARSE, "sparsity_target": None}, "with": SPARSE}
    for name, recipe in recipes.items():
        rbm = RBM(500, **{**PRETRAINING, **recipe}, n_iter=epochs, random_state=0).fit(X)
        error = 100 * (1 - LogisticRegression().fit(rbm.transform(X), y).score(rbm.transform(digits.X_test), digits.y_test))
        print(f"sparsity: 10,000 digits, softmax on 500 features, {name} the target: {error:.1f} % errors", flush=True)
    few = digits._replace(X=digits.X[:2_000], y=digits.y[:2_000])
    for name, recipe, machines in (*((name, recipe, epochs) for name, recipe in recipes.items()), ("no machines", {}, 0)):
        study = Study("sparsity", (200, 100), given.epochs or 50, machines, len(seeds), {}, {**recipe, "batch_size": 20})
        errors = [study.error(seed, machines, few) for seed in seeds]
        told = ", ".join(f"{error:.1f}" for error in errors)
        print(f"sparsity: 2,000 digits, 784-200-100-10, {name}: {np.mean(errors):.1f} % errors ({told})", flush=True)


PARTS = {
    "exact": exact,
    "likelihood": likelihood,
    "edges": edges,
    "fine-tuning": fine_tuning,
    "few-labels": few_labels,
    "sparsity": sparsity,
}


def main() -> int:
    """Run the parts asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.boltzmann", description="What Boltzmann machines learn.")
    parser.add_argument("--data", type=Path, required=True, help="a directory with mnist.npz")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS), help="which; all of them take two hours")
    parser.add_argument("--epochs", type=int, help="epochs of the training (fine-tuning), fewer for a first look")
    parser.add_argument("--pretrain-epochs", type=int, help="epochs of each machine of a network")
    parser.add_argument("--hidden", type=int, nargs="+", help=f"layers of the part fine-tuning ({' '.join(map(str, FINE_TUNED))})")
    parser.add_argument("--seeds", type=int, help="seeds, from 0")
    parser.add_argument("--resume", type=Path, help="a file that keeps the result of each network, and knows those of an earlier call")
    parser.add_argument("--output", type=Path, help="a directory for pictures (the current one)")
    given = parser.parse_args()
    for part in given.parts:
        PARTS[part](given.data, given)
    return 0


if __name__ == "__main__":
    sys.exit(main())
