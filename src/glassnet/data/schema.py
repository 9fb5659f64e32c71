"""Hard checks on what a model file says about its columns: it may come from anywhere, so nothing in it is believed unread."""

from __future__ import annotations

import sys
from typing import Any, NoReturn

from glassnet.checks import ModelFileError


class Fields:
    """The fields of one JSON object, each taken once, of the right type and in range; what is left over is a fault.

    >>> fields = Fields({"mean": 1.5}, "column 'age'")
    >>> fields.number("mean")
    1.5
    >>> fields.done()
    """

    def __init__(self, values: Any, where: str) -> None:
        self.where = where
        if not isinstance(values, dict):
            raise ModelFileError(f"The preparation in the model file is damaged: {where} is not an object.")
        self.values = dict(values)

    def wrong(self, key: str, expected: str) -> NoReturn:
        """Refuse the file because of ``key``."""
        raise ModelFileError(f"The preparation in the model file is damaged: {key!r} of {self.where} must be {expected}.")

    def take(self, key: str) -> Any:
        """The value of ``key``, whatever it is."""
        if key not in self.values:
            raise ModelFileError(f"The preparation in the model file is damaged: {self.where} has no {key!r}.")
        return self.values.pop(key)

    def text(self, key: str, *options: str) -> str:
        """A string, one of ``options`` if any are given."""
        value = self.take(key)
        if not isinstance(value, str) or (options and value not in options):
            self.wrong(key, " or ".join(map(repr, options)) or "a string")
        return str(value)

    def flag(self, key: str) -> bool:
        """True or false."""
        value = self.take(key)
        if not isinstance(value, bool):
            self.wrong(key, "true or false")
        return bool(value)

    def count(self, key: str) -> int:
        """A whole number from 0 to 2^53."""
        value = self.take(key)
        if type(value) is not int or not 0 <= value <= 2**53:
            self.wrong(key, "a whole number of at least 0")
        return int(value)

    def number(self, key: str, *, positive: bool = False) -> float:
        """A finite number, more than 0 if ``positive``."""
        value = self.take(key)
        if type(value) not in (int, float) or not abs(value) <= sys.float_info.max or (positive and value <= 0):
            self.wrong(key, "a finite number above 0" if positive else "a finite number")
        return float(value)

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of different strings."""
        values = self.take(key)
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values) or len(set(values)) != len(values):
            self.wrong(key, "a list of different strings")
        return tuple(values)

    def objects(self, key: str) -> list[Any]:
        """A list; its items are checked by whoever asked."""
        values = self.take(key)
        if not isinstance(values, list):
            self.wrong(key, "a list")
        return list(values)

    def done(self) -> None:
        """Refuse fields nobody asked for."""
        if self.values:
            raise ModelFileError(
                f"The preparation in the model file is damaged: {self.where} has unknown fields {sorted(map(str, self.values))[:5]}."
            )
