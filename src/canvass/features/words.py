"""The tokens of ASCII keys, 64 bytes at a time, and the hashes of their words, or of all tokens as they are written.

The letters, digits, blanks and apostrophes among 64 bytes are each marked in one word of bits, in which tokens are runs
of ones. A longer key is taken in chunks; a word on the border of two begins the second one.

Whatever is not ASCII, or has controls or a word of 64 bytes or more, is left to `scan`, the general way, which gives
the same tokens and hashes; `extraction` calls it, so that it is compiled only where it is needed.

The tagger keeps what it knows of a word under the hash of its surface, the bytes as they are written, so that it need
not lower-case, cut or draw a word that it has met before.
"""

# ruff: noqa: PLR0917 - kernels take plain arrays
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from canvass.compiled import compiled, inlined
from canvass.corpus.scanning import BLANK, ONE, ZERO, first_bits
from canvass.features.scan import APOSTROPHE, START, fold, hash_bytes
from canvass.machine import (
    CHUNK,
    bytes_between,
    copy_lowered,
    count_ones,
    leading_zeros,
    load_word,
    trailing_zeros,
)

Bits = np.uint64

# Of `hash_words`: a word of eight bytes may be loaded from any place of the second chunk.
SCRATCH = 2 * CHUNK + 8
EIGHT = 8  # bytes that are folded into a hash together
LAST_BIT = np.uint64(CHUNK - 1)
GENERAL = -1  # the length of a key that is left to `scan`


@compiled
def cut(data: NDArray[np.uint8], at: int, high: int) -> tuple[Bits, Bits, Bits, int, bool]:
    """Cut data[at:high] into tokens, or as much of it as can be told from 64 bytes.

    Returns four bits for each byte: whether it begins a word, begins a symbol, and belongs to a word; then how many
    bytes were taken, and whether they are plain: ASCII without controls, and no word of 64 bytes or more.
    """
    inside = first_bits(high - at)
    upper = bytes_between(data, at, ord("A"), ord("Z"))
    letters = (upper | bytes_between(data, at, ord("a"), ord("z"))) & inside
    digits = bytes_between(data, at, ord("0"), ord("9"))
    blanks = bytes_between(data, at, BLANK, BLANK)
    apostrophes = bytes_between(data, at, APOSTROPHE, APOSTROPHE)
    others = bytes_between(data, at, 0x00, BLANK - 1) | bytes_between(data, at, 0x80, 0xFF)
    plain = others & inside == ZERO
    # "'s": the apostrophe belongs to the word, and begins it.
    clitics = apostrophes & (letters >> ONE)
    in_word = letters | (digits & inside) | clitics
    starts = (in_word & ~(in_word << ONE)) | clitics
    taken = CHUNK
    if at + CHUNK < high and (in_word | apostrophes) >> LAST_BIT:
        # The last word may go on beyond the chunk, and an apostrophe begin one: the next chunk begins there.
        taken = 63 - leading_zeros(starts) if in_word >> LAST_BIT else 63
        if taken == 0:
            plain, taken = False, CHUNK
        inside = first_bits(taken)
        in_word &= inside
        starts &= inside
    return starts, inside & ~in_word & ~blanks, in_word, taken, plain


@inlined
def size_at(place: int, starts: Bits, in_word: Bits) -> int:
    """Tell the bytes of the token that begins at a place of a chunk."""
    ends = (~in_word | starts) >> np.uint64(place) >> ONE
    size: int = min(trailing_zeros(ends) + 1, CHUNK - place)
    return size


@compiled
def hash_words(
    offsets: NDArray[np.int64],
    data: NDArray[np.uint8],
    first: int,
    last: int,
    most: int,
    limit: int,
    lowered: NDArray[np.uint8],
    hashes: NDArray[np.uint64],
    ends: NDArray[np.int64],
    lengths: NDArray[np.int32],
    key_hashes: NDArray[np.uint64],
) -> int:
    """Hash the words of the keys first to last, or of fewer, as soon as these have `most`; returns how many keys.

    Writes `hashes` uint64 (at least most + limit + 1, or a word a byte): of the words, lower-cased, one key after the
    other; `ends` int64 (at least keys + 1,): where the words of each key end in it, behind a zero; and by row,
    `lengths`: T, or limit + 1 where there are more tokens, or GENERAL (both have no words then), and `key_hashes`.
    `lowered` uint8 (SCRATCH,) is scratch.

    The loop over keys is in here since numba counts the references to all arrays at each call of such a function.
    """
    count = 0
    row = first
    while row < last and count < most:
        low, high = offsets[row], offsets[row + 1]
        key_hashes[row] = hash_bytes(data, low, high)
        tokens = 0
        words = count
        at = low
        while at < high:
            starts, symbols, in_word, taken, plain = cut(data, at, high)
            copy_lowered(data, at, lowered)
            at += taken
            tokens += count_ones(starts | symbols)
            if not plain or tokens > limit:
                tokens = limit + 1 if plain else GENERAL
                words = count
                break
            rest = starts
            while rest:
                place: int = trailing_zeros(rest)
                rest &= rest - ONE
                length = size_at(place, starts, in_word)
                place += CHUNK
                state = START
                left = length
                while left > EIGHT:
                    state = fold(state, load_word(lowered, place))
                    place += EIGHT
                    left -= EIGHT
                end = load_word(lowered, place) & (~ZERO >> np.uint64(64 - 8 * left))
                hashes[words] = fold(fold(state, end), np.uint64(length))
                words += 1
        lengths[row] = tokens
        count = words
        row += 1
        ends[row - first] = count
    return row - first


@compiled
def hash_surfaces(
    offsets: NDArray[np.int64],
    data: NDArray[np.uint8],
    firsts: NDArray[np.int64],
    lengths: NDArray[np.int32],
    surfaces: NDArray[np.uint64],
) -> int:
    """Hash the tokens of N keys as they are written, one key after the other; returns how many there are.

    Writes `surfaces` uint64, which must have room for a token a byte; by key, both (N,), `firsts` int64: its first
    token, and `lengths` int32: T, or GENERAL where the key is left to `scan`. `data` has at least 64 bytes.
    """
    count = 0
    for key in range(len(lengths)):
        at, high = offsets[key], offsets[key + 1]
        first = count
        while at < high:
            starts, symbols, in_word, taken, plain = cut(data, at, high)
            if not plain:
                break
            rest = starts | symbols
            while rest:
                place = trailing_zeros(rest)
                rest &= rest - ONE
                begin = at + place
                surfaces[count] = hash_bytes(data, begin, begin + size_at(place, starts, in_word))
                count += 1
            at += taken
        firsts[key] = first
        lengths[key] = count - first
        if at < high:
            count = first
            lengths[key] = GENERAL
    return count
