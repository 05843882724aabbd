"""A pool as a stream of blocks: from files, folders, globs, standard input, or memory."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from canvass.corpus.formats import Names, files_of, format_of
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.columns import (
    NOTHING,
    accounted,
    batch_of,
    batch_of_columns,
    other_columns,
    used_columns,
)
from canvass.corpus.formats.format import Block
from canvass.corpus.formats.losses import BadLines, Losses
from canvass.corpus.formats.validation import pool_utterance_of
from canvass.corpus.shards import FileRange, ReadOptions, ranges_of
from canvass.corpus.storage import is_remote
from canvass.corpus.where import Where
from canvass.errors import EmptyPoolError, FileError, InputError, OptionError
from canvass.files import STANDARD_STREAM
from canvass.types import Utterance

if TYPE_CHECKING:
    import pyarrow as pa

ROWS = 65_536


class Pool:
    """Unlabelled utterances, streamed in blocks of at most `rows` rows; made by `open`, `of` or `from_table`.

    Attributes
    ----------
    files
        The files in the order in which they are read; empty for a pool in memory.
    total_bytes
        What the `consumed` of all blocks will sum to; None where a file has no size, such as standard input.
    ranges, read_options
        What a cluster needs to read the files, one range a file; empty and None for a pool in memory.
    passed_over
        The files of folders that no format claims.
    bad, bad_files
        The bad lines, and the files that could not be read, of the latest reading.

    """

    def __init__(
        self,
        make: Callable[[BadLines], Iterator[Block]],
        *,
        files: list[str],
        total_bytes: int | None,
        skip_bad: int,
        ranges: Sequence[FileRange] = (),
        read_options: ReadOptions | None = None,
    ) -> None:
        self._make = make
        self._skip_bad = skip_bad
        self._started = False
        self.files = files
        self.total_bytes = total_bytes
        self.ranges = tuple(ranges)
        self.read_options = read_options
        self.passed_over: tuple[str, ...] = ()
        self.bad = BadLines(skip_bad)
        self.bad_files = BadLines()

    @classmethod
    def open(
        cls,
        names: Names,
        *,
        columns: Columns = Columns(),  # noqa: B008 - frozen
        rows: int = ROWS,
        skip_bad: int = 0,
        format: str | None = None,  # noqa: A002 - the name of the option
        where: str | None = None,
        skip_bad_files: bool = False,
        model_columns: Sequence[str] = (),
    ) -> Pool:
        """Open files, folders, globs, addresses (s3://...) or standard input ("-"), and check that columns agree.

        `where` is a condition on columns of the path or of the rows (see `canvass.corpus.where`). With
        `skip_bad_files`, `canvass.select` leaves out files that cannot be read, and counts them in `bad_files`.
        `model_columns` are those of a model that a strategy ranks by (`Strategy.columns`); the pool needs one of them.

        Raises
        ------
        FileError
            If a name has no file, or a file cannot be read.
        InputError
            If the used columns of two files differ, a column has a wrong type, or there is no column of a model.
        OptionError
            If a file is of no known format, or an option makes no sense.

        """
        _refuse_rows(rows)
        if where is not None:
            Where.parse(where)
        noted = BadLines(skip_bad, losses=(losses := Losses()))
        members = files_of(names, format, columns, noted)
        if model_columns:
            columns = columns.with_model(model_columns, _names_of(members[0], columns, format), members[0])
        options = ReadOptions(columns, rows, skip_bad, where, skip_bad_files)
        ranges = ranges_of(members, options, format)
        files = [file_range.file for file_range in ranges]
        _refuse_different_columns(files, options, format)

        def make(bad: BadLines) -> Iterator[Block]:
            for file_range in ranges:
                for block in options.blocks(file_range, bad):
                    yield replace(block, file=file_range.file)

        sizes = [file_range.size for file_range in ranges]
        total = None if None in sizes else sum(size or 0 for size in sizes)
        pool = cls(
            make, files=files, total_bytes=total, skip_bad=skip_bad, ranges=ranges, read_options=options
        )
        pool.passed_over = tuple(losses.passed_over)
        return pool

    @classmethod
    def of(cls, utterances: Iterable[Utterance], *, rows: int = ROWS) -> Pool:
        """Make a pool of utterances in memory; their annotations are ignored.

        Raises
        ------
        InputError
            If a text or id is not valid Unicode, or a count is below one.

        """
        _refuse_rows(rows)
        batches = []
        numbered = enumerate(utterances, 1)
        while some := list(itertools.islice(numbered, rows)):
            rows_of_batch = (
                ({"text": row.text, "id": row.id, "count": row.count}, f"utterance {index}")
                for index, row in some
            )
            batches.append(batch_of([pool_utterance_of(*row, Columns()) for row in rows_of_batch]))
        return cls._in_memory(batches, rows)

    @classmethod
    def from_table(
        cls,
        table: pa.Table,
        *,
        columns: Columns = Columns(),  # noqa: B008 - frozen
        rows: int = ROWS,
        model_columns: Sequence[str] = (),
    ) -> Pool:
        """Make a pool of an Arrow table in memory, whose columns may have any type that Parquet's may.

        `model_columns` as in `open`; with `others` in `columns`, the batch keeps all other columns of the table.

        Raises
        ------
        InputError
            If a column is missing or of a wrong type, or a value is bad.

        """
        _refuse_rows(rows)
        columns = columns.with_model(model_columns, table.schema.names, "the table")
        names = [
            *used_columns(table.schema, "the table", columns),
            *other_columns(table.schema.names, columns),
        ]
        batches = []
        first_row = 1
        for batch in table.select(names).to_batches(max_chunksize=rows):
            batches.append(batch_of_columns(batch, first_row, "the table", columns, BadLines()))
            first_row += batch.num_rows
        return cls._in_memory(batches, rows)

    @classmethod
    def _in_memory(cls, batches: list[pa.RecordBatch], rows: int) -> Pool:
        ends = list(itertools.accumulate((batch.nbytes for batch in batches), initial=0))

        def make(bad: BadLines) -> Iterator[Block]:
            del bad  # all was checked when the pool was made
            return accounted(zip(batches, ends[1:], strict=True), rows, ends[-1].__int__)

        return cls(make, files=[], total_bytes=ends[-1], skip_bad=0)

    def blocks(self) -> Iterator[Block]:
        """Read the pool from the start; may be called again, except for standard input.

        Raises
        ------
        InputError
            If a line is bad and the tolerance is used up, a file is damaged, or the pool has no row at all.
        FileError
            If a file cannot be read.
        OptionError
            If standard input was read before.

        """
        if self._started and STANDARD_STREAM in self.files:
            raise OptionError("standard input (-) can be read only once; write it to a file, and name that")
        self._started = True
        self.bad = BadLines(self._skip_bad)
        return self._checked(self._make(self.bad))

    def _checked(self, blocks: Iterator[Block]) -> Iterator[Block]:
        empty = True
        for block in blocks:
            empty = False
            yield block
        if empty:
            self.refuse_empty()

    def refuse_empty(self) -> NoReturn:
        """Say that there was no row; raises EmptyPoolError."""
        where = ", ".join(self.files[:3]) + (", ..." if len(self.files) > 3 else "")  # noqa: PLR2004
        asked = None if self.read_options is None else self.read_options.where
        condition = f" that meets --where {asked!r}" if asked else ""
        left_out = f" ({self.bad.count} bad lines were left out)" if self.bad.count else ""
        raise EmptyPoolError(
            f"empty pool: no utterance in {where or 'memory'}{condition}{left_out}; name files that have some"
        )


def _refuse_rows(rows: int) -> None:
    if rows < 1:
        raise OptionError(f"rows={rows} is too small; expected at least 1")


def _names_of(file: str, columns: Columns, override: str | None) -> Collection[str]:
    """List the columns of a file, to see which of a model's it has."""
    row = format_of(file, override, columns)
    if row.names is None or file == STANDARD_STREAM:
        what = "standard input is read once" if file == STANDARD_STREAM else f"{row.name} has none"
        raise InputError(
            f"{file}: the columns of a model are looked for in the first record, and {what}; write the pool to "
            "a file of JSON Lines, CSV, TSV or Parquet"
        )
    return row.names(file, columns)


def _refuse_different_columns(files: list[str], options: ReadOptions, override: str | None) -> None:
    first: tuple[str, dict[str, str]] | None = None
    known: dict[str, tuple[str, str]] = {}  # column: (kind, the first file that states it)
    for file in files:
        row = format_of(file, override, options.columns)
        columns_of = row.pool_columns
        # Of files elsewhere, only those whose columns can be seen without reading all of them.
        is_readable = row.split is not None if is_remote(file) else Path(file).is_file()
        if columns_of is None or file == STANDARD_STREAM or not is_readable:
            continue
        try:
            columns = columns_of(file, options.columns)
        except (FileError, InputError):
            if not options.skip_bad_files:
                raise
            continue  # left out, and counted, when it is read
        first = first or (file, columns)
        for column in sorted(set(columns) ^ set(first[1])):
            having, lacking = (file, first[0]) if column in columns else (first[0], file)
            raise InputError(
                f"{having} has the column {column!r}, but {lacking} does not; give both the same columns, "
                "or select from them apart"
            )
        for column, kind in columns.items():
            before = known.setdefault(column, (kind, file)) if kind not in ("", NOTHING) else (kind, file)
            if before[0] != kind:
                raise InputError(
                    f"column {column!r} holds {before[0]} in {before[1]}, but {kind} in {file}; "
                    "give both the same type"
                )
