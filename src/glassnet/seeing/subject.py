"""What one looks at: a model's network and weights, names of what goes in and comes out, rows and targets as the network reads them.

Every view (trace, diagram, doctor, report) begins with ``subject_of(model)`` and so speaks of the same network.
"""

from __future__ import annotations

import contextlib
import copy
import importlib.util
from dataclasses import dataclass, replace
from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted, validate_data

from glassnet.data.images import Images
from glassnet.data.pixels import ImagePreparation
from glassnet.data.preparation import TablePreparation
from glassnet.data.prepared_rows import PreparedRows
from glassnet.estimators.architecture import build_network
from glassnet.estimators.fitted_network import FittedNetwork
from glassnet.estimators.labels import Labels
from glassnet.estimators.logistic_model import LogisticModel
from glassnet.maths.activations import ACTIVATIONS
from glassnet.networks.dense import Dense
from glassnet.networks.network import Network

Array = NDArray[Any]

COLOURS = ("red", "green", "blue")


@dataclass(frozen=True)
class Subject:
    """A model as one looks at it: the estimator's network and weights, and the names of what goes in and comes out.

    estimator     the glassnet estimator
    preparation   what stands before it in a Pipeline (a TablePreparation, an ImagePreparation, any transformer), or None
    network       its layers as they learn: with dropout, and without bias where there is none
    parameters    (W (n_in, n_out), b (n_out,)) per layer, the estimator's own arrays; a logistic regression is one layer
    inputs        names of the network's inputs, after preparation; x1, x2, ... where none are known
    outputs       per output unit: class, target, or y; one sigmoid unit is named by its positive class
    classes       ``classes_`` of a classifier (a list of arrays for several columns of classes), else None
    labels        how classes and output units correspond, or None for a regressor
    """

    estimator: Any
    preparation: Any | None
    network: Network
    parameters: list[tuple[Array, Array]]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    classes: Any
    labels: Any

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the weights."""
        return self.parameters[0][0].dtype

    @property
    def outputs_in_words(self) -> tuple[str, ...]:
        """The output units as a sentence names them: ``output setosa``, ``class 3``."""
        return self.output_labels if self._numbered else tuple(f"output {label}" for label in self.output_labels)

    @property
    def output_labels(self) -> tuple[str, ...]:
        """The output units as a picture names them: a class that is a number is called one, ``class 3``, and no name is two quotes."""
        return tuple(f"class {name}" if self._numbered else name or "''" for name in self.outputs)

    @property
    def _numbered(self) -> bool:
        return self.labels is not None and self.labels.kind in ("binary", "multiclass") and self.labels.classes.dtype.kind in "biuf"

    def called(self, target: str) -> Subject:
        """The same with the number that it predicts called by its name; classes have names of their own."""
        return replace(self, outputs=(target,)) if self.labels is None and self.outputs == ("y",) else self

    @property
    def target_scale(self) -> tuple[Array, Array] | None:
        """(mean, spread) that turn the network's numbers into units of y, where it speaks standardised ones; else None."""
        scale: tuple[Array, Array] | None = getattr(self.estimator, "_target_scale", None)
        return None if scale is None or self.estimator._folded else scale

    def rows(self, X: Any) -> Array:
        """Rows as the user gives them -> the network's inputs (n, n_in) in the weights' dtype: prepared and checked.

        Raises what the preparation and the estimator raise for rows that they refuse.
        """
        if isinstance(X, Images):
            X = X.pixels
        if isinstance(X, dict) and not isinstance(self.preparation, TablePreparation):
            X = table_like(X, self.preparation or self.estimator)
        if self.preparation is not None:
            X = self.preparation.transform(X)
        if isinstance(self.estimator, FittedNetwork):
            X = self.estimator._checked(X)
        else:
            X = validate_data(self.estimator, X, accept_sparse="csr", reset=False)
        if isinstance(X, PreparedRows):
            X = X[:]
        dense = X.toarray() if hasattr(X, "toarray") else X
        return np.ascontiguousarray(dense, dtype=self.dtype)

    def targets(self, y: Any) -> Array:
        """The truth as the user gives it -> target columns (n, n_outputs) as the loss reads them.

        Raises ValueError for classes that the model does not know, by name, and for the wrong number of columns.
        """
        if self.labels is not None:
            target: Array = self.labels.encode(y, self.dtype)
            return target
        reader = self.estimator
        if self.target_scale is None and reader._target_scale is not None:
            reader = copy.copy(reader)
            reader._target_scale = None  # the scale is folded into the weights: they speak the units of y
        target = reader._read_targets(y, learn=False, dtype=self.dtype)
        if target.shape[1] != len(self.outputs):
            raise ValueError(f"y must have {len(self.outputs)} columns of numbers, as in training; got {target.shape[1]}.")
        return target

    def as_learned(self) -> Subject:
        """The same model with the weights that training moves: those for a standardised target, where it was learned so."""
        scale = getattr(self.estimator, "_target_scale", None)
        if scale is None or self.target_scale is not None:
            return self
        estimator = copy.copy(self.estimator)
        estimator.coefs_ = [W.copy() for W in estimator.coefs_]
        estimator.intercepts_ = [b.copy() for b in estimator.intercepts_]
        estimator._unfold_target_scale()
        return replace(_subject(estimator, self.preparation), outputs=self.outputs)


