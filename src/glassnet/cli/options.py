"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

READING = ("header", "delimiter", "encoding", "decimal", "missing")
"""The options of ``reading_options``, as fields of a run's configuration."""


def reading_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """How a table is read."""
    return _all(
        command,
        click.option(
            "--header/--no-header",
            default=None,
            help="Whether the first line holds the names of the columns. Without, they are called c1, c2, ...",
        ),
        click.option(
            "--delimiter", metavar="CHARACTER", help="What separates the columns: a character, tab or whitespace. [default: found]"
        ),
        click.option("--encoding", metavar="NAME", help="Of the characters, such as latin-1.  [default: utf-8]"),
        click.option("--decimal", type=click.Choice([".", ","]), help="What stands before the decimals of a number.  [default: .]"),
        click.option(
            "--missing",
            multiple=True,
            metavar="TEXT",
            help="A further spelling of a missing value, besides nothing, ?, NA, NaN, null and the like. Repeatable.",
        ),
    )


def column_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """How columns are taken."""
    return _all(
        command,
        click.option(
            "--text", multiple=True, metavar="COLUMN", help="Take this column as categories although it looks like numbers. Repeatable."
        ),
        click.option("--drop", multiple=True, metavar="COLUMN", help="Leave this column out. Repeatable."),
        click.option(
            "--add",
            multiple=True,
            metavar="FORMULA",
            help='A new column by arithmetic of others, such as "x1*x2" or "log(age)". Repeatable.',
        ),
    )


def speaking_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """How much is said, and in which form."""
    return _all(
        command,
        click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object."),
        click.option("-q", "--quiet", is_flag=True, help="Say nothing on the way: neither progress nor remarks."),
    )


def picture_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """How pictures are read and seen."""
    return _all(
        command,
        click.option("--size", type=int, metavar="PIXELS", help="Pixels a side to which pictures are brought, 8 to 1024.  [default: 64]"),
        click.option("--grey/--colour", default=None, help="Read pictures in shades of grey, or in colour.  [default: colour]"),
        click.option(
            "--features",
            type=click.Choice(["pixels", "hog", "both"]),
            help="What is learned from: the pixels, histograms of oriented gradients (edges), or both.  [default: pixels]",
        ),
    )


quiet_option: Decorator = click.option("-q", "--quiet", is_flag=True, help="Say nothing on the way: no remarks.")


def given(options: dict[str, Any]) -> dict[str, Any]:
    """The options that the user has set."""
    return {name: value for name, value in options.items() if value is not None and value != ()}


def _all(command: Callable[..., Any], *options: Decorator) -> Callable[..., Any]:
    for option in reversed(options):
        command = option(command)
    return command
