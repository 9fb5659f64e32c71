"""RBM: a restricted Boltzmann machine for research: several kinds of visible units, and the training recipes of the literature."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from glassnet.estimators.boltzmann.learning_machine import LearningMachine, close
from glassnet.estimators.boltzmann.rbm_parameters import check_parameters
from glassnet.estimators.boltzmann.visible_rows import check_kinds, checked_rows
from glassnet.estimators.input_rows import checked_weights
from glassnet.networks.boltzmann.visible import visible_units

Array = NDArray[Any]


class RBM(LearningMachine):
    """A restricted Boltzmann machine: a distribution over rows, learned without labels, with hidden units that are 0 or 1.

    Parameters
    ----------
    n_components : int, default=256
        Hidden units, >= 1.
    visible : {'bernoulli', 'gaussian', 'softmax'} or list of these, default='bernoulli'
        The kind of every column, or of each: 0 or 1 (values between are taken as probabilities), a real number whose variance is learned,
        or one of several columns that are 1 in turn.
    softmax_sizes : int, list of int or None, default=None
        Columns of each softmax group, in the order of the columns; one number for groups of equal size; None for one group.
    method : {'pcd', 'cd', 'pt'}, default='pcd'
        Where the negative phase begins: 'pcd' goes on with chains that are kept from update to update, 'cd' begins at the rows of the
        batch, 'pt' keeps chains at several temperatures that swap states (parallel tempering).
    k : int, default=1
        Gibbs sweeps per update, >= 1.
    n_chains : int or None, default=None
        Persistent chains; None takes the (first) ``batch_size``.
    n_temperatures : int, default=10
        Inverse temperatures of 'pt', evenly from 0 to 1, >= 2.
    learning_rate : float, default=0.05
        First step size, > 0.
    schedule : str or dict, default='constant'
        Step size over the epochs: 'constant', 'exponential', 'cosine', 'invscaling', or a dict such as
        ``{'name': 'cosine', 'warm_up': 1}``.
    batch_size : int or list of int, default=100
        Rows per update, >= 1. Several sizes, such as ``[10, 100]``, are gone through in equal parts of the epochs.
    n_iter : int, default=20
        Epochs, >= 0.
    momentum : float, default=0.0
        Share of the last step that is kept, in [0, 1).
    l2, l1 : float, default=0.0
        Weight decay: l2 times W, and l1 times its sign, are taken from the slope. Biases are free.
    sparsity_target : float or None, default=None
        Mean activity in (0, 1) that hidden units are drawn to.
    sparsity_cost : float, default=0.1
        How strongly, where there is a target.
    centring : bool, default=True
        Whether slopes are taken around the means of visible and hidden units, which makes learning independent of flipping 0 and 1, and
        faster. False gives the textbook's update.
    learn_variance : bool, default=True
        Whether the variances of Gaussian columns are learned; they begin at those of the data.
    visible_bias : {'data', 'zeros'}, default='data'
        First biases of the visible units: the data's log-odds or means, or 0.
    init_scale : float, default=0.01
        Standard deviation of the first weights (of a Gaussian column: in its standard deviations).
    shuffle : bool, default=True
        Whether rows are put into a new order before every epoch.
    early_stopping : bool, default=False
        Stop when the held-out rows given to ``fit`` no longer gain, and restore the best parameters: by pseudo-likelihood, with Gaussian
        columns by reconstruction error.
    n_iter_no_change : int, default=10
        Epochs without gain that are borne.
    max_seconds : float or None, default=None
        Stop after this many seconds.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the parameters and chains of the last fit.
    verbose : int, default=0
        Above 0: print every epoch.
    random_state : int, RandomState or None, default=None
        Seed of weights, order and chains. One seed, one result (same machine, same number of threads).

    Attributes
    ----------
    components_ : array of shape (n_components, n_features)
        Weights.
    intercept_hidden_, intercept_visible_ : arrays of shape (n_components,), (n_features,)
        Biases; of Gaussian columns the mean where every hidden unit is 0.
    log_variance_ : array of shape (n_features,)
        Logarithm of the variance of Gaussian columns given the hidden units; 0 for other columns.
    h_samples_ : array of shape (n_chains, n_components)
        Hidden states of the persistent chains ('cd' keeps none: the last ones it ran); with 'pt' those at temperature 1.
    swap_rates_ : array of shape (n_temperatures - 1,) or None
        With 'pt': the share of swaps taken between neighbouring temperatures; near 0 asks for more temperatures.
    history_ : BoltzmannHistory
        One row per epoch: reconstruction error, free energy and, without Gaussian columns, pseudo-likelihood; the same of held-out rows;
        the gap of their free energies. ``.to_frame()``.
    stopped_because_ : str
        Why training stopped, in a sentence.
    n_iter_ : int
        Epochs of the last fit.
    n_features_in_, feature_names_in_
        As in scikit-learn.

    Examples
    --------
    >>> import numpy as np
    >>> from glassnet.estimators.boltzmann.rbm import RBM
    >>> X = np.repeat([[0.0, 0, 1, 1], [1, 1, 0, 0]], 50, axis=0)
    >>> rbm = RBM(2, learning_rate=0.2, batch_size=10, schedule="cosine", n_iter=200, random_state=0).fit(X)
    >>> bool(rbm.log_likelihood(X).mean() > -1.2)                # at best log(1/2) = -0.69: two patterns, equally often
    True
    """

    def __init__(
        self,
        n_components: int = 256,
        *,
        visible: Any = "bernoulli",
        softmax_sizes: Any = None,
        method: str = "pcd",
        k: int = 1,
        n_chains: int | None = None,
        n_temperatures: int = 10,
        learning_rate: float = 0.05,
        schedule: Any = "constant",
        batch_size: int | list[int] = 100,
        n_iter: int = 20,
        momentum: float = 0.0,
        l2: float = 0.0,
        l1: float = 0.0,
        sparsity_target: float | None = None,
        sparsity_cost: float = 0.1,
        centring: bool = True,
        learn_variance: bool = True,
        visible_bias: str = "data",
        init_scale: float = 0.01,
        shuffle: bool = True,
        early_stopping: bool = False,
        n_iter_no_change: int = 10,
        max_seconds: float | None = None,
        warm_start: bool = False,
        verbose: int = 0,
        random_state: Any = None,
    ) -> None:
        self.n_components = n_components
        self.visible = visible
        self.softmax_sizes = softmax_sizes
        self.method = method
        self.k = k
        self.n_chains = n_chains
        self.n_temperatures = n_temperatures
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.batch_size = batch_size
        self.n_iter = n_iter
        self.momentum = momentum
        self.l2 = l2
        self.l1 = l1
        self.sparsity_target = sparsity_target
        self.sparsity_cost = sparsity_cost
        self.centring = centring
        self.learn_variance = learn_variance
        self.visible_bias = visible_bias
        self.init_scale = init_scale
        self.shuffle = shuffle
        self.early_stopping = early_stopping
        self.n_iter_no_change = n_iter_no_change
        self.max_seconds = max_seconds
        self.warm_start = warm_start
        self.verbose = verbose
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None, *, X_val: Any = None) -> Self:
        """Learn the distribution of the rows of X.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_samples, n_features)
            float32 stays float32; everything else becomes float64.
        y : ignored
        sample_weight : array of shape (n_samples,), default=None
            Weights >= 0; weight k counts as the row k times.
        X_val : array or sparse matrix, default=None
            Held-out rows: measured after every epoch beside X, and watched by ``early_stopping``.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            For parameters or data that cannot be used; every fault is named.
        DivergenceError
            When a number stops being finite; the estimator then holds the parameters of the epoch before.
        """
        check_parameters(self)
        if self.early_stopping and X_val is None:
            raise ValueError("early_stopping watches held-out rows; give fit(X, X_val=...), or set early_stopping=False.")
        first = not (self.warm_start and hasattr(self, "components_"))
        given = (X, y, sample_weight)
        X = checked_rows(self, X, reset=first)
        units = visible_units(self.visible, X.shape[1], self.softmax_sizes)
        check_kinds(units, X)
        if len(units.gaussian) and hasattr(X, "toarray"):
            X = X.toarray()  # a mean that is not 0 fills every row
        counts = None if sample_weight is None else checked_weights(sample_weight, X)
        if counts is not None and not counts.sum() > 0:
            raise ValueError("sample_weight must have a positive sum; every row has zero weight. Give some rows a weight above 0.")
        weight = None if counts is None else (counts / counts.mean(dtype=np.float64)).astype(X.dtype)
        if X_val is not None:
            X_val = checked_rows(self, X_val, dtype=X.dtype, reset=False)
        random = check_random_state(self.random_state)
        if first:
            self._begin(units, X, counts, random)
        else:
            self._go_on(units, X.shape[1])
        done = len(self.history_)
        reason = self._learn_watched(X, weight, X_val, random, given)
        self.n_iter_, self.stopped_because_ = len(self.history_) - done, reason.sentence
        close(reason)
        return self

    def partial_fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """One update with the rows of X as one batch, at the first learning rate. The first call takes biases and variances from them.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_samples, n_features)
        y : ignored
        sample_weight : array of shape (n_samples,), default=None

        Returns
        -------
        self
        """
        check_parameters(self)
        first = not hasattr(self, "components_")
        X = checked_rows(self, X, reset=first)
        check_kinds(units := visible_units(self.visible, X.shape[1], self.softmax_sizes), X)
        weight = None if sample_weight is None else checked_weights(sample_weight, X, dtype=X.dtype)
        if len(units.gaussian) and hasattr(X, "toarray"):
            X = X.toarray()
        if not hasattr(self, "_random_on"):
            self._random_on = check_random_state(self.random_state)
        if first:
            self._begin(units, X, weight, self._random_on)
            self.n_iter_, self.stopped_because_ = 0, "learned batch by batch"
        else:
            self._go_on(units, X.shape[1])
        self._learn_batch(X, weight)
        self.n_iter_ += 1
        return self

    def gibbs(self, v: Any) -> Array:
        """One Gibbs sweep: h drawn from P(h | v), then v from p(v | h). Calls go on in one stream of random numbers, ``random_state_``.

        Parameters
        ----------
        v : array or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        v_new : array of shape (n_samples, n_features)
        """
        v = self._rows(v)
        rows = v.toarray() if hasattr(v, "toarray") else v
        if not hasattr(self, "random_state_"):
            self.random_state_ = check_random_state(self.random_state)
        return self.chains(1, n_chains=len(rows), burn_in=0, start=rows, random_state=self.random_state_)[0]

    def score(self, X: Any, y: Any = None) -> float:
        """The mean log pseudo-likelihood of the rows, for a search over parameters.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_samples, n_features)
        y : ignored

        Returns
        -------
        score : float
            In nats per row; see ``score_samples``.
        """
        check_is_fitted(self)
        return float(self.score_samples(X).mean())

    def _set_state(self, arrays: dict[str, Array], facts: dict[str, Any]) -> None:
        super()._set_state(arrays, facts)
        self._repeat_chains(len(self.h_samples_), self._chains_wanted()[1])  # a file keeps the chains at temperature 1
        self.swap_rates_ = None
