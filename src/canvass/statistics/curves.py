"""Learning curves: the mean over seeds with its band, the area, and how many annotations one saves over another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from canvass.errors import InputError
from canvass.statistics.intervals import check_level, t_quantile

Values = NDArray[np.float64] | NDArray[np.integer] | Sequence[float]

AT_LEAST = 2  # points of a curve with an area; seeds of a band


class Band(NamedTuple):
    """Means over seeds and the ends of their intervals, float64 (R,) each."""

    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


class Saving(NamedTuple):
    """What a strategy saves over its baseline, in the unit of x; None where a curve never gets there.

    `saved`: how many fewer the strategy needs to reach the baseline's final error (negative: more). None: within its
    budget it does not reach that error.
    `baseline_more`: how many more the baseline needs to reach the strategy's final error (negative: fewer). None: it
    does not within its own budget, and would need more than all of it.
    """

    saved: float | None
    baseline_more: float | None


def mean_and_band(values: NDArray[np.float64], *, level: float = 0.95) -> Band:
    """Compute the mean over seeds at each round, and its t-interval: mean +- t * sd / sqrt(S).

    t is the quantile of Student's distribution with S - 1 degrees of freedom, sd has the denominator S - 1. A
    bootstrap of the mean of a few seeds would be too narrow: sqrt((S - 1) / S) times as wide, and without t's
    allowance for a spread that is itself uncertain. The band is for each round by itself, and is not cut at 0.

    * `values`: rates (S, R): one row a seed, one column a round.
    * `level`: between 0 and 1.

    With a single seed there is no spread to go by: the ends are NaN, so that a plot shows none. Raises
    InputError if the values are not (S, R) with at least one seed, or one is missing (NaN) or infinite; OptionError if
    the level is not between 0 and 1.
    """
    check_level(level)
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 2 or not len(values):  # noqa: PLR2004 - seeds and rounds
        raise InputError(
            f"the values of a curve have shape {values.shape}; expected one row a seed, at least one"
        )
    if not np.isfinite(values).all():
        raise InputError("a value of a curve is missing or infinite; expected one for each seed and round")
    seeds = len(values)
    mean = values.mean(axis=0)
    if seeds < AT_LEAST:
        return Band(mean, np.full_like(mean, np.nan), np.full_like(mean, np.nan))
    half = t_quantile(level, seeds - 1) * values.std(axis=0, ddof=1) / np.sqrt(seeds)
    return Band(mean, mean - half, mean + half)


def area_under_curve(x: Values, y: Values) -> float:
    """Compute the area under a learning curve by trapezoids, divided by the range of x: a mean error.

    * `x`: annotations at each round, (R,), increasing, evenly or not.
    * `y`: the error there, (R,).

    Raises InputError if x does not increase, the lengths differ, a value is missing, or there are fewer than two
    points.

    >>> area_under_curve([0, 100, 300], [0.4, 0.2, 0.1])
    0.2
    """
    x, y = _curve(x, y)
    if len(x) < AT_LEAST:
        raise InputError("a curve of one point has no area; expected two points or more")
    return float(np.trapezoid(y, x) / (x[-1] - x[0]))


def annotations_saved(curve_x: Values, curve_y: Values, baseline_x: Values, baseline_y: Values) -> Saving:
    """Read off how many annotations a strategy saves over its baseline, and how many more the baseline would need.

    Both curves are replaced by their running minimum, the lowest error so far, and joined by straight lines. A curve
    needs, for an error, the first x at which it is that low. The final error of a curve is its lowest within the
    budget that both have, the smaller of the two last x: a baseline may be run on beyond the strategy's budget, so
    that `baseline_more` is read off and not extrapolated, and `saved` stays the same. Nothing is extrapolated.

    A curve compared with itself saves 0. Give it means over seeds: a running minimum leans towards lucky rounds, and
    the more so the noisier the curve.

    * `curve_x`, `curve_y`: annotations and error of the strategy at each round, (R,); x increases.
    * `baseline_x`, `baseline_y`: the same of the baseline, with rounds of its own.

    Raises InputError if x does not increase, the lengths differ, a value is missing, or the curves have no budget in
    common.

    >>> annotations_saved([100, 200, 300], [0.5, 0.3, 0.2], [100, 300, 500], [0.5, 0.3, 0.1])
    Saving(saved=100.0, baseline_more=100.0)
    >>> annotations_saved([100, 200], [0.5, 0.3], [100, 200], [0.5, 0.4])
    Saving(saved=50.0, baseline_more=None)
    """
    curve, baseline = _curve(curve_x, curve_y), _curve(baseline_x, baseline_y)
    budget = min(curve[0][-1], baseline[0][-1])
    if budget < max(curve[0][0], baseline[0][0]):
        raise InputError(
            f"one curve ends at {budget:g}, before the other begins; expected curves from the same start"
        )
    return Saving(
        _fewer(curve, baseline, _lowest(baseline, budget)), _fewer(curve, baseline, _lowest(curve, budget))
    )


Curve = tuple["NDArray[np.float64]", "NDArray[np.float64]"]


def _fewer(curve: Curve, baseline: Curve, error: float) -> float | None:
    """Count how many fewer the curve needs than the baseline to be as low as an error."""
    ours, theirs = _needed(curve, error), _needed(baseline, error)
    return None if ours is None or theirs is None else theirs - ours


def _lowest(curve: Curve, budget: float) -> float:
    x, y = curve[0], np.minimum.accumulate(curve[1])
    # Interpolation may round to just below the last point, and the curve would seem not to reach its own error.
    return max(float(np.interp(budget, x, y)), float(y[-1]))


def _needed(curve: Curve, error: float) -> float | None:
    """Find the first x at which the running minimum is as low as an error; None where it never is."""
    x, y = curve[0], np.minimum.accumulate(curve[1])
    if y[-1] > error:
        return None
    place = int(np.argmax(y <= error))
    if place == 0:
        return float(x[0])
    share = (y[place - 1] - error) / (y[place - 1] - y[place])
    return float(x[place - 1] + share * (x[place] - x[place - 1]))


def _curve(x: Values, y: Values) -> Curve:
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if x.ndim != 1 or x.shape != y.shape or not x.size:
        raise InputError(
            f"a curve has x of shape {x.shape} and y of {y.shape}; expected one of each per round"
        )
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise InputError("a point of a curve is missing or infinite; expected an error for every round")
    if (np.diff(x) <= 0).any():
        raise InputError(
            "the annotations of a curve do not increase; expected more at every round than before"
        )
    return x, y
