"""Logistic regression that chooses its penalty by cross-validation.

from glassnet import LogisticRegressionCV
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Mapping
from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np
import sklearn
from numpy.typing import NDArray
from sklearn.metrics import get_scorer
from sklearn.model_selection import check_cv
from sklearn.utils import Bunch, compute_class_weight, metadata_routing
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing

from glassnet.estimators.input_rows import checked_weights, validated
from glassnet.estimators.logistic_folds import fold_paths, fold_scores
from glassnet.estimators.logistic_model import LogisticModel
from glassnet.estimators.logistic_parameters import check_classes, check_parameters, read_penalties
from glassnet.estimators.logistic_training import Setting, from_theta, path, row_weights
from glassnet.training.history import History

Array = NDArray[Any]


class LogisticRegressionCV(LogisticModel):
    """Logistic regression whose ``C`` and ``l1_ratio`` are those that score best on held-out folds, with scikit-learn's parameters.

    Parameters
    ----------
    Cs : int or array of floats, default=10
        Inverse strengths of the penalty to try, in (0, inf]; a number takes as many from 1e-4 to 1e4, evenly by their logarithm.
    l1_ratios : array of floats, default=None
        Parts of the penalty that are l1 to try, in [0, 1]. None stands for l2 alone and is deprecated as in scikit-learn.
    fit_intercept, dual, penalty, solver, tol, max_iter, class_weight, verbose, intercept_scaling, random_state, threshold, max_seconds
        As for LogisticRegression; ``max_seconds`` bounds each descent.
    cv : int, splitter or iterable, default=None
        Folds; None makes 5, stratified.
    scoring : str, callable or None
        A scikit-learn scorer; None is accuracy.
    n_jobs : int or None, default=None
        Folds at a time, in threads.
    refit : bool, default=True
        Whether to train once more on all rows with the best penalty; otherwise the coefficients of the best of each fold are averaged.
    use_legacy_attributes : bool, default=True
        Shape of ``C_``, ``l1_ratio_``, ``coefs_paths_``, ``scores_`` and ``n_iter_``: dicts by class as in scikit-learn so far, or the
        plain arrays of its version 1.10.

    Attributes
    ----------
    classes_, coef_, intercept_, n_features_in_, feature_names_in_, history_, stopped_because_
        As for LogisticRegression.
    Cs_, l1_ratios_ : arrays
        What was tried.
    C_, l1_ratio_ : float, or array of shape (n_classes,) or (1,) with legacy attributes
        What was best.
    scores_ : array of shape (n_folds, n_l1_ratios, n_cs)
        Legacy: dict by class of arrays (n_folds, n_cs, n_l1_ratios), or (n_folds, n_cs) for ``l1_ratios=None``.
    coefs_paths_ : array of shape (n_folds, n_l1_ratios, n_cs, n_classes or 1, n_features + 1)
        Coefficients and, last, the intercept. Legacy: dict by class of arrays (n_folds, n_cs, n_l1_ratios, n_features + 1).
    n_iter_ : array of shape (n_folds, n_l1_ratios, n_cs)
        Legacy: (1, n_folds, n_cs, n_l1_ratios).

    Examples
    --------
    >>> import numpy as np
    >>> from glassnet import LogisticRegressionCV
    >>> X = np.arange(40.0)[:, None] % 7
    >>> model = LogisticRegressionCV(Cs=[0.01, 1, 100], l1_ratios=[0], scoring="neg_log_loss", use_legacy_attributes=False)
    >>> model.fit(X, X[:, 0] > 3).C_
    100.0
    """

    C_: Any
    l1_ratio_: Any
    coefs_paths_: Any
    scores_: Any

    # scikit-learn: the weights of score() belong to the scorer, not to this estimator
    __metadata_request__score: ClassVar[dict[str, Any]] = {"sample_weight": metadata_routing.UNUSED}

    def __init__(
        self,
        *,
        Cs: Any = 10,
        l1_ratios: Any = "warn",
        fit_intercept: bool = True,
        cv: Any = None,
        dual: bool = False,
        penalty: str = "deprecated",
        scoring: Any = "warn",
        solver: str = "lbfgs",
        tol: float = 1e-4,
        max_iter: int = 100,
        class_weight: Any = None,
        n_jobs: int | None = None,
        verbose: int = 0,
        refit: bool = True,
        intercept_scaling: float = 1.0,
        random_state: Any = None,
        use_legacy_attributes: Any = "warn",
        threshold: float | None = None,
        max_seconds: float | None = None,
    ) -> None:
        self.Cs = Cs
        self.l1_ratios = l1_ratios
        self.fit_intercept = fit_intercept
        self.cv = cv
        self.dual = dual
        self.penalty = penalty
        self.scoring = scoring
        self.solver = solver
        self.tol = tol
        self.max_iter = max_iter
        self.class_weight = class_weight
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.refit = refit
        self.intercept_scaling = intercept_scaling
        self.random_state = random_state
        self.use_legacy_attributes = use_legacy_attributes
        self.threshold = threshold
        self.max_seconds = max_seconds

    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, X_val: Any = None, y_val: Any = None, **params: Any) -> Self:
        """Choose the penalty on folds, then train on all rows.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_samples, n_features)
            Inputs. float32 stays float32; everything else becomes float64.
        y : array of shape (n_samples,)
            Class labels of any kind.
        sample_weight : array of shape (n_samples,), default=None
            Weights >= 0, for the training and, unless routed otherwise, the scores.
        X_val, y_val : arrays, default=None
            Further held-out rows, whose mean loss is recorded after every iteration of the last training.
        **params
            For the splitter and the scorer, by scikit-learn's metadata routing.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            For parameters or data that cannot be used; the message says what is expected.
        """
        self._refuse_unrouted(params, "fit")
        check_parameters(self)
        penalty, ratios = read_penalties(self)
        scoring, legacy = self._deprecated_choices()
        Cs = self._read_Cs()
        X, y = validated(self, X, y, accept_sparse="csr", dtype=[np.float64, np.float32], order="C")
        codes = self._read_classes(y)
        check_classes(self.solver, self.classes_)
        weights = None if sample_weight is None else checked_weights(sample_weight, X, np.float64)
        routed = self._route("fit", weights, params)
        folds = list(check_cv(self.cv, y, classifier=True).split(X, y, **routed.splitter.split))
        row_weight = row_weights(weights, self._class_weights(y, weights), self.classes_, y, codes, X.dtype)
        setting = Setting(self.solver, self.fit_intercept, self.intercept_scaling, self._plan())
        k = len(self.classes_)
        fixed = {"l1": 1.0, "l2": 0.0}.get(penalty)
        used = [fixed if fixed is not None else float(ratio or 0.0) for ratio in ratios]
        thetas, n_iter = fold_paths(X, codes, k, row_weight, folds, Cs, used, setting, self.n_jobs)

        def models(fold: int) -> Array:
            return np.array([[self._model(theta, X.dtype) for theta in row] for row in thetas[fold]], dtype=object)

        scores = fold_scores(X, y, folds, models, scoring, self.classes_, weights, routed.scorer.score)
        self.Cs_, self.l1_ratios_ = Cs, np.asarray(ratios)
        if self.refit:
            mean = scores.sum(axis=0)
            ratio_at, C_at = np.unravel_index(int(np.argmax(mean.T.ravel())), mean.T.shape)[::-1]
            C, ratio = Cs[C_at], used[ratio_at]
            held_out = self._held_out_loss(X_val, y_val, X.dtype)
            last = Setting(self.solver, self.fit_intercept, self.intercept_scaling, self._plan(held_out))
            (found,) = path(X, codes, k, row_weight, [(C, ratio)], last, thetas[:, ratio_at, C_at].mean(axis=0))
            theta, self.history_ = found.theta, found.history
        else:
            by_fold = scores.transpose(0, 2, 1).reshape(len(folds), -1).argmax(axis=1)
            C_at, ratio_at = np.unravel_index(by_fold, (len(Cs), len(used)))
            theta = thetas[np.arange(len(folds)), ratio_at, C_at].mean(axis=0)
            C, ratio = Cs[C_at].mean(), np.mean(np.asarray(used)[ratio_at])
            self.history_ = History(stopped_because="averaged over the folds, not trained on all rows")
        self.coef_, self.intercept_ = from_theta(theta, X.shape[1], self.fit_intercept, X.dtype)
        self.stopped_because_, self._n_rows = self.history_.stopped_because, len(codes)
        self._shape_results(float(C), float(ratio), thetas, scores, n_iter, legacy=legacy, with_ratios=ratios != [None])
        return self

    def score(self, X: Any, y: Any, sample_weight: Any = None, **params: Any) -> float:
        """The score of ``predict`` or ``predict_proba`` on X, y by ``scoring``.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_samples, n_features)
        y : array of shape (n_samples,)
            True labels.
        sample_weight : array of shape (n_samples,), default=None
        **params
            For the scorer, by scikit-learn's metadata routing.

        Returns
        -------
        score : float
        """
        self._refuse_unrouted(params, "score")
        routed = self._route("score", sample_weight, params)
        return float(self._get_scorer()(self, X, y, **routed.scorer.score))

    def get_metadata_routing(self) -> MetadataRouter:
        """How scikit-learn routes metadata through this estimator: to the splitter and the scorer."""
        return (
            MetadataRouter(owner=self)
            .add_self_request(self)
            .add(splitter=self.cv, method_mapping=MethodMapping().add(caller="fit", callee="split"))
            .add(
                scorer=self._get_scorer(),
                method_mapping=MethodMapping().add(caller="score", callee="score").add(caller="fit", callee="score"),
            )
        )

    def _get_scorer(self) -> Any:
        return get_scorer("accuracy" if self.scoring in (None, "warn") else self.scoring)

    def _refuse_unrouted(self, params: Mapping[str, Any], method: str) -> None:
        if params and not sklearn.get_config()["enable_metadata_routing"]:
            raise ValueError(
                f"Passing extra keyword arguments to {type(self).__name__}.{method} is only supported if enable_metadata_routing=True, "
                f"which you can set using `sklearn.set_config`; got {sorted(params)}."
            )

    def _route(self, method: str, sample_weight: Any, params: Mapping[str, Any]) -> Any:
        """What of the metadata goes to the splitter and what to the scorer; without routing, the weights go to the scorer."""
        given = {} if sample_weight is None else {"sample_weight": sample_weight}
        if sklearn.get_config()["enable_metadata_routing"]:
            return process_routing(self, method, **given, **params)
        return Bunch(splitter=Bunch(split={}), scorer=Bunch(score=given))

    def _deprecated_choices(self) -> tuple[Any, bool]:
        """(scoring, use_legacy_attributes), with scikit-learn's warnings for defaults that will change."""
        scoring, legacy = self.scoring, self.use_legacy_attributes
        if isinstance(scoring, str) and scoring == "warn":
            warnings.warn(
                "The default value of the parameter 'scoring' will change from None, i.e. accuracy, to 'neg_log_loss' in version 1.11. To "
                "silence this warning, explicitly set the scoring parameter: scoring='neg_log_loss' for the new, scoring='accuracy' or "
                "scoring=None for the old default.",
                FutureWarning,
                stacklevel=3,
            )
            scoring = None
        if isinstance(legacy, str) and legacy == "warn":
            warnings.warn(
                "The default value of use_legacy_attributes will change from True to False in scikit-learn 1.10: the fitted attributes of "
                f"{type(self).__name__} become plain arrays. Set `use_legacy_attributes=False` for these now, or True to keep the dicts.",
                FutureWarning,
                stacklevel=3,
            )
            legacy = True
        return scoring, bool(legacy)

    def _read_Cs(self) -> Array:
        if isinstance(self.Cs, Integral):
            if isinstance(self.Cs, bool) or self.Cs < 1:
                raise ValueError(f"Cs must be an integer of 1 or more, or an array of positive numbers; got {self.Cs!r}.")
            return np.logspace(-4, 4, int(self.Cs))
        Cs = np.asarray(self.Cs, np.float64)
        if Cs.ndim != 1 or not len(Cs) or not (Cs > 0.0).all():
            raise ValueError(f"Cs must be an integer of 1 or more, or an array of positive numbers; got {self.Cs!r}.")
        return Cs

    def _class_weights(self, y: Array, sample_weight: Array | None) -> Any:
        """The weight of each class over all rows, the same in every fold."""
        if self.class_weight is None:
            return None
        if isinstance(self.class_weight, Mapping):
            if not set(self.class_weight) <= set(self.classes_.tolist()):
                raise ValueError(
                    "The given class_weight dict must have the class labels as keys; "
                    f"classes={self.classes_} but key={self.class_weight.keys()}"
                )
            return self.class_weight
        weights = compute_class_weight(self.class_weight, classes=self.classes_, y=y, sample_weight=sample_weight)
        return dict(zip(self.classes_, weights, strict=True))

    def _model(self, theta: Array, dtype: Any) -> Self:
        """This estimator with the coefficients of one fold and penalty, for a scorer."""
        model = copy.copy(self)
        model.__dict__.pop("feature_names_in_", None)
        model.coef_, model.intercept_ = from_theta(theta, self.n_features_in_, self.fit_intercept, dtype)
        return model

    def _shape_results(
        self, C: float, ratio: float, thetas: Array, scores: Array, n_iter: Array, *, legacy: bool, with_ratios: bool
    ) -> None:
        """The attributes on what was tried. thetas (folds, ratios, Cs, parameters); scores, n_iter (folds, ratios, Cs)."""
        rows = self.n_features_in_ + self.fit_intercept
        paths = thetas.reshape(*thetas.shape[:3], rows, -1).swapaxes(3, 4)  # (folds, ratios, Cs, outputs, features + 1)
        if not legacy:
            self.C_, self.l1_ratio_ = C, ratio
            self.coefs_paths_, self.scores_, self.n_iter_ = paths, scores, n_iter
            return
        labels = self.classes_[-paths.shape[3] :]
        self.C_, self.l1_ratio_ = np.full(len(labels), C), np.array([ratio if with_ratios or not self.refit else None] * len(labels))
        paths, scores, n_iter = paths.swapaxes(1, 2), scores.swapaxes(1, 2), n_iter.swapaxes(1, 2)[None]
        if not with_ratios:
            paths, scores, n_iter = paths[:, :, 0], scores[:, :, 0], n_iter[..., 0]
        self.coefs_paths_ = {label: paths[..., output, :] for output, label in enumerate(labels)}
        self.scores_ = dict.fromkeys(labels, scores)
        self.n_iter_ = n_iter
