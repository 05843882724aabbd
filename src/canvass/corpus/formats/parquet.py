"""Parquet: columns of strings and whole numbers, and slots as lists of structs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from canvass.corpus.formats.column_names import ALL_COLUMNS, Columns
from canvass.corpus.formats.columns import (
    accounted,
    batch_of_columns,
    other_columns,
    records_of,
    used_columns,
    utterances_of_rows,
)
from canvass.corpus.formats.format import Block, Format
from canvass.corpus.formats.losses import WEIGHTS, BadLines, Losses, Utterances, is_weight
from canvass.corpus.formats.sources import on_disk, opened_file
from canvass.corpus.formats.validation import ALL, record_of
from canvass.corpus.storage import is_remote, place_of, sizes_of
from canvass.corpus.where import Where
from canvass.errors import damage
from canvass.files import STANDARD_STREAM, split_name, write_whole
from canvass.types import Utterance

SLOTS = pa.list_(pa.struct([("start", pa.int64()), ("end", pa.int64()), ("label", pa.string())]))
ROWS_OF_READ = 4096
DAMAGES = (pa.ArrowException, OSError, UnicodeDecodeError)


@contextlib.contextmanager
def opened_parquet(path: str) -> Iterator[pq.ParquetFile]:
    """Open a file, wherever it is; raises as `read` does."""
    # A file elsewhere is read as it is; any other is on disk.
    is_stream = is_remote(path) and split_name(path)[1] is None
    file: contextlib.AbstractContextManager[Any] = (
        opened_file(path) if is_stream else on_disk(path, decompress=True)
    )
    # Without read-ahead of whole row groups, memory does not grow with the size of the file.
    with (
        file as source,
        damage(f"{path}: not a Parquet file, or a damaged one", *DAMAGES),
        pq.ParquetFile(source, pre_buffer=False) as parquet,
    ):
        yield parquet


def read(path: str, columns: Columns, bad: BadLines) -> Utterances:
    """Read an annotated file; yields (where, utterance). Slots may be lists of structs, or JSON as text."""
    with opened_parquet(path) as parquet:
        used_columns(parquet.schema_arrow, path, columns)
        names = [name for name in dict.fromkeys(columns.all()) if name in parquet.schema_arrow.names]
        report_unused(parquet, set(names), path, columns, bad)
        yield from utterances_of_rows(rows_of(parquet, names, path, bad), columns, bad)


def rows_of(
    parquet: pq.ParquetFile, names: Sequence[str], path: str, bad: BadLines
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (where, record) of each row of a file, with the columns `names`."""
    first_row = 1
    for batch in parquet.iter_batches(ROWS_OF_READ, columns=names, use_threads=False):
        yield from records_of(batch, names, first_row, path, bad)
        first_row += batch.num_rows


def report_unused(
    parquet: pq.ParquetFile, used: set[str], path: str, columns: Columns, bad: BadLines
) -> None:
    """Note the columns that are not read, with the number of rows in which they hold something."""
    if bad.losses is None:
        return
    others = {field.name: field.type for field in parquet.schema_arrow if field.name not in used}
    # Arrow aborts on damaged statistics, so values are counted; those of lists and structs may be large, and are not.
    flat = [name for name, kind in others.items() if not pa.types.is_nested(kind)]
    filled = dict.fromkeys(others.keys() - set(flat), parquet.metadata.num_rows)
    weights: dict[str, object] = {}
    for batch in parquet.iter_batches(ROWS_OF_READ, columns=flat, use_threads=False) if flat else ():
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            filled[name] = filled.get(name, 0) + len(column) - column.null_count
            values = column.to_pylist() if name.strip().lower() in WEIGHTS else []
            for value in values:
                if is_weight(name, value):
                    weights.setdefault(name, value)
    for name, kind in others.items():
        if filled.get(name):
            what = weights.get(name, f"a column of {kind}")
            bad.unused({name: what if name in flat else [what]}, used, path, columns, count=filled[name])


