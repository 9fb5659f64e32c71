"""MLPClassifier: a multilayer perceptron that classifies; scikit-learn's names, and glassnet's extra parameters after ``max_fun``."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils import compute_class_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import type_of_target

from glassnet.estimators.given_weights import given_layers
from glassnet.estimators.labels import Labels
from glassnet.estimators.multilayer import MultilayerPerceptron, steps
from glassnet.estimators.several_labels import SeveralLabels, labels_of
from glassnet.maths.losses import Loss

Array = NDArray[Any]


class MLPClassifier(ClassifierMixin, MultilayerPerceptron):
    """A network that classifies: one sigmoid output for two classes, softmax for more, independent sigmoids for several labels at once,
    and a head of its own for each of several columns of classes.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of ints, default=(100,)
        Units per hidden layer, each >= 1. ``()`` gives a single layer: one logistic unit, or softmax.
    activation : str, (f, slope) or a list of these, default='relu'
        'identity', 'logistic', 'tanh', 'relu', 'leaky_relu', 'elu', 'softplus' or 'gelu'; one for all hidden layers or a list with one
        per hidden layer. A pair of functions of arrays (f, f') is accepted after f' has been compared with the slope of f.
    solver : str, default='adam'
        Step by step: 'sgd', 'gd' (full batch), 'rmsprop', 'adagrad', 'adam', 'adamw'. On all rows at once, by line search: 'lbfgs',
        'cg'; and 'newton' for networks without hidden layers.
    alpha : float, default=0.0001
        Strength of the L2 penalty, >= 0, divided by the number of rows; for 'adamw' the decoupled weight decay. Biases are free.
    batch_size : int or 'auto', default='auto'
        Rows per step; 'auto' is min(200, n_samples). Line-search solvers and 'gd' take all rows.
    learning_rate : {'constant', 'invscaling', 'adaptive'}, default='constant'
        Schedule for solver='sgd'; see ``schedule`` for the other solvers and shapes.
    learning_rate_init : float, default=0.001
        First learning rate, > 0.
    power_t : float, default=0.5
        Exponent of 'invscaling', >= 0.
    max_iter : int, default=200
        Epochs (iterations for the line-search solvers), >= 1.
    shuffle : bool, default=True
        Whether the rows are put into a new order before every epoch.
    random_state : int, RandomState or None, default=None
        Seed of first weights, held-out rows, order and dropout. One seed, one result (same machine, same number of threads).
    tol : float, default=1e-4
        Improvement below which an epoch counts as none; for 'lbfgs' and 'cg' the bound on the gradient's largest component.
    verbose : bool, default=False
        Print every epoch.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the weights of the last fit.
    momentum : float, default=0.9
        In [0, 1]: momentum of 'sgd', decay of the mean square of 'rmsprop'.
    nesterovs_momentum : bool, default=True
        Whether 'sgd' takes Nesterov's form of momentum.
    early_stopping : bool, default=False
        Stop when the held-out rows no longer improve, and restore the best weights.
    validation_fraction : float, default=0.1
        Share of the rows held out for early stopping, in [0, 1); ``fit(..., X_val=, y_val=)`` takes rows of your own instead.
    beta_1, beta_2 : float, default=0.9, 0.999
        Decay of Adam's two means, in [0, 1).
    epsilon : float, default=1e-8
        Added to the root of the mean square, > 0 ('adam', 'adamw', 'rmsprop', 'adagrad').
    n_iter_no_change : int, default=10
        Epochs without improvement that are borne before training stops.
    max_fun : int, default=15000
        Evaluations of the loss for 'lbfgs', >= 1.
    loss : {'log_loss', 'squared_error'}, (value, slope) or object, default='log_loss'
        Cross-entropy, or half the squared difference between probability and label, as the first textbooks have it. A loss of your own
        is a pair of functions, or an object with two methods, ``value(raw, y)`` and ``slope(raw, y)``: for each element of the raw
        prediction and the 0/1 target columns the loss, and its derivative by raw, which is compared with it before training.
    l1 : float, default=0.0
        Strength of the L1 penalty, >= 0, divided by the number of rows: weights become exactly 0. Biases are free.
    dropout : float or list of floats, default=0.0
        Probability in [0, 1) that a hidden unit is silenced while training; one for all hidden layers or one per layer.
    initialiser : str or None, default=None
        'glorot_uniform', 'glorot_normal', 'he_uniform', 'he_normal', 'lecun_uniform' or 'lecun_normal', with biases 0. None is
        scikit-learn's rule.
    threshold : float or None, default=None
        Two classes: predict ``classes_[1]`` where its probability reaches this, in [0, 1]; several labels: the same for each. None:
        where it exceeds 1/2.
    class_weight : dict, 'balanced' or None, default=None
        Weight of each class, multiplied with ``sample_weight``.
    bias : bool or list of bools, default=True
        Whether layers have biases; one for all layers or one per layer, the output included.
    n_layers, width : int or None, default=None
        Number of hidden layers and units in each, as scalars that a search can vary; they go before ``hidden_layer_sizes``.
    monitor : str or None, default=None
        What early stopping watches on the held-out rows: 'val_loss' or the name of a scikit-learn scorer; None is accuracy.
    schedule : str, dict or None, default=None
        Learning rate over the epochs for any stepping solver: 'constant', 'invscaling', 'adaptive', 'exponential', 'cosine', or a dict
        such as ``{'name': 'cosine', 'warm_up': 5}``. None follows ``learning_rate``.
    target : float or None, default=None
        Stop when the training loss (with early stopping: what is watched) reaches this value.
    gradient_tol : float or None, default=None
        Stop when the Euclidean norm of the gradient is at most this, >= 0.
    max_seconds : float or None, default=None
        Stop after this many seconds.
    checkpoint : path or None, default=None
        A file that holds the whole state of the training after every epoch; a fit that finds it goes on from there. It is removed
        when training has ended by itself.
    init : (coefs, intercepts), fitted network or None, default=None
        Weights to begin with: lists of W (n_in, n_out) and of b (n_out,) for each layer, or a fitted network of glassnet or scikit-learn.
        None draws them. ``clone`` forgets what was fitted: inside a search, give arrays or a ``FrozenEstimator``.

    Attributes
    ----------
    classes_ : array or list of arrays
        The class labels, sorted; for several columns of classes a list with those of each.
    coefs_, intercepts_ : lists of arrays
        W (n_in, n_out) and b (n_out,) of each layer.
    history_ : History
        One row per epoch: loss, held-out loss and score, gradient norm, weight norm, learning rate, seconds. ``.to_frame()``.
    stopped_because_ : str
        Why training stopped, in a sentence.
    n_iter_ : int
        Epochs of the last fit.
    loss_, loss_curve_, best_loss_ : float, list of floats, float or None
        Training loss at the end, of every epoch, and the lowest (None with early stopping).
    validation_scores_, best_validation_score_ : list and float, or None
        The watched score of every epoch and the best, with early stopping.
    n_features_in_, feature_names_in_, n_layers_, n_outputs_, out_activation_, t_
        As in scikit-learn.

    Examples
    --------
    A hidden layer of three units learns exclusive or:

    >>> from glassnet import MLPClassifier
    >>> X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
    >>> net = MLPClassifier(3, activation="tanh", solver="lbfgs", alpha=0, random_state=0).fit(X, y)
    >>> net.predict(X)
    array([0, 1, 1, 0])
    """

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: int = 10,
        max_fun: int = 15000,
        loss: Any = "log_loss",
        l1: float = 0.0,
        dropout: Any = 0.0,
        initialiser: str | None = None,
        threshold: float | None = None,
        class_weight: Any = None,
        bias: Any = True,
        n_layers: int | None = None,
        width: int | None = None,
        monitor: str | None = None,
        schedule: Any = None,
        target: float | None = None,
        gradient_tol: float | None = None,
        max_seconds: float | None = None,
        checkpoint: Any = None,
        init: Any = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.loss = loss
        self.l1 = l1
        self.dropout = dropout
        self.initialiser = initialiser
        self.threshold = threshold
        self.class_weight = class_weight
        self.bias = bias
        self.n_layers = n_layers
        self.width = width
        self.monitor = monitor
        self.schedule = schedule
        self.target = target
        self.gradient_tol = gradient_tol
        self.max_seconds = max_seconds
        self.checkpoint = checkpoint
        self.init = init

    @available_if(steps)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Self:
        """One epoch over these rows, going on from where the network is.

        Parameters
        ----------
        X, y, sample_weight
            As for ``fit``; ``y`` need not contain every class. Weights count as they are given, not relative to their mean.
        classes : array or list of arrays, default=None
            All class labels, for several columns a list with those of each; needed at the first call.

        Returns
        -------
        self
        """
        if isinstance(self.class_weight, str):
            raise ValueError(
                f"class_weight={self.class_weight!r} cannot be told from a part of the rows. Give a dict, computed once over all of them: "
                "dict(zip(classes, compute_class_weight('balanced', classes=classes, y=y)))."
            )
        return self._partial_fit(X, y, sample_weight, learn_targets=False, announce=lambda: self._announce(y, classes))

    def _announce(self, y: Any, classes: Any) -> None:
        """Take the classes from the first call of partial_fit, or hold the following ones to them."""
        if not hasattr(self, "_labels"):
            if classes is None and type_of_target(y) not in ("multilabel-indicator", "continuous-multioutput"):
                raise ValueError("classes must be passed on the first call to partial_fit: name every class that will ever come.")
            self._set_labels(labels_of(y, classes))
        elif classes is not None and not _same_classes(classes, self.classes_):
            raise ValueError(f"`classes={classes!r}` is not the same as on last call to partial_fit, was: {self.classes_!r}")

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """The accuracy of ``predict``.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_samples, n_features)
        y : array
            True labels, as for ``fit``; of a row of probabilities the largest counts.
        sample_weight : array of shape (n_samples,), default=None

        Returns
        -------
        accuracy : float
            Share of the rows where the prediction is right: in every label or column, where there are several.
        """
        return self._score_prediction(self.predict(X), y, sample_weight)

    def predict_proba(self, X: Any) -> Any:
        """Probability of each class.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        probability : array of shape (n_samples, n_classes)
            In [0, 1], columns in the order of ``classes_``; rows sum to 1 but for several labels at once. For several columns of
            classes a list with such an array for each.
        """
        raw = self._raw_of(X)
        return self._labels.probability(raw)

    def predict_log_proba(self, X: Any) -> Any:
        """Logarithm of the probability of each class, exact also where the probability is too small for a float.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        log_probability : array of shape (n_samples, n_classes)
            In nats, <= 0 and finite.
        """
        raw = self._raw_of(X)
        return self._labels.log_probability(raw)

    def decision_function(self, X: Any) -> Any:
        """The raw prediction z, before sigmoid or softmax.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        raw : array of shape (n_samples,) for two classes, else (n_samples, n_outputs)
            Log-odds for sigmoid outputs; log-probabilities up to a constant per row for softmax.
        """
        raw = self._raw_of(X)
        return self._labels.decision(raw)

    @classmethod
    def from_weights(
        cls,
        weights: Sequence[Any],
        biases: Sequence[Any] | None = None,
        *,
        classes: Any = None,
        activation: Any = "relu",
        **parameters: Any,
    ) -> Self:
        """A classifier with weights of your own: it predicts without training.

        Parameters
        ----------
        weights : list of arrays
            W of shape (n_in, n_out) for each layer.
        biases : list of arrays or None, default=None
            b of shape (n_out,) for each layer, an entry may be None for no bias.
        classes : array, default=None
            Class labels: two for one output unit, else one per unit. None numbers them from 0.
        activation : as for the constructor, default='relu'
        **parameters
            Further constructor parameters.

        Returns
        -------
        MLPClassifier

        Raises
        ------
        ValueError
            Where shapes do not follow from each other; every mismatch is named.

        Examples
        --------
        Exclusive or by hand: "or" and "and", then "or but not and".

        >>> from glassnet import MLPClassifier
        >>> net = MLPClassifier.from_weights([[[20, 20], [20, 20]], [[20], [-20]]], [[-10, -30], [-10]], activation="logistic")
        >>> net.predict([[0, 0], [0, 1], [1, 0], [1, 1]])
        array([0, 1, 1, 0])
        """
        coefs, intercepts, bias = given_layers(weights, biases)
        units = coefs[-1].shape[1]
        names = np.arange(max(2, units)) if classes is None else np.unique(classes)
        if len(names) != max(2, units):
            raise ValueError(f"classes must name {max(2, units)} classes for {units} output units; got {len(names)}.")
        labels = Labels("binary" if units == 1 else "multiclass", names)
        net = cls([W.shape[1] for W in coefs[:-1]], activation, bias=bias, **parameters)
        net._set_labels(labels)
        net._take_weights(coefs, intercepts)
        return net

    def _loss(self) -> Loss:
        return self._labels.loss(self.loss)

    def _set_labels(self, labels: Labels | SeveralLabels) -> None:
        self._labels, self.classes_ = labels, labels.classes

    def _read_targets(self, y: Any, *, learn: bool, dtype: Any, sample_weight: Any = None) -> Array:
        if learn:
            self._set_labels(labels_of(y))
        return self._labels.encode(y, dtype)

    def _check_going_on(self, y: Any) -> None:
        if self._labels.kind in ("multilabel", "several") or np.ndim(y) == 2:
            return  # the columns are counted when they are encoded
        found = np.unique(y)
        if not np.array_equal(found, self.classes_):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the previous call to fit. Previously got "
                f"{self.classes_}, `y` has {found}"
            )

    def _weights_of_rows(self, y: Any, sample_weight: Array | None) -> Array | None:
        if self.class_weight is None:
            return sample_weight
        if not isinstance(self._labels, Labels) or self._labels.kind == "multilabel":
            raise ValueError("class_weight is for one label per row; y has several labels at once. Use sample_weight.")
        by_class = weights_by_class(self.class_weight, self._labels, y, sample_weight)
        return by_class if sample_weight is None else sample_weight * by_class

    def _stratify_by(self, y: Any) -> Any:
        if self._labels.kind != "binary" or np.ndim(y) != 1:
            return None
        positive = y == self.classes_[-1]
        # Of two dimensions scikit-learn makes a text per row, which takes seconds for many rows and may swallow a Ctrl-C. Those texts are
        # wanted for a class of a single row alone, which it refuses by name.
        return positive if 2 <= np.count_nonzero(positive) <= len(positive) - 2 else positive[:, None]

    def _score_prediction(self, prediction: Array, y: Any, weight: Array | None) -> float:
        if self._labels.kind == "several":
            return float(np.average((prediction == np.asarray(y)).all(axis=1), weights=weight))
        return float(accuracy_score(self._labels.hard(y), prediction, sample_weight=weight))

    def _hard(self, y: Any) -> Any:
        return self._labels.hard(y)

    @property
    def _probability_of_both(self) -> bool:
        return self._labels.kind == "binary"

    def _to_prediction(self, raw: Array) -> Array:
        return self._labels.decode(raw, self.threshold)

    def _get_state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        arrays, facts = super()._get_state()
        heads = self._labels.heads if isinstance(self._labels, SeveralLabels) else (self._labels,)
        several = {"head_kinds": [head.kind for head in heads]} if self._labels.kind == "several" else {}
        return arrays, {**facts, "label_kind": self._labels.kind, "classes": self.classes_, **several}

    def _set_state(self, arrays: dict[str, Array], facts: dict[str, Any]) -> None:
        if facts["label_kind"] == "several":
            heads = zip(facts["head_kinds"], facts["classes"], strict=True)
            self._set_labels(SeveralLabels(tuple(Labels(kind, classes) for kind, classes in heads)))
        else:
            self._set_labels(Labels(facts["label_kind"], facts["classes"]))
        super()._set_state(arrays, facts)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


def _same_classes(given: Any, known: Any) -> bool:
    if isinstance(known, list):
        return len(given) == len(known) and all(np.array_equal(np.unique(one), other) for one, other in zip(given, known, strict=True))
    return np.array_equal(np.unique(given), known)


def weights_by_class(class_weight: Any, labels: Labels, y: Any, sample_weight: Any) -> Array:
    """The weight (n,) that ``class_weight`` gives each row; a row of probabilities gets their weighted mean."""
    if np.ndim(y) == 2:
        soft = np.asarray(y, dtype=np.float64)
        if isinstance(class_weight, str):
            rows = np.ones(len(soft)) if sample_weight is None else np.asarray(sample_weight)
            mass = rows @ soft
            return soft @ (rows.sum() / (len(mass) * np.maximum(mass, 1e-300)))
        return soft @ np.array([class_weight.get(label, 1.0) for label in labels.classes.tolist()])
    # scikit-learn 1.8 and newer count 'balanced' classes by weight; older versions by row
    known = "sample_weight" in inspect.signature(compute_class_weight).parameters and sample_weight is not None
    given = {"sample_weight": sample_weight} if known else {}
    each = compute_class_weight(class_weight, classes=labels.classes, y=np.asarray(y), **given)
    return each[labels.codes(y)]
