"""From a table to a run directory and back: what is written, what is refused, and that a run repeats exactly."""

from __future__ import annotations

import json
import shutil
import tomllib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

import glassnet
from glassnet.checks import DataError, DivergenceError, ModelFileError
from glassnet.estimators.persistence import save
from glassnet.files import container
from glassnet.runs.config import RunConfig
from glassnet.runs.directory import RunDirectory, free_name
from glassnet.runs.inspection import inspect_run, inspect_table
from glassnet.runs.prediction import evaluate_run, harmless, open_run, predict_run, read_new_rows
from glassnet.runs.training import train_run

QUICK = {"epochs": 15, "hidden": (8,)}


def trees(n=150, seed=0):
    """A table in which the height decides the kind, with something of everything."""
    random = np.random.default_rng(seed)
    height = random.uniform(1, 30, n)
    return pl.DataFrame(
        {
            "height": height.round(3),
            "leaf": [["broad", "needle", None][i] for i in random.integers(3, size=n)],
            "plot": [f"{i % 4:02d}" for i in range(n)],
            "age": [None if i % 10 == 0 else int(h * 4) for i, h in enumerate(height)],
            "kind": [["=shrub", "tree", "giant"][int(h > 8) + int(h > 20)] for h in height],
        }
    )


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "trees.csv"
    trees().write_csv(path)
    return str(path)


@pytest.fixture
def run(table, tmp_path):
    """A run that knows the kinds of trees, and its directory."""
    train_run(RunConfig(data=table, target="kind", text=("plot",), **QUICK), tmp_path / "run")
    return open_run(tmp_path / "run")


def quiet(sentence):
    """Say nothing."""


def weights_of(directory):
    """Every array of the model file but the clock's."""
    arrays, _ = container.read(directory / "model.safetensors")
    return {name: array.tobytes() for name, array in arrays.items() if name != "history_seconds"}


def test_a_run_leaves_everything_behind(table, tmp_path):
    said, rows = [], []
    result = train_run(RunConfig(data=table, target="kind", **QUICK), tmp_path / "run", observer=rows.append, say=said.append)
    files = {path.name for path in (tmp_path / "run").iterdir()}
    texts = {"config.toml", "metrics.json", "history.csv", "schema.json", "report.html"}
    assert files == {"model.safetensors", "cost.png", "confusion.png", *texts}
    facts = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert facts == result.facts
    assert facts["rows"] == {"training": 98, "held_out": 22, "test": 30, "without_target": 0}
    assert facts["classes"] == ["=shrub", "giant", "tree"]
    assert set(facts["baselines"]) == {"majority", "softmax"}
    assert facts["test"]["accuracy"] > facts["baselines"]["majority"]["accuracy"]
    assert facts["training"]["stopped_because"] == "all 15 epochs are done"
    assert [row["epoch"] for row in rows] == list(range(1, 16))
    assert len(pl.read_csv(tmp_path / "run" / "history.csv")) == 15
    assert "3 classes of 'kind'" in said[0]
    assert tomllib.loads((tmp_path / "run" / "config.toml").read_text())["hidden"] == [8]
    assert type(glassnet.TablePreparation.from_schema(json.loads((tmp_path / "run" / "schema.json").read_text())))
    assert glassnet.load(tmp_path / "run").predict(trees()).shape == (150,)


def test_a_number_is_predicted_with_figures_of_its_own(table, tmp_path):
    result = train_run(RunConfig(data=table, target="height", learning_rate=0.02, epochs=60, hidden=(16,)), tmp_path / "run")
    assert (tmp_path / "run" / "residuals.png").exists()
    assert not (tmp_path / "run" / "confusion.png").exists()
    assert set(result.facts["baselines"]) == {"mean", "linear"}
    assert result.facts["test"]["r2"] > 0.8


def test_a_run_repeats_from_its_configuration_bit_for_bit(table, tmp_path):
    train_run(RunConfig(data=table, target="-1", seed=5, dropout=0.1, **QUICK), tmp_path / "one")
    config = RunConfig.from_toml((tmp_path / "one" / "config.toml").read_text(), "config.toml")
    again = train_run(config, tmp_path / "two")
    assert weights_of(tmp_path / "one") == weights_of(tmp_path / "two")
    assert (tmp_path / "one" / "config.toml").read_bytes() == (tmp_path / "two" / "config.toml").read_bytes()
    assert json.loads((tmp_path / "one" / "metrics.json").read_text())["test"] == again.facts["test"]
    train_run(config.replace(seed=6), tmp_path / "three")
    assert weights_of(tmp_path / "one") != weights_of(tmp_path / "three")


