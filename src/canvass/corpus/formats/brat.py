"""The standoff files of BRAT: spans in `x.ann` of the text in `x.txt` beside it, one utterance a line; read only."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from canvass.corpus.formats.columns import blocks_of_read
from canvass.corpus.formats.records import Columns, Format, utterance_of
from canvass.corpus.formats.sources import decoded, lines_of
from canvass.errors import InputError, location, shown
from canvass.files import split_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canvass.corpus.formats.records import BadLines
    from canvass.corpus.formats.sniffing import Sample
    from canvass.types import Utterance

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


def read(path: str, _: Columns, bad: BadLines) -> Iterator[tuple[str, Utterance]]:
    """Read the lines of a text with their spans; yields (where, utterance), `where` a line of the text."""
    name = text_of(path)
    lines = [decoded(line, location(name, number)) for number, line in enumerate(lines_of(name), 1)]
    text = "\n".join(lines)
    spans = sorted(_spans(path, text, bad), key=lambda span: (span["start"], -span["end"]))
    start = 0
    for number, line in enumerate(lines, 1):
        end = start + len(line)
        own = []
        last = start
        while spans and spans[0]["start"] < end:
            span = spans.pop(0)
            if span["end"] > end or span["start"] < last:
                what = "spans over several lines" if span["end"] > end else "spans over others"
                bad.lost(what, f"{span['where']}: {shown(span['label'])}")
                continue
            last = span["end"]
            own.append({"start": span["start"] - start, "end": span["end"] - start, "label": span["label"]})
        if line.strip():
            where = location(name, number)
            yield where, utterance_of({"text": line.removesuffix("\r"), "slots": own}, where)
        start = end + 1


def _spans(path: str, text: str, bad: BadLines) -> Iterator[dict[str, Any]]:
    for number, data in enumerate(lines_of(path), 1):
        where = location(path, number)
        line = decoded(data, where)
        found = SPAN.fullmatch(line)
        if found is not None:
            label, first, last, more, words = found.groups()
            start, end = int(first), int(last)
            if more:
                bad.lost("spans in several pieces", f"{where}: {shown(label)}")
            elif not 0 <= start < end <= len(text) or text[start:end].split() != words.split():
                bad.report(
                    InputError(f"{where}: from {start} to {end} the text does not have {shown(words)}")
                )
            else:
                yield {"start": start, "end": end, "label": label, "where": where}
        elif line[:1] in KINDS:
            bad.lost(KINDS[line[0]], f"{where}: {shown(line)}")
        elif line.strip():
            bad.report(
                InputError(
                    f"{where}: {shown(line)} is no annotation; expected T1, a tab, a label and offsets"
                )
            )


def text_of(path: str) -> str:
    """Name the file of the text of a file of annotations.

    >>> text_of("a/b.ann"), text_of("b.ann.gz")
    ('a/b.txt', 'b.txt.gz')
    """
    stem, dot, ending = path.rpartition(".ann")
    return f"{stem}.txt{ending}" if dot else f"{path}.txt"


def sniff(sample: Sample) -> bool:
    """Whether the extension is that of annotations, and the text is beside them."""
    return split_name(sample.name)[0] == ".ann" and Path(text_of(sample.path)).is_file()


FORMAT = Format(
    name="brat",
    extensions=(".ann",),
    read=read,
    blocks=blocks_of_read(read),
    carries=("text", "slots"),
    loses="relations, events, attributes, notes, spans in several pieces, over lines, or over others",
    sniff=sniff,
    sniffed="the extension, with a .txt beside it",
    beside=("*.txt",),
)
