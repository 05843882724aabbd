"""From the runs of a target to its learning curves: what was annotated after each round, and the sums of errors."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from canvass.report.measures import totals
from canvass.simulation.spec import RunName
from canvass.simulation.store import Chosen
from canvass.statistics import mean_and_band
from canvass.strategies import STRATEGIES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from canvass.report.measures import Measure
    from canvass.simulation.store import StoredRun, Study
    from canvass.statistics import Band

RANDOM, RANDOM_POSITIVE = "random", "random-positive"
# What annotations are counted in. For slots, the intent counts as one of every utterance, as in SlotER and in the
# budget of a study: whoever finds that there is no slot has worked, too.
UNITS = ("utterances", "tokens", "slots")


@dataclass(frozen=True)
class Curve:
    """One strategy over S seeds and R states: before the first round, and after each.

    `annotated` by unit, int64 (S, R); `sums` int64 (S, R, 7), columns `measures.SUMMED`.
    """

    name: str
    seeds: tuple[int, ...]
    annotated: dict[str, NDArray[np.int64]]
    sums: NDArray[np.int64]

    @classmethod
    def of(cls, name: str, runs: dict[int, StoredRun]) -> Curve:
        """Sum up the runs of a strategy, by seed; there must be one."""
        seeds = tuple(sorted(runs))
        return cls(
            name,
            seeds,
            {unit: np.stack([annotated(runs[seed], unit) for seed in seeds]) for unit in UNITS},
            np.stack([totals(runs[seed].errors) for seed in seeds]),
        )

    def band(self, measure: Measure) -> Band:
        """Mean over the seeds after each round and its 95 % interval, float64 (R,) each; NaN for a single seed."""
        return mean_and_band(measure.rate(self.sums))

    def x(self, unit: str) -> NDArray[np.float64]:
        """Give what was annotated after each round, the mean over the seeds: float64 (R,)."""
        return np.asarray(self.annotated[unit].mean(axis=0))

    def points(self, measure: Measure, unit: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give x and the mean of a measure, where x increases: a round that could afford nothing adds no point."""
        x = self.x(unit)
        kept = np.concatenate([[True], np.diff(np.maximum.accumulate(x)) > 0])
        return x[kept], measure.rate(self.sums).mean(axis=0)[kept]


def annotated(run: StoredRun, unit: str) -> NDArray[np.int64]:
    """Count what had been annotated after each round, in utterances, tokens or slots: int64 (R,)."""
    counts = run.counts_after(unit)
    return counts + run.counts_after("utterances") if unit == "slots" else counts


@dataclass(frozen=True)
class TargetRuns:
    """The runs of a target that are there: by strategy and seed, of the ceiling and of the prolonged run by seed.

    `baselines` are those that strategies are compared with, the headline first. Where random-positive was not among
    the strategies of the study, the beginning of the prolonged run stands for it: it is the same run.
    """

    target: str
    planned: tuple[str, ...]
    strategies: dict[str, dict[int, StoredRun]]
    ceiling: dict[int, StoredRun]
    prolonged: dict[int, StoredRun]
    baselines: tuple[str, ...]
    long_baseline: str

    @classmethod
    def of(cls, study: Study, target: str) -> TargetRuns:
        """Collect the runs of a target, strategies in the order of the table."""
        headline = next(
            name.strategy for name in study.spec.runs() if (name.target, name.kind) == (target, "prolonged")
        )
        prolonged = {run.name.seed: run for run in study.runs_of(target, "prolonged")}
        found = {
            name: {run.name.seed: run for run in study.runs_of(target, "strategy", name)}
            for name in STRATEGIES
        }
        if headline not in study.spec.strategies[target]:
            found[headline] = {
                seed: _beginning(run, len(study.spec.schedule)) for seed, run in prolonged.items()
            }
        planned = tuple(name for name in STRATEGIES if name in {*study.spec.strategies[target], headline})
        there = {name: found[name] for name in planned if found[name]}
        baselines = tuple(name for name in dict.fromkeys((headline, RANDOM)) if name in there)
        ceiling = {run.name.seed: run for run in study.runs_of(target, "ceiling")}
        return cls(target, planned, there, ceiling, prolonged, baselines, headline)

    def curves(self) -> dict[str, Curve]:
        """One curve a strategy."""
        return {name: Curve.of(name, runs) for name, runs in self.strategies.items()}


def _beginning(run: StoredRun, rounds: int) -> StoredRun:
    """Cut a prolonged run off after the rounds of the others."""
    kept = run.chosen.round <= rounds
    count = int(np.count_nonzero(kept))  # choices are in the order of the rounds
    return replace(
        run,
        name=RunName(run.name.target, "strategy", run.name.strategy, run.name.seed),
        errors=run.errors[: rounds + 1],
        routing=run.routing[: rounds + 1],
        sizes=run.sizes[: rounds + 1],
        keys=run.keys[:count],
        ids=run.ids[:count],
        chosen=Chosen(**{name: column[:count] for name, column in run.chosen._asdict().items()}),
        examples=run.examples[:rounds],
        projections={},
    )
