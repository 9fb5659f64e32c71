"""The server as a stranger meets it: names, origins, tokens, sizes, paths; hostile files; a training process that is killed."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from glassnet.lab.starting import bound

SOURCE = Path(__file__).parents[2] / "src"
TOKEN = "a-token-for-tests"
PATIENCE = 60.0
SECOND = 1.0


class Served:
    """``glassnet lab`` in a process of its own, and a stream of its events."""

    def __init__(self, *arguments: str, token: str = TOKEN) -> None:
        environment = {**os.environ, "PYTHONPATH": str(SOURCE), "GLASSNET_LAB_TOKEN": token, "PYTHONWARNINGS": ""}
        command = [sys.executable, "-m", "glassnet", "lab", "--no-browser", *arguments]
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().strip()
        assert self.address, self.process.stderr.read() if self.process.stderr else ""
        self.port = int(self.address.split(":")[2].split("/")[0])
        self.latest: dict[str, Any] = {}
        self.notices: list[str] = []
        self._stream: http.client.HTTPConnection | None = None
        self._reader: threading.Thread | None = None

    def send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        token: str | None = TOKEN,
        kind: str = "application/json",
        **headers: str,
    ) -> tuple[int, dict[str, str], bytes]:
        """(status, headers, body) of one request; a header is given as ``host="evil"``."""
        given = {"Content-Type": kind, **({} if token is None else {"X-Glassnet-Token": token})}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body, given)
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def ask(self, command: str, **fields: Any) -> tuple[int, Any]:
        """(status, answer) of a command."""
        status, _, body = self.send("POST", "/api/command", json.dumps({"command": command, **fields}).encode())
        return status, json.loads(body)

    def upload(self, name: str, body: bytes, **more: Any) -> tuple[int, Any]:
        """(status, answer) of an upload."""
        status, _, answer = self.send("POST", f"/api/upload?name={name}", body, **{"kind": "text/csv", **more})
        return status, json.loads(answer)

    def listen(self) -> None:
        """Open a stream of events, as a page does."""
        self._stream = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        self._stream.request("GET", f"/api/events?token={TOKEN}")
        answer = self._stream.getresponse()
        assert answer.status == 200 and answer.getheader("content-type", "").startswith("text/event-stream")

        def read() -> None:
            try:
                for line in answer:
                    if line.startswith(b"data: "):
                        message = json.loads(line[6:])
                        self.latest[message["kind"]] = message
                        if message["kind"] == "notice":
                            self.notices.append(message["text"])
            except (OSError, ValueError, http.client.HTTPException):
                pass
            answer.close()

        self._reader = threading.Thread(target=read, daemon=True)
        self._reader.start()

    def until(self, right: Any) -> dict[str, Any]:
        """Wait until ``right(latest)``."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                if right(self.latest):
                    return self.latest
            except (KeyError, IndexError):
                pass
            time.sleep(0.02)
        raise AssertionError(f"it did not come: {self.latest.get('state', {}).get('told')}, {self.notices}")

    def children(self) -> list[int]:
        """Its training process; Linux tells."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                parts = (entry / "stat").read_text().rpartition(")")[2].split()
                line = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if int(parts[1]) == self.process.pid and b"spawn_main" in line:
                found.append(int(entry.name))
        return found

    def end(self) -> tuple[int, float, str]:
        """Ctrl-C: (exit status, seconds it took, what was said on stderr)."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        status = self.process.wait(PATIENCE)
        seconds = time.monotonic() - began
        said = self.process.communicate()[1]
        if self._reader is not None and self._stream is not None:
            self._reader.join(PATIENCE)
            self._stream.close()
        return status, seconds, said


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """One server for all questions that do not harm it."""
    lab = Served()
    lab.listen()
    lab.until(lambda latest: latest["state"]["status"] == "ready")
    yield lab
    status, _, said = lab.end()
    assert (status, said) == (0, "")


