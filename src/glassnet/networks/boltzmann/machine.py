"""A restricted Boltzmann machine: visible units v, hidden units h in {0, 1}, weights between them and none within a layer.

    -E(v, h) = own terms of v  +  b h  +  u W h              u = v / s^2  (Gaussian columns; others as they are)
    P(v, h)  = e^-E(v, h) / Z
    P(h_j = 1 | v) = 1 / (1 + e^-(b_j + (u W)_j))            p(v | h): see visible.py, with F = h W'
    F(v) = -log sum_h e^-E = -own terms - sum_j softplus(b_j + (u W)_j)                      free energy
    log P(v) = -F(v) - log Z

Gradient of the mean log P(v) over data, from moments of (v, h) under the data (h by its probability) and under the machine:

    dW = (<v h'>_data - <v h'>_machine) / s^2       da = (<v>_data - <v>_machine) / s^2       db = <h>_data - <h>_machine
    dz_i = <t_i>_data - <t_i>_machine               t = ((v - a)^2 / 2 - v (W h)) / s^2       for Gaussian columns, z = log s^2

Shapes   V (n, n_visible)   H (n, n_hidden)   W (n_visible, n_hidden)   a, z (n_visible,)   b (n_hidden,)
Sources  Smolensky (1986), Parallel Distributed Processing 1; Hinton (2002), Neural Computation 14, 1771-1800.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from glassnet.maths.mersenne import Stream
from glassnet.networks.boltzmann.products import dots, few, mostly_zero, rows_times
from glassnet.networks.boltzmann.unit_kernels import activate_and_sample, add_softplus, probabilities
from glassnet.networks.boltzmann.visible import Field, VisibleUnits

Array = NDArray[Any]

BLOCK_NUMBERS = 1 << 20
"""Numbers of the rows that are summed at a time."""


class Parameters(NamedTuple):
    """W (n_visible, n_hidden), a and z (n_visible,), b (n_hidden,); z is the log-variance, 0 where a unit is not Gaussian."""

    W: Array
    a: Array
    b: Array
    z: Array

    def copied(self) -> Parameters:
        """Arrays of their own."""
        return Parameters(*(part.copy() for part in self))

    def finite(self) -> bool:
        """True where every number is finite."""
        return all(bool(np.isfinite(part).all()) for part in self)


class Moments(NamedTuple):
    """Means over rows, or differences of such: <v h'> (n_visible, n_hidden), <v>, <h>, and <t> (n_visible,)."""

    vh: Array
    v: Array
    h: Array
    t: Array

    def minus(self, other: Moments) -> Moments:
        """The difference."""
        return Moments(*(mine - theirs for mine, theirs in zip(self, other, strict=True)))


