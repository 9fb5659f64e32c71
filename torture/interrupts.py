"""Ctrl-C at random moments of a training, from outside: how long until control is back, and what is in the model then.

Every case runs in a process of its own: it learns once, which compiles its kernels and tells how long it takes, and then again and again
while a thread sends SIGINT at a random moment. ``fit`` must come back within 0.2 s with a warning and with weights that predict. Then
it learns once more while every call from Python into a compiled loop is timed, none of which may be at work for longer than 50 ms.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numba.core.dispatcher import Dispatcher

from glassnet import RBM, BernoulliRBM, DBNClassifier, LogisticRegression, LogisticRegressionCV, MLPClassifier, MLPRegressor
from torture.outcome import Budget, Outcome

PROMISED = 0.2
"""Seconds from Ctrl-C to control."""
LONGEST_CALL = 0.05
"""Seconds of work in one call of a compiled loop."""
LOST = 60.0
"""Seconds after which Ctrl-C is pressed again: somebody has swallowed the first one."""
Data = tuple[Any, Any]


def table(n: int, p: int, classes: int = 2, dtype: Any = np.float64) -> Data:
    """Rows whose class is told by three columns and chance."""
    random_numbers = np.random.default_rng(0)
    X = random_numbers.standard_normal((n, p), dtype=np.float32).astype(dtype)
    score = X[:, :3].sum(axis=1) + random_numbers.standard_normal(n)
    edges = np.quantile(score, np.arange(1, classes) / classes)
    return X, np.searchsorted(edges, score)


def sparse_table(n: int, p: int) -> Data:
    """The same, with 50 numbers other than 0 in a row."""
    import scipy.sparse as sp

    X: Any = sp.random_array((n, p), density=50 / p, format="csr", rng=np.random.default_rng(0))
    return X, (np.asarray(X[:, :200].sum(axis=1)).ravel() > 0.6).astype(int)


def numbers(data: Data) -> Data:
    """The same rows with a number to predict."""
    X, y = data
    return X, y + 0.1 * np.asarray(X[:, 0])


def mlp(kind: Any = MLPClassifier, hidden: tuple[int, ...] = (100,), **parameters: Any) -> Callable[[], Any]:
    """A network that goes on until it is stopped."""
    endless = {"max_iter": 100_000, "max_fun": 10**9, "tol": 0.0, "n_iter_no_change": 10**6, "random_state": 0}
    return lambda: kind(hidden_layer_sizes=hidden, **(endless | parameters))


def logistic(**parameters: Any) -> Callable[[], Any]:
    """A logistic regression that goes on as long as digits let it."""
    return lambda: LogisticRegression(**({"tol": 0.0, "max_iter": 100_000} | parameters))


def signs(n: int, p: int) -> Data:
    """Columns of 0 and 1 in correlated groups, for machines."""
    X, y = table(n, p, dtype=np.float32)
    X += 2.0 * X[:, :1]
    return (X > 0).astype(np.float32), y


def long() -> Data:
    """Many rows."""
    return table(1_000_000, 50)


def wide() -> Data:
    """Many columns."""
    return table(50_000, 2_000)


CASES: dict[str, tuple[Callable[[], Any], Callable[[], Data]]] = {
    "LogisticRegression, 1,000,000 x 50": (logistic(), long),
    "LogisticRegression newton-cg, 1,000,000 x 50": (logistic(solver="newton-cg"), long),
    "LogisticRegression, 50,000 x 2,000": (logistic(), wide),
    "LogisticRegression newton-cholesky, 50,000 x 2,000": (logistic(solver="newton-cholesky"), wide),
    "LogisticRegression saga l1, 50,000 x 500": (logistic(solver="saga", l1_ratio=1.0, C=0.01), lambda: table(50_000, 500)),
    "LogisticRegression saga l1, 20,000 x 3,000": (logistic(solver="saga", l1_ratio=1.0, C=1.0), lambda: table(20_000, 3_000)),
    "LogisticRegression, 10 classes, 200,000 x 100": (logistic(), lambda: table(200_000, 100, 10)),
    "LogisticRegression, sparse 500,000 x 20,000": (logistic(), lambda: sparse_table(500_000, 20_000)),
    "LogisticRegressionCV, 200,000 x 50": (
        lambda: LogisticRegressionCV(Cs=10, cv=5, scoring="accuracy", l1_ratios=(0,), use_legacy_attributes=False, tol=1e-12),
        lambda: table(200_000, 50),
    ),
    "MLPClassifier adam, 1,000,000 x 50": (mlp(), long),
    "MLPClassifier adam (16), 1,000,000 x 50": (mlp(hidden=(16,)), long),
    "MLPClassifier adam in batches of 100,000, 1,000,000 x 50": (mlp(batch_size=100_000), long),
    "MLPClassifier adam (4096, 4096), 20,000 x 500": (mlp(hidden=(4096, 4096)), lambda: table(20_000, 500, dtype=np.float32)),
    "MLPClassifier adam, sparse 500,000 x 20,000": (mlp(), lambda: sparse_table(500_000, 20_000)),
    "MLPClassifier sgd, early stopping, 1,000,000 x 50": (mlp(solver="sgd", early_stopping=True), long),
    "MLPClassifier gd, 1,000,000 x 50": (mlp(solver="gd"), long),
    "MLPClassifier rmsprop, 10 classes, 200,000 x 100": (mlp(solver="rmsprop"), lambda: table(200_000, 100, 10)),
    "MLPClassifier lbfgs, 1,000,000 x 50": (mlp(solver="lbfgs"), long),
    "MLPClassifier lbfgs (1000, 1000), 50,000 x 2,000": (mlp(hidden=(1000, 1000), solver="lbfgs"), wide),
    "MLPClassifier newton (), 50,000 x 2,000": (mlp(hidden=(), solver="newton"), wide),
    "MLPRegressor adamw, dropout, 1,000,000 x 50": (mlp(MLPRegressor, solver="adamw", dropout=0.2), lambda: numbers(long())),
    "MLPRegressor cg, 1,000,000 x 50": (mlp(MLPRegressor, solver="cg"), lambda: numbers(long())),
    "MLPRegressor adagrad, 50,000 x 2,000": (mlp(MLPRegressor, solver="adagrad"), lambda: numbers(wide())),
    "BernoulliRBM (256), 60,000 x 784": (lambda: BernoulliRBM(n_iter=10**6, random_state=0), lambda: signs(60_000, 784)),
    "RBM (500), 60,000 x 784": (lambda: RBM(500, n_iter=10**6, random_state=0), lambda: signs(60_000, 784)),
    "RBM (4096), parallel tempering, 20,000 x 2,000": (
        lambda: RBM(4096, method="pt", n_iter=10**6, random_state=0),
        lambda: signs(20_000, 2_000),
    ),
    "DBNClassifier (500, 200), 60,000 x 784": (
        lambda: DBNClassifier((500, 200), pretrain_epochs=1, random_state=0),
        lambda: signs(60_000, 784),
    ),
}
QUICK = ("LogisticRegression, 50,000 x 2,000", "MLPClassifier adam (16), 1,000,000 x 50", "MLPClassifier lbfgs, 1,000,000 x 50")


def stopped(make: Callable[[], Any], data: Data, delay: float) -> tuple[tuple[float, float] | None, str]:
    """(seconds from SIGINT to control, of the clock and of processors), and what is wrong; None where training had ended by itself."""
    sent: list[float] = []

    def press() -> None:
        sent.extend((time.perf_counter(), time.process_time()))
        os.kill(os.getpid(), signal.SIGINT)

    estimator, timers = make(), (threading.Timer(delay, press), threading.Timer(delay + LOST, os.kill, (os.getpid(), signal.SIGINT)))
    said: list[str] = []
    for timer in timers:
        timer.start()
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            estimator.fit(*data)
        back = time.perf_counter(), time.process_time()
        said = [str(warning.message) for warning in caught]
    except KeyboardInterrupt:
        back = time.perf_counter(), time.process_time()
        search = isinstance(estimator, LogisticRegressionCV)  # a search ends
        begun = len(getattr(estimator, "history_", ()))  # before the end of the first epoch there is nothing to keep
        return (back[0] - sent[0], back[1] - sent[1]), "KeyboardInterrupt left a training" if begun and not search else ""
    finally:
        for timer in timers:
            timer.cancel()
    if not sent:
        return None, ""
    took = back[0] - sent[0], back[1] - sent[1]
    if not any("interrupted" in sentence for sentence in said):
        return took, "" if took[0] < 0.05 else "no warning"  # it had just ended
    answer = (estimator.predict if hasattr(estimator, "predict") else estimator.transform)(data[0][:1000])
    return took, "" if np.isfinite(answer).all() else "the model predicts numbers that are none"


def one_case(name: str, times: int, seed: int) -> dict[str, Any]:
    """Latencies in seconds of one case, in this process."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell starts in the background is deaf to it
    make, load_data = CASES[name]
    data, draws = load_data(), random.Random(seed)
    stopped(make, data, 3.0)  # compiles, and fills what is kept from fit to fit
    began, ended = time.perf_counter(), 0
    latencies: list[tuple[float, float]] = []
    faults: list[str] = []
    reach = 2.5
    while len(latencies) < times and time.perf_counter() - began < 60.0 + 3.0 * times:
        seconds, fault = stopped(make, data, 0.02 + reach * draws.random())
        if seconds is None:
            reach, ended = 0.8 * reach, ended + 1
            continue
        latencies.append(seconds)
        faults += [fault] if fault else []
    return {"latencies": latencies, "faults": faults, "ended": ended, "longest call": longest_call(make, data)}