def test_test_rows_teach_nothing(table, tmp_path):
    """Whatever stands in the test rows, the model is the same."""
    first = train_run(RunConfig(data=table, target="height", **QUICK), tmp_path / "one")
    from glassnet.data.splitting import split_rows

    test = split_rows(trees()["height"], "regression", test_fraction=0.2, val_fraction=0.15, seed=0)[2]
    spoilt = trees().with_row_index().with_columns(age=pl.when(pl.col("index").is_in(test)).then(10**6).otherwise("age")).drop("index")
    spoilt.write_csv(table)
    train_run(first.config, tmp_path / "two")
    assert weights_of(tmp_path / "one") == weights_of(tmp_path / "two")


def test_a_single_layer_stands_beside_the_majority_only(table):
    assert set(train_run(RunConfig(data=table, target="kind", model="logistic")).facts["baselines"]) == {"majority"}


def test_a_run_does_without_test_rows_and_held_out_rows(table, tmp_path):
    result = train_run(RunConfig(data=table, target="kind", test_fraction=0.0, val_fraction=0.0, **QUICK), tmp_path / "run")
    assert result.facts["test"] is None
    assert result.facts["training"]["kept_epoch"] == 15
    assert result.facts["training"]["held_out_loss"] is None
    assert not (tmp_path / "run" / "confusion.png").exists()


def test_rows_without_a_target_are_left_out_and_said(tmp_path):
    trees().with_columns(kind=pl.when(pl.col("height") > 25).then(None).otherwise("kind")).write_csv(tmp_path / "t.csv")
    said = []
    result = train_run(RunConfig(data=str(tmp_path / "t.csv"), target="kind", **QUICK), say=said.append)
    assert f"{result.facts['rows']['without_target']} of 150 rows have no 'kind' and are left out." in said


def test_the_weights_of_the_best_held_out_epoch_are_kept(table):
    result = train_run(RunConfig(data=table, target="kind", epochs=200, patience=5, learning_rate=0.05))
    losses = result.estimator.history_.column("val_loss")
    training = result.facts["training"]
    assert training["kept_epoch"] == int(np.argmin(losses)) + 1 < training["epochs"] < 200
    assert training["held_out_loss"] == min(losses)


