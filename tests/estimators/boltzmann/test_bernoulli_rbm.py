"""BernoulliRBM beside scikit-learn's: the same numbers; and what is better here."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse
import sklearn
import sklearn.neural_network
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.pipeline import make_pipeline
from sklearn.utils.fixes import parse_version

import glassnet
from glassnet import LogisticRegression
from glassnet.checks import DivergenceError
from glassnet.estimators.boltzmann.bernoulli_rbm import BernoulliRBM

DIGITS, LABELS = load_digits(return_X_y=True)
DIGITS = DIGITS / 16.0

ATTRIBUTES = ("components_", "intercept_hidden_", "intercept_visible_", "h_samples_")


@pytest.mark.parametrize("batch_size", [1, 7, 10, 100])
def test_fit_gives_scikit_learns_numbers(batch_size):
    settings = {"n_components": 24, "batch_size": batch_size, "n_iter": 2, "random_state": 3, "learning_rate": 0.05}
    ours, theirs = BernoulliRBM(**settings).fit(DIGITS[:300]), sklearn.neural_network.BernoulliRBM(**settings).fit(DIGITS[:300])
    for name in ATTRIBUTES:
        np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(ours.transform(DIGITS), theirs.transform(DIGITS), rtol=1e-10)
    np.testing.assert_allclose(ours.free_energy(DIGITS), theirs._free_energy(DIGITS), rtol=1e-10)


def test_partial_fit_and_gibbs_go_on_in_scikit_learns_stream():
    settings = {"n_components": 24, "batch_size": 10, "random_state": 3}
    ours, theirs = BernoulliRBM(**settings), sklearn.neural_network.BernoulliRBM(**settings)
    for start in range(0, 300, 30):
        ours.partial_fit(DIGITS[start : start + 30]), theirs.partial_fit(DIGITS[start : start + 30])
    for name in ATTRIBUTES:
        np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), rtol=1e-10, atol=1e-12)
    assert np.array_equal(ours.gibbs(DIGITS[:50]), theirs.gibbs(DIGITS[:50]))


def test_a_given_stream_is_left_where_scikit_learn_leaves_it():
    streams = [np.random.RandomState(4), np.random.RandomState(4)]
    for kind, stream in zip((BernoulliRBM, sklearn.neural_network.BernoulliRBM), streams, strict=True):
        kind(n_components=8, n_iter=1, random_state=stream).fit(DIGITS[:100])
    assert np.array_equal(*(stream.uniform(size=10) for stream in streams))


def test_sparse_rows_give_the_same_machine():
    X = (DIGITS[:200] > 0.5).astype(float)
    dense, sparse = (BernoulliRBM(8, n_iter=2, random_state=0).fit(rows) for rows in (X, scipy.sparse.csr_array(X)))
    np.testing.assert_allclose(dense.components_, sparse.components_, atol=1e-12)
    np.testing.assert_allclose(dense.transform(X), sparse.transform(scipy.sparse.csr_array(X)), rtol=1e-12)
    np.testing.assert_allclose(dense.score_samples(X), sparse.score_samples(scipy.sparse.csc_array(X)), rtol=1e-12)


def flipped(rbm, v):
    """The log pseudo-likelihood of a row by flipping every unit."""
    total = 0.0
    for i in range(len(v)):
        other = v.copy()
        other[i] = 1 - other[i]
        total -= np.logaddexp(0, rbm.free_energy(v[None])[0] - rbm.free_energy(other[None])[0])
    return total


@pytest.mark.parametrize("binary", [True, False])
def test_the_pseudo_likelihood_is_the_mean_over_every_flip(binary):
    X = DIGITS[:3].round() if binary else DIGITS[:3]
    rbm = BernoulliRBM(16, n_iter=20, random_state=0).fit(DIGITS[:500])
    np.testing.assert_allclose(rbm.score_samples(X), [flipped(rbm, v) for v in X], rtol=1e-9)
    rbm.components_ *= 300  # products of exponentials would overflow
    np.testing.assert_allclose(rbm.score_samples(X), [flipped(rbm, v) for v in X], rtol=1e-9)


def test_scores_belong_to_rows():
    rbm = BernoulliRBM(16, n_iter=5, random_state=0).fit(DIGITS[:500])
    score = rbm.score_samples(DIGITS[:100])
    assert np.array_equal(score, rbm.score_samples(DIGITS[:100]))
    np.testing.assert_allclose(rbm.score_samples(DIGITS[:100][::-1])[::-1], score, rtol=1e-12)
    theirs = sklearn.neural_network.BernoulliRBM(16, n_iter=5, random_state=0).fit(DIGITS[:500])
    draws = []
    for seed in range(200):
        theirs.random_state = seed
        draws.append(theirs.score_samples(DIGITS[:100]).mean())
    spread = np.std(draws) / np.sqrt(200)
    assert np.mean(draws) == pytest.approx(-64 * np.mean(score / -64), abs=5 * spread)


def test_the_likelihood_is_a_probability_and_annealing_agrees():
    X = (DIGITS[:, 20:28] > 0.5).astype(float)
    rbm = BernoulliRBM(6, n_iter=30, random_state=0).fit(X)
    states = ((np.arange(256)[:, None] >> np.arange(8)) & 1).astype(float)
    assert np.exp(rbm.log_likelihood(states)).sum() == pytest.approx(1, abs=1e-12)
    exact, estimate = rbm.log_partition(), rbm.log_partition(method="ais", n_temperatures=500, random_state=1)
    assert exact.method == "exact" and abs(exact.value - estimate.value) < 0.05
    np.testing.assert_allclose(rbm.log_likelihood(X, log_partition=exact), rbm.log_likelihood(X))
    independent = (X.sum(axis=0) + 0.5) / (len(X) + 1)
    assert rbm.log_likelihood(X).mean() > (X * np.log(independent) + (1 - X) * np.log(1 - independent)).sum(axis=1).mean() + 0.1


def test_history_says_what_happened():
    rbm = BernoulliRBM(16, n_iter=4, random_state=0).fit(DIGITS)
    assert len(rbm.history_) == rbm.n_iter_ == 4 and "4 epochs" in rbm.stopped_because_
    errors = rbm.history_.column("reconstruction_error")
    assert errors[-1] < errors[0]
    assert {"epoch", "free_energy", "hidden_activity"} <= set(rbm.history_.to_frame().columns)


def test_float32_stays_float32():
    rbm = BernoulliRBM(8, n_iter=1, random_state=0).fit(DIGITS.astype(np.float32))
    assert {getattr(rbm, name).dtype for name in ATTRIBUTES} == {np.dtype(np.float32)}
    assert rbm.partial_fit(DIGITS[:10].astype(np.float32)).components_.dtype == np.float32


def test_it_works_in_a_pipeline_and_after_a_file(tmp_path):
    pipe = make_pipeline(BernoulliRBM(64, n_iter=20, learning_rate=0.06, random_state=0), LogisticRegression())
    assert pipe.fit(DIGITS[:1000], LABELS[:1000]).score(DIGITS[1000:], LABELS[1000:]) > 0.8
    rbm = pipe[0]
    rbm.save(tmp_path / "machine")
    again = glassnet.load(tmp_path / "machine")
    assert np.array_equal(again.transform(DIGITS), rbm.transform(DIGITS)) and again.get_params() == rbm.get_params()
    assert np.array_equal(again.sample(5, burn_in=3, random_state=1), rbm.sample(5, burn_in=3, random_state=1))
    assert again.history_.rows == rbm.history_.rows and again.stopped_because_ == rbm.stopped_because_


def test_verbose_prints_scikit_learns_line(capsys):
    BernoulliRBM(4, n_iter=1, verbose=1, random_state=0).fit(DIGITS[:50])
    assert capsys.readouterr().out.startswith("[BernoulliRBM] Iteration 1, pseudo-likelihood = -")


def test_faults_are_named_together():
    with pytest.raises(ValueError, match="2 faults.*\n.*n_components must be an integer of 1.*\n.*learning_rate must be a number above 0"):
        BernoulliRBM(0, learning_rate=-1.0).fit(DIGITS)
    with pytest.warns(UserWarning, match="outside"), pytest.raises(DivergenceError, match="epoch 1 with learning_rate=1e\\+300"):
        BernoulliRBM(4, learning_rate=1e300, n_iter=3, random_state=0).fit(DIGITS * 1e10)


@pytest.mark.skipif(parse_version(sklearn.__version__) < parse_version("1.9"), reason="callbacks came with scikit-learn 1.9")
def test_callbacks_see_every_epoch():
    from sklearn.callback import ScoringMonitor

    monitor = ScoringMonitor(scoring=lambda estimator, X, y=None: float(estimator.score_samples(X).mean()))
    rbm = clone(BernoulliRBM(4, n_iter=3, random_state=0)).set_callbacks(monitor)
    rbm.fit(DIGITS[:100])
    assert monitor.get_logs is not None
