"""The grammar of formulas: from a text to a list of steps for a machine with a stack. Nothing of Python is ever evaluated.

    sum      = product { ("+" | "-") product }            from the left
    product  = signed  { ("*" | "/") signed  }            from the left
    signed   = "-" signed | "+" signed | power
    power    = atom [ "**" signed ]                       from the right; binds closer than the sign before it: -x**2 is -(x**2)
    atom     = number | column | function "(" sum { "," sum } ")" | "(" sum ")"
    column   = a word, or anything between backquotes:  `visit duration`

The three left-hand rules are one loop over the strength of operators (precedence climbing).
"""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from typing import NoReturn

from glassnet.checks import DataError, did_you_mean

LONGEST = 1000  # characters
DEEPEST = 50  # parentheses, signs and powers inside each other
SHOWN = 100  # characters of a long formula that are shown around a fault

FUNCTIONS = {"sin": 1, "cos": 1, "log": 1, "exp": 1, "sqrt": 1, "abs": 1, "min": 2, "max": 2}
"""How many arguments each function takes; min and max take two or more."""

STRENGTH = {"+": 1, "-": 1, "*": 2, "/": 2, "**": 4}
SIGN = 3  # strength of the minus before a term: between * and **

_TOKEN = re.compile(
    r"(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)|(?P<word>[^\W\d]\w*)|`(?P<quoted>[^`]*)`|(?P<sign>\*\*|[-+*/(),])"
)
_INSTEAD = {
    "^": "for a power write **",
    "%": "there is no remainder",
    "=": "a formula is only the right side, such as x1*x2",
    "'": "names with blanks go between backquotes, such as `visit duration`",
    '"': "names with blanks go between backquotes, such as `visit duration`",
    "`": "the backquote is never closed",
    "×": "for a product write *",
    "·": "for a product write *",
    "−": "this dash is not a minus; write -",
    "–": "this dash is not a minus; write -",
    "÷": "for a quotient write /",
}


class FormulaError(DataError):
    """A formula cannot be read; the message shows it with a caret under the fault."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step: push a number or a column, or apply an operator or function to the last ``arity`` values. ``start`` is its place."""

    kind: str  # "number", "column", "operator", "function"
    value: float | str
    arity: int
    start: int


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int
    end: int


