"""The patient: everything a check may look at, taken once.

Rows beyond a sample are left alone: a check that looks at what units do needs some thousand of them, drawn by chance with a fixed seed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from glassnet.estimators.logistic_model import LogisticModel
from glassnet.maths.activations import descend
from glassnet.maths.losses import ABSOLUTE, LOG_LOSS, POISSON, QUANTILE, SOFTMAX, SQUARED, SQUARED_LOGISTIC, SQUARED_SOFTMAX, Loss
from glassnet.networks.network import Workspace
from glassnet.seeing.subject import Subject
from glassnet.training.history import History

Array = NDArray[Any]

LINE_SEARCH = ("lbfgs", "cg", "newton")
UNSOLVED = 0.1
"""Share of the constant answer's loss below which a network has solved its task: what its units do is then no complaint."""
SAMPLE = 4096
"""Rows that are looked at."""
SAMPLE_VALUES = 2**25
"""Numbers of prepared rows that are looked at: 128 MB in float32."""


@dataclass(frozen=True)
class Rows:
    """A sample of rows: network inputs X (n, n_in), targets Y (n, n_outputs) as the loss reads them, or None; of ``total`` rows."""

    X: Array
    Y: Array | None
    total: int


class Case:
    """A subject with its history, and rows as far as they were given.

    subject    with the weights as training moves them (a standardised target stays standardised)
    training   a sample of the rows it learned from, or None
    held_out   a sample of rows it has not learned from, or None
    """

    def __init__(self, subject: Subject, training: Rows | None, held_out: Rows | None, y: Array | None = None) -> None:
        self.subject, self.training, self.held_out = subject, training, held_out
        self._y = y

    # ---- what it is

    @property
    def estimator(self) -> Any:
        """The glassnet estimator."""
        return self.subject.estimator

    @property
    def history(self) -> History:
        """The record of its training; empty where the weights were given."""
        return getattr(self.estimator, "history_", History())

    @property
    def is_linear_family(self) -> bool:
        """A LogisticRegression, whose solvers standardise columns inside and stop at the minimum."""
        return isinstance(self.estimator, LogisticModel)

    @property
    def steps(self) -> bool:
        """True where it learned batch by batch with a learning rate."""
        return not self.is_linear_family and self.estimator.solver not in LINE_SEARCH

    @property
    def watched(self) -> bool:
        """True where held-out rows decided when to stop and which weights to keep."""
        return bool(getattr(self.estimator, "early_stopping", False))

    @property
    def n_rows(self) -> int | None:
        """Rows it learned from, where that is known."""
        return getattr(self.estimator, "_n_rows", None) or (self.training.total if self.training else None)

    @property
    def n_parameters(self) -> int:
        """Weights and biases."""
        return self.subject.network.layout.n_parameters

    # ---- its losses

    @cached_property
    def losses(self) -> Array:
        """The training loss of each epoch, with its penalty."""
        return _floats(self.history.column("loss")) if len(self.history) else np.empty(0)

    @cached_property
    def first_loss(self) -> float:
        """What the first epoch's predictions cost, without a penalty: held out where that is known; nan where the penalty hides it."""
        if len(self.held_out_losses) and math.isfinite(self.held_out_losses[0]):
            return float(self.held_out_losses[0])
        if not len(self.losses):
            return math.nan
        n, norm = max(self._batch_rows, 1), self.history[0]["weight_norm"] or 0.0
        most = (0.5 * self.estimator.alpha * norm**2 + self.estimator.l1 * norm * math.sqrt(self.n_parameters)) / n
        return float(self.losses[0]) if most < UNSOLVED * self.scale else math.nan

    @property
    def _batch_rows(self) -> int:
        """Rows of a step, among which a penalty is shared."""
        given, n = self.estimator.batch_size, self.n_rows or 200
        return min(200, n) if given == "auto" else min(int(given), n)

    @cached_property
    def held_out_losses(self) -> Array:
        """The held-out loss of each epoch, nan where there is none."""
        return _floats(self.history.column("val_loss")) if len(self.history) else np.empty(0)

    @cached_property
    def watched_curve(self) -> Array:
        """What decided when to stop: the held-out loss where rows were watched by it, else the training loss."""
        return self.held_out_losses if self.watched and np.isfinite(self.held_out_losses).any() else self.losses

    @cached_property
    def kept(self) -> int:
        """The place in the history of the weights that it has."""
        curve = self.watched_curve
        return int(np.nanargmin(curve)) if self.watched and np.isfinite(curve).any() else len(self.losses) - 1

    @cached_property
    def constant_loss(self) -> float | None:
        """The loss of the best answer that never looks at the row; without targets, of equal classes or of a standardised target."""
        loss = self.subject.network.loss
        if self.training is not None and self.training.Y is not None:
            return constant_loss(loss, self.training.Y)
        outputs = self.subject.network.layers[-1].n_out
        if isinstance(loss, Loss) and loss.code in (LOG_LOSS, SOFTMAX):
            return math.log(outputs) if loss.code == SOFTMAX else outputs * math.log(2.0)
        if isinstance(loss, Loss) and loss.code == SQUARED and getattr(self.estimator, "_target_scale", None) is not None:
            return 0.5 * outputs
        return None

    @cached_property
    def scale(self) -> float:
        """What a loss is measured by: the constant answer's, or the largest of the history where that is unknown."""
        if self.constant_loss:
            return self.constant_loss
        finite = self.losses[np.isfinite(self.losses)]
        return float(finite[0]) if len(finite) and finite[0] > 0 else 1.0

    def loss_on(self, rows: Rows) -> float:
        """The mean loss of these rows without penalties."""
        assert rows.Y is not None
        raw = np.ascontiguousarray(self.subject.network.raw_prediction(self.subject.parameters, rows.X))
        return float(self.subject.network.loss.value(raw, rows.Y)) / len(rows.X)

    @cached_property
    def unsolved(self) -> bool:
        """True where the loss is still a good part of the constant answer's: on rows where there are some, else as it was recorded."""
        if self.training is not None and self.training.Y is not None:
            return self.loss_on(self.training) > UNSOLVED * self.scale
        return not len(self.losses) or bool(self.losses[self.kept] > UNSOLVED * self.scale)

    # ---- per layer

    def by_layer(self, column: str) -> Array | None:
        """A column of the history that has a number for each layer: (epochs, layers), or None where it was not recorded."""
        rows = [row.get(column) for row in self.history]
        known = [row for row in rows if row is not None]
        return np.array(known, dtype=np.float64) if known else None

    @cached_property
    def workspace(self) -> Workspace | None:
        """The engine's buffers after the sample has passed through, or None without rows."""
        if self.training is None:
            return None
        work = Workspace(self.subject.network, len(self.training.X), self.subject.dtype)
        self.subject.network.forward(self.subject.parameters, self.training.X, work)
        return work

    def slopes(self, layer: int) -> Array:
        """f'(Z) of the sample in a hidden layer (from 0), by the engine's own kernel: (n, units)."""
        assert self.workspace is not None
        activation = self.subject.network.layers[layer].activation
        A, Z = self.workspace.A[layer], self.workspace.Z[layer]
        if activation.slope is not None:
            return np.asarray(activation.slope(Z))
        D = np.ones_like(A)
        descend(D, Z if activation.needs_z else A, np.empty(A.shape[1], A.dtype), activation.code)
        return D

    # ---- its classes

    @cached_property
    def class_codes(self) -> Array | None:
        """The class number of each training row that was given, where rows belong to one class each."""
        labels = self.subject.labels
        if self._y is None or labels is None or labels.kind not in ("binary", "multiclass") or np.ndim(self._y) != 1:
            return None
        return np.asarray(labels.codes(self._y))


