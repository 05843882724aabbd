"""How far two strategies are apart: the relative difference of their error rates, and a bootstrap interval of it.

The relative difference is a ratio of means: (mean rate_a - mean rate_b) / mean rate_b, the means over seeds. A mean
of the seeds' ratios would weigh a seed the more the fewer errors the baseline happened to make there, would lean
upwards for it, and would not exist if one of them made none.

The reference slots cancel. Test utterances are fixed and the same for both, so every rate has the same denominator,
in each bootstrap resample too, and the relative difference is (errors of a - errors of b) / errors of b. Hence the
functions that compare do not ask for the reference.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from canvass.errors import InputError, OptionError
from canvass.statistics.intervals import Interval, check_level

Counts = NDArray[np.integer]

CELLS = 1 << 18  # counts of resampled utterances held at a time; no result depends on it


def relative(a: Counts, b: Counts) -> float:
    """Compute the relative difference of two strategies: (rate_a - rate_b) / rate_b; below 0, a is better.

    * `a`, `b`: errors of a strategy and of its baseline: integers (S, N), paired in both.

    Returns -1 or more; 0 if neither makes any error, infinity if only the baseline makes none. Raises InputError if
    these are not counts, or not paired.

    >>> relative(np.array([[3, 0], [6, 0]]), np.array([[5, 0], [5, 2]]))
    -0.25
    """
    a, b = paired(a, b)
    return float(_relative(a.sum(dtype=np.float64), b.sum(dtype=np.float64)))


def bootstrap_interval(
    a: Counts, b: Counts, generator: np.random.Generator, *, resamples: int = 10_000, level: float = 0.95
) -> Interval:
    """Estimate a percentile interval of `relative(a, b)`, for other seeds and other test utterances.

    Each resample draws S seeds with replacement, then N utterances with replacement, one draw for all seeds and both
    strategies: seeds and utterances are crossed, since the test set is fixed (the pigeonhole bootstrap: Owen 2007,
    Annals of Applied Statistics 1; for utterances alone, Bisani, Ney 2004, "Bootstrap estimates for confidence
    intervals in ASR performance evaluation"). The ends are the k-th smallest and the k-th largest value,
    k = floor((resamples + 1) * (1 - level) / 2), without interpolation (Efron, Tibshirani 1993): swapped roles turn
    [l, h] into [-h / (1 + h), -l / (1 + l)], and an infinite value does no harm.

    Both must be drawn, and the interval leans to the wide side, since the noise of single cells is counted more than
    once. In 500 simulated studies each of 5 or 10 seeds and 300 or 1,000 utterances, with seed effects from none to
    large, a level of 0.95 covered the truth in 0.92 to 1.00 of them; drawing utterances alone in 0.34 to 0.96, seeds
    alone in 0.82 to 0.91. A single seed says nothing about others; the interval then is for other utterances only.

    * `a`, `b`: errors of a strategy and of its baseline: integers (S, N), paired in both.
    * `generator`: the source of the draws; the same state gives the same interval.
    * `resamples`: at least 39 for a level of 0.95.
    * `level`: share of the resamples within the interval, between 0 and 1.

    Raises InputError if these are not counts, or not paired; OptionError if the level is not between 0 and 1, or the
    resamples are too few for it.
    """
    a, b = paired(a, b)
    check_level(level)
    rank = int((resamples + 1) * (1 - level) / 2 + 1e-9)  # 20 * 0.05 is 1, whatever 1 - 0.9 was rounded to
    if rank < 1:
        raise OptionError(f"{resamples} resamples are too few for a level of {level}; ask for 10,000")
    totals = _resampled_totals(a, b, generator, resamples)
    values = np.sort(_relative(totals[:, 0], totals[:, 1]))
    return Interval(float(values[rank - 1]), float(values[-rank]))


def _resampled_totals(
    a: NDArray[np.int64], b: NDArray[np.int64], generator: np.random.Generator, resamples: int
) -> NDArray[np.float64]:
    """Sum the errors of both strategies in each resample: float64 (resamples, 2).

    Utterances without any error add nothing, and most are such. So only how many of the N draws hit the others is
    drawn (binomial), and then which: the same distribution with a fraction of the draws. All numbers are whole and
    below 2^53, so float64 sums are exact in any order, and BLAS, threads and blocks cannot change a bit.
    """
    seeds, utterances = a.shape
    with_errors = np.flatnonzero(a.any(axis=0) | b.any(axis=0))
    width = len(with_errors)
    drawn_seeds = generator.integers(seeds, size=(resamples, seeds))
    hits = generator.binomial(utterances, width / utterances, size=resamples)
    errors = np.concatenate([a[:, with_errors], b[:, with_errors]]).astype(np.float64).T
    totals = np.zeros((resamples, 2))
    if not width:
        return totals
    step = max(1, CELLS // width)
    for start in range(0, resamples, step):
        block = slice(start, start + step)
        rows = len(hits[block])
        cells = np.repeat(np.arange(rows) * width, hits[block])
        cells += generator.integers(width, size=len(cells))
        counts = np.bincount(cells, minlength=rows * width).reshape(rows, width)
        sums = (counts.astype(np.float64) @ errors).reshape(rows, 2, seeds)
        totals[block] = np.take_along_axis(sums, drawn_seeds[block, np.newaxis], axis=2).sum(axis=2)
    return totals


def paired(a: Counts, b: Counts) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Check the errors of two strategies, (S, N) both, and return them as int64; raises InputError."""
    a, b = _counts(a, "errors"), _counts(b, "errors of the baseline")
    if a.ndim != 2 or a.shape != b.shape or not a.size:  # noqa: PLR2004 - seeds and utterances
        raise InputError(
            f"the errors of two strategies have shapes {a.shape} and {b.shape}; expected one row a seed and one column "
            "a test utterance, the same for both: compare runs with the same seeds and the same test set"
        )
    return a, b


def _counts(values: Counts, name: str) -> NDArray[np.int64]:
    values = np.asarray(values)
    if values.dtype.kind not in "iub":
        raise InputError(f"the {name} have dtype {values.dtype}; expected counts, as integers")
    if values.size and values.min() < 0:
        raise InputError(f"the {name} have a negative count, {values.min()}; expected 0 or more")
    return values.astype(np.int64)


def _relative(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Divide a - b by b, value by value; 0 / 0 is 0: no difference."""
    difference = a - b
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(difference == 0, 0.0, difference / b)
