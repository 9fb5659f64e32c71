"""report.html of a run: from what training has at hand, or rebuilt later from the run's files and its data."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from glassnet.checks import DataError
from glassnet.data.prepared_rows import PreparedRows
from glassnet.runs.baselines import IN_WORDS
from glassnet.runs.command import command_of
from glassnet.runs.config import RunConfig
from glassnet.runs.environment import environment
from glassnet.runs.picture_reading import Stage, fingerprint, read_examples
from glassnet.runs.prediction import open_run
from glassnet.runs.preparing import Parts, split
from glassnet.runs.pretraining import told_in
from glassnet.runs.reading import Examples, Say
from glassnet.seeing.report import Material, Repeat, Report, page
from glassnet.seeing.report.wording import heading

NAME = "report.html"


def report_of(
    config: RunConfig, data: Examples, parts: Parts, model: Pipeline, features: Any, facts: Mapping[str, Any], home: Path
) -> Report:
    """The page about a run in ``home``; ``features`` are its test rows as the network reads them, ``facts`` what metrics.json holds."""
    machines, pictures = told_in(home)
    rows = facts["rows"]
    source = data if data.aside is None else data.aside
    places = parts[2] if data.aside is None else np.arange(len(source.y))
    return page(
        Material(
            model=_as_saved(model),
            title=_title(config, data),
            source=os.path.basename(os.path.normpath(config.data)),
            target=data.target,
            reason=facts["reason"],
            counts=rows,
            row=lambda i: _row(source, int(places[i])),
            features=features,
            y=source.y[places],
            metrics=facts["test"],
            baselines={IN_WORDS[name]: metrics for name, metrics in reversed(facts["baselines"].items())},
            row_names=[source.names[i] for i in places] if source.names else [],
            training_rows=None if data.are_pictures else data.X[parts[0]],
            training_y=data.y[parts[0]],
            remarks=facts["remarks"],
            findings=facts["diagnosis"],
            notes=_notes(model),
            ending=facts["training"],
            machines=machines,
            machine_pictures=pictures,
            repeat=_repeat(config, facts),
        )
    )


def rebuilt(path: str | os.PathLike[str], say: Say, *, data: str | None = None, stage: Stage | None = None) -> tuple[Report, Path]:
    """The report of a finished run from its directory, and where it belongs; ``data`` names its data where they have moved.

    Raises
    ------
    ModelFileError
        Where there is no run.
    DataError
        Where its data are gone, or are not those that it learned from.
    """
    run = open_run(path)
    home = Path(path) if Path(path).is_dir() else Path(path).parent
    facts = _facts(home)
    config = run.config if data is None else run.config.replace(data=data)
    if not Path(config.data).exists():
        raise DataError(f"{config.data}, from which {home} was learned, is not there. Say where it is now with --data.")
    examples = read_examples(config, lambda sentence: None, stage, home.resolve().parent)
    if facts["data"]["sha256"] is not None and fingerprint(config, examples) != facts["data"]["sha256"]:
        raise DataError(
            f"{config.data} has changed since {home} was learned from it: its SHA-256 is another. Name the data as they were with --data."
        )
    parts = split(config, examples)
    say(f"Rebuilding the report of {home} from {len(examples.y):,} {'pictures' if examples.are_pictures else 'rows'}.")
    return report_of(config, examples, parts, run.model, _test_features(run.model[0], examples, parts), facts, home), home / NAME


def _as_saved(model: Pipeline) -> Pipeline:
    """The model as its file holds it, without the optimiser's moments: so the page is the same whenever it is made."""
    estimator = copy.copy(model[1])
    estimator._state = None
    return Pipeline([("preparation", model[0]), ("model", estimator)])


def _facts(home: Path) -> dict[str, Any]:
    try:
        facts: dict[str, Any] = json.loads((home / "metrics.json").read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{home} has no metrics.json: {error.strerror}. Name the directory that glassnet train has written.") from error
    except ValueError as error:
        raise DataError(f"{home / 'metrics.json'} is damaged: {error}. Train anew, or restore the file.") from error
    lacking = {"rows", "test", "baselines", "training", "data"} - set(facts)
    if lacking:
        raise DataError(f"{home / 'metrics.json'} lacks {', '.join(sorted(lacking))}. Train anew, or restore the file.")
    return {"remarks": [], "diagnosis": [], "environment": environment(), **facts}


def _test_features(preparation: Any, data: Examples, parts: Parts) -> Any:
    """The test rows as the network reads them, by the preparation that the model holds."""
    source, places = (data, parts[2]) if data.aside is None else (data.aside, np.arange(len(data.aside.y)))
    if data.are_pictures:
        return PreparedRows(source.X, preparation, places)
    return preparation.transform(source.X[places])


def _row(data: Examples, place: int) -> Any:
    """One row as the model takes it: a table of one row, or the bytes of one picture."""
    return np.asarray(data.X[place : place + 1]) if data.are_pictures else data.X.slice(place, 1)


def _title(config: RunConfig, data: Examples) -> str:
    classes = None if config.task == "regression" else [str(label) for label in data.task.classes]
    return heading("" if data.are_pictures else data.target, classes)


def _notes(model: Pipeline) -> Sequence[str]:
    """What the user should know of the columns."""
    return list(getattr(model[0], "messages_", []))


def _repeat(config: RunConfig, facts: Mapping[str, Any]) -> Repeat:
    kept = facts["environment"]
    told = {
        "data": config.data,
        "SHA-256 of the data": facts["data"]["sha256"] or "not known: they came as a stream",
        "seed": str(config.seed),
        **{name: str(value) for name, value in kept.items()},
    }
    return Repeat(command=command_of(config), config=config.to_toml(), facts=told)
