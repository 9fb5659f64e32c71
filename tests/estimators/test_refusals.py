"""What is refused before learning begins, and the remedy it names."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.estimators.mlp_classifier import MLPClassifier
from glassnet.estimators.mlp_regressor import MLPRegressor


def test_missing_values_name_our_own_remedy_first():
    with pytest.raises(ValueError, match=r"^Input X contains NaN\.\nglassnet's TablePreparation fills in missing values") as caught:
        MLPClassifier().fit(np.array([[np.nan, 1], [1, 2]]), [0, 1])
    assert "HistGradientBoosting" not in str(caught.value)
    assert len(str(caught.value).splitlines()) == 2


@pytest.mark.parametrize("sizes", [(64,), (64, 32), [8], 64])
def test_sizes_given_as_the_loss_are_understood(sizes):
    with pytest.raises(ValueError) as caught:
        MLPRegressor(sizes).fit(np.zeros((5, 2)), np.arange(5.0))
    assert f"Did you mean hidden_layer_sizes={sizes!r}?" in str(caught.value)


def test_other_losses_get_no_such_hint():
    with pytest.raises(ValueError) as caught:
        MLPRegressor("hubr").fit(np.zeros((5, 2)), np.arange(5.0))
    assert "hidden_layer_sizes" not in str(caught.value)
