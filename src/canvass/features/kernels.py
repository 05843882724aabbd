"""The n-gram features of `features.reference`, compiled, straight from the bytes of an Arrow column of keys.

`score_keys` sums the members' weights for the pool: no sparse matrix, no strings. `fill_rows` builds the CSR matrix
that the members are trained on. Both walk the n-grams in one order, so a sum has one value.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from canvass.compiled import compiled
from canvass.features.scan import HALF, ZERO, hash_bytes, longest, scan

if TYPE_CHECKING:
    from numpy.typing import NDArray

NGRAM_FACTOR = np.uint64(0xA0761D6478BD642F)
BUCKET_FACTOR = np.uint64(0x9E3779B97F4A7C15)


@compiled
def bucket_of(ngram: np.uint64, shift: np.uint64) -> np.uint64:
    """Choose the bucket of an n-gram; shift = 64 - bits."""
    return ((ngram ^ (ngram >> HALF)) * BUCKET_FACTOR) >> shift


@compiled
def ngram_buckets(
    count: int,
    words: NDArray[np.bool_],
    hashes: NDArray[np.uint64],
    shift: np.uint64,
    buckets: NDArray[np.int64],
) -> int:
    """Write the buckets of all n-grams of T tokens to `buckets`, in the order of summation; returns their number n."""
    found = 0
    before = ZERO
    before_2 = ZERO
    seen = 0
    for t in range(count):
        if not words[t]:
            continue
        here = hashes[t]
        buckets[found] = bucket_of(here, shift)
        found += 1
        if seen > 0:
            buckets[found] = bucket_of(before * NGRAM_FACTOR + here, shift)
            found += 1
        if seen > 1:
            buckets[found] = bucket_of((before_2 * NGRAM_FACTOR + before) * NGRAM_FACTOR + here, shift)
            found += 1
        before_2 = before
        before = here
        seen += 1
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
    lowered = np.empty(longest_key * 3 // 2 + 8, dtype=np.uint8)
    places = np.empty((capacity, 4), dtype=np.int64)
    words = np.empty(capacity, dtype=np.bool_)
    hashes = np.empty(capacity, dtype=np.uint64)
    buckets = np.empty(3 * capacity, dtype=np.int64)
    shift = np.uint64(64 - bits)
    members = len(bias)
    sums = np.empty(members, dtype=np.float64)
    for row in range(len(offsets) - 1):
        low = offsets[row]
        high = offsets[row + 1]
        key_hashes[row] = hash_bytes(data, low, high)
        count = scan(data, low, high, limit, description, lower, lowered, places, words, hashes)
        lengths[row] = count
        if count > limit:
            scores[row, :] = 0.0
            continue
        found = ngram_buckets(count, words, hashes, shift, buckets)
        sums[:] = 0.0
        for i in range(found):
            for m in range(members):
                sums[m] += table[buckets[i], m]
        scale = 1.0 / math.sqrt(found) if found > 0 else 0.0
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
    lowered = np.empty(capacity * 3 // 2 + 8, dtype=np.uint8)
    places = np.empty((capacity, 4), dtype=np.int64)
    words = np.empty(capacity, dtype=np.bool_)
    hashes = np.empty(capacity, dtype=np.uint64)
    shift = np.uint64(64 - bits)
    starts[0] = 0
    for row in range(len(offsets) - 1):
        count = scan(
            data, offsets[row], offsets[row + 1], capacity, description, lower, lowered, places, words, hashes
        )
        first = starts[row]
        found = ngram_buckets(count, words, hashes, shift, columns[first:])
        values[first : first + found] = 1.0 / math.sqrt(found) if found > 0 else 0.0
        starts[row + 1] = first + found
