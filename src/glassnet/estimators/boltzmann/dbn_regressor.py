"""DBNRegressor: a deep belief network, pre-trained without targets and fine-tuned to predict numbers."""

from __future__ import annotations

from typing import Any

from glassnet.estimators.boltzmann.deep_belief import DeepBeliefNetwork
from glassnet.estimators.mlp_regressor import MLPRegressor


class DBNRegressor(DeepBeliefNetwork, MLPRegressor):
    """A network of logistic units whose hidden layers learn as Boltzmann machines first, with and without a target.

    Parameters
    ----------
    hidden_layer_sizes, visible, pretrain_epochs, pretraining, missing_label
        As in `DBNClassifier`.
    loss : as in `MLPRegressor`, default='squared_error'
    standardise_target : bool, default=True
        Whether the fine-tuning learns targets of mean 0 and spread 1; predictions are in the units of y.
    huber_delta, quantile : float, default=1.0, 0.5
        Of the losses 'huber' and 'quantile'.
    solver, alpha, l1, batch_size, learning_rate_init, schedule, max_iter, momentum, dropout, tol, n_iter_no_change, early_stopping,
    validation_fraction, monitor, max_seconds, warm_start, verbose, random_state
        As in `DBNClassifier`.

    Attributes
    ----------
    rbms_ : list of RBM
        The machines as pre-training left them; not kept in files.
    coefs_, intercepts_, history_, stopped_because_, n_iter_, ...
        As in `MLPRegressor`.
    """

    def __init__(
        self,
        hidden_layer_sizes: Any = (500, 250),
        *,
        visible: Any = "bernoulli",
        pretrain_epochs: int = 10,
        pretraining: Any = None,
        missing_label: Any = None,
        loss: Any = "squared_error",
        standardise_target: bool = True,
        huber_delta: float = 1.0,
        quantile: Any = 0.5,
        solver: str = "adam",
        alpha: float = 0.0001,
        l1: float = 0.0,
        batch_size: int | str = "auto",
        learning_rate_init: float = 0.001,
        schedule: Any = None,
        max_iter: int = 50,
        momentum: float = 0.9,
        dropout: Any = 0.0,
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
        self.loss = loss
        self.standardise_target = standardise_target
        self.huber_delta = huber_delta
        self.quantile = quantile
        self.solver = solver
        self.alpha = alpha
        self.l1 = l1
        self.batch_size = batch_size
        self.learning_rate_init = learning_rate_init
        self.schedule = schedule
        self.max_iter = max_iter
        self.momentum = momentum
        self.dropout = dropout
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.monitor = monitor
        self.max_seconds = max_seconds
        self.warm_start = warm_start
        self.verbose = verbose
        self.random_state = random_state
