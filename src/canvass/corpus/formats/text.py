"""Lines of text: plain, one utterance a line and nothing else, for pools only; and those of fastText.

fastText: `__label__intent the text`; of several labels the first is the intent, the others are told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import pyarrow as pa

from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.columns import accounted, batch_of, checked_batch, lines_of
from canvass.corpus.formats.format import Block, Format
from canvass.corpus.formats.located import write_text
from canvass.corpus.formats.losses import BadLines, Losses, Utterances, named
from canvass.corpus.formats.sources import Line, Source, chunks_of_lines, located, located_lines, split_lines
from canvass.corpus.formats.validation import utterance_of
from canvass.errors import shown
from canvass.types import Utterance

MARK = "\ufeff"


def blocks(
    path: str, _: Columns, bad: BadLines, rows: int, *, part: tuple[int, int] | None = None
) -> Iterator[Block]:
    """Stream a pool in blocks of at most `rows` rows; blank lines are rows with a blank text.

    Of a `part`, from byte to byte, those lines are read that begin there.
    """
    with Source(path, part) as source:
        yield from accounted(_batches(source, bad, rows), rows, source.size)


def _batches(source: Source, bad: BadLines, rows: int) -> Iterator[tuple[pa.RecordBatch, int]]:
    for chunk, first_line in chunks_of_lines(source, rows):
        data = chunk.replace(b"\r\n", b"\n").removesuffix(b"\r")
        try:
            batch = checked_batch(lines_of(data), None, None)
        except pa.ArrowInvalid:
            batch = slow_batch(chunk, source.path, first_line, bad)
        yield batch, source.position


def slow_batch(data: bytes, path: str, first_line: int, bad: BadLines) -> pa.RecordBatch:
    """Read a chunk line by line, to find the bad one: the readable twin of `lines_of`."""
    utterances = []
    for line in located(data, path, first_line):
        with bad.tolerance():
            utterances.append(Utterance(line.text))
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
    write_text(path, pieces)


FORMAT = Format(
    read=None,
    blocks=blocks,
    carries=("text",),
    loses="everything but the text; texts with line ends",
    write_annotated=write_annotated,
    split=split_lines,
)


PREFIX = "__label__"
LABELS = re.compile(r"((?:__label__[^ \t]+[ \t,]*)*)")
LABEL = re.compile(r"__label__([^ \t]+?),?(?=[ \t]|$)")
BREAKS = re.compile(r"[\n\r]")


def read_fasttext(path: str, _: Columns, bad: BadLines) -> Utterances:
    """Read annotated lines; yields (where, utterance). A line without a label has no intent."""
    return bad.sift(located_lines(path), _utterance, bad)


def _utterance(line: Line, bad: BadLines) -> Utterance | None:
    where, text = line.where, line.text
    begin = LABELS.match(text)
    labels = LABEL.findall(begin[0]) if begin else []
    if len(labels) > 1:
        bad.lost("labels after the first", f"{where}: {shown(labels[1:])}")
    rest = text[begin.end() if begin else 0 :]
    if PREFIX in rest:
        bad.lost("labels behind the text (they stay in it)", where)
    if not labels and not rest.strip():
        return None
    return utterance_of({"text": rest, "intent": labels[0] if labels else None}, where)


def write_fasttext(path: str, utterances: Iterable[Utterance], losses: Losses) -> None:
    """Write a line for each utterance; the file appears whole or not at all."""
    write_text(path, (line for utterance in utterances if (line := _line(utterance, losses))))


def _line(utterance: Utterance, losses: Losses) -> str:
    label = "" if utterance.intent is None else f"{PREFIX}{utterance.intent} "
    line = f"{label}{utterance.text}"
    begin = LABELS.match(line)
    is_same = (
        begin is not None
        and line[begin.end() :] == utterance.text
        and LABEL.findall(begin[0]) == ([] if utterance.intent is None else [utterance.intent])
    )
    if not is_same or BREAKS.search(line) or not line.strip() or line.startswith(MARK):
        losses.report("utterances whose intent or text a line of fastText cannot hold", named(utterance))
        return ""
    return f"{line}\n"


FASTTEXT = Format(
    read=read_fasttext,
    write_annotated=write_fasttext,
    carries=("text", "intent"),
    loses="intents with blanks, texts with line ends or blanks at their beginning; when read: labels after the first",
    sniff=lambda sample: (
        sum(line.startswith(PREFIX) for line in sample.filled_lines) * 2 > len(sample.filled_lines)
    ),
    sniffed="__label__ at the beginning of most lines",
)
