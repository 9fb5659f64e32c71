"""Pictures: digits, a drawing that every layer answers, and the Boltzmann machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

Show = Callable[..., Any]
Lab = Any
"""Both are described in conftest.py."""

THREE = [(0.3, 0.25), (0.6, 0.2), (0.7, 0.35), (0.45, 0.5), (0.7, 0.62), (0.6, 0.8), (0.3, 0.78)]


def draw(seen: Any, stroke: list[tuple[float, float]]) -> None:
    """A stroke of the mouse on the pad."""
    pad = seen.page.locator("[data-canvas=pad]")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]
    seen.page.mouse.move(*places[0])
    seen.page.mouse.down()
    for place in places[1:]:
        seen.page.mouse.move(*place, steps=5)
    seen.page.mouse.up()


def test_a_drawn_digit_is_answered_by_every_layer(show: Show, lab: Lab) -> None:
    seen = show(lab, "data=digits&samples=600&hidden=24:relu&batch=50&lr=0.01")
    seen.steps("epoch", 8)
    seen.wait_for("epoch", "v === 8")
    seen.tab("draw")
    draw(seen, THREE)
    seen.wait("() => document.querySelectorAll('[data-node^=drawn_]').length === 10")
    shares = seen.values("[data-node^=drawn_]", "data-node")
    assert sum(shares.values()) == pytest.approx(1, abs=1e-5)
    best = max(shares, key=lambda node: shares[node])
    assert seen.text(".verdicts .said") == str(int(best.removeprefix("drawn_")) - 1)
    assert seen.page.locator(".answers .cells").count() == 1
    assert seen.page.locator('[data-canvas="drawn"]').evaluate("canvas => [canvas.width, canvas.height]") == [8, 8]
    seen.press("pad-clear")
    assert seen.page.locator("[data-node^=drawn_]").count() == 0


def test_a_layer_that_is_too_large_is_shown_in_part(show: Show, lab: Lab) -> None:
    seen = show(lab, "data=digits&samples=200&hidden=100:relu&batch=50")
    count = seen.page.locator("[data-unit^=a1_]").count()
    assert count < 100
    first = seen.page.locator("[data-unit^=a1_]").first.get_attribute("data-unit")
    assert first == "a1_1"
    seen.press("fold-on-1")
    seen.wait("n => document.querySelector('[data-unit^=a1_]').dataset.unit === `a1_${n + 1}`", count)
    assert f"w2_{count + 1}_1" in seen.weights()
    seen.press("fold-back-1")
    seen.wait("() => document.querySelector('[data-unit^=a1_]').dataset.unit === 'a1_1'")


def test_the_machine_learns_reconstructs_and_dreams(show: Show, lab: Lab) -> None:
    seen = show(lab, "mode=rbm&data=digits&samples=300&units=32")
    before = seen.page.locator('[data-canvas="filter_1"]').get_attribute("data-hash")
    seen.press("step")
    seen.wait_for("epoch", "v === 1")
    seen.wait("was => document.querySelector('[data-canvas=filter_1]').dataset.hash !== was", before)
    assert seen.page.locator("[data-list=filters] canvas").count() == 32
    seen.press("play")
    seen.wait_for("epoch", "v >= 6")
    seen.press("play")
    seen.wait("() => document.querySelector('main').dataset.status === 'paused'")
    machine = seen.program()["rbm"]
    sent = lab.messages("rbm")["rbm"]
    low, high = sent["filters"]["low"][0], sent["filters"]["high"][0]
    weights = np.asarray(machine.components_[0])
    assert (low, high) == (pytest.approx(float(weights.min()), rel=1e-5), pytest.approx(float(weights.max()), rel=1e-5))
    canvas = seen.page.locator('[data-canvas="filter_1"]')
    assert float(str(canvas.get_attribute("data-max"))) == high
    assert seen.value("reconstruction_error") == pytest.approx(sent["measures"]["reconstruction_error"])
    seen.press("gibbs-noise")
    seen.wait_for("sweeps", "v >= 3")
    seen.press("gibbs-stop")
    seen.wait("() => document.querySelector('[data-control=gibbs-stop]').disabled")
    sweeps = seen.value("sweeps")
    seen.press("gibbs-step")
    seen.wait_for("sweeps", f"v === {sweeps + 1}")
    seen.press("gibbs-examples")
    seen.wait_for("sweeps", f"v < {sweeps}")
    draw(seen, THREE)
    seen.page.locator('[data-canvas="drawn-reconstruction"]').wait_for()
    seen.press("gibbs-drawing")
    seen.wait_for("sweeps", "v >= 1")
    seen.press("gibbs-clear")
    seen.wait("() => !document.querySelector('[data-list=chains]')")


def test_settings_of_the_machine(show: Show, lab: Lab) -> None:
    seen = show(lab, "mode=rbm&data=digits&samples=200&units=16")
    for control, value, word in (
        ("rbm-k", "3", "k"),
        ("rbm-rate", "0.01", "rbmlr"),
        ("rbm-batch", "10", "rbmbatch"),
        ("rbm-seed", "4", "rbmseed"),
    ):
        seen.control(control).fill(value)
        seen.control(control).press("Enter")
        seen.wait("([w, v]) => new URLSearchParams(document.querySelector('main').dataset.query).get(w) === v", [word, value])
    seen.control("rbm-units").fill("20")
    seen.control("rbm-units").press("Enter")
    seen.wait("() => document.querySelectorAll('[data-list=filters] canvas').length === 20")
    seen.control("rbm-method").select_option("cd")
    seen.wait("() => new URLSearchParams(document.querySelector('main').dataset.query).get('method') === 'cd'")
    seen.check("mode-network")
    seen.wait("() => document.querySelectorAll('.edges [data-edge]').length > 0")
    seen.check("mode-rbm")
    seen.wait("() => document.querySelectorAll('[data-list=filters] canvas').length === 20")
