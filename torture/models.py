"""Damaged and hostile model files, by the million.

A file that was changed must be refused by one ModelFileError, or hold what it held before, to the bit (blanks in a header may change). A
file that was changed *and sealed again*, as an attacker can, must be refused or give an estimator that answers. Nothing may crash, hang or
take more memory than `glassnet.load` promises.
"""

from __future__ import annotations

import hashlib
import json
import random
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import Pipeline

from glassnet import (
    RBM,
    BernoulliRBM,
    DBNClassifier,
    DBNTransformer,
    LogisticRegression,
    LogisticRegressionCV,
    MLPClassifier,
    MLPRegressor,
    TablePreparation,
    load,
    save,
)
from glassnet.checks import ModelFileError
from glassnet.data.pixels import ImagePreparation
from glassnet.files import container
from torture.children import Work
from torture.mutation import MUTATIONS, cut, flipped, grown, mutant, overwritten, renumbered
from torture.outcome import Budget, Outcome

CAP = 128 * 2**20
"""Bytes that loading a file of some kilobytes may take beyond what the process has."""

ODD_VALUES: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    4096,
    10**6,
    2**31,
    2**40,
    2**62,
    1e308,
    "",
    "os.system",
    "../../etc/passwd",
    [],
    {},
    [[]],
    ["a"] * 3,
    {"a": 1},
    "x" * 5000,
    {"$array": ["a"] * 9, "dtype": "<U900000", "shape": [9]},
    {"$array": [], "dtype": "<f8", "shape": [0, 2**40]},
)
ODD_ARRAYS: tuple[Any, ...] = (
    np.zeros((0,)),
    np.zeros((0, 7)),
    np.zeros((0, 2**40)),
    np.full((3, 2), np.nan),
    np.full((3, 2), np.inf),
    np.zeros((2, 2, 2)),
    np.zeros((1, 1), np.int64),
    np.array(True),
    np.zeros((1024, 1024), np.uint8),
)


