"""Deep belief networks: weights copied once, the same network as the multilayer perceptron, and labels that may be missing."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning

import glassnet
from glassnet import MLPClassifier
from glassnet.estimators.boltzmann.dbn_classifier import DBNClassifier
from glassnet.estimators.boltzmann.dbn_regressor import DBNRegressor
from glassnet.estimators.boltzmann.deep_belief import labelled_rows

X, y = load_digits(return_X_y=True)
X = X / 16

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def test_fine_tuning_begins_at_the_weights_of_the_machines():
    net = DBNClassifier((20, 10), pretrain_epochs=3, max_iter=1, learning_rate_init=1e-9, random_state=0).fit(X, y)
    assert [machine.components_.shape for machine in net.rbms_] == [(20, 64), (10, 20)]
    for W, b, machine in zip(net.coefs_, net.intercepts_, net.rbms_, strict=False):
        np.testing.assert_allclose(W, machine.components_.T, atol=1e-6)
        np.testing.assert_allclose(b, machine.intercept_hidden_, atol=1e-6)
    features = net.rbms_[1].transform(net.rbms_[0].transform(X))
    np.testing.assert_allclose(net.transform(X), features, atol=1e-5)


def test_fine_tuning_is_the_multilayer_perceptrons():
    """The same first weights given to an MLPClassifier end at the same weights."""
    settings = {"solver": "lbfgs", "alpha": 0.1, "max_iter": 20, "random_state": 0}
    net = DBNClassifier((20,), pretrain_epochs=3, **settings).fit(X, y)
    start = DBNClassifier((20,), pretrain_epochs=3, **{**settings, "solver": "sgd", "max_iter": 1}, learning_rate_init=1e-12).fit(X, y)
    mlp = MLPClassifier((20,), "logistic", init=(start.coefs_, start.intercepts_), **settings).fit(X, y)
    np.testing.assert_allclose(net.predict_proba(X), mlp.predict_proba(X), atol=1e-3)


def test_gaussian_inputs_are_unrolled_in_their_own_units():
    rng = np.random.default_rng(0)
    Z = np.hstack([X[:, 20:30] * 100 + 7, rng.normal(size=(len(X), 1))])
    net = DBNClassifier((12,), visible="gaussian", pretrain_epochs=3, max_iter=1, learning_rate_init=1e-12, random_state=0).fit(Z, y)
    np.testing.assert_allclose(net.transform(Z), net.rbms_[0].transform(Z), atol=1e-6)


@pytest.mark.parametrize("mark", [None, float("nan"), -1, "?"])
def test_rows_without_a_label_are_learned_from_before_and_left_out_after(mark):
    labels = y.astype(object)
    labels[300:] = mark
    given = {-1: -1, "?": "?"}.get(mark)
    net = DBNClassifier((20,), pretrain_epochs=2, missing_label=given, solver="lbfgs", alpha=0.1, random_state=0).fit(X, labels)
    assert np.array_equal(net.classes_, np.arange(10)) and net.score(X, y) > 0.7
    whole = DBNClassifier((20,), pretrain_epochs=2, solver="lbfgs", alpha=0.1, random_state=0).fit(X[:300], y[:300])
    assert not np.allclose(net.rbms_[0].components_, whole.rbms_[0].components_)


def test_labels_with_holes_are_taken_as_tables_hold_them():
    for given in (
        pd.Series(y).where(y < 9).astype("Int64"),  # NA
        pd.Series(y.astype(str)).where(y < 9),  # nan or None among text
        pl.Series(np.where(y < 9, y, 0)).set(pl.Series(y == 9), None),
    ):
        net = DBNClassifier((20,), pretrain_epochs=1, solver="lbfgs", alpha=0.1, max_iter=100, random_state=0).fit(X, given)
        assert [int(label) for label in net.classes_] == list(range(9))
        assert np.mean(net.predict(X[y < 9]).astype(int) == y[y < 9]) > 0.9


def test_softmax_inputs_have_their_sizes_and_the_layers_above_have_none():
    rows = np.random.default_rng(0).integers(0, [3, 4], (60, 2))
    Z = np.hstack([np.eye(3)[rows[:, 0]], np.eye(4)[rows[:, 1]]])
    net = DBNClassifier((6, 4), visible="softmax", pretraining={"softmax_sizes": [3, 4]}, pretrain_epochs=1, max_iter=1, random_state=0)
    low, high = net.fit(Z, rows[:, 0]).rbms_
    assert low._units.sizes == (3, 4) and high._units.plain


def test_labels_of_minus_one_stay_labels_unless_said_otherwise():
    sign = np.where(y > 4, 1, -1)
    net = DBNClassifier((10,), pretrain_epochs=1, max_iter=5, random_state=0).fit(X, sign)
    assert net.classes_.tolist() == [-1, 1]
    assert labelled_rows(sign, None) is None and len(labelled_rows(sign, -1)) == (sign == 1).sum()
    with pytest.raises(ValueError, match="every label is missing"):
        labelled_rows(np.full(3, -1), -1)


def test_no_pretraining_is_a_multilayer_perceptron():
    settings = {"max_iter": 5, "random_state": 0}
    net = DBNClassifier((20,), pretrain_epochs=0, **settings).fit(X, y)
    mlp = MLPClassifier((20,), "logistic", **settings).fit(X, y)
    assert np.array_equal(net.predict_proba(X), mlp.predict_proba(X)) and net.rbms_ == []


def test_pretraining_helps_where_labels_are_few():
    """A hundred labels: about three points better than from random weights, with every seed that was tried (2.4 to 4.4)."""
    machines = {"learning_rate": 0.3, "momentum": 0.8, "schedule": "cosine", "sparsity_target": 0.1, "sparsity_cost": 0.3, "batch_size": 20}
    settings = {"pretraining": machines, "missing_label": -1, "batch_size": 20, "max_iter": 200, "n_iter_no_change": 201}
    labels = y.copy()
    labels[100:] = -1
    errors = {0: [], 30: []}
    for seed in range(3):
        for epochs, found in errors.items():
            net = DBNClassifier((200, 100), pretrain_epochs=epochs, random_state=seed, **settings).fit(X.astype(np.float32), labels)
            found.append(1 - net.score(X[100:], y[100:]))
    assert np.mean(errors[30]) < np.mean(errors[0]) - 0.015


def test_a_regressor_learns_with_missing_targets():
    target = 3.0 * y + 100
    target[::3] = np.nan
    net = DBNRegressor((60,), pretrain_epochs=5, solver="lbfgs", alpha=0.1, max_iter=300, random_state=0).fit(X, target)
    assert net.score(X[::3], 3.0 * y[::3] + 100) > 0.7


def test_it_comes_back_from_a_file(tmp_path):
    net = DBNClassifier((20,), pretrain_epochs=1, pretraining={"k": 2}, max_iter=3, random_state=0).fit(X, y)
    net.save(tmp_path / "net")
    again = glassnet.load(tmp_path / "net")
    assert type(again) is DBNClassifier and np.array_equal(again.predict_proba(X), net.predict_proba(X))
    assert again.get_params() == net.get_params()


def test_going_on_leaves_pretraining_alone():
    net = DBNClassifier((20,), pretrain_epochs=1, max_iter=3, warm_start=True, random_state=0).fit(X, y)
    machines, before = net.rbms_, net.loss_
    net.fit(X, y)
    assert net.rbms_ is machines and net.loss_ < before
    net.partial_fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        assert DBNClassifier((5,)).partial_fit(X, y, classes=np.unique(y)).rbms_ == []


def test_nobody_waits_for_machines_before_a_mistake_is_named(monkeypatch):
    monkeypatch.setattr("glassnet.estimators.boltzmann.deep_belief.pretrained", lambda *_, **__: pytest.fail("machines were learned"))
    for wrong, given, sentence in (
        ({"solver": "adm"}, (X, y), "Did you mean 'adam'"),
        ({"loss": "squared"}, (X, y), "loss must be"),
        ({}, (X, y[:-1]), "inconsistent numbers of samples"),
        ({}, (X[:100], [*y[:50], None]), "inconsistent numbers of samples"),  # those with a label alone would fit together
        ({}, (X, y, -np.ones(len(y))), "Negative values"),
        ({}, (np.where(X == 1, np.nan, X), y), "NaN"),
    ):
        net = DBNClassifier((5,), **wrong)
        with pytest.raises(ValueError, match=sentence):
            net.fit(*given)
        assert not hasattr(net, "rbms_")
    labels = np.array([*y[:50], *[None] * (len(y) - 50)])
    unlabelled = X.copy()
    unlabelled[60, 3] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        DBNClassifier((5,)).fit(unlabelled, labels)


def test_ctrl_c_while_machines_learn_leaves_the_network_as_it_was():
    def press(layer, row):
        if (layer, row["epoch"]) == (1, 2):
            raise KeyboardInterrupt

    net = DBNClassifier((8, 4), pretrain_epochs=3, max_iter=2, random_state=0)
    net._watch = press
    with pytest.raises(KeyboardInterrupt):
        net.fit(X, y)
    assert not hasattr(net, "coefs_") and not hasattr(net, "rbms_")
    net._watch = None
    before = net.fit(X, y).predict_proba(X)
    net._watch = press
    with pytest.raises(KeyboardInterrupt):
        net.fit(X, y)
    assert np.array_equal(net.predict_proba(X), before)


def test_columns_find_their_kind_by_their_values():
    Z = np.column_stack([X[:, 20], X[:, 21] * 100 - 5, X[:, 22]])
    net = DBNClassifier((6,), visible="auto", pretrain_epochs=1, max_iter=1, random_state=0)
    assert net.fit(Z, y).rbms_[0]._units.kinds == ("bernoulli", "gaussian", "bernoulli")
    assert net.fit(X, y).rbms_[0]._units.plain
    assert set(net.fit(X - 3, y).rbms_[0]._units.kinds) == {"gaussian"}


def test_held_out_rows_are_measured_beside_the_others():
    net = DBNClassifier((8, 4), pretrain_epochs=2, max_iter=1, random_state=0).fit(X[:1000], y[:1000], X_val=X[1000:], y_val=y[1000:])
    low, high = net.rbms_
    gap = high.free_energy_gap(low.transform(X[:1000]), low.transform(X[1000:]))
    assert high.history_[-1]["free_energy_gap"] == pytest.approx(gap, abs=0.2)  # by 500 of the rows
    assert low.history_[-1]["val_reconstruction_error"] is not None


def test_samples_come_down_from_the_topmost_machine():
    tight = {"learning_rate": 0.2, "batch_size": 10, "sparsity_target": None}
    rng = np.random.default_rng(0)
    pairs = np.repeat([[0.0, 0, 1, 1], [1, 1, 0, 0]], 100, axis=0)[rng.permutation(200)]
    net = DBNClassifier((6, 4), pretrain_epochs=60, pretraining=tight, max_iter=1, random_state=0).fit(pairs, pairs[:, 0].astype(int))
    drawn = net.sample(400, burn_in=100, thin=5, random_state=0)
    assert set(np.unique(drawn)) == {0.0, 1.0}
    own = (drawn == [0, 0, 1, 1]).all(axis=1) | (drawn == [1, 1, 0, 0]).all(axis=1)
    assert own.mean() > 0.8  # two of sixteen patterns
    means = net.sample(50, burn_in=50, means=True, random_state=0)
    assert np.all((means > 0) & (means < 1))
    assert np.array_equal(means, net.sample(50, burn_in=50, means=True, random_state=0))
    with pytest.raises(ValueError, match="no machines to draw from"):
        DBNClassifier((4,), pretrain_epochs=0, max_iter=1).fit(X, y).sample()


def test_faults_of_the_pretraining_are_named():
    with pytest.raises(
        ValueError, match="2 faults.*\n.*pretrain_epochs must be.*\n.*an entry of pretraining must be.*Did you mean 'learning_rate'"
    ):
        DBNClassifier(pretrain_epochs=-1, pretraining={"learning_rat": 0.1}).fit(X, y)
    with pytest.raises(ValueError, match="pretraining must be None or a dict"):
        DBNClassifier(pretraining=3).fit(X, y)
