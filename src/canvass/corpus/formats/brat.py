"""The standoff files of BRAT: spans in `x.ann` of the text in `x.txt` beside it, one utterance a line; read only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.format import Format
from canvass.corpus.formats.losses import BadLines, Utterances
from canvass.corpus.formats.sources import located_lines
from canvass.corpus.formats.validation import utterance_of
from canvass.errors import InputError, shown
from canvass.files import split_name

SPAN = re.compile(r"T\S*\t(\S+) (\d{1,12}) (\d{1,12})((?:;\d+ \d+)*)\t(.*)")
KINDS = {
    "R": "relations",
    "E": "events",
    "A": "attributes",
    "M": "attributes",
    "N": "normalisations",
    "*": "equivalences",
    "#": "notes",
}


def read(path: str, _: Columns, bad: BadLines) -> Utterances:
    """Read the lines of a text with their spans; yields (where, utterance), `where` a line of the text."""
    lines = [(line.where, line.text) for line in located_lines(text_of(path))]
    spans = sorted(_spans(path, "\n".join(text for _, text in lines), bad))
    start = 0
    for where, line in lines:
        end = start + len(line)
        slots: list[dict[str, Any]] = []
        while spans and spans[0][0] < end:
            first, last, label, place = spans.pop(0)
            if -last > end:
                bad.lost("spans over several lines", f"{place}: {shown(label)}")
            elif slots and first - start < slots[-1]["end"]:
                bad.lost("spans over others", f"{place}: {shown(label)}")
            else:
                slots.append({"start": first - start, "end": -last - start, "label": label})
        if line.strip():
            yield where, utterance_of({"text": line, "slots": slots}, where)
        start = end + 1


def _spans(path: str, text: str, bad: BadLines) -> Iterator[tuple[int, int, str, str]]:
    """Yield the start, the negative end, the label and the place of each span that is sound."""
    for line in located_lines(path):
        with bad.tolerance():
            span = SPAN.fullmatch(line.text)
            if span is None and line.text[:1] in KINDS:
                bad.lost(KINDS[line.text[0]], f"{line.where}: {shown(line.text)}")
            elif span is not None and span[4]:
                bad.lost("spans in several pieces", f"{line.where}: {shown(span[1])}")
            elif span is not None:
                start, end = int(span[2]), int(span[3])
                if not 0 <= start < end <= len(text) or text[start:end].split() != span[5].split():
                    raise InputError(
                        f"{line.where}: from {start} to {end} the text does not have {shown(span[5])}"
                    )
                yield start, -end, span[1], line.where
            elif line.text.strip():
                raise line.wrong("is no annotation; expected T1, a tab, a label and offsets")


def text_of(path: str) -> str:
    """Name the file of the text of a file of annotations.

    >>> text_of("a/b.ann"), text_of("b.ann.gz")
    ('a/b.txt', 'b.txt.gz')
    """
    stem, dot, ending = path.rpartition(".ann")
    return f"{stem}.txt{ending}" if dot else f"{path}.txt"


FORMAT = Format(
    read=read,
    carries=("text", "slots"),
    loses="relations, events, attributes, normalisations, notes, spans in several pieces, over lines, or over others",
    sniff=lambda sample: split_name(sample.name)[0] == ".ann" and Path(text_of(sample.path)).is_file(),
    sniffed="the extension, with a .txt beside it",
    beside=("*.txt",),
)
