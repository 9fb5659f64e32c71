"""A fitted network as an estimator: it predicts, sums itself up, and turns into the plain values of a file and back."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from glassnet.data.prepared_rows import PreparedRows
from glassnet.estimators.architecture import build_network, hidden_activations, network_of, per_layer
from glassnet.estimators.given_weights import given_layers
from glassnet.estimators.hidden_units import HiddenUnits
from glassnet.estimators.html_representation import ShowsItsNetwork
from glassnet.estimators.input_rows import all_finite, refuse_runaway, validated
from glassnet.estimators.mlp_parameters import check_parameters
from glassnet.estimators.summary import summarise
from glassnet.maths.losses import Loss
from glassnet.networks.network import Network
from glassnet.networks.passes import CompiledPrediction, can_be_compiled, is_quick, quick_prediction
from glassnet.training.history import History
from glassnet.training.threads import threads_worth

Array = NDArray[Any]


class FittedNetwork(HiddenUnits, ShowsItsNetwork):
    """Weights ``coefs_`` and ``intercepts_`` that answer; how they came about is the business of the classes below."""

    coefs_: list[Array]
    intercepts_: list[Array]
    history_: History
    best_loss_: float | None
    _state: Any
    _not_in_files = ("init",)
    """Parameters of the first step only: a file holds the weights that training ended with."""

    @property
    def _probability_of_both(self) -> bool:
        """True where one sigmoid unit tells the probability of two classes."""
        return False

    def _loss(self) -> Loss:
        """The loss with its link."""
        raise NotImplementedError

    def _to_prediction(self, raw: Array) -> Array:
        """From raw predictions to what ``predict`` returns."""
        raise NotImplementedError

    def _raw_prediction(self, X: Any) -> Array:
        """The raw prediction z (n, n_outputs) of checked rows."""
        network, pairs, quick = self._predictor()
        if quick is not None and quick.takes(X):
            return quick(X, threads_worth(len(X) * quick.work))
        with np.errstate(over="ignore", invalid="ignore"):
            return network.raw_prediction(pairs, X)

    def _describe(self) -> None:
        """Note the network of the present weights, so that a prediction need not describe it again."""
        parts = (*self.coefs_, *self.intercepts_, self.activation, self.loss)
        activations = hidden_activations(self.activation, len(self.coefs_) - 1)
        network = network_of(self.coefs_, self.intercepts_, activations, self._loss())
        quick = quick_prediction(network, network.layout.theta_behind(self.coefs_, self.intercepts_))
        self._described = (parts, network, list(zip(self.coefs_, self.intercepts_, strict=True)), quick)

    def _gather_weights(self) -> None:
        """Move weights that came one by one into one vector, as learned ones are, where the quick way to a prediction could read it."""
        self._describe()
        _, network, _, quick = self._described
        layout, (coefs, intercepts) = network.layout, (self.coefs_, self.intercepts_)
        if quick is None and is_quick(network) and layout.fits(coefs, intercepts):
            pairs = layout.views(layout.pack(coefs, intercepts, coefs[0].dtype))
            self.coefs_, self.intercepts_ = [W for W, _ in pairs], [b for _, b in pairs]
            self._describe()

    def _predictor(self) -> tuple[Network, list[tuple[Array, Array]], CompiledPrediction | None]:
        """The network, its (W, b), and its quick way; described anew only where weights or parameters were exchanged since."""
        parts, network, pairs, quick = self._described
        now = (*self.coefs_, *self.intercepts_, self.activation, self.loss)
        if len(parts) == len(now) and all(a is b for a, b in zip(parts, now, strict=True)):
            return network, pairs, quick
        fresh = copy.copy(self)
        fresh._describe()
        return fresh._described[1:]

    def _activations(self, X: Any, layer: int) -> Array:
        """A_l (n, units) of hidden layer ``layer``, counted from 0, for rows as the user gave them."""
        network, pairs, _ = self._predictor()
        part = Network(network.layers[: layer + 1], network.loss, network.dropout[: layer + 1])
        return part.raw_prediction(pairs[: layer + 1], self._checked(X))

    def _raw_of(self, X: Any) -> Array:
        """The raw prediction of rows as the user gave them."""
        if "coefs_" not in self.__dict__:
            check_is_fitted(self)
        X = self._checked(X)
        raw = self._raw_prediction(X)
        refuse_runaway(raw, X)
        return raw

    def _checked(self, X: Any) -> Any:
        """Rows as the user gave them, checked."""
        if self._plainly_right(X):
            return X
        prepared = isinstance(X, PreparedRows)
        options: dict[str, Any] = {"accept_sparse": "csr", "dtype": (np.float64, np.float32), "order": "C", "reset": False}
        return validated(self, X, **options, skip_check_array=prepared)

    def _plainly_right(self, X: Any) -> bool:
        """True where scikit-learn's checks, which take longer than a small network, would find nothing: a finite float array."""
        return (
            type(X) is np.ndarray
            and X.ndim == 2
            and X.dtype.char in "fd"
            and X.flags.c_contiguous
            and X.flags.aligned
            and X.shape[1] == self.n_features_in_
            and X.shape[0] > 0
            and "feature_names_in_" not in self.__dict__
            and all_finite(X)
        )

    def compile_predict(self) -> Callable[[Array], Array]:
        """A function from rows to ``predict_proba`` (classifiers) or predictions (regressors), for many small calls.

        Returns
        -------
        function
            Takes a C-contiguous array (n, n_features) in the dtype of ``coefs_`` and checks nothing; returns an array
            (n, n_classes) or (n, n_outputs). It keeps the weights of this moment and may be called from several threads.

        Raises
        ------
        ValueError
            For activations that cannot be compiled into the loop (gelu and a user's own).
        """
        check_is_fitted(self)
        network, _, _ = self._predictor()
        if not can_be_compiled(network):
            raise ValueError(
                "compile_predict takes built-in activations other than 'gelu', and one column of classes; use predict or predict_proba."
            )
        theta = network.layout.pack(self.coefs_, self.intercepts_, self.coefs_[0].dtype)
        return CompiledPrediction(network, theta, network.loss.link, both_classes=self._probability_of_both)

    def predict(self, X: Any) -> Array:
        """Predict the rows of X.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        y : array of shape (n_samples,) or (n_samples, n_outputs)
            Class labels, 0/1 columns for several labels at once, or numbers.
        """
        return self._to_prediction(self._raw_of(X))

    # Looking and keeping ----------------------------------------------------------------------------------------------------

    def summary(self) -> str:
        """Layers, shapes, parameters, rows per parameter, and plain words when the network is too big for its data."""
        check_is_fitted(self)
        layers = len(self.coefs_)
        names = [activation.name for activation in hidden_activations(self.activation, layers - 1)]
        sizes = [W.shape[0] for W in self.coefs_] + [self.coefs_[-1].shape[1]]
        biases = per_layer("bias", self.bias, layers, "layer")
        watched = bool(self.early_stopping)
        return summarise(sizes, [*names, self.out_activation_], n_rows=getattr(self, "_n_rows", None), biases=biases, watched=watched)

    def save(self, path: Any) -> None:
        """Write the fitted estimator to ``path``, a file that holds arrays and JSON and can never run code.

        Raises OSError where the file cannot be written; an older file of that name is then left as it was.
        """
        from glassnet.estimators.persistence import save

        save(self, path)

    def _take_weights(self, coefs: list[Array], intercepts: list[Array]) -> None:
        """Fitted attributes for weights that were given, not learned."""
        check_parameters(self)
        build_network(
            coefs[0].shape[0],
            coefs[-1].shape[1],
            hidden=[W.shape[1] for W in coefs[:-1]],
            activation=self.activation,
            bias=self.bias,
            dropout=self.dropout,
            loss=self._loss(),
        )
        self.coefs_, self.intercepts_ = coefs, intercepts
        self._gather_weights()
        self.n_features_in_ = coefs[0].shape[0]
        self.n_outputs_, self.n_layers_, self.out_activation_ = coefs[-1].shape[1], len(coefs) + 1, self._loss().link
        self.history_, self._state = History(stopped_because="the weights were given"), None
        self._record(self.history_, n_iter=0, samples=0, watched=False)

    def _record(self, history: History, *, n_iter: int, samples: int, watched: bool) -> None:
        """Fitted attributes from the history; ``watched`` where early stopping watched held-out rows."""
        self.n_iter_, self.t_, self.stopped_because_ = n_iter, samples, history.stopped_because
        self.loss_curve_: list[float] = history.column("loss")
        self.loss_ = self.loss_curve_[-1] if self.loss_curve_ else np.inf
        self.best_loss_ = None if watched else min(self.loss_curve_, default=np.inf)
        self.validation_scores_ = history.column("val_score") if watched else None
        scores = [score for score in self.validation_scores_ or () if score is not None]
        self.best_validation_score_ = max(scores, default=None)

    def _get_state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """What a file needs besides class and parameters: arrays, and facts as plain values (``classes`` as an array)."""
        arrays = {f"coefs_{i}": W for i, W in enumerate(self.coefs_)} | {f"intercepts_{i}": b for i, b in enumerate(self.intercepts_)}
        arrays |= self.history_.as_arrays()
        names = ("n_features_in_", "n_iter_", "t_", "stopped_because_")
        facts = {name: getattr(self, name) for name in names}
        return arrays, {**facts, "n_rows": getattr(self, "_n_rows", None), "watched": self.validation_scores_ is not None}

    def _set_state(self, arrays: dict[str, Array], facts: dict[str, Any]) -> None:
        """The reverse of ``_get_state``; raises KeyError or ValueError where something is missing or does not fit."""
        n = sum(name.startswith("coefs_") for name in arrays)
        coefs, intercepts, _ = given_layers([arrays[f"coefs_{i}"] for i in range(n)], [arrays[f"intercepts_{i}"] for i in range(n)])
        if coefs[0].shape[0] != facts["n_features_in_"]:
            raise ValueError(f"the first layer takes {coefs[0].shape[0]} inputs, but n_features_in_ is {facts['n_features_in_']!r}")
        self._take_weights(coefs, intercepts)
        history = History.from_arrays(arrays)
        history.stopped_because = facts["stopped_because_"]
        self.history_ = history
        self._record(history, n_iter=facts["n_iter_"], samples=facts["t_"], watched=facts["watched"])
        if not all(value is None or isinstance(value, int) for value in (facts["n_rows"], facts["n_iter_"], facts["t_"])):
            raise ValueError("n_rows, n_iter_ and t_ must be whole numbers")
        self._n_rows = facts["n_rows"]

    def __copy__(self) -> Self:
        """A shallow copy: the same weights, not a second vector of them."""
        made = type(self).__new__(type(self))
        made.__dict__.update(self.__dict__)
        return made

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in super().__getstate__().items() if name != "_described"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if "coefs_" in self.__dict__:
            self._gather_weights()
