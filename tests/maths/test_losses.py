"""Each loss against its one-line formula, its delta against the slope, and both far out where exponentials overflow."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import pytest
import scipy.special
from hypothesis import given, settings
from hypothesis import strategies as st

from glassnet.checks import DivergenceError
from glassnet.maths.losses import Loss, classifier_loss, regressor_loss

expit, xlogy = scipy.special.expit, scipy.special.xlogy


def probabilities(z: np.ndarray) -> np.ndarray:
    return scipy.special.softmax(z, axis=1)


LOSSES: dict[str, Loss] = {
    "log_loss": classifier_loss("log_loss", "logistic"),
    "softmax": classifier_loss("log_loss", "softmax"),
    "squared_error": regressor_loss("squared_error"),
    "squared_logistic": classifier_loss("squared_error", "logistic"),
    "squared_softmax": classifier_loss("squared_error", "softmax"),
    "absolute_error": regressor_loss("absolute_error"),
    "huber": regressor_loss("huber", huber_delta=0.7),
    "quantile": regressor_loss("quantile", quantile=0.2),
    "poisson": regressor_loss("poisson"),
}
FORMULAS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "log_loss": lambda z, y: np.logaddexp(0, z) - y * z,
    "softmax": lambda z, y: y.sum(axis=1, keepdims=True) * scipy.special.logsumexp(z, axis=1, keepdims=True) / z.shape[1] - y * z,
    "squared_error": lambda z, y: (z - y) ** 2 / 2,
    "squared_logistic": lambda z, y: (expit(z) - y) ** 2 / 2,
    "squared_softmax": lambda z, y: (probabilities(z) - y) ** 2 / 2,
    "absolute_error": lambda z, y: np.abs(z - y),
    "huber": lambda z, y: scipy.special.huber(0.7, z - y),
    "quantile": lambda z, y: np.where(y > z, 0.2 * (y - z), 0.8 * (z - y)),
    "poisson": lambda z, y: np.exp(z) - y * z + xlogy(y, y) - y,
}
LINKS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "log_loss": expit,
    "softmax": probabilities,
    "squared_logistic": expit,
    "squared_softmax": probabilities,
    "poisson": np.exp,
}

every_loss = pytest.mark.parametrize("name", list(LOSSES))
dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def drawn(name: str, n: int = 23, k: int = 4, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(raw, y, weight): soft labels for classifiers, counts for Poisson, numbers else; no point on a kink."""
    random = np.random.default_rng(seed)
    raw, weight = random.normal(0, 2, (n, k)), random.uniform(0, 3, n)
    if name in ("softmax", "squared_softmax"):
        y = random.dirichlet(np.ones(k), n)
    elif name in ("log_loss", "squared_logistic"):
        y = random.uniform(0, 1, (n, k)).round(1)
    elif name == "poisson":
        y = random.poisson(2, (n, k)).astype(float)
    else:
        y = random.normal(0, 2, (n, k))
        near = np.abs(np.abs(raw - y) - 0.7) < 1e-3
        y = np.where(near | (np.abs(raw - y) < 1e-3), y + 0.01, y)
    return raw, y, weight


@dtypes
@pytest.mark.parametrize("weighted", [False, True])
@every_loss
def test_value_is_the_weighted_sum_of_the_formula(name: str, weighted: bool, dtype: type) -> None:
    raw, y, weight = (part.astype(dtype) for part in drawn(name))
    value = LOSSES[name].value(raw, y, weight if weighted else None)
    assert isinstance(value, float)
    each = FORMULAS[name](raw.astype(np.float64), y.astype(np.float64)).sum(axis=1)
    expected = weight.astype(np.float64) @ each if weighted else each.sum()
    np.testing.assert_allclose(value, expected, rtol=20 * np.finfo(dtype).eps)


@settings(max_examples=10)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 9), k=st.integers(1, 5))
@every_loss
def test_delta_is_the_slope_of_the_value_in_every_raw_prediction(name: str, n: int, k: int, seed: int) -> None:
    raw, y, weight = drawn(name, n, k, seed)
    loss, delta, h = LOSSES[name], np.empty_like(raw), 1e-4
    value = loss.value_and_delta(raw, y, weight, delta)
    assert value == loss.value(raw, y, weight)
    rise = np.empty_like(raw)
    for i, j in np.ndindex(raw.shape):
        step = np.zeros_like(raw)
        step[i, j] = h
        near, far = (loss.value(raw + s * step, y, weight) - loss.value(raw - s * step, y, weight) for s in (1, 2))
        rise[i, j] = (8 * near - far) / (12 * h)
    np.testing.assert_allclose(delta, rise, atol=2e-9)


@dtypes
@every_loss
def test_value_and_delta_stay_finite_and_silent_far_out(name: str, dtype: type) -> None:
    far = np.array([[1e4, -1e4, 0], [-1e4, -1e4, -1e4], [1e4, 1e4, 1e4], [-90, 90, 0]], dtype)
    raw = -np.abs(far) if name == "poisson" else far
    y = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1], [1, 0, 0]], dtype)
    delta = np.empty_like(raw)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with np.errstate(over="raise", invalid="raise", divide="raise", under="ignore"):
            value = LOSSES[name].value_and_delta(raw, y, None, delta)
    assert np.isfinite(value) and value >= 0
    assert np.isfinite(delta).all()


