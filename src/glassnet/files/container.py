"""A model file: named arrays and JSON metadata in one safetensors file, in which no value can change unseen.

    8 bytes     length of the header, little-endian
    header      JSON: for each array its dtype, shape and place; and ``__metadata__``, strings only:
                  format          "glassnet"
                  format_version  "1"
                  metadata        the metadata, as JSON text
                  arrays          for each array its SHA-256 over "dtype shape" and bytes, as JSON text
                  sha256          SHA-256 over the four entries above
    the rest    the arrays, C-contiguous and little-endian

So a changed bit is either found or harmless (the blanks that pad the header). The file is written aside and moved into place.
Reading parses JSON and copies bytes: it runs no code, resolves no class name and follows no path from the file. It takes at most four
times the bytes of the arrays and fifty times those of the header, whatever they say.
Source of the format: the safetensors documentation; any safetensors reader can open these files.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections.abc import Mapping
from typing import Any, NoReturn

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as load_safetensors
from safetensors.numpy import save as save_safetensors

from glassnet.checks import Faults, ModelFileError
from glassnet.files import atomic, strict_json
from glassnet.files.foreign import kind_of

FORMAT = "glassnet"
FORMAT_VERSION = 1
LARGEST_FILE = 4 * 2**30
"""Bytes; the default limit of ``read``."""
LARGEST_HEADER = 16 * 2**20
"""Bytes; the default limit of ``read``, and the limit of ``write``: the objects that JSON becomes take up to fifty times its length."""

_DTYPES = {"F32": "float32", "F64": "float64", "I64": "int64", "I32": "int32", "U8": "uint8", "BOOL": "bool"}
_SEALED = ("format", "format_version", "metadata", "arrays")


def write(path: str | os.PathLike[str], arrays: Mapping[str, np.ndarray], metadata: Mapping[str, Any]) -> None:
    """The file at ``path`` <- ``arrays`` and ``metadata``, all of it or nothing.

    ``arrays`` are of float32, float64, int64, int32, uint8 or bool, of any shape and layout; ``metadata`` is what JSON can hold.
    ``ValueError`` names every array or entry that cannot be kept; ``OSError`` says why the disk refused.
    """
    plain = _plain_arrays(arrays)
    header = {
        "format": FORMAT,
        "format_version": str(FORMAT_VERSION),
        "metadata": strict_json.to_text(dict(metadata), "metadata"),
        "arrays": json.dumps({name: _digest(array) for name, array in plain.items()}),
    }
    header["sha256"] = _seal(header)
    data = _with_entries_in_order(save_safetensors(plain, header), header)
    if (size := int.from_bytes(data[:8], "little")) > LARGEST_HEADER:
        raise ValueError(f"metadata must fit into {LARGEST_HEADER:,} bytes of header; got {size:,}. Put long lists into arrays.")
    atomic.write_bytes(path, data)


def read(
    path: str | os.PathLike[str], *, max_bytes: int = LARGEST_FILE, max_header_bytes: int = LARGEST_HEADER
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """(arrays, metadata) exactly as they were written; the arrays are the caller's own, writable.

    A missing file is ``FileNotFoundError``. Whatever else is wrong is one ``ModelFileError``: which file, what it is, what to do.
    """
    try:
        return _contents(path, _bytes_of(path, max_bytes), max_header_bytes)
    except MemoryError as error:
        raise ModelFileError(f"{path} does not fit into the memory that is left. Free some, or load it on a larger machine.") from error


def _contents(path: str | os.PathLike[str], data: bytes, max_header_bytes: int) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """(arrays, metadata) of a file's bytes, checked."""
    header = _header_of(path, data, max_header_bytes)
    entries = header.pop("__metadata__", None)
    digests, metadata = _check_entries(path, entries)
    arrays = _arrays_of(path, data, header)
    if missing := sorted(set(digests) ^ set(arrays)):
        _damaged(path, f"its list of arrays and its arrays disagree about {missing[0][:60]!r}")
    for name, array in arrays.items():
        if _digest(array) != digests[name]:
            _damaged(path, f"array {name[:60]!r} does not match its SHA-256")
    return {name: arrays[name] for name in digests}, metadata


def _with_entries_in_order(data: bytes, entries: Mapping[str, str]) -> bytes:
    """The library writes ``__metadata__`` in an order that changes from run to run; the same model should be the same file."""
    size = int.from_bytes(data[:8], "little")
    text = json.dumps({**json.loads(data[8 : 8 + size]), "__metadata__": entries}, separators=(",", ":")).encode("ascii")
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + data[8 + size :]


