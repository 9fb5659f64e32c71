"""Every control of the page once: what it says changes, and the engine has it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

import glassnet

Show = Callable[..., Any]
Lab = Any
"""Both are described in conftest.py."""

LESSON = "data=moons&samples=100&hidden=3:tanh&batch=25"


def lesson_of(seen: Any) -> dict[str, str]:
    """The words of the lesson that the engine has."""
    query = str(seen.page.locator("main").get_attribute("data-query"))
    return {word: values[0] for word, values in parse_qs(query, keep_blank_values=True).items()}


def wait_for_word(seen: Any, word: str, value: str | None) -> None:
    """Wait until the engine's lesson has ``word=value``; None: until it has no such word."""
    script = "([word, value]) => new URLSearchParams(document.querySelector('main').dataset.query).get(word) === value"
    seen.wait(script, [word, value])


def test_play_pause_and_reset(show: Show, lab: Lab) -> None:
    seen = show(lab, LESSON)
    seen.control("speed").select_option("20")
    seen.press("play")
    seen.wait_for("epoch", "v >= 3")
    assert seen.text('[data-control="play"]') == "Pause"
    seen.press("play")
    seen.wait("() => document.querySelector('main').dataset.status === 'paused'")
    epoch = seen.value("epoch")
    seen.page.wait_for_timeout(300)
    assert seen.value("epoch") == epoch, "what is paused stands still"
    seen.press("reset")
    seen.wait_for("epoch", "v === 0")
    seen.control("speed").select_option("")


def test_the_keyboard_plays_pauses_and_steps(show: Show, lab: Lab) -> None:
    seen = show(lab, LESSON)
    seen.page.locator("main").focus()
    seen.page.keyboard.press(".")
    seen.wait_for("epoch", "v === 1")
    seen.page.keyboard.press(" ")
    seen.wait_for("epoch", "v > 3")
    seen.page.keyboard.press(" ")
    seen.wait("() => document.querySelector('main').dataset.status === 'paused'")


def test_four_sizes_of_step(show: Show, lab: Lab) -> None:
    seen = show(lab, LESSON)
    before = seen.weights()
    seen.steps("term")
    seen.wait_for("terms", "v === 1")
    seen.steps("term", 2)
    seen.wait_for("terms", "v === 3")
    hidden = seen.page.locator('[data-node="a2_1"][data-value]').count()
    assert hidden == 0, "numbers of later lines are not there yet"
    assert seen.page.locator(".term.newest").count() == 1
    seen.check("step-epoch")
    seen.press("next-line")
    seen.wait_for("terms", "v === 4")
    row = seen.control("row").input_value()
    seen.steps("example")
    seen.wait("row => document.querySelector('[data-control=row]').value !== row", row)
    assert seen.weights() == before, "an example alone moves nothing"
    seen.steps("batch")
    seen.wait_for("batch", "v === 1")
    seen.wait("was => document.querySelector('[data-edge=w1_1_1]').dataset.value != was", str(before["w1_1_1"]))
    seen.steps("epoch")
    seen.wait_for("epoch", "v === 1")


def test_layers_units_and_activations(show: Show, lab: Lab) -> None:
    seen = show(lab, LESSON)
    seen.press("layers-more")
    wait_for_word(seen, "hidden", "3:tanh,3:tanh")
    seen.press("units-more-2")
    wait_for_word(seen, "hidden", "3:tanh,4:tanh")
    seen.press("units-less-1")
    wait_for_word(seen, "hidden", "2:tanh,4:tanh")
    seen.control("activation-2").select_option("relu")
    wait_for_word(seen, "hidden", "2:tanh,4:relu")
    seen.wait("() => document.querySelectorAll('[data-unit^=a2_]').length === 4")
    assert len(seen.weights()) == 2 * 2 + 2 + 2 * 4 + 4 + 4 + 1 == seen.value("parameters")
    seen.press("layers-less")
    wait_for_word(seen, "hidden", "2:tanh")


