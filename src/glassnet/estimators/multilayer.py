"""What MLPClassifier and MLPRegressor share: ``fit``, from the user's parameters and data to checked rows and their training.

fit -> _learn_watched -> _learn (learning_network.py) -> train -> epoch -> ...
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import TransformerMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state, column_or_1d

from glassnet.checks import DivergenceError
from glassnet.data.prepared_rows import PreparedRows
from glassnet.estimators.checkpoint import Checkpoint
from glassnet.estimators.held_out import HeldOutRows, hold_out
from glassnet.estimators.input_rows import checked_weights, refuse_overflow, validated
from glassnet.estimators.learning_network import LearningNetwork
from glassnet.estimators.mlp_parameters import FULL_BATCH, STEPPING, check_parameters
from glassnet.networks.network import BLOCK
from glassnet.training.interrupts import inside_a_search
from glassnet.training.rows import Rows
from glassnet.training.stopping import Reason

Array = NDArray[Any]


def steps(estimator: Any) -> bool:
    """True where partial_fit makes sense; an AttributeError with the reason otherwise."""
    if estimator.solver not in STEPPING:
        raise AttributeError(
            f"partial_fit is only available for stochastic optimizers. {estimator.solver} is not stochastic. Use solver='adam' or 'sgd'."
        )
    return True


@contextlib.contextmanager
def unchanged_if_refused(estimator: Any) -> Iterator[None]:
    """An error in the block leaves the estimator as it was: a refused call does no harm to a fitted network."""
    before = estimator.__dict__.copy()
    try:
        yield
    except BaseException:
        estimator.__dict__ = before
        raise


class MultilayerPerceptron(TransformerMixin, LearningNetwork):
    """The common part of the two estimators; it is not used by itself."""

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
            For a classifier class labels, 0/1 columns for several labels at once, several columns of classes, or rows of
            probabilities, one column per class; numbers for a regressor.
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
        given = (X, y, sample_weight)
        with unchanged_if_refused(self):
            X, y, target, weight = self._take_in(X, y, sample_weight, first=first, learn_targets=first)
            held, index = self._take_in_held_out(X_val, y_val, target.dtype), None
            network = self._start(X.shape[1], target, random, first=first)
            if self.early_stopping and held is None:
                index, watched = hold_out(len(target), self.validation_fraction, random, stratify=self._stratify_by(y))
                held = HeldOutRows.chosen(X, self._hard(y), target, weight, watched)
            rows = Rows.of(X, target, weight, index)
            checkpoint = Checkpoint.of(self, network, rows)
        self._close(self._learn_watched(network, rows, held, random, checkpoint, given), rows)
        return self

    def _partial_fit(self, X: Any, y: Any, sample_weight: Any, *, learn_targets: bool, announce: Callable[[], None] | None = None) -> Self:
        """One epoch over these rows, going on from where the network is. What the mean weight of all rows will be is not known: weights
        count as they are given.
        """
        check_parameters(self)
        first = not hasattr(self, "coefs_")
        random = check_random_state(self.random_state)
        with unchanged_if_refused(self):
            if announce is not None:
                announce()
            X, y, target, weight = self._take_in(X, y, sample_weight, first=first, learn_targets=learn_targets)
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
        refuse_overflow(X)
        self._n_rows = X.shape[0]
        if self.warm_start and not learn_targets:
            self._check_going_on(y)
        if sample_weight is not None:
            sample_weight = checked_weights(sample_weight, X)
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

    def _close(self, reason: Reason, rows: Rows) -> None:
        """Say aloud what the user should know of how training ended."""
        if reason.kind == "interrupted":
            if inside_a_search():
                raise KeyboardInterrupt(reason.sentence)
            warnings.warn("Training interrupted by user. The model holds the best weights so far.", stacklevel=3)
        elif reason.kind == "diverged":
            warnings.warn(reason.sentence, ConvergenceWarning, stacklevel=3)
        elif reason.kind in ("epochs", "evaluations", "solver"):
            largest = float(abs(next(rows.blocks(BLOCK))[0]).max())  # of some rows: enough to tell units from thousands
            more = {"epochs": f"Raise max_iter, to {2 * self.max_iter} say.", "evaluations": f"Raise max_fun, to {2 * self.max_fun} say."}
            advice = more.get(reason.kind, "Loosen tol.") if largest <= 100 else f"Scale the inputs (|x| reaches {largest:.3g})."
            norm = self.history_[-1]["gradient_norm"] if len(self.history_) else float("nan")
            name = "Stochastic Optimizer: Maximum iterations" if self.solver not in FULL_BATCH else f"{self.solver}: maximum iterations"
            warnings.warn(
                f"{name} ({self.max_iter}) reached and the optimization hasn't converged yet: {reason.sentence}; gradient norm {norm:.3g}. "
                f"{advice}",
                ConvergenceWarning,
                stacklevel=3,
            )
        if not all(np.isfinite(part).all() for part in (*self.coefs_, *self.intercepts_)):
            raise DivergenceError("Solver produced non-finite parameter weights. Scale the inputs, or lower learning_rate_init.")

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
