"""Commands and what follows from them; every number that is sent is held against the library's."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.metrics import confusion_matrix

from glassnet import Formula, load, trace
from glassnet.data.splitting import split_rows
from glassnet.lab import publishing
from glassnet.lab.lesson import plain_inputs
from glassnet.lab.publishing import Publisher
from glassnet.lab.toys import toy

EDGE = 3.6


def saved(lab: Any) -> Any:
    """The network as it is."""
    return load(lab.request(fetch="model")["path"])


def grid(side: int) -> np.ndarray:
    """The points of a toy's plane in image order: the first row is the top."""
    x = np.linspace(-EDGE, EDGE, side)
    return np.column_stack([np.tile(x, side), np.repeat(x[::-1], side)]).astype(np.float32)


def test_it_begins_at_epoch_0_with_everything_that_a_page_needs(desk: Callable[..., Any]) -> None:
    lab = desk()
    lab.until(lambda latest: {"state", "inputs", "points", "frame", "panels"} <= set(latest))
    state, frame = lab.latest["state"], lab.latest["frame"]
    assert (state["task"], state["sizes"], state["rows"]) == ("binary", [2, 4, 1], {"train": 300, "held_out": 100})
    assert (frame["epoch"], frame["loss"], frame["live"]) == (0, None, True)
    assert "play" in state["can"] and "landscape" not in state["can"]
    X, y = toy("xor", 400, noise=0.1, seed=0)
    points = lab.latest["points"]
    np.testing.assert_array_equal(lab.array(points["xy"]), X.astype(np.float32))
    np.testing.assert_array_equal(lab.array(points["y"]), y)
    held = split_rows(y, "classification", test_fraction=0, val_fraction=0.25, seed=0)[1]
    np.testing.assert_array_equal(np.flatnonzero(lab.array(points["held_out"])), held)


def test_maps_and_surface_are_the_networks_own_answers(desk: Callable[..., Any]) -> None:
    lab = desk(query="data=moons&hidden=3:tanh,2:relu&resolution=40")
    frame = lab.epochs(5)
    net = saved(lab)
    surface = frame["surface"]
    assert surface["kind"] == "probability"
    expected = net.predict_proba(grid(40))[:, 1].reshape(40, 40)
    np.testing.assert_allclose(lab.array(surface["data"])[0], expected, atol=1 / 255)
    first = np.tanh(grid(32).astype(np.float64) @ net.coefs_[0] + net.intercepts_[0])
    maps = lab.array(frame["units"][0]["data"])
    span = np.ptp(first, axis=0).max()
    np.testing.assert_allclose(maps, first.T.reshape(3, 32, 32), atol=span / 250)
    shown = lab.array(lab.latest["inputs"]["maps"])
    np.testing.assert_allclose(shown, grid(32).T.reshape(2, 32, 32), atol=2 * EDGE / 250)


def test_several_classes_and_numbers(desk: Callable[..., Any]) -> None:
    lab = desk(query="data=blobs&classes=4&resolution=30")
    frame = lab.epochs(20)
    best, sure = lab.array(frame["surface"]["data"])
    probability = saved(lab).predict_proba(grid(30))
    np.testing.assert_array_equal(best.ravel(), probability.argmax(axis=1))
    np.testing.assert_allclose(sure.ravel(), probability.max(axis=1), atol=1 / 255)
    state = lab.configure(data={"name": "hill"})
    assert (state["task"], state["config"]["network"]["loss"]) == ("regression", "squared_error")
    values = lab.array(lab.epochs(3)["surface"]["data"])[0]
    expected = saved(lab).predict(grid(30)).reshape(30, 30)
    np.testing.assert_allclose(values, expected, atol=np.ptp(expected) / 250)
    lab.configure(data={"name": "line"})
    assert lab.epochs(2)["surface"]["kind"] == "curve"
    assert lab.latest["frame"]["units"][0]["data"]["shape"] == [4, 1, 32]