@pytest.mark.parametrize(
    "control, value, word, expected",
    [
        ("loss", "squared_error", "loss", "squared_error"),
        ("optimiser", "rmsprop", "optimiser", "rmsprop"),
        ("initialiser", "he_normal", "init", "he_normal"),
    ],
)
def test_choices_of_learning(show: Show, lab: Lab, control: str, value: str, word: str, expected: str) -> None:
    seen = show(lab, LESSON)
    seen.control(control).select_option(value)
    wait_for_word(seen, word, expected)
    assert seen.control(control).input_value() == value


@pytest.mark.parametrize(
    "control, value, word",
    [
        ("rate", "0.5", "lr"),
        ("batch-size", "10", "batch"),
        ("alpha", "0.02", "l2"),
        ("l1", "0.003", "l1"),
        ("seed", "7", "seed"),
        ("samples", "60", "samples"),
        ("data-seed", "5", "dataseed"),
    ],
)
def test_numbers_of_learning_and_data(show: Show, lab: Lab, control: str, value: str, word: str) -> None:
    seen = show(lab, LESSON)
    seen.control(control).fill(value)
    seen.control(control).press("Enter")
    seen.control(control).blur()
    wait_for_word(seen, word, value)


def test_a_number_out_of_range_is_refused_in_words_and_not_sent(show: Show, lab: Lab) -> None:
    seen = show(lab, LESSON)
    before = lesson_of(seen)
    seen.control("batch-size").fill("2.5")
    seen.control("batch-size").press("Enter")
    assert "whole number" in seen.text(".fault")
    assert seen.control("batch-size").get_attribute("aria-invalid") == "true"
    assert lesson_of(seen) == before


def test_steps_of_the_learning_rate_and_momentum(show: Show, lab: Lab) -> None:
    seen = show(lab, LESSON + "&optimiser=sgd")
    seen.press("rate-more")
    wait_for_word(seen, "lr", "0.1")
    seen.press("rate-less")
    wait_for_word(seen, "lr", None)  # the usual one is left out
    seen.control("momentum").fill("0.5")
    seen.control("momentum").press("Enter")
    wait_for_word(seen, "momentum", "0.5")


def test_every_layer_has_its_activation_and_its_dropout(show: Show, lab: Lab) -> None:
    seen = show(lab, "data=moons&samples=100&hidden=4:tanh,3:relu&batch=25")
    seen.control("activation-1").select_option("elu")
    wait_for_word(seen, "hidden", "4:elu,3:relu")
    seen.control("dropout-1").fill("0.25")
    seen.control("dropout-1").press("Enter")
    wait_for_word(seen, "hidden", "4:elu:0.25,3:relu")
    seen.control("dropout-2").fill("0.5")
    seen.control("dropout-2").press("Enter")
    wait_for_word(seen, "hidden", "4:elu:0.25,3:relu:0.5")
    seen.steps("epoch", 2)
    net = seen.program()["net"]
    assert (list(net.activation), list(net.dropout)) == (["elu", "relu"], [0.25, 0.5])
    assert seen.weights()["w2_4_3"] == pytest.approx(float(net.coefs_[1][3, 2]), rel=1e-6)
    again = show(lab, "data=moons&samples=100&hidden=4:elu:0.25,3:relu:0.5&batch=25")
    assert again.control("dropout-2").input_value() == "0.5"


def test_data_noise_and_the_share_held_out(show: Show, lab: Lab) -> None:
    seen = show(lab, LESSON)
    for name in ("donut", "xor", "spirals", "line", "plane", "hill", "moons"):
        seen.check(f"data-{name}")
        wait_for_word(seen, "data", name)
    seen.control("noise").fill("0.4")
    wait_for_word(seen, "noise", "0.4")
    seen.control("held-out").fill("0.5")
    wait_for_word(seen, "heldout", "0.5")
    seen.check("data-blobs")
    seen.control("classes").fill("4")
    seen.control("classes").press("Enter")
    wait_for_word(seen, "classes", "4")
    seen.wait("() => document.querySelectorAll('[data-unit^=a2_]').length === 4")
    names = seen.page.locator(".unit-name.right b")
    assert names.all_inner_texts() == ["0", "1", "2", "3"]
    assert min(box["width"] for box in (name.bounding_box() for name in names.all())) > 15, "the classes are named where they are told"
    seen.control("data-seed").fill("3")
    seen.control("data-seed").press("Enter")
    wait_for_word(seen, "dataseed", "3")


