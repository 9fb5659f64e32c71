"""Every number on the page is the engine's: compared with what glassnet computes in this process."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import glassnet

Show = Callable[..., Any]
Lab = Any
"""Both are described in conftest.py."""

LESSONS = {
    "two classes": "data=moons&samples=120&hidden=4:tanh,2:relu&batch=30",
    "more classes": "data=blobs&classes=3&samples=90&hidden=3:logistic&optimiser=sgd&lr=0.1",
    "numbers": "data=line&samples=80&hidden=3:tanh&loss=squared_error",
    "made inputs, no hidden layer": "data=donut&samples=100&hidden=&inputs=x1,x2,x1**2,x2**2&l2=0.01",
}


def by_name(net: Any) -> dict[str, float]:
    """All parameters under the names that the page gives them."""
    found = {}
    for l, (W, b) in enumerate(zip(net.coefs_, net.intercepts_, strict=True), 1):
        found |= {f"w{l}_{i + 1}_{j + 1}": float(W[i, j]) for i, j in itertools.product(*map(range, W.shape))}
        found |= {f"b{l}_{j + 1}": float(value) for j, value in enumerate(b)}
    return found


@pytest.mark.parametrize("lesson", LESSONS.values(), ids=LESSONS)
def test_the_weights_drawn_are_those_of_the_program_that_the_page_writes(show: Show, lab: Lab, lesson: str) -> None:
    seen = show(lab, lesson)
    seen.steps("epoch", 3)
    seen.wait_for("epoch", "v === 3")
    names = seen.program()
    drawn, expected = seen.weights(), by_name(names["net"])
    assert set(drawn) == set(expected)
    assert drawn == pytest.approx(expected, rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("lesson", [LESSONS["two classes"], LESSONS["more classes"]], ids=["two classes", "more classes"])
def test_an_example_carries_the_numbers_of_the_trace(show: Show, lab: Lab, lesson: str) -> None:
    seen = show(lab, lesson)
    seen.steps("epoch", 2)
    seen.wait_for("epoch", "v === 2")
    names = seen.program()
    row = int(names["learned"][7])
    seen.control("row").fill(str(row))
    seen.control("row").press("Enter")
    seen.wait("row => document.querySelector('[data-row]')?.dataset.row === row", str(row))
    traced = glassnet.trace(names["net"], names["X"][row], names["y"][row])
    assert seen.value("L") == pytest.approx(traced.loss.value, rel=1e-6)
    slopes = seen.values(".edges [data-edge]", "data-edge", "data-gradient")
    for layer in traced.layers:
        for j in range(len(layer.z)):
            node = f"{layer.number}_{j + 1}"
            assert seen.value(f"z{node}") == pytest.approx(float(layer.z[j]), rel=1e-6, abs=1e-7)
            assert seen.value(f"a{node}") == pytest.approx(float(layer.a[j]), rel=1e-6, abs=1e-7)
            assert seen.value(f"da{node}") == pytest.approx(float(layer.da[j]), rel=1e-6, abs=1e-7)
            assert seen.value(f"dz{node}") == pytest.approx(float(layer.dz[j]), rel=1e-6, abs=1e-7)
            assert slopes[f"b{node}"] == pytest.approx(float(layer.db[j]), rel=1e-6, abs=1e-7)
            for i in range(len(layer.read)):
                assert slopes[f"w{layer.number}_{i + 1}_{j + 1}"] == pytest.approx(float(layer.dW[i, j]), rel=1e-6, abs=1e-7)
    for k, p in enumerate(traced.prediction):
        assert seen.value(f"p_{k + 1}") == pytest.approx(float(p), rel=1e-6, abs=1e-7)


def test_the_confusion_is_that_of_the_predictions(show: Show, lab: Lab) -> None:
    seen = show(lab, LESSONS["more classes"])
    seen.steps("epoch", 4)
    seen.wait_for("epoch", "v === 4")
    seen.tab("mistakes")
    names = seen.program()
    for which, rows in (("held_out", "held_out"), ("train", "learned")):
        seen.check(f"confusion-{which}")
        X, y = names["X"][names[rows]], names["y"][names[rows]]
        said, classes = names["net"].predict(X), names["net"].classes_
        expected = {
            f"confusion_{i}_{k}": float(((y == a) & (said == b)).sum()) for i, a in enumerate(classes) for k, b in enumerate(classes)
        }
        seen.wait(
            "counts => counts.every(([node, n]) => document.querySelector(`[data-node=${node}]`).dataset.value == n)",
            list(expected.items()),
        )
        assert seen.values("[data-table=confusion] td[data-node]", "data-node") == expected


def test_the_curves_end_where_the_history_ends(show: Show, lab: Lab) -> None:
    seen = show(lab, LESSONS["two classes"])
    seen.steps("epoch", 5)
    seen.wait_for("epoch", "v === 5")
    last = seen.program()["net"].history_[-1]
    seen.wait_for("cost:learned from", f"Math.abs(v - {last['loss']}) < 1e-5")
    assert seen.value("loss") == pytest.approx(last["loss"], rel=1e-6)
    assert seen.value("cost:held out") == pytest.approx(seen.value("val_loss"), rel=1e-6)


def fnv(data: bytes) -> str:
    """FNV-1a, as the page notes it on a canvas."""
    h = 0x811C9DC5
    for byte in data:
        h = (h ^ byte) * 0x01000193 & 0xFFFFFFFF
    return f"{h:08x}"


def test_the_surface_drawn_is_the_one_sent_and_the_one_sent_is_the_predicted_probability(show: Show, lab: Lab) -> None:
    seen = show(lab, LESSONS["two classes"])
    seen.steps("epoch", 3)
    seen.wait_for("epoch", "v === 3")
    names = seen.program()
    sent = lab.messages("state", "frame", "inputs")
    surface = sent["frame"]["surface"]["data"]
    drawn = base64.b64decode(surface["b64"])
    canvas = seen.page.locator("[data-canvas=surface]")
    seen.wait("hash => document.querySelector('[data-canvas=surface]').dataset.hash === hash", fnv(drawn))
    assert (canvas.get_attribute("data-min"), canvas.get_attribute("data-max")) == ("0", "1")
    assert canvas.evaluate("canvas => [canvas.width, canvas.height]") == [100, 100] == surface["shape"][1:]
    left, right, bottom, top = sent["inputs"]["window"]
    grid = np.stack(np.meshgrid(np.linspace(left, right, 100), np.linspace(top, bottom, 100)), -1).reshape(-1, 2).astype(np.float32)
    expected = 255 * names["net"].predict_proba(grid)[:, 1]
    assert np.abs(np.frombuffer(drawn, np.uint8) - expected).max() <= 0.51
