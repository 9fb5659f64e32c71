"""Models in files: an estimator, or a preparation and the estimator behind it, as arrays and JSON that can never run code.

    arrays      weights, biases and history, as the estimator's ``_get_state`` gives them; the preparation's behind a prefix
    metadata    kind, model_version     "glassnet model", 1
                class                   looked up in a fixed table, never imported by the file's wish
                parameters, facts       constructor parameters and learnt facts                      (plain_values.py)
                feature_names           feature_names_in_, or null
                steps                   names of a pipeline's two steps, or null
                preparation             the schema of the first, or null; preparation_kind says whether of a table or of pictures
                versions                of glassnet, Python, NumPy and scikit-learn, for whoever wonders
                extra                   free JSON of the caller: a run's target, metrics, ...

A loaded model predicts the same bits as the one that was saved. Loading takes at most 128 MiB and fifty times the size of the file,
whatever is in it; a file that would take more is refused.
"""

from __future__ import annotations

import importlib
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import sklearn
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from glassnet import __version__
from glassnet.checks import Faults, ModelFileError
from glassnet.data.pixels import ImagePreparation
from glassnet.data.preparation import TablePreparation
from glassnet.estimators.plain_values import from_plain, refuse_large_arrays, to_plain
from glassnet.files import container

KIND = "glassnet model"
MODEL_VERSION = 1
FILE_NAME = "model.safetensors"
"""What the model of a run directory is called."""

PREFIX = "preparation."
"""Before the names of arrays that belong to a preparation."""

_WITH_ARRAYS = ("parameters", "facts", "feature_names")

Preparation = TablePreparation | ImagePreparation
_PREPARATIONS: dict[str, type] = {"table": TablePreparation, "pictures": ImagePreparation}
_HOMES = {
    "BernoulliRBM": "glassnet.estimators.boltzmann.bernoulli_rbm",
    "DBNClassifier": "glassnet.estimators.boltzmann.dbn_classifier",
    "DBNRegressor": "glassnet.estimators.boltzmann.dbn_regressor",
    "DBNTransformer": "glassnet.estimators.boltzmann.dbn_transformer",
    "LogisticRegression": "glassnet.estimators.logistic",
    "LogisticRegressionCV": "glassnet.estimators.logistic_cv",
    "MLPClassifier": "glassnet.estimators.mlp_classifier",
    "MLPRegressor": "glassnet.estimators.mlp_regressor",
    "RBM": "glassnet.estimators.boltzmann.rbm",
}


def save(model: Any, path: str | os.PathLike[str], *, extra: Mapping[str, Any] | None = None) -> None:
    """Write a fitted model to ``path``, whole or not at all.

    Parameters
    ----------
    model : estimator or Pipeline
        A glassnet estimator, or a Pipeline of a TablePreparation or an ImagePreparation and a glassnet estimator.
    path : path
        Of the file; one that is there is replaced once the new one is complete.
    extra : mapping, optional
        What JSON can hold, kept beside the model; `load_with_extra` returns it.

    Raises
    ------
    TypeError
        For a model of another kind.
    ValueError
        For parameters that no file can hold (a function, a random state), all named.
    OSError
        Where the file cannot be written.
    """
    steps, preparation, estimator = _taken_apart(model)
    check_is_fitted(estimator)
    parameters = _plain_parameters(estimator)
    arrays, facts = estimator._get_state()
    metadata = {
        "kind": KIND,
        "model_version": MODEL_VERSION,
        "class": type(estimator).__name__,
        "parameters": parameters,
        "facts": {name: to_plain(fact) for name, fact in facts.items()},
        "feature_names": to_plain(getattr(estimator, "feature_names_in_", None)),
        "steps": steps,
        "preparation_kind": next((kind for kind, home in _PREPARATIONS.items() if isinstance(preparation, home)), None),
        "preparation": None if preparation is None else preparation.to_schema(),
        "versions": {
            "glassnet": __version__,
            "python": platform.python_version(),
            "numpy": np.__version__,
            "scikit-learn": sklearn.__version__,
        },
        "extra": dict(extra or {}),
    }
    refuse_large_arrays([metadata[part] for part in _WITH_ARRAYS])
    if isinstance(preparation, ImagePreparation):
        arrays = arrays | {PREFIX + name: array for name, array in preparation.to_arrays().items()}
    container.write(path, arrays, metadata)


def load(path: str | os.PathLike[str]) -> Any:
    """The model in the file at ``path``, or in a run directory; it predicts the same bits as the one that was saved.

    Raises
    ------
    FileNotFoundError
        Where there is no such file.
    ModelFileError
        For a file that is damaged, truncated, foreign or newer; the message says which.
    """
    return load_with_extra(path)[0]


def load_with_extra(path: str | os.PathLike[str]) -> tuple[Any, dict[str, Any]]:
    """The model in the file at ``path``, or in a run directory, and what was kept beside it. Raises as `load` does."""
    file = Path(path, FILE_NAME) if Path(path).is_dir() else Path(path)
    arrays, metadata = container.read(file)
    if metadata.get("kind") != KIND:
        raise ModelFileError(
            f"{file} holds {str(metadata.get('kind', 'something else'))[:40]!r}, not a model. Name a file written by save."
        )
    version = metadata.get("model_version")
    if version != MODEL_VERSION:
        raise ModelFileError(f"{file} holds a model of version {version!r}; this glassnet reads {MODEL_VERSION}. Upgrade glassnet.")
    try:
        refuse_large_arrays([metadata[part] for part in _WITH_ARRAYS])
        return _rebuilt(arrays, metadata), dict(metadata["extra"])
    except MemoryError as error:
        raise ModelFileError(f"{file} describes a model that does not fit into the memory that is left. Free some first.") from error
    except Exception as error:  # nothing that a file says may end in another way, whatever part of the model it upsets
        what = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) and error.args else str(error)
        raise ModelFileError(f"{file} does not describe a model that works: {what[:300]}. Save the model again.") from error


