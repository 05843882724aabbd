"""From an Arrow column of keys to arrays: the kernels, with their memory and tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from canvass.corpus.characters import tables
from canvass.corpus.normalise import string_buffers
from canvass.features.attributes import ATTRIBUTES, fill_attributes
from canvass.features.kernels import (
    BUCKET_FACTOR,
    FEW,
    NGRAM_FACTOR,
    TILE,
    TILE_WORDS,
    hash_keys,
    score_keys,
    score_words,
)
from canvass.features.scan import HALF, scan
from canvass.features.words import GENERAL, SCRATCH, hash_words

if TYPE_CHECKING:
    import pyarrow as pa

Weights = NDArray[Any]  # float32 or float64

UNLIMITED = 1 << 40
LINE = 64  # bytes of a line of the cache
GENERAL_TILE = 2048  # keys beyond ASCII that are scanned together


class ScoredKeys(NamedTuple):
    """What one pass over a column of keys yields.

    `scores` float64 (N, M); `lengths` int32 (N,): T, or more than the limit where a key was not scored;
    `hashes` uint64 (N,): `seeding.hash64` of the keys.
    """

    scores: NDArray[np.float64]
    lengths: NDArray[np.int32]
    hashes: NDArray[np.uint64]


class TokenHashes(NamedTuple):
    """What the tagger sees of N keys: W tokens, one key after the other.

    `starts` int64 (N + 1,): the first token of each key, and W; `attributes` uint64 (W, 12); `words` and `surfaces`,
    uint64 (W,): of the tokens, lower-cased and as they are written.
    """

    starts: NDArray[np.int64]
    attributes: NDArray[np.uint64]
    words: NDArray[np.uint64]
    surfaces: NDArray[np.uint64]


class Scanned(NamedTuple):
    """What `scan` writes, with room for a token a byte."""

    lowered: NDArray[np.uint8]
    starts: NDArray[np.int64]
    places: NDArray[np.int64]
    words: NDArray[np.bool_]
    hashes: NDArray[np.uint64]


class MemberTable:
    """The weights of all members, M side by side, without the features that have none.

    `index` int32 (F,): the row of a bucket; `rows` (R + 1, at least M), float32 or float64: the R rows that have a
    weight, then a row of zeros, which all other buckets share, padded with columns of zeros to whole vectors;
    `bias` float64 (M,).
    """

    __slots__ = ("bias", "bits", "index", "rows")

    def __init__(
        self,
        used: NDArray[np.int64],
        weights: Weights,
        bias: NDArray[np.float64],
        *,
        bits: int,
        rows: NDArray[np.int32] | None = None,
    ) -> None:
        """Pack the weights (R, M) of the buckets `used`, int64 (R,), or (any,) where `rows` names the row of each.

        The kernels take 4 columns together, or a line of the cache; the first row begins with a line.
        """
        self.bits, self.bias = bits, bias
        count, members = weights.shape
        self.index = np.full(1 << bits, count, dtype=np.int32)
        self.index[used] = np.arange(len(used), dtype=np.int32) if rows is None else rows
        line = LINE // weights.itemsize
        width = FEW if members <= FEW else -(-members // line) * line
        room = np.zeros((count + 1) * width + line, dtype=weights.dtype)
        skipped = -room.ctypes.data % LINE // room.itemsize
        self.rows: Weights = room[skipped : skipped + (count + 1) * width].reshape(-1, width)
        self.rows[:-1, :members] = weights

    @property
    def used(self) -> NDArray[np.int64]:
        """The buckets that have a weight, int64 (R,), in ascending order."""
        return np.flatnonzero(self.index != len(self.rows) - 1)

    @property
    def weights(self) -> Weights:
        """The weights of all features, (F, M): a copy, for training and files."""
        return np.ascontiguousarray(self.rows[self.index, : len(self.bias)])


def join_tables(tables: Sequence[MemberTable]) -> MemberTable:
    """Put the members of several tables side by side, in their order; all have the same number of features.

    The sums of each member stay the same to the bit: a row of zeros changes none. Tables without members are left out.
    """
    tables = [table for table in tables if len(table.bias)] or list(tables[:1])
    if len(tables) == 1:
        return tables[0]
    used = np.unique(np.concatenate([table.used for table in tables]))
    weights = [table.rows[table.index[used], : len(table.bias)] for table in tables]
    bias = np.concatenate([table.bias for table in tables])
    return MemberTable(used, np.concatenate(weights, axis=1), bias, bits=tables[0].bits)


def score_column(keys: pa.Array, members: MemberTable, *, limit: int = UNLIMITED) -> ScoredKeys:
    """Score a column of keys with all members: plain ASCII keys first, then the others."""
    count = len(keys)
    scored = ScoredKeys(
        np.empty((count, len(members.bias)), dtype=np.float64),
        np.empty(count, dtype=np.int32),
        np.empty(count, dtype=np.uint64),
    )
    offsets, data = string_buffers(keys)
    longest = int(np.diff(offsets).max(initial=0))
    most = min(limit, longest)  # tokens of a key that is scored
    room = TILE_WORDS + most + 1
    table = (
        members.bits,
        _read_only(members.index),
        _read_only(members.rows.view(np.uint8)),
        members.rows.itemsize,
        _read_only(members.bias),
    )
    hashes = np.zeros(2 + room, dtype=np.uint64)
    ends = np.zeros(TILE + 1, dtype=np.int64)
    scratch = (
        np.empty((3, room), dtype=np.int64),
        np.empty((3, room), dtype=np.int32),
        np.zeros(members.rows.shape[1]),
    )
    lowered = np.empty(SCRATCH, dtype=np.uint8)
    score_keys(offsets, data, limit, *table, lowered, hashes, ends, *scratch, *scored)
    others = np.flatnonzero(scored.lengths == GENERAL)
    for first in range(0, len(others), GENERAL_TILE):
        rows = others[first : first + GENERAL_TILE]
        ends, words = _general_words(offsets, data, rows, most, scored.lengths)
        if len(members.bias):
            scores = np.empty((len(rows), len(members.bias)))
            room = len(words)
            scratch = np.empty((3, room), dtype=np.int64), np.empty((3, room), dtype=np.int32), scratch[2]
            score_words(0, len(rows), ends, words, *table, *scratch, scores)
            scored.scores[rows] = scores
    scored.scores[scored.lengths > limit] = 0.0
    return scored


def scan_column(keys: pa.Array) -> Scanned:
    """Cut a column of keys into tokens."""
    offsets, data = string_buffers(keys)
    return _scan(offsets, data, np.arange(len(keys)), UNLIMITED, np.empty(len(keys), dtype=np.int32))


def _scan(
    offsets: NDArray[np.int64],
    data: NDArray[np.uint8],
    rows: NDArray[np.int64],
    limit: int,
    lengths: NDArray[np.int32],
) -> Scanned:
    """Cut the keys `rows` of a column into tokens; writes `lengths` as `scan` does."""
    size = int((offsets[rows + 1] - offsets[rows]).sum())
    lowered, starts, places, words, hashes = scanned = Scanned(
        np.empty(size * 3 // 2 + 8, dtype=np.uint8),
        np.empty(len(rows) + 1, dtype=np.int64),
        np.empty((size, 4), dtype=np.int64),
        np.empty(size, dtype=np.bool_),
        np.empty(size, dtype=np.uint64),
    )
    scan(offsets, data, rows, limit, *tables(), lowered, starts, places, words, hashes, lengths)
    return scanned


def _general_words(
    offsets: NDArray[np.int64],
    data: NDArray[np.uint8],
    rows: NDArray[np.int64],
    limit: int,
    lengths: NDArray[np.int32],
) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """Hash the words of keys of any kind, as `hash_words` does; behind two hashes that stand for none.

    Returns where the words of each end, int64 (n + 1,), behind a zero, and uint64 (2 + words,); writes `lengths`.
    """
    scanned = _scan(offsets, data, rows, limit, lengths)
    count = scanned.starts[-1]
    words = np.concatenate([[0], np.cumsum(scanned.words[:count])])
    hashes = np.concatenate([np.zeros(2, dtype=np.uint64), scanned.hashes[:count][scanned.words[:count]]])
    return words[scanned.starts], hashes


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    """View an array as one that must not be written: kernels are compiled once for those and again for the others."""
    view = array.view()
    view.flags.writeable = False
    return view


def hash_column(keys: pa.Array) -> NDArray[np.uint64]:
    """Hash a column of keys, as `seeding.hash64`; uint64 (N,)."""
    hashes = np.empty(len(keys), dtype=np.uint64)
    hash_keys(*string_buffers(keys), hashes)
    return hashes


def word_hashes(keys: pa.Array) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """Hash the words of a column of keys: where those of each begin, int64 (N + 1,), and uint64 (words,)."""
    offsets, data = string_buffers(keys)
    count, size = len(keys), int(offsets[-1] - offsets[0])
    hashes, ends = np.empty(size + 1, dtype=np.uint64), np.zeros(count + 1, dtype=np.int64)
    lengths, key_hashes = np.empty(count, dtype=np.int32), np.empty(count, dtype=np.uint64)
    lowered = np.empty(SCRATCH, dtype=np.uint8)
    hash_words(offsets, data, 0, count, size + 1, UNLIMITED, lowered, hashes, ends, lengths, key_hashes)
    plain = hashes[: ends[-1]]
    others = np.flatnonzero(lengths == GENERAL)
    if not len(others):
        return ends, plain
    ends_of_others, others_hashes = _general_words(offsets, data, others, UNLIMITED, lengths)
    words = np.diff(ends)
    words[others] = np.diff(ends_of_others)
    general = np.zeros(count, dtype=np.bool_)
    general[others] = True
    is_other = np.repeat(general, words)
    hashes = np.empty(len(is_other), dtype=np.uint64)
    hashes[~is_other], hashes[is_other] = plain, others_hashes[2:]
    return np.concatenate([[0], np.cumsum(words)]), hashes


def feature_matrix(keys: pa.Array, *, bits: int) -> Any:
    """Build the feature matrix of a column of keys: scipy CSR, float64 (N, 2^bits)."""
    from scipy.sparse import csr_matrix

    begins, hashes = word_hashes(keys)
    words = np.diff(begins)
    place = np.arange(len(hashes)) - np.repeat(begins[:-1], words)  # of a word in its key
    ngrams = np.zeros((len(hashes), 3), dtype=np.uint64)  # of one, two and three words that end with each
    ngrams[:, 0] = hashes
    ngrams[1:, 1] = hashes[:-1] * NGRAM_FACTOR + hashes[1:]
    ngrams[2:, 2] = ngrams[1:-1, 1] * NGRAM_FACTOR + hashes[2:]
    ngrams = ngrams[place[:, np.newaxis] >= np.arange(3)]
    columns = ((ngrams ^ (ngrams >> HALF)) * BUCKET_FACTOR) >> np.uint64(64 - bits)
    counts = np.where(words > 1, 3 * words - 3, words)
    values = np.repeat(1.0 / np.sqrt(np.maximum(counts, 1)), counts)
    starts = np.concatenate([[0], np.cumsum(counts)])
    matrix = csr_matrix((values, columns.astype(np.int64), starts), shape=(len(keys), 1 << bits))
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


def hash_tokens(keys: pa.Array) -> TokenHashes:
    """Hash the tokens of a column of keys, their surfaces and the tagger's attributes of each."""
    offsets, data = string_buffers(keys)
    lowered, starts, places, _, hashes = scan_column(keys)
    count = starts[-1]
    surfaces = np.empty(count, dtype=np.uint64)
    attributes = np.empty((count, len(ATTRIBUTES)), dtype=np.uint64)
    drawn = np.empty(int(np.diff(offsets).max(initial=0)) + 8, dtype=np.uint8)
    description, _ = tables()
    fill_attributes(data, description, lowered, starts, places, hashes, drawn, surfaces, attributes)
    return TokenHashes(starts, attributes, hashes[:count], surfaces)
