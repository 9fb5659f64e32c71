"""How well classes are told apart: confusion, figures of each class, and for two classes what every threshold would bring.

    precision   right among those named so        recall   found among those that are so        specificity   the same of the other class
    ROC         recall against the false alarms, over all thresholds
    calibration how often what is said with probability p is true

Everything is counted here; the page's script only shows the entry of a threshold that was counted already.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score, roc_curve

from glassnet.seeing.report.charts import Axis, Chart
from glassnet.seeing.report.curves import STROKES, stroke
from glassnet.seeing.report.intervals import wilson
from glassnet.seeing.report.material import Material
from glassnet.seeing.report.wording import percent

Array = NDArray[Any]

THRESHOLDS = np.round(np.arange(0, 101) / 100, 2)
BINS = 10
MOST_CELLS = 26
"""Classes up to which the confusion is a table; of more, the most frequent confusions are listed."""
LISTED = 30
CURVE_POINTS = 400
BRIER = "mean squared difference between probability and truth; 0 is perfect"


def classification(material: Material) -> dict[str, Any]:
    """What the template's fourth part shows for classes."""
    k = len(material.classes)
    counts = np.zeros((k, k), dtype=np.int64)
    np.add.at(counts, (material.codes, material.predicted_codes), 1)
    threshold = _threshold(material) if material.binary else None
    return {
        "confusion": _confusion(material, counts) if k <= MOST_CELLS and not _as_started(material, threshold, counts) else None,
        "confused": _confused(material, counts) if k > MOST_CELLS else None,
        "classes": _classes(material, counts),
        "threshold": threshold,
        "charts": [chart for chart in (*_curves(material), _calibration(material)) if chart is not None],
    }


def _as_started(material: Material, threshold: dict[str, Any] | None, counts: Array) -> bool:
    """Whether the confusion is the one that the slider begins with."""
    if threshold is None:
        return False
    return [threshold["now"][name] for name in ("tn", "fp", "fn", "tp")] == counts.reshape(-1).tolist()


def _confusion(material: Material, counts: Array) -> dict[str, Any]:
    """Counts and shares of the true class, with how dark each cell is (in per cent)."""
    rows = counts.sum(axis=1, keepdims=True)
    shares = counts / np.maximum(rows, 1)
    lines = [
        {
            "name": name,
            "cells": [
                {
                    "n": f"{counts[i, j]:,}",
                    "share": percent(shares[i, j], 10) if rows[i, 0] else "",
                    "shade": round(70 * float(shares[i, j])),
                    "right": i == j,
                    "of": f"true {name}, predicted {material.classes[j]}",
                }
                for j in range(len(counts))
            ],
        }
        for i, name in enumerate(material.classes)
    ]
    return {"classes": material.classes, "lines": lines, "small": len(counts) > 10}


def _confused(material: Material, counts: Array) -> list[dict[str, str]]:
    """The most frequent confusions of many classes."""
    wrong = counts.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:LISTED]
    pairs = [np.unravel_index(place, wrong.shape) for place in order]
    return [{"true": material.classes[i], "predicted": material.classes[j], "n": f"{wrong[i, j]:,}"} for i, j in pairs if wrong[i, j]]


def _classes(material: Material, counts: Array) -> list[dict[str, str]]:
    """Rows, precision, recall and F1 of each class, and how well it is ranked against the rest."""
    found = []
    auc = _one_against_rest(material)
    for j, name in enumerate(material.classes):
        right, named, rows = int(counts[j, j]), int(counts[:, j].sum()), int(counts[j].sum())
        low, high = wilson(right, rows) if rows else (0.0, 0.0)
        found.append(
            {
                "name": name,
                "rows": f"{rows:,}",
                "precision": percent(right / named, named) if named else "–",
                "recall": percent(right / rows, rows) if rows else "–",
                "interval": f"{percent(low, rows)} to {percent(high, rows)}" if rows else "–",
                "f1": f"{2 * right / (named + rows):.3f}" if named + rows else "–",
                "auc": "–" if auc[j] is None else f"{auc[j]:.3f}",
            }
        )
    return found


def _one_against_rest(material: Material) -> list[float | None]:
    codes, probability = material.codes, material.probability
    return [
        float(roc_auc_score(codes == j, probability[:, j])) if 0 < (codes == j).sum() < len(codes) else None
        for j in range(len(material.classes))
    ]


# ---- two classes: every threshold


