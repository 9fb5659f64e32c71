"""The command ``glassnet``: its commands are imported when they are asked for, and theirs when they run.

Exit status: 0 all is well, 1 a quality gate is missed, 2 usage or data, 130 interrupted. Data go to stdout, all else to stderr.
"""

from __future__ import annotations

import errno
import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Any, NoReturn

import click

from glassnet import __version__
from glassnet.checks import did_you_mean

_HOMES = {
    "train": "glassnet.cli.train",
    "predict": "glassnet.cli.predict",
    "evaluate": "glassnet.cli.evaluate",
    "explain": "glassnet.cli.explain",
    "inspect": "glassnet.cli.inspect",
    "report": "glassnet.cli.report",
    "lab": "glassnet.cli.lab",
}
TRACEBACK = "GLASSNET_TRACEBACK"
"""The environment variable with which every error shows where it was raised."""
BROKEN_PIPE = 141
"""The exit status where whoever read our output has gone, as of any program that SIGPIPE ends."""


class CommandLine(click.Group):
    """A group that imports a command when it is named, and turns every refusal into one sentence and an exit status."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order a user meets them."""
        return list(_HOMES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command called ``cmd_name``, or None."""
        if cmd_name not in _HOMES:
            return None
        command: click.Command = importlib.import_module(_HOMES[cmd_name]).command
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the arguments name; a near miss is answered with the right name."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            near = "" if "Did you mean" in error.message else did_you_mean(args[0], _HOMES)
            raise click.UsageError(error.message + near, ctx) from error

    def main(self, args: Sequence[str] | None = None, prog_name: str | None = None, *_: Any, **extra: Any) -> NoReturn:
        """Run the command line and leave with its exit status."""
        extra["standalone_mode"] = False
        try:
            status = super().main(args, prog_name or "glassnet", **extra)
        except click.ClickException as error:
            error.show()
            status = 2
        except (click.Abort, KeyboardInterrupt):
            click.echo("Interrupted.", err=True)
            status = 130
        except SystemExit:
            status = BROKEN_PIPE
        except GeneratorExit:
            raise
        except BaseException as error:  # a panic of Polars is no Exception
            if os.environ.get(TRACEBACK):
                traceback.print_exc()
            from glassnet.cli.wording import in_options

            click.echo(f"Error: {in_options(_sentence(error))}", err=True)
            status = 2
        sys.exit(status or 0)


def _sentence(error: BaseException) -> str:
    """What went wrong, in words; a refusal has its own."""
    if isinstance(error, OSError) and error.errno == errno.ENOSPC and error.filename is None and error.strerror is not None:
        return f"The output could not be written: {error.strerror}. Free some space, or write elsewhere."
    if isinstance(error, OSError) and error.filename is not None and error.strerror is not None:
        return f"{error.filename}: {error.strerror}."
    if isinstance(error, ValueError | OSError):
        return str(error)
    if isinstance(error, MemoryError):
        return f"The memory does not suffice ({str(error) or 'no more is to be had'}). Use fewer units, fewer rows or smaller pictures."
    what = f"{type(error).__name__}: {error}".rstrip(": ")
    return f"glassnet failed in a way it should not ({what}). Set {TRACEBACK}=1 to see where, and report it."


@click.group(cls=CommandLine, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, "-V", "--version", message="glassnet %(version)s")
def main() -> None:
    """Neural networks you can see through: from a table, or from pictures, to a trained network you can trust.

    \b
    glassnet train visits.csv --target user_action -o run/
    glassnet predict run/ new.csv -o out.csv
    glassnet evaluate run/ test.csv --fail-under accuracy=0.9
    glassnet explain run/ --row 17
    glassnet inspect visits.csv
    glassnet train photos/ --features hog
    glassnet lab visits.csv
    """