def _taken_apart(model: Any) -> tuple[list[str] | None, Preparation | None, Any]:
    """(names of the steps, preparation, estimator); the first two are None without a pipeline."""
    if isinstance(model, Pipeline):
        names, parts = zip(*model.steps, strict=True)
        if len(parts) == 2 and isinstance(parts[0], TablePreparation | ImagePreparation) and _is_ours(parts[1]):
            return list(names), parts[0], parts[1]
        given = "a Pipeline of " + ", ".join(type(part).__name__ for part in parts)
        if _is_ours(parts[-1]):
            given += (
                ". TablePreparation standardises, fills in and encodes in one step; the last step can be saved alone, but will expect rows "
                "as the steps before it leave them"
            )
    elif _is_ours(model):
        return None, None, model
    else:
        given = type(model).__name__
    raise TypeError(
        f"model must be {', '.join(_HOMES)}, or a Pipeline of TablePreparation or ImagePreparation and one of these; got {given}."
    )


def _is_ours(estimator: Any) -> bool:
    """True for exactly the classes of the table: a subclass could not be restored."""
    return type(estimator).__module__ == _HOMES.get(type(estimator).__name__)


def _plain_parameters(estimator: Any) -> dict[str, Any]:
    faults, plain = Faults(), {}
    left_out = {"checkpoint", *getattr(estimator, "_not_in_files", ())}  # a path belongs to the machine that trained
    for name, value in estimator.get_params(deep=False).items():
        if name in left_out:
            continue
        try:
            plain[name] = to_plain(value)
        except TypeError as fault:
            faults.add(
                f"{name} must be a plain value (None, number, text, list, tuple, dict or array) to be kept in a file; got {value!r:.80}: "
                f"{fault}. Set it to one before saving: set_params({name}=...)."
            )
    faults.raise_if_any()
    return plain


def _rebuilt(arrays: dict[str, np.ndarray], metadata: dict[str, Any]) -> Any:
    arrays, before = (
        {name: array for name, array in arrays.items() if not name.startswith(PREFIX)},
        {name.removeprefix(PREFIX): array for name, array in arrays.items() if name.startswith(PREFIX)},
    )
    name = metadata["class"]
    if name not in _HOMES:
        raise ValueError(f"its class is {str(name)[:40]!r}; known are {', '.join(_HOMES)}")
    home = getattr(importlib.import_module(_HOMES[name]), name)
    parameters = {key: from_plain(value) for key, value in metadata["parameters"].items() if key != "checkpoint"}
    estimator = home(**parameters)
    estimator._set_state(arrays, {key: from_plain(fact) for key, fact in metadata["facts"].items()})
    if set(estimator._get_state()[0]) != set(arrays):
        raise ValueError(f"its arrays are not those of this {name}")
    if not 0 < estimator.n_features_in_ <= sum(array.size for array in arrays.values()):
        raise ValueError(f"it has no weights for {estimator.n_features_in_} features")
    _try_out(estimator)
    if metadata["feature_names"] is not None:
        names = from_plain(metadata["feature_names"])
        if np.shape(names) != (estimator.n_features_in_,):
            raise ValueError("it has another number of feature names than of features")
        estimator.feature_names_in_ = names
    if metadata["preparation"] is None and not before:
        return estimator
    preparation = _preparation_of(metadata, before)
    width = preparation.width if isinstance(preparation, ImagePreparation) else len(preparation.get_feature_names_out())
    if width != estimator.n_features_in_:
        raise ValueError(f"its preparation and its {name} disagree about the number of features")
    first, second = map(str, metadata["steps"])
    return Pipeline([(first, preparation), (second, estimator)])


def _preparation_of(metadata: dict[str, Any], arrays: dict[str, np.ndarray]) -> Preparation:
    """What stands before the estimator."""
    kind = metadata["preparation_kind"]
    if kind == "pictures":
        return ImagePreparation.from_schema(metadata["preparation"], arrays)
    if kind != "table":
        raise ValueError(f"its preparation is of the kind {str(kind)[:40]!r}; known are {', '.join(_PREPARATIONS)}")
    if arrays:
        raise ValueError("the preparation of a table has no arrays")
    return TablePreparation.from_schema(metadata["preparation"])


def _try_out(estimator: Any) -> None:
    """Predict for one row of zeros: what does not fit together is found now, not in the user's hands."""
    row = np.zeros((1, estimator.n_features_in_))
    estimator.predict(row) if hasattr(estimator, "predict") else estimator.transform(row)
    if hasattr(estimator, "classes_"):
        probability, classes = estimator.predict_proba(row), estimator.classes_
        pairs = zip(probability, classes, strict=True) if isinstance(classes, list) else [(probability, classes)]
        if any(part.shape != (1, len(names)) for part, names in pairs):
            raise ValueError("it has another number of classes than of outputs")
