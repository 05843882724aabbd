"""Comparisons of strategies with a baseline, paired by seed and test utterance: intervals and corrected p-values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from canvass.report.learning_curves import annotated
from canvass.seeding import generator
from canvass.simulation.measures import frame_errors
from canvass.simulation.store import StoredRun
from canvass.statistics import bootstrap_interval, holm, relative, seed_randomisation, utterance_randomisation

Errors = NDArray[np.int64]
Runs = dict[int, StoredRun]

PARTS = 1 << 10  # steps between two rounds: interpolated errors stay whole numbers, in units of 1 / PARTS


class Difference(NamedTuple):
    """A relative difference of error rates, negative if the strategy is better, with its 95 % interval.

    `seeds` is the number of seeds that both have.

    >>> errors, baseline = np.array([[0, 1, 1, 0]] * 3), np.array([[1, 1, 1, 1]] * 3)
    >>> difference(errors, baseline).relative
    -0.5
    """

    relative: float
    low: float
    high: float
    seeds: int


class Comparison(NamedTuple):
    """A strategy compared with a baseline after the last round.

    * `difference`: relative difference of the slot error rates.
    * `p_seeds`, `p_utterances`: p-values of the randomisation tests that exchange whole seeds, and single utterances.
    * `adjusted_p_seeds`, `adjusted_p_utterances`: the same after Holm's correction over all strategies of the target
      against this baseline.
    """

    difference: Difference
    p_seeds: float
    p_utterances: float
    adjusted_p_seeds: float
    adjusted_p_utterances: float


def common_seeds(strategy: Runs, baseline: Runs) -> list[int]:
    """List the seeds for which both have a run."""
    return sorted(set(strategy) & set(baseline))


def difference(a: Errors, b: Errors) -> Difference:
    """Compare the errors of paired runs, int64 (S, N) each.

    Every comparison uses the same random draws, so that it depends on no other comparison of the report.
    """
    interval = bootstrap_interval(a, b, generator(0, "report: bootstrap"))
    return Difference(relative(a, b), interval.low, interval.high, len(a))


def final_errors(runs: Runs, seeds: Sequence[int]) -> Errors:
    """Stack the errors of each test utterance after the last round: int64 (S, N)."""
    return np.stack([frame_errors(runs[seed].errors[-1]) for seed in seeds])


def compare_all(strategies: dict[str, Runs], baseline: str, planned: Sequence[str]) -> dict[str, Comparison]:
    """Compare every strategy with a baseline, over the seeds that both have.

    A planned strategy without runs enters Holm's correction with the p-value 1, so that a missing strategy does not
    lower the adjusted p-values of the others.
    """
    others = [name for name in planned if name != baseline]
    differences: dict[str, Difference] = {}
    p_values: dict[str, tuple[float, float]] = {}
    for name in others:
        seeds = common_seeds(strategies.get(name, {}), strategies[baseline])
        if not seeds:
            continue
        a, b = (final_errors(strategies[compared], seeds) for compared in (name, baseline))
        differences[name] = difference(a, b)
        p_values[name] = (
            seed_randomisation(a, b, generator(0, "report: seeds")),
            utterance_randomisation(a, b, generator(0, "report: utterances")),
        )
    adjusted = [
        holm([p_values[name][test] if name in p_values else 1.0 for name in others]) for test in (0, 1)
    ]
    return {
        name: Comparison(differences[name], *p_values[name], float(adjusted[0][i]), float(adjusted[1][i]))
        for i, name in enumerate(others)
        if name in p_values
    }


def smallest_adjusted_p(seeds: int, comparisons: int) -> float:
    """Compute the smallest p-value that the exact test over seeds can give after Holm's correction.

    >>> smallest_adjusted_p(5, 12)
    0.75
    >>> smallest_adjusted_p(10, 12)
    0.0234375
    """
    return min(1.0, comparisons * 2.0 ** (1 - seeds))


def at_equal_cost(strategy: Runs, baseline: Runs, unit: str) -> Difference | None:
    """Compare at an equal number of tokens or slots; None without common seeds.

    For each seed the budget is that of the run which spent less. Errors are interpolated linearly between two rounds,
    in units of 1 / `PARTS`; the relative difference is independent of that unit.
    """
    seeds = common_seeds(strategy, baseline)
    if not seeds:
        return None
    a, b = [], []
    for seed in seeds:
        runs = strategy[seed], baseline[seed]
        spent = [annotated(run, unit) for run in runs]
        budget = min(int(amounts[-1]) for amounts in spent)
        a.append(errors_at(runs[0], spent[0], budget))
        b.append(errors_at(runs[1], spent[1], budget))
    return difference(np.stack(a), np.stack(b))


def errors_at(run: StoredRun, spent: NDArray[np.int64], budget: int) -> Errors:
    """Interpolate the errors of each test utterance at a budget: int64 (N,), in units of 1 / `PARTS`.

    `spent` int64 (R,) is what the run had spent after each round.
    """
    after = int(np.searchsorted(spent, budget))  # the first round that reaches the budget
    if after == 0 or spent[after] == budget:
        return np.asarray(frame_errors(run.errors[after]) * PARTS)
    share = (budget - spent[after - 1]) / (spent[after] - spent[after - 1])
    weight = round(share * PARTS)
    before, then = (frame_errors(run.errors[state]) for state in (after - 1, after))
    return np.asarray(before * (PARTS - weight) + then * weight)


def transferred(strategy: Runs, baseline: Runs, family: str) -> Difference | None:
    """Compare the errors of a family after the last round; None without common seeds that counted them."""
    ours, theirs = (
        {seed: errors for seed, run in runs.items() if (errors := errors_of_family(run, family)) is not None}
        for runs in (strategy, baseline)
    )
    seeds = sorted(set(ours) & set(theirs))
    if not seeds:
        return None
    a, b = (np.stack([frame_errors(errors[seed]) for seed in seeds]) for errors in (ours, theirs))
    return difference(a, b)


def errors_of_family(run: StoredRun, family: str) -> NDArray[np.uint16] | None:
    """Return the errors of a family after the last round of a run: uint16 (N, 5); None if they were not counted."""
    if family not in run.families or len(run.errors) - 1 not in run.transfer_rounds:
        return None
    return np.asarray(run.transfer[-1, run.families.index(family)])
