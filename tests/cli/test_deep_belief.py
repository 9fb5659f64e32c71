"""``--model dbn``: from pictures, arrays and tables to a run, with its machines told of; repeated, interrupted, refused."""

from __future__ import annotations

import csv
import json

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner
from PIL import Image
from sklearn.datasets import load_digits

import glassnet as package
from glassnet.cli import main
from glassnet.runs.config import RunConfig
from glassnet.runs.pretraining import Pretraining
from glassnet.runs.training import train_run

DIGITS = load_digits()
SMALL = ["--model", "dbn", "--hidden", "24,12", "--pretrain-epochs", "3", "--epochs", "15", "--batch-size", "16", "--learning-rate", "0.01"]
PICTURES = {"filters.png", "samples.png", "weights.png", "confident.png"}


def glassnet(*arguments):
    """(exit status, stdout, stderr) of a command."""
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder of pictures, the same digits as arrays, and a run on the arrays."""
    home = tmp_path_factory.mktemp("home")
    pixels = (DIGITS.images[:300] * 15.9).astype(np.uint8)
    for i, (picture, label) in enumerate(zip(pixels[:120], DIGITS.target, strict=False)):
        (home / "digits" / str(label)).mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(home / "digits" / str(label) / f"{i}.png")
    np.savez(home / "digits.npz", X=pixels, y=DIGITS.target[:300])
    status, stdout, stderr = glassnet("train", home / "digits.npz", *SMALL, "-o", home / "run")
    assert status == 0, stderr
    (home / "said.txt").write_text(stdout)
    return home


def test_a_run_tells_what_its_machines_learned(home):
    run, said = home / "run", (home / "said.txt").read_text()
    assert {path.name for path in run.iterdir()} > PICTURES
    assert "Machines  64 to 24 units in 3 epochs: reconstruction error 0." in said and "free-energy gap" in said
    assert "          24 to 12 units in 3 epochs" in said and "64 bytes of pixels of 8 x 8 pixels in grey, between 0 and 1" in said
    facts = json.loads((run / "metrics.json").read_text())
    assert [(machine["visible"], machine["hidden"], machine["epochs"]) for machine in facts["pretraining"]] == [(64, 24, 3), (24, 12, 3)]
    with open(run / "pretraining.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["layer"], row["epoch"]) for row in rows] == [(layer, epoch) for layer in "12" for epoch in "123"]
    for machine, row in zip(facts["pretraining"], (rows[2], rows[5]), strict=True):
        assert float(row["free_energy_gap"]) == pytest.approx(machine["free_energy_gap"])
        assert float(row["val_free_energy"]) - float(row["free_energy"]) == pytest.approx(machine["free_energy_gap"])
    for name in ("filters.png", "samples.png"):
        with Image.open(run / name) as picture:
            assert min(picture.size) > 100 and len(picture.convert("L").getcolors(256)) > 50


def test_the_machines_see_intensities_and_the_network_begins_at_their_weights(home):
    config = RunConfig.from_mapping(
        {"data": str(home / "digits.npz"), "model": "dbn", "hidden": [24, 12], "pretrain_epochs": 2, "epochs": 1, "learning_rate": 1e-12}
    )
    result = train_run(config)
    first = result.estimator.rbms_[0]
    assert first._units.plain  # units that are 0 or 1
    seen = result.model[0].transform((DIGITS.images[:5] * 15.9).astype(np.uint8).reshape(5, 64))
    assert seen.min() == 0 and seen.max() <= 1
    np.testing.assert_allclose(result.estimator.coefs_[0], first.components_.T, atol=1e-6)


def test_its_configuration_repeats_a_run_bit_for_bit(home, tmp_path):
    status, _, stderr = glassnet("train", "--config", home / "run" / "config.toml", "-o", tmp_path / "again", "-q")
    assert status == 0, stderr
    for run in (home / "run", tmp_path / "again"):
        assert glassnet("predict", run, home / "digits.npz", "-o", run / "out.csv", "-q")[0] == 0
    assert (home / "run" / "out.csv").read_bytes() == (tmp_path / "again" / "out.csv").read_bytes()
    first, second = (json.loads((run / "metrics.json").read_text()) for run in (home / "run", tmp_path / "again"))
    gaps = [[machine["free_energy_gap"] for machine in facts["pretraining"]] for facts in (first, second)]
    assert first["test"] == second["test"] and gaps[0] == gaps[1]


def test_everything_else_takes_the_run_as_any_other(home):
    run = home / "run"
    model = package.load(run)
    assert type(model[1]).__name__ == "DBNClassifier" and model[0].gives_intensities
    status, stdout, _ = glassnet("evaluate", run, home / "digits.npz", "--json")
    pixels = (DIGITS.images[:300] * 15.9).astype(np.uint8).reshape(300, 64)
    accuracy = json.loads(stdout)["metrics"]["accuracy"]
    assert status == 0 and accuracy == pytest.approx(model.score(pixels, DIGITS.target[:300])) and accuracy > 0.7
    status, stdout, stderr = glassnet("explain", run, home / "digits.npz", "--json")
    assert status == 0 and json.loads(stdout), stderr
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "--pretrain-epochs 3" in page and "--model dbn" in page
    machines = page[page.index('<section id="machines">') : page.index('<section id="weights">')]
    assert machines.count("data:image/png;base64,") == 2 and all(
        f"{machine['visible']} and {machine['hidden']}" in machines
        for machine in json.loads((run / "metrics.json").read_text())["pretraining"]
    )
    assert glassnet("report", run)[0] == 0 and (run / "report.html").read_text(encoding="utf-8") == page
    history = (run / "pretraining.csv").read_text()
    (run / "pretraining.csv").write_text(history.replace("1,", "one,"))
    status, _, stderr = glassnet("report", run)
    assert status == 2 and "pretraining.csv or metrics.json beside it is damaged" in stderr
    (run / "pretraining.csv").write_text(history)


def test_a_folder_of_pictures_is_learned_from(home, tmp_path):
    options = [*SMALL[:2], "--hidden", "12", "--pretrain-epochs", "2", "--epochs", "2", "--size", "8", "--grey", "--augment", "shift"]
    status, stdout, stderr = glassnet("train", home / "digits", *options, "-o", tmp_path / "run")
    assert status == 0, stderr
    assert "Machines  64 to 12 units in 2 epochs" in stdout and (tmp_path / "run" / "samples.png").exists()


@pytest.mark.parametrize("target", ["kind", "size"])
def test_a_table_is_learned_from_by_units_of_both_kinds(target, tmp_path):
    rng = np.random.default_rng(0)
    n = 160
    colour, width = rng.choice(["red", "green", "blue"], n), rng.normal(300, 20, n)
    size = width / 10 + 3 * (colour == "red") + rng.normal(0, 0.2, n)
    kind = np.where(size > 31, "large", "small")
    frame = pl.DataFrame({"colour": colour, "width": width, "kind": kind, "size": size})
    frame.drop("size" if target == "kind" else "kind").write_csv(tmp_path / "t.csv")
    config = RunConfig.from_mapping(
        {"data": str(tmp_path / "t.csv"), "target": target, "model": "dbn", "hidden": [8], "epochs": 60, "learning_rate": 0.01}
    )
    result = train_run(config, tmp_path / "run")
    machine = result.estimator.rbms_[0]
    assert machine._units.kinds == ("bernoulli",) * 3 + ("gaussian",) or sorted(machine._units.kinds) == ["bernoulli"] * 3 + ["gaussian"]
    assert result.facts["test"]["accuracy" if target == "kind" else "r2"] > 0.7
    assert {"pretraining.csv", "model.safetensors"} < {path.name for path in (tmp_path / "run").iterdir()}
    assert not (tmp_path / "run" / "samples.png").exists()


def test_without_pretraining_there_are_no_machines_to_tell_of(home, tmp_path):
    options = ["--model", "dbn", "--hidden", "8", "--pretrain-epochs", "0", "--epochs", "2"]
    status, stdout, stderr = glassnet("train", home / "digits.npz", *options, "-o", tmp_path / "run")
    assert status == 0, stderr
    assert "Machines" not in stdout and json.loads((tmp_path / "run" / "metrics.json").read_text())["pretraining"] == []
    assert not {"filters.png", "samples.png"} & {path.name for path in (tmp_path / "run").iterdir()}


def test_progress_is_told_machine_by_machine_and_then_the_epochs_begin():
    told, began = [], []
    watch = Pretraining(2, 3, lambda *what: told.append(what), lambda: began.append(len(told)))
    for layer in (0, 1):
        for epoch in (1, 2, 3):
            assert not began
            watch(layer, {"epoch": epoch})
    names = ["pre-training layer 1 of 2, epoch", "pre-training layer 2 of 2, epoch"]
    assert told == [(name, epoch, 3) for name in names for epoch in range(4)]
    assert began == [8]


@pytest.mark.parametrize(("layer", "epoch"), [(0, 1), (0, 3), (1, 2)])
def test_ctrl_c_while_machines_learn_ends_everything_and_saves_nothing(layer, epoch, home, tmp_path, monkeypatch):
    heard = []

    def press(self, at, row):
        heard.append(at)
        if (at, row["epoch"]) == (layer, epoch):
            raise KeyboardInterrupt

    monkeypatch.setattr(Pretraining, "__call__", press)
    status, stdout, stderr = glassnet("train", home / "digits.npz", *SMALL, "-o", tmp_path / "run")
    assert (status, stdout) == (130, "")
    assert stderr.strip().splitlines()[-1] == "Interrupted before there were weights to keep: nothing was saved."
    assert not (tmp_path / "run").exists() and heard.count(layer) == epoch and layer + 1 not in heard


def test_ctrl_c_in_the_fine_tuning_keeps_the_weights(home, tmp_path, monkeypatch):
    def press(row):
        if row["epoch"] == 2:
            raise KeyboardInterrupt

    config = RunConfig.from_mapping({"data": str(home / "digits.npz"), "model": "dbn", "hidden": [8], "pretrain_epochs": 1, "epochs": 50})
    result = train_run(config, tmp_path / "run", observer=press)
    assert result.interrupted and len(result.facts["pretraining"]) == 1 and result.facts["training"]["epochs"] == 2
    assert package.load(tmp_path / "run") is not None


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--model", "mlp", "--pretrain-epochs", "3"], "--pretrain-epochs is for deep belief networks; got it with --model mlp."),
        (["--model", "dbn", "--activation", "relu"], "--model dbn has logistic units, as its machines have; got --activation 'relu'."),
        (["--model", "dbn", "--search"], "Leave out --search, or give --model mlp."),
        (["--model", "dbn", "--pretrain-epochs", "-1"], "--pretrain-epochs must be a whole number of at least 0; got -1."),
        (["--model", "dbn", "--hidden", "0"], "--hidden must be whole numbers of at least 1; got 0."),
    ],
)
def test_what_does_not_go_together_is_refused_in_the_words_of_the_command_line(options, sentence, home, tmp_path):
    status, stdout, stderr = glassnet("train", home / "digits.npz", *options, "-o", tmp_path / "run")
    assert (status, stdout) == (2, "") and sentence in " ".join(stderr.split())
    assert not (tmp_path / "run").exists()
