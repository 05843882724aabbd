"""Replay the estimates of live error: how often the intervals hold the truth, and how wide they are.

For each target, models are trained on 100 utterances of it and 300 of the rest, and predict everything else once. Then
1,000 times random picks are drawn with replacement, 60 from inside of the filter and 60 from outside, and 500 controls
from either side, and the estimates are made of them. The truth is known from all the annotations. Widths are relative
to those without predictions. `path` is the share of the first 200 replays whose anytime-valid intervals all hold, at
six looks of 30 to 60 picks a side. Strata made up have shares of the target and of errors as stated, and predictions
that are right about half of the time.

    python -m benchmarks.study.estimates ../shared/data
    python -m benchmarks.study.estimates
    python -m benchmarks.study.estimates ../shared/data 0.5 300

The last draws half of the picks in proportion to doubt, which canvass does not do (see docs/decisions), in 300 replays;
widths are relative to those without predictions of picks that are all drawn alike.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from canvass.annotation.quality import estimate as module
from canvass.annotation.quality.estimate import Scored, estimates_of
from canvass.annotation.store.records import Answer, Task
from canvass.corpus.labelled import read_labelled
from canvass.corpus.normalise import key_of
from canvass.evaluation import takes_for_target
from canvass.models.nlu import NLU
from canvass.seeding import generator, uniform
from canvass.statistics.prediction_powered import Predicted, Sample
from canvass.types import Target, Utterance

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

TARGETS = (
    ("snips", Target("intent", "AddToPlaylist")),
    ("snips", Target("intent", "BookRestaurant")),
    ("slurp", Target("domain", "calendar")),
    ("slurp", Target("domain", "play")),
)
# Shares: of the target inside, of the target outside, and wrong.
MADE_UP = ((0.5, 0.01, 0.2), (0.8, 0.002, 0.1), (0.8, 0.02, 0.1), (0.8, 0.1, 0.3), (0.95, 0.05, 0.05))
RIGHT = 0.5
REPLAYS, PATHS, PICKS, CONTROLS = 1000, 200, 60, 500
LOOKS = range(30, PICKS + 1, 6)


@dataclass(frozen=True)
class Population:
    """Requests that no model has learnt, with what `judge` says of them, and their strata (0 inside, 1 outside)."""

    beliefs: NDArray[np.float64]
    outcome: NDArray[np.float64]
    strata: NDArray[np.int64]

    @classmethod
    def of(cls, utterances: list[Utterance], target: Target) -> Self:
        """Train models on some utterances, and judge them on all others."""
        order = sorted(utterances, key=lambda utterance: uniform(1, "start", utterance.text))
        ours = [utterance for utterance in order if target.matches(utterance)]
        rest = [utterance for utterance in order if not target.matches(utterance)]
        nlu = NLU.train([*ours[:100], *rest[:300]], target, seed=1)
        pairs = [
            (
                Task(key_of(utterance.text), utterance.text, str(utterance.id), 1, "random", 0.0),
                answer_of(utterance, target),
            )
            for utterance in [*ours[100:], *rest[300:]]
        ]
        import pyarrow as pa

        passed = takes_for_target(nlu, pa.array([task.key for task, _ in pairs], type=pa.string()))
        assert passed is not None
        return cls(*module.judge(nlu, pairs), np.where(passed, 0, 1))

    @classmethod
    def made_up(cls, inside: float, outside: float, wrong: float) -> Self:
        """Make requests of which these shares are of the target inside and outside, and wrong, with one slot each."""
        rng = generator(1, "made up")
        strata = np.repeat([0, 1], [5000, 20000])
        ours = (rng.random(len(strata)) < np.where(strata == 0, inside, outside)).astype(np.float64)
        errors = ours * (rng.random(len(strata)) < wrong)

        def believed(values: NDArray[np.float64]) -> NDArray[np.float64]:
            return np.where(rng.random(len(values)) < RIGHT, values, rng.random(len(values)) / 2)

        chance = believed(ours)
        chance_inside = np.where(strata == 0, chance, 0.0)
        believed_errors = chance_inside * believed(errors)
        columns = (chance_inside, chance - chance_inside, 2 * chance_inside, *[believed_errors] * 3)
        return cls(
            np.column_stack([strata == 0, *columns]).astype(np.float64),
            np.column_stack([ours, errors, 2 * ours, ours, errors, errors]),
            strata,
        )

    def chances(self, share: float) -> list[NDArray[np.float64]]:
        """Give the chance of each request inside, and outside, to be a pick: a `share` of it in proportion to doubt.

        That is the standard deviation, as expected, of a frame error inside, and of being of the target outside.
        """
        found = []
        for side, column in ((0, 4), (1, 2)):
            chance = self.beliefs[self.strata == side, column].clip(0.0, 1.0)
            doubt = np.sqrt(chance * (1 - chance))
            found.append((1 - share) / len(doubt) + share * doubt / doubt.sum())
        return found

    def drawn(
        self,
        rows: NDArray[np.int64],
        controls: NDArray[np.int64],
        stand_for: NDArray[np.float64] | None = None,
    ) -> Scored:
        """Make what `score_picks` would of these rows; `stand_for` is the inverse of their chances."""
        totals = np.bincount(self.strata).astype(np.float64)
        columns = [
            Predicted(self.beliefs[rows, column], self.beliefs[controls, column])
            for column in range(module.BELIEFS)
        ]
        return Scored(
            Sample(self.strata[rows], totals[self.strata[rows]] if stand_for is None else stand_for),
            Sample(self.strata[controls], totals[self.strata[controls]]),
            *self.outcome[rows].T,
            *columns,
        )

    def truths(self) -> dict[str, float]:
        """Count over everybody."""
        ours, errors, weights, named, intent_wrong, frame_wrong = self.outcome.T
        inside = (ours > 0) & (self.strata == 0)
        return {
            "slot error rate": errors[inside].sum() / weights[inside].sum(),
            "intent error rate": intent_wrong[inside].sum() / max(named[inside].sum(), 1),
            "frame error rate": frame_wrong[inside].mean(),
            module.MISSED: 1 - inside.sum() / ours.sum(),
        }


def answer_of(utterance: Utterance, target: Target) -> Answer:
    """Answer as the corpus does."""
    ours = target.matches(utterance)
    slots = utterance.slots if ours else None
    return Answer("", 0, "corpus", "frame" if ours else "elsewhere", intent=utterance.intent, slots=slots)


def without_predictions(scored: Scored) -> Scored:
    """Leave the predictions out: lambda becomes 0."""
    names = (
        "chance_inside",
        "chance_outside",
        "slots_inside",
        "slot_errors",
        "intent_errors",
        "frame_errors",
    )
    none: dict[str, Any] = {
        name: Predicted(*(0.0 * column for column in getattr(scored, name))) for name in names
    }
    return replace(scored, **none)


def replay(
    population: Population, share: float = 0.0, replays: int = REPLAYS
) -> dict[str, tuple[float, float, float, float, int]]:
    """Give the truth, coverage, coverage of the path, relative width, and how many replays said anything."""
    truths = population.truths()
    sides = [np.flatnonzero(population.strata == side) for side in (0, 1)]
    held: dict[str, list[bool]] = {name: [] for name in truths}
    paths: dict[str, list[bool]] = {name: [] for name in truths}
    widths: dict[str, list[float]] = {name: [] for name in truths}
    chances = population.chances(share)
    for number in range(replays):
        rng = generator(number, "replay")
        places = [
            rng.choice(len(side), PICKS, p=chance if share else None)
            for side, chance in zip(sides, chances, strict=True)
        ]
        picks = [side[place] for side, place in zip(sides, places, strict=True)]
        stand_for = [1 / chance[place] for chance, place in zip(chances, places, strict=True)]
        controls = np.concatenate([rng.choice(side, CONTROLS) for side in sides])
        whole = dict.fromkeys(truths, True)
        for look in LOOKS if number < PATHS else [PICKS]:
            scored = population.drawn(
                *(np.concatenate([some[:look] for some in picks]), controls),
                np.concatenate([some[:look] for some in stand_for]),
            )
            for estimate in estimates_of(scored):
                if estimate.interval is not None:
                    low, high = estimate.interval
                    whole[estimate.name] &= bool(low <= truths[estimate.name] <= high)
        alike = population.drawn(np.concatenate([rng.choice(side, PICKS) for side in sides]), controls)
        plain = estimates_of(without_predictions(alike if share else scored))
        for estimate, other in zip(estimates_of(scored), plain, strict=True):
            if estimate.once is None or other.once is None:
                continue
            low, high = estimate.once
            held[estimate.name].append(low <= truths[estimate.name] <= high)
            if number < PATHS:
                paths[estimate.name].append(whole[estimate.name])
            widths[estimate.name].append((high - low) / (other.once.high - other.once.low))
    return {
        name: (
            truth,
            float(np.mean(held[name])),
            float(np.mean(paths[name])),
            float(np.mean(widths[name])),
            len(held[name]),
        )
        for name, truth in truths.items()
        if held[name]
    }


def populations() -> Iterator[tuple[str, Population]]:
    """Name and yield what is replayed."""
    if len(sys.argv) == 1:
        for inside, outside, wrong in MADE_UP:
            yield f"{inside}, {outside}, {wrong}", Population.made_up(inside, outside, wrong)
        return
    for corpus, target in TARGETS:
        files = [str(path) for path in sorted((Path(sys.argv[1]) / corpus).glob("*.jsonl.gz"))]
        if corpus == "slurp":
            files = [path for path in files if "test" not in path]
        yield str(target), Population.of(list(read_labelled(files).utterances), target)


def main() -> None:
    """Print a table."""
    sys.stdout.write(
        "| target | what | truth | once | path | width | replays |\n| --- | --- | ---: | ---: | ---: | ---: | ---: |\n"
    )
    share, replays = (float(sys.argv[2]), int(sys.argv[3])) if len(sys.argv) > 3 else (0.0, REPLAYS)  # noqa: PLR2004
    for title, population in populations():
        for name, (truth, held, path, width, n) in replay(population, share, replays).items():
            sys.stdout.write(
                f"| {title} | {name} | {truth:.1%} | {held:.1%} | {path:.1%} | {width:.2f} | {n} |\n"
            )
        sys.stdout.flush()


if __name__ == "__main__":
    main()