def refuse(text: str, place: int, what: str, length: int = 1) -> NoReturn:
    """Raise FormulaError: ``what`` is wrong at ``place``, which a caret points out."""
    first = max(0, min(place - SHOWN // 2, len(text) - SHOWN))
    part = text[first : first + SHOWN]
    before, after = ("..." if first else ""), ("..." if first + SHOWN < len(text) else "")
    line = before + "".join(letter if letter.isprintable() else " " for letter in part) + after
    margin = len(before) + sum(_columns(letter) for letter in text[first:place])
    marks = "^" * max(1, min(length, first + SHOWN - place))
    ending = "" if what.endswith((".", "?")) else "."
    raise FormulaError(f"This formula cannot be used: {what}{ending}\n  {line}\n  {' ' * margin}{marks}")


def _columns(letter: str) -> int:
    """How many columns of a terminal a letter takes."""
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def steps_of(text: str) -> tuple[Step, ...]:
    """The steps that evaluate the formula, in order. Raises FormulaError."""
    if len(text) > LONGEST:
        raise FormulaError(f"The formula has {len(text):,} characters; at most {LONGEST:,} are allowed. Split it into several.")
    return _Parser(text).parse()


def _tokens(text: str) -> list[_Token]:
    tokens, place = [], 0
    while place < len(text):
        if text[place].isspace():
            place += 1
            continue
        match = _TOKEN.match(text, place)
        if not match:
            letter = text[place]
            hint = _INSTEAD.get(letter, "expected a number, a column, an operator (+ - * / **), a function or parentheses")
            refuse(text, place, f"{letter!r} has no meaning here; {hint}")
        kind = str(match.lastgroup)
        tokens.append(_Token(kind, match[kind], match.start(), match.end()))
        place = match.end()
    tokens.append(_Token("end", "", len(text.rstrip()), len(text.rstrip()) + 1))
    return tokens


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = _tokens(text)
        self.next = 0
        self.depth = 0
        self.steps: list[Step] = []

    def parse(self) -> tuple[Step, ...]:
        """The whole text as one sum."""
        self._expression(1)
        if self._token.kind != "end":
            before = self.tokens[self.next - 1]
            hint = "the end; only min and max take a comma" if self._token.text == "," else "an operator (+ - * / **) or the end"
            if before.kind == self._token.kind == "word":
                hint += f"; a name with a blank goes between backquotes: `{before.text} {self._token.text}`"
            self._wrong(hint)
        if not any(step.kind == "column" for step in self.steps):
            refuse(self.text, 0, "it names no column, so it is the same in every row", len(self.text))
        return tuple(self.steps)

    @property
    def _token(self) -> _Token:
        return self.tokens[self.next]

    def _take(self) -> _Token:
        token = self.tokens[self.next]
        self.next += 1
        return token

    def _wrong(self, expected: str) -> NoReturn:
        token = self._token
        found = "it ends" if token.kind == "end" else f"found {self.text[token.start : token.end]!r}"
        refuse(self.text, token.start, f"{found} where it needs {expected}", token.end - token.start)

    def _expression(self, least: int) -> None:
        """Operators of at least this strength, with what stands on their two sides."""
        self.depth += 1
        if self.depth > DEEPEST:
            refuse(self.text, self._token.start, f"it is nested more than {DEEPEST} deep; split it into several")
        self._term()
        while (strength := STRENGTH.get(self._token.text if self._token.kind == "sign" else "", 0)) >= least:
            operator = self._take()
            if operator.text == self._token.text == "/" and operator.end == self._token.start:
                refuse(self.text, operator.start, "'//' is no operator here; for a quotient write /", 2)
            self._expression(SIGN if operator.text == "**" else strength + 1)
            self.steps.append(Step("operator", operator.text, 2, operator.start))
        self.depth -= 1

    def _term(self) -> None:
        token = self._token
        if token.kind == "number":
            self.steps.append(Step("number", self._number(self._take()), 0, token.start))
            if self._token.kind == "word" and self._token.start == token.end:
                refuse(self.text, self._token.start, f"found {self._token.text!r} right after a number; for a product write *")
        elif token.kind == "word" and self.tokens[self.next + 1].text == "(" and self.tokens[self.next + 1].kind == "sign":
            self._call()
        elif token.kind in ("word", "quoted"):
            if not token.text.strip():
                refuse(self.text, token.start, "there is no name between the backquotes", token.end - token.start)
            self.steps.append(Step("column", self._take().text, 0, token.start))
        elif token.kind == "sign" and token.text == "(":
            self._take()
            self._expression(1)
            self._close(token)
        elif token.kind == "sign" and token.text in "+-":
            self._take()
            self._expression(SIGN)
            if token.text == "-":
                self.steps.append(Step("operator", "-", 1, token.start))
        else:
            self._wrong("a number, a column, a function or '('")

    def _number(self, token: _Token) -> float:
        number = float(token.text)
        if math.isinf(number):
            refuse(self.text, token.start, "this number is too large; at most 1.8e308 can be held", token.end - token.start)
        return number

    def _call(self) -> None:
        name = self._take()
        if name.text not in FUNCTIONS:
            known = ", ".join(FUNCTIONS)
            hint = did_you_mean(name.text, FUNCTIONS) or f" There are {known}; for a product write *."
            refuse(self.text, name.start, f"there is no function {name.text!r}.{hint}", len(name.text))
        opening = self._take()
        arity = 1
        self._expression(1)
        while self._token.kind == "sign" and self._token.text == ",":
            self._take()
            self._expression(1)
            arity += 1
        self._close(opening)
        wanted = FUNCTIONS[name.text]
        if arity < wanted or (wanted == 1 and arity > 1):
            takes = "one value" if wanted == 1 else "two or more values"
            refuse(self.text, name.start, f"{name.text} takes {takes}; got {arity}", len(name.text))
        self.steps.append(Step("function", name.text, arity, name.start))

    def _close(self, opening: _Token) -> None:
        if self._token.kind == "end":
            refuse(self.text, opening.start, "this parenthesis is never closed; expected ')' before the end")
        if self._token.kind != "sign" or self._token.text != ")":
            self._wrong("an operator (+ - * / **) or ')'")
        self._take()
