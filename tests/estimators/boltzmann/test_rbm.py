"""RBM: kinds of units, recipes, sampling, measures, files."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn.datasets import load_digits, load_iris
from sklearn.model_selection import GridSearchCV

import glassnet
from glassnet.estimators.boltzmann.bernoulli_rbm import BernoulliRBM
from glassnet.estimators.boltzmann.rbm import RBM

DIGITS = (load_digits().data > 7).astype(np.float32)
IRIS = load_iris().data


def tied_pair(n=200, seed=0):
    """Two columns that are always equal, and one that is not."""
    rng = np.random.default_rng(seed)
    first = (rng.random(n) < 0.4).astype(float)
    return np.column_stack([first, first, rng.random(n) < 0.7]).astype(float)


@pytest.mark.parametrize("method", ["cd", "pcd", "pt"])
def test_every_method_comes_near_the_best_likelihood(method):
    X = tied_pair()
    share = X.mean(axis=0)
    best = sum((p * np.log(p) + (1 - p) * np.log(1 - p)) for p in share[[0, 2]])
    rbm = RBM(4, method=method, n_temperatures=4, learning_rate=0.3, schedule="cosine", n_iter=300, batch_size=50, random_state=0).fit(X)
    _, counts = np.unique(X, axis=0, return_counts=True)
    most = (counts / len(X) * np.log(counts / len(X))).sum()  # minus the entropy of the rows: no distribution gives them more
    assert best - (0.1 if method == "cd" else 0.06) < rbm.log_likelihood(X).mean() < most
    assert (rbm.swap_rates_ is not None) == (method == "pt")


def test_gaussian_columns_find_the_density_of_clusters():
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(-2, 1.0, (300, 2)), rng.normal(2, 1.0, (300, 2))]) * [1, 100] + [5, -300]
    rbm = RBM(2, visible="gaussian", learning_rate=0.03, schedule="cosine", n_iter=200, batch_size=50, random_state=0).fit(X)
    alone = -0.5 * np.log(2 * np.pi * np.e * X.var(axis=0)).sum()  # one normal distribution per column
    assert rbm.log_likelihood(X).mean() > alone + 0.4
    spread = np.exp(rbm.log_variance_ / 2)
    np.testing.assert_allclose(spread, [1, 100], rtol=0.2)
    drawn = rbm.sample(600, burn_in=200, thin=5, random_state=1)
    np.testing.assert_allclose(drawn.std(axis=0), X.std(axis=0), rtol=0.25)
    grid = np.stack(np.meshgrid(np.linspace(-5, 15, 200), np.linspace(-1300, 700, 200)), axis=-1).reshape(-1, 2)
    mass = np.exp(rbm.log_likelihood(grid)).sum() * (20 / 199) * (2000 / 199)
    assert mass == pytest.approx(1, abs=0.01)


def test_softmax_groups_and_mixed_columns_learn_together():
    rng = np.random.default_rng(1)
    colour = rng.integers(0, 3, 400)
    X = np.column_stack([np.eye(3)[colour], colour == 2, rng.normal(colour * 2.0, 0.3)])
    kinds = ["softmax"] * 3 + ["bernoulli", "gaussian"]
    rbm = RBM(6, visible=kinds, learning_rate=0.1, schedule="cosine", n_iter=300, batch_size=50, random_state=0).fit(X)
    for value in range(3):
        held = {i: float(i == value) for i in range(3)}
        drawn = rbm.sample(300, clamp=held, burn_in=200, thin=5, random_state=0)
        assert np.array_equal(drawn[:, :3], np.tile(np.eye(3)[value], (300, 1)))
        assert abs(drawn[:, 4].mean() - 2 * value) < 0.5 and abs(drawn[:, 3].mean() - (value == 2)) < 0.2
    with pytest.raises(ValueError, match="one softmax group; hold all of them or none"):
        rbm.sample(1, clamp={0: 1})
    with pytest.raises(ValueError, match="one softmax group, whose values add up to 1; got 2"):
        rbm.sample(1, clamp={0: 1, 1: 1, 2: 0})
    half = X[:3].copy()
    half[1, 0] = np.nan
    with pytest.raises(ValueError, match="one softmax group: all of them are known or none; see row 1"):
        rbm.complete(half)
    half[1, :3] = np.nan
    whole = rbm.complete(half, random_state=0)
    assert whole[1, :3].sum() == pytest.approx(1) and np.array_equal(whole[1, 3:], X[1, 3:])
    assert whole[1, :3].argmax() == colour[1]


def test_the_pseudo_likelihood_of_softmax_groups_is_that_of_their_states():
    rng = np.random.default_rng(2)
    X = np.hstack([np.eye(3)[rng.integers(0, 3, 50)], np.eye(4)[rng.integers(0, 4, 50)], rng.random((50, 2)) < 0.5])
    rbm = RBM(5, visible=["softmax"] * 7 + ["bernoulli"] * 2, softmax_sizes=[3, 4], init_scale=1.0, n_iter=1, random_state=0).fit(X)
    total = np.zeros(50)
    for group in (range(3), range(3, 7)):
        energies = []
        for state in group:
            other = X.copy()
            other[:, list(group)] = 0
            other[:, state] = 1
            energies.append(-rbm.free_energy(other))
        total += -rbm.free_energy(X) - np.logaddexp.reduce(energies, axis=0)
    for column in (7, 8):
        other = X.copy()
        other[:, column] = 1 - other[:, column]
        total += -np.logaddexp(0, rbm.free_energy(X) - rbm.free_energy(other))
    np.testing.assert_allclose(rbm.score_samples(X), total, rtol=1e-10)


def test_weight_k_is_the_row_k_times():
    X, weight = tied_pair(40), np.random.default_rng(0).integers(0, 4, 40)
    settings = {"learning_rate": 0.2, "n_iter": 5, "batch_size": 1000, "n_chains": 30, "random_state": 0, "sparsity_target": 0.2}
    weighted = RBM(4, **settings).fit(X, sample_weight=weight)
    repeated = RBM(4, **settings).fit(np.repeat(X, weight, axis=0))
    np.testing.assert_allclose(weighted.components_, repeated.components_, atol=1e-10)
    np.testing.assert_allclose(weighted.intercept_visible_, repeated.intercept_visible_, atol=1e-10)
    with pytest.raises(ValueError, match="zero"):
        RBM(4).fit(X, sample_weight=np.zeros(40))


def test_one_seed_one_result_and_dtypes_are_kept():
    for dtype in (np.float32, np.float64):
        first, second = (RBM(8, n_iter=2, random_state=3).fit(DIGITS[:200].astype(dtype)) for _ in range(2))
        assert np.array_equal(first.components_, second.components_)
        assert first.components_.dtype == first.transform(DIGITS[:3].astype(dtype)).dtype == dtype
        assert np.array_equal(first.sample(5, burn_in=5), second.sample(5, burn_in=5))
        assert first.sample(5, burn_in=5).dtype == dtype
    other = RBM(8, n_iter=2, random_state=4).fit(DIGITS[:200])
    assert not np.array_equal(other.components_, first.components_)


def test_sparse_rows_give_the_same_machine():
    dense, sparse = (RBM(8, n_iter=2, random_state=0).fit(rows) for rows in (DIGITS[:200], scipy.sparse.csr_matrix(DIGITS[:200])))
    np.testing.assert_allclose(dense.components_, sparse.components_, atol=1e-5)


def test_flipping_every_pixel_changes_nothing_of_what_centred_learning_learns():
    """The reason for centring: 0 and 1 are names."""
    settings = {"learning_rate": 0.1, "schedule": "cosine", "n_iter": 30, "batch_size": 10, "random_state": 0}
    apart = {}
    for centring in (True, False):
        machines = [(RBM(10, centring=centring, **settings).fit(X), X) for X in (DIGITS[:300], 1 - DIGITS[:300])]
        likelihood = [rbm.log_likelihood(X).mean() for rbm, X in machines]
        apart[centring] = abs(likelihood[0] - likelihood[1])
    assert apart[True] < 0.3 < 0.8 < apart[False]
    nothing = RBM(10, n_iter=0, init_scale=0.0, random_state=0).fit(DIGITS[:300]).log_likelihood(DIGITS[:300]).mean()
    centred = [RBM(10, **settings).fit(X).log_likelihood(X).mean() for X in (DIGITS[:300], 1 - DIGITS[:300])]
    assert min(centred) > nothing + 2.5  # both have learned


def test_sparsity_draws_activity_to_its_target():
    loose = RBM(20, n_iter=20, learning_rate=0.05, random_state=0).fit(DIGITS)
    drawn = RBM(20, n_iter=20, learning_rate=0.05, sparsity_target=0.1, sparsity_cost=1.0, random_state=0).fit(DIGITS)
    assert abs(drawn.transform(DIGITS).mean() - 0.1) < 0.05 < abs(loose.transform(DIGITS).mean() - 0.1)


def test_decay_makes_weights_small():
    norms = [
        RBM(20, n_iter=10, random_state=0, **decay).fit(DIGITS).history_[-1]["weight_norm"] for decay in ({}, {"l2": 0.05}, {"l1": 0.01})
    ]
    assert norms[1] < 0.8 * norms[0] and norms[2] < 0.8 * norms[0]


def test_half_covered_digits_are_completed():
    rbm = RBM(80, learning_rate=0.05, schedule="cosine", n_iter=60, batch_size=50, random_state=0).fit(DIGITS[:1500])
    covered = DIGITS[1500:1600].copy()
    covered[:, 32:] = np.nan
    whole = rbm.complete(covered, n_sweeps=100, burn_in=50, random_state=0)
    assert np.array_equal(whole[:, :32], covered[:, :32]) and whole.min() >= 0 and whole.max() <= 1
    error = np.abs(whole[:, 32:] - DIGITS[1500:1600, 32:]).mean()
    by_mean = np.abs(DIGITS[:1500, 32:].mean(axis=0) - DIGITS[1500:1600, 32:]).mean()
    assert error < 0.9 * by_mean


def test_chains_are_kept_and_clamped_columns_stay():
    rbm = RBM(4, learning_rate=0.3, n_iter=200, batch_size=50, random_state=0).fit(pd.DataFrame(tied_pair(), columns=["a", "b", "c"]))
    kept = rbm.chains(7, n_chains=5, burn_in=10, thin=2, clamp={"a": 1}, random_state=0)
    assert kept.shape == (7, 5, 3) and np.all(kept[:, :, 0] == 1)
    drawn = rbm.sample(500, clamp={"a": 1}, burn_in=100, thin=5, random_state=0)
    assert drawn[:, 1].mean() > 0.9 and abs(drawn[:, 2].mean() - 0.7) < 0.15
    assert rbm.sample(500, clamp={0: 0}, burn_in=100, thin=5, random_state=0)[:, 1].mean() < 0.1
    means = rbm.chains(2, n_chains=3, burn_in=0, means=True, start="base", random_state=0)
    assert np.all((means > 0) & (means < 1))
    with pytest.raises(ValueError, match="there is no column 'd'"):
        rbm.sample(1, clamp={"d": 0})
    with pytest.raises(ValueError, match="start must be"):
        rbm.sample(1, start="anywhere")
    with pytest.raises(ValueError, match="thin must be an integer of 1"):
        rbm.sample(1, thin=0)


def test_samples_have_the_exact_marginals():
    rbm = RBM(6, init_scale=1.0, learning_rate=0.05, n_iter=3, random_state=0).fit(DIGITS[:, 18:30])
    states = ((np.arange(4096)[:, None] >> np.arange(12)) & 1).astype(np.float32)
    share = np.exp(rbm.log_likelihood(states))
    drawn = rbm.sample(20_000, n_chains=500, burn_in=200, thin=10, random_state=0)
    np.testing.assert_allclose(drawn.mean(axis=0), share @ states, atol=0.02)


@pytest.mark.parametrize("visible", ["bernoulli", "gaussian"])
def test_a_file_gives_the_machine_back(visible, tmp_path):
    X = IRIS if visible == "gaussian" else DIGITS[:200]
    rbm = RBM(5, visible=visible, schedule={"name": "cosine", "warm_up": 1}, n_iter=3, random_state=0).fit(X)
    glassnet.save(rbm, tmp_path / "machine")
    again = glassnet.load(tmp_path / "machine")
    assert np.array_equal(again.free_energy(X), rbm.free_energy(X)) and again.get_params() == rbm.get_params()
    assert np.array_equal(again.chains(2, burn_in=3, random_state=0), rbm.chains(2, burn_in=3, random_state=0))
    assert again.log_partition().value == rbm.log_partition().value
    assert again.history_.to_frame().equals(rbm.history_.to_frame())


def test_gibbs_sweeps_go_on_in_one_stream():
    """Sweep after sweep, not the same random numbers again: a chain made of calls has the machine's marginals."""
    rbm = RBM(6, init_scale=1.0, learning_rate=0.05, n_iter=3, random_state=0).fit(DIGITS[:, 18:30])
    v = DIGITS[:1000, 18:30]
    assert not np.array_equal(rbm.gibbs(v), rbm.gibbs(v))
    states = ((np.arange(4096)[:, None] >> np.arange(12)) & 1).astype(np.float32)
    exact = np.exp(rbm.log_likelihood(states)) @ states
    for _ in range(200):
        v = rbm.gibbs(v)
    np.testing.assert_allclose(v.mean(axis=0), exact, atol=0.08)


