"""The committee: linear classifiers "target or not", one per loss, packed to one table.

scikit-learn trains the members on the hashed n-grams; canvass scores them in one pass (`features.kernels`). Raw
scores are compared and summed as they are: typically about 1 in size for squared and 6 for logistic.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from canvass.corpus.normalise import keys
from canvass.errors import TrainingError
from canvass.features.columns import (
    UNLIMITED,
    MemberTable,
    ScoredKeys,
    compact,
    feature_matrix,
    score_column,
)
from canvass.seeding import derived_seed

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

MEMBERS = ("logistic", "hinge", "squared")
BITS = 18


class Committee:
    """One linear member per loss, one against the rest (Peshterliev et al. 2019, section 3).

    Parameters
    ----------
    bits
        F = 2^bits hashed features.
    seed
        Of the order in which the stochastic learners see the examples.
    alpha, epochs
        Of the logistic and the hinge member (averaged stochastic gradient descent).
    ridge
        L2 penalty of the squared member.

    """

    def __init__(
        self, *, bits: int = BITS, seed: int = 0, alpha: float = 3e-6, epochs: int = 30, ridge: float = 1.0
    ) -> None:
        self.bits = bits
        self.seed = seed
        self.alpha = alpha
        self.epochs = epochs
        self.ridge = ridge
        self._members: MemberTable | None = None

    @property
    def members(self) -> MemberTable:
        """The packed weights of all members; raises TrainingError before `fit`."""
        if self._members is None:
            raise TrainingError("the committee is not trained; call fit first")
        return self._members

    @property
    def table(self) -> NDArray[np.float32]:
        """The weights, float32 (F, M)."""
        return self.members.weights

    @property
    def bias(self) -> NDArray[np.float64]:
        """The constants, float64 (M,)."""
        return self.members.bias

    def fit(self, texts: Sequence[str], is_target: Sequence[bool]) -> Self:
        """Train all members.

        Raises
        ------
        TrainingError
            If there is no positive or no negative example.

        """
        import pyarrow as pa
        from threadpoolctl import threadpool_limits

        labels = np.where(np.asarray(is_target, dtype=np.bool_), 1, -1)
        if len(set(labels.tolist())) < 2:  # noqa: PLR2004 - both classes
            raise TrainingError("the committee needs at least one positive and one negative example")
        matrix = feature_matrix(keys(pa.array(texts, type=pa.string())), bits=self.bits)
        used = compact(matrix)
        table = np.zeros((1 << self.bits, len(MEMBERS)), dtype=np.float32)
        bias = np.zeros(len(MEMBERS))
        with threadpool_limits(1):  # sums in one order
            for m, member in enumerate(MEMBERS):
                learner = self._learner(member)
                learner.fit(matrix, labels)
                table[used, m] = learner.coef_.ravel()[: len(used)]
                bias[m] = float(np.ravel(learner.intercept_)[0])
        self._members = MemberTable(table, bias)
        return self

    def _learner(self, member: str) -> Any:
        from sklearn.linear_model import RidgeClassifier, SGDClassifier

        if member == "squared":
            return RidgeClassifier(alpha=self.ridge, solver="sparse_cg")
        return SGDClassifier(
            loss="log_loss" if member == "logistic" else member,
            alpha=self.alpha,
            max_iter=self.epochs,
            tol=None,
            average=True,
            random_state=derived_seed(self.seed, f"committee/{member}"),
        )

    def score(self, column: pa.Array, *, limit: int = UNLIMITED) -> ScoredKeys:
        """Score a column of keys; keys of more than `limit` tokens are not scored."""
        return score_column(column, self.members, limit=limit)

    def decision_function(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Score texts: y_m, float64 (N, M)."""
        import pyarrow as pa

        return self.score(keys(pa.array(texts, type=pa.string()))).scores

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Give the trained weights, sparse, for a file."""
        rows = np.flatnonzero(self.table.any(axis=1)).astype(np.int64)
        return {"committee_rows": rows, "committee_weights": self.table[rows], "committee_bias": self.bias}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]], *, bits: int) -> Self:
        """Take the weights of `to_arrays`; raises ValueError where they do not fit together."""
        rows, weights, bias = (arrays[f"committee_{name}"] for name in ("rows", "weights", "bias"))
        if not (
            1 <= bits <= 26  # noqa: PLR2004 - 64 million features
            and weights.shape == (len(rows), len(MEMBERS))
            and bias.shape == (len(MEMBERS),)
            and rows.ndim == 1
            and rows.dtype == np.int64
            and weights.dtype == np.float32
            and bias.dtype == np.float64
            and (len(rows) == 0 or (rows.min() >= 0 and rows.max() < 1 << bits))
            and np.isfinite(weights).all()
            and np.isfinite(bias).all()
        ):
            raise ValueError("the committee's arrays do not fit together")
        committee = cls(bits=bits)
        table = np.zeros((1 << bits, len(MEMBERS)), dtype=np.float32)
        table[rows] = weights
        committee._members = MemberTable(table, bias)
        return committee
