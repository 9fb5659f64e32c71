"""The page as a whole: quick, small, reachable by keyboard and by name, whole at any width, and patient with an engine that goes away."""

from __future__ import annotations

import gzip
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import glassnet
from glassnet.seeing.palette import COLOURS

Show = Callable[..., Any]
Lab = Any
"""Both are described in conftest.py."""

STATIC = Path(glassnet.__file__).parent / "lab" / "static"
LESSON = "data=xor&samples=80&hidden=4:tanh,2:tanh"


def test_the_bundle_is_under_100_kilobytes_and_asks_for_nothing_elsewhere() -> None:
    sizes = [len(gzip.compress((STATIC / name).read_bytes(), 9)) for name in ("index.html", "app.js", "app.css")]
    assert sum(sizes) < 100_000
    for name in ("index.html", "app.js", "app.css"):
        addresses = set(re.findall(r"https?://[^\s\"'`)\\]+", (STATIC / name).read_text(encoding="utf-8")))
        assert {one for one in addresses if not one.startswith(("http://www.w3.org/", "http://127.0.0.1"))} == set()


def test_the_colours_are_those_of_every_view() -> None:
    css = (STATIC / "app.css").read_text(encoding="utf-8").lower()
    for name, colour in COLOURS.items():
        short = {"#ffffff": "#fff"}
        for shade in (colour.light, colour.dark):
            assert f"--{name}:{short.get(shade, shade)}" in css.replace(": ", ":")


def test_it_appears_within_a_second(show: Show, lab: Lab) -> None:
    seen = show(lab, LESSON)
    times = []
    for _ in range(5):
        seen.page.reload()
        seen.wait("() => performance.getEntriesByName('first-contentful-paint').length")
        times.append(seen.page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime"))
    assert min(times) < 1000


def test_a_reload_keeps_the_run(show: Show, lab: Lab) -> None:
    seen = show(lab, LESSON)
    seen.steps("epoch", 2)
    seen.wait_for("epoch", "v === 2")
    weights = seen.weights()
    seen.page.reload()
    seen.ready()
    seen.wait_for("epoch", "v === 2")
    assert seen.weights() == weights


@pytest.mark.parametrize("width", [768, 1024, 1280, 1720])
@pytest.mark.parametrize("lesson", [LESSON, "mode=rbm&data=digits&samples=100&units=16"])
def test_it_is_whole_at_any_width(show: Show, lab: Lab, width: int, lesson: str) -> None:
    seen = show(lab, lesson, viewport={"width": width, "height": 800})
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= width, "the page does not scroll sideways"
    outside = """() => Array.from(document.querySelectorAll('.card')).filter(card => {
        const inner = card.getBoundingClientRect(); return inner.left < -1 || inner.right > innerWidth + 1 }).length"""
    assert seen.page.evaluate(outside) == 0
    ids = seen.page.evaluate("Array.from(document.querySelectorAll('[id]')).map(element => element.id)")
    assert len(ids) == len(set(ids))


def test_everything_that_is_worked_has_a_name(show: Show, lab: Lab) -> None:
    seen = show(lab, LESSON)
    nameless = """() => {
        const worked = 'button, input, select, a[href], [role=tab], canvas[role=img], svg[role=img]'
        const named = e => e.getAttribute('aria-label') || e.textContent.trim() || e.labels?.[0]?.textContent.trim()
            || document.getElementById(e.getAttribute('aria-labelledby'))
        const reached = e => e.getAttribute('aria-hidden') !== 'true' && (e.tabIndex !== -1 || e.tagName === 'CANVAS')
        return Array.from(document.querySelectorAll(worked)).filter(e => reached(e) && !named(e)).map(e => e.outerHTML.slice(0, 120)) }"""
    for tab in ("example", "mistakes", "gradients", "landscape", "code"):
        seen.tab(tab)
        assert seen.page.evaluate(nameless) == []
    assert seen.page.locator("h1").count() == 1
    assert seen.page.locator("main").count() == 1


def test_no_control_is_without_a_test(show: Show, lab: Lab) -> None:
    tested = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("*.py"))
    found: set[str] = set()
    table = "data=blobs&classes=3&samples=60&hidden=3:tanh&optimiser=sgd"
    for lesson in (LESSON, table, "data=digits&samples=100&hidden=30", "mode=rbm&data=digits&samples=100&units=16"):
        seen = show(lab, lesson)
        if seen.control("paint").count():
            seen.press("paint")
        for tab in seen.page.locator("[data-tab]").all():
            tab.click()
            for control in seen.page.locator("[data-control]").all():
                found.add(str(control.get_attribute("data-control")))
        seen.check("landscape-weights") if seen.control("landscape-weights").count() else None
    # several of a kind are told apart by what follows their last hyphen
    missing = {name for name in found if f'"{name}"' not in tested and f'"{name.rpartition("-")[0]}-' not in tested}
    assert missing == set()
    assert len(found) > 60


def test_the_lab_outlives_its_training_process(show: Show, start_lab: Callable[..., Lab]) -> None:
    lab = start_lab()
    seen = show(lab, LESSON)
    seen.press("play")
    seen.wait_for("epoch", "v >= 2")
    below = [
        Path(f"/proc/{child}") for path in Path(f"/proc/{lab.process.pid}/task").glob("*/children") for child in path.read_text().split()
    ]
    training = [process for process in below if b"spawn_main" in (process / "cmdline").read_bytes()]
    assert training, "training is a process of its own"
    for process in training:
        os.kill(int(process.name), signal.SIGKILL)
    seen.page.locator("[data-notice]").wait_for()
    seen.wait("() => ['ready', 'paused'].includes(document.querySelector('main').dataset.status)")
    seen.steps("epoch")
    seen.errors[:] = [error for error in seen.errors if "status of 503" not in error]


