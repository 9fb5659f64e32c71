"""A trace on a terminal: Rich's colours where there are any, plain text of the same words elsewhere, readable from 60 columns on."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from glassnet.seeing.trace.arithmetic import sections
from glassnet.seeing.trace.folding import visible_units
from glassnet.seeing.trace.languages import TEXT
from glassnet.seeing.trace.lines import Equation, Section
from glassnet.seeing.trace.moves import moves, rules, written_out
from glassnet.seeing.trace.words import answer_of, plainly, update_title

if TYPE_CHECKING:
    from glassnet.seeing.trace.trace import Trace

UNITS, TERMS, DIGITS = 5, 4, 4
JOINED = "\u00a0"
"""A space at which no line breaks."""


class Wrapped:
    """An equation that breaks before its equals signs and between terms, continued under its right-hand side."""

    def __init__(self, equation: Equation, digits: int) -> None:
        self.left = equation.left.written(TEXT, digits)
        self.parts = [step.written(TEXT, digits) for step in equation.steps]
        self.value = None if equation.value is None else TEXT.number(equation.value, digits)
        if self.value is not None and self.parts and self.parts[-1] == self.value:
            self.parts.pop()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        width, indent = options.max_width, len(self.left) + 1
        lines = [Text.assemble((self.left, "bold"))]
        used = len(self.left)
        for i, part in enumerate([*self.parts, *([self.value] if self.value is not None else [])]):
            style = "cyan" if self.value is not None and i == len(self.parts) else ""
            if i and used + 3 + len(part) > width:
                lines.append(Text(" " * (indent - 1)))
                used = indent - 1
            first, *rest = _wrapped(part, width - used - 3, width - indent - 2)
            lines[-1].append(" = ").append(first, style=style)
            used += 3 + len(first)
            for piece in rest:
                lines.append(Text.assemble(" " * (indent + 2), (piece, style)))
                used = indent + 2 + len(piece)
        for line in lines:
            line.no_wrap = True
            line.overflow = "fold"
            yield line


def _wrapped(formula: str, first: int, others: int) -> list[str]:
    """A formula in lines of at most ``first`` and then ``others`` characters; it breaks before a sign, never within a term."""
    terms = re.sub(r"\([^()]*: [^()]*\)", lambda told: told[0].replace(" ", JOINED), formula)
    terms = terms.replace(" + ", f" +{JOINED}").replace(" - ", f" -{JOINED}")
    lines = textwrap.wrap(terms, max(20, first), break_long_words=False, break_on_hyphens=False) or [""]
    lines = [lines[0], *textwrap.wrap(" ".join(lines[1:]), max(20, others), break_long_words=False, break_on_hyphens=False)]
    return [line.replace(JOINED, " ") for line in lines]


def terminal_view(trace: Trace, units: int = UNITS, terms: int = TERMS, digits: int = DIGITS) -> Iterator[RenderableType]:
    """Everything, from the inputs to the update."""
    yield Text(trace.title, style="bold")
    yield Text("One example through the network" + (" and back." if trace.loss is not None else "."))
    yield from _inputs(trace, units, digits)
    for section in sections(trace, units, terms):
        yield from _section(section, digits)
        if section.title.startswith("Output"):
            yield from _answer(trace, digits)
    if trace.update is not None:
        yield from _update(trace, digits)


def _heading(title: str) -> Iterator[RenderableType]:
    yield Text("")
    yield Text(title, style="bold underline")


def _inputs(trace: Trace, units: int, digits: int) -> Iterator[RenderableType]:
    yield from _heading("Input")
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    original = any(entry.original is not None for entry in trace.inputs)
    table.add_column("name", overflow="fold")
    table.add_column("node")
    if original:
        table.add_column("as given", justify="right", overflow="fold")
    table.add_column("as the network reads it" if original else "value", justify="right")
    if trace.loss is not None:
        table.add_column("dL/dx", justify="right")
    chosen = visible_units(trace, max(units, 8))[0]
    for i in chosen:
        entry = trace.inputs[i]
        cells = [entry.name, f"a0_{i + 1}", *([plainly(entry.original, 6)] if original else []), TEXT.number(entry.value, digits)]
        table.add_row(*map(Text, [*cells, *([] if entry.gradient is None else [TEXT.number(entry.gradient, digits)])]))
    yield Padding(table, (0, 0, 0, 2))
    if hidden := len(trace.inputs) - len(chosen):
        yield Text(f"  and {hidden:,} more, which contribute less", style="dim")


def _section(section: Section, digits: int) -> Iterator[RenderableType]:
    yield from _heading(section.title)
    for rule in section.rules:
        yield Padding(_line(rule, digits, quiet=True), (0, 0, 0, 2))
    for group in section.groups:
        if group.name:
            yield Padding(Text(group.name, style="bold"), (0, 0, 0, 2))
        yield Padding(Group(*(_line(line, digits) for line in group.lines)), (0, 0, 0, 4 if group.name else 2))
    for remark in section.remarks:
        yield Padding(Text(remark, style="dim"), (0, 0, 0, 2))


def _line(line: Equation | str, digits: int, *, quiet: bool = False) -> RenderableType:
    if isinstance(line, str):
        return Text(line, style="dim")
    return Padding(Wrapped(line, digits), 0, style="dim" if quiet else "")


def _answer(trace: Trace, digits: int) -> Iterator[RenderableType]:
    yield Padding(Text(answer_of(trace, digits), style="bold cyan"), (0, 0, 0, 2))


def _update(trace: Trace, digits: int) -> Iterator[RenderableType]:
    update = trace.update
    assert update is not None
    yield from _heading(update_title(trace))
    for remark in update.remarks:
        yield Padding(Text(remark, style="dim"), (0, 0, 0, 2))
    for rule in rules(update):
        yield Padding(_line(rule, digits, quiet=True), (0, 0, 0, 2))
    listed, hidden = moves(trace, 3)
    largest = max(listed, key=lambda move: abs(move.gradient))
    yield Padding(Text(f"{largest.name}, written out", style="bold"), (0, 0, 0, 2))
    yield Padding(Group(*(_line(line, max(digits, 5)) for line in written_out(update, largest))), (0, 0, 0, 4))
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for head, side in (("parameter", "left"), ("", "left"), ("value", "right"), ("gradient", "right"), ("new value", "right")):
        table.add_column(head, justify="right" if side == "right" else "left", overflow="fold", no_wrap=side == "right")
    for move in listed:
        numbers = [TEXT.number(value, 5) for value in (move.value, move.gradient, move.new)]
        table.add_row(*map(Text, [move.node, move.name, *numbers]))
    yield Text("")
    yield Padding(table, (0, 0, 0, 2))
    if hidden:
        yield Text(f"  and {hidden:,} more parameters, whose gradients are smaller", style="dim")
