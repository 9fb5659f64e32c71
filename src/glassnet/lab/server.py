"""The server: static files, one stream of events, commands by POST. It binds loopback only and trusts nobody.

    Host      must be this address, so that a name that leads here (DNS rebinding) is turned away
    Origin    must be this address, where a browser tells it
    token     made anew at every start; every request under /api needs it, the schema excepted
    sizes     of commands and uploads are limited while they are read

Nothing that is received is unpickled or run. Uploads and downloads live in a folder of the lab's own, under names of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
from collections.abc import AsyncIterator, Callable
from importlib import resources
from typing import Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from glassnet import __version__
from glassnet.lab.config import Refusal
from glassnet.lab.hub import Hub
from glassnet.lab.requests import COMMAND_BYTES, UPLOAD_BYTES, bounded_body, checked_command, checked_name
from glassnet.lab.training_process import LONG_PATIENCE, Trainer

FRAMES = 30
ROWS = 100_000
ALIVE = 10.0
"""Seconds between two signs of life on a silent stream."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
STATUS = {
    "malformed": 400,
    "token": 401,
    "host": 403,
    "origin": 403,
    "not_found": 404,
    "method": 405,
    "busy": 409,
    "too_large": 413,
    "media_type": 415,
    "refused": 422,
    "engine_gone": 503,
    "engine_silent": 504,
}
TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".txt": "text/plain"}
DOWNLOADS = {
    "model.safetensors": ("model", "application/octet-stream"),
    "report.html": ("report", "text/html"),
    "code.py": ("code", "text/x-python"),
}


def error(code: str, message: str, field: str | None = None) -> Response:
    """The schema's Error."""
    return JSONResponse({"error": {"code": code, "message": message, "field": field}}, STATUS[code])


class Guard:
    """Turns away whoever asks under another name, from another page or without the token; puts HEADERS on every answer."""

    def __init__(self, app: ASGIApp, port: int, token: str) -> None:
        self.app, self.token = app, token
        self.hosts = {f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *((k.lower().encode(), v.encode()) for k, v in HEADERS.items())]
            await send(message)

        refusal = self._refusal(scope)
        await (self.app if refusal is None else refusal)(scope, receive, send_with_headers)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if headers.getlist("host") != [headers.get("host", "")] or headers.get("host", "").lower() not in self.hosts:
            return error("host", "this server answers to its own address only, the one that the terminal shows.")
        origin = headers.get("origin")
        if origin is not None and (urlsplit(origin).scheme != "http" or urlsplit(origin).netloc.lower() not in self.hosts):
            return error("origin", "another page may not ask here.")
        if headers.get("sec-fetch-site") in ("cross-site", "same-site") and scope["path"].startswith("/api"):
            return error("origin", "another page may not ask here.")
        if scope["path"].startswith("/api/") and scope["path"] != "/api/schema.json":
            request = Request(scope)
            given = headers.get("x-glassnet-token") if scope["method"] == "POST" else request.query_params.get("token")
            if not secrets.compare_digest((given or "").encode(), self.token.encode()):
                return error("token", "the token is missing or of another start. Open the address that the terminal shows.")
        return None


