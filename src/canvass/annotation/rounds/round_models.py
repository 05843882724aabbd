"""The models of a round, trained as a study trains them, and what they make of utterances before people see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from canvass.annotation.project.annotations import domain_of_frame
from canvass.annotation.store.records import TaskPrediction
from canvass.corpus.normalise import keys
from canvass.evaluation import takes_for_target
from canvass.features.word_features import WordFeatures
from canvass.models.nlu import NLU, train_predictors, train_tagger
from canvass.models.tagger import ITERATIONS_FOR_SELECTION
from canvass.processors import thread_pool
from canvass.seeding import derived_seed
from canvass.strategies import strategy_named
from canvass.types import ModelAnswer, Target, Utterance

LIKELIEST = 5  # intents that the page offers
ALTERNATIVES = 11  # taggings after the best; the page makes offers of what they change
LEAST = 0.005  # probability of an alternative that is worth reading


@dataclass(frozen=True)
class Models:
    """What one round trains: `reference` predicts and is measured, `selecting` ranks; both share the committee.

    They are those of `canvass.simulation.runs` after as many rounds, with the same labelled set and seed.
    """

    reference: NLU
    selecting: NLU


def seed_of_round(seed: int, number: int) -> int:
    """Derive the seed of a round as studies do: round 0 trains what the first batch is chosen with."""
    return derived_seed(seed, "round", number + 1)


def train_models(
    labelled: Sequence[Utterance],
    target: Target,
    strategy: str,
    *,
    seed: int,
    words: WordFeatures | None = None,
) -> Models:
    """Train the models of a round; `seed` is that of the round, `words` are features of words that they use.

    Raises TargetError or TrainingError if the labelled set cannot train the models of the target.
    """
    models = strategy_named(strategy).models
    if not models & {"intents", "tagger"} or (words is None and "tagger" not in models):
        reference = NLU.train(labelled, target, seed=seed, words=words)
        return Models(reference, reference)
    with thread_pool(1) as executor:
        if words is None:
            tagger = executor.submit(train_tagger, labelled, target)
            reference = NLU.train(labelled, target, seed=seed)
            return Models(reference, replace(reference, tagger=tagger.result()))
        # What is chosen is to suit models without word features, too.
        plain = executor.submit(train_predictors, labelled, target, iterations=ITERATIONS_FOR_SELECTION)
        reference = NLU.train(labelled, target, seed=seed, words=words)
        intents, selecting_tagger = plain.result()
        return Models(reference, replace(reference, intents=intents, tagger=selecting_tagger))


def with_answer(
    ours: TaskPrediction | None,
    answer: ModelAnswer | None,
    *,
    number: int,
    target: Target,
    domains: Mapping[str, str],
) -> TaskPrediction | None:
    """Put what another model says, if anything, in the place of our prediction after round `number`.

    `domains` maps intents to their domains.
    """
    if answer is None:
        return ours
    said = ours or TaskPrediction(number, domain_of_frame(target, None, domains), None, 1.0, (), 1.0)
    if answer.intent_probability is not None:
        said = replace(
            said,
            domain=domain_of_frame(target, answer.intent, domains),
            intent=answer.intent,
            intent_probability=answer.intent_probability,
            likeliest=tuple(
                [(answer.intent, answer.intent_probability)] if answer.intent is not None else []
            ),
        )
    if answer.slots is not None:
        confidence = 1.0 if answer.slots_probability is None else answer.slots_probability
        said = replace(said, slots=answer.slots, confidence=confidence, certainty=(), alternatives=())
    return said


def predict(
    nlu: NLU, texts: Sequence[str], *, number: int, domain_of_intent: Mapping[str, str]
) -> list[TaskPrediction | None]:
    """Predict texts after round `number`, each taken for an utterance of the target; None where nothing can be.

    The domain is the target's, or else the one that `domain_of_intent` has for the predicted intent.
    """
    import pyarrow as pa

    if not nlu.can_predict or not texts:
        return [None] * len(texts)
    taken = takes_for_target(nlu, keys(pa.array(texts, type=pa.string())))
    positive: list[bool] | list[None] = [None] * len(texts) if taken is None else taken.tolist()
    return [
        TaskPrediction(
            round=number,
            domain=domain_of_frame(nlu.target, predicted.intent, domain_of_intent),
            intent=predicted.intent,
            intent_probability=predicted.intent_probability,
            slots=predicted.slots,
            confidence=predicted.confidence,
            certainty=predicted.certainty,
            positive=said,
            likeliest=likeliest,
            alternatives=tuple((slots, chance) for slots, chance in alternatives if chance >= LEAST),
        )
        for predicted, said, likeliest, alternatives in zip(
            nlu.predict(texts),
            positive,
            nlu.likeliest_intents(texts, LIKELIEST),
            nlu.alternative_slots(texts, ALTERNATIVES),
            strict=True,
        )
    ]
