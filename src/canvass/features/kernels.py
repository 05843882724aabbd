"""The n-gram features of `features.reference`, compiled, straight from the bytes of an Arrow column of keys.

`score_keys` sums the members' weights for the pool: no sparse matrix, no strings. The n-grams are taken in the order of
`columns.feature_matrix`, which the members are trained on, so a sum has one value: of each word, those that end with
it, short ones first.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from canvass.compiled import compiled, inlined
from canvass.features.scan import HALF, hash_bytes
from canvass.features.words import hash_words
from canvass.machine import sum_4_doubles, sum_4_singles, sum_line_of_doubles, sum_line_of_singles

NGRAM_FACTOR = np.uint64(0xA0761D6478BD642F)
BUCKET_FACTOR = np.uint64(0x9E3779B97F4A7C15)
TILE, TILE_WORDS = 256, 2048  # keys, and words, that are scored together: what the first two caches hold
SINGLE = 4  # bytes of a weight
FEW = 4  # members that are summed together where there are no more


@inlined
def bucket_of(ngram: np.uint64, shift: np.uint64) -> np.uint64:
    """Choose the bucket of an n-gram; shift = 64 - bits."""
    return ((ngram ^ (ngram >> HALF)) * BUCKET_FACTOR) >> shift


@inlined
def sum_weights(
    weights: NDArray[np.uint8],
    size: int,
    rows: NDArray[np.int32],
    begin: int,
    end: int,
    sums: NDArray[np.float64],
) -> None:
    """Sum the rows of weights, as bytes, `size` of them each, that rows[:, begin:end], int32, name; writes `sums`."""
    columns = len(sums)
    if size == SINGLE:
        if columns == FEW:
            sum_4_singles(weights, 0, rows, begin, end, sums)
        else:
            for column in range(0, columns, 16):
                sum_line_of_singles(weights, column, rows, begin, end, sums)
    elif columns == FEW:
        sum_4_doubles(weights, 0, rows, begin, end, sums)
    else:
        for column in range(0, columns, 8):
            sum_line_of_doubles(weights, column, rows, begin, end, sums)


@compiled
def score_words(
    first: int,
    last: int,
    ends: NDArray[np.int64],
    hashes: NDArray[np.uint64],
    bits: int,
    index: NDArray[np.int32],
    weights: NDArray[np.uint8],
    size: int,
    bias: NDArray[np.float64],
    buckets: NDArray[np.int64],
    rows: NDArray[np.int32],
    sums: NDArray[np.float64],
    scores: NDArray[np.float64],
) -> None:
    """Score a tile: the keys first to last, whose words end at `ends`, int64 (keys + 1,), within the tile.

    `hashes` uint64 (2 + W,): of the words, behind two that stand for none; `index`, `weights` and `bias` as in
    `columns.MemberTable`, the weights as bytes, `size` of them each. Writes `scores` float64 (N, M); `buckets` int64
    and `rows` int32 (3, at least W) and `sums` float64 (columns of weights,) are scratch.

    First the rows of weights of the n-grams that end with each word: of one, two and three words, as if the tile were
    one key: vectors of words instead of loops of seven. Then the sums, without the n-grams that would begin in the key
    before.
    """
    words = ends[last - first]
    shift = np.uint64(64 - bits)
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
    nothing = len(weights) - 1
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
        sum_weights(weights, size, rows, begin, end, sums)
        for m in range(len(bias)):
            scores[row, m] = sums[m] * scale + bias[m]


@compiled
def score_keys(
    offsets: NDArray[np.int64],
    data: NDArray[np.uint8],
    limit: int,
    bits: int,
    index: NDArray[np.int32],
    weights: NDArray[np.uint8],
    size: int,
    bias: NDArray[np.float64],
    lowered: NDArray[np.uint8],
    hashes: NDArray[np.uint64],
    ends: NDArray[np.int64],
    buckets: NDArray[np.int64],
    rows: NDArray[np.int32],
    sums: NDArray[np.float64],
    scores: NDArray[np.float64],
    lengths: NDArray[np.int32],
    key_hashes: NDArray[np.uint64],
) -> None:
    """Score every plain ASCII key of a block with all members.

    Writes `scores` float64 (N, M), `lengths` int32 (N,) and `key_hashes` uint64 (N,), see `hash_words`; scores of keys
    that have no words there are those of a key without words. A tile of keys at a time: first the words of all, then
    the rows of all their n-grams, then the sums. All others are those of `score_words` and `hash_words`.
    """
    count = len(offsets) - 1
    words = hashes[2:]
    first = 0
    while first < count:
        last = min(first + TILE, count)
        last = first + hash_words(
            offsets, data, first, last, TILE_WORDS, limit, lowered, words, ends, lengths, key_hashes
        )
        if len(bias):
            score_words(
                first, last, ends, hashes, bits, index, weights, size, bias, buckets, rows, sums, scores
            )
        first = last


@compiled
def hash_keys(offsets: NDArray[np.int64], data: NDArray[np.uint8], key_hashes: NDArray[np.uint64]) -> None:
    """Hash every key of a block, as `seeding.hash64`. Writes `key_hashes` uint64 (N,)."""
    for row in range(len(offsets) - 1):
        key_hashes[row] = hash_bytes(data, offsets[row], offsets[row + 1])
