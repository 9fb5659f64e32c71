"""glassnet: neural networks you can see through.

The public door. Names are loaded when they are first used (PEP 562), so ``import glassnet`` costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "LogisticRegression": "glassnet.estimators.logistic",
    "LogisticRegressionCV": "glassnet.estimators.logistic_cv",
    "MLPClassifier": "glassnet.estimators.mlp_classifier",
    "MLPRegressor": "glassnet.estimators.mlp_regressor",
    "TablePreparation": "glassnet.data.preparation",
    "read_table": "glassnet.data.tables",
    "save": "glassnet.estimators.persistence",
    "load": "glassnet.estimators.persistence",
    "DataError": "glassnet.checks",
    "DivergenceError": "glassnet.checks",
    "ModelFileError": "glassnet.checks",
}

if TYPE_CHECKING:
    from glassnet.checks import DataError, DivergenceError, ModelFileError
    from glassnet.data.preparation import TablePreparation
    from glassnet.data.tables import read_table
    from glassnet.estimators.logistic import LogisticRegression
    from glassnet.estimators.logistic_cv import LogisticRegressionCV
    from glassnet.estimators.mlp_classifier import MLPClassifier
    from glassnet.estimators.mlp_regressor import MLPRegressor
    from glassnet.estimators.persistence import load, save

__all__ = [
    "DataError",
    "DivergenceError",
    "LogisticRegression",
    "LogisticRegressionCV",
    "MLPClassifier",
    "MLPRegressor",
    "ModelFileError",
    "TablePreparation",
    "__version__",
    "load",
    "read_table",
    "save",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'glassnet' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
