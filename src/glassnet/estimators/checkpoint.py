"""A training that survives: its whole state in one file after every epoch, removed once training has ended by itself.

The file holds theta, the optimiser's moments, the random streams, the order of the rows and the history. A ``fit`` that finds one made
by the same call (same parameters but for limits, same data) goes on from it and ends with the same bits as an uninterrupted
run on one thread. Full-batch solvers resume from their last weights and build up their curvature anew.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from glassnet.files.container import read, write
from glassnet.networks.network import Network
from glassnet.training.history import History
from glassnet.training.loop import State
from glassnet.training.rows import Rows

LIMITS = ("max_iter", "max_fun", "max_seconds", "verbose", "checkpoint", "warm_start")
"""Parameters that may differ between the call that began a training and the call that goes on with it."""


class Checkpoint:
    """The file of one training, or nothing where the user asked for none."""

    def __init__(self, path: Path | None, fingerprint: str) -> None:
        self.path = path
        self.fingerprint = fingerprint
        self.epochs_before = 0
        self.interrupted = False

    @classmethod
    def of(cls, estimator: Any, network: Network, rows: Rows) -> Self:
        """The checkpoint that ``estimator`` asks for.

        Raises OSError at once where its folder cannot be written, before any time is spent on training.
        """
        if estimator.checkpoint is None:
            checkpoint = cls(None, "")
        else:
            path = Path(estimator.checkpoint)
            if not path.parent.is_dir():
                raise FileNotFoundError(f"checkpoint: the folder {str(path.parent)!r} does not exist. Create it first.")
            checkpoint = cls(path, _fingerprint(estimator, network, rows))
        checkpoint.epochs_before = len(estimator.history_)
        return checkpoint

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
            "counts": [state.updates, state.samples, state.drops],
            "seconds": state.seconds,
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
        state.updates, state.samples, state.drops = facts["counts"]
        state.seconds = facts["seconds"]
        state.history = History.from_arrays(arrays)


def _fingerprint(estimator: Any, network: Network, rows: Rows) -> str:
    """SHA-256 over the parameters that matter and the data."""
    digest = hashlib.sha256()
    parameters = {name: value for name, value in estimator.get_params().items() if name not in LIMITS}
    digest.update(repr(sorted(parameters.items())).encode())
    digest.update(repr(network.layout.sizes).encode())
    parts = [rows.X] if isinstance(rows.X, np.ndarray) else [rows.X.data, rows.X.indices, rows.X.indptr]
    for part in [*parts, rows.y, *([] if rows.weight is None else [rows.weight])]:
        digest.update(repr((part.shape, part.dtype.str)).encode())
        for start in range(0, len(part), 4096):
            digest.update(np.ascontiguousarray(part[start : start + 4096]).tobytes())
    return digest.hexdigest()
