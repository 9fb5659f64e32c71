"""Optimisers: how a gradient g moves the parameters theta, with learning rate r. Each is one kernel over one vector.

    gradient descent   theta <- theta - r g
    momentum           v <- mu v - r g                 theta <- theta + v
    Nesterov           v <- mu v - r g                 theta <- theta + mu v - r g
    AdaGrad            s <- s + g^2                    theta <- theta - r g / (sqrt(s) + eps)
    RMSprop            s <- rho s + (1 - rho) g^2      theta <- theta - r g / (sqrt(s) + eps)    (rho is ``momentum``)
    Adam               m <- b1 m + (1 - b1) g
                       s <- b2 s + (1 - b2) g^2        theta <- theta - r_t m / (sqrt(s) + eps)
                       r_t = r sqrt(1 - b2^t) / (1 - b1^t),  t = 1, 2, ... updates
    AdamW              Adam, and weights (not biases) also shrink by the factor 1 - r alpha

L1 penalties are taken by a proximal step after the update, with each weight's own step size, so that weights become exactly 0.

Sources: Rumelhart et al. (1986); Sutskever, Martens, Dahl & Hinton (2013); Duchi, Hazan & Singer (2011), JMLR 12; Tieleman & Hinton
(2012); Kingma & Ba (2015), arXiv:1412.6980 (the efficient form of section 2); Loshchilov & Hutter (2019), arXiv:1711.05101.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.maths.compiling import inlined, kernel

Array = NDArray[Any]

SGD, ADAGRAD, RMSPROP, ADAM = range(4)


@kernel
def penalised(g: float, w: float, scale: float, l2: float) -> float:
    """The gradient that moves a parameter: scale g + l2 w, where g is a sum over rows and scale 1 / rows."""
    return scale * g + l2 * w


@inlined
def step_size(code: int, rate: float, beta_1: float, beta_2: float, t: int) -> float:
    """Adam's r_t = r sqrt(1 - b2^t) / (1 - b1^t) for the t-th update; r for the others."""
    if code == ADAM:
        return rate * math.sqrt(1.0 - beta_2**t) / (1.0 - beta_1**t)
    return rate


@kernel
def update(
    theta: Array,
    g: Array,
    m: Array,
    s: Array,
    code: int,
    nesterov: bool,
    constants: Array,
    scale: float,
    l2: float,
    decay: float,
) -> tuple[float, float]:
    """Move a stretch of theta by its gradient; return sum theta^2 before the move and the sum of squared gradients.

    g is a sum over rows (``scale`` = 1 / rows), m and s are the moments (s the squares; an optimiser with one moment uses m for it).
    ``constants`` = [r, r_t, eps, mu or rho, beta_1, beta_2, and 1 minus each of the last three]. l2 and decay are 0 for biases.
    """
    rate, step, eps = constants[0], constants[1], constants[2]
    mu, b1, b2, new_mu, new_1, new_2 = constants[3], constants[4], constants[5], constants[6], constants[7], constants[8]
    one = theta.dtype.type(1.0)
    scale_, l2_ = theta.dtype.type(scale), theta.dtype.type(l2)
    keep = one - rate * theta.dtype.type(decay)
    squares, slope = theta.dtype.type(0.0), theta.dtype.type(0.0)
    if code == SGD and mu == 0:
        for i in range(theta.size):
            d = penalised(g[i], theta[i], scale_, l2_)
            squares += theta[i] * theta[i]
            slope += d * d
            theta[i] -= rate * d
    elif code == SGD:
        for i in range(theta.size):
            d = penalised(g[i], theta[i], scale_, l2_)
            squares += theta[i] * theta[i]
            slope += d * d
            m[i] = mu * m[i] - rate * d
            theta[i] += mu * m[i] - rate * d if nesterov else m[i]
    elif code == ADAGRAD or code == RMSPROP:
        old, new = (one, one) if code == ADAGRAD else (mu, new_mu)
        for i in range(theta.size):
            d = penalised(g[i], theta[i], scale_, l2_)
            squares += theta[i] * theta[i]
            slope += d * d
            m[i] = old * m[i] + new * d * d
            theta[i] -= rate / (np.sqrt(m[i]) + eps) * d
    else:
        for i in range(theta.size):
            d = penalised(g[i], theta[i], scale_, l2_)
            squares += theta[i] * theta[i]
            slope += d * d
            m[i] = b1 * m[i] + new_1 * d
            s[i] = b2 * s[i] + new_2 * d * d
            theta[i] = keep * theta[i] - step / (np.sqrt(s[i]) + eps) * m[i]
    return float(squares), float(slope)