def counts_at(probability: Array, truth: Array, thresholds: Array) -> dict[str, list[int]]:
    """How many rows are counted right and wrong where a probability from the threshold on means yes.

    probability (n,), truth (n,) of bool -> tp, fp, fn, tn, a number for each threshold.
    """
    yes = np.sort(probability[truth])
    no = np.sort(probability[~truth])
    tp = len(yes) - np.searchsorted(yes, thresholds, side="left")
    fp = len(no) - np.searchsorted(no, thresholds, side="left")
    return {"tp": tp.tolist(), "fp": fp.tolist(), "fn": (len(yes) - tp).tolist(), "tn": (len(no) - fp).tolist()}


def _threshold(material: Material) -> dict[str, Any]:
    """What the slider shows: for each threshold the four counts, and the figures made of them, written."""
    p, truth = material.probability[:, 1], material.codes == 1
    counts = counts_at(p, truth, THRESHOLDS)
    tp, fp, fn, tn = (np.array(counts[name]) for name in ("tp", "fp", "fn", "tn"))
    n = len(p)

    def written(right: Array, of: Array) -> list[str]:
        return [percent(a / b, b) if b else "–" for a, b in zip(right.tolist(), of.tolist(), strict=True)]

    table: dict[str, list[Any]] = {
        "thresholds": [f"{t:.2f}" for t in THRESHOLDS],
        **counts,
        "accuracy": written(tp + tn, np.full(len(tp), n)),
        "precision": written(tp, tp + fp),
        "recall": written(tp, tp + fn),
        "specificity": written(tn, tn + fp),
    }
    own = getattr(material.estimator, "threshold", None)
    start = int(np.argmin(np.abs(THRESHOLDS - (0.5 if own is None else own))))
    return {
        "table": table,
        "start": start,
        "yes": material.classes[1],
        "no": material.classes[0],
        "now": {name: values[start] for name, values in table.items()},
        "chart": _by_class(material, start),
        "cost": _cost_chart(counts, start),
        "setting": "model__threshold" if material.subject.preparation is not None else "threshold",
    }


def _by_class(material: Material, start: int) -> str:
    """How the probabilities of both classes are spread, and the threshold."""
    p, truth = material.probability[:, 1], material.codes == 1
    edges = np.linspace(0, 1, 41)
    yes, no = np.histogram(p[truth], edges)[0], np.histogram(p[~truth], edges)[0]
    chart = Chart(
        "Probabilities by true class",
        f"predicted probability of {material.classes[1]}, for {material.noun}s of both classes",
        Axis.share(f"probability of {material.classes[1]}"),
        Axis.counts(np.r_[yes, no], f"{material.noun}s (root scale)"),
        height=200,
    )
    chart.bars(edges, no, "negative", opacity=0.5)
    chart.bars(edges, yes, "positive", opacity=0.5)
    chart.rule(float(THRESHOLDS[start]), "ink", data_threshold="line")
    chart.root.set("data-frame", chart.frame_data())
    return chart.svg


def _cost_chart(counts: dict[str, list[int]], start: int) -> str:
    """What all mistakes cost at each threshold but the two ends, first with a cost of 1 each; the script draws it anew for others."""
    cost = np.array(counts["fp"]) + np.array(counts["fn"])
    chart = Chart(
        "Cost of all mistakes by threshold",
        f"lowest at {THRESHOLDS[int(np.argmin(cost))]:.2f}",
        Axis.share("threshold"),
        Axis(0.0, 1.0, "cost, as a share of its largest", (0.0, 0.5, 1.0)),
        height=200,
    )
    chart.line(THRESHOLDS, np.minimum(cost / max(int(cost[1:-1].max()), 1), 1.0), "gradient", data_cost="line")
    chart.rule(float(THRESHOLDS[start]), "ink", data_threshold="line")
    chart.root.set("data-frame", chart.frame_data())
    return chart.svg


# ---- curves


