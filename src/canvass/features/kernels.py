"""The n-gram features of `features.reference`, compiled, straight from the bytes of an Arrow column of keys.

`score_keys` sums the members' weights for the pool: no sparse matrix, no strings. `fill_rows` builds the CSR matrix
that the members are trained on. Both walk the n-grams in one order, so a sum has one value: of each word, those that
end with it, short ones first.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from canvass.compiled import compiled
from canvass.features.scan import HALF, hash_bytes, longest
from canvass.features.words import SCRATCH, hash_words
from canvass.machine import sum_rows_of_4, sum_rows_of_a_line

if TYPE_CHECKING:
    from numpy.typing import NDArray

NGRAM_FACTOR = np.uint64(0xA0761D6478BD642F)
BUCKET_FACTOR = np.uint64(0x9E3779B97F4A7C15)
TILE, TILE_WORDS = 256, 2048  # keys, and words, that are scored together: what the first two caches hold


@compiled
def bucket_of(ngram: np.uint64, shift: np.uint64) -> np.uint64:
    """Choose the bucket of an n-gram; shift = 64 - bits."""
    return ((ngram ^ (ngram >> HALF)) * BUCKET_FACTOR) >> shift


@compiled
def ngram_buckets(
    words: int, hashes: NDArray[np.uint64], shift: np.uint64, buckets: NDArray[np.int64]
) -> int:
    """Write the buckets of all n-grams of words to `buckets`, in the order of summation; returns their number n."""
    found = 0
    for t in range(words):
        here = hashes[t]
        buckets[found] = bucket_of(here, shift)
        found += 1
        if t > 0:
            pair = hashes[t - 1] * NGRAM_FACTOR + here
            buckets[found] = bucket_of(pair, shift)
            found += 1
        if t > 1:
            triple = (hashes[t - 2] * NGRAM_FACTOR + hashes[t - 1]) * NGRAM_FACTOR + here
            buckets[found] = bucket_of(triple, shift)
            found += 1
    return found


@compiled
def find_rows(
    hashes: NDArray[np.uint64],
    words: int,
    shift: np.uint64,
    index: NDArray[np.int32],
    buckets: NDArray[np.int64],
    rows: NDArray[np.int32],
) -> None:
    """Find the rows of weights of the n-grams that end with each of the words of a tile: one, two, three words.

    `hashes` uint64 (2 + W,): of the words, behind two that stand for none; `index` int32 (F,). Writes `buckets`
    int64 and `rows` int32 (3, at least W), as if the tile were one key: vectors of words instead of loops of seven.
    """
    for i in range(words):
        before, here = hashes[i + 1], hashes[i + 2]
        pair = before * NGRAM_FACTOR + here
        triple = (hashes[i] * NGRAM_FACTOR + before) * NGRAM_FACTOR + here
        buckets[0, i] = bucket_of(here, shift)
        buckets[1, i] = bucket_of(pair, shift)
        buckets[2, i] = bucket_of(triple, shift)
    for line in range(3):
        for i in range(words):
            rows[line, i] = index[buckets[line, i]]


@compiled
def score_tile(
    first: int,
    last: int,
    ends: NDArray[np.int64],
    rows: NDArray[np.int32],
    weights: NDArray[np.floating],
    bias: NDArray[np.float64],
    sums: NDArray[np.float64],
    scores: NDArray[np.float64],
) -> None:
    """Sum the weights of the keys first to last, whose words end at `ends` int64 (keys + 1,) within the tile.

    `rows` int32 (3, W) is changed: n-grams that would begin in the key before have no weight. Writes `scores`.
    """
    nothing = len(weights) - 1
    members = len(bias)
    width = weights.shape[1]
    for row in range(first, last):
        begin, end = ends[row - first], ends[row - first + 1]
        words = end - begin
        scale = 0.0
        if words > 0:
            rows[1, begin] = nothing
            rows[2, begin] = nothing
            if words > 1:
                rows[2, begin + 1] = nothing
            scale = 1.0 / math.sqrt(3 * words - 3 if words > 1 else 1)
        if width == 4:
            sum_rows_of_4(weights, 0, rows, begin, end, sums)
        else:
            line = 64 // weights.itemsize
            for column in range(0, width, line):
                sum_rows_of_a_line(weights, column, rows, begin, end, sums)
        for m in range(members):
            scores[row, m] = sums[m] * scale + bias[m]


@compiled
def score_keys(
    offsets: NDArray[np.int32],
    data: NDArray[np.uint8],
    limit: int,
    description: NDArray[np.uint8],
    lower: NDArray[np.int32],
    bits: int,
    index: NDArray[np.int32],
    weights: NDArray[np.floating],
    bias: NDArray[np.float64],
    scores: NDArray[np.float64],
    lengths: NDArray[np.int32],
    key_hashes: NDArray[np.uint64],
) -> None:
    """Score every key of a block with all members.

    `index`, `weights` and `bias` as in `columns.MemberTable`. Writes `scores` float64 (N, M); `lengths` int32 (N,):
    T, or limit + 1 where there are more tokens than `limit` (those are not scored); `key_hashes` uint64 (N,).
    A tile of keys at a time: first the words of all, then the rows of all their n-grams, then the sums.
    """
    longest_key = longest(offsets)
    capacity = min(limit, longest_key) + 1
    lowered = np.empty(longest_key * 3 // 2 + SCRATCH, dtype=np.uint8)
    places = np.empty((capacity, 4), dtype=np.int64)
    is_word = np.empty(capacity, dtype=np.bool_)
    hashes = np.zeros(2 + TILE_WORDS + capacity, dtype=np.uint64)
    words = hashes[2:]
    buckets = np.empty((3, TILE_WORDS + capacity), dtype=np.int64)
    rows = np.empty((3, TILE_WORDS + capacity), dtype=np.int32)
    ends = np.zeros(TILE + 1, dtype=np.int64)
    sums = np.zeros(weights.shape[1], dtype=np.float64)
    shift = np.uint64(64 - bits)
    count = len(offsets) - 1
    first = 0
    while first < count:
        last = first + hash_words(
            offsets,
            data,
            first,
            min(first + TILE, count),
            TILE_WORDS,
            limit,
            description,
            lower,
            lowered,
            places,
            is_word,
            words,
            ends,
            lengths,
            key_hashes,
        )
        if len(bias):
            find_rows(hashes, ends[last - first], shift, index, buckets, rows)
            score_tile(first, last, ends, rows, weights, bias, sums, scores)
            for row in range(first, last):
                if lengths[row] > limit:
                    scores[row, :] = 0.0
        first = last


@compiled
def hash_keys(offsets: NDArray[np.int32], data: NDArray[np.uint8], key_hashes: NDArray[np.uint64]) -> None:
    """Hash every key of a block, as `seeding.hash64`. Writes `key_hashes` uint64 (N,)."""
    for row in range(len(offsets) - 1):
        key_hashes[row] = hash_bytes(data, offsets[row], offsets[row + 1])


@compiled
def fill_rows(
    offsets: NDArray[np.int32],
    data: NDArray[np.uint8],
    description: NDArray[np.uint8],
    lower: NDArray[np.int32],
    bits: int,
    starts: NDArray[np.int64],
    columns: NDArray[np.int64],
    values: NDArray[np.float64],
) -> None:
    """Fill a CSR matrix (N, F) with the features of each key.

    Writes `starts` int64 (N + 1,), and `columns` and `values`, which must have room for 3 entries a byte of text.
    """
    capacity = longest(offsets) + 1
    lowered = np.empty(capacity * 3 // 2 + SCRATCH, dtype=np.uint8)
    places = np.empty((capacity, 4), dtype=np.int64)
    is_word = np.empty(capacity, dtype=np.bool_)
    hashes = np.empty(capacity + 1, dtype=np.uint64)
    ends = np.zeros(2, dtype=np.int64)
    lengths = np.empty(len(offsets), dtype=np.int32)
    key_hashes = np.empty(len(offsets), dtype=np.uint64)
    shift = np.uint64(64 - bits)
    starts[0] = 0
    for row in range(len(offsets) - 1):
        hash_words(
            offsets,
            data,
            row,
            row + 1,
            1,
            capacity,
            description,
            lower,
            lowered,
            places,
            is_word,
            hashes,
            ends,
            lengths,
            key_hashes,
        )
        first = starts[row]
        found = ngram_buckets(ends[1], hashes, shift, columns[first:])
        values[first : first + found] = 1.0 / math.sqrt(found) if found > 0 else 0.0
        starts[row + 1] = first + found