def test_the_address_is_loopback_and_has_the_token(served: Served) -> None:
    assert served.address == f"http://127.0.0.1:{served.port}/?token={TOKEN}"
    with bound(0) as listening:
        assert listening.getsockname()[0] == "127.0.0.1"


def test_the_page_and_its_headers(served: Served) -> None:
    status, headers, body = served.send("GET", "/", token=None)
    assert status == 200 and headers["content-type"].startswith("text/html") and b"<html" in body
    assert "default-src 'none'" in headers["content-security-policy"] and "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store" and "server" not in headers
    assert served.send("GET", "/app.js", token=None)[1]["content-type"].startswith("text/javascript")
    assert served.send("GET", "/api/schema.json", token=None)[0] == 200


@pytest.mark.parametrize("path", ["/", "/app.js", "/api/schema.json", "/api/events?token=" + TOKEN, "/nothing"])
@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example:80", ""])
def test_another_host_is_turned_away(served: Served, path: str, host: str) -> None:
    status, headers, body = served.send("GET", path, host=host)
    assert status in (400, 403)  # an empty Host is no HTTP at all
    assert status == 400 or (json.loads(body)["error"]["code"] == "host" and "content-security-policy" in headers)


def test_its_own_other_names_are_welcome(served: Served) -> None:
    for host in (f"localhost:{served.port}", f"127.0.0.1:{served.port}", f"LOCALHOST:{served.port}"):
        assert served.send("GET", "/", host=host)[0] == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1:{port}", "http://127.0.0.1:1", "file://"])
def test_another_origin_is_turned_away(served: Served, origin: str) -> None:
    body = json.dumps({"command": "pause"}).encode()
    status, _, answer = served.send("POST", "/api/command", body, origin=origin.format(port=served.port))
    assert status == 403 and json.loads(answer)["error"]["code"] == "origin"
    assert served.send("POST", "/api/command", body, origin=f"http://127.0.0.1:{served.port}")[0] == 200
    assert served.send("POST", "/api/command", body, sec_fetch_site="cross-site")[0] == 403


@pytest.mark.parametrize("token", [None, "", "wrong", TOKEN[:-1], TOKEN + "x", "é"])
def test_without_the_token_nothing_is_done(served: Served, token: str | None) -> None:
    given = token.encode().decode("latin-1") if token else token
    status, _, answer = served.send("POST", "/api/command", b'{"command": "play"}', token=given)
    assert status == 401 and json.loads(answer)["error"]["code"] == "token"
    assert served.send("POST", "/api/upload?name=a.csv", b"x,y\n1,2\n", token=given)[0] == 401
    for path in ("/api/events", "/api/model.safetensors", "/api/report.html", "/api/code.py"):
        assert served.send("GET", path, token=TOKEN)[0] == 401  # there it belongs into the address
        assert served.send("GET", f"{path}?token=wrong", token=None)[0] == 401


@pytest.mark.parametrize(
    "path",
    [
        "/../pyproject.toml",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/..%2fschema.json",
        "/static/app.js",
        "/schema.json",
        "/app.js/..",
        "/api",
        "//etc",
    ],
)
def test_no_path_leads_out_of_the_static_folder(served: Served, path: str) -> None:
    status, _, body = served.send("GET", path)
    assert status == 404 and b"root:" not in body


@pytest.mark.parametrize(
    "body, kind, status, code",
    [
        (b"not json", "application/json", 400, "malformed"),
        (b"[" * 100_000, "application/json", 400, "malformed"),
        (b'{"command": "explode"}', "application/json", 400, "malformed"),
        (b'{"command": ["play"]}', "application/json", 400, "malformed"),
        (b'{"command": "play", "more": 1}', "application/json", 400, "malformed"),
        (b'{"command": "step"}', "application/json", 400, "malformed"),
        (b'{"command": "speed", "epochs_per_second": NaN}', "application/json", 400, "malformed"),
        (b'{"command": "open", "open": "/etc/passwd"}', "application/json", 400, "malformed"),
        (b'{"command": "play"}', "text/plain", 415, "media_type"),
        (b'{"command": "pick", "row": 1e999}', "application/json", 422, "refused"),
        (b'{"command": "play"' + b" " * (1 << 20) + b"}", "application/json", 413, "too_large"),
        (b'{"command": "draw", "pixels": 3}', "application/json", 409, "busy"),
    ],
)
def test_commands_that_are_none(served: Served, body: bytes, kind: str, status: int, code: str) -> None:
    answer = served.send("POST", "/api/command", body, kind=kind)
    assert (answer[0], json.loads(answer[2])["error"]["code"]) == (status, code)
    assert "Traceback" not in answer[2].decode() and served.ask("pause")[0] == 200


