"""CSV and TSV with a header; a slots cell holds JSON, and an empty cell is an absent value.

Pools are parsed by pyarrow; where it refuses something, Python's csv module reads the file again from the
start, skips what was yielded, and names the line that is bad.
"""

from __future__ import annotations

import csv
import io
import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from canvass.corpus.formats.annotated import ALL, record_of
from canvass.corpus.formats.columns import accounted, batch_of, checked_batch
from canvass.corpus.formats.losses import named
from canvass.corpus.formats.records import Format, missing_column, pool_utterance_of, utterance_of
from canvass.corpus.formats.sources import LONGEST_LINE, SMALLEST_CHUNK, Pace, Source, on_disk
from canvass.errors import InputError, location, shown
from canvass.files import compressed, split_name, whole_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from canvass.corpus.formats.losses import Losses
    from canvass.corpus.formats.records import BadLines, Block, Columns
    from canvass.types import Utterance

# pyarrow takes a quote that is never closed for a cell that ends with the file. This row is put after the
# end: if it is not found as the last row, such a cell has swallowed it.
END_OF_FILE = "\x00canvass: end of file\x00"
# Python refuses to convert thousands of digits, and no count has as many.
LONGEST_COUNT = 100


class Table:
    """A delimited file on disk: its name for the user, its delimiter and its header.

    Raises
    ------
    InputError
        If there is no header, or it lacks the text column or has a used column twice.

    """

    def __init__(self, file: str, name: str, delimiter: str, columns: Columns) -> None:
        self.file, self.name, self.delimiter, self.columns = file, name, delimiter, columns
        with Source(file) as source:
            rows = (row for _, row in self.rows(source) if row)
            header = next(rows, [])
        if isinstance(header, InputError):
            raise header
        self.header: list[str] = header
        if columns.text not in header:
            raise missing_column(location(name, 1), columns.text, header)
        for column in columns.all():
            if header.count(column) > 1:
                raise InputError(f"{location(name, 1)}: column {column!r} appears twice; expected it once")

    def rows(self, source: Source) -> Iterator[tuple[str, list[str] | InputError]]:
        """Yield (where, cells) of each row that is not blank, and an error in place of a bad one."""
        # The limit belongs to the whole process; ours is as long as a line may be in any format.
        csv.field_size_limit(LONGEST_LINE)
        stream = io.TextIOWrapper(
            io.BufferedReader(source), "utf-8-sig", errors="surrogateescape", newline=""
        )
        lines = Lines(stream, self.name)
        reader = csv.reader(lines, delimiter=self.delimiter)
        while True:
            where = lines.begin_record()
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield where, InputError(f"{where}: not a valid row ({error}); expected quoted or plain cells")
                continue
            if lines.ended:
                yield (
                    where,
                    InputError(f"{where}: a quote is opened and never closed; close it, or double it"),
                )
            elif row:
                yield where, row

    def records(self) -> Iterator[tuple[str, dict[str, Any] | InputError]]:
        """Yield (where, record) of each row after the header; an error in place of a bad row."""
        width = len(self.header)
        with Source(self.file) as source:
            rows = self.rows(source)
            next(rows, None)
            for where, row in rows:
                if isinstance(row, InputError):
                    yield where, row
                elif len(row) != width:
                    yield (
                        where,
                        InputError(
                            f"{where}: the row has {len(row)} cells; expected {width}, as in the header"
                        ),
                    )
                else:
                    yield where, self._record(row)

    def _record(self, row: list[str]) -> dict[str, Any]:
        record: dict[str, Any] = {
            name: cell if cell or name == self.columns.text else None
            for name, cell in zip(self.header, row, strict=True)
        }
        count = record.get(self.columns.count)
        if count and len(count) <= LONGEST_COUNT and count.isascii() and count.isdecimal():
            record[self.columns.count] = int(count)
        return record


