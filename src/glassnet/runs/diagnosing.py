"""The doctor's look at a run: its model, and the rows as they were prepared for it."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.data.prepared_rows import rows_of
from glassnet.runs.preparing import Part, Prepared
from glassnet.seeing.doctor import Diagnosis, examine
from glassnet.seeing.doctor.case import Case, Rows, sample
from glassnet.seeing.subject import Subject, subject_of


def diagnosis_of(model: Any, prepared: Prepared) -> Diagnosis:
    """What stands out in a run's model (a Pipeline), its training rows and its held-out rows."""
    subject = subject_of(model).as_learned()
    held_out = _rows(subject, prepared.held_out) if len(prepared.held_out) else None
    return examine(Case(subject, _rows(subject, prepared.training), held_out, prepared.training.y))


def _rows(subject: Subject, part: Part) -> Rows:
    chosen = sample(part.X, len(part))
    X = np.ascontiguousarray(rows_of(part.X, chosen)[:], dtype=subject.dtype)
    return Rows(X, subject.targets(part.y[chosen]), len(part))
