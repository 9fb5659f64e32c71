"""Errors and argument checks: what was given, what is expected, what to do.

Every refusal in glassnet is one of these errors or a plain ``ValueError`` / ``TypeError`` in the same three parts. Faults of one
call are collected and raised together, so that nobody mends a call one argument at a time.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import NoReturn


class DataError(ValueError):
    """A table or a target cannot be used as it is; the message names file, row and column where it knows them."""


class ModelFileError(ValueError):
    """A model file is damaged, truncated, foreign or from a newer format; the message says which."""


class DivergenceError(ValueError):
    """Training ran away (the loss or a weight stopped being finite); the message names epoch, layer and remedy."""


def did_you_mean(given: str, options: Iterable[str]) -> str:
    """`` Did you mean 'relu'?`` for a near miss, else an empty string."""
    near = difflib.get_close_matches(str(given), [str(option) for option in options], n=1, cutoff=0.6)
    return f" Did you mean {near[0]!r}?" if near else ""


def one_of(options: Iterable[str]) -> str:
    """``'a', 'b' or 'c'``."""
    quoted = [repr(option) for option in options]
    return quoted[0] if len(quoted) == 1 else ", ".join(quoted[:-1]) + " or " + quoted[-1]


def unknown_name(what: str, given: object, options: Iterable[str]) -> str:
    """The sentence for a name that is not among ``options``."""
    options = list(options)
    return f"{what} must be {one_of(options)}; got {given!r}.{did_you_mean(str(given), options)}"


class Faults:
    """Collects the faults of one call and raises them once.

    >>> faults = Faults()
    >>> faults.unless(-1 > 0, "alpha must be positive; got -1.")
    >>> faults.raise_if_any()
    Traceback (most recent call last):
    ...
    ValueError: alpha must be positive; got -1.
    """

    def __init__(self) -> None:
        self.sentences: list[str] = []

    def add(self, sentence: str) -> None:
        """Note one fault."""
        self.sentences.append(sentence)

    def unless(self, right: bool, sentence: str) -> None:
        """Note ``sentence`` where ``right`` does not hold."""
        if not right:
            self.add(sentence)

    def raise_if_any(self, error: type[ValueError] = ValueError) -> None:
        """Raise ``error`` with every sentence, or do nothing."""
        if self.sentences:
            self._raise(error)

    def _raise(self, error: type[ValueError]) -> NoReturn:
        if len(self.sentences) == 1:
            raise error(self.sentences[0])
        raise error(f"{len(self.sentences)} faults:\n" + "\n".join(f"  - {sentence}" for sentence in self.sentences))
