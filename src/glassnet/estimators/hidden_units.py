"""What a network has learned to see: the activations of its hidden layers, as scikit-learn's transformers give their features."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

Array = NDArray[Any]


class HiddenUnits:
    """The part of an estimator that shows its hidden layers; ``set_output`` and ``fit_transform`` come from scikit-learn's mixin."""

    coefs_: list[Array]

    def _activations(self, X: Any, layer: int) -> Array:
        """A_l (n, units) of hidden layer ``layer``, counted from 0, for rows as the user gave them."""
        raise NotImplementedError

    def transform(self, X: Any, layer: int = -1) -> Any:
        """The activations of a hidden layer: the features that the network has learned.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_samples, n_features)
        layer : int, default=-1
            Which hidden layer, counted from 0, or from the end with -1 for the last.

        Returns
        -------
        activations : array of shape (n_samples, units of that layer), or what ``set_output`` asks for

        Raises
        ------
        ValueError
            Where there is no such layer.
        """
        check_is_fitted(self)
        number = self._hidden_layer(layer)
        named = _Named(self.get_feature_names_out(layer=number), lambda rows: self._activations(rows, number))
        return named.set_output(transform=getattr(self, "_sklearn_output_config", {}).get("transform")).transform(X)

    def get_feature_names_out(self, input_features: Any = None, *, layer: int = -1) -> Array:
        """The names of what ``transform`` returns: the class in lower case and the number of the unit.

        Parameters
        ----------
        input_features : ignored
            Here because scikit-learn's transformers have it.
        layer : int, default=-1
            As for ``transform``.

        Returns
        -------
        names : array of str
        """
        check_is_fitted(self)
        units = self.coefs_[self._hidden_layer(layer)].shape[1]
        return np.asarray([f"{type(self).__name__.lower()}{unit}" for unit in range(units)], dtype=object)

    def _hidden_layer(self, layer: int) -> int:
        """``layer`` counted from 0. Raises ValueError where there is no such layer."""
        hidden = len(self.coefs_) - 1
        if not hidden:
            raise ValueError(
                "transform gives the activations of a hidden layer, and this network has none. Use decision_function or predict for "
                "its output, or hidden_layer_sizes for a network with hidden layers."
            )
        if isinstance(layer, bool) or not isinstance(layer, Integral) or not -hidden <= layer < hidden:
            raise ValueError(f"layer must be an integer from {-hidden} to {hidden - 1}, of {hidden} hidden layers; got {layer!r}.")
        return int(layer) % hidden


class _Named(TransformerMixin, BaseEstimator):
    """Activations under their names: scikit-learn makes the DataFrame that was asked for."""

    def __init__(self, names: Array, activations: Any) -> None:
        self.names = names
        self.activations = activations

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def get_feature_names_out(self, input_features: Any = None) -> Array:
        return self.names

    def transform(self, X: Any) -> Array:
        return self.activations(X)
