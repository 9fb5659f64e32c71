"""scikit-learn's callback protocol (from 1.9) around the epochs of a training; older versions have none, and nothing happens.

    fit                 one task of at most max_iter subtasks
      epoch             begins before its first step, ends with the weights after it; `True` from a callback ends the training

A callback sees X and y as the user gave them, so that scorers meet the columns they know, and an estimator that is ready to predict with
the weights of that moment. ``with_callbacks`` around the training sees to it that every callback that was set up is torn down.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from glassnet.training.history import Row

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # scikit-learn before 1.9

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Stands where scikit-learn has no callbacks yet."""

    def with_callbacks(method: Any) -> Any:
        """The method as it is."""
        return method


__all__ = ["CallbackSupportMixin", "EpochTasks", "with_callbacks"]


class EpochTasks:
    """The tasks of one fit; without callbacks it does nothing. ``attributes`` gives what a copy needs in order to predict."""

    def __init__(self, estimator: Any, X: Any, y: Any, sample_weight: Any, attributes: Callable[[], dict[str, Any]]) -> None:
        self.watched = hasattr(estimator, "_skl_callbacks")
        if not self.watched:
            return
        self.attributes = attributes
        self.task: Any = None
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self.seen = {"estimator": estimator, "X": X, "y": y, "metadata": metadata}
        self.root = estimator._init_callback_context(max_subtasks=estimator.max_iter)
        self.root.call_on_fit_task_begin(**self.seen)

    def begin(self) -> None:
        """An epoch begins, unless it has begun already."""
        if self.watched and self.task is None:
            self.task = self.root.subcontext(task_name="epoch")
            self.task.call_on_fit_task_begin(reconstruction_attributes=self.attributes, **self.seen)

    def __call__(self, row: Row) -> bool:
        """The epoch is over; True where a callback asks to stop."""
        if not self.watched:
            return False
        self.begin()
        task, self.task = self.task, None
        return bool(task.call_on_fit_task_end(reconstruction_attributes=self.attributes, **self.seen))

    def end(self) -> None:
        """The fit is over. An epoch that was begun and broken off ends without a result."""
        if not self.watched:
            return
        if self.task is not None:
            self.task.call_on_fit_task_end(estimator=self.seen["estimator"])
        self.root.call_on_fit_task_end(reconstruction_attributes={}, **self.seen)