def test_other_methods(served: Served) -> None:
    assert served.send("GET", f"/api/command?token={TOKEN}")[0] == 405
    assert served.send("DELETE", f"/?token={TOKEN}")[0] == 405


HOSTILE = {
    "empty.csv": b"",
    "one-line.csv": b"x,y\n",
    "no-table.csv": b"\x00\xff\xfe\x00" * 50,
    "binary.parquet": b"PAR1" + os.urandom(500) + b"PAR1",
    "one-column.csv": b"y\n1\n2\n3\n",
    "one-class.csv": b"x,y\n1,a\n2,a\n3,a\n",
    "words.csv": b"x,y\n" + b"".join(b"w%d,v%d\n" % (i, i) for i in range(30)),
    "ragged.csv": b"x,y\n1,2,3\n4\n5,6\n",
    "infinite.csv": b"x,y\n" + b"inf,1\nnan,0\n-inf,1\n1,0\n" * 4,
    "pickle.csv": b"cos\nsystem\n(S'touch here'\ntR.",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_with_a_sentence_or_learned_from(served: Served, name: str) -> None:
    status, answer = served.upload(name, HOSTILE[name])
    if status == 200:
        assert answer["result"]["rows"] > 0
        served.until(lambda latest: latest["state"]["config"]["data"]["name"] == name)
        return
    assert status == 422, answer
    message = answer["error"]["message"]
    assert len(message) > 20 and "glassnet-lab-" not in message and "Traceback" not in message
    assert served.ask("pause")[0] == 200


def test_a_file_that_is_meant_to_be_seen_does_no_harm(served: Served) -> None:
    rows = b"".join(b"%d,=HYPERLINK(1),%s\n" % (i, b"<b>bad</b>" if i % 2 else b"good") for i in range(20))
    status, answer = served.upload("..%2F..%2Fevil.csv", b"<script>alert(1)</script>,formula,kind\n" + rows)
    assert status == 200 and answer["result"]["name"] == "evil.csv" and answer["result"]["target"] == "kind"
    state = served.until(lambda latest: latest["state"]["config"]["data"]["name"] == "evil.csv" and latest["state"]["sizes"])["state"]
    assert state["classes"] == ["<b>bad</b>", "good"]  # as it is: the page sets it as text
    assert served.ask("step", what="epoch")[0] == 200
    assert served.ask("load_state", query="data=xor")[0] == 200


def test_uploads_have_a_size_a_kind_and_a_name(served: Served) -> None:
    assert served.upload("a.exe", b"x")[0] == 422
    assert served.upload("", b"x")[0] == 422
    assert served.upload("a.csv", b"x", kind="multipart/form-data")[0] == 415
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=PATIENCE)
    connection.putrequest("POST", "/api/upload?name=a.csv")
    for name, value in {"Content-Type": "text/csv", "X-Glassnet-Token": TOKEN, "Content-Length": str(1 << 40)}.items():
        connection.putheader(name, value)
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()


def test_an_upload_without_a_length_is_read_no_further_than_the_limit(served: Served) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(40):
            yield b"1,2\n" * (1 << 18)

    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=PATIENCE)
    headers = {"Content-Type": "text/csv", "X-Glassnet-Token": TOKEN}
    try:
        connection.request("POST", "/api/upload?name=a.csv", endless(), headers, encode_chunked=True)
        assert connection.getresponse().status == 413
    except (BrokenPipeError, ConnectionResetError):
        pass  # it hung up while more was being sent
    finally:
        connection.close()
    assert served.ask("pause")[0] == 200


