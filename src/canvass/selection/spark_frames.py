"""From a Spark DataFrame of requests to one of choices: drops into an existing job, whatever has read the data.

    chosen = choose(plans, spark.table("logs.requests").where("day >= '2026-11-01'"), columns=Columns(text="utterance"))
    chosen.write.parquet("s3://annotation/next")

Nothing runs before an action, as with every DataFrame; it works on Spark Connect and Databricks, too.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from canvass.corpus.formats.records import Columns
from canvass.errors import InputError
from canvass.selection.frames import batches_as_rows, score_rows, sql_schema
from canvass.selection.jobs import merge_all
from canvass.selection.parts import Part
from canvass.selection.shipping import Shipped
from canvass.selection.spark import sentences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canvass.selection.plan import Batch
    from canvass.selection.several import Plans

SCHEMA = "part binary"
MERGERS = 32  # tasks of the stage that merges; the last task gets that many parts


def choose(plans: Plans, frame: Any, *, columns: Columns = Columns(), mergers: int = MERGERS) -> Any:  # noqa: B008
    """Make the DataFrame of the choices, in rank order: the columns of a batch file (docs/files.md).

    Only the `columns` are read. `mergers` is how many tasks merge what the partitions of `frame` found; the
    choices do not depend on it, nor on the partitions.
    """
    shipped = Shipped.of(plans)
    parts = _parts(shipped, frame, columns, mergers).repartition(1)
    return parts.mapInArrow(partial(_finish, shipped), sql_schema(plans))


def batches_of(
    plans: Plans,
    frame: Any,
    *,
    columns: Columns = Columns(),  # noqa: B008 - frozen
    mergers: int = MERGERS,
) -> tuple[Batch, ...]:
    """Run the same now, and give the batches with their counters and warnings; raises as `Spark.run`."""
    with sentences(None):
        rows = _parts(Shipped.of(plans), frame, columns, mergers).collect()
    return plans.finish(Part.of_bytes(merge_all(bytes(row["part"]) for row in rows)).partials)


def _parts(shipped: Shipped, frame: Any, columns: Columns, mergers: int) -> Any:
    names = [name for name in columns.of_a_pool() if name in frame.columns]
    if columns.text not in names:
        raise InputError(
            f"the DataFrame has no column {columns.text!r} (it has {', '.join(frame.columns[:12])}); name the text "
            "with Columns(text=...)"
        )
    found = frame.select(*(f"`{name}`" for name in names)).mapInArrow(
        partial(_score, shipped, columns), SCHEMA
    )
    return found.repartition(mergers).mapInArrow(_merge, SCHEMA)


def _score(shipped: Shipped, columns: Columns, rows: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    from pyspark import TaskContext

    task = TaskContext.get()
    where = f"partition {task.partitionId()} of the DataFrame" if task is not None else "the DataFrame"
    yield _row(score_rows(shipped.open(), rows, columns, where).to_bytes())


def _merge(rows: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    parts = [part for batch in rows for part in batch.column(0).to_pylist()]
    if parts:
        yield _row(merge_all(parts))


def _finish(shipped: Shipped, rows: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    plans = shipped.open()
    parts = [part for batch in rows for part in batch.column(0).to_pylist()]
    if parts:
        yield batches_as_rows(plans, plans.finish(Part.of_bytes(merge_all(parts)).partials))


def _row(part: bytes) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([pa.array([part], pa.binary())], names=["part"])
