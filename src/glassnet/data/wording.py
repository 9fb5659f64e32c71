"""Numbers and values as they stand in sentences."""

from __future__ import annotations

LONGEST_SHOWN = 40  # characters of a value


def count(n: int, noun: str) -> str:
    """``1 row``, ``1,234 rows``.

    >>> count(1234, "row")
    '1,234 rows'
    """
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def shown(value: object) -> str:
    """The value in quotation marks, cut short if it is long.

    >>> shown("word " * 20)
    "'word word word word word word word word...'"
    """
    text = str(value)
    return repr(text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1].rstrip() + "...")
