"""Opening a file that should hold a table: its bytes, unpacked and in UTF-8, or one sentence about why not."""

from __future__ import annotations

import codecs
import gzip
import os
import zlib
from pathlib import Path

from glassnet.checks import DataError

LARGEST_UNPACKED = 4 * 2**30  # bytes a .gz file may grow to
LIKELY = 2**26  # bytes; beyond these a table does not grow more than so many times over: text shrinks to a third or a twentieth
TIMES = 50


def bytes_of(source: str) -> bytes:
    """What is in the file, unpacked if it is gzipped."""
    path = Path(source)
    try:
        if path.is_dir():
            raise DataError(f"{source} is a directory, not a table. Name the file inside it.")
        raw = path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"{source} does not exist. Check the path; relative ones start at {os.getcwd()}.") from None
    except OSError as error:
        raise DataError(f"{source} cannot be read: {error.strerror or error}.") from error
    if raw[:2] == b"\x1f\x8b":
        raw = _unpacked(source)
    if not raw.strip():
        raise DataError(f"{source} is empty: it holds no line of text.")
    return raw


def _unpacked(source: str) -> bytes:
    try:
        with gzip.open(source) as file:
            most = min(LARGEST_UNPACKED, max(LIKELY, TIMES * os.path.getsize(source)))
            raw = file.read(most + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{source} is a damaged gzip file: {error}.") from error
    if len(raw) > most:
        raise DataError(f"{source} unpacks to more than {most / 2**20:,.0f} MiB. Unpack it first if you trust it.")
    return raw


def utf8_of(raw: bytes, source: str, encoding: str) -> bytes:
    """The text in UTF-8 without a byte order mark, or why this is no text."""
    if raw[:4] == b"PK\x03\x04":
        raise DataError(f"{source} is a zip file or a workbook, not a text table. Export the sheet as CSV.")
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff") and "16" not in encoding:
        raise DataError(f"{source} is text in UTF-16. Say so (encoding='utf-16'), or save it as UTF-8.")
    try:
        utf8 = codecs.lookup(encoding).name == "utf-8"
        text = raw if utf8 and raw.isascii() else raw.decode(encoding).removeprefix("\ufeff").encode()
    except LookupError:
        raise ValueError(f"encoding must be one that Python knows, such as 'utf-8' or 'latin-1'; got {encoding!r}.") from None
    except UnicodeDecodeError as error:
        if b"\0" in raw:
            raise DataError(f"{source} is a binary file, not a text table.") from None
        line = raw.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{source}, line {line} is not text in {encoding} (byte {raw[error.start]:#04x}). Files of older programs are often in"
            " Latin-1: try encoding='latin-1', or save the file as UTF-8."
        ) from None
    if b"\0" in text:
        raise DataError(f"{source} is a binary file, not a text table.")
    return text