def sample(X: Any, total: int) -> Array:
    """Row numbers to look at, in order."""
    width = max(int(X.shape[1]), 1) if len(getattr(X, "shape", ())) == 2 else 1
    n = min(SAMPLE, max(SAMPLE_VALUES // width, 64), total)
    return np.arange(total) if n == total else np.sort(np.random.default_rng(0).choice(total, n, replace=False))


def constant_loss(loss: Any, Y: Array) -> float | None:
    """The mean loss of the best constant answer to target columns Y, or None where the loss is the user's own."""
    if not isinstance(loss, Loss):
        return None
    mean = Y.mean(axis=0, dtype=np.float64)
    if loss.code in (LOG_LOSS, SQUARED_LOGISTIC):
        raw = logit(np.clip(mean, 1e-9, 1 - 1e-9))
    elif loss.code in (SOFTMAX, SQUARED_SOFTMAX, POISSON):
        raw = np.log(np.maximum(mean, 1e-9))
    elif loss.code == ABSOLUTE:
        raw = np.median(Y, axis=0)
    elif loss.code == QUANTILE:
        quantiles = np.broadcast_to(np.array(loss.parameters), mean.shape)
        raw = np.array([np.quantile(column, q) for column, q in zip(Y.T, quantiles, strict=True)])
    else:
        raw = mean
    return float(loss.value(np.tile(raw, (len(Y), 1)), Y.astype(np.float64))) / len(Y)


def _floats(values: list[Any]) -> Array:
    return np.array([math.nan if value is None else value for value in values], dtype=np.float64)
