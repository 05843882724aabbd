"""A block of the pool with what all plans share: keys, scores of all members, and which rows may be chosen."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from canvass.corpus.formats.columns import KNOWN, OTHERS
from canvass.corpus.normalise import keys
from canvass.features.extraction import MemberTable, score_column
from canvass.selection.excluded_keys import ExcludedKeys
from canvass.selection.partial import SCHEMA, Counters, best
from canvass.selection.sketch import add_hashes, empty_sketch

NO_MEMBERS = MemberTable(np.zeros(0, np.int64), np.zeros((0, 0), np.float32), np.zeros(0), bits=1)


@dataclass(frozen=True)
class ScoredBlock:
    """N rows with the columns of a pool, and what is known of them whatever the target.

    `keys` is the column of their keys; `members` float64 (N, M): the raw scores of all targets' members, side by
    side; `lengths` int32 (N,): T; `hashes` uint64 (N,): of the keys; `eligible` bool (N,): neither blank nor too long
    nor labelled. `counters` and `distinct` are those of the whole block, before any filter.
    """

    batch: pa.RecordBatch
    keys: pa.Array
    members: NDArray[np.float64]
    lengths: NDArray[np.int32]
    hashes: NDArray[np.uint64]
    eligible: NDArray[np.bool_] = field(repr=False)
    counters: Counters
    distinct: NDArray[np.uint8] = field(repr=False)

    @classmethod
    def of(
        cls, batch: pa.RecordBatch, members: MemberTable, *, max_tokens: int, excluded: ExcludedKeys
    ) -> Self:
        """Score every row of a block with all members, once."""
        column = keys(batch.column("text"))
        scored = score_column(column, members, limit=max_tokens)
        blank = scored.lengths == 0
        too_long = scored.lengths > max_tokens
        labelled = excluded.mask(column, scored.hashes) & ~blank
        distinct = empty_sketch()
        add_hashes(scored.hashes, ~blank, distinct)
        counters = Counters(
            len(batch), int(blank.sum()), int(labelled.sum()), int((too_long & ~labelled).sum())
        )
        eligible = ~(blank | too_long | labelled)
        return cls(batch, column, scored.scores, scored.lengths, scored.hashes, eligible, counters, distinct)

    def best(
        self, rows: NDArray[np.int64], scores: NDArray[np.float64], *, capacity: int, bound: float
    ) -> pa.Table:
        """Make the table of the `capacity` best rows, leaving out as early as possible what cannot enter it.

        `scores` float64 (R,) are those of `rows` int64 (R,); rows whose score exceeds `bound` are left out.
        """
        within = scores <= bound
        rows, scores = rows[within], scores[within]
        if not len(rows):
            return SCHEMA.empty_table()
        hashes = self.hashes[rows]
        first = np.unique(hashes, return_index=True)[1]
        if len(first) > capacity:
            # At least `capacity` keys score no worse than this (fewer hashes than keys would only make it larger).
            within = scores <= np.partition(scores[first], capacity - 1)[capacity - 1]
            rows, scores, hashes = rows[within], scores[within], hashes[within]
        places = pa.array(rows)
        ids = self.batch.column("id").take(places)
        if ids.null_count:
            ids = pc.coalesce(
                ids, pa.array([f"{key_hash:016x}" for key_hash in hashes.tolist()], pa.string())
            )
        columns = [self.keys.take(places), pa.array(scores), ids]
        columns += [self.batch.column(name).take(places) for name in ("text", "count")]
        for name in ("intent", "intent_probability"):
            given = name in self.batch.schema.names
            columns.append(
                self.batch.column(name).take(places)
                if given
                else pa.nulls(len(rows), SCHEMA.field(name).type)
            )
        columns.append(others_of(self.batch, places))
        return best(pa.Table.from_arrays(columns, schema=SCHEMA), capacity)


def others_of(batch: pa.RecordBatch, places: pa.Array) -> pa.Array:
    """Write what the other columns of a pool hold in some rows: JSON objects, null where there is nothing."""
    if OTHERS not in batch.schema.names:
        return pa.nulls(len(places), pa.string())
    known = json.loads(batch.schema.field(OTHERS).metadata[KNOWN.encode()])
    documents = []
    for value in batch.column(OTHERS).take(places).to_pylist():
        record = json.loads(value.decode("utf-8", "replace")) if isinstance(value, bytes) else value
        held = {
            name: item
            for name, item in record.items()
            if name not in known and item is not None and item != ""
        }
        written = json.dumps(held, ensure_ascii=False, default=str).encode("utf-8", "replace").decode()
        documents.append(written if held else None)
    return pa.array(documents, pa.string())
