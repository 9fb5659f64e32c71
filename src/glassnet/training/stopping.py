"""When to stop: rules that read the history and answer with a reason or nothing. They never raise and never print.

A rule that counts epochs remembers how far it has read; reading the history again from the start gives the same answer, so a
training that resumes from a checkpoint only needs its rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from glassnet.training.history import History, Row


class Reason(NamedTuple):
    """Why training stopped: a ``kind`` for programs, a ``sentence`` for people.

    Kinds: 'gradient', 'no_improvement', 'target', 'epochs', 'evaluations', 'seconds', 'rounding', 'solver', 'interrupted', 'diverged'.
    """

    kind: str
    sentence: str


Rule = Callable[[History], Reason | None]


@dataclass
class Best:
    """The best value of a column so far, and the epochs since it last improved by ``tol``.

    ``new_count_after_drop``: a lower learning rate than in the row before begins the count of epochs afresh.
    """

    column: str
    tol: float = 0.0
    larger_is_better: bool = False
    new_count_after_drop: bool = False
    value: float = field(init=False)
    epoch: int = field(init=False, default=0)
    stale: int = field(init=False, default=0)
    _seen: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.value = -math.inf if self.larger_is_better else math.inf

    def read(self, history: History) -> bool:
        """Take in the new rows; True where the last one is the best so far."""
        improved = False
        for i in range(self._seen, len(history)):
            if self.new_count_after_drop and i and history[i]["learning_rate"] < history[i - 1]["learning_rate"]:
                self.stale = 0
            improved = self._take(history[i])
        self._seen = len(history)
        return improved

    def _take(self, row: Row) -> bool:
        sign = -1.0 if self.larger_is_better else 1.0
        value = math.inf if row[self.column] is None else sign * row[self.column]  # a score that could not be taken is no improvement
        self.stale = 0 if value <= sign * self.value - self.tol else self.stale + 1
        if value < sign * self.value:
            self.value, self.epoch = sign * value, row["epoch"]
            return True
        return False


@dataclass
class NoImprovement:
    """``best`` has not improved by its ``tol`` for more than ``patience`` epochs on end."""

    best: Best
    patience: float

    def __call__(self, history: History) -> Reason | None:
        """The reason, or nothing."""
        self.best.read(history)
        if self.best.stale <= self.patience:
            return None
        name = {"loss": "training loss", "val_loss": "held-out loss", "val_score": "held-out score"}[self.best.column]
        return Reason(
            "no_improvement",
            f"{name} improved by less than {self.best.tol:g} in each of {self.best.stale} epochs; "
            f"best {self.best.value:.6g} at epoch {self.best.epoch}",
        )


@dataclass(frozen=True)
class GradientBelow:
    """The gradient norm fell to ``bound`` or below."""

    bound: float

    def __call__(self, history: History) -> Reason | None:
        """The reason, or nothing."""
        norm = history[-1]["gradient_norm"]
        if norm is None or norm > self.bound:
            return None
        return Reason("gradient", f"gradient norm {norm:.3g} is below {self.bound:g}")


@dataclass(frozen=True)
class TargetReached:
    """``column`` reached ``target``, from the side it comes from."""

    column: str
    target: float
    larger_is_better: bool = False

    def __call__(self, history: History) -> Reason | None:
        """The reason, or nothing."""
        value = history[-1][self.column]
        reached = value >= self.target if self.larger_is_better else value <= self.target
        return Reason("target", f"{self.column} {value:.6g} reached the target {self.target:g}") if reached else None


@dataclass(frozen=True)
class EpochsDone:
    """The number of epochs asked for is done."""

    epochs: int

    def __call__(self, history: History) -> Reason | None:
        """The reason, or nothing."""
        return Reason("epochs", f"all {self.epochs} epochs are done") if len(history) >= self.epochs else None


@dataclass(frozen=True)
class TimeOver:
    """Training has taken ``seconds``."""

    seconds: float

    def __call__(self, history: History) -> Reason | None:
        """The reason, or nothing."""
        spent = history[-1]["seconds"]
        return Reason("seconds", f"{spent:.1f} s are over, {self.seconds:g} s were allowed") if spent >= self.seconds else None


def first_reason(rules: Sequence[Rule], history: History) -> tuple[Rule, Reason] | None:
    """The first rule that wants to stop, with its reason."""
    for rule in rules:
        if reason := rule(history):
            return rule, reason
    return None
