"""When what is sent: at once while training rests; while it runs, the newest frame at most 30 times a second and the rest more rarely.

Making messages takes time from the training. Each kind may take a SHARE of the processor's time and waits for as long as its last message
has to be paid off, so that training keeps more than 80 % of its speed however large the network is.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from glassnet.lab.messages import MAKERS

if TYPE_CHECKING:
    from glassnet.lab.engine import Engine

SHARE = {"frame": 0.1, "rbm": 0.1, "curves": 0.01, "trace": 0.015, "panels": 0.02, "state": 0.005, "doctor": 0.015}
"""Of the processor's time while training runs."""
EVERY = {"frame": 1 / 30, "rbm": 1 / 15, "curves": 0.1, "trace": 0.25, "panels": 0.25, "state": 0.25, "doctor": 3.0}
"""Seconds between two messages of a kind while training runs."""
QUICK = ("state", "inputs", "points", "panels", "frame", "rbm", "curves", "trace")
"""What is sent at once when training rests, in this order: panels take the score that frames tell."""
RESTING = 0.25
"""Seconds of rest after which the doctor looks."""
WATCHED = {"surface", "units", "curves", "panels", "doctor", "points"}


class Publisher:
    """Sends the engine's messages; ``watched`` names what the page shows."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.watched = set(WATCHED)
        self._due: set[str] = set()
        self._failed: set[tuple[int, str, type]] = set()
        self._last = dict.fromkeys(EVERY, 0.0)
        self._paid_off = dict.fromkeys(EVERY, 0.0)

    def due(self, *kinds: str) -> None:
        """These have to be sent again."""
        self._due.update(kinds)

    def changed(self) -> None:
        """The weights are others."""
        self.due("state", "frame", "rbm", "curves", "panels", "trace", "doctor")

    def everything(self) -> None:
        """Rows, inputs and weights are others."""
        self.due(*QUICK, "doctor")

    def send(self, kind: str) -> None:
        """Make a message and send it, unless there is nothing to say. A picture that fails is told of once, and training goes on."""
        self._due.discard(kind)
        try:
            message = MAKERS[kind](self.engine)
        except Exception as error:
            told = (self.engine.number, kind, type(error))
            if told not in self._failed:
                self._failed.add(told)
                self.engine.link.notice("error", f"The {kind} could not be drawn ({type(error).__name__}: {error}). Training goes on.")
            return
        if message is not None:
            self.engine.link.send(kind, message)

    def quickly(self) -> None:
        """Training rests: everything that is due but the doctor."""
        for kind in QUICK:
            if kind in self._due:
                self.send(kind)

    def patience(self) -> float | None:
        """Seconds to wait for a command before there is something else to do; None: nothing else is."""
        if getattr(self.engine.run, "chain_runs", False):
            return EVERY["rbm"]
        return RESTING if "doctor" in self._due else None

    def at_leisure(self) -> None:
        """No command came."""
        if getattr(self.engine.run, "chain_runs", False):
            self.engine.run.sweep()
            self.send("rbm")
        elif "doctor" in self._due:
            self.send("doctor")

    def while_playing(self, *, spare: bool = False) -> None:
        """Send one message that is due by the clock and paid off; where training waits anyway (``spare``), nothing has to be paid."""
        now, worked = time.monotonic(), time.thread_time()

        def is_due(kind: str) -> bool:
            return now - self._last[kind] >= EVERY[kind] and (spare or worked >= self._paid_off[kind])

        picture = "rbm" if self.engine.config.mode == "rbm" else "frame"
        if self.engine.link.room and is_due(picture):
            self.engine.link.room = False
            self._make(picture, now, worked)
            return
        others = [kind for kind in EVERY if kind not in ("frame", "rbm") and self._wanted(kind) and is_due(kind)]
        if others:
            self._make(max(others, key=lambda kind: (now - self._last[kind]) / EVERY[kind]), now, worked)

    def _wanted(self, kind: str) -> bool:
        if kind == "trace":
            return self.engine.picked is not None
        return kind == "state" or kind in self.watched

    def _make(self, kind: str, now: float, worked: float) -> None:
        self._last[kind] = now
        if kind == "rbm" and getattr(self.engine.run, "chain_runs", False):
            self.engine.run.sweep()
        self.send(kind)
        done = time.thread_time()
        self._paid_off[kind] = done + (done - worked) / SHARE[kind]
