"""The training loop: forward, loss and its delta, backward, update, record; until a rule says why to stop.

One epoch visits every row once, in batches. Each batch of n rows moves theta by the gradient of

    sum_n w_n L(x_n, y_n) / n  +  alpha/2 sum W^2 / n  +  l1 sum |W| / n          (biases free)

which is scikit-learn's objective for its multilayer perceptrons. Weights have mean 1 over the training rows, so a batch's
gradient is unbiased: weight k on a row counts, in expectation, as the row k times.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.checks import DivergenceError
from glassnet.maths.optimisers import Optimiser
from glassnet.maths.schedules import Schedule
from glassnet.networks.network import BLOCK, Network, Workspace
from glassnet.training.epoch import CompiledEpoch, Passed, Penalties, SteppedEpoch, epoch_for
from glassnet.training.history import History, Row
from glassnet.training.rows import Rows
from glassnet.training.stopping import Best, EpochsDone, NoImprovement, Reason, Rule, TimeOver, first_reason

Array = NDArray[Any]
Observer = Callable[[Row], "bool | None"]
"""Called with every new row of the history; True asks to stop."""
Pacing = Callable[[SteppedEpoch | CompiledEpoch], Callable[["State", float], Passed]]
"""Makes of an epoch one that runs in pieces: some batches at a time, with whatever its caller does between them."""


@dataclass
class State:
    """Everything that changes while a network learns; saved and restored, training goes on as if nothing had happened.

    began_at  epochs in the history before this training: a warm start begins at the first learning rate again
    """

    theta: Array
    moments: list[Array]
    random: np.random.RandomState
    order: Array
    history: History = field(default_factory=History)
    noise: np.random.Generator | None = None
    updates: int = 0
    samples: int = 0
    drops: int = 0
    began_at: int = 0
    seconds: float = 0.0
    best_theta: Array | None = None
    ended: Reason | None = None


@dataclass(frozen=True)
class Plan:
    """What does not change: how to descend, in which steps, and what is watched on the way.

    best    which column decides the weights that are kept, and whether they are restored at the end
    rules   when to stop
    """

    optimiser: Optimiser
    schedule: Schedule
    rate: float
    batch_size: int
    epochs: int
    rules: Sequence[Rule]
    best: Best
    restore_best: bool = False
    alpha: float = 0.0
    l1: float = 0.0
    shuffle: bool = True


@dataclass(frozen=True)
class HeldOut:
    """Rows that are watched and never learned from; ``score`` maps (theta) to the monitored score, or is None."""

    rows: Rows
    score: Callable[[Array], float] | None = None


@np.errstate(over="ignore", invalid="ignore")  # what runs away is caught and named, not warned of number by number
def train(
    network: Network,
    rows: Rows,
    state: State,
    plan: Plan,
    *,
    held_out: HeldOut | None = None,
    observers: Sequence[Observer] = (),
    begin: Callable[[], None] | None = None,
    keep: Callable[[State], None] | None = None,
    pacing: Pacing | None = None,
) -> Reason:
    """Train until a rule stops it; theta, the history and the best weights are left in ``state``.

    ``begin`` is called before every epoch, ``keep`` with the state after it (a checkpoint). Ctrl-C ends training with the best weights so
    far. ``pacing`` lets an epoch run in pieces, which changes no weight.
    Where the loss or a weight stops being finite, ``state.theta`` holds the weights of the best epoch, or the first ones; training
    that restores the best weights anyway (early stopping) and has some ends with the reason 'diverged', any other raises
    DivergenceError.
    """
    penalties = Penalties(plan.alpha / rows.unit, plan.l1 / rows.unit, plan.optimiser)
    whole = epoch_for(network, rows, plan.batch_size, plan.optimiser, penalties, state.theta)
    epoch = whole if pacing is None else pacing(whole)
    _compile(network, rows, plan, penalties, state)
    began = time.perf_counter() - state.seconds
    if state.best_theta is None:
        state.best_theta = state.theta.copy()
    try:
        while (reason := _ended(state, plan)) is None:
            if begin is not None:
                begin()
            done = len(state.history) - state.began_at
            samples = state.samples if done else 0
            rate = plan.schedule.rate(plan.rate, epoch=done, epochs=plan.epochs - state.began_at, samples=samples, drops=state.drops)
            if plan.shuffle:
                state.random.shuffle(state.order)  # on top of the last order
            try:
                result, why = epoch(state, rate), ""
            except DivergenceError as error:  # a loss that knows more than that a number is not finite
                result, why = Passed(math.inf, [math.inf], []), f" {error}"
            state.samples += len(rows)
            state.seconds = time.perf_counter() - began
            if not (math.isfinite(result.total) and np.isfinite(state.theta).all()):
                sentence = _runaway(network, rows, state, rate, plan) + why
                if not (plan.restore_best and plan.best.epoch):
                    raise DivergenceError(sentence)
                _record(network, state, None, result, len(rows), rate)
                state.history[-1].update(val_loss=math.nan, val_score=math.nan)
                reason = Reason("diverged", sentence)
                break
            _record(network, state, held_out, result, len(rows), rate)
            if plan.best.read(state.history):
                state.best_theta[:] = state.theta
            asked = told(observers, state.history)
            stop = first_reason(plan.rules, state.history)
            if stop and isinstance(stop[0], NoImprovement) and plan.schedule.drops_instead_of_stopping(rate):
                state.drops += 1
                stop = first_reason([rule for rule in plan.rules if rule is not stop[0]], state.history)
            state.ended = asked or (stop[1] if stop else None)
            if keep is not None:
                keep(state)
    except KeyboardInterrupt:
        reason = Reason("interrupted", f"interrupted by the user in epoch {len(state.history) + 1}; the best weights so far are kept")
        _restore(state)
    except Exception:
        _restore(state)
        raise
    finally:
        state.ended = None
    if plan.restore_best:
        _restore(state)
    state.history.stopped_because = reason.sentence
    return reason


_compiled: set[tuple[Any, ...]] = set()


def _compile(network: Network, rows: Rows, plan: Plan, penalties: Penalties, state: State) -> None:
    """Take one step on a copy, once per process and kind of training: kernels are compiled before the clock of the training starts."""
    kind = (state.theta.dtype, type(rows.X), rows.X.dtype, plan.optimiser.code, state.noise is None, rows.weight is None)
    if kind in _compiled:
        return
    _compiled.add(kind)
    theta, noise = state.theta.copy(), None if state.noise is None else np.random.default_rng(0)
    copy = State(theta, plan.optimiser.moments(theta), np.random.RandomState(0), rows.order()[:1], noise=noise)
    with np.errstate(all="ignore"), contextlib.suppress(DivergenceError):
        epoch_for(network, rows, plan.batch_size, plan.optimiser, penalties, theta)(copy, plan.rate)
        mean_loss(network, theta, Rows(rows.X, rows.y, rows.weight, copy.order))


def _ended(state: State, plan: Plan) -> Reason | None:
    """Why training is over, or None. One that is resumed may have been over already; more epochs or time may be allowed since."""
    limits = [rule for rule in plan.rules if isinstance(rule, EpochsDone | TimeOver)]
    if state.ended is not None and state.ended.kind in ("epochs", "seconds") and first_reason(limits, state.history) is None:
        state.ended = None
    return state.ended


def told(observers: Sequence[Observer], history: History) -> Reason | None:
    """Tell every observer of the last row; the reason to stop where one of them asks for it."""
    asked = [observer(history[-1]) for observer in observers]
    return Reason("callback", f"a callback asked to stop after epoch {history[-1]['epoch']}") if any(asked) else None


def _record(network: Network, state: State, held_out: HeldOut | None, result: Passed, n: int, rate: float) -> None:
    """Append the epoch's row to the history."""
    state.history.append(
        epoch=len(state.history) + 1,
        loss=result.total / n,
        val_loss=None if held_out is None else mean_loss(network, state.theta, held_out.rows),
        val_score=None if held_out is None or held_out.score is None else held_out.score(state.theta),
        gradient_norm=result.gradient_norm,
        weight_norm=float(np.linalg.norm(state.theta)),
        learning_rate=rate,
        seconds=state.seconds,
        layer_gradient_norms=result.gradient_norms if result.update_ratios else None,
        layer_update_ratios=result.update_ratios or None,
    )


