"""``glassnet predict``: what a trained run says about new rows."""

from __future__ import annotations

import io
from typing import Any

import click

from glassnet.cli.options import given, quiet_option, reading_options


@click.command(name="predict", short_help="Predict new rows, in their order, as CSV.")
@click.argument("run")
@click.argument("data")
@click.option("-o", "--output", metavar="FILE", help="Where to write the predictions as CSV.  [default: stdout]")
@reading_options
@quiet_option
def command(run: str, data: str, output: str | None, quiet: bool, **reading: Any) -> None:
    """Predict the rows of DATA, a table, a folder of pictures or a file of arrays, with RUN, a run directory or its model file.

    Writes one row for each row of DATA, in the same order: a column prediction, then a column probability_<class> for each class. For
    pictures the name of the file stands first; files that cannot be read are named on stderr. Columns of a table are found by name, in
    any order; others are ignored, and said.
    """
    from glassnet.cli.speaking import counted, remarks
    from glassnet.files.atomic import write_bytes
    from glassnet.runs.prediction import harmless, open_run, predict_run, read_new_rows

    say = remarks(quiet=quiet)
    trained = open_run(run)
    predictions = predict_run(trained, read_new_rows(trained, data, say, given(reading)), say)
    text = io.StringIO()
    harmless(predictions).write_csv(text)
    if output is None:
        click.echo(text.getvalue(), nl=False)
    else:
        write_bytes(output, text.getvalue().encode())
        say(f"{counted(predictions.height, 'prediction')} in {output}")
