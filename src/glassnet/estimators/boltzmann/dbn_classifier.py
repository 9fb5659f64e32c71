"""DBNClassifier: a deep belief network, pre-trained without labels and fine-tuned to classify."""

from __future__ import annotations

from typing import Any

from glassnet.estimators.boltzmann.deep_belief import DeepBeliefNetwork
from glassnet.estimators.mlp_classifier import MLPClassifier


class DBNClassifier(DeepBeliefNetwork, MLPClassifier):
    """A network of logistic units whose hidden layers learn as Boltzmann machines first, from labelled and unlabelled rows alike.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of ints, default=(500, 250)
        Units per hidden layer, each >= 1.
    visible : {'bernoulli', 'gaussian', 'softmax', 'auto'} or list of the first three, default='bernoulli'
        The kind of the inputs, for all columns or for each, as in `RBM`; 'auto' takes a column whose values all lie in [0, 1] for
        'bernoulli' and any other for 'gaussian'.
    pretrain_epochs : int, default=10
        Epochs of each machine, >= 0; 0 begins at random weights, as a multilayer perceptron does.
    pretraining : dict or None, default=None
        Parameters of `RBM` for every machine, such as ``{'learning_rate': 0.05, 'k': 5}``; the rest is contrastive divergence with one
        sweep, rate 0.1 (0.01 with Gaussian columns), momentum 0.5 and a small weight decay. Where rows are many, hidden units that are
        seldom active tell classes apart better: ``{'sparsity_target': 0.1, 'sparsity_cost': 0.3}``.
    missing_label : object, default=None
        What marks rows without a label beside None and nan; -1 for scikit-learn's convention.
    solver : str, default='adam'
        Of the fine-tuning: any of `MLPClassifier`, 'lbfgs' included.
    alpha, l1 : float, default=0.0001, 0.0
        L2 and L1 penalties of the fine-tuning.
    batch_size : int or 'auto', default='auto'
        Rows per step of the fine-tuning.
    learning_rate_init : float, default=0.001
        First learning rate of the fine-tuning, > 0.
    schedule : str, dict or None, default=None
        Learning rate over the epochs, as in `MLPClassifier`.
    max_iter : int, default=50
        Epochs of the fine-tuning, >= 1.
    momentum : float, default=0.9
        Of solver 'sgd', in [0, 1].
    dropout : float or list of floats, default=0.0
        Of the fine-tuning, in [0, 1).
    loss : as in `MLPClassifier`, default='log_loss'
    class_weight : dict, 'balanced' or None, default=None
    threshold : float or None, default=None
    tol, n_iter_no_change : float, int, default=1e-4, 10
        Stop when an epoch gains less, so often on end.
    early_stopping, validation_fraction, monitor : default=False, 0.1, None
        As in `MLPClassifier`.
    max_seconds : float or None, default=None
        Stop the fine-tuning after this many seconds.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the last weights, without pre-training.
    verbose : bool, default=False
    random_state : int, RandomState or None, default=None

    Attributes
    ----------
    rbms_ : list of RBM
        The machines as pre-training left them; not kept in files. ``sample`` draws from them.
    coefs_, intercepts_, classes_, history_, stopped_because_, n_iter_, ...
        As in `MLPClassifier`.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from glassnet.estimators.boltzmann.dbn_classifier import DBNClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> few = y.copy()
    >>> few[200:] = -1                                       # the rest has no label
    >>> net = DBNClassifier((64, 32), missing_label=-1, solver="lbfgs", alpha=1, max_iter=1000, random_state=0).fit(X / 16, few)
    >>> len(net.rbms_), bool(net.score(X / 16, y) > 0.7)
    (2, True)
    """

    def __init__(
        self,
        hidden_layer_sizes: Any = (500, 250),
        *,
        visible: Any = "bernoulli",
        pretrain_epochs: int = 10,
        pretraining: Any = None,
        missing_label: Any = None,
        solver: str = "adam",
        alpha: float = 0.0001,
        l1: float = 0.0,
        batch_size: int | str = "auto",
        learning_rate_init: float = 0.001,
        schedule: Any = None,
        max_iter: int = 50,
        momentum: float = 0.9,
        dropout: Any = 0.0,
        loss: Any = "log_loss",
        class_weight: Any = None,
        threshold: float | None = None,
        tol: float = 1e-4,
        n_iter_no_change: int = 10,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        monitor: str | None = None,
        max_seconds: float | None = None,
        warm_start: bool = False,
        verbose: bool = False,
        random_state: Any = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.visible = visible
        self.pretrain_epochs = pretrain_epochs
        self.pretraining = pretraining
        self.missing_label = missing_label
        self.solver = solver
        self.alpha = alpha
        self.l1 = l1
        self.batch_size = batch_size
        self.learning_rate_init = learning_rate_init
        self.schedule = schedule
        self.max_iter = max_iter
        self.momentum = momentum
        self.dropout = dropout
        self.loss = loss
        self.class_weight = class_weight
        self.threshold = threshold
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.monitor = monitor
        self.max_seconds = max_seconds
        self.warm_start = warm_start
        self.verbose = verbose
        self.random_state = random_state
