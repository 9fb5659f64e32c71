"""Each rule, provoked and not provoked."""

from __future__ import annotations

import pytest

from glassnet.training.history import History
from glassnet.training.stopping import Best, EpochsDone, GradientBelow, NoImprovement, TargetReached, TimeOver, first_reason


def losses(*values: float, column: str = "loss") -> History:
    history = History()
    for epoch, value in enumerate(values, 1):
        history.append(**{"epoch": epoch, column: value, "gradient_norm": value, "seconds": float(epoch)})
    return history


def test_the_best_value_and_its_epoch_are_kept() -> None:
    best = Best("loss")
    assert not best.read(losses(3.0, 1.0, 2.0))
    assert (best.value, best.epoch) == (1.0, 2)
    best = Best("val_score", larger_is_better=True)
    assert best.read(losses(0.1, 0.3, 0.5, column="val_score"))
    assert (best.value, best.epoch) == (0.5, 3)


def test_of_two_equal_values_the_first_is_the_best() -> None:
    best = Best("loss")
    assert not best.read(losses(3.0, 1.0, 1.0))
    assert best.epoch == 2


@pytest.mark.parametrize("larger, sign", [(False, 1.0), (True, -1.0)])
def test_an_improvement_smaller_than_tol_counts_as_none_but_is_the_best_all_the_same(larger: bool, sign: float) -> None:
    best = Best("loss", tol=0.5, larger_is_better=larger)
    assert best.read(losses(*(sign * value for value in (3.0, 2.9, 2.8))))
    assert (best.value, best.stale) == (sign * 2.8, 2)


def test_an_improvement_of_just_tol_counts() -> None:
    best = Best("loss", tol=0.5)
    best.read(losses(3.0, 2.5, 2.0))
    assert best.stale == 0


def test_reading_row_by_row_is_reading_all_at_once() -> None:
    values, history = [3.0, 1.0, 2.0, 0.9999, 0.5, 0.6], History()
    step, once = Best("loss", tol=0.01), Best("loss", tol=0.01)
    for epoch, value in enumerate(values, 1):
        history.append(epoch=epoch, loss=value)
        step.read(history)
    once.read(losses(*values))
    assert (step.value, step.epoch, step.stale) == (once.value, once.epoch, once.stale) == (0.5, 5, 1)


def test_nan_is_no_improvement() -> None:
    best = Best("val_score", larger_is_better=True)
    assert not best.read(losses(0.5, float("nan"), column="val_score"))
    assert (best.value, best.stale) == (0.5, 1)


def test_a_score_that_could_not_be_taken_is_no_improvement() -> None:
    best = Best("val_score", larger_is_better=True)
    history = losses(0.5, float("nan"), column="val_score")
    assert not best.read(History.from_arrays(history.as_arrays()))  # nan is None when read from a checkpoint
    assert (best.value, best.stale) == (0.5, 1)


def test_no_improvement_is_borne_for_patience_epochs_and_not_one_more() -> None:
    assert NoImprovement(Best("loss", tol=0.1), 2)(losses(1.0, 1.0, 1.0)) is None
    reason = NoImprovement(Best("loss", tol=0.1), 2)(losses(1.0, 1.0, 1.0, 1.0))
    assert reason.kind == "no_improvement"
    assert reason.sentence == "training loss improved by less than 0.1 in each of 3 epochs; best 1 at epoch 1"
    assert NoImprovement(Best("loss", tol=0.1), float("inf"))(losses(*[1.0] * 99)) is None


@pytest.mark.parametrize("at_once", [False, True])
def test_after_a_drop_of_the_rate_the_count_begins_afresh(at_once: bool) -> None:
    history = History()
    for epoch, rate in enumerate((0.1, 0.1, 0.1, 0.02, 0.02), start=1):
        history.append(epoch=epoch, loss=1.0, learning_rate=rate)
    rule = NoImprovement(Best("loss", tol=0.1, new_count_after_drop=True), 1)
    if not at_once:  # row by row as it trains, or all rows again as it resumes
        answers = [bool(rule(History(history.rows[:n]))) for n in range(1, 6)]
        assert answers == [False, False, True, False, True]
    assert rule(history)
    assert rule.best.stale == 2
    assert NoImprovement(Best("loss", tol=0.1), 1)(history).sentence.startswith(
        "training loss improved by less than 0.1 in each of 4 epochs"
    )


def test_the_gradient_rule_includes_its_bound_and_ignores_rows_without_a_norm() -> None:
    assert GradientBelow(0.5)(losses(0.5)).kind == "gradient"
    assert GradientBelow(0.5)(losses(0.4, 0.6)) is None
    history = History()
    history.append(epoch=1, loss=1.0)
    assert GradientBelow(0.5)(history) is None


def test_a_target_is_reached_from_the_side_it_comes_from() -> None:
    assert TargetReached("loss", 0.5)(losses(0.5)).kind == "target"
    assert TargetReached("loss", 0.5)(losses(0.51)) is None
    assert TargetReached("val_score", 0.5, larger_is_better=True)(losses(0.5, column="val_score")).kind == "target"
    assert TargetReached("val_score", 0.5, larger_is_better=True)(losses(0.49, column="val_score")) is None


def test_epochs_and_seconds_run_out() -> None:
    assert EpochsDone(3)(losses(1.0, 1.0)) is None
    assert EpochsDone(3)(losses(1.0, 1.0, 1.0)).kind == "epochs"
    assert TimeOver(2.5)(losses(1.0, 1.0)) is None
    assert TimeOver(2.5)(losses(1.0, 1.0, 1.0)).kind == "seconds"


def test_the_first_rule_with_a_reason_speaks() -> None:
    rules = [GradientBelow(0.1), EpochsDone(2), TimeOver(1.0)]
    assert first_reason(rules, losses(1.0))[1].kind == "seconds"
    assert first_reason(rules, losses(1.0, 1.0))[1].kind == "epochs"
    assert first_reason([], losses(1.0)) is None
