"""The surface tokens of a key, that is as they are written: where they stand, and a hash of their bytes, case kept.

The tagger keeps what it knows of a word under this hash, so that it need not lower-case, cut or draw a word that it
has met before. The tokens of a plain ASCII key are found 64 bytes at a time (`words.cut`); those of any other key by
the general `scan`. Both ways give the same.
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
def surface_tokens(
    data: NDArray[np.uint8], low: int, high: int, places: NDArray[np.int64], hashes: NDArray[np.uint64]
) -> int:
    """Cut the key data[low:high] into tokens; returns T, or GENERAL if it is left to `scan`.

    Writes, for token t: `places[t, :2]` = its first byte and its end in `data`, int64 (tokens, at least 2);
    `hashes[t]` = the hash of its bytes, uint64 (tokens,). `data` has at least 64 bytes.
    """
    count = 0
    at = low
    while at < high:
        starts, symbols, in_word, taken, plain = cut(data, at, high)
        if not plain:
            return GENERAL
        rest = starts | symbols
        while rest:
            place = trailing_zeros(rest)
            rest &= rest - ONE
            places[count, 0] = at + place
            places[count, 1] = at + place + size_at(place, starts, in_word)
            count += 1
        at += taken
    hash_surface(data, count, places, hashes)
    return count


@compiled
def hash_surface(
    data: NDArray[np.uint8], count: int, places: NDArray[np.int64], hashes: NDArray[np.uint64]
) -> None:
    """Hash the bytes of T tokens, from their first byte and end in `places`, to `hashes` uint64 (at least T,)."""
    for t in range(count):
        hashes[t] = hash_bytes(data, places[t, 0], places[t, 1])
