"""Deep belief networks: layers of Boltzmann machines learned one on top of the other, then fine-tuned as one network.

    pre-training   machine l learns P(h_l = 1 | h_{l-1}), the features that machine l - 1 makes of all rows, labelled or not
    unrolling      W of layer l <- W of machine l (of Gaussian columns divided by s^2),  b <- its hidden biases
    fine-tuning    the network of the multilayer perceptron, its solvers, rules and files, from these weights instead of random ones

Sources  Hinton, Osindero & Teh (2006), Neural Computation 18, 1527-1554; Hinton & Salakhutdinov (2006), Science 313, 504-507.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import _safe_indexing, check_consistent_length, check_random_state
from sklearn.utils.validation import check_is_fitted

from glassnet.checks import Faults, unknown_name
from glassnet.data.prepared_rows import PreparedRows, rows_of
from glassnet.estimators.architecture import hidden_sizes
from glassnet.estimators.boltzmann.rbm import RBM
from glassnet.estimators.boltzmann.rbm_parameters import whole
from glassnet.estimators.boltzmann.visible_rows import checked_rows, kinds_of
from glassnet.training.history import Row

Array = NDArray[Any]

PRETRAINING: dict[str, Any] = {"method": "cd", "k": 1, "learning_rate": 0.1, "momentum": 0.5, "l2": 2e-4, "batch_size": 100}
"""How each machine learns where nothing else is asked for."""
SLOW: dict[str, Any] = {"learning_rate": 0.01}
"""The same of a machine with Gaussian columns, whose fields have no bound."""

Watch = Callable[[int, Row], "bool | None"]
"""Called with the number of the layer, from 0, and every new row of its machine's history."""


def labelled_rows(y: Any, missing_label: Any) -> Array | None:
    """Numbers of the rows that have a label, or None where all do: None, nan and ``missing_label`` mark those that do not.

    Raises ValueError where no row has one.
    """
    values = np.asarray(y, dtype=object) if not isinstance(y, np.ndarray) else y
    if values.dtype.kind == "f":
        missing = np.isnan(values)
    elif values.dtype.kind == "O":
        missing = np.frompyfunc(_is_hole, 1, 1)(values).astype(bool)
    else:
        missing = np.zeros(values.shape, dtype=bool)
    if missing_label is not None:
        missing |= np.asarray(values == missing_label, dtype=bool)
    if missing.ndim > 1:
        missing = missing.any(axis=1)
    if not missing.any():
        return None
    if missing.all():
        raise ValueError("every label is missing; some rows must have one. To learn without labels use RBM or DBNTransformer.")
    return np.flatnonzero(~missing)


def _is_hole(value: Any) -> bool:
    """True for None, nan and what pandas calls NA."""
    return value is None or (isinstance(value, float) and value != value) or type(value).__name__ in ("NAType", "NaTType")


def pretrained(
    X: Any,
    sizes: tuple[int, ...],
    visible: Any,
    epochs: int,
    settings: Mapping[str, Any],
    random: Any,
    verbose: Any,
    weight: Any = None,
    *,
    X_val: Any = None,
    watch: Watch | None = None,
) -> list[RBM]:
    """Machines of ``sizes`` hidden units, each learned from the features that the one below makes of X; ``weight`` counts rows.

    ``X_val`` is measured beside X, ``watch`` hears of every epoch. Raises KeyboardInterrupt where the user interrupts one of them: what
    would stand on a machine that has not learned is worth nothing.
    """
    machines: list[RBM] = []
    for layer, size in enumerate(sizes):
        kinds = visible if layer == 0 else "bernoulli"
        slow = SLOW if "gaussian" in np.ravel(kinds) else {}
        chosen = {**PRETRAINING, **slow, **settings, "n_iter": epochs, "visible": kinds}
        if layer:
            chosen.pop("softmax_sizes", None)  # of the inputs
        machine = RBM(size, **chosen, verbose=verbose, random_state=random.randint(2**31 - 1))
        machine._pseudo = False  # it would take half of the time
        if watch is not None:
            machine._observers = (partial(watch, layer),)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Training interrupted")
            machine.fit(X, sample_weight=weight, X_val=X_val)
        machine._observers = ()
        if machine.stopped_because_.startswith("interrupted"):
            raise KeyboardInterrupt
        machines.append(machine)
        if len(machines) < len(sizes):
            X = machine.transform(X)
            X_val = None if X_val is None else machine.transform(X_val)
    return machines


def upward(machine: RBM) -> tuple[Array, Array]:
    """(W, b) of the layer that computes P(h = 1 | v)."""
    scale = np.exp(-machine.log_variance_)[:, None]
    return np.ascontiguousarray(machine.components_.T * scale), machine.intercept_hidden_.copy()


