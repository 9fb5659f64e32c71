"""One step of learning from a batch: data moments minus moments of a short chain, and the update of all parameters.

    positive   h = P(h | v) for the rows of the batch
    negative   cd    the chain starts at h drawn from P(h | v), k sweeps v -> h                    (Hinton 2002)
               pcd   the chain goes on from where it was, k sweeps                                 (Tieleman 2008)
               pt    chains at several inverse temperatures, k sweeps, then neighbours may swap    (Desjardins et al. 2010)
               v is drawn, h enters by its probability
    moments    G = <v h'>+ - <v h'>-,  dv = <v>+ - <v>-,  dh = <h>+ - <h>-,  dt likewise
    sparsity   c = cost (target - mean h over time):  dh += c,  G += <v>+ c'                       (Hinton 2010)
    centring   G -= mu dh' + dv lambda',  dv -= G lambda,  dh -= G' (mu / s^2)                     (Melchior et al. 2016)
               dz += (mu / s^2) W dh;  where s changes, b -= W' mu (1/s_new^2 - 1/s^2): columns may lie anywhere
    update     m <- momentum m + r (G - l2 W - l1 sign W),  W <- W + m;  a, b, z likewise without penalties

mu is the mean of the data, lambda the running mean of h. For Gaussian columns the slopes of W and a, which have 1 / s^2 in them, are
multiplied by s^2: each column learns in its own unit, and a small variance cannot make large steps. The step in z is held below
``LARGEST`` each time.

Sources  Hinton (2010), A practical guide to training restricted Boltzmann machines; Melchior, Fischer & Wiskott (2016), JMLR 17(99).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import dgemm, sgemm

from glassnet.maths.compiling import kernel
from glassnet.maths.mersenne import Stream
from glassnet.networks.boltzmann.machine import Machine, Parameters
from glassnet.networks.boltzmann.products import add_outer, mostly_zero
from glassnet.networks.boltzmann.unit_kernels import activate_and_sample, probabilities, sample
from glassnet.training.boltzmann.tempering import Ladder

Array = NDArray[Any]

METHODS = ("cd", "pcd", "pt")
LARGEST = 0.1
"""The largest step of a log-variance in one update."""
MEMORY = 0.99
"""Of the running mean of the hidden units, per update."""


@dataclass(frozen=True)
class Recipe:
    """How to learn: see the module's equations. ``even`` weighs data and chains by their means; otherwise by their sums over n rows."""

    method: str = "pcd"
    k: int = 1
    momentum: float = 0.0
    l2: float = 0.0
    l1: float = 0.0
    sparsity_target: float | None = None
    sparsity_cost: float = 0.0
    centring: bool = False
    learn_variance: bool = True
    even: bool = True

    @property
    def plain(self) -> bool:
        """True where an update is nothing but W + r G."""
        return not (self.momentum or self.l2 or self.l1 or self.sparsity_cost or self.centring)


@kernel
def weigh(V: Array, H: Array, weight: Array, dv: Array, dh: Array) -> None:
    """H <- weight H row by row; dv <- sum of weighted rows of V, dh <- sum of the new H, both in float64."""
    dv[:] = 0
    dh[:] = 0
    for r in range(V.shape[0]):
        w = weight[r]
        v, h = V[r], H[r]
        for j in range(h.size):
            h[j] *= w
            dh[j] += h[j]
        for i in range(v.size):
            dv[i] += w * v[i]


@kernel
def descend(
    W: Array, M: Array, G: Array, dv: Array, dh: Array, mu: Array, mean_h: Array, precision: Array, kept: Array, centred: bool
) -> None:
    """G is centred, M <- momentum M + r (G - l2 W - l1 sign W), W <- W + M; dv and dh lose what centring takes from them.

    ``kept`` holds (rate, momentum, l2, l1) in the dtype of W. Nothing is returned: Numba runs Python code to hand out an array, in which
    Ctrl-C would become a SystemError.
    """
    rate, momentum, l2, l1 = kept[0], kept[1], kept[2], kept[3]
    zero = W.dtype.type(0)
    from_h = np.zeros_like(dh)
    for i in range(W.shape[0]):
        w, m, g = W[i], M[i], G[i]
        if centred:
            total = zero
            share = mu[i] * precision[i]
            for j in range(w.size):
                g[j] -= mu[i] * dh[j] + dv[i] * mean_h[j]
                total += g[j] * mean_h[j]
                from_h[j] += share * g[j]
            dv[i] -= total
        for j in range(w.size):
            sign = w.dtype.type((w[j] > zero) - np.int64(w[j] < zero))
            m[j] = momentum * m[j] + rate * (g[j] - l2 * w[j] - l1 * sign)
            w[j] += m[j]
    for j in range(dh.size):
        dh[j] -= from_h[j]


