"""The stop set: utterances of the pool, drawn once, on which successive models are compared.

A sixteenth part of a pool may be of the target, or less, so one half is drawn from what the first committee takes for
the target, and the other from the rest. Nothing of it is ever annotated on purpose.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from canvass.corpus.normalise import keys
from canvass.evaluation import takes_for_target
from canvass.statistics import cohens_kappa
from canvass.types import ELSEWHERE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from canvass.annotation.store.label_names import LabelNames
    from canvass.models.nlu import NLU

HALF = 500
STEP = 50  # answers between two models that are compared


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
    utterances, tokens = [], []
    for yes, predicted in zip(positive, nlu.predict(texts), strict=True):
        # An intent could be called like this; then the two would be taken for one, and agree a little more.
        utterances.append((predicted.intent or "") if yes else ELSEWHERE)
        for start, end, _ in predicted.certainty:
            slot = next((slot for slot in predicted.slots if slot.start <= start and end <= slot.end), None)
            tag = "O" if slot is None else f"{'B' if slot.start == start else 'I'}-{slot.label}"
            tokens.append(tag if yes else ELSEWHERE)
    return Decisions(tuple(utterances), tuple(tokens))


def agreement(some: Decisions, others: Decisions) -> float:
    """Give the smaller of two kappas, that of utterances and that of tokens; 1 where all is equal."""
    return min(_kappa(labels, other) for labels, other in zip(some, others, strict=True))


def _kappa(some: Sequence[str], others: Sequence[str]) -> float:
    if some == others:
        return 1.0
    # None only where both say one and the same of everything.
    return cohens_kappa(some, others) or 0.0


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
