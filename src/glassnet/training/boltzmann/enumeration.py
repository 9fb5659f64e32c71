"""Everything about a small machine exactly, by summing over all states of its smaller side.

    Z      = sum_h e^(b h) prod_i sum_{v_i} e^...                     2^n_hidden terms: F = h W' and visible.log_sum(F)
    Z      = sum_v e^(own terms) prod_j (1 + e^(b_j + (u W)_j))       where the visible side is smaller and has no Gaussian unit
    <f>    = sum_s e^(log weight of s - log Z) E[f | s]               moments, and so the gradient of the log-likelihood

States are taken in blocks of ``BLOCK``, in float64, with a running log-sum-exp.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.networks.boltzmann.machine import Machine, Moments, Parameters
from glassnet.networks.boltzmann.unit_kernels import add_softplus
from glassnet.networks.boltzmann.visible import VisibleUnits

Array = NDArray[Any]

UNITS = 20
"""Units of the smaller side up to which everything is summed."""
BLOCK = 1024


def n_states(machine: Machine) -> float:
    """States of the side with fewer of them."""
    hidden = 2.0**machine.n_hidden if machine.n_hidden < 1000 else np.inf
    visible = machine.visible.n_states
    return hidden if visible is None else min(hidden, visible)


def can_be_summed(machine: Machine) -> bool:
    """True where the smaller side has at most 2^UNITS states."""
    return n_states(machine) <= 2**UNITS * (1 + 1e-9)


def _hidden_states(n: int) -> Iterator[Array]:
    """All 2^n rows of 0 and 1, in blocks."""
    bits = np.arange(n)
    for start in range(0, 2**n, BLOCK):
        numbers = np.arange(start, min(2**n, start + BLOCK))
        yield ((numbers[:, None] >> bits) & 1).astype(np.float64)


def _visible_states(units: VisibleUnits) -> Iterator[Array]:
    """All rows that discrete units can take, in blocks."""
    sizes = [2] * len(units.bernoulli) + list(units.sizes)
    strides = np.concatenate([[1], np.cumprod(sizes)])
    groups = units.groups()
    for start in range(0, int(strides[-1]), BLOCK):
        numbers = np.arange(start, min(int(strides[-1]), start + BLOCK))
        digits = (numbers[:, None] // strides[:-1]) % sizes
        V = np.zeros((len(numbers), units.n))
        V[:, units.bernoulli] = digits[:, : len(units.bernoulli)]
        for g, group in enumerate(groups):
            V[np.arange(len(numbers)), group[digits[:, len(units.bernoulli) + g]]] = 1
        yield V


def _over_hidden(machine: Machine) -> bool:
    visible = machine.visible.n_states
    return visible is None or 2.0 ** min(machine.n_hidden, 1000) <= visible


def weighted_states(machine: Machine, p: Parameters) -> Iterator[tuple[Array, Array]]:
    """(states, log weight): blocks of all states of the smaller side, the other side summed out."""
    p = Parameters(*(part.astype(np.float64) for part in p))
    at = machine.visible.field(p.a, p.z)
    for S in _hidden_states(machine.n_hidden) if _over_hidden(machine) else _visible_states(machine.visible):
        if _over_hidden(machine):
            yield S, S @ p.b + machine.visible.log_sum(machine.field(p, S), at)
        else:
            total = machine.visible.own_terms(S, p.a, p.z)
            add_softplus(machine.hidden_input(p, S), 1.0, p.b, total)
            yield S, total


def log_partition(machine: Machine, p: Parameters) -> float:
    """log Z in nats. Raises ValueError where the smaller side has more than 2^UNITS states."""
    if not can_be_summed(machine):
        raise ValueError(
            f"The smaller side of this machine has 2^{np.log2(n_states(machine)):.0f} states; up to 2^{UNITS} can be summed. "
            "Use method='ais'."
        )
    total = -np.inf
    for _, logs in weighted_states(machine, p):
        top = max(total, float(logs.max()))
        total = top + np.log(np.exp(total - top) + np.exp(logs - top).sum())
    return float(total)


def moments(machine: Machine, p: Parameters) -> Moments:
    """The exact moments of (v, h) under the machine, in float64."""
    log_z = log_partition(machine, p)
    p = Parameters(*(part.astype(np.float64) for part in p))
    vh, v, h, t = np.zeros_like(p.W), np.zeros_like(p.a), np.zeros_like(p.b), np.zeros_like(p.a)
    g = machine.visible.gaussian
    for S, logs in weighted_states(machine, p):
        share = np.exp(logs - log_z)
        over_hidden = _over_hidden(machine)
        H = S if over_hidden else machine.hidden_means(p, S)
        V = machine.visible_means(p, S) if over_hidden else S
        vh += (V * share[:, None]).T @ H
        v += share @ V
        h += share @ H
        if len(g):
            # E[(v - a)^2 | h] = s^2 + F^2 and E[v | h] = a + F, with F = h W'
            F = machine.field(p, H)[:, g]
            t[g] += share @ (0.5 - (F**2 / 2 + p.a[g] * F) * np.exp(-p.z[g]))
    return Moments(vh, v, h, t)


def gradient(machine: Machine, p: Parameters, V: Array, weight: Array | None = None) -> Parameters:
    """The exact gradient of the mean log-likelihood of the rows V."""
    full = Parameters(*(part.astype(np.float64) for part in p))
    return machine.gradient(full, machine.data_moments(full, V.astype(np.float64), weight).minus(moments(machine, p)))
