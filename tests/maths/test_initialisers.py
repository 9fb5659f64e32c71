"""First weights have the variance of their rule, biases 0, and come from the stream they are given."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.maths.initialisers import INITIALISERS, check_initialiser, first_weights

N_IN, N_OUT = 300, 200
VARIANCES = {"glorot": 2 / (N_IN + N_OUT), "he": 2 / N_IN, "lecun": 1 / N_IN}


def draw(initialiser: str | None, *, activation: str = "tanh", bias: bool = True, dtype: type = np.float64, seed: int = 0):
    random = np.random.RandomState(seed)
    return first_weights(N_IN, N_OUT, bias=bias, activation=activation, initialiser=initialiser, random=random, dtype=dtype)


@pytest.mark.parametrize("name", INITIALISERS)
def test_weights_have_the_variance_of_their_rule_and_biases_are_zero(name: str) -> None:
    rule, shape = name.split("_")
    W, b = draw(name)
    assert W.shape == (N_IN, N_OUT) and b.shape == (N_OUT,)
    assert abs(W.mean()) < 5 * np.sqrt(VARIANCES[rule] / W.size)
    assert W.var() == pytest.approx(VARIANCES[rule], rel=0.02)
    assert not b.any()
    bound = np.sqrt(3 * VARIANCES[rule])
    assert (np.abs(W) <= bound).all() == (shape == "uniform")


@pytest.mark.parametrize("activation, factor", [("tanh", 6), ("relu", 6), ("logistic", 2)])
def test_none_is_scikit_learns_rule_for_weights_and_biases(activation: str, factor: float) -> None:
    W, b = draw(None, activation=activation)
    bound = np.sqrt(factor / (N_IN + N_OUT))
    for part in (W, b):
        assert np.abs(part).max() <= bound
        assert np.abs(part).max() > 0.9 * bound
    random = np.random.RandomState(0)
    np.testing.assert_array_equal(W, random.uniform(-bound, bound, (N_IN, N_OUT)))
    np.testing.assert_array_equal(b, random.uniform(-bound, bound, N_OUT))


@pytest.mark.parametrize("name", [None, *INITIALISERS])
def test_one_seed_gives_one_start_and_another_seed_another(name: str | None) -> None:
    np.testing.assert_array_equal(draw(name)[0], draw(name)[0])
    assert (draw(name)[0] != draw(name, seed=1)[0]).all()


@pytest.mark.parametrize("name", [None, *INITIALISERS])
def test_a_layer_without_bias_draws_none_and_float32_is_asked_for(name: str | None) -> None:
    W, b = draw(name, bias=False, dtype=np.float32)
    assert b is None and W.dtype == np.float32
    W, b = draw(name, dtype=np.float32)
    assert b.dtype == np.float32


def test_an_unknown_rule_is_answered_with_a_near_one() -> None:
    check_initialiser(None)
    with pytest.raises(ValueError, match="initialiser must be .*; got 'glorot'. Did you mean 'glorot_normal'|'glorot_uniform'?"):
        check_initialiser("glorot")
