"""A lesson in an address: the configuration as a query of words, and back. What is as it always is, is left out.

data=spirals&noise=0.2&hidden=8:tanh,8:tanh&lr=0.01                 hidden: units:activation[:dropout]
data=painted&points=1,2,0;-1,0.5,1                                  x, y and class of each point painted by hand
data=xor&set=w1_2_1:0.75,b2_1:-0.5                                  first weights set by hand: to layer 1 from unit 2 to unit 1; a bias
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from glassnet.lab.config import Config, LayerConfig, Refusal, WeightConfig, changed
from glassnet.lab.toys import TOYS

MOST_POINTS = 300
"""Painted points that an address can carry."""
LONGEST = 60_000
"""Characters of an address."""
Point = tuple[float, float, float]

WORDS = {
    "mode": "mode",
    "samples": "data.samples",
    "noise": "data.noise",
    "classes": "data.classes",
    "dataseed": "data.seed",
    "heldout": "data.held_out",
    "target": "data.target",
    "header": "data.header",
    "inputs": "inputs",
    "hidden": "network.hidden",
    "loss": "network.loss",
    "l2": "network.alpha",
    "l1": "network.l1",
    "optimiser": "network.optimiser",
    "lr": "network.learning_rate",
    "momentum": "network.momentum",
    "batch": "network.batch_size",
    "init": "network.initialiser",
    "seed": "network.seed",
    "start": "network.start",
    "set": "network.edits",
    "units": "rbm.units",
    "method": "rbm.method",
    "k": "rbm.k",
    "rbmlr": "rbm.learning_rate",
    "rbmbatch": "rbm.batch_size",
    "rbmseed": "rbm.seed",
    "axes": "axes",
    "resolution": "resolution",
}
"""Words of the query, and the fields they stand for."""


def query_of(config: Config, points: Sequence[Point] = ()) -> str:
    """The query of a lesson.

    >>> from glassnet.lab.config import Config, changed
    >>> query_of(changed(Config(), {"data": {"name": "donut"}, "network": {"hidden": []}}))
    'data=donut&hidden='
    """
    usual, data = Config(), config.data
    pairs: list[tuple[str, str]] = [("data", data.name if data.source == "toy" else data.source)]
    for word, place in WORDS.items():
        value = _get(config, place)
        if value != _get(usual, place):
            pairs.append((word, _spelt(place, value)))
    if data.source == "painted" and 0 < len(points) < MOST_POINTS:
        pairs.append(("points", ";".join(",".join(f"{value:.4g}" for value in point) for point in points)))
    return urlencode(pairs, safe=",:;*()", quote_via=quote)


def lesson_of(query: str) -> tuple[Config, list[Point], list[str]]:
    """(configuration, painted points, words that are not known) of a query, with or without ``?`` or ``#``. Raises Refusal.

    >>> config, points, unknown = lesson_of("#data=moons&hidden=8:relu,3:tanh:0.2&lr=0.1&hide=data")
    >>> config.network.hidden[1], config.data.name, unknown
    (LayerConfig(units=3, activation='tanh', dropout=0.2), 'moons', [])
    """
    if not isinstance(query, str) or len(query) > LONGEST:
        raise Refusal(f"query must be a text of at most {LONGEST:,} characters.", "query")
    part: dict[str, Any] = {}
    points: list[Point] = []
    unknown: list[str] = []
    for word, text in parse_qsl(query.lstrip("?#").replace("+", "%2B"), keep_blank_values=True):
        if word == "data":
            part.setdefault("data", {}).update({"source": "toy", "name": text} if text in TOYS else {"source": text, "name": ""})
        elif word == "points":
            points = _points(text)
        elif word in WORDS:
            _put(part, WORDS[word], _read(WORDS[word], text))
        elif word not in ("hide", "token"):
            unknown.append(word)
    return changed(Config(), part), points, unknown


def _get(config: Config, place: str) -> Any:
    value: Any = config
    for name in place.split("."):
        value = getattr(value, name)
    return value


def _put(part: dict[str, Any], place: str, value: Any) -> None:
    *path, name = place.split(".")
    for step in path:
        part = part.setdefault(step, {})
    part[name] = value


def _spelt(place: str, value: Any) -> str:
    if place == "network.hidden":
        return ",".join(_layer(layer) for layer in value)
    if place == "network.edits":
        return ",".join(f"{_weight(one)}:{one.value!r}" for one in value)
    if place in ("inputs", "axes"):
        plain = all(not set(name) & set(',"') for name in value or ())
        return ",".join(value or ()) if plain else json.dumps(value, ensure_ascii=False)
    return repr(value) if isinstance(value, float) else str(value)


def _layer(layer: LayerConfig) -> str:
    return f"{layer.units}:{layer.activation}" + (f":{layer.dropout!r}" if layer.dropout else "")


def _weight(one: WeightConfig) -> str:
    """``w1_2_1``, ``b2_1``: counted from 1, as everywhere where they are read."""
    return f"b{one.layer}_{one.unit + 1}" if one.source is None else f"w{one.layer}_{one.source + 1}_{one.unit + 1}"


def _read(place: str, text: str) -> Any:
    """The value of a field from its spelling; what makes no sense is left as it is, for the check to refuse."""
    if place == "network.hidden":
        return [_read_layer(one) for one in text.split(",") if one]
    if place == "network.edits":
        return [_read_weight(one) for one in text.split(",") if one]
    if place in ("inputs", "axes"):
        return _names(text) or (None if place == "axes" else [])
    usual = _get(Config(), place)
    if place in ("data.target", "network.initialiser"):
        return None if text in ("", "None") else text
    if isinstance(usual, bool):
        return {"True": True, "False": False}.get(text, text)
    if isinstance(usual, int | float):
        try:
            return float(text) if isinstance(usual, float) else int(text)
        except ValueError:
            return text
    return text


def _names(text: str) -> list[Any]:
    if not text.startswith("["):
        return [name for name in text.split(",") if name]
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Refusal(f"the names {text[:40]!r} are no list.", "query") from error
    return found if isinstance(found, list) else [found]


def _read_layer(text: str) -> dict[str, Any]:
    fields = [one.name for one in dataclasses.fields(LayerConfig)]
    found: dict[str, Any] = dict(zip(fields, text.split(":"), strict=False))
    try:
        found["units"] = int(found["units"])
        if "dropout" in found:
            found["dropout"] = float(found["dropout"])
    except ValueError as error:
        raise Refusal(f"hidden must be units:activation:dropout, layers separated by commas; got {text[:40]!r}.", "query") from error
    return found


def _read_weight(text: str) -> dict[str, Any]:
    found = re.fullmatch(r"(?:w(\d{1,6})_(\d{1,6})|b(\d{1,6}))_(\d{1,6}):([-+.\deE]{1,40})", text, re.ASCII)
    try:
        if found is None:
            raise ValueError
        place = {"layer": int(found[1] or found[3]), "source": None if found[2] is None else int(found[2]) - 1, "unit": int(found[4]) - 1}
        return {**place, "value": float(found[5])}
    except ValueError as error:
        raise Refusal(f"set must be weights as w1_2_1:0.5 or b1_2:0.5, separated by commas; got {text[:40]!r}.", "query") from error


def _points(text: str) -> list[Point]:
    try:
        points = [tuple(map(float, one.split(","))) for one in text.split(";") if one]
        if len(points) >= MOST_POINTS or any(len(one) != 3 or not all(abs(value) < 1e6 for value in one) for one in points):
            raise ValueError
    except ValueError as error:
        raise Refusal(f"points must be x,y,class, separated by semicolons, fewer than {MOST_POINTS}.", "query") from error
    return [(one[0], one[1], one[2]) for one in points]
