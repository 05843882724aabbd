"""One compiled scan of a key: its tokens, lower-cased and hashed (the rules of `corpus.spans.tokens`).

The scan hashes while it lower-cases: bytes are gathered into words of eight, which are folded into the state of
the token (`seeding.hash64`). All 64-bit constants are uint64, since numba would take signed arithmetic otherwise.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from canvass.compiled import compiled, inlined
from canvass.corpus.characters import CASED_CODE_POINTS, KIND, LETTER, MARK, NUMBER, SINGLE, SPACE
from canvass.corpus.scanning import ZERO, code_point, word_at
from canvass.seeding import HASH_START, MIX_FACTORS, WORD_FACTOR

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


@inlined
def finish(state: np.uint64, word: np.uint64, shift: np.uint64, size: int) -> np.uint64:
    """Fold what is left of a token of `size` bytes, `shift` bits of a word, and its size into its hash."""
    if shift > ZERO:
        state = fold(state, word)
    return fold(state, np.uint64(size))


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
    offsets: NDArray[np.int64],
    data: NDArray[np.uint8],
    rows: NDArray[np.int64],
    limit: int,
    description: NDArray[np.uint8],
    lower: NDArray[np.int32],
    lowered: NDArray[np.uint8],
    starts: NDArray[np.int64],
    places: NDArray[np.int64],
    words: NDArray[np.bool_],
    hashes: NDArray[np.uint64],
    lengths: NDArray[np.int32],
) -> None:
    """Cut the keys `rows`, int64 (n,), of a column into tokens.

    Writes `starts` int64 (n + 1,): the first token of each key; for every token `places` int64 (tokens, 4): its first
    byte and end in `data`, then in `lowered`; `words` bool: whether it is a word; `hashes` uint64: of its lower-cased
    bytes; and by row `lengths`: T, or limit + 1 where there are more tokens than `limit`; such a key has none here.
    There must be room for a token a byte, and in `lowered` uint8 for one and a half times the bytes, and 8. The rules
    are those of `corpus.spans.tokens`.
    """
    count = 0
    size = 0  # of lowered
    for row in range(len(rows)):
        at, high = offsets[rows[row]], offsets[rows[row] + 1]
        first, first_size = count, size
        starts[row] = first
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
                if count > first:
                    hashes[count - 1] = finish(state, word, shift, size - places[count - 1, 2])
                if count - first == limit:
                    break
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
        lengths[rows[row]] = count - first
        if at < high:
            count, size = first, first_size
            lengths[rows[row]] = limit + 1
        elif count > first:
            hashes[count - 1] = finish(state, word, shift, size - places[count - 1, 2])
    starts[len(rows)] = count
