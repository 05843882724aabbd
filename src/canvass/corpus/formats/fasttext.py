"""The lines of fastText: `__label__intent the text`; of several labels the first is the intent, the others are told."""

from __future__ import annotations

import re
from collections.abc import Iterable

from canvass.corpus.formats.bad_lines import BadLines, Utterances
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.format import Format
from canvass.corpus.formats.located import write_text
from canvass.corpus.formats.losses import Losses, named
from canvass.corpus.formats.sniffing import Sample
from canvass.corpus.formats.sources import located_lines
from canvass.corpus.formats.validation import utterance_of
from canvass.errors import shown
from canvass.types import Utterance

PREFIX = "__label__"
LABELS = re.compile(r"((?:__label__[^ \t]+[ \t,]*)*)")
LABEL = re.compile(r"__label__([^ \t]+?),?(?=[ \t]|$)")
BREAKS = re.compile(r"[\n\r]")


def read(path: str, _: Columns, bad: BadLines) -> Utterances:
    """Read annotated lines; yields (where, utterance). A line without a label has no intent."""
    return bad.sift(located_lines(path), lambda line: _utterance(line.text, line.where, bad))


def _utterance(text: str, where: str, bad: BadLines) -> Utterance | None:
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


def write_annotated(path: str, utterances: Iterable[Utterance], losses: Losses) -> None:
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
    if not is_same or BREAKS.search(line) or not line.strip() or line.startswith("\ufeff"):
        losses.report("utterances whose intent or text a line of fastText cannot hold", named(utterance))
        return ""
    return f"{line}\n"


def sniff(sample: Sample) -> bool:
    """Whether most lines begin with a label."""
    lines = [line for line in sample.lines if line.strip()]
    return sum(line.startswith(PREFIX) for line in lines) * 2 > len(lines)


FORMAT = Format(
    name="fasttext",
    read=read,
    write_annotated=write_annotated,
    carries=("text", "intent"),
    loses="intents with blanks, texts with line ends or blanks at their beginning; when read: labels after the first",
    sniff=sniff,
    sniffed="__label__ at the beginning of most lines",
)
