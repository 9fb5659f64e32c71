"""Every update, number by number against plain NumPy; and in the mean, against the exact gradient of the likelihood."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.special

from glassnet.maths.mersenne import Stream
from glassnet.networks.boltzmann.machine import Machine, Parameters
from glassnet.networks.boltzmann.visible import visible_units
from glassnet.training.boltzmann import enumeration
from glassnet.training.boltzmann.contrastive_divergence import LARGEST, MEMORY, ContrastiveDivergence, Recipe
from glassnet.training.boltzmann.tempering import Ladder

KINDS = {
    "bernoulli": (["bernoulli"] * 4, None),
    "gaussian": (["gaussian"] * 3, None),
    "softmax": (["softmax"] * 5, [2, 3]),
    "mixed": (["softmax", "bernoulli", "softmax", "gaussian"], [2]),
}


def small_machine(flavour, seed=0, nh=3, scale=0.7):
    rng = np.random.default_rng(seed)
    kinds, sizes = KINDS[flavour]
    machine = Machine(visible_units(kinds, len(kinds), sizes), nh)
    nv = len(kinds)
    z = np.where(np.array(kinds) == "gaussian", rng.normal(0, 0.5, nv), 0.0)
    return machine, Parameters(scale * rng.normal(size=(nv, nh)), rng.normal(size=nv), rng.normal(size=nh), z)


def rows_of(machine, n, seed=1):
    rng = np.random.default_rng(seed)
    V = np.zeros((n, machine.visible.n))
    V[:, machine.visible.bernoulli] = rng.random((n, len(machine.visible.bernoulli))) < 0.4
    V[:, machine.visible.gaussian] = rng.normal(0.5, 1.5, (n, len(machine.visible.gaussian)))
    for group in machine.visible.groups():
        V[np.arange(n), rng.choice(group, n, p=np.arange(1, len(group) + 1) / np.arange(1, len(group) + 1).sum())] = 1
    return V


# ---- number by number: the equations of Hinton's guide, in plain NumPy, on scikit-learn's stream


def reference_step(p, V, chain, random, recipe, rate, state, weight, mu):
    """One update of a machine of 0/1 units."""
    W, a, b = p.W, p.a, p.b
    w = np.ones(len(V)) if weight is None else weight
    up = lambda v: scipy.special.expit(v @ W + b)  # noqa: E731
    down = lambda h: scipy.special.expit(h @ W.T + a)  # noqa: E731
    draw = lambda q: (random.uniform(size=q.shape) < q).astype(float)  # noqa: E731
    positive = up(V)
    h = draw(positive) if recipe.method == "cd" else chain
    for sweep in range(recipe.k):
        if sweep:
            h = draw(up(v))  # noqa: F821
        v = draw(down(h))
    negative = up(v)
    if recipe.method == "pcd":
        chain = draw(negative)
    share, even = w / w.sum(), np.full(len(v), 1 / len(v))
    if not recipe.even:
        share, even = w / len(V), np.full(len(v), 1 / len(V))
    G = (V * share[:, None]).T @ positive - (v * even[:, None]).T @ negative
    dv, dh = share @ V - even @ v, share @ positive - even @ negative
    kept = min(MEMORY, state["steps"] / (state["steps"] + 1))
    if recipe.centring or recipe.sparsity_cost:
        state["mean"] = kept * state["mean"] + (1 - kept) * (w / w.sum()) @ positive
    if recipe.sparsity_cost:
        push = recipe.sparsity_cost * (recipe.sparsity_target - state["mean"])
        dh = dh + push
        G = G + np.outer((w / w.sum()) @ V, push)
    if recipe.centring:
        G = G - np.outer(mu, dh) - np.outer(dv, state["mean"])
        dv, dh = dv - G @ state["mean"], dh - G.T @ mu
    slopes = (G - recipe.l2 * W - recipe.l1 * np.sign(W), dv, dh)
    state["m"] = [recipe.momentum * m + rate * slope for m, slope in zip(state["m"], slopes, strict=True)]
    state["steps"] += 1
    return Parameters(W + state["m"][0], a + state["m"][1], b + state["m"][2], p.z), chain


RECIPES = {
    "persistent": Recipe(),
    "persistent, three sweeps": Recipe(k=3),
    "from the data": Recipe(method="cd"),
    "from the data, two sweeps": Recipe(method="cd", k=2),
    "sums as in scikit-learn": Recipe(even=False),
    "momentum": Recipe(momentum=0.8),
    "decay": Recipe(l2=0.1, l1=0.05),
    "sparsity": Recipe(sparsity_target=0.1, sparsity_cost=0.5),
    "centring": Recipe(centring=True),
    "all of it": Recipe(method="cd", k=2, momentum=0.5, l2=0.1, l1=0.05, sparsity_target=0.2, sparsity_cost=0.3, centring=True),
}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", RECIPES)
def test_three_updates_are_those_of_plain_numpy(name, weighted):
    recipe = RECIPES[name]
    machine, start = small_machine("bernoulli")
    V = rows_of(machine, 21)
    mu = V.mean(axis=0)
    weights = np.random.default_rng(3).uniform(0, 2, 21) if weighted else None
    mine = start.copied()
    steps = ContrastiveDivergence(machine, mine, recipe, 8, np.zeros((8, 3)), Stream(np.random.RandomState(7)), mu)
    theirs, chain, random = start.copied(), np.zeros((8, 3)), np.random.RandomState(7)
    state = {"mean": np.zeros(3), "m": [0.0, 0.0, 0.0], "steps": 0}
    for begin in (0, 8, 16):  # the last batch has 5 rows
        rows = slice(begin, begin + 8)
        weight = None if weights is None else weights[rows]
        batch = V[rows]
        steps.room(len(batch))[:] = batch
        steps.step(len(batch), 0.3, weight)
        if weighted and not recipe.even:
            return  # scikit-learn knows no weights
        theirs, chain = reference_step(theirs, batch, chain, random, recipe, 0.3, state, weight, mu)
    for given, expected in zip(mine, theirs, strict=True):
        np.testing.assert_allclose(given, expected, rtol=1e-11, atol=1e-13)


def test_float32_takes_the_same_step_as_float64():
    machine, start = small_machine("bernoulli")
    V = rows_of(machine, 8)
    ends = []
    for dtype in (np.float32, np.float64):
        p = Parameters(*(part.astype(dtype) for part in start))
        steps = ContrastiveDivergence(machine, p, Recipe(), 8, np.zeros((8, 3), dtype), Stream(np.random.RandomState(7)))
        steps.room(8)[:] = V
        steps.step(8, 0.3)
        assert p.W.dtype == dtype
        ends.append(p.W)
    np.testing.assert_allclose(*ends, atol=1e-6)


# ---- in the mean: against the exact gradient


def update_of(machine, start, V, recipe, chains=8_000, seed=0, ladder=None, burn=0):
    """The slope that a step follows, from many chains: its noise is about 0.02."""
    p = start.copied()
    rate, n = 1e-7, len(V)
    random = np.random.RandomState(seed)
    rows = len(ladder.betas) * chains if ladder is not None else chains
    state = (random.uniform(size=(rows, machine.n_hidden)) < 0.5).astype(float)
    steps = ContrastiveDivergence(machine, p, recipe, n, state, Stream(random), V.mean(axis=0), ladder)
    for _ in range(burn):
        steps.room(n)[:] = V
        steps.step(n, 0.0)
    steps.room(n)[:] = V
    steps.step(n, rate)
    return Parameters(*((after - before) / rate for after, before in zip(p, start, strict=True)))


def exact_slope(machine, p, V, centred):
    """What the step follows: the gradient, each Gaussian column in its own unit, around the means where it is centred."""
    slope = enumeration.gradient(machine, p, V)
    variance, z = np.exp(p.z), slope.z
    W, a, b = slope.W * variance[:, None], slope.a * variance, slope.b
    if centred:
        z = np.where(np.array(machine.visible.kinds) == "gaussian", z + V.mean(axis=0) / variance * (p.W @ b), 0)
        mu, mean = V.mean(axis=0), machine.hidden_means(p, V).mean(axis=0)
        W = W - np.outer(mu, b) - np.outer(a, mean)
        a, b = a - W @ mean, b - W.T @ (mu / variance)
        b = b + p.W.T @ (mu / variance * z)  # the variances move too: d(1/s^2) = -dz / s^2
    return Parameters(W, a, b, z)


@pytest.mark.parametrize("centred", [False, True])
@pytest.mark.parametrize("flavour", KINDS)
def test_many_burnt_in_chains_follow_the_exact_gradient(flavour, centred):
    machine, p = small_machine(flavour, scale=0.8)
    V = np.repeat(rows_of(machine, 3), 10, axis=0)
    given = update_of(machine, p, V, Recipe(k=20, centring=centred))
    for part, mine, theirs in zip(["W", "a", "b", "z"], given, exact_slope(machine, p, V, centred), strict=True):
        np.testing.assert_allclose(mine, theirs, atol=0.05, err_msg=part)
        assert np.abs(theirs).max() > 0.05 or part == "z"  # there is something to follow


def test_tempered_chains_follow_the_exact_gradient_too():
    machine, p = small_machine("mixed", scale=0.8)
    V = np.repeat(rows_of(machine, 3), 10, axis=0)
    ladder = Ladder(np.linspace(0, 1, 4), 6_000, machine.base(rows_of(machine, 50)))
    given = update_of(machine, p, V, Recipe(method="pt", k=1), chains=6_000, ladder=ladder, burn=25)
    for mine, theirs in zip(given, exact_slope(machine, p, V, False), strict=True):
        np.testing.assert_allclose(mine, theirs, atol=0.08)
    assert np.all(ladder.accepted > 0.2)


def test_the_bias_of_contrastive_divergence_falls_with_its_sweeps():
    machine, p = small_machine("bernoulli", scale=2.0)
    V = np.tile(rows_of(machine, 2), (5000, 1))
    exact = exact_slope(machine, p, V, False)
    bias = [np.linalg.norm(update_of(machine, p, V, Recipe(method="cd", k=k)).W - exact.W) for k in (1, 3, 10, 40)]
    assert bias[0] > 2 * bias[1] > 2**2 * bias[2] and bias[3] < 0.03


@pytest.mark.parametrize("flavour", KINDS)
def test_learning_raises_the_exact_likelihood(flavour):
    machine, p = small_machine(flavour, scale=0.1)
    V = rows_of(machine, 200)
    V[:, 0] = V[:, -1] if flavour == "bernoulli" else V[:, 0]
    likelihood = lambda: -machine.free_energy(p, V).mean() - enumeration.log_partition(machine, p)  # noqa: E731
    before = likelihood()
    steps = ContrastiveDivergence(
        machine, p, Recipe(centring=True), 200, np.zeros((200, 3)), Stream(np.random.RandomState(0)), V.mean(axis=0)
    )
    for _ in range(200):
        steps.room(200)[:] = V
        steps.step(200, 0.05)
    assert likelihood() > before + 0.08


def test_tiny_variances_of_the_data_do_not_blow_up():
    """Columns measured in thousandths learn as those measured in units: the same numbers, in their own scale."""
    machine, _ = small_machine("gaussian")
    V = rows_of(machine, 200)
    ends = []
    for scale in (1.0, 1e-3):
        a, z = machine.base(V * scale)
        p = Parameters(np.full((3, 3), 0.1) * scale, a.copy(), np.zeros(3), z.copy())
        steps = ContrastiveDivergence(machine, p, Recipe(), 200, np.zeros((50, 3)), Stream(np.random.RandomState(0)))
        for _ in range(300):
            steps.room(200)[:] = V * scale
            steps.step(200, 0.1)
        assert p.finite()
        ends.append(Parameters(p.W / scale, p.a / scale, p.b, p.z - 2 * np.log(scale)))
    for first, second in zip(*ends, strict=True):
        np.testing.assert_allclose(first, second, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_one_wild_row_moves_a_log_variance_by_a_tenth_at_most(momentum):
    """A thousand deviations away: unbounded, e^z would be infinite after one step."""
    machine, _ = small_machine("gaussian")
    V = rows_of(machine, 50)
    p = Parameters(np.full((3, 3), 0.1), *(part.copy() for part in (machine.base(V)[0], np.zeros(3), machine.base(V)[1])))
    steps = ContrastiveDivergence(machine, p, Recipe(momentum=momentum), 50, np.zeros((50, 3)), Stream(np.random.RandomState(0)))
    for wild in (1000.0, 0.0, 0.0):
        before = p.z.copy()
        steps.room(50)[:] = V
        steps.room(50)[7] += wild
        steps.step(50, 0.05)
        assert p.finite() and abs(p.z - before).max() <= LARGEST + 1e-12
        assert not wild or abs(p.z - before).max() > LARGEST / 2


def test_columns_may_lie_anywhere():
    """With centring, data that are shifted give the same machine, shifted."""
    machine, _ = small_machine("gaussian")
    V, ends = rows_of(machine, 200), []
    for shift in (0.0, 30.0):
        a, z = machine.base(V + shift)
        W = np.full((3, 3), 0.1)
        b = -W.T @ ((V + shift).mean(axis=0) * np.exp(-z))
        p = Parameters(W, a.copy(), b.copy(), z.copy())
        mean = (V + shift).mean(axis=0)
        steps = ContrastiveDivergence(machine, p, Recipe(centring=True), 200, np.zeros((50, 3)), Stream(np.random.RandomState(0)), mean)
        for _ in range(100):
            steps.room(200)[:] = V + shift
            steps.step(200, 0.05)
        ends.append(Parameters(p.W, p.a - shift, p.b + p.W.T @ (shift * np.exp(-p.z)), p.z))
    assert abs(ends[0].z - machine.base(V)[1]).max() > 0.01  # the variances have moved
    for first, second in zip(*ends, strict=True):
        np.testing.assert_allclose(first, second, rtol=1e-5, atol=1e-6)


def test_a_variance_that_is_not_learned_stays():
    machine, p = small_machine("gaussian")
    V, before = rows_of(machine, 50), p.z.copy()
    steps = ContrastiveDivergence(
        machine, p, replace(Recipe(), learn_variance=False), 50, np.zeros((50, 3)), Stream(np.random.RandomState(0))
    )
    steps.room(50)[:] = V
    steps.step(50, 0.1)
    assert np.array_equal(p.z, before)


def test_a_step_allocates_no_matrix(recwarn):
    """Batches go through buffers that are made once."""
    machine = Machine(visible_units("bernoulli", 300), 200)
    rng = np.random.default_rng(0)
    p = Parameters(0.01 * rng.normal(size=(300, 200)), np.zeros(300), np.zeros(200), np.zeros(300))
    steps = ContrastiveDivergence(machine, p, Recipe(), 10, np.zeros((10, 200)), Stream(np.random.RandomState(0)))
    steps.room(10)[:] = 0.5
    steps.step(10, 0.1)
    W, V = p.W, steps.V
    import tracemalloc

    tracemalloc.start()
    for _ in range(5):
        steps.step(10, 0.1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < W.nbytes / 10 and p.W is W and steps.V is V