def test_what_is_typed_into_a_field_that_has_just_appeared_stays(show: Show, lab: Lab) -> None:
    seen = show(lab, LESSON)
    seen.page.evaluate("""() => new MutationObserver((_, observer) => {
            const field = document.querySelector('[data-control=classes]');
            if (!field) return;
            observer.disconnect();
            field.value = '4';
            field.dispatchEvent(new Event('input', {bubbles: true}));
        }).observe(document.body, {childList: true, subtree: true})""")
    seen.check("data-blobs")
    wait_for_word(seen, "data", "blobs")
    seen.page.wait_for_timeout(300)  # whatever the page does after it has drawn is done
    assert seen.control("classes").input_value() == "4"
    seen.control("classes").press("Enter")
    wait_for_word(seen, "classes", "4")


def test_made_inputs_are_switched_on_and_off(show: Show, lab: Lab) -> None:
    seen = show(lab, "data=xor&samples=100&hidden=")
    seen.check("input-x1 * x2")
    wait_for_word(seen, "inputs", "x1,x2,x1 * x2")
    seen.wait("() => document.querySelectorAll('[data-unit^=a0_]').length === 3")
    seen.check("input-x1")
    wait_for_word(seen, "inputs", "x2,x1 * x2")
    seen.steps("epoch", 1)
    seen.press("play")
    seen.wait_for("score", "v > 0.97")
    seen.press("play")


def test_a_weight_is_edited_where_it_is_drawn_and_in_its_units_list(show: Show, lab: Lab) -> None:
    seen = show(lab, LESSON)
    seen.steps("epoch")
    seen.wait_for("epoch", "v === 1")
    seen.page.locator('.edges [data-edge="w1_2_1"] .reach').dispatch_event("click")
    field = seen.page.locator('.editor [data-control="weight"]')
    field.fill("1.25")
    field.press("Enter")
    seen.wait("() => document.querySelector('.edges [data-edge=w1_2_1]').dataset.value === '1.25'")
    seen.page.keyboard.press("Escape")
    assert seen.page.locator(".editor").count() == 0
    seen.page.locator('[data-unit="a2_1"]').click()
    field = seen.page.locator('.unit-numbers [data-weight="b2_1"]')
    field.fill("-0.5")
    field.press("Enter")
    seen.wait("() => document.querySelector('.edges [data-edge=b2_1]').dataset.value === '-0.5'")
    assert seen.program()["net"].coefs_[0][1, 0] == 1.25


def test_first_weights_set_by_hand_stand_in_the_address(show: Show, lab: Lab) -> None:
    seen = show(lab, LESSON)
    seen.page.locator('.edges [data-edge="w1_2_1"] .reach').dispatch_event("click")
    field = seen.page.locator('.editor [data-control="weight"]')
    field.fill("1.25")
    field.press("Enter")
    wait_for_word(seen, "set", "w1_2_1:1.25")
    assert "set=w1_2_1:1.25" in seen.page.evaluate("location.hash")
    other = show(lab, LESSON + "&set=w1_2_1:1.25,b2_1:-0.5")
    assert (other.weights()["w1_2_1"], other.weights()["b2_1"]) == (1.25, -0.5)
    assert "2 set by hand" in other.text('[data-control="edits-none"]')
    other.press("edits-none")
    other.wait("() => document.querySelector('.edges [data-edge=b2_1]').dataset.value !== '-0.5'")
    assert other.control("edits-none").count() == 0


def test_the_recorded_run_is_scrubbed_back_and_forth(show: Show, lab: Lab) -> None:
    seen = show(lab, LESSON)
    first = seen.weights()
    seen.steps("epoch", 3)
    seen.wait_for("epoch", "v === 3")
    last = seen.weights()
    seen.control("scrub").fill("0")
    seen.wait_for("epoch", "v === 0")
    seen.wait("was => document.querySelector('[data-edge=w1_1_1]').dataset.value == was", str(first["w1_1_1"]))
    assert seen.weights() == pytest.approx(first)
    seen.press("scrub-newest")
    seen.wait_for("epoch", "v === 3")
    assert seen.weights() == pytest.approx(last)


