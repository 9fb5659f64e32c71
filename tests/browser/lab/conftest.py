"""``glassnet lab`` as a process of its own, and its page in a real browser: nothing may go wrong, and no request may leave the machine."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Request, Route
from sklearn.exceptions import ConvergenceWarning

import glassnet
from glassnet.lab.address import lesson_of, query_of

TOKEN = "a-token-of-the-tests"
PATIENCE = 60_000  # milliseconds: kernels may have to be compiled first


@dataclass
class Lab:
    """A running ``glassnet lab``."""

    arguments: tuple[str, ...]
    folder: Path
    port: int = 0
    process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start it and wait for its address."""
        command = [sys.executable, "-m", "glassnet", "lab", *self.arguments, "--no-browser", "--port", str(self.port)]
        where = str(Path(glassnet.__file__).parents[1])  # the same package as is tested here, installed or not
        environment = {**os.environ, "GLASSNET_LAB_TOKEN": TOKEN, "PYTHONPATH": where}
        self.process = subprocess.Popen(command, cwd=self.folder, env=environment, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        said = self.process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)/\?token=(\S+)", said)
        assert found, f"an address was expected; the lab said {said!r}"
        self.port = int(found[1])
        assert found[2] == TOKEN

    def stop(self) -> None:
        """End it as a user does."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                raise
        if self.process is not None and self.process.stdout is not None:
            self.process.stdout.close()
        self.process = None

    def messages(self, *kinds: str) -> dict[str, Any]:
        """The newest message of each kind, read as a page reads them."""
        found: dict[str, Any] = {}
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/events?token={TOKEN}", timeout=20) as stream:
            for line in stream:
                if line.startswith(b"data: "):
                    message = json.loads(line[6:])
                    found[message["kind"]] = message
                    if set(kinds) <= set(found):
                        break
        return found

    def until_epoch(self, epoch: int) -> None:
        """Wait until so many epochs are done."""
        deadline = time.monotonic() + PATIENCE / 1000
        while self.messages("state", "frame")["frame"]["epoch"] < epoch:
            assert time.monotonic() < deadline
            time.sleep(0.05)

    @property
    def address(self) -> str:
        """With its token."""
        return f"http://127.0.0.1:{self.port}/?token={TOKEN}"


@dataclass
class Shown:
    """The page of a lab, open in a browser."""

    page: Page
    lab: Lab
    errors: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def text(self, selector: str) -> str:
        """What an element says, spaces made alike."""
        return " ".join(str(self.page.locator(selector).first.text_content()).replace("\u00a0", " ").split())

    def value(self, node: str, attribute: str = "data-value") -> float:
        """A number that stands in the page, with all its digits."""
        said = self.page.locator(f'[data-node="{node}"]').first.get_attribute(attribute)
        assert said not in (None, ""), f"{node} has no {attribute}"
        return float(str(said))

    def values(self, selector: str, key: str, attribute: str = "data-value") -> dict[str, float]:
        """The numbers of many elements, by the attribute ``key``."""
        script = f"elements => elements.map(e => [e.getAttribute('{key}'), e.getAttribute('{attribute}')])"
        found = self.page.locator(selector).evaluate_all(script)
        return {str(name): float(value) for name, value in found if value not in (None, "")}

    def weights(self) -> dict[str, float]:
        """All weights and biases that are drawn, by name: w1_2_1 leads to unit 1 of layer 1 from unit 2 before it."""
        return self.values(".edges [data-edge]", "data-edge")

    def control(self, name: str) -> Any:
        """A control by its name."""
        return self.page.locator(f'[data-control="{name}"]')

    def press(self, name: str) -> None:
        """Click on a control, however it is dressed."""
        self.control(name).first.click()

    def check(self, name: str) -> None:
        """Switch a radio button or a box that its label covers."""
        self.control(name).first.evaluate("element => element.click()")

    def tab(self, name: str) -> None:
        """Turn to a leaf of the closer look."""
        self.page.locator(f'[data-tab="{name}"]').click()

    def wait(self, script: str, argument: Any = None) -> None:
        """Wait until something holds in the page."""
        self.page.wait_for_function(script, arg=argument)

    def wait_for(self, node: str, test: str) -> None:
        """Wait until a number satisfies ``test``, written with v: ``v > 3``."""
        read = "parseFloat(document.querySelector(`[data-node='${node}']`)?.dataset.value)"
        self.wait(f"node => {{ const v = {read}; return {test} }}", node)

    def ready(self) -> None:
        """Wait until the network is drawn and training can begin."""
        self.page.locator('[data-control="play"]:not(:disabled), [data-link="lost"]').first.wait_for()
        self.wait("() => document.querySelectorAll('.edges [data-edge], [data-list=filters] canvas').length > 0")

    def steps(self, size: str, times: int = 1) -> None:
        """Single steps of one size."""
        self.check(f"step-{size}")
        for _ in range(times):
            epoch = self.value("epoch")
            self.press("step")
            if size == "epoch":  # one that is under way is not hurried by another
                self.wait_for("epoch", f"v === {epoch + 1}")

    def send(self, command: dict[str, Any]) -> dict[str, Any]:
        """What the engine answers to a command of the page's own making."""
        script = """async ([command, token]) => (await fetch('/api/command', {method: 'POST', body: JSON.stringify(command),
            headers: {'Content-Type': 'application/json', 'X-Glassnet-Token': token}})).json()"""
        answer: dict[str, Any] = self.page.evaluate(script, [command, TOKEN])
        return answer

    def program(self) -> dict[str, Any]:
        """Run the Python that the page writes; its names."""
        answer = self.send({"command": "code"})["result"]
        names: dict[str, Any] = {"__name__": "lesson"}
        with contextlib.chdir(self.lab.folder), warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # a lesson is paused where it pleases
            exec(compile(answer["code"], "lesson.py", "exec"), names)
        return names


