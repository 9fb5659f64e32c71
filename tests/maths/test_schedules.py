"""Learning rates by their formulas."""

from __future__ import annotations

import math

import pytest

from glassnet.maths.schedules import Schedule, schedule_from


def rates(choice: object, epochs: int = 10, rows: int = 50, first: float = 0.1) -> list[float]:
    schedule = schedule_from(choice)
    return [schedule.rate(first, epoch=e, epochs=epochs, samples=e * rows, drops=0) for e in range(epochs)]


def test_constant_stays() -> None:
    assert rates("constant") == [0.1] * 10


def test_invscaling_falls_with_the_power_of_the_samples_seen() -> None:
    assert rates({"name": "invscaling", "power_t": 0.25}) == pytest.approx([0.1] + [0.1 / (50 * e + 1) ** 0.25 for e in range(1, 10)])


def test_exponential_multiplies_by_decay_every_epoch() -> None:
    assert rates({"name": "exponential", "decay": 0.5}) == pytest.approx([0.1 * 0.5**e for e in range(10)])


def test_cosine_falls_from_the_first_rate_to_the_final_one() -> None:
    assert rates("cosine") == pytest.approx([0.1 * (1 + math.cos(math.pi * e / 10)) / 2 for e in range(10)])
    schedule = Schedule("cosine", final=0.2)
    assert schedule.rate(0.1, epoch=10, epochs=10, samples=0, drops=0) == pytest.approx(0.02)
    assert schedule.rate(0.1, epoch=99, epochs=10, samples=0, drops=0) == pytest.approx(0.02)
    assert schedule.rate(0.1, epoch=5, epochs=10, samples=0, drops=0) == pytest.approx(0.06)


def test_adaptive_is_divided_by_five_at_every_drop_until_it_is_tiny() -> None:
    schedule = Schedule("adaptive")
    assert [schedule.rate(0.1, epoch=7, epochs=10, samples=9, drops=d) for d in range(3)] == pytest.approx([0.1, 0.02, 0.004])
    assert schedule.drops_instead_of_stopping(1e-5)
    assert not schedule.drops_instead_of_stopping(1e-6)
    assert not Schedule("constant").drops_instead_of_stopping(0.1)


@pytest.mark.parametrize("name", ["constant", "exponential", "cosine"])
def test_warm_up_climbs_in_equal_steps_and_the_schedule_starts_after_it(name: str) -> None:
    warmed = rates({"name": name, "warm_up": 3}, epochs=10)
    assert warmed[:4] == pytest.approx([0.025, 0.05, 0.075, 0.1])
    assert warmed[3:] == pytest.approx(rates(name, epochs=7))


@pytest.mark.parametrize(
    "choice, sentence",
    [
        ("cosin", "schedule must be .*; got 'cosin'. Did you mean 'cosine'?"),
        ({"name": "cosine", "warmup": 5}, "an entry of schedule must be .*; got 'warmup'. Did you mean 'warm_up'?"),
        ({"decay": 0}, r"decay must lie in \(0, 1\]; got 0"),
        ({"final": 2}, r"final must lie in \[0, 1\]"),
        ({"warm_up": -1}, "warm_up must be a number of epochs, 0 or more; got -1"),
        ({"power_t": -1}, "power_t must be 0 or more; got -1"),
        (3, "schedule must be a name or a dict"),
        ({"name": "nought", "decay": 7}, "2 faults"),
    ],
)
def test_a_faulty_schedule_is_refused(choice: object, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        schedule_from(choice)


def test_a_schedule_is_its_own_choice() -> None:
    schedule = Schedule("cosine", warm_up=2)
    assert schedule_from(schedule) is schedule
    assert schedule_from({"name": "cosine", "warm_up": 2}) == schedule
