"""The command line in one process: exit statuses, what goes to stdout and what to stderr, JSON, and files."""

from __future__ import annotations

import json
import os
import tomllib

import click
import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

from glassnet.cli import main
from glassnet.cli.progress import LiveBar, PlainLines, watching
from glassnet.cli.results import no_worse
from glassnet.cli.speaking import counted, figure, listed

QUICK = ["--epochs", "15", "--hidden", "8"]


def flowers(n=120, seed=0):
    """Two numbers that decide a class, and a size that follows from them."""
    random = np.random.default_rng(seed)
    petal, sepal = random.uniform(0, 1, n), random.uniform(0, 1, n)
    return pl.DataFrame(
        {"petal": petal, "sepal": sepal, "size": 3 * petal - sepal + 7, "kind": np.where(petal > sepal, "rose", "=iris").tolist()}
    )


def glassnet(*arguments):
    """(exit status, stdout, stderr) of a command."""
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A directory with a table, new rows and a run."""
    home = tmp_path_factory.mktemp("home")
    flowers().write_csv(home / "flowers.csv")
    flowers(30, seed=1).write_csv(home / "test.csv")
    flowers(30, seed=1).drop("kind").write_csv(home / "new.csv")
    options = ["--drop", "size", "--learning-rate", "0.02", "--epochs", "40", "--hidden", "8"]
    status, _, stderr = glassnet("train", home / "flowers.csv", "--target", "kind", *options, "-o", home / "run")
    assert status == 0, stderr
    return home


def test_training_prints_its_summary_to_stdout_and_the_rest_to_stderr(home, tmp_path):
    status, stdout, stderr = glassnet("train", home / "flowers.csv", "--target", "kind", *QUICK, "-o", tmp_path / "run")
    assert status == 0
    for words in ("Task", "2 different values", "Data", "3 numbers standardised", "Network", "3-8-1", "Training", "stopped because"):
        assert words in stdout
    for line in ("network", "single logistic unit", "most frequent class"):
        assert any(row.startswith(line) for row in stdout.splitlines())
    assert str(tmp_path / "run") in stdout
    assert "Learning to tell 2 classes of 'kind' apart from 120 rows.\n" in stderr


def test_quiet_says_nothing_on_the_way(home, tmp_path):
    assert glassnet("train", home / "flowers.csv", *QUICK, "-q", "-o", tmp_path / "run")[2] == ""


def test_training_with_json_prints_one_object(home, tmp_path):
    status, stdout, _ = glassnet("train", home / "flowers.csv", "--target", "size", *QUICK, "--json", "-o", tmp_path / "run")
    found = json.loads(stdout)
    assert status == 0
    assert (found["task"], found["interrupted"], found["directory"]) == ("regression", False, str(tmp_path / "run"))
    assert set(found["test"]) == {"r2", "mae", "rmse"}
    assert set(found["baselines"]) == {"mean", "linear"}


def test_a_run_without_output_is_named_after_its_table(home, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("flowers-run", "flowers-run-2"):
        assert glassnet("train", home / "flowers.csv", *QUICK)[0] == 0
        assert (tmp_path / name / "model.safetensors").exists()


def test_every_option_of_train_reaches_the_configuration(home, tmp_path):
    options = {
        "target": "kind", "task": "classification", "model": "mlp", "hidden": "5,4", "activation": "tanh,relu", "solver": "adamw",
        "learning-rate": 0.01, "batch-size": 9, "epochs": 2, "alpha": 0.5, "l1": 0.25, "dropout": 0.1, "loss": "squared_error",
        "seed": 3, "val-fraction": 0.25, "test-fraction": 0.3, "patience": 7, "max-seconds": 60.0, "delimiter": ",", "encoding": "utf-8",
        "decimal": ".", "missing": "-", "text": "size", "drop": "petal",
    }  # fmt: skip
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    status, _, stderr = glassnet("train", home / "flowers.csv", *words, "--header", "-o", tmp_path / "run")
    assert status == 0, stderr
    config = tomllib.loads((tmp_path / "run" / "config.toml").read_text())
    lists = {"hidden": [5, 4], "missing": ["-"], "text": ["size"], "drop": ["petal"]}
    assert config == {name.replace("-", "_"): value for name, value in options.items()} | lists | {
        "data": str(home / "flowers.csv"),
        "header": True,
    }


def test_a_configuration_repeats_a_run_and_options_go_before_it(home, tmp_path):
    config = home / "run" / "config.toml"
    status, stdout, _ = glassnet("train", "--config", config, "--json", "-o", tmp_path / "again")
    assert status == 0
    assert json.loads(stdout)["test"] == json.loads((home / "run" / "metrics.json").read_text())["test"]
    assert glassnet("train", "--config", config, "--epochs", 3, "-o", tmp_path / "short")[0] == 0
    assert tomllib.loads((tmp_path / "short" / "config.toml").read_text())["epochs"] == 3
    assert glassnet("train", "--config", config, "--model", "logistic", "-o", tmp_path / "single")[0] == 0
    assert tomllib.loads((tmp_path / "single" / "config.toml").read_text())["solver"] == "lbfgs"


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (["train"], "There is no table to learn from"),
        (["train", "nowhere.csv"], "nowhere.csv does not exist"),
        (["train", "{home}/flowers.csv", "--target", "kin"], "Did you mean 'kind'"),
        (["train", "{home}/flowers.csv", "--hidden", "8,x"], "expected whole numbers separated by commas"),
        (["train", "{home}/flowers.csv", "--epochs", "0"], "epochs must be a whole number of at least 1"),
        (["train", "{home}/flowers.csv", "--solver", "adm"], "Did you mean 'adam'"),
        (["train", "{home}/flowers.csv", "--model", "tree"], "'tree' is not one of"),
        (["train", "{home}/flowers.csv", "--model", "logistic", "--hidden", "3"], "single layer"),
        (["train", "{home}/flowers.csv", "-o", "{home}/run"], "--force"),
        (["train", "{home}/flowers.csv", "-o", "{home}/flowers.csv"], "is a file"),
        (["train", "{home}/flowers.csv", "-o", "{home}/flowers.csv/run"], "cannot be written"),
        (["train", "--config", "nowhere.toml"], "nowhere.toml cannot be read"),
        (["train", "--config", "{home}/flowers.csv"], "is not the configuration of a run"),
        (["predict", "{home}/run", "nowhere.csv"], "does not exist"),
        (["predict", "nowhere", "{home}/new.csv"], "no model file"),
        (["predict", "{home}/new.csv", "{home}/new.csv"], "is a text file"),
        (["predict", "{home}/run", "{home}/new.csv", "-o", "{home}/none/out.csv"], "could not be written"),
        (["evaluate", "{home}/run", "{home}/new.csv"], "needs the target"),
        (["evaluate", "{home}/run", "{home}/test.csv", "--fail-under", "accuracy"], "such as accuracy=0.9"),
        (["evaluate", "{home}/run", "{home}/test.csv", "--fail-under", "accuracy=nan"], "such as accuracy=0.9"),
        (["evaluate", "{home}/run", "{home}/test.csv", "--fail-under", "rmse=3"], "--fail-under must be 'accuracy'"),
        (["inspect", "{home}/nowhere"], "does not exist"),
        (["evaluate", "{home}/run", "{home}/test.csv", "--fail-under", "accuracy=2"], "at most 1"),
        (["predict", "{home}/run", "{home}/new.csv", "-o", "{home}/new.csv"], "would be lost"),
        (["predict", "{home}/run", "{home}/new.csv", "-o", "{home}/run/../run/model.safetensors"], "would be lost"),
        (["predict", "{home}/run/model.safetensors", "{home}/new.csv", "-o", "{home}/run/metrics.json"], "would be lost"),
        (["train", "--config", os.devnull], "is empty"),
        (["train", "--config", "{home}/run/cost.png"], "cost.png is not a text in UTF-8"),
        (["train", "{home}/flowers.csv", "--hidden", "10000000,10000000"], "Use fewer units"),
        (["tran"], "No such command 'tran'. Did you mean 'train'?"),
    ],
    ids=str,
)
def test_a_wrong_call_is_one_sentence_on_stderr_and_status_2(home, tmp_path, monkeypatch, arguments, sentence):
    monkeypatch.chdir(tmp_path)
    status, stdout, stderr = glassnet(*(argument.format(home=home) for argument in arguments))
    assert (status, stdout) == (2, "")
    assert sentence in stderr
    assert list(tmp_path.iterdir()) == []


def test_an_interruption_before_training_is_status_130_and_leaves_nothing(home, tmp_path, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("glassnet.runs.training.read_examples", interrupted)
    status, stdout, stderr = glassnet("train", home / "flowers.csv", "-o", tmp_path / "run")
    assert (status, stdout) == (130, "")
    assert stderr.strip() == "Interrupted before there were weights to keep: nothing was saved."
    assert not (tmp_path / "run").exists()


def test_predictions_go_to_stdout_as_csv_and_to_a_file_alike(home, tmp_path):
    status, stdout, stderr = glassnet("predict", home / "run", home / "new.csv")
    assert status == 0
    assert "'size'" not in stderr  # dropped in training, so it is not missed here
    lines = stdout.splitlines()
    assert lines[0] == "prediction,probability_=iris,probability_rose"
    assert len(lines) == 31
    assert {line.split(",")[0] for line in lines[1:]} == {"'=iris", "rose"}
    status, nothing, said = glassnet("predict", home / "run" / "model.safetensors", home / "test.csv", "-o", tmp_path / "out.csv")
    assert (status, nothing) == (0, "")
    assert "The table has the target 'kind'; it is not looked at." in said
    assert "30 predictions in" in said
    assert (tmp_path / "out.csv").read_text() == stdout
    assert glassnet("predict", home / "run", home / "test.csv", "-q", "-o", tmp_path / "out.csv") == (0, "", "")


def test_an_evaluation_shows_the_model_beside_the_most_frequent_class(home):
    status, stdout, _ = glassnet("evaluate", home / "run", home / "test.csv")
    assert status == 0
    assert "30 rows" in stdout and "most frequent class" in stdout and "f1_macro" in stdout


@pytest.mark.parametrize(
    "bounds, status",
    [
        (["accuracy=0.7"], 0),
        (["accuracy=1", "log_loss=0"], 1),
        (["log_loss=0.0001"], 1),
        (["log_loss=9", "roc_auc=0.5"], 0),
        (["accuracy=0", "log_loss=0"], 1),
    ],
    ids=str,
)
def test_the_quality_gate_is_status_1_where_a_metric_is_worse(home, bounds, status):
    words = [word for bound in bounds for word in ("--fail-under", bound)]
    found = glassnet("evaluate", home / "run", home / "test.csv", *words)
    assert found[0] == status
    assert ("missed" in found[2]) == (status == 1)
    status_of_json, stdout, _ = glassnet("evaluate", home / "run", home / "test.csv", "--json", *words)
    assert status_of_json == status
    assert any(gate["missed"] for gate in json.loads(stdout)["gates"]) == (status == 1)
    assert ("missed" in glassnet("evaluate", home / "run", home / "test.csv", "--quiet", *words)[2]) == (status == 1)


def test_an_inspection_shows_a_table_or_a_run(home):
    status, stdout, _ = glassnet("inspect", home / "flowers.csv", "--target", "kind")
    assert status == 0
    assert "120 rows, 3 columns, 3 features" in stdout
    assert "=iris (" in stdout and "standardised" in stdout
    assert "2-8-1" in glassnet("inspect", home / "run")[1]
    assert json.loads(glassnet("inspect", home / "flowers.csv", "--json")[1])["features"] == 5


def test_the_version_can_be_asked():
    assert glassnet("--version")[1].startswith("glassnet 0.")


def test_help_fits_the_screen_and_names_every_command():
    status, stdout, _ = glassnet("--help")
    assert status == 0
    assert {"train", "predict", "evaluate", "inspect"} <= {line.split()[0] for line in stdout.splitlines() if line.strip()}
    assert max(map(len, stdout.splitlines())) <= 80
    assert "..." not in stdout.split("Commands:")[1]


ROW = {"epoch": 3, "loss": 0.5, "val_loss": 0.6, "seconds": 7.0}


def test_a_plain_line_comes_every_few_seconds(monkeypatch, capsys):
    clock = iter([0.0, 0.0, 4.0, 5.5, 5.5])
    monkeypatch.setattr("glassnet.cli.progress.time.monotonic", lambda: next(clock))
    with PlainLines() as lines:
        lines.start(9)
        lines.observe(ROW)
        lines.observe(ROW)
    assert capsys.readouterr().err.count("epoch 3 of at most 9  loss 0.5  held-out 0.6  7 s") == 1


def test_the_live_bar_can_be_watched_and_left_at_any_time(capsys):
    with LiveBar() as bar:
        bar.start(9)
        bar.observe(ROW)
        bar.observe({**ROW, "val_loss": None})
    with LiveBar():
        pass
    assert capsys.readouterr().out == ""


def test_nothing_is_watched_when_quiet_and_lines_where_there_is_no_terminal():
    with watching(quiet=True) as nothing, watching(quiet=False) as lines:
        assert nothing is None
        assert isinstance(lines, PlainLines)


def test_a_single_layer_that_is_no_worse_is_named():
    assert no_worse({"rmse": 2.0}, {"mean": {"rmse": 1.0}, "linear": {"rmse": 2.0}}) == "linear"
    assert no_worse({"log_loss": 0.3}, {"majority": {"log_loss": 0.2}, "softmax": {"log_loss": 0.4}}) == ""
    assert no_worse({"log_loss": None}, {"logistic": {"log_loss": 0.4}}) == "logistic"
    assert no_worse({"rmse": 2.0}, {"mean": {"rmse": 1.0}}) == ""


def test_numbers_and_lists_read_well():
    assert [figure(value) for value in (None, 0.0, 0.93456, 12.3456, 51882.9, 0.00012, 9999999.0, 1.5e7, -2e300)] == [
        "-",
        "0.000",
        "0.935",
        "12.346",
        "51,883",
        "0.00012",
        "9,999,999",
        "1.5e+07",
        "-2e+300",
    ]
    assert (counted(1, "row"), counted(2000, "row"), counted(2, "category", "categories")) == ("1 row", "2,000 rows", "2 categories")
    assert (listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])) == ("a", "a and b", "a, b and c")


def test_the_command_line_is_one_group():
    assert isinstance(main, click.Group)


def test_a_rare_class_counts_as_much_as_the_others_where_it_is_asked_for(tmp_path):
    random = np.random.default_rng(0)
    X = random.normal(size=(600, 2))
    rare = X[:, 0] + X[:, 1] + random.normal(size=600) > 3.2
    pl.DataFrame({"a": X[:, 0], "b": X[:, 1], "fault": np.where(rare, "yes", "no").tolist()}).write_csv(tmp_path / "faults.csv")
    said, options = {}, ["--target", "fault", "--model", "logistic", "--json"]
    for name, more in (("plain", []), ("weighed", ["--class-weight", "balanced"])):
        assert glassnet("train", tmp_path / "faults.csv", *options, *more, "-o", tmp_path / name)[0] == 0
        status, stdout, _ = glassnet("predict", tmp_path / name, tmp_path / "faults.csv")
        assert status == 0
        said[name] = sum(line.startswith("yes") for line in stdout.splitlines())
    assert said["plain"] < rare.sum() < said["weighed"]
    assert tomllib.loads((tmp_path / "weighed" / "config.toml").read_text())["class_weight"] == "balanced"
    assert glassnet("train", "--config", tmp_path / "weighed" / "config.toml", "-o", tmp_path / "again", "-q")[0] == 0
    again, weighed = (pl.read_csv(tmp_path / name / "history.csv")["loss"] for name in ("again", "weighed"))
    assert again.equals(weighed)
    status, stdout, stderr = glassnet(
        "train", tmp_path / "faults.csv", "--target", "a", "--class-weight", "balanced", "-o", tmp_path / "no"
    )
    assert (status, stdout) == (2, "") and "--class-weight is for classes; this target is a number. Leave it out" in " ".join(
        stderr.split()
    )
