"""A second family of models, with another learner and other features, trained on what a strategy selected.

Selected data need not suit a successor of the model that selected them (Lowell, Lipton, Wallace 2019, "Practical
obstacles to deploying active learning"). Here the successor is a linear support vector machine over character
n-grams: one for the intents, one that tags each token by itself from its characters and those of its neighbours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from canvass.corpus.spans import OUTSIDE, bio_tags, slots_of, text_tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from canvass.corpus.spans import Token
    from canvass.evaluation import HeldOut
    from canvass.metrics import FrameErrors
    from canvass.types import Slot, Target, Utterance

SHORTEST, LONGEST = 2, 4  # n-grams of a token
NEIGHBOURS = (-2, -1, 0, 1, 2)
INTENT_NGRAMS = (2, 5)
# C of the machines: tried on AddToPlaylist and on the dev part of slurp alone.
INTENT_STRENGTH, TAG_STRENGTH = 1.0, 0.1


class Frame(NamedTuple):
    """A predicted intent and slots."""

    intent: str | None
    slots: tuple[Slot, ...]


class SuccessorModel:
    """Intents and slots of a target by support vector machines over character n-grams."""

    def __init__(self) -> None:
        self._intents: Any = None
        self._tags: Any = None
        self._columns: dict[str, int] = {}

    def fit(self, utterances: Sequence[Utterance]) -> Self:
        """Train on annotated utterances of the target; those without an intent, or slots, for the other one."""
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.pipeline import make_pipeline

        named = [(one.text, one.intent) for one in utterances if one.intent is not None]
        if named:
            texts, intents = zip(*named, strict=True)
            vectors = TfidfVectorizer(analyzer="char_wb", ngram_range=INTENT_NGRAMS, sublinear_tf=True)
            self._intents = _fitted(
                make_pipeline(vectors, _machine(INTENT_STRENGTH)), texts, np.array(intents)
            )
        annotated = [(one.text, one.slots) for one in utterances if one.slots is not None]
        tags = [tag for text, slots in annotated for tag in bio_tags(text, slots)]
        if tags:
            self._columns = {}
            matrix = self._matrix([(text, text_tokens(text)[1]) for text, _ in annotated], learn=True)
            self._tags = _fitted(_machine(TAG_STRENGTH), matrix, np.array(tags))
        return self

    def predict(self, texts: Sequence[str]) -> list[Frame]:
        """Predict intent and slots of texts; an I- tag without its B- begins a slot."""
        intents = [None] * len(texts) if self._intents is None else self._intents.predict(texts).tolist()
        cut = [(text, text_tokens(text)[1]) for text in texts]
        count = sum(len(spans) for _, spans in cut)
        tags = [OUTSIDE] * count
        if self._tags is not None and count:
            tags = self._tags.predict(self._matrix(cut, learn=False)).tolist()
        found = []
        first = 0
        for intent, (_, spans) in zip(intents, cut, strict=True):
            found.append(Frame(intent, slots_of(tags[first : first + len(spans)], spans)))
            first += len(spans)
        return found

    def _matrix(self, cut: Sequence[tuple[str, Sequence[Token]]], *, learn: bool) -> Any:
        """Make one row of n-grams a token, binary; those never seen in training are left out."""
        from scipy.sparse import csr_matrix

        known: dict[tuple[int, str], list[int]] = {}
        columns: list[int] = []
        starts = [0]
        for text, spans in cut:
            words = [text[span.start : span.end] for span in spans]
            for i in range(len(words)):
                for offset in NEIGHBOURS:
                    j = i + offset
                    place = offset, words[j] if 0 <= j < len(words) else ""
                    if place not in known:
                        known[place] = self._numbers(*place, learn=learn)
                    columns += known[place]
                starts.append(len(columns))
        shape = len(starts) - 1, max(1, len(self._columns))
        return csr_matrix((np.ones(len(columns)), np.array(columns, dtype=np.int32), np.array(starts)), shape)

    def _numbers(self, offset: int, word: str, *, learn: bool) -> list[int]:
        """Give a word at an offset the columns of its n-grams: lower-cased; of the token itself, as written, too."""
        names = {f"{offset}{gram}" for gram in _ngrams(word.lower())}
        if offset == 0:
            names |= {f"={gram}" for gram in _ngrams(word)}
        if not learn:
            return [self._columns[name] for name in sorted(names) if name in self._columns]
        return [self._columns.setdefault(name, len(self._columns)) for name in sorted(names)]


def _ngrams(word: str) -> list[str]:
    """List the character n-grams of a word with its rims marked, and the word as a whole.

    >>> _ngrams("to")
    ['<to>', '<t', 'to', 'o>', '<to', 'to>', '<to>']
    """
    marked = f"<{word}>"
    grams = [marked]
    for size in range(SHORTEST, LONGEST + 1):
        grams += [marked[i : i + size] for i in range(len(marked) - size + 1)]
    return grams


def _machine(strength: float) -> Any:
    from sklearn.svm import LinearSVC

    return LinearSVC(C=strength, random_state=0)


def _fitted(learner: Any, examples: Any, labels: Any) -> Any:
    """Train a learner; where all labels are equal, one that always gives that label."""
    from sklearn.dummy import DummyClassifier
    from threadpoolctl import threadpool_limits

    if len(set(labels.tolist())) == 1:
        return DummyClassifier(strategy="most_frequent").fit(np.zeros((len(labels), 1)), labels)
    with threadpool_limits(1):  # sums in one order
        return learner.fit(examples, labels)


def errors_of_successor(
    labelled: Sequence[Utterance], target: Target, held_out: HeldOut
) -> list[FrameErrors]:
    """Train a second family on the target's annotated utterances, and count its errors as those of the first."""
    family = SuccessorModel().fit([one for one in labelled if target.matches(one)])
    return held_out.count(family.predict(held_out.texts))
