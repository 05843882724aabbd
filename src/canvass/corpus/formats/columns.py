"""Arrow batches of a pool: from arrays in one check, or from records one by one; and the count of bytes."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from canvass.corpus.formats.column_names import PROBABILITIES, USUAL, Columns, listed, missing_column
from canvass.corpus.formats.format import Block, Format
from canvass.corpus.formats.losses import BadLines, Utterances
from canvass.corpus.formats.sources import NEWLINE
from canvass.corpus.formats.validation import (
    LARGEST_SCORE,
    model_values_of,
    pool_utterance_of,
    slots_of_cell,
    utterance_of,
)
from canvass.corpus.where import RowFilter
from canvass.errors import SHOWN_CHARACTERS, InputError
from canvass.files import STANDARD_STREAM
from canvass.types import Utterance

OTHERS = "others"  # the column of a batch that holds all others
KNOWN = "known"  # in its metadata: the names that are no others
EMPTY: Mapping[str, pa.Array] = MappingProxyType({})
SCHEMA = pa.schema(
    [
        pa.field("text", pa.string(), nullable=False),
        pa.field("id", pa.string()),
        pa.field("count", pa.int64(), nullable=False),
    ]
)
TEXT, INTEGER, NUMBER, NOTHING = "text", "whole numbers", "numbers", "nothing"
# What each column of a pool may hold; a column of the null type holds nothing at all.
KINDS = {
    "text": (TEXT,),
    "id": (TEXT, INTEGER, NOTHING),
    "count": (INTEGER, NOTHING),
    "score": (NUMBER, INTEGER),
    "intent": (TEXT, NOTHING),
    "intent_probability": (NUMBER, INTEGER),
    "slots_probability": (NUMBER, INTEGER),
}
# The types of what a pool is read for.
TYPES = {field.name: field.type for field in SCHEMA} | {
    "score": pa.float64(),
    "intent": pa.string(),
    **dict.fromkeys(PROBABILITIES, pa.float64()),
}


def checked_batch(
    text: pa.Array, identity: pa.Array | None, count: pa.Array | None, model: Mapping[str, pa.Array] = EMPTY
) -> pa.RecordBatch:
    """Make a batch of a pool from arrays, checking every value at Arrow's speed.

    * `text`, `identity`, `count`: arrays of length N: string, string or None, int64 or None.
    * `model`: the columns of a model by their roles, of the types in `TYPES`.

    Raises pyarrow.ArrowInvalid if any value is not what a pool may hold; a slow reader then finds out which.
    """
    if text.null_count:
        raise pa.ArrowInvalid("a text is null")
    text.validate(full=True)
    if identity is None:
        identity = pa.nulls(len(text), pa.string())
    identity.validate(full=True)
    if count is None or count.null_count == len(count):
        count = pa.array(np.ones(len(text), dtype=np.int64))
    elif count.null_count:
        count = pc.fill_null(count, 1)
    if len(count) and pc.min(count).as_py() < 1:
        raise pa.ArrowInvalid("a count is below one")
    for role, values in model.items():
        _check_model(role, values)
    return pa.RecordBatch.from_arrays([text, identity, count, *model.values()], schema=_schema(tuple(model)))


def _check_model(role: str, values: pa.Array) -> None:
    """Refuse what a model cannot say; raises pyarrow.ArrowInvalid."""
    if role == "intent":
        values.validate(full=True)
        return
    if values.null_count:
        raise pa.ArrowInvalid("a number is missing")
    numbers = values.to_numpy()
    low, high = (0, 1) if role in PROBABILITIES else (-LARGEST_SCORE, LARGEST_SCORE)
    if not np.all((low <= numbers) & (numbers <= high)):
        raise pa.ArrowInvalid("a number is out of range")


def _schema(model: Sequence[str]) -> pa.Schema:
    return pa.schema([*SCHEMA, *(pa.field(role, TYPES[role], nullable=role == "intent") for role in model)])


def lines_of(data: bytes) -> pa.Array:
    r"""Cut UTF-8 text at b"\n" without a loop; returns a string array (N,), not validated.

    The bytes between the line ends are copied together, and the offsets follow from where the ends were.
    """
    if not data.endswith(b"\n"):
        data += b"\n"
    source = np.frombuffer(data, dtype=np.uint8)
    is_end = source == NEWLINE
    ends = np.flatnonzero(is_end)
    # Each end moves left by the number of line ends before it.
    offsets = np.zeros(len(ends) + 1, dtype=np.int32)
    offsets[1:] = ends - np.arange(len(ends))
    values = pa.py_buffer(data.replace(b"\n", b""))
    return pa.Array.from_buffers(pa.string(), len(ends), [None, pa.py_buffer(offsets), values])


def batch_of(
    utterances: Sequence[Utterance], model: Sequence[str] = (), values: Sequence[Sequence[object]] = ()
) -> pa.RecordBatch:
    """Make a batch of a pool from validated utterances, and the `values` of each for the roles in `model`."""
    schema = _schema(model)
    columns = [
        [utterance.text for utterance in utterances],
        [utterance.id for utterance in utterances],
        [utterance.count for utterance in utterances],
        *([row[place] for row in values] for place in range(len(model))),
    ]
    arrays = [pa.array(column, type=field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def batch_of_records(
    records: Iterable[tuple[str, dict[str, Any]]],
    columns: Columns,
    bad: BadLines,
    keeps: RowFilter | None = None,
) -> pa.RecordBatch:
    """Make a batch of a pool from (where, record) one by one: the readable twin of `checked_batch`.

    A bad record is reported to `bad`; what `keeps` does not keep is left out.
    """
    utterances, values, others = [], [], []
    for where, record in records:
        with bad.tolerance():
            if keeps is not None and not keeps(record):
                continue
            utterance = pool_utterance_of(record, where, columns)
            values.append(model_values_of(record, where, columns))
            utterances.append(utterance)
            others.append(record)
    batch = batch_of(utterances, columns.model, values)
    if not columns.others:
        return batch
    documents = [json.dumps(record, default=str).encode() for record in others]
    return with_others(batch, pa.array(documents, pa.binary()), columns)


def kind_of(kind: pa.DataType) -> str:
    """Name the kind of a column: text, whole numbers, nothing, or Arrow's own name of another type."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return TEXT
    if pa.types.is_integer(kind):
        return INTEGER
    if pa.types.is_floating(kind):
        return NUMBER
    return NOTHING if pa.types.is_null(kind) else str(kind)


