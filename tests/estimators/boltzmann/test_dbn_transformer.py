"""The deep autoencoder: unrolled from its machines, tied or free, and better after fine-tuning."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits

import glassnet
from glassnet.estimators.boltzmann.dbn_transformer import DBNTransformer

X = load_digits().data / 16

LEARNED = {"pretrain_epochs": 10, "pretraining": {"batch_size": 20}, "random_state": 0}

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def test_unrolling_is_the_machines_up_and_down():
    coder = DBNTransformer((20, 6), pretrain_epochs=3, max_iter=0, random_state=0).fit(X)
    first, second = coder.rbms_
    code = second.transform(first.transform(X))
    np.testing.assert_allclose(coder.transform(X), code, atol=1e-10)
    down = first.inverse_transform(second.inverse_transform(code))
    np.testing.assert_allclose(coder.inverse_transform(code), down, atol=1e-10)


def test_unrolling_keeps_gaussian_inputs_in_their_units():
    Z = X[:, 20:40] * 50 - 3
    Z = Z[:, Z.std(axis=0) > 1]
    coder = DBNTransformer((12,), visible="gaussian", pretrain_epochs=3, max_iter=0, random_state=0).fit(Z)
    machine = coder.rbms_[0]
    np.testing.assert_allclose(coder.transform(Z), machine.transform(Z), atol=1e-10)
    np.testing.assert_allclose(coder.inverse_transform(coder.transform(Z)), machine.reconstruct(Z), atol=1e-8)


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_tied_weights_stay_tied_and_free_ones_do_not(solver, tied):
    coder = DBNTransformer((20, 6), solver=solver, tied=tied, alpha=1e-3, max_iter=5, learning_rate_init=0.01, **LEARNED).fit(X)
    W = coder.network_.coefs_
    gaps = [abs(W[l] - W[-1 - l].T).max() for l in range(2)]
    assert max(gaps) < 1e-12 if tied else min(gaps) > 1e-5
    assert abs(W[0] - coder.rbms_[0].components_.T).max() > 1e-5  # they have moved


@pytest.mark.parametrize("visible", ["bernoulli", "gaussian"])
@pytest.mark.parametrize("tied", [False, True])
def test_fine_tuning_brings_rows_back_better(visible, tied):
    settings = {"visible": visible, "tied": tied, **LEARNED}
    Z = X if visible == "bernoulli" else X[:, X.std(axis=0) > 0.1]
    before = DBNTransformer((32, 8), max_iter=0, **settings).fit(Z).score(Z)
    after = DBNTransformer((32, 8), solver="lbfgs", max_iter=60, **settings).fit(Z).score(Z)
    assert after > before + 1


@pytest.mark.parametrize("visible", ["bernoulli", "gaussian"])
def test_it_comes_back_from_a_file(visible, tmp_path):
    coder = DBNTransformer((20, 6), visible=visible, tied=True, pretrain_epochs=2, max_iter=2, random_state=0).fit(X[:, 2:7])
    coder.save(tmp_path / "coder")
    again = glassnet.load(tmp_path / "coder")
    code = coder.transform(X[:, 2:7])
    assert np.array_equal(again.transform(X[:, 2:7]), code) and again.get_params() == coder.get_params()
    assert np.array_equal(again.inverse_transform(code), coder.inverse_transform(code))


def test_nobody_waits_for_machines_before_a_mistake_is_named(monkeypatch):
    monkeypatch.setattr("glassnet.estimators.boltzmann.dbn_transformer.pretrained", lambda *_: pytest.fail("machines were learned"))
    for wrong, sentence in (
        ({"solver": "adm"}, "Did you mean 'adam'"),
        ({"max_iter": -1}, "max_iter must be an integer of 0 or more; got -1"),
        ({"max_iter": "a"}, "max_iter must be an integer"),
        ({"learning_rate_init": 0}, "learning_rate_init must be"),
        ({"hidden_layer_sizes": ()}, "at least one layer"),
    ):
        with pytest.raises(ValueError, match=sentence):
            DBNTransformer(**{"hidden_layer_sizes": (4,), **wrong}).fit(X)


def test_faults_are_named():
    with pytest.raises(ValueError, match="visible must be 'bernoulli' or 'gaussian'"):
        DBNTransformer(visible="softmax").fit(X)
    with pytest.raises(ValueError, match="tied must be True or False"):
        DBNTransformer(tied=1).fit(X)
    with pytest.raises(ValueError, match="one column per unit of the code"):
        DBNTransformer((4,), pretrain_epochs=1, max_iter=0).fit(X).inverse_transform(X)
    with pytest.raises(ValueError, match="every entry of a code must be a number"):
        DBNTransformer((2,), pretrain_epochs=1, max_iter=0).fit(X).inverse_transform([[0.5, np.nan]])
