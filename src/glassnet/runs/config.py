"""Everything that decides a run, in one record that a TOML file can hold: the same configuration and data give the same model.

A field that is None is decided by the data (`choices.py`); the configuration that a run leaves behind has everything decided.
"""

from __future__ import annotations

import dataclasses
import math
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import tomli_w

from glassnet.checks import DataError, Faults, did_you_mean, one_of

MODELS = ("mlp", "logistic", "dbn")
TASKS = ("classification", "regression")
FEATURES = ("pixels", "hog", "both")
AUGMENTATIONS = ("flip", "shift", "flip,shift")
FULL_BATCH = ("lbfgs", "cg", "newton")
SEARCHES = ("grid", "wide")
CLASS_WEIGHTS = ("balanced",)
OF_THE_MODEL = (
    "hidden",
    "activation",
    "solver",
    "learning_rate",
    "batch_size",
    "epochs",
    "alpha",
    "dropout",
    "patience",
    "pretrain_epochs",
)
"""Fields that are decided anew for another model."""
HEADING = "# Everything that decided this run. To repeat it: glassnet train --config config.toml\n\n"


@dataclass(frozen=True)
class RunConfig:
    """What to learn from, what to learn, and how.

    Attributes
    ----------
    data, target, task
        Path of the table, the folder of pictures or the file of arrays; the column to predict (a name, ``c14``, or ``-1`` for the last);
        'classification' or 'regression'.
    header, delimiter, encoding, decimal, missing, text, drop
        How the table is read. ``missing`` adds to the usual spellings of a missing value, ``text`` names columns to take as text, and
        ``drop`` columns to leave out.
    add : tuple of str
        Formulas of columns, each a new column (``x1*x2``).
    size, grey, features, augment
        How pictures are read (pixels a side, one channel or three) and seen ('pixels', 'hog' or 'both'), and how training pictures are
        changed by chance ('flip', 'shift' or 'flip,shift').
    model : {'mlp', 'logistic', 'dbn'}
        A network with hidden layers; a single layer: one logistic unit, softmax, or one linear unit; or a deep belief network, whose
        hidden layers learn as Boltzmann machines first.
    pretrain_epochs : int
        Epochs of each machine of a deep belief network; 0 leaves them out.
    hidden, activation, solver, learning_rate, batch_size, epochs, alpha, l1, dropout, loss
        As in the estimators; ``activation`` may name one per hidden layer, separated by commas.
    class_weight : {'balanced'}
        Of classes: each counts as much as every other, however rare it is.
    seed : int
        Of the split, the first weights, the order of the rows and dropout.
    val_fraction, test_fraction : float in [0, 1)
        Shares of all rows: watched to decide when to stop and which weights to keep; and set aside before anything else, to be asked
        once, at the end.
    patience : int
        Epochs without improvement of the held-out loss before training stops.
    max_seconds : float
        Training stops after so many seconds.
    search : {'grid', 'wide'}
        Choose hyperparameters by cross-validation first: from a grid, or by chance for ``search_seconds``. What was chosen takes the
        place of the search in the configuration that a run leaves behind.
    """

    data: str = ""
    target: str = "-1"
    task: str | None = None
    header: bool = True
    delimiter: str | None = None
    encoding: str = "utf-8"
    decimal: str = "."
    missing: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    add: tuple[str, ...] = ()
    size: int | None = None
    grey: bool | None = None
    features: str | None = None
    augment: str | None = None
    model: str = "mlp"
    pretrain_epochs: int | None = None
    hidden: tuple[int, ...] | None = None
    activation: str | None = None
    solver: str | None = None
    learning_rate: float | None = None
    batch_size: int | None = None
    epochs: int | None = None
    alpha: float | None = None
    l1: float = 0.0
    dropout: float | None = None
    loss: str | None = None
    class_weight: str | None = None
    seed: int = 0
    val_fraction: float = 0.15
    test_fraction: float = 0.2
    patience: int | None = None
    max_seconds: float | None = None
    search: str | None = None
    search_seconds: float | None = None

    def __post_init__(self) -> None:
        faults = Faults()
        for name, value in vars(self).items():
            right, expected = _EXPECTED[name]
            faults.unless((value is None and name in _OPTIONAL) or right(value), f"{name} must be {expected}; got {value!r}.")
        faults.raise_if_any()
        if self.val_fraction + self.test_fraction >= 1:
            raise ValueError(
                f"val_fraction + test_fraction must leave rows for training; got {self.val_fraction:g} + {self.test_fraction:g}. "
                "Lower one of them."
            )
        if self.search_seconds is not None and self.search != "wide":
            raise ValueError("search_seconds is the time of a search by chance. Give --search wide as well, or leave it out.")
        if self.augment is not None and self.solver in FULL_BATCH:
            raise ValueError(
                f"augment changes pictures batch by batch, and the solver {self.solver!r} descends on all rows at once. Choose adam or "
                "sgd, or leave augment out."
            )
        if self.model == "logistic" and (self.hidden or self.dropout):
            extra = "hidden" if self.hidden else "dropout"
            raise ValueError(f"model 'logistic' is a single layer; got {extra} as well. Drop {extra}, or choose model 'mlp'.")
        if self.pretrain_epochs is not None and self.model != "dbn":
            raise ValueError(
                f"pretrain_epochs is for deep belief networks; got it with model {self.model!r}. Drop pretrain_epochs, or choose model "
                "'dbn'."
            )
        if self.class_weight is not None and self.task == "regression":
            raise ValueError("class_weight is for classes; this target is a number. Drop class_weight, or choose task 'classification'.")
        if self.model == "dbn":
            self._check_deep_belief()

    def _check_deep_belief(self) -> None:
        """Raise ValueError for what a deep belief network does not have."""
        if self.hidden == ():
            raise ValueError("model 'dbn' needs hidden layers, each a machine; got none. Name their units, or choose model 'logistic'.")
        if self.activation not in (None, "logistic"):
            raise ValueError(
                f"model 'dbn' has logistic units, as its machines have; got activation {self.activation!r}. Drop activation, or choose "
                "model 'mlp'."
            )
        if self.search is not None:
            raise ValueError(
                "search tries out many networks, and machines would have to learn for each of them. Drop search, or choose model 'mlp'."
            )

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Self:
        """The configuration of these fields; the others keep their defaults. Raises ValueError for unknown or wrong ones."""
        names = [field.name for field in dataclasses.fields(cls)]
        faults = Faults()
        for name in values:
            faults.unless(name in names, f"{name!r} is not a field of a run's configuration.{did_you_mean(name, names)}")
        faults.raise_if_any()
        fields: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
        return cls(**fields)

    @classmethod
    def from_toml(cls, text: str, source: str) -> Self:
        """The configuration in a TOML text; ``source`` is what errors call it. Raises DataError."""
        try:
            return cls.from_mapping(tomllib.loads(text))
        except ValueError as error:
            raise DataError(
                f"{source} is not the configuration of a run: {error}. Give the config.toml of a run.".replace("..", ".")
            ) from error

    def to_toml(self) -> str:
        """Every field that is decided; an empty list is the same as none."""
        return HEADING + tomli_w.dumps({name: value for name, value in vars(self).items() if value is not None and value != ()})

    def replace(self, **fields: Any) -> Self:
        """The same with other values in ``fields``."""
        return dataclasses.replace(self, **fields)