class ContrastiveDivergence:
    """Steps for one machine; ``chains`` (n_chains, n_hidden) are its persistent hidden states (``pt``: ladder after ladder of them).

    ``parameters`` are changed in place. ``mean_v`` (n_visible,) is the mean of the data, for centring.
    """

    def __init__(
        self,
        machine: Machine,
        parameters: Parameters,
        recipe: Recipe,
        batch_size: int,
        chains: Array,
        stream: Stream,
        mean_v: Array | None = None,
        ladder: Ladder | None = None,
    ) -> None:
        self.machine, self.parameters, self.recipe, self.stream = machine, parameters, recipe, stream
        self.chains, self.ladder = chains, ladder
        dtype, (nv, nh) = parameters.W.dtype, parameters.W.shape
        self.n_chains = batch_size if recipe.method == "cd" else (len(chains) if ladder is None else ladder.n_chains)
        self.resize(batch_size)
        self.dv, self.dh = np.zeros(nv), np.zeros(nh)
        self.precision = np.ones(nv, dtype)
        self.mean_v = np.zeros(nv, dtype) if mean_v is None else mean_v.astype(dtype)
        self.mean_h = np.zeros(nh, dtype)
        self.steps = 0
        self._G: Array | None = None
        self.moving: Parameters | None = None

    def resize(self, batch_size: int) -> None:
        """Make room for batches of up to ``batch_size`` rows."""
        dtype, (nv, nh) = self.parameters.W.dtype, self.parameters.W.shape
        self.size = batch_size
        if self.recipe.method == "cd":
            self.n_chains, self.chains = batch_size, np.zeros((batch_size, nh), dtype)
        self.V = np.empty((batch_size + self.n_chains, nv), dtype)
        self.H = np.empty((batch_size + self.n_chains, nh), dtype)
        self.weight = np.ones(batch_size + self.n_chains, dtype)

    def room(self, n: int) -> Array:
        """Where the ``n`` rows of the next batch are to be written."""
        return self.V[self.size - n : self.size]

    def step(self, n: int, rate: float, weight: Array | None = None) -> None:
        """Learn from the ``n`` rows that were written into ``room(n)``; ``weight`` (n,) counts rows, with mean 1 over the data."""
        self._chain(n)
        first, last = self.size - n, self.size + self._negatives(n)
        V, H, w = self.V[first:last], self.H[first:last], self.weight[first:last]
        total = float(n)
        w[:n] = 1 if weight is None else weight
        if self.recipe.even:
            total = float(n if weight is None else weight.sum())
            w[n:] = -total / (len(w) - n)
        else:
            w[n:] = -1
        if total <= 0:
            return
        self._update(V, H, w, n, rate / total, rate)

    def _negatives(self, n: int) -> int:
        return n if self.recipe.method == "cd" else self.n_chains

    def _chain(self, n: int) -> None:
        """Fill V with rows of the data and of the machine, H with P(h | v) for all of them."""
        machine, p, stream = self.machine, self.parameters, self.stream
        at = machine.visible.field(p.a, p.z)
        positive, negative = slice(self.size - n, self.size), slice(self.size, self.size + self._negatives(n))
        both = slice(positive.start, negative.stop)
        if len(machine.visible.gaussian):
            np.exp(-p.z, out=self.precision)
        if self.recipe.method == "pt":
            assert self.ladder is not None
            self.ladder.sweep(machine, p, self.chains, stream, self.recipe.k)
            self.V[negative] = self.ladder.coldest()
            machine.hidden_means(p, self.V[both], self.H[both])
            return
        chain = self.chains[: self._negatives(n)]
        if self.recipe.method == "cd":
            machine.hidden_means(p, self.V[positive], self.H[positive])
            sample(self.H[positive], chain, stream.key, stream.place, stream.room(machine.n_hidden), stream.wide)
        V, H = self.V[negative], self.H[negative]
        for sweep in range(self.recipe.k):
            if sweep:
                machine.sample_hidden(p, V, stream, means=H, out=chain)
            machine.sample_visible(p, chain, stream, at=at, out=V)
        if self.recipe.method == "cd":
            machine.hidden_means(p, V, H)
            return
        for part in self._parts(both, n):
            machine.hidden_input(p, self.V[part], self.H[part])
        probabilities(self.H[positive], 1.0, p.b)
        activate_and_sample(H, 1.0, p.b, chain, stream.key, stream.place, stream.room(machine.n_hidden), stream.wide)

    def _update(self, V: Array, H: Array, weight: Array, n: int, share: float, rate: float) -> None:
        """Move the parameters; ``share`` is rate / total weight of the batch."""
        p, recipe = self.parameters, self.recipe
        dt = self._variance_moments(V, H, weight) if self._learns_variance else None
        share_of = weight[:n] / weight[:n].sum()
        active = share_of @ H[:n] if recipe.centring or recipe.sparsity_cost else None
        weigh(V, H, weight, self.dv, self.dh)
        if recipe.plain and dt is None:
            for part in self._parts(slice(self.size - n, self.size - n + len(V)), n):
                self._add_outer(self.V[part], self.H[part], share)
            p.a[:] += share * self.dv
            p.b[:] += share * self.dh
            return
        if self._G is None or self.moving is None:
            self._G, self.moving = np.empty_like(p.W), Parameters(*(np.zeros_like(part) for part in p))
        G, moving, scale = self._G, self.moving, p.W.dtype.type(share / rate if rate else 0)
        np.matmul(V.T, H, out=G)
        G *= scale
        dv, dh = (self.dv * scale).astype(G.dtype), (self.dh * scale).astype(G.dtype)
        g = self.machine.visible.gaussian
        if dt is not None:
            dt = dt * scale
            if recipe.centring:
                dt = dt + self.mean_v[g] * self.precision[g] * (p.W[g] @ dh)
        if active is not None:
            kept = min(MEMORY, self.steps / (self.steps + 1))
            self.mean_h += (1 - kept) * (active - self.mean_h)
        if recipe.sparsity_cost and recipe.sparsity_target is not None:
            push = (recipe.sparsity_cost * (recipe.sparsity_target - self.mean_h)).astype(G.dtype)
            dh += push
            G += np.outer(share_of @ V[:n], push)
        constants = np.array([rate, recipe.momentum, recipe.l2, recipe.l1], dtype=G.dtype)
        descend(p.W, moving.W, G, dv, dh, self.mean_v, self.mean_h, self.precision, constants, recipe.centring)
        for value, motion, slope in ((p.a, moving.a, dv), (p.b, moving.b, dh)):
            motion[:] = constants[1] * motion + constants[0] * slope
            value[:] += motion
        if dt is not None:
            moving.z[g] = np.clip(constants[1] * moving.z[g] + constants[0] * dt, -LARGEST, LARGEST)
            p.z[g] += moving.z[g]
            if recipe.centring:
                p.b[:] -= (self.mean_v[g] * (np.exp(-p.z[g]) - self.precision[g])) @ p.W[g]
        self.steps += 1

    def _parts(self, both: slice, n: int) -> list[slice]:
        """The rows of data and chains together, for one product; apart where only the ``n`` rows of data are mostly 0."""
        V, W = self.V[both], self.parameters.W
        if mostly_zero(V, W) or not mostly_zero(V[:n], W):
            return [both]
        return [slice(both.start, both.start + n), slice(both.start + n, both.stop)]

    def _add_outer(self, V: Array, H: Array, share: float) -> None:
        """W <- W + share V' H, in place."""
        W = self.parameters.W
        if mostly_zero(V, W):
            add_outer(V, H, share, W)
        else:  # BLAS reads its arrays by columns: W' + share H' V
            gemm = sgemm if W.dtype == np.float32 else dgemm
            gemm(share, H.T, V.T, beta=1.0, c=W.T, trans_b=True, overwrite_c=True)

    @property
    def _learns_variance(self) -> bool:
        return self.recipe.learn_variance and len(self.machine.visible.gaussian) > 0

    def _variance_moments(self, V: Array, H: Array, weight: Array) -> Array:
        """Weighted sum of the statistic of z over the rows."""
        return weight @ self.machine.variance_statistic(self.parameters, V, H)
