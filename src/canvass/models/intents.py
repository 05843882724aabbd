"""The intent classifier: a multinomial logistic regression over the target's intents."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from canvass.compiled import compiled, inlined
from canvass.errors import TrainingError
from canvass.features.extraction import MemberTable, compact, feature_matrix, score_column
from canvass.features.word_features import WordFeatures
from canvass.models.linear import shuffle
from canvass.models.vectors import exponentiate
from canvass.models.word_scores import WordScores, mean_vectors

if TYPE_CHECKING:
    import pyarrow as pa

MOST_BITS = 26
TRIALS = 20  # Newton steps for one example
ENOUGH = 1e-2  # of the error of an example, after them
SHORT = 1e-3  # a step that is not cut
EPOCHS = 1000
NEAR = 0.1  # mean change of an example's dual variables below which the constants' penalty moves
COARSE, FINE = 3e-3, 1e-11  # and below which training ends
LARGE = 3e6  # weights of examples' features, over all intents
MANY = 32  # intents from which on exponentials are taken together
SECONDS, BYTES = (
    2e-6,
    24,
)  # of training, for an example and an intent: of a processor (0.8e-6 to 3.5e-6), of memory
ROWS = 2048  # examples that are gone through by one call


class LikeliestIntents(NamedTuple):
    """For each key: `intents` int32 (N,), an index of the classifier's names; `log_probability` float64 (N,)."""

    intents: NDArray[np.int32]
    log_probability: NDArray[np.float64]


class IntentUncertainty(NamedTuple):
    """For each key, float64 (N,): log p_1 of the likeliest intent, p_1 - p_2, and the entropy of all in nats."""

    log_probability: NDArray[np.float64]
    margin: NDArray[np.float64]
    entropy: NDArray[np.float64]


@compiled
def likeliest(
    decisions: NDArray[np.float64], best: NDArray[np.int32], log_probability: NDArray[np.float64]
) -> None:
    """Write the largest of each row of decisions (N, K), and the log of its softmax.

    A scalar loop, since the last bit of numpy's exp may depend on the place in the array.
    """
    for row in range(len(decisions)):
        top = 0
        for k in range(1, decisions.shape[1]):
            if decisions[row, k] > decisions[row, top]:
                top = k
        total = 0.0
        for k in range(decisions.shape[1]):
            total += math.exp(decisions[row, k] - decisions[row, top])
        best[row] = top
        log_probability[row] = -math.log(total)


@compiled
def describe(
    decisions: NDArray[np.float64],
    log_probability: NDArray[np.float64],
    margin: NDArray[np.float64],
    entropy: NDArray[np.float64],
) -> None:
    """Write what each row of decisions (N, K), K at least two, says of itself: log p_1, p_1 - p_2, and the entropy.

    The probabilities are the softmax of the row, the largest p_1, the next p_2. A scalar loop, as in `likeliest`.
    """
    for row in range(len(decisions)):
        first, second = -np.inf, -np.inf
        for k in range(decisions.shape[1]):
            if decisions[row, k] > first:
                first, second = decisions[row, k], first
            elif decisions[row, k] > second:
                second = decisions[row, k]
        total, weighted = 0.0, 0.0
        for k in range(decisions.shape[1]):
            share = math.exp(decisions[row, k] - first)
            total += share
            weighted += share * (decisions[row, k] - first)
        log_probability[row] = -math.log(total)
        margin[row] = (1.0 - math.exp(second - first)) / total
        entropy[row] = math.log(total) - weighted / total


@inlined
def softmax(
    scores: NDArray[np.float64],
    q: float,
    change: NDArray[np.float64],
    chances: NDArray[np.float64],
    scratch: NDArray[np.float64],
) -> None:
    """Write softmax(scores + q change) to `chances`; all float64 (K,)."""
    top, total = -np.inf, 0.0
    for k in range(len(scores)):
        top = max(top, scores[k] + q * change[k])
    for k in range(len(scores)):
        chances[k] = scores[k] + q * change[k] - top
    if len(scores) < MANY:
        for k in range(len(scores)):
            chances[k] = math.exp(chances[k])
    else:
        exponentiate(chances, scratch)
    for k in range(len(scores)):
        total += chances[k]
    for k in range(len(scores)):
        chances[k] /= total


