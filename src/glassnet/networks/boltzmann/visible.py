"""Visible units of three kinds, side by side in one row v, and what each is given the field F = h W'.

    bernoulli   v_i in {0, 1}            -E = a_i v_i + v_i F_i                         P(v_i = 1 | h) = 1 / (1 + e^-(a_i + F_i))
    gaussian    v_i a real number        -E = -(v_i - a_i)^2 / (2 s_i^2) + v_i F_i / s_i^2        p(v_i | h) = N(a_i + F_i, s_i^2)
    softmax     one-hot groups           -E = sum_{i in g} (a_i v_i + v_i F_i)           P(v_i = 1 | h) = e^(a_i + F_i) / sum over g

s_i^2 = e^(z_i): a learned variance can come near 0 and never cross it. The variance divides the field too, so a mean is a_i + F_i
whatever s_i is. ``field`` parameters are written for a machine at inverse temperature beta (1: the machine itself) between a base machine
without weights (a0, z0) and this one: energies mix, E_beta = (1 - beta) E_base + beta E, and E_beta is again of this form:

    bernoulli, softmax   offset = (1 - beta) a0 + beta a           slope = beta
    gaussian             1/s_b^2 = (1 - beta)/s0^2 + beta/s^2
                         offset = s_b^2 ((1 - beta) a0/s0^2 + beta a/s^2)     slope = beta s_b^2/s^2

Shapes   V, F (n, n_visible)   a, z, offset, slope, deviation (n_visible,)
Sources  Welling, Rosen-Zvi & Hinton (2005), NIPS 17 (exponential family); Cho, Ilin & Raiko (2011), ICANN (the variance).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from glassnet.checks import Faults, one_of, unknown_name
from glassnet.maths.mersenne import Stream
from glassnet.networks.boltzmann.unit_kernels import add_log_sum_exp, add_softplus, only_sample, probabilities, sample_categories

Array = NDArray[Any]

KINDS = ("bernoulli", "gaussian", "softmax")


class Field(NamedTuple):
    """What stands between the field and the units at one inverse temperature ``beta``."""

    beta: float
    offset: Array
    slope: Array
    deviation: Array


@dataclass(frozen=True)
class VisibleUnits:
    """The kind of every visible unit; ``sizes`` are the units of each softmax group, in the order of their columns.

    >>> units = VisibleUnits(("gaussian", "softmax", "softmax", "softmax"), (3,))
    >>> units.n, units.n_states
    (4, None)
    """

    kinds: tuple[str, ...]
    sizes: tuple[int, ...] = ()
    bernoulli: Array = field(init=False, repr=False, compare=False)
    gaussian: Array = field(init=False, repr=False, compare=False)
    softmax: Array = field(init=False, repr=False, compare=False)
    starts: Array = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        kinds = np.array(self.kinds)
        for kind in KINDS:
            object.__setattr__(self, kind, np.flatnonzero(kinds == kind))
        object.__setattr__(self, "starts", np.concatenate([[0], np.cumsum(self.sizes)]).astype(np.int64))

    @property
    def n(self) -> int:
        """Visible units."""
        return len(self.kinds)

    @property
    def plain(self) -> bool:
        """True where every unit is 0 or 1 by itself."""
        return len(self.bernoulli) == self.n

    @property
    def n_states(self) -> float | None:
        """How many states the units have together, as a float that may be infinite; None for Gaussian units."""
        if len(self.gaussian):
            return None
        exponent = len(self.bernoulli) * math.log(2) + sum(map(math.log, self.sizes))
        return math.exp(exponent) if exponent < 700 else math.inf

    def groups(self) -> list[Array]:
        """The columns of each softmax group."""
        return [self.softmax[begin:end] for begin, end in zip(self.starts[:-1], self.starts[1:], strict=True)]

    def field(self, a: Array, z: Array, beta: float = 1.0, a0: Array | None = None, z0: Array | None = None) -> Field:
        """The field at ``beta`` between the base (a0, z0) and (a, z)."""
        if beta == 1.0:
            return Field(1.0, a, np.ones_like(a), np.exp(z / 2))
        assert a0 is not None and z0 is not None
        offset, slope, deviation = (1 - beta) * a0 + beta * a, np.full_like(a, beta), np.ones_like(a)
        g = self.gaussian
        if len(g):
            base, full = (1 - beta) * np.exp(-z0[g]), beta * np.exp(-z[g])
            offset[g] = (base * a0[g] + full * a[g]) / (base + full)
            slope[g] = full / (base + full)
            deviation[g] = (base + full) ** -0.5
        return Field(beta, offset.astype(a.dtype), slope.astype(a.dtype), deviation.astype(a.dtype))

    def means(self, F: Array, at: Field) -> None:
        """F <- E[v | h]: probabilities, means, probabilities of categories."""
        if self.plain:
            probabilities(F, at.beta, at.offset)
            return
        self._apply(F, at, None)

    def sample(self, F: Array, at: Field, stream: Stream) -> None:
        """F <- v drawn from p(v | h)."""
        if self.plain:
            only_sample(F, at.beta, at.offset, stream.key, stream.place, stream.room(F.shape[1]), stream.wide)
            return
        self._apply(F, at, stream)

    def _apply(self, F: Array, at: Field, stream: Stream | None) -> None:
        """``sample``, or ``means`` without a stream, for units of several kinds: kind by kind."""
        bits = Stream(np.random.RandomState(0)) if stream is None else stream
        draws = stream is not None
        if len(b := self.bernoulli):
            part = np.ascontiguousarray(F[:, b])
            if draws:
                only_sample(part, at.beta, at.offset[b], bits.key, bits.place, bits.room(len(b)), bits.wide)
            else:
                probabilities(part, at.beta, at.offset[b])
            F[:, b] = part
        if len(g := self.gaussian):
            part = F[:, g] * at.slope[g] + at.offset[g]
            if draws:
                part += at.deviation[g] * bits.normal(np.empty_like(part))
            F[:, g] = part
        if len(s := self.softmax):
            part = at.beta * F[:, s] + at.offset[s]
            sample_categories(part, self.starts, bits.key, bits.place, bits.room(len(self.sizes)), draws)
            F[:, s] = part

    def log_sum(self, F: Array, at: Field) -> Array:
        """log of the sum (integral) of e^-E over all v given the fields F, without the hidden units' own terms; (n,) in float64."""
        out = np.zeros(len(F))
        if self.plain:
            add_softplus(F, at.beta, at.offset, out)
            return out
        if len(b := self.bernoulli):
            add_softplus(np.ascontiguousarray(F[:, b]), at.beta, at.offset[b], out)
        if len(g := self.gaussian):
            mean, variance = at.slope[g] * F[:, g], at.deviation[g].astype(np.float64) ** 2
            out += (0.5 * np.log(2 * np.pi * variance) + (at.offset[g] + mean / 2.0) * mean / variance).sum(axis=1)
        if len(s := self.softmax):
            add_log_sum_exp(at.beta * F[:, s] + at.offset[s], self.starts, out)
        return out

    def own_terms(self, V: Array, a: Array, z: Array) -> Array:
        """The terms of -E that no hidden unit takes part in, for each row; (n,) in float64."""
        if not len(self.gaussian):
            return (V @ a).astype(np.float64)
        out = np.zeros(len(V))
        for columns in (self.bernoulli, self.softmax):
            out += V[:, columns] @ a[columns]
        g = self.gaussian
        out -= ((V[:, g] - a[g]) ** 2 * np.exp(-z[g]) / 2).sum(axis=1, dtype=np.float64)
        return out