class Lines:
    """Lines of a file for csv.reader, counted; `ended` once there are no more."""

    def __init__(self, stream: io.TextIOWrapper, name: str) -> None:
        self._stream, self._name = stream, name
        self._number = 0
        self._length = 0
        self.ended = False

    def begin_record(self) -> str:
        """Note that a record begins on the next line; returns where that is."""
        self._length = 0
        return location(self._name, self._number + 1)

    def __iter__(self) -> Lines:
        return self

    def __next__(self) -> str:
        line = self._stream.readline(LONGEST_LINE)
        self.ended = not line
        if self.ended:
            raise StopIteration
        self._number += 1
        self._length += len(line)
        if self._length >= LONGEST_LINE:
            raise InputError(
                f"{location(self._name, self._number)}: the row is longer than {LONGEST_LINE >> 20} MB; "
                "is a quote never closed?"
            )
        return line


class Ended(io.RawIOBase):
    """A source with a last row added."""

    def __init__(self, source: Source, last_row: bytes) -> None:
        self._source, self._last_row = source, last_row

    def read(self, size: int = -1) -> bytes:
        """Read from the source, then from the row."""
        data = self._source.read(size)
        if not data:
            cut = len(self._last_row) if size < 0 else size
            data, self._last_row = self._last_row[:cut], self._last_row[cut:]
        return data

    def readable(self) -> bool:
        """Whether it can be read: always."""
        return True


def read(delimiter: str, path: str, columns: Columns, bad: BadLines) -> Iterator[tuple[str, Utterance]]:
    """Read an annotated file; yields (where, utterance).

    Raises
    ------
    InputError
        If the header lacks the text column, or a row is bad and the tolerance is used up.
    FileError
        If the file cannot be read.

    """
    with on_disk(path) as file:
        table = Table(file, path, delimiter, columns)
        columns = table.columns
        known = set(columns.all())
        for where, record in table.records():
            try:
                if isinstance(record, InputError):
                    raise record
                record[columns.slots] = slots_of_cell(record.get(columns.slots), where, columns.slots)
                utterance = utterance_of(record, where, columns)
            except InputError as error:
                bad.report(error)
            else:
                bad.unused(record, known, where, columns)
                yield where, utterance


def slots_of_cell(cell: Any, where: str, name: str) -> Any:
    """Parse the JSON of a slots cell; what is not a string is returned as it is."""
    if not isinstance(cell, str):
        return cell
    try:
        return json.loads(cell)
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{where}: field {name!r} is {shown(cell)}; "
            "expected a JSON list of objects with start, end and label"
        ) from error


def blocks(delimiter: str, path: str, columns: Columns, bad: BadLines, rows: int) -> Iterator[Block]:
    """Stream a pool in blocks of at most `rows` rows; raises as `read` does."""
    with on_disk(path) as file:
        table = Table(file, path, delimiter, columns)
        yield from accounted(_batches(table, bad, rows), rows, Path(file).stat().st_size.__int__)


def _batches(table: Table, bad: BadLines, rows: int) -> Iterator[tuple[pa.RecordBatch, int]]:
    done = 0
    with Source(table.file) as source:
        try:
            for batch in _fast_batches(table, source, rows):
                yield batch, source.position
                done += batch.num_rows
        except pa.ArrowInvalid:
            pass
        else:
            return
    with Source(table.file) as source:
        for batch in slow_batches(table, bad, rows, done):
            yield batch, 0


def _fast_batches(table: Table, source: Source, rows: int) -> Iterator[pa.RecordBatch]:
    columns = table.columns
    names = [name for name in columns.of_a_pool() if name in table.header]
    cells = [
        END_OF_FILE if index == table.header.index(columns.text) else "" for index in range(len(table.header))
    ]
    last_row = f"\n{table.delimiter.join(cells)}\n".encode()
    reader = arrow_csv.open_csv(
        Ended(source, last_row),
        read_options=arrow_csv.ReadOptions(use_threads=False, block_size=_block_size(table.file, rows)),
        parse_options=arrow_csv.ParseOptions(delimiter=table.delimiter, newlines_in_values=True),
        convert_options=arrow_csv.ConvertOptions(
            include_columns=names, column_types=dict.fromkeys(names, pa.string()), null_values=[]
        ),
    )
    with reader:
        held = None
        for batch in reader:
            if batch.num_rows:
                if held is not None:
                    yield _batch_of_cells(held, columns)
                held = batch
    if held is None or held.column(columns.text)[-1].as_py() != END_OF_FILE:
        raise pa.ArrowInvalid("a quote is never closed")
    yield _batch_of_cells(held.slice(0, held.num_rows - 1), columns)


