"""scikit-learn's callback protocol (from 1.9) around the iterations of a solver; older versions have none and nothing happens.

Every iteration is a task: it begins with the coefficients so far and ends with new ones. The last task begun finds nothing left to do
and ends empty.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class IterationTasks:
    """The tasks of one fit. ``attributes`` turns theta into the fitted attributes that an observer may predict with."""

    def __init__(self, estimator: Any, X: Any, y: Any, sample_weight: Any, attributes: Callable[[Any], dict[str, Any]]) -> None:
        self.estimator, self.attributes = estimator, attributes
        self.seen = {"X": X, "y": y, "metadata": None if sample_weight is None else {"sample_weight": sample_weight}}
        self.watched = bool(getattr(estimator, "_skl_callbacks", None))
        self.finished = 0
        if self.watched:
            self.root = estimator._init_callback_context(max_subtasks=max(estimator.max_iter, 1) + 1)
            self.root.call_on_fit_task_begin(estimator=estimator, **self.seen)

    def begin(self, theta: Any) -> None:
        """A task begins at ``theta``."""
        if self.watched:
            self.task = self.root.subcontext(task_name=f"{self.estimator.solver}-iter")
            self.task.call_on_fit_task_begin(estimator=self.estimator, reconstruction_attributes=self.attributes(theta), **self.seen)

    def follow(self, theta: Any) -> bool:
        """The task at hand ended at ``theta`` and the next begins; True where a callback asks to stop."""
        if not self.watched:
            return False
        stop = self.task.call_on_fit_task_end(estimator=self.estimator, reconstruction_attributes=self.attributes(theta), **self.seen)
        self.finished += 1
        self.begin(theta)
        return bool(stop)

    def end(self, theta: Any) -> None:
        """The fit ends at ``theta``; without any iteration there is still one task to see."""
        if self.watched:
            if not self.finished:
                self.follow(theta)
            self.task.call_on_fit_task_end(estimator=self.estimator)
            self.root.call_on_fit_task_end(estimator=self.estimator, reconstruction_attributes={}, **self.seen)