def visible_units(visible: str | Sequence[str], n: int, softmax_sizes: int | Sequence[int] | None = None) -> VisibleUnits:
    """The units of ``n`` columns: ``visible`` is a kind for all of them or one per column.

    ``softmax_sizes`` are the columns of each softmax group, or one number for all groups; None makes one group of all softmax columns.
    Raises ValueError naming every fault.
    """
    faults = Faults()
    if not isinstance(visible, str | Sequence | np.ndarray):
        raise ValueError(f"visible must be {one_of(KINDS)}, or a list of these, one for each column; got {visible!r}.")
    kinds = (visible,) * n if isinstance(visible, str) else tuple(visible)
    for kind in sorted(set(map(str, kinds)) - set(KINDS)):
        faults.add(unknown_name("visible", kind, KINDS))
    if len(kinds) != n:
        faults.add(f"visible must be one kind, or one for each column; got {len(kinds)} for {n} columns.")
    columns = sum(kind == "softmax" for kind in kinds)
    if softmax_sizes is None:
        sizes: tuple[int, ...] = (columns,) if columns else ()
    elif isinstance(softmax_sizes, int | np.integer):
        sizes = (int(softmax_sizes),) * (columns // max(1, int(softmax_sizes)))
    elif isinstance(softmax_sizes, Sequence | np.ndarray) and all(isinstance(size, int | np.integer) for size in softmax_sizes):
        sizes = tuple(int(size) for size in softmax_sizes)
    else:
        raise ValueError(f"softmax_sizes must be None, a number of columns, or a list of such; got {softmax_sizes!r}.")
    if sum(sizes) != columns or any(size < 1 for size in sizes):
        faults.add(f"softmax_sizes must add up to the number of softmax columns, {columns}; got {softmax_sizes!r}.")
    faults.raise_if_any()
    return VisibleUnits(kinds, sizes)
