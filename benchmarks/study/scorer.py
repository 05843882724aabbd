"""Does a scorer pay? Studies with and without one: a model over character n-grams, fitted once on what a start has.

    python -m benchmarks.study.scorer ../shared/data/snips intent:AddToPlaylist intent:BookRestaurant

The scorer is scikit-learn's logistic regression, for intents over n-grams of the text, and for BIO tags over those of a
token and its neighbours. Printed is the slot error rate of canvass's own models and of the family `svm`, a near
relative of the scorer, after 10 batches of 20 by `majority-joint` without and with it, and by `random-positive`.
"""

from __future__ import annotations

import argparse
import sys
import types
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.feature_extraction import FeatureHasher
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from canvass import Target, read_labelled
from canvass.corpus.spans import bio_tags, slots_of, text_tokens
from canvass.evaluation import HeldOut
from canvass.metrics import score
from canvass.models.scorer import Scorer
from canvass.simulation.runs import Run
from canvass.simulation.start import Corpus, Start, learn_words
from canvass.simulation.transfer import errors_of_family
from canvass.types import ModelAnswer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from canvass import Utterance

SCHEDULE = (20,) * 10
SHORTLIST = 300
MODULE = "benchmarks_scorer"
WAYS = {"majority-joint": False, "majority-joint with the scorer": True, "random-positive": False}


def features(text: str) -> Iterator[list[str]]:
    """List the n-grams of each token, and of those two before and behind it."""
    words = [text[token.start : token.end].lower() for token in text_tokens(text)]
    for place in range(len(words)):
        grams = []
        for offset in (-2, -1, 0, 1, 2):
            near = place + offset
            marked = f"<{words[near] if 0 <= near < len(words) else ''}>"
            grams.append(f"{offset}{marked}")
            grams += [
                f"{offset}{marked[start : start + size]}"
                for size in (2, 3, 4)
                for start in range(len(marked) - size + 1)
            ]
        yield grams


class Model:
    """Intents of all that is labelled, and tags of the target's utterances."""

    def __init__(self, labelled: Sequence[Utterance], target: Target) -> None:
        named = [utterance for utterance in labelled if utterance.intent]
        ours = [utterance for utterance in labelled if target.matches(utterance)]
        ngrams = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
        self._intents: Any = make_pipeline(ngrams, LogisticRegression(C=10, max_iter=300))
        self._intents.fit([row.text for row in named], [row.intent for row in named])
        self._hasher: Any = FeatureHasher(2**16, input_type="string", alternate_sign=False)
        rows = [row for utterance in ours for row in features(utterance.text)]
        tags = [tag for utterance in ours for tag in bio_tags(utterance.text, utterance.slots or ())]
        self._tags: Any = LogisticRegression(C=1, max_iter=100).fit(self._hasher.transform(rows), tags)

    def __call__(self, texts: Sequence[str]) -> list[ModelAnswer]:
        """Answer as a scorer does."""
        answers = []
        for text, chances in zip(texts, self._intents.predict_proba(texts), strict=True):
            rows = list(features(text))
            marginals = self._tags.predict_proba(self._hasher.transform(rows)) if rows else np.ones((0, 1))
            tags = self._tags.classes_[marginals.argmax(axis=1)].tolist()
            answers.append(
                ModelAnswer(
                    str(self._intents.classes_[chances.argmax()]),
                    float(chances.max()),
                    tuple(slots_of(tags, text_tokens(text))),
                    float(marginals.max(axis=1).prod()),
                )
            )
        return answers


def studies(description: str | None) -> Iterator[tuple[Corpus, Target, int, Start]]:
    """Read a corpus, targets and a number of seeds from the command line; yield the start of each target and seed."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus")
    parser.add_argument("targets", nargs="+", type=Target.parse)
    parser.add_argument("--seeds", type=int, default=2)
    options = parser.parse_args()
    corpus = Corpus.of(read_labelled([options.corpus]).utterances, test="fifth")
    for seed in range(options.seeds):
        for target in options.targets:
            start = corpus.start(target, seed=seed, positives=100, negatives=1500, pool_share=None)
            yield corpus, target, seed, start


def main() -> None:
    """Run the studies, and print a line for each."""
    module: Any = types.ModuleType(MODULE)
    sys.modules[MODULE] = module
    for corpus, target, seed, start in studies(__doc__):
        module.score = Model(start.labelled, target)
        asked = Scorer.of(f"{MODULE}:score", (*corpus.rest, *corpus.test), shortlist=SHORTLIST)
        words, held_out = learn_words(start), HeldOut.of(start.test, target)
        for way, with_scorer in WAYS.items():
            scorer = asked if with_scorer else None
            run = Run(start, target, way.split()[0], SCHEDULE, seed, words=words, scorer=scorer)
            *_, last = run.states()
            transferred = errors_of_family("svm", last.labelled, target, held_out, seed=seed)
            rates = [score(errors).slot_error_rate for errors in (last.errors, transferred)]
            print(f"{target}, start {seed}, {way}: {rates[0]:.1%} ours, {rates[1]:.1%} svm", flush=True)


if __name__ == "__main__":
    main()
