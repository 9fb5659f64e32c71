"""The doctor's look at a run: its model, the rows as they were prepared for it, and advice in the options of ``glassnet train``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from glassnet.data.prepared_rows import rows_of
from glassnet.runs.preparing import Part, Prepared
from glassnet.seeing.doctor import Diagnosis, Finding, examine
from glassnet.seeing.doctor.case import Case, Rows, sample
from glassnet.seeing.subject import Subject, subject_of

ADVICE = {
    r"\blearning_rate_init=": "--learning-rate ",
    r"\bmax_iter=": "--epochs ",
    r"\bmax_seconds=": "--max-seconds ",
    r"\bearly_stopping=True": "--val-fraction 0.15",
    r"\balpha=": "--alpha ",
    r"\braise alpha\b": "raise --alpha",
    r"\b([Uu])se fewer hidden units": r"\1se fewer units (--hidden)",
    r"\bclass_weight='balanced'": "--class-weight balanced",
    # how first weights are drawn is no option; what helps as well is
    r"\bBegin with smaller weights \(initialiser='\w+'\) and standardised inputs, or use": "Use",
    r"\bBegin with smaller weights: initialiser='\w+'": "Use fewer hidden layers, or --activation tanh",
    r" with initialiser='\w+'|, or initialiser='\w+'": "",
    r"\bactivation='(\w+)'": r"--activation \1",
}
"""The doctor's words for whoever writes Python, and what they are as options."""


def diagnosis_of(model: Any, prepared: Prepared) -> Diagnosis:
    """What stands out in a run's model (a Pipeline), its training rows and its held-out rows."""
    subject = subject_of(model).as_learned()
    held_out = _rows(subject, prepared.held_out) if len(prepared.held_out) else None
    found = examine(Case(subject, _rows(subject, prepared.training), held_out, prepared.training.y))
    return replace(found, findings=tuple(in_options(found.findings)))


def in_options(findings: Iterable[Finding]) -> Iterable[Finding]:
    """The findings with their advice as options of the command line."""
    for finding in findings:
        action = finding.action
        for python, option in ADVICE.items():
            action = re.sub(python, option, action)
        yield replace(finding, action=action)


def _rows(subject: Subject, part: Part) -> Rows:
    chosen = sample(part.X, len(part))
    X = np.ascontiguousarray(rows_of(part.X, chosen)[:], dtype=subject.dtype)
    return Rows(X, subject.targets(part.y[chosen]), len(part))
