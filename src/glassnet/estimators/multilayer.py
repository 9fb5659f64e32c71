"""What MLPClassifier and MLPRegressor share: from checked parameters and data to a network and its training.

fit -> _learn -> train (or minimise, newton_on_network) -> epoch -> network.value_and_gradient -> layer.forward, layer.backward
"""

from __future__ import annotations

import copy
import warnings
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import TransformerMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state, column_or_1d
from sklearn.utils.validation import _check_sample_weight

from glassnet.checks import DivergenceError
from glassnet.data.prepared_rows import PreparedRows
from glassnet.estimators.architecture import build_network, hidden_sizes
from glassnet.estimators.callbacks import CallbackSupportMixin, EpochTasks, with_callbacks
from glassnet.estimators.checkpoint import Checkpoint
from glassnet.estimators.fitted_network import FittedNetwork
from glassnet.estimators.given_weights import starting_layers
from glassnet.estimators.held_out import HeldOutRows, hold_out
from glassnet.estimators.input_rows import validated
from glassnet.estimators.mlp_parameters import FULL_BATCH, STEPPING, check_parameters
from glassnet.estimators.mlp_plan import full_batch_plan, optimiser_of, rules_of, stepping_plan
from glassnet.maths.initialisers import first_weights
from glassnet.maths.optimisers import Optimiser
from glassnet.maths.user_loss import UserLoss
from glassnet.networks.network import BLOCK, Network
from glassnet.training.full_batch import minimise
from glassnet.training.history import History, Row
from glassnet.training.loop import HeldOut, Observer, State, train
from glassnet.training.newton import newton_on_network
from glassnet.training.rows import Rows
from glassnet.training.stopping import Reason
from glassnet.training.threads import threads_for

Array = NDArray[Any]


def steps(estimator: Any) -> bool:
    """True where partial_fit makes sense; an AttributeError with the reason otherwise."""
    if estimator.solver not in STEPPING:
        raise AttributeError(
            f"partial_fit is only available for stochastic optimizers. {estimator.solver} is not stochastic. Use solver='adam' or 'sgd'."
        )
    return True


