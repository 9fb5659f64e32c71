"""A trace as a page: the graph first, then all the arithmetic under headings that open and close. One file, nothing loaded from elsewhere.

Readable on a phone (the graph scrolls within its frame, equations wrap), in print (all headings open, light), and on a dark screen.
"""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING, Any

from glassnet.seeing.palette import FONT, html_rules
from glassnet.seeing.svg import clean, exact, shown
from glassnet.seeing.trace.arithmetic import sections
from glassnet.seeing.trace.folding import visible_units
from glassnet.seeing.trace.graph import graph
from glassnet.seeing.trace.languages import PAGE
from glassnet.seeing.trace.lines import Equation, Section, more
from glassnet.seeing.trace.moves import moves, rules, written_out
from glassnet.seeing.trace.words import answer_of, plainly, update_title, verdict_of

if TYPE_CHECKING:
    from glassnet.seeing.trace.trace import Trace

SCOPE = ".glassnet-trace"

RULES = f"""
{SCOPE}{{font:15px/1.5 {FONT};color:var(--ink);background:var(--paper);max-width:1640px;margin:0 auto}}
{SCOPE} h2{{font-size:1.25em;margin:0 0 .2em}}
{SCOPE} p{{margin:.3em 0}}
{SCOPE} .quiet{{color:var(--quiet)}}
{SCOPE} .graph{{overflow-x:auto;margin:1em 0;border:1px solid var(--faint);border-radius:8px;background:var(--paper)}}
{SCOPE} .graph svg{{display:block;max-width:none;margin:0 auto}}
{SCOPE} details{{border-top:1px solid var(--faint);padding:.5em 0}}
{SCOPE} summary{{cursor:pointer;font-weight:600}}
{SCOPE} h3{{font-size:1em;font-weight:600;margin:.8em 0 .1em}}
{SCOPE} .units{{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,35em),1fr));gap:0 2em}}
{SCOPE} .eq{{margin:.15em 0 .15em 1.5em;text-indent:-1.5em;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}}
{SCOPE} .rule{{color:var(--quiet)}}
{SCOPE} .eq b{{color:var(--ink)}}
{SCOPE} .eq.back b{{color:var(--gradient)}}
{SCOPE} sub,{SCOPE} sup{{font-size:.7em;line-height:0}}
{SCOPE} .wide{{overflow-x:auto}}
{SCOPE} table{{border-collapse:collapse;font-variant-numeric:tabular-nums;margin:.5em 0}}
{SCOPE} th,{SCOPE} td{{text-align:left;padding:.15em 1em .15em 0;white-space:nowrap}}
{SCOPE} th{{font-weight:400;color:var(--quiet);border-bottom:1px solid var(--faint)}}
{SCOPE} .r{{text-align:right}}
{SCOPE} .g{{color:var(--gradient)}}
{SCOPE} :focus-visible{{outline:2px solid var(--positive);outline-offset:2px}}
@media print{{{SCOPE} details::details-content{{content-visibility:visible;display:block;height:auto}}{SCOPE} .graph svg{{max-width:100%}}}}
""".strip()


def page(trace: Trace, *, units: int, terms: int, digits: int) -> str:
    """A whole HTML document."""
    title = escape(f"Trace of {trace.title}")
    head = f'<meta charset="utf-8"/><meta name="viewport" content="width=device-width, initial-scale=1"/><title>{title}</title>'
    ground = f"<style>{html_rules()}\nbody{{margin:0;padding:16px;background:var(--paper)}}</style>"
    body = fragment(trace, units=units, terms=terms, digits=digits)
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}{ground}</head><body>{body}</body></html>\n'


def fragment(trace: Trace, *, units: int = 4, terms: int = 4, digits: int = 4) -> str:
    """The same as a piece of another page, with its style; well-formed, so that XML parsers read it."""
    parts = [f"<style>{html_rules(SCOPE)}\n{RULES}</style>"]
    parts.append(f"<h2>{_words(trace.title)}</h2><p>{_words(verdict_of(trace))}</p>")
    frame = f'class="graph" tabindex="0" role="region" aria-label="{_words("Computation graph, scrolls sideways")}"'
    parts.append(f"<div {frame}>{graph(trace, units, headed=False)}</div>")
    parts.append(_details("Input", _inputs(trace, units, digits), opened=False))
    for section in sections(trace, units, terms):
        body = _section(section, digits)
        if section.title.startswith("Output"):
            body += f"<p><b>{_words(answer_of(trace, digits).capitalize())}.</b></p>"
        parts.append(_details(section.title, body, opened=section.title.startswith("Loss")))
    if trace.update is not None:
        parts.append(_details(update_title(trace), _update(trace, digits), opened=False))
    return f'<div class="{SCOPE[1:]}">{"".join(parts)}</div>'


