"""The whole calculation, line by line: every sum, slope and product of a trace, as formulas with the numbers put in.

Terminal, page and LaTeX print these sections; none of them knows an equation. The value at the end of a line is the engine's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from glassnet.seeing.trace.backward_lines import hidden_section, output_section
from glassnet.seeing.trace.folding import visible_units
from glassnet.seeing.trace.forward_lines import forward_section, loss_section
from glassnet.seeing.trace.lines import Section

if TYPE_CHECKING:
    from glassnet.seeing.trace.trace import Trace


def sections(trace: Trace, units: int, terms: int) -> list[Section]:
    """Forward, loss and backward; of each layer the ``units`` that contribute most, of each sum the ``terms`` largest terms."""
    shown = visible_units(trace, units)
    found = [forward_section(trace, layer, shown[layer.number], terms) for layer in trace.layers]
    if trace.loss is None:
        return found
    found.append(loss_section(trace, trace.loss))
    found.append(output_section(trace, trace.loss, shown[-1], terms))
    found += [hidden_section(trace, layer, shown[layer.number], terms) for layer in reversed(trace.layers[:-1])]
    return found
