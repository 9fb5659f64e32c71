"""A file is at every moment wholly the old one or wholly the new one."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from glassnet.files import atomic

posix = pytest.mark.skipif(os.name != "posix", reason="POSIX permissions, links or limits")


def fail_with(code: int):
    def fail(*args, **keywords):
        raise OSError(code, os.strerror(code))

    return fail


def test_a_new_file_holds_the_bytes_and_nothing_else_is_left(tmp_path):
    atomic.write_bytes(tmp_path / "a.bin", b"first")
    atomic.write_bytes(str(tmp_path / "a.bin"), b"second")
    assert {entry.name: entry.read_bytes() for entry in tmp_path.iterdir()} == {"a.bin": b"second"}


@pytest.mark.parametrize("step", ["open", "write", "fsync", "replace", "close"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EACCES])
def test_a_failure_at_any_step_keeps_the_old_file_and_leaves_no_litter(tmp_path, monkeypatch, step, code):
    target = tmp_path / "a.bin"
    target.write_bytes(b"old")
    with monkeypatch.context() as patch:
        patch.setattr(atomic.os, step, fail_with(code))
        with pytest.raises(OSError, match="The file that was there is unchanged") as caught:
            atomic.write_bytes(target, b"new")
    assert caught.value.errno == code
    assert {entry.name: entry.read_bytes() for entry in tmp_path.iterdir()} == {"a.bin": b"old"}


@pytest.mark.parametrize("failing_write", [1, 2, 3])
def test_a_disk_that_fills_up_halfway_keeps_the_old_file(tmp_path, monkeypatch, failing_write):
    target = tmp_path / "a.bin"
    target.write_bytes(b"old")
    real_write, calls = os.write, 0

    def short_then_full(descriptor, data):
        nonlocal calls
        calls += 1
        if calls == failing_write:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real_write(descriptor, data[:5])

    with monkeypatch.context() as patch:
        patch.setattr(atomic.os, "write", short_then_full)
        with pytest.raises(OSError, match="No space left"):
            atomic.write_bytes(target, b"new and rather longer")
    assert {entry.name: entry.read_bytes() for entry in tmp_path.iterdir()} == {"a.bin": b"old"}


def test_short_writes_are_continued(tmp_path, monkeypatch):
    real_write = os.write
    with monkeypatch.context() as patch:
        patch.setattr(atomic.os, "write", lambda descriptor, data: real_write(descriptor, data[:3]))
        atomic.write_bytes(tmp_path / "a.bin", bytes(range(100)))
    assert (tmp_path / "a.bin").read_bytes() == bytes(range(100))


def test_an_interruption_leaves_no_litter(tmp_path, monkeypatch):
    def interrupt(*args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(atomic.os, "fsync", interrupt)
        with pytest.raises(KeyboardInterrupt):
            atomic.write_bytes(tmp_path / "a.bin", b"new")
    assert list(tmp_path.iterdir()) == []


@posix
def test_a_directory_that_cannot_be_synced_is_no_failure(tmp_path, monkeypatch):
    real_fsync, calls = os.fsync, 0

    def only_the_first(descriptor):
        nonlocal calls
        calls += 1
        if calls > 1:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        real_fsync(descriptor)

    monkeypatch.setattr(atomic.os, "fsync", only_the_first)
    atomic.write_bytes(tmp_path / "a.bin", b"new")
    assert (tmp_path / "a.bin").read_bytes() == b"new"
    assert calls == 2


@posix
def test_permissions_are_kept_and_new_files_follow_the_umask(tmp_path):
    before = os.umask(0o027)
    try:
        atomic.write_bytes(tmp_path / "a.bin", b"new")
        assert (tmp_path / "a.bin").stat().st_mode & 0o777 == 0o640
        (tmp_path / "a.bin").chmod(0o604)
        atomic.write_bytes(tmp_path / "a.bin", b"newer")
        assert (tmp_path / "a.bin").stat().st_mode & 0o777 == 0o604
    finally:
        os.umask(before)


@posix
def test_a_symbolic_link_stays_a_link(tmp_path):
    (tmp_path / "models").mkdir()
    link = tmp_path / "latest"
    link.symlink_to(tmp_path / "models" / "a.bin")
    atomic.write_bytes(link, b"new")
    assert link.is_symlink()
    assert (tmp_path / "models" / "a.bin").read_bytes() == b"new"


@posix
def test_a_device_is_refused_and_stays_a_device():
    with pytest.raises(OSError, match="not a regular file"):
        atomic.write_bytes("/dev/null", b"new")
    assert Path("/dev/null").is_char_device()


def test_a_directory_is_refused_with_what_to_do(tmp_path):
    with pytest.raises(IsADirectoryError, match="is a directory. Give the name of a file inside it"):
        atomic.write_bytes(tmp_path, b"new")


def test_a_missing_directory_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="Create the directory .*nowhere first"):
        atomic.write_bytes(tmp_path / "nowhere" / "a.bin", b"new")


WRITE_UNDER_A_LIMIT = """
    import resource, sys
    from glassnet.files import atomic
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
    try:
        atomic.write_bytes(sys.argv[1], bytes(100_000))
    except OSError as error:
        sys.exit(f"told: {error}")
"""

WRITE_FOREVER = """
    import sys
    from glassnet.files import atomic
    print("started", flush=True)
    while True:
        for byte in (b"a", b"b"):
            atomic.write_bytes(sys.argv[1], byte * 300_000)
"""


@posix
def test_a_file_size_limit_keeps_the_old_file(tmp_path):
    target = tmp_path / "a.bin"
    target.write_bytes(b"old")
    child = subprocess.run([sys.executable, "-c", textwrap.dedent(WRITE_UNDER_A_LIMIT), str(target)], capture_output=True, text=True)
    assert "told:" in child.stderr and "File too large" in child.stderr
    assert {entry.name: entry.read_bytes() for entry in tmp_path.iterdir()} == {"a.bin": b"old"}


def test_a_kill_at_any_moment_leaves_a_whole_file(tmp_path):
    target = tmp_path / "a.bin"
    for moment in range(5):
        child = subprocess.Popen([sys.executable, "-c", textwrap.dedent(WRITE_FOREVER), str(target)], stdout=subprocess.PIPE)
        with child:
            assert child.stdout is not None
            child.stdout.readline()
            with pytest.raises(subprocess.TimeoutExpired):
                child.wait(0.05 + 0.013 * moment)
            child.kill()
        assert target.read_bytes() in (b"a" * 300_000, b"b" * 300_000)
