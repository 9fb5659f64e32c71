"""Free energy, likelihood, gradient and conditionals of 100 random machines against sums over every state."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import scipy.integrate

from glassnet.maths.mersenne import Stream
from glassnet.networks.boltzmann.machine import Machine, Parameters
from glassnet.networks.boltzmann.pseudo_likelihood import pseudo_log_likelihood
from glassnet.networks.boltzmann.visible import visible_units
from glassnet.training.boltzmann import enumeration

spec = importlib.util.spec_from_file_location("brute_force", Path(__file__).with_name("brute_force.py"))
brute = importlib.util.module_from_spec(spec)
spec.loader.exec_module(brute)

MACHINES = [(seed, flavour) for flavour in brute.FLAVOURS for seed in range(25)]


def close(given, expected, scale=1.0):
    """Equal to 12 digits of the larger numbers."""
    np.testing.assert_allclose(given, expected, rtol=1e-12, atol=1e-12 * max(scale, float(np.max(np.abs(expected), initial=0.0))))


@pytest.mark.parametrize("seed, flavour", MACHINES)
def test_log_likelihood_is_the_sum_over_every_state(seed, flavour):
    machine, p, V = brute.random_machine(seed, flavour)
    expected = brute.vectorised_log_likelihood(machine, p, V)
    close(-machine.free_energy(p, V) - enumeration.log_partition(machine, p), expected)
    if seed < 3:  # the oracle's own shortcut
        close(brute.log_likelihood(machine, p, V), expected)


@pytest.mark.parametrize("seed, flavour", MACHINES)
def test_gradient_is_the_slope_of_the_likelihood(seed, flavour):
    machine, p, V = brute.random_machine(seed, flavour)
    for given, expected in zip(enumeration.gradient(machine, p, V), brute.gradient(machine, p, V), strict=True):
        close(given, expected)


@pytest.mark.parametrize("seed, flavour", MACHINES)
def test_conditionals_are_shares_of_the_joint_distribution(seed, flavour):
    machine, p, V = brute.random_machine(seed, flavour)
    H, S = brute.hidden_states(machine), brute.discrete_states(machine)
    given_v = machine.hidden_means(p, V)
    for v, mean in zip(V, given_v, strict=True):
        logs = np.array([brute.negative_energy(machine, p, v, h) for h in H])
        share = np.exp(logs - brute.log_sum_exp(logs))
        close(mean, share @ H)
    given_h = machine.visible_means(p, H)
    discrete = np.setdiff1d(np.arange(machine.visible.n), machine.visible.gaussian)
    for h, mean in zip(H, given_h, strict=True):
        logs = np.array([brute.negative_energy(machine, p, v, h) for v in S])
        share = np.exp(logs - brute.log_sum_exp(logs))
        close(mean[discrete], (share @ S)[discrete])
        for i in machine.visible.gaussian:  # -E along v_i is the logarithm of a normal density with the conditional mean and variance
            here, there = V[0].copy(), V[0].copy()
            here[i], there[i] = -0.7, 1.9
            change = brute.negative_energy(machine, p, here, h) - brute.negative_energy(machine, p, there, h)
            close(change, ((1.9 - mean[i]) ** 2 - (-0.7 - mean[i]) ** 2) / (2 * np.exp(p.z[i])), scale=10)


def joint(machine, p, v):
    """log of the sum over every h of e^-E(v, h)."""
    return brute.log_sum_exp(np.array([brute.negative_energy(machine, p, v, h) for h in brute.hidden_states(machine)]))


def integral_over(machine, p, v, i):
    """log of the sum over every h, and the integral over the Gaussian v_i, of e^-E: each term by completing the square."""
    without = p._replace(W=p.W.copy(), a=p.a.copy())
    without.W[i], without.a[i], rest = 0, 0, v.copy()
    rest[i], variance, terms = 0, np.exp(p.z[i]), []
    for h in brute.hidden_states(machine):
        field = p.W[i] @ h
        square = (2 * p.a[i] * field + field**2) / (2 * variance) + np.log(2 * np.pi * variance) / 2
        terms.append(brute.negative_energy(machine, without, rest, h) + square)
    return brute.log_sum_exp(np.array(terms))


@pytest.mark.parametrize("seed, flavour", MACHINES)
def test_pseudo_likelihood_is_the_sum_of_the_exact_conditionals(seed, flavour):
    machine, p, V = brute.random_machine(seed, flavour)
    expected = []
    for v in V[:2]:
        total = 0.0
        for group in [[i] for i in machine.visible.bernoulli] + machine.visible.groups():
            choices = np.eye(len(group)) if machine.visible.kinds[group[0]] == "softmax" else np.array([[0.0], [1.0]])
            states = np.tile(v, (len(choices), 1))
            states[:, group] = choices
            total += joint(machine, p, v) - brute.log_sum_exp(np.array([joint(machine, p, state) for state in states]))
        for i in machine.visible.gaussian:
            total += joint(machine, p, v) - integral_over(machine, p, v, i)
        expected.append(total)
    close(pseudo_log_likelihood(machine, p, V[:2]), expected, scale=10)


def test_pseudo_likelihood_of_a_gaussian_unit_follows_strong_weights():
    """Means a hundred deviations apart: the ends of the rule follow the weights, its steps the deviation."""
    machine = Machine(visible_units(["gaussian", "bernoulli"], 2), 3)
    W = np.array([[40.0, -60.0, 25.0], [1.0, -2.0, 0.5]])
    p = Parameters(W, np.array([5.0, 0.3]), np.array([-20.0, 30.0, 1.0]), np.array([-0.2, 0]))
    for t in (-80.0, -54.3, 0.0, 5.1, 66.0):
        v, other = np.array([t, 1.0]), np.array([t, 0.0])
        expected = 2 * joint(machine, p, v) - np.logaddexp(joint(machine, p, v), joint(machine, p, other)) - integral_over(machine, p, v, 0)
        close(pseudo_log_likelihood(machine, p, v[None]), expected, scale=1000)


@pytest.mark.parametrize("flavour", brute.FLAVOURS)
def test_energy_and_free_energy_agree(flavour):
    machine, p, V = brute.random_machine(3, flavour)
    H = brute.hidden_states(machine)
    energies = np.array([machine.energy(p, V, np.tile(h, (len(V), 1))) for h in H])
    close([machine.energy(p, V[:1], h[None])[0] for h in H], [-brute.negative_energy(machine, p, V[0], h) for h in H])
    close(machine.free_energy(p, V), [-brute.log_sum_exp(-energies[:, n]) for n in range(len(V))])


def test_the_integral_over_a_gaussian_unit_is_the_integral():
    _machine, p, _ = brute.random_machine(1, "gaussian")
    units, at = visible_units("gaussian", 1), None
    at = units.field(p.a[:1], p.z[:1])
    for field in (-1.3, 0.0, 0.8):
        integrand = lambda v, f=field: np.exp((-((v - p.a[0]) ** 2) / 2 + v * f) * np.exp(-p.z[0]))  # noqa: E731
        expected = np.log(scipy.integrate.quad(integrand, -40, 40, epsabs=1e-13)[0])
        assert abs(units.log_sum(np.array([[field]]), at)[0] - expected) < 1e-9


@pytest.mark.parametrize("flavour", brute.FLAVOURS)
@pytest.mark.parametrize("beta", [0.0, 0.3, 1.0])
def test_a_tempered_machine_mixes_the_energies(flavour, beta):
    """Its conditionals and its sums are those of (1 - beta) E_base + beta E."""
    machine, p, V = brute.random_machine(11, flavour)
    rng = np.random.default_rng(0)
    base = p._replace(W=np.zeros_like(p.W), b=np.zeros_like(p.b), a=rng.normal(size=len(p.a)), z=0.5 * p.z)
    h = brute.hidden_states(machine)[-1]
    at = machine.visible.field(p.a, p.z, beta, base.a, base.z)
    F = machine.field(p, h[None])
    mean = F.copy()
    machine.visible.means(mean, at)

    def mixed(v):
        return (1 - beta) * brute.negative_energy(machine, base, v, h) + beta * brute.negative_energy(machine, p, v, h)

    S = brute.discrete_states(machine)
    logs = np.array([mixed(v) for v in S])
    share = np.exp(logs - brute.log_sum_exp(logs))
    discrete = np.setdiff1d(np.arange(machine.visible.n), machine.visible.gaussian)
    close(mean[0, discrete], (share @ S)[discrete])
    for i in machine.visible.gaussian:
        here, there = V[0].copy(), V[0].copy()
        here[i], there[i] = -0.7, 1.9
        expected = ((1.9 - mean[0, i]) ** 2 - (-0.7 - mean[0, i]) ** 2) / (2 * at.deviation[i] ** 2)
        close(mixed(here) - mixed(there), expected, scale=10)


@pytest.mark.parametrize("flavour", brute.FLAVOURS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gibbs_samples_have_the_exact_marginals(flavour, dtype):
    machine, p, _ = brute.random_machine(5, flavour)
    p = p._replace(W=p.W * 0.5)
    exact = enumeration.moments(machine, p)
    p = type(p)(*(part.astype(dtype) for part in p))
    chains, stream = 2000, Stream(np.random.RandomState(1), wide=dtype is np.float64)
    H = np.zeros((chains, machine.n_hidden), dtype)
    V, means = np.empty((chains, machine.visible.n), dtype), np.empty_like(H)
    at = machine.visible.field(p.a, p.z)
    total_v, total_h, sweeps = 0.0, 0.0, 30
    for sweep in range(60 + sweeps):
        machine.sample_visible(p, H, stream, at=at, out=V)
        machine.sample_hidden(p, V, stream, means=means, out=H)
        if sweep >= 60:
            total_v, total_h = total_v + V.mean(axis=0, dtype=np.float64), total_h + H.mean(axis=0, dtype=np.float64)
    spread = np.sqrt(np.maximum(1.0, V.var(axis=0)) / chains)  # as if a chain's sweeps told no more than one of them: on the safe side
    assert np.all(np.abs(total_v / sweeps - exact.v) < 4.5 * spread)
    assert np.all(np.abs(total_h / sweeps - exact.h) < 4.5 / np.sqrt(chains))
    assert np.all(np.isin(V[:, machine.visible.bernoulli], (0, 1)))
    for group in machine.visible.groups():
        assert np.all(V[:, group].sum(axis=1) == 1)


def test_the_base_machine_has_the_frequencies_of_the_data():
    machine, _p, _ = brute.random_machine(11, "mixed")
    rng = np.random.default_rng(2)
    V = np.zeros((500, machine.visible.n))
    V[:, machine.visible.bernoulli] = rng.random((500, len(machine.visible.bernoulli))) < 0.3
    V[:, machine.visible.gaussian] = 3 + 2 * rng.normal(size=(500, len(machine.visible.gaussian)))
    for group in machine.visible.groups():
        V[np.arange(500), rng.choice(group, 500)] = 1
    a0, z0 = machine.base(V)
    F = np.zeros((1, machine.visible.n))
    machine.visible.means(F, machine.visible.field(a0, z0))
    np.testing.assert_allclose(F[0], V.mean(axis=0), atol=2e-3)
    g = machine.visible.gaussian
    np.testing.assert_allclose(np.exp(z0[g]), V[:, g].var(axis=0))
    weighted = machine.base(V[:250], np.full(250, 2.0))
    twice = machine.base(np.repeat(V[:250], 2, axis=0))
    np.testing.assert_allclose(np.concatenate(weighted), np.concatenate(twice), atol=1e-12)


def test_faults_of_the_visible_units_are_named():
    with pytest.raises(ValueError, match="gaussian.*Did you mean"):
        visible_units("gausian", 3)
    with pytest.raises(ValueError, match="one for each column; got 2 for 3"):
        visible_units(["gaussian", "bernoulli"], 3)
    with pytest.raises(ValueError, match="softmax_sizes must add up to"):
        visible_units("softmax", 5, 2)
    with pytest.raises(ValueError, match="visible must be 'bernoulli', 'gaussian' or 'softmax', or a list of these"):
        visible_units(None, 3)
    for wrong in ("a", [1.5, 1.5], {3}):
        with pytest.raises(ValueError, match="softmax_sizes must be None, a number of columns, or a list of such"):
            visible_units("softmax", 3, wrong)
