"""What a command says where something goes wrong that nobody foresaw, where the user is impatient, and where nothing is learned."""

from __future__ import annotations

import datetime
import os
import subprocess
import sys

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

import glassnet
from glassnet.cli import main
from glassnet.runs.baselines import Constant
from glassnet.runs.choices import decided
from glassnet.runs.config import RunConfig
from glassnet.runs.remarking import remarks_on
from glassnet.runs.training import train_run


@pytest.fixture
def table(tmp_path):
    """An XOR: neither column alone says anything."""
    points = [(a, b, "odd" if (a > 0) != (b > 0) else "even") for a in range(-9, 10, 2) for b in range(-9, 10, 2)]
    pl.DataFrame(points, schema=["x1", "x2", "kind"], orient="row").write_csv(tmp_path / "xor.csv")
    return tmp_path / "xor.csv"


def called(*arguments, standard_input=None):
    """(exit status, stdout, stderr) of a command."""
    result = CliRunner().invoke(main, [str(argument) for argument in arguments], input=standard_input)
    return result.exit_code, result.stdout, result.stderr


def raising(error):
    """A function that raises it."""

    def fail(*_, **__):
        raise error

    return fail


@pytest.mark.parametrize(
    "error, words",
    [(KeyError("wheel"), "KeyError: 'wheel'"), (MemoryError(), "memory does not suffice"), (RecursionError(), "RecursionError")],
)
def test_the_unforeseen_is_one_sentence_and_status_2(table, tmp_path, monkeypatch, error, words):
    monkeypatch.setattr("glassnet.runs.training.read_examples", raising(error))
    status, stdout, stderr = called("train", table, "-o", tmp_path / "run")
    assert (status, stdout) == (2, "")
    assert words in stderr and stderr.count("\n") == 1
    monkeypatch.setenv("GLASSNET_TRACEBACK", "1")
    assert "Traceback" in called("train", table, "-o", tmp_path / "run")[2]


def test_where_the_memory_ends_the_parameters_are_counted(table, tmp_path, monkeypatch):
    monkeypatch.setattr("glassnet.estimators.mlp_classifier.MLPClassifier.fit", raising(MemoryError()))
    status, _, stderr = called("train", table, "--hidden", "5", "-o", tmp_path / "run")
    assert status == 2
    assert "21 parameters" in stderr and "fewer units" in stderr


def test_a_second_interruption_leaves_the_weights(table, tmp_path, monkeypatch):
    monkeypatch.setattr("glassnet.runs.training.write_run", raising(KeyboardInterrupt()))
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "metrics.json").write_text("of an earlier run")
    status, _, stderr = called("train", table, "--epochs", "2", "--force", "-o", tmp_path / "run")
    assert status == 130
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["model.safetensors"]
    assert "The weights are in" in stderr
    assert len(glassnet.load(tmp_path / "run").predict(pl.read_csv(table).drop("kind"))) == 100


def test_a_single_unit_that_cannot_learn_says_so_and_a_network_that_does_not(table, tmp_path):
    facts = train_run(RunConfig(data=str(table), model="logistic"), tmp_path / "single").facts
    assert "cannot tell the classes apart" in facts["remarks"][0]
    assert '--add "x1*x2"' in facts["remarks"][0]
    assert "cannot tell the classes apart" in " ".join(called("train", table, "--model", "logistic", "-o", tmp_path / "said")[1].split())
    assert train_run(RunConfig(data=str(table), model="logistic", add=("x1*x2",)), tmp_path / "product").facts["remarks"] == []


def test_what_tells_the_classes_apart_is_not_told_that_it_cannot():
    constant = Constant.of(np.repeat([0, 1], [990, 10]), classes=True)
    good = {"accuracy": 0.9, "log_loss": 0.12, "roc_auc": 0.95, "f1_macro": 0.55}
    facts = {
        "training": {"loss": 0.1, "held_out_loss": 0.12},
        "test": good,
        "baselines": {"majority": {"accuracy": 0.99, "log_loss": 0.056}},
    }
    plain = decided(RunConfig(), "classification", 1000)
    assert "tells the classes apart, but its probabilities are far too sure" in remarks_on(plain, facts, constant)[0]
    weighed = plain.replace(class_weight="balanced")
    assert remarks_on(weighed, facts, constant) == []
    assert "hardly better than chance" in remarks_on(weighed, facts | {"test": good | {"roc_auc": 0.51}}, constant)[0]
    assert remarks_on(weighed, facts | {"test": None}, constant) == []
    assert "cannot tell the classes apart" in remarks_on(plain, facts | {"test": good | {"roc_auc": 0.51}}, constant)[0]


