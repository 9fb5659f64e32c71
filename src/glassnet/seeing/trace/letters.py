"""What stands for a number in a formula: symbols with their indices, slopes, described numbers, and functions by name."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from glassnet.seeing.trace.expressions import PRODUCT, SUM, Expression, held, of
from glassnet.seeing.trace.languages import Language


@dataclass(frozen=True)
class Symbol(Expression):
    """A letter, with its layer and its units where that matters: z of layer 2, unit 1 is ``z2_1``."""

    letter: str
    layer: int | None = None
    units: tuple[int, ...] = ()

    def put(self, **numbers: Any) -> Expression:
        """With numbers put in."""
        return of(numbers[self.letter]) if self.letter in numbers and self.layer is None else self

    def value(self) -> float:
        """What it comes to."""
        raise ValueError(f"{self.letter} has no value yet; put a number in its place.")

    def written(self, language: Language, digits: int) -> str:
        """In ``language``."""
        return language.symbol(self.letter, self.layer, self.units)

    @property
    def slope(self) -> Slope:
        """dL by this."""
        return Slope(Symbol("L"), self)


@dataclass(frozen=True)
class Slope(Expression):
    """How ``above`` changes with ``below``: dL/dz, da/dz."""

    above: Symbol
    below: Symbol

    def value(self) -> float:
        """What it comes to."""
        raise ValueError("a slope has no value yet; put a number in its place.")

    def written(self, language: Language, digits: int) -> str:
        """In ``language``."""
        return language.slope(self.above.written(language, digits), self.below.written(language, digits))


@dataclass(frozen=True)
class Words(Expression):
    """A number that is described: ``(774 more: 0.31)``."""

    words: str
    number: float

    def value(self) -> float:
        """What it comes to."""
        return self.number

    def written(self, language: Language, digits: int) -> str:
        """In ``language``."""
        return language.words(self.words, language.number(self.number, digits))


class Euler(Symbol):
    """The letter e, which has a value."""

    def value(self) -> float:
        """What it comes to."""
        return math.e


E = Euler("e")
"""Euler's number."""


@dataclass(frozen=True)
class Function(Expression):
    """A named function of one expression: log, tanh, exp, sqrt, ...; ``abs`` is written between bars."""

    name: str
    of: Expression

    def put(self, **numbers: Any) -> Expression:
        """With numbers put in."""
        return Function(self.name, self.of.put(**numbers))

    def value(self) -> float:
        """What it comes to."""
        x = self.of.value()
        if self.name == "log":
            return math.log(x) if x > 0 else -math.inf if x == 0 else math.nan
        return float(_FUNCTIONS[self.name](x))

    def written(self, language: Language, digits: int) -> str:
        """In ``language``."""
        return language.function(self.name, self.of.written(language, digits))


@dataclass(frozen=True)
class Largest(Expression):
    """The larger of two."""

    one: Expression
    other: Expression

    def put(self, **numbers: Any) -> Expression:
        """With numbers put in."""
        return Largest(self.one.put(**numbers), self.other.put(**numbers))

    def value(self) -> float:
        """What it comes to."""
        return max(self.one.value(), self.other.value())

    def written(self, language: Language, digits: int) -> str:
        """In ``language``."""
        return language.function("max", f"{self.one.written(language, digits)}, {self.other.written(language, digits)}")


@dataclass(frozen=True)
class Over(Expression):
    """The sum of ``each`` over all units."""

    each: Expression
    binds: ClassVar[int] = SUM

    def put(self, **numbers: Any) -> Expression:
        """With numbers put in."""
        return Over(self.each.put(**numbers))

    def written(self, language: Language, digits: int) -> str:
        """In ``language``."""
        return language.summed(held(self.each, PRODUCT, language, digits))


_FUNCTIONS: dict[str, Callable[[float], float]] = {
    "tanh": math.tanh,
    "sqrt": math.sqrt,
    "abs": abs,
    "sign": lambda x: float((x > 0) - (x < 0)),
    "Phi": lambda x: 0.5 * (1.0 + math.erf(x / math.sqrt(2.0))),
    "phi": lambda x: math.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi),
}


def log(x: Any) -> Expression:
    """The natural logarithm."""
    return Function("log", of(x))
