"""What a lesson is: data, inputs, network and Boltzmann machine, in one frozen record; every change is checked and gives a new record."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from glassnet.checks import did_you_mean, one_of
from glassnet.lab.toys import MOST_CLASSES, TOYS
from glassnet.maths.initialisers import INITIALISERS

SOURCES = ("toy", "painted", "digits", "file", "given")
ACTIVATIONS = ("tanh", "relu", "logistic", "identity", "leaky_relu", "elu", "softplus", "gelu")
OPTIMISERS = ("sgd", "gd", "rmsprop", "adagrad", "adam", "adamw")
LOSSES = ("log_loss", "squared_error", "poisson", "absolute_error", "huber", "quantile")
METHODS = ("pcd", "cd")
MOST_ROWS = 100_000
MOST_UNITS = 4096
MOST_LAYERS = 8
MOST_EDITS = 200
"""First weights set by hand that a lesson keeps."""
LARGEST_WEIGHT = 1e6
LARGEST_SEED = 2**32 - 1


class Refusal(ValueError):
    """A command or a configuration that cannot be used. ``field`` names what is at fault, ``code`` is the schema's word for why."""

    def __init__(self, message: str, field: str | None = None, code: str = "refused") -> None:
        super().__init__(message)
        self.field, self.code = field, code


@dataclass(frozen=True)
class Sources:
    """Files that rows may come from: what the command line names (``given``), and the last upload with the name it had."""

    given: str = ""
    upload: str = ""
    upload_name: str = ""


@dataclass(frozen=True)
class DataConfig:
    """Which rows, and which of them are held out; ``header`` says whether a table's first line holds names."""

    source: str = "toy"
    name: str = "xor"
    samples: int = 400
    noise: float = 0.1
    classes: int = 2
    seed: int = 0
    held_out: float = 0.25
    target: str | None = None
    header: bool = True


@dataclass(frozen=True)
class LayerConfig:
    """A hidden layer."""

    units: int = 4
    activation: str = "tanh"
    dropout: float = 0.0


@dataclass(frozen=True)
class WeightConfig:
    """A first weight that was set by hand: from unit ``source`` of the layer before, or a bias where that is None; units from 0."""

    layer: int = 1
    unit: int = 0
    source: int | None = None
    value: float = 0.0


@dataclass(frozen=True)
class NetworkConfig:
    """The network and how it learns; ``start`` is 'trained' where its first weights are those of a run, ``edits`` were set by hand."""

    hidden: tuple[LayerConfig, ...] = (LayerConfig(),)
    loss: str = "log_loss"
    alpha: float = 0.0
    l1: float = 0.0
    optimiser: str = "adam"
    learning_rate: float = 0.03
    momentum: float = 0.9
    batch_size: int = 20
    initialiser: str | None = None
    seed: int = 0
    start: str = "drawn"
    edits: tuple[WeightConfig, ...] = ()


@dataclass(frozen=True)
class RbmConfig:
    """The Boltzmann machine and how it learns."""

    units: int = 64
    method: str = "pcd"
    k: int = 1
    learning_rate: float = 0.05
    batch_size: int = 20
    seed: int = 0


@dataclass(frozen=True)
class Config:
    """A lesson. ``inputs`` may be empty: then all raw columns are on; ``axes`` None takes the first two columns."""

    mode: str = "network"
    data: DataConfig = field(default_factory=DataConfig)
    inputs: tuple[str, ...] = ()
    network: NetworkConfig = field(default_factory=NetworkConfig)
    rbm: RbmConfig = field(default_factory=RbmConfig)
    axes: tuple[str, str] | None = None
    resolution: int = 100

    def plain(self) -> dict[str, Any]:
        """As the schema's Config."""
        return _listed(dataclasses.asdict(self))


def _listed(value: Any) -> Any:
    """Tuples as lists, all the way down."""
    if isinstance(value, dict):
        return {name: _listed(one) for name, one in value.items()}
    return [_listed(one) for one in value] if isinstance(value, tuple | list) else value


_Check = tuple[Callable[[Any], bool], str]


def _whole(low: int, high: int) -> _Check:
    def right(value: Any) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high

    return right, f"a whole number from {low:,} to {high:,}"


def _number(low: float, high: float = math.inf, *, above: bool = False) -> _Check:
    def right(value: Any) -> bool:
        known = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        return known and (low < value if above else low <= value) and value <= high

    return right, f"a number {'above' if above else 'of at least'} {low:g}" + (f", at most {high:g}" if high < math.inf else "")


def _named(names: tuple[str | None, ...]) -> _Check:
    return (lambda value: value in names), one_of(str(name) for name in names)


def _text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= 500


