"""A reader's own data: files dropped on the page, hostile ones too, and what the command line names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from PIL import Image
from sklearn.datasets import load_iris

from glassnet import load
from glassnet.runs.config import RunConfig
from glassnet.runs.training import train_run

Show = Callable[..., Any]
Lab = Any
"""Both are described in conftest.py."""

HOSTILE = "<img src=x onerror=alert('x')>"


def iris(path: Path) -> Path:
    """A table of flowers, with a name that a page must escape."""
    data = load_iris()
    frame = pl.DataFrame(data.data, schema=[HOSTILE, "sepal_width", "petal_length", "petal_width"])
    frame.with_columns(pl.Series("species", np.array(["setosa", "<b>versicolor</b>", "virginica"])[data.target])).write_csv(path)
    return path


def drop(seen: Any, path: Path) -> None:
    """Drop a file on the page."""
    script = """([name, text]) => {
        const data = new DataTransfer();
        data.items.add(new File([text], name));
        for (const kind of ['dragover', 'drop'])
            window.dispatchEvent(new DragEvent(kind, {dataTransfer: data, bubbles: true, cancelable: true})) }"""
    seen.page.evaluate(script, [path.name, path.read_text(encoding="utf-8")])


def test_a_table_dropped_on_the_page_is_learned_from(show: Show, lab: Lab, tmp_path: Path) -> None:
    seen = show(lab, "data=moons&samples=60&hidden=4")
    drop(seen, iris(tmp_path / "flowers.csv"))
    seen.wait("() => document.querySelectorAll('[data-unit^=a2_]').length === 3")
    assert seen.page.locator(".unit-name.right b").all_inner_texts() == ["<b>versicolor</b>", "setosa", "virginica"]
    assert seen.page.locator("main img, main b b").count() == 0, "a name is a name"
    assert HOSTILE in seen.page.locator('[data-control="axis-0"]').inner_text()
    seen.steps("epoch", 2)
    seen.wait_for("epoch", "v === 2")
    seen.control("axis-0").select_option("petal_length")
    seen.wait("() => document.querySelector('main').dataset.query.includes('petal_length')")
    seen.control("axis-1").select_option("petal_width")
    seen.wait("() => document.querySelector('main').dataset.query.includes('petal_width')")
    assert seen.page.evaluate("document.querySelector('.inputs').scrollWidth <= document.querySelector('.inputs').clientWidth")
    seen.control("target").select_option("sepal_width")
    seen.wait("() => document.querySelectorAll('[data-unit^=a2_]').length === 1")
    assert seen.text(".unit-name.right b") == "sepal_width"
    seen.control("header").click()  # the names are no numbers
    seen.page.locator("[data-notice=error]").filter(has_text="flowers.csv").wait_for()
    seen.wait("() => document.querySelector('[data-control=header]').checked")
    seen.errors[:] = [error for error in seen.errors if "status of 422" not in error]  # the browser tells of the refusal
    seen.check("data-xor")
    seen.wait("() => document.querySelector('main').dataset.query.startsWith('data=xor')")
    seen.check("data-file")
    seen.wait("() => document.querySelector('main').dataset.query.startsWith('data=file')")


def test_a_first_line_that_is_a_row(show: Show, lab: Lab, tmp_path: Path) -> None:
    seen = show(lab, "data=moons&samples=60&hidden=4")
    (tmp_path / "numbers.csv").write_text("".join(f"{i},{i % 5 + 50},{i % 2 + 7}\n" for i in range(40)))
    drop(seen, tmp_path / "numbers.csv")
    seen.page.locator("[data-notice=info]").filter(has_text="first line is names").wait_for()
    rows = "n => document.querySelector('.data header').textContent.includes(n)"
    seen.wait(rows, "29 + 10")
    seen.control("header").click()
    seen.wait("() => document.querySelector('main').dataset.query.includes('header=False')")
    seen.wait(rows, "30 + 10")
    seen.control("header").click()
    seen.wait("() => !document.querySelector('main').dataset.query.includes('header=False')")


@pytest.mark.parametrize(
    "name, content",
    [
        ("empty.csv", b""),
        ("binary.csv", bytes(range(256)) * 40),
        ("ragged.csv", b"a,b\n1,2,3,4,5\n6\n"),
        ("quotes.csv", b'a,b\n"1,2\n3,4\n'),
        ("words.csv", b"<script>alert(1)</script>\n" * 3),
        ("model.pkl", b"\x80\x04\x95cos\nsystem\n(S'touch owned'\ntR."),
        ("../../outside.csv", b"a,b\n1,x\n"),
    ],
)
def test_a_hostile_file_is_refused_in_words_and_the_lab_goes_on(show: Show, lab: Lab, tmp_path: Path, name: str, content: bytes) -> None:
    seen = show(lab, "data=xor&samples=60&hidden=3")
    before = seen.weights()
    with seen.page.expect_file_chooser() as chooser:
        seen.press("choose-file")
    chooser.value.set_files({"name": name, "mimeType": "text/csv", "buffer": content})
    seen.page.locator("[data-notice=error]").wait_for()
    assert len(seen.text("[data-notice=error] span")) > 20
    assert "Traceback" not in seen.text("[data-notice=error]")
    seen.press("dismiss")
    assert seen.weights() == before
    seen.steps("epoch")
    seen.wait_for("epoch", "v === 1")
    seen.errors[:] = [error for error in seen.errors if "status of 4" not in error]  # the browser tells of the refusal


def test_the_lab_opens_what_the_command_line_names(show: Show, start_lab: Callable[..., Lab], tmp_path: Path) -> None:
    seen = show(start_lab(str(iris(tmp_path / "flowers.csv"))))
    assert seen.control("data-given").is_checked()
    assert seen.text(".unit-name.right b") == "<b>versicolor</b>"
    seen.steps("epoch", 2)
    seen.wait_for("epoch", "v === 2")
    assert seen.value("score") >= 0


def test_the_lab_opens_a_folder_of_pictures(show: Show, start_lab: Callable[..., Lab], tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for name, light in (("dark", 60), ("bright", 180)):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for i in range(12):
            pixels = random.normal(light, 30, (20, 20, 3)).clip(0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "photos" / name / f"{i}.png")
    seen = show(start_lab(str(tmp_path / "photos")))
    assert seen.page.locator('[data-canvas="input"]').evaluate("canvas => [canvas.width, canvas.height]") == [32, 32]
    assert seen.page.locator('[data-canvas="a1_1"]').evaluate("canvas => [canvas.width, canvas.height]") == [32, 32], "weights as a picture"
    seen.steps("epoch", 2)
    seen.wait_for("epoch", "v === 2")
    seen.check("confusion-train")
    assert seen.text("[data-table=confusion] thead") == "brightdark"


def test_the_lab_opens_a_run_with_its_weights(show: Show, start_lab: Callable[..., Lab], tmp_path: Path) -> None:
    path = iris(tmp_path / "flowers.csv")
    train_run(RunConfig(data=str(path), target="species", hidden=(5,), epochs=20), tmp_path / "run")
    trained = load(tmp_path / "run")[-1]
    seen = show(start_lab(str(tmp_path / "run")))
    drawn = seen.weights()
    assert drawn["w2_3_1"] == pytest.approx(float(trained.coefs_[1][2, 0]), rel=1e-6)
    assert seen.control("initialiser").input_value() == "trained"
    assert seen.control("held-out").count() == seen.control("layers-more").count() == 0, "its rows and its shape are the run's"
    seen.steps("epoch", 2)
    seen.wait_for("epoch", "v === 2")
    seen.control("initialiser").select_option("he_normal")
    seen.wait("was => document.querySelector('[data-edge=w2_3_1]').dataset.value != was", drawn["w2_3_1"])
    seen.press("layers-more")
    seen.wait("() => document.querySelectorAll('[data-unit^=a3_]').length === 3")
    seen.control("initialiser").select_option("trained")
    seen.wait("was => document.querySelector('[data-edge=w2_3_1]')?.dataset.value == was", drawn["w2_3_1"])
    assert seen.weights() == drawn
