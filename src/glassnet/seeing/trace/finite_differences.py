"""Slopes by finite differences, and how far those of backpropagation are from them.

    numeric     (L(theta + h e) - L(theta - h e)) / 2h,     h = 6e-6 max(1, |theta|)
    error       |backprop - numeric| / max(|backprop|, |numeric|, 1e-3 of the largest gradient, 1e5 of what rounding explains)

L is the mean loss of the rows, without penalties, whose slope is plain. Everything is float64, whatever the model's weights are. Where a
kink (relu at 0, an absolute error of 0) lies within the step, smaller steps are taken; on the kink itself any slope between the two sides
is right.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.networks.network import Network, Workspace

Array = NDArray[Any]

STEP = float(np.finfo(np.float64).eps) ** (1 / 3)
SMALLER = (1.0, 0.1, 0.01)
ROUNDING = 10 * float(np.finfo(np.float64).eps)


def cost_and_gradient(network: Network, theta: Array, X: Array, y: Array) -> tuple[Callable[[], float], Array]:
    """(a function that tells the mean loss at the present theta, the gradient by backpropagation)."""
    parameters, work = network.layout.views(theta), Workspace(network, len(X), np.float64)
    gradient = np.zeros_like(theta)
    network.value_and_gradient(parameters, network.layout.views(gradient), X, y, None, work)
    delta = np.empty_like(work.raw)

    def cost() -> float:
        return network.loss.value_and_delta(network.forward(parameters, X, work), y, None, delta) / len(X)

    return cost, gradient / len(X)


def compared(cost: Callable[[], float], theta: Array, gradient: Array, places: Array) -> tuple[Array, Array, int]:
    """(numeric gradient, relative errors, how many stand on a kink) at ``places``; theta is left as it was."""
    numeric, errors, kinks = np.empty(len(places)), np.empty(len(places)), 0
    here, least = cost(), 1e-3 * float(np.abs(gradient).max(initial=0.0)) + 1e-300
    for n, place in enumerate(places):
        value, g, errors[n] = theta[place], gradient[place], np.inf
        for share in SMALLER:
            h = share * STEP * max(1.0, abs(value))
            theta[place] = value + h
            ahead, above = cost(), theta[place] - value
            theta[place] = value - h
            behind, below = cost(), value - theta[place]
            theta[place] = value
            slope = (ahead - behind) / (above + below)
            noise = ROUNDING * (abs(ahead) + abs(behind)) / h
            error = abs(g - slope) / max(abs(g), abs(slope), least, 1e5 * noise)
            if error < errors[n]:
                numeric[n], errors[n] = slope, error
            if error <= 1e-6:
                break
        else:
            sides = sorted(((ahead - here) / above, (here - behind) / below))
            if sides[1] - sides[0] > 10 * noise and sides[0] - noise <= g <= sides[1] + noise and errors[n] > 1e-4:
                errors[n], kinks = 0.0, kinks + 1
    return numeric, errors, kinks
