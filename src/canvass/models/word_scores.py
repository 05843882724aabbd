"""The words' vectors in the intent classifier: a key has the sum of its words' vectors beside its n-grams.

The sum is scaled as the n-grams are, by 1 / sqrt(their number), and by VECTOR_WEIGHT. A linear model has one weight for
each dimension, so that what a word adds is its vector times these weights: one row a word, made when a model is
trained, and vectors are not needed any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from canvass.compiled import compiled
from canvass.features.extraction import hash_column, word_hashes
from canvass.features.word_features import WordFeatures
from canvass.models.crf.attribute_table import AttributeTable, pack_attributes, row_of

VECTOR_WEIGHT = 2.0  # tried on the dev part of slurp


def mean_vectors(column: pa.Array, words: WordFeatures) -> Any:
    """Sum the vectors of each key's words, scaled: scipy CSR, float64 (N, D)."""
    from scipy.sparse import csr_matrix

    starts, hashes = word_hashes(column)
    known = hash_column(pa.array(words.words, pa.string()))
    order = np.argsort(known)
    rows = order[np.minimum(np.searchsorted(known, hashes, sorter=order), len(order) - 1)]
    values = np.where(
        known[rows] == hashes, np.repeat(VECTOR_WEIGHT * scales(np.diff(starts)), np.diff(starts)), 0.0
    )
    chosen = csr_matrix((values, rows, starts), (len(column), len(known)))
    return csr_matrix(chosen @ words.vectors.astype(np.float64))


def scales(words: NDArray[np.int64]) -> NDArray[np.float64]:
    """Give 1 / sqrt(n) for keys of so many words, int64 (N,), n the number of their n-grams."""
    scale: NDArray[np.float64] = 1.0 / np.sqrt(np.maximum(np.where(words > 1, 3 * words - 3, words), 1))
    return scale


@compiled
def add_word_scores(
    starts: NDArray[np.int64],
    hashes: NDArray[np.uint64],
    factors: NDArray[np.float64],
    known_slots: NDArray[np.int32],
    known: NDArray[np.uint64],
    weights: NDArray[np.float32],
    scores: NDArray[np.float64],
) -> None:
    """Add what the words of each key say to its scores, float64 (N, K).

    `starts` int64 (N + 1,) and `hashes` are those of `word_hashes`, `factors` float64 (N,) the `scales`; `weights`
    float32 (V, K) by row of the table of the `known` words.
    """
    total = np.empty(scores.shape[1])
    for key in range(len(scores)):
        total[:] = 0.0
        for word in range(starts[key], starts[key + 1]):
            row = row_of(known_slots, known, hashes[word])
            if row < len(weights):
                for k in range(len(total)):
                    total[k] += weights[row, k]
        for k in range(len(total)):
            scores[key, k] += total[k] * factors[key]


@dataclass(frozen=True)
class WordScores:
    """What each of V words adds to K intents: `hashes` uint64 (V,), `weights` float32 (V, K)."""

    hashes: NDArray[np.uint64]
    weights: NDArray[np.float32]

    @classmethod
    def of_vectors(cls, words: WordFeatures, weights: NDArray[np.float64]) -> Self:
        """Multiply the vectors of all words by the weights of their dimensions, float64 (D, K)."""
        by_word = VECTOR_WEIGHT * (words.vectors.astype(np.float64) @ weights)
        return cls(hash_column(pa.array(words.words, pa.string())), by_word.astype(np.float32))

    def check(self, intents: int) -> None:
        """Raise ValueError where they do not fit together, or not the number of intents."""
        if not (
            self.hashes.dtype == np.uint64
            and self.hashes.ndim == 1
            and self.weights.dtype == np.float32
            and self.weights.shape == (len(self.hashes), intents)
            and np.isfinite(self.weights).all()
        ):
            raise ValueError("the scores of words do not fit together")

    @cached_property
    def _table(self) -> AttributeTable:
        return pack_attributes(self.hashes)

    def add(self, column: pa.Array, scores: NDArray[np.float64]) -> None:
        """Add what the words of each key of a column say to its scores, float64 (N, K), in place."""
        starts, hashes = word_hashes(column)
        add_word_scores(starts, hashes, scales(np.diff(starts)), *self._table, self.weights, scores)
