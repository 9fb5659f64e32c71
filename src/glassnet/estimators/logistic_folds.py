"""Logistic regression over folds and penalties: the coefficients of every combination, and how each does on its held-out rows.

The two halves know nothing of each other: ``fold_paths`` may share work between folds and penalties as it likes.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, get_scorer, make_scorer
from sklearn.utils.parallel import Parallel, delayed

from glassnet.estimators.logistic_training import Setting, path
from glassnet.training.threads import threads_for

Array = NDArray[Any]
Folds = Sequence[tuple[Array, Array]]


def fold_paths(
    X: Any,
    codes: Array,
    n_classes: int,
    weight: Array | None,
    folds: Folds,
    Cs: Array,
    l1_ratios: Sequence[float],
    setting: Setting,
    n_jobs: int | None,
) -> tuple[Array, Array]:
    """(theta, iterations) by fold, l1 ratio and C: arrays of shape (folds, ratios, Cs, parameters) and (folds, ratios, Cs).

    Along the Cs each descent begins where the last one ended. Raises ValueError for a fold whose training rows have no weight.
    """
    for fold, (train, _) in enumerate(folds):
        _refuse_weightless(None if weight is None else weight[train], fold, "trains on")

    def one(train: Array, ratio: float) -> tuple[list[Array], list[int]]:
        part = None if weight is None else weight[train]
        start = np.zeros((X.shape[1] + setting.fit_intercept) * (1 if n_classes == 2 else n_classes))
        found = list(path(X[train], codes[train], n_classes, part, [(C, ratio) for C in Cs], setting, start))
        return [solution.theta for solution in found], [solution.n_iter for solution in found]

    tasks = [(train, ratio) for train, _ in folds for ratio in l1_ratios]
    with threads_for(0.0 if n_jobs not in (None, 1) else np.inf):
        done = Parallel(n_jobs=n_jobs, prefer="threads")(delayed(one)(*task) for task in tasks)
    shape = (len(folds), len(l1_ratios), len(Cs))
    thetas, n_iter = zip(*done, strict=True)
    return np.reshape(thetas, (*shape, -1)), np.reshape(n_iter, shape).astype(np.int32)


def fold_scores(
    X: Any,
    y: Array,
    folds: Folds,
    models: Callable[[int], Array],
    scoring: Any,
    classes: Array,
    weight: Array | None,
    params: Mapping[str, Any],
) -> Array:
    """The score of every model on the rows its fold holds out; ``models(fold)`` is an object array of fitted estimators.

    Without ``scoring`` this is accuracy with the sample weights; ``params`` go to the scorer. scikit-learn's "neg_log_loss" is taken from
    the probabilities directly: its checks of what was checked before would take longer than all the descents.
    Raises ValueError for held-out rows without any weight.
    """
    directly = scoring == "neg_log_loss" and params.keys() <= {"sample_weight"}
    scorer = None if scoring is None else scorer_with_labels(get_scorer(scoring), classes)
    rows = X.shape[0]
    scores = []
    for fold, (_, test) in enumerate(folds):
        some = {name: _rows_of(value, test, rows) for name, value in params.items()}
        _refuse_weightless(some.get("sample_weight") if scorer is not None else None if weight is None else weight[test], fold, "holds out")
        held, X_held, y_held = None if weight is None else weight[test], X[test], y[test]
        for model in models(fold).flat:
            if directly:
                scores.append(_log_likelihood(model.predict_proba(X_held), np.searchsorted(classes, y_held), some.get("sample_weight")))
            elif scorer is None:
                scores.append(accuracy_score(y_held, model.predict(X_held), sample_weight=held))
            else:
                scores.append(scorer(model, X_held, y_held, **some))
    return np.reshape(scores, (len(folds), *models(0).shape)).astype(np.float64)


def _log_likelihood(probability: Array, codes: Array, weight: Array | None) -> float:
    """The mean of log p of each row's class, p kept a rounding error away from 0 and 1 as scikit-learn's ``log_loss`` keeps it."""
    probability = np.asarray(probability)
    eps = np.finfo(probability.dtype).eps
    p = np.clip(probability[np.arange(len(codes)), codes], eps, 1 - eps)
    return float(np.average(np.log(p), weights=weight))


def _refuse_weightless(weight: Array | None, fold: int, does: str) -> None:
    if weight is not None and not np.any(weight):
        raise ValueError(
            f"every row that fold {fold} {does} has weight zero. Leave out rows without weight, or choose folds of which each has some."
        )


def scorer_with_labels(scorer: Any, classes: Array) -> Any:
    """The same scorer told all classes, for held-out rows may lack some."""
    function = getattr(scorer, "_score_func", None)
    known = inspect.signature(function).parameters if function is not None else {}
    if "labels" not in known:
        return scorer
    more = dict(getattr(scorer, "_kwargs", {}), labels=classes)
    if len(classes) == 2 and "pos_label" in known:
        more["pos_label"] = classes[1]
    return make_scorer(function, greater_is_better=scorer._sign == 1, response_method=scorer._response_method, **more)


def _rows_of(value: Any, rows: Array, n: int) -> Any:
    """The ``rows`` of a parameter that has one entry for each of the ``n``; any other as it is."""
    return np.asarray(value)[rows] if hasattr(value, "__len__") and len(value) == n else value