def test_the_keyboard_reaches_a_weight_and_the_leaves(show: Show, lab: Lab) -> None:
    seen = show(lab, LESSON)
    seen.page.locator('[data-unit="a1_2"]').focus()
    seen.page.keyboard.press("Enter")
    field = seen.page.locator('.unit-numbers [data-weight="w1_1_2"]')
    before = seen.weights()["w1_1_2"]
    field.focus()
    seen.page.keyboard.press("ArrowUp")
    seen.page.keyboard.press("Enter")
    seen.wait("was => document.querySelector('.edges [data-edge=w1_1_2]').dataset.value != was", before)
    assert seen.weights()["w1_1_2"] == pytest.approx(before + 0.1, abs=1e-3)
    seen.page.locator('[data-tab="example"]').focus()
    seen.page.keyboard.press("ArrowRight")
    assert seen.page.locator('[data-tab="mistakes"]').get_attribute("aria-selected") == "true"
    seen.page.keyboard.press("End")
    assert seen.page.locator('[data-tab="code"]').get_attribute("aria-selected") == "true"


def test_sign_is_told_by_more_than_colour(show: Show, lab: Lab) -> None:
    seen = show(lab, LESSON)
    read = """elements => elements.map(e =>
        [parseFloat(e.dataset.value), e.querySelector('.edge')?.getAttribute('stroke-dasharray') ?? null])"""
    edges = seen.page.locator(".edges .edge-group").evaluate_all(read)
    assert {value < 0 for value, _ in edges} == {True, False}
    assert all((value < 0) == (dash is not None) for value, dash in edges)


def test_motion_stops_where_it_is_not_wanted(show: Show, lab: Lab) -> None:
    seen = show(lab, LESSON, reduced_motion="reduce")
    moving = """() => Array.from(document.querySelectorAll('*')).filter(e =>
        getComputedStyle(e).transitionDuration.split(',').some(t => parseFloat(t) > 0)).length"""
    assert seen.page.evaluate(moving) == 0


def test_the_dark_page_is_dark(show: Show, lab: Lab) -> None:
    seen = show(lab, LESSON, color_scheme="dark")
    assert seen.page.evaluate("getComputedStyle(document.querySelector('.card')).backgroundColor") == "rgb(20, 25, 31)"


def test_the_page_comes_back_when_the_server_does(show: Show, start_lab: Callable[..., Lab]) -> None:
    lab = start_lab()
    seen = show(lab, "data=donut&samples=90&hidden=3:tanh")
    seen.steps("epoch", 3)
    seen.wait_for("epoch", "v === 3")
    lab.stop()
    seen.page.locator('[data-link="lost"]').wait_for()
    assert "does not answer" in seen.text(".away-note")
    lab.start()
    seen.page.locator('[data-link="open"]').wait_for()
    seen.wait("() => document.querySelector('main').dataset.query?.startsWith('data=donut')")
    seen.wait_for("epoch", "v === 0")
    seen.steps("epoch")
    seen.wait_for("epoch", "v === 1")
    seen.errors[:] = [error for error in seen.errors if "ERR_" not in error]  # the browser tells that nobody answered


def test_a_page_that_nobody_sees_holds_no_stream_and_catches_up(show: Show, lab: Lab) -> None:
    seen = show(lab, LESSON)
    turn = """state => { Object.defineProperty(document, 'visibilityState', {value: state, configurable: true});
        document.dispatchEvent(new Event('visibilitychange')) }"""
    seen.page.evaluate(turn, "hidden")
    assert seen.send({"command": "step", "what": "epoch"})["ok"]
    lab.until_epoch(1)
    seen.page.wait_for_timeout(300)
    assert seen.value("epoch") == 0
    seen.page.evaluate(turn, "visible")
    seen.wait_for("epoch", "v === 1")


def test_a_page_without_the_token_says_what_to_do(show: Show, lab: Lab) -> None:
    seen = show(lab, LESSON)
    browser = seen.page.context.browser
    assert browser is not None
    stranger = browser.new_context()
    other = stranger.new_page()
    other.goto(f"http://127.0.0.1:{lab.port}/#data=moons&lr=0.1")
    other.locator(".waiting").filter(has_text="Open the address that the terminal shows").wait_for()
    assert other.locator(".waiting pre").inner_text() == "glassnet lab '#data=moons&lr=0.1'"
    stranger.close()


def test_training_that_ended_says_why_for_as_long_as_it_lasts(show: Show, lab: Lab) -> None:
    seen = show(lab, "data=hill&samples=100&hidden=8:relu&loss=squared_error&optimiser=sgd&lr=1000.0")
    seen.press("play")
    seen.page.locator("[data-told=diverged]").wait_for()
    assert "smaller learning rate" in seen.text("[data-told=diverged]")
    assert seen.control("play").is_disabled()
    seen.control("rate").fill("0.01")
    seen.control("rate").press("Enter")
    seen.page.locator('[data-control="play"]:not(:disabled)').wait_for()
    assert seen.page.locator("[data-told]").count() == 0
