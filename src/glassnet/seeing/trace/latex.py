"""A trace as LaTeX: one ``align*`` per unit, for a document that loads amsmath. Matplotlib reads it too, line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glassnet.seeing.trace.arithmetic import sections
from glassnet.seeing.trace.expressions import Expression, Sum
from glassnet.seeing.trace.languages import LATEX, latex_name
from glassnet.seeing.trace.lines import Equation, Section
from glassnet.seeing.trace.moves import moves, rules, written_out
from glassnet.seeing.trace.words import update_title, verdict_of

if TYPE_CHECKING:
    from glassnet.seeing.trace.trace import Trace

TERMS_PER_LINE = 4
VALUE_ON_THE_LINE = 90
"""Characters of LaTeX up to which a value stands beside its formula."""


def latex(trace: Trace, *, units: int, terms: int, digits: int) -> str:
    """Everything from the inputs to the update."""
    parts = [r"% \usepackage{amsmath}", rf"\paragraph{{{latex_name(trace.title)}}} {latex_name(verdict_of(trace))}"]
    names = [f"x_{{{i}}}" for i in range(1, len(trace.inputs) + 1)]
    told = [f"${name}$ is {latex_name(entry.name)}" for name, entry in zip(names, trace.inputs, strict=True) if entry.name != _bare(name)]
    if told and len(told) <= 12:
        parts.append(f"{', '.join(told)}.")
    for section in sections(trace, units, terms):
        parts += _section(section, digits)
    if trace.update is not None:
        parts += _update(trace, digits)
    return "\n".join(parts) + "\n"


def _bare(name: str) -> str:
    return name.replace("_{", "").replace("}", "")


def _section(section: Section, digits: int) -> list[str]:
    parts = [rf"\subparagraph{{{latex_name(section.title)}}}", *_lines(section.rules, digits)]
    for group in section.groups:
        if group.name:
            parts.append(rf"\noindent {latex_name(group.name)}")
        parts += _lines(group.lines, digits)
    return parts + [rf"\noindent {latex_name(remark)}" for remark in section.remarks]


def _update(trace: Trace, digits: int) -> list[str]:
    assert trace.update is not None
    listed, _ = moves(trace, 3)
    largest = max(listed, key=lambda move: abs(move.gradient))
    return [
        rf"\subparagraph{{{latex_name(update_title(trace))}}}",
        *(latex_name(remark) for remark in trace.update.remarks),
        *_lines(rules(trace.update), digits),
        rf"\noindent {latex_name(largest.name)}, written out",
        *_lines(written_out(trace.update, largest), max(digits, 5)),
    ]


def _lines(lines: list[Equation | str] | tuple[Equation | str, ...] | list[Equation], digits: int) -> list[str]:
    """Equations that follow each other in one ``align*``; sentences between them."""
    parts: list[str] = []
    rows: list[str] = []
    for line in [*lines, ""]:
        if isinstance(line, Equation):
            rows += equation_rows(line, digits)
            continue
        if rows:
            parts.append("\\begin{align*}\n" + " \\\\\n".join(rows) + "\n\\end{align*}")
            rows = []
        if line:
            parts.append(rf"\noindent {latex_name(line)}")
    return parts


def equation_rows(equation: Equation, digits: int) -> list[str]:
    """The rows of an equation: a new one for each step, and for each few terms of a long sum."""
    rows, left = list[str](), equation.left.written(LATEX, digits)
    steps = [row for step in equation.steps for row in _broken(step, digits)]
    if equation.value is not None:
        value = LATEX.number(equation.value, digits)
        if not (equation.steps and equation.steps[-1].written(LATEX, digits) == value):
            if steps and len(steps[-1]) + len(value) < VALUE_ON_THE_LINE:
                steps[-1] += f" = {value}"
            else:
                steps.append(f"= {value}")
    for n, step in enumerate(steps):
        rows.append(f"  {left if n == 0 else ''} &{step}")
    return rows or [f"  {left} &"]


def _broken(step: Expression, digits: int) -> list[str]:
    """``= first terms``, then rows that go on with their sign."""
    text = step.written(LATEX, digits)
    if not isinstance(step, Sum) or len(step.terms) <= TERMS_PER_LINE:
        return [f"= {text}"]
    rows = []
    for start in range(0, len(step.terms), TERMS_PER_LINE):
        part = Sum(step.terms[start : start + TERMS_PER_LINE]).written(LATEX, digits)
        sign = "= " if start == 0 else ("" if part.startswith("-") else "+ ")
        rows.append(sign + part)
    return rows
