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
    "trace": "glassnet.seeing.trace.tracing",
    "gradient_check": "glassnet.seeing.trace.gradient_check",
    "diagnose": "glassnet.seeing.doctor",
    "report": "glassnet.seeing.report",
    "deterministic": "glassnet.training.threads",
    "BernoulliRBM": "glassnet.estimators.boltzmann.bernoulli_rbm",
    "RBM": "glassnet.estimators.boltzmann.rbm",
    "DBNClassifier": "glassnet.estimators.boltzmann.dbn_classifier",
    "DBNRegressor": "glassnet.estimators.boltzmann.dbn_regressor",
    "DBNTransformer": "glassnet.estimators.boltzmann.dbn_transformer",
    "diagram": "glassnet.seeing.diagram.network_diagram",
    "CostCurveDisplay": "glassnet.seeing.figures.cost_curve",
    "LayerGradientDisplay": "glassnet.seeing.figures.layer_gradients",
    "ActivationDisplay": "glassnet.seeing.figures.activations",
    "WeightImageDisplay": "glassnet.seeing.figures.weight_images",
    "BoundaryDisplay": "glassnet.seeing.figures.boundary",
    "SigmoidDisplay": "glassnet.seeing.figures.sigmoid",
    "ErrorSurfaceDisplay": "glassnet.seeing.figures.error_surface",
    "DescentPath": "glassnet.seeing.figures.descent_path",
    "ProbabilityDisplay": "glassnet.seeing.figures.probability",
    "ThresholdDisplay": "glassnet.seeing.figures.threshold",
    "ConfusionDisplay": "glassnet.seeing.figures.confusion",
    "ResidualDisplay": "glassnet.seeing.figures.residuals",
    "MistakeDisplay": "glassnet.seeing.figures.mistakes",
    "ConfidentPictureDisplay": "glassnet.seeing.figures.confident_pictures",
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
    from glassnet.estimators.boltzmann.bernoulli_rbm import BernoulliRBM
    from glassnet.estimators.boltzmann.dbn_classifier import DBNClassifier
    from glassnet.estimators.boltzmann.dbn_regressor import DBNRegressor
    from glassnet.estimators.boltzmann.dbn_transformer import DBNTransformer
    from glassnet.estimators.boltzmann.rbm import RBM
    from glassnet.estimators.logistic import LogisticRegression
    from glassnet.estimators.logistic_cv import LogisticRegressionCV
    from glassnet.estimators.mlp_classifier import MLPClassifier
    from glassnet.estimators.mlp_regressor import MLPRegressor
    from glassnet.estimators.persistence import load, save
    from glassnet.estimators.search_space import one_standard_error, search_space
    from glassnet.seeing.diagram.network_diagram import diagram
    from glassnet.seeing.doctor import diagnose
    from glassnet.seeing.figures.activations import ActivationDisplay
    from glassnet.seeing.figures.boundary import BoundaryDisplay
    from glassnet.seeing.figures.confident_pictures import ConfidentPictureDisplay
    from glassnet.seeing.figures.confusion import ConfusionDisplay
    from glassnet.seeing.figures.cost_curve import CostCurveDisplay
    from glassnet.seeing.figures.descent_path import DescentPath
    from glassnet.seeing.figures.error_surface import ErrorSurfaceDisplay
    from glassnet.seeing.figures.layer_gradients import LayerGradientDisplay
    from glassnet.seeing.figures.mistakes import MistakeDisplay
    from glassnet.seeing.figures.probability import ProbabilityDisplay
    from glassnet.seeing.figures.residuals import ResidualDisplay
    from glassnet.seeing.figures.sigmoid import SigmoidDisplay
    from glassnet.seeing.figures.threshold import ThresholdDisplay
    from glassnet.seeing.figures.weight_images import WeightImageDisplay
    from glassnet.seeing.report import report
    from glassnet.seeing.trace.gradient_check import gradient_check
    from glassnet.seeing.trace.tracing import trace
    from glassnet.training.threads import deterministic

__all__ = [
    "ActivationDisplay",
    "BernoulliRBM",
    "BoundaryDisplay",
    "ConfidentPictureDisplay",
    "ConfusionDisplay",
    "CostCurveDisplay",
    "DBNClassifier",
    "DBNRegressor",
    "DBNTransformer",
    "DataError",
    "DescentPath",
    "DivergenceError",
    "ErrorSurfaceDisplay",
    "Formula",
    "ImagePreparation",
    "Images",
    "LayerGradientDisplay",
    "LogisticRegression",
    "LogisticRegressionCV",
    "MLPClassifier",
    "MLPRegressor",
    "MistakeDisplay",
    "ModelFileError",
    "ProbabilityDisplay",
    "RBM",
    "ResidualDisplay",
    "SigmoidDisplay",
    "TablePreparation",
    "ThresholdDisplay",
    "WeightImageDisplay",
    "__version__",
    "deterministic",
    "diagnose",
    "diagram",
    "gradient_check",
    "load",
    "one_standard_error",
    "read_arrays",
    "read_images",
    "read_table",
    "report",
    "save",
    "search_space",
    "trace",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'glassnet' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
