"""The committee: linear classifiers "target or not", one per loss, packed to one table.

The members are trained on the hashed n-grams by `models.linear`, step by step as scikit-learn does it, and score in
one pass (`features.kernels`). Raw scores are compared and summed as they are: typically about 1 in size for squared
and 6 for logistic.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from canvass.corpus.normalise import keys
from canvass.errors import TrainingError
from canvass.features.extraction import (
    UNLIMITED,
    MemberTable,
    ScoredKeys,
    compact,
    feature_matrix,
    score_column,
)
from canvass.models.linear import Examples, ridge, sgd
from canvass.seeding import derived_seed

if TYPE_CHECKING:
    import pyarrow as pa

MEMBERS = ("logistic", "hinge", "squared")
BITS = 18
LARGEST_SEED = (1 << 31) - 1


def examples_of(column: pa.Array, *, bits: int) -> Examples:
    """Make the features of a column of keys, for `Committee.fit_examples`."""
    matrix = feature_matrix(column, bits=bits)
    used = compact(matrix)
    return Examples(
        matrix.data,
        matrix.indices.astype(np.int32, copy=False),
        matrix.indptr.astype(np.int32, copy=False),
        used,
    )


def seed_of_order(seed: int) -> int:
    """Draw the seed of the order of examples as scikit-learn does from its `random_state`: the second number."""
    rng = np.random.RandomState(seed)
    rng.randint(1, LARGEST_SEED)
    return int(rng.randint(LARGEST_SEED))


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

        return self.fit_examples(
            examples_of(keys(pa.array(texts, type=pa.string())), bits=self.bits), is_target
        )

    def fit_examples(self, examples: Examples, is_target: Sequence[bool] | NDArray[np.bool_]) -> Self:
        """Train all members on features that are there already (of as many bits); otherwise as `fit`."""
        labels = np.where(np.asarray(is_target, dtype=np.bool_), 1.0, -1.0)
        if len(set(labels.tolist())) < 2:  # noqa: PLR2004 - both classes
            raise TrainingError("the committee needs at least one positive and one negative example")
        used = examples.used
        matrix = examples[:3]
        table = np.zeros((len(used), len(MEMBERS)), dtype=np.float32)
        bias = np.zeros(len(MEMBERS))
        for m, member in enumerate(MEMBERS):
            weights = np.zeros(max(len(used), 1))
            if member == "squared":
                bias[m] = ridge(*matrix, labels, self.ridge, weights)
            else:
                order = seed_of_order(derived_seed(self.seed, f"committee/{member}"))
                bias[m] = sgd(*matrix, labels, member == "hinge", self.alpha, self.epochs, order, weights)
            if not np.isfinite(weights).all():
                raise TrainingError(
                    f"the {member} member's weights are not finite; take a larger "
                    f"{'ridge' if member == 'squared' else 'alpha'}"
                )
            table[:, m] = weights[: len(used)]
        self._members = MemberTable(used, table, bias, bits=self.bits)
        return self

    def score(self, column: pa.Array, *, limit: int = UNLIMITED) -> ScoredKeys:
        """Score a column of keys; keys of more than `limit` tokens are not scored."""
        return score_column(column, self.members, limit=limit)

    def decision_function(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Score texts: y_m, float64 (N, M)."""
        import pyarrow as pa

        return self.score(keys(pa.array(texts, type=pa.string()))).scores

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Give the trained weights, sparse, for a file."""
        used = self.members.used
        weights = self.members.rows[self.members.index[used], : len(MEMBERS)]
        some = weights.any(axis=1)
        return {
            "committee_rows": used[some],
            "committee_weights": weights[some],
            "committee_bias": self.bias,
        }

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
        committee._members = MemberTable(rows, weights, bias, bits=bits)
        return committee
