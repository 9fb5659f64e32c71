"""A reader's own data: files dropped on the page, hostile ones too, and what the command line names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.datasets import load_iris

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
    seen.control("target").select_option("sepal_width")
    seen.wait("() => document.querySelectorAll('[data-unit^=a2_]').length === 1")
    seen.check("data-xor")
    seen.wait("() => document.querySelector('main').dataset.query.startsWith('data=xor')")
    seen.check("data-file")
    seen.wait("() => document.querySelector('main').dataset.query.startsWith('data=file')")


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
