"""Parallel tempering: chains at inverse temperatures from 0 to 1, which swap states so that hot ones carry cold ones over barriers.

    E_beta = (1 - beta) E_base + beta E                       the base machine has no weights: its chains mix at once
    sweep    v ~ p_beta(v | h),  h ~ P_beta(h | v)            each chain at its own beta
    swap     neighbours with probability min(1, e^d),   d = (beta' - beta) (s(v) - s(v')),  s(v) = log of the ratio that AIS takes

With hidden units summed out:  log p_beta(v) = (1 - beta) own_base(v) + beta own(v) + sum_j softplus(beta (b_j + (u W)_j)) + constant,
and a swap compares p_beta(v') p_beta'(v) with p_beta(v) p_beta'(v').

Source   Desjardins, Courville, Bengio, Vincent & Delalleau (2010), AISTATS 9, 145-152.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.maths.mersenne import Stream
from glassnet.networks.boltzmann.machine import Machine, Parameters
from glassnet.networks.boltzmann.unit_kernels import activate_and_sample, add_softplus

Array = NDArray[Any]


class Ladder:
    """Inverse temperatures ``betas`` (hot to cold, the last is 1), each with ``n_chains`` chains; ``base`` is (a0, z0).

    Chains are rows of one array (len(betas) * n_chains, n_hidden), temperature by temperature. ``accepted`` counts, for each pair of
    neighbours, the share of swaps that were taken.
    """

    def __init__(self, betas: Array, n_chains: int, base: tuple[Array, Array]) -> None:
        self.betas = np.asarray(betas, dtype=np.float64)
        self.n_chains, self.base = n_chains, base
        self.tried, self.taken = np.zeros(len(betas) - 1), np.zeros(len(betas) - 1)
        self.V: Array | None = None
        self._odd = False

    @property
    def accepted(self) -> Array:
        """(len(betas) - 1,) in [0, 1]; nan where nothing was tried yet."""
        with np.errstate(invalid="ignore"):
            return self.taken / self.tried

    def rows(self, t: int) -> slice:
        """The rows of temperature ``t``."""
        return slice(t * self.n_chains, (t + 1) * self.n_chains)

    def coldest(self) -> Array:
        """v of the chains at beta = 1."""
        assert self.V is not None
        return self.V[self.rows(len(self.betas) - 1)]

    def sweep(self, machine: Machine, p: Parameters, H: Array, stream: Stream, k: int) -> None:
        """``k`` times v and h at every temperature, then one round of swaps; H and the ladder's V are changed in place."""
        if self.V is None:
            self.V = np.empty((len(H), len(p.a)), H.dtype)
        V, Z = self.V, np.empty_like(H)
        fields = [machine.visible.field(p.a, p.z, beta, *self.base) for beta in self.betas.tolist()]
        for _ in range(k):
            machine.field(p, H, V)
            for t, at in enumerate(fields):
                machine.visible.sample(V[self.rows(t)], at, stream)
            machine.hidden_input(p, V, Z)
            inputs = Z.copy()
            for t, at in enumerate(fields):
                part = Z[self.rows(t)]
                offset = (at.beta * p.b).astype(H.dtype)
                bits = (stream.key, stream.place, stream.room(machine.n_hidden), stream.wide)
                activate_and_sample(part, at.beta, offset, H[self.rows(t)], *bits)
        self._swap(machine, p, inputs, H, stream)

    def _swap(self, machine: Machine, p: Parameters, inputs: Array, H: Array, stream: Stream) -> None:
        """One round of swaps between neighbours, even pairs and odd pairs in turn."""
        assert self.V is not None
        V, n = self.V, self.n_chains
        own = machine.visible.own_terms(V, p.a, p.z) - machine.visible.own_terms(V, *self.base)
        for t in range(int(self._odd), len(self.betas) - 1, 2):
            mine, next_ = self.rows(t), self.rows(t + 1)
            low, high = self.betas[t], self.betas[t + 1]
            gain = (high - low) * (own[mine] - own[next_])
            for rows, beta, sign in ((mine, high, 1), (mine, low, -1), (next_, low, 1), (next_, high, -1)):
                total = np.zeros(n)
                add_softplus(inputs[rows], beta, beta * p.b.astype(np.float64), total)
                gain += sign * total
            swap = stream.uniform(n) < np.exp(np.minimum(gain, 0.0))
            self.tried[t] += n
            self.taken[t] += swap.sum()
            first, second = np.flatnonzero(swap) + t * n, np.flatnonzero(swap) + (t + 1) * n
            for part in (V, H):
                part[first], part[second] = part[second], part[first]
        self._odd = not self._odd
