"""What is wrong with the rows: inputs on wild scales, a class that is hardly there, a column that tells the target."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.data.preparation import TablePreparation
from glassnet.seeing.doctor.case import Case
from glassnet.seeing.doctor.findings import Finding
from glassnet.seeing.svg import shown

Array = NDArray[Any]

LARGE = 30.0
"""Root mean square of an input. With common first weights (up to about 0.25) one such input alone moves a unit by 7, far into
saturation; inputs should be near 1 (LeCun, Bottou, Orr & Müller 1998, Efficient BackProp, section 4.3)."""

RARE = 0.1
"""Share of the rows of the rarest class from which down accuracy says little; of many classes, half of an equal share."""
FOUND = 0.5
"""... and share of its rows that the network must find for the imbalance to be borne well."""
RARE_UNSEEN = 0.05
"""The share where nothing is known of what the network finds."""

LEAK = 0.99
"""Balanced accuracy, or R squared, of one column alone with each row told by its neighbours in that column. The strongest honest columns
of iris, breast_cancer and wine reach 0.95."""
LEAK_ROWS = 30
"""Rows from which on such a figure means something."""
LEAK_COLUMNS = 2000
"""Columns that are looked at; pictures have more, and no single pixel is a leak."""


def unscaled_inputs(case: Case) -> Finding | None:
    """Inputs far larger than 1, for solvers that mind."""
    if case.training is None or case.is_linear_family or case.estimator.solver == "newton":
        return None
    rms = np.sqrt(np.mean(np.square(case.training.X, dtype=np.float64), axis=0))
    large = np.flatnonzero(rms > LARGE)
    if not len(large):
        return None
    worst = int(np.argmax(rms))
    name = case.subject.inputs[worst]
    which = f"{name!r} is the largest of {len(large)} such inputs" if len(large) > 1 else f"the input {name!r}"
    return Finding(
        "unscaled_inputs",
        "problem",
        f"Inputs are not scaled: {which}, typically {shown(rms[worst])} in size, and the smallest {shown(rms.min())}; a network learns "
        "best from numbers near 1.",
        {"column": name, "size": float(rms[worst]), "smallest": float(rms.min()), "columns": len(large)},
        "Put a StandardScaler (or glassnet's TablePreparation) before the network.",
    )


def class_imbalance(case: Case) -> Finding | None:
    """A rare class that the network hardly ever finds."""
    codes = case.class_codes
    if codes is None or getattr(case.estimator, "class_weight", None) is not None:
        return None
    classes = case.subject.classes
    counts = np.bincount(codes, minlength=len(classes))
    rarest = int(np.argmin(counts))
    share = counts[rarest] / len(codes)
    fair = 0.5 / len(classes)
    if share >= min(RARE, fair):
        return None
    rows, label = f"{counts[rarest]:,} of {len(codes):,} rows", str(classes[rarest])
    evidence: dict[str, Any] = {"class": label, "rows": int(counts[rarest]), "of": len(codes), "share": float(share)}
    recall = _recall(case, rarest)
    if recall is None:
        if share >= min(RARE_UNSEEN, fair):
            return None
        seen = ""
    elif recall >= FOUND:
        return None
    else:
        seen = f", and the network finds {100 * recall:.0f} % of them"
        evidence["found"] = recall
    return Finding(
        "class_imbalance",
        "problem",
        f"Class {label!r} is rare: {rows} ({100 * share:.1f} %){seen}. A high accuracy says little here.",
        evidence,
        "Weigh the classes (class_weight='balanced'), and judge by recall and precision.",
    )


def _recall(case: Case, code: int) -> float | None:
    """The share of the class's rows that are found: of held-out rows where there are some of it, else of training rows."""
    labels = case.subject.labels
    for rows in (case.held_out, case.training):
        if rows is None or rows.Y is None:
            continue
        own = (rows.Y[:, 0] > 0.5) == bool(code) if labels.kind == "binary" else rows.Y.argmax(axis=1) == code
        if own.any():
            raw = case.subject.network.raw_prediction(case.subject.parameters, np.ascontiguousarray(rows.X[own]))
            found = labels.decode(raw, getattr(case.estimator, "threshold", None))
            return float(np.mean(found == case.subject.classes[code]))
    return None


