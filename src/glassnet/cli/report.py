"""``glassnet report``: writes the page about a run again."""

from __future__ import annotations

import click

from glassnet.cli.options import quiet_option


@click.command(name="report", short_help="Write report.html of a run again.")
@click.argument("run")
@click.option("--data", metavar="PATH", help="Where the data of the run are now.  [default: where they were]")
@click.option("-o", "--output", metavar="FILE", help="Where to write the page.  [default: report.html in the run directory]")
@quiet_option
def command(run: str, data: str | None, output: str | None, quiet: bool) -> int:
    """Rebuild report.html of RUN, a run directory, from its model, its metrics.json and the data it was learned from.

    The data must be the same: their SHA-256 is compared. The page is one file that needs no network.
    """
    from glassnet.cli.speaking import remarks
    from glassnet.runs.reporting import rebuilt

    say = remarks(quiet=quiet)
    page, place = rebuilt(run, say, data=data)
    click.echo(page.save(output or place))
    return 0