@dataclass(frozen=True)
class Machine:
    """Visible units and ``n_hidden`` hidden ones. It holds no parameters; its caller owns them."""

    visible: VisibleUnits
    n_hidden: int

    def scaled(self, p: Parameters, V: Array) -> Array:
        """u = v / s^2; ``V`` itself where no unit is Gaussian."""
        return V * np.exp(-p.z) if len(self.visible.gaussian) else V

    def hidden_input(self, p: Parameters, V: Array, out: Array | None = None) -> Array:
        """u W, without the biases."""
        u = self.scaled(p, V)
        if out is None or not mostly_zero(u, p.W):
            return np.matmul(u, p.W, out=out)
        rows_times(u, p.W, out)
        return out

    def field(self, p: Parameters, H: Array, out: Array | None = None) -> Array:
        """F = h W'."""
        if out is None or not few(H, p.W):
            return np.matmul(H, p.W.T, out=out)
        dots(H, p.W, out)
        return out

    def hidden_means(self, p: Parameters, V: Array, out: Array | None = None) -> Array:
        """P(h = 1 | v)."""
        Z = self.hidden_input(p, V, out)
        probabilities(Z, 1.0, p.b)
        return Z

    def visible_means(self, p: Parameters, H: Array, out: Array | None = None) -> Array:
        """E[v | h]."""
        F = self.field(p, H, out)
        self.visible.means(F, self.visible.field(p.a, p.z))
        return F

    def sample_hidden(self, p: Parameters, V: Array, stream: Stream, *, means: Array, out: Array) -> None:
        """means <- P(h = 1 | v), out <- h drawn from it."""
        self.hidden_input(p, V, means)
        activate_and_sample(means, 1.0, p.b, out, stream.key, stream.place, stream.room(self.n_hidden), stream.wide)

    def sample_visible(self, p: Parameters, H: Array, stream: Stream, *, at: Field, out: Array) -> None:
        """out <- v drawn from p(v | h)."""
        self.field(p, H, out)
        self.visible.sample(out, at, stream)

    def free_energy(self, p: Parameters, V: Array, block: int = 4096) -> Array:
        """F(v) of each row, in nats, float64."""
        out = np.empty(len(V))
        for start in range(0, len(V), block):
            part = V[start : start + block]
            total = self.visible.own_terms(part, p.a, p.z)
            add_softplus(self.hidden_input(p, part), 1.0, p.b, total)
            out[start : start + block] = -total
        return out

    def energy(self, p: Parameters, V: Array, H: Array) -> Array:
        """E(v, h) of each pair of rows, in nats."""
        return -(self.visible.own_terms(V, p.a, p.z) + H @ p.b + (self.hidden_input(p, V) * H).sum(axis=1))

    def data_moments(self, p: Parameters, V: Array, weight: Array | None = None) -> Moments:
        """Moments with v from the data and h by its probability; ``weight`` (n,) counts rows."""
        H = self.hidden_means(p, V)
        share = np.full(len(V), 1 / len(V)) if weight is None else weight / weight.sum()
        share = share.astype(V.dtype)
        t = np.zeros_like(p.a)
        if len(g := self.visible.gaussian):
            t[g] = share @ self.variance_statistic(p, V, H)
        return Moments((V * share[:, None]).T @ H, share @ V, share @ H, t)

    def variance_statistic(self, p: Parameters, V: Array, H: Array) -> Array:
        """t (n, Gaussian columns): the slope of -E by z."""
        g = self.visible.gaussian
        return ((V[:, g] - p.a[g]) ** 2 / 2 - V[:, g] * (H @ p.W[g].T)) * np.exp(-p.z[g])

    def gradient(self, p: Parameters, difference: Moments) -> Parameters:
        """The gradient of the mean log-likelihood from moments of the data minus moments of the machine."""
        precision = np.exp(-p.z)
        return Parameters(difference.vh * precision[:, None], difference.v * precision, difference.h, difference.t)

    def base(self, V: Array, weight: Array | None = None) -> tuple[Array, Array]:
        """(a0, z0) of the machine without weights that fits the data best, frequencies held a row's worth away from 0 and 1."""
        n = float(V.shape[0]) if weight is None else float(np.sum(weight, dtype=np.float64))
        share = np.full(V.shape[0], 1 / n) if weight is None else np.asarray(weight, np.float64) / n
        size = max(1, BLOCK_NUMBERS // max(1, V.shape[1]))  # in blocks: Ctrl-C is heard between them, and no copy of V is made
        blocks = [slice(start, start + size) for start in range(0, V.shape[0], size)]
        mean = np.zeros(self.visible.n)
        for rows in blocks:
            mean += np.asarray(V[rows].T @ share[rows], dtype=np.float64).ravel()
        a0, z0 = np.zeros(self.visible.n), np.zeros(self.visible.n)
        if len(b := self.visible.bernoulli):
            frequency = np.clip((mean[b] * n + 0.5) / (n + 1), 1e-4, 1 - 1e-4)
            a0[b] = np.log(frequency / (1 - frequency))
        if len(g := self.visible.gaussian):
            spread = np.zeros(len(g))
            for rows in blocks:
                spread += share[rows] @ (V[rows][:, g] - mean[g]) ** 2
            a0[g], z0[g] = mean[g], np.log(np.where(spread > 0, np.maximum(spread, 1e-12), 1.0))
        for group in self.visible.groups():
            frequency = (mean[group] * n + 1 / len(group)) / (n + 1)
            a0[group] = np.log(frequency) - np.log(frequency).mean()
        return a0.astype(V.dtype), z0.astype(V.dtype)