@pytest.fixture(scope="session", autouse=True)
def installed() -> None:
    """``make test-browser`` tests the wheel that it has built and installed, and nothing else."""
    if "GLASSNET_INSTALLED" in os.environ:
        assert "site-packages" in Path(glassnet.__file__).parts, f"the installed wheel is to be tested, not {glassnet.__file__}"


@pytest.fixture(scope="session")
def start_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Lab]]:
    """Starts labs, and ends them."""
    started: list[Lab] = []

    def start(*arguments: str) -> Lab:
        lab = Lab(arguments, tmp_path_factory.mktemp("lab"))
        started.append(lab)
        lab.start()
        return lab

    yield start
    for lab in started:
        lab.stop()


@pytest.fixture(scope="session")
def lab(start_lab: Callable[..., Lab]) -> Lab:
    """One lab for all tests that bring their lesson in the address."""
    return start_lab()


@pytest.fixture
def show(chromium: Browser) -> Iterator[Callable[..., Shown]]:
    """Opens a lab's page with a lesson; after the test nothing may have gone wrong."""
    opened: list[Shown] = []
    contexts = []

    def open_page(lab: Lab, lesson: str = "", **settings: Any) -> Shown:
        usual = {"viewport": {"width": 1280, "height": 900}, "locale": "en-US", "accept_downloads": True}
        context = chromium.new_context(**{**usual, **settings})
        contexts.append(context)
        seen = Shown(context.new_page(), lab)
        opened.append(seen)

        def stay(route: Route, request: Request) -> None:
            if re.match(r"(http://127\.0\.0\.1:\d+/|data:|blob:)", request.url):
                route.continue_()
            else:
                seen.outside.append(request.url)
                route.abort()

        context.route("**/*", stay)
        seen.page.set_default_timeout(PATIENCE)
        seen.page.on("console", lambda message: seen.errors.append(message.text) if message.type in ("error", "warning") else None)
        seen.page.on("pageerror", lambda error: seen.errors.append(str(error)))
        seen.page.on("dialog", lambda dialog: (seen.errors.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        seen.page.goto(lab.address + (f"#{lesson}" if lesson else ""))
        if lesson:
            # the engine writes the lesson anew, in its own order
            seen.wait("query => document.querySelector('main')?.dataset.query === query", query_of(*lesson_of(lesson)[:2]))
        seen.ready()
        if lesson:
            run = seen.page.locator("main").get_attribute("data-run")
            assert seen.send({"command": "reset"})["ok"]  # a lesson that the engine had already is begun anew
            seen.wait("run => document.querySelector('main').dataset.run !== run", run)
            seen.ready()
        return seen

    yield open_page
    for context in contexts:
        context.close()
    for seen in opened:
        assert seen.outside == []
        assert seen.errors == []
