"""The training of a Boltzmann machine: batches, steps of contrastive divergence, a row of the record after every epoch, a reason to stop.

Batches are gathered into the buffer of the steps, converted on the way; sparse rows become dense there, batch by batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.checks import DivergenceError
from glassnet.maths.schedules import Schedule
from glassnet.networks.boltzmann.machine import Parameters
from glassnet.training.boltzmann.contrastive_divergence import ContrastiveDivergence
from glassnet.training.boltzmann.record import Record
from glassnet.training.history import History
from glassnet.training.loop import Observer, told
from glassnet.training.rows import gather
from glassnet.training.stopping import Best, EpochsDone, Reason, Rule, TimeOver, first_reason

Array = NDArray[Any]


@dataclass(frozen=True)
class HeldOutStagnates:
    """The watched measure of the held-out rows has not improved for ``patience`` epochs on end."""

    best: Best
    patience: int

    def __call__(self, history: History) -> Reason | None:
        """The reason, or nothing."""
        self.best.read(history)
        if self.best.stale < self.patience:
            return None
        name = self.best.column.removeprefix("val_").replace("_", " ")
        return Reason(
            "no_improvement",
            f"held-out {name} did not improve for {self.best.stale} epochs; best {self.best.value:.6g} at epoch {self.best.epoch}",
        )


@dataclass
class TrainingPlan:
    """How long, how fast, in which order; ``best`` decides the parameters that are restored at the end, None keeps the last.

    ``batch_sizes`` are gone through in equal parts of the epochs; none leaves the size of the steps as it is.
    """

    rate: float
    schedule: Schedule
    epochs: int
    shuffle: np.random.RandomState | None = None
    best: Best | None = None
    patience: int = 10
    max_seconds: float | None = None
    batch_sizes: tuple[int, ...] = ()
    name: str = "learning_rate"
    rules: list[Rule] = field(init=False)

    def __post_init__(self) -> None:
        self.rules = []
        if self.best is not None:
            self.rules.append(HeldOutStagnates(self.best, self.patience))
        if self.max_seconds is not None:
            self.rules.append(TimeOver(self.max_seconds))


def put(X: Any, rows: Array | slice, out: Array) -> None:
    """out <- the rows of X, dense or sparse, in the dtype of ``out``."""
    if hasattr(X, "gather_into"):
        X.gather_into(np.arange(X.shape[0])[rows] if isinstance(rows, slice) else rows, out)
    elif hasattr(X, "tocsr"):
        out[:] = X[rows].toarray()
    elif isinstance(rows, slice):
        out[:] = X[rows]
    else:
        gather(X, rows, out)


def epoch(steps: ContrastiveDivergence, X: Any, weight: Array | None, order: Array | None, rate: float) -> None:
    """One pass over the rows of X in ``order``, or as they stand."""
    n = X.shape[0]
    for start in range(0, n, steps.size):
        stop = min(n, start + steps.size)
        rows: Any = slice(start, stop) if order is None else order[start:stop]
        put(X, rows, steps.room(stop - start))
        steps.step(stop - start, rate, None if weight is None else weight[rows])


def train_machine(
    steps: ContrastiveDivergence,
    X: Any,
    weight: Array | None,
    plan: TrainingPlan,
    record: Record,
    observers: Sequence[Observer] = (),
    begin: Callable[[], None] | None = None,
) -> Reason:
    """Train until a rule stops it; the parameters, the chains and the history are left where they are.

    Raises DivergenceError, with the parameters of the epoch before, where a number stops being finite. Ctrl-C keeps what is there,
    with ``plan.best`` the best so far.
    """
    p, history = steps.parameters, record.history
    order = None if plan.shuffle is None else np.arange(X.shape[0])
    before, best = p.copied(), p.copied()
    done = len(history)
    rules: list[Rule] = [*plan.rules, EpochsDone(done + plan.epochs)]
    record.begin()
    reason = Reason("epochs", "no epochs were asked for")
    try:
        while len(history) < done + plan.epochs:
            if begin is not None:
                begin()
            finished = len(history) - done
            if plan.batch_sizes and (size := plan.batch_sizes[finished * len(plan.batch_sizes) // plan.epochs]) != steps.size:
                steps.resize(size)
            rate = plan.schedule.rate(plan.rate, epoch=finished, epochs=plan.epochs, samples=finished * X.shape[0], drops=0)
            if order is not None and plan.shuffle is not None:
                plan.shuffle.shuffle(order)
            with np.errstate(over="ignore", invalid="ignore"):
                epoch(steps, X, weight, order, rate)
            if not p.finite():
                _restore(p, before)
                raise DivergenceError(
                    f"Training diverged at epoch {len(history) + 1} with {plan.name}={plan.rate:g} (rate {rate:.3g}); "
                    f"try {plan.name}={plan.rate / 10:g}, or scale the inputs. The parameters of the epoch before are kept."
                )
            _restore(before, p)
            record.take(p, rate)
            if plan.best is not None and plan.best.read(history):
                _restore(best, p)
            stop = first_reason(rules, history)
            ended = told(observers, history) or (stop[1] if stop else None)
            if ended is not None:
                reason = ended
                break
    except KeyboardInterrupt:
        reason = Reason("interrupted", f"interrupted by the user in epoch {len(history) + 1}")
    if plan.best is not None and plan.best.epoch:
        _restore(p, best)
    history.stopped_because = reason.sentence
    return reason


def _restore(p: Parameters, source: Parameters) -> None:
    for mine, theirs in zip(p, source, strict=True):
        mine[:] = theirs
