r"""JSON Lines: one object a line.

Pools are parsed by pyarrow, a chunk of lines at a time; only a chunk in which something is not as expected is
read again by a slow reader, which accepts everything that is legal and names the line that is not. Lines end
with b"\n" and nothing else: `str.splitlines` would also split at U+2028 and others, which JSON leaves bare.
"""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.json as arrow_json

from canvass.corpus.formats.column_names import ALL_COLUMNS, Columns
from canvass.corpus.formats.columns import (
    TYPES,
    accounted,
    batch_of,
    batch_of_records,
    checked_batch,
    lines_of,
    with_others,
)
from canvass.corpus.formats.format import Block, Format
from canvass.corpus.formats.losses import BadLines, Losses, Utterances
from canvass.corpus.formats.sources import (
    NEWLINE,
    Line,
    Source,
    chunks_of_lines,
    located,
    located_lines,
    split_lines,
)
from canvass.corpus.formats.validation import ALL, record_of, utterance_of
from canvass.corpus.where import RowFilter, Where
from canvass.errors import InputError, shown
from canvass.files import compressed, split_name, whole_file
from canvass.types import Utterance

BLANKS = b" \t\r\n"
CARRIAGE_RETURN, OPENING, CLOSING = b"\r{}"
LARGEST_PARSED = (1 << 31) - 1
DIGITS_OF_NUMBERS = 4000
ROWS_TOGETHER = 10_000


def _whole_number(digits: str) -> int | float:
    # Python refuses to convert very long numbers, which may stand in columns that do not matter.
    return int(digits) if len(digits) < DIGITS_OF_NUMBERS else float("inf")


DECODER = json.JSONDecoder(parse_int=_whole_number)


def record_of_line(line: bytes, where: str) -> dict[str, Any]:
    """Parse one line.

    Bytes that are not UTF-8 become lone surrogates, which the validator refuses in columns that matter. Raises
    InputError if the line is not one JSON object.
    """
    try:
        record = DECODER.decode(line.decode("utf-8", "surrogateescape"))
    except json.JSONDecodeError as error:
        reason = f"{error.msg} at column {error.colno}"
        raise InputError(f"{where}: not valid JSON ({reason}); expected one object a line") from error
    except RecursionError as error:
        raise InputError(f"{where}: JSON is nested too deep; expected one flat object a line") from error
    if not isinstance(record, dict):
        raise InputError(f"{where}: the line is {shown(record)}; expected one JSON object a line")
    return record


def records_in(lines: Iterable[Line], bad: BadLines) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (where, record) of each line that is not blank; lines that do not parse are reported to `bad`."""
    for where, line in lines:
        if stripped := line.strip(BLANKS):
            with bad.tolerance():
                yield where, record_of_line(stripped, where)


def records_of(path: str, bad: BadLines) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (where, record) of each line of a file, as `records_in` does."""
    return records_in(located_lines(path), bad)


