"""The compiled stream is NumPy's RandomState, number for number."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.maths.mersenne import Stream


@pytest.mark.parametrize("already", [0, 1, 7, 311, 312, 623])
def test_the_stream_is_that_of_random_state(already):
    random, twin = np.random.RandomState(3), np.random.RandomState(3)
    random.uniform(size=already), twin.uniform(size=already)
    stream = Stream(random)
    for n in (1, 2, 311, 313, 1000):
        assert np.array_equal(stream.uniform(n), twin.uniform(size=n))


def test_the_state_goes_back_where_numpy_would_have_left_it():
    random, twin = np.random.RandomState(4), np.random.RandomState(4)
    stream = Stream(random)
    stream.uniform(1000)
    stream.give_back()
    twin.uniform(size=1000)
    assert np.array_equal(random.normal(size=50), twin.normal(size=50))


def test_normal_numbers_are_normal_and_repeat_with_the_seed():
    draws = [Stream(np.random.RandomState(5)).normal(np.empty(100_000, np.float32)) for _ in range(2)]
    assert np.array_equal(*draws)
    assert abs(draws[0].mean()) < 0.02 and abs(draws[0].std() - 1) < 0.02
    other = Stream(np.random.RandomState(6)).normal(np.empty(100_000, np.float32))
    assert abs(np.corrcoef(draws[0], other)[0, 1]) < 0.02


def test_another_generator_gives_a_seed():
    first, second = (Stream(np.random.RandomState(np.random.PCG64(0))).uniform(10) for _ in range(2))
    assert np.array_equal(first, second)
    random = np.random.RandomState(np.random.PCG64(0))
    stream = Stream(random)
    stream.give_back()
    assert not np.array_equal(Stream(random).uniform(10), first)