def test_what_cannot_be_drawn_is_refused_by_name():
    rbm = RBM(5, n_iter=1, random_state=0).fit(DIGITS[:50])
    covered = np.full((1, 64), np.nan)
    for call, sentence in (
        (lambda: rbm.sample(2, n_chains=0), "n_chains must be an integer of 1 or more; got 0"),
        (lambda: rbm.sample(2.5), "n must be an integer of 1 or more; got 2.5"),
        (lambda: rbm.sample(2, clamp=[0]), "clamp must be a dict from columns to their values"),
        (lambda: rbm.sample(2, clamp={0: np.nan}), "clamp: column 0 needs a finite number; got nan"),
        (lambda: rbm.sample(2, clamp={0: 7}), "clamp: column 0 is a bernoulli unit, held at 0 or 1; got 7"),
        (lambda: rbm.complete(covered, n_sweeps=0), "n_sweeps must be an integer of 1 or more; got 0"),
        (lambda: rbm.complete(covered, burn_in=-1), "burn_in must be an integer of 0 or more; got -1"),
        (lambda: rbm.complete(covered[:, :5]), "X has 5 features, but RBM is expecting 64"),
        (lambda: rbm.log_partition(method="ais", n_temperatures=10.5), "n_temperatures must be an integer of 4 or more; got 10.5"),
        (lambda: rbm.log_likelihood(DIGITS[:2], log_partition="x"), "log_partition must be None, a number"),
    ):
        with pytest.raises(ValueError, match=sentence):
            call()
    with pytest.raises(TypeError, match="[Ss]parse"):
        rbm.complete(scipy.sparse.csr_array(DIGITS[:2]))


