"""Estimates from few annotations and many predictions: prediction-powered inference with known draws.

Annotated requests i were drawn from strata s with known totals, and stand for u_i / n_s of the population each (n_s
drawn of the stratum). For a ratio theta = sum y / sum z, e_i = y_i - theta z_i sums to zero. What models make of a
request without seeing its annotation, c = g - theta h, is known of many more requests that nobody annotated, so

    sum u_i / n_s (e_i - lambda c_i) + lambda sum u_j / N_s c_j = 0,

whatever lambda is: wrong predictions cost width, never the truth. lambda is the one of least variance, within 0 to 1
(Angelopoulos, Bates, Fannjiang, Jordan, Zrnic 2023, "Prediction-powered inference"; Angelopoulos, Duchi, Zrnic 2023,
"PPI++", for lambda; in surveys the difference estimator: Cassel, Sarndal, Wretman 1976). It is one for all strata:
their borders move between draws, and only totals over all of them stay comparable.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from canvass.statistics.intervals import Interval, check_level, wilson_interval

Floats = NDArray[np.float64]

LEVEL = 0.95
STEPS = 4  # towards theta; each divides what is left by ten or more
RARE = 3.0  # cases
TIGHTEST = 100.0  # annotations at which an anytime-valid interval is tightest


class Sample(NamedTuple):
    """Drawn requests: int (N,) `stratum` from 0, float64 (N,) `total` (requests of its stratum when it was drawn)."""

    stratum: NDArray[np.int64]
    total: Floats

    @property
    def shares(self) -> Floats:
        """What each stands for, float64 (N,): its total over how many were drawn of its stratum."""
        return self.total / np.bincount(self.stratum)[self.stratum]


class Predicted(NamedTuple):
    """What is predicted of annotated and other requests: `annotated` (n,) and `others` (N,)."""

    annotated: Floats
    others: Floats


class Part(NamedTuple):
    """A part of a ratio: what was annotated, float64 (n,), and what is predicted of it."""

    values: Floats
    predicted: Predicted


class Powered(NamedTuple):
    """A total or a ratio, its standard error, and the lambda that was used."""

    value: float
    error: float
    power: float


def powered_total(annotated: Sample, others: Sample, values: Floats, predicted: Predicted) -> Powered:
    """Estimate the total of `values` (n,) over the population."""
    c, other = predicted.annotated, predicted.others
    covariance = _variance(annotated, values + c) - _variance(annotated, values - c)
    spread = _variance(annotated, c) + _variance(others, other)
    # Where a stratum has no others, what is taken from its annotations could not be given back.
    usable = spread > 0 and np.isin(annotated.stratum, others.stratum).all()
    power = min(1.0, max(0.0, covariance / 4 / spread)) if usable else 0.0
    rest = values - power * c
    value = annotated.shares @ rest + power * (others.shares @ other)
    variance = _variance(annotated, rest) + power**2 * _variance(others, other)
    return Powered(float(value), math.sqrt(max(variance, 0.0)), power)


def powered_ratio(annotated: Sample, others: Sample, numerator: Part, denominator: Part) -> Powered:
    """Estimate a ratio of totals over the population; the values of the denominator have a positive sum."""
    (y, g), (z, h) = numerator, denominator
    shares = annotated.shares
    weight = float(shares @ z)
    ratio = float(shares @ y) / weight
    residual = Powered(0.0, 0.0, 0.0)
    for _ in range(STEPS):
        c = Predicted(g.annotated - ratio * h.annotated, g.others - ratio * h.others)
        residual = powered_total(annotated, others, y - ratio * z, c)
        ratio += residual.value / weight
    return Powered(ratio, residual.error / weight, residual.power)


def share_interval(share: float, error: float, alone: float, *, level: float) -> Interval:
    """Give the interval of a share with this standard error: the one of the binomial with as large an error.

    It is Wilson's, but for an end that rests on at most `RARE` cases: there the normal approximation is too sure, and
    the Poisson limit holds (the modified Wilson interval of Brown, Cai, DasGupta 2001, "Interval estimation for a
    binomial proportion", section 4.1.1). `alone` is how many equally weighted annotations there are: what counts where
    nothing varies, and an error of 0 says nothing. A rate of more than 1 has the normal interval.
    """
    from scipy.special import gammaincinv

    check_level(level)
    if share > 1:
        half = NormalDist().inv_cdf((1 + level) / 2) * error
        return Interval(max(0.0, share - half), share + half)
    share = max(share, 0.0)
    varies = error > 0 and 0 < share < 1
    n = share * (1 - share) / error**2 if varies else alone
    low, high = wilson_interval(min(share * n, n), n, level=level)
    cases, others = share * n, (1 - share) * n
    if 0 < cases <= RARE:
        low = min(low, float(gammaincinv(cases, 1 - level)) / n)
    if 0 < others <= RARE:
        high = max(high, 1 - float(gammaincinv(others, 1 - level)) / n)
    return Interval(low, high)


def ratio_of_totals(a: float, of_a: Interval, b: float, of_b: Interval) -> Interval:
    """Combine intervals of two independent totals to one of a / (a + b): MOVER-R (Newcombe 2012, equations 5, 6).

    0 is a total as any other; where `b` may be 0, the share may be 1.
    """
    square = (a * b) ** 2

    def root(inner: float) -> float:
        return math.sqrt(max(square - inner, 0.0))

    below = of_b.high * (2 * b - of_b.high)
    above = of_b.low * (2 * b - of_b.low)
    inner_low = of_a.low * (2 * a - of_a.low) * below
    inner_high = of_a.high * (2 * a - of_a.high) * above
    low = (of_a.low * (2 * a - of_a.low)) / (a * b + root(inner_low)) if a * b > 0 else 0.0
    high = (a * b + root(inner_high)) / above if above > 0 else math.inf
    low = max(low, 0.0)
    return Interval(low / (1 + low), 1.0 if math.isinf(high) else high / (1 + high))


def anytime_level(n: int, *, level: float = LEVEL) -> float:
    """Give the level that a normal interval after `n` annotations has to have, to hold at all n together at `level`.

    The asymptotic confidence sequence of Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas 2024 ("Time-uniform central limit
    theory and asymptotic confidence sequences", theorem 2.2), with rho as of its section on tuning, tightest at
    `TIGHTEST`. There an interval is 1.55 x as wide as one that is looked at once.
    """
    alpha = 1 - level
    spread = n * (-2 * math.log(alpha) + math.log(1 - 2 * math.log(alpha))) / TIGHTEST
    z = math.sqrt(2 * (spread + 1) / spread * math.log(math.sqrt(spread + 1) / alpha))
    return min(2 * NormalDist().cdf(z) - 1, 1 - 1e-15)


def _variance(sample: Sample, values: Floats) -> float:
    """Estimate the variance of the sum of shares times values over draws, those of a stratum being alike."""
    expanded = sample.total * values
    variance = 0.0
    for stratum in range(int(sample.stratum.max(initial=-1)) + 1):
        drawn = expanded[sample.stratum == stratum]
        variance += float(drawn.var(ddof=1)) / len(drawn) if len(drawn) > 1 else 0.0
    return variance