def _plain_arrays(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """C-contiguous and little-endian, values untouched; all faults named at once."""
    faults = Faults()
    plain: dict[str, np.ndarray] = {}
    for name, array in arrays.items():
        if not isinstance(name, str) or name == "__metadata__" or not name.isprintable():
            faults.add(f"the name of an array must be a printable string other than '__metadata__'; got {name!r}. Rename it.")
        elif not isinstance(array, np.ndarray | np.generic) or isinstance(array, np.ma.MaskedArray):
            faults.add(f"array {name!r} must be a NumPy array without a mask; got {type(array).__name__}. Convert it.")
        elif array.dtype.name not in _DTYPES.values():
            kept = ", ".join(_DTYPES.values())
            faults.add(f"array {name!r} must be one of {kept}; got {array.dtype}. Convert it with .astype(...).")
        else:
            plain[name] = np.asarray(array, dtype=array.dtype.newbyteorder("<"), order="C")
    faults.raise_if_any()
    return plain


def _digest(array: np.ndarray) -> str:
    """SHA-256 over "dtype shape" and the bytes, in hexadecimal."""
    digest = hashlib.sha256(f"{array.dtype.name} {list(array.shape)}\n".encode("ascii"))
    digest.update(array.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def _seal(header: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps([header[key] for key in _SEALED]).encode("ascii")).hexdigest()


def _bytes_of(path: str | os.PathLike[str], max_bytes: int) -> bytes:
    try:
        status = os.stat(path)
        if stat.S_ISDIR(status.st_mode):
            raise ModelFileError(f"{path} is a directory; expected a model file. Give the file inside it, such as model.safetensors.")
        if not stat.S_ISREG(status.st_mode):
            raise ModelFileError(f"{path} is not a regular file; expected a model file written by glassnet.")
        if status.st_size > max_bytes:
            raise ModelFileError(f"{path} has {status.st_size:,} bytes; expected at most {max_bytes:,}. Raise max_bytes if it is meant.")
        with open(path, "rb") as file:
            data = file.read(status.st_size)
    except FileNotFoundError as error:
        raise FileNotFoundError(f"There is no model file {path}. Check the name, or save a model there first.") from error
    except OSError as error:
        raise ModelFileError(f"{path} could not be read: {error.strerror or error}. Check the disk and the permissions.") from error
    if not data:
        raise ModelFileError(f"{path} is empty; expected a model file written by glassnet. Save the model again.")
    return data


def _header_of(path: str | os.PathLike[str], data: bytes, max_header_bytes: int) -> dict[str, Any]:
    """The header, once the beginning looks like safetensors; else the file is foreign, truncated or damaged."""
    size = int.from_bytes(data[:8], "little")
    if data[8:9] != b"{":
        if len(data) > 8 and (kind := kind_of(data[:256])):
            raise ModelFileError(f"{path} is {kind}; expected a model file written by glassnet's save.")
        raise ModelFileError(f"{path} is not a model file written by glassnet, or its beginning is damaged. Save the model again.")
    if size > max_header_bytes:
        _damaged(path, f"its header claims {size:,} bytes, where at most {max_header_bytes:,} are read (max_header_bytes)")
    if size > len(data) - 8:
        _damaged(path, f"it is truncated: its header alone has {size:,} bytes, but only {len(data) - 8:,} are there")
    try:
        header = strict_json.from_text(data[8 : 8 + size].decode("utf-8"))
    except ValueError as error:
        raise _damage(path, f"its header cannot be read ({str(error)[:200]})") from error
    if not isinstance(header, dict):
        _damaged(path, "its header is not an object")
    return header


def _check_entries(path: str | os.PathLike[str], entries: Any) -> tuple[dict[str, str], dict[str, Any]]:
    """(digests, metadata) from ``__metadata__``, once format, version and seal are right."""
    if not isinstance(entries, dict) or not all(isinstance(entry, str) for entry in entries.values()) or entries.get("format") != FORMAT:
        raise ModelFileError(f"{path} is a safetensors file of another program; expected one written by glassnet's save.")
    version = entries.get("format_version", "")
    if not re.fullmatch("[1-9][0-9]{0,8}", version, re.ASCII):
        _damaged(path, f"its format_version is {version[:40]!r}")
    if int(version) > FORMAT_VERSION:
        raise ModelFileError(
            f"{path} has format version {version}; this glassnet reads up to {FORMAT_VERSION}. Upgrade glassnet (pip install -U glassnet)."
        )
    if set(entries) != {*_SEALED, "sha256"}:
        _damaged(path, "its metadata lacks an entry or has one too many")
    if _seal(entries) != entries["sha256"]:
        _damaged(path, "its metadata does not match its SHA-256")
    try:
        digests, metadata = strict_json.from_text(entries["arrays"]), strict_json.from_text(entries["metadata"])
    except ValueError as error:
        raise _damage(path, f"its metadata cannot be read ({str(error)[:200]})") from error
    if not isinstance(digests, dict) or not isinstance(metadata, dict):
        _damaged(path, "its metadata is not an object")
    return digests, metadata


def _arrays_of(path: str | os.PathLike[str], data: bytes, header: dict[str, Any]) -> dict[str, np.ndarray]:
    for name, entry in header.items():
        dtype = entry.get("dtype") if isinstance(entry, dict) else None
        if dtype not in _DTYPES:
            _damaged(path, f"array {name[:60]!r} has dtype {str(dtype)[:40]!r}, where {', '.join(_DTYPES)} are read")
    try:
        arrays = load_safetensors(data)
        return {name: np.require(array, requirements=["C", "A", "W"]) for name, array in arrays.items()}
    except (SafetensorError, ValueError, TypeError, KeyError, OverflowError) as error:
        raise _damage(path, f"its arrays cannot be read, most likely because it is truncated ({str(error)[:200]})") from error


def _damage(path: str | os.PathLike[str], what: str) -> ModelFileError:
    return ModelFileError(f"{path} is damaged: {what}. Take another copy of it, or save the model again.")


def _damaged(path: str | os.PathLike[str], what: str) -> NoReturn:
    raise _damage(path, what)
