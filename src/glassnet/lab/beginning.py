"""How the training process begins: with the lesson of an address, with the data of the command line, or with XOR."""

from __future__ import annotations

import os
from multiprocessing.connection import Connection
from typing import Any

from glassnet.lab.address import Point, lesson_of
from glassnet.lab.changing import prepared_table
from glassnet.lab.commands import HANDLERS
from glassnet.lab.config import Config, Sources, changed
from glassnet.lab.datasets import network_of
from glassnet.lab.downloads import FETCHES
from glassnet.lab.engine import Engine
from glassnet.lab.link import Closed, Link
from glassnet.lab.looking import LOOKS
from glassnet.runs.directory import holds_a_run


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
        config, data = prepared_table(engine, config, [])[:2]
        wide = {"hidden": [{"units": 32, "activation": "relu"}], "learning_rate": 0.003} if data.picture else {}
        return changed(config, {"network": wide}), []
    run = engine.prepare(config, [])[1].run
    assert run is not None
    return changed(config, {"network": network_of(run)}), []


def fetch(engine: Engine, request: dict[str, Any]) -> Any:
    """A file to download: written into the lab's own folder."""
    return FETCHES[request["fetch"]](engine)