def test_points_are_followed_and_rows_chosen(show: Show, lab: Lab) -> None:
    seen = show(lab, LESSON)
    sent = lab.messages("points", "inputs")
    left, right, bottom, top = sent["inputs"]["window"]
    box = seen.page.locator("[data-canvas=surface]").bounding_box()
    x, y = map(float, read(sent["points"]["xy"])[0])
    seen.page.mouse.click(box["x"] + box["width"] * (x - left) / (right - left), box["y"] + box["height"] * (top - y) / (top - bottom))
    seen.wait("() => document.querySelector('[data-node=L]')?.dataset.value")
    row = int(seen.control("row").input_value())
    seen.press("row-on")
    seen.wait("row => document.querySelector('[data-control=row]').value === row", str(row + 1))
    seen.press("row-back")
    seen.wait("row => document.querySelector('[data-control=row]').value === row", str(row))
    seen.press("row-none")
    seen.wait("() => !document.querySelector('[data-node=L]')")


def read(array: dict[str, Any]) -> Any:
    """An array of a message."""
    import base64

    import numpy as np

    kinds = {"f4": "<f4", "u1": "u1", "i4": "<i4"}
    return np.frombuffer(base64.b64decode(array["b64"]), kinds[array["dtype"]]).reshape(array["shape"])


def test_points_are_painted_and_rubbed_out(show: Show, lab: Lab) -> None:
    seen = show(lab, "data=xor&samples=20&hidden=2")
    points = int(str(seen.page.locator("[data-canvas=points]").get_attribute("data-points")))
    seen.press("paint")
    box = seen.page.locator("[data-canvas=surface]").bounding_box()
    seen.check("brush-1")
    seen.page.mouse.click(box["x"] + 40, box["y"] + 60)
    wait_for_word(seen, "data", "painted")
    seen.wait("n => document.querySelector('[data-canvas=points]').dataset.points === n", str(points + 1))
    seen.check("brush-0")
    seen.page.mouse.move(box["x"] + 60, box["y"] + 200)
    seen.page.mouse.down()
    for step in range(1, 7):
        seen.page.mouse.move(box["x"] + 60 + 12 * step, box["y"] + 200)
        seen.page.wait_for_timeout(90)
    seen.page.mouse.up()
    seen.wait("n => parseInt(document.querySelector('[data-canvas=points]').dataset.points) >= n + 4", points)
    points = int(str(seen.page.locator("[data-canvas=points]").get_attribute("data-points"))) - 1
    seen.check("brush-erase")
    seen.page.mouse.click(box["x"] + 40, box["y"] + 60)
    seen.wait("n => parseInt(document.querySelector('[data-canvas=points]').dataset.points) <= n", points)
    seen.press("paint-clear")
    seen.wait("() => document.querySelector('[data-canvas=points]').dataset.points === '0'")
    assert "Paint points" in seen.text(".network")
    for k in range(3):  # the third is of a class that was not there
        seen.check(f"brush-{k}")
        for x, y in ((60, 60), (75, 80), (90, 60)):
            seen.page.mouse.click(box["x"] + x + 45 * k, box["y"] + y + 40 * k)
    seen.wait("() => document.querySelector('[data-canvas=points]').dataset.points === '9'")
    seen.wait("() => document.querySelectorAll('.unit-name.right').length === 3")
    assert seen.control("brush-3").count() == 1, "another new class is offered"
    seen.press("paint")


def test_pictures_of_learning(show: Show, lab: Lab) -> None:
    seen = show(lab, LESSON)
    seen.steps("epoch", 3)
    seen.wait_for("epoch", "v === 3")
    seen.check("log")
    seen.check("discretise")
    seen.check("held-out-shown")
    seen.tab("gradients")
    seen.wait("() => document.querySelectorAll('[data-histogram]').length === 4")
    assert seen.value("gradient:output") > 0
    seen.tab("landscape")
    seen.press("landscape")
    seen.wait("() => document.querySelector('[data-canvas=landscape]')?.dataset.hash")
    relief = lab.messages("landscape")["landscape"]
    losses = read(relief["losses"])
    canvas = seen.page.locator("[data-canvas=landscape]")
    assert float(str(canvas.get_attribute("data-min"))) == pytest.approx(float(losses.min()), rel=1e-6)
    assert float(str(canvas.get_attribute("data-max"))) == pytest.approx(float(losses.max()), rel=1e-6)
    assert seen.page.locator("[data-canvas=path]").get_attribute("data-points") == str(len(read(relief["path_epochs"])))
    was = canvas.get_attribute("data-hash")
    seen.check("landscape-random")
    seen.press("landscape")
    seen.wait("was => document.querySelector('[data-canvas=landscape]').dataset.hash !== was", was)
    seen.check("landscape-weights")
    seen.control("landscape-weight-1").select_option("b2_1")
    was = canvas.get_attribute("data-hash")
    seen.press("landscape")
    seen.wait("was => document.querySelector('[data-canvas=landscape]').dataset.hash !== was", was)


