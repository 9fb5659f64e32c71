"""What MLPClassifier and MLPRegressor share: from checked parameters and data to a network, its training, and its fitted attributes.

    fit -> _learn -> train (or minimise, newton) -> network.value_and_gradient -> layer.forward, layer.backward
"""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state, column_or_1d
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from glassnet.checks import DivergenceError
from glassnet.estimators.architecture import build_network, hidden_activations, hidden_sizes, network_of
from glassnet.estimators.checkpoint import Checkpoint
from glassnet.estimators.given_weights import given_layers
from glassnet.estimators.held_out import HeldOutRows, hold_out
from glassnet.estimators.mlp_parameters import FULL_BATCH, check_parameters
from glassnet.estimators.summary import summarise
from glassnet.maths.initialisers import first_weights
from glassnet.maths.losses import Loss
from glassnet.maths.optimisers import optimiser_named
from glassnet.maths.schedules import Schedule, schedule_from
from glassnet.networks.network import BLOCK, Network
from glassnet.networks.passes import can_be_compiled, compiled_prediction
from glassnet.training.full_batch import FullBatchPlan, minimise
from glassnet.training.history import History, Row
from glassnet.training.loop import HeldOut, Observer, Plan, State, train
from glassnet.training.newton import newton_on_network
from glassnet.training.rows import Rows
from glassnet.training.stopping import Best, EpochsDone, GradientBelow, NoImprovement, Reason, Rule, TargetReached, TimeOver
from glassnet.training.threads import threads_for

Array = NDArray[Any]