def test_what_cannot_be_learned_is_refused_and_leaves_no_directory(table, tmp_path):
    for config, sentence in [
        (RunConfig(), "no table"),
        (RunConfig(data=str(tmp_path / "none.csv")), "does not exist"),
        (RunConfig(data=table, target="knd"), "Did you mean 'kind'"),
        (RunConfig(data=table, target="kind", drop=("kind",)), "cannot be dropped"),
        (RunConfig(data=table, target="kind", task="regression"), "regression needs numbers"),
        (RunConfig(data=table, target="kind", drop=("height", "leaf", "plot", "age")), "no column but the target"),
    ]:
        with pytest.raises(DataError, match=sentence):
            train_run(config, tmp_path / "run")
    with pytest.raises(ValueError, match="Did you mean 'relu'"):
        train_run(RunConfig(data=table, target="kind", activation="rleu"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("val_fraction", [0.0, 0.15])
def test_a_training_that_runs_away_is_one_error_and_leaves_no_directory(table, tmp_path, val_fraction):
    config = RunConfig(data=table, target="height", learning_rate=1e30, solver="sgd", val_fraction=val_fraction)
    with pytest.raises(DivergenceError, match=r"diverged.*Nothing was saved\."):
        train_run(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_directory_that_cannot_be_written_is_refused_before_training(table, tmp_path, monkeypatch):
    def denied(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "touch", denied)
    with pytest.raises(DataError, match="run cannot be written: Permission denied. Give a directory of your own"):
        train_run(RunConfig(data=table), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_full_disk_is_refused_before_training(table, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
    with pytest.raises(DataError, match="run has 1,000 bytes left; a run takes 1,048,576 or more. Free some space"):
        train_run(RunConfig(data=table), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_path_below_a_file_is_refused_before_training(table, tmp_path):
    for path in (table, f"{table}/run"):
        with pytest.raises(DataError, match="is a file|cannot be written"):
            RunDirectory.claim(path)


def test_an_earlier_run_is_replaced_only_when_asked(table, tmp_path):
    train_run(RunConfig(data=table, target="kind", **QUICK), tmp_path / "run")
    with pytest.raises(DataError, match="already holds a run"):
        train_run(RunConfig(data=table, target="height", **QUICK), tmp_path / "run")
    train_run(RunConfig(data=table, target="height", **QUICK), tmp_path / "run", replace=True)
    assert not (tmp_path / "run" / "confusion.png").exists()


def test_a_run_without_a_name_is_called_after_its_table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert str(free_name("data/visits.csv.gz")) == "visits-run"
    (tmp_path / "visits-run").mkdir()
    assert str(free_name("visits.csv")) == "visits-run-2"


def test_predictions_come_row_for_row_with_a_column_for_each_class(run):
    said = []
    found = predict_run(run, trees(40, seed=1), said.append)
    assert found.columns == ["prediction", "probability_=shrub", "probability_giant", "probability_tree"]
    assert found.height == 40
    np.testing.assert_allclose(found.drop("prediction").to_numpy().sum(axis=1), 1, rtol=1e-5)
    assert said == ["The table has the target 'kind'; it is not looked at."]


def test_columns_are_found_by_name(run):
    said, rows = [], trees(40, seed=1)
    expected = predict_run(run, rows.drop("kind"), said.append)
    assert said == []
    shuffled = rows.drop("kind").select("plot", "age", "height", "leaf").with_columns(colour=pl.lit("green"))
    assert predict_run(run, shuffled, said.append).equals(expected)
    assert said == ["1 column that training did not have is ignored: 'colour'."]
    with pytest.raises(DataError, match="lacks 2 columns that training had: 'height'.*'leaf'"):
        predict_run(run, rows.drop("height", "leaf"), quiet)


def test_a_column_of_categories_stays_one_in_a_new_file(run, tmp_path):
    """Of '00', '01', ... a new file may hold only what looks like numbers."""
    trees(40, seed=1).drop("kind").write_csv(tmp_path / "new.csv")
    frame = read_new_rows(run, str(tmp_path / "new.csv"), quiet)
    assert frame["plot"][:2].to_list() == ["00", "01"]
    assert predict_run(run, frame, quiet).equals(predict_run(run, trees(40, seed=1).drop("kind"), quiet))


def test_all_missing_columns_of_a_file_are_named(run, tmp_path):
    trees(9).select("age", "kind").write_csv(tmp_path / "new.csv")
    with pytest.raises(DataError, match="lacks 3 columns"):
        predict_run(run, read_new_rows(run, str(tmp_path / "new.csv"), quiet), quiet)


@pytest.mark.parametrize("target", ["c1", "c5"])
def test_without_a_header_the_target_may_be_left_out(target, tmp_path):
    frame = trees()
    frame.write_csv(tmp_path / "t.csv", include_header=False)
    result = train_run(RunConfig(data=str(tmp_path / "t.csv"), target=target, header=False, **QUICK), tmp_path / "run")
    run = open_run(tmp_path / "run")
    frame.drop(frame.columns[int(target[1]) - 1]).write_csv(tmp_path / "new.csv", include_header=False)
    with_target = predict_run(run, read_new_rows(run, str(tmp_path / "t.csv"), quiet), quiet)
    without = predict_run(run, read_new_rows(run, str(tmp_path / "new.csv"), quiet), quiet)
    assert with_target.equals(without)
    assert result.config.target == target


def test_labels_that_a_spreadsheet_would_run_are_made_harmless():
    labels = ["=1+1", "+a", "-b", "@c", "\td", "safe", "<=50K"]
    found = harmless(pl.DataFrame({"prediction": labels}))["prediction"].to_list()
    assert found == ["'=1+1", "'+a", "'-b", "'@c", "'\td", "safe", "<=50K"]
    numbers = pl.DataFrame({"prediction": [-1, 2]})
    assert harmless(numbers).equals(numbers)


def test_an_evaluation_gives_the_metrics_that_training_gave(table, tmp_path):
    result = train_run(RunConfig(data=table, target="kind", **QUICK), tmp_path / "run")
    from glassnet.data.splitting import split_rows

    test = split_rows(trees()["kind"], "classification", test_fraction=0.2, val_fraction=0.15, seed=0)[2]
    found = evaluate_run(open_run(tmp_path / "run"), trees()[test], quiet)
    assert found["metrics"] == result.facts["test"]
    assert found["baselines"]["majority"] == result.facts["baselines"]["majority"]


def test_an_evaluation_needs_the_truth(run):
    with pytest.raises(DataError, match="needs the target"):
        evaluate_run(run, trees().drop("kind"), quiet)
    with pytest.raises(DataError, match="has the class 'bush'"):
        evaluate_run(run, trees().with_columns(kind=pl.lit("bush")), quiet)
    renamed = trees().rename({"kind": "truth"})
    assert evaluate_run(run, renamed, quiet, target="truth")["rows"] == 150


def test_a_model_that_no_run_has_written_is_named_as_such(tmp_path):
    model = glassnet.LogisticRegression().fit([[0.0], [1.0], [2.0]], [0, 1, 1])
    save(model, tmp_path / "m.safetensors")
    with pytest.raises(ModelFileError, match="no run has written"):
        open_run(tmp_path / "m.safetensors")


def test_an_inspection_shows_columns_task_and_what_would_be_done(table, run):
    found = inspect_table(RunConfig(data=table, text=("plot",)), quiet, target="kind")
    assert [row["column"] for row in found["columns"]] == ["height", "leaf", "plot", "age"]
    assert (found["task"], found["rows"], sum(found["classes"].values())) == ("classification", 150, 150)
    assert "target" not in inspect_table(RunConfig(data=table), quiet)
    trained = inspect_run(run)
    assert [row["kind"] for row in trained["columns"]] == ["number", "category", "category", "number"]
    assert "softmax" in trained["network"]
    json.dumps([found, trained], allow_nan=False)
