"""One example's whole arithmetic for the page: the engine's trace, cut to the units that are drawn, and its lines one by one.

A line is a term of the calculation. Stepping by terms reveals them in order: forward, loss, backward, and the update by this row alone.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.lab.arrays import Plain, number, numbers
from glassnet.lab.panels import codes
from glassnet.lab.view import View, pictures
from glassnet.seeing.trace.backward_lines import hidden_section, output_section
from glassnet.seeing.trace.formulas import LINK_FORMULAS
from glassnet.seeing.trace.forward_lines import forward_section, loss_section
from glassnet.seeing.trace.languages import TEXT
from glassnet.seeing.trace.letters import Symbol
from glassnet.seeing.trace.lines import STEEPNESS, Equation, Section, head_of
from glassnet.seeing.trace.moves import moves, rules, written_out
from glassnet.seeing.trace.trace import Trace
from glassnet.seeing.trace.tracing import trace
from glassnet.seeing.trace.words import update_title

if TYPE_CHECKING:
    from glassnet.lab.engine import Engine

TERMS, DIGITS = 8, 4
"""Terms of a sum that are written out, and significant digits of a number."""
MOVES = 2
"""Weights of each layer whose update is written out."""


def current_row(engine: Engine) -> int | None:
    """The row that single steps stand at, else the one that was picked."""
    run, at = engine.run, engine.cursor.example
    if run is not None and at is not None and run.place is not None and at < len(run.place.pending):
        return int(engine.lesson.learned[run.place.pending[at]])
    return engine.picked


def trace_message(engine: Engine) -> Plain | None:
    """The trace of the current example; None where there is none."""
    row, view, run = current_row(engine), engine.view, engine.run
    if row is None or view is None or engine.config.mode == "rbm":
        return None
    epoch, _ = run.weights_at(engine.shown)
    lesson = engine.lesson
    with np.errstate(all="ignore"):
        seen = trace(run.standing_at(engine.shown), lesson.X[row : row + 1], lesson.data.y[row : row + 1])
        lines = list(terms(seen, view))
    stepping = engine.cursor.example is not None
    engine.cursor.terms = len(lines) if stepping else 0
    shown = len(lines) if engine.cursor.term is None or not stepping else min(engine.cursor.term + 1, len(lines))
    inputs = view.shown(0)
    assert seen.loss is not None and seen.target is not None
    part = seen.loss.parts[0]
    held = "held out" if row in lesson.held_out else "learned from"
    return {
        "run": engine.number,
        "epoch": epoch,
        "batch": 0 if run.place is None else run.place.batch,
        "row": row,
        "name": f"row {row:,} ({held})",
        "inputs": {
            "first": inputs.start,
            "of": len(seen.inputs),
            "names": list(lesson.names[inputs]),
            "x": [number(one.value) for one in seen.inputs[inputs]],
            "dx": [number(one.gradient) for one in seen.inputs[inputs]],
        },
        "picture": None if lesson.data.picture is None else _picture(engine, row),
        "layers": [_layer(seen, view, number) for number in range(1, len(view.sizes))],
        "loss": {
            "name": seen.loss.name.replace("_", " "),
            "value": number(seen.loss.value),
            "formula": "" if part.formula is None else part.formula.written(TEXT, DIGITS),
            "numbers": "" if part.numbers is None else part.numbers.written(TEXT, DIGITS),
        },
        "truth": str(lesson.data.y[row]) if engine.data.classifies else TEXT.number(float(lesson.data.y[row]), DIGITS),
        "answer": _answer(engine, seen, view),
        "prediction": numbers(seen.prediction),
        "target": numbers(seen.target),
        "terms": lines,
        "shown": shown,
        "total": len(lines),
        "update": _update(seen, run.parameters["batch_size"], begun=bool(run.epochs)),
    }


def _picture(engine: Engine, row: int) -> Plain:
    pixels = engine.lesson.data.X[row : row + 1]
    return pictures(pixels, engine.lesson, [0.0], [255.0 if pixels.dtype == np.uint8 else 1.0])


def _answer(engine: Engine, seen: Trace, view: View) -> str:
    """What the network says, in the user's words."""
    if engine.data.classifies:
        return str(engine.data.classes[int(codes(seen.prediction[None])[0])])
    value = float(seen.prediction[0])
    if view.scale is not None:
        value = value * float(view.scale[1][0]) + float(view.scale[0][0])
    return TEXT.number(value, DIGITS)


def _layer(seen: Trace, view: View, l: int) -> Plain:
    layer, here, before = seen.layers[l - 1], view.shown(l), view.shown(l - 1)
    pictured = l == 1 and view.is_picture
    update = None if seen.update is None else seen.update.layers[l - 1]
    slope = np.diag(seen.loss.chain.jacobian) if layer.is_output and seen.loss is not None else layer.slope
    da = seen.loss.chain.da if layer.is_output and seen.loss is not None else layer.da

    def block(values: Any) -> Any:
        return None if pictured or values is None else numbers(values[before, here])

    assert layer.dz is not None and layer.db is not None and da is not None
    return {
        "number": l,
        "name": "output" if layer.is_output else f"hidden layer {l}",
        "activation": layer.activation_name,
        "first": here.start,
        "of": view.sizes[l],
        "units": list(layer.units[here]),
        "z": numbers(layer.z[here]),
        "a": numbers(layer.a[here]),
        "slope": numbers(slope[here]),
        "da": numbers(da[here]),
        "dz": numbers(layer.dz[here]),
        "W": block(layer.W),
        "dW": block(layer.dW),
        "b": numbers(layer.b[here]),
        "db": numbers(layer.db[here]),
        "new_W": None if update is None else block(update.W),
        "new_b": [] if update is None else numbers(update.b[here]),
    }


