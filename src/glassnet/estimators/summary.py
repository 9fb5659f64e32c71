"""What a network is made of, in a few lines: layers, shapes, parameters, and whether there are rows enough to learn them."""

from __future__ import annotations

from collections.abc import Sequence

ROWS_PER_PARAMETER = 10
"""The rule of thumb: at least this many rows for each parameter."""


def summarise(
    sizes: Sequence[int],
    activations: Sequence[str],
    *,
    n_rows: int | None = None,
    biases: Sequence[bool] | None = None,
    penalty: str = "",
    watched: bool = False,
) -> str:
    """The text of ``summary()``.

    Parameters
    ----------
    sizes : units per layer, inputs first
    activations : one name per layer after the inputs; the last is the link of the output
    n_rows : rows learned from; None where the weights were given
    biases : one truth per layer after the inputs, None for all
    penalty : the penalty in words, empty for none
    watched : whether held-out rows decided when to stop

    >>> print(summarise((1024, 500, 10), ("relu", "softmax"), n_rows=60_000))
    layer   shape         activation  weights  biases
    1       1024 x 500    relu        512,000     500
    2       500 x 10      softmax       5,000      10
    total   1024-500-10               517,000     510
    517,510 parameters, 60,000 rows: 0.12 rows per parameter.
    This network is too big for its data: it has more parameters than rows and can learn them by heart. Use fewer
    units, a stronger penalty, or early stopping, and trust only what held-out rows say.
    """
    biases = [True] * len(activations) if biases is None else list(biases)
    lines = [("layer", "shape", "activation", "weights", "biases")]
    weights = offsets = 0
    for layer, (n_in, n_out, name, bias) in enumerate(zip(sizes[:-1], sizes[1:], activations, biases, strict=True), start=1):
        weights, offsets = weights + n_in * n_out, offsets + n_out * bias
        lines.append((str(layer), f"{n_in} x {n_out}", name, f"{n_in * n_out:,}", f"{n_out * bias:,}"))
    lines.append(("total", "-".join(str(size) for size in sizes), "", f"{weights:,}", f"{offsets:,}"))
    widths = [max(len(line[column]) for line in lines) for column in range(5)]
    table = [
        f"{a:<{widths[0] + 1}}  {b:<{widths[1] + 1}}  {c:<{widths[2]}}  {d:>{widths[3]}}  {e:>{widths[4]}}".rstrip()
        for a, b, c, d, e in lines
    ]
    return "\n".join([*table, *([f"penalty: {penalty}"] if penalty else []), *_verdict(weights + offsets, n_rows, watched=watched)])


def _verdict(parameters: int, n_rows: int | None, *, watched: bool) -> list[str]:
    """Rows per parameter, and what to think of it."""
    if n_rows is None:
        return [f"{parameters:,} parameters."]
    ratio = n_rows / parameters
    words = [f"{parameters:,} parameters, {n_rows:,} rows: {ratio:.2g} rows per parameter."]
    if ratio < 1.0 and watched:
        words.append(
            "This network has more parameters than rows and could learn them by heart; held-out rows decide when it stops.\n"
            "Trust only what rows say that it has never seen."
        )
    elif ratio < 1.0:
        words.append(
            "This network is too big for its data: it has more parameters than rows and can learn them by heart. Use fewer\n"
            "units, a stronger penalty, or early stopping, and trust only what held-out rows say."
        )
    elif ratio < ROWS_PER_PARAMETER:
        rest = "Held-out rows\ndecide when it stops." if watched else "Watch the loss on\nheld-out rows."
        words.append(f"This network is big for its data: a rule of thumb asks for {ROWS_PER_PARAMETER} rows per parameter. {rest}")
    return words
