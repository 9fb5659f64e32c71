"""The rows of the table by name: on how many cores each runs, and who measures it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.timing import Result


@dataclass(frozen=True)
class Settings:
    """How thoroughly to measure, and where real data lie."""

    quick: bool
    repeats: int
    data: Path | None


CORES = {
    "mlp-batch-32": 1,
    "mlp-batch-200": 1,
    "mlp-256": 1,
    "mlp-512-512": 1,
    "mlp-regression": 1,
    "mlp-256-two-cores": 2,
    "mlp-512-512-two-cores": 2,
    "logistic-tall": 1,
    "logistic-mid": 1,
    "logistic-wide": 1,
    "logistic-sparse": 1,
    "softmax-mnist": 1,
    "rbm-batch-10": 1,
    "rbm-batch-100": 1,
    "cv-penalties": 1,
    "cv-networks": 2,
    "predict-one": 1,
    "predict-many": 1,
    "import": 1,
    "first-fit": 1,
    "memory": 1,
}

NEEDS = {"softmax-mnist": "mnist.npz", "rbm-batch-10": "mnist.npz", "rbm-batch-100": "mnist.npz"}
"""Rows that read a file in the directory given as ``--data``."""


def measure(row: str, settings: Settings) -> Result:
    """Measure one row, in this process."""
    quick, repeats, threads = settings.quick, settings.repeats, CORES[row]
    if row.startswith("mlp-"):
        from benchmarks import networks

        return networks.run(row, quick=quick, repeats=repeats, threads=threads)
    if row.startswith(("logistic-", "softmax-")):
        from benchmarks import logistic

        return logistic.run(row, quick=quick, repeats=repeats, threads=threads, data=settings.data)
    if row.startswith("rbm-"):
        from benchmarks import boltzmann

        return boltzmann.run(row, quick=quick, repeats=repeats, data=settings.data)
    if row.startswith("cv-"):
        from benchmarks import selection

        return (
            selection.penalties(quick=quick, repeats=repeats)
            if row == "cv-penalties"
            else selection.candidates(quick=quick, repeats=repeats)
        )
    if row.startswith("predict-"):
        from benchmarks import prediction

        return prediction.run(row, quick=quick, repeats=repeats, threads=threads)
    from benchmarks import starting

    by_name = {"import": starting.importing, "first-fit": starting.first_fit, "memory": starting.memory}
    return by_name[row](quick=quick, repeats=repeats)