def test_confusion_and_score(desk: Callable[..., Any]) -> None:
    lab = desk(query="data=blobs&classes=3&noise=0.6")
    lab.epochs(10)
    lab.settled()
    X, y = toy("blobs", 400, noise=0.6, seed=0, classes=3)
    parts = split_rows(y, "classification", test_fraction=0, val_fraction=0.25, seed=0)[:2]
    net = saved(lab)
    panels = lab.until(lambda latest: latest["panels"]["epoch"] == 10)["panels"]
    for name, rows in zip(("train", "held_out"), parts, strict=True):
        np.testing.assert_array_equal(lab.array(panels["confusion"][name]), confusion_matrix(y[rows], net.predict(X[rows].astype("f4"))))
    lab.ask("configure", config={"resolution": 30})
    frame = lab.until(lambda latest: latest["frame"]["surface"]["data"]["shape"][1] == 30)["frame"]
    assert frame["score"] == pytest.approx(net.score(X[parts[0]].astype("f4"), y[parts[0]]))


@pytest.mark.parametrize("name, inputs", [("xor", ["x1 * x2"]), ("donut", ["x1**2", "x2**2"])])
def test_a_lone_neuron_solves_it_with_the_right_inputs(desk: Callable[..., Any], name: str, inputs: list[str]) -> None:
    lab = desk()
    lab.configure(data={"name": name, "noise": 0}, inputs=inputs, network={"hidden": [], "learning_rate": 0.1})
    assert lab.latest["state"]["sizes"] == [len(inputs), 1]
    lab.epochs(60)
    lab.until(lambda latest: latest["panels"]["epoch"] == 60)
    lab.ask("configure", config={"resolution": 20})
    frame = lab.until(lambda latest: latest["frame"]["surface"]["data"]["shape"][1] == 20)["frame"]
    assert frame["score"] == 1.0 and frame["val_score"] == 1.0


def test_steps_by_terms_walk_through_the_batch(desk: Callable[..., Any]) -> None:
    lab = desk(query="hidden=2:tanh&batch=2&samples=40")
    lab.ask("step", what="term")
    lab.until(lambda latest: latest["state"]["cursor"]["term"] == 0)
    seen = lab.until(lambda latest: latest["trace"]["shown"] == 1)["trace"]
    assert seen["terms"][0]["nodes"] == ["z1_1"] and seen["total"] == len(seen["terms"])
    before = lab.latest["frame"]["layers"][0]["W"]["b64"]
    for _ in range(2 * seen["total"] - 1):
        lab.ask("step", what="term")
    state = lab.until(lambda latest: latest["state"]["cursor"]["example"] == 1)["state"]
    while state["cursor"]["example"] is not None and state["cursor"]["batch"] == 0:
        lab.ask("step", what="term")
        state = lab.settled()
    assert state["cursor"]["batch"] == 1 and lab.latest["frame"]["layers"][0]["W"]["b64"] != before
    phases = [term["phase"] for term in seen["terms"]]
    assert phases == sorted(phases, key=["forward", "loss", "backward", "update"].index)


def test_the_trace_is_the_engines(desk: Callable[..., Any]) -> None:
    lab = desk(query="data=blobs&classes=3&hidden=3:relu&optimiser=sgd")
    lab.epochs(4)
    lab.ask("pick", row=7)
    sent = lab.until(lambda latest: latest["trace"]["row"] == 7 and latest["trace"]["epoch"] == 4)["trace"]
    X, y = toy("blobs", 400, noise=0.1, seed=0, classes=3)
    seen = trace(saved(lab), X[7].astype("f4"), y[7])
    assert sent["loss"]["value"] == pytest.approx(seen.loss.value, rel=1e-6)
    for told, layer in zip(sent["layers"], seen.layers, strict=True):
        for name in ("z", "a", "dz", "b", "db", "W", "dW"):
            np.testing.assert_allclose(told[name], getattr(layer, name), rtol=1e-6, atol=1e-7)
    assert sent["answer"] == str(seen.answer) and sent["truth"] == str(y[7])
    values = {term["nodes"][0]: term["value"] for term in sent["terms"] if term["nodes"] and term["phase"] == "forward"}
    assert values["z1_2"] == pytest.approx(float(seen.layers[0].z[1]), rel=1e-6)


