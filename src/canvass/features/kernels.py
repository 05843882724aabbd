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
from canvass.features.ascii_scan import NOT_ASCII, NOT_SHORT, SHORT, scan_ascii, scan_short
from canvass.features.scan import HALF, hash_bytes, longest, scan

if TYPE_CHECKING:
    from numpy.typing import NDArray

NGRAM_FACTOR = np.uint64(0xA0761D6478BD642F)
BUCKET_FACTOR = np.uint64(0x9E3779B97F4A7C15)


@compiled
def bucket_of(ngram: np.uint64, shift: np.uint64) -> np.uint64:
    """Choose the bucket of an n-gram; shift = 64 - bits."""
    return ((ngram ^ (ngram >> HALF)) * BUCKET_FACTOR) >> shift


@compiled
def scan_words(
    data: NDArray[np.uint8],
    low: int,
    high: int,
    limit: int,
    description: NDArray[np.uint8],
    lower: NDArray[np.int32],
    lowered: NDArray[np.uint8],
    places: NDArray[np.int64],
    is_word: NDArray[np.bool_],
    hashes: NDArray[np.uint64],
) -> tuple[int, int]:
    """Count the tokens of a key, and hash its words; returns T, or limit + 1, and the number of words.

    Writes `hashes` uint64 (at least 64 and limit + 1,): of the words alone; the other arrays are scratch of `scan`
    and `scan_short`.
    """
    tokens, words = NOT_SHORT, 0
    if 0 < high - low <= SHORT:
        tokens, words = scan_short(data, low, high, lowered, hashes)
        if tokens > limit:
            return limit + 1, 0
    if tokens == NOT_SHORT:
        tokens, words = scan_ascii(data, low, high, limit, hashes)
    if tokens != NOT_ASCII:
        return tokens, words
    tokens = scan(data, low, high, limit, description, lower, lowered, places, is_word, hashes)
    words = 0
    for t in range(min(tokens, limit)):
        if is_word[t]:
            hashes[words] = hashes[t]
            words += 1
    return tokens, words


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
def score_keys(
    offsets: NDArray[np.int32],
    data: NDArray[np.uint8],
    limit: int,
    description: NDArray[np.uint8],
    lower: NDArray[np.int32],
    bits: int,
    table: NDArray[np.float32],
    bias: NDArray[np.float64],
    scores: NDArray[np.float64],
    lengths: NDArray[np.int32],
    key_hashes: NDArray[np.uint64],
) -> None:
    """Score every key of a block with all members, in one pass.

    `table` float32 (F, M), `bias` float64 (M,). Writes `scores` float64 (N, M); `lengths` int32 (N,): T, or
    limit + 1 where there are more tokens than `limit` (those are not scored); `key_hashes` uint64 (N,).
    """
    longest_key = longest(offsets)
    capacity = min(limit, longest_key) + 1
    lowered = np.empty(longest_key * 3 // 2 + SHORT + 8, dtype=np.uint8)
    places = np.empty((capacity, 4), dtype=np.int64)
    is_word = np.empty(capacity, dtype=np.bool_)
    hashes = np.empty(max(capacity, SHORT), dtype=np.uint64)
    buckets = np.empty(3 * len(hashes), dtype=np.int64)
    shift = np.uint64(64 - bits)
    members = len(bias)
    sums = np.empty(members, dtype=np.float64)
    for row in range(len(offsets) - 1):
        low = offsets[row]
        high = offsets[row + 1]
        key_hashes[row] = hash_bytes(data, low, high)
        tokens, words = scan_words(
            data, low, high, limit, description, lower, lowered, places, is_word, hashes
        )
        lengths[row] = tokens
        if tokens > limit:
            scores[row, :] = 0.0
            continue
        found = ngram_buckets(words, hashes, shift, buckets)
        scale = 1.0 / math.sqrt(found) if found > 0 else 0.0
        if members == 3:
            # The committee as it is: sums in registers. The loop below says the same for any number.
            sum_0, sum_1, sum_2 = 0.0, 0.0, 0.0
            for i in range(found):
                weights = table[buckets[i]]
                sum_0 += weights[0]
                sum_1 += weights[1]
                sum_2 += weights[2]
            scores[row, 0] = sum_0 * scale + bias[0]
            scores[row, 1] = sum_1 * scale + bias[1]
            scores[row, 2] = sum_2 * scale + bias[2]
            continue
        sums[:] = 0.0
        for i in range(found):
            for m in range(members):
                sums[m] += table[buckets[i], m]
        for m in range(members):
            scores[row, m] = sums[m] * scale + bias[m]


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
    lowered = np.empty(capacity * 3 // 2 + SHORT + 8, dtype=np.uint8)
    places = np.empty((capacity, 4), dtype=np.int64)
    is_word = np.empty(capacity, dtype=np.bool_)
    hashes = np.empty(max(capacity, SHORT), dtype=np.uint64)
    shift = np.uint64(64 - bits)
    starts[0] = 0
    for row in range(len(offsets) - 1):
        _, words = scan_words(
            data,
            offsets[row],
            offsets[row + 1],
            capacity - 1,
            description,
            lower,
            lowered,
            places,
            is_word,
            hashes,
        )
        first = starts[row]
        found = ngram_buckets(words, hashes, shift, columns[first:])
        values[first : first + found] = 1.0 / math.sqrt(found) if found > 0 else 0.0
        starts[row + 1] = first + found
