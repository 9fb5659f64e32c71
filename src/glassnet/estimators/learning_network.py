"""How a network learns, behind the estimators: its first weights, its training by any solver, and what is left on the estimator.

_learn_watched -> _learn -> train (or minimise, newton_on_network) -> epoch -> network.value_and_gradient -> layer.forward, layer.backward
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.estimators.architecture import build_network, hidden_sizes
from glassnet.estimators.callbacks import CallbackSupportMixin, EpochTasks, with_callbacks
from glassnet.estimators.checkpoint import Checkpoint
from glassnet.estimators.fitted_network import FittedNetwork
from glassnet.estimators.given_weights import starting_layers
from glassnet.estimators.held_out import HeldOutRows
from glassnet.estimators.mlp_parameters import FULL_BATCH
from glassnet.estimators.mlp_plan import full_batch_plan, optimiser_of, rules_of, stepping_plan
from glassnet.maths.initialisers import first_weights
from glassnet.maths.optimisers import Optimiser
from glassnet.maths.user_loss import UserLoss
from glassnet.networks.network import BLOCK, Network
from glassnet.training.full_batch import minimise
from glassnet.training.history import History, Row
from glassnet.training.loop import HeldOut, Observer, Pacing, State, train
from glassnet.training.newton import newton_on_network
from glassnet.training.rows import Rows
from glassnet.training.stopping import Reason
from glassnet.training.threads import threads_for

Array = NDArray[Any]


class LearningNetwork(CallbackSupportMixin, FittedNetwork):
    """A network that learns from checked rows; who checks them stands in the class below."""

    _observers: tuple[Observer, ...] = ()
    _pacing: Pacing | None = None

    def _start(self, n_features: int, target: Array, random: np.random.RandomState, *, first: bool) -> Network:
        """Build the network; on a first fit, draw its weights and forget what was recorded."""
        hidden = hidden_sizes(self.hidden_layer_sizes, self.n_layers, self.width)
        network = build_network(
            n_features,
            target.shape[1],
            hidden=hidden,
            activation=self.activation,
            bias=self.bias,
            dropout=self.dropout,
            loss=self._loss(),
        )
        if not first:
            self._check_same_shapes(network)
        self.n_outputs_, self.n_layers_ = target.shape[1], len(network.layers) + 1
        self.out_activation_ = network.loss.link
        if first or not hasattr(self, "history_"):
            self.t_, self.history_, self._state = 0, History(), None
        if isinstance(network.loss, UserLoss):
            network.loss.check(target)
        if not first:
            return network
        if self.init is not None:
            shapes = [(layer.n_in, layer.n_out) for layer in network.layers]
            self.coefs_, self.intercepts_ = starting_layers(self.init, shapes, [layer.bias for layer in network.layers], target.dtype)
            self._folded = True  # a regressor's are in the units of y
            return network
        names = [layer.activation.name for layer in network.layers]
        names[-1] = names[-2] if len(names) > 1 else (self.activation if isinstance(self.activation, str) else "identity")
        self.coefs_, self.intercepts_ = [], []
        for layer, name in zip(network.layers, names, strict=True):
            W, b = first_weights(
                layer.n_in,
                layer.n_out,
                bias=layer.bias,
                activation=name,
                initialiser=self.initialiser,
                random=random,
                dtype=target.dtype,
            )
            self.coefs_.append(W)
            self.intercepts_.append(np.zeros(layer.n_out, target.dtype) if b is None else b)
        return network

    def _check_same_shapes(self, network: Network) -> None:
        """Raise ValueError where the weights to go on from are not those of ``network``."""
        has, needs = [W.shape for W in self.coefs_], [(layer.n_in, layer.n_out) for layer in network.layers]
        if has != needs:
            raise ValueError(
                f"Training goes on from weights of the shapes {has}, but the parameters now ask for {needs}. Keep hidden_layer_sizes, "
                "n_layers, width and the targets as they were, or begin anew with warm_start=False."
            )

    @with_callbacks
    def _learn_watched(
        self,
        network: Network,
        rows: Rows,
        held: HeldOutRows | None,
        random: np.random.RandomState,
        checkpoint: Checkpoint,
        given: tuple[Any, Any, Any],
    ) -> Reason:
        """``_learn`` within a checkpoint, and before the eyes of scikit-learn's callbacks, who see X, y and weights as ``given``."""
        tasks = EpochTasks(self, *given, self._as_if_stopped)
        with checkpoint:
            reason = self._learn(network, rows, held, random, checkpoint=checkpoint, epochs=self.max_iter, tasks=tasks)
            checkpoint.interrupted = reason.kind == "interrupted"
        tasks.end()
        return reason

    def _learn(
        self,
        network: Network,
        rows: Rows,
        held: HeldOutRows | None,
        random: np.random.RandomState,
        *,
        checkpoint: Checkpoint | None,
        epochs: int,
        tasks: EpochTasks | None = None,
    ) -> Reason:
        """Move the weights for up to ``epochs``; leave them, the history and the reason on the estimator, whatever happens.

        Without a ``checkpoint`` (partial_fit) the optimiser goes on from where it was.
        """
        optimiser = optimiser_of(self)
        state = self._begin(network, rows, random, optimiser, go_on=checkpoint is None)
        done = len(state.history)
        if checkpoint is not None:
            checkpoint.resume(state)
            done = state.began_at
        pairs = network.layout.views(state.theta)
        self.coefs_, self.intercepts_ = [W for W, _ in pairs], [b for _, b in pairs]
        self._describe()
        self._state, self.history_ = state, state.history
        watched = self.early_stopping and held is not None
        best, rules = rules_of(self, done + epochs, watched=watched)
        plan = stepping_plan(self, optimiser, len(rows), done + epochs, best, rules, watched=watched)
        full_batch = self.solver in FULL_BATCH
        at_a_time = min(BLOCK, len(rows)) if full_batch else plan.batch_size
        watch = None if held is None else HeldOut(Rows.of(held.X, held.target, held.weight), self._scorer(held))
        observers: tuple[Observer, ...] = (*self._observers, *self._spoken(), *(() if tasks is None else (tasks,)))
        begin = None if tasks is None else tasks.begin
        keep = None if checkpoint is None else checkpoint.keep
        try:
            with threads_for(at_a_time * max(layer.n_in * layer.n_out for layer in network.layers)):
                if not full_batch:
                    seen: dict[str, Any] = {"held_out": watch, "observers": observers, "begin": begin}
                    return train(network, rows, state, plan, keep=keep, pacing=self._pacing, **seen)
                if keep is not None:
                    observers += (lambda row: keep(state),)
                seen = {"held_out": watch, "observers": observers, "begin": begin}
                if self.solver == "newton":
                    rows, alpha = rows.gathered(), self.alpha / rows.unit
                    limits: dict[str, Any] = {"alpha": alpha, "tol": self.tol, "iterations": epochs, "rules": rules}
                    limits["best"] = best if watched else None
                    return newton_on_network(network, rows, state.theta, state.history, **limits, **seen)
                descent = full_batch_plan(self, epochs, best, rules, watched=watched)
                return minimise(network, rows, state.theta, descent, state.history, **seen)
        finally:
            state.order = np.arange(0)
            self._record(state.history, n_iter=len(state.history) - done, samples=state.samples, watched=watched)
            self._fold_target_scale()

    def _begin(self, network: Network, rows: Rows, random: np.random.RandomState, optimiser: Optimiser, *, go_on: bool) -> State:
        """The state of training before its first step."""
        self._unfold_target_scale()
        biases = [b if layer.bias else None for b, layer in zip(self.intercepts_, network.layers, strict=True)]
        theta = network.layout.pack(self.coefs_, biases, rows.y.dtype)
        if go_on and self._state is not None and len(self._state.theta) == len(theta):
            self._state.theta, self._state.random, self._state.order = theta, random, rows.order()
            return self._state
        noise = np.random.default_rng(random.randint(2**31 - 1)) if any(network.dropout) else None
        return State(
            theta, optimiser.moments(theta), random, rows.order(), self.history_, noise, samples=self.t_, began_at=len(self.history_)
        )

    def _as_if_stopped(self) -> dict[str, Any]:
        """What a copy of this estimator needs in order to predict as if training had stopped here."""
        now = copy.copy(self)
        now.coefs_, now.intercepts_ = [W.copy() for W in self.coefs_], [b.copy() for b in self.intercepts_]
        now._fold_target_scale()
        now._describe()
        changed = ("coefs_", "intercepts_", "_described", "_folded")
        return {name: value for name, value in now.__dict__.items() if name in changed}

    def _scorer(self, held: HeldOutRows) -> Any:
        """theta -> the monitored score on the held-out rows, or None where the held-out loss is all that is watched."""
        if self.monitor == "val_loss" or (self.monitor is None and not self.early_stopping):
            return None
        return held.scorer(self, self.monitor)

    def _spoken(self) -> tuple[Observer, ...]:
        def say(row: Row) -> None:
            print(f"Iteration {row['epoch']}, loss = {row['loss']:.8f}")  # noqa: T201 (verbose=True asks for it)
            if row["val_score"] is not None:
                print(f"Validation score: {row['val_score']:.6f}")  # noqa: T201

        return (say,) if self.verbose else ()

    def _fold_target_scale(self) -> None:
        """A regressor that learned standardised targets folds their scale into its last layer."""

    def _unfold_target_scale(self) -> None:
        """The reverse, before learning goes on."""
