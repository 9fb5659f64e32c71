"""The path that descent takes through the weights: theta before the first step and after every epoch.

Training is the estimator's own ``fit``, watched from beside, so that the path is the one it takes without a watcher.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import Pipeline

from glassnet.checks import DivergenceError
from glassnet.estimators.learning_network import LearningNetwork
from glassnet.training.loop import State

Array = NDArray[Any]


@dataclass(frozen=True)
class DescentPath:
    """Where a training has been.

    Attributes
    ----------
    thetas : array of shape (n_epochs + 1, n_parameters)
        All weights and biases in one row, layer by layer: before the first step, and after every epoch. With solver='gd', and for the
        line-search solvers, an epoch is a step.
    stopped_because : str
        Why it ended.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from glassnet import DescentPath, MLPClassifier
    >>> net = MLPClassifier((), solver="gd", learning_rate_init=0.1, max_iter=20, random_state=0)
    >>> path = DescentPath.of(net, *load_iris(return_X_y=True))
    >>> path.thetas.shape, path.stopped_because
    ((21, 15), 'all 20 epochs are done')
    """

    thetas: Array
    stopped_because: str

    @classmethod
    def of(cls, estimator: Any, X: Any, y: Any, **fit_params: Any) -> Self:
        """Fit ``estimator``, and note where it goes.

        Parameters
        ----------
        estimator : MLPClassifier, MLPRegressor, or a Pipeline that ends in one
            It is fitted. That epochs run out or training runs away is what a path is there to show: neither warns or raises here.
        X, y, **fit_params
            As for ``fit``.

        Returns
        -------
        DescentPath

        Raises
        ------
        TypeError
            For an estimator whose steps cannot be watched.
        """
        learner = estimator.steps[-1][1] if isinstance(estimator, Pipeline) else estimator
        if not isinstance(learner, LearningNetwork):
            raise TypeError(
                f"a path needs MLPClassifier or MLPRegressor, or a Pipeline that ends in one; got {type(learner).__name__}. "
                "MLPClassifier(()) is logistic regression, step by step."
            )
        thetas: list[Array] = []
        why = ""
        with _watched(learner, thetas.append), warnings.catch_warnings(), np.errstate(over="ignore", invalid="ignore"):
            warnings.simplefilter("ignore", ConvergenceWarning)
            try:
                estimator.fit(X, y, **fit_params)
                why = learner.stopped_because_
            except DivergenceError as error:
                if not thetas:
                    raise
                why = str(error)
        return cls(np.array(thetas), why)


@contextlib.contextmanager
def _watched(learner: LearningNetwork, note: Callable[[Array], None]) -> Iterator[None]:
    """Within it, ``note`` gets a copy of theta before the first step of a fit and after every epoch."""
    begin, state = learner._begin, list[State]()

    def begin_watched(*given: Any, **more: Any) -> State:
        state[:] = [begin(*given, **more)]
        note(state[0].theta.copy())
        return state[0]

    before = learner._observers
    learner._observers = (*before, lambda row: note(state[0].theta.copy()))
    learner._begin = begin_watched  # type: ignore[method-assign]
    try:
        yield
    finally:
        del learner._begin
        learner._observers = before
