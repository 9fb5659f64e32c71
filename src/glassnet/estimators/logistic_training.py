"""From checked rows and classes to the minimum of the logistic cost, along a path of penalties.

    C sum_n s_n L(x_n W' + b, y_n) + (1 - r)/2 ||W||^2 + r ||W||_1            scikit-learn's cost; b free, but see below
  = C S F(W, b)  with  l2 = (1 - r)/(C S),  l1 = r/(C S),  S = sum_n s_n      F as in training.linear_problem

Two classes have one sigmoid unit for the second of them, more have a softmax. As in liblinear, that solver penalises b as well: the
weight of a column that holds ``intercept_scaling`` everywhere.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import compute_class_weight

from glassnet.maths.losses import classifier_loss
from glassnet.training.descent import Descent, Solution
from glassnet.training.directions import LastHessian
from glassnet.training.interrupts import inside_a_search
from glassnet.training.linear_problem import LinearProblem
from glassnet.training.linear_solvers import minimise_linear
from glassnet.training.separation import separation

Array = NDArray[Any]

METHODS = {"newton-cg": "newton-cg", "newton-cholesky": "newton-cholesky"}
"""Solvers that ask for a method of their own; the others want the minimum, by whatever is fastest."""


@dataclass(frozen=True)
class Setting:
    """What stays the same along a path: solver and intercept, and how far a descent goes."""

    solver: str
    fit_intercept: bool
    intercept_scaling: float
    plan: Descent


def path(
    X: Any,
    codes: Array,
    n_classes: int,
    weight: Array | None,
    penalties: Sequence[tuple[float, float]],
    setting: Setting,
    start: Array,
) -> Iterator[Solution]:
    """The minimum for each (C, l1_ratio) in turn, each begun where the last one ended; ``start`` is the first theta.

    X (n, p), codes (n,) class numbers, weight (n,) or None.
    """
    if n_classes == 2:
        loss, y = classifier_loss("log_loss", "logistic"), codes[:, None].astype(X.dtype)
    else:
        loss, y = classifier_loss("log_loss", "softmax"), codes
    unit = float(setting.intercept_scaling) if setting.solver == "liblinear" and setting.fit_intercept else None
    problem: LinearProblem | None = None
    last = LastHessian()
    for C, ratio in penalties:
        total = len(codes) if weight is None else float(weight.sum(dtype=np.float64))
        strength = 0.0 if np.isinf(C) else 1.0 / (C * total)
        l1, l2 = ratio * strength, (1.0 - ratio) * strength
        if problem is None:
            problem = LinearProblem(
                X, y, loss, weight=weight, l1=l1, l2=l2, intercept=setting.fit_intercept, bias_unit=unit, n_outputs=n_classes
            )
        else:
            problem = problem.with_penalty(l1, l2)
        found = minimise_linear(problem, start, setting.plan, METHODS.get(setting.solver, "auto"), last)
        apart = None
        try:
            if found.reason.kind != "interrupted":  # whoever has interrupted is not kept waiting
                apart = separation(problem, found.theta)
        except KeyboardInterrupt:
            found = replace(found, reason=found.reason._replace(kind="interrupted"))
        warn_if_unfinished(found, apart, setting)
        if apart:
            found = replace(found, reason=found.reason._replace(sentence=f"{found.stopped_because}; {apart} separation: no finite optimum"))
            found.history.stopped_because = found.stopped_because
        start = found.theta
        yield found


def warn_if_unfinished(found: Solution, apart: str | None, setting: Setting) -> None:
    """Say aloud where theta is not the minimum, or there is none, and what to do. Ctrl-C ends a search, too."""
    if found.reason.kind == "interrupted" and inside_a_search():
        raise KeyboardInterrupt(found.stopped_because)
    if apart:
        rows = "every row is" if apart == "complete" else "some rows are"
        warnings.warn(
            f"The classes are separated by a hyperplane ({apart} separation: {rows} told apart without fault), so without a penalty the "
            "coefficients grow without bound and have no optimum; those returned are where the descent stopped. Give C a finite value.",
            ConvergenceWarning,
            stacklevel=4,
        )
    elif found.reason.kind == "interrupted":
        warnings.warn("Training interrupted by user. The model holds the best weights so far.", stacklevel=4)
    elif found.reason.kind in ("epochs", "solver"):
        most = setting.plan.max_iter
        if found.reason.kind == "epochs":
            advice = f"Increase the number of iterations: set max_iter={max(2 * most, 10)}."
        else:
            advice = "Scale the inputs."
        warnings.warn(
            f"{_opening(setting.solver, found.n_iter)}: gradient norm {found.gradient_norm:.2g}, tol={setting.plan.tol:g}. {advice}",
            ConvergenceWarning,
            stacklevel=4,
        )


def _opening(solver: str, n_iter: int) -> str:
    """How scikit-learn's own warning for this solver begins, for those who filter by it."""
    if solver == "liblinear":
        return "Liblinear failed to converge, increase the number of iterations."
    if solver in ("sag", "saga"):
        return "The max_iter was reached which means the coef_ did not converge"
    if solver == "newton-cholesky":
        return f"Newton solver did not converge after {n_iter} iterations"
    return f"{solver} failed to converge after {n_iter} iteration(s)"


def row_weights(sample_weight: Array | None, class_weight: Any, classes: Array, y: Array, codes: Array, dtype: Any) -> Array | None:
    """Sample weight times class weight, (n,), or None for all ones. Raises ValueError where all are 0."""
    if sample_weight is None and class_weight is None:
        return None
    weight = np.ones(len(codes)) if sample_weight is None else np.asarray(sample_weight, np.float64)
    if class_weight is not None:
        weight = weight * compute_class_weight(class_weight, classes=classes, y=y, sample_weight=sample_weight)[codes]
    if not weight.sum() > 0:
        raise ValueError("sample_weight and class_weight leave every row with weight zero. Give some rows a weight above 0.")
    return weight.astype(dtype)


def to_theta(coef: Array, intercept: Array | None) -> Array:
    """theta of coefficients (k, p) and intercepts (k,)."""
    return np.concatenate([coef.T.ravel(), intercept]) if intercept is not None else coef.T.ravel()


def from_theta(theta: Array, n_features: int, fit_intercept: bool, dtype: Any) -> tuple[Array, Array]:
    """Coefficients (k, p) and intercepts (k,), 0 without them."""
    k = len(theta) // (n_features + fit_intercept)
    coef = np.ascontiguousarray(theta[: n_features * k].reshape(n_features, k).T, dtype)
    intercept = theta[n_features * k :].astype(dtype) if fit_intercept else np.zeros(k, dtype)
    return coef, intercept
