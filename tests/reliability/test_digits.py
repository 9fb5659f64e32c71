"""How many digits are right, against solutions in 60 digits and against certified values.

The minimum of  C sum_n s_n L_n + |W|^2/2  is found by Newton's method in mpmath, until 45 digits of its gradient are 0; the function is
convex, so there is no other. Digits are -log10 of the largest relative error of any coefficient or intercept.
"""

from __future__ import annotations

import warnings
from typing import Any

import mpmath
import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning

from glassnet import LogisticRegression, MLPClassifier, MLPRegressor

Problem = tuple[np.ndarray, np.ndarray, np.ndarray | None, dict[str, Any]]


def drawn(seed: int, n: int, p: int, classes: int = 2, **parameters: Any) -> Problem:
    random = np.random.default_rng(seed)
    X = random.normal(size=(n, p)).round(3)
    score = X @ random.normal(size=(p, classes)) + random.gumbel(size=(n, classes))
    return X, score.argmax(axis=1), None, parameters


def scaled(problem: Problem, factors: Any, shift: Any = 0.0) -> Problem:
    X, y, s, parameters = problem
    return X * factors + shift, y, s, parameters


def weighted(problem: Problem) -> Problem:
    X, y, _, parameters = problem
    return X, y, np.random.default_rng(0).integers(0, 4, len(y)).astype(float), parameters


IRIS, SPECIES = load_iris(return_X_y=True)
PROBLEMS: dict[str, Problem] = {
    "one column": drawn(0, 30, 1),
    "three columns": drawn(1, 40, 3),
    "weak penalty": drawn(2, 60, 4, C=1e4),
    "no penalty": drawn(3, 80, 2, C=np.inf),
    "strong penalty": drawn(4, 40, 3, C=1e-3),
    "no intercept": drawn(5, 40, 3, fit_intercept=False),
    "weights": weighted(drawn(6, 50, 3)),
    "units from 1e-4 to 1e4": scaled(drawn(7, 50, 3), [1e-4, 1.0, 1e4], [0.0, 3.0, 1e4]),
    "three classes": drawn(8, 50, 2, 3),
    "four classes, weights": weighted(drawn(9, 60, 2, 4)),
    "iris, two species": (IRIS[50:], SPECIES[50:], None, {}),
    "iris": (IRIS, SPECIES, None, {}),
}


def exact(problem: Problem, start: np.ndarray) -> np.ndarray:
    """Coefficients row by row, then intercepts, in 60 digits rounded to float64; ``start``, of the same form, only saves time."""
    X, y, weight, parameters = problem
    C, bias = parameters.get("C", 1.0), parameters.get("fit_intercept", True)
    labels = np.unique(y)
    k = 1 if len(labels) == 2 else len(labels)
    with mpmath.workdps(60):
        A = [[mpmath.mpf(float(v)) for v in row] + [mpmath.mpf(1)] * bias for row in X]
        q = len(A[0])
        s = [mpmath.mpf(1 if weight is None else float(weight[i])) * (1 if np.isinf(C) else mpmath.mpf(float(C))) for i in range(len(y))]
        place = np.searchsorted(labels, y)
        ridge = [mpmath.mpf(0) if np.isinf(C) or (bias and j == q - 1) else mpmath.mpf(1) for _ in range(k) for j in range(q)]
        theta = mpmath.zeros(q * k, 1)
        for c in range(k):
            for j in range(q):
                theta[c * q + j] = mpmath.mpf(float(start[k * (q - bias) + c] if bias and j == q - 1 else start[c * (q - bias) + j]))

        def slopes(theta: Any) -> tuple[Any, Any]:
            g, H = mpmath.zeros(q * k, 1), mpmath.zeros(q * k)
            for i, row in enumerate(A):
                z = [mpmath.fdot(row, theta[c * q : (c + 1) * q]) for c in range(k)]
                if k == 1:
                    p = [1 / (1 + mpmath.exp(-z[0]))]
                else:
                    e = [mpmath.exp(v - max(z)) for v in z]
                    p = [v / mpmath.fsum(e) for v in e]
                for c in range(k):
                    d = s[i] * (p[c] - (place[i] == (1 if k == 1 else c)))
                    for j in range(q):
                        g[c * q + j] += d * row[j]
                    for b in range(k):
                        bend = s[i] * p[c] * ((1 if b == c else 0) - p[b])
                        for j in range(q):
                            for m in range(q):
                                H[c * q + j, b * q + m] += bend * row[j] * row[m]
            for j, r in enumerate(ridge):
                g[j], H[j, j] = g[j] + r * theta[j], H[j, j] + r
            if k > 1:  # a common number on every bias changes nothing: the one with sum 0
                for c in range(k):
                    for b in range(k):
                        H[c * q + q - 1, b * q + q - 1] += mpmath.mpf(1) / k
            return g, H

        for _ in range(12):
            g, H = slopes(theta)
            if mpmath.norm(g) < mpmath.mpf(10) ** -45:
                break
            theta += mpmath.lu_solve(H, -g)
        else:
            raise AssertionError("no minimum to 45 digits")
        W = np.array([[float(theta[c * q + j]) for j in range(q)] for c in range(k)])
    return np.concatenate([W[:, : q - bias].ravel(), W[:, -1] - (W[:, -1].mean() if k > 1 else 0)] if bias else [W.ravel()])


