"""``glassnet train``: from a table or pictures to a run directory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from glassnet.cli.options import column_options, given, picture_options, reading_options, speaking_options

if TYPE_CHECKING:
    from glassnet.runs.config import RunConfig
    from glassnet.runs.training import RunResult


class Sizes(click.ParamType):
    """Whole numbers separated by commas."""

    name = "sizes"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        """``"64,32"`` -> ``(64, 32)``."""
        try:
            return value if isinstance(value, tuple) else tuple(int(size) for size in value.split(","))
        except ValueError:
            self.fail(f"expected whole numbers separated by commas, such as 64,32; got {value!r}.", param, ctx)


@click.command(name="train", short_help="Train a network on a table or on pictures and write a run directory.")
@click.argument("data", required=False)
@click.option("--target", metavar="COLUMN", help="What to predict: a name, c14 for the 14th column, -1 for the last.  [default: -1]")
@click.option("--task", type=click.Choice(["classification", "regression"]), help="[default: decided from the target, and said]")
@click.option(
    "--model",
    type=click.Choice(["mlp", "logistic", "dbn"]),
    help="A network; a single layer: a logistic, softmax or linear unit; or a deep belief network, whose layers learn as Boltzmann "
    "machines first.  [default: mlp]",
)
@click.option(
    "--hidden", type=Sizes(), metavar="N,N,...", help="Units of each hidden layer.  [default: 64,64; pictures: 128, with dbn 500,250]"
)
@click.option("--pretrain-epochs", type=int, metavar="N", help="Of --model dbn: epochs of each machine.  [default: 20]")
@click.option(
    "--activation", metavar="NAME", help="Of the hidden layers: relu, tanh, logistic, gelu, ...; one, or one for each.  [default: relu]"
)
@click.option(
    "--solver", metavar="NAME", help="adam, adamw, sgd, gd, rmsprop, adagrad; lbfgs, cg, newton.  [default: adam; a single layer: lbfgs]"
)
@click.option("--learning-rate", type=float, help="First learning rate.  [default: 0.003; pictures: 0.0003; dbn: 0.001]")
@click.option("--batch-size", type=int, help="Rows of one step.  [default: 16 to 256, by the number of rows]")
@click.option(
    "--epochs", type=int, help="Stop after so many passes over the rows.  [default: 500; pictures: 100; dbn: 200; line search: 1000]"
)
@click.option("--alpha", type=float, help="Strength of the L2 penalty.  [default: 0.0001; pictures: 10 or more]")
@click.option("--l1", type=float, help="Strength of the L1 penalty.  [default: 0]")
@click.option(
    "--dropout", type=float, help="Probability that a hidden unit is silenced while training.  [default: 0; pictures: 0.5, with dbn 0]"
)
@click.option(
    "--loss",
    metavar="NAME",
    help="log_loss or squared_error for classes; squared_error, absolute_error, huber, quantile or poisson for numbers.",
)
@click.option("--class-weight", type=click.Choice(["balanced"]), help="Let every class count the same, however rare it is.")
@click.option("--seed", type=int, help="Of split, first weights and order: the same seed, the same model.  [default: 0]")
@click.option("--val-fraction", type=float, help="Share of the rows that is watched to decide when to stop.  [default: 0.15]")
@click.option("--test-fraction", type=float, help="Share of the rows set aside first, and asked once at the end.  [default: 0.2]")
@click.option(
    "--patience", type=int, help="Epochs without improvement on the watched rows before training stops.  [default: 30; pictures, dbn: 10]"
)
@click.option("--max-seconds", type=float, help="Stop training after so many seconds.")
@click.option(
    "--search",
    is_flag=False,
    flag_value="grid",
    type=click.Choice(["grid", "wide"]),
    help="Choose hyperparameters by cross-validation first: from a small grid, or (wide) by chance. What you set yourself stays as it is.",
)
@click.option("--search-seconds", type=float, help="How long --search wide goes on.  [default: 60]")
@picture_options
@click.option(
    "--augment",
    type=click.Choice(["flip", "shift", "flip,shift"]),
    help="Mirror training pictures, or move them a little, by chance, each time they are used.",
)
@reading_options
@column_options
@click.option(
    "--config", "config_file", metavar="FILE", help="Take all of this from the config.toml of a run; options given here go before."
)
@click.option("-o", "--output", metavar="DIRECTORY", help="Where to write the run.  [default: named after DATA]")
@click.option("--force", is_flag=True, help="Replace a run that is there.")
@speaking_options
def command(data: str | None, config_file: str | None, output: str | None, force: bool, as_json: bool, quiet: bool, **options: Any) -> int:
    """Train a network on DATA and write a run directory.

    DATA is a table (CSV, TSV, Parquet), a folder of pictures with a sub-folder for each class (or files called cat.1.jpg, dog.7.jpg),
    or a file of arrays (.npz, .npy, idx).

    Whether classes or a number are to be predicted is decided from the target. Some rows are set aside first; they are asked once,
    at the end, and baselines stand beside the result. Ctrl-C ends training and keeps the best weights so far; while --search or the
    machines of --model dbn are at work there are none yet, and nothing is saved.
    """
    try:
        result = _trained(config_file, given({"data": data, **options}), output, replace=force, quiet=quiet)
    except KeyboardInterrupt as error:  # with words where the weights are there
        click.echo(f"Interrupted. {error}" if str(error) else "Interrupted before there were weights to keep: nothing was saved.", err=True)
        return 130
    from glassnet.cli.results import show_result
    from glassnet.cli.speaking import show_json

    if as_json:
        show_json({**result.facts, "directory": str(result.directory), "interrupted": result.interrupted})
    else:
        show_result(result)
    return 130 if result.interrupted else 0


def _trained(config_file: str | None, options: dict[str, Any], output: str | None, *, replace: bool, quiet: bool) -> RunResult:
    """Train, and be watched."""
    from glassnet.cli.progress import watching
    from glassnet.cli.speaking import remarks
    from glassnet.runs.directory import free_name
    from glassnet.runs.training import train_run

    config = _config(config_file, options)
    with watching(quiet=quiet) as watch:
        return train_run(
            config,
            output or free_name(config.data),
            started=None if watch is None else lambda decided: watch.start(decided.epochs),
            observer=None if watch is None else watch.observe,
            stage=None if watch is None else watch.stage,
            say=remarks(quiet=quiet),
            replace=replace,
        )


def _config(file: str | None, options: dict[str, Any]) -> RunConfig:
    """What the file says, and the options on top. Another model than the file's is decided anew."""
    from glassnet.checks import DataError
    from glassnet.runs.config import OF_THE_MODEL, RunConfig

    config = RunConfig()
    if file is not None:
        try:
            text = Path(file).read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise DataError(f"{file} is not a text in UTF-8. Give the config.toml of a run.") from error
        except OSError as error:
            raise DataError(f"{file} cannot be read: {error.strerror or error}. Give the config.toml of a run.") from error
        if not text.strip():
            raise DataError(f"{file} is empty. Give the config.toml of a run.")
        config = RunConfig.from_toml(text, file)
    if options.get("model", config.model) != config.model:
        config = config.replace(**dict.fromkeys(OF_THE_MODEL))
    return config.replace(**options)
