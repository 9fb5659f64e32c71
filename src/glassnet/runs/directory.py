"""The directory of a run: claimed before training begins, so that hours of work never end at a closed door.

model.safetensors   config.toml   report.html   metrics.json   history.csv   schema.json   cost.png   confusion.png or residuals.png
for pictures        weights.png   confident.png
after a search      search.csv
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from glassnet.checks import DataError
from glassnet.estimators.persistence import FILE_NAME
from glassnet.files import atomic

FIGURES = ("cost.png", "confusion.png", "residuals.png", "weights.png", "confident.png")
FILES = (FILE_NAME, "config.toml", "metrics.json", "history.csv", "schema.json", "search.csv", "report.html", *FIGURES)
LEAST_SPACE = 2**20
"""Bytes that a small run takes, about: with less left on the disk there is no use in training."""


class RunDirectory:
    """A directory that can be written, and holds no earlier run unless that may be replaced."""

    def __init__(self, path: Path, *, created: bool) -> None:
        self.path = path
        self._created = created

    @classmethod
    def claim(cls, path: str | os.PathLike[str], *, replace: bool = False) -> Self:
        """Make the directory and try to write into it. Raises DataError with what to do where that fails."""
        path = Path(path)
        if path.exists() and not path.is_dir():
            raise DataError(f"{path} is a file; a run needs a directory. Give another name.")
        if (held := [name for name in FILES if (path / name).exists()]) and not replace:
            raise DataError(f"{path} already holds a run ({held[0]}). Give another directory, or --force to replace it.")
        created = not path.exists()
        try:
            path.mkdir(parents=True, exist_ok=True)
            probe = path / f".glassnet-{os.getpid()}.tmp"
            probe.touch()
            probe.unlink()
            free = shutil.disk_usage(path).free
        except OSError as error:
            if created:
                with contextlib.suppress(OSError):
                    path.rmdir()
            raise DataError(f"{path} cannot be written: {error.strerror or error}. Give a directory of your own.") from error
        claimed = cls(path, created=created)
        if free < LEAST_SPACE:
            claimed.release()
            raise DataError(f"{path} has {free:,} bytes left; a run takes {LEAST_SPACE:,} or more. Free some space, or write elsewhere.")
        return claimed

    def release(self) -> None:
        """Give up: a directory that was made and holds nothing is taken away again."""
        if self._created:
            with contextlib.suppress(OSError):
                self.path.rmdir()

    def write(self, name: str, content: str | bytes) -> None:
        """The file ``name`` <- ``content``, whole or not at all."""
        atomic.write_bytes(self.path / name, content.encode() if isinstance(content, str) else content)

    def write_json(self, name: str, value: Any) -> None:
        """The file ``name`` <- ``value``; a number that is not finite is an error, not a surprise for the reader."""
        self.write(name, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")

    def write_by(self, name: str, write: Callable[[Path], None]) -> None:
        """The file ``name`` <- what ``write`` leaves at the path it is given, which is beside it."""
        aside = self.path / f".{name}.tmp"
        try:
            write(aside)
            os.replace(aside, self.path / name)
        except OSError as error:
            reason = error.strerror or error
            raise OSError(f"{self.path / name} could not be written: {reason}. Check the free space of {self.path}.") from error
        finally:
            aside.unlink(missing_ok=True)

    def remove_others(self, written: set[str]) -> None:
        """Take away what an earlier run left here under a name that this one has not written."""
        for name in set(FILES) - written:
            with contextlib.suppress(OSError):
                (self.path / name).unlink()


def free_name(table: str) -> Path:
    """``visits-run`` for visits.csv or visits/, or ``visits-run-2`` and so on: the first that is not there."""
    stem = Path(table).resolve().name.split(".")[0] or "table"
    path, number = Path(f"{stem}-run"), 2
    while path.exists():
        path, number = Path(f"{stem}-run-{number}"), number + 1
    return path


def check_output(output: str | os.PathLike[str], run: str | os.PathLike[str], data: str | os.PathLike[str]) -> None:
    """Raise DataError where writing to ``output`` would destroy the model, another file of its run, or what is read."""
    run, data = Path(run), Path(data)
    home = run if run.is_dir() else run.parent
    if _same(output, run) or any(_same(output, home / name) for name in FILES):
        raise DataError(f"{output} belongs to the run {run} and would be lost. Write the predictions elsewhere.")
    inside = Path(output).is_file() and data.is_dir() and Path(os.path.realpath(output)).is_relative_to(os.path.realpath(data))
    if _same(output, data) or inside:
        raise DataError(f"{output} is what is to be predicted and would be lost. Write the predictions elsewhere.")


def _same(one: str | os.PathLike[str], other: str | os.PathLike[str]) -> bool:
    """Whether both names lead to one file that is there."""
    try:
        return Path(one).is_file() and os.path.samefile(one, other)
    except OSError:
        return False


def holds_a_run(path: str | os.PathLike[str]) -> bool:
    """True for a directory with a model in it, and for a file that is called like a model."""
    return (Path(path) / FILE_NAME).is_file() or os.fspath(path).endswith(".safetensors")
