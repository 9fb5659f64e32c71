"""Choosing by cross-validation: the same folds and the same candidates, each trained to the same quality.

Penalties of a logistic regression: every one of the 5 x 8 minima must be reached to a relative 1e-6 (`objective.py`), at the loosest
tolerance of a ladder that does so. Candidates of a network: the same seeds, batches and number of updates, so the held-out scores agree.
Each of two processes has one BLAS thread: with two apiece they wait for each other.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GridSearchCV, StratifiedKFold

from benchmarks.limits import reading_seconds
from benchmarks.logistic import ITERATIONS, LADDER, SUBOPTIMALITY, dense_data
from benchmarks.networks import SEED
from benchmarks.objective import Objective, Reference, reference
from benchmarks.timing import OURS, Contender, Result, take_turns, times_faster_than_peers

Array = NDArray[Any]

STRENGTHS = np.logspace(-4, 3, 8)
CANDIDATES = {"alpha": [1e-5, 1e-3, 1e-1, 1.0], "learning_rate_init": [1e-3, 5e-3]}
SCORES_AGREE = 0.01
"""Difference allowed between two libraries' mean held-out accuracies of a candidate: 50 of 5,000 rows."""


def folds() -> StratifiedKFold:
    """Five folds, the same for everyone."""
    return StratifiedKFold(5, shuffle=True, random_state=0)


# ---- penalties of a logistic regression


def penalties(*, quick: bool, repeats: int) -> Result:
    """LogisticRegressionCV of both libraries: 5 folds, 8 penalties, held-out log loss, and a last fit on all rows."""
    from sklearn.linear_model import LogisticRegressionCV

    import glassnet

    n, p = (4_000, 50) if quick else (20_000, 100)
    X, y = dense_data(n, p)
    splits = list(folds().split(X, y))
    judges = [[reference(Objective(X[train], y[train], C)) for C in STRENGTHS] for train, _ in splits]
    contenders, notes = [], [f"C from {STRENGTHS[0]:g} to {STRENGTHS[-1]:g}"]
    for name, library, solver in (
        (OURS, glassnet.LogisticRegressionCV, "lbfgs"),
        ("scikit-learn lbfgs", LogisticRegressionCV, "lbfgs"),
        ("scikit-learn newton-cholesky", LogisticRegressionCV, "newton-cholesky"),
    ):
        fit = _chooser(library, solver, splits, X, y)
        for tol in LADDER:
            gap = _worst_gap(fit(tol), judges)
            if gap <= SUBOPTIMALITY:
                notes.append(f"{name} at tol={tol:.1e}: worst gap {gap:.1e}")
                contenders.append(Contender(name, _with(fit, tol)))
                break
        else:
            notes.append(f"{name} does not reach 1e-6 in every fold")
    times, models = take_turns(contenders, repeats)
    chosen = {name: float(np.ravel(model.C_)[0]) for name, model in models.items()}
    notes.append("chosen C: " + ", ".join(f"{name} {C:g}" for name, C in chosen.items()))
    marks = [times_faster_than_peers(times, 2.8, 4.0)]
    words = f"5 folds x 8 penalties, {n:,} x {p}"
    return Result("cv-penalties", words, "s per fit", times, marks, reading_seconds(X.nbytes), "one reading of X", notes)


def _chooser(library: Any, solver: str, splits: list[Any], X: Array, y: Array) -> Callable[[float], Any]:
    def fit(tol: float) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return library(
                Cs=STRENGTHS,
                l1_ratios=(0.0,),
                cv=splits,
                solver=solver,
                scoring="neg_log_loss",
                tol=tol,
                max_iter=ITERATIONS,
                use_legacy_attributes=False,
            ).fit(X, y)

    return fit


def _with(fit: Callable[[float], Any], tol: float) -> Callable[[None], Any]:
    return lambda _: fit(tol)


def _worst_gap(model: Any, judges: list[list[Reference]]) -> float:
    """The largest relative suboptimality over folds and strengths; coefs_paths_ is (folds, 1, strengths, 1, p + 1)."""
    paths = model.coefs_paths_[:, 0, :, 0, :]
    return max(judge.gap(w[None, :-1], w[-1:]) for fold, row in zip(paths, judges, strict=True) for w, judge in zip(fold, row, strict=True))


# ---- candidates of a network


def candidates(*, quick: bool, repeats: int) -> Result:
    """GridSearchCV over a network of 32 units: 8 candidates, 5 folds, as many epochs each, and a last fit on all rows; two cores."""
    import sklearn.neural_network

    import glassnet

    n, epochs = (1_000, 10) if quick else (5_000, 20)
    X, y = dense_data(n, 20)
    rivals = [
        Contender(f"{OURS}, n_jobs=1", _search(glassnet.MLPClassifier, 1, epochs, X, y)),
        Contender(f"{OURS}, n_jobs=2", _search(glassnet.MLPClassifier, 2, epochs, X, y)),
        Contender("scikit-learn, n_jobs=2", _search(sklearn.neural_network.MLPClassifier, 2, epochs, X, y)),
    ]
    times, found = take_turns(rivals, repeats)
    scores = {name: search.cv_results_["mean_test_score"] for name, search in found.items()}
    apart = float(max(np.abs(each - scores["scikit-learn, n_jobs=2"]).max() for each in scores.values()))
    assert apart <= SCORES_AGREE, f"other work was done: mean held-out accuracies are up to {apart:.4f} apart"
    best = min((name for name in times if name.startswith(OURS)), key=lambda name: float(np.median(times[name])))
    ordered = {OURS: times.pop(best), **times}
    notes = [
        f"mean held-out accuracies of the 8 candidates agree to {apart:.4f}",
        f"{epochs} epochs of batches of 64 each; glassnet with {best.split(', ')[1]}",
    ]
    marks = [times_faster_than_peers(ordered, 10.0, 20.0)]
    return Result("cv-networks", f"5 folds x 8 candidates of a 32-unit MLP, {n:,} x 20", "s per search", ordered, marks, notes=notes)


def _search(estimator: Any, jobs: int, epochs: int, X: Array, y: Array) -> Callable[[None], Any]:
    def search(_: None) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            net = estimator(32, batch_size=64, max_iter=epochs, tol=0.0, n_iter_no_change=epochs + 1, random_state=SEED)
            grid = GridSearchCV(net, CANDIDATES, cv=folds(), n_jobs=jobs)
            with joblib.parallel_config("loky", inner_max_num_threads=1) if jobs > 1 else nullcontext():
                return grid.fit(X, y)

    return search
