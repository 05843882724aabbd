"""CSV and TSV with a header; a slots cell holds JSON, and an empty cell is an absent value.

Pools are parsed by pyarrow; where it refuses something, Python's csv module reads the file again from the
start, skips what was yielded, and names the line that is bad.
"""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from canvass.corpus.formats.column_names import ALL_COLUMNS, COLUMN_NAMES, Columns
from canvass.corpus.formats.columns import (
    TYPES,
    accounted,
    batch_of_records,
    checked_batch,
    other_columns,
    structs,
    utterances_of_rows,
    with_others,
)
from canvass.corpus.formats.delimited_rows import Table
from canvass.corpus.formats.format import Block, Format
from canvass.corpus.formats.losses import BadLines, Losses, Utterances, named
from canvass.corpus.formats.sources import SMALLEST_CHUNK, Source, chunk_size, on_disk
from canvass.corpus.formats.validation import ALL, record_of
from canvass.corpus.where import RowFilter, Where
from canvass.files import write_whole
from canvass.types import Utterance

# pyarrow takes a quote that is never closed for a cell that ends with the file. This row is put after the
# end: if it is not found as the last row, such a cell has swallowed it.
QUOTE = b'"'
PIECE = 1 << 16  # bytes that stay in the processor's cache
END_OF_FILE = "\x00canvass: end of file\x00"


class Ended(io.RawIOBase):
    """A source with a last row added; `is_sound` as long as each quote stands at the rim of a cell, or is doubled.

    pyarrow would take `"5" screen` for the cell `5 screen`; what is not sound is for the csv module to judge. Quotes
    are looked at up to the last line end that was read, so that what is beside each of them is known.
    """

    def __init__(self, source: Source, last_row: bytes, delimiter: str) -> None:
        self._source, self._last_row = source, last_row
        self._rims = f"{delimiter}\r\n".encode()
        self._is_rim = np.zeros(256, dtype=np.bool_)  # or another quote
        self._is_rim[list(self._rims + QUOTE)] = True
        self._is_open = False  # within a quoted cell
        self._line = b""  # as far as it was read
        self.is_sound = True

    def read(self, size: int = -1) -> bytes:
        """Read from the source, then from the row."""
        data = self._source.read(size)
        end = data.rfind(b"\n") + 1 if data else 0
        if not data:
            self._check(self._line + b"\n")
            self._line = b""
            cut = len(self._last_row) if size < 0 else size
            data, self._last_row = self._last_row[:cut], self._last_row[cut:]
        elif end:
            self._check(self._line + data[:end])
            self._line = data[end:]
        else:
            self._line += data
        return data

    def _check(self, lines: bytes) -> None:
        """Look at the quotes of whole lines, some lines at a time."""
        start = 0
        while self.is_sound and (quote := lines.find(QUOTE, start)) >= 0:
            start = lines.rfind(b"\n", 0, quote) + 1
            end = lines.rfind(b"\n", quote, start + PIECE) + 1 or len(lines)
            self._check_piece(lines[start:end])
            start = end

    def _check_piece(self, lines: bytes) -> None:
        """Look whether quotes open and close cells by turns, or else at each of them."""
        codes = np.frombuffer(lines, dtype=np.uint8)
        places = np.flatnonzero(codes == QUOTE[0])
        opening, closing = places[int(self._is_open) :: 2], places[int(not self._is_open) :: 2]
        # Before the first character (-1) stands a line end, as at the end.
        if self._is_rim[codes[opening - 1]].all() and self._is_rim[codes[closing + 1]].all():
            self._is_open ^= len(places) % 2 == 1
        else:
            self._check_each(lines, places.tolist())

    def _check_each(self, lines: bytes, places: list[int]) -> None:
        """Follow the quotes one by one: the readable twin, which knows quotes in the middle of plain cells, too."""
        doubled = -1
        for place in places:
            if not self._is_open:
                self._is_open = lines[place - 1] in self._rims
            elif place != doubled and lines[place + 1] == QUOTE[0]:
                doubled = place + 1
            elif place != doubled:
                self._is_open = False
                self.is_sound = self.is_sound and lines[place + 1] in self._rims

    def readable(self) -> bool:
        """Whether it can be read: always."""
        return True


def read(delimiter: str, path: str, columns: Columns, bad: BadLines) -> Utterances:
    """Read an annotated file; yields (where, utterance)."""
    with on_disk(path) as file:
        table = Table(file, path, delimiter, columns)
        yield from utterances_of_rows(table.records(bad), table.columns, bad)


def blocks(
    delimiter: str, path: str, columns: Columns, bad: BadLines, rows: int, *, where: Where | None = None
) -> Iterator[Block]:
    """Stream the rows of a pool that meet a condition, in blocks of at most `rows` rows; raises as `read` does."""
    with on_disk(path) as file:
        table = Table(file, path, delimiter, columns)
        keeps = None if where is None else RowFilter(where, path, table.header)
        yield from accounted(_batches(table, bad, rows, keeps), rows, Path(file).stat().st_size.__int__)


def _batches(
    table: Table, bad: BadLines, rows: int, keeps: RowFilter | None = None
) -> Iterator[tuple[pa.RecordBatch, int]]:
    done = 0
    with Source(table.file) as source:
        try:
            for batch, read in _fast_batches(table, source, rows, keeps):
                yield batch, source.position
                done += read
        except pa.ArrowInvalid:
            pass
        else:
            return
    with Source(table.file) as source:
        for batch in slow_batches(table, bad, rows, done, keeps):
            yield batch, 0