def test_scrubbing_shows_earlier_weights_and_changes_nothing(desk: Callable[..., Any]) -> None:
    lab = desk()
    early = lab.epochs(5)
    late = lab.epochs(20)
    assert lab.ask("scrub", epoch=5) == {"epoch": 5}
    shown = lab.until(lambda latest: not latest["frame"]["live"])["frame"]
    assert shown["epoch"] == 5 and shown["loss"] == early["loss"]
    assert shown["layers"] == early["layers"] and shown["surface"] == early["surface"]
    assert lab.ask("scrub", epoch=None) == {"epoch": 25}
    assert lab.until(lambda latest: latest["frame"]["live"])["frame"]["layers"] == late["layers"]
    with pytest.raises(Exception, match="whole number"):
        lab.request(command={"command": "scrub", "epoch": -1})


def test_playing_sends_the_newest_frame_and_pauses_at_once(desk: Callable[..., Any]) -> None:
    lab = desk()
    lab.ask("play")
    for _ in range(20):
        seen = lab.latest["frame"]["epoch"]
        lab.until(lambda latest, seen=seen: latest["frame"]["epoch"] > seen)
    lab.ask("pause")
    state = lab.status("paused")
    frame = lab.until(lambda latest: latest["frame"]["epoch"] == latest["state"]["cursor"]["epoch"])["frame"]
    assert frame["epoch"] == state["cursor"]["epoch"] > 20
    curves = lab.until(lambda latest: lab.array(latest["curves"]["epoch"])[-1] == frame["epoch"])["curves"]
    assert lab.array(curves["loss"])[-1] == pytest.approx(frame["loss"])
    assert lab.array(curves["gradient_norms"]).shape == (2, len(lab.array(curves["epoch"])))


def test_no_frame_is_made_that_nobody_takes(desk: Callable[..., Any]) -> None:
    lab = desk()
    lab.ask("play")
    lab.until(lambda latest: latest["frame"]["epoch"] > 0)
    lab.hungry = False
    lab.settled()
    before, curves = lab.counts["frame"], lab.counts["curves"]
    lab.until(lambda latest: lab.counts["curves"] > curves + 3)
    assert lab.counts["frame"] <= before + 1  # one may have been under way


def test_slow_motion(desk: Callable[..., Any]) -> None:
    lab = desk()
    lab.ask("speed", epochs_per_second=20)
    began = time.monotonic()
    lab.ask("play")
    lab.until(lambda latest: latest["frame"]["epoch"] >= 6)
    assert lab.latest["frame"]["seconds"] < 0.25  # of training; the rest was waiting
    lab.ask("pause")
    assert lab.status("paused")["cursor"]["epoch"] <= 20 * (time.monotonic() - began) + 2


def test_an_address_holds_the_lesson(desk: Callable[..., Any]) -> None:
    lab = desk()
    lab.configure(
        data={"name": "spirals", "noise": 0.2}, inputs=["x1", "x2", "sin(x1)"], network={"hidden": [{"units": 7, "activation": "relu"}]}
    )
    query, config = lab.latest["state"]["query"], lab.latest["state"]["config"]
    other = desk(query=query)
    assert other.latest["state"]["config"] == config
    other.ask("load_state", query="?data=moons&hide=data&colour=red")
    other.until(lambda latest: latest["state"]["config"]["data"]["name"] == "moons")
    assert "colour" in other.notices[-1]["text"]
    assert config["data"]["name"] == "spirals" and "sin(x1)" in config["inputs"]