def _curves(material: Material) -> list[dict[str, Any]]:
    """ROC and precision-recall: of the second of two classes, or of each class against the rest."""
    wanted = [1] if material.binary else range(len(material.classes))
    shown_classes = [j for j in wanted if 0 < (material.codes == j).sum() < len(material.codes)]
    left_out = f" The first {STROKES} of {len(shown_classes)} classes." if len(shown_classes) > STROKES else ""
    shown_classes = shown_classes[:STROKES]
    if not shown_classes:
        return []
    roc = Chart("ROC", "recall against false alarms, over all thresholds", Axis.share("false alarms"), Axis.share("recall"))
    pr = Chart("Precision and recall", "over all thresholds", Axis.share("recall"), Axis.share("precision"))
    roc.line([0, 1], [0, 1], "faint", width=1.2, dash="4 3")
    key, words_roc, words_pr = [], [], []
    for at, j in enumerate(shown_classes):
        truth, p = material.codes == j, material.probability[:, j]
        role, dash, named = stroke(at)
        false_alarms, recall, _ = roc_curve(truth, p)
        few = _thinned(len(recall))
        roc.line(false_alarms[few], recall[few], role, dash=dash, data_class=material.classes[j])
        precision, found, _ = precision_recall_curve(truth, p)
        few = _thinned(len(found))
        pr.line(found[few], np.r_[precision[few][:-1], precision[-2]], role, dash=dash, data_class=material.classes[j])
        key.append({"role": role, "words": material.classes[j], "dashed": named})
        words_roc.append(f"{roc_auc_score(truth, p):.3f}")
        words_pr.append(f"{average_precision_score(truth, p):.3f}")
    if material.binary:
        share = float((material.codes == 1).mean())
        pr.line([0, 1], [share, share], "faint", width=1.2, dash="4 3")
        _ring_at_threshold(material, roc, pr)
        return [
            {
                "title": "ROC",
                "svg": roc.svg,
                "key": [],
                "caption": f"Area under the curve {words_roc[0]}. Ring: the threshold chosen above.",
            },
            {
                "title": "Precision and recall",
                "svg": pr.svg,
                "key": [],
                "caption": f"Average precision {words_pr[0]}; the dashed line is the share of {material.classes[1]}.",
            },
        ]
    return [
        {"title": "ROC, each class against the rest", "svg": roc.svg, "key": key, "caption": f"Areas {', '.join(words_roc)}.{left_out}"},
        {
            "title": "Precision and recall of each class",
            "svg": pr.svg,
            "key": key,
            "caption": f"Average precisions {', '.join(words_pr)}.{left_out}",
        },
    ]


def _ring_at_threshold(material: Material, roc: Chart, pr: Chart) -> None:
    """A ring that the script moves along, with its places for every threshold."""
    counts = counts_at(material.probability[:, 1], material.codes == 1, THRESHOLDS)
    tp, fp, fn, tn = (np.array(counts[name], dtype=np.float64) for name in ("tp", "fp", "fn", "tn"))
    with np.errstate(invalid="ignore"):
        recall, alarms, precision = tp / (tp + fn), fp / (fp + tn), np.where(tp + fp > 0, tp / (tp + fp), 1.0)
    start = 50
    for chart, x, y in ((roc, alarms, recall), (pr, recall, precision)):
        places = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(chart.across(x).tolist(), chart.down(y).tolist(), strict=True))
        chart.mark(float(x[start]), float(y[start]), "ink", data_places=places)


def _calibration(material: Material) -> dict[str, Any] | None:
    """How often it is right, in groups of equal size by the probability it said."""
    if material.binary:
        p, truth = material.probability[:, 1], material.codes == 1
        said, title = f"said: probability of {material.classes[1]}", "Calibration"
        caption = f"Brier score {float(np.mean((p - truth) ** 2)):.4f} ({BRIER})."
    else:
        p, truth = material.probability.max(axis=1), material.predicted_codes == material.codes
        said, title = "said: probability of the predicted class", "Calibration of the predicted class"
        caption = f"It is {percent(float(p.mean()), len(p))} sure on average, and right in {percent(float(truth.mean()), len(p))}."
    if len(p) < 2 * BINS:
        return None
    groups = np.array_split(np.argsort(p, kind="stable"), BINS)
    x = np.array([p[rows].mean() for rows in groups])
    y = np.array([truth[rows].mean() for rows in groups])
    ends = np.array([wilson(int(truth[rows].sum()), len(rows)) for rows in groups])
    chart = Chart(title, f"{BINS} groups of about {len(groups[0])} {material.noun}s", Axis.share(said), Axis.share("true"))
    chart.line([0, 1], [0, 1], "faint", width=1.2, dash="4 3")
    chart.spans(x, ends[:, 0], ends[:, 1], "positive")
    chart.points(x, y, "positive", size=7)
    return {
        "title": title,
        "svg": chart.svg,
        "key": [],
        "caption": f"{BINS} groups of equal size with 95 % intervals (Wilson); on the dashed line probabilities are right. {caption}",
    }


def _thinned(n: int) -> Array:
    step = max(1, n // CURVE_POINTS)
    return np.unique(np.r_[np.arange(0, n, step), n - 1])