def write_models(folder: Path) -> list[str]:
    """Model files of every kind in ``folder``; their names."""
    draw = np.random.default_rng(0)
    X, y = draw.normal(size=(60, 3)), np.array(["no", "yes", "maybe"])[draw.integers(0, 3, 60)]
    frame = pl.DataFrame({"a": X[:, 0], "b": ["u", "v", "w"] * 20, "c": [None, *X[1:, 2]]})
    signs, pictures = (X > 0).astype(float), draw.integers(0, 256, (20, 64), dtype=np.uint8)
    pixels = ImagePreparation(size=8, grey=True).fit(pictures)
    small: dict[str, Any] = {"max_iter": 3, "random_state": 0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        models: dict[str, Any] = {
            "table": Pipeline([("preparation", TablePreparation()), ("model", MLPClassifier((3,), **small))]).fit(frame, y),
            "logistic": LogisticRegression().fit(X, y),
            "chosen": LogisticRegressionCV(Cs=2, cv=2, scoring="accuracy", l1_ratios=(0,), use_legacy_attributes=False).fit(X, y),
            "regression": MLPRegressor(hidden_layer_sizes=(3,), standardise_target=True, **small).fit(X, X[:, 0]),
            "labels": MLPClassifier((3,), **small).fit(X, signs.astype(int)),
            "columns": MLPClassifier((3,), **small).fit(X, np.c_[y, y[::-1]]),
            "pictures": Pipeline([("p", pixels), ("m", MLPClassifier((2,), **small).fit(pixels.transform(pictures), np.arange(20) % 2))]),
            "machine": RBM(n_components=2, random_state=0).fit(signs),
            "bernoulli": BernoulliRBM(n_components=2, n_iter=2, random_state=0).fit(signs),
            "belief": DBNClassifier((2,), random_state=0).fit(signs, y),
            "codes": DBNTransformer((2,), random_state=0).fit(signs),
        }
    for name, model in models.items():
        save(model, folder / f"{name}.model")
    return list(models)


def changed_values(draw: random.Random, arrays: dict[str, Any], metadata: dict[str, Any]) -> None:
    """One thing in a model's arrays or metadata replaced, lost, renamed or swapped."""
    kind = draw.random()
    if kind < 0.3 and arrays:
        name = draw.choice(list(arrays))
        arrays[name] = draw.choice((*ODD_ARRAYS, arrays[name].reshape(-1)[:-1], arrays[name].astype(np.float32), arrays[name].T))
    elif kind < 0.4 and len(arrays) > 1:
        one, other = draw.sample(list(arrays), 2)
        arrays[one], arrays[other] = arrays[other], arrays[one]
    elif kind < 0.5 and arrays:
        arrays.pop(draw.choice(list(arrays)))
    else:
        holder: Any = metadata
        while True:
            keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
            if not keys:
                return
            key = draw.choice(keys)
            if isinstance(holder[key], dict | list) and holder[key] and draw.random() < 0.7:
                holder = holder[key]
                continue
            break
        if draw.random() < 0.2:
            holder.pop(key)
        else:
            holder[key] = draw.choice(ODD_VALUES)


def other_text(draw: random.Random, data: bytes) -> bytes:
    """A file whose JSON texts were changed byte by byte, and sealed again."""
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    entries = header["__metadata__"]
    which = draw.choice(("metadata", "metadata", "arrays"))
    text = draw.choice((flipped, overwritten, cut, grown, renumbered))(draw, entries[which].encode())
    entries[which] = text.decode("utf-8", "replace")
    sealed = json.dumps([entries[name] for name in ("format", "format_version", "metadata", "arrays")])
    entries["sha256"] = hashlib.sha256(sealed.encode("ascii")).hexdigest()
    text = json.dumps(header).encode("ascii")
    return len(text).to_bytes(8, "little") + text + data[8 + size :]


def same(one: Any, other: Any) -> bool:
    """Whether two files hold the same, to the bit."""
    (arrays, metadata), (others, more) = one, other
    return (
        metadata == more
        and list(arrays) == list(others)
        and all(
            a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
            for a, b in zip(arrays.values(), others.values(), strict=True)
        )
    )


@cache
def originals(folder: Path) -> list[tuple[str, bytes, Any]]:
    """Each model file's name, bytes and contents."""
    return [(path.stem, path.read_bytes(), container.read(path)) for path in sorted(folder.glob("*.model"))]


def changed(folder: Path, seed: int, number: int) -> str:
    """A model file with other bytes."""
    files = originals(folder)
    name, content, before = files[number % len(files)]
    path = mutant(folder, name, seed, number, content, MUTATIONS)
    try:
        load(path)
    except ModelFileError:
        return "refused"
    return "unchanged" if same(container.read(path), before) else "BROKEN a changed value was read"


def sealed(folder: Path, seed: int, number: int) -> str:
    """A model file with other values, or other text, and the checksums that belong to them."""
    files = originals(folder)
    name, content, _ = files[number % len(files)]
    draw, target = random.Random(f"sealed {seed} {number}"), folder / f"mutant-{name}"
    if number >= 0 and draw.random() < 0.3:
        target.write_bytes(other_text(draw, content))
    else:
        target.write_bytes(content)
        arrays, metadata = container.read(target)
        for _ in range(draw.choice((1, 1, 2, 3)) if number >= 0 else 0):
            changed_values(draw, arrays, metadata)
        try:
            container.write(target, arrays, metadata)
        except ValueError:
            return "not writable"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            model = load(target)
        except ModelFileError:
            return "refused"
    return "read" if hasattr(model, "predict") or hasattr(model, "transform") else "BROKEN something else than a model was read"


def models(budget: Budget) -> Outcome:
    """A million mutants of model files as bytes, and 100,000 that are sealed again."""
    outcome, folder = Outcome("model files"), budget.folder / "models"
    folder.mkdir(parents=True, exist_ok=True)
    outcome.facts["kinds of model"] = len(write_models(folder))
    Work("changed", budget.of(1_000_000, 10_000), changed, CAP).run(outcome, folder, budget.seed)
    Work("changed and sealed again", budget.of(100_000, 1_000), sealed, CAP).run(outcome, folder, budget.seed)
    return outcome
