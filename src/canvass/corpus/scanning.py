"""Compiled scans of UTF-8: code points, and the texts that a normaliser must look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from canvass.compiled import compiled
from canvass.corpus.characters import KIND, SPACE, UNSETTLED

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BLANK = 0x20


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
def find_unsettled(
    offsets: NDArray[np.int32],
    data: NDArray[np.uint8],
    description: NDArray[np.uint8],
    unsettled: NDArray[np.bool_],
) -> None:
    """Mark the texts that may differ from their keys.

    A text is settled if it has no character that NFC could touch, and its only white space are single blanks
    between other characters. Writes to `unsettled`, bool (N,).
    """
    for row in range(len(unsettled)):
        at = offsets[row]
        high = offsets[row + 1]
        after_space = True
        settled = True
        while at < high and settled:
            point, width = code_point(data, at)
            described = description[point]
            if described & KIND == SPACE:
                settled = point == BLANK and not after_space
                after_space = True
            else:
                settled = not described & UNSETTLED
                after_space = False
            at += width
        unsettled[row] = not settled or (after_space and offsets[row] < high)