def test_downloads(served: Served) -> None:
    served.ask("load_state", query="data=moons")
    served.until(lambda latest: latest["state"]["config"]["data"]["name"] == "moons" and latest["state"]["status"] == "ready")
    assert served.send("GET", f"/api/report.html?token={TOKEN}")[0] == 409
    served.ask("step", what="epoch")
    served.until(lambda latest: latest["state"]["cursor"]["epoch"] == 1)
    for name, begins in (("model.safetensors", b""), ("report.html", b"<!doctype html>"), ("code.py", b'"""What the lab shows')):
        status, headers, body = served.send("GET", f"/api/{name}?token={TOKEN}")
        assert status == 200 and "attachment" in headers["content-disposition"] and body.lower().startswith(begins.lower()), name


def test_two_pages_and_one_that_closes(served: Served) -> None:
    other = http.client.HTTPConnection("127.0.0.1", served.port, timeout=PATIENCE)
    other.request("GET", f"/api/events?token={TOKEN}")
    answer, seen = other.getresponse(), b""
    while b"event: state" not in seen:
        seen += answer.read1(4096)
    assert seen.startswith(b"retry: 1000\n\nevent: hello\n")
    answer.close()
    other.close()
    served.ask("play")
    epoch = served.latest["frame"]["epoch"]
    served.until(lambda latest: latest["frame"]["epoch"] > epoch + 5)
    assert served.ask("pause")[0] == 200


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds the training process in /proc")
def test_a_killed_training_process_is_told_and_started_again() -> None:
    lab = Served()
    lab.listen()
    lab.until(lambda latest: latest["state"]["status"] == "ready")
    lab.ask("load_state", query="data=donut&hidden=3:relu")
    lab.until(lambda latest: latest["state"]["config"]["data"]["name"] == "donut" and latest["state"]["sizes"])
    lab.ask("play")
    lab.until(lambda latest: latest["frame"]["epoch"] > 3)
    time.sleep(6)  # it is no longer young
    (child,) = lab.children()
    os.kill(child, signal.SIGKILL)
    lab.until(lambda latest: any("signal 9" in notice for notice in lab.notices))
    state = lab.until(lambda latest: latest["state"]["status"] == "ready" and latest["state"]["cursor"]["epoch"] == 0)["state"]
    assert state["config"]["data"]["name"] == "donut" and state["config"]["network"]["hidden"][0]["units"] == 3
    assert lab.ask("step", what="epoch")[0] == 200
    assert lab.end()[0] == 0


@pytest.mark.parametrize("playing", [False, True])
def test_ctrl_c_ends_it_within_a_second_and_leaves_nothing(playing: bool) -> None:
    lab = Served()
    lab.listen()
    lab.until(lambda latest: latest["state"]["status"] == "ready")
    children = lab.children()
    if playing:
        lab.ask("play")
        lab.until(lambda latest: latest["frame"]["epoch"] > 2)
    status, seconds, said = lab.end()
    assert (status, said) == (0, "")
    assert seconds < SECOND
    assert not [child for child in children if Path(f"/proc/{child}").exists()]


def test_ctrl_c_in_the_first_moment() -> None:
    lab = Served()
    status, seconds, said = lab.end()
    assert (status, said) == (0, "") and seconds < SECOND


