"""report.html in a real browser: it is whole, it is reachable by keyboard, and every number on it is the engine's."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from glassnet.seeing.svg import shown
from glassnet.seeing.trace.tracing import trace

Show = Callable[..., Any]
Made = Any
"""Both are described in conftest.py."""


@pytest.mark.parametrize("run", ["tumours", "iris", "diabetes", "pictures"])
@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_is_whole_at_any_width(view: Show, run: str, width: int, request: pytest.FixtureRequest) -> None:
    page = view(request.getfixturevalue(run).page, viewport={"width": width, "height": 800}).page
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "the page does not scroll sideways"
    assert [heading.inner_text() for heading in page.locator("h2").all()][:3] == [
        "Verdict",
        "The data, and what was done to them",
        "Training",
    ]
    broken = "Array.from(document.images).filter(image => !image.complete || !image.naturalWidth).length"
    assert page.evaluate(broken) == 0
    ids = page.evaluate("Array.from(document.querySelectorAll('[id]')).map(element => element.id)")
    assert len(ids) == len(set(ids))


def test_nothing_is_run_that_a_table_says(view: Show, tumours: Made) -> None:
    page = view(tumours.page)
    assert tumours.X.columns[0].startswith("<script>")
    assert page.shown("table.columns tbody th") == tumours.X.columns[0]
    assert "<b>bad</b>" in page.shown("h1")
    assert page.page.locator("h1 b").count() == 0


def test_the_policy_lets_nothing_in_and_nothing_out(view: Show, iris: Made) -> None:
    seen = view(iris.page)
    blocked = seen.page.evaluate(
        """async () => { try { await fetch('https://example.com/'); return 'went out' } catch { return 'stayed' } }"""
    )
    seen.errors.clear()  # the browser tells of the refusal
    seen.requests.clear()
    assert blocked == "stayed"


def test_the_verdict_is_that_of_the_test_rows(view: Show, tumours: Made) -> None:
    page = view(tumours.page)
    right = int((tumours.model.predict(tumours.X) == tumours.y).sum())
    n = len(tumours.y)
    assert page.shown("[data-headline]") == f"{100 * right / n:.1f} %"
    assert f"{right:,} of {n:,}" in page.shown("[data-interval]")
    assert "Wilson" in page.shown("[data-interval]")


def test_the_verdict_of_numbers_is_r_squared(view: Show, diabetes: Made) -> None:
    page = view(diabetes.page)
    y, said = diabetes.y, diabetes.model.predict(diabetes.X)
    assert page.shown("[data-headline]") == f"{1 - ((y - said) ** 2).sum() / ((y - y.mean()) ** 2).sum():.3f}"
    assert "bootstrap" in page.shown("[data-interval]")


def counts(run: Made, threshold: float) -> dict[str, int]:
    p = run.model.predict_proba(run.X)[:, 1].astype(np.float64)
    yes, said = run.y == run.model[-1].classes_[1], p >= threshold
    return {
        "tp": int((yes & said).sum()),
        "fp": int((~yes & said).sum()),
        "fn": int((yes & ~said).sum()),
        "tn": int((~yes & ~said).sum()),
    }


def test_the_threshold_moves_by_keyboard_and_the_counts_are_right(view: Show, tumours: Made) -> None:
    seen = view(tumours.page)
    slider = seen.page.locator("#cut")
    slider.focus()
    for keys, threshold in ((["ArrowRight"] * 3, 0.53), (["Home"], 0.0), (["End"], 1.0), (["ArrowLeft"] * 4, 0.96)):
        for key in keys:
            seen.page.keyboard.press(key)
        assert seen.shown("#cut-value") == f"{threshold:.2f}"
        expected = counts(tumours, threshold)
        assert {name: int(seen.shown(f"[data-show={name}]").replace(",", "")) for name in expected} == expected
        n = sum(expected.values())
        assert float(seen.shown("[data-show=accuracy]").split()[0]) == pytest.approx(100 * (expected["tp"] + expected["tn"]) / n, abs=0.051)
        assert slider.get_attribute("aria-valuetext") == f"{threshold:.2f}"


def test_costs_are_those_of_the_mistakes_and_the_cheapest_threshold_is_the_cheapest(view: Show, tumours: Made) -> None:
    seen = view(tumours.page)
    seen.page.locator("#cost-fp").fill("2.5")
    seen.page.locator("#cost-fn").fill("40")
    costs = [2.5 * c["fp"] + 40 * c["fn"] for c in (counts(tumours, t / 100) for t in range(101))]
    assert float(seen.shown("#cost-total").replace(",", "")) == costs[50]
    seen.page.locator("#cheapest").press("Enter")
    assert float(seen.shown("#cost-total").replace(",", "")) == min(costs)
    at = round(100 * float(seen.shown("#cut-value")))
    assert costs[at] == min(costs)
    assert f"threshold={at / 100:.2f}" in seen.shown(".costs code")
    seen.page.locator("#cost-fn").fill("")
    assert float(seen.shown("#cost-total").replace(",", "")) == 2.5 * counts(tumours, at / 100)["fp"]


def test_the_confusion_of_more_classes_is_that_of_the_model(view: Show, iris: Made) -> None:
    page = view(iris.page).page
    cells = [[int(cell.inner_text()) for cell in line.locator("td span").all()] for line in page.locator("#confusion tbody tr").all()]
    classes, said = iris.model[-1].classes_, iris.model.predict(iris.X)
    assert cells == [[int(((iris.y == a) & (said == b)).sum()) for b in classes] for a in classes]


@pytest.mark.parametrize("run", ["tumours", "iris", "diabetes", "pictures"])
def test_choosing_an_example_shows_the_engines_numbers_for_it(view: Show, run: str, request: pytest.FixtureRequest) -> None:
    given = request.getfixturevalue(run)
    seen = view(given.page)
    radios = seen.page.locator("input[name=example]")
    assert radios.count() >= 2
    for at in range(radios.count()):
        radios.nth(at).check()
        row = int(str(radios.nth(at).get_attribute("value")))
        traced = trace(given.model, given.X[row : row + 1], given.y[row].item() if hasattr(given.y[row], "item") else given.y[row])
        visible = seen.page.locator(".passage:not([hidden])")
        assert visible.count() == 1
        drawn = visible.evaluate(READ)
        seen_layers = set()
        for unit in drawn:
            match = re.fullmatch(r"([az])(\d+)_(\d+)", unit["node"])
            if match is None or unit["value"] is None:
                continue
            kind, layer, number = match[1], int(match[2]), int(match[3]) - 1
            seen_layers.add((kind, layer))
            if kind == "a" and layer == len(traced.layers):
                said = traced.prediction[number] if hasattr(given.model[-1], "classes_") else given.model.predict(given.X[row : row + 1])[0]
                assert float(unit["value"]) == pytest.approx(float(said), rel=1e-6)
                continue
            value, back = engines(traced, layer, number)
            gradient = float(unit["gradient"])
            assert float(unit["value"]) == value
            assert gradient == pytest.approx(back, rel=1e-6, abs=1e-30)
            assert unit["texts"][0] in [shown(value, digits) for digits in (3, 2, 1)]
            assert unit["texts"][1] in [shown(gradient, digits) for digits in (3, 2, 1)]
        last = len(traced.layers)
        assert seen_layers == {*(("a", layer) for layer in range(last + 1)), ("z", last)}
        loss = next(unit for unit in drawn if unit["node"] == "L")
        assert float(loss["value"]) == traced.loss.value


READ = """stage => Array.from(stage.querySelectorAll('[data-node]')).map(unit => ({
    node: unit.dataset.node, value: unit.dataset.value ?? null, gradient: unit.dataset.grad ?? null,
    texts: Array.from(unit.querySelectorAll('text')).map(text => text.textContent) }))"""


def engines(traced: Any, layer: int, unit: int) -> tuple[float, float]:
    """A unit's value and gradient: of an input x and dL/dx, of a hidden unit a and dL/da, of an output z and dL/dz."""
    if layer == 0:
        return float(traced.inputs[unit].value), float(traced.inputs[unit].gradient)
    passed = traced.layers[layer - 1]
    if layer == len(traced.layers):
        return float(passed.z[unit]), float(passed.dz[unit])
    return float(passed.a[unit]), float(passed.da[unit])


