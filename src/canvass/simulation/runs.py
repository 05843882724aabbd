"""Play the loop with hidden labels: select from a pool, answer from the gold labels, retrain, measure.

The test set and the start are the same for every strategy, so that two runs of one seed differ only in what they
chose. What is chosen is what `select(Plan.train(...))` would choose.

The models are trained once a round: the state after round r has the committee that chooses in round r + 1, and
routing is counted on it. Only a strategy that ranks by the tagger trains another, the selecting one.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Self

import pyarrow as pa

from canvass.clock import Clock
from canvass.corpus.normalise import key_of
from canvass.evaluation import HeldOut
from canvass.metrics import FrameErrors, Routing, Scores, score
from canvass.models.nlu import NLU
from canvass.seeding import derived_seed
from canvass.selection.plan import MAX_TOKENS, Plan, with_selection_tagger
from canvass.simulation.budget import affordable, cost

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from canvass.simulation.budget import Unit
    from canvass.simulation.noise import Annotator
    from canvass.simulation.start import Start
    from canvass.types import Candidate, Prediction, Target, Utterance

EXAMPLES = 5


class Choice(NamedTuple):
    """An utterance that was chosen, and what it really is.

    `prediction` is what the reference NLU made of it before it was annotated, for the first few of a round.
    """

    candidate: Candidate
    gold: Utterance
    prediction: Prediction | None


@dataclass(frozen=True)
class State:
    """The state after a round; round 0 is before the first of them.

    `labelled` are all annotations, as they were given; `errors` are counted on the target's test utterances, one by
    one, `routing` on the whole test set. `seconds` are of this thread's processor, by phase.
    """

    round: int
    choices: tuple[Choice, ...]
    labelled: tuple[Utterance, ...]
    nlu: NLU
    errors: tuple[FrameErrors, ...]
    routing: Routing | None
    seconds: dict[str, float] = field(compare=False, repr=False)


@dataclass(frozen=True)
class HiddenPool:
    """One block of the pool with columns text, id and count, made once for all rounds.

    `gold` maps each key to its annotated utterance; `taken` are the keys that were chosen.
    """

    batch: pa.RecordBatch
    gold: dict[str, Utterance]
    taken: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, utterances: Sequence[Utterance]) -> Self:
        """Hide the labels of annotated utterances."""
        columns = {
            "text": pa.array([utterance.text for utterance in utterances], type=pa.string()),
            "id": pa.array([utterance.id for utterance in utterances], type=pa.string()),
            "count": pa.array([utterance.count for utterance in utterances], type=pa.int64()),
        }
        gold = {key_of(utterance.text): utterance for utterance in utterances}
        return cls(pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns)), gold)

    def take(self, keys: Iterable[str]) -> None:
        """Take out what was chosen."""
        self.taken.update(keys)


@dataclass(frozen=True)
class Run:
    """One run: a strategy from a start, with what each round may spend.

    `annotator` answers with errors; without one the answers are the gold labels.
    """

    start: Start
    target: Target
    strategy: str
    schedule: tuple[int, ...]
    seed: int
    unit: Unit = "utterances"
    annotator: Annotator | None = None

    def states(self) -> Iterator[State]:
        """Play: yield the state before the first round, and after each.

        Raises
        ------
        CanvassError
            If the labelled set cannot train the models, nothing can be counted, or the pool is used up.

        """
        held_out = HeldOut.of(self.start.test, self.target)
        pool = HiddenPool.of(self.start.pool)
        labelled = [self.annotated(one) for one in self.start.labelled]
        nlu: NLU | None = None
        budget = spent = 0
        for number in range(len(self.schedule) + 1):
            clock = Clock(time.thread_time)
            choices: tuple[Choice, ...] = ()
            if nlu is not None:
                # What the last choice of a round cost too much, the next round has less.
                budget += self.schedule[number - 1]
                trained_to_select = with_selection_tagger(nlu, labelled, self.strategy)
                clock.stop("train to select")
                choices = self._choose(pool, nlu, trained_to_select, number, budget - spent)
                clock.stop("select")
                spent += sum(cost(choice.gold, self.unit) for choice in choices)
                labelled += [self.annotated(choice.gold) for choice in choices]
                pool.take(choice.candidate.key for choice in choices)
            nlu = NLU.train(labelled, self.target, seed=self._seed_of(number + 1))
            clock.stop("train")
            errors = held_out.count(nlu.predict(held_out.texts))
            routed = held_out.route(nlu)
            clock.stop("measure")
            yield State(number, choices, tuple(labelled), nlu, tuple(errors), routed, clock.seconds)

    def annotated(self, gold: Utterance) -> Utterance:
        """Answer from the gold labels, with the annotator's errors if there is one."""
        return gold if self.annotator is None else self.annotator.annotate(gold)

    def _seed_of(self, number: int) -> int:
        return derived_seed(self.seed, "round", number)

    def _choose(
        self, pool: HiddenPool, nlu: NLU, trained_to_select: NLU, number: int, budget: int
    ) -> tuple[Choice, ...]:
        """Choose what a round spends its budget on; `nlu` is the reference, of the same labelled set."""
        if budget < 1:
            return ()
        plan = Plan.of(
            trained_to_select,
            pool.taken,
            strategy=self.strategy,
            size=min(budget, len(pool.gold)),
            seed=self._seed_of(number),
            max_tokens=MAX_TOKENS,
        )
        ranked = plan.finish(plan.score_block(pool.batch)).candidates
        golds = [pool.gold[candidate.key] for candidate in ranked]
        count = affordable(golds, self.unit, budget)
        shown = nlu.predict([gold.text for gold in golds[: min(count, EXAMPLES)]])
        predictions: list[Prediction | None] = [*shown, *[None] * (count - len(shown))]
        return tuple(map(Choice, ranked[:count], golds[:count], predictions))


@dataclass(frozen=True)
class Round:
    """The state after a round: annotations so far, the keys chosen in it, and how good the models were then.

    `scores` are of the reference NLU on the target's test utterances, `routing` of the committee on all of them.
    """

    annotations: int
    chosen: tuple[str, ...]
    on_target: int
    scores: Scores
    routing: Routing | None


def play(
    start: Start,
    target: Target,
    strategy: str,
    *,
    rounds: int,
    batch: int,
    seed: int,
    after_round: Callable[[Round], None] | None = None,
) -> list[Round]:
    """Play some rounds with one strategy; the first entry is the state before the first of them."""
    played: list[Round] = []
    for state in Run(start, target, strategy, (batch,) * rounds, seed).states():
        played.append(
            Round(
                len(state.labelled) - len(start.labelled),
                tuple(choice.candidate.key for choice in state.choices),
                sum(target.matches(choice.gold) for choice in state.choices),
                score(state.errors),
                state.routing,
            )
        )
        if after_round is not None:
            after_round(played[-1])
    return played
