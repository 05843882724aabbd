"""The intent classifier: a multinomial logistic regression over the target's intents.

With word features, a key has the sum of its words' vectors beside its n-grams. The sum is scaled as the n-grams are, by
1 / sqrt(their number), and by VECTOR_WEIGHT. A linear model has one weight for each dimension, so that what a word adds
is its vector times these weights: one row a word, made when a model is trained, and vectors are not needed any more.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from canvass.compiled import compiled
from canvass.errors import TrainingError
from canvass.features.extraction import (
    MemberTable,
    compact,
    feature_matrix,
    hash_column,
    score_column,
    word_hashes,
)
from canvass.features.word_features import WordFeatures
from canvass.models.crf.attribute_table import AttributeTable, pack_attributes, row_of
from canvass.models.logistic import train
from canvass.models.vectors import dot, exponentiate

MOST_BITS = 26
VECTOR_WEIGHT = 2.0  # tried on the dev part of slurp
TILE = 1024  # keys whose decisions are kept together
# Of training, for an example and an intent: of a processor (0.6e-6 to 1.1e-6), of memory (44 to 80).
SECONDS, BYTES = 0.7e-6, 50


class IntentEvidence(NamedTuple):
    """What each of N keys says of its intent, (N,) each.

    `intents` int32: the likeliest, an index of the classifier's names; float64: `log_probability`, log p_1 of it;
    `margin`, p_1 - p_2; `entropy` of all in nats; `log_first`, log p of the first that was asked for.
    """

    intents: NDArray[np.int32]
    log_probability: NDArray[np.float64]
    margin: NDArray[np.float64]
    entropy: NDArray[np.float64]
    log_first: NDArray[np.float64]


@compiled
def describe(
    decisions: NDArray[np.float64],
    skip: int,
    scratch: NDArray[np.float64],
    intents: NDArray[np.int32],
    log_probability: NDArray[np.float64],
    margin: NDArray[np.float64],
    entropy: NDArray[np.float64],
    log_first: NDArray[np.float64],
) -> None:
    """Write the `IntentEvidence` of decisions (N, K), of which the first `skip` do not count, and two at least do.

    Probabilities are the softmax of the rest of a row. `scratch` is (3, K - skip).
    """
    # Unpacked as `= scratch`, they would be no contiguous arrays, and the loops no vector instructions.
    gaps, shares, ones = scratch[0], scratch[1], scratch[2]
    ones[:] = 1.0
    for row in range(len(decisions)):
        first, second = -np.inf, -np.inf
        top = skip
        for k in range(skip, decisions.shape[1]):
            if decisions[row, k] > first:
                first, second = decisions[row, k], first
                top = k
            elif decisions[row, k] > second:
                second = decisions[row, k]
        for k in range(len(gaps)):
            gaps[k] = decisions[row, skip + k] - first
            shares[k] = gaps[k]
        exponentiate(shares)
        total = dot(shares, ones)
        log_total = math.log(total)
        intents[row] = top
        log_probability[row] = -log_total
        margin[row] = (1.0 - math.exp(second - first)) / total
        entropy[row] = log_total - dot(shares, gaps) / total
        log_first[row] = gaps[0] - log_total


class IntentClassifier:
    """Logistic regression over the hashed n-grams of the committee; 1 is the answer where there is one intent.

    With `words` the features are the mean of the words' vectors, too. In `dtype` float32 the weights of a trained one
    take half the memory and time; log p moves by some 1e-6.
    """

    def __init__(
        self,
        *,
        bits: int = 18,
        strength: float = 10.0,
        words: WordFeatures | None = None,
        dtype: type[np.floating[Any]] = np.float64,
    ) -> None:
        self._dtype = dtype
        self.bits = bits
        self.strength = strength
        self.words = words
        self.names: list[str] = []
        # Of each name, how many it was trained on.
        self.examples: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._columns: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._table: MemberTable | None = None
        self._word_scores: WordScores | None = None

    def fit(self, column: pa.Array, intents: Sequence[str]) -> Self:
        """Train on a column of keys and the intent of each; raises TrainingError where there is none."""
        if not intents:
            raise TrainingError("the intent classifier needs at least one utterance with an intent")
        self.names = sorted(set(intents))
        number_of = {name: number for number, name in enumerate(self.names)}
        numbers = np.array([number_of[name] for name in intents])
        self.examples = np.bincount(numbers).astype(np.int64)
        if len(self.names) == 1:  # nothing to learn
            self._pack(np.zeros(0, dtype=np.int64), None, np.zeros((0, 1)), np.zeros(1), None)
            return self
        matrix = feature_matrix(column, bits=self.bits)
        used = compact(matrix)
        ngrams = matrix.shape[1]
        if self.words is not None:
            from scipy.sparse import hstack

            matrix = hstack([matrix, mean_vectors(column, self.words)], format="csr")
        weights, rows, bias = train(matrix, numbers, len(self.names), self.strength)
        scores = None
        if self.words is not None:
            scores = WordScores.of_vectors(self.words, weights[rows[ngrams:]])
        self._pack(used, rows[: len(used)], weights, bias, scores)
        return self

    def _pack(
        self,
        columns: NDArray[np.int64],
        rows: NDArray[np.int32] | None,
        weights: NDArray[Any],
        bias: NDArray[np.float64],
        word_scores: WordScores | None,
    ) -> None:
        """Keep the weights in the form in which a pool is scored; `rows` is that of `MemberTable.of_rows`."""
        self._columns = columns
        self._word_scores = word_scores
        kept = weights if weights.dtype == np.float32 else weights.astype(self._dtype, copy=False)
        self._table = MemberTable(columns, kept, bias, bits=self.bits, rows=rows)

    def predict(self, column: pa.Array, *, skip: int = 0) -> IntentEvidence:
        """Say what each key of a column tells of its intent, given that it is none of the first `skip` of `names`."""
        self._trained_table()
        count = len(column)
        found = IntentEvidence(np.full(count, skip, dtype=np.int32), *np.zeros((4, count)))
        found.margin[:] = 1.0
        if len(self.names) > skip + 1:
            scratch = np.empty((3, len(self.names) - skip))
            for begin in range(0, count, TILE):
                tile = slice(begin, begin + TILE)
                of_tile: Any = (values[tile] for values in found)
                describe(self.decisions(column[tile]), skip, scratch, *of_tile)
        return found

    def log_first_of_unknown(self) -> float:
        """Give log p of the first of `names` for a text of which no n-gram is known."""
        found = IntentEvidence(np.zeros(1, dtype=np.int32), *np.zeros((4, 1)))
        describe(self._trained_table().bias[None], 0, np.empty((3, len(self.names))), *found)
        return float(found.log_first[0])

    def rank(
        self, column: pa.Array, count: int, *, skip: int = 0
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Find the `count` likeliest intents of each key, given that they are none of the first `skip` of `names`.

        Returns
        -------
        Indices of `names`, int64 (N, C), the likeliest first, and their probabilities, float64 (N, C); C is `count`, or
        the number of intents where there are fewer. Of equal ones the first by name comes first, as in `predict`.

        """
        decisions = self.decisions(column)[:, skip : len(self.names)]
        order = np.argsort(-decisions, axis=1, kind="stable")[:, :count]
        chances = np.exp(decisions - decisions.max(axis=1, initial=-np.inf, keepdims=True))
        chances /= chances.sum(axis=1, keepdims=True)
        return order + skip, np.take_along_axis(chances, order, axis=1)

    def log_probabilities(self, column: pa.Array) -> NDArray[np.float64]:
        """Compute log p of each of `names` for each key of a column: float64 (N, K)."""
        decisions = self.decisions(column)
        return np.asarray(decisions - np.logaddexp.reduce(decisions, axis=1, keepdims=True))

    def _trained_table(self) -> MemberTable:
        if self._table is None:
            raise TrainingError("the intent classifier is not trained; call fit first")
        return self._table

    def decisions(self, column: pa.Array) -> NDArray[np.float64]:
        """Score each of `names` for each key of a column, float64 (N, K): logits."""
        decisions = score_column(column, self._trained_table()).scores
        if self._word_scores is not None:
            self._word_scores.add(column, decisions)
        return decisions

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Give the trained weights for a file; `intent_rows` names the row of each column where some share one."""
        table = self._trained_table()
        rows, row_of = np.unique(table.index[self._columns], return_inverse=True)
        shared = len(rows) < len(self._columns)
        arrays: dict[str, NDArray[Any]] = {
            "intent_columns": self._columns,
            "intent_weights": table.rows[rows if shared else table.index[self._columns], : len(self.names)],
            "intent_bias": table.bias,
            "intent_examples": self.examples,
        }
        if shared:
            arrays["intent_rows"] = row_of.astype(np.int32)
        if self._word_scores is not None:
            arrays |= {
                "intent_word_hashes": self._word_scores.hashes,
                "intent_word_weights": self._word_scores.weights,
            }
        return arrays

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]], names: list[str], *, bits: int) -> Self:
        """Take the weights of `to_arrays`; raises ValueError where they do not fit together."""
        columns, weights, bias, examples = (
            arrays[f"intent_{name}"] for name in ("columns", "weights", "bias", "examples")
        )
        rows = arrays.get("intent_rows", np.arange(len(columns), dtype=np.int32))
        if not (
            names
            and all(isinstance(name, str) for name in names)
            and names == sorted(set(names))
            and 1 <= bits <= MOST_BITS
            and columns.ndim == 1
            and rows.shape == columns.shape
            and rows.dtype == np.int32
            and np.array_equal(np.unique(rows), np.arange(len(weights)))
            and weights.shape[1:] == (len(names),)
            and bias.shape == examples.shape == (len(names),)
            and examples.dtype == np.int64
            and examples.min() >= 1
            and weights.dtype in (np.float32, np.float64)
            and bias.dtype == np.float64
            and columns.dtype == np.int64
            and (len(columns) == 0 or (columns.min() >= 0 and columns.max() < 1 << bits))
            and np.isfinite(weights).all()
            and np.isfinite(bias).all()
        ):
            raise ValueError("the intent classifier's arrays do not fit together")
        scores = None
        if "intent_word_hashes" in arrays:
            scores = WordScores(arrays["intent_word_hashes"], arrays["intent_word_weights"])
            scores.check(len(names))
        classifier = cls(bits=bits)
        classifier.names = names
        classifier.examples = examples
        classifier._pack(columns, rows, weights, bias, scores)
        return classifier


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
