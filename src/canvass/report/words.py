"""Figures as words: percentages with their sign, intervals, p-values, savings."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from canvass.report.comparisons import Difference
    from canvass.report.table_rows import Saved

MINUS = "\N{MINUS SIGN}"
NOTHING = "\N{EN DASH}"
TO = " to "
PERCENT = "\N{NO-BREAK SPACE}%"  # a number and its unit stay together
EXACTLY = 3  # digits of a p-value
SMALLEST_SHOWN = 0.001
TEN = 0.0995  # from here on, percentages need no decimals


def percent(share: float | None, digits: int = 1) -> str:
    """Write a share: `7.3 %`.

    >>> percent(0.0734).replace(PERCENT, " %")
    '7.3 %'
    """
    return NOTHING if share is None or not math.isfinite(share) else f"{100 * share:.{digits}f}{PERCENT}"


def signed(share: float) -> str:
    """Write a relative difference with its sign, a minus that lines up with a plus.

    >>> [signed(share).replace(PERCENT, " %") for share in (0.1234, 0.012, 0.0)]
    ['+12 %', '+1.2 %', '0.0 %']
    """
    if not math.isfinite(share):
        return "no bound"
    digits = 0 if abs(share) >= TEN else 1
    shown = f"{100 * abs(share):.{digits}f}"
    sign = "" if float(shown) == 0 else MINUS if share < 0 else "+"
    return f"{sign}{shown}{PERCENT}"


def interval(found: Difference) -> str:
    """Write the interval of a difference: `-15 to -8.1 %`."""
    return f"{signed(found.low).removesuffix(PERCENT)}{TO}{signed(found.high)}"


def fewer(found: Difference) -> str:
    """Say a difference in words, with its interval: `12 % fewer errors than`."""
    what = f"{signed(abs(found.relative)).removeprefix('+')}"
    if what == f"0.0{PERCENT}":
        return "as many errors as"
    return f"{what} {'fewer' if found.relative < 0 else 'more'} errors than"


def p_value(value: float) -> str:
    """Write a p-value to two digits that matter.

    >>> [p_value(value) for value in (0.0234, 0.75, 1.0, 0.00009)]
    ['0.023', '0.75', '1', '< 0.001']
    """
    if value < SMALLEST_SHOWN:
        return f"< {SMALLEST_SHOWN}"
    return f"{value:.{EXACTLY}f}" if value < 0.1 else f"{value:.2g}"  # noqa: PLR2004 - two digits


def saved(found: Saved | None) -> str:
    """Write what is saved: how many more annotations the baseline needs for the same error."""
    if found is None:
        return NOTHING
    if found.baseline_more is None:
        return f"> {found.beyond:,.0f}"
    count = round(found.baseline_more)
    return f"{MINUS if count < 0 else ''}{abs(count):,}"


def listed(names: list[str], most: int = 5) -> str:
    """List names: `a, b and 7 more`."""
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def plural(count: int, one: str, many: str = "") -> str:
    """Count things: `1 run`, `2 runs`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
