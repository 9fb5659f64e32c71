"""Numbers and lists as a report writes them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from glassnet.seeing.svg import shown

METRICS = {
    "accuracy": ("accuracy", "share of rows whose class is right"),
    "log_loss": ("log loss", "nats per row; lower is better"),
    "roc_auc": ("ROC AUC", "chance that a row of the class is ranked above another"),
    "f1_macro": ("F1, macro", "harmonic mean of precision and recall, averaged over classes"),
    "r2": ("R²", "share of the variance that is explained"),
    "mae": ("mean absolute error", "in units of the target"),
    "rmse": ("root mean square error", "in units of the target"),
}
NO_BREAK = "\u00a0"
"""A space at which no line ends."""
LOWER_IS_BETTER = ("log_loss", "mae", "rmse")


def percent(share: float, n: int = 10_000) -> str:
    """A share of ``n`` rows as a percentage: whole of up to 20, with two decimals from 10,000 on.

    >>> [percent(share, n).replace(NO_BREAK, " ") for share, n in ((0.9737, 114), (1.0, 30), (0.98765, 20_000), (0.5, 10))]
    ['97.4 %', '100 %', '98.77 %', '50 %']
    """
    decimals = 0 if n <= 20 or share in (0, 1) else 1 if n < 10_000 else 2
    return f"{100 * share:.{decimals}f}{NO_BREAK}%"


def figure(value: float | None, metric: str = "") -> str:
    """A metric as it is written: three decimals for shares, three digits for errors."""
    if value is None or not math.isfinite(value):
        return "–"
    if metric in ("mae", "rmse"):
        return amount(value)
    return f"{value:.3f}".replace("-", "−")


def amount(value: float | None) -> str:
    """A number in units of the data: from 1,000 on whole, below with three digits."""
    if value is None or not math.isfinite(value):
        return "–"
    if 1000 <= abs(value) < 1e9:
        return f"{value:,.0f}".replace("-", "−")
    return shown(value, 4)


def heading(target: str, classes: Sequence[str] | None) -> str:
    """What a page is about, from the name of what is predicted and its classes, None for a number.

    >>> heading("price", None), heading("pet", ["cat", "dog"]), heading("", list("abcd"))
    ('Predicting price', 'Telling cat and dog apart', 'Telling 4 classes apart')
    """
    if classes is None:
        return f"Predicting {target}"
    if len(classes) <= 3:
        return f"Telling {listed(classes)} apart"
    return f"Telling {len(classes)} classes{f' of {target}' if target else ''} apart"


def listed(words: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
