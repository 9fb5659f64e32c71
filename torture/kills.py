"""SIGKILL at random moments of training and of saving.

A training that writes a checkpoint is started again after every kill until it ends; then its weights and its history must be those of
a training that was never killed, bit for bit. After each kill the checkpoint must be whole and lack at most the epoch in hand. A model
that is saved over another one is killed likewise: one of the two must be there.

Children are forked from a process whose kernels are compiled, so a start costs milliseconds and kills fall where they should.
"""

from __future__ import annotations

import contextlib
import math
import mmap
import os
import random
import signal
import struct
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from glassnet import MLPClassifier, MLPRegressor, load
from glassnet.files import atomic, container
from torture.outcome import Budget, Outcome

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(400, 6))
SCORE = X @ [1.0, -2.0, 0.5, 0.0, 1.0, -1.0] + RANDOM.normal(size=400)
COMMON: dict[str, Any] = {"hidden_layer_sizes": (24, 12), "batch_size": 32, "max_iter": 60, "random_state": 1, "n_iter_no_change": 1000}
RECIPES: dict[str, Callable[[Path | None], Any]] = {
    "adam": lambda path: MLPClassifier(**COMMON, checkpoint=path),
    "sgd, early stopping": lambda path: MLPClassifier(**COMMON, solver="sgd", early_stopping=True, checkpoint=path),
    "rmsprop, dropout": lambda path: MLPClassifier(**COMMON, solver="rmsprop", dropout=0.3, checkpoint=path),
    "adamw, l1, schedule": lambda path: MLPClassifier(**COMMON, solver="adamw", l1=0.1, schedule="cosine", checkpoint=path),
    "regression": lambda path: MLPRegressor(**COMMON, standardise_target=True, checkpoint=path),
}
PHASES = ("training", "writing a checkpoint", "saving a model", "starting")
SAVED = 3
"""One kill of so many falls into saving a model."""
AT_ONCE = 10
"""One kill of so many may come before a training has read its checkpoint and begun."""


class Board:
    """What a child says of itself, in memory that outlives it: epochs over, and what it is doing."""

    def __init__(self) -> None:
        self.memory = mmap.mmap(-1, 16)

    def write(self, *, epoch: int | None = None, phase: int | None = None) -> None:
        """Note either."""
        if epoch is not None:
            self.memory[0:8] = struct.pack("q", epoch)
        if phase is not None:
            self.memory[8:16] = struct.pack("q", phase)

    def read(self) -> tuple[int, str]:
        """(epochs over, what the child was doing)."""
        epoch, phase = struct.unpack("qq", self.memory[0:16])
        return epoch, PHASES[phase]