def refuse_missing(columns: Columns, names: Collection[str], where: str) -> None:
    """Refuse a file without a text, or without what another file of the pool has of a model; raises InputError."""
    for role, column in zip(columns.roles, columns.of_a_pool(), strict=True):
        if column not in names and role not in {"id", "count"}:
            raise missing_column(where, column, list(names), f"--columns {role}=NAME")


def used_columns(schema: pa.Schema, where: str, columns: Columns) -> dict[str, str]:
    """Find the columns that a pool is read for, with their kinds.

    Raises InputError if a column is missing that must be there, or has a type that it cannot have.
    """
    refuse_missing(columns, schema.names, where)
    kinds = {}
    for role, column in zip(columns.roles, columns.of_a_pool(), strict=True):
        places = schema.get_all_field_indices(column)
        if len(places) > 1:
            raise InputError(f"{where}: column {column!r} appears {len(places)} times; expected it once")
        if places:
            kinds[column] = kind_of(schema.field(places[0]).type)
            if kinds[column] not in KINDS[role]:
                types = listed([f"{field.name}: {field.type}" for field in schema])
                kind = str(schema.field(places[0]).type) if kinds[column] == NUMBER else kinds[column]
                raise InputError(
                    f"{where}: column {column!r} has the type {kind[:SHOWN_CHARACTERS]}; "
                    f"expected {' or '.join(KINDS[role][:2])} "
                    f"(the file has {types}); name the column with --columns {role}=NAME"
                )
    return kinds


def batch_of_columns(
    batch: pa.RecordBatch, first_row: int, where: str, columns: Columns, bad: BadLines
) -> pa.RecordBatch:
    """Turn a batch of any accepted column types into a batch of a pool.

    `first_row` is the number of its first row, from 1, for the sentence about a bad one. Raises InputError if a row is
    bad and the tolerance is used up.
    """
    pairs = zip(columns.roles, columns.of_a_pool(), strict=True)
    names = {role: name for role, name in pairs if name in batch.schema.names}
    kept = other_columns(batch.schema.names, columns)
    try:
        arrays = {role: batch.column(name).cast(TYPES[role]) for role, name in names.items()}
        made = checked_batch(
            arrays["text"],
            arrays.get("id"),
            arrays.get("count"),
            {role: arrays[role] for role in columns.model},
        )
        return with_others(made, structs([batch.column(name) for name in kept], kept), columns)
    except pa.ArrowInvalid:
        records = records_of(batch, [*names.values(), *kept], first_row, where, bad)
        return batch_of_records(records, columns, bad)


