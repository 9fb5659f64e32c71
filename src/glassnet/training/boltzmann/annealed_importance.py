"""Annealed importance sampling: log Z of a machine too large to enumerate, with an error estimate.

    Z_0      = sum over v of e^own_base(v) * 2^n_hidden                                known: the base machine has no weights
    v_1      ~ base machine
    log w    = sum_k  log p*_{k}(v_k) - log p*_{k-1}(v_k)                               0 = beta_0 < beta_1 < ... < beta_K = 1
    v_{k+1}  <- one Gibbs sweep v_k -> h -> v of the machine at beta_k
    log Z    = log Z_0 + log mean w

with  log p*_beta(v) = (1 - beta) own_base(v) + beta own(v) + sum_j softplus(beta (b_j + (u W)_j)).  E[w] = Z / Z_0 whatever the number of
temperatures; but log of a mean lies too low more often than not, so too few of them flatter the likelihood. Weights are summed in
float64; the runs go on in the dtype of the parameters.

Sources  Neal (2001), Statistics and Computing 11, 125-139; Salakhutdinov & Murray (2008), ICML, 872-879.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.maths.compiling import kernel
from glassnet.maths.exponential import exp, log1p_unit
from glassnet.maths.mersenne import Stream
from glassnet.networks.boltzmann.machine import Machine, Parameters
from glassnet.networks.boltzmann.unit_kernels import activate_and_sample
from glassnet.training.boltzmann.estimate import LogPartition

Array = NDArray[Any]


@kernel
def add_gain(Z: Array, b: Array, low: float, high: float, out: Array) -> None:
    """out <- out + sum_j softplus(high (b_j + Z_j)) - softplus(low (b_j + Z_j)), in float64."""
    for r in range(Z.shape[0]):
        total = 0.0
        for j in range(Z.shape[1]):
            x = np.float64(Z[r, j]) + np.float64(b[j])
            warm, cold = low * x, high * x
            total += max(cold, 0.0) - max(warm, 0.0) + log1p_unit(exp(-abs(cold))) - log1p_unit(exp(-abs(warm)))
        out[r] += total


def temperatures(n: int) -> Array:
    """``n`` inverse temperatures from 0 to 1: spread as in Salakhutdinov & Murray, 3.5 % up to 0.5, 27.5 % up to 0.9, the rest to 1.

    >>> temperatures(1000)[[0, -1]]
    array([0., 1.])
    """
    first, second = max(1, round(0.035 * n)), max(1, round(0.275 * n))
    last = max(2, n - first - second)
    parts = (np.linspace(0, 0.5, first, endpoint=False), np.linspace(0.5, 0.9, second, endpoint=False), np.linspace(0.9, 1, last))
    return np.concatenate(parts)


def annealed_importance(
    machine: Machine,
    p: Parameters,
    base: tuple[Array, Array],
    stream: Stream,
    *,
    n_chains: int = 100,
    betas: Array | None = None,
    watch: Callable[[int], None] | None = None,
) -> LogPartition:
    """Estimate log Z by ``n_chains`` runs over ``betas``, from the base machine (a0, z0); ``watch`` hears of every temperature."""
    betas = temperatures(10_000) if betas is None else betas
    dtype, visible = p.W.dtype, machine.visible
    H, Z = np.zeros((n_chains, machine.n_hidden), dtype), np.empty((n_chains, machine.n_hidden), dtype)
    V = np.zeros((n_chains, visible.n), dtype)
    log_base = float(visible.log_sum(V[:1], visible.field(*base))[0]) + machine.n_hidden * np.log(2)
    visible.sample(V, visible.field(*base), stream)
    log_w = np.zeros(n_chains)
    bits = (stream.key, stream.place, stream.room(max(visible.n, machine.n_hidden)), stream.wide)
    for k, (low, high) in enumerate(zip(betas[:-1].tolist(), betas[1:].tolist(), strict=True), 1):
        machine.hidden_input(p, V, Z)
        log_w += (high - low) * (visible.own_terms(V, p.a, p.z) - visible.own_terms(V, *base))
        add_gain(Z, p.b, low, high, log_w)
        if high == 1.0:
            break
        activate_and_sample(Z, high, (high * p.b).astype(dtype), H, *bits)
        machine.sample_visible(p, H, stream, at=visible.field(p.a, p.z, high, *base), out=V)
        if watch is not None:
            watch(k)
    return LogPartition.from_weights(log_base, log_w, len(betas))