def found(name: str, tol: float) -> np.ndarray:
    """Coefficients row by row, then intercepts, of our own."""
    X, y, weight, parameters = PROBLEMS[name]
    fitted = LogisticRegression(**parameters, tol=tol).fit(X, y, sample_weight=weight)
    return np.concatenate([fitted.coef_.ravel(), *([fitted.intercept_] if fitted.fit_intercept else [])])


def digits(found: np.ndarray, right: np.ndarray) -> float:
    return float(-np.log10(np.max(np.abs(found - right) / np.abs(right)) + 1e-17))


@pytest.mark.parametrize("name", PROBLEMS)
def test_thirteen_digits_at_tight_tolerance_and_seven_at_the_default_one(name: str) -> None:
    default, tight = found(name, tol=1e-4), found(name, tol=1e-13)
    right = exact(PROBLEMS[name], tight)
    assert digits(default, right) >= 7
    assert digits(tight, right) >= 13


@pytest.mark.parametrize("name", ["one column", "three columns", "weights", "three classes"])
def test_a_network_of_one_layer_under_newton_finds_as_many(name: str) -> None:
    X, y, weight, _ = PROBLEMS[name]
    net = MLPClassifier((), solver="newton", alpha=1.0, tol=1e-13).fit(X, y, sample_weight=weight)
    right = exact(PROBLEMS[name], found(name, tol=1e-13))
    assert digits(np.concatenate([net.coefs_[0].T.ravel(), net.intercepts_[0]]), right) >= 12.5


@pytest.mark.parametrize("solver", ["lbfgs", "newton-cholesky", "newton-cg"])
def test_separation_is_detected_and_said(solver: str) -> None:
    X = np.array([[1.0], [2.0], [3.0], [4.0]])
    with pytest.warns(ConvergenceWarning, match=r"\(complete separation: every row.*no optimum.*Give C a finite value"):
        complete = LogisticRegression(C=np.inf, solver=solver).fit(X, [0, 0, 1, 1])
    assert "; complete separation" in complete.stopped_because_
    with pytest.warns(ConvergenceWarning, match="quasi-complete separation"):
        LogisticRegression(C=np.inf, solver=solver).fit(np.array([[1.0], [2.0], [2.0], [3.0]]), [0, 0, 1, 1])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        LogisticRegression(C=np.inf, solver=solver).fit(X, [0, 1, 0, 1])


X_RAT42 = np.array([9.0, 14, 21, 28, 42, 57, 63, 70, 79])
Y_RAT42 = np.array([8.930, 10.800, 18.590, 22.330, 39.350, 56.110, 61.730, 64.620, 67.080])


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_ten_certified_digits_of_a_logistic_curve_as_a_network(seed: int) -> None:
    # Rat42 of the NIST StRD: y = b1 / (1 + exp(b2 - b3 x)). The unit has weight b3 and bias -b2, the output weight b1 and no bias.
    net = MLPRegressor(hidden_layer_sizes=1, activation="logistic", bias=[True, False], solver="newton", alpha=0, random_state=seed)
    net.fit(X_RAT42[:, None] / 100, Y_RAT42)
    found = np.array([net.coefs_[1][0, 0], -net.intercepts_[0][0], net.coefs_[0][0, 0] / 100])
    assert digits(found, np.array([72.462237576, 2.6180768402, 0.067359200066])) >= 10
    assert 2 * 9 * net.loss_ == pytest.approx(8.0565229338, rel=1e-10)