def mean_loss(network: Network, theta: Array, rows: Rows) -> float:
    """sum_n w_n L_n / n over ``rows``, without penalties, in blocks; infinite where a prediction ran away."""
    parameters = network.layout.views(theta)
    work = Workspace(network, min(len(rows), BLOCK), theta.dtype)
    total = 0.0
    for X, y, weight in rows.blocks(work.n):
        part = work.rows(len(y))
        try:
            total += network.loss.value_and_delta(network.forward(parameters, X, part), y, weight, part.D[-1])
        except DivergenceError:
            return math.inf
    return total / len(rows)


def _restore(state: State) -> None:
    if state.best_theta is not None:
        state.theta[:] = state.best_theta


def _runaway(network: Network, rows: Rows, state: State, rate: float, plan: Plan) -> str:
    """The sentence for a training that ran away: where, when, with what, and what to try."""
    pairs = network.layout.views(state.theta)
    layer = next((l for l, pair in enumerate(pairs, 1) if not all(np.isfinite(part).all() for part in pair)), len(pairs))
    largest = max(float(abs(X).max()) for X, _, _ in rows.blocks(BLOCK))
    scale = f", or scale the inputs (largest |x| is {largest:.3g})" if largest > 10 else ""
    return (
        "Solver produced non-finite parameter weights. The input data may contain large values and need to be preprocessed. "
        f"Training diverged at epoch {len(state.history) + 1}, step {state.updates}, layer {layer} of {len(pairs)}, "
        f"with learning_rate_init={plan.rate:g} (rate {rate:.3g}). "
        f"Try learning_rate_init={plan.rate / 10:g}{scale}. The best weights so far are kept."
    )
