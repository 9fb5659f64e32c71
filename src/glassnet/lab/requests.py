"""Requests, looked at before anybody else sees them: their size, their form, and whether they are commands of the schema."""

from __future__ import annotations

import functools
import json
import os
from importlib import resources
from typing import Any

from starlette.requests import Request

from glassnet.checks import did_you_mean
from glassnet.lab.config import Refusal

COMMAND_BYTES = 1 << 20
UPLOAD_BYTES = 20_000_000
SUFFIXES = (".csv", ".tsv", ".txt", ".data", ".parquet")
LONGEST_NAME = 200


async def bounded_body(request: Request, most: int) -> bytes:
    """The body, read no further than ``most`` bytes. Raises Refusal for more."""
    refusal = Refusal(f"the request has more than {most:,} bytes, which is the most that is taken here.", None, "too_large")
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > most:
        raise refusal
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise refusal
        parts.append(part)
    return b"".join(parts)


@functools.cache
def commands() -> dict[str, tuple[frozenset[str], frozenset[str]]]:
    """(all fields, required ones) of every command of the schema."""
    schema = json.loads(resources.files("glassnet.lab").joinpath("schema.json").read_text(encoding="utf-8"))
    found = {}
    for entry in schema["$defs"]["Command"]["oneOf"]:
        definition = schema["$defs"][entry["$ref"].rsplit("/", 1)[1]]
        fields = definition["properties"]
        found[fields["command"]["const"]] = (frozenset(fields), frozenset(definition["required"]))
    return found


def checked_command(request: Request, body: bytes) -> dict[str, Any]:
    """The command in a request. Raises Refusal for what is none, or has fields that it should not have or lacks those that it needs."""
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind != "application/json":
        raise Refusal("a command is sent as application/json.", None, "media_type")
    try:
        command = json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Refusal("the command is not JSON.", None, "malformed") from error
    if not isinstance(command, dict):
        raise Refusal("a command is an object of fields, as the schema has them.", "command", "malformed")
    known = commands()
    name = command.get("command")
    if not isinstance(name, str) or name not in known:
        raise Refusal(f"there is no command {str(name)[:40]!r}.{did_you_mean(str(name)[:40], known)}", "command", "malformed")
    fields, required = known[name]
    for field in [*sorted(set(command) - fields), *sorted(required - set(command))]:
        what = "has no field" if field in command else "needs the field"
        raise Refusal(f"the command {name} {what} {field[:40]!r}; its fields are {', '.join(sorted(fields))}.", field[:40], "malformed")
    return dict(command)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


def checked_name(request: Request) -> str:
    """The name of an upload, without any path. Raises Refusal for kinds of files that are not read here."""
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind not in ("text/csv", "text/plain", "text/tab-separated-values", "application/octet-stream", "application/vnd.ms-excel"):
        raise Refusal("an upload is sent as text/csv or application/octet-stream.", None, "media_type")
    name = request.query_params.get("name", "").replace("\\", "/").rsplit("/", 1)[-1]
    name = "".join(letter for letter in name if letter.isprintable()).strip()[-LONGEST_NAME:]
    if os.path.splitext(name)[1].lower() not in SUFFIXES:
        raise Refusal(
            f"{name or 'a file without a name'} cannot be read here: its name must end in {', '.join(SUFFIXES)}. "
            "Name a folder of pictures or a run on the command line.",
            "name",
        )
    return name
