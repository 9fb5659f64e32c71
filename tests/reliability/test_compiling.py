"""The run that compiles the kernels and all later ones, which read them from the cache, are the same to the last bit."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import hashlib, sys
import numpy as np
from sklearn.datasets import load_digits
from glassnet import LogisticRegression, MLPClassifier
X, y = load_digits(return_X_y=True)
X = (X / 16).astype(np.float32)
if sys.argv[1] == "another kind first":  # its kernels are others; so is what they leave in the process
    seen = X.copy()
    seen.flags.writeable = False
    MLPClassifier((10,), batch_size=20, max_iter=1, random_state=0, n_iter_no_change=1).fit(seen, y)
net = MLPClassifier((10,), batch_size=20, max_iter=3, random_state=0).fit(X, y)
neuron = LogisticRegression(C=0.1).fit(X.astype(float), y == 3)
print(hashlib.sha256(b"".join(W.tobytes() for W in [*net.coefs_, *net.intercepts_, neuron.coef_, neuron.intercept_])).hexdigest())
"""


def bits(folder: Path, way: str = "") -> tuple[str, bool]:
    """(digest of what was learned, whether kernels were compiled) in a process of its own."""
    surroundings = {**os.environ, "NUMBA_CACHE_DIR": str(folder), "PYTHONWARNINGS": "ignore"}
    done = subprocess.run([sys.executable, "-c", PROGRAM, way], env=surroundings, capture_output=True, text=True, check=True)
    return done.stdout, "compiling kernels" in done.stderr


def test_the_first_run_and_later_ones_learn_the_same_bits(tmp_path: Path) -> None:
    first, compiled = bits(tmp_path)
    assert compiled
    later, compiled = bits(tmp_path)
    assert not compiled
    between, compiled = bits(tmp_path, "another kind first")
    assert compiled
    assert first == later == between
