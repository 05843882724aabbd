"""The intent classifier: a multinomial logistic regression over the target's intents."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from canvass.compiled import compiled
from canvass.errors import TrainingError
from canvass.features.columns import MemberTable, compact, feature_matrix, score_column

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
        self._table: MemberTable | None = None

    def fit(self, column: pa.Array, intents: Sequence[str]) -> Self:
        """Train on a column of keys and the intent of each; raises TrainingError where there is none."""
        if not intents:
            raise TrainingError("the intent classifier needs at least one utterance with an intent")
        self.names = sorted(set(intents))
        if len(self.names) == 1:  # nothing to learn
            self._pack(np.zeros(0, dtype=np.int64), np.zeros((0, 1)), np.zeros(1))
            return self
        from sklearn.linear_model import LogisticRegression
        from threadpoolctl import threadpool_limits

        matrix = feature_matrix(column, bits=self.bits)
        used = compact(matrix)
        learner = LogisticRegression(C=self.strength, max_iter=1000)
        number_of = {name: number for number, name in enumerate(self.names)}
        with threadpool_limits(1):  # sums in one order
            learner.fit(matrix, np.array([number_of[name] for name in intents]))
        coefficients, intercepts = learner.coef_[:, : len(used)], learner.intercept_
        if len(self.names) == 2:  # noqa: PLR2004 - scikit-learn keeps one row for two classes
            coefficients = np.vstack([np.zeros_like(coefficients), coefficients])
            intercepts = np.append(0.0, intercepts)
        self._pack(used, np.ascontiguousarray(coefficients.T), np.ascontiguousarray(intercepts))
        return self

    def _pack(
        self, columns: NDArray[np.int64], weights: NDArray[np.float64], bias: NDArray[np.float64]
    ) -> None:
        """Keep the weights as they were trained, and in the form in which a pool is scored."""
        self._columns, self._weights, self._bias = columns, weights, bias
        self._table = MemberTable.of_rows(columns, weights, bias, bits=self.bits)

    def predict(self, column: pa.Array) -> LikeliestIntents:
        """Find the likeliest intent of each key of a column."""
        if self._table is None:
            raise TrainingError("the intent classifier is not trained; call fit first")
        found = LikeliestIntents(np.zeros(len(column), dtype=np.int32), np.zeros(len(column)))
        if len(self.names) > 1:
            likeliest(score_column(column, self._table).scores, *found)
        return found

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Give the trained weights for a file."""
        return {
            "intent_columns": self._columns,
            "intent_weights": self._weights,
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
