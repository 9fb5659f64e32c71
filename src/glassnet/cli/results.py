"""What ``glassnet train`` prints at the end: what was decided, what was learned, and how good it is."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from glassnet.cli.speaking import counted, listed, show_metrics, show_table
from glassnet.runs.baselines import IN_WORDS

if TYPE_CHECKING:
    from glassnet.data.pixels import ImagePreparation
    from glassnet.data.preparation import TablePreparation
    from glassnet.runs.metrics import Metrics
    from glassnet.runs.training import RunResult

CANDIDATES_SHOWN = 40
PARTS = {"pixels": "bytes of pixels", "hog": "histogram values of edges"}
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
    noun = "picture" if result.data.are_pictures else "row"
    _paragraph("Data", f"{counted(rows['training'], noun)} to learn from, {rows['held_out']:,} held out, {rows['test']:,} for the test")
    _paragraph("", prepared(result.preparation))
    if facts["search"] is not None:
        show_search(facts["search"])
    _paragraph("Network", result.estimator.summary())
    _paragraph("Machines", "\n".join(map(machine, facts.get("pretraining", []))))
    _paragraph(
        "Training",
        f"{counted(training['epochs'], 'epoch')} in {training['seconds']:.1f} s; the weights of epoch {training['kept_epoch']} are kept",
    )
    _paragraph("", f"stopped because {training['stopped_because']}")
    if training["peak_memory_bytes"] is not None:
        _paragraph("", f"peak memory {training['peak_memory_bytes'] / 2**20:,.0f} MB")
    click.echo()
    if facts["test"] is None:
        click.echo("No rows were set aside, so nothing is known about new rows.")
    else:
        name = "single layer" if result.config.model == "logistic" else "network"
        click.echo(f"On {counted(rows['test'], noun)} it has never seen:")
        show_metrics({name: facts["test"], **{IN_WORDS[key]: metrics for key, metrics in reversed(facts["baselines"].items())}})
        if not facts["remarks"] and (single := no_worse(facts["test"], facts["baselines"])):
            click.echo(f"The {IN_WORDS[single]} is no worse here: consider --model logistic, or more rows.")
        if result.data.channels == 3 and result.config.features == "pixels":
            click.echo("Photos are often told apart better by their edges: try --features hog.")
    for remark in facts["remarks"]:
        click.echo(textwrap.fill(remark, 118, break_on_hyphens=False))
    click.echo()
    where = result.directory
    click.echo(f"Model, figures and numbers are in {where}{'' if str(where).endswith('/') else '/'}")
    click.echo(f"Next: glassnet predict {where} {'FOLDER' if result.data.names else 'NEW.csv' if noun == 'row' else 'NEW.npz'} -o out.csv")


def show_search(found: Mapping[str, Any]) -> None:
    """Every candidate of a search, the best first, the chosen one marked; of many, the best."""
    order = sorted(range(len(found["candidates"])), key=lambda i: -(found["candidates"][i]["mean"] or float("-inf")))
    shown = order[:CANDIDATES_SHOWN]
    shown += [] if found["chosen"] in shown else [found["chosen"]]
    names = list(found["candidates"][0]["parameters"])
    cells = []
    for i in shown:
        candidate = found["candidates"][i]
        values = [f"{value:g}" for value in candidate["parameters"].values()]
        score = ["-", "-"] if candidate["mean"] is None else [f"{candidate['mean']:.4f}", f"{candidate['spread']:.4f}"]
        cells.append(["chosen" if i == found["chosen"] else "", *values, *score, f"{candidate['seconds']:.1f} s"])
    tried = counted(len(order), "candidate")
    click.echo(f"Search: {tried}, each learned and scored {found['folds']} times; mean and spread of the {found['measure']}")
    show_table(["", *names, found["measure"], "spread", "took"], cells, numbers_from=1)
    if len(order) > len(shown):
        click.echo(f"... and {len(order) - len(shown):,} more in search.csv")
    for line in textwrap.wrap(found["because"], 118):
        click.echo(line)
    click.echo()


def no_worse(test: Metrics, baselines: Mapping[str, Metrics]) -> str:
    """The single layer among the baselines, where its error (log_loss, or rmse) is no larger than the network's."""
    error = "log_loss" if "log_loss" in test else "rmse"
    for name in ("logistic", "softmax", "linear"):
        theirs, ours = baselines.get(name, {}).get(error), test[error]
        if theirs is not None and (ours is None or theirs <= ours):
            return name
    return ""


def prepared(preparation: TablePreparation | ImagePreparation) -> str:
    """What was done to the columns or the pictures, in one sentence.

    For instance ``5 features from 3 numbers standardised and 1 category one-hot``.
    """
    if hasattr(preparation, "channels"):
        made = listed([f"{row['features']:,} {PARTS[row['part']]}" for row in preparation.describe()])
        size = preparation.size
        how = "between 0 and 1" if preparation.gives_intensities else "centred and scaled"
        return f"{made} of {size} x {size} pixels in {'grey' if preparation.grey else 'colour'}, {how}"
    kinds = Counter(row["kind"] for row in preparation.describe())
    parts = [f"{kinds[kind]:,} {words[kinds[kind] != 1]}" for kind, words in TREATED.items() if kinds[kind]]
    return f"{counted(len(preparation.get_feature_names_out()), 'feature')} from {listed(parts)}"


def machine(learned: Mapping[str, Any]) -> str:
    """What a machine of a deep belief network had learned before the network was fine-tuned.

    >>> machine({"visible": 784, "hidden": 500, "epochs": 20, "reconstruction_error": 0.0053, "free_energy_gap": 1.27})
    '784 to 500 units in 20 epochs: reconstruction error 0.0053, free-energy gap 1.27 nats'
    """
    gap = learned["free_energy_gap"]
    told = f"{learned['visible']:,} to {learned['hidden']:,} units in {counted(learned['epochs'], 'epoch')}"
    more = "" if gap is None else f", free-energy gap {gap:.3g} nats"
    return f"{told}: reconstruction error {learned['reconstruction_error']:.3g}{more}"


def _paragraph(head: str, text: str) -> None:
    """Text with its head in the margin."""
    for i, line in enumerate(text.splitlines()):
        click.echo(f"{head if i == 0 else '':10}{line}".rstrip())
