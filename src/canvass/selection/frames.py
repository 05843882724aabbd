"""Score rows that an engine has read itself: the columns of a data frame, in blocks, and the batch as one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from canvass.corpus.formats.columns import batch_of_columns, used_columns
from canvass.corpus.formats.records import BadLines
from canvass.corpus.pool import ROWS
from canvass.models.committee import MEMBERS
from canvass.selection.output import candidate_record
from canvass.selection.parts import Part
from canvass.selection.several import Plans, merge_each

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from canvass.corpus.formats.records import Columns
    from canvass.selection.plan import Batch

SLOTS = pa.list_(pa.struct([("start", pa.int64()), ("end", pa.int64()), ("label", pa.string())]))
# The columns of a batch, and their types in SQL.
COLUMNS: dict[str, tuple[pa.DataType, str]] = {
    "rank": (pa.int64(), "bigint"),
    "id": (pa.string(), "string"),
    "text": (pa.string(), "string"),
    "count": (pa.int64(), "bigint"),
    "target": (pa.string(), "string"),
    "also_for": (pa.list_(pa.string()), "array<string>"),
    "strategy": (pa.string(), "string"),
    "why": (pa.string(), "string"),
    "score": (pa.float64(), "double"),
    **{f"score_{member}": (pa.float64(), "double") for member in MEMBERS},
    "predicted_intent": (pa.string(), "string"),
    "intent_probability": (pa.float64(), "double"),
    "predicted_slots": (SLOTS, "array<struct<start: bigint, end: bigint, label: string>>"),
    "tagger_confidence": (pa.float64(), "double"),
}


def score_rows(plans: Plans, batches: Iterable[pa.RecordBatch], columns: Columns, where: str) -> Part:
    """Find the best of rows with the columns of a pool, whatever their types in Arrow.

    Raises
    ------
    InputError
        If a column is missing or of a wrong type, or a value is bad; the message names `where` and the row.

    """
    best = plans.empty()
    first_row = 1
    for batch in _blocks(batches):
        names = list(used_columns(batch.schema, where, columns))
        made = batch_of_columns(batch.select(names), first_row, where, columns, BadLines())
        best = merge_each(best, plans.score_block(made, best))
        first_row += batch.num_rows
    return Part(best)


def _blocks(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Join small batches, and cut large ones: what is done once a block costs as much as some hundred rows."""
    waiting: list[pa.RecordBatch] = []
    rows = 0
    for batch in batches:
        for start in range(0, batch.num_rows, ROWS):
            piece = batch.slice(start, ROWS)
            if rows + piece.num_rows > ROWS:
                yield pa.concat_batches(waiting)
                waiting, rows = [], 0
            waiting.append(piece)
            rows += piece.num_rows
    if waiting:
        yield pa.concat_batches(waiting)


def names_of(plans: Plans) -> list[str]:
    """Name the columns that a batch of these plans has."""
    has_members = any(plan.nlu.committee is not None for plan in plans.plans)
    return [
        name
        for name in COLUMNS
        if (name != "also_for" or len(plans.plans) > 1)
        and (has_members or name not in {f"score_{member}" for member in MEMBERS})
    ]


def sql_schema(plans: Plans) -> str:
    """Write the columns of a batch as SQL does."""
    return ", ".join(f"`{name}` {COLUMNS[name][1]}" for name in names_of(plans))


def batches_as_rows(plans: Plans, batches: Iterable[Batch]) -> pa.RecordBatch:
    """Put the choices of all plans into one Arrow batch, in rank order."""
    records: list[dict[str, Any]] = [candidate_record(one) for batch in batches for one in batch.candidates]
    schema = pa.schema([(name, COLUMNS[name][0]) for name in names_of(plans)])
    return pa.RecordBatch.from_pylist(records, schema=schema)
