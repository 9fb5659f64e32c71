"""``glassnet lab``: opens the page on which a network can be watched while it learns."""

from __future__ import annotations

import click


@click.command(name="lab", short_help="Watch your own network learn, in the browser.")
@click.argument("data", required=False, default="")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, metavar="NUMBER", help="The port of the page; 0 takes a free one.  [default: 0]"
)
@click.option("--no-browser", is_flag=True, help="Print the address only, and open no browser.")
def command(data: str, port: int, no_browser: bool) -> int:
    """Open a page on this computer where you train a network on your own data and see every number move.

    DATA is a table, a folder of pictures, a file of arrays, the directory of a run, or the address of a lesson that someone shared; without
    it, the lab begins with toy data, and takes a CSV that is dropped on the page. The address is printed; it works on this computer alone.
    Ctrl-C ends the lab.
    """
    from glassnet.lab.starting import serve

    serve(data, port, browser=not no_browser, say=click.echo)
    return 0
