"""Each loss's delta is the slope of its value, wherever the targets lie, also where the rows of a softmax's do not add up to 1."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.maths.losses import CLASSIFIER_LOSSES, Loss, classifier_loss, regressor_loss

RANDOM = np.random.default_rng(0)
LOSSES: dict[str, Loss] = {
    **{f"{name}, {link}": classifier_loss(name, link) for name in CLASSIFIER_LOSSES for link in ("logistic", "softmax")},
    "squared_error": regressor_loss("squared_error"),
    "huber": regressor_loss("huber", huber_delta=0.7),
    "poisson": regressor_loss("poisson"),
    "quantile": regressor_loss("quantile", quantile=0.3),
    "absolute_error": regressor_loss("absolute_error"),
}


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("weighted", [False, True])
def test_delta_is_the_slope_of_the_value(name: str, weighted: bool) -> None:
    loss = LOSSES[name]
    raw, y = RANDOM.normal(size=(7, 3)), RANDOM.uniform(0.1, 1.3, size=(7, 3))
    weight = RANDOM.uniform(0.5, 2.0, 7) if weighted else None
    delta, h = np.empty_like(raw), 1e-6
    loss.value_and_delta(raw.copy(), y, weight, delta)
    slope = np.empty_like(raw)
    for place in np.ndindex(raw.shape):
        up, down = raw.copy(), raw.copy()
        up[place] += h
        down[place] -= h
        slope[place] = (loss.value(up, y, weight) - loss.value(down, y, weight)) / (2 * h)
    np.testing.assert_allclose(delta, slope, rtol=1e-6, atol=1e-7)
