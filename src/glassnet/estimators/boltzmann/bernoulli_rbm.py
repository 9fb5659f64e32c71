"""BernoulliRBM: scikit-learn's restricted Boltzmann machine, the same numbers from the same seed, and measures that can be trusted.

First weights, chains and uniform numbers are those of scikit-learn 1.9: components agree to rounding. Its update is kept as it is, sums
over the rows of the batch and sums over the chains each divided by the rows of the batch. `RBM` is the one for new work.
"""

from __future__ import annotations

import time
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from glassnet.checks import Faults
from glassnet.estimators.boltzmann.chains import SamplingMachine
from glassnet.estimators.boltzmann.learning_machine import close
from glassnet.estimators.boltzmann.rbm_parameters import number, whole
from glassnet.estimators.boltzmann.visible_rows import check_kinds, checked_rows, some_rows
from glassnet.estimators.callbacks import CallbackSupportMixin, EpochTasks, with_callbacks
from glassnet.maths.mersenne import Stream
from glassnet.maths.schedules import Schedule
from glassnet.networks.boltzmann.machine import Machine, Parameters
from glassnet.networks.boltzmann.pseudo_likelihood import pseudo_log_likelihood
from glassnet.networks.boltzmann.visible import visible_units
from glassnet.training.boltzmann.contrastive_divergence import ContrastiveDivergence, Recipe
from glassnet.training.boltzmann.loop import TrainingPlan, put, train_machine
from glassnet.training.boltzmann.record import BoltzmannHistory, Record
from glassnet.training.history import Row
from glassnet.training.loop import Observer
from glassnet.training.stopping import Reason
from glassnet.training.threads import threads_for

Array = NDArray[Any]


