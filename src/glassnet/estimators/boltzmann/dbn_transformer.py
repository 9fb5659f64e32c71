"""DBNTransformer: machines stacked and unrolled into a deep autoencoder, which is then fine-tuned.

code       x -> h_1 -> ... -> h_L            W_l, b_l of machine l
again      h_L -> ... -> h_1 -> x            W_l' and the visible biases of machine l
loss       cross-entropy of 0/1 inputs, half the squared error of Gaussian ones in units of their conditional deviations s
"""

from __future__ import annotations

import warnings
from typing import Any, Self

import numpy as np
import scipy.special
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from glassnet.checks import unknown_name
from glassnet.estimators.architecture import hidden_sizes
from glassnet.estimators.boltzmann.deep_belief import DeepBeliefNetwork, pretrained, upward
from glassnet.estimators.boltzmann.rbm import RBM
from glassnet.estimators.boltzmann.rbm_parameters import check_counts
from glassnet.estimators.input_rows import validated
from glassnet.estimators.mlp_parameters import check_parameters
from glassnet.estimators.mlp_regressor import MLPRegressor
from glassnet.networks.network import Network
from glassnet.networks.tied import TiedNetwork

Array = NDArray[Any]


def cross_entropy(raw: Array, y: Array) -> Array:
    """log(1 + e^z) - y z."""
    return np.logaddexp(0, raw) - y * raw


def cross_entropy_slope(raw: Array, y: Array) -> Array:
    """1 / (1 + e^-z) - y."""
    return scipy.special.expit(raw) - y


class _Unrolled(MLPRegressor):
    """The autoencoder: a multilayer perceptron whose targets are its inputs."""

    tied = False

    def _start(self, n_features: int, target: Array, random: np.random.RandomState, *, first: bool) -> Network:
        network = super()._start(n_features, target, random, first=first)
        return TiedNetwork(network.layers, network.loss, network.dropout) if self.tied else network