@inlined
def shrink(W: Array, moment: Array, code: int, nesterov: bool, constants: Array, l1: float) -> None:
    """Soft threshold, the proximal step of an L1 penalty: W <- sign(W) max(|W| - u, 0), where u is ``l1`` times the weight's step size.

    ``moment`` is the mean of squares that scales the step, or the velocity of gradient descent, which takes the threshold's move in (for
    Nesterov's form divided by mu), so that the weights rest where the gradient and the penalty balance. Call it after ``update``.
    """
    step, eps, mu, threshold = constants[1], constants[2], constants[3], W.dtype.type(l1)
    for i in range(W.size):
        u = step * threshold
        if code != SGD:
            u /= np.sqrt(moment[i]) + eps
        w = W[i]
        W[i] = w - u if w > u else (w + u if w < -u else w * 0)
        if code == SGD and mu > 0:
            moment[i] += (W[i] - w) / mu if nesterov else W[i] - w


@inlined
def absolute_sum(W: Array) -> float:
    """sum |W|, which an L1 penalty multiplies."""
    total = 0.0
    for i in range(W.size):
        total += abs(W[i])
    return total


@kernel
def add_l2(W: Array, dW: Array, l2: float) -> float:
    """dW <- dW + l2 W; returns sum W^2. W and dW are flat."""
    one, strength = W.dtype.type(1.0), W.dtype.type(l2)
    squares = W.dtype.type(0.0)
    for i in range(W.size):
        squares += W[i] * W[i]
        dW[i] = penalised(dW[i], W[i], one, strength)
    return float(squares)


@dataclass(frozen=True, slots=True)
class Optimiser:
    """One row of the table above. It holds no array: the caller keeps theta and the moments.

    momentum is mu (or RMSprop's rho), in [0, 1]; beta_1 and beta_2 in [0, 1); epsilon > 0; ``decay`` is AdamW's alpha.
    """

    code: int
    momentum: float = 0.0
    nesterov: bool = False
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    decay: float = 0.0

    def moments(self, theta: Array) -> list[Array]:
        """The state before the first update: zeros, two vectors like theta."""
        return [np.zeros_like(theta), np.zeros_like(theta) if self.code == ADAM else theta[:0]]

    def constants(self, rate: float, dtype: Any) -> Array:
        """What the kernel needs for an epoch at learning rate ``rate``; the entry for r_t is set at each update."""
        decays = (self.momentum, self.beta_1, self.beta_2)
        return np.array([rate, rate, self.epsilon, *decays, *(1.0 - decay for decay in decays)], dtype)

    def step(
        self,
        theta: Array,
        g: Array,
        moments: list[Array],
        constants: Array,
        t: int,
        *,
        scale: float = 1.0,
        l2: float = 0.0,
        l1: float = 0.0,
        decay: float = 0.0,
    ) -> tuple[float, float]:
        """The t-th update (t = 1, 2, ...): theta <- theta moved by scale g + l2 theta, with soft threshold l1 and ``decay``.

        Returns sum theta^2 before the move and the sum of squared gradients.
        """
        constants[1] = step_size(self.code, float(constants[0]), self.beta_1, self.beta_2, t)
        norms = update(theta, g, moments[0], moments[1], self.code, self.nesterov, constants, scale, l2, decay)
        if l1:
            shrink(theta, moments[1] if self.code == ADAM else moments[0], self.code, self.nesterov, constants, l1)
        return norms


def optimiser_named(
    solver: str,
    *,
    momentum: float = 0.9,
    nesterov: bool = True,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-8,
    alpha: float = 0.0,
) -> Optimiser:
    """The optimiser behind a ``solver`` name: gd, sgd, adagrad, rmsprop, adam or adamw."""
    if solver == "gd":
        return Optimiser(SGD)
    if solver == "sgd":
        return Optimiser(SGD, momentum=momentum, nesterov=nesterov)
    if solver == "adagrad":
        return Optimiser(ADAGRAD, epsilon=epsilon)
    if solver == "rmsprop":
        return Optimiser(RMSPROP, momentum=momentum, epsilon=epsilon)
    return Optimiser(ADAM, beta_1=beta_1, beta_2=beta_2, epsilon=epsilon, decay=alpha if solver == "adamw" else 0.0)