def test_a_search_uses_the_pseudo_likelihood():
    search = GridSearchCV(RBM(n_iter=20, batch_size=20, random_state=0), {"n_components": [1, 30]}, cv=2).fit(DIGITS[:400])
    assert search.best_params_ == {"n_components": 30}


def test_verbose_tells_the_measures(capsys):
    RBM(4, n_iter=1, verbose=1, random_state=0).fit(DIGITS[:50], X_val=DIGITS[50:80])
    assert "pseudo-likelihood = -" in (said := capsys.readouterr().out) and "free-energy gap" in said


@pytest.mark.parametrize("kind", [RBM, BernoulliRBM])
def test_values_that_no_probability_has_are_warned_of(kind):
    with pytest.warns(UserWarning, match=r"4 of 4 columns of bernoulli units have values outside \[0, 1\], from 0.1 to 7.9") as caught:
        kind(3, n_iter=1, random_state=0).fit(IRIS)
    assert "MinMaxScaler" in str(caught[0].message) and "'gaussian'" in str(caught[0].message)
    kind(3, n_iter=1, random_state=0).fit(scipy.sparse.csr_array(DIGITS))  # no warning


def test_softmax_groups_that_are_no_probabilities_are_refused():
    X = np.eye(3)[[0, 1, 2, 2, 1]]
    for wrong, sentence in (([0, 0, 0], "row 1 adds up to 0"), ([1, 1, 0], "row 1 adds up to 2"), ([2, 0, -1], "the smallest is -1")):
        rows = X.copy()
        rows[1] = wrong
        with pytest.raises(ValueError, match="Columns 0 to 2 are one softmax group.*" + sentence):
            RBM(2, visible="softmax", n_iter=1).fit(rows)
    RBM(2, visible="softmax", n_iter=1, random_state=0).fit(X)