def _fast_batches(
    table: Table, source: Source, rows: int, keeps: RowFilter | None
) -> Iterator[tuple[pa.RecordBatch, int]]:
    """Yield batches of the rows that meet the condition, and how many rows were read for each."""
    columns = table.columns
    asked = [] if keeps is None else keeps.columns
    kept = other_columns(table.header, columns)
    names = list(
        dict.fromkeys(name for name in (*columns.of_a_pool(), *asked, *kept) if name in table.header)
    )
    cells = [
        END_OF_FILE if index == table.header.index(columns.text) else "" for index in range(len(table.header))
    ]
    last_row = f"\n{table.delimiter.join(cells)}\n".encode()
    ended = Ended(source, last_row, table.delimiter)
    reader = arrow_csv.open_csv(
        ended,
        read_options=arrow_csv.ReadOptions(use_threads=False, block_size=_block_size(table.file, rows)),
        parse_options=arrow_csv.ParseOptions(delimiter=table.delimiter, newlines_in_values=True),
        convert_options=arrow_csv.ConvertOptions(
            include_columns=names, column_types=dict.fromkeys(names, pa.string()), null_values=[]
        ),
    )
    with reader:
        held = None
        for batch in reader:
            if not ended.is_sound:
                raise pa.ArrowInvalid("a quote is in the middle of a cell")
            if batch.num_rows:
                if held is not None:
                    yield _batch_of_cells(held, columns, keeps), held.num_rows
                held = batch
    if not ended.is_sound or held is None or held.column(columns.text)[-1].as_py() != END_OF_FILE:
        raise pa.ArrowInvalid("a quote is never closed")
    yield _batch_of_cells(held.slice(0, held.num_rows - 1), columns, keeps), held.num_rows - 1


def _block_size(file: str, rows: int) -> int:
    with Source(file) as source:
        sample = source.read(SMALLEST_CHUNK)
    return chunk_size(rows, len(sample), sample.count(b"\n") + 1)


def _batch_of_cells(cells: pa.RecordBatch, columns: Columns, keeps: RowFilter | None) -> pa.RecordBatch:
    if keeps is not None:
        values = zip(*(cells.column(name).to_pylist() for name in keeps.columns), strict=True)
        met = [keeps.meets(tuple(cell or None for cell in row)) for row in values]
        cells = cells.filter(pa.array(met, pa.bool_()))
    arrays = {name: cells.column(name) for name in cells.schema.names}
    for name in set(arrays) - {columns.text}:
        arrays[name] = pc.if_else(pc.equal(arrays[name], ""), pa.scalar(None, pa.string()), arrays[name])
    count = arrays.get(columns.count)
    if count is not None:
        # Arrow's cast alone would also take 0x10.
        if not pc.all(pc.ascii_is_decimal(count), min_count=0).as_py():
            raise pa.ArrowInvalid("a count is not a number")
        count = count.cast(pa.int64())
    model = {role: arrays[getattr(columns, role)].cast(TYPES[role]) for role in columns.model}
    kept = other_columns(cells.schema.names, columns)
    others = structs([arrays[name] for name in kept], kept)
    return with_others(
        checked_batch(arrays[columns.text], arrays.get(columns.id), count, model), others, columns
    )


def slow_batches(
    table: Table, bad: BadLines, rows: int, done: int, keeps: RowFilter | None = None
) -> Iterator[pa.RecordBatch]:
    """Read the rows after the first `done` one by one: the readable twin that names the bad line."""
    records = itertools.islice(table.records(bad), done, None)
    while some := list(itertools.islice(records, rows)):
        yield batch_of_records(some, table.columns, bad, keeps)


def names(delimiter: str, path: str, columns: Columns) -> list[str]:
    """List those of `columns` that the header has; raises as `blocks` does."""
    with on_disk(path) as file:
        table = Table(file, path, delimiter, columns)
        having = [role for role in COLUMN_NAMES if getattr(table.columns, role) in table.header]
        return [getattr(columns, role) for role in having]


def pool_columns(delimiter: str, path: str, columns: Columns) -> dict[str, str]:
    """Find the columns of a pool that the header has; cells are of any kind."""
    table = Table(path, path, delimiter, columns)
    roles = zip(columns.of_a_pool(), table.columns.of_a_pool(), strict=True)
    return dict.fromkeys((name for name, own in roles if own in table.header), "")


def write(delimiter: str, path: str, given: Iterable[dict[str, Any]]) -> None:
    """Write rows under a header of all their names; lists become JSON, None an empty cell."""
    rows = list(given)
    names = list(dict.fromkeys(name for row in rows for name in row))
    table = [names, *([_cell(row.get(name)) for name in names] for row in rows)] if names else []
    text = "".join(
        delimiter.join(_quoted(cell, delimiter, len(names)) for cell in row) + "\n" for row in table
    )
    write_whole(path, text.encode())


def write_annotated(delimiter: str, path: str, utterances: Iterable[Utterance], losses: Losses) -> None:
    """Write annotated utterances; an empty string comes back as None. Raises as `write` does."""

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


def _format(delimiter: str) -> Format:
    return Format(
        read=partial(read, delimiter),
        blocks=partial(blocks, delimiter),
        write=partial(write, delimiter),
        carries=ALL,
        write_annotated=partial(write_annotated, delimiter),
        columns=ALL_COLUMNS,
        loses="the difference between an empty string and none",
        pool_columns=partial(pool_columns, delimiter),
        has_where=True,
        names=partial(names, delimiter),
    )


CSV = _format(",")
TSV = _format("\t")
