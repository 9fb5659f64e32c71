"""What ``glassnet train`` prints at the end: what was decided, what was learned, and how good it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from glassnet.cli.speaking import counted, listed, show_metrics

if TYPE_CHECKING:
    from glassnet.data.preparation import TablePreparation
    from glassnet.runs.metrics import Metrics
    from glassnet.runs.training import RunResult

BASELINES = {
    "majority": "most frequent class",
    "mean": "mean of training rows",
    "logistic": "single logistic unit",
    "softmax": "single softmax layer",
    "linear": "single linear unit",
}
TREATED = {
    "number": ("number standardised", "numbers standardised"),
    "boolean": ("boolean as 0/1", "booleans as 0/1"),
    "category": ("category one-hot", "categories one-hot"),
    "date": ("date taken apart", "dates taken apart"),
    "presence": ("column as present/missing", "columns as present/missing"),
    "dropped": ("column dropped", "columns dropped"),
}


def show_result(result: RunResult) -> None:
    """The summary of a run, on stdout."""
    facts, rows, training = result.facts, result.facts["rows"], result.facts["training"]
    click.echo()
    _paragraph("Task", facts["reason"])
    _paragraph("Data", f"{counted(rows['training'], 'row')} to learn from, {rows['held_out']:,} held out, {rows['test']:,} for the test")
    _paragraph("", prepared(result.preparation))
    _paragraph("Network", result.estimator.summary())
    _paragraph(
        "Training",
        f"{counted(training['epochs'], 'epoch')} in {training['seconds']:.1f} s; the weights of epoch {training['kept_epoch']} are kept",
    )
    _paragraph("", f"stopped because {training['stopped_because']}")
    click.echo()
    if facts["test"] is None:
        click.echo("No rows were set aside, so nothing is known about new rows.")
    else:
        name = "single layer" if result.config.model == "logistic" else "network"
        click.echo(f"On {counted(rows['test'], 'row')} it has never seen:")
        show_metrics({name: facts["test"], **{BASELINES[key]: metrics for key, metrics in reversed(facts["baselines"].items())}})
        if single := no_worse(facts["test"], facts["baselines"]):
            click.echo(f"The {BASELINES[single]} is no worse here: consider --model logistic, or more rows.")
    click.echo()
    where = result.directory
    click.echo(f"Model, figures and numbers are in {where}{'' if str(where).endswith('/') else '/'}")
    click.echo(f"Next: glassnet predict {where} NEW.csv -o out.csv")


def no_worse(test: Metrics, baselines: Mapping[str, Metrics]) -> str:
    """The single layer among the baselines, where its error (log_loss, or rmse) is no larger than the network's."""
    error = "log_loss" if "log_loss" in test else "rmse"
    for name in ("logistic", "softmax", "linear"):
        theirs, ours = baselines.get(name, {}).get(error), test[error]
        if theirs is not None and (ours is None or theirs <= ours):
            return name
    return ""


def prepared(preparation: TablePreparation) -> str:
    """What was done to the columns, in one sentence.

    For instance ``5 features from 3 numbers standardised and 1 category one-hot``.
    """
    kinds = Counter(row["kind"] for row in preparation.describe())
    parts = [f"{kinds[kind]:,} {words[kinds[kind] != 1]}" for kind, words in TREATED.items() if kinds[kind]]
    return f"{counted(len(preparation.get_feature_names_out()), 'feature')} from {listed(parts)}"


def _paragraph(head: str, text: str) -> None:
    """Text with its head in the margin."""
    for i, line in enumerate(text.splitlines()):
        click.echo(f"{head if i == 0 else '':10}{line}".rstrip())
