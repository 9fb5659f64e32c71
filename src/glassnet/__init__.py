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
    "ImagePreparation": "glassnet.data.pixels",
    "Images": "glassnet.data.images",
    "Formula": "glassnet.data.formulas",
    "read_table": "glassnet.data.tables",
    "read_images": "glassnet.data.images",
    "read_arrays": "glassnet.data.arrays",
    "search_space": "glassnet.estimators.search_space",
    "one_standard_error": "glassnet.estimators.search_space",
    "save": "glassnet.estimators.persistence",
    "load": "glassnet.estimators.persistence",
    "DataError": "glassnet.checks",
    "DivergenceError": "glassnet.checks",
    "ModelFileError": "glassnet.checks",
}

if TYPE_CHECKING:
    from glassnet.checks import DataError, DivergenceError, ModelFileError
    from glassnet.data.arrays import read_arrays
    from glassnet.data.formulas import Formula
    from glassnet.data.images import Images, read_images
    from glassnet.data.pixels import ImagePreparation
    from glassnet.data.preparation import TablePreparation
    from glassnet.data.tables import read_table
    from glassnet.estimators.logistic import LogisticRegression
    from glassnet.estimators.logistic_cv import LogisticRegressionCV
    from glassnet.estimators.mlp_classifier import MLPClassifier
    from glassnet.estimators.mlp_regressor import MLPRegressor
    from glassnet.estimators.persistence import load, save
    from glassnet.estimators.search_space import one_standard_error, search_space

__all__ = [
    "DataError",
    "DivergenceError",
    "Formula",
    "ImagePreparation",
    "Images",
    "LogisticRegression",
    "LogisticRegressionCV",
    "MLPClassifier",
    "MLPRegressor",
    "ModelFileError",
    "TablePreparation",
    "__version__",
    "load",
    "one_standard_error",
    "read_arrays",
    "read_images",
    "read_table",
    "save",
    "search_space",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'glassnet' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
