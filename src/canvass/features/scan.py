"""One compiled scan of a key: its tokens, lower-cased and hashed (the rules of `corpus.spans.tokens`).

The scan hashes while it lower-cases: bytes are gathered into words of eight, which are folded into the state of
the token (`seeding.hash64`). All 64-bit constants are uint64, since numba would take signed arithmetic otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from canvass.compiled import compiled, inlined
from canvass.corpus.characters import CASED_CODE_POINTS, KIND, LETTER, MARK, NUMBER, SINGLE, SPACE
from canvass.corpus.scanning import ZERO, code_point, word_at
from canvass.seeding import HASH_START, MIX_FACTORS, WORD_FACTOR

if TYPE_CHECKING:
    from numpy.typing import NDArray

START = np.uint64(HASH_START)
FACTOR = np.uint64(WORD_FACTOR)
MIX_1, MIX_2 = np.uint64(MIX_FACTORS[0]), np.uint64(MIX_FACTORS[1])
EIGHT, FULL, HALF = np.uint64(8), np.uint64(64), np.uint64(32)
APOSTROPHE, CURLY_APOSTROPHE = 0x27, 0x2019


@inlined
def fold(state: np.uint64, word: np.uint64) -> np.uint64:
    """Fold a word of eight bytes into a hash."""
    state = (state ^ word) * FACTOR
    return state ^ (state >> HALF)


@inlined
def mix(state: np.uint64) -> np.uint64:
    """Spread the bits of a state, as `seeding.mix64`."""
    state = (state ^ (state >> np.uint64(30))) * MIX_1
    state = (state ^ (state >> np.uint64(27))) * MIX_2
    return state ^ (state >> np.uint64(31))


@compiled
def hash_bytes(data: NDArray[np.uint8], low: int, high: int) -> np.uint64:
    """Hash data[low:high], as `seeding.hash64`."""
    state = START
    at = low
    while at < high:
        state = fold(state, word_at(data, at, high))
        at += 8
    return fold(state, np.uint64(high - low))


@compiled
def longest(offsets: NDArray[np.int64]) -> int:
    """Find the longest key of a block, in bytes."""
    found = 0
    for row in range(len(offsets) - 1):
        found = max(found, offsets[row + 1] - offsets[row])
    return found


@compiled
def encode(point: int, out: NDArray[np.uint8], at: int) -> int:
    """Write a code point beyond ASCII as UTF-8; returns its width."""
    if point < 0x80:
        out[at] = point
        return 1
    if point < 0x800:
        out[at] = 0xC0 | point >> 6
        out[at + 1] = 0x80 | point & 0x3F
        return 2
    if point < 0x10000:
        out[at] = 0xE0 | point >> 12
        out[at + 1] = 0x80 | point >> 6 & 0x3F
        out[at + 2] = 0x80 | point & 0x3F
        return 3
    out[at] = 0xF0 | point >> 18
    out[at + 1] = 0x80 | point >> 12 & 0x3F
    out[at + 2] = 0x80 | point >> 6 & 0x3F
    out[at + 3] = 0x80 | point & 0x3F
    return 4


@compiled
def scan(
    data: NDArray[np.uint8],
    low: int,
    high: int,
    limit: int,
    description: NDArray[np.uint8],
    lower: NDArray[np.int32],
    lowered: NDArray[np.uint8],
    places: NDArray[np.int64],
    words: NDArray[np.bool_],
    hashes: NDArray[np.uint64],
) -> int:
    """Cut the key data[low:high] into tokens; returns T, or limit + 1 as soon as there are more than `limit`.

    Writes, for token t: `places[t]` = its first byte and end in `data`, then in `lowered`, int64 (limit + 1, 4);
    `words[t]` = whether it is a word; `hashes[t]` = the hash of its lower-cased bytes. The rules are those of
    `corpus.spans.tokens`.
    """
    count = 0
    size = 0  # of lowered
    at = low
    run = False
    after_space = True
    state = START
    word = ZERO
    shift = ZERO
    while at < high:
        point, width = code_point(data, at)
        kind = description[point] & KIND
        if kind == SPACE:
            run = False
            after_space = True
            at += width
            continue
        joins = (kind == MARK and not after_space) or (run and (kind == LETTER or kind == NUMBER))
        if not joins:
            if count > 0:
                if shift > ZERO:
                    state = fold(state, word)
                hashes[count - 1] = fold(state, np.uint64(size - places[count - 1, 2]))
            if count == limit:
                return limit + 1
            clitic = False
            if (point == APOSTROPHE or point == CURLY_APOSTROPHE) and at + width < high:
                following, _ = code_point(data, at + width)
                clitic = description[following] & KIND == LETTER
            run = clitic or kind == LETTER or kind == MARK or kind == NUMBER
            words[count] = run or kind == SINGLE
            places[count, 0] = at
            places[count, 2] = size
            count += 1
            state = START
            word = ZERO
            shift = ZERO
        if point < CASED_CODE_POINTS:
            point = 0 + lower[point]  # of 64 bits, as any other: `encode` is compiled once
        added = encode(point, lowered, size)
        for i in range(added):
            word |= np.uint64(lowered[size + i]) << shift
            shift += EIGHT
            if shift == FULL:
                state = fold(state, word)
                word = ZERO
                shift = ZERO
        size += added
        at += width
        places[count - 1, 1] = at
        places[count - 1, 3] = size
        after_space = False
    if count > 0:
        if shift > ZERO:
            state = fold(state, word)
        hashes[count - 1] = fold(state, np.uint64(size - places[count - 1, 2]))
    return count
