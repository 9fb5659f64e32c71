"""``glassnet explain``: rows of the test and of new data, in every form, and what is refused."""

from __future__ import annotations

import json
import os
from xml.etree import ElementTree

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner
from PIL import Image

from glassnet import load
from glassnet.cli import main
from glassnet.data.splitting import split_rows
from glassnet.seeing.trace.tracing import trace


def glassnet(*arguments):
    """(exit status, stdout, stderr) of a command."""
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    return result.exit_code, result.stdout, result.stderr


def flowers(n=120, seed=0):
    """Two numbers that decide a class."""
    random = np.random.default_rng(seed)
    petal, sepal = random.uniform(0, 1, n), random.uniform(0, 1, n)
    return pl.DataFrame({"petal": petal, "sepal": sepal, "kind": np.where(petal > sepal, "rose", "iris").tolist()})


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A directory with a table, new rows and a run."""
    home = tmp_path_factory.mktemp("home")
    flowers().write_csv(home / "flowers.csv")
    flowers(10, seed=1).write_csv(home / "test.csv")
    flowers(10, seed=1).drop("kind").write_csv(home / "new.csv")
    options = ["--learning-rate", "0.02", "--epochs", "20", "--hidden", "4", "--add", "petal*sepal"]
    status, _, stderr = glassnet("train", home / "flowers.csv", "--target", "kind", *options, "-o", home / "run")
    assert status == 0, stderr
    return home


def test_a_row_of_the_test_is_one_that_was_never_learned_from(home):
    status, stdout, stderr = glassnet("explain", home / "run", "--row", 5, "--json")
    found = json.loads(stdout)
    table = flowers()
    test = split_rows(table["kind"].to_numpy(), "classification", test_fraction=0.2, val_fraction=0.15, seed=0)[2]
    assert status == 0
    assert stderr.startswith(f"Test row 5 of {len(test)}: row {test[4] + 1} of ")
    given = table.row(int(test[4]), named=True)
    assert [entry["original"] for entry in found["inputs"][:2]] == [given["petal"], given["sepal"]]
    assert found["y"] == given["kind"]


def test_a_row_of_new_data_is_what_the_model_says_of_it(home):
    status, stdout, stderr = glassnet("explain", home / "run", home / "test.csv", "--row", 3, "--json", "-q")
    found, row = json.loads(stdout), flowers(10, seed=1)[2:3]
    assert (status, stderr) == (0, "")
    model = load(home / "run")
    wanted = trace(model, row.with_columns((pl.col("petal") * pl.col("sepal")).alias("petal*sepal")), row["kind"][0])
    assert found == json.loads(wanted.to_json())
    assert found["inputs"][2]["name"] == "petal*sepal"


def test_the_arithmetic_is_plain_text_where_there_is_no_terminal(home):
    status, stdout, _ = glassnet("explain", home / "run", "--units", 2)
    assert status == 0
    assert "\x1b" not in stdout
    for words in ("Input", "Layer 1: 4 units", "Output: 1 unit, logistic", "Loss: log loss", "Back through layer 1", "Update by adam"):
        assert words in stdout
    assert "and 2 more units" in stdout
    assert max(map(len, stdout.splitlines())) <= 100


def test_without_a_truth_only_the_way_forward_is_shown(home):
    status, stdout, stderr = glassnet("explain", home / "run", home / "new.csv")
    assert status == 0
    assert "Back" not in stdout
    assert "give it with --target" in stderr
    status, stdout, _ = glassnet("explain", home / "run", home / "new.csv", "--target", "rose")
    assert status == 0
    assert "the truth is rose" in stdout


def test_another_truth_may_be_asked_for(home):
    first, other = (
        json.loads(glassnet("explain", home / "run", home / "test.csv", "--target", kind, "--json", "-q")[1]) for kind in ("rose", "iris")
    )
    assert first["prediction"] == other["prediction"]
    assert first["loss"]["value"] != other["loss"]["value"]


def test_pages_and_pictures_are_files_and_latex_is_stdout(home, tmp_path):
    page, picture = tmp_path / "row.html", tmp_path / "row.svg"
    status, stdout, stderr = glassnet("explain", home / "run", "--html", page, "--svg", picture)
    assert (status, stdout) == (0, "")
    assert f"Written to {page}." in stderr
    ElementTree.parse(picture)
    ElementTree.fromstring(page.read_text(encoding="utf-8"))
    status, stdout, _ = glassnet("explain", home / "run", "--latex", "-q")
    assert status == 0
    assert stdout.count(r"\begin{align*}") == stdout.count(r"\end{align*}") > 5


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["--row", 25], "There is no test row 25; there are 24, from 1 to 24."),
        (["test.csv", "--row", 11], "There is no row 11; there are 10, from 1 to 10."),
        (["--row", 0], "0 is not in the range x>=1"),
        (["--target", "tulip"], "does not know the class 'tulip'; it knows 'iris', 'rose'."),
        (["missing.csv"], "missing.csv"),
        (["--json", "--latex"], "Give one of them"),
        (["--delimiter", ";"], "--delimiter says how DATA is read"),
        (["--html", "run/model.safetensors"], "would be lost"),
        (["--html", "nowhere/row.html"], "nowhere"),
    ],
)
def test_what_cannot_be_explained_is_refused_with_what_to_do(home, monkeypatch, arguments, words):
    monkeypatch.chdir(home)
    status, stdout, stderr = glassnet("explain", "run", *arguments)
    assert (status, stdout) == (2, "")
    assert words in stderr


def test_data_that_have_changed_or_gone_are_said(home, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    flowers().write_csv("table.csv")
    options = ["--epochs", "3", "--hidden", "2", "-q"]
    assert glassnet("train", "table.csv", *options, "-o", "run")[0] == 0
    flowers(130).write_csv("table.csv")
    status, _, stderr = glassnet("explain", "run")
    assert status == 0
    assert "has changed since the training" in stderr
    os.remove("table.csv")
    status, _, stderr = glassnet("explain", "run")
    assert status == 2
    assert "table.csv, from which the run was learned, is not there. Name DATA" in stderr
    status, _, stderr = glassnet("train", home / "flowers.csv", *options, "--test-fraction", "0", "-o", "all")
    assert status == 0, stderr
    status, _, stderr = glassnet("explain", "all")
    assert status == 2
    assert "set no rows aside" in stderr


def test_numbers_are_explained_in_their_own_units(home, tmp_path):
    status, _, stderr = glassnet(
        "train", home / "flowers.csv", "--target", "sepal", "--epochs", 3, "--hidden", 2, "-q", "-o", tmp_path / "run"
    )
    assert status == 0, stderr
    status, stdout, _ = glassnet("explain", tmp_path / "run", "--target", "0.5", "-q")
    assert status == 0
    assert "the truth is 0.5" in stdout
    assert glassnet("explain", tmp_path / "run", "--target", "much")[2].endswith("The truth must be a number; got 'much'.\n")


def test_a_picture_is_explained(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    for kind, level in (("dark", 40), ("light", 200)):
        os.makedirs(f"photos/{kind}")
        for i in range(12):
            pixels = np.clip(random.normal(level, 20, (10, 10, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(f"photos/{kind}/{i}.png")
    options = ["--size", 8, "--grey", "--hidden", 3, "--epochs", 5, "-q"]
    assert glassnet("train", "photos", *options, "-o", "run")[0] == 0
    status, stdout, stderr = glassnet("explain", "run", "--row", 2, "--json")
    found = json.loads(stdout)
    assert status == 0
    assert f"{found['y']}/" in stderr
    assert found["inputs"][0]["name"] == "pixel 1,1"
    status, stdout, stderr = glassnet("explain", "run", "photos", "--row", 1)
    assert status == 0
    assert "Picture 1 of 24: dark/0.png." in stderr
    assert "and 56 more, which contribute less" in stdout


def test_a_wrong_value_is_named_by_its_line_and_missing_columns_by_their_names(home, tmp_path):
    trained = glassnet("train", home / "flowers.csv", "--target", "kind", "--epochs", 1, "--hidden", 2, "-o", tmp_path / "run")
    assert trained[0] == 0, trained[2]
    (tmp_path / "wrong.csv").write_text("petal,sepal\n0.5,0.1\nwide,0.2\n")
    status, _, stderr = glassnet("explain", tmp_path / "run", tmp_path / "wrong.csv", "--row", 2)
    assert status == 2
    assert f"{tmp_path / 'wrong.csv'}, line 3, column 'petal': 'wide' is not a number" in stderr
    (tmp_path / "other.csv").write_text("q,r\n1,2\n")
    status, _, stderr = glassnet("explain", tmp_path / "run", tmp_path / "other.csv")
    assert status == 2
    assert "The table lacks 2 columns that training had: 'petal', 'sepal'" in stderr
