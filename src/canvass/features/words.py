"""The words of a stretch of keys, lower-cased and hashed: 64 bytes at a time where they are ASCII.

The letters, digits, blanks and apostrophes among 64 bytes are each marked in one word of bits, in which words of the
key are runs of ones. A longer key is taken in chunks; a word on the border of two begins the second one.

Whatever is not ASCII, or has controls or a word of 64 bytes or more, is left to `scan`, the general way, which gives
the same tokens and hashes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from canvass.compiled import compiled
from canvass.corpus.scanning import BLANK, ONE, ZERO, copy_end, first_bits
from canvass.features.scan import APOSTROPHE, START, fold, hash_bytes, scan
from canvass.machine import (
    CHUNK,
    bytes_between,
    copy_lowered,
    count_ones,
    leading_zeros,
    load_word,
    trailing_zeros,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

SCRATCH = CHUNK + 8  # a word of eight bytes may be loaded from any place of a chunk
EIGHT = 8  # bytes that are folded into a hash together
LAST_BIT = np.uint64(CHUNK - 1)


@compiled
def mark(data: NDArray[np.uint8], at: int) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64, np.uint64]:
    """Mark which of data[at : at + 64] are letters, digits, blanks, apostrophes, and controls or not ASCII."""
    upper = bytes_between(data, at, ord("A"), ord("Z"))
    letters = upper | bytes_between(data, at, ord("a"), ord("z"))
    digits = bytes_between(data, at, ord("0"), ord("9"))
    blanks = bytes_between(data, at, BLANK, BLANK)
    apostrophes = bytes_between(data, at, APOSTROPHE, APOSTROPHE)
    strange = bytes_between(data, at, 0x00, BLANK - 1) | bytes_between(data, at, 0x80, 0xFF)
    return letters, digits, blanks, apostrophes, strange


@compiled
def hash_words(  # noqa: C901, PLR0912, PLR0915, PLR0917 - one loop, and numba takes no dataclass of arrays
    offsets: NDArray[np.int32],
    data: NDArray[np.uint8],
    first: int,
    last: int,
    most: int,
    limit: int,
    description: NDArray[np.uint8],
    lower: NDArray[np.int32],
    lowered: NDArray[np.uint8],
    places: NDArray[np.int64],
    is_word: NDArray[np.bool_],
    hashes: NDArray[np.uint64],
    ends: NDArray[np.int64],
    lengths: NDArray[np.int32],
    key_hashes: NDArray[np.uint64],
) -> int:
    """Hash the words of the keys first to last, or of fewer, as soon as these have `most`; returns how many keys.

    Writes `hashes` uint64 (at least most + limit + 1,): of the words, lower-cased, one key after the other; `ends`
    int64 (at least keys + 1,): where the words of each key end in it, behind a zero; and by row, `lengths`: T, or
    limit + 1 where there are more tokens (and then no words), and `key_hashes`. The others are scratch of `scan`;
    `lowered` has at least SCRATCH bytes.

    The loop over keys is in here since numba counts the references to all arrays at each call of such a function.
    """
    found = 0
    row = first
    while row < last and found < most:
        low, high = int(offsets[row]), int(offsets[row + 1])
        key_hashes[row] = hash_bytes(data, low, high)
        tokens = 0
        words = found
        strange = ZERO
        at = low
        while at < high:
            if at + CHUNK <= len(data):
                letters, digits, blanks, apostrophes, others = mark(data, at)
                copy_lowered(data, at, lowered)
            else:
                copy_end(data, at, high, lowered)
                letters, digits, blanks, apostrophes, others = mark(lowered, 0)
                copy_lowered(lowered, 0, lowered)
            inside = first_bits(high - at)
            strange |= others & inside
            letters &= inside
            # "'s": the apostrophe belongs to the word, and begins it.
            clitics = apostrophes & (letters >> ONE)
            in_word = letters | (digits & inside) | clitics
            starts = (in_word & ~(in_word << ONE)) | clitics
            taken = CHUNK
            if at + CHUNK < high and (in_word | apostrophes) >> LAST_BIT:
                # The last word may go on beyond the chunk, and an apostrophe begin one: the next chunk begins there.
                taken = 63 - leading_zeros(starts) if in_word >> LAST_BIT else 63
                if taken == 0:  # a word of 64 bytes or more
                    strange, taken = ONE, CHUNK
                inside = first_bits(taken)
                in_word &= inside
                starts &= inside
            at += taken
            here = count_ones(starts)
            tokens += here + count_ones(inside & ~in_word & ~blanks)
            if strange or tokens > limit:
                at, starts = high, ZERO
            ends_of_words = ~in_word | starts
            while starts:
                place: int = trailing_zeros(starts)
                starts &= starts - ONE
                length = min(trailing_zeros(ends_of_words >> np.uint64(place) >> ONE) + 1, CHUNK - place)
                state = START
                left = length
                while left > EIGHT:
                    state = fold(state, load_word(lowered, place))
                    place += EIGHT
                    left -= EIGHT
                rest = load_word(lowered, place) & (~ZERO >> np.uint64(64 - 8 * left))
                hashes[words] = fold(fold(state, rest), np.uint64(length))
                words += 1
        if strange:
            words = found
            tokens = scan(
                data, low, high, limit, description, lower, lowered, places, is_word, hashes[found:]
            )
            for t in range(min(tokens, limit)):
                if is_word[t]:
                    hashes[words] = hashes[found + t]
                    words += 1
        if tokens > limit:
            tokens, words = limit + 1, found
        lengths[row] = tokens
        found = words
        row += 1
        ends[row - first] = found
    return row - first