def test_a_table_with_dates_is_learned_shown_and_explained(tmp_path):
    random = np.random.default_rng(0)
    days = pl.date_range(datetime.date(2023, 1, 1), datetime.date(2023, 6, 30), eager=True)
    weekend = (days.dt.weekday() > 5).to_numpy()
    for name, y in (("sales", 100 + 20 * weekend + random.normal(size=len(days))), ("busy", np.where(weekend, "yes", "no"))):
        table = tmp_path / f"{name}.csv"
        pl.DataFrame({"day": days, "at": days.cast(pl.Datetime), "warm": random.normal(size=len(days)), name: y.tolist()}).write_csv(table)
        status, stdout, stderr = called("train", table, "--epochs", "5", "-o", tmp_path / name)
        assert status == 0 and "it has never seen" in stdout, stderr
        assert (tmp_path / name / "report.html").exists()
        assert called("explain", tmp_path / name, table, "--row", "17")[0] == 0


def test_a_run_says_where_it_is_asked_about_rows_that_it_learned_from(table, tmp_path):
    assert called("train", table, "--epochs", "2", "-o", tmp_path / "run")[0] == 0
    assert "learned from most of these rows" in called("evaluate", tmp_path / "run", table)[2]
    other = tmp_path / "other.csv"
    other.write_bytes(table.read_bytes())
    assert "learned from" not in called("evaluate", tmp_path / "run", other)[2]


def test_numbers_that_cannot_be_learned_are_no_better_than_their_mean(tmp_path):
    random = np.random.default_rng(0)
    pl.DataFrame({"x": random.normal(size=200), "y": random.normal(size=200)}).write_csv(tmp_path / "noise.csv")
    facts = train_run(RunConfig(data=str(tmp_path / "noise.csv"), epochs=40), tmp_path / "run").facts
    assert "no better than always answering the mean" in facts["remarks"][0]


@pytest.mark.skipif(os.name == "nt", reason="devices have other names on Windows")
def test_predictions_read_standard_input_and_write_to_devices(table, tmp_path):
    assert called("train", table, "--epochs", "2", "-o", tmp_path / "run")[0] == 0
    status, stdout, _ = called("predict", tmp_path / "run", "-", standard_input=table.read_bytes())
    assert (status, len(stdout.splitlines())) == (0, 101)
    status, _, stderr = called("predict", tmp_path / "run", "-", standard_input=b"x1\n3\n")
    assert status == 2 and "x2" in stderr
    assert called("predict", tmp_path / "run", table, "-q", "-o", os.devnull) == (0, "", "")
    if os.path.exists("/dev/full"):
        status, _, stderr = called("predict", tmp_path / "run", table, "-q", "-o", "/dev/full")
        assert status == 2
        assert stderr.startswith("Error: /dev/full could not be written: No space left")


def test_the_package_is_a_command_too():
    found = subprocess.run([sys.executable, "-m", "glassnet", "--version"], capture_output=True, text=True, check=True)
    assert found.stdout.startswith("glassnet 0.")


def test_an_interruption_while_modules_are_imported_is_no_traceback():
    code = (
        "import sys; sys.modules['glassnet.cli'] = type('Late', (), {'__getattr__': lambda *_: (_ for _ in ()).throw(KeyboardInterrupt)})()"
    )
    found = subprocess.run([sys.executable, "-c", f"{code}\nfrom glassnet.__main__ import run; run()"], capture_output=True, text=True)
    assert (found.returncode, found.stderr) == (130, "Interrupted.\n")


def test_a_batch_that_nobody_chose_is_never_clipped(table, tmp_path):
    few = pl.read_csv(table).sample(14, seed=0)
    few.write_csv(tmp_path / "few.csv")
    status, _, stderr = called("train", tmp_path / "few.csv", "--epochs", "2", "-o", tmp_path / "run")
    assert status == 0
    assert "clipped" not in stderr


def test_a_training_that_runs_away_names_a_huge_target(tmp_path):
    pl.DataFrame({"x": np.arange(40.0), "y": np.arange(40.0) * 1e306}).write_csv(tmp_path / "huge.csv")
    status, _, stderr = called("train", tmp_path / "huge.csv", "-o", tmp_path / "run")
    assert status == 2
    assert "The target reaches 3.9e+307: give it in larger units. Nothing was saved." in stderr
