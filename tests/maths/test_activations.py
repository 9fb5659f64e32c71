"""Each activation against its one-line formula, its slope against the slope, and a user's own pair."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import pytest
import scipy.special

from glassnet.maths.activations import ACTIVATIONS, Activation, activate, activation_named, check_slope, descend

Phi = scipy.special.ndtr

FORMULAS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "identity": lambda z: z,
    "logistic": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0),
    "leaky_relu": lambda z: np.where(z > 0, z, z / 100),
    "elu": lambda z: np.where(z > 0, z, np.exp(np.minimum(z, 0)) - 1),
    "softplus": lambda z: np.logaddexp(0, z),
    "gelu": lambda z: z * Phi(z),
}
SLOPES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "identity": np.ones_like,
    "logistic": lambda z: 1 / (2 + np.exp(z) + np.exp(-z)),
    "tanh": lambda z: 1 / np.cosh(z) ** 2,
    "relu": lambda z: 1.0 * (z > 0),
    "leaky_relu": lambda z: np.where(z > 0, 1, 0.01),
    "elu": lambda z: np.exp(np.minimum(z, 0)),
    "softplus": lambda z: 1 / (1 + np.exp(-z)),
    "gelu": lambda z: Phi(z) + z * np.exp(-z * z / 2) / np.sqrt(2 * np.pi),
}

names = pytest.mark.parametrize("name", list(ACTIVATIONS))
dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def drawn(dtype: type, shape: tuple[int, int] = (37, 11)) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 4, shape).astype(dtype)


@dtypes
@names
def test_forward_is_the_formula_of_the_row_plus_its_bias(name: str, dtype: type) -> None:
    Z, b = drawn(dtype), drawn(dtype, (1, 11))[0]
    A = Z.copy()
    activate(A, b, ACTIVATIONS[name].code)
    assert A.dtype == dtype
    expected = FORMULAS[name]((Z + b).astype(np.float64))
    np.testing.assert_allclose(A, expected, rtol=8 * np.finfo(dtype).eps, atol=8 * np.finfo(dtype).eps)


@dtypes
@names
def test_backward_multiplies_by_the_slope_and_sums_the_columns(name: str, dtype: type) -> None:
    activation, Z = ACTIVATIONS[name], drawn(dtype)
    D = drawn(dtype)[::-1].copy()
    S = Z.copy()
    if not activation.needs_z:
        activate(S, np.zeros(11, dtype), activation.code)
    expected = D * SLOPES[name](Z.astype(np.float64))
    db = np.full(11, np.nan, dtype)  # what stood there before must not matter
    descend(D, S, db, activation.code)
    assert D.dtype == db.dtype == dtype
    np.testing.assert_allclose(D, expected, rtol=1e2 * np.finfo(dtype).eps, atol=64 * np.finfo(dtype).eps)
    np.testing.assert_allclose(db, expected.sum(axis=0), atol=1e3 * np.finfo(dtype).eps)


@names
def test_slope_at_is_the_rise_of_the_activation(name: str) -> None:
    activation = ACTIVATIONS[name]
    z = np.linspace(-3.01, 2.99, 41)  # no point on a kink
    h = 1e-5
    np.testing.assert_allclose(activation.slope_at(z), (activation(z + h) - activation(z - h)) / (2 * h), rtol=1e-8, atol=1e-9)


@names
def test_an_activation_is_called_on_arrays_of_any_shape_and_on_numbers(name: str) -> None:
    activation = ACTIVATIONS[name]
    assert activation(np.zeros((2, 3, 4))).shape == (2, 3, 4)
    assert activation(np.float32(0.5)).dtype == np.float32
    assert activation.slope_at(np.zeros((2, 2), np.float32)).dtype == np.float32
    assert float(activation([1, 2])[1]) == pytest.approx(float(FORMULAS[name](np.array(2.0))))


@dtypes
@names
def test_nothing_warns_or_overflows_far_out(name: str, dtype: type) -> None:
    activation = ACTIVATIONS[name]
    z = np.array([-1e4, -90, -1e-30, 0, 1e-30, 90, 1e4], dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with np.errstate(over="raise", invalid="raise", divide="raise", under="ignore"):
            value, slope = activation(z), activation.slope_at(z)
    assert np.isfinite(value).all()
    assert np.isfinite(slope).all() and (slope >= -0.2).all() and (slope <= 1.2).all()


@dtypes
@names
def test_nan_passes_through_forward(name: str, dtype: type) -> None:
    assert np.isnan(ACTIVATIONS[name](np.full(3, np.nan, dtype))).all()


# A user's own pair ---------------------------------------------------------------------------------------------------------


def test_a_pair_with_the_right_slope_is_accepted() -> None:
    swish = activation_named((lambda z: z / (1 + np.exp(-z)), lambda z: (1 + np.exp(-z) + z * np.exp(-z)) / (1 + np.exp(-z)) ** 2))
    assert swish.needs_z
    np.testing.assert_allclose(swish(np.array([0.0, 1.0])), [0, 0.7310585786300049])
    np.testing.assert_allclose(swish.slope_at(np.array([0.0])), [0.5])


def test_a_pair_with_kinks_is_accepted() -> None:
    assert activation_named((lambda z: np.clip(z, -1, 1), lambda z: 1.0 * (np.abs(z) < 1))).name == "<lambda>"


def test_a_pair_with_a_wrong_slope_is_refused_with_the_worst_point() -> None:
    with pytest.raises(ValueError, match=r"not the slope of the first; at z = .* it gives .* but f rises by .* Mend the derivative"):
        activation_named((np.tanh, lambda z: 1 - np.tanh(z)))


def test_a_slope_wrong_by_one_percent_is_refused() -> None:
    with pytest.raises(ValueError, match="not the slope"):
        check_slope(np.sin, lambda z: 1.01 * np.cos(z))


def test_a_function_that_changes_the_shape_is_refused() -> None:
    with pytest.raises(ValueError, match=r"must keep the shape of its input; given \(7, 7\) it returned \(7,\)"):
        check_slope(lambda z: z.sum(axis=0), np.ones_like)


def test_a_function_that_is_not_finite_is_refused() -> None:
    with pytest.raises(ValueError, match=r"f must be finite; at z = -4.013 it is not"), np.errstate(invalid="ignore"):
        check_slope(np.sqrt, np.ones_like)


def test_an_unknown_name_is_answered_with_a_near_one() -> None:
    with pytest.raises(ValueError, match="activation must be 'identity', .* or 'gelu'; got 'rely'. Did you mean 'relu'?"):
        activation_named("rely")


@pytest.mark.parametrize("choice", [None, 3, (np.tanh,), (np.tanh, 3), np.tanh])
def test_anything_else_is_refused(choice: object) -> None:
    with pytest.raises(ValueError, match="activation must be .* A pair of functions"):
        activation_named(choice)


def test_an_activation_is_its_own_name() -> None:
    relu = ACTIVATIONS["relu"]
    assert activation_named(relu) is relu
    assert isinstance(activation_named("relu"), Activation)
