"""What a report is made from, in one record: a model, rows that it has never seen, and what is known of how it came about."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.data.pixels import ImagePreparation
from glassnet.data.prepared_rows import PreparedRows
from glassnet.seeing.subject import Subject, subject_of
from glassnet.training.history import History

Array = NDArray[Any]
Metrics = Mapping[str, float | None]


@dataclass(frozen=True)
class Repeat:
    """How to have the same model again.

    command   one line for a shell; empty where no command made it
    config    the text of config.toml; empty likewise
    facts     what else decides it, name and value: data, SHA-256, seed, versions, machine
    """

    command: str = ""
    config: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Machine:
    """A Boltzmann machine below the network: its numbers of units, and a row of measures for each epoch."""

    visible: int
    hidden: int
    history: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Material:
    """All of it.

    model           a Pipeline or the bare estimator
    title, source   what is predicted, and from which data
    target          name of what is predicted
    reason          why this is the task that it is; may be empty
    counts          rows: training, held_out, test, without_target, as far as known
    rows            the test rows as the model takes them, and one of them by its number
    features        the same as the network reads them, (n, n_in) or PreparedRows
    y               their truth (n,)
    row_names       names of the test rows (files of pictures), or nothing
    training_rows   a table of the training rows as they were read (polars), or None
    training_y      their targets, or None
    metrics, baselines    of the test rows, by the name of the metric; of each baseline, by its name in words
    remarks, findings     sentences; what the doctor found, as plain values
    notes           what was said while the data were read and prepared
    ending          how training went: epochs, kept_epoch, seconds, ...
    machines        those below a deep belief network, from the inputs upwards; ``machine_pictures`` are PNG files of what they learned
    """

    model: Any
    title: str
    source: str
    target: str
    reason: str
    counts: Mapping[str, int]
    row: Callable[[int], Any]
    features: Any
    y: Array
    metrics: Metrics | None
    baselines: Mapping[str, Metrics] = field(default_factory=dict)
    row_names: Sequence[str] = ()
    training_rows: Any = None
    training_y: Array | None = None
    remarks: Sequence[str] = ()
    findings: Sequence[Mapping[str, Any]] = ()
    notes: Sequence[str] = ()
    ending: Mapping[str, Any] = field(default_factory=dict)
    machines: Sequence[Machine] = ()
    machine_pictures: Mapping[str, bytes] = field(default_factory=dict)
    repeat: Repeat = field(default_factory=Repeat)

    @cached_property
    def subject(self) -> Subject:
        """The model as one looks at it, a number that it predicts called by its name."""
        return subject_of(self.model).called(self.target or "y")

    @cached_property
    def learned(self) -> Subject:
        """The same with the weights that training moved: those of a standardised target, where it was learned so."""
        return self.subject.as_learned()

    @property
    def estimator(self) -> Any:
        """The glassnet estimator."""
        return self.subject.estimator

    @property
    def history(self) -> History:
        """The record of the training."""
        return getattr(self.estimator, "history_", History())

    @property
    def classifies(self) -> bool:
        """Whether classes are predicted."""
        return self.subject.classes is not None

    @property
    def classes(self) -> list[str]:
        """The classes as they are written."""
        return [str(label) for label in self.subject.classes.tolist()]

    @property
    def binary(self) -> bool:
        """Whether there are two classes."""
        return self.classifies and len(self.classes) == 2

    @property
    def pictures(self) -> ImagePreparation | None:
        """The preparation, where rows are pictures."""
        return self.subject.preparation if isinstance(self.subject.preparation, ImagePreparation) else None

    @property
    def noun(self) -> str:
        """What a row is."""
        return "picture" if self.pictures is not None else "row"

    @cached_property
    def raw(self) -> Array:
        """Raw predictions of the test rows (n, n_outputs)."""
        X = self.features if isinstance(self.features, np.ndarray | PreparedRows) else np.asarray(self.features)
        return self.subject.network.raw_prediction(self.subject.parameters, X)

    @cached_property
    def predicted(self) -> Array:
        """What the model answers to the test rows, classes or numbers."""
        raw = self.raw.copy()
        if self.classifies:
            return np.asarray(self.subject.labels.decode(raw, getattr(self.estimator, "threshold", None)))
        return np.asarray(self.estimator._to_prediction(raw))

    @cached_property
    def probability(self) -> Array:
        """The probability of each class (n, k), float64."""
        return np.asarray(self.subject.labels.probability(self.raw.copy()), dtype=np.float64)

    @cached_property
    def codes(self) -> Array:
        """The number of each test row's true class."""
        return np.asarray(self.subject.labels.codes(self.y))

    @cached_property
    def predicted_codes(self) -> Array:
        """The number of each test row's predicted class."""
        return np.asarray(self.subject.labels.codes(self.predicted))