def read(path: str, columns: Columns, bad: BadLines) -> Utterances:
    """Read an annotated file; yields (where, utterance)."""
    known = set(columns.all())
    for where, record in records_of(path, bad):
        with bad.tolerance():
            utterance = utterance_of(record, where, columns)
            bad.unused(record, known, where, columns)
            yield where, utterance


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

    Of a `part`, from byte to byte, those lines are read that begin there; with `where`, those that meet the condition.
    """
    keeps = None if where is None else RowFilter(where, path)
    with Source(path, part) as source:
        yield from accounted(_batches(source, columns, bad, rows, keeps), rows, source.size)
    if keeps is not None and part is None:
        keeps.refuse_unseen(path)


def _batches(
    source: Source, columns: Columns, bad: BadLines, rows: int, keeps: RowFilter | None = None
) -> Iterator[tuple[pa.RecordBatch, int]]:
    parser = ChunkParser(columns)
    for data, first_line in chunks_of_lines(source, rows):
        kept = data if keeps is None else lines_that_meet(data, keeps)
        batch = None if kept is None else parser.parse(kept)
        if batch is None:
            batch = slow_batch(data, source.path, first_line, columns, bad, keeps=keeps)
        yield batch, source.position


def lines_that_meet(data: bytes, keeps: RowFilter) -> bytes | None:
    """Leave the lines of a chunk that meet a condition; None if one of them is not as expected."""
    try:
        lines = [line for line in data.split(b"\n") if line.strip(BLANKS)]
        return b"".join(line + b"\n" for line in lines if keeps(record_of_line(line, ""))) or b"\n"
    except InputError:
        return None


def slow_batch(
    data: bytes,
    path: str,
    first_line: int,
    columns: Columns,
    bad: BadLines,
    *,
    keeps: RowFilter | None = None,
) -> pa.RecordBatch:
    """Read a chunk line by line: the readable twin of `ChunkParser.parse`, which also finds the bad line."""
    return batch_of_records(records_in(located(data, path, first_line), bad), columns, bad, keeps)


def names(path: str, _: Columns) -> list[str]:
    """List the fields of the first record; raises as `read` does."""
    return next((list(record) for _, record in records_of(path, BadLines(sys.maxsize))), [])


class ChunkParser:
    """Parse chunks of lines by pyarrow, remembering of which type the ids of the file are."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        # Tried in this order; the one that worked last comes first.
        self._types_of_id = [pa.string(), pa.int64(), pa.uint64()]

    def parse(self, data: bytes) -> pa.RecordBatch | None:
        """Parse a chunk; None if anything in it is not as expected."""
        objects = _one_object_a_line(data)
        if objects is None or len(objects[0]) >= LARGEST_PARSED:
            return None
        if not objects[1]:
            return batch_of([])
        for type_of_id in self._types_of_id:
            try:
                batch = self._parse(*objects, type_of_id)
            except pa.ArrowInvalid:
                continue
            self._types_of_id.sort(key=lambda kind: kind != type_of_id)
            return batch
        return None

    def _parse(self, data: bytes, lines: int, type_of_id: pa.DataType) -> pa.RecordBatch:
        roles = self._columns.roles
        names = dict(zip(roles, self._columns.of_a_pool(), strict=True))
        types = TYPES | {"id": type_of_id}
        schema = pa.schema([(name, types[role]) for role, name in names.items()])
        table = arrow_json.read_json(
            pa.BufferReader(data),
            read_options=arrow_json.ReadOptions(use_threads=False, block_size=len(data) + 1),
            parse_options=arrow_json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore"),
        ).combine_chunks()
        if table.num_rows != lines:
            raise pa.ArrowInvalid("several objects on one line")
        arrays = {role: table.column(name).chunk(0) for role, name in names.items()}
        model = {role: arrays[role] for role in self._columns.model}
        batch = checked_batch(arrays["text"], arrays["id"].cast(pa.string()), arrays["count"], model)
        others = lines_of(data).view(pa.binary()) if self._columns.others else None
        return with_others(batch, others, self._columns)


def _one_object_a_line(data: bytes) -> tuple[bytes, int] | None:
    """Return the lines but for blank ones, and their number; None unless all look like objects."""
    lines = _neat_lines(data)
    if lines is None:
        data = b"\n".join(line for line in (line.strip(BLANKS) for line in data.split(b"\n")) if line)
        lines = _neat_lines(data) if data else 0
    return None if lines is None else (data, lines)


def _neat_lines(data: bytes) -> int | None:
    """Count the lines of a chunk; None unless each begins with { and ends with }.

    Newlines that are all between } and { cannot be inside an object (a comma would be missing) nor inside a
    string (where JSON forbids them). So each line holds whole objects, and as many rows as lines means one on
    each. pyarrow alone would accept an object over several lines, and crashes the process on a bare `null`.
    """
    codes = np.frombuffer(data, dtype=np.uint8)
    ends = np.flatnonzero(codes == NEWLINE)
    if codes[-1] != NEWLINE:
        ends = np.append(ends, len(codes))
    starts = np.append(0, ends[:-1] + 1)
    last = codes[np.maximum(ends - 1, 0)]
    last = np.where(last == CARRIAGE_RETURN, codes[np.maximum(ends - 2, 0)], last)
    return len(ends) if np.all(codes[starts] == OPENING) and np.all(last == CLOSING) else None


def write(path: str, rows: Iterable[dict[str, Any]]) -> None:
    """Write rows, one object a line, as they come; the file appears whole or not at all."""
    waiting = iter(rows)
    with whole_file(path) as stream:
        while some := list(itertools.islice(waiting, ROWS_TOGETHER)):
            text = "".join(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n" for row in some)
            # Compressed pieces may follow one another in a file, of gzip as of zstd.
            stream.write(compressed(text.encode(), split_name(path)[1]))


def write_annotated(path: str, utterances: Iterable[Utterance], _: Losses) -> None:
    """Write annotated utterances; raises as `write` does. Nothing is lost."""
    write(path, map(record_of, utterances))


FORMAT = Format(
    read=read,
    blocks=blocks,
    write=write,
    carries=ALL,
    write_annotated=write_annotated,
    columns=ALL_COLUMNS,
    names=names,
    split=split_lines,
    has_where=True,
)
