"""Hyperparameters by cross-validation, and formulas in a run: what is varied, what is chosen, what is left behind."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import polars as pl
import pytest

from glassnet.checks import DataError
from glassnet.data.formula_text import FormulaError
from glassnet.files import container
from glassnet.runs import searching
from glassnet.runs.config import RunConfig
from glassnet.runs.prediction import evaluate_run, open_run, predict_run, read_new_rows
from glassnet.runs.searching import split_folds
from glassnet.runs.training import train_run


@pytest.fixture
def table(tmp_path):
    random = np.random.default_rng(0)
    X = random.uniform(-1, 1, (160, 2))
    kind = np.where(X[:, 0] * X[:, 1] > 0, "same", "other").tolist()
    pl.DataFrame({"x1": X[:, 0], "x2": X[:, 1], "kind": kind}).write_csv(tmp_path / "xor.csv")
    return str(tmp_path / "xor.csv")


QUICK = {"target": "kind", "epochs": 10}


def quiet(sentence):
    """Say nothing."""


def test_a_search_chooses_by_one_standard_error_and_leaves_its_table(table, tmp_path):
    stages = []
    config = RunConfig(data=table, search="grid", **QUICK)
    result = train_run(config, tmp_path / "run", stage=lambda *told: stages.append(told))
    found = json.loads((tmp_path / "run" / "metrics.json").read_text())["search"]
    assert (found["kind"], found["measure"], found["folds"]) == ("grid", "accuracy", 5)
    assert "is chosen: the best mean score over 5 folds" in found["because"]
    assert stages[-1] == ("searching", 60, 60) and len(found["candidates"]) == 12
    rows = list(csv.DictReader((tmp_path / "run" / "search.csv").read_text().splitlines()))
    assert [row["chosen"] for row in rows].index("true") == found["chosen"]
    assert set(rows[0]) >= {"width", "alpha", "mean_accuracy", "spread", "fold_5"}
    chosen = found["candidates"][found["chosen"]]["parameters"]
    assert result.config.hidden == (chosen["width"],) * chosen["n_layers"]
    assert (result.config.alpha, result.config.learning_rate) == (chosen["alpha"], chosen["learning_rate_init"])


def test_the_configuration_of_a_search_repeats_the_run_without_searching(table, tmp_path):
    train_run(RunConfig(data=table, search="grid", model="logistic", **QUICK), tmp_path / "one")
    config = RunConfig.from_toml((tmp_path / "one" / "config.toml").read_text(), "config.toml")
    assert config.search is None
    train_run(config, tmp_path / "two")
    one, two = (container.read(tmp_path / name / "model.safetensors")[0] for name in ("one", "two"))
    assert all(one[name].tobytes() == two[name].tobytes() for name in one if name != "history_seconds")


def test_what_the_user_has_set_is_not_searched(table):
    result = train_run(RunConfig(data=table, search="grid", hidden=(5,), alpha=0.5, **QUICK))
    assert {tuple(c["parameters"]) for c in result.facts["search"]["candidates"]} == {("learning_rate_init",)}
    assert (result.config.hidden, result.config.alpha) == ((5,), 0.5)
    with pytest.raises(DataError, match="nothing to vary"):
        train_run(RunConfig(data=table, search="grid", model="logistic", alpha=1.0, **QUICK))


def test_a_wide_search_is_seeded_and_ends_in_time(table):
    found = [train_run(RunConfig(data=table, search="wide", search_seconds=1.0, **QUICK)).facts["search"] for _ in range(2)]
    first, second = ([c["parameters"] for c in one["candidates"]] for one in found)
    n = min(len(first), len(second))
    assert n >= 1 and first[:n] == second[:n]
    with pytest.raises(ValueError, match="Give --search wide"):
        RunConfig(search="grid", search_seconds=5.0)


def test_several_processes_find_the_same(table, monkeypatch):
    options = {"search": "grid", "hidden": (4,), "alpha": 0.01, **QUICK}
    alone = train_run(RunConfig(data=table, **options)).facts["search"]["candidates"]
    monkeypatch.setattr(searching, "PROCESSES_PAY", 0.0)
    monkeypatch.setattr(searching, "_cores", lambda: 2)
    together = train_run(RunConfig(data=table, **options)).facts["search"]["candidates"]
    assert [c["mean"] for c in alone] == [c["mean"] for c in together]


def test_a_wide_search_by_several_processes_draws_the_same(table, monkeypatch):
    options = {"search": "wide", "search_seconds": 2.0, **QUICK}
    alone = train_run(RunConfig(data=table, **options)).facts["search"]["candidates"]
    monkeypatch.setattr(searching, "PROCESSES_PAY", 0.0)
    monkeypatch.setattr(searching, "_cores", lambda: 2)
    together = train_run(RunConfig(data=table, **options)).facts["search"]["candidates"]
    n = min(len(alone), len(together))
    assert n >= 1 and [(c["parameters"], c["mean"]) for c in alone[:n]] == [(c["parameters"], c["mean"]) for c in together[:n]]


SEARCH_BY_TWO = """
import sys
from glassnet.cli import main, progress
from glassnet.runs import searching
if __name__ == "__main__":
    searching._cores, searching.PROCESSES_PAY, progress.SECONDS_BETWEEN_LINES = (lambda: 2), 0.0, 0.0
    main(["train", sys.argv[1], "--target", "kind", "--search", "--epochs", "5000", "--patience", "5000", "-o", sys.argv[2]])