def subject_of(model: Any) -> Subject:
    """What there is to see in ``model``: a fitted, half-trained or hand-made glassnet estimator, or a Pipeline that ends in one.

    Raises
    ------
    TypeError
        For any other model, with what to hand in instead.
    sklearn.exceptions.NotFittedError
        For an estimator without weights.

    Examples
    --------
    >>> from glassnet import MLPClassifier
    >>> net = MLPClassifier.from_weights([[[20, 20], [20, 20]], [[20], [-20]]], [[-10, -30], [-10]], activation="logistic")
    >>> subject = subject_of(net)
    >>> subject.inputs, subject.outputs, subject.network.layout.sizes
    (('x1', 'x2'), ('1',), (2, 2, 1))
    """
    if isinstance(model, Subject):
        return model
    estimator, preparation = model, None
    if isinstance(model, Pipeline):
        steps = [(name, step) for name, step in model.steps[:-1] if step is not None and not isinstance(step, str)]
        estimator = model.steps[-1][1]
        if steps:
            preparation = steps[0][1] if len(steps) == 1 else Pipeline(steps)
    if type(estimator).__name__ == "FrozenEstimator":
        estimator = estimator.estimator
    if not isinstance(estimator, FittedNetwork | LogisticModel):
        raise TypeError(_refusal(model))
    check_is_fitted(estimator, "coefs_" if isinstance(estimator, FittedNetwork) else "coef_")
    return _subject(estimator, preparation)


def _refusal(model: Any) -> str:
    name = type(model).__name__
    if hasattr(model, "best_estimator_"):
        return f"{name} holds its model in best_estimator_; hand in that."
    if isinstance(model, type):
        return f"expected a fitted model; got the class {model.__name__}. Make one and fit it: {model.__name__}().fit(X, y)."
    if hasattr(model, "free_energy"):
        return f"{name} has neither outputs nor a loss that a row could be followed to; glassnet.seeing.boltzmann draws its filters."
    return (
        "expected a fitted glassnet estimator (MLPClassifier, MLPRegressor, LogisticRegression, LogisticRegressionCV, DBNClassifier, "
        f"DBNRegressor) or a Pipeline that ends in one; got {name}."
    )


def _subject(estimator: Any, preparation: Any | None) -> Subject:
    labels = _labels_of(estimator)
    if isinstance(estimator, FittedNetwork):
        parameters = list(zip(estimator.coefs_, estimator.intercepts_, strict=True))
        network = build_network(
            parameters[0][0].shape[0],
            parameters[-1][0].shape[1],
            hidden=[W.shape[1] for W, _ in parameters[:-1]],
            activation=estimator.activation,
            bias=estimator.bias,
            dropout=estimator.dropout,
            loss=estimator._loss(),
        )
    else:
        W = np.ascontiguousarray(estimator._dense_coef().T)
        parameters = [(W, np.array(np.broadcast_to(estimator.intercept_, W.shape[1:]), W.dtype))]
        layer = Dense(W.shape[0], W.shape[1], ACTIVATIONS["identity"], bool(estimator.fit_intercept))
        network = Network((layer,), labels.loss("log_loss"), (0.0,))
    inputs = _input_names(estimator, preparation, network.layers[0].n_in)
    outputs = _output_names(estimator, labels, network.layers[-1].n_out)
    classes = None if labels is None else labels.classes
    return Subject(estimator, preparation, network, parameters, inputs, outputs, classes, labels)


