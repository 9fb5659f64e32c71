"""A fitted Boltzmann machine as an estimator: hidden probabilities, energies and likelihoods, and the plain values of a file."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.special
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from glassnet.checks import unknown_name
from glassnet.estimators.boltzmann.rbm_parameters import check_counts, number
from glassnet.estimators.input_rows import validated
from glassnet.maths.mersenne import Stream
from glassnet.networks.boltzmann.machine import Machine, Parameters
from glassnet.networks.boltzmann.pseudo_likelihood import pseudo_log_likelihood
from glassnet.networks.boltzmann.visible import VisibleUnits
from glassnet.training.boltzmann import enumeration
from glassnet.training.boltzmann.annealed_importance import annealed_importance, temperatures
from glassnet.training.boltzmann.estimate import LogPartition
from glassnet.training.boltzmann.record import BoltzmannHistory
from glassnet.training.threads import threads_for

Array = NDArray[Any]

BLOCK = 2000


class FittedMachine(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """What BernoulliRBM and RBM answer once they are fitted; it is not used by itself."""

    components_: Array
    intercept_hidden_: Array
    intercept_visible_: Array
    h_samples_: Array
    log_variance_: Array
    history_: BoltzmannHistory
    stopped_because_: str
    _base: tuple[Array, Array]
    _units: VisibleUnits

    @property
    def _machine(self) -> Machine:
        return Machine(self._units, len(self.components_))

    @property
    def _parameters(self) -> Parameters:
        return Parameters(self.components_.T, self.intercept_visible_, self.intercept_hidden_, self.log_variance_)

    def _take_parameters(self, p: Parameters) -> None:
        """The attributes of scikit-learn's names are views of the parameters while they are learned."""
        self.components_, self.intercept_hidden_, self.intercept_visible_, self.log_variance_ = p.W.T, p.b, p.a, p.z
        self._n_features_out = p.W.shape[1]

    def _parameters_to_learn(self) -> Parameters:
        """The parameters where steps can write: whoever sets ``components_`` may have laid it out by rows, or in another dtype."""
        p, dtype = self._parameters, self.h_samples_.dtype
        if not p.W.flags.c_contiguous or any(part.dtype != dtype for part in p):
            self._take_parameters(Parameters(*(np.ascontiguousarray(part, dtype=dtype) for part in p)))
        return self._parameters

    # Rows in, numbers out ---------------------------------------------------------------------------------------------------

    def _rows(self, X: Any) -> Any:
        """Rows as the user gave them, checked; sparse ones stay sparse."""
        check_is_fitted(self)
        return validated(self, X, accept_sparse="csr", dtype=(np.float64, np.float32), reset=False)

    def _blocks(self, X: Any) -> Any:
        """Blocks of checked rows as dense arrays."""
        for start in range(0, X.shape[0], BLOCK):
            part = X[start : start + BLOCK]
            yield part.toarray() if hasattr(part, "toarray") else part

    def _over_blocks(self, X: Any, function: Any) -> Array:
        X = self._rows(X)
        with threads_for(min(BLOCK, X.shape[0]) * self.components_.size):
            return np.concatenate([function(self._machine, self._parameters, V) for V in self._blocks(X)])

    def transform(self, X: Any) -> Array:
        """The probability of every hidden unit to be 1.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        H : array of shape (n_samples, n_components)
            P(h = 1 | v), in [0, 1].
        """
        return self._mean_hiddens(self._rows(X))

    def _mean_hiddens(self, v: Any) -> Array:
        if hasattr(v, "toarray"):
            if not len(self._units.gaussian):
                p = np.asarray(v @ self._parameters.W) + self.intercept_hidden_
                return scipy.special.expit(p, out=p)
            v = v.toarray()
        v = np.asarray(v)
        return self._machine.hidden_means(self._parameters, np.atleast_2d(v)).reshape(*v.shape[:-1], -1)

    def reconstruct(self, X: Any) -> Array:
        """The mean of the visible units after one pass up and down, E[v | P(h = 1 | X)].

        Parameters
        ----------
        X : array or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        V : array of shape (n_samples, n_features)
        """
        return self._over_blocks(X, lambda machine, p, V: machine.visible_means(p, machine.hidden_means(p, V)))

    def inverse_transform(self, X: Any) -> Array:
        """The mean of the visible units given hidden ones, E[v | h].

        Parameters
        ----------
        X : array of shape (n_samples, n_components)
            Hidden states or probabilities, in [0, 1].

        Returns
        -------
        V : array of shape (n_samples, n_features)
        """
        return self._machine.visible_means(self._parameters, self._hidden_rows(X))

    def _hidden_rows(self, X: Any) -> Array:
        """Hidden states or probabilities as the user gave them, checked."""
        check_is_fitted(self)
        H = np.asarray(X, dtype=self.components_.dtype)
        if H.ndim != 2 or H.shape[1] != len(self.components_):
            raise ValueError(f"X must have shape (n_samples, {len(self.components_)}), one column per hidden unit; got {H.shape}.")
        if not np.isfinite(H).all():
            raise ValueError("X holds nan or infinity; hidden units are 0, 1 or a probability.")
        return H

    def free_energy(self, X: Any) -> Array:
        """The free energy F(v) = -log sum_h e^-E(v, h): log P(v) = -F(v) - log Z.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        F : array of shape (n_samples,)
            In nats; lower is more probable.
        """
        return self._over_blocks(X, lambda machine, p, V: machine.free_energy(p, V))

    def free_energy_gap(self, X: Any, X_val: Any) -> float:
        """Mean free energy of held-out rows minus that of training rows: what grows when the machine learns rows by heart.

        Parameters
        ----------
        X, X_val : arrays or sparse matrices of shape (n_samples, n_features)
            Rows learned from, and rows held out.

        Returns
        -------
        gap : float
            In nats per row, near 0 for a machine that generalises; log Z drops out.
        """
        return float(self.free_energy(X_val).mean() - self.free_energy(X).mean())

    def reconstruction_error(self, X: Any) -> Array:
        """The mean squared difference between a row's units and their means after one pass up and down.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        error : array of shape (n_samples,)
            In squared units of X. It says little about likelihood: a machine whose chain does not move has a small one.
        """
        return self._over_blocks(
            X, lambda machine, p, V: np.square(V - machine.visible_means(p, machine.hidden_means(p, V))).mean(axis=1, dtype=np.float64)
        )

    def score_samples(self, X: Any) -> Array:
        """The log pseudo-likelihood of each row: the sum over all units, or softmax groups, of log P(v_i | all others).

        It depends on the row alone. scikit-learn's estimate takes one unit per row, drawn at random; this is its mean over all draws.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_samples, n_features)
            Units that are 0 or 1. For values between, v is compared with 1 - v, as in scikit-learn.

        Returns
        -------
        pseudo_likelihood : array of shape (n_samples,)
            In nats, <= 0; with Gaussian columns the logarithm of densities, which may be above 0, and a hundred times slower.
        """
        return self._over_blocks(X, pseudo_log_likelihood)

    # Likelihood -------------------------------------------------------------------------------------------------------------

    def log_partition(
        self, *, method: str = "auto", n_temperatures: int = 10_000, n_chains: int = 100, random_state: Any = None
    ) -> LogPartition:
        """log Z, exactly or by annealed importance sampling.

        Parameters
        ----------
        method : {'auto', 'exact', 'ais'}, default='auto'
            'exact' sums over all states of the smaller side, up to 2^20 of them; 'auto' does so where it can.
        n_temperatures : int, default=10000
            Inverse temperatures of 'ais'. Too few flatter the likelihood: double them until the value stays.
        n_chains : int, default=100
            Independent runs of 'ais'.
        random_state : int, RandomState or None, default=None
            Seed of 'ais'; None takes the estimator's own.

        Returns
        -------
        estimate : LogPartition
            ``value``, ``low`` and ``high`` (three standard errors) in nats, ``effective_sample_size``, ``method``, ``log_weights``.
        """
        check_is_fitted(self)
        if method not in ("auto", "exact", "ais"):
            raise ValueError(unknown_name("method", method, ("auto", "exact", "ais")))
        machine, p = self._machine, self._parameters
        if method == "exact" or (method == "auto" and enumeration.can_be_summed(machine)):
            return LogPartition.exact(enumeration.log_partition(machine, p))
        check_counts(("n_temperatures", n_temperatures, 4), ("n_chains", n_chains, 2))
        random = check_random_state(self.random_state if random_state is None else random_state)
        stream = Stream(random, wide=p.W.dtype == np.float64)
        with threads_for(n_chains * p.W.size):
            return annealed_importance(machine, p, self._base, stream, n_chains=n_chains, betas=temperatures(n_temperatures))

    def log_likelihood(self, X: Any, *, log_partition: LogPartition | float | None = None) -> Array:
        """log P(v) of each row: minus the free energy, minus log Z.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_samples, n_features)
        log_partition : LogPartition, float or None, default=None
            log Z, of which ``log_partition()`` gives more than a value; None calls it.

        Returns
        -------
        log_likelihood : array of shape (n_samples,)
            In nats; the logarithm of a density where there are Gaussian columns.
        """
        known = log_partition.value if isinstance(log_partition, LogPartition) else log_partition
        if known is not None and not number(known):
            raise ValueError(f"log_partition must be None, a number, or what log_partition() gives; got {log_partition!r}.")
        energies = self.free_energy(X)
        return -energies - (self.log_partition().value if known is None else float(known))

    # Keeping ----------------------------------------------------------------------------------------------------------------

    def save(self, path: Any) -> None:
        """Write the fitted estimator to ``path``, a file that holds arrays and JSON and can never run code."""
        from glassnet.estimators.persistence import save

        save(self, path)

    def _get_state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        arrays = {
            "components": np.ascontiguousarray(self.components_),
            "intercept_hidden": self.intercept_hidden_,
            "intercept_visible": self.intercept_visible_,
            "log_variance": self.log_variance_,
            "h_samples": self.h_samples_,
            "base_intercept": self._base[0],
            "base_log_variance": self._base[1],
            **self.history_.as_arrays(),
        }
        facts = {"n_features_in_": self.n_features_in_, "n_iter_": self.n_iter_, "stopped_because_": self.stopped_because_}
        return arrays, {**facts, "kinds": list(self._units.kinds), "sizes": list(self._units.sizes)}

    def _set_state(self, arrays: dict[str, Array], facts: dict[str, Any]) -> None:
        n, kinds = facts["n_features_in_"], tuple(facts["kinds"])
        shapes = {"components": (len(arrays["intercept_hidden"]), n), "intercept_visible": (n,), "log_variance": (n,)}
        shapes |= {"base_intercept": (n,), "base_log_variance": (n,), "intercept_hidden": (len(arrays["intercept_hidden"]),)}
        for name, shape in shapes.items():
            if arrays[name].shape != shape or arrays[name].dtype.kind != "f" or not np.isfinite(arrays[name]).all():
                raise ValueError(f"{name} must hold finite floats of the shape {shape}")
        if len(kinds) != n or not len(arrays["intercept_hidden"]):
            raise ValueError("it has another number of visible units than of features")
        self._units = VisibleUnits(kinds, tuple(facts["sizes"]))
        W = np.ascontiguousarray(arrays["components"].T)
        self._take_parameters(Parameters(W, arrays["intercept_visible"], arrays["intercept_hidden"], arrays["log_variance"]))
        self.h_samples_, self._base = arrays["h_samples"], (arrays["base_intercept"], arrays["base_log_variance"])
        self.n_features_in_, self.n_iter_, self.stopped_because_ = n, facts["n_iter_"], facts["stopped_because_"]
        self.history_ = BoltzmannHistory.from_arrays(arrays)
        self.history_.stopped_because = self.stopped_because_

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
