"""How often each key of a pool was seen, about: a table of counters of fixed size, and draws in proportion to it.

A draw in proportion to how often a key was seen needs the sum of its counts, and these may stand anywhere in the
pool. A table of counters, each of which adds up all keys whose hashes fall on it (a count-min sketch with one row:
Cormode, Muthukrishnan 2005), is the same for any order of the rows, and never too low. Where keys share a counter a
draw prefers them a little, which `weight = count / rate` takes back: the draw is a proposal, and the weight that of
importance sampling.

The draw is an exponential race (Efraimidis, Spirakis 2006): every key arrives at the time -log(1 - u) / rate, u a hash
of (seed, purpose, key), and the earliest win. That is drawing one by one in proportion to the rates, without putting
back.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Self

import numpy as np
from numpy.typing import NDArray

from canvass.compiled import compiled
from canvass.corpus.normalise import keys
from canvass.corpus.pool import Pool
from canvass.features.extraction import hash_column
from canvass.features.scan import mix
from canvass.seeding import salt

BITS = 22  # of the number of a counter; 32 MB
_CELL_SALT = np.uint64(salt(0, "frequencies"))


@compiled
def add_counts(
    hashes: NDArray[np.uint64], counts: NDArray[np.int64], shift: np.uint64, cells: NDArray[np.int64]
) -> None:
    """Add counts, int64 (N,), to the counters of key hashes, uint64 (N,), in place."""
    for row in range(len(hashes)):
        cells[mix(hashes[row] ^ _CELL_SALT) >> shift] += counts[row]


@compiled
def race(
    hashes: NDArray[np.uint64],
    salt_of_draw: np.uint64,
    shift: np.uint64,
    cells: NDArray[np.int64],
    times: NDArray[np.float64],
) -> None:
    """Write the arrival time of each key hash, uint64 (N,), into `times`, float64 (N,).

    A scalar loop, since the last bit of numpy's logarithms may depend on the place in the array.
    """
    for row in range(len(hashes)):
        uniform = np.float64(mix(hashes[row] ^ salt_of_draw) >> np.uint64(11)) * 2.0**-53
        rate = max(cells[mix(hashes[row] ^ _CELL_SALT) >> shift], 1)
        times[row] = -math.log1p(-uniform) / rate


class Frequencies:
    """The counters of a pool: int64 (2^bits,), all 0 for a pool that was not read."""

    def __init__(self, *, bits: int = BITS) -> None:
        self.cells = np.zeros(1 << bits, dtype=np.int64)
        self._shift = np.uint64(64 - bits)

    @classmethod
    def of_pool(
        cls, pool: Pool, *, bits: int = BITS, progress: Callable[[int, int], None] | None = None
    ) -> Self:
        """Read a pool once; `progress` is called after each block with the rows and bytes it accounts for."""
        frequencies = cls(bits=bits)
        for block in pool.blocks():
            hashes = hash_column(keys(block.batch.column("text")))
            frequencies.add(hashes, block.batch.column("count").to_numpy())
            if progress is not None:
                progress(len(block.batch), block.consumed)
        return frequencies

    def add(self, hashes: NDArray[np.uint64], counts: NDArray[np.int64]) -> None:
        """Add how often keys were seen, int64 (N,), by their hashes, uint64 (N,)."""
        add_counts(hashes, counts, self._shift, self.cells)

    def rate(self, key_hash: int) -> int:
        """Tell the rate of one key: how often it was seen, or more where it shares its counter; at least 1."""
        cell = mix(np.uint64(key_hash) ^ _CELL_SALT) >> self._shift
        return max(int(self.cells[int(cell)]), 1)

    def arrival_times(self, hashes: NDArray[np.uint64], seed: int, purpose: str) -> NDArray[np.float64]:
        """Draw the arrival time of each key hash, uint64 (N,), by (seed, purpose): float64 (N,); the smallest win."""
        times = np.empty(len(hashes))
        race(hashes, np.uint64(salt(seed, purpose)), self._shift, self.cells, times)
        return times
