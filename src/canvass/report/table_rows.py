"""The rows of the report's tables: what each strategy reached, what it chose, what that cost, how it carries over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from canvass.metrics import Routing
from canvass.report.comparisons import Comparison, Difference, at_equal_cost, compare_all, transferred
from canvass.report.curves import Curve
from canvass.report.measures import MAIN, MEASURES, totals
from canvass.statistics import annotations_saved, area_under_curve
from canvass.strategies import DEFAULT, DEFAULT_FOR_ALL
from canvass.types import ALL

if TYPE_CHECKING:
    from canvass.report.curves import TargetRuns
    from canvass.simulation.store import StoredRun

UTTERANCES = "utterances"
COSTS = ("tokens", "slots")


@dataclass(frozen=True)
class Choices:
    """What was chosen, over all seeds and rounds: shares, and means of an utterance.

    `on_target`: really of the target; `filled`: had not passed the filter; `tokens`, `slots`: of the gold annotation.
    """

    count: int
    on_target: float
    filled: float
    tokens: float
    slots: float


@dataclass(frozen=True)
class Saved:
    """How many annotations a strategy saves against the long run of the baseline; None: not read off.

    `fewer`: how many fewer it needs for the error that the baseline ends the budget with. `baseline_more`: how many
    more the baseline needs for the error that the strategy ends with; None: more than the `beyond` that it was run on.
    """

    fewer: float | None
    baseline_more: float | None
    beyond: float


@dataclass(frozen=True)
class Row:
    """One strategy of a target.

    `final` and its 95 % band, over `seeds`: the slot error rate after the last round; `measures`: the mean of each,
    there; `area`: the mean slot error rate on the way; `against` by baseline; `equal_cost` against the headline
    baseline, by unit; `routing` after the last round, the counts of all seeds together; `transfer_rate`,
    `transfer`: of the second family, the latter against the headline baseline.
    """

    name: str
    seeds: int
    final: float
    low: float
    high: float
    measures: dict[str, float]
    area: float
    against: dict[str, Comparison]
    saved: Saved | None
    chosen: Choices | None
    equal_cost: dict[str, Difference]
    routing: Routing | None
    transfer_rate: float | None
    transfer: Difference | None


def rows_of(runs: TargetRuns, curves: dict[str, Curve]) -> tuple[Row, ...]:
    """Make a row for each strategy of which a run is there, the lowest final slot error rate first."""
    compared = {baseline: compare_all(runs.strategies, baseline, runs.planned) for baseline in runs.baselines}
    long_run = Curve.of(runs.long_baseline, runs.prolonged) if runs.prolonged else None
    found = [
        _row(
            runs,
            curves[name],
            {base: rows[name] for base, rows in compared.items() if name in rows},
            long_run,
        )
        for name in runs.strategies
    ]
    usual = DEFAULT_FOR_ALL if runs.target == ALL else DEFAULT
    return tuple(sorted(found, key=lambda row: (row.final, row.name != usual, row.name)))


def _row(runs: TargetRuns, curve: Curve, against: dict[str, Comparison], long_run: Curve | None) -> Row:
    mine = runs.strategies[curve.name]
    band = curve.band(MAIN)
    x, y = curve.points(MAIN, UTTERANCES)
    headline = runs.strategies.get(runs.long_baseline)
    compared = headline if headline is not None and curve.name != runs.long_baseline else None
    costs = {unit: at_equal_cost(mine, compared, unit) for unit in COSTS} if compared else {}
    return Row(
        name=curve.name,
        seeds=len(curve.seeds),
        final=float(band.mean[-1]),
        low=float(band.low[-1]),
        high=float(band.high[-1]),
        measures={name: float(measure.rate(curve.sums[:, -1]).mean()) for name, measure in MEASURES.items()},
        area=area_under_curve(x, y) if len(x) > 1 else float(y[0]),
        against=against,
        saved=_saved(curve, long_run) if compared else None,
        chosen=choices_of(list(mine.values())),
        equal_cost={unit: found for unit, found in costs.items() if found is not None},
        routing=routing_of(list(mine.values())),
        transfer_rate=_transfer_rate(list(mine.values())),
        transfer=transferred(mine, compared) if compared else None,
    )


def _saved(curve: Curve, long_run: Curve | None) -> Saved | None:
    """Read off what is saved, on means over the seeds; only where both curves are of the same seeds."""
    if long_run is None or long_run.seeds != curve.seeds:
        return None
    x, y = curve.points(MAIN, UTTERANCES)
    long_x, long_y = long_run.points(MAIN, UTTERANCES)
    found = annotations_saved(x, y, long_x, long_y)
    return Saved(found.saved, found.baseline_more, float(long_x[-1] - x[-1]))


def choices_of(runs: list[StoredRun]) -> Choices | None:
    """Average over all that was chosen; None if nothing was."""
    count = sum(len(run.keys) for run in runs)
    if not count:
        return None

    def mean(column: str) -> float:
        return float(np.concatenate([getattr(run.chosen, column) for run in runs]).mean(dtype=np.float64))

    return Choices(count, mean("on_target"), mean("filled"), mean("tokens"), mean("slots"))


def routing_of(runs: list[StoredRun]) -> Routing | None:
    """Sum the last routing counts of the seeds; None where there is no committee."""
    counts = [run.routing[-1] for run in runs if len(run.routing)]
    return Routing(*np.sum(counts, axis=0).tolist()) if counts else None


def _transfer_rate(runs: list[StoredRun]) -> float | None:
    counted = [run.transfer[-1] for run in runs if len(run.errors) - 1 in run.transfer_rounds]
    return float(MAIN.rate(totals(np.stack(counted))).mean()) if counted else None
