"""The surface tokens of plain ASCII keys, that is as they are written: a hash of their bytes, case kept.

The tagger keeps what it knows of a word under this hash, so that it need not lower-case, cut or draw a word that it
has met before. Tokens are found 64 bytes at a time (`words.cut`); those of all other keys by the general `scan`, of
which `columns.hash_tokens` makes the same hashes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from canvass.compiled import compiled
from canvass.corpus.scanning import ONE
from canvass.features.scan import hash_bytes
from canvass.features.words import GENERAL, cut, size_at
from canvass.machine import trailing_zeros

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


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
