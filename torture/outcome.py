"""What a trial is given, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Budget:
    """How long a trial may go on: ``full`` for the figures in the documentation, else a bounded form for every change.

    ``folder`` is where files may be left; ``seed`` decides every draw.
    """

    full: bool
    folder: Path
    seed: int = 0

    def of(self, full: int, bounded: int) -> int:
        """The number for this budget."""
        return full if self.full else bounded


@dataclass
class Outcome:
    """A trial's name, what was counted or measured, and every broken promise in a sentence."""

    name: str
    facts: dict[str, Any] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)

    def unless(self, right: bool, sentence: str) -> None:
        """Note ``sentence`` where a promise does not hold."""
        if not right:
            self.broken.append(sentence)

    def __str__(self) -> str:
        facts = "".join(f"\n    {name}: {value}" for name, value in self.facts.items())
        broken = "".join(f"\n    BROKEN: {sentence}" for sentence in self.broken[:20])
        return f"{self.name}: {'holds' if not self.broken else f'{len(self.broken)} broken'}{facts}{broken}"
