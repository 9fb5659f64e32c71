"""``glassnet evaluate``: how good a trained run is on rows whose truth is known, with a gate for scripts."""

from __future__ import annotations

import math
import os
from typing import Any

import click

from glassnet.cli.options import given, reading_options, speaking_options


class Bound(click.ParamType):
    """A metric and the value it has to reach, such as accuracy=0.9."""

    name = "bound"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, float]:
        """``"accuracy=0.9"`` -> ``("accuracy", 0.9)``."""
        if isinstance(value, tuple):
            return value
        metric, _, number = value.partition("=")
        try:
            bound = float(number)
        except ValueError:
            bound = math.nan
        if not math.isfinite(bound):
            self.fail(f"expected a metric and a number, such as accuracy=0.9; got {value!r}.", param, ctx)
        return metric.strip(), bound


@click.command(name="evaluate", short_help="Compare predictions with the truth; a gate for scripts.")
@click.argument("run")
@click.argument("data")
@click.option("--target", metavar="COLUMN", help="Where the truth is.  [default: the column that was learned]")
@click.option(
    "--fail-under",
    "bounds",
    type=Bound(),
    multiple=True,
    metavar="METRIC=VALUE",
    help="Leave with exit status 1 where the metric is worse: below VALUE, or above it for the errors log_loss, mae and rmse. Repeatable.",
)
@reading_options
@speaking_options
def command(
    run: str, data: str, target: str | None, bounds: tuple[tuple[str, float], ...], as_json: bool, quiet: bool, **reading: Any
) -> int:
    """Compare what RUN, a run directory or its model file, predicts for DATA with the truth.

    DATA is a table, a folder of pictures with their classes, or a file of arrays.

    Classes: accuracy, log_loss (nats per row), roc_auc, f1_macro. Numbers: r2, mae, rmse.
    """
    from glassnet.checks import unknown_name
    from glassnet.cli.speaking import counted, figure, remarks, show_json, show_metrics
    from glassnet.runs.baselines import IN_WORDS
    from glassnet.runs.metrics import LOWER_IS_BETTER, NAMES, UNBOUNDED, is_missed
    from glassnet.runs.prediction import evaluate_run, open_run, places_of_new_rows, read_new_rows

    say = remarks(quiet=quiet)
    trained = open_run(run)
    known = NAMES[trained.task.kind]
    for metric, bound in bounds:
        if metric not in known:
            raise ValueError(unknown_name("--fail-under", metric, known))
        if metric not in UNBOUNDED and bound > 1:
            raise ValueError(f"--fail-under {metric}={bound:g} can never be reached: {metric} is at most 1. Give a value up to 1.")
    place = places_of_new_rows(trained, data, given(reading))
    found = evaluate_run(trained, read_new_rows(trained, data, say, given(reading)), say, target=target, place=place)
    if trained.config.data and os.path.realpath(data) == os.path.realpath(trained.config.data):
        say("The run learned from most of these rows; how good it is on new ones is told by its test, in metrics.json.")
    metrics = found["metrics"]
    gates = [
        {"metric": name, "bound": bound, "value": metrics[name], "missed": is_missed(name, metrics[name], bound)} for name, bound in bounds
    ]
    if as_json:
        show_json({**found, "gates": gates})
    else:
        click.echo(f"{counted(found['rows'], 'row' if trained.config.size is None else 'picture')} of {data}:")
        show_metrics({"model": metrics, **{IN_WORDS[key]: baseline for key, baseline in found["baselines"].items()}})
    for gate in gates:
        side = "at most" if gate["metric"] in LOWER_IS_BETTER else "at least"
        verdict = "missed" if gate["missed"] else "reached"
        sentence = f"{gate['metric']} {figure(gate['value'])}, asked for {side} {gate['bound']:g}: {verdict}"
        if gate["missed"]:
            click.echo(sentence, err=True)  # even when quiet: it is why the status is 1
        else:
            say(sentence)
    return 1 if any(gate["missed"] for gate in gates) else 0
