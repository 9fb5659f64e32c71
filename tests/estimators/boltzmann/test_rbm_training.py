"""RBM: how a training begins, goes on and ends: warm starts, batch by batch, copies, files, Ctrl-C, held-out rows."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV

import glassnet
from glassnet.estimators.boltzmann.bernoulli_rbm import BernoulliRBM
from glassnet.estimators.boltzmann.rbm import RBM

DIGITS = (load_digits().data > 7).astype(np.float32)


def test_the_gap_grows_when_rows_are_learned_by_heart_and_stopping_restores_the_best():
    X, X_val = DIGITS[:60], DIGITS[1000:1300]
    heart = RBM(100, learning_rate=0.1, batch_size=20, n_iter=150, random_state=0).fit(X, X_val=X_val)
    gaps = heart.history_.column("free_energy_gap")
    assert gaps[-1] > gaps[0] + 3
    assert heart.free_energy_gap(X, X_val) == pytest.approx(gaps[-1], rel=1e-4)
    settings = {"learning_rate": 0.1, "batch_size": 20, "n_iter": 150, "early_stopping": True, "n_iter_no_change": 5, "random_state": 0}
    stopped = RBM(100, **settings).fit(X, X_val=X_val)
    assert "did not improve" in stopped.stopped_because_ and stopped.n_iter_ < 150
    scores = stopped.history_.column("val_pseudo_likelihood")
    assert stopped.score(X_val) == pytest.approx(max(scores), rel=1e-4)
    assert stopped.free_energy_gap(X, X_val) < gaps[-1] - 2  # it has not learned by heart
    assert scores == heart.history_.column("val_pseudo_likelihood")[: stopped.n_iter_]  # watching changes nothing
    best = int(np.argmax(scores)) + 1
    there = RBM(100, **{**settings, "n_iter": best, "early_stopping": False}).fit(X)
    assert np.array_equal(stopped.components_, there.components_)


def test_warm_starts_go_on_and_partial_fit_learns():
    rbm = RBM(8, n_iter=3, warm_start=True, random_state=0).fit(DIGITS)
    first = rbm.components_.copy()
    rbm.fit(DIGITS)
    assert len(rbm.history_) == 6 and rbm.n_iter_ == 3 and not np.array_equal(first, rbm.components_)
    with pytest.raises(ValueError, match="Learning would go on from 8 hidden units"):
        rbm.set_params(n_components=9).fit(DIGITS)
    online = RBM(20, learning_rate=0.05, random_state=0)
    for epoch in range(6):
        for start in range(0, 1700, 100 + 10 * epoch):
            online.partial_fit(DIGITS[start : start + 100 + 10 * epoch])
    whole = RBM(20, learning_rate=0.05, n_iter=5, random_state=0).fit(DIGITS)
    assert abs(online.score(DIGITS) - whole.score(DIGITS)) < 1.5


def test_going_on_takes_new_parameters_and_chains_follow_them():
    settings = {"n_components": 5, "n_iter": 1, "warm_start": True, "random_state": 0, "batch_size": 20}
    for before, after, shape in (
        ({}, {"method": "pt", "n_temperatures": 3}, (20, 5)),
        ({"method": "pt", "n_temperatures": 3}, {"method": "pcd"}, (20, 5)),
        ({"method": "pt", "n_temperatures": 3}, {"n_temperatures": 7}, (20, 5)),
        ({"n_chains": 10}, {"n_chains": 30}, (30, 5)),
        ({"method": "cd"}, {"method": "pcd", "n_chains": 7}, (7, 5)),
    ):
        rbm = RBM(**{**settings, **before}).fit(DIGITS[:90])
        rbm.set_params(**after).fit(DIGITS[:90])
        assert rbm.h_samples_.shape == shape and set(np.unique(rbm.h_samples_)) <= {0, 1}
        assert (rbm.swap_rates_ is None) == (rbm.method != "pt") and len(rbm.history_) == 2
    online = RBM(5, random_state=0).partial_fit(DIGITS[:20])
    quick, slow = (copy.deepcopy(online).set_params(method=method).partial_fit(DIGITS[:20]) for method in ("cd", "pcd"))
    assert not np.array_equal(quick.components_, slow.components_)
    for wrong in ({"n_components": 6}, {"visible": "gaussian"}):
        with pytest.raises(ValueError, match="Learning would go on from 5 hidden units"):
            copy.deepcopy(online).set_params(**wrong).partial_fit(DIGITS[:20])


@pytest.mark.parametrize("method", ["pcd", "cd", "pt"])
def test_partial_fit_goes_on_with_its_momentum_until_it_is_copied(method):
    """Batches one by one are the updates of one training; a copy, by pickle too, goes on from its own parameters."""
    settings = {"method": method, "n_temperatures": 3, "learning_rate": 0.1, "init_scale": 0.5, "random_state": 0}
    rbm, still = (RBM(6, momentum=momentum, **settings).partial_fit(DIGITS[:20]) for momentum in (0.9, 0.0))
    moved = []
    for machine in (rbm, still):
        start = machine.components_.copy()
        for _ in range(10):
            machine.partial_fit(DIGITS[:20])
        moved.append(np.linalg.norm(machine.components_ - start))
    assert moved[0] > 2 * moved[1]
    for copied in (copy.deepcopy(rbm), pickle.loads(pickle.dumps(rbm))):
        before = copied.components_.copy()
        copied.partial_fit(DIGITS[:50])
        assert abs(copied.components_ - before).max() > 1e-3
        assert np.array_equal(before, rbm.components_)  # which has not moved
        assert np.array_equal(copied.transform(DIGITS[:5]), copied._machine.hidden_means(copied._parameters, DIGITS[:5]))


@pytest.mark.parametrize("kind", [RBM, BernoulliRBM])
def test_weights_set_by_hand_are_learned_from(kind):
    rbm = kind(6, random_state=0).partial_fit(DIGITS[:20])
    rbm.components_ = np.random.default_rng(0).normal(size=(6, 64))  # laid out by rows, and in another dtype
    rbm.intercept_hidden_ = np.full(6, -1.0, np.float32)
    before = rbm.components_.copy()
    rbm.partial_fit(DIGITS[:50])
    assert abs(rbm.components_ - before).max() > 1e-3 and rbm.components_.dtype == np.float32
    assert abs(rbm.intercept_hidden_ + 1).max() < 0.5


def test_several_batch_sizes_are_gone_through_in_equal_parts():
    """The first half by tens, the second by hundreds: what two trainings give that go on from each other."""
    seen = []

    class Watched(RBM):
        def _steps(self, batch_size, random):
            steps = super()._steps(batch_size, random)
            step = steps.step
            steps.step = lambda n, *rest: (seen.append(n), step(n, *rest))[1]
            return steps

    rbm = Watched(5, batch_size=[10, 100], n_iter=4, random_state=0).fit(DIGITS[:250])
    assert seen == 2 * [10] * 25 + 2 * [100, 100, 50] and rbm.h_samples_.shape == (10, 5)
    for method in ("cd", "pt"):
        rbm = RBM(5, method=method, batch_size=(10, 400), n_iter=2, n_temperatures=3, random_state=0).fit(DIGITS[:250])
        assert np.isfinite(rbm.components_).all() and len(rbm.history_) == 2
    for wrong in ([], [10, 0], "10", 2.5, [True]):
        with pytest.raises(ValueError, match="batch_size must be an integer of 1 or more, or a list of such"):
            RBM(5, batch_size=wrong).fit(DIGITS[:50])


def test_time_ends_a_training():
    rbm = RBM(8, n_iter=10_000, max_seconds=0.05, random_state=0).fit(DIGITS[:200])
    assert "s are over" in rbm.stopped_because_ and rbm.n_iter_ < 10_000


@pytest.mark.parametrize("kind", [RBM, BernoulliRBM])
def test_ctrl_c_keeps_what_was_learned_and_says_so(kind):
    def press(row):
        if row["epoch"] == 3:
            raise KeyboardInterrupt

    rbm = kind(8, n_iter=10, random_state=0)
    rbm._spoken = lambda *_: (press,)
    with pytest.warns(UserWarning, match="interrupted by user. The machine holds the parameters as they were then"):
        rbm.fit(DIGITS[:200])
    assert rbm.n_iter_ == 3 and rbm.stopped_because_.startswith("interrupted by the user")
    assert np.array_equal(rbm.components_, kind(8, n_iter=3, random_state=0).fit(DIGITS[:200]).components_)


def test_ctrl_c_within_a_search_ends_the_search():
    class Pressed(RBM):
        def _spoken(self):
            def press(row):
                raise KeyboardInterrupt

            return (press,)

    with pytest.raises(KeyboardInterrupt):
        GridSearchCV(Pressed(2, n_iter=2), {"k": [1, 2]}, cv=2).fit(DIGITS[:100])


def test_a_tempered_machine_goes_on_from_a_file_with_all_its_chains(tmp_path):
    rbm = RBM(4, method="pt", n_temperatures=3, n_chains=10, n_iter=2, warm_start=True, random_state=0).fit(DIGITS[:100])
    glassnet.save(rbm, tmp_path / "machine")
    again = glassnet.load(tmp_path / "machine").fit(DIGITS[:100])
    assert again.h_samples_.shape == (10, 4) and len(again.swap_rates_) == 2 and len(again.history_) == 4
