"""Runs of the active-learning loop with hidden labels: select from a pool, annotate with gold labels, retrain, measure.

The test set and the start are the same for every strategy, so that two runs of one seed differ only in their choices.
The choices are those of `select(Plan.train(...))`.

The models are trained once a round: the committee of the state after round r chooses in round r + 1, and the routing
of that state is counted on it. Only a strategy that ranks by the tagger trains a second tagger, for selection.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Self

import pyarrow as pa

from canvass.clock import Clock
from canvass.corpus.normalise import key_of
from canvass.evaluation import HeldOut
from canvass.features.word_features import WordFeatures
from canvass.metrics import FrameErrors, Routing
from canvass.models.nlu import NLU, train_predictors
from canvass.models.scorer import Scorer
from canvass.seeding import derived_seed
from canvass.selection.plan import MAX_TOKENS, Plan
from canvass.selection.selection_models import with_selection_models
from canvass.simulation.budget import Unit, cost, count_affordable
from canvass.simulation.noise import Annotator
from canvass.simulation.simulated_assistant import Check, SimulatedAssistant
from canvass.simulation.start import Opinions, Start
from canvass.strategies import strategy_named
from canvass.types import Candidate, Prediction, Target, Utterance

EXAMPLES = 5  # choices of a round whose predictions are kept for the report


class Choice(NamedTuple):
    """A chosen candidate and its gold annotation.

    `prediction` is that of the reference NLU before the annotation, for the first `EXAMPLES` of a round, or with an
    assistant for all; `check` is how a person annotated it with the assistant's suggestion.
    """

    candidate: Candidate
    gold: Utterance
    prediction: Prediction | None
    check: Check | None = None


@dataclass(frozen=True)
class State:
    """The state after a round; round 0 is the state before the first round.

    Attributes
    ----------
    round
        Number of the round, from 0.
    choices
        What the round chose, the best first.
    labelled
        All annotated utterances so far, with the annotator's errors if it makes any.
    nlu
        The models trained on `labelled`.
    errors
        Error counts of each test utterance of the target.
    errors_without_words
        The same of models without word features, if the run counts them.
    routing
        Confusion counts of the committee on the whole test set; None without a committee.
    seconds
        Processor seconds of this thread, by phase.

    """

    round: int
    choices: tuple[Choice, ...]
    labelled: tuple[Utterance, ...]
    nlu: NLU
    errors: tuple[FrameErrors, ...]
    errors_without_words: tuple[FrameErrors, ...] | None
    routing: Routing | None
    seconds: dict[str, float] = field(compare=False, repr=False)


@dataclass(frozen=True)
class HiddenPool:
    """A pool with hidden labels, as one record batch (columns text, id and count, and opinions) for all rounds.

    `gold` maps each key to its annotated utterance; `taken` holds the keys already chosen.

    Examples
    --------
    >>> from canvass.types import Utterance
    >>> pool = HiddenPool.of([Utterance("play river", "u1", intent="PlayMusic")])
    >>> pool.batch.to_pylist(), pool.gold["play river"].intent
    ([{'text': 'play river', 'id': 'u1', 'count': 1}], 'PlayMusic')

    """

    batch: pa.RecordBatch
    gold: dict[str, Utterance]
    taken: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, utterances: Sequence[Utterance], opinions: Opinions | None = None) -> Self:
        """Hide the labels of annotated utterances."""
        columns = {
            "text": pa.array([utterance.text for utterance in utterances], type=pa.string()),
            "id": pa.array([utterance.id for utterance in utterances], type=pa.string()),
            "count": pa.array([utterance.count for utterance in utterances], type=pa.int64()),
        }
        gold = {key_of(utterance.text): utterance for utterance in utterances}
        if opinions:
            said = [opinions[key_of(utterance.text)] for utterance in utterances]
            for role in next(iter(opinions.values())):
                columns[role] = pa.array([values[role] for values in said], type=pa.float64())
        return cls(pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns)), gold)

    def take(self, keys: Iterable[str]) -> None:
        """Exclude chosen keys from later rounds."""
        self.taken.update(keys)


@dataclass(frozen=True)
class Run:
    """A run of one strategy from a start.

    Parameters
    ----------
    start
        Labelled set, pool and test set.
    target
        What the budget is spent on.
    strategy
        Name of a strategy, as in `canvass.strategies.STRATEGIES`.
    schedule
        Budget of each round, in `unit`.
    seed
        Seed of training and of random choices.
    unit
        Unit of the budget: "utterances", "tokens" or "slots".
    annotator
        Annotates with errors; without one, annotations are the gold labels.
    words
        Features of words for the reference NLU; what is chosen is chosen by models without them.
    opinions
        What another model says of each key of the pool, for strategies that rank by it.
    scorer
        Is asked about a shortlist, where the strategy ranks by what it says.
    variety
        Whether near copies of one another take turns in a batch.
    assistant
        Suggests annotations of what is chosen, which the annotator checks.
    both
        Whether errors of models without word features are counted, too; they are trained on the same choices.

    """

    start: Start
    target: Target
    strategy: str
    schedule: tuple[int, ...]
    seed: int
    unit: Unit = "utterances"
    annotator: Annotator | None = None
    words: WordFeatures | None = None
    opinions: Opinions | None = None
    scorer: Scorer | None = None
    variety: bool = True
    assistant: SimulatedAssistant | None = None
    both: bool = False

    def states(self) -> Iterator[State]:
        """Execute the run: yield the state before the first round, and the state after each round.

        Raises
        ------
        CanvassError
            If the labelled set cannot train the models, the test set has nothing to count errors on, or the pool is
            used up.

        """
        held_out = HeldOut.of(self.start.test, self.target)
        pool = HiddenPool.of(self.start.pool, self.opinions)
        labelled = [self.annotate(utterance) for utterance in self.start.labelled]
        nlu: NLU | None = None
        plain: NLU | None = None  # without word features
        budget = spent = 0
        for number in range(len(self.schedule) + 1):
            clock = Clock(time.thread_time)
            choices: tuple[Choice, ...] = ()
            if nlu is not None:
                # Overspending by the last choice of a round reduces the budget of the next round.
                budget += self.schedule[number - 1]
                trained_to_select = (
                    with_selection_models(nlu, labelled, self.strategy, self.words)
                    if plain is None
                    else with_selection_models(plain, labelled, self.strategy, None)
                )
                clock.stop("train to select")
                choices = self.choose(pool, nlu, trained_to_select, number, budget - spent)
                clock.stop("select")
                spent += sum(cost(choice.gold, self.unit) for choice in choices)
                labelled += [
                    choice.check.annotation if choice.check else self.annotate(choice.gold)
                    for choice in choices
                ]
                pool.take(choice.candidate.key for choice in choices)
            nlu = NLU.train(labelled, self.target, seed=self._seed_of(number + 1), words=self.words)
            if self.both:
                plain = nlu
                if self.words is not None:
                    intents, tagger = train_predictors(labelled, self.target)
                    plain = replace(nlu, intents=intents, tagger=tagger)
            clock.stop("train")
            errors = tuple(held_out.count(nlu.predict(held_out.texts)))
            plain_errors = errors if self.both else None
            if plain is not None and plain is not nlu:
                plain_errors = tuple(held_out.count(plain.predict(held_out.texts)))
            routed = held_out.route(nlu)
            clock.stop("measure")
            yield State(number, choices, tuple(labelled), nlu, errors, plain_errors, routed, clock.seconds)

    def annotate(self, gold: Utterance) -> Utterance:
        """Return the gold annotation, with the annotator's errors if there is an annotator."""
        return gold if self.annotator is None else self.annotator.annotate(gold)

    def _seed_of(self, number: int) -> int:
        return derived_seed(self.seed, "round", number)

    def choose(
        self, pool: HiddenPool, nlu: NLU, trained_to_select: NLU, number: int, budget: int
    ) -> tuple[Choice, ...]:
        """Choose candidates for the budget of a round; `nlu` is the reference NLU, trained on the same labelled set."""
        if budget < 1:
            return ()
        plan = Plan.of(
            trained_to_select,
            pool.taken,
            strategy=self.strategy,
            size=min(budget, len(pool.gold)),
            seed=self._seed_of(number),
            max_tokens=MAX_TOKENS,
            variety=self.variety,
            scorer=self.scorer if strategy_named(self.strategy).takes_answers else None,
        )
        ranked = plan.finish(plan.score_block(pool.batch)).candidates
        golds = [pool.gold[candidate.key] for candidate in ranked]
        count = count_affordable(golds, self.unit, budget)
        assistant, golds = self.assistant, golds[:count]
        first = nlu.predict([gold.text for gold in (golds if assistant else golds[:EXAMPLES])])
        predictions: list[Prediction | None] = [*first, *[None] * (count - len(first))]
        checks = [
            None if assistant is None else assistant.check(gold, self.annotate(gold), prediction)
            for gold, prediction in zip(golds, predictions, strict=True)
        ]
        return tuple(map(Choice, ranked[:count], golds, predictions, checks))
