"""What is in a table and what would be done with it; and the same of a trained run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from glassnet.data.preparation import TablePreparation
from glassnet.data.targets import decide_task, drop_missing_target, resolve_column
from glassnet.runs.config import RunConfig
from glassnet.runs.prediction import Run
from glassnet.runs.reading import Say, read_rows


def inspect_table(config: RunConfig, say: Say, *, target: str | None = None) -> dict[str, Any]:
    """rows, columns (one description each), features, messages; with ``target``, the task and why.

    Raises DataError where the file is no table.
    """
    frame = read_rows(config, config.data, say)
    found: dict[str, Any] = {"table": config.data, "rows": frame.height}
    if target is not None:
        name = resolve_column(frame, target)
        known, dropped = drop_missing_target(frame, name)
        task = decide_task(known[name], config.task)
        found |= {"target": name, "task": task.kind, "reason": task.reason, "rows_without_target": dropped}
        found["classes"] = {str(label): count for label, count in _class_counts(known[name], task.classes)}
        frame = known.drop(name)
    preparation = TablePreparation().fit(frame.drop([resolve_column(frame, name) for name in config.drop]))
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


def _prepared(preparation: TablePreparation) -> dict[str, Any]:
    return {
        "columns": preparation.describe(),
        "features": len(preparation.get_feature_names_out()),
        "messages": preparation.messages_,
    }


def _class_counts(values: Any, classes: tuple[Any, ...]) -> list[tuple[Any, int]]:
    return [(label, int((values == label).sum())) for label in classes]


def holds_a_run(path: str) -> bool:
    """True for a directory, which no table can be, and for a file that is called like a model."""
    return Path(path).is_dir() or path.endswith(".safetensors")
