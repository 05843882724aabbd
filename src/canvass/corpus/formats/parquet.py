"""Parquet: columns of strings and whole numbers, and slots as lists of structs."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from canvass.corpus.formats.columns import accounted, batch_of_columns, records_of, used_columns
from canvass.corpus.formats.delimited import slots_of_cell
from canvass.corpus.formats.records import Format, utterance_of
from canvass.corpus.formats.sources import on_disk
from canvass.errors import InputError
from canvass.files import STANDARD_STREAM, compressed, split_name, whole_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from canvass.corpus.formats.records import BadLines, Block, Fields
    from canvass.types import Utterance

SLOTS = pa.list_(pa.struct([("start", pa.int64()), ("end", pa.int64()), ("label", pa.string())]))
ROWS_OF_READ = 4096


@contextlib.contextmanager
def _opened(path: str) -> Iterator[pq.ParquetFile]:
    # Without read-ahead of whole row groups, memory does not grow with the size of the file.
    with (
        on_disk(path, decompress=True) as file,
        _named_errors(path),
        pq.ParquetFile(file, pre_buffer=False) as parquet,
    ):
        yield parquet


@contextlib.contextmanager
def _named_errors(path: str) -> Iterator[None]:
    """Put what Arrow says of a damaged file into a sentence."""
    try:
        yield
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        reason = str(error).split("\n", maxsplit=1)[0]
        raise InputError(
            f"{path}: not a Parquet file, or a damaged one ({reason}); get the file anew"
        ) from error


def read(path: str, fields: Fields, bad: BadLines) -> Iterator[tuple[str, Utterance]]:
    """Read an annotated file; yields (where, utterance). Slots may be lists of structs, or JSON as text.

    Raises
    ------
    InputError
        If the text column is missing or of a wrong type, a row is bad and the tolerance is used up, or the
        file is damaged.
    FileError
        If the file cannot be read.

    """
    with _opened(path) as parquet:
        used_columns(parquet.schema_arrow, path, fields)
        names = [name for name in dict.fromkeys(fields.all()) if name in parquet.schema_arrow.names]
        first_row = 1
        for batch in parquet.iter_batches(ROWS_OF_READ, columns=names, use_threads=False):
            for where, record in records_of(batch, names, first_row, path, bad):
                try:
                    record[fields.slots] = slots_of_cell(record.get(fields.slots), where, fields.slots)
                    utterance = utterance_of(record, where, fields)
                except InputError as error:
                    bad.report(error)
                else:
                    yield where, utterance
            first_row += batch.num_rows


def blocks(path: str, fields: Fields, bad: BadLines, rows: int) -> Iterator[Block]:
    """Stream a pool in blocks of at most `rows` rows; raises as `read` does."""
    with _opened(path) as parquet:
        size = 0 if path == STANDARD_STREAM else Path(path).stat().st_size
        total = max(parquet.metadata.num_rows, 1)
        batches = _batches(parquet, path, fields, bad, rows)
        yield from accounted(((batch, size * done // total) for batch, done in batches), rows, size.__int__)


def _batches(
    parquet: pq.ParquetFile, path: str, fields: Fields, bad: BadLines, rows: int
) -> Iterator[tuple[pa.RecordBatch, int]]:
    names = list(used_columns(parquet.schema_arrow, path, fields))
    done = 0
    for batch in parquet.iter_batches(rows, columns=names, use_threads=False):
        made = batch_of_columns(batch, done + 1, path, fields, bad)
        done += batch.num_rows
        yield made, done


def columns(path: str, fields: Fields) -> dict[str, str]:
    """Find the columns of a pool that the file has, with the kind of each; raises as `blocks` does."""
    with _opened(path) as parquet:
        return used_columns(parquet.schema_arrow, path, fields)


def write(path: str, given: Iterable[dict[str, Any]]) -> None:
    """Write rows with natural types; the file appears whole or not at all.

    A column whose name ends with "slots", or that holds lists of slots, is a list of structs (start: int64,
    end: int64, label: string), also where all of it is empty; any other list is one of strings, and so is a column of
    None alone.

    Raises
    ------
    FileError
        If the file cannot be written.

    """
    rows = list(given)
    names = list(dict.fromkeys(name for row in rows for name in row))
    arrays = [_array(name, [row.get(name) for row in rows]) for name in names]
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_arrays(arrays, names=names), sink)
    with whole_file(path) as stream:
        stream.write(compressed(sink.getvalue().to_pybytes(), split_name(path)[1]))


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
    name="parquet",
    extensions=(".parquet", ".pq"),
    read=read,
    blocks=blocks,
    write=write,
    carries=("text", "id", "count", "domain", "intent", "slots", "split"),
    columns=columns,
)
