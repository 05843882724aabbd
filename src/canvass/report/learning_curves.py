"""Learning curves of a target: amounts annotated after each round, and sums of errors, over the seeds."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from canvass.simulation.measures import Measure, totals
from canvass.simulation.spec import RunName, baseline_for
from canvass.simulation.store import Chosen, StoredRun, Study
from canvass.statistics import Band, mean_and_band

RANDOM, RANDOM_POSITIVE = "random", "random-positive"
# Units of the x axis. In slots, the intent counts as one more slot of every utterance, as in SlotER and in the budget
# of a study (`simulation.budget.cost`).
UNITS = ("utterances", "tokens", "slots")


@dataclass(frozen=True)
class Curve:
    """The learning curve of a strategy over S seeds and R states: before the first round, and after each round.

    * `name`: the strategy.
    * `seeds`: the S seeds, in increasing order.
    * `annotated`: int64 (S, R) for each unit: amount annotated so far.
    * `sums`: int64 (S, R, 7), columns `measures.SUMMED`: errors summed over the test utterances.

    >>> from canvass.simulation.measures import MAIN
    >>> sums = np.array([[[4, 0, 0, 6, 0, 3, 10], [2, 0, 0, 8, 0, 2, 10]]])
    >>> curve = Curve("random", (0,), {"utterances": np.array([[0, 20]])}, sums)
    >>> [array.tolist() for array in curve.points(MAIN, "utterances")]
    [[0.0, 20.0], [0.2, 0.1]]
    """

    name: str
    seeds: tuple[int, ...]
    annotated: dict[str, NDArray[np.int64]]
    sums: NDArray[np.int64]

    @classmethod
    def of(cls, name: str, runs: dict[int, StoredRun]) -> Curve:
        """Sum the errors of the runs of a strategy, given by seed; at least one run is needed."""
        seeds = tuple(sorted(runs))
        return cls(
            name,
            seeds,
            {unit: np.stack([annotated(runs[seed], unit) for seed in seeds]) for unit in UNITS},
            np.stack([totals(runs[seed].errors) for seed in seeds]),
        )

    def band(self, measure: Measure) -> Band:
        """Compute the mean over the seeds and its 95 % interval, float64 (R,) each; the interval of one seed is NaN."""
        return mean_and_band(measure.rate(self.sums))

    def x(self, unit: str) -> NDArray[np.float64]:
        """Average the amount annotated after each round over the seeds: float64 (R,)."""
        return np.asarray(self.annotated[unit].mean(axis=0))

    def points(self, measure: Measure, unit: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return x and the mean of a measure where x increases; a round that could afford nothing adds no point."""
        x = self.x(unit)
        kept = np.concatenate([[True], np.diff(np.maximum.accumulate(x)) > 0])
        return x[kept], measure.rate(self.sums).mean(axis=0)[kept]


def annotated(run: StoredRun, unit: str) -> NDArray[np.int64]:
    """Count the amount annotated after each round, in utterances, tokens or slots: int64 (R,)."""
    counts = run.counts_after(unit)
    return counts + run.counts_after("utterances") if unit == "slots" else counts


@dataclass(frozen=True)
class TargetRuns:
    """The finished runs of a target.

    * `target`: the target.
    * `planned`: what is compared (`Spec.methods_of`), in the order of the table of strategies.
    * `strategies`: runs by strategy and seed. If the headline baseline is no strategy of the study, its runs are the
      beginnings of the prolonged runs, which are the same.
    * `ceiling`, `prolonged`: runs by seed.
    * `baselines`: strategies to compare with, the headline first.
    * `long_baseline`: the headline baseline, which the prolonged runs follow.
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
        """Collect the runs of a target."""
        headline, planned = baseline_for(target), study.spec.methods_of(target)
        prolonged = {run.name.seed: run for run in study.runs_of(target, "prolonged")}
        strategies = {
            name: {run.name.seed: run for run in study.runs_of(target, "strategy", name)} for name in planned
        }
        if headline not in study.spec.strategies[target]:
            strategies[headline] = {
                seed: _beginning(run, len(study.spec.schedule)) for seed, run in prolonged.items()
            }
        finished = {name: strategies[name] for name in planned if strategies[name]}
        baselines = tuple(name for name in dict.fromkeys((headline, RANDOM)) if name in finished)
        ceiling = {run.name.seed: run for run in study.runs_of(target, "ceiling")}
        return cls(target, planned, finished, ceiling, prolonged, baselines, headline)

    def curves(self) -> dict[str, Curve]:
        """Compute the curve of each strategy."""
        return {name: Curve.of(name, runs) for name, runs in self.strategies.items()}


def _beginning(run: StoredRun, rounds: int) -> StoredRun:
    """Truncate a prolonged run to the number of rounds of the others."""
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
