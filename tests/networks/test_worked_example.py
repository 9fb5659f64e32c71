"""One step of learning by hand: a network 2-2-1 of logistic units, one row, learning rate 1/2; the numbers stand in the comments.

Given
    x = (1, 2), y = 1         W1 = | 0.1 -0.2 |   b1 = (0, -0.5)      W2 = |  0.5 |   b2 = 0.25
                                   | 0.3  0.4 |                            | -1.0 |
Forward
    Z1 = x W1 + b1 = (0.1 + 0.6, -0.2 + 0.8 - 0.5)  = (0.7, 0.1)
    A1 = 1 / (1 + e^-Z1)                            = (0.6681877722, 0.5249791875)
    z  = 0.6681877722 * 0.5 - 0.5249791875 + 0.25   = 0.0591146986
    p  = 1 / (1 + e^-z)                             = 0.5147743724
"""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.maths.activations import ACTIVATIONS
from glassnet.maths.losses import classifier_loss
from glassnet.maths.optimisers import optimiser_named
from glassnet.networks.dense import Dense
from glassnet.networks.network import Network, Workspace

X, Y = np.array([[1.0, 2.0]]), np.array([[1.0]])
COEFS = [np.array([[0.1, -0.2], [0.3, 0.4]]), np.array([[0.5], [-1.0]])]
INTERCEPTS = [np.array([0.0, -0.5]), np.array([0.25])]

CASES = {
    "log_loss": {
        # L = log(1 + e^z) - z = 0.6640265861          D2 = p - y = -0.4852256276
        "loss": 0.6640265861176322,
        "D2": -0.48522562757711163,
        # dW2 = A1' D2                                 db2 = D2
        "dW2": [-0.3242218310896505, -0.2547333557093908],
        # D1 = D2 W2' * A1 (1 - A1) = (-0.2426 * 0.2217, 0.4852 * 0.2494)      db1 = D1
        "D1": [-0.053790384042786736, 0.12100364560529102],
        # dW1 = x' D1: the second row is twice the first, for x = (1, 2)
        "dW1": [[-0.053790384042786736, 0.12100364560529102], [-0.10758076808557347, 0.24200729121058204]],
        # theta <- theta - 0.5 gradient
        "W1": [[0.12689519202139338, -0.2605018228026455], [0.35379038404278673, 0.278996354394709]],
        "b1": [0.026895192021393368, -0.5605018228026455],
        "W2": [0.6621109155448253, -0.8726333221453046],
        "b2": 0.4926128137885558,
    },
    "squared_error": {
        # L = (p - y)^2 / 2 = 0.1177219548             D2 = (p - y) p (1 - p) = -0.4852256276 * 0.2497817179
        "loss": 0.11772195482880092,
        "D2": -0.12120049083478321,
        "dW2": [-0.08098468595658204, -0.06362773520049321],
        "D1": [-0.013435854533757457, 0.030224498473813134],
        "dW1": [[-0.013435854533757457, 0.030224498473813134], [-0.026871709067514914, 0.06044899694762627]],
        "W1": [[0.10671792726687873, -0.21511224923690658], [0.31343585453375744, 0.3697755015261869]],
        "b1": [0.006717927266878729, -0.5151122492369066],
        "W2": [0.5404923429782911, -0.9681861323997534],
        "b2": 0.3106002454173916,
    },
}


@pytest.mark.parametrize("name", list(CASES))
def test_forward_loss_backward_and_update_are_those_by_hand(name: str) -> None:
    by_hand = CASES[name]
    layers = (Dense(2, 2, ACTIVATIONS["logistic"]), Dense(2, 1, ACTIVATIONS["identity"]))
    network = Network(layers, classifier_loss(name, "logistic"), (0.0, 0.0))
    theta = network.layout.pack(COEFS, INTERCEPTS, float)
    gradient = np.zeros_like(theta)
    parameters, gradients = network.layout.views(theta), network.layout.views(gradient)
    work = Workspace(network, 1, float)

    # forward
    raw = network.forward(parameters, X, work)
    np.testing.assert_allclose(work.A[0], [[0.6681877721681662, 0.52497918747894]], rtol=1e-14)
    np.testing.assert_allclose(raw, [[0.05911469860514307]], rtol=1e-14)
    np.testing.assert_allclose(network.predict(parameters, X), [[0.5147743724228884]], rtol=1e-14)

    # the loss and its delta
    assert network.loss.value_and_delta(raw, Y, None, work.D[-1]) == pytest.approx(by_hand["loss"], rel=1e-14)
    np.testing.assert_allclose(work.D[-1], [[by_hand["D2"]]], rtol=1e-14)

    # backward
    network.backward(parameters, gradients, X, work)
    (dW1, db1), (dW2, db2) = gradients
    np.testing.assert_allclose(work.D[0], [by_hand["D1"]], rtol=1e-14)
    np.testing.assert_allclose(dW2[:, 0], by_hand["dW2"], rtol=1e-14)
    np.testing.assert_allclose(db2, [by_hand["D2"]], rtol=1e-14)
    np.testing.assert_allclose(dW1, by_hand["dW1"], rtol=1e-14)
    np.testing.assert_allclose(db1, by_hand["D1"], rtol=1e-14)

    # update
    optimiser = optimiser_named("gd")
    optimiser.step(theta, gradient, optimiser.moments(theta), optimiser.constants(0.5, float), 1)
    (W1, b1), (W2, b2) = parameters
    np.testing.assert_allclose(W1, by_hand["W1"], rtol=1e-14)
    np.testing.assert_allclose(b1, by_hand["b1"], rtol=1e-14)
    np.testing.assert_allclose(W2[:, 0], by_hand["W2"], rtol=1e-14)
    np.testing.assert_allclose(b2, [by_hand["b2"]], rtol=1e-14)

    # and the loss has fallen
    assert network.loss.value(network.forward(parameters, X, work), Y) < by_hand["loss"]
