"""Checks of the parameters of the logistic regressions, and what the deprecated ones of scikit-learn stand for."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any

import numpy as np

from glassnet.checks import Faults, unknown_name

SOLVERS = ("lbfgs", "liblinear", "newton-cg", "newton-cholesky", "sag", "saga")
PENALTIES = ("l1", "l2", "elasticnet")


def check_parameters(estimator: Any) -> None:
    """Raise ValueError with every parameter that is unknown, of the wrong type or out of range."""
    faults = Faults()
    for name in ("dual", "fit_intercept", "warm_start", "refit"):
        value = getattr(estimator, name, True)
        faults.unless(isinstance(value, bool | np.bool_), f"{name} must be True or False; got {value!r}.")
    _check_range(faults, estimator, "C", 0.0, math.inf, with_low=False)
    _check_range(faults, estimator, "tol", 0.0, math.inf)
    _check_range(faults, estimator, "intercept_scaling", 0.0, math.inf, with_low=False)
    for name, high in (("l1_ratio", 1.0), ("threshold", 1.0), ("max_seconds", math.inf)):
        if getattr(estimator, name, None) is not None:
            _check_range(faults, estimator, name, 0.0, high)
    most, jobs = estimator.max_iter, estimator.n_jobs
    whole = isinstance(most, Integral) and not isinstance(most, bool) and int(most) >= 0
    faults.unless(whole, f"max_iter must be an integer of 0 or more; got {most!r}.")
    faults.unless(jobs is None or isinstance(jobs, Integral), f"n_jobs must be an integer or None; got {jobs!r}.")
    if estimator.solver not in SOLVERS:
        faults.add(unknown_name("solver", estimator.solver, SOLVERS))
    if estimator.penalty not in (*PENALTIES, "deprecated", None):
        faults.add(unknown_name("penalty", estimator.penalty, PENALTIES))
    weights = estimator.class_weight
    right = weights is None or weights == "balanced" if not isinstance(weights, Mapping) else True
    faults.unless(right, f"class_weight must be a dict from label to weight, 'balanced' or None; got {weights!r}.")
    faults.raise_if_any()


def _check_range(faults: Faults, estimator: Any, name: str, low: float, high: float, *, with_low: bool = True) -> None:
    value = getattr(estimator, name, 1.0)
    number = isinstance(value, Real) and not isinstance(value, bool | np.bool_)
    right = number and (low <= float(value) <= high if with_low else low < float(value) <= high)
    faults.unless(right, f"{name} must be a number in the range {'[' if with_low else '('}{low:g}, {high:g}]; got {value!r}.")


def check_combination(solver: str, penalty: str | None, dual: bool) -> None:
    """Raise ValueError for what scikit-learn refuses: a penalty or a dual form that is not the solver's."""
    if solver not in ("liblinear", "saga") and penalty not in ("l2", None):
        raise ValueError(f"Solver {solver} supports only 'l2' or None penalties, got {penalty} penalty. Use solver='saga'.")
    if solver != "liblinear" and dual:
        raise ValueError(f"Solver {solver} supports only dual=False, got dual={dual}")
    if penalty == "elasticnet" and solver != "saga":
        raise ValueError(f"Only 'saga' solver supports elasticnet penalty, got solver={solver}.")
    if penalty is None and solver == "liblinear":
        raise ValueError("C=np.inf as well as penalty=None is not supported for the liblinear solver. Use solver='lbfgs'.")


def check_classes(solver: str, classes: Any) -> None:
    """Raise ValueError for one class, or more than two with liblinear."""
    if solver == "liblinear" and len(classes) > 2:
        raise ValueError(
            "The 'liblinear' solver does not support multiclass classification (n_classes >= 3). Only binary classification is supported. "
            f"The type of the target is multiclass: {len(classes)} classes. Either use another solver or wrap the estimator in a "
            "OneVsRestClassifier to keep applying a one-versus-rest scheme."
        )
    if len(classes) < 2:
        raise ValueError(
            f"This solver needs samples of at least 2 classes in the data, but the data contains only one class: {classes[0]!r}. "
            "Add rows of another class."
        )


