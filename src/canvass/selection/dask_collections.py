"""Choose from a Dask collection: partitions of a DataFrame, a bag of records or texts, or delayed Arrow tables."""

from __future__ import annotations

import contextlib
import uuid
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from canvass.corpus.formats.records import Columns, missing_column
from canvass.errors import InputError
from canvass.selection.dask import FAN_IN, check_versions, sentences, wait_for
from canvass.selection.frames import score_rows
from canvass.selection.jobs import merge_all
from canvass.selection.parts import Part
from canvass.selection.shipping import Shipped

if TYPE_CHECKING:
    from collections.abc import Iterable

    from canvass.selection.plan import Batch
    from canvass.selection.several import Plans


def batches_of(
    plans: Plans,
    collection: Any,
    client: Any,
    *,
    columns: Columns = Columns(),  # noqa: B008 - frozen
) -> tuple[Batch, ...]:
    """Choose a batch for each plan from all rows of a collection, on the cluster of a client.

    The collection is what has partitions (`to_delayed`), or a list of delayed objects; a partition is a pandas or
    Arrow table, or an iterable of dicts or texts. For files, `canvass.select(plan, pool, engine=Dask(...))` is faster.

    Raises
    ------
    EngineError
        As `Dask.run`.
    InputError
        If a column is missing or of a wrong type, or a value is bad.

    """
    delayed = collection.to_delayed() if hasattr(collection, "to_delayed") else list(collection)
    shipped = Shipped.of(plans)
    with sentences("the scheduler"):
        check_versions(client)
        name = f"canvass-{uuid.uuid4().hex}"
        plan = client.submit(bytes, shipped.data, key=f"{name}-plan")
        some = client.map(
            _score,
            client.compute(list(delayed)),
            range(len(delayed)),
            pure=False,
            data=plan,
            digest=shipped.digest,
            columns=columns,
        )
        futures = [plan, *some]
        try:
            while len(some) > 1:
                groups = [list(some[start : start + FAN_IN]) for start in range(0, len(some), FAN_IN)]
                some = client.map(merge_all, groups, pure=False)
                futures += some
            wait_for(some[0])
            found = Part.of_bytes(some[0].result())
        except BaseException:
            with contextlib.suppress(Exception):
                client.cancel(futures, force=True)
            raise
    return plans.finish(found.partials)


def _score(partition: Any, number: int, *, data: bytes, digest: str, columns: Columns) -> bytes:
    where = f"partition {number} of the collection"
    return score_rows(
        Shipped(data, digest).open(), _tables(partition, columns, where), columns, where
    ).to_bytes()


def _tables(partition: Any, columns: Columns, where: str) -> Iterable[pa.RecordBatch]:
    if isinstance(partition, pa.Table | pa.RecordBatch):
        table = partition
    elif hasattr(partition, "columns"):
        names = [name for name in columns.of_a_pool() if name in partition.columns]
        if columns.text not in names:
            raise missing_column(where, columns.text, list(partition.columns), "Columns(text=...)")
        table = pa.Table.from_pandas(partition[names], preserve_index=False)
    else:
        records = [{columns.text: one} if isinstance(one, str) else one for one in partition]
        known = list(dict.fromkeys(name for one in records for name in one))
        if records and columns.text not in known:
            raise missing_column(where, columns.text, known, "Columns(text=...)")
        names = [name for name in columns.of_a_pool() if name in known]
        try:
            table = pa.table({name: [one.get(name) for one in records] for name in names})
        except pa.ArrowException as error:
            raise InputError(
                f"{where}: {error}; expected texts, or records with one kind of value a column"
            ) from error
    if table.num_rows == 0:
        return []
    return table.to_batches() if isinstance(table, pa.Table) else [table]
