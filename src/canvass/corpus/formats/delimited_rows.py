"""The rows of a delimited file, by Python's csv module: cells under a header, each with its line."""

from __future__ import annotations

import contextlib
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from canvass.corpus.formats.column_names import COLUMN_NAMES, Columns
from canvass.corpus.formats.columns import refuse_missing
from canvass.corpus.formats.losses import BadLines
from canvass.corpus.formats.sources import LONGEST_LINE, Source
from canvass.errors import InputError, location

DELIMITERS = (",", ";", "\t", "|")
# Python refuses to convert thousands of digits, and no count has as many.
LONGEST_COUNT = 100


class Table:
    """A delimited file on disk: its name for the user, its delimiter, its header, and the columns by its own names.

    Raises InputError if there is no header, or it lacks the text column or has a used column twice.
    """

    def __init__(self, file: str, name: str, delimiter: str, columns: Columns) -> None:
        self.file, self.name = file, name
        # The delimiter that the extension promises, unless only another one makes a column of texts.
        headers: dict[str, list[str]] = {}
        for other in dict.fromkeys((delimiter, *DELIMITERS)):
            with contextlib.suppress(InputError):
                headers[other] = self._header(other)
                if columns_of(headers[other], columns).text in headers[other]:
                    self.delimiter = other
                    break
        else:
            if not headers:
                self._header(delimiter)  # says what is wrong with it
            self.delimiter = max(headers, key=lambda candidate: len(headers[candidate]))
        self.header = headers[self.delimiter]
        self.columns = columns_of(self.header, columns)
        refuse_missing(self.columns, self.header, location(name, 1))
        for column in self.columns.all():
            if self.header.count(column) > 1:
                raise InputError(f"{location(name, 1)}: column {column!r} appears twice; expected it once")

    def _header(self, delimiter: str) -> list[str]:
        with Source(self.file) as source:
            return next((row for _, row in self.rows(source, delimiter, BadLines())), [])

    def rows(self, source: Source, delimiter: str, bad: BadLines) -> Iterator[tuple[str, list[str]]]:
        """Yield (where, cells) of each row that is not blank; one that is not valid is reported to `bad`."""
        # The limit belongs to the whole process; ours is as long as a line may be in any format.
        csv.field_size_limit(LONGEST_LINE)
        stream = io.TextIOWrapper(
            io.BufferedReader(source), "utf-8-sig", errors="surrogateescape", newline=""
        )
        ended = False

        def lines() -> Iterator[str]:
            nonlocal ended
            for number, line in enumerate(iter(lambda: stream.readline(LONGEST_LINE), ""), 1):
                if len(line) == LONGEST_LINE:
                    what = f"the line is longer than {LONGEST_LINE >> 20} MB; is it a table?"
                    raise InputError(f"{location(self.name, number)}: {what}")
                yield line
            ended = True

        reader = csv.reader(lines(), delimiter=delimiter, strict=True)
        while True:
            first = reader.line_num + 1
            where = location(self.name, first)
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                reach = f", up to line {reader.line_num}" if reader.line_num > first else ""
                sentence = f"not a valid row{reach} ({error}); expected quoted or plain cells, quotes doubled"
                if ended:
                    sentence = "a quote is opened and never closed; close it, or double it"
                bad.report(InputError(f"{where}: {sentence}"))
                continue
            if row:
                yield where, row

    def records(self, bad: BadLines) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield (where, record) of each row after the header; bad rows are reported to `bad`."""
        width = len(self.header)
        with Source(self.file) as source:
            rows = self.rows(source, self.delimiter, bad)
            next(rows, None)
            for where, row in rows:
                with bad.tolerance():
                    if len(row) != width:
                        raise InputError(
                            f"{where}: the row has {len(row)} cells; expected {width}, as in the header"
                        )
                    yield where, self._record(row)

    def _record(self, row: list[str]) -> dict[str, Any]:
        record: dict[str, Any] = {
            name: cell if cell or name == self.columns.text else None
            for name, cell in zip(self.header, row, strict=True)
        }
        count = record.get(self.columns.count)
        if count and len(count) <= LONGEST_COUNT and count.isascii() and count.isdecimal():
            record[self.columns.count] = int(count)
        for role in self.columns.model:
            if role != "intent":
                with contextlib.suppress(TypeError, ValueError):
                    record[getattr(self.columns, role)] = float(record[getattr(self.columns, role)])
        return record


def columns_of(header: Sequence[str], columns: Columns) -> Columns:
    """Name the columns as a header does: without regard to case and blanks at the rims, where that is one column."""
    names: dict[str, Any] = {}
    for column in COLUMN_NAMES:
        name = getattr(columns, column)
        alike = [cell for cell in header if cell.strip().lower() == name.lower()]
        if name not in header and len(alike) == 1:
            names[column] = alike[0]
    return replace(columns, **names)
