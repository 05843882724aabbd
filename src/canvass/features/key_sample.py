"""A sample of the distinct keys of a pool, by hash: what word features are learnt from.

Keys are taken in the order of a hash of (purpose, key), as many as fit into `limit` bytes. So memory is bounded
whatever the pool, a key counts once however often it stands there, and the sample is the same for any order, sharding
and number of threads: what a part of the pool leaves out has `limit` bytes before it in the whole, too.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from canvass.corpus.formats.format import Block
from canvass.corpus.formats.losses import BadLines
from canvass.corpus.normalise import keys, string_buffers
from canvass.corpus.pool import Pool
from canvass.errors import FileError, InputError
from canvass.features.extraction import hash_column
from canvass.processors import map_in_order
from canvass.seeding import salt, uniforms

LIMIT = 20 << 20  # bytes of keys: half a million short requests
LONGEST = 1 << 12  # bytes of a key; beyond, it is no request
RELEASED = 64  # blocks, a quarter of a million rows, after which Arrow gives back the memory that it keeps
SALT = salt(0, "word features")


class _Part(NamedTuple):
    """Some keys, their draws float64 (N,) and their hashes uint64 (N,)."""

    keys: pa.Array
    draws: NDArray[np.float64]
    hashes: NDArray[np.uint64]


class KeySample:
    """The sample of what has been added so far; several threads may add.

    `bound` is the smallest draw of the keys that did not fit: the sample ends before it.
    """

    def __init__(self, limit: int = LIMIT, bound: float = np.inf) -> None:
        self.limit = limit
        self._bound = bound
        self._parts: list[_Part] = []
        self._size = 0
        self._lock = threading.Lock()

    @classmethod
    def of_pool(
        cls,
        pool: Pool,
        *,
        limit: int = LIMIT,
        threads: int | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> KeySample:
        """Read a pool once; `progress` is called after each block with the rows and bytes it accounts for.

        Files that cannot be read are left out if the pool is opened so.
        """
        sample = cls(limit)
        if pool.read_options is not None and pool.read_options.skip_bad_files:
            for file in pool.ranges:
                part = cls(limit)
                with contextlib.suppress(InputError, FileError):
                    for block in pool.read_options.blocks(file, BadLines(pool.read_options.skip_bad)):
                        part.add(block.batch.column("text"))
                        if progress is not None:
                            progress(len(block.batch), block.consumed)
                    sample.merge(part)
            return sample

        def add(block: Block) -> None:
            sample.add(block.batch.column("text"))

        for number, (block, _) in enumerate(map_in_order(add, pool.blocks(), threads=threads)):
            if number % RELEASED == 0:
                pa.default_memory_pool().release_unused()
            if progress is not None:
                progress(len(block.batch), block.consumed)
        return sample

    def add(self, texts: pa.Array) -> None:
        """Add a column of texts; blank ones and those of more than LONGEST bytes are left out."""
        column = keys(texts)
        hashes = hash_column(column)
        draws = uniforms(SALT, hashes)
        sizes = _sizes(column)
        chosen = np.flatnonzero((draws < self._bound) & (sizes > 0) & (sizes <= LONGEST))
        part = _Part(column.take(pa.array(chosen)), draws[chosen], hashes[chosen])
        with self._lock:
            self._parts.append(part)
            self._size += int(sizes[chosen].sum())
            if self._size > 2 * self.limit:
                self._compact()

    def merge(self, other: KeySample) -> None:
        """Add what another sample of the same limit holds."""
        with self._lock:
            self._parts += other._parts
            self._size += other._size
            self._bound = min(self._bound, other._bound)
            if self._size > 2 * self.limit:
                self._compact()

    def keys(self) -> pa.Array:
        """Give the sampled keys, distinct, in the order of their draws."""
        return self.to_parts()[0]

    def to_parts(self) -> tuple[pa.Array, float]:
        """Give the keys and the bound: a sample of this bound to which these keys are added is the same."""
        with self._lock:
            self._compact()
            return self._parts[0].keys, self._bound

    def _compact(self) -> None:
        """Drop what is there twice, and what is beyond the limit."""
        parts, self._parts = self._parts, []
        columns = [pa.array([], pa.string()), *(part.keys for part in parts)]
        draws = np.concatenate([np.zeros(0), *(part.draws for part in parts)])
        hashes = np.concatenate([np.zeros(0, np.uint64), *(part.hashes for part in parts)])
        sizes = np.concatenate([_sizes(column) for column in columns])
        del parts
        order = np.lexsort((hashes, draws))
        is_first = np.ones(len(order), dtype=np.bool_)
        is_first[1:] = hashes[order[1:]] != hashes[order[:-1]]
        order = order[is_first & (draws[order] < self._bound)]
        ends = np.cumsum(sizes[order])
        kept = int(np.searchsorted(ends, self.limit, side="right"))
        if kept < len(order):
            self._bound = draws[order[kept]]
        order = order[:kept]
        chosen = np.sort(order)
        first = 0
        for number, column in enumerate(
            columns
        ):  # one after the other: two copies of all keys are never there
            last = first + len(column)
            inside = chosen[np.searchsorted(chosen, first) : np.searchsorted(chosen, last)] - first
            columns[number] = column.take(pa.array(inside))
            first = last
        column = pa.concat_arrays(columns).take(pa.array(np.searchsorted(chosen, order)))
        self._parts = [_Part(column, draws[order], hashes[order])]
        self._size = int(ends[kept - 1]) if kept else 0
        pa.default_memory_pool().release_unused()


def draws_of(column: pa.Array) -> NDArray[np.float64]:
    """Draw each key of a column, float64 (N,): the smallest are sampled."""
    return uniforms(SALT, hash_column(column))


def _sizes(column: pa.Array) -> NDArray[np.int64]:
    """Count the bytes of each key, int64 (N,)."""
    return np.diff(string_buffers(column)[0])
