"""Which inputs a network can have: raw columns, and formulas of them that can be switched on and off.

square x**2      product x1 * x2      sine sin(x)      logarithm log(1 + abs(x))
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

MOST_WITH_PRODUCTS = 6
"""Columns of which every two are offered as a product."""
MOST_WITH_FORMULAS = 24
"""Columns of which squares, sines and logarithms are offered."""
_LOW = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


@dataclass(frozen=True)
class Input:
    """An input that can be switched on; ``id`` is a formula, or the name of a raw column."""

    id: str
    label: str
    group: str
    columns: tuple[str, ...]

    @property
    def made(self) -> bool:
        """True for a formula."""
        return self.group not in ("column", "category")


def offered(numeric: Sequence[str], others: Sequence[str]) -> list[Input]:
    """Everything that can be made of these columns: numbers first, then formulas of them, then other columns.

    >>> [one.id for one in offered(["x1", "x2"], [])]
    ['x1', 'x2', 'x1**2', 'x2**2', 'x1 * x2', 'sin(x1)', 'sin(x2)', 'log(1 + abs(x1))', 'log(1 + abs(x2))']
    """
    found = [Input(name, _label(name), "column", (name,)) for name in numeric]
    found += [Input(name, name, "category", (name,)) for name in others]
    usable = [name for name in numeric if "`" not in name][:MOST_WITH_FORMULAS]
    spelt = {name: name if re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII) else f"`{name}`" for name in usable}
    found += [Input(f"{spelt[name]}**2", f"{_label(name)}²", "square", (name,)) for name in usable]
    if len(usable) <= MOST_WITH_PRODUCTS:
        pairs = list(combinations(usable, 2))
        found += [Input(f"{spelt[a]} * {spelt[b]}", f"{_label(a)}·{_label(b)}", "product", (a, b)) for a, b in pairs]
    found += [Input(f"sin({spelt[name]})", f"sin {_label(name)}", "sine", (name,)) for name in usable]
    found += [Input(f"log(1 + abs({spelt[name]}))", f"log(1+|{_label(name)}|)", "logarithm", (name,)) for name in usable]
    return found


def _label(name: str) -> str:
    """``x₁`` for x1; other names as they are."""
    return name[0] + name[1:].translate(_LOW) if re.fullmatch(r"x[0-9]+", name, re.ASCII) else name
