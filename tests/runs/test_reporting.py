"""report.html of a run: written unasked, rebuilt to the same bytes, and a command line that means the same configuration."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner
from PIL import Image
from sklearn.datasets import load_iris

from glassnet.checks import DataError
from glassnet.cli import main
from glassnet.runs.command import command_of
from glassnet.runs.config import RunConfig
from glassnet.runs.diagnosing import in_options
from glassnet.runs.reporting import NAME, rebuilt
from glassnet.runs.training import train_run
from glassnet.seeing.doctor import Finding


def silent(sentence: str) -> None:
    """Say nothing."""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    data = load_iris()
    frame = pl.DataFrame(data.data, schema=["a", "b", "c", "d"]).with_columns(pl.Series("kind", data.target_names[data.target]))
    frame.write_csv(tmp_path / "iris.csv")
    return tmp_path / "iris.csv"


def trained(data: Path, output: Path, **fields: Any) -> Any:
    return train_run(RunConfig(data=str(data), **{"epochs": 12, "hidden": (6,), **fields}), output)


@pytest.mark.parametrize(
    "fields", [{"target": "kind"}, {"target": "a"}, {"target": "kind", "model": "logistic", "hidden": None, "test_fraction": 0.0}]
)
def test_a_report_is_rebuilt_to_the_same_bytes(table: Path, tmp_path: Path, fields: dict[str, Any]) -> None:
    trained(table, tmp_path / "run", **fields)
    first = (tmp_path / "run" / NAME).read_text(encoding="utf-8")
    page, place = rebuilt(tmp_path / "run", silent)
    assert place == tmp_path / "run" / NAME
    assert page.html == first


def test_so_is_that_of_pictures(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for name, light in (("dark", 60), ("light", 180)):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for i in range(12):
            Image.fromarray(random.normal(light, 20, (12, 12)).clip(0, 255).astype(np.uint8)).save(tmp_path / "photos" / name / f"{i}.png")
    trained(tmp_path / "photos", tmp_path / "run", size=8, grey=True)
    first = (tmp_path / "run" / NAME).read_text(encoding="utf-8")
    assert rebuilt(tmp_path / "run", silent)[0].html == first
    assert first.count("data:image/png") >= 10


def test_other_data_are_refused_and_moved_data_are_found(table: Path, tmp_path: Path) -> None:
    trained(table, tmp_path / "run", target="kind")
    moved = table.rename(tmp_path / "moved.csv")
    with pytest.raises(DataError, match="is not there. Say where it is now with --data"):
        rebuilt(tmp_path / "run", silent)
    assert rebuilt(tmp_path / "run", silent, data=str(moved))[0].html
    moved.write_text(moved.read_text() + "1,1,1,1,setosa\n")
    with pytest.raises(DataError, match="has changed since"):
        rebuilt(tmp_path / "run", silent, data=str(moved))


def test_a_run_without_its_numbers_is_refused(table: Path, tmp_path: Path) -> None:
    trained(table, tmp_path / "run", target="kind")
    (tmp_path / "run" / "metrics.json").write_text("{}")
    with pytest.raises(DataError, match="lacks baselines"):
        rebuilt(tmp_path / "run", silent)
    (tmp_path / "run" / "metrics.json").unlink()
    with pytest.raises(DataError, match="has no metrics.json"):
        rebuilt(tmp_path / "run", silent)


def test_the_command_writes_the_page_again(table: Path, tmp_path: Path) -> None:
    trained(table, tmp_path / "run", target="kind")
    before = (tmp_path / "run" / NAME).read_bytes()
    (tmp_path / "run" / NAME).unlink()
    result = CliRunner().invoke(main, ["report", str(tmp_path / "run"), "-q"])
    assert result.exit_code == 0, result.output
    assert (tmp_path / "run" / NAME).read_bytes() == before
    result = CliRunner().invoke(main, ["report", str(tmp_path / "run"), "-o", str(tmp_path / "r.html")])
    assert (tmp_path / "r.html").read_bytes() == before


def test_the_findings_are_said_and_kept(table: Path, tmp_path: Path) -> None:
    said: list[str] = []
    config = RunConfig(data=str(table), target="kind", hidden=(8,), epochs=3, learning_rate=0.003)
    result = train_run(config, tmp_path / "run", say=said.append)
    kept = json.loads((tmp_path / "run" / "metrics.json").read_text())["diagnosis"]
    assert kept == result.facts["diagnosis"]
    assert [finding["name"] for finding in kept] == ["stopped_too_early"]
    assert any(finding["sentence"] in sentence for sentence in said for finding in kept)
    assert kept[0]["action"] == "Set --epochs 9."
    assert any("Set --epochs 9." in sentence for sentence in said)
    page = (tmp_path / "run" / NAME).read_text(encoding="utf-8")
    assert kept[0]["sentence"] in page
    assert "Set --epochs 9." in page


@pytest.mark.parametrize(
    "config",
    [
        RunConfig(data="a b.csv", target="it's", hidden=(64, 32), learning_rate=1e-4, alpha=0.1 + 0.2, seed=7, header=False),
        RunConfig(data="photos", size=32, grey=True, features="hog", augment="flip,shift", dropout=0.25),
        RunConfig(data="photos", grey=False, max_seconds=2.5, val_fraction=0.1, test_fraction=0.3),
        RunConfig(data="t.csv", missing=("-", "?!"), drop=("x",), add=("a*b", "log(c)"), text=("zip",), delimiter="\t", decimal=","),
        RunConfig(data="t.csv", model="logistic", hidden=(), solver="lbfgs", l1=0.5, search="wide", search_seconds=3.0),
    ],
)
def test_the_command_line_means_the_same_configuration(config: RunConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    from glassnet.cli import train

    given: list[RunConfig] = []

    def remember(file: str | None, options: dict[str, Any], *_: Any, **__: Any) -> Any:
        given.append(train._config(file, options))
        raise KeyboardInterrupt

    monkeypatch.setattr(train, "_trained", remember)
    words = shlex.split(command_of(config))
    assert words[0] == "glassnet"
    CliRunner().invoke(main, words[1:])
    assert given == [config.replace(hidden=None) if config.hidden == () else config]


@pytest.mark.parametrize(
    ("python", "shell"),
    [
        ("Set learning_rate_init=3e-05.", "Set --learning-rate 3e-05."),
        ("Set max_iter=36.", "Set --epochs 36."),
        ("Set early_stopping=True, which keeps the best weights.", "Set --val-fraction 0.15, which keeps the best weights."),
        ("Use fewer hidden units, or raise alpha tenfold.", "Use fewer units (--hidden), or raise --alpha tenfold."),
        ("Set early_stopping=True, or use fewer hidden units.", "Set --val-fraction 0.15, or use fewer units (--hidden)."),
        (
            "Weigh the classes (class_weight='balanced'), and judge by recall and precision.",
            "Weigh the classes (--class-weight balanced), and judge by recall and precision.",
        ),
        ("Use fewer hidden layers, or activation='relu' with initialiser='he_normal'.", "Use fewer hidden layers, or --activation relu."),
        ("Use fewer hidden layers, or initialiser='he_normal'.", "Use fewer hidden layers."),
    ],
)
def test_the_doctors_advice_is_in_options(python: str, shell: str) -> None:
    [finding] = in_options([Finding("some_name", "problem", "What was seen.", {}, python)])
    assert finding.action == shell


def test_a_number_is_called_by_its_column_in_a_report(table: Path, tmp_path: Path) -> None:
    trained(table, tmp_path / "run", target="a")
    text = (tmp_path / "run" / NAME).read_text(encoding="utf-8")
    assert "<h1>Predicting a</h1>" in text
    assert "output a: z " in text, "the diagram"
    assert "in units of a." in text, "the trace"
    assert "in units of y" not in text
