"""A block of the pool after the one pass that all targets share: keys, scores, and which rows may be chosen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import numpy as np

from canvass.features.columns import MemberTable, score_texts
from canvass.selection.partial import Counters
from canvass.selection.sketch import add_hashes, empty_sketch

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from canvass.selection.excluded import Excluded

NO_MEMBERS = MemberTable(np.zeros((2, 0), dtype=np.float32), np.zeros(0))


@dataclass(frozen=True)
class ScoredBlock:
    """N rows with columns text, id and count, and what is known of them whatever the target.

    `keys` is the column of their keys; `members` float64 (N, M): the raw scores of all targets' members, side by
    side; `lengths` int32 (N,): T; `hashes` uint64 (N,): of the keys; `open_rows` bool (N,): neither blank nor too
    long nor labelled. `counters` and `distinct` are those of the whole block; nothing has passed a filter yet.
    """

    batch: pa.RecordBatch
    keys: pa.Array
    members: NDArray[np.float64]
    lengths: NDArray[np.int32]
    hashes: NDArray[np.uint64]
    open_rows: NDArray[np.bool_] = field(repr=False)
    counters: Counters
    distinct: NDArray[np.uint8] = field(repr=False)

    @classmethod
    def of(cls, batch: pa.RecordBatch, members: MemberTable, *, max_tokens: int, excluded: Excluded) -> Self:
        """Score every row of a block with all members, once."""
        column, scored = score_texts(batch.column("text"), members, limit=max_tokens)
        blank = scored.lengths == 0
        too_long = scored.lengths > max_tokens
        labelled = excluded.mask(column, scored.hashes) & ~blank
        distinct = empty_sketch()
        add_hashes(scored.hashes, ~blank, distinct)
        counters = Counters(
            len(batch), int(blank.sum()), int(labelled.sum()), int((too_long & ~labelled).sum())
        )
        open_rows = ~(blank | too_long | labelled)
        return cls(batch, column, scored.scores, scored.lengths, scored.hashes, open_rows, counters, distinct)
