"""MLPRegressor: a multilayer perceptron that predicts numbers; scikit-learn's names, and glassnet's extra parameters after ``max_fun``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import RegressorMixin
from sklearn.metrics import d2_pinball_score, r2_score
from sklearn.utils.metaestimators import available_if

from glassnet.estimators.given_weights import given_layers
from glassnet.estimators.multilayer import MultilayerPerceptron, steps
from glassnet.maths.losses import Loss, regressor_loss
from glassnet.maths.user_loss import UserLoss, is_users

Array = NDArray[Any]


class MLPRegressor(RegressorMixin, MultilayerPerceptron):
    """A network that predicts numbers: linear output units, any number of targets.

    Parameters
    ----------
    loss : {'squared_error', 'poisson', 'absolute_error', 'huber', 'quantile'}, (value, slope) or object, default='squared_error'
        Half the squared error; half the Poisson deviance with prediction e^z; absolute error; Huber's loss; pinball loss of ``quantile``.
        A loss of your own is a pair of functions, or an object with two methods, ``value(raw, y)`` and ``slope(raw, y)``: for each
        element the loss, and its derivative by the prediction, which is compared with it before training.
    hidden_layer_sizes : int or sequence of ints, default=(100,)
        Units per hidden layer, each >= 1. ``()`` gives a single layer: one linear unit per target.
    activation : str, (f, slope) or a list of these, default='relu'
        'identity', 'logistic', 'tanh', 'relu', 'leaky_relu', 'elu', 'softplus' or 'gelu'; one for all hidden layers or a list with one
        per hidden layer. A pair of functions of arrays (f, f') is accepted after f' has been compared with the slope of f.
    solver : str, default='adam'
        Step by step: 'sgd', 'gd' (full batch), 'rmsprop', 'adagrad', 'adam', 'adamw'. On all rows at once, by line search: 'lbfgs',
        'cg'; and 'newton', with hidden layers under 'squared_error' only (Levenberg and Marquardt's method: all digits, few weights).
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
    l1 : float, default=0.0
        Strength of the L1 penalty, >= 0, divided by the number of rows: weights become exactly 0. Biases are free.
    dropout : float or list of floats, default=0.0
        Probability in [0, 1) that a hidden unit is silenced while training; one for all hidden layers or one per layer.
    initialiser : str or None, default=None
        'glorot_uniform', 'glorot_normal', 'he_uniform', 'he_normal', 'lecun_uniform' or 'lecun_normal', with biases 0. None is
        scikit-learn's rule.
    huber_delta : float, default=1.0
        Where Huber's loss turns from squared to absolute, > 0, in units of y.
    quantile : float or list of floats, default=0.5
        The quantile that loss='quantile' predicts, in (0, 1). Several, for one target: ``predict`` returns a column for each, in this
        order. They share the hidden layers and are not forced apart: where rows are few, neighbouring ones may cross.
    standardise_target : bool, default=False
        Learn (y - mean) / deviation and fold the scale into the last layer afterwards (in float32 only where that loses no digits):
        predictions are in the units of y, the history in units of the deviation. Wise wherever y is far from 0 or from size 1.
    bias : bool or list of bools, default=True
        Whether layers have biases; one for all layers or one per layer, the output included.
    n_layers, width : int or None, default=None
        Number of hidden layers and units in each, as scalars that a search can vary; they go before ``hidden_layer_sizes``.
    monitor : str or None, default=None
        What early stopping watches on the held-out rows: 'val_loss' or the name of a scikit-learn scorer; None is R2.
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
    >>> import numpy as np
    >>> from glassnet import MLPRegressor
    >>> x = np.linspace(-2, 2, 50)[:, None]
    >>> net = MLPRegressor(hidden_layer_sizes=8, activation="tanh", solver="lbfgs", alpha=0, random_state=0, max_iter=1000)
    >>> bool(net.fit(x, np.sin(2 * x[:, 0])).score(x, np.sin(2 * x[:, 0])) > 0.999)
    True
    """

    _y_numeric = True
    _folded = True

    def __init__(
        self,
        loss: Any = "squared_error",
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
        l1: float = 0.0,
        dropout: Any = 0.0,
        initialiser: str | None = None,
        huber_delta: float = 1.0,
        quantile: Any = 0.5,
        standardise_target: bool = False,
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
        self.loss = loss
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
        self.l1 = l1
        self.dropout = dropout
        self.initialiser = initialiser
        self.huber_delta = huber_delta
        self.quantile = quantile
        self.standardise_target = standardise_target
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
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """One epoch over these rows, going on from where the network is.

        Parameters
        ----------
        X, y, sample_weight
            As for ``fit``. Weights count as they are given, not relative to their mean.

        Returns
        -------
        self
        """
        return self._partial_fit(X, y, sample_weight, learn_targets=not hasattr(self, "coefs_"))

    @classmethod
    def from_weights(
        cls, weights: Sequence[Any], biases: Sequence[Any] | None = None, *, activation: Any = "relu", **parameters: Any
    ) -> Self:
        """A regressor with weights of your own: it predicts without training.

        Parameters
        ----------
        weights : list of arrays
            W of shape (n_in, n_out) for each layer.
        biases : list of arrays or None, default=None
            b of shape (n_out,) for each layer, an entry may be None for no bias.
        activation : as for the constructor, default='relu'
        **parameters
            Further constructor parameters.

        Returns
        -------
        MLPRegressor

        Raises
        ------
        ValueError
            Where shapes do not follow from each other; every mismatch is named.
        """
        coefs, intercepts, bias = given_layers(weights, biases)
        net = cls(hidden_layer_sizes=[W.shape[1] for W in coefs[:-1]], activation=activation, bias=bias, **parameters)
        net._one_target = coefs[-1].shape[1] == 1 and not net._quantiles
        net._target_scale, net._folded = None, True
        net._take_weights(coefs, intercepts)
        return net

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """How good the predictions are.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_samples, n_features)
        y : array
            True values.
        sample_weight : array of shape (n_samples,), default=None

        Returns
        -------
        score : float
            R2, at most 1. For several quantiles the mean over them of D2, the share of the pinball loss of the best constant that is
            saved; at most 1 as well.
        """
        return self._score_prediction(self.predict(X), y, sample_weight)

    @property
    def _quantiles(self) -> tuple[float, ...]:
        """Several quantiles of one target, or nothing."""
        several = isinstance(self.quantile, list | tuple | np.ndarray) and isinstance(self.loss, str) and self.loss == "quantile"
        return tuple(self.quantile) if several else ()

    def _loss(self) -> Loss:
        if is_users(self.loss):
            return UserLoss.of(self.loss, "identity")
        return regressor_loss(self.loss, huber_delta=self.huber_delta, quantile=self.quantile)

    def _read_targets(self, y: Any, *, learn: bool, dtype: Any, sample_weight: Any = None) -> Array:
        target = np.array(y, dtype=np.float64, ndmin=2, order="C")  # a scale is taken out before digits are
        target = np.ascontiguousarray(target.T if np.ndim(y) == 1 else target)
        if isinstance(self.loss, str) and self.loss == "poisson" and (target < 0).any():
            raise ValueError("Some value(s) of y are out of the valid range of the loss 'poisson': counts must be 0 or more.")
        if learn:
            self._folded = False
            self._one_target = np.ndim(y) == 1 and not self._quantiles
            self._target_scale = None
            if self.standardise_target:
                mean = np.average(target, axis=0, weights=sample_weight)
                spread = np.sqrt(np.average((target - mean) ** 2, axis=0, weights=sample_weight))
                self._target_scale = (mean, np.where(spread > 0, spread, 1.0))
        if self._target_scale is not None:
            mean, spread = self._target_scale
            target = (target - mean) / spread
        target = target.astype(dtype)
        if self._quantiles:
            if target.shape[1] > 1:
                raise ValueError(
                    f"several quantiles are for one target; y has {target.shape[1]}. Give one quantile, or fit a target at a time."
                )
            target = np.repeat(target, len(self._quantiles), axis=1)
        return target

    def _weights_of_rows(self, y: Any, sample_weight: Array | None) -> Array | None:
        return sample_weight

    def _fold_target_scale(self) -> None:
        if self._target_scale is not None and not self._folded:
            mean, spread = self._target_scale
            if self.coefs_[-1].dtype == np.float32 and (np.abs(mean) > 1e3 * spread).any():
                return  # float32 would round the targets: the scale stays outside, in float64
            self.coefs_[-1] *= spread
            self.intercepts_[-1] *= spread
            self.intercepts_[-1] += mean
        self._folded = True

    def _unfold_target_scale(self) -> None:
        if self._target_scale is not None and self._folded:
            mean, spread = self._target_scale
            self.intercepts_[-1] -= mean
            self.intercepts_[-1] /= spread
            self.coefs_[-1] /= spread
            self._folded = False

    def _score_prediction(self, prediction: Array, y: Any, weight: Array | None) -> float:
        if not np.isfinite(prediction).all():
            return float("nan")
        if self._quantiles:
            pairs = zip(prediction.T, self._quantiles, strict=True)
            return float(np.mean([d2_pinball_score(y, column, alpha=q, sample_weight=weight) for column, q in pairs]))
        return float(r2_score(y, prediction, sample_weight=weight))

    def _to_prediction(self, raw: Array) -> Array:
        self._loss().predict(raw, raw)
        if self._target_scale is not None and not self._folded:
            mean, spread = self._target_scale
            raw = raw * spread + mean
        return raw[:, 0] if self._one_target else raw

    def compile_predict(self) -> Callable[[Array], Array]:
        """As in the base class, in the units of y."""
        predict = super().compile_predict()
        if self._target_scale is None or self._folded:
            return predict
        mean, spread = self._target_scale
        return lambda X: predict(X) * spread + mean

    def _get_state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        arrays, facts = super()._get_state()
        scale = None if self._target_scale is None else [part.tolist() for part in self._target_scale]
        return arrays, {**facts, "one_target": self._one_target, "target_scale": scale, "folded": self._folded}

    def _set_state(self, arrays: dict[str, Array], facts: dict[str, Any]) -> None:
        self._one_target = bool(facts["one_target"])
        scale = facts["target_scale"]
        self._target_scale = None if scale is None else (np.asarray(scale[0], float), np.asarray(scale[1], float))
        self._folded = bool(facts["folded"])
        super()._set_state(arrays, facts)