def other_columns(names: Sequence[str], columns: Columns) -> list[str]:
    """List the columns that a batch keeps: those that have no meaning of their own, and stand there once."""
    if not columns.others:
        return []
    known = {*columns.all(), *USUAL.all()}
    return [name for name in names if name not in known and names.count(name) == 1]


def with_others(batch: pa.RecordBatch, others: pa.Array | None, columns: Columns) -> pa.RecordBatch:
    """Add the other columns of a pool to a batch, as one: structs, or whole records as JSON in UTF-8."""
    if others is None:
        return batch
    known = json.dumps(sorted({*columns.all(), *USUAL.all()}))
    return batch.append_column(pa.field(OTHERS, others.type, metadata={KNOWN: known}), others)


def structs(arrays: Sequence[pa.Array], names: Sequence[str]) -> pa.Array | None:
    """Put columns into one; None where there are none."""
    return pa.StructArray.from_arrays(arrays, names=list(names)) if names else None


def records_of(
    batch: pa.RecordBatch, names: Sequence[str], first_row: int, where: str, bad: BadLines
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (where, record) of each row in plain Python; a row that is not UTF-8 is reported to `bad`."""
    for index in range(batch.num_rows):
        where_of_row = f"{where}: row {first_row + index}"
        record = {}
        try:
            for name in names:
                record[name] = batch.column(name)[index].as_py()
        except UnicodeDecodeError:
            bad.report(
                InputError(f"{where_of_row}: field {name!r} is not valid UTF-8; write the file as UTF-8")
            )
            continue
        yield where_of_row, record


def utterances_of_rows(
    rows: Iterable[tuple[str, dict[str, Any]]], columns: Columns, bad: BadLines
) -> Utterances:
    """Make utterances of the rows of a table, whose slots may be JSON as text, and tell what else is in them."""
    known = {*columns.all()}
    for where, record in rows:
        with bad.tolerance():
            record[columns.slots] = slots_of_cell(record.get(columns.slots), where, columns.slots)
            utterance = utterance_of(record, where, columns)
            bad.unused(record, known, where, columns)
            yield where, utterance


def blocks_of(kind: Format) -> Callable[..., Iterator[Block]]:
    """Find how a format streams a pool: in its own way, or by reading utterances, with their annotations."""
    if kind.blocks is not None:
        return kind.blocks
    assert kind.read is not None, kind.name
    return utterance_blocks(kind.read)


def utterance_blocks(
    read: Callable[[str, Columns, BadLines], Utterances],
) -> Callable[[str, Columns, BadLines, int], Iterator[Block]]:
    """Make the `blocks` of what is only read utterance by utterance."""

    def blocks(path: str, columns: Columns, bad: BadLines, rows: int) -> Iterator[Block]:
        def batches() -> Iterator[tuple[pa.RecordBatch, int]]:
            utterances = (utterance for _, utterance in read(path, columns, bad))
            while part := list(itertools.islice(utterances, rows)):
                yield batch_of(part), 0

        # How much of the file a block took is not known: the last one accounts for all of it.
        file = Path(path)
        size = file.stat().st_size if path != STANDARD_STREAM and file.is_file() else 0
        return accounted(batches(), rows, size.__int__)

    return blocks


def accounted(
    batches: Iterator[tuple[pa.RecordBatch, int]], rows: int, size: Callable[[], int]
) -> Iterator[Block]:
    """Cut batches to at most `rows` rows, and account for every byte of the file.

    `batches` yields each batch with the position in the file up to which it accounts; one block is held back,
    so that the last one can bring the sum to `size()`. Batches without rows are left out.
    """
    seen = 0  # position of the last batch
    paid = 0  # sum of what was yielded
    held: tuple[pa.RecordBatch, int] | None = None
    for batch, position in batches:
        position = max(position, seen)  # noqa: PLW2901 - a slow reader starts from the beginning again
        parts = -(-batch.num_rows // rows)
        for index in range(parts):
            if held is not None:
                yield Block(held[0], held[1] - paid)
                paid = held[1]
            start, end = (batch.num_rows * place // parts for place in (index, index + 1))
            held = (batch.slice(start, end - start), seen + (position - seen) * (index + 1) // parts)
        seen = position
    if held is not None:
        yield Block(held[0], max(size() - paid, 0))
