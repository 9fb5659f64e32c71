"""How a row would move the weights: the estimator's own optimiser in the state it is in, or a plain gradient step where it has none.

A stepping solver (sgd, adam, ...) is shown as ``partial_fit`` on this one row would take the step. Solvers that look at all rows at once
(lbfgs, cg, newton, and every solver of the logistic regressions) take no step for one row; shown is plain gradient descent, and said.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from glassnet.checks import Faults
from glassnet.estimators.fitted_network import FittedNetwork
from glassnet.estimators.mlp_parameters import STEPPING
from glassnet.estimators.mlp_plan import optimiser_of
from glassnet.maths.optimisers import SGD, Optimiser
from glassnet.seeing.subject import Subject
from glassnet.seeing.trace.watching import Step
from glassnet.training.epoch import Penalties

PLAIN_RATE = 0.1
"""Learning rate of the plain step where the estimator has none."""


@dataclass(frozen=True)
class Plan:
    """The step and what must be said about it.

    solver   as the estimator calls it
    own      True where the estimator itself takes such steps
    alpha    strength of the L2 penalty in this step
    """

    solver: str
    own: bool
    step: Step
    remarks: tuple[str, ...]


def plan_of(subject: Subject, y: Any, learning_rate: float | None, sample_weight: float | None) -> Plan:
    """The step that this row would cause. Raises ValueError for a learning rate or a weight out of range."""
    faults = Faults()
    faults.unless(learning_rate is None or 0 < learning_rate < math.inf, f"learning_rate must be above 0; got {learning_rate!r}.")
    faults.unless(sample_weight is None or 0 <= sample_weight < math.inf, f"sample_weight must be 0 or more; got {sample_weight!r}.")
    faults.raise_if_any()
    estimator, remarks = subject.estimator, list[str]()
    weight = _weight(subject, y, sample_weight, remarks)
    if isinstance(estimator, FittedNetwork):
        own = estimator.solver in STEPPING
        rate = _rate(estimator, learning_rate, remarks)
        optimiser = optimiser_of(estimator) if own else Optimiser(SGD)
        if not own:
            remarks.append(_plain(estimator.solver, rate))
        penalties = Penalties(estimator.alpha, estimator.l1, optimiser)
        if estimator.alpha or estimator.l1:
            remarks.append("The penalty is divided by the rows of the batch, here 1; in training by as many as a batch had.")
        moments, t = _moments(subject, optimiser, remarks) if own else (_fresh(subject, optimiser), 1)
        return Plan(estimator.solver, own, Step(optimiser, rate, t, moments, penalties, weight), tuple(remarks))
    optimiser, rate = Optimiser(SGD), PLAIN_RATE if learning_rate is None else learning_rate
    remarks.append(_plain(estimator.solver, rate, chosen=learning_rate is None))
    alpha, l1 = _logistic_penalty(estimator, remarks)
    step = Step(optimiser, rate, 1, _fresh(subject, optimiser), Penalties(alpha, l1, optimiser), weight)
    return Plan(estimator.solver, False, step, tuple(remarks))


def _plain(solver: str, rate: float, *, chosen: bool = False) -> str:
    which = f"a learning rate of {rate:g}" + (", chosen for this page" if chosen else "")
    return f"{solver} looks at all rows at once and takes no step for one row. Shown is a step of plain gradient descent with {which}."


def _rate(estimator: Any, given: float | None, remarks: list[str]) -> float:
    """The learning rate: given, of the last epoch, or the first."""
    if given is not None:
        remarks.append(f"The learning rate {given:g} was asked for.")
        return given
    history = estimator.history_
    last = history[-1]["learning_rate"] if len(history) and estimator.solver in STEPPING else None
    if last is None:
        return float(estimator.learning_rate_init)
    if last != estimator.learning_rate_init:
        remarks.append(f"The learning rate {last:.4g} is that of the last epoch; training began at {estimator.learning_rate_init:g}.")
    return float(last)


def _moments(subject: Subject, optimiser: Optimiser, remarks: list[str]) -> tuple[list[Any], int]:
    """(moments, number of this update): as training left them, or fresh."""
    state = getattr(subject.estimator, "_state", None)
    n = subject.network.layout.n_parameters
    if state is not None and len(state.theta) == n and state.theta.dtype == subject.dtype and state.updates:
        return [moment.copy() for moment in state.moments], state.updates + 1
    fresh = _fresh(subject, optimiser)
    if fresh[0].size and (optimiser.code != SGD or optimiser.momentum):
        remarks.append("The optimiser begins anew, its moments at 0: neither a model file nor weights of one's own hold any.")
    return fresh, 1


def _fresh(subject: Subject, optimiser: Optimiser) -> list[Any]:
    return optimiser.moments(np.zeros(subject.network.layout.n_parameters, subject.dtype))


def _weight(subject: Subject, y: Any, sample_weight: float | None, remarks: list[str]) -> float | None:
    """The weight of the row in the loss: its own times that of its class; None where there is neither."""
    by_class = getattr(subject.estimator, "class_weight", None)
    if by_class is None:
        return sample_weight
    if not isinstance(by_class, Mapping):
        remarks.append("class_weight='balanced' weighs classes by all training rows, which are not here: this row counts once.")
        return sample_weight
    if np.ndim(y) == 2:
        share = np.asarray(y, dtype=float)[0]
        weight = float(sum(p * by_class.get(label, 1.0) for p, label in zip(share, subject.classes.tolist(), strict=True)))
    else:
        weight = float(by_class.get(np.asarray(y).reshape(-1)[0].item(), 1.0))
    return weight if sample_weight is None else weight * sample_weight


def _logistic_penalty(estimator: Any, remarks: list[str]) -> tuple[float, float]:
    """(alpha, l1) of one row's share of the objective  C sum L + r(w): the penalty by C and by the number of training rows."""
    C = float(np.ravel(getattr(estimator, "C_", getattr(estimator, "C", 1.0)))[0])
    given: Any = getattr(estimator, "l1_ratio_", getattr(estimator, "l1_ratio", 0.0))
    found = np.ravel(given)[0]
    penalty, rows = estimator.penalty, estimator._n_rows
    ratio = {"l1": 1.0, "l2": 0.0}.get(penalty, float(found or 0.0))
    if penalty is None or math.isinf(C):
        return 0.0, 0.0
    if not rows:
        remarks.append("The penalty is left out: how many rows it is shared among is not known.")
        return 0.0, 0.0
    remarks.append(f"The penalty is this row's share of it: 1/(C n), with C = {C:g} and n = {rows:,} training rows.")
    return (1.0 - ratio) / (C * rows), ratio / (C * rows)