def _block_size(file: str, rows: int) -> int:
    pace = Pace(rows)
    with Source(file) as source:
        sample = source.read(SMALLEST_CHUNK)
    pace.learn(len(sample), sample.count(b"\n") + 1)
    return pace.size()


def _batch_of_cells(cells: pa.RecordBatch, columns: Columns) -> pa.RecordBatch:
    arrays = {name: cells.column(name) for name in cells.schema.names}
    for name in {columns.id, columns.count} & set(arrays):
        arrays[name] = pc.if_else(pc.equal(arrays[name], ""), pa.scalar(None, pa.string()), arrays[name])
    count = arrays.get(columns.count)
    if count is not None:
        # Arrow's cast alone would also take 0x10.
        if not pc.all(pc.ascii_is_decimal(count), min_count=0).as_py():
            raise pa.ArrowInvalid("a count is not a number")
        count = count.cast(pa.int64())
    return checked_batch(arrays[columns.text], arrays.get(columns.id), count)


def slow_batches(table: Table, bad: BadLines, rows: int, done: int) -> Iterator[pa.RecordBatch]:
    """Read the rows after the first `done` one by one: the readable twin that names the bad line."""
    utterances = []
    for index, (where, record) in enumerate(table.records()):
        if index < done:
            continue
        try:
            if isinstance(record, InputError):
                raise record
            utterances.append(pool_utterance_of(record, where, table.columns))
        except InputError as error:
            bad.report(error)
        if len(utterances) == rows:
            yield batch_of(utterances)
            utterances = []
    yield batch_of(utterances)


def pool_columns(delimiter: str, path: str, columns: Columns) -> dict[str, str]:
    """Find the columns of a pool that the header has; cells are of any kind."""
    header = Table(path, path, delimiter, columns).header
    return dict.fromkeys((name for name in columns.of_a_pool() if name in header), "")


def write(delimiter: str, path: str, given: Iterable[dict[str, Any]]) -> None:
    """Write rows under a header of all their names; lists become JSON, None an empty cell.

    Raises
    ------
    FileError
        If the file cannot be written.

    """
    rows = list(given)
    names = list(dict.fromkeys(name for row in rows for name in row))
    table = [names, *([_cell(row.get(name)) for name in names] for row in rows)] if names else []
    text = "".join(
        delimiter.join(_quoted(cell, delimiter, len(names)) for cell in row) + "\n" for row in table
    )
    with whole_file(path) as stream:
        stream.write(compressed(text.encode(), split_name(path)[1]))


def write_annotated(delimiter: str, path: str, utterances: Iterable[Utterance], losses: Losses) -> None:
    """Write annotated utterances; an empty string comes back as None. Raises as `write` does.

    Raises
    ------
    InputError
        If losses are refused, and there is one.

    """

    def rows() -> Iterator[dict[str, Any]]:
        for utterance in utterances:
            for name in ("id", "domain", "intent", "split"):
                if getattr(utterance, name) == "":
                    losses.report(f"that the field {name} is empty, not absent", named(utterance))
            yield record_of(utterance)

    write(delimiter, path, rows())


def _cell(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _quoted(cell: str, delimiter: str, width: int) -> str:
    # The csv module of Python 3.11 leaves a bare carriage return unquoted, which ends a row for every reader.
    # A blank line would be no row at all, and a byte order mark at the start of the file would be left out.
    if any(mark in cell for mark in (delimiter, '"', "\n", "\r", "\ufeff")) or (width == 1 and not cell):
        return '"' + cell.replace('"', '""') + '"'
    return cell


def _format(name: str, extension: str, delimiter: str) -> Format:
    return Format(
        name=name,
        extensions=(extension,),
        read=partial(read, delimiter),
        blocks=partial(blocks, delimiter),
        write=partial(write, delimiter),
        carries=ALL,
        write_annotated=partial(write_annotated, delimiter),
        has_columns=True,
        loses="the difference between an empty string and none",
        pool_columns=partial(pool_columns, delimiter),
    )


CSV = _format("csv", ".csv", ",")
TSV = _format("tsv", ".tsv", "\t")
