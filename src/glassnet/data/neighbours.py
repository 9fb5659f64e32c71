"""Files that belong together by their names: ``X.npy`` and ``y.npy``; ``X_train.npy``, ``y_train.npy``, ``X_test.npy``, ``y_test.npy``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path


def neighbours(source: str, roles: Mapping[str, Sequence[str]]) -> dict[str, Path]:
    """For a file of rows, the files beside it that hold its labels and its test rows, by role; capitals do not matter.

    ``roles`` gives the names that each role may have: X and y, or X_train, y_train, X_test and y_test. A file of another name has no
    neighbours.
    """
    path = Path(source)
    stem = path.stem.lower()
    if stem in roles["X"]:
        wanted = ["y"]
    elif stem in roles["X_train"]:
        wanted = ["y_train", "X_test", "y_test"]
    else:
        return {}
    there = {other.stem.lower(): other for other in sorted(path.parent.glob("*.npy"))}
    found = {role: there[name] for role in wanted for name in reversed(roles[role]) if name in there}
    return found if "X_test" in found else {role: other for role, other in found.items() if role != "y_test"}