@compiled
def solve(
    scores: NDArray[np.float64],
    gold: int,
    dual: NDArray[np.float64],
    q: float,
    chances: NDArray[np.float64],
    change: NDArray[np.float64],
    step: NDArray[np.float64],
) -> float:
    """Write softmax(z + q a) to `chances`, float64 (K,), where a = gold - chances; returns how far `dual` is from a.

    `scores` are z + q dual, with `dual` float64 (K,); `change` and `step`, float64 (K,), are scratch. Newton's method,
    whose matrix I + q (diag(p) - p p') is inverted by the formula of Sherman and Morrison. A step that changes
    differences of scores by w is cut to log(1 + w) / w of it, with which the function falls (Bach, "Self-concordant
    analysis for logistic regression", 2010).
    """
    first = 0.0
    for k in range(len(scores)):
        change[k] = 0.0
    for trial in range(TRIALS):
        softmax(scores, q, change, chances, step)
        size, along, across = 0.0, 0.0, 0.0
        for k in range(len(scores)):
            step[k] = (1.0 if k == gold else 0.0) - chances[k] - dual[k] - change[k]
            size += abs(step[k])
            along += step[k] * chances[k] / (1.0 + q * chances[k])
            across += chances[k] * chances[k] / (1.0 + q * chances[k])
        if trial == 0:
            first = size
        elif size <= ENOUGH * first:
            break
        lift = q * along / (1.0 - q * across)
        lowest, highest = 0.0, 0.0
        for k in range(len(scores)):
            step[k] = (step[k] + lift * chances[k]) / (1.0 + q * chances[k])
            lowest, highest = min(lowest, step[k]), max(highest, step[k])
        width = q * (highest - lowest)
        cut = math.log(1.0 + width) / width if width > SHORT else 1.0
        for k in range(len(scores)):
            change[k] += cut * step[k]
    return first


@compiled
def ascend(
    values: NDArray[np.float64],
    columns: NDArray[np.int32],
    starts: NDArray[np.int32],
    alone: NDArray[np.float64],
    intents: NDArray[np.int64],
    order: NDArray[np.int32],
    strength: float,
    weights: NDArray[np.float64],
    bias: NDArray[np.float64],
    dual: NDArray[np.float64],
    scratch: NDArray[np.float64],
) -> float:
    """Solve for the dual variables of each example of `order`, int32, in turn; returns how far they were off, in all.

    Updates `dual` float64 (N, K), and with it `weights` (columns that examples share, K) = C sum_n dual_n x_n, and
    `bias`. `alone`, float64 (N,), is the squared length of the features that no other example has; `scratch` is float64
    (4, K). See `train`.
    """
    scores, chances, change, step = scratch[0], scratch[1], scratch[2], scratch[3]
    moved = 0.0
    for row in order:
        variables, gold = dual[row], intents[row]
        own = strength * alone[row]
        q = strength + own
        for k in range(len(bias)):
            scores[k] = bias[k] + own * variables[k]
        for at in range(starts[row], starts[row + 1]):
            value, of_column = values[at], weights[columns[at]]
            q += strength * value * value
            for k in range(len(bias)):
                scores[k] += value * of_column[k]
        moved += solve(scores, gold, variables, q, chances, change, step)
        for k in range(len(bias)):
            share = (1.0 if k == gold else 0.0) - chances[k] - variables[k]
            variables[k] += share
            change[k] = strength * share
            bias[k] += change[k]
        for at in range(starts[row], starts[row + 1]):
            value, of_column = values[at], weights[columns[at]]
            for k in range(len(bias)):
                of_column[k] += value * change[k]
    return moved


class Trained(NamedTuple):
    """Weights of F features and K intents: those of feature f are weights[rows[f]].

    `weights` (G, K), float32 or float64; `rows` int32 (F,), in which features that occur with the same value in one
    example alone share theirs; `bias` float64 (K,).
    """

    weights: NDArray[Any]
    rows: NDArray[np.int32]
    bias: NDArray[np.float64]