def longest_call(make: Callable[[], Any], data: Data) -> tuple[float, str]:
    """(seconds of work, name) of the longest call from Python into a compiled loop, in some seconds of a training with warm kernels."""
    found = [(0.0, "none")]

    def timed(kernel: Dispatcher, name: str) -> Callable[..., Any]:
        def call(*given: Any) -> Any:
            began = time.thread_time()
            try:
                return kernel(*given)
            finally:
                found[0] = max(found[0], (time.thread_time() - began, name))

        return call

    kept = [
        (module, name, value)
        for module_name, module in list(sys.modules.items())
        if module_name.startswith("glassnet.")
        for name, value in vars(module).items()
        if isinstance(value, Dispatcher)
    ]
    for module, name, value in kept:
        setattr(module, name, timed(value, name))
    try:
        stopped(make, data, 4.0)
    finally:
        for module, name, value in kept:
            setattr(module, name, value)
    return found[0]


def interrupts(budget: Budget) -> Outcome:
    """Every solver, many times; the worst latency of each."""
    outcome = Outcome("interrupts")
    worst = busiest = 0.0
    for name in CASES if budget.full else QUICK:
        found = in_a_process(name, budget.of(25, 4), budget.seed)
        if isinstance(found, str):
            outcome.broken.append(f"{name}: {found}")
            continue
        clock, work = (sorted(column) for column in zip(*found["latencies"], strict=True))
        worst, busiest = max(worst, clock[-1]), max(busiest, work[-1])
        outcome.facts[name] = (
            f"{len(clock)} times, median {1000 * clock[len(clock) // 2]:.0f} ms, worst {1000 * clock[-1]:.0f} ms "
            f"({1000 * work[-1]:.0f} ms of work); longest call of a compiled loop {1000 * found['longest call'][0]:.0f} ms"
        )
        allowed = PROMISED if budget.full else 10 * PROMISED
        outcome.unless(min(clock[-1], work[-1]) <= allowed, f"{name}: {clock[-1]:.2f} s, {work[-1]:.2f} s of them at work")
        call, kernel = found["longest call"]
        outcome.unless(call <= (LONGEST_CALL if budget.full else 10 * LONGEST_CALL), f"{name}: {kernel} was at work for {call:.3f} s")
        outcome.unless(not found["faults"], f"{name}: {'; '.join(sorted(set(found['faults'])))}")
    load = os.getloadavg()[0] / (os.cpu_count() or 1)
    outcome.facts["worst of all"] = f"{1000 * worst:.0f} ms, {1000 * busiest:.0f} ms of work, with {load:.1f} waiting for each processor"
    return outcome


def in_a_process(name: str, times: int, seed: int) -> Any:
    """What `one_case` finds in a process of its own, or what it died of."""
    command = [sys.executable, "-m", "torture.interrupts", name, str(times), str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else done.stderr[-300:]


if __name__ == "__main__":
    sys.stdout.write(json.dumps(one_case(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))) + "\n")