def read_penalty(estimator: Any) -> tuple[str | None, float, float]:
    """(penalty, C, l1_ratio) of a LogisticRegression, its deprecated spellings translated with scikit-learn's warnings."""
    given, C, ratio = estimator.penalty, estimator.C, estimator.l1_ratio
    if given == "deprecated":
        if ratio is None:
            _deprecated("'l1_ratio=None' was deprecated in version 1.8 and will trigger an error in 1.10. Use 0<=l1_ratio<=1 instead.")
        ratio = float(ratio or 0.0)
        penalty = None if math.isinf(C) else {0.0: "l2", 1.0: "l1"}.get(ratio, "elasticnet")
    else:
        penalty = given
        _penalty_deprecated("l1_ratio", "C", "0", "1", "np.inf")
        if penalty != "elasticnet" and ratio is not None and 0 < ratio < 1:
            warnings.warn(f"l1_ratio parameter is only used when penalty is 'elasticnet'. Got (penalty={penalty})", stacklevel=4)
        if (penalty == "l2" and ratio != 0) or (penalty == "l1" and ratio != 1):
            warnings.warn(
                f"Inconsistent values: penalty={penalty} with l1_ratio={ratio}. penalty is deprecated. Please use l1_ratio only.",
                stacklevel=4,
            )
        if penalty is None and C != 1.0:
            warnings.warn("Setting penalty=None will ignore the C and l1_ratio parameters", stacklevel=4)
    check_combination(estimator.solver, penalty, estimator.dual)
    if penalty == "elasticnet" and ratio is None:
        raise ValueError("l1_ratio must be specified when penalty is elasticnet. Give a number between 0 and 1.")
    if estimator.n_jobs is not None:
        _deprecated(
            f"'n_jobs' has no effect since 1.8 and will be removed in 1.10. You provided 'n_jobs={estimator.n_jobs}', "
            "please leave it unspecified."
        )
    return penalty, math.inf if penalty is None else float(C), _ratio(penalty, ratio)


def read_penalties(estimator: Any) -> tuple[str, list[float | None]]:
    """(penalty, l1 ratios) of a LogisticRegressionCV; [None] where no ratio was asked for."""
    given, ratios = estimator.penalty, estimator.l1_ratios
    if isinstance(ratios, str) and ratios == "warn":
        ratios = None
        _deprecated(
            "The default value for l1_ratios will change from None to (0.0,) in version 1.10. From version 1.10 onwards, only array-like "
            "with values in [0, 1] will be allowed, None will be forbidden. To avoid this warning, explicitly set a value, "
            "e.g. l1_ratios=(0,)."
        )
    elif ratios is None and given == "deprecated":
        _deprecated(
            "'l1_ratios=None' was deprecated in version 1.8 and will trigger an error in 1.10. "
            "Use an array-like with values in [0, 1] instead."
        )
    if given == "deprecated":
        kinds = set() if ratios is None else {float(ratio) for ratio in ratios}
        penalty = "l2" if kinds <= {0.0} and (ratios is None or kinds) else "l1" if kinds == {1.0} else "elasticnet"
    else:
        penalty = given
        _penalty_deprecated("l1_ratios", "Cs", "(0,)", "(1,)", "(np.inf,)")
        if penalty != "elasticnet" and ratios is not None:
            warnings.warn(f"l1_ratios parameter is only used when penalty is 'elasticnet'. Got (penalty={penalty})", stacklevel=4)
    check_combination(estimator.solver, penalty, estimator.dual)
    fine = ratios is not None and len(ratios) > 0 and all(isinstance(ratio, Real) and 0.0 <= float(ratio) <= 1.0 for ratio in ratios)
    if (penalty == "elasticnet" or ratios is not None) and not fine:
        raise ValueError(f"l1_ratios must be an array-like of numbers between 0 and 1; got (l1_ratios={ratios!r})")
    return penalty, [None] if ratios is None else [float(ratio) for ratio in ratios]


def _ratio(penalty: str | None, ratio: float | None) -> float:
    """How much of the penalty is l1."""
    return {"l1": 1.0, "elasticnet": float(ratio or 0.0)}.get(penalty or "", 0.0)


def _penalty_deprecated(ratio: str, strength: str, l2: str, l1: str, none: str) -> None:
    _deprecated(
        "'penalty' was deprecated in version 1.8 and will be removed in 1.10. To avoid this warning, leave 'penalty' set to its default "
        f"value and use '{ratio}' or '{strength}' instead. Use {ratio}={l2} instead of penalty='l2', {ratio}={l1} instead of "
        f"penalty='l1', {ratio} between 0 and 1 instead of penalty='elasticnet', and {strength}={none} instead of penalty=None."
    )


def _deprecated(sentence: str) -> None:
    warnings.warn(sentence, FutureWarning, stacklevel=5)
