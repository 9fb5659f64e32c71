"""Text in CSV that a spreadsheet would run as a formula, made harmless by an apostrophe before it."""

from __future__ import annotations

import re

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a spreadsheet takes for the beginning of a formula; the last four are the wide forms of the first."""
NUMBER = r"^[+-]?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]+)?$"
"""Text that is a number does no harm."""


def harmless_text(text: str) -> str:
    """``text`` with an apostrophe before what begins like a formula, and before an apostrophe, so that taking one away gives it back.

    >>> [harmless_text(name) for name in ("=1+1", "-1.5", "'quoted", "plain")]
    ["'=1+1", '-1.5', "''quoted", 'plain']
    """
    return "'" + text if text.startswith((*FORMULA, "'")) and not re.search(NUMBER, text) else text