class BernoulliRBM(CallbackSupportMixin, SamplingMachine):
    """A restricted Boltzmann machine of units that are 0 or 1, learned by persistent contrastive divergence; scikit-learn's parameters.

    Parameters
    ----------
    n_components : int, default=256
        Hidden units, >= 1.
    learning_rate : float, default=0.1
        Step size, > 0.
    batch_size : int, default=10
        Rows per update, and persistent chains, >= 1.
    n_iter : int, default=10
        Epochs, >= 0.
    verbose : int, default=0
        Above 0: print the pseudo-likelihood after every epoch.
    random_state : int, RandomState or None, default=None
        Seed of weights and chains: one seed, scikit-learn's numbers.

    Attributes
    ----------
    components_ : array of shape (n_components, n_features)
        Weights.
    intercept_hidden_ : array of shape (n_components,)
        Biases of the hidden units.
    intercept_visible_ : array of shape (n_features,)
        Biases of the visible units.
    h_samples_ : array of shape (batch_size, n_components)
        The hidden states of the persistent chains.
    history_ : BoltzmannHistory
        One row per epoch: reconstruction error, free energy, hidden activity, weight norm, seconds. ``.to_frame()``.
    stopped_because_ : str
        Why training stopped, in a sentence.
    n_iter_ : int
        Epochs of the last fit.
    n_features_in_, feature_names_in_
        As in scikit-learn.

    Examples
    --------
    >>> import numpy as np
    >>> from glassnet.estimators.boltzmann.bernoulli_rbm import BernoulliRBM
    >>> X = np.array([[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 1]])
    >>> rbm = BernoulliRBM(n_components=2, n_iter=100, random_state=0).fit(X)
    >>> rbm.transform(X).shape
    (4, 2)
    >>> bool(np.isclose(np.exp(rbm.log_likelihood([[a, b, c] for a in (0, 1) for b in (0, 1) for c in (0, 1)])).sum(), 1))
    True
    """

    def __init__(
        self,
        n_components: int = 256,
        *,
        learning_rate: float = 0.1,
        batch_size: int = 10,
        n_iter: int = 10,
        verbose: int = 0,
        random_state: Any = None,
    ) -> None:
        self.n_components = n_components
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.n_iter = n_iter
        self.verbose = verbose
        self.random_state = random_state

    def _check_parameters(self) -> None:
        faults = Faults()
        for name, least in (("n_components", 1), ("batch_size", 1), ("n_iter", 0)):
            value = getattr(self, name)
            faults.unless(whole(value, least), f"{name} must be an integer of {least} or more; got {value!r}.")
        right = number(self.learning_rate) and self.learning_rate > 0
        faults.unless(right, f"learning_rate must be a number above 0; got {self.learning_rate!r}.")
        faults.raise_if_any()

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn from the rows of X.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_samples, n_features)
            Values in [0, 1]. float32 stays float32; everything else becomes float64.
        y : ignored

        Returns
        -------
        self

        Raises
        ------
        DivergenceError
            When a number stops being finite.
        """
        self._check_parameters()
        given = (X, y, None)
        X = checked_rows(self, X)
        check_kinds(visible_units("bernoulli", X.shape[1]), X)
        random = check_random_state(self.random_state)
        self._begin(X, random, X.dtype)
        reason = self._learn_watched(X, random, given)
        self.n_iter_, self.stopped_because_ = len(self.history_), reason.sentence
        close(reason)
        return self

    def partial_fit(self, X: Any, y: Any = None) -> Self:
        """One update with the rows of X as one batch.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_samples, n_features)
        y : ignored

        Returns
        -------
        self
        """
        self._check_parameters()
        first = not hasattr(self, "components_")
        X = checked_rows(self, X, reset=first)
        if not hasattr(self, "random_state_"):
            self.random_state_ = check_random_state(self.random_state)
        if first:
            self._begin(X, self.random_state_, X.dtype)
            self.n_iter_, self.stopped_because_ = 0, "learned batch by batch"
        stream = Stream(self.random_state_)
        steps = self._steps(X.shape[0], stream)
        put(X, slice(0, X.shape[0]), steps.room(X.shape[0]))
        with threads_for(X.shape[0] * self.components_.size):
            steps.step(X.shape[0], float(self.learning_rate))
        stream.give_back()
        self.n_iter_ += 1
        return self

    def _begin(self, X: Any, random: np.random.RandomState, dtype: Any) -> None:
        """First weights, in scikit-learn's order of draws, and chains at 0."""
        n = X.shape[1]
        first = random.normal(0, 0.01, (self.n_components, n))
        zeros = [np.zeros(size, dtype) for size in (n, self.n_components, n)]
        self._units = visible_units("bernoulli", n)
        self._take_parameters(Parameters(np.ascontiguousarray(first.T, dtype=dtype), *zeros))
        self.h_samples_ = np.zeros((self.batch_size, self.n_components), dtype)
        self._base = Machine(self._units, self.n_components).base(some_rows(X, dtype))
        self.history_ = BoltzmannHistory()

    def _steps(self, batch_size: int, stream: Stream) -> ContrastiveDivergence:
        return ContrastiveDivergence(self._machine, self._parameters_to_learn(), Recipe(even=False), batch_size, self.h_samples_, stream)

    @with_callbacks
    def _learn_watched(self, X: Any, random: np.random.RandomState, given: tuple[Any, Any, Any]) -> Reason:
        """Train before the eyes of scikit-learn's callbacks."""
        tasks = EpochTasks(self, *given, self._as_if_stopped)
        stream = Stream(random)
        steps = self._steps(self.batch_size, stream)
        plan = TrainingPlan(float(self.learning_rate), Schedule(), self.n_iter)
        record = Record(self._machine, self.history_, some_rows(X, self.components_.dtype), pseudo=False)
        with threads_for(self.batch_size * self.components_.size):
            reason = train_machine(steps, X, None, plan, record, (*self._spoken(X), tasks), tasks.begin)
        stream.give_back()
        tasks.end()
        return reason

    def _spoken(self, X: Any) -> tuple[Observer, ...]:
        rows, began = some_rows(X, self.components_.dtype), time.perf_counter()

        def say(row: Row) -> None:
            nonlocal began
            score = pseudo_log_likelihood(self._machine, self._parameters, rows).mean()
            now = time.perf_counter()
            name = type(self).__name__
            print(f"[{name}] Iteration {row['epoch']}, pseudo-likelihood = {score:.2f}, time = {now - began:.2f}s")  # noqa: T201
            began = now

        return (say,) if self.verbose else ()

    def gibbs(self, v: Any) -> Array:
        """One Gibbs sweep: h drawn from P(h | v), then v from P(v | h).

        Parameters
        ----------
        v : array or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        v_new : array of bool of shape (n_samples, n_features)
        """
        check_is_fitted(self)
        if not hasattr(self, "random_state_"):
            self.random_state_ = check_random_state(self.random_state)
        return self._sample_visibles(self._sample_hiddens(v, self.random_state_), self.random_state_)

    def _sample_hiddens(self, v: Any, rng: np.random.RandomState) -> Array:
        p = self._mean_hiddens(v)
        return rng.uniform(size=p.shape) < p

    def _sample_visibles(self, h: Any, rng: np.random.RandomState) -> Array:
        p = self._machine.visible_means(self._parameters, np.asarray(h, dtype=self.components_.dtype))
        return rng.uniform(size=p.shape) < p