@pytest.mark.parametrize(
    "command, field",
    [
        ({"command": "configure", "config": {"network": {"hidden": [{"units": 0}]}}}, "network.hidden.units"),
        ({"command": "configure", "config": {"network": {"hidden": 7}}}, "network.hidden"),
        ({"command": "configure", "config": {"network": {"learning_rate": -1}}}, "network.learning_rate"),
        ({"command": "configure", "config": {"data": {"source": "file"}}}, "data.source"),
        ({"command": "configure", "config": {"inputs": ["__import__('os')"]}}, "inputs"),
        ({"command": "configure", "config": {"axes": ["x1", "x1"]}}, "axes"),
        ({"command": "configure", "config": [1]}, "config"),
        ({"command": "load_state", "query": "hidden=9999999"}, "network.hidden.units"),
        ({"command": "load_state", "query": "points=a,b"}, "query"),
        ({"command": "load_state", "query": "set=w1_1:0.5"}, "query"),
        ({"command": "load_state", "query": "set=b1_1:1e9"}, "network.edits.value"),
        ({"command": "load_state", "query": "set=b0_1:1"}, "network.edits.layer"),
        ({"command": "load_state", "query": "header=perhaps"}, "data.header"),
        ({"command": "load_state", "query": "hidden=4096:tanh,4096:tanh"}, "network.hidden"),
        ({"command": "step", "what": "life"}, "what"),
        ({"command": "step", "what": "batch", "times": 10**9}, "times"),
        ({"command": "edit", "layer": 9, "unit": 0, "value": 1}, "layer"),
        ({"command": "edit", "layer": 1, "unit": 0, "source": 1, "value": "1"}, "value"),
        ({"command": "pick", "row": 10**9}, "row"),
        ({"command": "paint", "add": [[1, 2]]}, "add"),
        ({"command": "paint", "add": [[0, 0, 99]]}, "add"),
        ({"command": "fold", "layer": 5, "first": 0}, "layer"),
        ({"command": "speed", "epochs_per_second": 0}, "epochs_per_second"),
        ({"command": "watch", "panels": ["everything"]}, "panels"),
        ({"command": "landscape", "weights": ["w9_9_9", "b1_1"]}, None),
        ({"command": "landscape", "resolution": 5000}, "resolution"),
        ({"command": "draw", "pixels": {"dtype": "u1", "shape": [1, 1], "b64": "AA=="}}, None),
        ({"command": "gibbs", "action": "start"}, None),
    ],
)
def test_a_refusal_names_its_field_and_changes_nothing(desk: Callable[..., Any], command: dict[str, Any], field: str | None) -> None:
    lab = desk()
    lab.settled()
    before = lab.latest["state"]["config"], lab.latest["state"]["run"]
    with pytest.raises(Exception) as refused:
        lab.request(command=command)
    assert refused.value.error["field"] == field and refused.value.error["message"]
    lab.settled()
    assert (lab.latest["state"]["config"], lab.latest["state"]["run"]) == before
    lab.epochs(1)


def test_training_that_runs_away_says_so_and_can_be_reset(desk: Callable[..., Any]) -> None:
    lab = desk(query="data=hill&optimiser=sgd&lr=1000&hidden=8:relu&momentum=0")
    lab.ask("play")
    state = lab.status("diverged")
    assert "learning rate" in state["told"] and any(one["text"] == state["told"] for one in lab.notices)
    with pytest.raises(Exception, match="Reset it"):
        lab.ask("play")
    lab.configure(network={"learning_rate": 0.001})
    lab.epochs(2)


def test_paint(desk: Callable[..., Any]) -> None:
    lab = desk()
    lab.ask("paint", keep=True, add=[[0.5, 0.5, 1]])
    assert lab.until(lambda latest: latest["points"]["rows"] == 401)["state"]["config"]["data"]["source"] == "painted"
    lab.ask("paint", clear=True)
    state = lab.until(lambda latest: latest["state"]["rows"]["train"] == 0)["state"]
    assert "play" not in state["can"] and "paint" in state["can"] and "two classes" in state["told"]
    lab.settled()
    assert lab.latest["inputs"]["window"] == pytest.approx([-EDGE, EDGE, -EDGE, EDGE]), "an empty plane can be painted on"
    assert lab.array(lab.latest["points"]["xy"]).shape == (0, 2) and [one["group"] for one in state["inputs"][:2]] == ["column"] * 2
    lab.ask("paint", add=[[-1, -1, 0], [1, 1, 2], [-1, 1, 0], [1, -1, 2]])
    state = lab.until(lambda latest: latest["state"]["classes"] == ["0", "2"] and latest["state"]["sizes"])["state"]
    assert state["class_colours"] == [0, 2] and "points=" in state["query"]
    lab.ask("paint", remove={"x": 1, "y": 1, "radius": 0.1}, add=[])
    lab.until(lambda latest: latest["points"]["rows"] == 3)


