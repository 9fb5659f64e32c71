"""The run that compiles the kernels and all later ones, which read them from the cache, are the same to the last bit."""

from __future__ import annotations

import ast
import gc
import os
import subprocess
import sys
from pathlib import Path

from numba.core.event import Event, EventStatus

import glassnet
from glassnet.maths.compiling import Uncollected

SOURCE = Path(glassnet.__file__).parent
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


def test_no_array_is_handed_from_a_kernel_to_python() -> None:
    # Numba runs Python code to hand one out, and a Ctrl-C that is heard in it becomes a SystemError
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in SOURCE.rglob("*.py")]
    kernels = [
        part
        for tree in trees
        for part in ast.walk(tree)
        if isinstance(part, ast.FunctionDef)
        and any(isinstance(mark, ast.Name) and mark.id in ("kernel", "inlined") for mark in part.decorator_list)
    ]
    assert len(kernels) > 40
    give = {part.name for part in kernels if part.returns is not None and "Array" in ast.unparse(part.returns)}
    inside = {id(call) for part in kernels for call in ast.walk(part)}
    outside = [
        call.func.id
        for tree in trees
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in give and id(call) not in inside
    ]
    assert give and not outside


def test_garbage_is_collected_again_after_a_kernel_is_compiled_and_only_where_it_was_before() -> None:
    listener, event = Uncollected(), Event("numba:compile", EventStatus.START)
    assert gc.isenabled()
    for on in (True, False):
        if not on:
            gc.disable()
        try:
            listener.on_start(event)
            listener.on_start(event)  # one within another
            assert not gc.isenabled()
            listener.on_end(event)
            assert not gc.isenabled()
            listener.on_end(event)
            assert gc.isenabled() is on
        finally:
            gc.enable()
