"""From a user's parameters to a plan of descent: which optimiser, in which steps, watched by which rules."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from glassnet.estimators.mlp_parameters import FULL_BATCH
from glassnet.maths.optimisers import Optimiser, optimiser_named
from glassnet.maths.schedules import Schedule, schedule_from
from glassnet.training.full_batch import FullBatchPlan
from glassnet.training.loop import Plan
from glassnet.training.stopping import Best, EpochsDone, GradientBelow, NoImprovement, Rule, TargetReached, TimeOver


def optimiser_of(estimator: Any) -> Optimiser:
    """The optimiser behind ``solver``."""
    return optimiser_named(
        estimator.solver,
        momentum=estimator.momentum,
        nesterov=estimator.nesterovs_momentum,
        beta_1=estimator.beta_1,
        beta_2=estimator.beta_2,
        epsilon=estimator.epsilon,
        alpha=estimator.alpha,
    )


def schedule_of(estimator: Any) -> Schedule:
    """``schedule`` for every stepping solver; without one ``learning_rate``, which scikit-learn heeds for 'sgd' only."""
    if estimator.schedule is not None:
        return schedule_from(estimator.schedule)
    return Schedule(estimator.learning_rate if estimator.solver == "sgd" else "constant", power_t=estimator.power_t)


def batch_size_of(estimator: Any, n: int) -> int:
    """Rows per step out of ``n``; warns where more rows are asked for than there are."""
    if estimator.solver == "gd":
        return n
    if estimator.batch_size == "auto":
        return min(200, n)
    if estimator.batch_size > n:
        warnings.warn(
            f"Got `batch_size` less than 1 or larger than sample size. It is going to be clipped: {estimator.batch_size} to {n}.",
            stacklevel=7,
        )
    return int(np.clip(estimator.batch_size, 1, n))


def rules_of(estimator: Any, epochs: int, *, watched: bool) -> tuple[Best, list[Rule]]:
    """What decides the best weights, and when to stop; ``watched`` where held-out rows take part in that."""
    column = "loss" if not watched else ("val_loss" if estimator.monitor == "val_loss" else "val_score")
    adaptive = schedule_of(estimator).name == "adaptive"
    best = Best(column, tol=estimator.tol, larger_is_better=column == "val_score", new_count_after_drop=adaptive)
    rules: list[Rule] = []
    if estimator.gradient_tol is not None:
        rules.append(GradientBelow(estimator.gradient_tol))
    if estimator.target is not None:
        rules.append(TargetReached(column, estimator.target, larger_is_better=best.larger_is_better))
    if watched or estimator.solver not in FULL_BATCH:
        rules.append(NoImprovement(best, estimator.n_iter_no_change))
    if estimator.max_seconds is not None:
        rules.append(TimeOver(estimator.max_seconds))
    return best, [*rules, EpochsDone(epochs)]


def stepping_plan(estimator: Any, optimiser: Optimiser, n: int, epochs: int, best: Best, rules: Sequence[Rule], *, watched: bool) -> Plan:
    """How a stepping solver descends over ``n`` rows, up to epoch ``epochs``."""
    return Plan(
        optimiser=optimiser,
        schedule=schedule_of(estimator),
        rate=estimator.learning_rate_init,
        batch_size=batch_size_of(estimator, n),
        epochs=epochs,
        rules=rules,
        best=best,
        restore_best=watched,
        alpha=estimator.alpha,
        l1=estimator.l1,
        shuffle=estimator.shuffle,
    )


def full_batch_plan(estimator: Any, iterations: int, best: Best, rules: Sequence[Rule], *, watched: bool) -> FullBatchPlan:
    """How 'lbfgs' or 'cg' descends."""
    return FullBatchPlan(
        method=estimator.solver,
        iterations=iterations,
        evaluations=estimator.max_fun,
        gradient_tol=estimator.tol,
        rules=rules,
        best=best,
        restore_best=watched,
        alpha=estimator.alpha,
        l1=estimator.l1,
    )