def test_a_certain_and_right_answer_costs_nothing_and_a_certain_and_wrong_one_its_margin() -> None:
    z, y = np.array([[1e4], [-1e4]]), np.array([[1.0], [1.0]])
    delta = np.empty_like(z)
    assert LOSSES["log_loss"].value_and_delta(z, y, None, delta) == 1e4
    np.testing.assert_array_equal(delta, [[0], [-1]])
    z, y = np.array([[1e4, 0.0], [0.0, 1e4]]), np.array([[1.0, 0.0], [1.0, 0.0]])
    delta = np.empty_like(z)
    assert LOSSES["softmax"].value_and_delta(z, y, None, delta) == 1e4
    np.testing.assert_allclose(delta, [[0, 0], [-1, 1]], atol=1e-300)


@dtypes
def test_poisson_names_the_overflow_instead(dtype: type) -> None:
    raw = np.array([[0, 1], [2, 1e4]], dtype)
    with (
        np.errstate(over="ignore"),
        pytest.raises(DivergenceError, match=r"e\^z overflows in float\d\d at z = 1e\+04 \(row 1, output 1\); .*lower learning_rate_init"),
    ):
        LOSSES["poisson"].value(raw, np.ones_like(raw))


def test_poisson_answers_nan_with_the_same_error() -> None:
    raw = np.full((2, 1), np.nan)
    with pytest.raises(DivergenceError):
        LOSSES["poisson"].value(raw, np.ones_like(raw))


@pytest.mark.parametrize("name", [name for name in LOSSES if name != "poisson"])
def test_nan_is_not_hidden(name: str) -> None:
    raw = np.array([[0.0, np.nan, 1.0]])
    assert np.isnan(LOSSES[name].value(raw, np.array([[0.0, 1.0, 0.0]])))


@dtypes
@every_loss
def test_predict_is_the_inverse_link_and_may_overwrite_its_input(name: str, dtype: type) -> None:
    raw = drawn(name)[0].astype(dtype)
    out = np.empty_like(raw)
    LOSSES[name].predict(raw, out)
    np.testing.assert_allclose(out, LINKS.get(name, lambda z: z)(raw.astype(np.float64)), rtol=8 * np.finfo(dtype).eps)
    LOSSES[name].predict(raw, raw)
    np.testing.assert_allclose(raw, out, rtol=4 * np.finfo(dtype).eps)


@pytest.mark.parametrize("name", ["log_loss", "squared_error", "poisson"])
def test_curvature_is_the_slope_of_delta(name: str) -> None:
    raw, y, weight = drawn(name)
    loss, h = LOSSES[name], 1e-5
    up, down = np.empty_like(raw), np.empty_like(raw)
    loss.value_and_delta(raw + h, y, weight, up)
    loss.value_and_delta(raw - h, y, weight, down)
    np.testing.assert_allclose(loss.curvature(raw, weight), (up - down) / (2 * h), atol=1e-8)


@pytest.mark.parametrize("name", ["absolute_error", "quantile", "huber", "squared_logistic"])
def test_a_loss_without_curvature_says_so(name: str) -> None:
    with pytest.raises(ValueError, match="Newton's method needs a curvature.*Use solver='lbfgs'"):
        LOSSES[name].curvature(np.zeros((1, 1)))


@every_loss
def test_k_shards_summed_are_the_whole(name: str) -> None:
    raw, y, weight = drawn(name, n=40)
    loss, whole, parts = LOSSES[name], np.empty_like(raw), np.empty_like(raw)
    value = loss.value_and_delta(raw, y, weight, whole)
    total = sum(loss.value_and_delta(raw[s], y[s], weight[s], parts[s]) for s in (slice(0, 7), slice(7, 8), slice(8, 40)))
    assert total == pytest.approx(value, rel=1e-14)
    np.testing.assert_array_equal(parts, whole)


@every_loss
def test_weight_two_is_the_row_twice_and_weight_zero_no_row(name: str) -> None:
    raw, y, _ = drawn(name, n=3)
    twice = [0, 0, 2]
    weighted = LOSSES[name].value(raw, y, np.array([2.0, 0.0, 1.0]))
    assert weighted == pytest.approx(LOSSES[name].value(raw[twice], y[twice]), rel=1e-14)


def test_huber_joins_its_two_parts_without_a_step() -> None:
    loss, zero = regressor_loss("huber", huber_delta=2.0), np.zeros((1, 1))
    inside, outside = (loss.value(np.array([[r]]), zero) for r in (2 - 1e-9, 2 + 1e-9))
    assert inside == pytest.approx(outside, abs=1e-8) and inside == pytest.approx(2.0, abs=1e-8)


@pytest.mark.parametrize(
    "make, sentence",
    [
        (lambda: classifier_loss("hinge", "softmax"), "loss must be 'log_loss' or 'squared_error'; got 'hinge'."),
        (lambda: regressor_loss("squared"), "got 'squared'. Did you mean 'squared_error'?"),
        (lambda: regressor_loss("huber", huber_delta=0), "huber_delta must be positive, in the units of y; got 0."),
        (lambda: regressor_loss("huber", huber_delta=float("nan")), "huber_delta must be positive"),
        (lambda: regressor_loss("quantile", quantile=1), "quantile must lie strictly between 0 and 1"),
    ],
)
def test_a_faulty_loss_is_refused(make: Callable[[], Loss], sentence: str) -> None:
    with pytest.raises(ValueError) as error:
        make()
    assert sentence in str(error.value)
