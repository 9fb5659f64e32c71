"""``glassnet explain``: one row through a trained network and back, every number in the terminal or in a file."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from glassnet.cli.options import given, reading_options

if TYPE_CHECKING:
    from glassnet.seeing.trace.trace import Trace

PLAIN_WIDTH = 100
"""Characters of a line where there is no terminal to ask."""


@click.command(name="explain", short_help="One row through the network and back, every number shown.")
@click.argument("run")
@click.argument("data", required=False)
@click.option("--row", type=click.IntRange(min=1), default=1, metavar="NUMBER", help="Which row, counted from 1.  [default: 1]")
@click.option("--target", metavar="VALUE", help="The truth to learn from.  [default: what the row says]")
@click.option("--units", type=click.IntRange(min=1), default=5, metavar="NUMBER", help="How many units of a layer to show.  [default: 5]")
@click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON object.")
@click.option("--latex", "as_latex", is_flag=True, help="Print the arithmetic as LaTeX (amsmath).")
@click.option("--html", metavar="FILE", help="Write a page: the computation graph and the arithmetic.")
@click.option("--svg", metavar="FILE", help="Write the computation graph as a picture.")
@reading_options
@click.option("-q", "--quiet", is_flag=True, help="Say nothing on the way: no remarks.")
def command(
    run: str,
    data: str | None,
    row: int,
    target: str | None,
    units: int,
    as_json: bool,
    as_latex: bool,
    html: str | None,
    svg: str | None,
    quiet: bool,
    **reading: Any,
) -> None:
    """Carry one row through RUN, a run directory or its model file: forward, to the loss, back by the chain rule, and the update.

    Without DATA it is one of the rows that the run set aside for its test; with DATA, a table, a folder of pictures or a file of arrays,
    a row of it. Of wide layers the units that contribute most are shown; --json holds every number.
    """
    from glassnet.cli.speaking import remarks, show_json
    from glassnet.runs.directory import check_output
    from glassnet.runs.explaining import explain_new_row, explain_test_row
    from glassnet.runs.prediction import open_run, places_of_new_rows, read_new_rows

    if as_json and as_latex:
        raise click.UsageError("--json and --latex both print to stdout. Give one of them.")
    say = remarks(quiet=quiet)
    trained = open_run(run)
    for output in (html, svg):
        if output is not None:
            check_output(output, run, trained.config.data if data is None else data)
    if data is None:
        if given(reading):
            raise click.UsageError(f"--{next(iter(given(reading)))} says how DATA is read. Name DATA, or leave it out.")
        found = explain_test_row(trained, run, row, say, target=target)
    else:
        rows, place = read_new_rows(trained, data, say, given(reading)), places_of_new_rows(trained, data, given(reading))
        found = explain_new_row(trained, rows, row, say, target=target, place=place)
    if html is not None:
        _write(html, found.to_html(units=units), say)
    if svg is not None:
        _write(svg, found.to_svg(units=units), say)
    if as_json:
        show_json(found.to_dict())
    elif as_latex:
        click.echo(found.to_latex(units=units), nl=False)
    elif html is None and svg is None:
        _show(found, units)


def _write(path: str, text: str, say: Callable[[str], None]) -> None:
    from glassnet.files.atomic import write_bytes

    write_bytes(path, text.encode())
    say(f"Written to {path}.")


def _show(trace: Trace, units: int) -> None:
    """The terminal view on stdout, plain where that is no terminal."""
    from rich.console import Console, Group

    from glassnet.seeing.trace.terminal import terminal_view

    console = Console(file=sys.stdout, highlight=False, width=None if sys.stdout.isatty() else PLAIN_WIDTH)
    with console.capture() as captured:
        console.print(Group(*terminal_view(trace, units=units)))
    for line in captured.get().splitlines():
        click.echo(line.rstrip())
