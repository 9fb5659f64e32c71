"""What is paid before and beside the arithmetic: importing, compiling kernels on a fresh machine, and memory.

Each figure comes from processes of its own. The memory of a fit is the rise of the process's peak over its state just before, with
imports, kernels and the data already there.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
import time

from benchmarks.timing import OURS, Mark, Result, median

HEAVY = ("numpy", "scipy", "numba", "sklearn")

FIRST_FIT = """
import time; began = time.perf_counter()
import numpy as np
from glassnet import {estimator}
random = np.random.default_rng(0)
X = random.standard_normal((1000, 20), dtype=np.float32)
{estimator}({parameters}).fit(X, (X[:, 0] > 0).astype(int))
"""

PEAK = """
import re, warnings
from pathlib import Path
import numpy as np
from {module} import {estimator}

def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) * 1024

warnings.simplefilter("ignore")
random = np.random.default_rng(0)
small = random.standard_normal((600, {p}), dtype=np.float32)
make = lambda: {estimator}({parameters})
make().fit(small, np.arange(600) % 10)
X = random.standard_normal(({n}, {p}), dtype=np.float32)
y = np.arange({n}) % 10
before = peak()
make().fit(X, y)
print(peak() - before, X.nbytes)
"""

NETWORK = "64, batch_size=128, max_iter=2, random_state=0"


def importing(*, quick: bool, repeats: int) -> Result:
    """``import glassnet`` beyond bare Python, by whole processes in turn."""
    modules = {"glassnet": OURS, "sklearn.neural_network": "scikit-learn", "torch": "PyTorch", "jax": "JAX"}
    there = {module: name for module, name in modules.items() if importlib.util.find_spec(module.split(".")[0])}
    missing = [name for module, name in modules.items() if module not in there]
    statements = {"bare": "pass", **{name: f"import {module}" for module, name in there.items()}}
    times: dict[str, list[float]] = {name: [] for name in statements}
    for turn in range(-1, max(repeats, 3 if quick else 11)):
        for name, statement in statements.items():
            began = time.perf_counter()
            subprocess.run([sys.executable, "-c", statement], check=True)
            if turn >= 0:
                times[name].append(time.perf_counter() - began)
    bare = times.pop("bare")
    beyond = {name: [one - base for one, base in zip(each, bare, strict=True)] for name, each in times.items()}
    code = f"import sys, glassnet; print([name for name in {HEAVY} if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()
    marks = [Mark("s", median(beyond[OURS]), 0.1, 0.05, at_least=False)]
    loaded = "none; nothing is compiled" if loaded == "[]" else loaded
    notes = [f"bare Python {median(bare):.3f} s", f"of {', '.join(HEAVY)} it loads {loaded}"]
    return Result("import", "`import glassnet` beyond bare Python", "s", beyond, marks, notes=notes, missing=missing)


def first_fit(*, quick: bool, repeats: int) -> Result:
    """The first fit with an empty kernel cache, and the next process's with the cache it left."""
    works = {
        "MLPClassifier": FIRST_FIT.format(estimator="MLPClassifier", parameters="max_iter=5, tol=0.0"),
        "LogisticRegression": FIRST_FIT.format(estimator="LogisticRegression", parameters=""),
    }
    times: dict[str, list[float]] = {}
    said = {}
    for name, code in works.items():
        cold, warm = times.setdefault(f"{OURS}, {name}, cold", []), times.setdefault(f"{OURS}, {name}, next process", [])
        for _ in range(1 if quick else repeats):
            with tempfile.TemporaryDirectory() as folder:
                for into in (cold, warm):
                    began = time.perf_counter()
                    child = subprocess.run(
                        [sys.executable, "-W", "ignore", "-c", code],
                        env={**os.environ, "NUMBA_CACHE_DIR": folder},
                        check=True,
                        capture_output=True,
                        text=True,
                    )
                    into.append(time.perf_counter() - began)
                    if into is cold:
                        said[name] = bool(child.stderr.strip())
    slowest = max((name for name in times if name.endswith("cold")), key=lambda name: median(times[name]))
    marks = [Mark("s in all, the slower of the two", median(times[slowest]), 8.0, 4.0, at_least=False)]
    silent = [name for name, spoken in said.items() if not spoken]
    spoken = f"not said on stderr: {', '.join(silent)}" if silent else "said on stderr"
    notes = ["whole processes: imports, compiling, fit", f"{slowest.split(', ')[1]} is the slower", spoken]
    ordered = {OURS: times.pop(slowest), **times}
    return Result("first-fit", "first fit on a fresh machine (cold kernels)", "s", ordered, marks, notes=notes)


def memory(*, quick: bool, repeats: int) -> Result:
    """How far a fit raises the peak, for n and 4 n rows: what grows with n is the difference by the data's."""
    if not os.path.exists("/proc/self/status"):
        return Result("memory", "peak memory of fit", "MB", {}, [Mark("bytes per byte of data", None, 0.1, 0.05, at_least=False)])
    n, p = (10_000 if quick else 40_000), 784
    who = {OURS: ("glassnet", "MLPClassifier", NETWORK), f"{OURS}, LogisticRegression": ("glassnet", "LogisticRegression", "max_iter=10")}
    if not quick:
        who["scikit-learn"] = ("sklearn.neural_network", "MLPClassifier", NETWORK)
        who["scikit-learn, LogisticRegression"] = ("sklearn.linear_model", "LogisticRegression", "max_iter=10")
    rises: dict[str, list[float]] = {}
    growth = {}
    for name, (module, estimator, parameters) in who.items():
        measured = [_rise(PEAK.format(module=module, estimator=estimator, parameters=parameters, n=rows, p=p)) for rows in (n, 4 * n)]
        (small, data), (large, more) = measured
        rises[name] = [rise / 2**20 for rise, _ in measured]
        growth[name] = max(0.0, (large - small) / (more - data))
    words = f"peak memory of fit beyond the data, {n:,} and {4 * n:,} x {p} float32"
    notes = ["bytes that grow per byte of data: " + ", ".join(f"{name} {each:.2f}" for name, each in growth.items())]
    ours = max(each for name, each in growth.items() if name.startswith(OURS))
    marks = [Mark("bytes that grow per byte of data, the worse of the two", ours, 0.1, 0.05, at_least=False)]
    return Result("memory", words, "MB", rises, marks, notes=notes)


def _rise(code: str) -> tuple[int, int]:
    output = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    rise, data = output.split()
    return int(rise), int(data)
