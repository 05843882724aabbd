"""Intervals in closed form: of a proportion, and the quantile of Student's t that one of a mean needs."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import NamedTuple

from canvass.errors import InputError, OptionError


class Interval(NamedTuple):
    """Both ends belong to it."""

    low: float
    high: float


def wilson_interval(successes: float, n: float, *, level: float = 0.95) -> Interval:
    """Estimate an interval of a proportion from `successes` out of `n`, within 0 to 1, also for few or none.

    The proportions whose score test does not reject what was seen (Wilson 1927, "Probable inference, the law of
    succession, and statistical inference"), without continuity correction. Out of nothing: 0 to 1, anything. Of
    weighted observations, `n` is their effective number, and neither count need be whole. Raises InputError if these
    are not counts with 0 <= successes <= n; OptionError if the level is not between 0 and 1.

    >>> [round(end, 4) for end in wilson_interval(8, 10)]
    [0.4902, 0.9433]
    """
    check_level(level)
    if not 0 <= successes <= n:
        raise InputError(f"{successes} successes of {n} are no proportion; expected 0 to {max(n, 0)} of them")
    if n == 0:
        return Interval(0.0, 1.0)
    squared = NormalDist().inv_cdf((1 + level) / 2) ** 2
    middle = successes + squared / 2
    half = math.sqrt(squared * (successes * (n - successes) / n + squared / 4))
    # Where nothing or everything succeeded, an end is 0 or 1 exactly, and rounding must not take it further.
    low = (middle - half) / (n + squared) if successes else 0.0
    high = (middle + half) / (n + squared) if successes < n else 1.0
    return Interval(low, high)


def t_quantile(level: float, freedom: int) -> float:
    """Find t with P(|T| <= t) = level for Student's t with whole degrees of freedom, at least 1.

    With theta = atan(t / sqrt(freedom)) the probability is a finite sum of sines and cosines (Abramowitz, Stegun 1964,
    26.7.3 and 26.7.4), increasing in theta, so halving an interval finds it. (scipy has the same at half a second of
    import.) Raises OptionError if the level is not between 0 and 1.

    >>> round(t_quantile(0.95, 9), 4)
    2.2622
    """
    check_level(level)
    low, high = 0.0, math.pi / 2
    while low < (theta := (low + high) / 2) < high:
        if _central_probability(theta, freedom) < level:
            low = theta
        else:
            high = theta
    return math.sqrt(freedom) * math.tan(high)


def t_factor(level: float, freedom: int) -> float:
    """Give how much wider than a normal interval one has to be whose error is estimated with few degrees of freedom.

    >>> round(t_factor(0.95, 38), 4)
    1.0329
    """
    return t_quantile(level, freedom) / NormalDist().inv_cdf((1 + level) / 2)


def _central_probability(theta: float, freedom: int) -> float:
    cosine, sine = math.cos(theta), math.sin(theta)
    odd = freedom % 2
    term, total = (cosine, 0.0) if odd else (1.0, 0.0)
    for power in range(odd, freedom - 1, 2):
        total += term
        term *= cosine * cosine * (power + 1) / (power + 2)
    return 2 / math.pi * (theta + sine * total) if odd else sine * total


def check_level(level: float) -> None:
    """Check the level of an interval; raises OptionError."""
    if not 0 < level < 1:
        raise OptionError(f"a level of {level} makes no interval; expected between 0 and 1, such as 0.95")