def test_a_port_in_use_is_said_and_the_next_one_offered() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "glassnet", "lab", "--no-browser", "--port", str(port)]
        ended = subprocess.run(
            command, env={**os.environ, "PYTHONPATH": str(SOURCE)}, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    assert ended.returncode == 2 and f"Port {port} is in use" in ended.stderr and "glassnet lab --port" in ended.stderr
    assert ended.stdout == ""


def test_a_shared_lesson_is_opened_by_its_address() -> None:
    lab = Served("http://127.0.0.1:1/#data=moons&hidden=3:relu")
    assert lab.address == f"http://127.0.0.1:{lab.port}/?token={TOKEN}#data=moons&hidden=3:relu"
    assert lab.end()[0] == 0


def test_a_shared_lesson_that_makes_no_sense() -> None:
    command = [sys.executable, "-m", "glassnet", "lab", "--no-browser", "#hidden=many"]
    ended = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": str(SOURCE)}, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert ended.returncode == 2 and "hidden must be" in ended.stderr and "Traceback" not in ended.stderr


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds the training process in /proc")
def test_ctrl_c_while_a_request_waits() -> None:
    lab = Served()
    lab.listen()
    lab.until(lambda latest: latest["state"]["status"] == "ready")
    (child,) = lab.children()
    os.kill(child, signal.SIGSTOP)  # it will not answer
    waiting = threading.Thread(target=lambda: lab.ask("pause"), daemon=True)
    waiting.start()
    time.sleep(0.3)
    status, seconds, said = lab.end()
    assert (status, said) == (0, "") and seconds < SECOND
    waiting.join(PATIENCE)


def test_ctrl_c_while_uploads_do_not_go_on() -> None:
    lab = Served()
    begun = []
    for _ in range(5):
        connection = http.client.HTTPConnection("127.0.0.1", lab.port, timeout=PATIENCE)
        connection.putrequest("POST", "/api/upload?name=a.csv")
        for name, value in {"Content-Type": "text/csv", "X-Glassnet-Token": TOKEN, "Content-Length": "1000"}.items():
            connection.putheader(name, value)
        connection.endheaders(b"x,y\n1,2\n")
        begun.append(connection)
    time.sleep(0.3)
    status, seconds, said = lab.end()
    assert (status, said) == (0, "") and seconds < SECOND
    for connection in begun:
        connection.close()


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds the training process in /proc")
def test_the_speed_of_play_outlives_the_training_process() -> None:
    lab = Served()
    lab.listen()
    lab.until(lambda latest: latest["state"]["status"] == "ready")
    assert lab.ask("speed", epochs_per_second=5)[0] == 200
    (child,) = lab.children()
    for times in (1, 2):  # the second time, it is started by the next command, which is not lost
        os.kill(child, signal.SIGKILL)
        lab.until(lambda latest, times=times: sum("signal 9" in notice for notice in lab.notices) == times)
        if times == 1:
            deadline = time.monotonic() + PATIENCE
            while not (children := lab.children()) and time.monotonic() < deadline:
                time.sleep(0.02)
            (child,) = children
    assert lab.ask("load_state", query="data=moons")[0] == 200
    lab.until(lambda latest: latest["state"]["status"] == "ready" and latest["state"]["config"]["data"]["name"] == "moons")
    lab.ask("step", what="epoch")
    lab.until(lambda latest: latest["frame"]["epoch"] == 1)
    lab.ask("play")
    time.sleep(1.5)
    lab.ask("pause")
    epoch = lab.until(lambda latest: latest["state"]["status"] == "paused")["frame"]["epoch"]
    assert 3 <= epoch <= 12
    lab.end()


def test_data_that_are_not_there() -> None:
    command = [sys.executable, "-m", "glassnet", "lab", "--no-browser", "nothing.csv"]
    ended = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": str(SOURCE)}, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert ended.returncode == 2 and "nothing.csv is not there" in ended.stderr


def test_data_that_cannot_be_learned_from_are_told_on_the_page(tmp_path: Path) -> None:
    (tmp_path / "broken.csv").write_text("y\n1\n2\n")
    lab = Served(str(tmp_path / "broken.csv"))
    lab.listen()
    state = lab.until(lambda latest: latest["state"]["status"] == "ready")["state"]
    assert state["config"]["data"]["name"] == "xor"
    assert any("nothing to learn from" in notice for notice in lab.notices)
    assert lab.latest["hello"]["name"] == "broken.csv"
    lab.end()
