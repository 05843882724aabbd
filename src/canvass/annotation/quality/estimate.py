"""How wrong the models of today are on the traffic, from every request that was drawn at random and annotated.

Tasks of source `random` are drawn from what a majority of the committee of the time takes for the target, in
proportion to how often an utterance was seen; those of source `outside` likewise from the rest. Both sides' numbers of
requests are kept for each round, so what each pick stands for is known. After a training the picks are cut into folds
by hash. Each fold is predicted by models that are trained as today's are, on all annotations but this fold's, so
nothing is scored on what it learnt. The same models say how sure they are of requests drawn beside them
which nobody annotated: `canvass.statistics.prediction_powered` makes estimates of both.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from canvass.annotation.project.project import Project
from canvass.annotation.store.records import Answer, Source, Task
from canvass.corpus.normalise import key_of, keys
from canvass.errors import CanvassError, plural
from canvass.evaluation import takes_for_target
from canvass.features.word_features import WordFeatures
from canvass.metrics import count_errors
from canvass.models.nlu import NLU
from canvass.seeding import uniform
from canvass.statistics import Interval, wilson_interval
from canvass.statistics.intervals import t_factor
from canvass.statistics.prediction_powered import (
    LEVEL,
    Part,
    Predicted,
    Sample,
    anytime_level,
    powered_ratio,
    powered_total,
    ratio_of_totals,
    share_interval,
)
from canvass.strategies import LOGISTIC
from canvass.types import Target, Utterance

Floats = NDArray[np.float64]

FEWEST = 20  # picks that pass the filter, and for an error rate are of the target; fewer would say nothing
FEWEST_OUTSIDE = 10
FOLDS = 4
STRATA: tuple[Source, ...] = ("random", "outside")
REQUESTS = "draws"  # facts of the store
ESTIMATES = "estimates"
SLOTS = "slot error rate"
MISSED = "share of the target that the filter misses"


class Requests(NamedTuple):
    """How many requests, not annotated yet, a round found on either side of the filter (sums of counts).

    `outside` is None where nothing is drawn from there.
    """

    inside: int
    outside: int | None


class Control(NamedTuple):
    """A request that a round drew beside its picks, and nobody annotated."""

    text: str
    source: Source


@dataclass(frozen=True)
class Estimate:
    """A rate of today's models; `value` and both intervals are None where it is unknown.

    `interval` is anytime-valid, for those who look after every round and stop by it; `once` is for one look at a number
    of picks fixed beforehand. Both are of `LEVEL`. `n` picks tell it, `more` random picks are needed before anything is
    said, drawn `outside` the filter or within.
    """

    name: str
    value: float | None
    interval: Interval | None
    once: Interval | None
    n: int
    more: int = 0
    outside: bool = False

    @property
    def words(self) -> str:
        """A sentence for people."""
        if self.value is None or self.interval is None:
            where = " from outside the filter" if self.outside else ""
            return f"{self.name}: unknown: {plural(self.more, 'more random pick')}{where} needed"
        low, high = self.interval
        return (
            f"{self.name} of today's models: {self.value:.1%} ({low:.1%} to {high:.1%}), from "
            f"{plural(self.n, 'random pick')}"
        )

    def as_dict(self) -> dict[str, Any]:
        """Give plain values for JSON."""
        return {**asdict(self), "words": self.words}


@dataclass(frozen=True)
class Scored:
    """What models made of picks and controls that they had not seen.

    `picks` and `controls` tell strata (0 inside, 1 outside). Of each pick: whether it is of the target, passes the
    filter of today, its errors and what they are counted against (slots and intent; 0 where slots are not annotated),
    and whether intent and frame are wrong. `chance` (of the target), `passed`, `slots` (and intent), `frame` and
    `intent` (confidences) are predicted for both; those of controls are means over folds.
    """

    picks: Sample
    controls: Sample
    of_target: Floats
    errors: Floats
    weights: Floats
    has_intent: Floats
    intent_wrong: Floats
    frame_wrong: Floats
    passed: Predicted
    chance_inside: Predicted
    chance_outside: Predicted
    slots_inside: Predicted
    slot_errors: Predicted
    intent_errors: Predicted
    frame_errors: Predicted


OUTCOMES, BELIEFS = 6, 7  # columns of what `judge` and `_beliefs` give, in the order of `Scored`


def score_picks(
    accepted: Sequence[tuple[Task, Answer]],
    labelled: Sequence[Utterance],
    target: Target,
    controls: Sequence[Control],
    requests: Mapping[int, Requests],
    *,
    seed: int = 0,
    words: WordFeatures | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> Scored | None:
    """Predict every random pick by models that were trained on `labelled` without its fold.

    `requests` are of each round, the latest among them; a pick of a round that is not there counts as of the latest.
    `stopped` is asked before each training. None where there is no pick, or a fold cannot be left out.
    """
    picks = [(task, answer) for task, answer in accepted if task.source in STRATA and answer.kind != "skip"]
    if not picks or not requests:
        return None
    fold_of = np.array([int(uniform(seed, "estimate", task.key) * FOLDS) for task, _ in picks])
    strata = np.array([STRATA.index(task.source) for task, _ in picks])
    said, outcome = np.zeros((len(picks), BELIEFS)), np.zeros((len(picks), OUTCOMES))
    control_strata = np.array([STRATA.index(control.source) for control in controls], dtype=np.int64)
    of_controls = np.zeros((len(controls), BELIEFS))
    for fold in np.unique(fold_of):
        if stopped():
            return None
        rows = np.flatnonzero(fold_of == fold)
        left_out = {picks[row][0].key for row in rows}
        rest = [utterance for utterance in labelled if key_of(utterance.text) not in left_out]
        try:
            nlu = NLU.train(rest, target, seed=seed, words=words)
        except CanvassError:
            return None  # the fold has all of the target, or all of the rest
        if not nlu.can_predict:
            return None
        said[rows], outcome[rows] = judge(nlu, [picks[row] for row in rows])
        # Controls stand beside the picks of their fold, as many as there are of either side.
        share = np.array(
            [np.mean(fold_of[strata == side] == fold) if side in strata else 0 for side in (0, 1)]
        )
        if controls:
            beliefs = _beliefs(nlu, [control.text for control in controls])
            of_controls += share[control_strata, None] * beliefs
    latest = requests[max(requests)]
    totals = [_total(requests.get(_round_of(answer), latest), task.source, latest) for task, answer in picks]
    weights = np.array([task.weight for task, _ in picks])
    there = np.isin(control_strata, strata)  # a side without picks has nothing to correct
    control_totals = np.array([_total(latest, control.source, latest) for control in controls], dtype=float)
    columns = [Predicted(said[:, column], of_controls[there, column]) for column in range(BELIEFS)]
    return Scored(
        Sample(strata, np.array(totals) * weights),
        Sample(control_strata[there], control_totals[there]),
        *outcome.T,
        *columns,
    )


def _round_of(answer: Answer) -> int:
    return -1 if answer.prediction is None else answer.prediction.round


def _total(requests: Requests, source: Source, latest: Requests) -> float:
    side = STRATA.index(source)
    known = requests[side] if requests[side] is not None else latest[side]
    return float(known or 0)


def _beliefs(nlu: NLU, texts: Sequence[str]) -> Floats:
    """Say what a model expects of texts, float64 (N, 7)."""
    import pyarrow as pa

    column = keys(pa.array(texts, type=pa.string()))
    taken = takes_for_target(nlu, column)
    passed = np.ones(len(texts)) if taken is None else taken.astype(np.float64)
    chance = np.ones(len(texts))
    if nlu.committee is not None:
        chance = np.exp(-np.logaddexp(0.0, -nlu.committee.score(column).scores[:, LOGISTIC]))
    predicted = nlu.predict(texts)
    intent = np.array([frame.intent_probability for frame in predicted])
    wrong = 1 - intent * np.array([frame.confidence for frame in predicted])
    inside, slots = passed * chance, np.array([1.0 + len(frame.slots) for frame in predicted])
    # One error in a wrong frame; lambda finds the scale.
    return np.column_stack(
        [
            passed,
            inside,
            chance - inside,
            inside * slots,
            inside * wrong,
            inside * (1 - intent),
            inside * wrong,
        ]
    )


def judge(nlu: NLU, picks: Sequence[tuple[Task, Answer]]) -> tuple[Floats, Floats]:
    """Score a fold: what was expected, float64 (N, 7), and what was right, float64 (N, 6)."""
    texts = [task.text for task, _ in picks]
    rows: list[tuple[float, ...]] = []
    for (_, answer), predicted in zip(picks, nlu.predict(texts), strict=True):
        if answer.kind != "frame":
            rows.append((0.0,) * OUTCOMES)
            continue
        named = answer.intent is not None
        wrong = named and predicted.intent != answer.intent
        if nlu.tagger is not None and answer.slots is None:
            rows.append((1, 0, 0, named, wrong, 0))  # its slots are not annotated: its intent counts alone
            continue
        found = count_errors(answer.slots or (), predicted.slots, answer.intent, predicted.intent)
        rows.append((1, found.errors, found.weight, named, wrong, found.errors > 0))
    return _beliefs(nlu, texts), np.array(rows, dtype=np.float64)


def estimates_of(scored: Scored | None) -> tuple[Estimate, ...]:
    """Estimate slot error, intent error and frame error of what is of the target and passes, and what is missed."""
    if scored is None:
        names = (SLOTS, "intent error rate", "frame error rate")
        unknown = [Estimate(name, None, None, None, 0, FEWEST) for name in names]
        return (*unknown, Estimate(MISSED, None, None, None, 0, FEWEST_OUTSIDE, outside=True))
    inside = scored.of_target * scored.passed.annotated
    whole, named = inside * (scored.weights > 0), inside * scored.has_intent
    slots = Part(whole * scored.weights, scored.slots_inside)
    frames, intents = Part(whole, scored.chance_inside), Part(named, scored.chance_inside)
    return (
        _rate(SLOTS, scored, Part(scored.errors, scored.slot_errors), slots),
        _rate("intent error rate", scored, Part(scored.intent_wrong, scored.intent_errors), intents),
        _rate("frame error rate", scored, Part(scored.frame_wrong, scored.frame_errors), frames),
        _missed(scored),
    )


def _rate(name: str, scored: Scored, wrong: Part, counted: Part) -> Estimate:
    n = int((counted.values > 0).sum())
    if n < FEWEST:
        drawn = int((scored.picks.stratum == 0).sum())
        return Estimate(name, None, None, None, n, math.ceil((FEWEST - n) * max(drawn, 2) / max(n, 1)))
    errors = wrong._replace(values=wrong.values * (counted.values > 0))
    found = powered_ratio(scored.picks, scored.controls, errors, counted)
    shares = scored.picks.shares * counted.values
    alone = float(shares.sum() ** 2 / (shares @ shares))
    value = max(found.value, 0.0)
    # The error is itself estimated, with the ratio and lambda, from few picks.
    once = share_interval(value, found.error * t_factor(LEVEL, n - 2), alone, level=LEVEL)
    anytime = share_interval(value, found.error, alone, level=anytime_level(n))
    return Estimate(name, value, anytime, once, n)


def _missed(scored: Scored) -> Estimate:
    inside, drawn = np.bincount(scored.picks.stratum, minlength=2).tolist()
    # What was drawn decides whether anything is said, and not what was found: that would choose among the intervals.
    if drawn < FEWEST_OUTSIDE:
        return Estimate(MISSED, None, None, None, drawn, FEWEST_OUTSIDE - drawn, outside=True)
    if inside < FEWEST:
        return Estimate(MISSED, None, None, None, drawn, FEWEST - inside)
    value, once = _share_missed(scored, LEVEL)
    return Estimate(MISSED, value, _share_missed(scored, anytime_level(drawn))[1], once, drawn)


def _share_missed(scored: Scored, level: float) -> tuple[float, Interval]:
    picks = scored.picks
    sides = [float(picks.total[picks.stratum == side].mean()) for side in (0, 1) if side in picks.stratum]
    everything = sum(sides)
    parts = []
    for passed, chance in ((0.0, scored.chance_outside), (1.0, scored.chance_inside)):
        values = scored.of_target * (scored.passed.annotated == passed)
        total = powered_total(picks, scored.controls, values, chance)
        share, error = max(total.value, 0.0) / everything, total.error / everything
        if error > 0:
            ends = share_interval(share, error, len(values), level=level)
        else:  # all of its side, or none, which says no more of the rest than as many draws can
            mine = picks.stratum == 1 - int(passed)
            own, side = values[mine], float(picks.total[mine].mean()) / everything
            bounds = wilson_interval(float(own.sum()), len(own), level=level)
            ends = Interval(bounds.low * side, bounds.high * side)
        parts.append((share, ends))
    (missed, of_missed), (within, of_within) = parts
    value = missed / (missed + within) if missed else 0.0
    return value, ratio_of_totals(missed, of_missed, within, of_within)


def requests_of(project: Project) -> dict[int, Requests]:
    """Recall the requests that each round found on either side of the filter."""
    stored = json.loads(project.store.fact(REQUESTS) or "{}")
    return {int(number): Requests(*both) for number, both in stored.items()}


def stored_estimates(project: Project) -> tuple[Estimate, ...]:
    """Recall the estimates of the models that run now; unknown ones before there is any.

    Where slots are not annotated there is no slot error rate, and where everything is the target no filter.
    """
    left_out = {
        *([] if project.annotates_slots else [SLOTS]),
        *([MISSED] if project.target.kind == "all" else []),
    }
    stored = project.store.fact(ESTIMATES)
    estimates = estimates_of(None) if stored is None else map(_estimate_of, json.loads(stored))
    return tuple(estimate for estimate in estimates if estimate.name not in left_out)


def _estimate_of(plain: dict[str, Any]) -> Estimate:
    intervals = {name: plain[name] and Interval(*plain[name]) for name in ("interval", "once")}
    return Estimate(**plain | intervals)
