"""The intent classifier: a multinomial logistic regression over the target's intents."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from canvass.compiled import compiled
from canvass.errors import TrainingError
from canvass.features.columns import MemberTable, compact, feature_matrix, score_column
from canvass.models.word_scores import WordScores, mean_vectors

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from canvass.features.word_features import WordFeatures

MOST_BITS = 26
STOPPING = {"maxiter": 1000, "maxls": 50, "gtol": 1e-4, "ftol": 64 * np.finfo(np.float64).eps}


class LikeliestIntents(NamedTuple):
    """For each key: `intents` int32 (N,), an index of the classifier's names; `log_probability` float64 (N,)."""

    intents: NDArray[np.int32]
    log_probability: NDArray[np.float64]


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


def train(
    matrix: Any, intents: NDArray[np.int64], count: int, strength: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Minimise strength * (sum of log losses) + |weights|^2 / 2, as scikit-learn's LogisticRegression does.

    The importing of scikit-learn takes longer than its training; this is its objective, under the same L-BFGS with the
    same rules to stop. The constants are not penalised.

    Parameters
    ----------
    matrix
        Features, scipy CSR, float64 (N, F).
    intents
        Of each row, int64 (N,), in 0..count - 1.
    count
        K, at least two. Where it is two, the first has no weights.
    strength
        C, the inverse of the penalty.

    Returns
    -------
    Weights float64 (F, K) and constants float64 (K,).

    """
    from scipy.optimize import minimize
    from threadpoolctl import threadpool_limits

    rows, features = matrix.shape
    free = 1 if count == 2 else count  # noqa: PLR2004 - of the columns, the last
    penalty = 1.0 / (strength * rows)
    own = np.arange(rows), intents
    decisions = np.zeros((rows, count))

    def objective(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = flat.reshape(features + 1, free)  # the last row has the constants
        decisions[:, -free:] = matrix @ weights[:-1] + weights[-1]
        shifted = decisions - decisions.max(axis=1, keepdims=True)
        probabilities = np.exp(shifted)
        totals = probabilities.sum(axis=1, keepdims=True)
        loss = float((np.log(totals[:, 0]) - shifted[own]).mean())
        probabilities /= totals
        probabilities[own] -= 1.0
        residuals = probabilities[:, -free:] / rows
        gradient = np.vstack([matrix.T @ residuals + penalty * weights[:-1], residuals.sum(axis=0)])
        return loss + penalty / 2.0 * float((weights[:-1] ** 2).sum()), gradient.ravel()

    with threadpool_limits(1):  # sums in one order
        start = np.zeros((features + 1) * free)
        minimum = minimize(objective, start, method="L-BFGS-B", jac=True, options=STOPPING)
    trained = np.zeros((features + 1, count))
    trained[:, -free:] = minimum.x.reshape(features + 1, free)
    return trained[:-1], trained[-1]


class IntentClassifier:
    """Logistic regression over the hashed n-grams of the committee; 1 is the answer where there is one intent.

    With `words` the features are the mean of the words' vectors, too.
    """

    def __init__(self, *, bits: int = 18, strength: float = 10.0, words: WordFeatures | None = None) -> None:
        self.bits = bits
        self.strength = strength
        self.words = words
        self.names: list[str] = []
        self._columns: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._weights: NDArray[np.float64] = np.zeros((1, 0))
        self._bias: NDArray[np.float64] = np.zeros(0)
        self._table: MemberTable | None = None
        self._word_scores: WordScores | None = None

    def fit(self, column: pa.Array, intents: Sequence[str]) -> Self:
        """Train on a column of keys and the intent of each; raises TrainingError where there is none."""
        if not intents:
            raise TrainingError("the intent classifier needs at least one utterance with an intent")
        self.names = sorted(set(intents))
        if len(self.names) == 1:  # nothing to learn
            self._pack(np.zeros(0, dtype=np.int64), np.zeros((0, 1)), np.zeros(1), None)
            return self
        matrix = feature_matrix(column, bits=self.bits)
        used = compact(matrix)
        ngrams = matrix.shape[1]
        if self.words is not None:
            from scipy.sparse import hstack

            matrix = hstack([matrix, mean_vectors(column, self.words)], format="csr")
        number_of = {name: number for number, name in enumerate(self.names)}
        numbers = np.array([number_of[name] for name in intents])
        weights, bias = train(matrix, numbers, len(self.names), self.strength)
        scores = None
        if self.words is not None:
            scores = WordScores.of_vectors(self.words, weights[ngrams:])
        self._pack(used, np.ascontiguousarray(weights[: len(used)]), bias, scores)
        return self

    def _pack(
        self,
        columns: NDArray[np.int64],
        weights: NDArray[np.float64],
        bias: NDArray[np.float64],
        word_scores: WordScores | None,
    ) -> None:
        """Keep the weights as they were trained, and in the form in which a pool is scored."""
        self._columns, self._weights, self._bias = columns, weights, bias
        self._word_scores = word_scores
        self._table = MemberTable.of_rows(columns, weights, bias, bits=self.bits)

    def predict(self, column: pa.Array, *, skip: int = 0) -> LikeliestIntents:
        """Find the likeliest intent of each key of a column, given that it is none of the first `skip` of `names`."""
        table = self._trained_table()
        found = LikeliestIntents(np.full(len(column), skip, dtype=np.int32), np.zeros(len(column)))
        if len(self.names) > skip + 1:
            likeliest(np.ascontiguousarray(self._decisions(column, table)[:, skip:]), *found)
            found.intents[:] += skip
        return found

    def _trained_table(self) -> MemberTable:
        if self._table is None:
            raise TrainingError("the intent classifier is not trained; call fit first")
        return self._table

    def _decisions(self, column: pa.Array, table: MemberTable) -> NDArray[np.float64]:
        decisions = score_column(column, table).scores
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
        decisions = np.vstack([self._decisions(column, table), table.bias])
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
        """Give the trained weights for a file."""
        arrays: dict[str, NDArray[Any]] = {
            "intent_columns": self._columns,
            "intent_weights": self._weights,
            "intent_bias": self._bias,
        }
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
        if not (
            names
            and all(isinstance(name, str) for name in names)
            and names == sorted(set(names))
            and 1 <= bits <= MOST_BITS
            and columns.ndim == 1
            and weights.shape == (len(columns), len(names))
            and bias.shape == (len(names),)
            and [one.dtype for one in (weights, bias, columns)]
            == [np.dtype(kind) for kind in ("f8", "f8", "i8")]
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
        classifier._pack(columns, weights, bias, scores)
        return classifier