def test_the_way_back_is_shown_when_it_is_asked_for(view: Show, tumours: Made) -> None:
    seen = view(tumours.page)
    gradient = seen.page.locator(".passage:not([hidden]) .unit text.f-gradient").first
    assert not gradient.is_visible()
    seen.page.locator("input[name=way][value=back]").check()
    assert gradient.is_visible()


def test_a_unit_tells_its_digits_by_click_and_by_key(view: Show, tumours: Made) -> None:
    seen = view(tumours.page)
    units = seen.page.locator(".passage:not([hidden]) [data-node^=a1_][aria-label]")
    units.nth(0).click()
    assert seen.shown("#told") == " ".join(str(units.nth(0).get_attribute("aria-label")).split())
    units.nth(1).focus()
    seen.page.keyboard.press("Enter")
    assert seen.shown("#told") == " ".join(str(units.nth(1).get_attribute("aria-label")).split())


def test_every_control_is_reached_by_the_tab_key(view: Show, tumours: Made) -> None:
    seen = view(tumours.page)
    wanted = {"cut", "cost-fp", "cost-fn", "cheapest"}
    met: list[str] = []
    name = "(e => e.id || e.name || e.dataset.copy || e.dataset.node || e.tagName)(document.activeElement)"
    for _ in range(140):
        seen.page.keyboard.press("Tab")
        met.append(seen.page.evaluate(name))
        if met[-1] == "BODY":
            break
    assert wanted <= set(met)
    assert {"example", "way", "command", "SUMMARY", "A"} <= set(met)
    assert any(re.match(r"a\d+_\d+", entry) for entry in met), "the units of the network"
    order = [met.index(entry) for entry in ("cut", "cost-fp", "cost-fn", "cheapest", "example", "command")]
    assert order == sorted(order), "in the order of reading"


