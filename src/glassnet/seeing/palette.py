"""The colours of every view, once: what a colour means, on paper and on a dark screen.

positive   blue: excitatory weights, evidence for; drawn with a full line
negative   orange-red: inhibitory weights, evidence against; drawn with a dashed line, so that grey print shows the sign too
gradient   purple: what flows back
ink, quiet, faint, panel, paper    text, side notes, rules and empty fills, cards, ground

Blue and orange-red differ in lightness as well as in hue, so they stay apart in grey and for the colour-blind. A class rather than a
fixed colour carries the meaning through an SVG (``class="f-positive"`` fills, ``class="s-positive"`` strokes), and one rule each for
dark screens recolours it; paper is always light, since the rule asks for a screen.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Colour:
    """One meaning: as hex on light ground (and paper), and on dark ground."""

    light: str
    dark: str


COLOURS: dict[str, Colour] = {
    "ink": Colour("#1f2933", "#e6e9ed"),
    "quiet": Colour("#5b6773", "#a3adb8"),
    "faint": Colour("#c9d0d7", "#48525d"),
    "panel": Colour("#f3f5f7", "#20272f"),
    "paper": Colour("#ffffff", "#14191f"),
    "positive": Colour("#2166ac", "#74b0ea"),
    "negative": Colour("#c2431a", "#f08a5d"),
    "gradient": Colour("#7b3f99", "#c79be0"),
}

DASH = "5 3"
"""``stroke-dasharray`` of a thin line for what is negative; see `dash` for thick ones."""

POSITIVE, NEGATIVE = COLOURS["positive"].light, COLOURS["negative"].light

FONT = "'Helvetica Neue', Helvetica, Arial, 'Liberation Sans', sans-serif"
MONOSPACE = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'Liberation Mono', 'DejaVu Sans Mono', monospace"

DARK = "@media screen and (prefers-color-scheme: dark)"


def role(value: float) -> str:
    """``positive`` or ``negative``: the colour of a number; 0 is ``quiet``."""
    return "positive" if value > 0 else "negative" if value < 0 else "quiet"


def dash(width: float) -> str:
    """``stroke-dasharray`` of what is negative, for a line of this width.

    >>> dash(1.0), dash(4.0)
    ('5 3', '9 5')
    """
    return f"{max(5.0, 2.25 * width):.3g} {max(3.0, 1.25 * width):.3g}"


def svg_rules(scope: str = ".glassnet") -> str:
    """CSS: classes ``f-<name>`` (fill) and ``s-<name>`` (stroke) within ``scope``, light, and dark on dark screens.

    No custom properties: programs that turn SVG into PDF or PNG know plain classes only.

    >>> svg_rules().splitlines()[0]
    '.glassnet .f-ink{fill:#1f2933}.glassnet .s-ink{stroke:#1f2933}'
    """

    def rule(name: str, hue: str) -> str:
        return f"{scope} .f-{name}{{fill:{hue}}}{scope} .s-{name}{{stroke:{hue}}}"

    light = [rule(name, colour.light) for name, colour in COLOURS.items()]
    dark = [rule(name, colour.dark) for name, colour in COLOURS.items()]
    return "\n".join([*light, f"{DARK}{{", *dark, "}"])


def html_rules(scope: str = ":root") -> str:
    """CSS: custom properties ``--ink``, ``--positive``, ... on ``scope`` for pages, light, and dark on dark screens.

    >>> html_rules().splitlines()[0]
    ':root{color-scheme:light dark;--ink:#1f2933;--quiet:#5b6773;--faint:#c9d0d7;--panel:#f3f5f7;...}'
    """
    light = ";".join(f"--{name}:{colour.light}" for name, colour in COLOURS.items())
    dark = ";".join(f"--{name}:{colour.dark}" for name, colour in COLOURS.items())
    return f"{scope}{{color-scheme:light dark;{light}}}\n{DARK}{{{scope}{{{dark}}}}}"
