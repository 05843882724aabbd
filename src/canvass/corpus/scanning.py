"""Compiled scans of UTF-8: code points, and the texts that a normaliser must look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from canvass.compiled import compiled
from canvass.corpus.characters import KIND, SPACE
from canvass.corpus.characters import UNSETTLED as TOUCHED_BY_NFC
from canvass.machine import load_word

if TYPE_CHECKING:
    from numpy.typing import NDArray

BLANK = 0x20
EACH = 0x0101_0101_0101_0101  # a one in each byte
HIGH_BITS, LOW_BITS = np.uint64(0x80 * EACH), np.uint64(0x7F * EACH)
BLANKS, LETTERS = np.uint64(BLANK * EACH), np.uint64(ord("a") * EACH)
FROM_BLANK = np.uint64((0x80 - BLANK) * EACH)  # added to a byte, it sets the high bit from a blank on
FIRST_HIGH_BIT = np.uint64(0x80)
ZERO, ONE = np.uint64(0), np.uint64(1)
SETTLED, UNSETTLED, NOT_ASCII = 1, 0, -1


@compiled
def code_point(data: NDArray[np.uint8], at: int) -> tuple[int, int]:
    """Decode the code point that begins at a byte of valid UTF-8; returns it and its width in bytes."""
    first = int(data[at])
    if first < 0x80:
        return first, 1
    if first < 0xE0:
        return (first & 0x1F) << 6 | int(data[at + 1]) & 0x3F, 2
    if first < 0xF0:
        return (first & 0x0F) << 12 | (int(data[at + 1]) & 0x3F) << 6 | int(data[at + 2]) & 0x3F, 3
    high = (first & 0x07) << 18 | (int(data[at + 1]) & 0x3F) << 12
    return high | (int(data[at + 2]) & 0x3F) << 6 | int(data[at + 3]) & 0x3F, 4


@compiled
def word_at(data: NDArray[np.uint8], at: int, high: int) -> np.uint64:
    """Load the bytes of data[at:high], at most eight, as a little-endian word padded with zeros."""
    size = high - at
    if at + 8 <= len(data):
        word: np.uint64 = load_word(data, at)
        return word if size >= 8 else word & ((ONE << np.uint64(8 * size)) - ONE)
    word = ZERO
    for i in range(min(size, 8)):
        word |= np.uint64(data[at + i]) << np.uint64(8 * i)
    return word


@compiled
def zero_bytes(word: np.uint64) -> np.uint64:
    """Set the high bit of each of eight ASCII bytes that is zero."""
    return ~(word + LOW_BITS) & HIGH_BITS


@compiled
def look_at_ascii(data: NDArray[np.uint8], low: int, high: int) -> int:
    """Say of a text whether it is SETTLED, UNSETTLED (it might be changed), or NOT_ASCII: eight bytes at a time."""
    if low == high:
        return SETTLED
    carry = FIRST_HIGH_BIT  # the beginning counts as a blank
    at = low
    while at < high:
        word = word_at(data, at, high)
        if at + 8 > high:
            word |= LETTERS << np.uint64(8 * (high - at))
        if word & HIGH_BITS:
            return NOT_ASCII
        blanks = zero_bytes(word ^ BLANKS)
        controls = ~(word + FROM_BLANK) & HIGH_BITS
        if controls | (blanks & (blanks << np.uint64(8) | carry)):
            return UNSETTLED
        carry = blanks >> np.uint64(56)
        at += 8
    return UNSETTLED if data[high - 1] == BLANK else SETTLED


@compiled
def find_unsettled(
    offsets: NDArray[np.int32],
    data: NDArray[np.uint8],
    description: NDArray[np.uint8],
    unsettled: NDArray[np.bool_],
) -> None:
    """Mark the texts that may differ from their keys.

    A text is settled if it has no character that NFC could touch, no control, and its only white space are single
    blanks between other characters. Writes to `unsettled`, bool (N,).
    """
    for row in range(len(unsettled)):
        at = offsets[row]
        high = offsets[row + 1]
        seen = look_at_ascii(data, at, high)
        if seen != NOT_ASCII:
            unsettled[row] = seen == UNSETTLED
            continue
        after_space = True
        settled = True
        while at < high and settled:
            point, width = code_point(data, at)
            described = description[point]
            if described & KIND == SPACE:
                settled = point == BLANK and not after_space
                after_space = True
            else:
                settled = not described & TOUCHED_BY_NFC
                after_space = False
            at += width
        unsettled[row] = not settled or (after_space and offsets[row] < high)
