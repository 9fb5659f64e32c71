"""``glassnet inspect``: what is in a table or a folder of pictures and what would be done with it; or what a trained run is made of."""

from __future__ import annotations

from typing import Any

import click

from glassnet.cli.options import column_options, given, picture_options, reading_options, speaking_options


@click.command(name="inspect", short_help="Show what is in a table, in pictures, or in a run.")
@click.argument("data")
@click.option("--target", metavar="COLUMN", help="Decide the task for this column too; it is then no input.")
@click.option("--task", type=click.Choice(["classification", "regression"]), help="Ask for this task instead of deciding.")
@picture_options
@reading_options
@column_options
@speaking_options
def command(data: str, target: str | None, as_json: bool, quiet: bool, **options: Any) -> None:
    """Show what is in DATA, a table, a folder of pictures or a file of arrays, and what training would do with it.

    DATA may also be a run directory or a model file: then its network is shown, and what is done with each column before.
    """
    from glassnet.cli.speaking import remarks, show_json
    from glassnet.runs.config import RunConfig
    from glassnet.runs.directory import holds_a_run
    from glassnet.runs.inspection import inspect_data, inspect_run
    from glassnet.runs.prediction import open_run

    if holds_a_run(data):
        found = inspect_run(open_run(data))
    else:
        found = inspect_data(RunConfig(data=data, **given(options)), remarks(quiet=quiet), target=target)
    if as_json:
        show_json(found)
    else:
        _show(data, found)


def _show(data: str, found: dict[str, Any]) -> None:
    from glassnet.cli.speaking import counted, show_table
    from glassnet.cli.wording import in_options

    pictures = "part" in found["columns"][0]
    parts = [counted(found["rows"], "picture" if pictures else "row")] if "rows" in found else []
    if "channels" in found:
        parts.append(f"brought to {found['size']} x {found['size']} in {'grey' if found['channels'] == 1 else 'colour'}")
    elif not pictures:
        parts.append(counted(len(found["columns"]), "column"))
    click.echo(f"{data}: {', '.join(parts)}, {counted(found['features'], 'feature')}")
    if "reason" in found:
        click.echo(found["reason"])
    if found.get("classes"):
        click.echo("Classes: " + ", ".join(f"{label} ({_amount(amount)})" for label, amount in found["classes"].items()))
    for line in found.get("network", "").splitlines():
        click.echo(line)
    click.echo()
    heads = ["part", "features", "centre", "treatment"] if pictures else ["column", "kind", "missing", "distinct", "values", "treatment"]
    cells = [[f"{row[head]:,}" if isinstance(row[head], int) else in_options(str(row[head])) for head in heads] for row in found["columns"]]
    show_table(heads, cells)
    for message in found["messages"]:
        click.echo(in_options(message))
    for problem in found.get("problems", ()):
        click.echo(f"not used: {problem['file']}: {problem['reason']}")


def _amount(amount: float) -> str:
    return f"{amount:.1%}" if isinstance(amount, float) else f"{amount:,}"