@pytest.mark.parametrize("visible", ["bernoulli", "gaussian"])
@pytest.mark.parametrize("rows", ["constant columns", "one row", "twice the same row"])
def test_rows_that_say_little_leave_finite_numbers(visible, rows):
    X = {"constant columns": np.c_[np.zeros(40), np.ones(40), np.arange(40) % 2], "one row": np.array([[0.0, 1, 0.5]])}.get(rows)
    X = np.tile([[0.0, 1, 0.5]], (2, 1)) if X is None else X
    rbm = RBM(4, visible=visible, n_iter=30, batch_size=5, random_state=0).fit(X)
    for value in (rbm.free_energy(X), rbm.components_, rbm.log_variance_, rbm.sample(5, burn_in=10)):
        assert np.isfinite(value).all()


@pytest.mark.parametrize("kind", [RBM, BernoulliRBM])
def test_what_is_no_table_of_numbers_is_refused_with_the_remedy(kind):
    X = DIGITS[:20].astype(float)
    X[3, 4] = np.nan
    with pytest.raises(ValueError, match="Input X contains NaN.*\n.*TablePreparation fills in missing values"):
        kind(2).fit(X)
    with pytest.raises(ValueError, match="TablePreparation turns columns of text"):
        kind(2).fit(np.array([["a", "b"], ["c", "d"]]))
    with pytest.raises(ValueError, match="n_components must be an integer of 1 or more; got 0"):
        kind(0).fit(DIGITS)
    with pytest.raises(ValueError, match="hidden units are 0, 1 or a probability"):
        kind(2, n_iter=1, random_state=0).fit(DIGITS[:50]).inverse_transform([[0.5, np.inf]])