def test_the_doctor_speaks_when_training_pauses(show: Show, lab: Lab) -> None:
    seen = show(lab, "data=moons&samples=100&hidden=3&optimiser=sgd&lr=1e-5")
    seen.steps("epoch", 6)
    seen.wait_for("epoch", "v === 6")
    seen.page.locator("[data-finding]").first.wait_for()
    said = lab.messages("doctor")["doctor"]["findings"]
    assert seen.text(".findings li p") == " ".join(said[0]["sentence"].split())


def test_ways_out(show: Show, lab: Lab, tmp_path: Path) -> None:
    seen = show(lab, LESSON)
    seen.steps("epoch", 2)
    seen.wait_for("epoch", "v === 2")
    drawn = seen.weights()
    for what in ("model", "report", "code"):
        seen.press("share") if not seen.page.locator("#share").is_visible() else None
        with seen.page.expect_download() as waiting:
            seen.press(f"download-{what}")
        waiting.value.save_as(tmp_path / what)
    net = glassnet.load(tmp_path / "model")
    assert drawn["w1_2_3"] == pytest.approx(float(net.coefs_[0][1, 2]), rel=1e-6)
    assert "<!doctype html>" in (tmp_path / "report").read_text(encoding="utf-8").lower()
    compile((tmp_path / "code").read_text(encoding="utf-8"), "code.py", "exec")
    seen.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    seen.press("copy-address")
    seen.page.locator("[data-notice=info]").wait_for()
    address = seen.page.evaluate("navigator.clipboard.readText()")
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/#data=moons.*", address), "a lesson, and no token"
    other = seen.page.context.new_page()
    other.goto(address)  # another tab of the same browser has the key
    other.locator("main[data-query^='data=moons']").wait_for()
    other.close()
    seen.press("dismiss")
    seen.page.keyboard.press("Escape")
    seen.page.locator("main").click(position={"x": 5, "y": 5})
    seen.tab("code")
    seen.page.locator("[data-code]").wait_for()
    assert seen.text("[data-code]") == " ".join((tmp_path / "code").read_text(encoding="utf-8").split())
    with seen.page.expect_download() as waiting:
        seen.press("save-code")
    waiting.value.save_as(tmp_path / "saved")
    assert (tmp_path / "saved").read_bytes() == (tmp_path / "code").read_bytes()
    seen.press("copy-code")
    assert "import" in seen.page.evaluate("navigator.clipboard.readText()")


def test_a_lesson_comes_with_its_address_and_hides_what_it_says(show: Show, lab: Lab) -> None:
    seen = show(lab, "data=donut&samples=80&hidden=5:relu&lr=0.1&hide=data,inputs,learning,layers")
    assert lesson_of(seen) == {"data": "donut", "samples": "80", "hidden": "5:relu", "lr": "0.1"}
    assert seen.control("data-xor").count() == seen.control("layers-more").count() == seen.control("rate").count() == 0
    assert "hide=data,inputs,learning,layers" in seen.page.evaluate("location.hash")
    assert "token" not in seen.page.evaluate("location.href")
    seen.page.goto(lab.address + "&hide=doctor,play#data=donut&samples=80")  # what one types first works too
    seen.page.locator(".edges [data-edge]").first.wait_for(state="attached")
    assert seen.page.locator(".doctor").count() == seen.control("play").count() == 0
    seen.control("data-xor").wait_for()
    seen.page.evaluate("location.hash = '#data=spirals&hidden=6'")
    wait_for_word(seen, "data", "spirals")
    seen.control("data-xor").wait_for()
