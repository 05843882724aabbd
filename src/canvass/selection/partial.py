"""The best candidates of a part of a pool: two bounded tables, counters, and sketches.

`merge` is associative and commutative, so any order, sharding and engine gives the same batch, byte for byte:

* a table holds one row per key, the `capacity` best by (score, key); equal keys have equal scores, and ties go by key,
  so the same keys survive in whatever order partials are merged;
* a row's count is exact without a table of the whole pool: a key of the final table was among the best of everything
  read before, and so has been in the table since it was first seen;
* the row shows the smallest (id, text) of its key;
* where rows of one key have different scores, since another model's stand in the pool, the smallest score counts, and
  the rows that have it make the key's row: a key and its smallest score take the place of the key in all of this;
* once `capacity` keys have passed the filter the batch needs no backfill, and that table is emptied; a partial in which
  this happened stays full under every merge.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from canvass.selection.sketch import empty_sketch, estimate

SCHEMA = pa.schema(
    [
        pa.field("key", pa.string()),
        pa.field("score", pa.float64()),
        pa.field("id", pa.string()),
        pa.field("text", pa.string()),
        pa.field("count", pa.int64()),
        # Of another model; null where the pool has none.
        pa.field("intent", pa.string()),
        pa.field("intent_probability", pa.float64()),
        pa.field("others", pa.string()),  # what the other columns hold, as JSON
    ]
)
SHOWN = ("id", "text", "intent", "intent_probability", "others")


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
    """The best candidates of a part of a pool, and what was counted there.

    `passed` and `backfill` are tables of `SCHEMA`, sorted by (score, key), of at most `capacity` rows each: the keys
    that passed the filter, and those that would fill the batch if too few did. `distinct` and `distinct_passed` are
    sketches (see `sketch`) of the keys that were read and of those that passed.
    """

    capacity: int
    passed: pa.Table
    backfill: pa.Table
    counters: Counters
    distinct: NDArray[np.uint8]
    distinct_passed: NDArray[np.uint8]

    @classmethod
    def empty(cls, capacity: int) -> Partial:
        """Make the partial of no rows, the neutral element of `merge`."""
        nothing = SCHEMA.empty_table()
        return cls(capacity, nothing, nothing, Counters(), empty_sketch(), empty_sketch())

    @property
    def worst_passed(self) -> float:
        """The score beyond which nothing can enter the table of those that passed."""
        return _worst(self.passed, self.capacity)

    @property
    def worst_backfill(self) -> float:
        """The score beyond which nothing can enter the backfill."""
        return -np.inf if self.passed.num_rows == self.capacity else _worst(self.backfill, self.capacity)

    @property
    def distinct_keys(self) -> int:
        """About how many distinct keys were read; never more than rows with a key."""
        return min(estimate(self.distinct), self.counters.rows - self.counters.blank)

    @property
    def distinct_keys_passed(self) -> int:
        """About how many distinct keys passed the filter; exact while they are fewer than `capacity`."""
        if self.passed.num_rows < self.capacity:
            return int(self.passed.num_rows)
        return max(min(estimate(self.distinct_passed), self.counters.passed), self.capacity)


def _worst(table: pa.Table, capacity: int) -> float:
    """Give the largest score of a full table; infinity while it has room."""
    return float(table["score"][capacity - 1].as_py()) if table.num_rows == capacity else np.inf


def best(rows: pa.Table, capacity: int) -> pa.Table:
    """Make one row of each key, and keep the `capacity` best by (score, key)."""
    shown = [name for name in SHOWN if rows[name].null_count < rows.num_rows]
    ordered = rows.sort_by([(name, "ascending") for name in ("key", "score", *shown)])
    with_nulls = pc.ScalarAggregateOptions(skip_nulls=False)
    grouped = ordered.group_by(["key", "score"], use_threads=False).aggregate(
        [*((name, "first", with_nulls) for name in SHOWN), ("count", "sum")]
    )
    named = grouped.rename_columns(["key", "score", *SHOWN, "count"]).select(SCHEMA.names).cast(SCHEMA)
    best_first = named.sort_by([("score", "ascending"), ("key", "ascending")])
    keys = best_first["key"].combine_chunks().dictionary_encode().indices.to_numpy()
    first = np.unique(keys, return_index=True)[1]
    if len(first) < len(keys):
        best_first = best_first.take(pa.array(np.sort(first)))
    return best_first.slice(0, capacity).combine_chunks()


def _merge_tables(left: pa.Table, right: pa.Table, capacity: int) -> pa.Table:
    # Most blocks of a large pool bring nothing that could enter.
    if not left.num_rows or not right.num_rows:
        return left if left.num_rows else right
    return best(pa.concat_tables([left, right]), capacity)


def merge(left: Partial, right: Partial) -> Partial:
    """Merge the partials of two parts of a pool."""
    assert left.capacity == right.capacity, "partials of one plan have one capacity"
    passed = _merge_tables(left.passed, right.passed, left.capacity)
    full = passed.num_rows == left.capacity
    backfill = SCHEMA.empty_table() if full else _merge_tables(left.backfill, right.backfill, left.capacity)
    return Partial(
        left.capacity,
        passed,
        backfill,
        left.counters + right.counters,
        np.maximum(left.distinct, right.distinct),
        np.maximum(left.distinct_passed, right.distinct_passed),
    )


def with_scores(rows: pa.Table, scores: NDArray[np.float64]) -> pa.Table:
    """Put other scores, float64 (N,), into a table of candidates."""
    place = SCHEMA.get_field_index("score")
    return rows.set_column(place, SCHEMA.field("score"), pa.array(scores))
