"""What the page can take home: the model, the report, the code; each a file in the lab's own folder."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sklearn.pipeline import Pipeline

from glassnet.data.formulas import Formula, with_formulas
from glassnet.estimators.persistence import save
from glassnet.files import atomic
from glassnet.lab.config import Refusal
from glassnet.lab.source import source_of
from glassnet.runs.reading import formulas_of

if TYPE_CHECKING:
    from glassnet.lab.engine import Engine

FEWEST_ROWS = 2


def _model_of(engine: Engine) -> Any:
    """The network as it is, behind the preparation of its rows where there is one."""
    run = engine.run
    if run is None:
        raise Refusal("there is no network yet.", None, "busy")
    if engine.config.mode == "rbm":
        return run.as_if_stopped()
    estimator = run.as_if_stopped()
    preparation = engine.lesson.preparation
    return estimator if preparation is None else Pipeline([("preparation", preparation), ("network", estimator)])


def model(engine: Engine) -> dict[str, str]:
    """The model in a file that can run no code."""
    lesson = engine.lesson
    extra = {"made_by": "glassnet lab", "lesson": lesson.config.plain(), "inputs": list(lesson.on), "target": lesson.data.target}
    path = os.path.join(engine.folder, "model.safetensors")
    save(_model_of(engine), path, extra=extra)
    return {"path": path}


def report_page(engine: Engine) -> dict[str, str]:
    """The report about the network as it is, on the rows that were held out."""
    from glassnet.seeing.report import report  # takes a while to import, and is seldom asked for

    lesson, run = engine.lesson, engine.run
    if engine.config.mode == "rbm":
        raise Refusal("a report is about a network that predicts. A Boltzmann machine can be saved.", None, "busy")
    made = _model_of(engine)
    if len(lesson.held_out) < FEWEST_ROWS or not run.epochs:
        what = "Train at least one epoch" if not run.epochs else "Hold out some rows"
        raise Refusal(f"{what} first: a report is about rows that were not learned from.", None, "busy")
    X = _rows(engine)
    parts = [(X[rows] if hasattr(X, "dtype") else X[rows.tolist()], lesson.data.y[rows]) for rows in (lesson.held_out, lesson.learned)]
    title = f"{lesson.data.target} by a network, {run.epochs:,} epochs in the lab"
    page = report(made, *parts[0], X_train=parts[1][0], y_train=parts[1][1], title=title)
    path = os.path.join(engine.folder, "report.html")
    page.save(path)
    return {"path": path}


def _rows(engine: Engine) -> Any:
    """All rows as the model takes them."""
    lesson = engine.lesson
    if lesson.preparation is None:
        return lesson.X
    if lesson.data.picture is not None:
        return lesson.data.X
    if lesson.data.run is not None:
        return with_formulas(lesson.data.X, formulas_of(lesson.data.run.config))
    return with_formulas(lesson.data.X, [Formula(one.id) for one in lesson.inputs if one.id in lesson.on and one.made])


def code(engine: Engine) -> dict[str, str]:
    """The Python code."""
    path = os.path.join(engine.folder, "lesson.py")
    atomic.write_bytes(path, source_of(engine)[0].encode())
    return {"path": path}


FETCHES: dict[str, Callable[[Engine], dict[str, str]]] = {"model": model, "report": report_page, "code": code}
