"""From the command line to a running server, and its end within a second."""

from __future__ import annotations

import errno
import logging
import os
import re
import secrets
import signal
import socket
import tempfile
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import uvicorn

from glassnet.lab.address import lesson_of
from glassnet.lab.config import Sources
from glassnet.lab.server import Lab
from glassnet.lab.training_process import Trainer

HOST = "127.0.0.1"
TOKEN = "GLASSNET_LAB_TOKEN"
"""The environment variable that fixes the token, so that a page finds a server that was started again."""
NEXT_PORTS = 50


class EndingServer(uvicorn.Server):
    """Ends its streams first, so that nothing keeps it from ending."""

    def __init__(self, config: uvicorn.Config, end: Callable[[], None]) -> None:
        super().__init__(config)
        self._end = end

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Ctrl-C, or a polite kill; whatever is cut off by it is no error to be told."""
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL + 1)
        self._end()
        self.should_exit = True


def bound(port: int) -> socket.socket:
    """A listening socket on loopback; port 0 takes any that is free. Raises OSError, with the next free port, where it is in use."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if os.name != "nt":
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        why = "is in use" if error.errno == errno.EADDRINUSE else "may not be used"
        raise OSError(f"Port {port} {why}. The next free one is {_free_after(port)}: glassnet lab --port {_free_after(port)}") from error
    return listening


def _free_after(port: int) -> int:
    for other in range(max(port + 1, 1024), min(port + NEXT_PORTS, 65536)):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            try:
                probe.bind((HOST, other))
            except OSError:
                continue
            return other
    return 0


def lesson_in(given: str) -> str:
    """The lesson of a shared address, with its ``#``; "" for the name of a file.

    >>> lesson_in("http://127.0.0.1:8000/#data=moons&lr=0.1"), lesson_in("#data=xor"), lesson_in("visits.csv")
    ('#data=moons&lr=0.1', '#data=xor', '')
    """
    if Path(given).exists() or not re.match(r"(https?://[^/]*/)?[^/]*#", given):
        return ""
    return "#" + given.partition("#")[2]


def serve(given: str, port: int, *, browser: bool, say: Callable[[str], None]) -> None:
    """Serve the lab until Ctrl-C. ``say`` gets the address, once it can be opened. ``given`` names data, or is a lesson's address."""
    shared = lesson_in(given)
    if shared:
        lesson_of(shared)  # what is wrong with it is said here
        given = ""
    if given and not Path(given).exists():
        raise FileNotFoundError(f"{given} is not there. Name a table, a folder of pictures, a file of arrays, or the directory of a run.")
    listening = bound(port)
    port = listening.getsockname()[1]
    token = os.environ.get(TOKEN) or secrets.token_urlsafe(24)
    address = f"http://{HOST}:{port}/?token={quote(token, safe='')}{shared}"
    name = os.path.basename(os.path.normpath(given)) if given else ""

    def ready() -> None:
        say(address)
        if browser:
            webbrowser.open(address)

    with tempfile.TemporaryDirectory(prefix="glassnet-lab-", ignore_cleanup_errors=True) as folder, listening:
        sources = Sources(given=os.path.abspath(given) if given else "")
        lab = Lab(lambda publish: Trainer(publish, sources, folder), folder, name)
        config = uvicorn.Config(
            lab.application(port, token, ready),
            log_level="error",
            access_log=False,
            lifespan="on",
            loop="asyncio",
            http="h11",
            ws="none",
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=0,  # streams have ended by then; nobody waits for an upload that does not go on
            timeout_keep_alive=30,
        )
        server = EndingServer(config, lab.end)
        for one in (signal.SIGINT, signal.SIGTERM):
            signal.signal(one, server.handle_exit)
        try:
            server.run(sockets=[listening])
        finally:
            lab.trainer.stop()
