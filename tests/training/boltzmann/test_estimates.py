"""Annealed importance sampling, tempering and enumeration against each other."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from glassnet.maths.mersenne import Stream
from glassnet.networks.boltzmann.machine import Machine, Parameters
from glassnet.networks.boltzmann.visible import visible_units
from glassnet.training.boltzmann import enumeration
from glassnet.training.boltzmann.annealed_importance import annealed_importance, temperatures
from glassnet.training.boltzmann.estimate import LogPartition
from glassnet.training.boltzmann.tempering import Ladder

spec = importlib.util.spec_from_file_location("brute_force", Path(__file__).parents[2] / "networks" / "boltzmann" / "brute_force.py")
brute = importlib.util.module_from_spec(spec)
spec.loader.exec_module(brute)


@pytest.mark.parametrize("flavour", brute.FLAVOURS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_annealing_finds_the_exact_value(flavour, dtype):
    machine, p, V = brute.random_machine(7, flavour)
    exact = enumeration.log_partition(machine, p)
    p = Parameters(*(part.astype(dtype) for part in p))
    base = machine.base(V.astype(dtype))
    estimate = annealed_importance(
        machine, p, base, Stream(np.random.RandomState(0), wide=dtype is np.float64), n_chains=200, betas=temperatures(2000)
    )
    error = (estimate.high - estimate.value) / 3
    assert abs(estimate.value - exact) < 5 * error + 1e-3
    assert error < 0.2 and 20 < estimate.effective_sample_size <= 200
    assert estimate.low < estimate.value < estimate.high


def test_annealing_is_near_the_exact_value_for_a_larger_machine():
    rng = np.random.default_rng(0)
    machine = Machine(visible_units("bernoulli", 100), 14)
    p = Parameters(0.5 * rng.normal(size=(100, 14)), rng.normal(size=100), rng.normal(size=14), np.zeros(100))
    base = (np.zeros(100), np.zeros(100))
    exact = enumeration.log_partition(machine, p)
    estimate = annealed_importance(machine, p, base, Stream(np.random.RandomState(0)), n_chains=100, betas=temperatures(5000))
    assert abs(estimate.value - exact) < 0.1 and estimate.effective_sample_size > 10


def test_the_error_estimate_covers_the_spread_of_repetitions():
    machine, p, V = brute.random_machine(9, "bernoulli")
    exact = enumeration.log_partition(machine, p)
    runs = [
        annealed_importance(machine, p, machine.base(V), Stream(np.random.RandomState(s)), n_chains=50, betas=temperatures(30))
        for s in range(40)
    ]
    error = np.mean([(run.high - run.value) / 3 for run in runs])
    spread = np.sqrt(np.mean([(run.value - exact) ** 2 for run in runs]))
    assert 0.5 < error / spread < 2
    assert np.mean([run.low <= exact <= run.high for run in runs]) > 0.8


@pytest.mark.parametrize("flavour", brute.FLAVOURS)
def test_weights_are_right_in_the_mean_however_few_the_temperatures(flavour):
    """E[w] = Z / Z_0: what a transition at another temperature than its own would break."""
    machine, p, V = brute.random_machine(7, flavour)
    p = p._replace(W=p.W * 0.5) if flavour == "gaussian" else p  # its weights spread widely
    betas, stream = np.array([0.0, 0.3, 0.6, 1.0]), Stream(np.random.RandomState(0))
    estimate = annealed_importance(machine, p, machine.base(V), stream, n_chains=40_000, betas=betas)
    error = np.exp(estimate.log_weights - estimate.log_weights.max())
    error = error.std() / error.mean() / np.sqrt(len(error))
    assert error < (0.2 if flavour == "gaussian" else 0.01)
    assert abs(estimate.value - enumeration.log_partition(machine, p)) < 4.5 * error


def test_no_machine_without_weights_needs_annealing():
    machine = Machine(visible_units("bernoulli", 5), 3)
    a = np.array([0.3, -1.0, 2.0, 0.0, 0.5])
    p = Parameters(np.zeros((5, 3)), a, np.zeros(3), np.zeros(5))
    estimate = annealed_importance(machine, p, (a, np.zeros(5)), Stream(np.random.RandomState(0)), n_chains=10, betas=temperatures(20))
    expected = np.log1p(np.exp(a)).sum() + 3 * np.log(2)
    assert abs(estimate.value - expected) < 1e-12 and estimate.effective_sample_size == pytest.approx(10)


def test_the_smaller_side_is_summed_whichever_it_is():
    rng = np.random.default_rng(1)
    wide = Machine(visible_units("bernoulli", 6), 13)
    p = Parameters(rng.normal(size=(6, 13)), rng.normal(size=6), rng.normal(size=13), np.zeros(6))
    tall = Machine(visible_units("bernoulli", 13), 6)
    turned = Parameters(np.ascontiguousarray(p.W.T), p.b, p.a, np.zeros(13))
    assert enumeration.log_partition(wide, p) == pytest.approx(enumeration.log_partition(tall, turned), rel=1e-13)
    np.testing.assert_allclose(enumeration.moments(wide, p).vh, enumeration.moments(tall, turned).vh.T, rtol=1e-11)


def test_a_machine_too_large_to_be_summed_is_refused():
    machine = Machine(visible_units("bernoulli", 30), 21)
    p = Parameters(np.zeros((30, 21)), np.zeros(30), np.zeros(21), np.zeros(30))
    with pytest.raises(ValueError, match=r"2\^21 states; up to 2\^20"):
        enumeration.log_partition(machine, p)
    assert enumeration.can_be_summed(Machine(visible_units("bernoulli", 30), 20))
    assert enumeration.can_be_summed(Machine(visible_units("softmax", 30, 3), 12))
    assert not enumeration.can_be_summed(Machine(visible_units("gaussian", 3), 21))


@pytest.mark.parametrize("flavour", brute.FLAVOURS)
def test_every_temperature_of_the_ladder_keeps_its_own_distribution(flavour):
    machine, p, V = brute.random_machine(5, flavour)
    p = p._replace(W=p.W * 0.6)
    base = machine.base(V) if flavour == "bernoulli" else (np.zeros_like(p.a), p.z * 0.5)
    betas, n = np.array([0.0, 0.4, 1.0]), 2000
    ladder, stream = Ladder(betas, n, base), Stream(np.random.RandomState(3))
    H = np.zeros((3 * n, machine.n_hidden))
    mean, rounds = 0.0, 20
    for sweep in range(40 + rounds):
        ladder.sweep(machine, p, H, stream, 1)
        if sweep >= 40:
            mean = mean + np.array([ladder.V[ladder.rows(t)].mean(axis=0) for t in range(3)]) / rounds
    spread = np.sqrt(np.maximum(1.0, ladder.V.var(axis=0)) / n)
    assert np.all(abs(mean[2] - enumeration.moments(machine, p).v) < 4.5 * spread)
    F = np.zeros((1, machine.visible.n))
    machine.visible.means(F, machine.visible.field(*base))
    assert np.all(abs(mean[0] - F[0]) < 4.5 * spread)
    assert np.all(ladder.accepted > 0) and np.all(ladder.accepted <= 1)


def test_an_estimate_says_what_it_is():
    assert "exact" in str(LogPartition.exact(1.0))
    estimate = LogPartition.from_weights(2.0, np.zeros(4), 100)
    assert estimate.value == estimate.low == estimate.high == 2.0 and estimate.effective_sample_size == 4.0
    assert "4 runs over 100" in str(estimate)


def test_temperatures_rise_from_0_to_1():
    for n in (4, 10, 1000, 20_000):
        betas = temperatures(n)
        assert len(betas) == n and betas[0] == 0 and betas[-1] == 1 and np.all(np.diff(betas) > 0)
