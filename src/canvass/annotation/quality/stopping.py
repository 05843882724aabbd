"""Whether to go on: stabilising predictions (Bloodgood, Vijay-Shanker 2009), in plain words.

"A Method for Stopping Active Learning Based on Stabilizing Predictions and the Need for User-Adjustable Stopping"
(CoNLL 2009): stop when the predictions of successive models on a fixed stop set, which needs no labels, agree with a
mean kappa of at least 0.99 over the last three comparisons. Models after every few answers would nearly always agree,
so those are compared that lie `STEP` answers apart.

The stop set is drawn from the pool once. A sixteenth part of a pool may be of the target, or less, so one half is drawn
from what the first committee takes for the target, and the other from the rest. Nothing of it is annotated on purpose.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

from canvass.annotation.quality.estimate import Estimate
from canvass.annotation.store.label_names import LabelNames
from canvass.annotation.store.records import Round
from canvass.corpus.normalise import keys
from canvass.corpus.spans import bio_tags
from canvass.evaluation import takes_for_target
from canvass.models.nlu import NLU
from canvass.statistics import cohens_kappa
from canvass.types import ELSEWHERE

HALF = 500
STEP = 50  # answers between two models that are compared
RULE = "stabilising predictions (Bloodgood and Vijay-Shanker 2009)"
COMPARISONS = 3
THRESHOLD = 0.99


class Decisions(NamedTuple):
    """What models decide of the stop set: an utterance's intent or `ELSEWHERE`, and the tag of each token."""

    utterances: tuple[str, ...]
    tokens: tuple[str, ...]


def decide(nlu: NLU, texts: Sequence[str]) -> Decisions:
    """Let models decide of texts; raises TrainingError where they can predict nothing."""
    import pyarrow as pa

    if not texts:
        return Decisions((), ())
    taken = takes_for_target(nlu, keys(pa.array(texts, type=pa.string())))
    positive = [True] * len(texts) if taken is None else taken.tolist()
    utterances: list[str] = []
    tokens: list[str] = []
    for text, yes, predicted in zip(texts, positive, nlu.predict(texts), strict=True):
        # An intent could be called like this; then the two would be taken for one, and agree a little more.
        utterances.append((predicted.intent or "") if yes else ELSEWHERE)
        tags = bio_tags(text, predicted.slots) if predicted.certainty else []
        tokens += tags if yes else [ELSEWHERE] * len(tags)
    return Decisions(tuple(utterances), tuple(tokens))


def agreement(some: Decisions, others: Decisions) -> float:
    """Give the smaller of two kappas, that of utterances and that of tokens; 1 where all is equal."""
    return min(
        # No kappa only where both say one and the same of everything.
        1.0 if labels == other else cohens_kappa(labels, other) or 0.0
        for labels, other in zip(some, others, strict=True)
    )


class Reference(NamedTuple):
    """The decisions that the next ones are compared with, and after how many answers they were made."""

    answers: int
    decisions: Decisions

    def to_text(self) -> str:
        """Write it for the store."""
        words = sorted({*self.decisions.utterances, *self.decisions.tokens})
        number_of = {word: number for number, word in enumerate(words)}
        numbers = [[number_of[word] for word in some] for some in self.decisions]
        return json.dumps([self.answers, words, *numbers], separators=(",", ":"), ensure_ascii=False)

    @classmethod
    def from_text(cls, text: str, names: LabelNames) -> Reference:
        """Read what `to_text` wrote, under the names that labels have today."""
        answers, words, *numbers = json.loads(text)
        utterances, tokens = (tuple(words[number] for number in some) for some in numbers)
        return cls(
            answers,
            Decisions(tuple(names.intent(name) or "" for name in utterances), tuple(map(names.tag, tokens))),
        )


class Suggestion(NamedTuple):
    """Whether to go on, in words; the rule it is from, and the mean kappa that it looked at (None: too early)."""

    words: str
    rule: str
    value: float | None


def suggestion(rounds: Sequence[Round], estimate: Estimate | None) -> Suggestion:
    """Suggest whether to go on, from the rounds in their order; `estimate` is mentioned where there is one."""
    kappas = [entry.agreement for entry in rounds if entry.agreement is not None]
    aside = "" if estimate is None else f"; {estimate.words}"
    if len(kappas) < COMPARISONS:
        return Suggestion(
            f"go on: {len(kappas)} of {COMPARISONS} comparisons of models are there; one is made every {STEP} answers, "
            f"so that about {STEP * (COMPARISONS - len(kappas)) + STEP * (not rounds)} more tell{aside}",
            RULE,
            None,
        )
    mean = sum(kappas[-COMPARISONS:]) / COMPARISONS
    verdict = (
        "you may stop: the last answers hardly" if mean >= THRESHOLD else "go on: the last answers still"
    )
    return Suggestion(
        f"{verdict} changed what the models say (mean kappa {mean:.3f} over the last {COMPARISONS} comparisons; the "
        f"rule asks for {THRESHOLD}){aside}",
        RULE,
        mean,
    )
