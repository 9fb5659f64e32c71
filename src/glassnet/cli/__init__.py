"""The command ``glassnet``: its commands are imported when they are asked for, and theirs when they run.

Exit status: 0 all is well, 1 a quality gate is missed, 2 usage or data, 130 interrupted. Data go to stdout, all else to stderr.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import click

from glassnet import __version__

_HOMES = {
    "train": "glassnet.cli.train",
    "predict": "glassnet.cli.predict",
    "evaluate": "glassnet.cli.evaluate",
    "inspect": "glassnet.cli.inspect",
}
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

    def main(self, args: Sequence[str] | None = None, prog_name: str | None = None, *_: Any, **extra: Any) -> NoReturn:
        """Run the command line and leave with its exit status."""
        extra["standalone_mode"] = False
        try:
            status = super().main(args, prog_name or "glassnet", **extra)
        except click.ClickException as error:
            error.show()
            status = 2
        except click.Abort:
            click.echo("Interrupted.", err=True)
            status = 130
        except (ValueError, OSError) as error:
            click.echo(f"Error: {error}", err=True)
            status = 2
        except SystemExit:
            status = BROKEN_PIPE
        sys.exit(status or 0)


@click.group(cls=CommandLine, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, "-V", "--version", message="glassnet %(version)s")
def main() -> None:
    """Neural networks you can see through: from a table, or from pictures, to a trained network you can trust.

    \b
    glassnet train visits.csv --target user_action -o run/
    glassnet predict run/ new.csv -o out.csv
    glassnet evaluate run/ test.csv --fail-under accuracy=0.9
    glassnet inspect visits.csv
    glassnet train photos/ --features hog
    """
