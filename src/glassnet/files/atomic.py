"""Writing a file so that it is, at every moment, wholly the old one or wholly the new one.

    temporary file beside it  ->  write  ->  fsync  ->  os.replace  ->  fsync of the directory

A full disk, a lost permission, an interruption or a kill at any point leaves the file that was there before, bit for bit; every
failure but a kill also takes the temporary file away again.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from pathlib import Path


def write_bytes(path: str | os.PathLike[str], data: bytes) -> None:
    """The file at ``path`` <- ``data``, all of it or nothing. A symbolic link is followed, and permissions are kept."""
    target = Path(os.path.realpath(path))
    try:
        mode = _mode_to_keep(target)
        _replace(target, data, mode)
    except OSError as error:
        reason = error.strerror or str(error)
        raise _told_again(error, f"{path} could not be written: {reason}. {_what_to_do(target)}") from error


def _mode_to_keep(target: Path) -> int | None:
    """The permissions of the regular file that is there, None for no file; anything else (a directory, a device) is refused."""
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(mode):
        raise IsADirectoryError("it is a directory")
    if not stat.S_ISREG(mode):
        raise OSError("it is not a regular file")
    return stat.S_IMODE(mode) & 0o777


def _replace(target: Path, data: bytes, mode: int | None) -> None:
    temporary = target.parent / f".glassnet-{secrets.token_hex(8)}.tmp"
    # 0o666 is narrowed by the user's umask, as for any file; tempfile would leave the model unreadable to the user's group.
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    try:
        try:
            _write_all(descriptor, data)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if mode is not None and os.name == "posix":
            os.chmod(temporary, mode)
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    _sync_directory(target.parent)


def _write_all(descriptor: int, data: bytes) -> None:
    """One ``os.write`` may take less than it is given; go on until all of it is taken."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _sync_directory(directory: Path) -> None:
    """Make the new name last through a power cut, where the platform can.

    A failure is no harm: the new file is in place, and after a power cut either whole file may be found.
    """
    if os.name != "posix":
        return
    with contextlib.suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _what_to_do(target: Path) -> str:
    if target.is_dir():
        return "Give the name of a file inside it."
    if not target.parent.is_dir():
        return f"Create the directory {target.parent} first."
    kept = "The file that was there is unchanged. " if target.exists() else ""
    return f"{kept}Check the free space and the permissions of {target.parent}, or write elsewhere."


def _told_again(error: OSError, sentence: str) -> OSError:
    """The same kind of error, same ``errno``, with a sentence for a message."""
    fresh = type(error)(sentence)
    fresh.errno = error.errno
    return fresh
