"""The keys that must not be chosen: those of the labelled set. Most rows of a pool are none, and cost one look-up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from canvass.seeding import hash64

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyarrow as pa
    from numpy.typing import NDArray

FEWEST_BITS, MOST_BITS = 16, 26


class Excluded:
    """A set of keys, and marks for the highest bits of their hashes, at most an eighth of them set."""

    def __init__(self, keys: Iterable[str]) -> None:
        self.keys = frozenset(keys)
        self._hashes = np.array(sorted({hash64(key.encode()) for key in self.keys}), dtype=np.uint64)
        bits = min(max((8 * len(self._hashes)).bit_length(), FEWEST_BITS), MOST_BITS)
        self._shift = np.uint64(64 - bits)
        self._marks = np.zeros(1 << bits, dtype=np.bool_)
        self._marks[self._hashes >> self._shift] = True

    def mask(self, column: pa.Array, hashes: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Mark the keys of a column that are in the set: by their hashes, uint64 (N,), first, then for certain."""
        found = np.zeros(len(column), dtype=np.bool_)
        marked = np.flatnonzero(self._marks[hashes >> self._shift])
        places = np.searchsorted(self._hashes, hashes[marked])
        inside = places < len(self._hashes)
        marked, places = marked[inside], places[inside]
        for row in marked[self._hashes[places] == hashes[marked]].tolist():
            found[row] = column[row].as_py() in self.keys
        return found
