"""Which hyperparameters to try, and which to choose: a small grid that fits model and data, and the one-standard-error rule.

    grid = search_space(model, X, y)
    search = GridSearchCV(model, grid, refit=lambda results: one_standard_error(results)[0]).fit(X, y)

Penalties are tried in powers of ten below the natural unit: the strength at which the penalty pulls as hard as the data, which is
n v / 4 for n rows of features with mean variance v and a logistic unit (a quarter is the largest curvature of its loss), n v for a
linear one; or p v where the p features are more than that: features that say the same, as neighbouring pixels do, pull together.
Networks are tried in sizes that the rows can support.

    rows          units         layers   penalty, dropout and learning rate
    below 1,000   8, 32         1        penalty / n 1e-4, 1e-3, 1e-2;  learning rate 0.003, 0.01
    to 20,000     32, 128       1, 2     penalty / n 1e-5, 1e-3;        learning rate 0.001, 0.005
    more          64, 256       1, 2     dropout 0, 0.3;                learning rate 0.001, 0.003

Source of the rule: Breiman, Friedman, Olshen & Stone (1984), Classification and Regression Trees, section 3.4.3.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import scipy.stats
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from glassnet.checks import DataError
from glassnet.data.prepared_rows import PreparedRows
from glassnet.estimators.architecture import hidden_sizes
from glassnet.estimators.mlp_parameters import STEPPING

Array = NDArray[Any]
Space = dict[str, Any]

SAMPLE = 2_000  # rows that are looked at to learn the scale of the features
FEW, MANY = 1_000, 20_000  # rows
GENTLE = ("sgd", "gd")  # solvers without a step size per weight need a longer one


def search_space(estimator: Any, X: Any, y: Any, *, wide: bool = False) -> Space:
    """Hyperparameters worth trying for this model on these data.

    Parameters
    ----------
    estimator : LogisticRegression, MLPClassifier, MLPRegressor, or a Pipeline that ends in one
        Its own settings count: a line-search solver has no learning rate to try, a network without hidden layers no width.
    X, y : training rows
    wide : bool, default=False
        Distributions to draw from, for ``RandomizedSearchCV``, in place of the values of a grid.

    Returns
    -------
    dict of lists (or of distributions), as ``GridSearchCV`` takes it

    Examples
    --------
    >>> from glassnet import LogisticRegression
    >>> X = np.random.default_rng(0).normal(size=(400, 3))
    >>> search_space(LogisticRegression(), X, X[:, 0] > 0)
    {'C': [0.01, 0.1, 1.0, 10.0, 100.0, 1000.0]}
    """
    if isinstance(estimator, Pipeline):
        name, last = estimator.steps[-1]
        space = search_space(last, _prepared(estimator, X, y), y, wide=wide)
        return {f"{name}__{parameter}": values for parameter, values in space.items()}
    if not {"C", "hidden_layer_sizes"} & set(estimator.get_params(deep=False)):
        raise TypeError(
            "estimator must be LogisticRegression, MLPClassifier, MLPRegressor, or a Pipeline that ends in one of these; got "
            f"{type(estimator).__name__}."
        )
    n_rows, n_features = np.shape(X)
    if not n_rows:
        raise DataError("X has no rows to choose hyperparameters for.")
    variance = _mean_variance(X)
    if "C" in estimator.get_params(deep=False):
        return _for_logistic(estimator, variance * max(n_rows / 4, n_features), n_features >= n_rows, wide)
    sizes = hidden_sizes(estimator.hidden_layer_sizes, estimator.n_layers, estimator.width)
    if not sizes:
        curvature = 1 / 4 if hasattr(estimator, "predict_proba") else 1
        unit = variance * max(n_rows * curvature, n_features)
        return {"alpha": _log_range(unit * 1e-5, unit, 6, wide)}
    return _for_network(estimator, n_rows, wide)


def one_standard_error(cv_results: Mapping[str, Any]) -> tuple[int, str]:
    """The simplest candidate whose mean score is within one standard error of the best, and why, in a sentence.

    Parameters
    ----------
    cv_results : dict
        ``cv_results_`` of a search with one score: ``params``, ``mean_test_score`` and ``split0_test_score``, ...

    Returns
    -------
    index, sentence
        Of the candidate. Simpler is: fewer hidden units, then a stronger penalty, then more dropout, then the better score.

    Examples
    --------
    >>> results = {
    ...     "params": [{"C": 0.1}, {"C": 1.0}, {"C": 10.0}],
    ...     "mean_test_score": [0.70, 0.80, 0.81],
    ...     **{f"split{i}_test_score": np.array([0.70, 0.80, 0.81]) + d for i, d in enumerate([-0.02, 0.0, 0.02])},
    ... }
    >>> one_standard_error(results)[0]
    1
    """
    means = np.asarray(cv_results["mean_test_score"], np.float64)
    candidates: list[Mapping[str, Any]] = list(cv_results["params"])
    usable = np.flatnonzero(np.isfinite(means))
    if not len(usable):
        raise DataError("No candidate has a score: every fit failed. Train one of them alone to see why.")
    best = int(usable[np.argmax(means[usable])])
    scores = _fold_scores(cv_results, best)
    folds = len(scores)
    error = float(np.std(scores, ddof=1) / math.sqrt(folds)) if folds > 1 else 0.0
    near = [int(i) for i in usable if means[i] >= means[best] - error]
    chosen = min(near, key=lambda i: (*_complexity(candidates[i]), -means[i], i))
    top = f"the best mean score over {folds} folds is {means[best]:.4g}, with a standard error of {error:.2g}"
    if chosen == best:
        others = "no other candidate is" if len(near) == 1 else f"none of the {len(near) - 1} others"
        rest = "within it" if len(near) == 1 else "within it is simpler"
        return best, f"{_named(candidates[best])} is chosen: {top}, and {others} {rest}."
    told = f"{_named(candidates[chosen])} ({means[chosen]:.4g}) is chosen: {top} ({_named(candidates[best])})"
    return chosen, f"{told}; of the {len(near)} candidates within it, this is the simplest."


def _for_logistic(estimator: Any, unit: float, wide_data: bool, distributions: bool) -> Space:
    """Inverse penalties; where there are more features than rows, weights of exactly 0 as well."""
    space: Space = {"C": _log_range(1 / unit, 1e5 / unit, 6, distributions)}
    if wide_data and estimator.get_params(deep=False).get("penalty", "deprecated") == "deprecated":
        space["l1_ratio"] = [0.0, 0.5, 1.0]
        if estimator.solver != "saga":
            space["solver"] = ["saga"]  # the solver that takes every l1_ratio
    return space


def _for_network(estimator: Any, n_rows: int, wide: bool) -> Space:
    steps = estimator.solver in STEPPING
    least, most = ((8, 32) if n_rows < FEW else (32, 128)) if n_rows < MANY else (64, 256)
    rates: tuple[float, ...] = (0.003, 0.01) if n_rows < FEW else (0.001, 0.005) if n_rows < MANY else (0.001, 0.003)
    rates = tuple(10 * rate for rate in rates) if estimator.solver in GENTLE else rates
    if wide:
        space: Space = {
            "n_layers": [1, 2, 3],
            "width": [size for size in (4, 8, 16, 32, 64, 128, 256, 512) if least // 2 <= size <= 2 * most],
            "alpha": scipy.stats.loguniform(n_rows * 1e-7, n_rows * 1e-1),
        }
        if steps:
            space["learning_rate_init"] = scipy.stats.loguniform(rates[0] / 5, rates[1] * 2)
            space["dropout"] = [0.0, 0.1, 0.2, 0.3, 0.5]
        return space
    space = {"n_layers": [1] if n_rows < FEW else [1, 2], "width": [least, most]}
    if n_rows < MANY or not steps:
        shares = (1e-4, 1e-3, 1e-2) if n_rows < FEW else (1e-5, 1e-3)
        space["alpha"] = [_rounded(n_rows * share) for share in shares]
    else:
        space["dropout"] = [0.0, 0.3]
    if steps:
        space["learning_rate_init"] = [float(f"{rate:g}") for rate in rates]
    return space


def _log_range(low: float, high: float, points: int, distribution: bool) -> Any:
    """``points`` values from ``low`` to ``high``, evenly on a log scale and rounded to one digit; or the distribution over them."""
    if distribution:
        return scipy.stats.loguniform(low, high)
    return [_rounded(value) for value in np.geomspace(low, high, points)]


def _rounded(value: float) -> float:
    return float(f"{value:.0e}")


def _mean_variance(X: Any) -> float:
    """The mean of the features' variances in a sample of rows; 1 where it is 0 or unknown."""
    step = max(1, X.shape[0] // SAMPLE)
    sample = X[::step] if hasattr(X, "tocsr") or isinstance(X, np.ndarray | PreparedRows) else np.asarray(X)[::step]
    sample = sample.toarray() if hasattr(sample, "toarray") else sample
    variance = float(np.var(np.asarray(sample, np.float64), axis=0).mean())
    return variance if 0 < variance < math.inf else 1.0


def _prepared(pipeline: Pipeline, X: Any, y: Any) -> Any:
    """What the last step of an unfitted pipeline would be given; only its number of rows, columns and their scale count."""
    return clone(pipeline[:-1]).fit_transform(X, y) if len(pipeline.steps) > 1 else X


def _fold_scores(cv_results: Mapping[str, Any], candidate: int) -> Array:
    folds = 0
    while f"split{folds}_test_score" in cv_results:
        folds += 1
    return np.array([cv_results[f"split{fold}_test_score"][candidate] for fold in range(folds)], np.float64)


def _complexity(parameters: Mapping[str, Any]) -> tuple[float, ...]:
    """The less, the simpler: weights between hidden units, strength of the penalties with its sign changed, share of units kept."""
    plain = {name.rpartition("__")[2]: value for name, value in parameters.items()}
    width = plain.get("width")
    sizes = plain.get("hidden_layer_sizes", (width,) * plain.get("n_layers", 1) if width else (1,) * plain.get("n_layers", 0))
    sizes = tuple(sizes) if isinstance(sizes, tuple | list | np.ndarray) else (sizes,)
    between = sum(a * b for a, b in pairwise(sizes))
    dropout = plain.get("dropout", 0.0)
    dropped = float(np.mean(dropout)) if np.size(dropout) else 0.0
    return (
        float(sum(sizes) + between),
        float(plain.get("C", 0.0)),
        -float(plain.get("alpha", 0.0)),
        -float(plain.get("l1", 0.0)),
        -float(plain.get("l1_ratio") or 0.0),
        -dropped,
    )


def _named(parameters: Mapping[str, Any]) -> str:
    """``width=32, alpha=0.1``."""
    told = []
    for name, value in parameters.items():
        text = f"{value:.4g}" if isinstance(value, float | np.floating) else str(value)
        told.append(f"{name.rpartition('__')[2]}={text}")
    return ", ".join(told) or "The only candidate"
