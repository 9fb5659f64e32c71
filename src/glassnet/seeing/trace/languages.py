"""How formulas are written: as plain text, for a page, in LaTeX. A language knows signs and brackets; expressions.py knows formulas."""

from __future__ import annotations

import math
from html import escape
from typing import ClassVar

from glassnet.seeing.svg import clean, shown


class Language:
    """Plain text, for terminals and files: Latin letters, ``w2_1_3`` for the weight of layer 2 from unit 1 to unit 3."""

    minus = "-"
    times = "·"
    stacked = False
    """True where a quotient's parts stand above each other, and need no brackets."""

    def number(self, value: float, digits: int) -> str:
        """A number with ``digits`` significant ones."""
        return _precise(value, digits).replace("−", "-").replace("∞", "inf")

    def symbol(self, letter: str, layer: int | None, units: tuple[int, ...]) -> str:
        """``a``, ``a2_1``."""
        return "_".join([letter + ("" if layer is None else str(layer)), *map(str, units)])

    def slope(self, above: str, below: str) -> str:
        """``dL/dz2_1``."""
        return f"d{above}/d{below}"

    def summed(self, text: str) -> str:
        """``sum of w·a``."""
        return f"sum of {text}"

    def words(self, words: str, number: str) -> str:
        """A described number."""
        return f"({words}: {number})"

    def brackets(self, text: str) -> str:
        """In brackets."""
        return f"({text})"

    def quotient(self, above: str, below: str) -> str:
        """``a/b``."""
        return f"{above}/{below}"

    def power(self, base: str, exponent: str) -> str:
        """``e^(-z)``, ``a²``."""
        return f"{base}²" if exponent == "2" else f"{base}^{exponent if len(exponent) == 1 else f'({exponent})'}"

    def function(self, name: str, inside: str) -> str:
        """``tanh(0.5)``."""
        return f"|{inside}|" if name == "abs" else f"{name}({inside})"


class Page(Language):
    """For a page: letters in italics, indices below, Greek where it is due. Everything else is escaped already or has no need."""

    minus = "−"
    _greek: ClassVar[dict[str, str]] = {"Phi": "Φ", "phi": "φ", "sqrt": "√"}

    def number(self, value: float, digits: int) -> str:
        """With a true minus sign."""
        return _precise(value, digits)

    def symbol(self, letter: str, layer: int | None, units: tuple[int, ...]) -> str:
        """Italics, units below, the layer above."""
        above = "" if layer is None else f"<sup>({layer})</sup>"
        below = f"<sub>{','.join(map(str, units))}</sub>" if units else ""
        return f"<i>{_SIGNS.get(letter, letter)}</i>{above}{below}"

    def slope(self, above: str, below: str) -> str:
        """With a round d."""
        return f"∂{above}/∂{below}"

    def summed(self, text: str) -> str:
        """With a capital sigma."""
        return f"Σ {text}"

    def words(self, words: str, number: str) -> str:
        """A described number, its description in small letters."""
        return f"(<small>{escape(words)}:</small> {number})"

    def power(self, base: str, exponent: str) -> str:
        """Raised."""
        return f"{base}<sup>{exponent}</sup>"

    def function(self, name: str, inside: str) -> str:
        """As in a book."""
        return f"|{inside}|" if name == "abs" else f"{self._greek.get(name, name)}({inside})"


class Latex(Language):
    """For LaTeX's mathematics, no package needed but amsmath."""

    stacked = True

    times = r" \cdot "
    _functions: ClassVar[dict[str, str]] = {"log": r"\log", "tanh": r"\tanh", "max": r"\max", "Phi": r"\Phi", "phi": r"\phi"}

    def number(self, value: float, digits: int) -> str:
        """Powers of ten raised, infinity as its sign, no space after a comma within a number."""
        text = super().number(value, digits)
        if "inf" in text or text == "nan":
            return text.replace("inf", r"\infty").replace("nan", r"\mathrm{nan}")
        mantissa, _, power = text.partition("e")
        mantissa = mantissa.replace(",", "{,}")
        return rf"{mantissa} \cdot 10^{{{power}}}" if power else mantissa

    def symbol(self, letter: str, layer: int | None, units: tuple[int, ...]) -> str:
        """``a^{(2)}_{1}``."""
        name = _GREEK.get(letter, letter if len(letter) == 1 else rf"\mathrm{{{letter}}}")
        above = "" if layer is None else f"^{{({layer})}}"
        return name + above + (f"_{{{', '.join(map(str, units))}}}" if units else "")

    def slope(self, above: str, below: str) -> str:
        """A fraction of round ds."""
        return rf"\frac{{\partial {above}}}{{\partial {below}}}"

    def summed(self, text: str) -> str:
        """With a sum sign."""
        return rf"\sum {text}"

    def words(self, words: str, number: str) -> str:
        """A number with its description below."""
        return rf"({latex_text(words + ': ')}{number})"

    def brackets(self, text: str) -> str:
        """Brackets that grow with what they hold."""
        return rf"\left({text}\right)"

    def quotient(self, above: str, below: str) -> str:
        """A fraction."""
        return rf"\frac{{{above}}}{{{below}}}"

    def power(self, base: str, exponent: str) -> str:
        """Raised."""
        return f"{base}^{{{exponent}}}"

    def function(self, name: str, inside: str) -> str:
        """``\\log(...)``, ``\\sqrt{...}``, bars for the absolute value."""
        if name == "sqrt":
            return rf"\sqrt{{{inside}}}"
        if name == "abs":
            return rf"\left|{inside}\right|"
        known = self._functions.get(name, rf"\mathrm{{{latex_name(name)}}}")
        return rf"{known}\left({inside}\right)"


_GREEK = {"mu": r"\mu", "rho": r"\rho", "alpha": r"\alpha", "beta1": r"\beta_1", "beta2": r"\beta_2", "eps": r"\varepsilon", "r_t": "r_t"}

_SIGNS = {"mu": "μ", "rho": "ρ", "alpha": "α", "beta1": "β₁", "beta2": "β₂", "eps": "ε", "r_t": "rₜ"}

_ESCAPES = {character: rf"\{character}" for character in "#$%&_{}"} | {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "\n": " ",
}


def _precise(value: float, digits: int) -> str:
    """``digits`` significant ones; just below 1 as many as 1 - a has then, since that stands in many a formula: ``0.99995852``."""
    gap = 1.0 - abs(value)
    return shown(value, digits - 1 - math.floor(math.log10(gap)) if 0.0 < gap < 1e-3 else digits)


def latex_name(name: str) -> str:
    """``name`` with LaTeX's own characters escaped, and none that no text can hold."""
    return "".join(_ESCAPES.get(character, character) for character in clean(name, lines=True))


def latex_text(text: str) -> str:
    """Words within mathematics."""
    return rf"\text{{{latex_name(text)}}}"


TEXT, PAGE, LATEX = Language(), Page(), Latex()
