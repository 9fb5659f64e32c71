"""Learning rates over time. ``e`` counts finished epochs, ``t`` finished samples, ``E`` the epochs planned.

    constant      r0
    invscaling    r0 / (t + 1)^power_t
    adaptive      r0 / 5^drops                  one drop each time the stopping rule would stop
    exponential   r0 decay^e
    cosine        r1 + (r0 - r1) (1 + cos(pi e / E)) / 2    r1 is what the epoch after the last would get

With ``warm_up = w`` epochs, epoch e < w runs at r0 (e + 1) / (w + 1) and the schedule starts after that.
Sources: Loshchilov & Hutter (2017), arXiv:1608.03983 (cosine); Goyal et al. (2017), arXiv:1706.02677 (warm-up).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from glassnet.checks import Faults, unknown_name

SCHEDULES = ("constant", "invscaling", "adaptive", "exponential", "cosine")
SMALLEST_ADAPTIVE_RATE = 1e-6


@dataclass(frozen=True, slots=True)
class Schedule:
    """The learning rate of each epoch.

    name     one of SCHEDULES
    power_t  exponent of invscaling, >= 0
    decay    factor per epoch of exponential, in (0, 1]
    final    last rate of cosine as a share of the first, in [0, 1]
    warm_up  epochs of linear warm-up, >= 0
    """

    name: str = "constant"
    power_t: float = 0.5
    decay: float = 0.95
    final: float = 0.0
    warm_up: int = 0

    def __post_init__(self) -> None:
        faults = Faults()
        if self.name not in SCHEDULES:
            faults.add(unknown_name("schedule", self.name, SCHEDULES))
        faults.unless(0 < self.decay <= 1, f"schedule: decay must lie in (0, 1]; got {self.decay!r}.")
        faults.unless(0 <= self.final <= 1, f"schedule: final must lie in [0, 1], a share of the first rate; got {self.final!r}.")
        faults.unless(self.warm_up >= 0, f"schedule: warm_up must be a number of epochs, 0 or more; got {self.warm_up!r}.")
        faults.unless(self.power_t >= 0, f"schedule: power_t must be 0 or more; got {self.power_t!r}.")
        faults.raise_if_any()

    def rate(self, first: float, *, epoch: int, epochs: int, samples: int, drops: int) -> float:
        """The rate of the epoch that starts after ``epoch`` finished epochs, with ``first`` = r0."""
        if epoch < self.warm_up:
            return first * (epoch + 1) / (self.warm_up + 1)
        if self.name == "invscaling":
            since = samples * (epoch - self.warm_up) / epoch if epoch else 0  # samples since the warm-up ended
            return first / (since + 1) ** self.power_t
        if self.name == "adaptive":
            return first / 5.0**drops
        if self.name == "exponential":
            return first * self.decay ** (epoch - self.warm_up)
        if self.name == "cosine":
            share = min(1.0, (epoch - self.warm_up) / max(1, epochs - self.warm_up))
            low = first * self.final
            return low + (first - low) * (1.0 + math.cos(math.pi * share)) / 2.0
        return first

    def drops_instead_of_stopping(self, rate: float) -> bool:
        """True where the adaptive schedule answers a stopping rule with a smaller rate."""
        return self.name == "adaptive" and rate > SMALLEST_ADAPTIVE_RATE


def schedule_from(choice: str | Mapping[str, Any] | Schedule) -> Schedule:
    """A Schedule from its name, from ``{"name": "cosine", "warm_up": 5}``, or as it is.

    Raises ValueError for an unknown name or entry and for values out of range.
    """
    if isinstance(choice, Schedule):
        return choice
    if isinstance(choice, str):
        return Schedule(choice)
    if isinstance(choice, Mapping):
        known = [field.name for field in fields(Schedule)]
        for entry in choice:
            if entry not in known:
                raise ValueError(unknown_name("an entry of schedule", entry, known))
        return Schedule(**choice)
    raise ValueError(f"schedule must be a name or a dict such as {{'name': 'cosine', 'warm_up': 5}}; got {choice!r}.")
