"""Whether two strategies differ at all: randomisation tests, and Holm's correction for many of them.

If a strategy and its baseline were the same, it would be chance which of two paired results bears which name. So the
names are exchanged at random (the sign of the difference flips), and the p-value is the share of exchanges whose
difference is at least as large as the real one, on either side (Fisher 1935; Noreen 1989; for rates of language
understanding, Yeh 2000, "More accurate tests for the statistical significance of result differences").

What is exchanged says what is claimed. Whole seeds: the strategy would win again from another start, on this test
set. Utterances: these trained models would win again on other utterances. The first is the claim of a study.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from canvass.errors import InputError, OptionError
from canvass.statistics.comparison import Counts, paired

MOST_SEEDS = 20  # up to here all exchanges are tried: half a million sums


def seed_randomisation(a: Counts, b: Counts, generator: np.random.Generator, *, draws: int = 10_000) -> float:
    """Test the difference of summed errors by exchanging the two strategies in whole seeds; a two-sided p-value.

    Up to 20 seeds the test is exact: all 2^S exchanges are counted, and nothing is drawn. The smallest p-value is
    then 2^(1 - S): 0.0625 for 5 seeds, 0.002 for 10. Among m comparisons Holm multiplies it by up to m, so 12
    strategies need 9 seeds to reach 0.05. Beyond 20 seeds, exchanges are drawn as in `utterance_randomisation`.

    * `a`, `b`: errors of the two strategies: integers (S, N), paired in both.
    * `generator`: the source of the draws beyond 20 seeds.
    * `draws`: how many beyond 20 seeds.

    Raises InputError if these are not counts, or not paired; OptionError if no draw is asked for.

    >>> better, worse = np.array([[3], [5], [4]]), np.array([[4], [7], [8]])
    >>> seed_randomisation(better, worse, np.random.default_rng(0))
    0.25
    """
    _check_draws(draws)
    a, b = paired(a, b)
    differences = (a - b).sum(axis=1)
    if len(differences) > MOST_SEEDS:
        return _drawn(differences, generator, draws)
    # The other half, with the first seed exchanged, has the same absolute values.
    sums = differences[:1]
    for difference in differences[1:]:
        sums = np.concatenate([sums + difference, sums - difference])
    as_far = int(np.count_nonzero(np.abs(sums) >= abs(differences.sum())))
    return as_far / len(sums)


def utterance_randomisation(
    a: Counts, b: Counts, generator: np.random.Generator, *, draws: int = 10_000
) -> float:
    """Test the difference of summed errors by exchanging the two strategies in utterances, for all seeds at once.

    Returns a two-sided p-value. Monte Carlo: p = (1 + draws at least as far from zero) / (1 + draws), so it is never 0
    (Phipson, Smyth 2010), and 1 / (1 + draws) at the least.

    * `a`, `b`: errors of the two strategies: integers (S, N), paired in both.
    * `generator`: the source of the draws. The order of the utterances does not matter.
    * `draws`: how many exchanges are drawn. Memory: 8 bytes for each draw and each distinct absolute difference.

    Raises InputError if these are not counts, or not paired; OptionError if no draw is asked for.
    """
    _check_draws(draws)
    a, b = paired(a, b)
    return _drawn((a - b).sum(axis=0), generator, draws)


def holm(p_values: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    """Adjust p-values so that calling those up to alpha significant errs anywhere with a chance of at most alpha.

    The i-th smallest of m is multiplied by m - i + 1, is at least as large as the one before, and at most 1 (Holm
    1979, "A simple sequentially rejective multiple test procedure"). Valid however the comparisons depend on each
    other, as they do when they share a baseline.

    * `p_values`: (m,): all comparisons of a family, here all strategies of one target against one baseline.

    Returns float64 (m,), in the same order. Raises InputError if one is missing (NaN) or not between 0 and 1: to leave
    it out would make the others look better.

    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    values = np.asarray(p_values, dtype=np.float64)
    if values.ndim != 1:
        raise InputError(f"p-values have shape {values.shape}; expected (m,), one for each comparison")
    if wrong := [place for place, value in enumerate(values.tolist()) if not 0 <= value <= 1]:
        raise InputError(
            f"p-value {wrong[0]} of {len(values)} is {values[wrong[0]]}; expected 0 to 1 for every comparison, since "
            "one left out would make the others look better: run it, or drop it from the study"
        )
    order = np.argsort(values, kind="stable")
    stepped = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def _drawn(differences: NDArray[np.int64], generator: np.random.Generator, draws: int) -> float:
    """Flip the signs of differences, int64 (K,), at random.

    Of the c differences with one absolute value, how many are positive is binomial (c, 1/2), and no more need be
    drawn than this number: the same distribution, with a few dozen draws for thousands of utterances.
    """
    sizes, counts = np.unique(np.abs(differences), return_counts=True)
    positive = generator.binomial(counts, 0.5, size=(draws, len(counts)))
    sums = (2 * positive - counts) @ sizes
    as_far = int(np.count_nonzero(np.abs(sums) >= abs(differences.sum())))
    return (1 + as_far) / (1 + draws)


def _check_draws(draws: int) -> None:
    if draws < 1:
        raise OptionError(f"{draws} draws cannot give a p-value; ask for 10,000")