def train(matrix: Any, intents: NDArray[np.int64], count: int, strength: float) -> Trained:
    """Minimise strength * (sum of log losses) + |weights|^2 / 2, as scikit-learn's LogisticRegression does.

    The minimum has weights = C sum_n a_n x_n with a_n = gold_n - softmax(scores of n). Coordinate ascent in the dual
    (Yu, Huang, Lin, "Dual coordinate descent methods for logistic regression and maximum entropy models", 2011) goes
    through the examples and solves for one a_n at a time, so that the memory is that of weights and a, and a step costs
    K for each feature of an example. The constants are not penalised, which asks that the a_n add up to zero:
    they are features with the value 1, whose penalty is taken from where they were last (Rockafellar's proximal point
    method).

    Small problems are solved to the last digits; from LARGE on, COARSE is enough, weights are rounded to float32, and
    features that one example has alone need no weights until the end.

    Parameters
    ----------
    matrix
        Features, scipy CSR, float64 (N, F).
    intents
        Of each row, int64 (N,), in 0..count - 1.
    count
        K, at least two. Of two, the weights are opposites, with half the penalty each.
    strength
        C, the inverse of the penalty.

    """
    rows, features = matrix.shape
    if count == 2:  # noqa: PLR2004 - scikit-learn has one vector of weights then, of twice the length
        strength /= 2.0
    large = matrix.nnz * count > LARGE
    enough, kind = (COARSE, np.float32) if large else (FINE, np.float64)
    is_alone = (np.bincount(matrix.indices, minlength=features) == 1) & large
    shared = matrix[:, np.flatnonzero(~is_alone)]
    entries = matrix[:, np.flatnonzero(is_alone)].tocoo()
    alone = np.bincount(entries.row, entries.data**2, minlength=rows).astype(np.float64)
    weights, bias = np.zeros((shared.shape[1], count)), np.zeros(count)
    dual, scratch = np.zeros((rows, count)), np.zeros((4, count))
    order = np.arange(rows, dtype=np.int32)
    columns, starts = shared.indices.astype(np.int32), shared.indptr.astype(np.int32)
    for epoch in range(EPOCHS):
        shuffle(order, 1 + epoch)
        moved = 0.0
        for first in range(0, rows, ROWS):  # so that a signal is never far away
            part = order[first : first + ROWS]
            moved += ascend(
                shared.data, columns, starts, alone, intents, part, strength, weights, bias, dual, scratch
            )
        if moved <= NEAR * rows:
            bias += strength * dual.sum(axis=0)
        if moved <= enough * rows:
            break
    owners, place = np.unique(
        np.stack([entries.row, entries.data.view(np.int64)], axis=1), axis=0, return_inverse=True
    )
    row_of = np.empty(features, dtype=np.int32)
    row_of[~is_alone] = np.arange(len(weights))
    row_of[np.flatnonzero(is_alone)[entries.col]] = len(weights) + place.ravel()
    found = np.empty((len(weights) + len(owners), count), dtype=kind)
    found[: len(weights)] = weights
    found[len(weights) :] = dual[owners[:, 0]] * (strength * owners[:, 1].view(np.float64))[:, np.newaxis]
    return Trained(found, row_of, bias)


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
        self._columns: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._table: MemberTable | None = None
        self._word_scores: WordScores | None = None

    def fit(self, column: pa.Array, intents: Sequence[str]) -> Self:
        """Train on a column of keys and the intent of each; raises TrainingError where there is none."""
        if not intents:
            raise TrainingError("the intent classifier needs at least one utterance with an intent")
        self.names = sorted(set(intents))
        if len(self.names) == 1:  # nothing to learn
            self._pack(np.zeros(0, dtype=np.int64), None, np.zeros((0, 1)), np.zeros(1), None)
            return self
        matrix = feature_matrix(column, bits=self.bits)
        used = compact(matrix)
        ngrams = matrix.shape[1]
        if self.words is not None:
            from scipy.sparse import hstack

            matrix = hstack([matrix, mean_vectors(column, self.words)], format="csr")
        number_of = {name: number for number, name in enumerate(self.names)}
        numbers = np.array([number_of[name] for name in intents])
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
        self._table = MemberTable.of_rows(columns, kept, bias, bits=self.bits, rows=rows)

    def predict(self, column: pa.Array, *, skip: int = 0) -> LikeliestIntents:
        """Find the likeliest intent of each key of a column, given that it is none of the first `skip` of `names`."""
        self._trained_table()
        found = LikeliestIntents(np.full(len(column), skip, dtype=np.int32), np.zeros(len(column)))
        if len(self.names) > skip + 1:
            likeliest(np.ascontiguousarray(self.decisions(column)[:, skip:]), *found)
            found.intents[:] += skip
        return found

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

    def uncertainty(self, column: pa.Array) -> IntentUncertainty:
        """Tell how sure the classifier is of each key of a column."""
        self._trained_table()
        count = len(column)
        found = IntentUncertainty(np.zeros(count), np.ones(count), np.zeros(count))
        if len(self.names) > 1:
            describe(self.decisions(column), *found)
        return found

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

    def evidence_for_first(self, column: pa.Array) -> tuple[LikeliestIntents, NDArray[np.float64], float]:
        """Find the likeliest intent of each key of a column, and how likely the first of `names` is.

        Returns
        -------
        The likeliest; log p of the first, float64 (N,); and the same for a text of which no n-gram is known.

        """
        table = self._trained_table()
        decisions = np.vstack([self.decisions(column), table.bias])
        found = LikeliestIntents(np.zeros(len(decisions), dtype=np.int32), np.zeros(len(decisions)))
        likeliest(decisions, *found)
        best = decisions[np.arange(len(decisions)), found.intents]
        log_first = decisions[:, 0] - best + found.log_probability
        return (
            LikeliestIntents(found.intents[:-1], found.log_probability[:-1]),
            log_first[:-1],
            float(log_first[-1]),
        )

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Give the trained weights for a file; `intent_rows` names the row of each column where some share one."""
        table = self._trained_table()
        rows, row_of = np.unique(table.index[self._columns], return_inverse=True)
        shared = len(rows) < len(self._columns)
        arrays: dict[str, NDArray[Any]] = {
            "intent_columns": self._columns,
            "intent_weights": table.rows[rows if shared else table.index[self._columns], : len(self.names)],
            "intent_bias": table.bias,
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
        columns, weights, bias = (arrays[f"intent_{name}"] for name in ("columns", "weights", "bias"))
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
            and bias.shape == (len(names),)
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
        classifier._pack(columns, rows, weights, bias, scores)
        return classifier
