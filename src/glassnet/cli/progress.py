"""How training is watched: a live bar on a terminal, a plain line every few seconds elsewhere."""

from __future__ import annotations

import sys
import time
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType
from typing import Any, Self

import click

SECONDS_BETWEEN_LINES = 5.0
SECONDS_BETWEEN_FRAMES = 0.08


def watching(*, quiet: bool) -> AbstractContextManager[Any]:
    """A context whose value has ``stage(what, done, of)``, ``start(epochs)`` and ``observe(row)``; None where nothing is to be shown."""
    if quiet:
        return nullcontext()
    return LiveBar() if sys.stderr.isatty() else PlainLines()


def in_words(row: dict[str, Any]) -> str:
    """The losses of an epoch.

    >>> in_words({"epoch": 3, "loss": 0.51234, "val_loss": None})
    'loss 0.5123'
    """
    held_out = "" if row["val_loss"] is None else f"  held-out {row['val_loss']:.4g}"
    return f"loss {row['loss']:.4g}{held_out}"


class PlainLines:
    """A line on stderr every few seconds, for logs."""

    def __enter__(self) -> Self:
        self._epochs, self._last = 0, time.monotonic()
        return self

    def stage(self, what: str, done: int, of: int) -> None:
        """Something before training has come so far."""
        if time.monotonic() - self._last >= SECONDS_BETWEEN_LINES:
            self._last = time.monotonic()
            click.echo(f"{what}: {done:,} of {of:,}", err=True)

    def start(self, epochs: int) -> None:
        """Training begins."""
        self._epochs, self._last = epochs, time.monotonic()

    def observe(self, row: dict[str, Any]) -> None:
        """An epoch is over."""
        if time.monotonic() - self._last >= SECONDS_BETWEEN_LINES:
            self._last = time.monotonic()
            click.echo(f"epoch {row['epoch']} of at most {self._epochs}  {in_words(row)}  {row['seconds']:.0f} s", err=True)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Nothing remains to be done."""


class LiveBar:
    """A bar on the terminal with the losses beside it; it disappears when training ends."""

    def __enter__(self) -> Self:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        self._last, self._best = 0.0, float("inf")
        self._bar = Progress(
            TextColumn("{task.fields[what]} {task.completed:,.0f} of {task.total:,.0f}"),
            BarColumn(bar_width=12),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task: Any = None
        self._what = ""
        return self

    def stage(self, what: str, done: int, of: int) -> None:
        """Something before training has come so far."""
        self._show(what, of)
        if time.monotonic() - self._last >= SECONDS_BETWEEN_FRAMES or done >= of:
            self._last = time.monotonic()
            self._bar.update(self._task, completed=done)

    def start(self, epochs: int) -> None:
        """Training begins."""
        self._show("epoch", epochs)

    def _show(self, what: str, of: int) -> None:
        """A bar for ``what``, in the place of the one before."""
        if what == self._what:
            return
        if self._task is not None:
            self._bar.remove_task(self._task)
        self._what, self._task = what, self._bar.add_task("", total=of, what=what)
        self._bar.start()

    def observe(self, row: dict[str, Any]) -> None:
        """An epoch is over."""
        watched = row["loss"] if row["val_loss"] is None else row["val_loss"]
        self._best = min(self._best, watched)
        if time.monotonic() - self._last >= SECONDS_BETWEEN_FRAMES:
            self._last = time.monotonic()
            self._bar.update(self._task, completed=row["epoch"], description=f"{in_words(row)}  best {self._best:.4g}")

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._bar.stop()
