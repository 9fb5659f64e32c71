"""The data and what was done to them: how the rows were divided, how the target is spread, and every column with its treatment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glassnet.data.preparation import TablePreparation
from glassnet.data.wording import count
from glassnet.seeing.report.material import Material
from glassnet.seeing.report.thumbnails import data_uri
from glassnet.seeing.report.wording import amount, percent
from glassnet.seeing.svg import add, drawing, shortened, shown, to_text, width_of

Array = NDArray[Any]

PARTS = {"training": "to learn from", "held_out": "held out, to decide when to stop", "test": "for the test"}
BINS = 24
COLUMNS_SHOWN = 20
CLASSES_SHOWN = 20
EXAMPLES = 5
SPARK_WIDTH, SPARK_HEIGHT = 96.0, 24.0


def data(material: Material) -> dict[str, Any]:
    """What the template's second part shows."""
    return {
        "split": _split(material),
        "target_chart": _target(material),
        "columns": _columns(material),
        "shown": COLUMNS_SHOWN,
        "pictures": _pictures(material),
        "notes": list(material.notes),
        "without_target": material.counts.get("without_target", 0),
    }


def _split(material: Material) -> dict[str, Any]:
    """The rows of each part, and a bar of them."""
    parts = [(name, material.counts[name]) for name in PARTS if material.counts.get(name)]
    total = sum(n for _, n in parts)
    words = [{"n": f"{n:,}", "share": percent(n / total, 10), "words": PARTS[name]} for name, n in parts]
    root = drawing(440, 12, title="How the rows were divided", description=", ".join(f"{n:,} {PARTS[name]}" for name, n in parts))
    at = 0.0
    for (name, n), opacity in zip(parts, (0.9, 0.5, 0.3), strict=False):
        wide = 440 * n / total
        add(root, "rect", x=at, y=1, width=max(wide - 1.5, 0.5), height=10, class_="f-positive", fill_opacity=opacity, data_part=name)
        at += wide
    return {"parts": words, "bar": to_text(root), "total": count(total, material.noun)}


def _target(material: Material) -> str:
    """Rows of each class, or how the numbers are spread, of the training rows (of the test rows where there are no others)."""
    y = material.y if material.training_y is None else material.training_y
    which = "test" if material.training_y is None else "training"
    if not len(y):
        return ""
    if not material.classifies:
        return _histogram(y.astype(np.float64), material.target, which)
    codes = material.subject.labels.codes(y)
    counts = np.bincount(codes, minlength=len(material.classes))
    order = np.argsort(-counts, kind="stable")[:CLASSES_SHOWN]
    return _class_bars([material.classes[i] for i in order], counts[order], len(y), which, len(counts) - len(order))


def _class_bars(names: Sequence[str], counts: Array, n: int, which: str, more: int) -> str:
    width, row = 440.0, 24.0
    left = min(max(width_of(name, 12) for name in names) + 12, 150.0)
    room = 104.0
    rest = [f"and {more} more classes"] if more else []
    root = drawing(width, row * (len(names) + len(rest)), title=f"Classes of the {which} rows", description=f"{n:,} rows")
    for i, (name, size) in enumerate(zip(names, counts.tolist(), strict=True)):
        y = row * i
        text = shortened(name, 12, left - 12)
        add(root, "text", text, x=left - 8, y=y + 15.5, font_size=12, text_anchor="end", class_="f-ink")
        long = (width - left - room) * size / max(int(counts.max()), 1)
        add(root, "rect", x=left, y=y + 4, width=max(long, 1.0), height=row - 8, class_="f-positive", fill_opacity=0.55, data_value=size)
        add(root, "text", f"{size:,}  ({percent(size / n, n)})", x=left + long + 8, y=y + 15.5, font_size=12, class_="f-quiet")
    for line in rest:
        add(root, "text", line, x=left, y=row * len(names) + 15.5, font_size=12, class_="f-quiet")
    return to_text(root)


