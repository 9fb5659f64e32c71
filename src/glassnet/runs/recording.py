"""What a run leaves behind: facts, files and figures."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.data.pixels import ImagePreparation
from glassnet.estimators.persistence import FILE_NAME
from glassnet.runs.baselines import Constant
from glassnet.runs.config import RunConfig
from glassnet.runs.directory import RunDirectory
from glassnet.runs.memory import peak_memory
from glassnet.runs.metrics import finite
from glassnet.runs.preparing import Parts, Prepared, picture_of_test
from glassnet.runs.pretraining import HISTORY, history_of
from glassnet.runs.reading import Examples
from glassnet.runs.searching import Found
from glassnet.seeing.boltzmann import pictures_of
from glassnet.seeing.figures.confident_pictures import ConfidentPictureDisplay
from glassnet.seeing.figures.confusion import ConfusionDisplay
from glassnet.seeing.figures.cost_curve import CostCurveDisplay, loss_unit
from glassnet.seeing.figures.display import Display
from glassnet.seeing.figures.residuals import ResidualDisplay
from glassnet.seeing.figures.style import png
from glassnet.seeing.figures.weight_images import WeightImageDisplay


def watched_losses(estimator: Any, *, watched: bool) -> NDArray[np.float64]:
    """The held-out loss of each epoch, or the training loss where no rows are held out."""
    return np.array(estimator.history_.column("val_loss" if watched else "loss"), dtype=np.float64)


def ending(estimator: Any, *, watched: bool, seconds: float) -> dict[str, Any]:
    """How training went and ended, and the most memory that the run has taken."""
    losses = watched_losses(estimator, watched=watched)
    restored = watched or estimator.stopped_because_.startswith("interrupted")
    kept = int(np.nanargmin(losses)) if restored else len(losses) - 1
    return {
        "epochs": len(losses),
        "kept_epoch": kept + 1,
        "loss": finite(estimator.history_[kept]["loss"]),
        "held_out_loss": finite(losses[kept]) if watched else None,
        "stopped_because": estimator.stopped_because_,
        "seconds": round(seconds, 3),
        "parameters": int(sum(part.size for part in (*estimator.coefs_, *estimator.intercepts_))),
        "peak_memory_bytes": peak_memory(),
    }


def beside_the_model(config: RunConfig, data: Examples, constant: Constant) -> dict[str, Any]:
    """What the model file holds beside the model, for whoever predicts or evaluates with it."""
    return {
        "config": {name: list(value) if isinstance(value, tuple) else value for name, value in vars(config).items()},
        "columns": list(data.columns),
        "reason": data.task.reason,
        "constant": {"shares": list(constant.shares), "mean": constant.mean},
    }


def write_run(
    directory: RunDirectory,
    config: RunConfig,
    data: Examples,
    parts: Parts,
    prepared: Prepared,
    estimator: Any,
    facts: dict[str, Any],
    found: Found | None,
) -> None:
    """Everything but the model; what an earlier run left under other names is taken away."""
    texts = {"config.toml": config.to_toml()}
    if found is not None:
        texts["search.csv"] = found.to_csv()
    if config.model == "dbn":
        texts[HISTORY] = history_of(estimator)
    for name, text in texts.items():
        directory.write(name, text)
    directory.write_json("metrics.json", facts)
    directory.write_json("schema.json", prepared.preparation.to_schema())
    directory.write_by("history.csv", estimator.history_.to_csv)
    cost = CostCurveDisplay(estimator.history_, kept=facts["training"]["kept_epoch"], unit=loss_unit(estimator))
    figures: dict[str, Display] = {"cost.png": cost.plot()}
    figures |= _of_the_test(config, data, parts, prepared, estimator)
    if isinstance(prepared.preparation, ImagePreparation) and config.features != "hog":
        weights = estimator.coefs_[0][: prepared.preparation.n_features_in_]
        names = list(data.task.classes) or [data.target]
        size, channels = prepared.preparation.size, prepared.preparation.channels
        shape = (size, size, 3) if channels == 3 else (size, size)
        figures["weights.png"] = WeightImageDisplay(weights, shape, classes=names if len(estimator.coefs_) == 1 else None).plot()
    if config.model == "dbn":
        figures |= pictures_of(estimator, prepared.preparation, config.seed)
    for name, display in figures.items():
        directory.write(name, png(display.figure_))
    directory.remove_others({FILE_NAME, "metrics.json", "schema.json", "history.csv", *texts, *figures})


def _of_the_test(config: RunConfig, data: Examples, parts: Parts, prepared: Prepared, estimator: Any) -> dict[str, Display]:
    """What the test rows show."""
    X, y = prepared.test.X, prepared.test.y
    if not len(y):
        return {}
    predicted = estimator.predict(X)
    if config.task != "classification":
        return {"residuals.png": ResidualDisplay.from_predictions(y, predicted, name=data.target, rows_are="test rows")}
    labels = estimator.classes_.tolist()
    figures: dict[str, Display] = {"confusion.png": ConfusionDisplay.from_predictions(y, predicted, labels=labels, rows_are="test rows")}
    if data.are_pictures:
        sure = estimator.predict_proba(X).max(axis=1)
        figures["confident.png"] = ConfidentPictureDisplay.from_predictions(y, predicted, sure, picture_of_test(data, parts))
    return figures
