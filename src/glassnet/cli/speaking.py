"""What a command says: remarks on stderr, results on stdout, tables that look good on a terminal and in a file."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click

from glassnet.cli.wording import in_options

PLAIN_WIDTH = 140
"""Characters of a table's line where there is no terminal to ask."""


def remarks(*, quiet: bool) -> Callable[[str], None]:
    """What says one sentence on stderr, or nothing; quiet holds for the compiler too."""
    if not quiet:
        return lambda sentence: click.echo(in_options(sentence), err=True)
    from glassnet.maths.compiling import announcement

    announcement.silent = True
    return lambda sentence: None


def show_json(value: Mapping[str, Any]) -> None:
    """One JSON object on stdout."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False))


def show_table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, numbers_from: int | None = None) -> None:
    """A table on stdout; columns from ``numbers_from`` on are set to the right."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0), show_edge=False)
    for i, head in enumerate(heads):
        right = numbers_from is not None and i >= numbers_from
        table.add_column(Text(head), justify="right" if right else "left", no_wrap=right, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    console = Console(file=sys.stdout, highlight=False, width=None if sys.stdout.isatty() else PLAIN_WIDTH)
    with console.capture() as captured:
        console.print(table)
    for line in captured.get().splitlines():
        click.echo(line.rstrip())


def show_metrics(of: Mapping[str, Mapping[str, float | None]]) -> None:
    """A line for each model, a column for each metric."""
    names = list(next(iter(of.values())))
    show_table(["", *names], [[model, *(figure(metrics[name]) for name in names)] for model, metrics in of.items()], numbers_from=1)


def figure(value: float | None) -> str:
    """A number as people read it: three decimals for small ones, separators for large ones, powers of ten from 1e7; a dash for None."""
    if value is None:
        return "-"
    if abs(value) >= 1e7:
        return f"{value:.3g}"
    return (
        f"{value:.3f}"
        if abs(value) < 100 and (abs(value) >= 0.01 or value == 0)
        else f"{value:,.0f}"
        if abs(value) >= 100
        else f"{value:.3g}"
    )


def listed(words: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def counted(number: int, noun: str, plural: str = "") -> str:
    """``1 row``, ``2,000 rows``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
