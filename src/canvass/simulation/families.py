"""The families of models that measure transfer: `svm` and `spacy`.

`svm` is linear support vector machines over character n-grams. One predicts the intent; the other tags each token
independently, from its characters and those of its neighbours.

`spacy` is a blank English pipeline of `ner` and `textcat`, trained from scratch. Nothing is downloaded: the pipeline
has no pretrained vectors. Its settings are spaCy's own but for those named here.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from canvass.corpus.spans import OUTSIDE, Token, bio_tags, slots_of, text_tokens
from canvass.errors import needing
from canvass.evaluation import PredictedFrame
from canvass.types import Slot, Utterance

SHORTEST, LONGEST = 2, 4  # n-grams of a token
NEIGHBOURS = (-2, -1, 0, 1, 2)
INTENT_NGRAMS = (2, 5)
# Inverse regularisation strength of the machines, tuned on AddToPlaylist and on the dev part of slurp alone.
INTENT_C, TAG_C = 1.0, 0.1
# Of spaCy.
EPOCHS = 10
BATCH = 16  # utterances
DROPOUT = 0.1


class SVMFamily:
    """Predicts intents and slots of a target by linear support vector machines over character n-grams.

    >>> from canvass.types import Slot, Utterance
    >>> play = Utterance("play river", intent="PlayMusic", slots=(Slot(5, 10, "song"),))
    >>> stop = Utterance("stop it", intent="StopMusic", slots=())
    >>> [frame.intent for frame in SVMFamily().fit([play, stop] * 3).predict(["play lake", "stop now"])]
    ['PlayMusic', 'StopMusic']
    """

    def __init__(self, *, seed: int = 0) -> None:
        del seed  # the optimum does not depend on one
        self._intents: Any = None
        self._tags: Any = None
        self._columns: dict[str, int] = {}

    def fit(self, utterances: Sequence[Utterance]) -> Self:
        """Train on annotated utterances of the target; one without an intent trains only the tags, and vice versa."""
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.pipeline import make_pipeline

        named = [
            (utterance.text, utterance.intent) for utterance in utterances if utterance.intent is not None
        ]
        if named:
            texts, intents = zip(*named, strict=True)
            vectors = TfidfVectorizer(analyzer="char_wb", ngram_range=INTENT_NGRAMS, sublinear_tf=True)
            self._intents = _fit(make_pipeline(vectors, _linear_svm(INTENT_C)), texts, np.array(intents))
        annotated = [
            (utterance.text, utterance.slots) for utterance in utterances if utterance.slots is not None
        ]
        tags = [tag for text, slots in annotated for tag in bio_tags(text, slots)]
        if tags:
            self._columns = {}
            matrix = self._matrix([(text, text_tokens(text)) for text, _ in annotated], learn=True)
            self._tags = _fit(_linear_svm(TAG_C), matrix, np.array(tags))
        return self

    def predict(self, texts: Sequence[str]) -> list[PredictedFrame]:
        """Predict the intent and slots of each text; an I- tag without its B- begins a slot."""
        intents = [None] * len(texts) if self._intents is None else self._intents.predict(texts).tolist()
        tokenised = [(text, text_tokens(text)) for text in texts]
        count = sum(len(spans) for _, spans in tokenised)
        tags = [OUTSIDE] * count
        if self._tags is not None and count:
            tags = self._tags.predict(self._matrix(tokenised, learn=False)).tolist()
        frames = []
        first = 0
        for intent, (_, spans) in zip(intents, tokenised, strict=True):
            frames.append(PredictedFrame(intent, slots_of(tags[first : first + len(spans)], spans)))
            first += len(spans)
        return frames

    def _matrix(self, tokenised: Sequence[tuple[str, Sequence[Token]]], *, learn: bool) -> Any:
        """Build the sparse binary matrix (tokens, n-grams); n-grams unseen in training are left out."""
        from scipy.sparse import csr_matrix

        known: dict[tuple[int, str], list[int]] = {}
        columns: list[int] = []
        starts = [0]
        for text, spans in tokenised:
            words = [text[span.start : span.end] for span in spans]
            for i in range(len(words)):
                for offset in NEIGHBOURS:
                    j = i + offset
                    key = offset, words[j] if 0 <= j < len(words) else ""
                    if key not in known:
                        known[key] = self._column_numbers(*key, learn=learn)
                    columns += known[key]
                starts.append(len(columns))
        shape = len(starts) - 1, max(1, len(self._columns))
        return csr_matrix((np.ones(len(columns)), np.array(columns, dtype=np.int32), np.array(starts)), shape)

    def _column_numbers(self, offset: int, word: str, *, learn: bool) -> list[int]:
        """Look up the columns of a word's lower-cased n-grams at an offset; at 0, of its n-grams as written, too."""
        names = {f"{offset}{gram}" for gram in _ngrams(word.lower())}
        if offset == 0:
            names |= {f"={gram}" for gram in _ngrams(word)}
        if not learn:
            return [self._columns[name] for name in sorted(names) if name in self._columns]
        return [self._columns.setdefault(name, len(self._columns)) for name in sorted(names)]


def _ngrams(word: str) -> list[str]:
    """List the character n-grams of a word with its borders marked, and the word as a whole.

    >>> _ngrams("to")
    ['<to>', '<t', 'to', 'o>', '<to', 'to>', '<to>']
    """
    marked = f"<{word}>"
    grams = [marked]
    for size in range(SHORTEST, LONGEST + 1):
        grams += [marked[i : i + size] for i in range(len(marked) - size + 1)]
    return grams


def _linear_svm(strength: float) -> Any:
    from sklearn.svm import LinearSVC

    return LinearSVC(C=strength, random_state=0)


def _fit(learner: Any, examples: Any, labels: Any) -> Any:
    """Train a learner; if all labels are equal, return a classifier that always predicts that label."""
    from sklearn.dummy import DummyClassifier
    from threadpoolctl import threadpool_limits

    if len(set(labels.tolist())) == 1:
        return DummyClassifier(strategy="most_frequent").fit(np.zeros((len(labels), 1)), labels)
    with threadpool_limits(1):  # sums in one order
        return learner.fit(examples, labels)


def load_spacy() -> Any:
    """Import spaCy; raises ExtraMissingError where it is not installed."""
    with needing("the family spacy needs spaCy", "spacy"):
        import spacy
        import spacy.training
        import spacy.util
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
