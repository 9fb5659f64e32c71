"""A training process without a server: at the other end of its pipe every message is held against the schema."""

from __future__ import annotations

import base64
import functools
import json
import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from glassnet.lab.config import Sources
from glassnet.lab.training_process import run

PATIENCE = 60.0


@functools.cache
def schema() -> dict[str, Any]:
    return json.loads(resources.files("glassnet.lab").joinpath("schema.json").read_text(encoding="utf-8"))


@functools.cache
def validator(kind: str) -> Any:
    """Of one kind of message, so that an error names its field."""
    definitions = schema()["$defs"]
    names = [entry["$ref"].rsplit("/", 1)[1] for entry in definitions["Message"]["oneOf"]]
    name = next(name for name in names if definitions[name]["properties"]["kind"]["const"] == kind)
    return jsonschema.Draft202012Validator({"$defs": definitions, "$ref": f"#/$defs/{name}"})


def array(plain: dict[str, Any]) -> np.ndarray:
    """The numbers of the schema's Array or Quantised."""
    values = np.frombuffer(base64.b64decode(plain["b64"]), {"f4": "<f4", "u1": "u1", "i4": "<i4"}[plain["dtype"]]).reshape(plain["shape"])
    if "low" not in plain:
        return values
    shape = (-1, *([1] * (values.ndim - 1)))
    low, high = (np.reshape(plain[side], shape) for side in ("low", "high"))
    return low + (high - low) * values / 255


@functools.cache
def processes() -> Any:
    """How processes are started: from one that has imported everything, where there is such a thing."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["glassnet.lab.beginning"])
    return context


class Refused(Exception):
    """A command was refused: ``error`` is the schema's."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error["message"])
        self.error = error


class Desk:
    """One engine, as the server sees it. ``latest`` holds the newest message of each kind."""

    array = staticmethod(array)

    def __init__(self, folder: Path, given: str = "", query: str = "") -> None:
        self.folder = folder
        ours, theirs = multiprocessing.Pipe()
        self.pipe, self.latest, self.notices, self.counts = ours, dict[str, Any](), list[dict[str, Any]](), dict[str, int]()
        self.faults: list[str] = []
        self.hungry = True  # takes every picture, as an open page does
        self._replies: dict[int, Any] = {}
        self._number = 0
        self._news = threading.Condition()
        self.process = processes().Process(target=run, args=(theirs, Sources(given=given), str(folder), query), daemon=True)
        self.process.start()
        theirs.close()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        seq = 0
        try:
            while True:
                kind, _, text = self.pipe.recv_bytes().partition(b"\n")
                message = json.loads(text)
                if kind == b"reply":
                    with self._news:
                        self._replies[message["id"]] = message
                        self._news.notify_all()
                    continue
                seq += 1
                self._take(kind.decode(), {"seq": seq, **message})
        except (EOFError, OSError):
            return

    def _take(self, kind: str, message: dict[str, Any]) -> None:
        self.faults += [f"{kind}{list(fault.path)}: {fault.message[:200]}" for fault in validator(kind).iter_errors(message)]
        with self._news:
            self.latest[kind] = message
            self.counts[kind] = self.counts.get(kind, 0) + 1
            if kind == "notice":
                self.notices.append(message)
            self._news.notify_all()
        if kind in ("frame", "rbm") and self.hungry:
            self.more()

    def request(self, **request: Any) -> Any:
        self._number += 1
        number = self._number
        self.pipe.send_bytes(json.dumps({"id": number, **request}).encode())
        with self._news:
            assert self._news.wait_for(lambda: number in self._replies, PATIENCE), f"no answer to {request}"
        reply = self._replies.pop(number)
        if "error" in reply:
            raise Refused(reply["error"])
        return reply["result"]

    def ask(self, command: str, **fields: Any) -> Any:
        """Send a command, which must be one of the schema, and wait for its result."""
        definitions = schema()["$defs"]
        jsonschema.validate({"command": command, **fields}, {"$defs": definitions, "$ref": "#/$defs/Command"})
        return self.request(command={"command": command, **fields})

    def until(self, right: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait until ``right(latest)``; return latest."""

        def now() -> bool:
            try:
                return right(self.latest)
            except KeyError:
                return False

        deadline = time.monotonic() + PATIENCE
        with self._news:
            while not now():
                assert self._news.wait(deadline - time.monotonic()), f"still {self.latest.get('state', {}).get('told')}"
        return self.latest

    def more(self) -> None:
        self.pipe.send_bytes(b'{"more": true}')

    def close(self) -> None:
        """End the engine, as the server does."""
        self.pipe.send_bytes(b'{"close": true}')
        self.process.join(PATIENCE)
        self.faults += [] if self.process.exitcode == 0 else [f"it ended with {self.process.exitcode}"]
        self.process.kill()
        self.pipe.close()

    def status(self, *wanted: str) -> dict[str, Any]:
        """Wait until the status is one of these, and the frame belongs to it; return the state."""
        self.until(lambda latest: latest["state"]["status"] in wanted)
        return self.latest["state"]

    def epochs(self, n: int) -> dict[str, Any]:
        """Train ``n`` epochs; return the frame after them."""
        done = self.latest["state"]["cursor"]["epoch"]
        self.ask("step", what="epoch", times=n)
        state = self.until(lambda latest: latest["frame"]["epoch"] == done + n and latest["state"]["cursor"]["epoch"] == done + n)
        return state["frame"]

    def configure(self, **config: Any) -> dict[str, Any]:
        """Change the lesson; return the state of the run that follows."""
        self.ask("configure", config=config)
        self.until(lambda latest: latest["state"]["status"] in ("ready", "paused", "stopped") and latest["state"]["run"] >= 1)
        return self.settled()

    def settled(self) -> dict[str, Any]:
        """Everything that is due has been sent: the answer to a command that changes nothing comes after it."""
        self.ask("speed", epochs_per_second=None)
        self.ask("speed", epochs_per_second=None)
        return self.latest["state"]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    """Opens desks; after the test every message must have been as the schema has it."""
    opened: list[Desk] = []

    def open_desk(given: str = "", query: str = "") -> Desk:
        folder = tmp_path / f"desk-{len(opened)}"
        folder.mkdir()
        opened.append(Desk(folder, given, query))
        opened[-1].status("ready")
        return opened[-1]

    yield open_desk
    for one in opened:
        one.close()
    for one in opened:
        assert one.faults == []