def fitted(estimator: Any) -> Any:
    """The same after learning, without warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return estimator.fit(X, SCORE if isinstance(estimator, MLPRegressor) else (SCORE > 0).astype(int))


def bits(model: Any) -> tuple[bytes, ...]:
    """Everything of a model that must come out the same."""
    history = [[None if name == "seconds" else value for name, value in row.items()] for row in model.history_]
    return *(part.tobytes() for part in (*model.coefs_, *model.intercepts_)), model.predict(X).tobytes(), repr(history).encode()


def train(name: str, folder: Path, board: Board) -> None:
    """In the child: learn with a checkpoint, save the model."""
    estimator = RECIPES[name](folder / "run.checkpoint")
    write = atomic.write_bytes

    def watched(path: Any, data: bytes) -> None:
        board.write(phase=1)
        write(path, data)
        board.write(phase=0)

    atomic.write_bytes = watched
    estimator._observers = (lambda row: board.write(epoch=row["epoch"], phase=0),)
    fitted(estimator).save(folder / "finished.safetensors")


def save(models: list[Any], folder: Path, board: Board) -> None:
    """In the child: save one model over another, again and again."""
    board.write(phase=2)
    while True:
        for model in models:
            model.save(folder / "model.safetensors")


def forked(work: Callable[[], None]) -> int:
    """The number of a child that does ``work`` and leaves."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        work()
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def killed_after(child: int, seconds: float, begun: Callable[[], bool]) -> int | None:
    """Kill the child ``seconds`` after it has ``begun``; its exit status where it had ended by then, None where it had not."""
    until = math.inf
    while (left := until - time.perf_counter()) > 0:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if until == math.inf and begun():
            until = time.perf_counter() + seconds
        else:
            time.sleep(min(left, 0.002))
    os.kill(child, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return None if status == -signal.SIGKILL else status


def tidy(folder: Path) -> int:
    """Take away what killed writers left beside their files; how many there were."""
    litter = list(folder.glob(".glassnet-*.tmp"))
    for path in litter:
        path.unlink()
    return len(litter)


class Trial:
    """Kills, one after the other, and what was found after each."""

    def __init__(self, budget: Budget) -> None:
        self.folder = budget.folder / "kills"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.random = random.Random(budget.seed)
        self.board, self.outcome = Board(), Outcome("kills")
        self.whole = {name: fitted(make(None)) for name, make in RECIPES.items()}
        fitted(RECIPES["adam"](self.folder / "warm.checkpoint"))
        self.models = [self.whole["adam"], self.whole["regression"]]
        self.either = {bits(model) for model in self.models}
        self.models[1].save(self.folder / "model.safetensors")
        began = time.perf_counter()
        fitted(RECIPES["adam"](self.folder / "warm.checkpoint"))
        self.longest = time.perf_counter() - began
        self.phases: Counter[str] = Counter()
        self.trainings, self.kills, self.litter, self.name = 0, 0, 0, ""
        self.kills_of_one = self.most = self.missing = self.over = 0

    def run(self, kills: int) -> Outcome:
        """Kill so many times."""
        names = list(RECIPES)
        while self.kills - self.phases["starting"] < kills:
            if not self.name:
                self.name, self.kills_of_one = names[self.trainings % len(names)], 0
            if self.kills % SAVED == SAVED - 1:
                self.one_save()
            else:
                self.one_training()
        self.outcome.facts |= {
            "kills": f"{self.kills - self.phases['starting']:,} while training and saving, {self.phases['starting']} before",
            "while": dict(self.phases),
            "trainings brought to their end, bit-identical": self.trainings,
            "kills of one training, at most": self.most,
            "kills between the end of fit and the model's saving, after which training begins anew": self.over,
            "epochs lost by a kill, at most": self.missing,
            "temporary files left behind": self.litter,
        }
        return self.outcome

    def one_training(self) -> None:
        """Start or go on with a training, and kill it."""
        path = self.folder / "run.checkpoint"
        self.board.write(epoch=0, phase=3)
        child = forked(lambda: train(self.name, self.folder, self.board))
        at_once = self.random.randrange(AT_ONCE) == 0
        status = killed_after(child, self.random.random() * 0.3 * self.longest, lambda: at_once or self.board.read()[1] != "starting")
        if status is not None:
            self._finished(status)
            return
        self.kills += 1
        self.kills_of_one += 1
        epochs, phase = self.board.read()
        self.phases[phase] += 1
        self.litter += tidy(self.folder)
        kept = 0
        if path.exists():
            try:
                kept = len(container.read(path)[0]["history_epoch"])
            except ValueError as error:
                self.outcome.broken.append(f"kill {self.kills}, {phase}: {error}")
                path.unlink()
        if not path.exists() and epochs == len(self.whole[self.name].history_):  # fit had returned; nobody had saved yet
            self.over += 1
            return
        self.missing = max(self.missing, epochs - kept)
        self.outcome.unless(kept >= epochs - 1, f"kill {self.kills}, {phase}: {epochs} epochs were over, the checkpoint holds {kept}")

    def _finished(self, status: int) -> None:
        """A training ended by itself."""
        path = self.folder / "finished.safetensors"
        self.outcome.unless(status == 0, f"{self.name} ended with status {status} after {self.kills_of_one} kills")
        if status == 0:
            same = bits(load(path)) == bits(self.whole[self.name])
            self.outcome.unless(same, f"{self.name}, killed {self.kills_of_one} times, is not what it is when it runs through")
            self.outcome.unless(not (self.folder / "run.checkpoint").exists(), f"{self.name} left its checkpoint behind")
        for file in (path, self.folder / "run.checkpoint"):
            with contextlib.suppress(FileNotFoundError):
                file.unlink()
        self.trainings, self.most, self.name = self.trainings + 1, max(self.most, self.kills_of_one), ""

    def one_save(self) -> None:
        """Save models over each other, and kill that."""
        self.board.write(epoch=0, phase=3)
        child = forked(lambda: save(self.models, self.folder, self.board))
        status = killed_after(child, self.random.random() * 0.05, lambda: self.board.read()[1] != "starting")
        self.outcome.unless(status is None, f"saving ended with status {status}")
        self.kills += 1
        self.phases[self.board.read()[1]] += 1
        self.litter += tidy(self.folder)
        try:
            whole = bits(load(self.folder / "model.safetensors")) in self.either
        except (ValueError, OSError) as error:
            self.outcome.broken.append(f"kill {self.kills}: {error}")
        else:
            self.outcome.unless(whole, f"kill {self.kills}: the model is neither the old one nor the new one")


def kills(budget: Budget) -> Outcome:
    """1,000 kills, or 60."""
    if not hasattr(os, "fork"):
        return Outcome("kills", {"left out": "this platform cannot fork"})
    return Trial(budget).run(budget.of(1000, 60))
