"""Sentences about a trace, the same in every view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from glassnet.seeing.trace.languages import TEXT

if TYPE_CHECKING:
    from glassnet.seeing.trace.trace import Trace


def plainly(value: Any, digits: int) -> str:
    """A value of a table as a person wrote it."""
    if value is None:
        return "missing"
    if isinstance(value, bool):
        return "true" if value else "false"
    return TEXT.number(value, digits) if isinstance(value, int | float) else str(value)


def plainly_all(value: Any, digits: int) -> str:
    """A label, a number or several."""
    return ", ".join(
        TEXT.number(one, digits) if isinstance(one, float) else str(one) for one in (value if isinstance(value, list) else [value])
    )


def answer_of(trace: Trace, digits: int) -> str:
    """The prediction: ``predicts setosa``, ``predicts 23.1, which is 9.2·a + 21 in units of y``."""
    said, scale = f"predicts {plainly_all(trace.answer, digits)}", trace.subject.target_scale
    if scale is None:
        return said
    if len(scale[0]) > 1:
        return f"{said}, in units of y"
    mean, spread = (TEXT.number(float(part[0]), digits) for part in scale)
    return f"{said}, which is {spread}·a + {mean} in units of {trace.subject.outputs[0]}"


def verdict_of(trace: Trace, digits: int = 4) -> str:
    """One line: what it predicts, what is true, and the loss."""
    predicted = f"Predicts {plainly_all(trace.answer, digits)}."
    if trace.loss is None:
        return predicted
    return f"{predicted} The truth is {plainly_all(trace.y, digits)}; loss {TEXT.number(trace.loss.value, digits)}."


def update_title(trace: Trace) -> str:
    """``Update by adam, learning rate 0.001, step 41``."""
    update = trace.update
    assert update is not None
    name = update.solver if update.own else "plain gradient descent"
    step = f", step {update.t:,}" if update.own else ""
    return f"Update by {name}, learning rate {update.rate:g}{step}"