class Lab:
    """The application around one training process."""

    def __init__(self, trainer_of: Callable[[Callable[[str, bytes], None]], Trainer], folder: str, name: str) -> None:
        self.hub = Hub(lambda: self.trainer.more())
        self.trainer = trainer_of(self.hub.publish)
        self.folder, self.name, self.started = folder, name, secrets.token_hex(8)
        self.uploads, self.uploading = 0, asyncio.Lock()

    def application(self, port: int, token: str, ready: Callable[[], None]) -> ASGIApp:
        """The ASGI application; ``ready`` is called when it begins."""

        @contextlib.asynccontextmanager
        async def lifespan(app: Starlette) -> AsyncIterator[None]:
            self.trainer.start()
            ready()
            yield
            self.trainer.stop()

        routes = [
            Route("/", self.page),
            Route("/{name}", self.page),
            Route("/api/schema.json", self.schema),
            Route("/api/events", self.events),
            Route("/api/command", self.command, methods=["POST"]),
            Route("/api/upload", self.upload, methods=["POST"]),
            *(Route(f"/api/{name}", self.download) for name in DOWNLOADS),
        ]
        handlers: Any = {
            Refusal: lambda request, fault: error(fault.code, str(fault), fault.field),
            404: lambda request, fault: error("not_found", "there is nothing of that name here."),
            405: lambda request, fault: error("method", f"{request.method} is not possible here."),
        }
        return Guard(Starlette(routes=routes, lifespan=lifespan, exception_handlers=handlers), port, token)

    def end(self) -> None:
        """All is over: the streams end, and the training process with them."""
        self.hub.close()
        self.trainer.kill()

    async def page(self, request: Request) -> Response:
        """The page and its parts: the files of one folder inside the package, and no others."""
        name = request.path_params.get("name", "index.html")
        known = {entry.name: entry for entry in resources.files("glassnet.lab").joinpath("static").iterdir() if entry.is_file()}
        kind = TYPES.get(os.path.splitext(name)[1])
        if name not in known or kind is None:
            return error("not_found", "there is nothing of that name here.")
        return Response(known[name].read_bytes(), media_type=kind)

    async def schema(self, request: Request) -> Response:
        """The schema of all messages."""
        text = resources.files("glassnet.lab").joinpath("schema.json").read_bytes()
        return Response(text, media_type="application/schema+json")

    async def events(self, request: Request) -> Response:
        """The stream of messages."""
        headers = {"X-Accel-Buffering": "no"}
        return StreamingResponse(self._stream(), media_type="text/event-stream", headers=headers)

    async def _stream(self) -> AsyncIterator[bytes]:
        page = self.hub.join()
        try:
            yield b"retry: 1000\n\n" + _event("hello", *self.hub.number(self._hello()))
            while not self.hub.closed:
                news = await self.hub.news(page, ALIVE)
                yield b"".join(_event(*message) for message in news) or b": here\n\n"
        finally:
            self.hub.leave(page)

    def _hello(self) -> bytes:
        limits = {"upload_bytes": UPLOAD_BYTES, "command_bytes": COMMAND_BYTES, "rows": ROWS, "frames_per_second": FRAMES}
        hello = {"kind": "hello", "version": __version__, "schema": 1, "started": self.started, "limits": limits, "name": self.name}
        return json.dumps(hello, separators=(",", ":")).encode()

    async def command(self, request: Request) -> Response:
        """One command, to the training process and back."""
        command = checked_command(request, await bounded_body(request, COMMAND_BYTES))
        return JSONResponse({"ok": True, "result": await self.trainer.ask({"command": command})})

    async def upload(self, request: Request) -> Response:
        """A file; it is kept under a name of our own, and the one before it goes."""
        name = checked_name(request)
        body = await bounded_body(request, UPLOAD_BYTES)
        if not body:
            raise Refusal(f"{name} is empty. A table has at least a line of names and two rows.", "name")
        async with self.uploading:
            return JSONResponse({"ok": True, "result": await self._opened(name, body)})

    async def _opened(self, name: str, body: bytes) -> Any:
        """What the training process makes of an upload; one at a time, so that the file which it holds stays."""
        self.uploads += 1
        path = os.path.join(self.folder, f"upload-{self.uploads}{os.path.splitext(name)[1].lower()}")
        with open(path, "xb") as file:
            file.write(body)
        try:
            result = await self.trainer.ask({"open": path, "name": name}, LONG_PATIENCE)
        except Refusal as refusal:
            os.unlink(path)
            raise Refusal(str(refusal).replace(path, name), refusal.field, refusal.code) from refusal
        if before := self.trainer.sources.upload:
            with contextlib.suppress(OSError):
                os.unlink(before)
        self.trainer.uploaded(path, name)
        return result

    async def download(self, request: Request) -> Response:
        """The model, the report or the code, made now."""
        name = request.url.path.rsplit("/", 1)[1]
        what, kind = DOWNLOADS[name]
        made = await self.trainer.ask({"fetch": what}, LONG_PATIENCE)
        return FileResponse(made["path"], media_type=kind, filename="lesson.py" if what == "code" else name)


def _event(kind: str, seq: int, text: bytes) -> bytes:
    return b"event: %s\nid: %d\ndata: %s\n\n" % (kind.encode(), seq, text)
