"""The lines of a calculation: equations, gathered by unit and by step, and how units and letters are named in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from glassnet.data.wording import count
from glassnet.seeing.trace.chain import heads_of
from glassnet.seeing.trace.expressions import Expression
from glassnet.seeing.trace.letters import Slope, Symbol
from glassnet.seeing.trace.record import LayerTrace

if TYPE_CHECKING:
    from glassnet.seeing.trace.trace import Trace

STEEPNESS = Slope(Symbol("a"), Symbol("z"))
"""da/dz."""


@dataclass(frozen=True)
class Equation:
    """``left = step = step = value``; ``value`` is the engine's, None where the last step says it all. ``node`` names it in a picture."""

    left: Expression
    steps: tuple[Expression, ...]
    value: float | None = None
    node: str = ""


@dataclass(frozen=True)
class Group:
    """The equations of one unit, under its name."""

    name: str
    lines: tuple[Equation | str, ...]


@dataclass(frozen=True)
class Section:
    """A step of the calculation: its title, the rule in letters, and the units."""

    title: str
    rules: tuple[Equation | str, ...] = ()
    groups: tuple[Group, ...] = ()
    remarks: tuple[str, ...] = field(default=())


def more(n: int, what: str) -> str:
    """``and 774 more units``."""
    return f"and {count(n, f'more {what}')}"


def symbol(letter: str, layer: LayerTrace, *units: int) -> Symbol:
    """A letter of a layer with its units, which count from 0 here and from 1 on the page."""
    return Symbol(letter, layer.number, tuple(unit + 1 for unit in units))


def head_of(trace: Trace, j: int) -> tuple[Any, list[int]]:
    """The loss that reads output unit ``j``, and all units that it reads."""
    heads = heads_of(trace.subject.network.loss, len(trace.layers[-1].units))
    return next((loss, units) for loss, units in heads if j in units)
