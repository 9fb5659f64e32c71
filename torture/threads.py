"""The deterministic mode: the same bits on 1, 2, 4 and 8 threads, and what that costs beside the free mode."""

from __future__ import annotations

import hashlib
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from glassnet import LogisticRegression, MLPClassifier
from glassnet.training.threads import deterministic
from torture.outcome import Budget, Outcome

ALLOWED = 1.2
"""Times the free mode's seconds that the deterministic mode may take."""


def bits(estimator: Any) -> str:
    """A short digest of what was learned."""
    parts = [estimator.coef_, estimator.intercept_] if hasattr(estimator, "coef_") else [*estimator.coefs_, *estimator.intercepts_]
    return hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()[:12]


def seconds(work: Callable[[], Any]) -> float:
    """How long it takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def threads(budget: Budget) -> Outcome:
    """Five trainings whose products are large enough to be shared."""
    outcome = Outcome("threads")
    random = np.random.default_rng(0)
    X = random.normal(size=(budget.of(20_000, 5_000), 500)).astype(np.float32)
    y = (X[:, 0] + random.normal(size=len(X)) > 0).astype(int)
    cases: dict[str, Callable[[], Any]] = {
        "newton-cholesky": lambda: LogisticRegression(solver="newton-cholesky").fit(X, y),
        "logistic": lambda: LogisticRegression().fit(X, y),
        "adam (512, 512)": lambda: MLPClassifier((512, 512), max_iter=2, random_state=0).fit(X, y),
        "adam (512), batches of 2,048": lambda: MLPClassifier((512,), batch_size=2048, max_iter=3, random_state=0).fit(X, y),
        "lbfgs (512)": lambda: MLPClassifier((512,), solver="lbfgs", max_iter=5, random_state=0).fit(X, y),
    }
    for name, learn in cases.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = []
            for count in (1, 2, 4, 8):
                with deterministic(count):
                    found.append(bits(learn()))
            free, same = [], []
            for _ in range(budget.of(7, 2)):
                free.append(seconds(learn))
                with deterministic():
                    same.append(seconds(learn))
        ratio = min(same) / min(free)
        outcome.facts[name] = f"bits {'the same' if len(set(found)) == 1 else found}, {min(free):.2f} s free, {ratio:.2f} times as long"
        outcome.unless(len(set(found)) == 1, f"{name}: the bits depend on the threads")
        outcome.unless(not budget.full or ratio <= ALLOWED, f"{name}: {ratio:.2f} times as long as the free mode")
    return outcome
