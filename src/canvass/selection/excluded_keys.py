"""The keys that must not be chosen: those of the labelled set. Most rows of a pool cost one look-up in a bitmap."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from canvass.compiled import compiled
from canvass.corpus.normalise import string_buffers
from canvass.seeding import hash64
from canvass.selection.variety import folded

if TYPE_CHECKING:
    import pyarrow as pa

FEWEST_BITS, MOST_BITS = 16, 26


@compiled
def find_equal(  # noqa: PLR0917 - numba passes arrays best one by one
    offsets: NDArray[np.int64],
    data: NDArray[np.uint8],
    hashes: NDArray[np.uint64],
    bitmap: NDArray[np.uint64],
    shift: np.uint64,
    known_hashes: NDArray[np.uint64],
    known_offsets: NDArray[np.int64],
    known_data: NDArray[np.uint8],
    known: NDArray[np.bool_],
) -> None:
    """Mark the keys that are among the known ones, byte for byte.

    `hashes` uint64 (N,) of the keys; `bitmap` has a bit for each value of the highest bits of a hash, set where a known
    key has them; `known_hashes` in ascending order. Writes `known` bool (N,).
    """
    for row in range(len(hashes)):
        key_hash = hashes[row]
        known[row] = False
        bit = key_hash >> shift
        if bitmap[bit >> np.uint64(6)] >> (bit & np.uint64(63)) & np.uint64(1):
            low, size = offsets[row], offsets[row + 1] - offsets[row]
            place = np.searchsorted(known_hashes, key_hash)
            while place < len(known_hashes) and known_hashes[place] == key_hash and not known[row]:
                start = known_offsets[place]
                equal = known_offsets[place + 1] - start == size
                i = 0
                while equal and i < size:
                    equal = data[low + i] == known_data[start + i]
                    i += 1
                known[row] = equal
                place += 1


class ExcludedKeys:
    """A set of keys, and a bitmap of the highest bits of their hashes, at most one bit in 64 of it set.

    >>> import pyarrow as pa
    >>> from canvass.features.extraction import hash_column
    >>> excluded = ExcludedKeys(["play river"])
    >>> column = pa.array(["play river", "play Björk"])
    >>> excluded.mask(column, hash_column(column)).tolist()
    [True, False]
    """

    def __init__(self, keys: Iterable[str]) -> None:
        import pyarrow as pa

        self.keys = frozenset(keys)
        by_hash = sorted((hash64(key.encode()), key) for key in self.keys)
        self._column = pa.array([key for _, key in by_hash], type=pa.string())
        self._hashes = np.array([key_hash for key_hash, _ in by_hash], dtype=np.uint64)
        bits = min(max((64 * len(self._hashes)).bit_length(), FEWEST_BITS), MOST_BITS)
        self._shift = np.uint64(64 - bits)
        marks = np.zeros(1 << bits, dtype=np.bool_)
        marks[self._hashes >> self._shift] = True
        self._bitmap = np.packbits(marks, bitorder="little").view(np.uint64)

    @cached_property
    def folded(self) -> frozenset[str]:
        """The folded forms of the keys: what has one of them is a copy."""
        return frozenset(map(folded, self.keys))

    @cached_property
    def caseless(self) -> frozenset[str]:
        """The folded forms without their case."""
        return frozenset(key.casefold() for key in self.folded)

    def mask(self, column: pa.Array, hashes: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Mark the keys of a column that are in the set, bool (N,); `hashes` uint64 (N,) are those of the keys."""
        mask = np.empty(len(column), dtype=np.bool_)
        known = string_buffers(self._column)
        find_equal(*string_buffers(column), hashes, self._bitmap, self._shift, self._hashes, *known, mask)
        return mask
