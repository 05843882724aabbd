"""The models of a round, trained as a study trains them, and what they make of utterances before people see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from canvass.annotation.project.annotations import domain_of_frame
from canvass.annotation.store.records import TaskPrediction
from canvass.corpus.normalise import keys
from canvass.evaluation import takes_for_target
from canvass.features.word_features import WordFeatures
from canvass.models.nlu import NLU
from canvass.processors import thread_pool
from canvass.seeding import derived_seed
from canvass.selection.selection_models import selection_models
from canvass.types import ModelAnswer, Prediction, Slot, Target, Utterance

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
    with thread_pool(1) as executor:
        others = executor.submit(selection_models, labelled, target, strategy, words)
        reference = NLU.train(labelled, target, seed=seed, words=words)
        return Models(reference, replace(reference, **others.result()))


def predict(
    nlu: NLU,
    texts: Sequence[str],
    answers: Sequence[ModelAnswer | None],
    *,
    number: int,
    domain_of_intent: Mapping[str, str],
) -> list[TaskPrediction | None]:
    """Predict texts after round `number`, each taken for an utterance of the target; None where nothing can be.

    What another model answers, if anything, is put in the place of our prediction. The domain is the target's, or else
    the one that `domain_of_intent` has for the predicted intent.
    """
    import pyarrow as pa

    ours: Sequence[Prediction | None] = [None] * len(texts)
    positive: Sequence[bool | None] = [None] * len(texts)
    likeliest: Sequence[tuple[tuple[str, float], ...]] = [()] * len(texts)
    alternatives: Sequence[Sequence[tuple[tuple[Slot, ...], float]]] = [()] * len(texts)
    if nlu.can_predict and texts:
        taken = takes_for_target(nlu, keys(pa.array(texts, type=pa.string())))
        positive = positive if taken is None else taken.tolist()
        ours, likeliest = nlu.predict(texts), nlu.likeliest_intents(texts, LIKELIEST)
        alternatives = nlu.alternative_slots(texts, ALTERNATIVES)
    predictions: list[TaskPrediction | None] = []
    for mine, said, intents, taggings, answer in zip(
        ours, positive, likeliest, alternatives, answers, strict=True
    ):
        other = ModelAnswer() if answer is None else answer
        predicted = mine if answer is None else answer.over(mine)
        if predicted is None:
            predictions.append(None)
            continue
        named = () if predicted.intent is None else ((predicted.intent, predicted.intent_probability),)
        others = taggings if other.slots is None else ()
        predictions.append(
            TaskPrediction(
                round=number,
                domain=domain_of_frame(nlu.target, predicted.intent, domain_of_intent),
                intent=predicted.intent,
                intent_probability=predicted.intent_probability,
                slots=predicted.slots,
                confidence=predicted.confidence,
                certainty=predicted.certainty,
                positive=said,
                likeliest=intents if other.intent_probability is None else named,
                alternatives=tuple((slots, chance) for slots, chance in others if chance >= LEAST),
            )
        )
    return predictions