_Check = tuple[Callable[[Any], bool], str]


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_whole(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _one_of(names: tuple[str, ...]) -> _Check:
    return (lambda value: value in names), one_of(names)


_FLAG: _Check = (lambda value: isinstance(value, bool)), "true or false"
_TEXT: _Check = _is_text, "a text"
_TEXTS: _Check = (lambda value: isinstance(value, tuple) and all(map(_is_text, value))), "a list of texts"
_POSITIVE: _Check = (lambda value: _is_number(value) and value > 0), "a number above 0"
_PENALTY: _Check = (lambda value: _is_number(value) and value >= 0), "a number of at least 0"
_SHARE: _Check = (lambda value: _is_number(value) and 0 <= value < 1), "at least 0 and below 1"
_COUNT: _Check = (lambda value: _is_whole(value, 1)), "a whole number of at least 1"

_EXPECTED: dict[str, _Check] = {
    "data": _TEXT,
    "target": _TEXT,
    "task": _one_of(TASKS),
    "header": _FLAG,
    "delimiter": _TEXT,
    "encoding": _TEXT,
    "decimal": _one_of((".", ",")),
    "missing": _TEXTS,
    "text": _TEXTS,
    "drop": _TEXTS,
    "add": _TEXTS,
    "size": ((lambda value: _is_whole(value, 8) and value <= 1024), "a whole number from 8 to 1024"),
    "grey": _FLAG,
    "features": _one_of(FEATURES),
    "augment": _one_of(AUGMENTATIONS),
    "model": _one_of(MODELS),
    "pretrain_epochs": ((lambda value: _is_whole(value, 0)), "a whole number of at least 0"),
    "hidden": ((lambda value: isinstance(value, tuple) and all(_is_whole(size, 1) for size in value)), "whole numbers of at least 1"),
    "activation": _TEXT,
    "solver": _TEXT,
    "learning_rate": _POSITIVE,
    "batch_size": _COUNT,
    "epochs": _COUNT,
    "alpha": _PENALTY,
    "l1": _PENALTY,
    "dropout": _SHARE,
    "loss": _TEXT,
    "class_weight": _one_of(CLASS_WEIGHTS),
    "seed": ((lambda value: _is_whole(value, 0) and value < 2**32), "a whole number from 0 to 4294967295"),
    "val_fraction": _SHARE,
    "test_fraction": _SHARE,
    "patience": _COUNT,
    "max_seconds": _POSITIVE,
    "search": _one_of(SEARCHES),
    "search_seconds": _POSITIVE,
}
_OPTIONAL = {field.name for field in dataclasses.fields(RunConfig) if field.default is None}