def terms(seen: Trace, view: View) -> Iterator[Plain]:
    """Every line of arithmetic about the units that are drawn, in the order of the calculation."""
    assert seen.loss is not None
    shown = [tuple(range(part.start, part.stop)) for part in map(view.shown, range(len(view.sizes)))]
    for layer in seen.layers:
        yield from _of_section("forward", forward_section(seen, layer, shown[layer.number], TERMS), _home(layer))
    yield from _of_section("loss", loss_section(seen, seen.loss), "loss")
    yield from _of_section("backward", output_section(seen, seen.loss, shown[-1], TERMS), "output", _of_output(seen))
    for layer in reversed(seen.layers[:-1]):
        yield from _of_section("backward", hidden_section(seen, layer, shown[layer.number], TERMS), _home(layer), _of_weights(layer))
    if seen.update is None:
        return
    rules_of = {_left(rule): _right(rule) for rule in rules(seen.update) if isinstance(rule, Equation)}
    for move in moves(seen, MOVES)[0]:
        for line in written_out(seen.update, move):
            letter = _letter(line)
            rule = rules_of.get("w" if letter == "b" else letter, "")
            yield _term("update", f"{move.name}, if this row were the whole batch", line, rule, [move.node])


def _home(layer: Any) -> str:
    return "output" if layer.is_output else f"hidden layer {layer.number}"


def _of_output(seen: Trace) -> dict[str, str]:
    """The rules that the output's lines stand for: the slopes of the loss and of the link, as the trace has them."""
    assert seen.loss is not None
    formula, link = seen.loss.chain.formulas[0], LINK_FORMULAS.get(head_of(seen, 0)[0].link)
    found = _of_weights(seen.layers[-1])
    if formula is not None:
        found["dL/da"] = formula.slope.written(TEXT, DIGITS)
    if link is not None:
        found[STEEPNESS.written(TEXT, DIGITS)] = link[1].written(TEXT, DIGITS)
    return found


def _of_weights(layer: Any) -> dict[str, str]:
    """The rule of a layer's weights: the slope at z by what the weight carries there."""
    return {"dL/dw": (Symbol("z").slope * Symbol("a" if layer.number > 1 else "x")).written(TEXT, DIGITS)}


def _of_section(phase: str, section: Section, home: str, known: dict[str, str] | None = None) -> Iterator[Plain]:
    rules_of = dict(known or {})
    for rule in section.rules:
        if isinstance(rule, Equation):
            before = rules_of.get(_left(rule)) if _left(rule) == "dL/dz" else None
            rules_of[_left(rule)] = " = ".join(filter(None, [before, _right(rule)]))
        elif told := re.fullmatch(r"da(?:_i)?/dz(?:_j)? (?:=|is) (.+)", rule):
            rules_of["da/dz"] = told[1]
    for group in section.groups:
        where = home if not group.name or group.name == home else f"{home}, {group.name}"
        for line in group.lines:
            if isinstance(line, Equation):
                yield _term(phase, where, line, rules_of.get(_letter(line), ""), [line.node] if line.node else [])


def _term(phase: str, group: str, line: Equation, rule: str, nodes: list[str]) -> Plain:
    value = line.value
    if value is None and line.steps:
        value = line.steps[-1].value()
    parts = [step.written(TEXT, DIGITS) for step in line.steps]
    return {
        "phase": phase,
        "group": group,
        "nodes": nodes,
        "symbol": line.left.written(TEXT, DIGITS),
        "rule": rule,
        "numbers": " = ".join(parts),
        "value": None if value is None or not math.isfinite(value) else float(value),
    }


def _left(rule: Equation) -> str:
    return rule.left.written(TEXT, DIGITS)


def _right(rule: Equation) -> str:
    return " = ".join(step.written(TEXT, DIGITS) for step in rule.steps)


def _letter(line: Equation) -> str:
    """The left side without its layer and units: ``dL/dz2_1`` -> ``dL/dz``, by which a rule is found."""
    text = line.left.written(TEXT, DIGITS)
    return "/".join(part.split("_")[0].rstrip("0123456789") for part in text.split("/"))


def _update(seen: Trace, rows: int, *, begun: bool) -> str:
    """The optimiser's rule, and what must be said of it; of a training that has not ``begun``, nothing."""
    if seen.update is None:
        return ""
    alone = (
        "" if rows == 1 else f"The batch moves the weights once, by the mean slope of its {rows:,} rows. If this row were the whole batch: "
    )
    lines = [rule if isinstance(rule, str) else f"{_left(rule)} = {_right(rule)}" for rule in rules(seen.update)]
    if any("r_t" in line for line in lines):
        lines.append(f"r_t = {TEXT.number(seen.update.step_size, DIGITS)} is the learning rate, corrected for the first steps")
    return alone + ". ".join([update_title(seen), *lines, *(seen.update.remarks if begun else [])])
