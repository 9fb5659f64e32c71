"""How an RBM learns, behind the estimator: first parameters and chains, its training, and what is left on the estimator.

fit -> _learn_watched -> train_machine -> epoch -> ContrastiveDivergence.step
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.estimators.boltzmann.chains import SamplingMachine
from glassnet.estimators.boltzmann.rbm_parameters import batch_sizes
from glassnet.estimators.boltzmann.visible_rows import some_rows
from glassnet.estimators.callbacks import CallbackSupportMixin, EpochTasks, with_callbacks
from glassnet.maths.mersenne import Stream
from glassnet.maths.schedules import schedule_from
from glassnet.networks.boltzmann.machine import Machine, Parameters
from glassnet.networks.boltzmann.visible import VisibleUnits
from glassnet.training.boltzmann.contrastive_divergence import ContrastiveDivergence, Recipe
from glassnet.training.boltzmann.loop import TrainingPlan, put, train_machine
from glassnet.training.boltzmann.record import BoltzmannHistory, Record
from glassnet.training.boltzmann.tempering import Ladder
from glassnet.training.history import Row
from glassnet.training.interrupts import inside_a_search
from glassnet.training.loop import Observer
from glassnet.training.stopping import Best, Reason
from glassnet.training.threads import threads_for

Array = NDArray[Any]

ROWS_OF_THE_BASE = 10_000
"""Rows that first biases and variances are taken from, where rows are made only when they are asked for."""


def close(reason: Reason) -> None:
    """Say aloud that a training was interrupted; within a search, which must end too, KeyboardInterrupt goes on."""
    if reason.kind == "interrupted":
        if inside_a_search():
            raise KeyboardInterrupt(reason.sentence)
        warnings.warn("Training interrupted by user. The machine holds the parameters as they were then.", stacklevel=3)


class LearningMachine(CallbackSupportMixin, SamplingMachine):
    """A machine that learns from checked rows; who checks them stands in the class below."""

    _observers: tuple[Observer, ...] = ()
    _random_on: np.random.RandomState
    _pseudo: bool = True
    """Whether the history holds the pseudo-likelihood, which takes as long as a pass over thousands of rows."""

    def _begin(self, units: VisibleUnits, X: Any, weight: Any, random: np.random.RandomState) -> None:
        """First parameters and chains: biases and variances from the data, small weights, chains at rows of the base machine."""
        dtype, n = X.dtype, X.shape[1]
        self._units = units
        machine = Machine(units, self.n_components)
        self._base = machine.base(*((some_rows(X, dtype, ROWS_OF_THE_BASE),) if hasattr(X, "gather_into") else (X, weight)))
        a0, z0 = self._base
        W = random.normal(0, self.init_scale, (n, self.n_components)) * np.exp(z0 / 2)[:, None]
        a = a0.copy() if self.visible_bias == "data" else np.zeros(n, dtype)
        self._take_parameters(Parameters(np.ascontiguousarray(W, dtype=dtype), a, np.zeros(self.n_components, dtype), z0.copy()))
        chains, rungs = self._chains_wanted()
        self._all_chains = (random.uniform(size=(chains * rungs, self.n_components)) < 0.5).astype(dtype)
        self.h_samples_ = self._all_chains[-chains:]
        self.history_ = BoltzmannHistory()
        self.swap_rates_: Array | None = None
        self.__dict__.pop("_steps_on", None)

    def _go_on(self, units: VisibleUnits, n_features: int) -> None:
        """Raise ValueError where what was learned is no beginning for these parameters; chains follow their parameters."""
        if self._units != units or self.components_.shape != (self.n_components, n_features):
            raise ValueError(
                f"Learning would go on from {self.components_.shape[0]} hidden units on {self.components_.shape[1]} columns of the kinds "
                "they had; keep n_components and visible as they were, or begin anew: fit with warm_start=False."
            )
        (chains, rungs), held = self._chains_wanted(), len(self.__dict__.get("_all_chains", ()))
        if not held or (self.method != "cd" and (held != chains * rungs or len(self.h_samples_) != chains)):
            self._repeat_chains(chains, rungs)

    def _chains_wanted(self) -> tuple[int, int]:
        """(persistent chains, temperatures of each)."""
        return self.n_chains or batch_sizes(self.batch_size)[0], self.n_temperatures if self.method == "pt" else 1

    def _repeat_chains(self, chains: int, rungs: int) -> None:
        """The chains at temperature 1, taken in turn, and the same at all others: hot ones mix at once."""
        taken = np.resize(np.arange(len(self.h_samples_)), chains)
        self._all_chains = np.tile(self.h_samples_[taken], (rungs, 1))
        self.h_samples_ = self._all_chains[-chains:]

    @property
    def _recipe(self) -> Recipe:
        return Recipe(
            method=self.method,
            k=self.k,
            momentum=self.momentum,
            l2=self.l2,
            l1=self.l1,
            sparsity_target=self.sparsity_target,
            sparsity_cost=self.sparsity_cost if self.sparsity_target is not None else 0.0,
            centring=self.centring,
            learn_variance=self.learn_variance,
        )

    def _steps(self, batch_size: int, random: np.random.RandomState) -> ContrastiveDivergence:
        p, ladder = self._parameters_to_learn(), None
        if self.method == "pt":
            betas = np.linspace(0, 1, self.n_temperatures)
            ladder = Ladder(betas, len(self._all_chains) // self.n_temperatures, self._base)
        stream = Stream(np.random.RandomState(random.randint(2**31 - 1)), wide=p.W.dtype == np.float64)
        mean = np.empty_like(p.a)
        a0, z0 = self._base
        at = self._units.field(a0, z0)
        F = np.zeros((1, len(a0)), p.W.dtype)
        self._units.means(F, at)
        mean[:] = F[0]
        return ContrastiveDivergence(self._machine, p, self._recipe, batch_size, self._all_chains, stream, mean, ladder)

    def _learn_batch(self, X: Any, weight: Array | None) -> None:
        """One update; momentum and the running mean go on from the last one, unless the recipe or the parameters are others now."""
        n, steps = X.shape[0], self.__dict__.get("_steps_on")
        ours = steps is not None and all(map(np.may_share_memory, steps.parameters, self._parameters))
        if steps is None or not ours or steps.recipe != self._recipe or steps.chains is not self._all_chains:
            steps = self._steps_on = self._steps(n, self._random_on)
        if steps.size < n:
            steps.resize(n)
        put(X, slice(0, n), steps.room(n))
        with threads_for(n * self.components_.size):
            steps.step(n, float(self.learning_rate), weight)
        self._keep_chains(steps)

    def _keep_chains(self, steps: ContrastiveDivergence) -> None:
        self._all_chains = steps.chains
        self.h_samples_ = steps.chains if steps.ladder is None else steps.chains[-steps.ladder.n_chains :]
        self.swap_rates_ = None if steps.ladder is None else steps.ladder.accepted

    @with_callbacks
    def _learn_watched(
        self, X: Any, weight: Array | None, X_val: Any, random: np.random.RandomState, given: tuple[Any, Any, Any]
    ) -> Reason:
        """Train before the eyes of scikit-learn's callbacks."""
        tasks = EpochTasks(self, *given, self._as_if_stopped)
        sizes = tuple(min(size, X.shape[0]) for size in batch_sizes(self.batch_size))
        steps = self._steps(sizes[0], random)
        order = np.random.RandomState(random.randint(2**31 - 1)) if self.shuffle else None
        discrete = not len(self._units.gaussian)
        best = Best("val_pseudo_likelihood", larger_is_better=True) if discrete else Best("val_reconstruction_error")
        plan = TrainingPlan(
            float(self.learning_rate),
            schedule_from(self.schedule),
            self.n_iter,
            order,
            best if self.early_stopping else None,
            self.n_iter_no_change,
            self.max_seconds,
            sizes,
        )
        dtype = self.components_.dtype
        held = None if X_val is None else some_rows(X_val, dtype)
        record = Record(self._machine, self.history_, some_rows(X, dtype), held, self._pseudo or self.early_stopping)
        with threads_for(max(sizes) * self.components_.size):
            reason = train_machine(steps, X, weight, plan, record, (*self._observers, *self._spoken(), tasks), tasks.begin)
        self._keep_chains(steps)
        tasks.end()
        return reason

    def _spoken(self) -> tuple[Observer, ...]:
        def say(row: Row) -> None:
            score = row["pseudo_likelihood"]
            told = "" if score is None else f", pseudo-likelihood = {score:.2f}"
            gap = "" if row["free_energy_gap"] is None else f", free-energy gap = {row['free_energy_gap']:.2f}"
            print(f"Iteration {row['epoch']}{told}, reconstruction error = {row['reconstruction_error']:.5f}{gap}")  # noqa: T201

        return (say,) if self.verbose else ()
