"""The Python code gives the weights that are on the screen, whatever was done on the way."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from PIL import Image

from glassnet import load
from glassnet.runs.config import RunConfig
from glassnet.runs.training import train_run


def run_code(desk: Any, folder: Path) -> dict[str, Any]:
    """The names that the program leaves behind."""
    told = desk.ask("code")
    assert told["exact"], told["told"]
    here = Path.cwd()
    names: dict[str, Any] = {}
    os.chdir(folder)
    try:
        exec(compile(told["code"], "lesson.py", "exec"), names)
    finally:
        os.chdir(here)
    return names


def same_weights(desk: Any, net: Any, folder: Path) -> None:
    """``net`` has the weights of the saved model, bit for bit."""
    path = Path(desk.request(fetch="model")["path"])
    assert path.parent == desk.folder
    saved = load(path)
    saved = saved[-1] if hasattr(saved, "steps") else saved
    for mine, theirs in zip([*net.coefs_, *net.intercepts_], [*saved.coefs_, *saved.intercepts_], strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.filterwarnings("ignore:.*hasn't converged:sklearn.exceptions.ConvergenceWarning", "ignore:Stochastic Optimizer")
@pytest.mark.parametrize(
    "config",
    [
        {},
        {"data": {"name": "blobs", "classes": 4}, "inputs": ["x1", "x2", "x1 * x2"], "network": {"optimiser": "sgd", "l1": 0.01}},
        {"data": {"name": "donut", "held_out": 0}, "inputs": ["x1**2", "x2**2"], "network": {"hidden": []}},
        {"data": {"name": "hill"}, "network": {"hidden": [{"units": 5, "dropout": 0.2}, {"units": 3, "activation": "relu"}]}},
        {"network": {"hidden": [{"units": 6, "dropout": 0.1}, {"units": 4, "activation": "elu", "dropout": 0.5}], "learning_rate": 0.01}},
        {"data": {"name": "line"}, "network": {"hidden": [], "optimiser": "gd", "loss": "huber"}},
        {
            "data": {"source": "digits", "samples": 300},
            "network": {"hidden": [{"units": 10, "activation": "relu"}], "initialiser": "he_normal"},
        },
    ],
    ids=["xor", "blobs", "neuron", "hill", "dropout of each layer", "line", "digits"],
)
def test_of_one_stage(desk: Callable[..., Any], tmp_path: Path, config: dict[str, Any]) -> None:
    lab = desk()
    if config:
        lab.configure(**config)
    frame = lab.epochs(7)
    net = run_code(lab, tmp_path)["net"]
    same_weights(lab, net, tmp_path)
    assert frame["loss"] == pytest.approx(net.loss_, rel=1e-9)
    shown = frame["layers"][-1]
    np.testing.assert_array_equal(lab.array(shown["b"]), net.intercepts_[-1])


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_of_batches_and_examples_in_between(desk: Callable[..., Any], tmp_path: Path) -> None:
    lab = desk()
    lab.ask("step", what="batch", times=4)
    assert lab.status("stepping")["cursor"]["batch"] == 4
    assert not lab.ask("code")["exact"]
    lab.ask("step", what="example", times=3)
    lab.epochs(1)
    lab.epochs(2)
    same_weights(lab, run_code(lab, tmp_path)["net"], tmp_path)


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
@pytest.mark.parametrize("data", [{"name": "xor"}, {"name": "hill"}])
def test_of_stages(desk: Callable[..., Any], tmp_path: Path, data: dict[str, Any]) -> None:
    lab = desk()
    lab.configure(data=data)
    lab.ask("edit", layer=1, unit=0, source=1, value=0.75)  # before the first epoch: first weights that are given
    lab.until(lambda latest: latest["state"]["run"] == lab.latest["frame"]["run"])
    lab.epochs(3)
    assert lab.ask("edit", layer=2, unit=0, source=2, value=-1.5) == {"value": -1.5}
    lab.until(lambda latest: lab.array(latest["frame"]["layers"][1]["W"])[2, 0] == -1.5)
    lab.epochs(2)
    lab.configure(network={"learning_rate": 0.001, "optimiser": "rmsprop"})
    lab.epochs(4)
    assert [stage["kind"] for stage in lab.latest["state"]["stages"]] == ["fit", "edit", "fit", "fit"]
    same_weights(lab, run_code(lab, tmp_path)["net"], tmp_path)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Numbers, a category, a missing value and rows without a target; more of them than are taken."""
    random = np.random.default_rng(0)
    size, weight = random.normal(10, 3, 90), random.normal(60, 9, 90)
    kind = np.where(size + random.normal(0, 1, 90) > 10, "big", "small").tolist()
    colour = random.choice(["red", "blue"], 90).tolist()
    frame = pl.DataFrame({"body size": size, "weight": [None, *weight[1:]], "colour": colour, "kind": [*kind[:88], None, None]})
    frame.write_csv(tmp_path / "animals.csv")
    return tmp_path / "animals.csv"


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
@pytest.mark.parametrize("target", [None, "weight"])
def test_of_a_table(desk: Callable[..., Any], tmp_path: Path, table: Path, target: str | None) -> None:
    lab = desk(str(table))
    assert lab.latest["state"]["target_name"] == "kind"
    lab.configure(data={"target": target, "samples": 60})
    inputs = [one["id"] for one in lab.latest["state"]["inputs"] if one["group"] in ("column", "category", "square")]
    lab.configure(inputs=inputs)
    lab.epochs(3)
    lab.ask("edit", layer=2, unit=0, source=None, value=0.5)
    lab.epochs(2)
    names = run_code(lab, tmp_path)
    same_weights(lab, names["net"], tmp_path)
    assert names["X"].shape == (60, lab.latest["state"]["sizes"][0])


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
@pytest.mark.parametrize("model", ["mlp", "logistic"])
def test_of_a_run_that_learns_on(desk: Callable[..., Any], tmp_path: Path, table: Path, model: str) -> None:
    hidden = (6,) if model == "mlp" else None
    train_run(RunConfig(data=str(table), target="kind", model=model, hidden=hidden, epochs=5), tmp_path / "run")
    trained = load(tmp_path / "run")[-1]
    lab = desk(str(tmp_path / "run"))
    lab.settled()
    shown = lab.array(lab.latest["frame"]["layers"][-1]["b"])
    np.testing.assert_array_equal(shown, trained.intercepts_[-1].astype(shown.dtype))
    lab.epochs(3)
    same_weights(lab, run_code(lab, tmp_path)["net"], tmp_path)


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_of_a_folder_of_pictures(desk: Callable[..., Any], tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for name, light in (("dark", 60), ("bright", 180)):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for i in range(12):
            Image.fromarray(random.normal(light, 30, (20, 20, 3)).clip(0, 255).astype(np.uint8)).save(
                tmp_path / "photos" / name / f"{i}.png"
            )
    lab = desk(str(tmp_path / "photos"))
    assert lab.latest["state"]["picture"] == {"height": 32, "width": 32, "channels": 3}
    lab.epochs(2)
    same_weights(lab, run_code(lab, tmp_path)["net"], tmp_path)


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_of_painted_points(desk: Callable[..., Any], tmp_path: Path) -> None:
    lab = desk()
    points = np.random.default_rng(1).normal(0, 1.5, (40, 2)).round(2)
    lab.ask("paint", clear=True)
    lab.ask("paint", add=[[x, y, float(x * y > 0)] for x, y in points.tolist()])
    lab.until(lambda latest: latest["state"]["rows"]["train"] == 30)
    lab.epochs(3)
    same_weights(lab, run_code(lab, tmp_path)["net"], tmp_path)


def test_of_a_boltzmann_machine(desk: Callable[..., Any], tmp_path: Path) -> None:
    lab = desk()
    lab.configure(mode="rbm", rbm={"units": 9})
    lab.ask("step", what="epoch", times=2)
    lab.until(lambda latest: latest["rbm"]["epoch"] == 2)
    rbm = run_code(lab, tmp_path)["rbm"]
    saved = load(lab.request(fetch="model")["path"])
    np.testing.assert_array_equal(rbm.components_, saved.components_)
    assert lab.latest["rbm"]["measures"]["reconstruction_error"] == pytest.approx(rbm.history_[-1]["reconstruction_error"])
