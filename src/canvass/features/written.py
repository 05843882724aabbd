"""The tokens of a key as they are written: where they stand, and a hash of their bytes, case kept.

The tagger keeps what it knows of a word under this hash, so that it need not lower-case, cut or draw a word that it
has met before. The tokens of an ASCII key are found as runs of bits, 64 bytes at a time; those of any other key by
the general `scan`. Both ways give the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from canvass.compiled import compiled
from canvass.corpus.characters import LETTER
from canvass.corpus.scanning import BLANKS, HIGH_BITS, ONE, ZERO, word_at, zero_bytes
from canvass.features.ascii_scan import APOSTROPHES, KINDS, SHORT, gather, lower_case, no_word_characters
from canvass.features.scan import EIGHT, hash_bytes
from canvass.machine import trailing_zeros

if TYPE_CHECKING:
    from numpy.typing import NDArray

NOT_ASCII = -1
LAST_BIT = np.uint64(63)


@compiled
def clitics(data: NDArray[np.uint8], low: int, high: int, apostrophes: np.uint64) -> np.uint64:
    """Keep the bits of those apostrophes, from data[low] on, that stand before a letter and so begin a token."""
    found = ZERO
    while apostrophes:
        following: int = low + trailing_zeros(apostrophes) + 1
        rest = apostrophes & (apostrophes - ONE)
        if following < high and KINDS[data[following]] == LETTER:
            found |= apostrophes ^ rest
        apostrophes = rest
    return found


@compiled
def written_tokens(
    data: NDArray[np.uint8], low: int, high: int, places: NDArray[np.int64], forms: NDArray[np.uint64]
) -> int:
    """Cut the key data[low:high] into tokens if it is ASCII; returns T, or NOT_ASCII.

    Writes, for token t: `places[t, :2]` = its first byte and its end in `data`, int64 (tokens, at least 2);
    `forms[t]` = the hash of its bytes, uint64 (tokens,).
    """
    begun = 0
    ended = 0
    may_join = ZERO  # whether a letter or digit would go on with the token of the byte before
    within = ZERO  # whether the byte before belongs to a token
    for chunk in range(low, high, SHORT):
        beyond = min(chunk + SHORT, high)
        in_word = ZERO  # a bit for each byte
        blank = ZERO
        apostrophes = ZERO
        shift = ZERO
        for at in range(chunk, beyond, 8):
            word = word_at(data, at, beyond)
            if word & HIGH_BITS:
                return NOT_ASCII
            in_word |= gather(no_word_characters(lower_case(word)) ^ HIGH_BITS) << shift
            blank |= gather(zero_bytes(word ^ BLANKS)) << shift
            apostrophes |= gather(zero_bytes(word ^ APOSTROPHES)) << shift
            shift += EIGHT
        joining = in_word | clitics(data, chunk, high, apostrophes)
        inside = ~ZERO >> np.uint64(SHORT - (beyond - chunk)) & ~blank
        starts = inside & ~(in_word & (joining << ONE | may_join))
        ends = (inside << ONE | within) & ~(inside & ~starts)  # the bytes after the last ones of tokens
        while starts:
            places[begun, 0] = chunk + trailing_zeros(starts)
            begun += 1
            starts &= starts - ONE
        while ends:
            places[ended, 1] = chunk + trailing_zeros(ends)
            ended += 1
            ends &= ends - ONE
        may_join = joining >> LAST_BIT
        within = inside >> LAST_BIT
    if ended < begun:
        places[ended, 1] = high
    hash_written(data, begun, places, forms)
    return begun


@compiled
def hash_written(
    data: NDArray[np.uint8], count: int, places: NDArray[np.int64], forms: NDArray[np.uint64]
) -> None:
    """Hash the bytes of T tokens, from their first byte and end in `places`, to `forms` uint64 (at least T,)."""
    for t in range(count):
        forms[t] = hash_bytes(data, places[t, 0], places[t, 1])