def test_wide_layers_are_folded_and_the_window_moves(desk: Callable[..., Any]) -> None:
    lab = desk(query="hidden=40:tanh")
    assert lab.latest["state"]["folds"][1] == {"first": 0, "count": 12, "of": 40}
    lab.ask("fold", layer=1, first=100)
    lab.until(lambda latest: latest["state"]["folds"][1]["first"] == 28)
    lab.settled()
    np.testing.assert_array_equal(lab.array(lab.latest["frame"]["layers"][0]["W"]), saved(lab).coefs_[0][:, 28:])
    for hidden in ([{"units": 30}, {"units": 5}, {"units": 20}], []):  # more layers, then fewer
        lab.configure(network={"hidden": hidden})
        assert [fold["of"] for fold in lab.latest["state"]["folds"]] == [2, *(layer["units"] for layer in hidden), 1]
    assert lab.notices == []


def test_histograms_of_huge_and_of_equal_weights(desk: Callable[..., Any]) -> None:
    lab = desk(query="hidden=2:identity")
    lab.ask("edit", layer=1, unit=0, source=0, value=1e6)
    lab.settled()
    assert sum(lab.latest["panels"]["weights"][0]["counts"]) == 4
    for source in (0, 1):
        lab.ask("edit", layer=2, unit=0, source=source, value=1e6 - 0.1 * source)
    lab.settled()
    assert sum(lab.latest["panels"]["weights"][1]["counts"]) == 2 and lab.notices == []


def test_the_error_surface_has_the_path_on_it(desk: Callable[..., Any]) -> None:
    lab = desk(query="hidden=&inputs=x1,x2")
    lab.epochs(12)
    lab.ask("landscape", weights=["w1_1_1", "w1_2_1"], resolution=21)
    seen = lab.until(lambda latest: latest["landscape"])["landscape"]
    assert lab.array(seen["losses"]).shape == (21, 21) and lab.array(seen["path_epochs"]).tolist() == list(range(13))
    W = saved(lab).coefs_[0].ravel()
    np.testing.assert_allclose(lab.array(seen["path"])[-1], W, rtol=1e-4, atol=1e-5)


def test_digits_drawn_by_hand(desk: Callable[..., Any]) -> None:
    lab = desk(query="data=digits&hidden=20:relu&lr=0.01&samples=1797")
    lab.epochs(30)
    assert lab.latest["state"]["unit_kind"] == ["picture", "histogram"]
    pixels, truth = load_digits(return_X_y=True)
    net = saved(lab)

    def drawn(ink: np.ndarray, **how: bool) -> dict[str, Any]:
        return lab.ask("draw", pixels={"dtype": "u1", "shape": list(ink.shape), "b64": base64.b64encode(ink.tobytes()).decode()}, **how)

    for row in range(5):
        ink = np.kron((pixels[row].reshape(8, 8) / 16 * 255).round().astype(np.uint8), np.ones((10, 10), np.uint8))
        answer = drawn(ink, centre=False)
        expected = net.predict_proba((pixels[row : row + 1] / 16).astype("f4"))[0]
        np.testing.assert_allclose(answer["prediction"], expected, atol=0.02)
        assert [layer["units"] for layer in answer["layers"]] == [20, 10] and answer["picture"]["shape"] == [1, 8, 8]
    shifted = np.zeros((200, 200), np.uint8)
    shifted[110:190, 5:85] = np.kron((pixels[0].reshape(8, 8) / 16 * 255).astype(np.uint8), np.ones((10, 10), np.uint8))
    assert drawn(shifted)["answer"] == str(truth[0])  # moved to the middle, and to its size
    with pytest.raises(Exception, match="empty"):
        lab.ask("draw", pixels={"dtype": "u1", "shape": [8, 8], "b64": base64.b64encode(bytes(64)).decode()})


