"""The intent classifier: a multinomial logistic regression over the target's intents."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from canvass.compiled import compiled
from canvass.errors import TrainingError
from canvass.features.columns import compact, feature_matrix

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

MOST_BITS = 26


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


class IntentClassifier:
    """Logistic regression over the hashed n-grams of the committee; 1 is the answer where there is one intent."""

    def __init__(self, *, bits: int = 18, strength: float = 10.0) -> None:
        self.bits = bits
        self.strength = strength
        self.names: list[str] = []
        self._columns: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._weights: NDArray[np.float64] = np.zeros((1, 0))
        self._bias: NDArray[np.float64] = np.zeros(0)
        self._row_of_column: NDArray[np.int32] = np.zeros(0, dtype=np.int32)

    def fit(self, column: pa.Array, intents: Sequence[str]) -> Self:
        """Train on a column of keys and the intent of each; raises TrainingError where there is none."""
        from sklearn.linear_model import LogisticRegression
        from threadpoolctl import threadpool_limits

        if not intents:
            raise TrainingError("the intent classifier needs at least one utterance with an intent")
        self.names = sorted(set(intents))
        matrix = feature_matrix(column, bits=self.bits)
        used = compact(matrix)
        weights = np.zeros((len(used), len(self.names)))
        bias = np.zeros(len(self.names))
        if len(self.names) > 1:
            learner = LogisticRegression(C=self.strength, max_iter=1000)
            number_of = {name: number for number, name in enumerate(self.names)}
            with threadpool_limits(1):  # sums in one order
                learner.fit(matrix, np.array([number_of[name] for name in intents]))
            coefficients, intercepts = learner.coef_[:, : len(used)], learner.intercept_
            if len(self.names) == 2:  # noqa: PLR2004 - scikit-learn keeps one row for two classes
                coefficients = np.vstack([np.zeros_like(coefficients), coefficients])
                intercepts = np.append(0.0, intercepts)
            weights, bias = np.ascontiguousarray(coefficients.T), np.ascontiguousarray(intercepts)
        self._pack(used, weights, bias)
        return self

    def _pack(
        self, columns: NDArray[np.int64], weights: NDArray[np.float64], bias: NDArray[np.float64]
    ) -> None:
        """Keep one weight row per column that was seen, and a row of zeros for all others."""
        self._columns, self._bias = columns, bias
        self._weights = np.vstack([weights, np.zeros((1, len(bias)))])
        self._row_of_column = np.full(1 << self.bits, len(columns), dtype=np.int32)
        self._row_of_column[columns] = np.arange(len(columns), dtype=np.int32)

    def predict(self, column: pa.Array) -> LikeliestIntents:
        """Find the likeliest intent of each key of a column."""
        if not self.names:
            raise TrainingError("the intent classifier is not trained; call fit first")
        found = LikeliestIntents(np.zeros(len(column), dtype=np.int32), np.zeros(len(column)))
        if len(self.names) > 1:
            matrix = feature_matrix(column, bits=self.bits)
            matrix.indices = self._row_of_column[matrix.indices]
            matrix.resize(matrix.shape[0], len(self._weights))
            likeliest(np.ascontiguousarray(matrix @ self._weights) + self._bias, *found)
        return found

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Give the trained weights for a file."""
        return {
            "intent_columns": self._columns,
            "intent_weights": self._weights[:-1],
            "intent_bias": self._bias,
        }

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
        classifier = cls(bits=bits)
        classifier.names = names
        classifier._pack(columns, weights, bias)
        return classifier
