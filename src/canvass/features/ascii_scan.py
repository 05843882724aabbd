"""The words of an ASCII key, eight bytes at a time: the fast way of `scan` for most requests of most languages.

A word of eight bytes is loaded at once, lower-cased, and searched for its first byte that is neither letter nor
digit, by arithmetic on all bytes together: adding a constant to each byte sets its high bit where it is beyond a
bound, and no carry crosses bytes since their high bits are cleared first. Whatever is not ASCII sends the whole key
to `scan`, the general way, which gives the same tokens and hashes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from canvass.compiled import compiled
from canvass.corpus.characters import KIND, LETTER, NUMBER, SPACE, describe
from canvass.corpus.scanning import BLANK
from canvass.features.machine import load_word, trailing_zeros
from canvass.features.scan import APOSTROPHE, START, ZERO, fold

if TYPE_CHECKING:
    from numpy.typing import NDArray

NOT_ASCII = -1
FOREIGN = 0xFF  # the kind of a byte that is not ASCII
KINDS = np.array([describe(chr(byte)) & KIND for byte in range(128)] + [FOREIGN] * 128, dtype=np.uint8)

EACH = 0x0101_0101_0101_0101  # a one in each byte
HIGH_BITS = np.uint64(0x80 * EACH)
LOW_BITS = np.uint64(0x7F * EACH)
FROM_UPPER_A, BEYOND_UPPER_Z = np.uint64((0x80 - ord("A")) * EACH), np.uint64((0x7F - ord("Z")) * EACH)
FROM_LOWER_A, BEYOND_LOWER_Z = np.uint64((0x80 - ord("a")) * EACH), np.uint64((0x7F - ord("z")) * EACH)
FROM_ZERO, BEYOND_NINE = np.uint64((0x80 - ord("0")) * EACH), np.uint64((0x7F - ord("9")) * EACH)
FIRST_BYTE = np.uint64(0x80)
ONE, TWO, THREE = np.uint64(1), np.uint64(2), np.uint64(3)


@compiled
def word_at(data: NDArray[np.uint8], at: int, high: int) -> np.uint64:
    """Load the bytes of data[at:high], at most eight, as a little-endian word padded with zeros."""
    size = high - at
    if at + 8 <= len(data):
        word = load_word(data, at)
        return word if size >= 8 else word & ((ONE << np.uint64(8 * size)) - ONE)
    word = ZERO
    for i in range(min(size, 8)):
        word |= np.uint64(data[at + i]) << np.uint64(8 * i)
    return word


@compiled
def hash_key(data: NDArray[np.uint8], low: int, high: int) -> np.uint64:
    """Hash data[low:high], as `seeding.hash64`."""
    state = START
    at = low
    while at < high:
        state = fold(state, word_at(data, at, high))
        at += 8
    return fold(state, np.uint64(high - low))


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
            size = trailing_zeros(ends) >> THREE
            if size > ZERO:
                state = fold(state, word & ((ONE << (size << THREE)) - ONE))
                at += np.int64(size)
            break
        hashes[words] = fold(state, np.uint64(at - start))
        words += 1
        if at < high:
            following = data[at]
            at += following == BLANK  # what mostly comes next
            if following >= FIRST_BYTE:
                return NOT_ASCII, 0  # a letter or mark that may belong to the word
    return tokens, words