def _histogram(values: Array, name: str, which: str) -> str:
    from glassnet.seeing.report.charts import Axis, Chart

    counts, edges = np.histogram(values, bins=_bins(values))
    chart = Chart(
        f"{name} of the {which} rows",
        f"from {shown(values.min())} to {shown(values.max())}, median {shown(float(np.median(values)))}",
        Axis.over(edges, name, tight=True),
        Axis.over(counts, "rows", zero=True),
        height=220,
        width=440,
    )
    chart.bars(edges, counts, "positive")
    middle = float(np.median(values))
    chart.rule(middle, "ink")
    chart.note(f"median {amount(middle)}", middle, chart.y.high)
    return chart.svg


def _columns(material: Material) -> list[dict[str, Any]]:
    """One line for each column: its name, kind, missing values, range or levels, treatment, and a small picture of its values."""
    preparation = material.subject.preparation
    if isinstance(preparation, TablePreparation):
        frame = material.training_rows
        found = []
        for i, column in enumerate(preparation.describe()):
            values = frame[column["column"]] if i < COLUMNS_SHOWN and frame is not None and column["column"] in frame.columns else None
            n = None if values is None else len(values)
            missing = "–" if not column["missing"] else f"{column['missing']:,}" + (f" ({percent(column['missing'] / n, n)})" if n else "")
            found.append({**column, "missing": missing, "spark": "" if values is None else _spark(column["kind"], values)})
        return found
    if preparation is not None and hasattr(preparation, "describe"):
        return []
    names = material.subject.inputs
    return [
        {"column": name, "kind": "number", "missing": "–", "values": "", "treatment": "", "spark": ""} for name in names[:COLUMNS_SHOWN]
    ]


def _spark(kind: str, values: pl.Series) -> str:
    """A histogram of numbers, or bars of the most frequent levels, small enough for a cell."""
    if kind == "number" and values.dtype.is_numeric():
        known = values.drop_nulls().to_numpy().astype(np.float64)
        known = known[np.isfinite(known)]
        if len(known) < 2:
            return ""
        heights = np.histogram(known, bins=_bins(known, SPARK_WIDTH / 4))[0]
        told = f"{shown(known.min())} to {shown(known.max())}"
    elif kind in ("category", "boolean"):
        counts = values.drop_nulls().value_counts(sort=True).head(12)
        heights = counts["count"].to_numpy()
        told = ", ".join(f"{level}: {n:,}" for level, n in counts.head(5).iter_rows())
    else:
        return ""
    root = drawing(SPARK_WIDTH, SPARK_HEIGHT, title=f"spread of {values.name}", description=told)
    wide, top = SPARK_WIDTH / len(heights), max(float(heights.max()), 1.0)
    high = heights / top * (SPARK_HEIGHT - 2)
    gap = 0.5 if kind == "number" else 1.5
    path = "".join(
        f"M{i * wide + gap:.1f} {SPARK_HEIGHT:.0f}v{-h:.1f}h{min(wide, 14) - 2 * gap:.1f}v{h:.1f}z"
        for i, h in enumerate(high.tolist())
        if h > 0
    )
    add(root, "path", d=path, class_="f-positive", fill_opacity=0.6)
    return to_text(root)


def _bins(values: Array, most: float = BINS) -> int:
    """As many bins as there are different values, up to ``most``."""
    return int(np.clip(len(np.unique(values[:5000])), 1, most))


def _pictures(material: Material) -> dict[str, Any] | None:
    """A few test pictures of each class, and how they are read."""
    preparation = material.pictures
    if preparation is None:
        return None
    groups = []
    for code, name in enumerate(material.classes[:CLASSES_SHOWN] if material.classifies else ()):
        rows = np.flatnonzero(material.codes == code)[:EXAMPLES]
        groups.append({"name": name, "uris": [data_uri(material.row(int(row)), preparation) for row in rows]})
    parts = [f"{row['features']:,} inputs from its {row['part']}" for row in preparation.describe()]
    kind = "grey" if preparation.grey else "colour"
    text = f"Each picture is brought to {preparation.size} x {preparation.size} pixels in {kind}; the network reads {' and '.join(parts)}"
    return {"groups": groups, "words": f"{text}, centred and scaled by the training pictures."}