"""


@pytest.mark.skipif(os.name == "nt", reason="signals to a group of processes are POSIX's")
@pytest.mark.parametrize("all_hear_it", [True, False], ids=["a terminal's Ctrl-C", "kill -INT of the one process"])
def test_ctrl_c_ends_a_search_by_several_processes_and_leaves_none(table, tmp_path, all_hear_it):
    (tmp_path / "search.py").write_text(SEARCH_BY_TWO)
    command = [sys.executable, str(tmp_path / "search.py"), table, str(tmp_path / "run")]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        try:
            assert process.stderr is not None
            told = next(line for line in process.stderr if line.startswith(("searching: 8 of", "Error")))
            assert told == "searching: 8 of 60\n"  # by then both processes have begun
            (os.killpg if all_hear_it else os.kill)(process.pid, signal.SIGINT)
            rest = process.stderr.read()
            assert process.wait(timeout=60) == 130
            assert "Interrupted" in rest and "Traceback" not in rest
            for _ in range(300):  # whatever the processes of the search still tidy up
                os.killpg(process.pid, 0)
                time.sleep(0.1)
            pytest.fail("processes of the search are left")
        except ProcessLookupError:
            assert not (tmp_path / "run").exists()
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.skipif(os.name == "nt", reason="signals are held back by POSIX's systems")
def test_processes_are_deaf_to_ctrl_c_from_their_first_moment_and_this_one_is_not():
    held_back = "import signal; print(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []))"
    with searching._deaf_children(), subprocess.Popen([sys.executable, "-c", held_back], stdout=subprocess.PIPE, text=True) as child:
        assert child.communicate()[0] == "True\n"
    reached = []

    def interrupted():
        with searching._deaf_children():
            signal.pthread_kill(threading.get_ident(), signal.SIGINT)
            reached.append("the end")

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert reached == ["the end"]


def test_folds_keep_small_classes_in_training_and_score_every_other_row_once():
    y = np.array(["a"] * 20 + ["b"] * 11 + ["rare"] * 2)
    scored = []
    for learned, held in split_folds(y, "classification", 5, 0):
        assert set(y[learned]) == {"a", "b", "rare"} and not set(learned) & set(held)
        scored += held.tolist()
    assert sorted(scored) == list(range(31))
    with pytest.raises(DataError, match="two classes with at least 5"):
        list(split_folds(y[19:24], "classification", 5, 0))
    with pytest.raises(DataError, match="at least 10 training rows"):
        list(split_folds(np.arange(4.0), "regression", 5, 0))


def test_a_formula_lets_one_neuron_solve_what_it_cannot(table, tmp_path):
    plain = train_run(RunConfig(data=table, target="kind", model="logistic"))
    result = train_run(RunConfig(data=table, target="kind", model="logistic", add=("x1*x2",)), tmp_path / "run")
    assert plain.facts["test"]["accuracy"] < 0.8 < 0.95 < result.facts["test"]["accuracy"]
    run = open_run(tmp_path / "run")
    assert run.config.add == ("x1*x2",)
    rows = read_new_rows(run, table, quiet)
    assert evaluate_run(run, rows, quiet)["metrics"]["accuracy"] > 0.95
    assert predict_run(run, rows.drop("kind"), quiet).equals(predict_run(run, rows, quiet))
    with pytest.raises(FormulaError, match=r"the table has no column 'x2'"):
        predict_run(run, rows.drop("x2"), quiet)


def test_a_formula_may_use_columns_that_are_dropped(table):
    result = train_run(RunConfig(data=table, target="kind", model="logistic", add=("x1*x2",), drop=("x1", "x2")))
    assert result.preparation.get_feature_names_out().tolist() == ["x1*x2"]


@pytest.mark.parametrize(
    "formula, sentence",
    [("x1*sine(x2)", r"x1\*sine\(x2\)\n {5}\^\^\^\^"), ("x1*kind", "uses the target 'kind'"), ("x1+x3", "no column 'x3'")],
)
def test_a_formula_that_cannot_be_used_is_refused(table, tmp_path, formula, sentence):
    with pytest.raises(FormulaError, match=sentence):
        train_run(RunConfig(data=table, target="kind", add=(formula,)), tmp_path / "run")
    assert not (tmp_path / "run").exists()
