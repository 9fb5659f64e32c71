"""Losses beyond the table: quantiles of their own per output, a user's own loss, several losses side by side."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.maths.heads import HeadedLoss
from glassnet.maths.losses import Loss, classifier_loss, regressor_loss
from glassnet.maths.user_loss import UserLoss, is_users

RANDOM = np.random.default_rng(0)
RAW = RANDOM.normal(size=(7, 5))
WEIGHT = RANDOM.uniform(0.5, 2, 7)


def both(loss: Loss, y: np.ndarray, weight: np.ndarray | None) -> tuple[float, np.ndarray]:
    delta = np.empty_like(RAW)
    return loss.value_and_delta(RAW, np.ascontiguousarray(y), weight, delta), delta


def logcosh() -> tuple[object, object]:
    return (lambda z, y: np.log(np.cosh(z - y)), lambda z, y: np.tanh(z - y))


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["alike", "weighted"])
def test_each_output_has_its_own_quantile(weight: np.ndarray | None) -> None:
    levels, y = (0.1, 0.3, 0.5, 0.7, 0.9), RANDOM.normal(size=(7, 5))
    value, delta = both(regressor_loss("quantile", quantile=levels), y, weight)
    parts = []
    for j, q in enumerate(levels):
        part = np.empty((7, 1))
        column = np.ascontiguousarray(RAW[:, [j]]), np.ascontiguousarray(y[:, [j]])
        parts.append(regressor_loss("quantile", quantile=q).value_and_delta(*column, weight, part))
        np.testing.assert_array_equal(delta[:, [j]], part)
    assert value == pytest.approx(sum(parts), rel=1e-14)


@pytest.mark.parametrize("quantile", [[], [0.5, 1.0], [0.1, "x"], 0.0])
def test_a_quantile_outside_its_range_is_refused(quantile: object) -> None:
    with pytest.raises(ValueError, match="quantile must lie strictly between 0 and 1"):
        regressor_loss("quantile", quantile=quantile)


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["alike", "weighted"])
def test_a_users_squared_error_is_the_built_in_one(weight: np.ndarray | None) -> None:
    y = RANDOM.normal(size=(7, 5))
    own = UserLoss.of((lambda z, t: (z - t) ** 2 / 2, lambda z, t: z - t), "identity")
    own.check(y)
    theirs, delta = both(regressor_loss("squared_error"), y, weight)
    value, own_delta = both(own, y, weight)
    assert value == pytest.approx(theirs, rel=1e-14)
    np.testing.assert_allclose(own_delta, delta, rtol=1e-14)
    assert own.value(RAW, y, weight) == value


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
def test_a_right_slope_passes_at_any_scale_of_the_targets(scale: float) -> None:
    targets = scale * RANDOM.normal(size=(30, 1))
    UserLoss.of((lambda z, y: (z - y) ** 2, lambda z, y: 2 * (z - y)), "identity").check(targets)
    UserLoss.of((lambda z, y: np.abs(z - y), lambda z, y: np.sign(z - y)), "identity").check(targets)
    with pytest.raises(ValueError, match="slope is not the slope of value; at raw = .*Mend the derivative by raw"):
        UserLoss.of((lambda z, y: (z - y) ** 2, lambda z, y: z - y), "identity").check(targets)


@pytest.mark.parametrize(
    "pair, sentence",
    [
        (
            (lambda z, y: float(np.sum(z - y)), lambda z, y: z),
            "value(raw, y) must keep the shape of its inputs; given (7, 7) it returned ()",
        ),
        ((lambda z, y: z - y, lambda z, y: np.ones(7)), "slope(raw, y) must keep the shape of its inputs"),
        ((lambda z, y: np.log(z - 100), lambda z, y: 1 / (z - 100)), "value(raw, y) must be finite; at raw = "),
    ],
    ids=["sum", "row", "logarithm"],
)
def test_functions_that_cannot_be_used_are_refused(pair: object, sentence: str) -> None:
    with pytest.raises(ValueError) as refusal:
        UserLoss.of(pair, "identity").check(np.zeros((3, 1)))
    assert sentence in str(refusal.value)


def test_a_loss_that_overflows_far_out_is_taken() -> None:
    counts = RANDOM.poisson(300, size=(60, 1)).astype(float)
    UserLoss.of((lambda z, y: np.exp(z) - y * z, lambda z, y: np.exp(z) - y), "identity").check(counts)
    with pytest.raises(ValueError, match="slope is not the slope of value"):
        UserLoss.of((lambda z, y: np.exp(z) - y * z, lambda z, y: np.exp(z) + y), "identity").check(counts)


def test_what_counts_as_a_users_loss() -> None:
    class LogCosh:
        value, slope = (staticmethod(part) for part in logcosh())

    assert is_users(logcosh()) and is_users(LogCosh())
    assert UserLoss.of(LogCosh(), "identity").name == "LogCosh"
    assert not is_users("huber") and not is_users((np.tanh,)) and not is_users(LogCosh) and not is_users(3)


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["alike", "weighted"])
def test_heads_are_their_losses_side_by_side(weight: np.ndarray | None) -> None:
    three, two = classifier_loss("log_loss", "softmax"), classifier_loss("log_loss", "logistic")
    heads = HeadedLoss.of((three, two), (3, 2))
    y = np.hstack([np.eye(3)[RANDOM.integers(0, 3, 7)], RANDOM.integers(0, 2, (7, 2)).astype(float)])
    value, delta = both(heads, y, weight)
    left, right = np.empty((7, 3)), np.empty((7, 2))
    parts = [np.ascontiguousarray(part) for part in (RAW[:, :3], y[:, :3], RAW[:, 3:], y[:, 3:])]
    separate = three.value_and_delta(parts[0], parts[1], weight, left) + two.value_and_delta(parts[2], parts[3], weight, right)
    assert value == pytest.approx(separate, rel=1e-14)
    np.testing.assert_array_equal(delta, np.hstack([left, right]))
    p = RAW.copy()
    heads.predict(p, p)
    np.testing.assert_allclose(p[:, :3].sum(axis=1), 1)
    np.testing.assert_allclose(p[:, 3:], 1 / (1 + np.exp(-RAW[:, 3:])))
