"""The training process: what is run in it, and the server's hold on it. It may die; the server lives on and starts another."""

from __future__ import annotations

import asyncio
import contextlib
import json
import multiprocessing
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import Any

from glassnet.lab.config import Refusal, Sources

PATIENCE = 20.0
"""Seconds to wait for an answer; reports and downloads get LONG_PATIENCE."""
LONG_PATIENCE = 120.0
YOUNG = 5.0
"""Seconds: a process that dies younger, twice, has a fault of its own, and is not started again by itself."""
KEPT = ("speed", "watch")
"""Commands that hold for a process that is started again."""
Reader = Callable[[str, bytes], None]


def run(pipe: Connection, sources: Sources, folder: str, query: str) -> None:
    """The whole life of the training process. Ctrl-C is the server's business."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    from glassnet.lab.beginning import begin_and_live
    from glassnet.maths.compiling import announcement

    announcement.silent = True
    begin_and_live(pipe, sources, folder, query)


class Trainer:
    """The server's end: starts the process, hands on its messages (``publish``), and matches answers with requests."""

    def __init__(self, publish: Reader, sources: Sources, folder: str, query: str = "") -> None:
        self.publish, self.sources, self.folder, self.query = publish, sources, folder, query
        self.process: Any = None
        self._pipe: Connection | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._sending = threading.Lock()
        self._requests: dict[int, asyncio.Future[Any]] = {}
        self._number = 0
        self._began = 0.0
        self._stopping = self._mourned = False
        self._died_young = 0
        self._kept: dict[str, dict[str, Any]] = {}

    def start(self) -> None:
        """Start the process; to be called from the event loop."""
        self._loop = asyncio.get_running_loop()
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        self.process = context.Process(
            target=run, args=(theirs, self.sources, self.folder, self.query), name="glassnet-lab-training", daemon=True
        )
        self.process.start()
        theirs.close()
        self._pipe, self._began, self._mourned = ours, time.monotonic(), False
        for command in self._kept.values():
            self._send({"id": 0, "command": command})
        threading.Thread(target=self._read, args=(ours, self._loop), name="glassnet-lab-reader", daemon=True).start()

    def kill(self) -> None:
        """End the process at once, without waiting for it; whoever waits for an answer is told."""
        self._stopping = True
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._refuse_all, "the lab has ended.")
        if self.process is not None and self.process.is_alive():
            self.process.kill()

    def stop(self) -> None:
        """End the process, and wait until it is gone."""
        self.kill()
        if self.process is not None:
            self.process.join(1.0)

    def more(self) -> None:
        """A page has taken the last picture."""
        if self._pipe is not None and self._loop is not None:
            self._loop.run_in_executor(None, self._send, {"more": True})

    async def ask(self, request: dict[str, Any], patience: float = PATIENCE) -> Any:
        """Send a request and wait for its result. Raises Refusal, with the schema's code, where it is refused or nobody answers."""
        assert self._loop is not None
        command = request.get("command", {})
        if command.get("command") in KEPT:
            self._kept[command["command"]] = command
        if not self.process.is_alive():
            self._died(self._pipe)
            self._begin_again()
        self._number += 1
        number, answer = self._number, self._loop.create_future()
        self._requests[number] = answer
        try:
            await self._loop.run_in_executor(None, self._send, {"id": number, **request})
            return await asyncio.wait_for(answer, patience)
        except TimeoutError as error:
            raise Refusal(f"the training process has not answered for {patience:.0f} seconds.", None, "engine_silent") from error
        finally:
            self._requests.pop(number, None)

    def _send(self, request: dict[str, Any]) -> None:
        with self._sending, contextlib.suppress(OSError, ValueError):
            assert self._pipe is not None
            self._pipe.send_bytes(json.dumps(request).encode())

    def _read(self, pipe: Connection, loop: asyncio.AbstractEventLoop) -> None:
        """In a thread: hand messages to the event loop until the process ends."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: all is over
            try:
                while True:
                    kind, _, text = pipe.recv_bytes().partition(b"\n")
                    loop.call_soon_threadsafe(self._heard, kind.decode(), text)
            except (EOFError, OSError):
                loop.call_soon_threadsafe(self._died, pipe)

    def _heard(self, kind: str, text: bytes) -> None:
        if kind != "reply":
            if kind == "state":
                self.query = json.loads(text)["query"]
            self.publish(kind, text)
            return
        reply = json.loads(text)
        answer = self._requests.get(reply["id"])
        if answer is None or answer.done():
            return
        if "error" in reply:
            error = reply["error"]
            answer.set_exception(Refusal(error["message"], error["field"], error["code"]))
        else:
            answer.set_result(reply["result"])

    def _died(self, pipe: Connection | None) -> None:
        """The process has ended, against its will unless the server stops."""
        if self._stopping or self._mourned or pipe is not self._pipe:
            return
        self._mourned = True
        self.process.join(1.0)
        code = self.process.exitcode
        how = f"by signal {-code}" if isinstance(code, int) and code < 0 else f"with status {code}"
        young = time.monotonic() - self._began < YOUNG
        self._died_young = self._died_young + 1 if young else 0
        again = self._died_young < 2
        ending = (
            "It starts again with the same lesson, at epoch 0." if again else "It starts again with your next command, without the lesson."
        )
        self._tell("error", f"The training process ended {how}. {ending}")
        self._refuse_all("the training process has ended; it starts again.")
        if again:
            self._begin_again()
        else:
            self.query = ""  # the lesson itself may be what it dies of

    def _refuse_all(self, why: str) -> None:
        """Nobody will answer these any more."""
        for answer in self._requests.values():
            if not answer.done():
                answer.set_exception(Refusal(why, None, "engine_gone"))

    def _begin_again(self) -> None:
        if not self._stopping and not self.process.is_alive():
            self.start()

    def _tell(self, level: str, text: str) -> None:
        self.publish("notice", json.dumps({"kind": "notice", "level": level, "text": text}).encode())

    def uploaded(self, path: str, name: str) -> None:
        """A process that starts from now on finds this upload."""
        self.sources = replace(self.sources, upload=path, upload_name=name)
