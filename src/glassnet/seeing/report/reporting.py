"""``report``: a page about a model, from rows that it has never seen."""

from __future__ import annotations

import platform
from typing import Any

import numpy as np
import polars as pl
import sklearn
from sklearn.metrics import accuracy_score, f1_score, mean_absolute_error, r2_score, roc_auc_score, root_mean_squared_error

from glassnet import __version__
from glassnet.data.preparation import TablePreparation
from glassnet.data.tables import table_from
from glassnet.seeing.boltzmann import PICTURES, pictures_of
from glassnet.seeing.doctor import diagnose
from glassnet.seeing.figures.style import png
from glassnet.seeing.report.document import Report, page
from glassnet.seeing.report.machines import machines_below
from glassnet.seeing.report.material import Material, Repeat
from glassnet.seeing.report.wording import heading
from glassnet.seeing.subject import subject_of


def report(model: Any, X: Any, y: Any, *, X_train: Any = None, y_train: Any = None, title: str = "") -> Report:
    """A page about a model: verdict, data, training, performance, worst errors, network, weights; one HTML file.

    Parameters
    ----------
    model : fitted estimator or Pipeline
        Of one target: classes or a number.
    X, y : rows that the model has never seen, as it takes them (n_rows), and their truth
    X_train, y_train : the rows that it learned from, optional
        For the columns, the spread of the target, a constant baseline and the doctor.
    title : str, optional
        The page's heading; by default what is predicted.

    Returns
    -------
    Report
        ``.save("report.html")`` writes it; ``.html`` is its text.

    Raises
    ------
    ValueError
        For models of several targets, for no rows, and for ``X`` and ``y`` of different lengths.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from glassnet import LogisticRegression
    >>> X, y = load_iris(return_X_y=True)
    >>> net = LogisticRegression(max_iter=500).fit(X[::2], y[::2])
    >>> page = report(net, X[1::2], y[1::2])
    >>> "Wilson" in page.html
    True
    """
    subject = subject_of(model)
    kinds = ("binary", "multiclass")
    if (subject.labels is not None and subject.labels.kind not in kinds) or (subject.labels is None and len(subject.outputs) > 1):
        raise ValueError("report is about one target, classes or a number; this model has several. Fit one for each target.")
    truth = np.asarray(y)
    features = subject.rows(X)
    if len(features) != len(truth) or not len(truth):
        raise ValueError(f"X and y must have as many rows, at least one; got {len(features)} and {len(truth)}.")
    if (X_train is None) != (y_train is None):
        raise ValueError(f"X_train and y_train are given together; got only {'y_train' if X_train is None else 'X_train'}.")
    name = str(getattr(y, "name", None) or "")
    learned = None if y_train is None else np.asarray(y_train)
    n_rows = getattr(subject.estimator, "_n_rows", None)
    counts = {"test": len(truth)} | ({"training": n_rows} if n_rows else {})
    material = Material(
        model=model,
        title=title
        or (heading(name or "y", None) if subject.classes is None else heading(name, [str(one) for one in subject.classes.tolist()])),
        source="",
        target=name or "y",
        reason="",
        counts=counts,
        row=lambda i: _one(X, i),
        features=features,
        y=truth,
        metrics={},
        training_rows=_table(X_train, subject.preparation),
        training_y=learned,
        findings=diagnose(model, X_train, y_train, X_val=X, y_val=y).to_dict()["findings"],
        repeat=Repeat(facts=_versions(subject.estimator)),
        machines=machines_below(subject.estimator),
        machine_pictures={
            PICTURES[name]: png(shown.figure_) for name, shown in pictures_of(subject.estimator, subject.preparation, 0).items()
        },
    )
    baselines = {} if learned is None else _constant(material, learned)
    return page(_with(material, metrics=_metrics(material), baselines=baselines))


def _with(material: Material, **changes: Any) -> Material:
    fields = {name: getattr(material, name) for name in material.__dataclass_fields__}
    return Material(**{**fields, **changes})


def _metrics(material: Material) -> dict[str, float | None]:
    """The metrics of the test rows, by scikit-learn."""
    y = material.y
    if not material.classifies:
        return _of_numbers(y, material.predicted)
    every = len(np.unique(material.codes)) == len(material.classes)
    k = range(len(material.classes))
    log_probability = np.asarray(material.subject.labels.log_probability(material.raw.copy()), dtype=np.float64)
    auc = (
        np.mean([roc_auc_score(material.codes == j, material.probability[:, j]) for j in ([1] if material.binary else k)])
        if every
        else None
    )
    return {
        "accuracy": float(accuracy_score(y, material.predicted)),
        "log_loss": float(-log_probability[np.arange(len(y)), material.codes].mean()),
        "roc_auc": None if auc is None else float(auc),
        "f1_macro": float(f1_score(material.codes, material.predicted_codes, average="macro", zero_division=0)),
    }


def _constant(material: Material, learned: Any) -> dict[str, dict[str, float | None]]:
    """The answer that never looks at the row."""
    if not material.classifies:
        return {"mean of training rows": _of_numbers(material.y, np.full(len(material.y), float(np.mean(learned))))}
    counts = np.bincount(material.subject.labels.codes(learned), minlength=len(material.classes))
    most = np.full(len(material.y), int(np.argmax(counts)))
    shares = np.maximum(counts / counts.sum(), 1e-12)
    return {
        "most frequent class": {
            "accuracy": float(np.mean(material.codes == most)),
            "log_loss": float(-np.log(shares)[material.codes].mean()),
            "roc_auc": 0.5,
            "f1_macro": float(f1_score(material.codes, most, average="macro", zero_division=0)),
        }
    }


def _of_numbers(y: Any, predicted: Any) -> dict[str, float | None]:
    return {
        "r2": float(r2_score(y, predicted)) if len(y) > 1 else None,
        "mae": float(mean_absolute_error(y, predicted)),
        "rmse": float(root_mean_squared_error(y, predicted)),
    }


def _table(X: Any, preparation: Any) -> Any:
    return None if X is None or not isinstance(preparation, TablePreparation) else table_from(X)


def _one(X: Any, i: int) -> Any:
    """One row as the model takes it."""
    if isinstance(X, pl.DataFrame):
        return X.slice(i, 1)
    if hasattr(X, "iloc"):
        return X.iloc[i : i + 1]
    if isinstance(X, dict):
        return {name: [values[i]] for name, values in X.items()}
    return X[i : i + 1] if hasattr(X, "shape") else X[i]


def _versions(estimator: Any) -> dict[str, str]:
    return {
        "model": repr(estimator),
        "glassnet": __version__,
        "Python": platform.python_version(),
        "NumPy": np.__version__,
        "scikit-learn": sklearn.__version__,
    }