def _labels_of(estimator: Any) -> Any:
    """How classes and output units correspond; None for a regressor."""
    if isinstance(estimator, FittedNetwork):
        return getattr(estimator, "_labels", None)
    return Labels("binary" if len(estimator.classes_) == 2 else "multiclass", estimator.classes_)


def _input_names(estimator: Any, preparation: Any | None, n_in: int) -> tuple[str, ...]:
    """Names from training, from the preparation, or by number."""
    if hasattr(estimator, "feature_names_in_"):
        return tuple(map(str, estimator.feature_names_in_))
    if isinstance(preparation, ImagePreparation):
        return tuple(_pixel_names(preparation))
    if preparation is not None and hasattr(preparation, "get_feature_names_out"):
        known = hasattr(preparation, "feature_names_in_") or not hasattr(preparation, "n_features_in_")
        given = None if known else [f"x{i}" for i in range(1, preparation.n_features_in_ + 1)]
        with contextlib.suppress(AttributeError, ValueError, TypeError, NotFittedError):  # not every transformer can name what it makes
            names = tuple(map(str, preparation.get_feature_names_out(given)))
            if len(names) == n_in:
                return names
    return tuple(f"x{i}" for i in range(1, n_in + 1))


def _pixel_names(preparation: ImagePreparation) -> list[str]:
    """``pixel 3,5`` (row, column from the top left, counted from 1), with its colour; ``edges 17`` of histograms."""
    names: list[str] = []
    for part, start, stop in preparation._parts():
        if part == "hog":
            names += [f"edges {i}" for i in range(1, stop - start + 1)]
            continue
        places = [f"pixel {row},{column}" for row in range(1, preparation.size + 1) for column in range(1, preparation.size + 1)]
        names += places if preparation.grey else [f"{place} {colour}" for place in places for colour in COLOURS]
    return names


def _output_names(estimator: Any, labels: Any, n_out: int) -> tuple[str, ...]:
    """Class, label, quantile or target of each output unit."""
    if labels is None:
        if quantiles := estimator._quantiles:
            return tuple(f"quantile {q:g}" for q in quantiles)
        return ("y",) if n_out == 1 else tuple(f"y{i}" for i in range(1, n_out + 1))
    if labels.kind == "several":
        heads = [(column, head) for column, head in enumerate(labels.heads, 1)]
        return tuple(f"column {column}: {name}" for column, head in heads for name in _class_names(head))
    return tuple(_class_names(labels))


def _class_names(labels: Labels) -> list[str]:
    if labels.kind == "multilabel":
        return [f"label {label}" for label in labels.classes.tolist()]
    return [str(label) for label in (labels.classes[1:] if labels.kind == "binary" else labels.classes).tolist()]


def table_like(columns: dict[str, Any], reader: Any) -> Any:
    """A dict of columns as a DataFrame, for a model that was trained on named columns (any order, others left out); else an array.

    Raises ValueError naming the columns that are missing.
    """
    names = [str(name) for name in getattr(reader, "feature_names_in_", columns)]
    missing = [name for name in names if name not in columns]
    if missing:
        raise ValueError(f"the row lacks {', '.join(map(repr, missing))}; the model was trained on the columns {names}.")
    if not hasattr(reader, "feature_names_in_"):
        return np.column_stack([np.asarray(columns[name]) for name in names])
    backend: Any = "pandas" if importlib.util.find_spec("pandas") else "polars"
    return nw.from_dict({name: columns[name] for name in names}, backend=backend).to_native()