class DeepBeliefNetwork:
    """What DBNClassifier and DBNRegressor add to the multilayer perceptrons; it is not used by itself."""

    # What a multilayer perceptron asks for and these estimators leave as it is
    activation: Any = "logistic"
    bias: Any = True
    init: Any = None
    initialiser: str | None = None
    n_layers: int | None = None
    width: int | None = None
    learning_rate = "constant"
    power_t = 0.5
    shuffle = True
    nesterovs_momentum = True
    beta_1, beta_2, epsilon = 0.9, 0.999, 1e-8
    target: float | None = None
    gradient_tol: float | None = None
    checkpoint: Any = None
    max_fun = 15000

    rbms_: list[RBM]
    _watch: Watch | None = None
    _not_in_files = ("init",)

    def _check_pretraining(self: Any) -> None:
        faults = Faults()
        faults.unless(whole(self.pretrain_epochs, 0), f"pretrain_epochs must be an integer of 0 or more; got {self.pretrain_epochs!r}.")
        given = {} if self.pretraining is None else self.pretraining
        if isinstance(given, Mapping):
            known = sorted(set(RBM().get_params()) - {"n_components", "visible", "n_iter", "random_state", "verbose"})
            for name in given:
                if name not in known:
                    faults.add(unknown_name("an entry of pretraining", name, known))
        else:
            faults.add(f"pretraining must be None or a dict of parameters of RBM; got {given!r}.")
        faults.raise_if_any()

    def fit(self: Any, X: Any, y: Any, sample_weight: Any = None, *, X_val: Any = None, y_val: Any = None) -> Any:
        """Pre-train on all rows, then fine-tune on those that have a label.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_samples, n_features)
            Inputs, as for RBM with the same ``visible``: in [0, 1] for 'bernoulli', standardised or not for 'gaussian'.
        y : array of shape (n_samples,) or (n_samples, n_outputs)
            Labels or numbers; None, nan and ``missing_label`` mark rows without one.
        sample_weight : array of shape (n_samples,), default=None
            Weights >= 0; weight k counts as the row k times, in the fine-tuning exactly, in the pre-training on average.
        X_val, y_val : arrays, default=None
            Held-out rows, for ``early_stopping`` and the history of the fine-tuning.

        Returns
        -------
        self
        """
        self._check_pretraining()
        if y is not None:
            check_consistent_length(X, y)
        labelled = None if y is None else labelled_rows(y, self.missing_label)
        self._unlabelled = (X, sample_weight, X_val)
        try:
            if labelled is not None:
                X = rows_of(X, labelled, augmented=True) if isinstance(X, PreparedRows) else _safe_indexing(X, labelled)
                y = _labels_as_given(_safe_indexing(y, labelled))
                sample_weight = None if sample_weight is None else _safe_indexing(sample_weight, labelled)
            return super().fit(X, y, sample_weight, X_val=X_val, y_val=y_val)  # type: ignore[misc]
        finally:
            self.__dict__.pop("_unlabelled", None)

    def sample(
        self: Any, n: int = 1, *, burn_in: int = 1000, thin: int = 100, n_chains: int = 100, means: bool = False, random_state: Any = None
    ) -> Array:
        """Rows that the machines make up: Gibbs chains of the topmost one, brought down layer by layer.

        Parameters
        ----------
        n : int, default=1
            Rows.
        burn_in, thin, n_chains, random_state
            Of the chains of the topmost machine, as in `RBM.sample`.
        means : bool, default=False
            Whether to give E[v | h] of the lowest machine in place of v, as is usual for pictures.

        Returns
        -------
        V : array of shape (n, n_features)

        Raises
        ------
        ValueError
            Where there are no machines: without pre-training, or in a network from a file, which holds the fine-tuned weights only.
        """
        check_is_fitted(self)
        if not self.rbms_:
            raise ValueError("this network has no machines to draw from: pre-train it (pretrain_epochs above 0); files do not hold them.")
        random = check_random_state(self.random_state if random_state is None else random_state)
        *below, top = self.rbms_
        rows = top.sample(n, burn_in=burn_in, thin=thin, n_chains=n_chains, means=means and not below, random_state=random)
        for machine in reversed(below):
            last = means and machine is below[0]
            rows = machine.inverse_transform(rows) if last else machine.draw_visible(rows, random_state=random)
        return rows

    def _start(self: Any, n_features: int, target: Array, random: np.random.RandomState, *, first: bool) -> Any:
        """The network; on a first fit its hidden layers begin at the weights of the machines, copied once.

        Everything the user gave has been checked by now: nobody waits for machines to learn before a misspelt parameter is named.
        """
        given = self.__dict__.get("_unlabelled")  # partial_fit knows no pre-training
        machines = self._pretrained(*given) if first and given is not None and self.pretrain_epochs else []
        network = super()._start(n_features, target, random, first=first)  # type: ignore[misc]
        if first:
            self.rbms_ = machines
            for l, machine in enumerate(machines):
                W, b = upward(machine)
                self.coefs_[l][:], self.intercepts_[l][:] = W, b
        return network

    def _pretrained(self: Any, X: Any, sample_weight: Any, X_val: Any) -> list[RBM]:
        """The machines, learned from all rows."""
        X = checked_rows(self, X, reset=False)
        X_val = None if X_val is None else checked_rows(self, X_val, dtype=X.dtype, reset=False)
        kinds = kinds_of(X) if isinstance(self.visible, str) and self.visible == "auto" else self.visible
        return pretrained(
            X,
            hidden_sizes(self.hidden_layer_sizes, None, None),
            kinds,
            self.pretrain_epochs,
            self.pretraining or {},
            check_random_state(self.random_state),
            self.verbose,
            sample_weight,
            X_val=X_val,
            watch=self._watch,
        )


def _labels_as_given(y: Any) -> Any:
    """Labels without the holes: an array of objects, or of floats that are whole, becomes what it would have been without them."""
    values = np.asarray(y)
    if values.dtype.kind != "O":
        return y
    return np.array(values.tolist())
