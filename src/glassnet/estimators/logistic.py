"""Logistic regression: a network of one layer, trained to its minimum.

from glassnet import LogisticRegression
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from glassnet.estimators.callbacks import CallbackSupportMixin, with_callbacks
from glassnet.estimators.input_rows import checked_weights, validated
from glassnet.estimators.logistic_callbacks import IterationTasks
from glassnet.estimators.logistic_model import LogisticModel
from glassnet.estimators.logistic_parameters import check_classes, check_parameters, read_penalty
from glassnet.estimators.logistic_training import Setting, from_theta, path, row_weights, to_theta

Array = NDArray[Any]


class LogisticRegression(CallbackSupportMixin, LogisticModel):
    """Logistic regression for two classes (one sigmoid unit) or more (softmax), with scikit-learn's parameters.

    Minimises ``C * sum_n s_n L_n + (1 - l1_ratio)/2 ||coef||^2 + l1_ratio ||coef||_1``, L_n the cross-entropy of row n in nats. Columns of
    any unit and origin are welcome: the solver works in standardised coordinates, the penalty and the coefficients stay on yours.

    Parameters
    ----------
    penalty : {'l1', 'l2', 'elasticnet', None}
        Deprecated as in scikit-learn: use ``l1_ratio``, and ``C=inf`` for none.
    C : float, default=1.0
        Inverse of the strength of the penalty, in (0, inf]; inf for none.
    l1_ratio : float, default=0.0
        Part of the penalty that is l1, in [0, 1]; above 0 for solvers 'liblinear' (only 1) and 'saga'.
    dual : bool, default=False
        Accepted for 'liblinear' with an l2 penalty; the minimum is the same.
    tol : float, default=1e-4
        Training stops where no component of the gradient of the mean loss, by standardised coordinates, is larger.
    fit_intercept : bool, default=True
        Whether there is a bias. It is free of penalty, except with 'liblinear'.
    intercept_scaling : float, default=1
        For 'liblinear': the bias is penalised as the weight of a column that holds this number.
    class_weight : dict, 'balanced' or None, default=None
        Weight by class label; 'balanced' makes all classes weigh the same. It multiplies ``sample_weight``.
    random_state : int, RandomState or None, default=None
        Accepted; nothing here is random.
    solver : {'lbfgs', 'liblinear', 'newton-cg', 'newton-cholesky', 'sag', 'saga'}, default='lbfgs'
        All lead to the same minimum by solvers of our own. 'newton-cholesky' and 'newton-cg' are what they say; the others take Newton's
        method for few parameters, L-BFGS for many, proximal Newton for l1. 'liblinear' is for two classes.
    max_iter : int, default=100
        Iterations at most, 0 or more.
    verbose : int, default=0
        Above 0, print the loss of every iteration.
    warm_start : bool, default=False
        Begin where the last fit ended.
    n_jobs : None
        Deprecated and without effect, as in scikit-learn.
    threshold : float or None, default=None
        For two classes: predict the second where its probability reaches this, in [0, 1]. None: where it exceeds 1/2.
    max_seconds : float or None, default=None
        Wall time after which training stops with what it has.

    Attributes
    ----------
    classes_ : array of shape (n_classes,)
    coef_ : array of shape (1, n_features) for two classes, else (n_classes, n_features)
    intercept_ : array of shape (1,) or (n_classes,)
    n_iter_ : array of shape (1,)
    n_features_in_ : int
    feature_names_in_ : array of shape (n_features,)
        Where X has column names.
    history_ : History
        A row per iteration: loss, held-out loss, gradient norm, seconds, ...
    stopped_because_ : str
        Why training stopped.

    Examples
    --------
    >>> from glassnet import LogisticRegression
    >>> model = LogisticRegression().fit([[0.0], [1.0], [2.0], [3.0]], ["no", "no", "yes", "yes"])
    >>> model.predict([[0.5], [2.5]]).tolist()
    ['no', 'yes']
    >>> print(f"{model.coef_[0, 0]:.4f}")
    0.9583
    """

    def __init__(
        self,
        penalty: str | None = "deprecated",
        *,
        C: float = 1.0,
        l1_ratio: float | None = 0.0,
        dual: bool = False,
        tol: float = 1e-4,
        fit_intercept: bool = True,
        intercept_scaling: float = 1,
        class_weight: Any = None,
        random_state: Any = None,
        solver: str = "lbfgs",
        max_iter: int = 100,
        verbose: int = 0,
        warm_start: bool = False,
        n_jobs: int | None = None,
        threshold: float | None = None,
        max_seconds: float | None = None,
    ) -> None:
        self.penalty = penalty
        self.C = C
        self.l1_ratio = l1_ratio
        self.dual = dual
        self.tol = tol
        self.fit_intercept = fit_intercept
        self.intercept_scaling = intercept_scaling
        self.class_weight = class_weight
        self.random_state = random_state
        self.solver = solver
        self.max_iter = max_iter
        self.verbose = verbose
        self.warm_start = warm_start
        self.n_jobs = n_jobs
        self.threshold = threshold
        self.max_seconds = max_seconds

    @with_callbacks
    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, X_val: Any = None, y_val: Any = None) -> Self:
        """Train to the minimum.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_samples, n_features)
            Inputs. float32 stays float32; everything else becomes float64.
        y : array of shape (n_samples,)
            Class labels of any kind.
        sample_weight : array of shape (n_samples,), default=None
            Weights >= 0; weight k counts as the row k times.
        X_val, y_val : arrays, default=None
            Held-out rows, whose mean loss is recorded after every iteration.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            For parameters or data that cannot be used; the message says what is expected.
        """
        check_parameters(self)
        _, C, l1_ratio = read_penalty(self)
        X, y, codes = self._take_in(X, y)
        if sample_weight is not None:
            sample_weight = checked_weights(sample_weight, X, np.float64)
        weight = row_weights(sample_weight, self.class_weight, self.classes_, y, codes, X.dtype)
        held_out = self._held_out_loss(X_val, y_val, X.dtype)
        start = self._start(X.shape[1])
        out = np.dtype(np.float64) if self.solver == "liblinear" else X.dtype

        def attributes(theta: Array) -> dict[str, Array]:
            return dict(zip(("coef_", "intercept_"), from_theta(theta, X.shape[1], self.fit_intercept, out), strict=True))

        tasks = IterationTasks(self, X, y, sample_weight, attributes)
        tasks.begin(start)
        setting = Setting(self.solver, self.fit_intercept, self.intercept_scaling, self._plan(held_out, tasks.follow))
        (found,) = path(X, codes, len(self.classes_), weight, [(C, l1_ratio)], setting, start)
        self.coef_, self.intercept_ = attributes(found.theta).values()
        self.n_iter_ = np.array([found.n_iter], np.int32)
        self.history_, self.stopped_because_, self._n_rows = found.history, found.stopped_because, len(codes)
        tasks.end(found.theta)
        return self

    def _take_in(self, X: Any, y: Any) -> tuple[Any, Array, Array]:
        """Checked (X, y, class numbers); ``classes_`` is set."""
        small_indices = self.solver in ("liblinear", "sag", "saga")
        X, y = validated(self, X, y, accept_sparse="csr", dtype=[np.float64, np.float32], order="C", accept_large_sparse=not small_indices)
        codes = self._read_classes(y)
        check_classes(self.solver, self.classes_)
        if self.threshold is not None and len(self.classes_) > 2:
            raise ValueError(f"threshold is for two classes; y has {len(self.classes_)}. Leave it None.")
        if self.solver == "liblinear" and X.max() > 1e30:
            raise ValueError(
                "Using the 'liblinear' solver while X contains a maximum value > 1e30 results in a frozen fit. Please choose another "
                "solver or rescale the input X."
            )
        return X, y, codes

    def _start(self, n_features: int) -> Array:
        """The first theta: zeros, or the last fit's with ``warm_start``."""
        outputs = 1 if len(self.classes_) == 2 else len(self.classes_)
        if not self.warm_start or not hasattr(self, "coef_"):
            return np.zeros((n_features + self.fit_intercept) * outputs)
        coef = np.asarray(self._dense_coef(), np.float64)
        if coef.shape != (outputs, n_features):
            raise ValueError(
                f"warm_start cannot go on: coef_ has shape {coef.shape}, these data need {(outputs, n_features)}. Set warm_start=False."
            )
        return to_theta(coef, np.asarray(self.intercept_, np.float64) if self.fit_intercept else None)
