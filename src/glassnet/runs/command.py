"""The command line that would make a run again: every field of its configuration that is not as it comes, as an option."""

from __future__ import annotations

import dataclasses
import shlex
from typing import Any

from glassnet.runs.config import RunConfig

FLAGS = {"header": ("--header", "--no-header"), "grey": ("--grey", "--colour")}
REPEATED = ("missing", "text", "drop", "add")


def command_of(config: RunConfig) -> str:
    """``glassnet train visits.csv --target action --hidden 64,64 ...``, for a POSIX shell."""
    words = ["glassnet", "train", config.data]
    for field in dataclasses.fields(RunConfig):
        value = getattr(config, field.name)
        if field.name == "data" or value is None or value == field.default or (value == () and field.name != "hidden"):
            continue
        words += _option(field.name, value)
    return shlex.join(word for word in words if word)


def _option(name: str, value: Any) -> list[str]:
    option = "--" + name.replace("_", "-")
    if name in FLAGS:
        return [FLAGS[name][0 if value else 1]]
    if name in REPEATED:
        return [word for entry in value for word in (option, entry)]
    if name == "hidden":
        return [option, ",".join(map(str, value))] if value else []
    return [
        option,
        f"{value:.17g}"
        if isinstance(value, float) and float(f"{value:g}") != value
        else f"{value:g}"
        if isinstance(value, float)
        else str(value),
    ]
