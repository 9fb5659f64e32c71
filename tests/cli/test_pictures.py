"""The command line with pictures, formulas and searches: what is printed, written and refused."""

from __future__ import annotations

import json
import tomllib

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner
from PIL import Image

from glassnet.cli import main
from glassnet.cli.progress import LiveBar, PlainLines


def glassnet(*arguments):
    """(exit status, stdout, stderr) of a command."""
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder of dark and bright pictures, and a run on it."""
    home, random = tmp_path_factory.mktemp("home"), np.random.default_rng(0)
    for label, level in (("bright", 170), ("dark", 80)):
        (home / "photos" / label).mkdir(parents=True)
        for i in range(30):
            pixels = np.clip(random.normal(level, 20, (24, 24, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(home / "photos" / label / f"{i}.png")
    (home / "photos" / "dark" / "notes.txt").write_text("dark")
    status, home_stdout, home_stderr = glassnet("train", home / "photos", "--size", 8, "--epochs", 8, "--hidden", "8", "-o", home / "run")
    assert status == 0, home_stderr
    (home / "stdout").write_text(home_stdout)
    (home / "stderr").write_text(home_stderr)
    return home


def test_training_on_a_folder_names_what_it_could_not_use_and_sums_up(home):
    said, printed = (home / "stderr").read_text(), (home / "stdout").read_text()
    assert "1 file could not be used:\n  dark/notes.txt: it is not a picture: its name ends in .txt\n" in said
    assert "Learning to tell 2 classes apart from 60 pictures.\n" in said
    for words in ("39 pictures to learn from, 9 held out, 12 for the test", "192 bytes of pixels of 8 x 8 pixels in colour", "peak memory"):
        assert words in printed
    assert f"Next: glassnet predict {home / 'run'} FOLDER -o out.csv" in printed


def test_every_option_for_pictures_reaches_the_configuration(home, tmp_path):
    words = ["--size", 16, "--grey", "--features", "both", "--augment", "flip,shift", "--epochs", 2, "--json"]
    status, stdout, stderr = glassnet("train", home / "photos", *words, "-o", tmp_path / "run")
    assert status == 0, stderr
    assert json.loads(stdout)["test"]["accuracy"] >= 0.5
    config = tomllib.loads((tmp_path / "run" / "config.toml").read_text())
    assert (config["size"], config["grey"], config["features"], config["augment"]) == (16, True, "both", "flip,shift")


def test_a_folder_is_predicted_file_by_file_and_evaluated(home):
    status, stdout, stderr = glassnet("predict", home / "run", home / "photos")
    assert (status, stdout.splitlines()[0]) == (0, "file,prediction,probability_bright,probability_dark")
    assert stdout.splitlines()[1].startswith("bright/0.png,bright,") and "dark/notes.txt" in stderr
    status, stdout, _ = glassnet("evaluate", home / "run", home / "photos", "--fail-under", "accuracy=0.9")
    assert status == 0 and stdout.startswith("60 pictures of")


def test_a_folder_and_a_run_on_pictures_are_inspected(home):
    status, stdout, _ = glassnet("inspect", home / "photos", "--size", 8)
    assert status == 0
    for words in ("60 pictures, brought to 8 x 8 in colour, 192 features", "bright (30), dark (30)", "not used: dark/notes.txt"):
        assert words in stdout
    status, stdout, _ = glassnet("inspect", home / "run")
    assert status == 0 and "192 features" in stdout and "pixels" in stdout
    found = json.loads(glassnet("inspect", home / "photos", "--features", "hog", "--json")[1])
    assert found["problems"] == [{"file": "dark/notes.txt", "reason": "it is not a picture: its name ends in .txt"}]


@pytest.fixture
def table(tmp_path):
    random = np.random.default_rng(0)
    X = random.uniform(-1, 1, (120, 2))
    pl.DataFrame({"x1": X[:, 0], "x2": X[:, 1], "kind": (X[:, 0] * X[:, 1] > 0).tolist()}).write_csv(tmp_path / "xor.csv")
    return tmp_path / "xor.csv"


def test_a_search_shows_every_candidate_and_explains_its_choice(table, tmp_path):
    status, stdout, _ = glassnet("train", table, "--target", "kind", "--epochs", 5, "--search", "-o", tmp_path / "run")
    assert status == 0
    assert "Search: 12 candidates, each learned and scored 5 times; mean and spread of the accuracy" in stdout
    assert sum(line.endswith(" s") and line.split()[0] in ("1", "chosen") for line in stdout.splitlines()) == 12
    assert " is chosen: the best mean score over 5 folds is" in stdout
    assert (tmp_path / "run" / "search.csv").exists()


def test_a_formula_that_cannot_be_read_is_shown_with_a_caret(table, tmp_path):
    status, stdout, stderr = glassnet("train", table, "--target", "kind", "--add", "x1 * sine(x2)", "-o", tmp_path / "run")
    assert (status, stdout) == (2, "")
    assert stderr == "Error: This formula cannot be used: there is no function 'sine'. Did you mean 'sin'?\n  x1 * sine(x2)\n       ^^^^\n"


def test_formulas_reach_the_columns(table, tmp_path):
    words = ["--target", "kind", "--model", "logistic", "--add", "x1*x2", "--add", "x1**2", "-o", tmp_path / "run"]
    assert glassnet("train", table, *words)[0] == 0
    assert tomllib.loads((tmp_path / "run" / "config.toml").read_text())["add"] == ["x1*x2", "x1**2"]
    status, stdout, _ = glassnet("inspect", table, "--target", "kind", "--add", "x1*x2")
    assert status == 0 and "x1*x2" in stdout


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (["train", "{home}/photos", "--size", "7"], "size must be a whole number from 8 to 1024"),
        (["train", "{home}/photos", "--features", "edges"], "'edges' is not one of"),
        (["train", "{home}/photos", "--target", "y"], "Pictures have their class for a target"),
        (["train", "{home}/photos", "--search-seconds", "5"], "Give --search wide"),
        (["train", "{home}/photos", "--augment", "flip", "--solver", "lbfgs"], "descends on all rows at once"),
        (["train", "{home}/photos/dark"], "have no classes"),
        (["train", "{home}/run"], "is a trained run"),
        (["predict", "{home}/run", "{home}/photos/dark/notes.txt"], "neither pictures nor a file of arrays"),
    ],
    ids=str,
)
def test_what_cannot_be_done_with_pictures_is_one_sentence(home, tmp_path, arguments, sentence, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, stdout, stderr = glassnet(*(argument.format(home=home) for argument in arguments))
    assert (status, stdout) == (2, "")
    assert sentence in stderr


def test_stages_before_training_are_shown_as_lines_and_as_a_bar(capsys, monkeypatch):
    monkeypatch.setattr("glassnet.cli.progress.SECONDS_BETWEEN_LINES", 0.0)
    with PlainLines() as lines:
        lines.stage("reading pictures", 32, 1000)
    assert "reading pictures: 32 of 1,000" in capsys.readouterr().err
    with LiveBar() as bar:
        bar.stage("reading pictures", 32, 1000)
        bar.stage("searching", 1, 5)
        bar.start(10)
        bar.observe({"epoch": 1, "loss": 0.5, "val_loss": None})
        assert [task.fields["what"] for task in bar._bar.tasks] == ["epoch"]