class MultilayerPerceptron(CallbackSupportMixin, TransformerMixin, FittedNetwork):
    """The common part of the two estimators; it is not used by itself."""

    _observers: tuple[Observer, ...] = ()

    # What the two estimators answer differently -----------------------------------------------------------------------------

    def _read_targets(self, y: Any, *, learn: bool, dtype: Any, sample_weight: Any = None) -> Array:
        """Check ``y`` and return the target columns (n, n_outputs); with ``learn``, take classes or (weighted) scale from it."""
        raise NotImplementedError

    def _weights_of_rows(self, y: Any, sample_weight: Array | None) -> Array | None:
        """The weight of each row: sample weight times class weight."""
        raise NotImplementedError

    def _score_prediction(self, prediction: Array, y: Any, weight: Array | None) -> float:
        """The default monitored score: accuracy or R2."""
        raise NotImplementedError

    def _check_going_on(self, y: Any) -> None:
        """Raise ValueError where a warm start cannot go on with ``y``."""

    # Learning ---------------------------------------------------------------------------------------------------------------

    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, X_val: Any = None, y_val: Any = None) -> Self:
        """Train the network.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_samples, n_features)
            Inputs. float32 stays float32; everything else becomes float64.
        y : array of shape (n_samples,) or (n_samples, n_outputs)
            Class labels, 0/1 columns for several labels at once, or numbers for regression.
        sample_weight : array of shape (n_samples,), default=None
            Weights >= 0; weight k counts as the row k times.
        X_val, y_val : arrays, default=None
            Held-out rows: their loss is recorded after every epoch, and ``early_stopping`` watches them instead of a fraction of X.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            For parameters or data that cannot be used; the message says what is expected.
        DivergenceError
            When training runs away; the estimator then holds the best weights so far.
        """
        check_parameters(self)
        first = not (self.warm_start and hasattr(self, "coefs_"))
        random = check_random_state(self.random_state)
        given, before = (X, y, sample_weight), self.__dict__.copy()
        try:
            X, y, target, weight = self._take_in(X, y, sample_weight, first=first, learn_targets=first)
            held, index = self._take_in_held_out(X_val, y_val, target.dtype), None
            network = self._start(X.shape[1], target, random, first=first)
            if self.early_stopping and held is None:
                index, watched = hold_out(len(target), self.validation_fraction, random, stratify=self._stratify_by(y))
                held = HeldOutRows.chosen(X, self._hard(y), target, weight, watched)
            rows = Rows.of(X, target, weight, index)
            checkpoint = Checkpoint.of(self, network, rows)
        except BaseException:
            self.__dict__ = before  # a refused call leaves a fitted network as it was
            raise
        self._close(self._learn_watched(network, rows, held, random, checkpoint, given))
        return self

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

    def _partial_fit(self, X: Any, y: Any, sample_weight: Any, *, learn_targets: bool) -> Self:
        """One epoch over these rows, going on from where the network is. What the mean weight of all rows will be is not known: weights
        count as they are given.
        """
        check_parameters(self)
        first = not hasattr(self, "coefs_")
        X, y, target, weight = self._take_in(X, y, sample_weight, first=first, learn_targets=learn_targets)
        random = check_random_state(self.random_state)
        network = self._start(X.shape[1], target, random, first=first)
        rows = Rows(X, target, None if weight is None else weight.astype(target.dtype))
        self._learn(network, rows, None, random, checkpoint=None, epochs=1)
        return self

    def _take_in(self, X: Any, y: Any, sample_weight: Any, *, first: bool, learn_targets: bool) -> tuple[Any, Any, Array, Array | None]:
        """Checked (X, y, target columns, weights)."""
        X, y = validated(
            self,
            X,
            y,
            accept_sparse="csr",
            multi_output=True,
            dtype=(np.float64, np.float32),
            reset=first,
            y_numeric=self._y_numeric,
            skip_check_array=isinstance(X, PreparedRows),
        )
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        self._n_rows = X.shape[0]
        if self.warm_start and not learn_targets:
            self._check_going_on(y)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X, ensure_non_negative=True)
        target = self._read_targets(y, learn=learn_targets, dtype=X.dtype, sample_weight=sample_weight)
        weight = self._weights_of_rows(y, sample_weight)
        if weight is not None and not weight.sum() > 0:
            raise ValueError("sample_weight must have a positive sum; every row has zero weight. Give some rows a weight above 0.")
        return X, y, target, weight

    def _take_in_held_out(self, X_val: Any, y_val: Any, dtype: Any) -> HeldOutRows | None:
        if (X_val is None) != (y_val is None):
            raise ValueError("X_val and y_val go together; got only one of them.")
        if X_val is None:
            return None
        X, y = validated(
            self,
            X_val,
            y_val,
            accept_sparse="csr",
            multi_output=True,
            dtype=dtype,
            reset=False,
            y_numeric=self._y_numeric,
            skip_check_array=isinstance(X_val, PreparedRows),
        )
        if y.ndim == 2 and y.shape[1] == 1:
            y = y[:, 0]
        return HeldOutRows(X, self._hard(y), self._read_targets(y, learn=False, dtype=dtype), None)

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
                    return train(network, rows, state, plan, held_out=watch, observers=observers, begin=begin, keep=keep)
                if keep is not None:
                    observers += (lambda row: keep(state),)
                seen: dict[str, Any] = {"held_out": watch, "observers": observers, "begin": begin}
                if self.solver == "newton":
                    rows, alpha = rows.gathered(), self.alpha / rows.unit
                    limits: dict[str, Any] = {"alpha": alpha, "tol": self.tol, "iterations": epochs, "rules": rules}
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

    def _close(self, reason: Reason) -> None:
        """Say aloud what the user should know of how training ended."""
        if reason.kind == "interrupted":
            warnings.warn("Training interrupted by user. The model holds the best weights so far.", stacklevel=3)
        elif reason.kind == "diverged":
            warnings.warn(reason.sentence, ConvergenceWarning, stacklevel=3)
        elif reason.kind in ("epochs", "evaluations", "solver"):
            limit = {"epochs": "max_iter", "evaluations": "max_fun"}.get(reason.kind)
            advice = f"Raise {limit}" if limit else "Loosen tol"
            norm = self.history_[-1]["gradient_norm"] if len(self.history_) else float("nan")
            name = "Stochastic Optimizer: Maximum iterations" if self.solver not in FULL_BATCH else f"{self.solver}: maximum iterations"
            warnings.warn(
                f"{name} ({self.max_iter}) reached and the optimization hasn't converged yet: {reason.sentence}; gradient norm {norm:.3g}. "
                f"{advice}, or scale the inputs.",
                ConvergenceWarning,
                stacklevel=3,
            )
        if not all(np.isfinite(part).all() for part in (*self.coefs_, *self.intercepts_)):
            raise DivergenceError("Solver produced non-finite parameter weights. Scale the inputs, or lower learning_rate_init.")

    def _fold_target_scale(self) -> None:
        """A regressor that learned standardised targets folds their scale into its last layer."""

    def _unfold_target_scale(self) -> None:
        """The reverse, before learning goes on."""

    def _stratify_by(self, y: Any) -> Any:
        return None

    def _hard(self, y: Any) -> Any:
        """``y`` as a score compares it with predictions."""
        return y

    _y_numeric = False

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
