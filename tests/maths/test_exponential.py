"""exp, expm1, tanh, logistic and log(1 + t) inside a compiled loop are right to 4 units in the last place, and honest about nan."""

from __future__ import annotations

import numba
import numpy as np
import pytest

from glassnet.maths.compiling import REORDERED
from glassnet.maths.exponential import exp, expm1, log1p_unit, logistic, tanh

NAMES = ("exp", "expm1", "tanh", "logistic", "log1p_unit")
COMPILED = not numba.config.DISABLE_JIT

TRUTH = {
    "exp": np.exp,
    "expm1": np.expm1,
    "tanh": np.tanh,
    "logistic": lambda x: 1 / (1 + np.exp(-x)),
    "log1p_unit": np.log1p,
}


@numba.njit(fastmath=REORDERED, error_model="numpy")  # as every kernel, but never from the cache: what it calls may have changed
def apply(x: np.ndarray, out: np.ndarray, which: int) -> None:
    """out <- NAMES[which](x)."""
    if which == 0:
        for i in range(x.size):
            out[i] = exp(x[i])
    elif which == 1:
        for i in range(x.size):
            out[i] = expm1(x[i])
    elif which == 2:
        for i in range(x.size):
            out[i] = tanh(x[i])
    elif which == 3:
        for i in range(x.size):
            out[i] = logistic(x[i])
    else:
        for i in range(x.size):
            out[i] = log1p_unit(x[i])


def computed(name: str, x: np.ndarray) -> np.ndarray:
    out = np.empty_like(x)
    with np.errstate(all="ignore"):
        apply(x, out, NAMES.index(name))
    return out


def points(name: str, dtype: type) -> np.ndarray:
    """Points over the whole range, many near 0, and the neighbourhoods of multiples of ln 2."""
    random = np.random.default_rng(1)
    if name == "log1p_unit":
        return np.concatenate([random.uniform(0, 1, 4000), 10.0 ** random.uniform(-30, 0, 2000), [0.0, 1.0]]).astype(dtype)
    end = 87.0 if dtype is np.float32 else 708.0
    signs = random.choice([-1.0, 1.0], 3000)
    steps = np.arange(-120, 121)[:, None] * np.log(2) / 2 + np.array([-1e-7, 0.0, 1e-7])
    return np.concatenate(
        [random.uniform(-end, end, 4000), random.uniform(-2, 2, 4000), signs * 10.0 ** random.uniform(-30, 0, 3000), steps.ravel(), [0.0]]
    ).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", NAMES)
def test_a_kernel_is_right_to_four_units_in_the_last_place(name: str, dtype: type) -> None:
    x = points(name, dtype)
    if dtype is np.float32:
        x = x[np.abs(x) < 87]
    truth = TRUTH[name](x.astype(np.longdouble))
    error = np.abs(computed(name, x) - truth) / np.maximum(np.abs(truth), np.finfo(dtype).tiny)
    assert error.max() <= 4 * np.finfo(dtype).eps


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", NAMES)
def test_nan_stays_nan_so_that_a_run_away_number_reaches_the_training_loop(name: str, dtype: type) -> None:
    assert np.isnan(computed(name, np.full(9, np.nan, dtype))).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_far_out_each_function_reaches_its_limit(dtype: type) -> None:
    far = np.array([1e4, np.inf], dtype)
    assert np.isposinf(computed("exp", far)).all()
    assert np.isposinf(computed("expm1", far)).all()
    assert (computed("tanh", far) == 1).all() and (computed("tanh", -far) == -1).all()
    assert (computed("logistic", far) == 1).all()
    assert (np.abs(computed("logistic", -far)) <= np.finfo(dtype).tiny).all()
    assert (computed("expm1", -far) == -1).all()


@pytest.mark.skipif(not COMPILED, reason="without compilation exp is NumPy's, which has subnormal numbers")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_exp_never_falls_below_the_smallest_normal_number(dtype: type) -> None:
    bottom = computed("exp", np.array([-1e4, -np.inf], dtype))
    assert (bottom > 0).all() and (bottom < 1.1 * np.finfo(dtype).tiny).all()


def test_from_python_each_name_is_numpys_own_function() -> None:
    assert exp(1.0) == np.exp(1.0)
    assert expm1(1e-9) == np.expm1(1e-9)
    assert tanh(0.3) == np.tanh(0.3)
    assert logistic(0.0) == 0.5
    assert log1p_unit(1e-9) == np.log1p(1e-9)
