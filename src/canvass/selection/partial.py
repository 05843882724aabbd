"""What was found in a part of a pool: two bounded tables of the best keys, counters, and sketches.

`merge` is associative and commutative, so any order, sharding and engine gives the same batch, byte for byte:

* a table holds one row per key, the `size` best by (score, key); equal keys have equal scores, and ties go by key,
  so the same keys survive in whatever order parts are merged;
* a row's count is exact without a table of the whole pool: a key of the final table was among the best of
  everything read before, and so has been in the table since it was first seen;
* the row shows the smallest (id, text) of its key;
* once `size` keys have passed the filter no other is needed to fill the batch, and the fill table is emptied; a part
  in which that happened stays full under every merge.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from canvass.selection.sketch import empty_sketch, estimate

if TYPE_CHECKING:
    from numpy.typing import NDArray

SCHEMA = pa.schema(
    [
        pa.field("key", pa.string()),
        pa.field("score", pa.float64()),
        pa.field("id", pa.string()),
        pa.field("text", pa.string()),
        pa.field("count", pa.int64()),
    ]
)


@dataclass(frozen=True)
class Counters:
    """How many rows were read, left out as blank, already labelled or too long, and passed the filter."""

    rows: int = 0
    blank: int = 0
    labelled: int = 0
    too_long: int = 0
    passed: int = 0

    def __add__(self, other: Counters) -> Counters:
        return Counters(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))


@dataclass(frozen=True)
class Partial:
    """The best of a part of a pool. `passed` and `fill` are tables of `SCHEMA`, sorted by (score, key)."""

    size: int
    passed: pa.Table
    fill: pa.Table
    counters: Counters
    distinct: NDArray[np.uint8]
    distinct_passed: NDArray[np.uint8]

    @classmethod
    def empty(cls, size: int) -> Partial:
        """Make the partial of nothing, the neutral element of `merge`."""
        return cls(
            size, SCHEMA.empty_table(), SCHEMA.empty_table(), Counters(), empty_sketch(), empty_sketch()
        )

    @property
    def worst_passed(self) -> float:
        """The score beyond which nothing can enter the table of those that passed."""
        return worst(self.passed, self.size)

    @property
    def worst_fill(self) -> float:
        """The score beyond which nothing can enter the fill table."""
        return -np.inf if self.passed.num_rows == self.size else worst(self.fill, self.size)

    @property
    def distinct_keys(self) -> int:
        """About how many distinct keys were read; never more than rows with a key."""
        return min(estimate(self.distinct), self.counters.rows - self.counters.blank)

    @property
    def distinct_keys_passed(self) -> int:
        """About how many distinct keys passed the filter; exact while fewer than the size of the table did."""
        if self.passed.num_rows < self.size:
            return int(self.passed.num_rows)
        return max(min(estimate(self.distinct_passed), self.counters.passed), self.size)


def worst(table: pa.Table, size: int) -> float:
    """Give the largest score of a full table; infinity while it has room."""
    return float(table["score"][size - 1].as_py()) if table.num_rows == size else np.inf


def best(rows: pa.Table, size: int) -> pa.Table:
    """Make one row of each key, and keep the `size` best by (score, key)."""
    ordered = rows.sort_by([("key", "ascending"), ("id", "ascending"), ("text", "ascending")])
    grouped = ordered.group_by("key", use_threads=False).aggregate(
        [("score", "first"), ("id", "first"), ("text", "first"), ("count", "sum")]
    )
    named = grouped.rename_columns(["key", "score", "id", "text", "count"]).cast(SCHEMA)
    return named.sort_by([("score", "ascending"), ("key", "ascending")]).slice(0, size).combine_chunks()


def _merged(one: pa.Table, other: pa.Table, size: int) -> pa.Table:
    """Make one table of two. Most blocks of a large pool bring nothing that could enter."""
    if not one.num_rows or not other.num_rows:
        return one if one.num_rows else other
    return best(pa.concat_tables([one, other]), size)


def merge(one: Partial, other: Partial) -> Partial:
    """Join what was found in two parts of a pool."""
    assert one.size == other.size, "partials of one plan have one size"
    passed = _merged(one.passed, other.passed, one.size)
    full = passed.num_rows == one.size
    fill = SCHEMA.empty_table() if full else _merged(one.fill, other.fill, one.size)
    return Partial(
        one.size,
        passed,
        fill,
        one.counters + other.counters,
        np.maximum(one.distinct, other.distinct),
        np.maximum(one.distinct_passed, other.distinct_passed),
    )
