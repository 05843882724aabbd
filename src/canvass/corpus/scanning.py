"""Compiled scans of UTF-8: decoding, detection of texts to normalise, and rewriting of columns."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from canvass.compiled import compiled, inlined
from canvass.corpus.characters import KIND, SPACE, describe
from canvass.corpus.characters import UNSETTLED as TOUCHED_BY_NFC
from canvass.machine import CHUNK, bytes_between, copy_bytes, load_word

BLANK = 0x20
ZERO, ONE = np.uint64(0), np.uint64(1)
ASCII_SPACE = np.array([describe(chr(byte)) & KIND == SPACE for byte in range(0x80)])


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
    """Load the bytes of data[at:high], at most eight, as a little-endian word padded with zeros.

    `data` has at least eight bytes.
    """
    start = min(at, len(data) - 8)
    word: np.uint64 = load_word(data, start) >> np.uint64(8 * (at - start))
    size = high - at
    return word if size >= 8 else word & ((ONE << np.uint64(8 * size)) - ONE)


@inlined
def first_bits(count: int) -> np.uint64:
    """Set the `count` lowest bits of a word, at least 1; all for 64 or more."""
    return ~ZERO >> np.uint64(max(CHUNK - count, 0))


@compiled
def is_settled(data: NDArray[np.uint8], low: int, high: int, description: NDArray[np.uint8]) -> bool:
    """Tell whether the text data[low:high] certainly equals its key.

    A text is settled if NFC could change none of its characters, it has no control characters, and its only white
    space is single blanks between other characters.
    """
    after_space = True
    settled = True
    at = low
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
    return settled and (low == high or not after_space)


@compiled
def find_unsettled(
    offsets: NDArray[np.int64],
    data: NDArray[np.uint8],
    description: NDArray[np.uint8],
    unsettled: NDArray[np.bool_],
) -> None:
    """Mark the texts that may differ from their keys in `unsettled` bool (N,), see `is_settled`.

    ASCII is scanned 64 bytes at a time; `data` has at least 64 bytes.
    """
    for row in range(len(unsettled)):
        low, high = offsets[row], offsets[row + 1]
        before = ONE  # whether a blank, or the beginning of the text, is before this chunk
        strange = ZERO
        at = low
        while at < high:
            blanks = bytes_between(data, at, BLANK, BLANK)
            strangers = bytes_between(data, at, 0x00, BLANK - 1) | bytes_between(data, at, 0x80, 0xFF)
            strange |= (strangers | (blanks & (blanks << ONE | before))) & first_bits(high - at)
            before = blanks >> np.uint64(min(high - at, CHUNK) - 1) & ONE
            at += CHUNK
        if low < high and strange | before:
            unsettled[row] = not is_settled(data, low, high, description)


@compiled
def collapse_ascii(
    offsets: NDArray[np.int64],
    data: NDArray[np.uint8],
    out_offsets: NDArray[np.int32],
    out_data: NDArray[np.uint8],
    foreign: NDArray[np.bool_],
) -> None:
    """Trim the ASCII texts of a column, and replace each run of white space by one blank.

    Writes `out_offsets` int32 (N + 1,) and `out_data`, which must be as large as `data`; texts that are not ASCII are
    left empty, and marked in `foreign` bool (N,).
    """
    size = 0
    for row in range(len(foreign)):
        begin = size
        out_offsets[row] = begin
        after_space = True
        for at in range(offsets[row], offsets[row + 1]):
            byte = data[at]
            if byte >= len(ASCII_SPACE):
                foreign[row] = True
                size = begin
                break
            space = ASCII_SPACE[byte]
            if not (space and after_space):
                out_data[size] = BLANK if space else byte
                size += 1
            after_space = space
        if size > begin and out_data[size - 1] == BLANK:
            size -= 1
    out_offsets[len(foreign)] = size


@compiled
def replace_texts(  # noqa: PLR0917 - numba passes single arrays fastest
    offsets: NDArray[np.int64],
    data: NDArray[np.uint8],
    chosen: NDArray[np.bool_],
    new_offsets: NDArray[np.int64],
    new_data: NDArray[np.uint8],
    out_offsets: NDArray[np.int32],
    out_data: NDArray[np.uint8],
) -> None:
    """Copy a column and replace the chosen texts by new ones, in their order; unchanged ranges are copied at once.

    Writes `out_offsets` int32 (N + 1,) and `out_data`, which must be large enough.
    """
    size = 0
    replaced = 0
    begin = offsets[0]  # first byte not copied yet
    for row in range(len(chosen)):
        out_offsets[row] = size + offsets[row] - begin
        if chosen[row]:
            end = offsets[row]
            copy_bytes(data, begin, out_data, size, end - begin)
            size += end - begin
            low, high = new_offsets[replaced], new_offsets[replaced + 1]
            copy_bytes(new_data, low, out_data, size, high - low)
            size += high - low
            replaced += 1
            begin = offsets[row + 1]
    end = offsets[len(chosen)]
    copy_bytes(data, begin, out_data, size, end - begin)
    out_offsets[len(chosen)] = size + end - begin