def test_a_boltzmann_machine_and_its_chain(desk: Callable[..., Any]) -> None:
    lab = desk()
    lab.configure(mode="rbm", rbm={"units": 16})
    assert lab.latest["state"]["config"]["data"]["source"] == "digits" and lab.latest["state"]["sizes"] == [64, 16]
    assert lab.until(lambda latest: latest["rbm"]["filters"]["shape"] == [16, 8, 8])["rbm"]["chain"] is None
    lab.ask("gibbs", action="step", begin="noise")
    assert lab.until(lambda latest: latest["rbm"]["chain"])["rbm"]["chain"]["sweeps"] == 1
    lab.ask("gibbs", action="start", begin="examples")
    lab.until(lambda latest: latest["rbm"]["chain"]["sweeps"] > 3)
    lab.ask("play")
    lab.until(lambda latest: latest["rbm"]["epoch"] > 1)
    lab.ask("pause")
    lab.ask("gibbs", action="clear")
    lab.until(lambda latest: latest["rbm"]["chain"] is None)
    with pytest.raises(Exception, match="epochs"):
        lab.ask("step", what="batch")
    lab.configure(mode="network")
    assert lab.epochs(1)["units"][0]["kind"] == "picture"


def test_the_report_and_the_doctor(desk: Callable[..., Any]) -> None:
    lab = desk(query="data=moons&noise=0.5")
    with pytest.raises(Exception, match="Train at least one epoch"):
        lab.request(fetch="report")
    lab.epochs(30)
    page = Path(lab.request(fetch="report")["path"])
    assert "30 epochs in the lab" in page.read_text(encoding="utf-8")
    doctor = lab.until(lambda latest: latest["doctor"]["epoch"] == 30)["doctor"]
    assert all(one["sentence"] and one["action"] for one in doctor["findings"])


def test_what_is_not_watched_is_not_made(desk: Callable[..., Any]) -> None:
    lab = desk()
    lab.ask("watch", panels=["curves"])
    frame = lab.epochs(1)
    assert frame["surface"] is None and frame["units"] is None
    lab.ask("watch", panels=["curves", "surface", "units"])
    lab.until(lambda latest: latest["frame"]["surface"])


def test_a_change_in_the_middle_of_an_epoch_waits_for_its_end(desk: Callable[..., Any]) -> None:
    lab = desk()
    lab.epochs(1)
    lab.ask("step", what="batch", times=2)
    lab.status("stepping")
    assert lab.ask("edit", layer=1, unit=1, source=0, value=0.25) == {"value": 0.25}
    state = lab.until(lambda latest: any(stage["kind"] == "edit" for stage in latest["state"]["stages"]))["state"]
    assert state["cursor"]["epoch"] == 2 and state["status"] == "paused"


def test_formulas_are_read_by_the_library_alone() -> None:
    X = plain_inputs({"x1": [1.0, 2.0], "x2": [0.5, -1.0]}, ["log(1 + abs(x2))"])
    np.testing.assert_allclose(X[:, 0], np.log1p([0.5, 1.0]), rtol=1e-6)
    assert Formula("x1 * x2").columns == ("x1", "x2")


def test_first_weights_set_by_hand_belong_to_the_lesson(desk: Callable[..., Any]) -> None:
    lab = desk()
    lab.ask("edit", layer=1, unit=0, source=1, value=0.75)
    lab.ask("edit", layer=2, unit=0, source=None, value=-0.5)
    state = lab.settled()
    assert state["query"].endswith("set=w1_2_1:0.75,b2_1:-0.5")
    frame = lab.epochs(3)
    lab.ask("reset")
    lab.settled()
    begun = lab.latest["frame"]["layers"]
    assert (lab.array(begun[0]["W"])[1, 0], lab.array(begun[1]["b"])[0]) == (0.75, -0.5), "a reset keeps them"
    other = desk(query=state["query"])
    assert other.epochs(3)["layers"] == frame["layers"]
    other.configure(network={"learning_rate": 0.1})
    assert len(other.latest["state"]["config"]["network"]["edits"]) == 2
    other.configure(network={"hidden": [{"units": 5}]})
    assert other.latest["state"]["config"]["network"]["edits"] == [], "they were set in another network"
    lab.configure(network={"edits": []})
    assert lab.array(lab.latest["frame"]["layers"][1]["b"])[0] != -0.5


