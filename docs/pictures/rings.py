"""Draws docs/pictures/rings.png: eight hidden units learn to tell an inner ring from an outer one.

python docs/pictures/rings.py [FILE]
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import FormatStrFormatter, NullFormatter

from glassnet import MLPClassifier

INNER, OUTER = "#2b6cb0", "#c05621"


def rings(n: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Two rings of radius 5 and 10 with unit normal noise: points (n, 2) and labels (n,)."""
    label = np.repeat([0, 1], n // 2)
    radius = np.where(label == 0, 5.0, 10.0) + random.normal(size=n)
    angle = random.uniform(0.0, 2.0 * np.pi, n)
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)]), label


def main() -> None:
    """Train, and draw the data with the probability beside the cost."""
    random = np.random.default_rng(0)
    X, y = rings(1000, random)
    X_new, y_new = rings(10_000, random)
    net = MLPClassifier(8, activation="tanh", solver="lbfgs", alpha=0.1, max_iter=500, random_state=0).fit(
        X / 5, y, X_val=X_new / 5, y_val=y_new
    )

    figure = Figure(figsize=(10, 4.4), layout="constrained", dpi=110)
    left, right = figure.subplots(1, 2, width_ratios=[1, 1.25])
    side = np.linspace(-13.5, 13.5, 300)
    grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    probability = net.predict_proba(grid / 5)[:, 1].reshape(300, 300)
    shades = LinearSegmentedColormap.from_list("shades", ["#a9c8e8", "#ffffff", "#f3c6a5"])
    left.contourf(side, side, probability, levels=np.linspace(0, 1, 41), cmap=shades)
    left.contour(side, side, probability, levels=[0.5], colors="#222222", linewidths=1.2)
    for label, colour in ((0, INNER), (1, OUTER)):
        left.scatter(*X[y == label].T, s=7, color=colour, edgecolor="white", linewidth=0.3, zorder=3)
    left.set(aspect="equal", title=f"8 hidden units: {net.score(X_new / 5, y_new):.1%} of 10,000 new points", xticks=[], yticks=[])

    rows = net.history_.to_frame("polars")
    right.semilogy(rows["epoch"], rows["loss"], color=INNER, label="training")
    right.semilogy(rows["epoch"], rows["val_loss"], color=OUTER, label="new points")
    right.axhline(np.log(2), color="#888888", linewidth=0.8, linestyle=":")
    right.text(rows["epoch"][-1], np.log(2) * 0.97, "log 2: knows nothing", ha="right", va="top", color="#666666", fontsize=9)
    right.set_yticks([0.03, 0.05, 0.1, 0.2, 0.5])
    right.yaxis.set_major_formatter(FormatStrFormatter("%g"))
    right.yaxis.set_minor_formatter(NullFormatter())
    right.set(
        xlabel="iteration of L-BFGS",
        ylabel="loss, nats per point",
        title=f"stopped after {net.n_iter_} iterations: the gradient is all but zero",
    )
    left.title.set_fontsize(11)
    right.title.set_fontsize(11)
    right.spines[["top", "right"]].set_visible(False)
    right.legend(frameon=False)
    figure.savefig(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).with_suffix(".png"))


if __name__ == "__main__":
    main()