def test_examples_change_by_arrow_keys(view: Show, tumours: Made) -> None:
    seen = view(tumours.page)
    seen.page.locator("input[name=example]").first.focus()
    before = seen.page.locator(".passage:not([hidden])").get_attribute("data-example")
    seen.page.keyboard.press("ArrowDown")
    assert seen.page.locator(".passage:not([hidden])").get_attribute("data-example") != before


def test_the_arithmetic_of_an_error_opens_by_key_and_ends_in_the_engines_loss(view: Show, tumours: Made) -> None:
    seen = view(tumours.page)
    row = seen.page.locator("ol.errors > li").first
    number = int(str(row.get_attribute("data-row")))
    summary = row.locator("summary").first
    summary.focus()
    seen.page.keyboard.press("Enter")
    assert row.locator(".glassnet-trace").is_visible()
    traced = trace(tumours.model, tumours.X[number : number + 1], tumours.y[number])
    assert traced.loss is not None
    values = [float(str(cell.get_attribute("data-value"))) for cell in row.locator(".eq [data-value]").all()]
    assert traced.loss.value in values


def test_each_metric_of_the_table_is_the_runs(view: Show, diabetes: Made) -> None:
    page = view(diabetes.page).page
    cells = [cell.inner_text().replace("−", "-").replace(",", "") for cell in page.locator("table.metrics tr.own td").all()]
    for cell, metric in zip(cells, ("r2", "mae", "rmse"), strict=True):
        digits = len(cell.split(".")[-1]) if "." in cell else 0
        assert float(cell) == round(diabetes.facts["test"][metric], digits)


def test_a_dark_screen_is_dark_and_paper_is_light(view: Show, iris: Made) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    light, dark = view(iris.page), view(iris.page, color_scheme="dark")
    assert light.page.evaluate(ground) == "rgb(255, 255, 255)"
    assert max(map(int, re.findall(r"\d+", dark.page.evaluate(ground)))) < 60
    dark.page.emulate_media(media="print")
    assert dark.page.evaluate(ground) == "rgb(255, 255, 255)"


def test_it_prints(view: Show, tumours: Made) -> None:
    page = view(tumours.page).page
    printed = page.pdf(format="A4")
    assert printed.startswith(b"%PDF")
    assert len(re.findall(rb"/Type /Page\b", printed)) >= 3
    page.emulate_media(media="print")
    assert not page.locator("nav").is_visible()
    assert page.locator("#verdict").is_visible()


def test_without_script_everything_can_still_be_read(view: Show, tumours: Made) -> None:
    seen = view(tumours.page, java_script_enabled=False)
    expected = counts(tumours, 0.5)
    assert {name: int(seen.shown(f"[data-show={name}]")) for name in expected} == expected
    assert seen.page.locator(".passage:not([hidden]) [data-node]").count() > 3


def test_it_is_one_small_file(tumours: Made, pictures: Made) -> None:
    for run in (tumours, pictures):
        text = run.page.read_text(encoding="utf-8")
        assert len(text.encode()) < 2 * 2**20
        assert re.findall(r"""(?:src|href)=["'](?!data:|#)[^"']*""", text) == []
        assert "http://" not in re.sub(r'xmlns="http://www\.w3\.org/\d+/svg"', "", text)


def test_the_counts_in_the_page_are_json_that_python_reads(tumours: Made) -> None:
    text = tumours.page.read_text(encoding="utf-8")
    table: dict[str, Any] = json.loads(re.search(r'id="thresholds">(.*?)</script>', text, re.S)[1])  # type: ignore[index]
    assert [table[name][37] for name in ("tp", "fp", "fn", "tn")] == list(counts(tumours, 0.37).values())
