"""Who chooses in a round: the strategy's plan, and the random draws beside it; and the queue that follows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeVar

from canvass.annotation.project.settings import Settings
from canvass.annotation.quality.estimate import STRATA, Control, Requests
from canvass.annotation.quality.stopping import HALF
from canvass.annotation.rounds.round_models import Models
from canvass.annotation.store.records import NewTask, Reason, Source
from canvass.errors import InputError
from canvass.models.scorer import Scorer
from canvass.seeding import uniform
from canvass.selection.excluded_keys import ExcludedKeys
from canvass.selection.frequencies import Frequencies
from canvass.selection.multi_target import Plans
from canvass.selection.partial import Partial
from canvass.selection.plan import Plan
from canvass.selection.random_sample import RandomSample, SampledUtterance
from canvass.selection.seed_phrases import SeedPhrases, SeedPlan
from canvass.strategies import majority, no_majority
from canvass.types import Candidate, ModelAnswer

WITH_PHRASES = 1 / 3  # the least share of random picks while phrases choose
Item = TypeVar("Item")
Name = TypeVar("Name", bound=str)


class Chosen(NamedTuple):
    """What the choosers of a round found: tasks without order or prediction, and what was drawn beside them.

    `message` says why nothing was selected, or what to know of what was; empty: nothing. `too_long` rows of the pool
    have more tokens than `max_tokens`, and are not in question. `answers` are those of another model, by key.
    """

    selected: tuple[NewTask, ...]
    drawn: dict[Source, tuple[NewTask, ...]]
    controls: list[Control]
    requests: Requests | None
    message: str
    too_long: int
    answers: dict[str, ModelAnswer]


@dataclass(frozen=True)
class Choosing:
    """How a round chooses: by the settings of its project, with its models; `seed` is that of the round.

    Where nothing can be trained yet, `seeds` choose in the place of models, and more tasks are drawn at random.
    """

    settings: Settings
    models: Models
    excluded: ExcludedKeys
    seed: int
    seeds: SeedPhrases | None = None
    scorer: Scorer | None = None

    def draws(self, *, controls: bool) -> dict[Source, int]:
        """Count what each stratum draws: as many as a queue may have, and `HALF` beside them.

        These are controls of the estimates and, in the first round, half a stop set; `controls` asks for them where a
        queue has no picks. Without a committee everything is inside.
        """
        has_committee = self.models.selecting.committee is not None
        sources: tuple[Source, ...] = ("random", "outside") if has_committee else ("random",)
        picks = {source: self._picks(source) for source in sources}
        return {source: size + HALF for source, size in picks.items() if size or controls}

    def _share(self, source: Source) -> float:
        queue = self.settings.queue
        if source == "random":
            # Phrases find the target; models need others, too.
            return queue.random_share if self.seeds is None else max(queue.random_share, WITH_PHRASES)
        return queue.outside_share

    def _picks(self, source: Source) -> int:
        share = self._share(source)
        return math.ceil(self.settings.queue.size * share) + 1 if share else 0

    def plans(self, frequencies: Frequencies | None, *, controls: bool) -> Plans:
        """Make the plan, and the random samples beside it; these need the counters of the pool."""
        settings, nlu = self.settings, self.models.selecting
        size, limit = settings.queue.size, settings.project.max_tokens
        if self.seeds is None:
            strategy = settings.project.strategy
            plan = Plan.of(
                nlu,
                self.excluded,
                strategy=strategy,
                size=size,
                seed=self.seed,
                max_tokens=limit,
                scorer=self.scorer,
            )
        else:
            plan = SeedPlan.of_phrases(
                self.seeds,
                nlu.target,
                nlu.positives,
                self.excluded,
                size=size,
                seed=self.seed,
                max_tokens=limit,
            )
        samples = []
        for source, size in self.draws(controls=controls).items():
            assert frequencies is not None, "samples need the counters of the pool"
            inside = None if nlu.committee is None else majority
            samples.append(
                RandomSample(
                    nlu.committee,
                    inside if source == "random" else no_majority,
                    frequencies,
                    source,
                    size,
                    self.seed,
                    settings.project.max_tokens,
                    self.excluded,
                )
            )
        return Plans((plan,), tuple(samples))

    def finish(self, plans: Plans, partials: Sequence[Partial]) -> Chosen:
        """Make tasks of what the pass over the pool has found."""
        (plan,) = plans.plans
        try:
            batch = plan.finish(partials[0])
        except InputError as error:  # the pool has nothing left
            candidates: tuple[Candidate, ...] = ()
            message = str(error)
        else:
            candidates, message = batch.candidates, "; ".join(batch.warnings)
        selected = tuple(self._task(choice, "selected", reason=_reason(choice)) for choice in candidates)
        answers = {choice.key: choice.answer for choice in candidates if choice.answer is not None}
        drawn: dict[Source, tuple[NewTask, ...]] = {}
        requests: dict[str, int] = {}
        controls: list[Control] = []
        for selector, partial in zip(plans.samples, partials[1:], strict=True):
            sample = selector.finish(partial)
            source: Source = "random" if selector.purpose == "random" else "outside"
            picks = self._picks(source)
            drawn[source] = tuple(
                self._task(pick, source, weight=pick.weight) for pick in sample.utterances[:picks]
            )
            controls += [Control(pick.text, source) for pick in sample.utterances[picks:]]
            requests[source] = sample.requests
        both = Requests(requests["random"], requests.get("outside")) if "random" in requests else None
        return Chosen(selected, drawn, controls, both, message, partials[0].counters.too_long, answers)

    def mixed(self, chosen: Chosen, done: Mapping[Source, int]) -> list[NewTask]:
        """Order the queue. A key that was selected and drawn is a pick: else the strategy would thin the draws."""
        picked = {utterance.key for some in chosen.drawn.values() for utterance in some}
        mixed = order_queue(
            [candidate for candidate in chosen.selected if candidate.key not in picked],
            chosen.drawn,
            shares={source: self._share(source) for source in chosen.drawn},
            done={source: done.get(source, 0) for source in ("selected", *STRATA)},
            size=self.settings.queue.size,
        )
        return [replace(task, priority=float(place)) for place, task in enumerate(mixed)]

    def _task(self, found: Candidate | SampledUtterance, source: Source, **more: Any) -> NewTask:
        """Make a task, in no order yet; some are for two people."""
        project, overlap = self.settings.project, self.settings.queue.overlap
        wanted = 2 if uniform(project.seed, "overlap", found.key) < overlap else 1
        return NewTask(
            *(found.key, found.text, found.id, found.count, source, 0.0),
            wanted=wanted,
            others=found.others,
            **more,
        )


def _reason(candidate: Candidate) -> Reason:
    return Reason(candidate.strategy, candidate.rank, candidate.score, candidate.why, candidate.members)


def order_queue(
    selected: Sequence[Item],
    strata: Mapping[Name, Sequence[Item]],
    *,
    shares: Mapping[Name, float],
    done: Mapping[Name, int],
    size: int,
) -> list[Item]:
    """Order at most `size` items: those of the strata as soon as they are due, those that were selected else.

    A stratum is due when it has had fewer than its share of all tasks so far, `done`, and of those ahead. So shares
    hold over the whole project, however often the queue is made anew and however little of it is used each time; a
    stratum that had nothing to give for a while catches up by one, not by all that it missed.

    >>> order_queue("abcdef", {"random": "XY"}, shares={"random": 0.25}, done={"selected": 2, "random": 0}, size=6)
    ['a', 'X', 'b', 'c', 'd', 'Y']
    """
    mixed: list[Item] = []
    rest = list(reversed(selected))
    waiting = {name: list(reversed(items)) for name, items in strata.items()}
    before = sum(done.values())
    # What a stratum may count as had: not so little that it would come twice in a row.
    had = {name: max(float(done.get(name, 0)), math.floor(before * shares[name] - 1e-9)) for name in strata}
    while len(mixed) < size and (rest or any(waiting.values())):
        due = [
            name
            for name in strata
            if waiting[name] and (before + len(mixed) + 1) * shares[name] - had[name] > 1 - 1e-9
        ]
        if due:
            had[due[0]] += 1
            mixed.append(waiting[due[0]].pop())
        elif rest:
            mixed.append(rest.pop())
        else:
            name = next(name for name in strata if waiting[name])
            had[name] += 1
            mixed.append(waiting[name].pop())
    return mixed
