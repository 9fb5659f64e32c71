"""A training that survives: its whole state in one file after every epoch, removed once training has ended by itself.

The file holds theta, the optimiser's moments, the random streams, the order of the rows and the history. A ``fit`` that finds one made
by the same call (same parameters but for limits, same data) goes on from it and ends with the same bits as an uninterrupted
run on one thread. Full-batch solvers resume from their last weights and build up their curvature anew.
"""

from __future__ import annotations

import errno
import hashlib
import json
import secrets
import shutil
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from glassnet.files.container import read, write
from glassnet.networks.network import Network
from glassnet.training.history import History
from glassnet.training.loop import State
from glassnet.training.rows import Rows
from glassnet.training.stopping import Reason

LIMITS = ("max_iter", "max_fun", "max_seconds", "verbose", "checkpoint", "warm_start")
"""Parameters that may differ between the call that began a training and the call that goes on with it."""


VECTORS = 4
"""Vectors like theta in a state: theta, the best theta, and two moments."""


class Checkpoint:
    """The file of one training, or nothing where the user asked for none."""

    def __init__(self, path: Path | None, fingerprint: str) -> None:
        self.path = path
        self.fingerprint = fingerprint
        self.interrupted = False

    @classmethod
    def of(cls, estimator: Any, network: Network, rows: Rows) -> Self:
        """The checkpoint that ``estimator`` asks for.

        Raises OSError at once where its folder cannot be written, before any time is spent on training.
        """
        if estimator.checkpoint is None:
            return cls(None, "")
        path = Path(estimator.checkpoint)
        if not path.parent.is_dir():
            raise FileNotFoundError(f"checkpoint: the folder {str(path.parent)!r} does not exist. Create it first.")
        if path.is_dir():
            raise IsADirectoryError(f"checkpoint: {str(path)!r} is a folder. Give the name of a file inside it.")
        _check_writable(path, rows.y.dtype.itemsize * VECTORS * network.layout.n_parameters + 8 * len(rows))
        return cls(path, _fingerprint(estimator, network, rows))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Training ended by itself: the file has served."""
        if kind is None and self.path is not None and not self.interrupted:
            self.path.unlink(missing_ok=True)

    def keep(self, state: State) -> None:
        """Write the state."""
        if self.path is None:
            return
        arrays = {"theta": state.theta, "order": state.order}
        arrays |= {f"moment_{i}": moment for i, moment in enumerate(state.moments)}
        if state.best_theta is not None:
            arrays["best_theta"] = state.best_theta
        kind, keys, position, has_gauss, cached = state.random.get_state(legacy=True)
        arrays |= state.history.as_arrays()
        arrays["random_keys"] = np.asarray(keys).astype(np.int64)
        facts = {
            "kind": "glassnet checkpoint",
            "fingerprint": self.fingerprint,
            "random": [kind, int(position), int(has_gauss), float(cached)],
            "noise": None if state.noise is None else json.dumps(state.noise.bit_generator.state),
            "counts": [state.updates, state.samples, state.drops, state.began_at],
            "seconds": state.seconds,
            "ended": None if state.ended is None else list(state.ended),
        }
        write(self.path, arrays, facts)

    def resume(self, state: State) -> None:
        """Put the saved state into ``state``; nothing happens where there is no file.

        Raises ValueError for the checkpoint of another training, ModelFileError for a damaged one.
        """
        if self.path is None or not self.path.exists():
            return
        arrays, facts = read(self.path)
        if facts.get("kind") != "glassnet checkpoint" or facts.get("fingerprint") != self.fingerprint:
            raise ValueError(
                f"checkpoint: {str(self.path)!r} was written by another training (other parameters, other data). "
                "Delete it to begin anew, or give another path."
            )
        state.theta[:] = arrays["theta"]
        state.order = arrays["order"]
        state.moments = [arrays[f"moment_{i}"] for i in range(len(state.moments))]
        state.best_theta = arrays.get("best_theta")
        kind, position, has_gauss, cached = facts["random"]
        state.random.set_state((kind, arrays["random_keys"].astype(np.uint32), position, has_gauss, cached))
        if state.noise is not None and facts["noise"]:
            state.noise.bit_generator.state = json.loads(facts["noise"])
        state.updates, state.samples, state.drops, state.began_at = facts["counts"]
        state.seconds = facts["seconds"]
        state.ended = None if facts.get("ended") is None else Reason(*facts["ended"])
        state.history = History.from_arrays(arrays)


def _check_writable(path: Path, size: int) -> None:
    """Raise OSError where a file of ``size`` bytes cannot be made beside ``path``: better now than after the first epoch."""
    probe = path.parent / f".glassnet-{secrets.token_hex(8)}.tmp"
    try:
        probe.touch()
        probe.unlink()
    except OSError as error:
        reason = error.strerror or error
        raise OSError(error.errno, f"checkpoint: {str(path.parent)!r} cannot be written: {reason}. Give a path elsewhere.") from error
    if (free := shutil.disk_usage(path.parent).free) < size:
        raise OSError(
            errno.ENOSPC,
            f"checkpoint: {str(path.parent)!r} has {free:,} bytes left; a state takes {size:,}. Free some space, or write elsewhere.",
        )


def _fingerprint(estimator: Any, network: Network, rows: Rows) -> str:
    """SHA-256 over the parameters that matter and the data."""
    digest = hashlib.sha256()
    for name, value in sorted(estimator.get_params().items()):
        if name not in LIMITS:
            digest.update(name.encode())
            _add(digest, value)
    _add(digest, network.layout.sizes)
    X: Any = rows.X
    for part in ([X.data, X.indices, X.indptr] if hasattr(X, "indptr") else [X]) + [rows.y, rows.weight, rows.index]:
        _add(digest, part)
    return digest.hexdigest()


def _add(digest: Any, value: Any) -> None:
    """Take ``value`` in: arrays by their bytes, functions by their code, random streams by their state, the rest by its text."""
    if hasattr(value, "shape") and len(value.shape):
        digest.update(repr((tuple(value.shape), str(value.dtype))).encode())
        for start in range(0, len(value), 4096):
            digest.update(np.ascontiguousarray(value[start : start + 4096]).tobytes())
    elif isinstance(value, np.random.RandomState):
        for part in value.get_state(legacy=True):
            _add(digest, part)
    elif isinstance(value, list | tuple):
        digest.update(f"{len(value)} entries".encode())
        for entry in value:
            _add(digest, entry)
    elif hasattr(value, "__code__"):
        digest.update(f"{value.__module__}.{value.__qualname__}".encode() + value.__code__.co_code)
    else:
        digest.update(repr(value).encode())
