"""Formatting of figures as text: percentages, signed differences, intervals, p-values, savings."""

from __future__ import annotations

import math
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from canvass.report.comparisons import Difference
    from canvass.report.table_rows import Saved

MINUS = "\N{MINUS SIGN}"
NOTHING = "\N{EN DASH}"
TO = " to "
PERCENT = "\N{NO-BREAK SPACE}%"  # a number and its unit stay together
P_DIGITS = 3  # digits of a small p-value
SMALLEST_P = 0.001  # smaller p-values are not told apart
JOINERS = "\u200c\u200d"  # within words of Persian and Hindi, within emoji; they move nothing
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
TEN_PERCENT = 0.0995  # from here on, percentages have no decimals


def percent(share: float | None, digits: int = 1) -> str:
    """Format a share as a percentage; a dash for None or a number that is not finite.

    >>> percent(0.0734).replace(PERCENT, " %")
    '7.3 %'
    """
    return NOTHING if share is None or not math.isfinite(share) else f"{100 * share:.{digits}f}{PERCENT}"


def signed(share: float) -> str:
    """Format a relative difference as a signed percentage, with a minus sign as wide as the plus.

    >>> [signed(share).replace(PERCENT, " %") for share in (0.1234, 0.012, 0.0)]
    ['+12 %', '+1.2 %', '0.0 %']
    """
    if not math.isfinite(share):
        return "no bound"
    digits = 0 if abs(share) >= TEN_PERCENT else 1
    shown = f"{100 * abs(share):.{digits}f}"
    sign = "" if float(shown) == 0 else MINUS if share < 0 else "+"
    return f"{sign}{shown}{PERCENT}"


def interval(difference: Difference) -> str:
    """Format the interval of a difference: `-15 to -8.1 %`."""
    return f"{signed(difference.low).removesuffix(PERCENT)}{TO}{signed(difference.high)}"


def fewer(difference: Difference) -> str:
    """Describe a difference in words: `12 % fewer errors than`."""
    amount = signed(abs(difference.relative)).removeprefix("+")
    if amount == f"0.0{PERCENT}":
        return "as many errors as"
    return f"{amount} {'fewer' if difference.relative < 0 else 'more'} errors than"


def p_value(value: float) -> str:
    """Format a p-value to two significant digits.

    >>> [p_value(value) for value in (0.0234, 0.75, 1.0, 0.00009)]
    ['0.023', '0.75', '1', '< 0.001']
    """
    if value < SMALLEST_P:
        return f"< {SMALLEST_P}"
    return f"{value:.{P_DIGITS}f}" if value < 0.1 else f"{value:.2g}"  # noqa: PLR2004 - two digits


def saved(savings: Saved | None) -> str:
    """Format annotations saved: how many more the baseline needs for the same error."""
    if savings is None:
        return NOTHING
    if savings.baseline_more is None:
        return f"> {savings.beyond:,.0f}"
    count = round(savings.baseline_more)
    return f"{MINUS if count < 0 else ''}{abs(count):,}"


def listed(names: list[str], most: int = 5) -> str:
    """Join names, the first `most` of them: `a, b and 7 more`."""
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def visible(text: str, blanks: str = "\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\u2028\u2029") -> str:
    """Replace characters that act instead of being shown: controls, changes of direction; offsets stay.

    A space of any width becomes a blank, and so do `blanks`: tabs and line breaks.
    """
    return "".join(_visible(character, blanks) for character in text)


def _visible(character: str, blanks: str) -> str:
    if character.isprintable() or character in JOINERS:
        return character
    return " " if character in blanks or unicodedata.category(character) == "Zs" else REPLACEMENT
