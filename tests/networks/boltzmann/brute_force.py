"""The oracle: small machines by nothing but their energy, summed over every state in plain NumPy; works for complex parameters too."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from glassnet.networks.boltzmann.machine import Machine, Parameters
from glassnet.networks.boltzmann.visible import visible_units

FLAVOURS = ("bernoulli", "gaussian", "softmax", "mixed")


def random_machine(seed: int, flavour: str) -> tuple[Machine, Parameters, np.ndarray]:
    """A machine of at most 12 units, its parameters, and a few rows that it can show."""
    rng = np.random.default_rng(seed)
    nh = int(rng.integers(1, 6))
    nv = int(rng.integers(2, 12 - nh + 1))
    kinds = [str(kind) for kind in rng.choice(["bernoulli", "gaussian", "softmax"], nv)] if flavour == "mixed" else [flavour] * nv
    places = [i for i, kind in enumerate(kinds) if kind == "softmax"]
    sizes: list[int] = []
    while (left := len(places) - sum(sizes)) > 0:
        sizes.append(int(rng.integers(1, left + 1)))
    machine = Machine(visible_units(kinds, nv, sizes or None), nh)
    z = np.where(np.array(kinds) == "gaussian", rng.normal(0, 0.7, nv), 0.0)
    p = Parameters(rng.normal(0, 1, (nv, nh)), rng.normal(0, 1, nv), rng.normal(0, 1, nh), z)
    V = np.zeros((5, nv))
    V[:, machine.visible.bernoulli] = rng.random((5, len(machine.visible.bernoulli))) < 0.5
    V[:, machine.visible.gaussian] = rng.normal(0, 1.5, (5, len(machine.visible.gaussian)))
    for group in machine.visible.groups():
        V[np.arange(5), rng.choice(group, 5)] = 1
    return machine, p, V


def negative_energy(machine: Machine, p: Parameters, v: Any, h: Any) -> Any:
    """-E of one state, unit by unit and weight by weight."""
    total: Any = 0.0
    for i, kind in enumerate(machine.visible.kinds):
        precision = np.exp(-p.z[i]) if kind == "gaussian" else 1.0
        total += -((v[i] - p.a[i]) ** 2) * precision / 2 if kind == "gaussian" else p.a[i] * v[i]
        for j in range(machine.n_hidden):
            total += v[i] * precision * p.W[i, j] * h[j]
    for j in range(machine.n_hidden):
        total += p.b[j] * h[j]
    return total


def hidden_states(machine: Machine) -> np.ndarray:
    return np.array(list(itertools.product([0.0, 1.0], repeat=machine.n_hidden)))


def discrete_states(machine: Machine) -> np.ndarray:
    """Every state of the discrete units; Gaussian columns stay 0."""
    units = machine.visible
    choices: list[list[dict[int, float]]] = [[{int(i): 0.0}, {int(i): 1.0}] for i in units.bernoulli]
    choices += [[{int(i): float(i == chosen) for i in group} for chosen in group] for group in units.groups()]
    rows = []
    for parts in itertools.product(*choices):
        row = np.zeros(units.n)
        for part in parts:
            for i, value in part.items():
                row[i] = value
        rows.append(row)
    return np.array(rows)


def log_sum_exp(x: Any) -> Any:
    """Also of complex numbers, whose imaginary parts are tiny."""
    top = x.real.max()
    return top + np.log(np.exp(x - top).sum())


def log_partition(machine: Machine, p: Parameters) -> Any:
    """log Z: a sum over every discrete v and h; each Gaussian column is integrated by completing the square."""
    terms = []
    V = discrete_states(machine)
    for h in hidden_states(machine):
        factor: Any = 0.0
        rest = Parameters(p.W.copy(), p.a.copy(), p.b, p.z)
        for i in machine.visible.gaussian:
            variance, field = np.exp(p.z[i]), (p.W[i] * h).sum()
            # -(v - a)^2 / 2s^2 + v F / s^2  =  -(v - a - F)^2 / 2s^2  +  (2 a F + F^2) / 2s^2
            factor = factor + np.log(2 * np.pi * variance) / 2 + (2 * p.a[i] * field + field**2) / (2 * variance)
            rest.a[i], rest.W[i] = 0.0, 0.0
        terms += [negative_energy(machine, rest, v, h) + factor for v in V]
    return log_sum_exp(np.array(terms))


def log_likelihood(machine: Machine, p: Parameters, V: np.ndarray) -> Any:
    """log P(v) of each row."""
    H = hidden_states(machine)
    log_z = log_partition(machine, p)
    return np.array([log_sum_exp(np.array([negative_energy(machine, p, v, h) for h in H])) for v in V]) - log_z


def vectorised_log_likelihood(machine: Machine, p: Parameters, V: np.ndarray) -> Any:
    """The same sums as arrays, for the many evaluations of a derivative; a test holds it to ``log_likelihood``."""
    g, H, S = machine.visible.gaussian, hidden_states(machine), discrete_states(machine)
    precision = np.ones(machine.visible.n, p.z.dtype)
    precision[g] = np.exp(-p.z[g])
    field = H @ p.W.T
    own = S @ np.where(np.isin(np.arange(len(p.a)), g), 0, p.a)
    free = (0.5 * np.log(2 * np.pi / precision[g]) + (p.a[g] * field[:, g] + field[:, g] ** 2 / 2) * precision[g]).sum(axis=1)
    log_z = log_sum_exp((own[:, None] + S @ field.T + (H @ p.b + free)[None, :]).ravel())
    rest = np.setdiff1d(np.arange(machine.visible.n), g)
    mine = V[:, rest] @ p.a[rest] - ((V[:, g] - p.a[g]) ** 2 * precision[g] / 2).sum(axis=1)
    joint = mine[:, None] + (V * precision) @ field.T + H @ p.b
    return np.array([log_sum_exp(row) for row in joint]) - log_z


def gradient(machine: Machine, p: Parameters, V: np.ndarray) -> Parameters:
    """The slope of the mean log-likelihood along every parameter, by complex steps: exact to rounding, without a formula for it."""
    step = 1e-30
    slopes = []
    for part in range(4):
        slope = np.zeros(p[part].shape)
        for place in np.ndindex(p[part].shape):
            moved = [value.astype(complex) for value in p]
            moved[part][place] += 1j * step
            slope[place] = vectorised_log_likelihood(machine, Parameters(*moved), V).mean().imag / step
        slopes.append(slope)
    return Parameters(*slopes)
