"""What is in a table, a folder of pictures or a file of arrays, and what would be done with it; and the same of a trained run."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from glassnet.checks import DataError
from glassnet.data.arrays import holds_arrays, read_arrays
from glassnet.data.formulas import with_formulas
from glassnet.data.images import Images, is_image_file, read_images
from glassnet.data.pixels import ImagePreparation
from glassnet.data.places import placed
from glassnet.data.preparation import TablePreparation
from glassnet.data.targets import decide_task, drop_missing_target, resolve_column
from glassnet.runs.choices import SIZE
from glassnet.runs.config import RunConfig
from glassnet.runs.prediction import Run
from glassnet.runs.reading import Say, formulas_of, frame_of, places, read_rows


def inspect_data(config: RunConfig, say: Say, *, target: str | None = None) -> dict[str, Any]:
    """What is in a table, a folder of pictures or a file of arrays. Raises DataError where it is none of these."""
    if os.path.isdir(config.data):
        return _inspect_pictures(config, read_images(config.data, size=config.size or SIZE, grey=bool(config.grey)))
    if holds_arrays(config.data):
        arrays = read_arrays(config.data)
        images = arrays.images()
        if images is not None:
            more = {} if arrays.X_test is None else {"test_rows": len(arrays.X_test)}
            return _inspect_pictures(config, images if config.size is None else images.resized(config.size)) | more
        frame = frame_of(arrays.X, arrays.y)
        return {"table": config.data, "rows": frame.height, **_prepared(TablePreparation().fit(frame))}
    if is_image_file(config.data):
        raise DataError(f"{config.data} is one picture. Name the folder that holds the pictures.")
    return inspect_table(config, say, target=target)


def _inspect_pictures(config: RunConfig, images: Images) -> dict[str, Any]:
    """Rows, classes, what could not be read, and what would be done with the pictures."""
    preparation = ImagePreparation(size=images.size, grey=images.channels == 1, features=config.features or "pixels").fit(images.pixels)
    found: dict[str, Any] = {"pictures": config.data, "rows": len(images), "size": images.size, "channels": images.channels}
    found["reason"] = images.labelling
    if images.labels is not None:
        labels, counts = np.unique(images.labels, return_counts=True)
        found["classes"] = dict(zip(map(str, labels.tolist()), counts.tolist(), strict=True))
    found["problems"] = [{"file": name, "reason": reason} for name, reason in images.problems]
    return found | _prepared(preparation)


def inspect_table(config: RunConfig, say: Say, *, target: str | None = None) -> dict[str, Any]:
    """rows, columns (one description each), features, messages; with ``target``, the task and why.

    Raises DataError where the file is no table.
    """
    frame = read_rows(config, config.data, say)
    with placed(places(config, config.data)):
        frame = columns = with_formulas(frame, formulas_of(config))
    found: dict[str, Any] = {"table": config.data, "rows": frame.height}
    if target is not None:
        name = resolve_column(frame, target)
        known, dropped = drop_missing_target(frame, name)
        task = decide_task(known[name], config.task)
        found |= {"target": name, "task": task.kind, "reason": task.reason, "rows_without_target": dropped}
        found["classes"] = {str(label): count for label, count in _class_counts(known[name], task.classes)}
        frame = known.drop(name)
    kept = frame.drop([resolve_column(columns, name) for name in config.drop])
    text = [name for name in (resolve_column(columns, name) for name in config.text) if name in kept.columns]
    preparation = TablePreparation(text=text).fit(kept)
    return found | _prepared(preparation)


def inspect_run(run: Run) -> dict[str, Any]:
    """What the model was made from and what is done with each column."""
    return {
        "target": run.config.target,
        "task": run.config.task,
        "reason": run.reason,
        "classes": dict(zip(map(str, run.task.classes), run.constant.shares, strict=True)),
        "network": run.model[1].summary(),
        "stopped_because": run.model[1].stopped_because_,
        **_prepared(run.model[0]),
    }


def _prepared(preparation: TablePreparation | ImagePreparation) -> dict[str, Any]:
    return {
        "columns": preparation.describe(),
        "features": preparation.width if isinstance(preparation, ImagePreparation) else len(preparation.get_feature_names_out()),
        "messages": preparation.messages_,
    }


def _class_counts(values: Any, classes: tuple[Any, ...]) -> list[tuple[Any, int]]:
    return [(label, int((values == label).sum())) for label in classes]
