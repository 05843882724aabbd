"""The words of an ASCII key, eight bytes at a time: the fast way of `scan` for most requests of most languages.

Eight bytes are loaded at once, lower-cased, and those that are letters or digits marked, by arithmetic on all bytes
together: adding a constant to each byte sets its high bit where it is beyond a bound, and no carry crosses bytes
since their high bits are cleared first.

* `scan_short` marks all bytes of a key of at most 64 in one word of bits, in which words are runs of ones.
* `scan_ascii` goes from token to token; it takes keys of any length, and apostrophes.

Whatever is not ASCII sends the whole key to `scan`, the general way, which gives the same tokens and hashes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from canvass.compiled import compiled
from canvass.corpus.characters import KIND, LETTER, NUMBER, SPACE, describe
from canvass.corpus.scanning import (
    BLANK,
    BLANKS,
    EACH,
    HIGH_BITS,
    LOW_BITS,
    ONE,
    ZERO,
    word_at,
    zero_bytes,
)
from canvass.features.scan import APOSTROPHE, EIGHT, START, fold
from canvass.machine import count_ones, load_word, store_word, trailing_zeros

if TYPE_CHECKING:
    from numpy.typing import NDArray

NOT_ASCII = -1
NOT_SHORT = -2
SHORT = 64  # bytes: as many as a word has bits
FOREIGN = 0xFF  # the kind of a byte that is not ASCII
KINDS = np.array([describe(chr(byte)) & KIND for byte in range(128)] + [FOREIGN] * 128, dtype=np.uint8)

FROM_UPPER_A, BEYOND_UPPER_Z = np.uint64((0x80 - ord("A")) * EACH), np.uint64((0x7F - ord("Z")) * EACH)
FROM_LOWER_A, BEYOND_LOWER_Z = np.uint64((0x80 - ord("a")) * EACH), np.uint64((0x7F - ord("z")) * EACH)
FROM_ZERO, BEYOND_NINE = np.uint64((0x80 - ord("0")) * EACH), np.uint64((0x7F - ord("9")) * EACH)
APOSTROPHES = np.uint64(APOSTROPHE * EACH)
FIRST_BYTE = np.uint64(0x80)
# Multiplied by this, the lowest bits of eight bytes become the bits of the highest byte, in their order.
GATHER = np.uint64(0x0102_0408_1020_4080)
TWO, SEVEN, LAST_BYTE = np.uint64(2), np.uint64(7), np.uint64(56)


@compiled
def lower_case(word: np.uint64) -> np.uint64:
    """Lower the ASCII letters among eight bytes."""
    heptets = word & LOW_BITS
    upper = (heptets + FROM_UPPER_A) & ~(heptets + BEYOND_UPPER_Z) & ~word & HIGH_BITS
    return word | (upper >> TWO)


@compiled
def no_word_characters(word: np.uint64) -> np.uint64:
    """Set the high bit of each of eight lower-cased bytes that is no ASCII letter or digit."""
    heptets = word & LOW_BITS
    letters = (heptets + FROM_LOWER_A) & ~(heptets + BEYOND_LOWER_Z)
    digits = (heptets + FROM_ZERO) & ~(heptets + BEYOND_NINE)
    return ~((letters | digits) & ~word) & HIGH_BITS


@compiled
def gather(high_bits: np.uint64) -> np.uint64:
    """Collect the high bits of eight bytes in the lowest byte, the first byte's lowest."""
    return ((high_bits >> SEVEN) * GATHER) >> LAST_BYTE


@compiled
def scan_short(
    data: NDArray[np.uint8],
    low: int,
    high: int,
    lowered: NDArray[np.uint8],
    hashes: NDArray[np.uint64],
) -> tuple[int, int]:
    """Do what `scan_ascii` does, without a limit, for a key of 1 to 64 bytes without an apostrophe.

    Returns NOT_ASCII, or NOT_SHORT where there is an apostrophe. `lowered` uint8 (72,) is scratch: the
    lower-cased key, padded with zeros.
    """
    in_word = ZERO  # a bit for each byte
    blank = ZERO
    at = low
    shift = ZERO
    while at < high:
        word = word_at(data, at, high)
        if word & HIGH_BITS:
            return NOT_ASCII, 0
        if zero_bytes(word ^ APOSTROPHES):
            return NOT_SHORT, 0
        small = lower_case(word)
        store_word(lowered, at - low, small)
        in_word |= gather(no_word_characters(small) ^ HIGH_BITS) << shift
        blank |= gather(zero_bytes(word ^ BLANKS)) << shift
        at += 8
        shift += EIGHT
    store_word(lowered, at - low, ZERO)
    size = np.uint64(high - low)
    inside = ~ZERO >> (np.uint64(SHORT) - size)
    tokens: int = count_ones(inside & ~in_word & ~blank)
    words = 0
    while in_word:
        place: int = trailing_zeros(in_word)
        following = in_word + (in_word & (~in_word + ONE))  # the lowest run of ones becomes the one after it
        length: int = trailing_zeros(following) - place
        in_word &= following
        state = START
        left = length
        while left > 8:
            state = fold(state, load_word(lowered, place))
            place += 8
            left -= 8
        last = load_word(lowered, place) & (~ZERO >> np.uint64(64 - 8 * left))
        hashes[words] = fold(fold(state, last), np.uint64(length))
        words += 1
    return tokens + words, words


@compiled
def scan_ascii(
    data: NDArray[np.uint8], low: int, high: int, limit: int, hashes: NDArray[np.uint64]
) -> tuple[int, int]:
    """Count the tokens of the key data[low:high], and hash its words; returns T and the number of words.

    T is limit + 1 as soon as there are more than `limit`, and -1 where a byte is not ASCII. Writes `hashes`
    uint64 (limit,): of the words alone, lower-cased, in their order.
    """
    tokens = 0
    words = 0
    at = low
    while at < high:
        byte = data[at]
        kind = KINDS[byte]
        if kind == SPACE:
            at += 1
            continue
        if kind == FOREIGN:
            return NOT_ASCII, 0
        if tokens == limit:
            return limit + 1, words
        tokens += 1
        clitic = byte == APOSTROPHE and at + 1 < high and KINDS[data[at + 1]] == LETTER
        if not (clitic or kind == LETTER or kind == NUMBER):
            at += 1
            continue
        state = START
        start = at
        ignored = FIRST_BYTE if clitic else ZERO  # the apostrophe belongs to the word
        while True:
            word = lower_case(word_at(data, at, high))
            ends = no_word_characters(word) & ~ignored
            ignored = ZERO
            if ends == ZERO:
                state = fold(state, word)
                at += 8
                continue
            size: int = trailing_zeros(ends) >> 3
            if size > 0:
                state = fold(state, word & ((ONE << np.uint64(8 * size)) - ONE))
                at += size
            break
        hashes[words] = fold(state, np.uint64(at - start))
        words += 1
        if at < high:
            following = data[at]
            at += following == BLANK  # what mostly comes next
            if following >= FIRST_BYTE:
                return NOT_ASCII, 0  # a letter or mark that may belong to the word
    return tokens, words