class DBNTransformer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """A deep autoencoder: rows to a few numbers in [0, 1] and back, learned layer by layer as Boltzmann machines and then as a whole.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of ints, default=(500, 250, 30)
        Units of the encoding layers, each >= 1; the last is the code.
    visible : {'bernoulli', 'gaussian'}, default='bernoulli'
        The kind of the inputs.
    pretrain_epochs, pretraining
        As in `DBNClassifier`; ``pretrain_epochs=0`` takes the machines' small random weights.
    tied : bool, default=False
        Whether decoding weights stay the encoding ones, transposed.
    solver, alpha, batch_size, learning_rate_init, schedule, max_iter, tol, n_iter_no_change, max_seconds
        Of the fine-tuning, as in `MLPRegressor`; ``max_iter=0`` leaves it out.
    verbose, random_state
        As in `DBNClassifier`.

    Attributes
    ----------
    rbms_ : list of RBM
        The machines as pre-training left them; not kept in files.
    network_ : MLPRegressor
        The autoencoder, with ``coefs_``, ``intercepts_``, ``history_``.
    history_ : History
        Of the fine-tuning.
    stopped_because_ : str
        Why it stopped.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from glassnet.estimators.boltzmann.dbn_transformer import DBNTransformer
    >>> X = load_digits().data / 16
    >>> coder = DBNTransformer((32, 8), pretrain_epochs=2, max_iter=2, tol=0, random_state=0).fit(X)
    >>> coder.transform(X).shape, coder.inverse_transform(coder.transform(X)).shape
    ((1797, 8), (1797, 64))
    """

    def __init__(
        self,
        hidden_layer_sizes: Any = (500, 250, 30),
        *,
        visible: str = "bernoulli",
        pretrain_epochs: int = 10,
        pretraining: Any = None,
        tied: bool = False,
        solver: str = "adam",
        alpha: float = 0.0,
        batch_size: int | str = "auto",
        learning_rate_init: float = 0.001,
        schedule: Any = None,
        max_iter: int = 50,
        tol: float = 1e-4,
        n_iter_no_change: int = 10,
        max_seconds: float | None = None,
        verbose: bool = False,
        random_state: Any = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.visible = visible
        self.pretrain_epochs = pretrain_epochs
        self.pretraining = pretraining
        self.tied = tied
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate_init = learning_rate_init
        self.schedule = schedule
        self.max_iter = max_iter
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.max_seconds = max_seconds
        self.verbose = verbose
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn to encode the rows of X and to decode them.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_samples, n_features)
        y : ignored

        Returns
        -------
        self
        """
        DeepBeliefNetwork._check_pretraining(self)
        if self.visible not in ("bernoulli", "gaussian"):
            raise ValueError(unknown_name("visible", self.visible, ("bernoulli", "gaussian")))
        if not isinstance(self.tied, bool | np.bool_):
            raise ValueError(f"tied must be True or False; got {self.tied!r}.")
        check_counts(("max_iter", self.max_iter, 0))
        sizes = hidden_sizes(self.hidden_layer_sizes, None, None)
        if not sizes:
            raise ValueError("hidden_layer_sizes must name at least one layer, the code; got ().")
        check_parameters(self._autoencoder(sizes, None))  # before the machines learn
        X = self._rows(X, reset=True)
        random = check_random_state(self.random_state)
        self.rbms_ = pretrained(X, sizes, self.visible, self.pretrain_epochs, self.pretraining or {}, random, self.verbose)
        self._scale = np.exp(self.rbms_[0].log_variance_ / 2)
        self._n_features_out, self._depth = sizes[-1], len(sizes)
        weights, biases = self._unrolled(self.rbms_)
        self.network_ = self._autoencoder(sizes, random.randint(2**31 - 1))
        self.network_.init = (weights, biases)
        scaled = X / self._scale
        if self.max_iter:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)  # to end with its epochs is the rule; stopped_because_ says so
                self.network_.fit(scaled, scaled)
        else:
            self.network_._take_weights(weights, biases)
        self.history_, self.stopped_because_ = self.network_.history_, self.network_.stopped_because_
        self.n_iter_ = self.network_.n_iter_
        return self

    def _autoencoder(self, sizes: tuple[int, ...], seed: int | None) -> _Unrolled:
        """The network before it has weights."""
        settings = {name: getattr(self, name) for name in ("solver", "alpha", "batch_size", "learning_rate_init", "schedule", "tol")}
        network = _Unrolled(
            (cross_entropy, cross_entropy_slope) if self.visible == "bernoulli" else "squared_error",
            hidden_layer_sizes=[*sizes, *reversed(sizes[:-1])],
            activation="logistic",
            max_iter=max(1, self.max_iter),
            n_iter_no_change=self.n_iter_no_change,
            max_seconds=self.max_seconds,
            verbose=self.verbose,
            random_state=seed,
            **settings,
        )
        network.tied = bool(self.tied)
        return network

    def _unrolled(self, machines: list[RBM]) -> tuple[list[Array], list[Array]]:
        """Weights and biases of the whole way, for inputs divided by their conditional deviations."""
        up = [upward(machine) for machine in machines]
        up[0] = (np.ascontiguousarray(machines[0].components_.T / self._scale[:, None]), up[0][1])
        biases = [machine.intercept_visible_.copy() for machine in machines]
        biases[0] = biases[0] / self._scale
        weights = [W for W, _ in up] + [np.ascontiguousarray(W.T) for W, _ in reversed(up)]
        return weights, [b for _, b in up] + biases[::-1]

    def _rows(self, X: Any, *, reset: bool = False) -> Array:
        X = validated(self, X, accept_sparse="csr", dtype=(np.float64, np.float32), reset=reset)
        return X.toarray() if hasattr(X, "toarray") else X

    def transform(self, X: Any) -> Array:
        """The code of each row.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        code : array of shape (n_samples, hidden_layer_sizes[-1])
            In [0, 1].
        """
        check_is_fitted(self)
        scaled = self._rows(X) / self._scale
        return self.network_._activations(scaled, self._depth - 1)

    def inverse_transform(self, X: Any) -> Array:
        """Rows from codes.

        Parameters
        ----------
        X : array of shape (n_samples, hidden_layer_sizes[-1])

        Returns
        -------
        rows : array of shape (n_samples, n_features)
            Probabilities in [0, 1], or means of Gaussian inputs.
        """
        check_is_fitted(self)
        code = np.asarray(X, dtype=self._scale.dtype)
        if code.ndim != 2 or code.shape[1] != self._n_features_out:
            raise ValueError(f"X must have shape (n_samples, {self._n_features_out}), one column per unit of the code; got {code.shape}.")
        if not np.isfinite(code).all():
            raise ValueError("X holds nan or infinity; every entry of a code must be a number in [0, 1].")
        network, pairs, _ = self.network_._predictor()
        half = self._depth
        raw = Network(network.layers[half:], network.loss, network.dropout[half:]).raw_prediction(pairs[half:], code)
        return scipy.special.expit(raw) if self.visible == "bernoulli" else raw * self._scale

    def score(self, X: Any, y: Any = None) -> float:
        """Minus the mean loss of a row after encoding and decoding: cross-entropy in nats, or half the squared error in units of s.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_samples, n_features)
        y : ignored

        Returns
        -------
        score : float
        """
        check_is_fitted(self)
        rows = self._rows(X)
        again = self.inverse_transform(self.transform(rows))
        if self.visible == "bernoulli":
            kept = np.clip(again, 1e-12, 1 - 1e-7)
            return float((rows * np.log(kept) + (1 - rows) * np.log1p(-kept)).sum(axis=1).mean())
        return -float((np.square((rows - again) / self._scale) / 2).sum(axis=1).mean())

    def save(self, path: Any) -> None:
        """Write the fitted estimator to ``path``, a file that holds arrays and JSON and can never run code."""
        from glassnet.estimators.persistence import save

        save(self, path)

    def _get_state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        arrays, facts = self.network_._get_state()
        return {**arrays, "scale": self._scale}, facts

    def _set_state(self, arrays: dict[str, Array], facts: dict[str, Any]) -> None:
        sizes = hidden_sizes(self.hidden_layer_sizes, None, None)
        self.network_ = self._autoencoder(sizes, None)
        self.network_._set_state({name: array for name, array in arrays.items() if name != "scale"}, facts)
        self._scale, self.n_features_in_ = arrays["scale"], self.network_.n_features_in_
        if self._scale.shape != (self.n_features_in_,) or len(self.network_.coefs_) != 2 * len(sizes):
            raise ValueError("its layers do not fit its parameters")
        self.rbms_, self._n_features_out, self._depth = [], sizes[-1], len(sizes)
        self.history_, self.stopped_because_ = self.network_.history_, self.network_.stopped_because_
        self.n_iter_ = self.network_.n_iter_

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
