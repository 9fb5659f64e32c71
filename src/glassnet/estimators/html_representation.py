"""A fitted estimator in a notebook: scikit-learn's own HTML, and below it the diagram of the network.

Estimators stand on a lower floor than the views and must not know them. They ask the door, the module ``glassnet``, for its public name
``diagram``, as a user would, at the moment when they are shown: nothing is imported before, and nothing is registered.
"""

from __future__ import annotations

import contextlib
import sys

from sklearn.base import BaseEstimator


class ShowsItsNetwork(BaseEstimator):
    """An estimator whose HTML holds its diagram; what cannot be drawn, an unfitted one for instance, is shown as scikit-learn does."""

    def _html_repr(self) -> str:
        """What scikit-learn's ``_repr_html_`` and ``_repr_mimebundle_`` show where ``display="diagram"`` is set."""
        page: str = super()._html_repr()
        with contextlib.suppress(Exception):  # showing a model must never be what fails
            page += sys.modules["glassnet"].diagram(self)._repr_html_()
        return page