def blocks(
    path: str,
    columns: Columns,
    bad: BadLines,
    rows: int,
    *,
    part: tuple[int, int] | None = None,
    where: Where | None = None,
) -> Iterator[Block]:
    """Stream a pool in blocks of at most `rows` rows; raises as `read` does.

    Of a `part`, a run of row groups, and of rows that pass a condition. Only the blocks of a whole file account for its
    bytes.
    """
    with opened_parquet(path) as parquet:
        size = 0 if path == STANDARD_STREAM or part is not None else sizes_of([path])[0] or 0
        keep = None if where is None else where.expression(parquet.schema_arrow, path)
        first, end = part or (0, parquet.metadata.num_row_groups)
        chosen = [number for number in _possible_groups(path, keep, parquet) if first <= number < end]
        total = max(sum(parquet.metadata.row_group(number).num_rows for number in chosen), 1)
        flat = [field.name for field in parquet.schema_arrow if not pa.types.is_nested(field.type)]
        read = [*used_columns(parquet.schema_arrow, path, columns), *other_columns(flat, columns)]
        asked = (
            [] if where is None else [name for name in where.columns() if name in parquet.schema_arrow.names]
        )
        label = path if first == 0 and keep is None else f"{path}, from row group {first}"

        def batches() -> Iterator[tuple[pa.RecordBatch, int]]:
            names = list(dict.fromkeys([*read, *asked]))
            done = 0
            for batch in parquet.iter_batches(rows, row_groups=chosen, columns=names, use_threads=False):
                kept = batch if keep is None else _kept(batch, keep).select(read)
                made = batch_of_columns(kept, done + 1, label, columns, bad)
                done += batch.num_rows
                yield made, size * done // total

        yield from accounted(batches(), rows, size.__int__)


def _kept(batch: pa.RecordBatch, keep: Any) -> pa.RecordBatch:
    table = pa.Table.from_batches([batch]).filter(keep).combine_chunks()
    return table.to_batches()[0] if table.num_rows else batch.slice(0, 0)


def split(
    path: str, columns: Columns, where: Where | None, size: int, step: int
) -> list[tuple[int, int, int]]:
    """Cut a file into runs of row groups of about `step` bytes, without those in which no row can pass."""
    del size
    with opened_parquet(path) as parquet:
        used = used_columns(parquet.schema_arrow, path, columns)
        keep = None if where is None else where.expression(parquet.schema_arrow, path)
        parts: list[tuple[int, int, int]] = []
        for number in _possible_groups(path, keep, parquet):
            group = parquet.metadata.row_group(number)
            chunks = (group.column(place) for place in range(group.num_columns))
            weight = sum(chunk.total_compressed_size for chunk in chunks if chunk.path_in_schema in used)
            if parts and parts[-1][1] == number and parts[-1][2] + weight <= step:
                parts[-1] = (parts[-1][0], number + 1, parts[-1][2] + weight)
            else:
                parts.append((number, number + 1, weight))
        return parts


def _possible_groups(path: str, expression: Any, parquet: pq.ParquetFile) -> Sequence[int]:
    """Ask the statistics of a file in which row groups a row may pass; all where there is no condition."""
    import pyarrow.dataset as ds

    if expression is None or split_name(path)[1] is not None:
        return range(parquet.metadata.num_row_groups)
    system, place = place_of(path)
    fragment = ds.ParquetFileFormat().make_fragment(place, filesystem=system)
    fragments = fragment.split_by_row_group(expression, parquet.schema_arrow)
    return [part.row_groups[0].id for part in fragments]


def pool_columns(path: str, columns: Columns) -> dict[str, str]:
    """Find the columns of a pool that the file has, with the kind of each; raises as `blocks` does."""
    with opened_parquet(path) as parquet:
        return used_columns(parquet.schema_arrow, path, columns)


def names(path: str, _: Columns) -> list[str]:
    """List the columns of a file; raises as `blocks` does."""
    with opened_parquet(path) as parquet:
        return list(parquet.schema_arrow.names)


def write(path: str, given: Iterable[dict[str, Any]]) -> None:
    """Write rows with natural types; the file appears whole or not at all.

    A column whose name ends with "slots", or that holds lists of slots, is a list of structs (start: int64,
    end: int64, label: string), also where all of it is empty; any other list is one of strings, and so is a column of
    None alone.
    """
    rows = list(given)
    names = list(dict.fromkeys(name for row in rows for name in row))
    arrays = [_array(name, [row.get(name) for row in rows]) for name in names]
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_arrays(arrays, names=names), sink)
    write_whole(path, sink.getvalue().to_pybytes())


def write_annotated(path: str, utterances: Iterable[Utterance], _: Losses) -> None:
    """Write annotated utterances; raises as `write` does. Nothing is lost."""
    write(path, map(record_of, utterances))


def _array(name: str, values: list[Any]) -> pa.Array:
    kinds = {type(value) for value in values if value is not None}
    if name.endswith("slots") or (
        kinds == {list} and any(isinstance(value[0], dict) for value in values if value)
    ):
        return pa.array(values, type=SLOTS)
    if kinds == {list}:
        return pa.array(values, type=pa.list_(pa.string()))
    if kinds == {int, float}:
        return pa.array(values, type=pa.float64())
    return pa.array(values, type=None if kinds else pa.string())


FORMAT = Format(
    read=read,
    blocks=blocks,
    write=write,
    carries=ALL,
    write_annotated=write_annotated,
    columns=ALL_COLUMNS,
    pool_columns=pool_columns,
    names=names,
    split=split,
    has_where=True,
)
