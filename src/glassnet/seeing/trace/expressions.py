"""Formulas that can be read, filled with numbers, and worked out: written as Python, printed as text, for a page, or for LaTeX.

    z = Symbol("z")
    sigmoid = 1 / (1 + E ** -z)
    sigmoid.put(z=0.5)                     1/(1 + e^(-0.5))
    sigmoid.put(z=0.5).value()             0.622...

A formula that is shown is the formula that is tested: its value, with the numbers put in, must be the engine's. Here are numbers and
what is done with them; symbols and functions stand in letters.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from glassnet.seeing.trace.languages import Language

SUM, PRODUCT, POWER, ATOM = range(4)
"""How tightly the parts of an expression hold together."""


class Expression:
    """What stands on either side of an equals sign."""

    binds: ClassVar[int] = ATOM

    def __add__(self, other: Any) -> Expression:
        return Sum((self, of(other)))

    def __radd__(self, other: Any) -> Expression:
        return Sum((of(other), self))

    def __sub__(self, other: Any) -> Expression:
        return Sum((self, -of(other)))

    def __rsub__(self, other: Any) -> Expression:
        return Sum((of(other), -self))

    def __mul__(self, other: Any) -> Expression:
        return Product((self, of(other)))

    def __rmul__(self, other: Any) -> Expression:
        return Product((of(other), self))

    def __truediv__(self, other: Any) -> Expression:
        return Quotient(self, of(other))

    def __rtruediv__(self, other: Any) -> Expression:
        return Quotient(of(other), self)

    def __pow__(self, other: Any) -> Expression:
        return Power(self, of(other))

    def __neg__(self) -> Expression:
        return Negative(self)

    def put(self, **numbers: Any) -> Expression:
        """The same with numbers in the place of the symbols so named."""
        return self

    def value(self) -> float:
        """The number it comes to; raises ValueError where a symbol is left."""
        raise NotImplementedError

    def written(self, language: Language, digits: int) -> str:
        """In one of the languages (languages.py), numbers with ``digits`` significant ones."""
        raise NotImplementedError


def of(value: Any) -> Expression:
    """A number as an expression; an expression as it is."""
    return value if isinstance(value, Expression) else Number(float(value))


@dataclass(frozen=True)
class Number(Expression):
    """A number."""

    number: float

    def value(self) -> float:
        """What it comes to."""
        return self.number

    def written(self, language: Language, digits: int) -> str:
        """In ``language``."""
        return language.number(self.number, digits)


@dataclass(frozen=True)
class Sum(Expression):
    """Terms that are added."""

    terms: tuple[Expression, ...]
    binds: ClassVar[int] = SUM

    def __add__(self, other: Any) -> Expression:
        return Sum((*self.terms, of(other)))

    def __sub__(self, other: Any) -> Expression:
        return Sum((*self.terms, -of(other)))

    def put(self, **numbers: Any) -> Expression:
        """With numbers put in."""
        return Sum(tuple(term.put(**numbers) for term in self.terms))

    def value(self) -> float:
        """What it comes to."""
        return math.fsum(term.value() for term in self.terms)

    def written(self, language: Language, digits: int) -> str:
        """In ``language``."""
        if not self.terms:
            return language.number(0.0, digits)
        text = self.terms[0].written(language, digits)
        for term in self.terms[1:]:
            more = term.written(language, digits)
            minus = more.startswith(language.minus)
            text += f" {language.minus} {more[len(language.minus) :]}" if minus else f" + {more}"
        return text


@dataclass(frozen=True)
class Product(Expression):
    """Factors that are multiplied."""

    factors: tuple[Expression, ...]
    binds: ClassVar[int] = PRODUCT

    def __mul__(self, other: Any) -> Expression:
        return Product((*self.factors, of(other)))

    def put(self, **numbers: Any) -> Expression:
        """With numbers put in."""
        return Product(tuple(factor.put(**numbers) for factor in self.factors))

    def value(self) -> float:
        """What it comes to."""
        return math.prod(factor.value() for factor in self.factors)

    def written(self, language: Language, digits: int) -> str:
        """In ``language``."""
        first, *rest = self.factors
        return language.times.join(
            [held(first, PRODUCT, language, digits, leads=True), *(held(f, PRODUCT, language, digits) for f in rest)]
        )


@dataclass(frozen=True)
class Quotient(Expression):
    """One divided by another."""

    above: Expression
    below: Expression
    binds: ClassVar[int] = PRODUCT

    def put(self, **numbers: Any) -> Expression:
        """With numbers put in."""
        return Quotient(self.above.put(**numbers), self.below.put(**numbers))

    def value(self) -> float:
        """What it comes to."""
        above, below = self.above.value(), self.below.value()
        return above / below if below else math.copysign(math.inf, above) if above else math.nan

    def written(self, language: Language, digits: int) -> str:
        """In ``language``."""
        if language.stacked:
            return language.quotient(self.above.written(language, digits), self.below.written(language, digits))
        above = held(self.above, PRODUCT, language, digits, leads=True)
        return language.quotient(above, held(self.below, POWER, language, digits))


@dataclass(frozen=True)
class Power(Expression):
    """A base and its exponent."""

    base: Expression
    exponent: Expression
    binds: ClassVar[int] = POWER

    def put(self, **numbers: Any) -> Expression:
        """With numbers put in."""
        return Power(self.base.put(**numbers), self.exponent.put(**numbers))

    def value(self) -> float:
        """What it comes to."""
        try:
            return float(self.base.value() ** self.exponent.value())
        except OverflowError:
            return math.inf

    def written(self, language: Language, digits: int) -> str:
        """In ``language``."""
        return language.power(held(self.base, ATOM, language, digits), self.exponent.written(language, digits))


@dataclass(frozen=True)
class Negative(Expression):
    """The negative of an expression; of a number, that number."""

    positive: Expression
    binds: ClassVar[int] = PRODUCT

    def put(self, **numbers: Any) -> Expression:
        """With numbers put in."""
        inside = self.positive.put(**numbers)
        return Number(-inside.number) if isinstance(inside, Number) and inside.number else Negative(inside)

    def value(self) -> float:
        """What it comes to."""
        return -self.positive.value()

    def written(self, language: Language, digits: int) -> str:
        """In ``language``."""
        return language.minus + held(self.positive, PRODUCT, language, digits)


def held(part: Expression, by: int, language: Language, digits: int, *, leads: bool = False) -> str:
    """``part`` within an operation that binds as tightly as ``by``: in brackets where it would fall apart, or begins with a minus."""
    text = part.written(language, digits)
    loose = part.binds < by or (by == ATOM and part.binds < ATOM)
    scientific = by == ATOM and isinstance(part, Number) and "e" in text
    if loose or scientific or (text.startswith(language.minus) and not leads):
        return language.brackets(text)
    return text


def total(terms: list[Expression]) -> Expression:
    """Their sum; a single one as it is."""
    return terms[0] if len(terms) == 1 else Sum(tuple(terms))