def leaking_column(case: Case) -> Finding | None:
    """One column that alone tells the target nearly without fault."""
    rows = case.training
    columns = _columns(case)
    if rows is None or rows.Y is None or len(rows.X) < LEAK_ROWS or not 2 <= len(columns) <= LEAK_COLUMNS:
        return None
    labels = case.subject.labels
    if labels is not None and labels.kind not in ("binary", "multiclass"):
        return None
    codes = None if labels is None else (rows.Y[:, 0] > 0.5).astype(int) if labels.kind == "binary" else rows.Y.argmax(axis=1)
    if codes is not None and np.bincount(codes, minlength=2).min() < 5:
        return None
    best, told = "", 0.0
    for name, values in columns:
        score = _told_by_classes(values, codes) if codes is not None else _told_numbers(values, rows.Y[:, 0])
        if score > told:
            best, told = name, score
    if told < LEAK:
        return None
    share = f"{100 * told:.1f} % of the"
    how = f"names the class of {share} rows" if codes is not None else f"tells {share} target's variance"
    return Finding(
        "leaking_column",
        "problem",
        f"The column {best!r} alone {how}: it may have been written down after the target was known.",
        {"column": best, "told": told, "measure": "balanced accuracy" if codes is not None else "r2", "rows": len(rows.X)},
        f"Ask whether {best!r} is known before the target is; if not, train without it.",
    )


def _columns(case: Case) -> list[tuple[str, Array]]:
    """(name, one number per row) of each input; the inputs of a category count as one, which numbers its levels."""
    if case.training is None:
        return []
    X, preparation = case.training.X, case.subject.preparation
    if not isinstance(preparation, TablePreparation):
        return [(name, X[:, j]) for j, name in enumerate(case.subject.inputs)]
    found, start = [], 0
    for column in preparation.columns_:
        width = len(column.features())
        part = X[:, start : start + width]
        if column.kind == "category":
            found.append((column.name, part @ np.arange(1.0, width + 1.0)))
        else:
            found += [(column.name, values) for values in part.T]
        start += width
    return found


def _told_by_classes(values: Array, codes: Array) -> float:
    """Balanced accuracy where each row is told by the others with its value, or by its two neighbours if it is alone."""
    unique, place = np.unique(values, return_inverse=True)
    if len(unique) < 2:
        return 0.0
    k = int(codes.max()) + 1
    counts = np.zeros((len(unique) + 2, k))
    np.add.at(counts, (place + 1, codes), 1)
    others = counts[place + 1]
    others[np.arange(len(codes)), codes] -= 1
    alone = others.sum(axis=1) == 0
    others[alone] = counts[place[alone]] + counts[place[alone] + 2]
    right = others.argmax(axis=1) == codes
    right &= others.max(axis=1) > np.partition(others, k - 2, axis=1)[:, k - 2]  # a tie tells nothing
    return float(np.mean([right[codes == code].mean() for code in np.unique(codes)]))


def _told_numbers(values: Array, y: Array) -> float:
    """R squared where each row is told by the mean of the others with its value, or of its two neighbours if it is alone."""
    unique, place = np.unique(values, return_inverse=True)
    y = y.astype(np.float64)
    spread = float(np.sum((y - y.mean()) ** 2))
    if len(unique) < 3 or spread == 0:
        return 0.0
    counts, sums = np.zeros(len(unique) + 2), np.zeros(len(unique) + 2)
    np.add.at(counts, place + 1, 1)
    np.add.at(sums, place + 1, y)
    n, total = counts[place + 1] - 1, sums[place + 1] - y
    alone = n == 0
    n[alone] = counts[place[alone]] + counts[place[alone] + 2]
    total[alone] = sums[place[alone]] + sums[place[alone] + 2]
    return 1.0 - float(np.sum((y - total / n) ** 2)) / spread