def test_weights_that_are_not_there_are_left_out_of_a_lesson(desk: Callable[..., Any]) -> None:
    lab = desk(query="data=xor&hidden=2:tanh&set=w1_2_2:0.25,w1_9_1:3,w4_1_1:2,b1_7:1")
    state = lab.settled()
    assert [one["value"] for one in state["config"]["network"]["edits"]] == [0.25]
    assert any("left out" in one["text"] for one in lab.notices)
    lab.epochs(1)


def test_a_loss_that_other_rows_forbid_comes_back_with_rows_that_allow_it(desk: Callable[..., Any]) -> None:
    lab = desk()
    for name, loss in (("line", "squared_error"), ("plane", "squared_error"), ("moons", "log_loss")):
        lab.configure(data={"name": name})
        assert lab.latest["state"]["config"]["network"]["loss"] == loss
    lab.configure(data={"name": "line"})
    lab.configure(network={"loss": "huber"})
    lab.configure(data={"name": "hill"})
    assert lab.latest["state"]["config"]["network"]["loss"] == "huber"


def test_a_table_whose_first_line_is_a_row(desk: Callable[..., Any], tmp_path: Path) -> None:
    lab = desk()
    path = tmp_path / "numbers.csv"
    path.write_text("".join(f"{i % 7},{i % 5},{i % 2}\n" for i in range(40)))
    lab.request(open=str(path), name="numbers.csv")
    state = lab.settled()
    assert (state["config"]["data"]["header"], state["rows"]["train"] + state["rows"]["held_out"]) == (False, 40), "0,0,0 are no names"
    path.write_text("".join(f"{i},{i % 5 + 50},{i % 2 + 7}\n" for i in range(40)))
    lab.request(open=str(path), name="numbers.csv")
    state = lab.settled()
    assert state["config"]["data"]["header"] and any("first line is names" in one["text"] for one in lab.notices)
    lab.configure(data={"header": False})
    state = lab.latest["state"]
    assert [one["id"] for one in state["columns"]] == ["c1", "c2"] and "header=False" in state["query"]
    assert "header=False" in lab.ask("code")["code"]


def test_the_doctor_does_not_call_a_pause_an_end(desk: Callable[..., Any]) -> None:
    lab = desk()
    lab.epochs(8)
    doctor = lab.until(lambda latest: latest["doctor"]["epoch"] == 8)["doctor"]
    assert "stopped_too_early" not in [one["name"] for one in doctor["findings"]]
    assert not any("_init=" in one["action"] for one in doctor["findings"])


def test_every_backward_line_at_the_output_has_its_rule(desk: Callable[..., Any]) -> None:
    lab = desk(query="data=moons&hidden=2:tanh")
    lab.ask("pick", row=3)
    terms = {
        one["symbol"]: one
        for one in lab.until(lambda latest: latest["trace"]["row"] == 3)["trace"]["terms"]
        if one["group"].startswith("output")
    }
    assert terms["dL/da2_1"]["rule"] == "(a - y)/(a·(1 - a))"
    assert terms["da/dz"]["rule"] == "a·(1 - a)"
    assert (terms["dL/dz2_1"]["rule"], terms["dL/dw2_1_1"]["rule"]) == ("dL/da·da/dz", "dL/dz·a")


def test_a_picture_that_cannot_be_made_is_told_and_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Told:
        number, told = 1, list[str]()

        @property
        def link(self) -> Any:
            return self

        def notice(self, level: str, text: str) -> None:
            self.told.append(text)

    def fails(engine: Any) -> None:
        raise KeyError("unit 7")

    monkeypatch.setitem(publishing.MAKERS, "panels", fails)
    engine = Told()
    publisher = Publisher(engine)  # type: ignore[arg-type]
    publisher.send("panels")
    publisher.send("panels")
    assert len(engine.told) == 1 and "unit 7" in engine.told[0] and "goes on" in engine.told[0]