def _words(text: Any) -> str:
    """Text for a page: escaped, without characters that no page can hold."""
    return escape(clean(str(text)))


def _typeset(sentence: str) -> str:
    """A sentence of a rule: its letters with indices and powers as a book sets them."""
    text = re.sub(r"\bd([az])_([ij])\b", r"∂<i>\1</i><sub>\2</sub>", _words(sentence).replace(" -", " −").replace("(-", "(−"))
    text = re.sub(r"\ba_([ij])\b", r"<i>a</i><sub>\1</sub>", text)
    return re.sub(r"\be\^z\b", "<i>e</i><sup><i>z</i></sup>", text)


def _details(title: str, body: str, *, opened: bool) -> str:
    state = ' open="open"' if opened else ""
    return f"<details{state}><summary>{_words(title)}</summary>{body}</details>"


def _section(section: Section, digits: int) -> str:
    back = section.title.startswith("Back")
    text = "".join(_line(rule, digits, "rule") for rule in section.rules)
    groups = []
    for group in section.groups:
        name = f"<h3>{_words(group.name)}</h3>" if group.name else ""
        groups.append(f"<div>{name}{''.join(_line(line, digits, 'back' if back else '') for line in group.lines)}</div>")
    remarks = "".join(f'<p class="quiet">{_words(remark)}</p>' for remark in section.remarks)
    return f'{text}<div class="units">{"".join(groups)}</div>{remarks}'


def _line(line: Equation | str, digits: int, style: str = "") -> str:
    """An equation, its value at the end in bold with all digits in ``data-value``."""
    if isinstance(line, str):
        return f'<div class="eq rule">{_typeset(line)}</div>'
    steps = [step.written(PAGE, digits) for step in line.steps]
    if line.value is not None:
        value = shown(line.value, digits)
        if steps and steps[-1] == value:
            steps.pop()
        steps.append(f'<b data-value="{exact(line.value)}">{value}</b>')
    name = f' data-equation="{line.node}"' if line.node else ""
    return f'<div class="eq {style}"{name}>{" = ".join([line.left.written(PAGE, digits), *steps])}</div>'


def _inputs(trace: Trace, units: int, digits: int) -> str:
    original, back = any(entry.original is not None for entry in trace.inputs), trace.loss is not None
    heads = ["name", "", *(["as given"] if original else []), "as the network reads it", *(["∂L/∂x"] if back else [])]
    rows = []
    chosen = visible_units(trace, max(units, 12))[0]
    for i in chosen:
        entry = trace.inputs[i]
        cells = [f"<td>{_words(entry.name)}</td><td><i>x</i><sub>{i + 1}</sub></td>"]
        if original:
            cells.append(f'<td class="r">{_words(plainly(entry.original, 6))}</td>')
        cells.append(_number(entry.value, digits))
        if entry.gradient is not None:
            cells.append(_number(entry.gradient, digits, "r g"))
        rows.append(f"<tr>{''.join(cells)}</tr>")
    hidden = len(trace.inputs) - len(chosen)
    rest = f'<p class="quiet">{more(hidden, "input")}, which contribute less</p>' if hidden else ""
    return _table(heads, rows, left=2) + rest


def _update(trace: Trace, digits: int) -> str:
    update = trace.update
    assert update is not None
    text = "".join(f'<p class="quiet">{_words(remark)}</p>' for remark in update.remarks)
    text += "".join(_line(rule, digits, "rule") for rule in rules(update))
    listed, hidden = moves(trace, 3)
    largest = max(listed, key=lambda move: abs(move.gradient))
    text += f"<h3>{_words(largest.name)}, written out</h3>"
    text += "".join(_line(line, max(digits, 5)) for line in written_out(update, largest))
    rows = []
    for move in listed:
        numbers = _number(move.value, 5) + _number(move.gradient, 5, "r g") + _number(move.new, 5)
        rows.append(f'<tr data-move="{move.node}"><td>{move.symbol.written(PAGE, 5)}</td><td>{_words(move.name)}</td>{numbers}</tr>')
    rest = f'<p class="quiet">{more(hidden, "parameter")}, whose gradients are smaller</p>' if hidden else ""
    return text + _table(["parameter", "", "value", "gradient", "new value"], rows, left=2) + rest


def _number(value: float, digits: int, style: str = "r") -> str:
    return f'<td class="{style}" data-value="{exact(value)}">{shown(value, digits)}</td>'


def _table(heads: list[str], rows: list[str], left: int) -> str:
    sides = ["" if i < left else ' class="r"' for i in range(len(heads))]
    cells = "".join(f"<th{side}>{head}</th>" for side, head in zip(sides, heads, strict=True))
    return f'<div class="wide"><table><thead><tr>{cells}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
