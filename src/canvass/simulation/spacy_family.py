"""The family `spacy`: a blank English pipeline of `ner` and `textcat`, trained from scratch.

Nothing is downloaded: the pipeline has no pretrained vectors. Its settings are spaCy's own but for those named here.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, Self

from canvass.errors import ExtraMissingError
from canvass.evaluation import PredictedFrame
from canvass.types import Slot

if TYPE_CHECKING:
    from collections.abc import Sequence

    from canvass.types import Utterance

EPOCHS = 10
BATCH = 16  # utterances
DROPOUT = 0.1


def load_spacy() -> Any:
    """Import spaCy; raises ExtraMissingError where it is not installed."""
    try:
        import spacy
        import spacy.training
        import spacy.util
    except ImportError:
        raise ExtraMissingError("the family spacy needs spaCy", "spacy") from None
    return spacy


class SpacyFamily:
    """Predicts slots by spaCy's `ner` and intents by its `textcat`, which have nothing in common.

    Slots whose borders are inside a token of spaCy's are widened to that token for training; of two that then share a
    token, the first is kept. Utterances without slots (None) train `textcat` alone, those without an intent `ner`
    alone. A single intent is predicted without training.
    """

    def __init__(self, *, seed: int) -> None:
        self._seed = seed
        self._pipeline: Any = None
        self._only_intent: str | None = None

    def fit(self, utterances: Sequence[Utterance]) -> Self:
        """Train for `EPOCHS` epochs on one thread.

        The global generators of Python and numpy, which spaCy draws its first weights and its dropout from, are seeded.
        """
        from threadpoolctl import threadpool_limits

        spacy = load_spacy()
        intents = sorted({utterance.intent for utterance in utterances if utterance.intent is not None})
        with threadpool_limits(1):  # sums in one order
            spacy.util.fix_random_seed(self._seed)
            pipeline = spacy.blank("en")
            if any(utterance.slots for utterance in utterances):
                pipeline.add_pipe("ner")
            if len(intents) > 1:
                pipeline.add_pipe("textcat")
            self._only_intent = intents[0] if len(intents) == 1 else None
            self._pipeline = pipeline
            if not pipeline.pipe_names:
                return self
            examples = [
                spacy.training.Example.from_dict(*_annotated(pipeline, utterance, intents))
                for utterance in utterances
            ]
            optimizer = pipeline.initialize(lambda: examples)
            order = random.Random(self._seed)  # noqa: S311 - no secret
            for _ in range(EPOCHS):
                order.shuffle(examples)
                for first in range(0, len(examples), BATCH):
                    pipeline.update(examples[first : first + BATCH], sgd=optimizer, drop=DROPOUT)
        return self

    def predict(self, texts: Sequence[str]) -> list[PredictedFrame]:
        """Predict the likeliest intent, and the slots, of each text."""
        from threadpoolctl import threadpool_limits

        with threadpool_limits(1):
            return [self._frame(self._pipeline(text)) for text in texts]

    def _frame(self, document: Any) -> PredictedFrame:
        intent = max(document.cats, key=lambda name: (document.cats[name], name)) if document.cats else None
        slots = tuple(Slot(span.start_char, span.end_char, span.label_) for span in document.ents)
        return PredictedFrame(intent or self._only_intent, slots)


def _annotated(pipeline: Any, utterance: Utterance, intents: Sequence[str]) -> tuple[Any, dict[str, Any]]:
    """Tokenise an utterance, with the annotations of spaCy's that it has."""
    document = pipeline.make_doc(utterance.text)
    annotations: dict[str, Any] = {}
    if utterance.slots is not None:
        entities = []
        end = 0
        for slot in sorted(utterance.slots):
            span = document.char_span(slot.start, slot.end, alignment_mode="expand")
            if span is not None and span.start_char >= end:
                entities.append((span.start_char, span.end_char, slot.label))
                end = span.end_char
        annotations["entities"] = entities
    if utterance.intent is not None:
        annotations["cats"] = {name: float(name == utterance.intent) for name in intents}
    return document, annotations