class MultilayerPerceptron(BaseEstimator):
    """The common part of the two estimators; it is not used by itself."""

    _observers: tuple[Observer, ...] = ()

    # What the two estimators answer differently -----------------------------------------------------------------------------

    def _loss(self) -> Loss:
        """The loss with its link, once the targets are known."""
        raise NotImplementedError

    def _read_targets(self, y: Any, *, learn: bool, dtype: Any) -> Array:
        """Check ``y`` and return the target columns (n, n_outputs); with ``learn``, take classes or scale from it."""
        raise NotImplementedError

    def _weights_of_rows(self, y: Any, sample_weight: Any, X: Any) -> Array | None:
        """The weight of each row: sample weight times class weight."""
        raise NotImplementedError

    def _score_prediction(self, prediction: Array, y: Any, weight: Array | None) -> float:
        """The default monitored score: accuracy or R2."""
        raise NotImplementedError

    def _to_prediction(self, raw: Array) -> Array:
        """From raw predictions to what ``predict`` returns."""
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
        X, y, target, weight = self._take_in(X, y, sample_weight, first=first, learn_targets=first)
        if not first:
            self._check_going_on(y)
        given = self._take_in_held_out(X_val, y_val, target.dtype)
        random = check_random_state(self.random_state)
        network = self._start(X.shape[1], target, random, first=first)
        held, index = given, None
        if self.early_stopping and given is None:
            index, watched = hold_out(len(target), self.validation_fraction, random, stratify=self._stratify_by(y))
            held = HeldOutRows.chosen(X, y, target, weight, watched)
        rows = Rows.of(X, target, weight, index)
        with Checkpoint.of(self, network, rows) as checkpoint:
            reason = self._learn(network, rows, held, random, checkpoint=checkpoint, epochs=self.max_iter)
            checkpoint.interrupted = reason.kind == "interrupted"
        self._close(reason)
        return self

    def _partial_fit(self, X: Any, y: Any, sample_weight: Any, *, learn_targets: bool) -> Self:
        """One epoch over these rows, going on from where the network is."""
        check_parameters(self)
        first = not hasattr(self, "coefs_")
        X, y, target, weight = self._take_in(X, y, sample_weight, first=first, learn_targets=learn_targets)
        random = check_random_state(self.random_state)
        network = self._start(X.shape[1], target, random, first=first)
        self._learn(network, Rows.of(X, target, weight), None, random, checkpoint=None, epochs=1, one_epoch=True)
        return self

    def _take_in(self, X: Any, y: Any, sample_weight: Any, *, first: bool, learn_targets: bool) -> tuple[Any, Any, Array, Array | None]:
        """Checked (X, y, target columns, weights)."""
        X, y = validate_data(
            self, X, y, accept_sparse="csr", multi_output=True, dtype=(np.float64, np.float32), reset=first, y_numeric=self._y_numeric
        )
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        self._n_rows = X.shape[0]
        target = self._read_targets(y, learn=learn_targets, dtype=X.dtype)
        weight = self._weights_of_rows(y, sample_weight, X)
        if weight is not None and not weight.sum() > 0:
            raise ValueError("sample_weight must have a positive sum; every row has zero weight. Give some rows a weight above 0.")
        return X, y, target, weight

    def _take_in_held_out(self, X_val: Any, y_val: Any, dtype: Any) -> HeldOutRows | None:
        if (X_val is None) != (y_val is None):
            raise ValueError("X_val and y_val go together; got only one of them.")
        if X_val is None:
            return None
        X, y = validate_data(
            self, X_val, y_val, accept_sparse="csr", multi_output=True, dtype=dtype, reset=False, y_numeric=self._y_numeric
        )
        if y.ndim == 2 and y.shape[1] == 1:
            y = y[:, 0]
        return HeldOutRows(X, y, self._read_targets(y, learn=False, dtype=dtype), None)

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
        if not first:
            self._unfold_target_scale()
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
        self.t_, self.loss_curve_, self.history_ = 0, [], History()
        self._state: State | None = None
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
        one_epoch: bool = False,
    ) -> Reason:
        """Move the weights; leave them, the history and the reason on the estimator, whatever happens."""
        layout = network.layout
        biases = [b if layer.bias else None for b, layer in zip(self.intercepts_, network.layers, strict=True)]
        state = self._state if (one_epoch and self._state is not None) else None
        theta = layout.pack(self.coefs_, biases, rows.y.dtype)
        optimiser = optimiser_named(
            self.solver,
            momentum=self.momentum,
            nesterov=self.nesterovs_momentum,
            beta_1=self.beta_1,
            beta_2=self.beta_2,
            epsilon=self.epsilon,
            alpha=self.alpha,
        )
        if state is None:
            noise = np.random.default_rng(random.randint(2**31 - 1)) if any(network.dropout) else None
            state = State(theta, optimiser.moments(theta), random, rows.order(), self.history_, noise, samples=self.t_)
        else:
            state.theta[:] = theta
            state.random, state.order = random, rows.order()
        if checkpoint is not None:
            checkpoint.resume(state)
        pairs = layout.views(state.theta)
        self.coefs_, self.intercepts_ = [W for W, _ in pairs], [b for _, b in pairs]
        self._describe()
        self._state, self.history_ = state, state.history
        done_before = len(state.history) if checkpoint is None else checkpoint.epochs_before
        best, rules = self._rules(done_before + epochs, watched=held is not None and not one_epoch)
        watch = None if held is None else HeldOut(Rows.of(held.X, held.target, held.weight), self._scorer(held))
        arguments: dict[str, Any] = {"held_out": watch, "observers": (*self._observers, *self._spoken())}
        plan = self._plan(optimiser, rows, best, rules, done_before + epochs, one_epoch=one_epoch)
        full_batch = self.solver in FULL_BATCH
        at_a_time = min(BLOCK, len(rows)) if full_batch else plan.batch_size
        largest_product = at_a_time * max(layer.n_in * layer.n_out for layer in network.layers)
        try:
            with threads_for(largest_product):
                if full_batch:
                    if checkpoint is not None:
                        arguments["observers"] += (lambda row: checkpoint.keep(state),)
                    reason = self._minimise(network, rows, state, best, rules, epochs, arguments)
                else:
                    keep = None if checkpoint is None else checkpoint.keep
                    reason = train(network, rows, state, plan, keep=keep, **arguments)
        finally:
            state.order = np.arange(0)
            self._record(state, best, done_before, watched=held is not None)
            self._fold_target_scale()
        return reason

    def _plan(self, optimiser: Any, rows: Rows, best: Best, rules: Sequence[Rule], epochs: int, *, one_epoch: bool) -> Plan:
        n = len(rows)
        if self.solver == "gd":
            size = n
        elif self.batch_size == "auto":
            size = min(200, n)
        else:
            if self.batch_size > n:
                warnings.warn("Got `batch_size` less than 1 or larger than sample size. It is going to be clipped", stacklevel=5)
            size = int(np.clip(self.batch_size, 1, n))
        return Plan(
            optimiser=optimiser,
            schedule=self._schedule(),
            rate=self.learning_rate_init,
            batch_size=size,
            epochs=epochs,
            rules=rules,
            best=best,
            restore_best=self.early_stopping and not one_epoch,
            alpha=self.alpha,
            l1=self.l1,
            shuffle=self.shuffle,
        )

    def _schedule(self) -> Schedule:
        if self.schedule is not None:
            return schedule_from(self.schedule)
        return Schedule(self.learning_rate if self.solver == "sgd" else "constant", power_t=self.power_t)

    def _minimise(
        self, network: Network, rows: Rows, state: State, best: Best, rules: Sequence[Rule], epochs: int, arguments: dict[str, Any]
    ) -> Reason:
        if self.solver == "newton":
            return newton_on_network(
                network,
                rows.gathered(),
                state.theta,
                state.history,
                alpha=self.alpha / rows.unit,
                tol=self.tol,
                iterations=epochs,
                rules=rules,
                **arguments,
            )
        plan = FullBatchPlan(
            method=self.solver,
            iterations=epochs,
            evaluations=self.max_fun,
            gradient_tol=self.tol,
            rules=rules,
            best=best,
            restore_best=self.early_stopping,
            alpha=self.alpha,
            l1=self.l1,
        )
        return minimise(network, rows, state.theta, plan, state.history, **arguments)

    def _rules(self, epochs: int, *, watched: bool) -> tuple[Best, list[Rule]]:
        """What decides the best weights, and when to stop."""
        stopping_early = self.early_stopping and watched
        column = "loss" if not stopping_early else ("val_loss" if self.monitor == "val_loss" else "val_score")
        best = Best(column, tol=self.tol, larger_is_better=column == "val_score")
        rules: list[Rule] = []
        if self.gradient_tol is not None:
            rules.append(GradientBelow(self.gradient_tol))
        if self.target is not None:
            rules.append(TargetReached(column, self.target, larger_is_better=best.larger_is_better))
        if stopping_early or self.solver not in FULL_BATCH:
            rules.append(NoImprovement(best, self.n_iter_no_change))
        if self.max_seconds is not None:
            rules.append(TimeOver(self.max_seconds))
        return best, [*rules, EpochsDone(epochs)]

    def _scorer(self, held: HeldOutRows) -> Any:
        """theta -> the monitored score on the held-out rows, or None where the held-out loss is all that is watched."""
        if self.monitor == "val_loss" or (self.monitor is None and not self.early_stopping):
            return None
        return held.scorer(self, self.monitor)

    def _spoken(self) -> tuple[Observer, ...]:
        def say(row: Row) -> None:
            print(f"Iteration {row['epoch']}, loss = {row['loss']:.8f}")
            if row["val_score"] is not None:
                print(f"Validation score: {row['val_score']:.6f}")

        return (say,) if self.verbose else ()

    def _record(self, state: State, best: Best, done_before: int, *, watched: bool) -> None:
        """Fitted attributes from the history."""
        self.n_iter_ = len(state.history) - done_before
        self.t_ = state.samples
        self.loss_curve_ = state.history.column("loss")
        self.loss_ = self.loss_curve_[-1] if self.loss_curve_ else np.inf
        scores = state.history.column("val_score")
        if self.early_stopping and watched:
            self.best_loss_, self.validation_scores_ = None, scores
            known = [score for score in scores if score is not None]
            self.best_validation_score_ = max(known) if known else None
        else:
            self.best_loss_ = min(self.loss_curve_, default=np.inf)
            self.validation_scores_ = self.best_validation_score_ = None
        self.stopped_because_ = state.history.stopped_because

    def _close(self, reason: Reason) -> None:
        """Say aloud what the user should know of how training ended."""
        if reason.kind == "interrupted":
            warnings.warn("Training interrupted by user. The model holds the best weights so far.", stacklevel=3)
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

    # Predicting -------------------------------------------------------------------------------------------------------------

    def _raw_prediction(self, X: Any) -> Array:
        """The raw prediction z (n, n_outputs) of checked rows."""
        network, pairs = self._predictor()
        return network.raw_prediction(pairs, X)

    def _describe(self) -> None:
        """Note the network of the present weights, so that a prediction need not describe it again."""
        parts = (*self.coefs_, *self.intercepts_, self.activation, self.loss)
        activations = hidden_activations(self.activation, len(self.coefs_) - 1)
        network = network_of(self.coefs_, self.intercepts_, activations, self._loss())
        self._described = (parts, network, list(zip(self.coefs_, self.intercepts_, strict=True)))

    def _predictor(self) -> tuple[Network, list[tuple[Array, Array]]]:
        """The network and its (W, b); described anew only where weights or parameters were exchanged since."""
        parts, network, pairs = self._described
        now = (*self.coefs_, *self.intercepts_, self.activation, self.loss)
        if len(parts) == len(now) and all(a is b for a, b in zip(parts, now, strict=True)):
            return network, pairs
        fresh = copy.copy(self)
        fresh._describe()
        return fresh._described[1:]

    def _raw_of(self, X: Any) -> Array:
        """The raw prediction of rows as the user gave them."""
        if "coefs_" not in self.__dict__:
            check_is_fitted(self)
        if not self._plainly_right(X):
            X = validate_data(self, X, accept_sparse="csr", dtype=(np.float64, np.float32), reset=False)
        return self._raw_prediction(X)

    def _plainly_right(self, X: Any) -> bool:
        """True where scikit-learn's checks, which take longer than a small network, would find nothing: a finite float array."""
        return (
            type(X) is np.ndarray
            and X.ndim == 2
            and X.dtype.char in "fd"
            and X.shape[1] == self.n_features_in_
            and X.shape[0] > 0
            and "feature_names_in_" not in self.__dict__
            and math.isfinite(np.add.reduce(X, axis=None))
        )

    def compile_predict(self) -> Callable[[Array], Array]:
        """A function from rows to ``predict_proba`` (classifiers) or predictions (regressors), for many small calls.

        Returns
        -------
        function
            Takes a C-contiguous array (n, n_features) in the dtype of ``coefs_`` and checks nothing; returns an array
            (n, n_classes) or (n, n_outputs). It keeps the weights of this moment and may be called from several threads.

        Raises
        ------
        ValueError
            For activations that cannot be compiled into the loop (gelu and a user's own).
        """
        check_is_fitted(self)
        network, pairs = self._predictor()
        if not can_be_compiled(network):
            raise ValueError("compile_predict takes built-in activations other than 'gelu'; use predict or predict_proba.")
        theta = network.layout.pack(self.coefs_, self.intercepts_, self.coefs_[0].dtype)
        return compiled_prediction(network, theta, both_classes=self._probability_of_both)

    def predict(self, X: Any) -> Array:
        """Predict the rows of X.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        y : array of shape (n_samples,) or (n_samples, n_outputs)
            Class labels, 0/1 columns for several labels at once, or numbers.
        """
        return self._to_prediction(self._raw_of(X))

    # Looking and keeping ----------------------------------------------------------------------------------------------------

    def summary(self) -> str:
        """Layers, shapes, parameters, rows per parameter, and plain words when the network is too big for its data."""
        check_is_fitted(self)
        names = [activation.name for activation in hidden_activations(self.activation, len(self.coefs_) - 1)]
        rows = getattr(self, "_n_rows", None)
        sizes = [W.shape[0] for W in self.coefs_] + [self.coefs_[-1].shape[1]]
        return summarise(sizes, [*names, self.out_activation_], n_rows=rows)

    def save(self, path: Any) -> None:
        """Write the fitted estimator to ``path``, a file that holds arrays and JSON and can never run code.

        Raises OSError where the file cannot be written; an older file of that name is then left as it was.
        """
        from glassnet.estimators.persistence import save

        save(self, path)

    def _take_weights(self, coefs: list[Array], intercepts: list[Array]) -> None:
        """Fitted attributes for weights that were given, not learned."""
        check_parameters(self)
        build_network(
            coefs[0].shape[0],
            coefs[-1].shape[1],
            hidden=[W.shape[1] for W in coefs[:-1]],
            activation=self.activation,
            bias=self.bias,
            dropout=self.dropout,
            loss=self._loss(),
        )
        self.coefs_, self.intercepts_ = coefs, intercepts
        self._describe()
        self.n_features_in_ = coefs[0].shape[0]
        self.n_outputs_, self.n_layers_, self.out_activation_ = coefs[-1].shape[1], len(coefs) + 1, self._loss().link
        self.t_, self.n_iter_, self.loss_, self.loss_curve_ = 0, 0, np.inf, []
        self.best_loss_, self.validation_scores_, self.best_validation_score_ = np.inf, None, None
        self.history_, self.stopped_because_, self._state = History(), "the weights were given", None

    def _get_state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """What a file needs besides class and parameters: arrays, and facts as plain values (``classes`` as an array)."""
        arrays = {f"coefs_{i}": W for i, W in enumerate(self.coefs_)} | {f"intercepts_{i}": b for i, b in enumerate(self.intercepts_)}
        arrays |= self.history_.as_arrays()
        names = ("n_features_in_", "n_iter_", "t_", "stopped_because_")
        facts = {name: getattr(self, name) for name in names}
        return arrays, {**facts, "n_rows": getattr(self, "_n_rows", None), "watched": self.validation_scores_ is not None}

    def _set_state(self, arrays: dict[str, Array], facts: dict[str, Any]) -> None:
        """The reverse of ``_get_state``; raises KeyError or ValueError where something is missing or does not fit."""
        n = sum(name.startswith("coefs_") for name in arrays)
        coefs, intercepts, _ = given_layers([arrays[f"coefs_{i}"] for i in range(n)], [arrays[f"intercepts_{i}"] for i in range(n)])
        if coefs[0].shape[0] != facts["n_features_in_"]:
            raise ValueError(f"the first layer takes {coefs[0].shape[0]} inputs, but n_features_in_ is {facts['n_features_in_']!r}")
        self._take_weights(coefs, intercepts)
        state = State(np.empty(0), [], np.random.RandomState(0), np.arange(0), History.from_arrays(arrays), samples=facts["t_"])
        state.history.stopped_because = facts["stopped_because_"]
        self.history_ = state.history
        self._record(state, Best("loss"), len(state.history) - facts["n_iter_"], watched=facts["watched"])
        self._n_rows = facts["n_rows"]

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in super().__getstate__().items() if name != "_described"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if "coefs_" in self.__dict__:
            self._describe()

    def _weighted(self, sample_weight: Any, X: Any) -> Array | None:
        if sample_weight is None:
            return None
        return np.asarray(_check_sample_weight(sample_weight, X, ensure_non_negative=True))

    def _fold_target_scale(self) -> None:
        """A regressor that learned standardised targets folds their scale into its last layer."""

    def _unfold_target_scale(self) -> None:
        """The reverse, before learning goes on."""

    def _stratify_by(self, y: Any) -> Any:
        return None

    _y_numeric = False
    _probability_of_both = False

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
