"""From an Arrow column of keys to arrays: the kernels, with their memory and tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from canvass.corpus.characters import tables
from canvass.corpus.normalise import string_buffers
from canvass.features.attributes import ATTRIBUTES, fill_attributes
from canvass.features.kernels import fill_rows, hash_keys, score_keys

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

UNLIMITED = 1 << 40


class ScoredKeys(NamedTuple):
    """What one pass over a column of keys yields.

    `scores` float64 (N, M); `lengths` int32 (N,): T, or more than the limit where a key was not scored;
    `hashes` uint64 (N,): `seeding.hash64` of the keys.
    """

    scores: NDArray[np.float64]
    lengths: NDArray[np.int32]
    hashes: NDArray[np.uint64]


class MemberTable(NamedTuple):
    """The weights of all members: float32 (F, M), float64 (M,)."""

    weights: NDArray[np.float32]
    bias: NDArray[np.float64]

    @property
    def bits(self) -> int:
        """F = 2^bits."""
        return len(self.weights).bit_length() - 1


def score_column(keys: pa.Array, members: MemberTable, *, limit: int = UNLIMITED) -> ScoredKeys:
    """Score a column of keys with all members."""
    count = len(keys)
    scored = ScoredKeys(
        np.empty((count, len(members.bias)), dtype=np.float64),
        np.empty(count, dtype=np.int32),
        np.empty(count, dtype=np.uint64),
    )
    offsets, data = string_buffers(keys)
    score_keys(
        offsets,
        data,
        limit,
        *tables(),
        members.bits,
        *members,
        scored.scores,
        scored.lengths,
        scored.hashes,
    )
    return scored


def hash_column(keys: pa.Array) -> NDArray[np.uint64]:
    """Hash a column of keys, as `seeding.hash64`; uint64 (N,)."""
    hashes = np.empty(len(keys), dtype=np.uint64)
    hash_keys(*string_buffers(keys), hashes)
    return hashes


def feature_matrix(keys: pa.Array, *, bits: int) -> Any:
    """Build the feature matrix of a column of keys: scipy CSR, float64 (N, 2^bits)."""
    from scipy.sparse import csr_matrix

    offsets, data = string_buffers(keys)
    room = 3 * int(offsets[-1] - offsets[0])
    starts = np.empty(len(keys) + 1, dtype=np.int64)
    columns = np.empty(room, dtype=np.int64)
    values = np.empty(room, dtype=np.float64)
    fill_rows(offsets, data, *tables(), bits, starts, columns, values)
    filled = starts[-1]
    matrix = csr_matrix((values[:filled], columns[:filled], starts), shape=(len(keys), 1 << bits))
    matrix.sum_duplicates()
    return matrix


def compact(matrix: Any) -> NDArray[np.int64]:
    """Drop the columns of a CSR matrix that no row uses, in place; returns the numbers of those that stay.

    A linear model keeps the weight zero for a column that no example has, so this changes nothing but the time.
    """
    used, numbers = np.unique(matrix.indices, return_inverse=True)
    matrix.indices = numbers.astype(np.int32)
    matrix.resize(matrix.shape[0], max(len(used), 1))
    return used.astype(np.int64)


def attribute_hashes(keys: pa.Array) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """Hash the tagger's attributes: the first token of each key, int64 (N + 1,), and uint64 (tokens, 12)."""
    offsets, data = string_buffers(keys)
    starts = np.empty(len(keys) + 1, dtype=np.int64)
    attributes = np.empty((int(offsets[-1] - offsets[0]), len(ATTRIBUTES)), dtype=np.uint64)
    fill_attributes(offsets, data, *tables(), starts, attributes)
    return starts, attributes[: starts[-1]]
