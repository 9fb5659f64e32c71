"""A Boltzmann machine that learns before one's eyes: its filters, what it makes of pictures, and a Gibbs chain that runs beside.

The numbers are the estimator's: means of hidden units given pictures, of pixels given hidden units, and the record of its training.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.estimators.boltzmann.rbm import RBM
from glassnet.lab.arrays import Plain, number, quantised
from glassnet.lab.lesson import Lesson
from glassnet.lab.view import pictures
from glassnet.training.boltzmann.record import BoltzmannHistory
from glassnet.training.history import Row

Array = NDArray[Any]

MOST_EPOCHS = 10_000
SHOWN = 64
"""Hidden units whose filters are drawn."""
ROWS = 12
"""Pictures that are reconstructed, and chains."""
MEASURES = ("reconstruction_error", "free_energy", "val_free_energy", "pseudo_likelihood", "hidden_activity", "weight_norm")


class WatchedRBM(RBM):
    """An RBM that asks before its first epoch, and tells after every one."""

    _watch: Any = None

    def _spoken(self) -> tuple[Any, ...]:
        self._watch.before()
        return (self._watch.after,)


class MachineRun:
    """One training of a Boltzmann machine; what the engine asks of a run is as for networks."""

    recording = place = last = None

    def __init__(self, lesson: Lesson, engine: Any) -> None:
        self.lesson, self.engine = lesson, engine
        self.parameters = machine_parameters(lesson)
        self.estimator = WatchedRBM(n_iter=MOST_EPOCHS, **self.parameters)
        self.estimator._watch = self
        self.stages: list[dict[str, Any]] = []
        self.scores: dict[int, tuple[float | None, ...]] = {}
        self.history: list[Row] = []
        self.seconds = 0.0
        self.ready = self.chain_runs = False
        self.sweeps = 0
        self.first = 0
        self._chain: Array | None = None
        self._hidden: Array | None = None
        self._shown_means: Array | None = None
        self._random = np.random.default_rng(lesson.config.rbm.seed)
        self.drawing: Array | None = None
        self.originals = np.ascontiguousarray(lesson.X[lesson.learned[:ROWS]])

    @property
    def epochs(self) -> int:
        """Epochs done."""
        return len(self.history)

    @property
    def sizes(self) -> tuple[int, int]:
        """Visible and hidden units."""
        return self.lesson.X.shape[1], self.parameters["n_components"]

    def train(self) -> None:
        """``fit``; raises what it raises."""
        X = np.ascontiguousarray(self.lesson.X[self.lesson.learned])
        held = np.ascontiguousarray(self.lesson.X[self.lesson.held_out]) if len(self.lesson.held_out) else None
        self.estimator.fit(X, X_val=held)

    def before(self) -> None:
        """The machine has its first weights."""
        self.ready, self.history = True, self.estimator.history_.rows
        self.engine.publisher.everything()
        self._began = time.perf_counter()
        self.engine.before_epoch()

    def after(self, row: Row) -> None:
        """An epoch is over."""
        self.seconds = row["seconds"]
        self.engine.after_epoch(row)
        self.engine.before_epoch()

    # What there is to see

    @property
    def shown(self) -> slice:
        """Hidden units whose filters are drawn."""
        n = self.sizes[1]
        first = max(0, min(self.first, n - SHOWN))
        return slice(first, min(first + SHOWN, n))

    def hidden_means(self, V: Array) -> Array:
        """P(h = 1 | v)."""
        means: Array = self.estimator._mean_hiddens(V)
        return means

    def visible_means(self, H: Array) -> Array:
        """E[v | h]."""
        machine = self.estimator
        means: Array = machine._machine.visible_means(machine._parameters, np.ascontiguousarray(H, machine.components_.dtype))
        return means

    def message(self) -> Plain:
        """The message, without the run's number."""
        chain, H = None, self.hidden_means(self.originals)
        if self._chain is not None and self._hidden is not None and self._shown_means is not None:
            chain = {
                "sweeps": self.sweeps,
                "visible": self._pictures(self._shown_means),
                "hidden": _shares(self._hidden[:, self.shown]),
                "running": self.chain_runs,
            }
        last = self.history[-1] if self.history else {}
        return {
            "epoch": self.epochs,
            "filters": pictures(self.estimator.components_[self.shown], self.lesson),
            "units": self.sizes[1],
            "originals": self._pictures(self.originals),
            "reconstructions": self._pictures(self.visible_means(H)),
            "hidden": _shares(H[:, self.shown]),
            "chain": chain,
            "measures": {name: number(last.get(name)) for name in MEASURES},
        }

    def _pictures(self, rows: Array) -> Plain:
        return pictures(rows, self.lesson, [0.0] * len(rows), [1.0] * len(rows))

    # The chain

    def start_chain(self, begin: str) -> None:
        """Chains from noise, from the originals, or from the last drawing."""
        if begin == "noise":
            self._chain = (self._random.random(self.originals.shape) < 0.5).astype(self.originals.dtype)
        elif begin == "examples" or self.drawing is None:
            self._chain = self.originals.copy()
        else:
            self._chain = np.repeat(self.drawing, ROWS, axis=0)
        self.sweeps, self._shown_means, self._hidden = 0, self._chain.copy(), self.hidden_means(self._chain)

    def sweep(self) -> None:
        """h drawn from P(h | v), then v from P(v | h)."""
        assert self._chain is not None
        self._hidden = self.hidden_means(self._chain)
        H = self._random.random(self._hidden.shape) < self._hidden
        self._shown_means = self.visible_means(H)
        self._chain = (self._random.random(self._shown_means.shape) < self._shown_means).astype(self.originals.dtype)
        self.sweeps += 1

    @property
    def has_chain(self) -> bool:
        """True once a chain was started."""
        return self._chain is not None

    def as_if_stopped(self) -> RBM:
        """A plain RBM that can be saved."""
        copied = RBM(n_iter=self.epochs, **self.parameters)
        copied.__dict__.update({name: value for name, value in self.estimator.__dict__.items() if name.endswith("_")})
        copied.__dict__.update(self.estimator._as_if_stopped())
        copied.history_ = BoltzmannHistory(self.history, f"after {self.epochs:,} epochs in the lab")
        copied.n_iter_, copied.stopped_because_ = self.epochs, copied.history_.stopped_because
        return copied

    def clear_chain(self) -> None:
        """No chain any more."""
        self._chain = self._hidden = self._shown_means = None
        self.chain_runs = False


def machine_parameters(lesson: Lesson) -> dict[str, Any]:
    """The estimator's parameters, those that matter."""
    given = lesson.config.rbm
    return {
        "n_components": given.units,
        "method": given.method,
        "k": given.k,
        "learning_rate": given.learning_rate,
        "batch_size": min(given.batch_size, len(lesson.learned)),
        "random_state": given.seed,
    }


def _shares(values: Array) -> Plain:
    return quantised(values, [0.0] * len(values), [1.0] * len(values))
