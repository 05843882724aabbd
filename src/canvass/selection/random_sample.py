"""A random sample of a pool, in proportion to how often an utterance was seen, taken in the pass of the plans.

The sample does not depend on a strategy, so errors counted on it are an estimate for the traffic.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from canvass.features.extraction import MemberTable
from canvass.models.committee import Committee
from canvass.seeding import hash64
from canvass.selection.excluded_keys import ExcludedKeys
from canvass.selection.frequencies import Frequencies
from canvass.selection.partial import SCHEMA, Partial
from canvass.selection.scored_block import NO_MEMBERS, ScoredBlock
from canvass.selection.sketch import empty_sketch


@dataclass(frozen=True, slots=True)
class SampledUtterance:
    """An utterance of a sample, with what the other columns of the pool hold.

    `weight` is what it counts in a mean over the traffic, 1 but for collisions.
    """

    key: str
    text: str
    id: str
    count: int
    weight: float
    others: dict[str, Any] = field(default_factory=dict)


class SampleResult(NamedTuple):
    """The utterances in the order in which they were drawn, and the requests they stand for (sum of the counts)."""

    utterances: tuple[SampledUtterance, ...]
    requests: int


@dataclass(frozen=True)
class RandomSample:
    """Draw `size` keys among those that `keep` lets through, by the arrival times of (seed, purpose, key).

    `committee` is that of the plan in the same pass; None where there is none, and then `keep` is None.
    """

    committee: Committee | None
    keep: Callable[[NDArray[np.float64]], NDArray[np.bool_]] | None
    frequencies: Frequencies
    purpose: str
    size: int
    seed: int
    max_tokens: int
    excluded: ExcludedKeys

    @property
    def members(self) -> MemberTable:
        """The weights that must be summed for each row of the pool."""
        return NO_MEMBERS if self.committee is None else self.committee.members

    @property
    def capacity(self) -> int:
        """How many keys a partial keeps."""
        return self.size

    def find_best(
        self, block: ScoredBlock, members: NDArray[np.float64], *, worst_passed: float, worst_backfill: float
    ) -> Partial:
        """Find the earliest of a scored block; `members` float64 (N, M) are the scores of the committee.

        The partial counts as `passed` the requests that could be drawn, not the rows; it has no backfill.
        """
        del worst_backfill
        passes = block.eligible if self.keep is None else block.eligible & self.keep(members)
        rows = np.flatnonzero(passes)
        times = self.frequencies.arrival_times(block.hashes[rows], self.seed, self.purpose)
        earliest = block.best(rows, times, capacity=self.capacity, bound=worst_passed)
        requests = int(block.batch.column("count").to_numpy()[rows].sum())
        counters = replace(block.counters, passed=requests)
        return Partial(
            self.capacity, earliest, SCHEMA.empty_table(), counters, block.distinct, empty_sketch()
        )

    def finish(self, partial: Partial) -> SampleResult:
        """Give what was drawn; fewer than `size` utterances where the pool has no more."""
        return SampleResult(
            tuple(
                SampledUtterance(
                    row["key"],
                    row["text"],
                    row["id"],
                    row["count"],
                    row["count"] / self.frequencies.rate(hash64(row["key"].encode())),
                    json.loads(row["others"] or "{}"),
                )
                for row in partial.passed.to_pylist()
            ),
            partial.counters.passed,
        )
