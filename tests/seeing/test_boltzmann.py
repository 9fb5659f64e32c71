"""Pictures of what a Boltzmann machine has learned."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits

from glassnet.estimators.boltzmann.rbm import RBM
from glassnet.seeing.boltzmann import PictureRowsDisplay, completions, fantasies, filters

X = (load_digits().data > 7).astype(np.float32)


@pytest.fixture(scope="module")
def rbm():
    return RBM(12, batch_size=20, n_iter=3, random_state=0).fit(X)


def test_filters_are_the_weights_of_each_unit(rbm):
    display = filters(rbm)
    assert len(display.images_) == 12
    shown = {tuple(np.round(image.get_array().ravel(), 6)) for image in display.images_}
    assert shown == {tuple(np.round(row.astype(float), 6)) for row in rbm.components_}


def test_fantasies_are_one_picture_per_chain(rbm, tmp_path):
    display = fantasies(rbm, n=6, burn_in=5, random_state=0)
    expected = rbm.sample(6, n_chains=6, burn_in=5, means=True, random_state=0)
    np.testing.assert_allclose([image.get_array().ravel() for image in display.images_], expected)
    display.save(tmp_path / "page.png")
    assert (tmp_path / "page.png").stat().st_size > 1000


def test_completions_show_what_was_given_and_what_is_expected(rbm):
    covered = X[:4].copy()
    covered[:, 32:] = np.nan
    display = completions(rbm, covered, random_state=0)
    assert len(display.images_) == 8 and display.images_[0].get_array().mask[4:].all()
    assert np.array_equal(display.images_[5].get_array()[:4].ravel(), covered[1, :32])


def test_a_shape_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"shape \(3, 3\) have 9 numbers"):
        PictureRowsDisplay(X[:2], (3, 3))
