"""The training process's end of the pipe: commands come in, messages go out.

    in     {"id", "command"}      {"id", "fetch": "model" | "report" | "code"}      {"id", "open": path, "name"}
           {"more": true}         {"close": true}
    out    kind, a line feed, JSON; "reply" answers an id with a result or an error

``room`` is True once the server has handed the last frame to a page: no frame is made that nobody would see.
"""

from __future__ import annotations

import json
import time
from multiprocessing.connection import Connection
from typing import Any

from glassnet.lab.config import Refusal

Plain = dict[str, Any]


class Closed(BaseException):
    """The server has gone; the training process ends."""


class Link:
    """The pipe to the server."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self.room = True

    def take(self, timeout: float | None) -> Plain | None:
        """The next request, waiting up to ``timeout`` seconds (None: as long as it takes); None where there is none. Raises Closed."""
        until = None if timeout is None else time.monotonic() + timeout
        while True:
            left = None if until is None else max(0.0, until - time.monotonic())
            try:
                if not self._pipe.poll(left):
                    return None
                request: Plain = json.loads(self._pipe.recv_bytes())
            except (EOFError, OSError) as error:
                raise Closed from error
            if "close" in request:
                raise Closed
            if "more" not in request:
                return request
            self.room = True

    def send(self, kind: str, message: Plain) -> None:
        """Hand a message to the server. Raises Closed."""
        text = json.dumps({"kind": kind, **message}, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
        try:
            self._pipe.send_bytes(kind.encode() + b"\n" + text.encode())
        except OSError as error:
            raise Closed from error

    def notice(self, level: str, text: str) -> None:
        """Something to tell the user."""
        self.send("notice", {"level": level, "text": text[:1000]})

    def answer(self, request: Plain, result: Any = None) -> None:
        """The request is done."""
        self.send("reply", {"id": request["id"], "result": result})

    def refuse(self, request: Plain, error: Exception, path: str = "", name: str = "") -> None:
        """The request cannot be done; the lab's own ``path`` of an upload is told as the ``name`` that it had."""
        code, field = (error.code, error.field) if isinstance(error, Refusal) else ("refused", None)
        text = str(error) or type(error).__name__
        text = text.replace(path, name) if path else text
        self.send("reply", {"id": request["id"], "error": {"code": code, "message": text[:2000], "field": field}})
