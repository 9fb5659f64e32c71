"""What a fitted logistic regression does, however its coefficients were found: predict, describe itself, be kept.

raw prediction   z = X coef_' + intercept_
probability      1/(1 + e^-z) of the second of two classes; softmax of z for more
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import scipy.sparse as sp
import scipy.special
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils import Tags, check_array
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from glassnet.estimators.html_representation import ShowsItsNetwork
from glassnet.estimators.input_rows import refuse_runaway, validated
from glassnet.estimators.summary import summarise
from glassnet.maths.losses import classifier_loss
from glassnet.training.descent import Descent
from glassnet.training.history import History, Row
from glassnet.training.loop import Observer
from glassnet.training.stopping import TimeOver

Array = NDArray[Any]

COUNTED = 10_000
"""Range of whole-number labels up to which the classes are counted, not sorted."""


class LogisticModel(ClassifierMixin, ShowsItsNetwork):
    """The common part of LogisticRegression and LogisticRegressionCV; it is not used by itself."""

    _observers: tuple[Observer, ...] = ()
    solver: str
    fit_intercept: bool
    tol: float
    max_iter: int
    verbose: int
    threshold: float | None
    max_seconds: float | None
    coef_: Any
    intercept_: Array
    classes_: Array
    n_iter_: Array
    n_features_in_: int
    history_: History
    stopped_because_: str
    _n_rows: int | None

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.classifier_tags.multi_class = self.solver != "liblinear"
        return tags

    # ---- predicting

    def decision_function(self, X: Any) -> Array:
        """The raw prediction z.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        z : array of shape (n_samples,) for two classes, else (n_samples, n_classes)
            Log-odds of the second class; for more classes, log-probabilities up to a constant per row.
        """
        check_is_fitted(self)
        X = validated(self, X, accept_sparse="csr", dtype=(np.float64, np.float32), order="C", reset=False)
        with np.errstate(over="ignore", invalid="ignore"):
            raw: Array = safe_sparse_dot(X, self.coef_.T, dense_output=True) + self.intercept_
        refuse_runaway(raw, X)
        return raw[:, 0] if raw.shape[1] == 1 else raw

    def predict(self, X: Any) -> Array:
        """The class of each row: the most probable; of two, with ``threshold`` the second where its probability reaches it.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        y : array of shape (n_samples,)
            Class labels.
        """
        raw = self.decision_function(X)
        if raw.ndim == 2:
            chosen = raw.argmax(axis=1)
        else:
            chosen = (raw > 0.0 if self.threshold is None else scipy.special.expit(raw) >= self.threshold).astype(np.intp)
        return np.asarray(self.classes_[chosen])

    def predict_proba(self, X: Any) -> Array:
        """The probability of each class.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        p : array of shape (n_samples, n_classes)
            In [0, 1], in the order of ``classes_``; every row adds up to 1.
        """
        raw = self.decision_function(X)
        if raw.ndim == 2:
            return np.asarray(scipy.special.softmax(raw, axis=1))
        return np.asarray(scipy.special.expit(np.stack([-raw, raw], axis=1)))

    def predict_log_proba(self, X: Any) -> Array:
        """The logarithm of each class's probability, finite wherever the raw prediction is.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        log_p : array of shape (n_samples, n_classes)
            In nats, <= 0.
        """
        raw = self.decision_function(X)
        if raw.ndim == 2:
            return np.asarray(scipy.special.log_softmax(raw, axis=1))
        return np.asarray(scipy.special.log_expit(np.stack([-raw, raw], axis=1)))

    def densify(self) -> Self:
        """``coef_`` as a dense array, as it is after ``fit``. Returns the estimator."""
        check_is_fitted(self)
        self.coef_ = self._dense_coef()
        return self

    def sparsify(self) -> Self:
        """``coef_`` as a sparse matrix, smaller where an l1 penalty made more than half of it 0. Returns the estimator."""
        check_is_fitted(self)
        self.coef_ = sp.csr_matrix(self.coef_)
        return self

    def _dense_coef(self) -> Array:
        return self.coef_ if isinstance(self.coef_, np.ndarray) else np.asarray(self.coef_.toarray())

    # ---- looking and keeping

    def summary(self) -> str:
        """The layer, its shape, its parameters, rows per parameter, and plain words when it is too big for its data."""
        check_is_fitted(self)
        outputs, inputs = self.coef_.shape
        link = "logistic" if outputs == 1 else "softmax"
        return summarise([inputs, outputs], [link], n_rows=getattr(self, "_n_rows", None), biases=[bool(self.fit_intercept)])

    def save(self, path: Any) -> None:
        """Write the fitted estimator to ``path``, a file that holds arrays and JSON and can never run code.

        Raises OSError where the file cannot be written; an older file of that name is then left as it was.
        """
        from glassnet.estimators.persistence import save

        save(self, path)

    def _get_state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """What a file needs besides class and parameters."""
        arrays = {"coef_": self._dense_coef(), "intercept_": self.intercept_, **self.history_.as_arrays()}
        facts = {"classes": self.classes_, "n_iter": self.n_iter_, "stopped_because": self.stopped_because_, "n_rows": self._n_rows}
        return arrays, facts

    def _set_state(self, arrays: dict[str, Array], facts: dict[str, Any]) -> None:
        """The reverse of ``_get_state``; raises KeyError or ValueError where something is missing or does not fit."""
        self.coef_, self.intercept_, self.classes_ = arrays["coef_"], arrays["intercept_"], np.asarray(facts["classes"])
        outputs = 1 if len(self.classes_) == 2 else len(self.classes_)
        if self.coef_.ndim != 2 or len(self.coef_) != outputs or self.intercept_.shape != (outputs,):
            raise ValueError(f"coef_ {self.coef_.shape} and intercept_ {self.intercept_.shape} do not fit {len(self.classes_)} classes")
        self.n_features_in_ = self.coef_.shape[1]
        self.n_iter_, self._n_rows = np.asarray(facts["n_iter"]), facts["n_rows"]
        self.history_ = History.from_arrays(arrays)
        self.history_.stopped_because = self.stopped_because_ = facts["stopped_because"]

    # ---- learning: what both fits need

    def _held_out_loss(self, X_val: Any, y_val: Any, dtype: Any) -> Any:
        """theta -> (mean loss on the held-out rows, None), or None without such rows."""
        if X_val is None and y_val is None:
            return None
        if X_val is None or y_val is None:
            raise ValueError(f"X_val and y_val are given together; got only {'y_val' if X_val is None else 'X_val'}.")
        X = validated(self, X_val, accept_sparse="csr", dtype=dtype, reset=False)
        codes = self._codes(check_array(y_val, ensure_2d=False, dtype=None), "y_val")
        if len(codes) != X.shape[0]:
            raise ValueError(f"X_val and y_val must have as many rows; got {X.shape[0]} and {len(codes)}.")
        binary = len(self.classes_) == 2
        loss = classifier_loss("log_loss", "logistic" if binary else "softmax")
        y = codes[:, None].astype(dtype) if binary else np.eye(len(self.classes_), dtype=dtype)[codes]
        n_features = X.shape[1]

        def held_out(theta: Array) -> tuple[float, float | None]:
            W = theta[: n_features * y.shape[1]].reshape(n_features, -1).astype(dtype)
            raw = np.ascontiguousarray(X @ W + theta[W.size :].astype(dtype))
            return loss.value(raw, y) / len(codes), None

        return held_out

    def _read_classes(self, y: Array) -> Array:
        """Set ``classes_`` to the distinct labels, in order; return the class number of every row."""
        if y.dtype.kind in "iu" and int(y.max()) - int(y.min()) < COUNTED:
            least = int(y.min())
            place = np.subtract(y, least, dtype=np.intp, casting="unsafe")
            present = np.bincount(place) > 0
            self.classes_ = (np.flatnonzero(present) + least).astype(y.dtype)
            return np.asarray(np.cumsum(present) - 1)[place]
        check_classification_targets(y)
        self.classes_ = np.unique(y)
        return self._codes(y)

    def _codes(self, y: Array, name: str = "y") -> Array:
        """The number of each label among ``classes_``. Raises ValueError for labels that are not."""
        if len(self.classes_) == 2:
            codes = np.asarray(y == self.classes_[1]).astype(np.intp)
        else:
            codes = np.minimum(np.searchsorted(self.classes_, y), len(self.classes_) - 1)
        unknown = self.classes_[codes] != y
        if unknown.any():
            raise ValueError(f"{name} has classes that y lacks: {np.unique(y[unknown])[:5].tolist()}; y has {self.classes_.tolist()}.")
        return codes

    def _plan(self, held_out: Any = None, follow: Any = None) -> Descent:
        """How far to go and who watches."""
        rules = [] if self.max_seconds is None else [TimeOver(self.max_seconds)]
        observers = (*self._observers, say) if self.verbose else self._observers
        return Descent(float(self.tol), int(self.max_iter), rules, held_out, observers, follow)


def say(row: Row) -> None:
    """Print a row of the history, for ``verbose``."""
    print(f"Iteration {row['epoch']}, loss = {row['loss']:.8f}, gradient norm = {row['gradient_norm']:.2e}")  # noqa: T201
