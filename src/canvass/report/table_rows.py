"""Rows of the report's tables: error, choices, cost and transfer of each strategy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from canvass.metrics import Routing
from canvass.report.comparisons import (
    Comparison,
    Difference,
    Runs,
    at_equal_cost,
    common_seeds,
    compare_all,
    difference,
    errors_of_family,
    final_errors,
    transferred,
)
from canvass.report.learning_curves import Curve, TargetRuns
from canvass.simulation.measures import MAIN, MEASURES, totals
from canvass.simulation.spec import without_words
from canvass.simulation.store import StoredRun
from canvass.statistics import annotations_saved, area_under_curve
from canvass.strategies import default_for

UTTERANCES = "utterances"
COSTS = ("tokens", "slots")
REFERENCE = "reference NLU"  # among the families of models


@dataclass(frozen=True)
class Choices:
    """The choices of a strategy over all seeds and rounds.

    * `count`: number of choices.
    * `on_target`, `filled`: shares of the target by gold annotation, and of choices that had not passed the filter.
    * `tokens`, `slots`: mean length of a choice in tokens, and in slots of its gold annotation.
    """

    count: int
    on_target: float
    filled: float
    tokens: float
    slots: float


@dataclass(frozen=True)
class Saved:
    """Annotations that a strategy saves against the prolonged run of the baseline.

    * `fewer`: how many fewer annotations the strategy needs for the baseline's error at the end of the budget; None if
      it never reaches that error.
    * `baseline_more`: how many more annotations the baseline needs for the strategy's final error; None if it does not
      reach it.
    * `beyond`: annotations of the prolonged run beyond the budget: the lower bound where `baseline_more` is None.
    """

    fewer: float | None
    baseline_more: float | None
    beyond: float


class WordGain(NamedTuple):
    """What word features change for a strategy: its errors against those without, and how many annotations they save.

    * `difference`: comparison after the last round.
    * `fewer`: how many fewer annotations it needs with them for the error that it ends with without; None if it never
      reaches that.
    """

    difference: Difference
    fewer: float | None


class FamilyFigures(NamedTuple):
    """Figures of a family of models trained on what a strategy selected in all rounds.

    * `rate`: slot error rate, mean over the seeds.
    * `difference`: comparison with the same family trained on what the headline baseline selected; None for that
      itself.
    """

    rate: float
    difference: Difference | None


@dataclass(frozen=True)
class Row:
    """Figures of a strategy of a target.

    * `name`, `seeds`: the strategy, and its number of seeds.
    * `final`, `low`, `high`: slot error rate after the last round, mean over the seeds, with its 95 % interval.
    * `measures`: mean of each measure after the last round.
    * `area`: area under the curve of the slot error rate divided by the budget.
    * `against`: comparison with each baseline.
    * `saved`: annotations saved against the headline baseline.
    * `chosen`: what was chosen.
    * `equal_cost`: difference from the headline baseline at an equal number of tokens, and of slots.
    * `routing`: confusion counts of the committee after the last round, summed over the seeds.
    * `families`: figures of each family of models that was trained on what was selected.
    * `worst_family`: the name of the family that fares worst against the headline baseline, the reference NLU among
      them, and its comparison; None without families or without that baseline.
    * `words`: what word features change; None unless errors were counted without them, too.
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
    families: dict[str, FamilyFigures]
    worst_family: tuple[str, Difference] | None
    words: WordGain | None


def rows_of(runs: TargetRuns, curves: dict[str, Curve]) -> tuple[Row, ...]:
    """Make a row for each strategy with a finished run, the lowest final slot error rate first."""
    compared = {baseline: compare_all(runs.strategies, baseline, runs.planned) for baseline in runs.baselines}
    long_run = Curve.of(runs.long_baseline, runs.prolonged) if runs.prolonged else None
    rows = [
        _row(
            runs,
            curves[name],
            {base: by_name[name] for base, by_name in compared.items() if name in by_name},
            long_run,
            _word_gain(runs, curves, name),
        )
        for name in runs.strategies
    ]
    usual = default_for(runs.target)
    return tuple(sorted(rows, key=lambda row: (row.final, row.name != usual, row.name)))


def _row(
    runs: TargetRuns,
    curve: Curve,
    against: dict[str, Comparison],
    long_run: Curve | None,
    words: WordGain | None,
) -> Row:
    mine = runs.strategies[curve.name]
    band = curve.band(MAIN)
    x, y = curve.points(MAIN, UTTERANCES)
    headline = runs.strategies.get(runs.long_baseline)
    compared = headline if headline is not None and curve.name != runs.long_baseline else None
    families = _families(mine, compared)
    own = against[runs.long_baseline].difference if compared and runs.long_baseline in against else None
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
        equal_cost={unit: cost for unit, cost in costs.items() if cost is not None},
        routing=routing_of(list(mine.values())),
        families=families,
        worst_family=_worst(families, own),
        words=words,
    )


def _word_gain(runs: TargetRuns, curves: dict[str, Curve], name: str) -> WordGain | None:
    """Compare a strategy with the same without word features; None where there is no such run."""
    plain = without_words(name)
    if plain not in runs.strategies:
        return None
    with_words, without = runs.strategies[name], runs.strategies[plain]
    seeds = common_seeds(with_words, without)
    both = (curves[method].points(MAIN, UTTERANCES) for method in (name, plain))
    (x, y), (plain_x, plain_y) = both
    return WordGain(
        difference(final_errors(with_words, seeds), final_errors(without, seeds)),
        annotations_saved(x, y, plain_x, plain_y).saved,
    )


def _saved(curve: Curve, long_run: Curve | None) -> Saved | None:
    """Compute annotations saved from means over the seeds; None unless both curves have the same seeds."""
    if long_run is None or long_run.seeds != curve.seeds:
        return None
    x, y = curve.points(MAIN, UTTERANCES)
    long_x, long_y = long_run.points(MAIN, UTTERANCES)
    savings = annotations_saved(x, y, long_x, long_y)
    return Saved(savings.saved, savings.baseline_more, float(long_x[-1] - x[-1]))


def choices_of(runs: list[StoredRun]) -> Choices | None:
    """Average over all choices of the runs; None without choices."""
    count = sum(len(run.keys) for run in runs)
    if not count:
        return None

    def mean(column: str) -> float:
        return float(np.concatenate([getattr(run.chosen, column) for run in runs]).mean(dtype=np.float64))

    return Choices(count, mean("on_target"), mean("filled"), mean("tokens"), mean("slots"))


def routing_of(runs: list[StoredRun]) -> Routing | None:
    """Sum the last routing counts of the seeds; None without a committee."""
    counts = [run.routing[-1] for run in runs if len(run.routing)]
    return Routing(*np.sum(counts, axis=0).tolist()) if counts else None


def _families(runs: Runs, compared: Runs | None) -> dict[str, FamilyFigures]:
    """Collect the figures of the families, in the order in which the study names them."""
    figures = {}
    for family in dict.fromkeys(family for run in runs.values() for family in run.families):
        counted = [errors for run in runs.values() if (errors := errors_of_family(run, family)) is not None]
        if counted:
            rate = float(MAIN.rate(totals(np.stack(counted))).mean())
            figures[family] = FamilyFigures(rate, transferred(runs, compared, family) if compared else None)
    return figures


def _worst(families: dict[str, FamilyFigures], own: Difference | None) -> tuple[str, Difference] | None:
    differences = {name: figures.difference for name, figures in families.items() if figures.difference}
    if not differences or own is None:
        return None
    return max({REFERENCE: own, **differences}.items(), key=lambda item: item[1].relative)
