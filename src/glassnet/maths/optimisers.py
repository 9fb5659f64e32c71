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

from glassnet.maths.compiling import kernel

Array = NDArray[Any]

SGD, ADAGRAD, RMSPROP, ADAM = range(4)


@kernel
def sgd(theta: Array, g: Array, v: Array, rate: float, momentum: float, nesterov: bool) -> None:
    """Gradient descent with (Nesterov) momentum; v is the velocity."""
    r, mu = theta.dtype.type(rate), theta.dtype.type(momentum)
    if momentum == 0.0:
        for i in range(theta.size):
            theta[i] -= r * g[i]
    elif nesterov:
        for i in range(theta.size):
            v[i] = mu * v[i] - r * g[i]
            theta[i] += mu * v[i] - r * g[i]
    else:
        for i in range(theta.size):
            v[i] = mu * v[i] - r * g[i]
            theta[i] += v[i]


@kernel
def adagrad(theta: Array, g: Array, s: Array, rate: float, epsilon: float) -> None:
    """AdaGrad; s sums the squared gradients."""
    r, eps = theta.dtype.type(rate), theta.dtype.type(epsilon)
    for i in range(theta.size):
        s[i] += g[i] * g[i]
        theta[i] -= r * g[i] / (np.sqrt(s[i]) + eps)


@kernel
def rmsprop(theta: Array, g: Array, s: Array, rate: float, rho: float, epsilon: float) -> None:
    """RMSprop; s is the running mean of squared gradients."""
    r, keep, eps = theta.dtype.type(rate), theta.dtype.type(rho), theta.dtype.type(epsilon)
    add = theta.dtype.type(1.0 - rho)
    for i in range(theta.size):
        s[i] = keep * s[i] + add * g[i] * g[i]
        theta[i] -= r * g[i] / (np.sqrt(s[i]) + eps)


@kernel
def adam(theta: Array, g: Array, m: Array, s: Array, rate: float, beta_1: float, beta_2: float, epsilon: float) -> None:
    """Adam; m and s are the running means of g and g^2; ``rate`` arrives as r_t."""
    r, b1, b2 = theta.dtype.type(rate), theta.dtype.type(beta_1), theta.dtype.type(beta_2)
    c1, c2, eps = theta.dtype.type(1.0 - beta_1), theta.dtype.type(1.0 - beta_2), theta.dtype.type(epsilon)
    for i in range(theta.size):
        m[i] = b1 * m[i] + c1 * g[i]
        s[i] = b2 * s[i] + c2 * g[i] * g[i]
        theta[i] -= r * m[i] / (np.sqrt(s[i]) + eps)


@kernel
def add_l2(W: Array, dW: Array, l2: float) -> float:
    """dW <- dW + l2 W; returns sum W^2. W and dW are flat."""
    strength = W.dtype.type(l2)
    total = W.dtype.type(0.0)
    for i in range(W.size):
        total += W[i] * W[i]
        dW[i] += strength * W[i]
    return float(total)


@kernel
def shrink(W: Array, s: Array, threshold: float, epsilon: float) -> None:
    """Soft threshold, the proximal step of an L1 penalty: W <- sign(W) max(|W| - u, 0).

    u is ``threshold``, divided by sqrt(s) + eps where s (the optimiser's second moment) is not empty.
    """
    zero, limit, eps = W.dtype.type(0.0), W.dtype.type(threshold), W.dtype.type(epsilon)
    scaled = s.size > 0
    for i in range(W.size):
        u = limit / (np.sqrt(s[i]) + eps) if scaled else limit
        W[i] = max(W[i] - u, zero) + min(W[i] + u, zero)


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

    @property
    def n_moments(self) -> int:
        """How many vectors like theta the caller keeps: the velocity, the sum of squares, or both means."""
        return 2 if self.code == ADAM else 1

    def moments(self, theta: Array) -> list[Array]:
        """The state before the first update: zeros."""
        return [np.zeros_like(theta) for _ in range(self.n_moments)]

    def step_size(self, rate: float, t: int) -> float:
        """The factor in front of the t-th step (t = 1, 2, ...): r, or Adam's r_t."""
        if self.code == ADAM:
            return rate * math.sqrt(1.0 - self.beta_2**t) / (1.0 - self.beta_1**t)
        return rate

    def step(self, theta: Array, g: Array, moments: list[Array], rate: float, t: int) -> None:
        """theta <- theta moved by the gradient g; ``t`` = 1 at the first update."""
        size = self.step_size(rate, t)
        if self.code == SGD:
            sgd(theta, g, moments[0], size, self.momentum, self.nesterov)
        elif self.code == ADAGRAD:
            adagrad(theta, g, moments[0], size, self.epsilon)
        elif self.code == RMSPROP:
            rmsprop(theta, g, moments[0], size, self.momentum, self.epsilon)
        else:
            adam(theta, g, moments[0], moments[1], size, self.beta_1, self.beta_2, self.epsilon)

    def shrink_weights(self, W: Array, moments: list[Array], where: slice, l1: float, rate: float, t: int) -> None:
        """The proximal step for ``l1 |W|`` on the flat weights W = theta[where], with the step size each weight just had."""
        s = moments[-1][where] if self.code != SGD else moments[0][:0]
        shrink(W, s, self.step_size(rate, t) * l1, self.epsilon)


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
