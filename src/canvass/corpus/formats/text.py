"""Plain text: one utterance a line, and nothing else; for pools only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa

from canvass.corpus.formats.bad_lines import BadLines
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.columns import accounted, batch_of, checked_batch, lines_of
from canvass.corpus.formats.format import Block, Format, Parts
from canvass.corpus.formats.losses import Losses, named
from canvass.corpus.formats.sources import (
    Pace,
    Source,
    chunks_of_lines,
    count_lines,
    decoded,
    split_lines,
)
from canvass.errors import location
from canvass.files import write_whole
from canvass.types import Utterance

MARK = "\ufeff"


def blocks(path: str, columns: Columns, bad: BadLines, rows: int) -> Iterator[Block]:
    """Stream a pool in blocks of at most `rows` rows; blank lines are rows with a blank text."""
    del columns  # there are none
    with Source(path) as source:
        yield from accounted(_batches(source, bad, rows), rows, source.size)


def blocks_of_part(
    path: str, columns: Columns, bad: BadLines, rows: int, *, part: tuple[int, int], where: object = None
) -> Iterator[Block]:
    """Stream the lines that begin in a part, from byte to byte; raises as `blocks` does."""
    del columns, where  # there are none
    with Source(path, part) as source:
        yield from accounted(_batches(source, bad, rows), rows, source.size)


def _batches(source: Source, bad: BadLines, rows: int) -> Iterator[tuple[pa.RecordBatch, int]]:
    pace = Pace(rows)
    first_line = 1
    for chunk in chunks_of_lines(source, pace.size):
        data = chunk.replace(b"\r\n", b"\n").removesuffix(b"\r")
        try:
            batch = checked_batch(lines_of(data), None, None)
        except pa.ArrowInvalid:
            batch = slow_batch(chunk, source.path, first_line, bad)
        lines = count_lines(chunk)
        pace.learn(len(chunk), lines)
        first_line += lines
        yield batch, source.position


def slow_batch(data: bytes, path: str, first_line: int, bad: BadLines) -> pa.RecordBatch:
    """Read a chunk line by line, to find the bad one: the readable twin of `lines_of`."""
    utterances = []
    for number, line in enumerate(data.removesuffix(b"\n").split(b"\n"), first_line):
        with bad.tolerance():
            utterances.append(Utterance(decoded(line, location(path, number))))
    return batch_of(utterances)


def write_annotated(path: str, utterances: Iterable[Utterance], losses: Losses) -> None:
    """Write the texts, one a line; the file appears whole or not at all."""
    pieces: list[str] = []
    for utterance in utterances:
        line = utterance.text
        if "\n" in line or line.endswith("\r") or line.startswith(MARK):
            losses.report("texts with line ends, or that begin with a byte order mark", named(utterance))
        else:
            pieces.append(f"{line}\n")
    write_whole(path, "".join(pieces).encode())


FORMAT = Format(
    name="text",
    read=None,
    blocks=blocks,
    carries=("text",),
    loses="everything but the text; texts with line ends",
    write_annotated=write_annotated,
    parts=Parts(split_lines, blocks_of_part),
)
