"""A real browser, headless: Debian's Chromium driven by Playwright, and reports for it to open.

``make test-browser`` runs these tests; ``make test`` leaves them out. A browser that is missing is an error, never a skip.
The environment variable CHROMIUM_PATH names another browser.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris

from glassnet.runs.config import RunConfig
from glassnet.runs.training import train_run

OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update"]
HOSTILE = "<script>alert('x')</script>"


def browser_path() -> str:
    """Where the browser is; what to do where there is none."""
    found = os.environ.get("CHROMIUM_PATH") or next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")
    if not found:
        pytest.fail("No browser was found. On Debian: apt-get install chromium; or set CHROMIUM_PATH.", pytrace=False)
    return found


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all tests."""
    path = browser_path()
    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=path, args=OPTIONS)
        yield started
        started.close()


@dataclass
class View:
    """An open page, and everything that went wrong in it: errors, and requests that left the file."""

    page: Page
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def shown(self, selector: str) -> str:
        """The text of one element, spaces made alike."""
        return " ".join(str(self.page.locator(selector).first.text_content()).replace("\u00a0", " ").split())


@pytest.fixture
def view(chromium: Browser) -> Iterator[Callable[..., View]]:
    """Opens a file in a fresh context; after the test nothing may have gone wrong."""
    opened: list[View] = []
    contexts = []

    def show(path: Path, **settings: Any) -> View:
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 900}, "locale": "en-US", **settings})
        contexts.append(context)
        seen = View(context.new_page())
        seen.page.set_default_timeout(15_000)
        seen.page.on("console", lambda message: seen.errors.append(message.text) if message.type in ("error", "warning") else None)
        seen.page.on("pageerror", lambda error: seen.errors.append(str(error)))
        seen.page.on("dialog", lambda dialog: (seen.errors.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        address = path.resolve().as_uri()
        seen.page.on("request", lambda request: None if request.url.split("#")[0] == address else seen.requests.append(request.url))
        seen.page.goto(address)
        opened.append(seen)
        return seen

    yield show
    for context in contexts:
        context.close()
    for seen in opened:
        assert seen.errors == []
        assert [url for url in seen.requests if not url.startswith("data:")] == []


@dataclass(frozen=True)
class Made:
    """A finished run with its page, and its test rows as the model takes them."""

    page: Path
    model: Any
    facts: dict[str, Any]
    X: Any
    y: Any


def made(directory: Path, **fields: Any) -> Made:
    """Train, and find the test rows again."""
    from glassnet.runs.preparing import split

    result = train_run(RunConfig(**{"epochs": 30, "hidden": (12,), **fields}), directory / "run")
    places = split(result.config, result.data)[2]
    return Made(directory / "run" / "report.html", result.model, result.facts, result.data.X[places], result.data.y[places])


@pytest.fixture(scope="session")
def tumours(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Two classes, with names that a page must escape."""
    directory = tmp_path_factory.mktemp("tumours")
    data = load_breast_cancer()
    names = [HOSTILE, *(name.replace(" ", "_") for name in data.feature_names[1:])]
    frame = pl.DataFrame(dict(zip(names, data.data.T, strict=True))).with_columns(
        pl.Series("kind", np.array(["<b>bad</b>", "good & well"])[data.target])
    )
    frame.write_csv(directory / "tumours.csv")
    return made(directory, data=str(directory / "tumours.csv"), target="kind")


@pytest.fixture(scope="session")
def iris(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Three classes by a single layer."""
    directory = tmp_path_factory.mktemp("iris")
    data = load_iris()
    frame = pl.DataFrame(data.data, schema=[name.replace(" ", "_") for name in data.feature_names])
    frame.with_columns(pl.Series("species", data.target_names[data.target])).write_csv(directory / "iris.csv")
    return made(directory, data=str(directory / "iris.csv"), target="species", model="logistic", hidden=None)


@pytest.fixture(scope="session")
def diabetes(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A number."""
    directory = tmp_path_factory.mktemp("diabetes")
    data = load_diabetes()
    pl.DataFrame(data.data, schema=list(data.feature_names)).with_columns(pl.Series("progress", data.target)).write_csv(directory / "d.csv")
    return made(directory, data=str(directory / "d.csv"), target="progress")


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Bright and dark pictures."""
    directory = tmp_path_factory.mktemp("pictures")
    random = np.random.default_rng(0)
    for name, light in (("dark", 90), ("bright", 150)):
        (directory / "photos" / name).mkdir(parents=True)
        for i in range(40):
            pixels = np.clip(random.normal(light, 40, (16, 16, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(directory / "photos" / name / f"{i}.png")
    return made(directory, data=str(directory / "photos"), size=16, epochs=6)
