"""Strategies against a baseline: paired by seed and test utterance, with intervals and corrected p-values."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from canvass.report.curves import annotated
from canvass.report.measures import frame_errors
from canvass.seeding import generator
from canvass.statistics import (
    bootstrap_interval,
    holm,
    relative,
    seed_randomisation,
    utterance_randomisation,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from canvass.simulation.store import StoredRun

    Errors = NDArray[np.int64]
    Runs = dict[int, StoredRun]

PARTS = 1 << 10  # steps between two rounds: interpolated errors stay whole numbers, of such parts


class Difference(NamedTuple):
    """A relative difference of error rates, below 0 where the strategy is better, and its 95 % interval."""

    relative: float
    low: float
    high: float
    seeds: int


class Comparison(NamedTuple):
    """A strategy against a baseline after the last round.

    `p_seeds`, `p_utterances`: of the randomisation tests that exchange whole seeds, and utterances; the two that
    follow are corrected for all strategies of the target against this baseline (Holm).
    """

    difference: Difference
    p_seeds: float
    p_utterances: float
    adjusted_p_seeds: float
    adjusted_p_utterances: float


def common_seeds(strategy: Runs, baseline: Runs) -> list[int]:
    """List the seeds that both have played."""
    return sorted(set(strategy) & set(baseline))


def difference(a: Errors, b: Errors) -> Difference:
    """Compare errors of paired runs, int64 (S, N) each.

    All comparisons of a report start from the same draws: they do not depend on each other's order or number.
    """
    interval = bootstrap_interval(a, b, generator(0, "report: bootstrap"))
    return Difference(relative(a, b), interval.low, interval.high, len(a))


def final_errors(runs: Runs, seeds: Sequence[int]) -> Errors:
    """Errors of each test utterance after the last round: int64 (S, N)."""
    return np.stack([frame_errors(runs[seed].errors[-1]) for seed in seeds])


def compare_all(strategies: dict[str, Runs], baseline: str, planned: Sequence[str]) -> dict[str, Comparison]:
    """Compare every strategy with a baseline, over the seeds that both have.

    A planned strategy of which nothing is there counts in Holm's correction as if its p-value were 1: the others are
    not to look better for it.
    """
    others = [name for name in planned if name != baseline]
    differences: dict[str, Difference] = {}
    found: dict[str, tuple[float, float]] = {}
    for name in others:
        seeds = common_seeds(strategies.get(name, {}), strategies[baseline])
        if not seeds:
            continue
        a, b = (final_errors(strategies[one], seeds) for one in (name, baseline))
        by_seed = seed_randomisation(a, b, generator(0, "report: seeds"))
        by_utterance = utterance_randomisation(a, b, generator(0, "report: utterances"))
        differences[name] = difference(a, b)
        found[name] = by_seed.p_value, by_utterance.p_value
    adjusted = [holm([found[name][part] if name in found else 1.0 for name in others]) for part in (0, 1)]
    return {
        name: Comparison(
            differences[name], *found[name], float(adjusted[0][place]), float(adjusted[1][place])
        )
        for place, name in enumerate(others)
        if name in found
    }


def smallest_adjusted_p(seeds: int, comparisons: int) -> float:
    """Compute the smallest p-value that the exact seed test can give after Holm's correction.

    >>> smallest_adjusted_p(5, 12)
    0.75
    >>> smallest_adjusted_p(10, 12)
    0.0234375
    """
    return min(1.0, comparisons * 2.0 ** (1 - seeds))


def at_equal_cost(strategy: Runs, baseline: Runs, unit: str) -> Difference | None:
    """Compare at the same number of tokens or slots: of each seed, where the one that spent less of them ended.

    Between two rounds, the errors of each utterance are interpolated. Both are counted in parts of `PARTS`, so that
    they stay whole numbers; a relative difference does not see the unit.
    """
    seeds = common_seeds(strategy, baseline)
    if not seeds:
        return None
    a, b = [], []
    for seed in seeds:
        runs = strategy[seed], baseline[seed]
        spent = [annotated(run, unit) for run in runs]
        budget = min(int(one[-1]) for one in spent)
        a.append(errors_at(runs[0], spent[0], budget))
        b.append(errors_at(runs[1], spent[1], budget))
    return difference(np.stack(a), np.stack(b))


def errors_at(run: StoredRun, spent: NDArray[np.int64], budget: int) -> Errors:
    """Interpolate the errors of each test utterance at a budget: int64 (N,), in parts of `PARTS`."""
    after = int(np.searchsorted(spent, budget))  # the first round with so much or more
    if after == 0 or spent[after] == budget:
        return np.asarray(frame_errors(run.errors[after]) * PARTS)
    share = (budget - spent[after - 1]) / (spent[after] - spent[after - 1])
    parts = round(share * PARTS)
    before, then = (frame_errors(run.errors[state]) for state in (after - 1, after))
    return np.asarray(before * (PARTS - parts) + then * parts)


def transferred(strategy: Runs, baseline: Runs) -> Difference | None:
    """Compare the errors of the second family after the last round; None where they were not counted."""
    kept: Callable[[Runs], Runs] = lambda runs: {  # noqa: E731 - used twice, here
        seed: run for seed, run in runs.items() if len(run.errors) - 1 in run.transfer_rounds
    }
    strategy, baseline = kept(strategy), kept(baseline)
    seeds = common_seeds(strategy, baseline)
    if not seeds:
        return None
    a, b = (
        np.stack([frame_errors(runs[seed].transfer[-1]) for seed in seeds]) for runs in (strategy, baseline)
    )
    return difference(a, b)