def test_the_pseudo_likelihood_of_gaussian_columns_tells_tied_from_free_ones():
    """Columns that hang together are told by each other: better than by a normal distribution of their own, as no free column is."""
    rng = np.random.default_rng(0)
    cluster = rng.integers(0, 2, 300)
    X = np.column_stack([cluster * 3.0 + 0.5 * rng.normal(size=300), cluster * -300.0 + 50 * rng.normal(size=300), rng.normal(size=300)])
    settings = {"visible": "gaussian", "learning_rate": 0.03, "schedule": "cosine", "n_iter": 100, "batch_size": 20, "random_state": 0}
    alone = (-0.5 * np.log(2 * np.pi * np.e * X.var(axis=0))).sum()
    assert RBM(2, **settings).fit(X).score(X) > alone + 1
    shuffled = np.column_stack([rng.permutation(column) for column in X.T])
    assert RBM(2, **settings).fit(shuffled).score(shuffled) < alone + 1
    search = GridSearchCV(RBM(2, **settings), {"n_iter": [0, 100]}, cv=2).fit(X)
    assert search.best_params_ == {"n_iter": 100}


def test_faults_are_named_together():
    with pytest.raises(ValueError, match="3 faults") as caught:
        RBM(momentum=1.5, method="pdc", schedule="adaptive").fit(DIGITS)
    assert "Did you mean 'pcd'?" in str(caught.value) and "Use 'cosine'" in str(caught.value)
    with pytest.raises(ValueError, match="early_stopping watches held-out rows"):
        RBM(early_stopping=True).fit(DIGITS)
    with pytest.raises(ValueError, match="method must be"):
        RBM(2, n_iter=0).fit(DIGITS).log_partition(method="guess")
    with pytest.raises(ValueError, match=r"2\^21 states"):
        RBM(21, n_iter=0).fit(DIGITS).log_partition(method="exact")
