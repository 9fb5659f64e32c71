"""How the training process begins: with the lesson of an address, with the data of the command line, or with XOR."""

from __future__ import annotations

import os
from multiprocessing.connection import Connection
from typing import Any

from glassnet.lab.address import Point, lesson_of
from glassnet.lab.commands import HANDLERS
from glassnet.lab.config import OPTIMISERS, Config, Sources, changed
from glassnet.lab.datasets import weights_of
from glassnet.lab.downloads import FETCHES
from glassnet.lab.engine import Engine
from glassnet.lab.link import Closed, Link
from glassnet.lab.looking import LOOKS
from glassnet.runs.directory import holds_a_run
from glassnet.runs.prediction import Run


def begin_and_live(pipe: Connection, sources: Sources, folder: str, query: str) -> None:
    """Until the server goes."""
    link = Link(pipe)
    engine = Engine(link, sources, folder, {**HANDLERS, **LOOKS, "fetch": fetch})
    try:
        config, points = _lesson(engine, sources, query)
        engine.begin(engine.prepare(config, points), points)
    except (ValueError, OSError) as error:
        link.notice("error", f"{error} XOR is shown instead.")
        engine.begin(engine.prepare(Config(), []), [])
    try:
        engine.live()
    except Closed:
        return


def _lesson(engine: Engine, sources: Sources, query: str) -> tuple[Config, list[Point]]:
    """What is shown first. Raises ValueError where that cannot be."""
    if query:
        return lesson_of(query)[:2]
    if not sources.given:
        return Config(), []
    part: dict[str, Any] = {"data": {"source": "given", "name": os.path.basename(os.path.normpath(sources.given)), "samples": 20_000}}
    config = changed(Config(), part)
    if not holds_a_run(sources.given):
        data = engine.prepare(config, [])[1]
        wide = {"hidden": [{"units": 32, "activation": "relu"}], "learning_rate": 0.003} if data.picture else {}
        return changed(config, {"network": wide}), []
    run = engine.prepare(config, [])[1].run
    assert run is not None
    return changed(config, {"network": network_of(run)}), []


def network_of(run: Run) -> dict[str, Any]:
    """A trained network's parameters as fields of the lesson; what the lab does not have keeps its usual value."""
    coefs, _ = weights_of(run)
    estimator, units = run.model[-1], [W.shape[1] for W in coefs[:-1]]
    names = [estimator.activation] * len(units) if isinstance(estimator.activation, str) else list(estimator.activation)
    rates = [estimator.dropout] * len(units) if isinstance(estimator.dropout, int | float) else list(estimator.dropout)
    layers = [{"units": n, "activation": a, "dropout": float(p)} for n, a, p in zip(units, names, rates, strict=True)]
    steps = {"optimiser": estimator.solver} if estimator.solver in OPTIMISERS else {}
    size = estimator.batch_size if isinstance(estimator.batch_size, int) else 200
    return {
        "hidden": layers,
        "loss": estimator.loss,
        "alpha": float(estimator.alpha),
        "l1": float(estimator.l1),
        "learning_rate": float(estimator.learning_rate_init),
        "batch_size": size,
        "start": "trained",
        **steps,
    }


def fetch(engine: Engine, request: dict[str, Any]) -> Any:
    """A file to download: written into the lab's own folder."""
    return FETCHES[request["fetch"]](engine)
