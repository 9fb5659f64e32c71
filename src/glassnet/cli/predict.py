"""``glassnet predict``: what a trained run says about new rows."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

import click

from glassnet.checks import DataError
from glassnet.cli.options import given, quiet_option, reading_options


@click.command(name="predict", short_help="Predict new rows, in their order, as CSV.")
@click.argument("run")
@click.argument("data")
@click.option("-o", "--output", metavar="FILE", help="Where to write the predictions as CSV.  [default: stdout]")
@click.option("--as-they-are", is_flag=True, help="No apostrophe before labels that a spreadsheet would take for a formula.")
@reading_options
@quiet_option
def command(run: str, data: str, output: str | None, as_they_are: bool, quiet: bool, **reading: Any) -> None:
    """Predict the rows of DATA, a table, a folder of pictures or a file of arrays, with RUN, a run directory or its model file.

    Writes one row for each row of DATA, in the same order: a column prediction, then a column probability_<class> for each class. For
    pictures the name of the file stands first; files that cannot be read are named on stderr. Columns of a table are found by name, in
    any order; others are ignored, and said. DATA may be -, a table on standard input.
    """
    from glassnet.cli.speaking import counted, remarks
    from glassnet.runs.directory import check_output
    from glassnet.runs.prediction import harmless, open_run, places_of_new_rows, predict_run, read_new_rows

    say = remarks(quiet=quiet)
    trained = open_run(run)
    if output is not None:
        check_output(output, run, data)
    with _source(data) as source:
        rows = read_new_rows(trained, source, say, given(reading))
        predictions = predict_run(trained, rows, say, places_of_new_rows(trained, source, given(reading)))
    text = io.StringIO()
    (predictions if as_they_are else harmless(predictions)).write_csv(text)
    if output is None:
        click.echo(text.getvalue(), nl=False)
    else:
        _write(output, text.getvalue().encode())
        say(f"{counted(predictions.height, 'prediction')} in {output}")


@contextlib.contextmanager
def _source(data: str) -> Iterator[str]:
    """The path to read; what comes on standard input is laid into a file for as long."""
    if data != "-":
        yield data
        return
    with tempfile.TemporaryDirectory() as aside:
        path = os.path.join(aside, "standard-input")
        with open(path, "wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
        try:
            yield path
        except ValueError as error:
            raise DataError(str(error).replace(path, "standard input")) from error


def _write(output: str, data: bytes) -> None:
    """A file whole or not at all; a device or a pipe takes it as it comes."""
    from glassnet.files.atomic import write_bytes

    if not os.path.exists(output) or stat.S_IFMT(os.stat(output).st_mode) in (stat.S_IFREG, stat.S_IFDIR):
        write_bytes(output, data)
        return
    try:
        with open(output, "wb") as device:
            device.write(data)
    except BrokenPipeError:
        raise SystemExit(1) from None
    except OSError as error:
        raise OSError(f"{output} could not be written: {error.strerror or error}. Free some space there, or write elsewhere.") from error
