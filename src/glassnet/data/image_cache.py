"""Decoded pictures kept on disk, so that they are decoded once: ``photos.npy`` and ``photos.json``.

    photos.npy     the rows of pixels, opened memory-mapped
    photos.json    options; size and time of the pixel file; for each picture name, bytes, time of change, and its row or why it has none

A picture that has changed, or is new, is decoded anew; the others are copied. The index is removed before the pixels are replaced,
and names the very file it was written for, so no interruption and no second process can bring rows and names out of step: a cache
that does not fit is simply not used. Both files are written aside and moved into place.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from glassnet.data.image_files import ImageFile
from glassnet.files import atomic, strict_json

KIND, VERSION = "glassnet pictures", 1
HEADER = 128  # bytes of the .npy header, padded

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Kept:
    """What a cache holds: rows of pixels, and per name (bytes, time of change, number of the row or the reason why there is none)."""

    pixels: Pixels
    entries: dict[str, tuple[int, int, int | str]]

    def find(self, file: ImageFile) -> int | str | None:
        """The row of ``file``, the reason why it has none, or None where it is new or has changed."""
        entry = self.entries.get(file.name)
        return entry[2] if entry is not None and entry[:2] == (file.size, file.changed) else None


class ImageCache:
    """The two files at ``path`` (with or without ``.npy``), for pictures of these options."""

    def __init__(self, path: str | os.PathLike[str], size: int, grey: bool) -> None:
        base = Path(path)
        base = base.with_suffix("") if base.suffix == ".npy" else base
        self.pixels_path, self.index_path = base.with_name(base.name + ".npy"), base.with_name(base.name + ".json")
        self.width = size * size * (1 if grey else 3)
        self.options = {"size": size, "grey": grey, "version": VERSION}

    def read(self) -> Kept | None:
        """What is kept, or None where there is nothing, or nothing that fits."""
        try:
            index = strict_json.from_text(self.index_path.read_text(encoding="ascii"))
            if index["kind"] != KIND or index["options"] != self.options or index["pixels"] != self._identity():
                return None
            pixels = np.load(self.pixels_path, mmap_mode="r", allow_pickle=False)
            if pixels.dtype != np.uint8 or pixels.shape[1:] != (self.width,) or not pixels.flags.c_contiguous:
                return None
            entries = {name: _entry(given, len(pixels)) for name, given in index["files"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
        return Kept(pixels, entries)

    def rows(self) -> _FileRows:
        """A place beside the pixel file to write new rows to."""
        return _FileRows(self.pixels_path, self.width)

    def replace(self, rows: _FileRows, files: list[ImageFile], found: list[int | str]) -> Pixels:
        """Put finished ``rows`` and their index into place; ``found`` is the row or reason of each file. The pixels, memory-mapped."""
        with contextlib.suppress(FileNotFoundError):
            self.index_path.unlink()
        rows.move()
        index = {
            "kind": KIND,
            "options": self.options,
            "pixels": self._identity(),
            "files": {file.name: [file.size, file.changed, answer] for file, answer in zip(files, found, strict=True)},
        }
        atomic.write_bytes(self.index_path, strict_json.to_text(index, "index").encode())
        pixels: Pixels = np.load(self.pixels_path, mmap_mode="r", allow_pickle=False)
        return pixels

    def _identity(self) -> list[int]:
        facts = self.pixels_path.stat()
        return [facts.st_size, facts.st_mtime_ns]


def _entry(given: Any, n_rows: int) -> tuple[int, int, int | str]:
    size, changed, answer = given
    if not (isinstance(answer, str) or (type(answer) is int and 0 <= answer < n_rows)):
        raise ValueError("an entry that points outside the pixels")
    return size, changed, answer


class _FileRows:
    """Rows of pixels written one block after the other to a temporary file; `move` gives it its name. Removed if that never happens."""

    def __init__(self, target: Path, width: int) -> None:
        self.target, self.width, self.n_rows = target, width, 0
        self._path = target.parent / f".glassnet-{secrets.token_hex(8)}.tmp"

    def __enter__(self) -> Self:
        try:
            self._file = open(self._path, "wb")  # closed by __exit__
        except OSError as error:
            raise _told(error, self.target) from error
        self._file.write(self._header())
        return self

    def add(self, row: Pixels) -> int:
        """Append one row; its number."""
        try:
            self._file.write(row.tobytes())
        except OSError as error:
            raise _told(error, self.target) from error
        self.n_rows += 1
        return self.n_rows - 1

    def move(self) -> None:
        """Write the header, and put the file into its place."""
        try:
            self._file.seek(0)
            self._file.write(self._header())
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            os.replace(self._path, self.target)
        except OSError as error:
            raise _told(error, self.target) from error

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with contextlib.suppress(OSError):
            self._file.close()
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()

    def _header(self) -> bytes:
        """The .npy header (format 1.0), of one length whatever the number of rows."""
        text = f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({self.n_rows}, {self.width}), }}"
        return b"\x93NUMPY\x01\x00" + (HEADER - 10).to_bytes(2, "little") + text.ljust(HEADER - 11).encode() + b"\n"


def _told(error: OSError, target: Path) -> OSError:
    told = type(error)(
        f"{target} could not be written: {error.strerror or error}. Free some space, or keep the pictures elsewhere (cache)."
    )
    told.errno = error.errno
    return told