def _inputs(value: Any) -> bool:
    return isinstance(value, list | tuple) and len(value) <= 10_000 and all(map(_text, value))


_SEED = _whole(0, LARGEST_SEED)
_CHECKS: dict[str, _Check] = {
    "mode": _named(("network", "rbm")),
    "inputs": (_inputs, "a list of inputs"),
    "axes": ((lambda value: value is None or (_inputs(value) and len(value) == 2)), "the names of two columns, or null"),
    "resolution": _whole(20, 200),
    "data.source": _named(SOURCES),
    "data.name": (_text, "a name"),
    "data.samples": _whole(4, MOST_ROWS),
    "data.noise": _number(0, 1),
    "data.classes": _whole(2, MOST_CLASSES),
    "data.seed": _SEED,
    "data.held_out": _number(0, 0.9),
    "data.header": ((lambda value: isinstance(value, bool)), "true or false"),
    "data.target": ((lambda value: value is None or _text(value)), "the name of a column, or null"),
    "network.loss": _named(LOSSES),
    "network.alpha": _number(0),
    "network.l1": _number(0),
    "network.optimiser": _named(OPTIMISERS),
    "network.learning_rate": _number(0, above=True),
    "network.momentum": _number(0, 1),
    "network.batch_size": _whole(1, MOST_ROWS),
    "network.initialiser": _named((*INITIALISERS, None)),
    "network.seed": _SEED,
    "network.start": _named(("drawn", "trained")),
    "network.edits.layer": _whole(1, MOST_LAYERS + 1),
    "network.edits.unit": _whole(0, MOST_ROWS),
    "network.edits.source": ((lambda value: value is None or _whole(0, MOST_ROWS)[0](value)), "a whole number, or null"),
    "network.edits.value": _number(-LARGEST_WEIGHT, LARGEST_WEIGHT),
    "network.hidden.units": _whole(1, MOST_UNITS),
    "network.hidden.activation": _named(ACTIVATIONS),
    "network.hidden.dropout": _number(0, 0.95),
    "rbm.units": _whole(1, 1024),
    "rbm.method": _named(METHODS),
    "rbm.k": _whole(1, 100),
    "rbm.learning_rate": _number(0, above=True),
    "rbm.batch_size": _whole(1, 10_000),
    "rbm.seed": _SEED,
}


def changed(config: Config, part: Any) -> Config:
    """The configuration with the fields of ``part`` (nested as the schema's Config) in place of its own. Raises Refusal.

    >>> changed(Config(), {"network": {"hidden": [{"units": 8}], "learning_rate": 0.1}}).network.hidden[0].units
    8
    """
    after: Config = _with(config, part, "")
    data = after.data
    if data.source == "toy" and data.name not in TOYS:
        raise Refusal(f"data.name must be {one_of(TOYS)}; got {data.name!r}.{did_you_mean(data.name, TOYS)}", "data.name")
    return after


def _with(record: Any, part: Any, path: str) -> Any:
    """A record with some fields replaced; ``path`` is where it stands."""
    if not isinstance(part, Mapping):
        raise Refusal(f"{path.rstrip('.') or 'config'} must be an object of fields; got {_short(part)}.", path.rstrip(".") or "config")
    names = [one.name for one in dataclasses.fields(record)]
    fields: dict[str, Any] = {}
    for name, value in part.items():
        place = path + str(name)
        if name not in names:
            raise Refusal(f"{place[:80]!r} is no field of a lesson.{did_you_mean(str(name), names)}", place[:80], "malformed")
        if place == "network.hidden":
            fields[name] = _records(place, value, LayerConfig(), MOST_LAYERS)
        elif place == "network.edits":
            fields[name] = _records(place, value, WeightConfig(), MOST_EDITS)
        elif dataclasses.is_dataclass(getattr(record, name)):
            fields[name] = _with(getattr(record, name), value, place + ".")
        else:
            fields[name] = _checked(place, value)
    return dataclasses.replace(record, **fields)


def _checked(place: str, value: Any) -> Any:
    right, expected = _CHECKS[place]
    if (isinstance(value, list | dict) and place not in ("inputs", "axes")) or not right(value):
        raise Refusal(f"{place} must be {expected}; got {_short(value)}.", place)
    return tuple(value) if isinstance(value, list) else value


def _records(place: str, value: Any, usual: Any, most: int) -> tuple[Any, ...]:
    """A list of records, each ``usual`` but for its fields."""
    if not isinstance(value, list | tuple) or len(value) > most:
        what = {"network.hidden": "layers", "network.edits": "weights"}[place]
        raise Refusal(f"{place} must be a list of at most {most} {what}; got {_short(value)}.", place)
    return tuple(_with(usual, one, place + ".") for one in value)


def _short(value: Any) -> str:
    """A value in an error, cut."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
