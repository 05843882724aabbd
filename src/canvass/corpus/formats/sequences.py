"""Three parallel files, seq.in, seq.out and label: the words, their tags and the intent of one utterance a line.

The files of Goo et al., "Slot-Gated Modeling for Joint Slot Filling and Intent Prediction", NAACL-HLT 2018. Words
are parted by white space, and several blanks count as one. The first stands for all three, as do their folder and
what their names begin with (`train` for `train.seq.in`, `train.seq.out` and `train.label`).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.format import Format
from canvass.corpus.formats.losses import BadLines, Losses, Utterances, named
from canvass.corpus.formats.pieces import joined, report_joined, slots_of_tokens, spans_of_slots, words_of
from canvass.corpus.formats.sources import Line, located_lines
from canvass.corpus.formats.validation import utterance_of
from canvass.corpus.spans import spans_of, tags_of
from canvass.corpus.storage import is_remote
from canvass.errors import InputError, location, shown
from canvass.files import compressed, split_name, whole_file
from canvass.types import Utterance

NAMES = ("seq.in", "seq.out", "label")
SHORT = ("in", "out", "label")
COMPRESSED = re.compile(r"((?:\.gz|\.zst)?)\Z", re.IGNORECASE)
PART = re.compile(r"(?:^|(?<=[./\\]))(?:seq\.in|seq\.out|in|out|label)\Z")
SPACES = re.compile(r"\s+")
MARK = "\ufeff"  # at the start of a file it would be taken for no part of it


def parts(path: str) -> tuple[str, ...]:
    """Find the names of the three files behind a name: one of them, their folder, or what their names begin with.

    >>> parts("data/train.seq.in")
    ('data/train.seq.in', 'data/train.seq.out', 'data/train.label')
    >>> parts("data/train.in")
    ('data/train.in', 'data/train.out', 'data/train.label')
    """
    if Path(path).is_dir():
        return tuple(str(Path(path) / name) for name in NAMES)
    plain, ending = COMPRESSED.split(path)[:2]
    part = PART.search(plain)
    begin = plain[: part.start()] if part else f"{plain}."
    names = SHORT if part and part[0] in SHORT[:2] else NAMES
    return tuple(f"{begin}{name}{ending}" for name in names)


def read(path: str, _: Columns, bad: BadLines) -> Utterances:
    """Read three annotated files; yields (where, utterance), `where` the line of the words."""
    names = parts(path)
    if not is_remote(names[1]) and Path(names[2]).is_file() and not Path(names[1]).exists():
        names = (names[0], "", names[2])  # intents alone
    used = [name for name in names if name]
    for number, lines in enumerate(itertools.zip_longest(*map(located_lines, used)), 1):
        missing = [name for name, line in zip(used, lines, strict=True) if line is None]
        if missing:
            if any(line is not None and line.data.strip() for line in lines):
                longer = next(name for name in used if name not in missing)
                raise InputError(
                    f"{location(missing[0], number)}: the file ends, but {longer} goes on; expected one "
                    "line for each utterance in all of them"
                )
            continue
        with bad.tolerance():
            if (utterance := _utterance(lines, bad)) is not None:
                yield lines[0].where, utterance


def _utterance(lines: Sequence[Line], bad: BadLines) -> Utterance | None:
    """Read a line of the words, one of the tags, if they are there, and one of the intents."""
    where = lines[0].where
    words, *tags, intent = (line.text for line in lines)
    tokens, tags_of_words = words.split(), [tag for line in tags for tag in line.split()]
    if not (tokens or tags_of_words or intent.strip()):
        return None
    record: dict[str, Any] = {"text": joined(tokens), "intent": intent.strip() or None}
    report_joined(record["text"], tokens, (), where, bad)
    if tags:
        place = lines[1].where
        if len(tokens) != len(tags_of_words):
            raise InputError(
                f"{place}: {len(tags_of_words)} tags, but {len(tokens)} words in {where}; expected one tag for each "
                "word"
            )
        spans = spans_of(tags_of_words, [f"{place}: word {word}" for word in range(1, len(tokens) + 1)])
        record["slots"] = slots_of_tokens(record["text"], tokens, spans, where)
    return utterance_of(record, where)


def write_annotated(path: str, utterances: Iterable[Utterance], losses: Losses) -> None:
    """Write utterances to three files, with tags in IOB2; each appears whole or not at all, and none before all are."""
    names = parts(path)
    rows = [row for row in (_row(utterance, losses) for utterance in utterances) if row is not None]
    with whole_file(names[0]) as words, whole_file(names[1]) as tags, whole_file(names[2]) as intents:
        for stream, name, column in zip((words, tags, intents), names, range(3), strict=True):
            data = "".join(f"{row[column]}\n" for row in rows).encode()
            stream.write(compressed(data, split_name(name)[1]))


def _row(utterance: Utterance, losses: Losses) -> tuple[str, str, str] | None:
    pieces = words_of(utterance.text, utterance.slots or ())
    if not pieces:
        losses.report("utterances without a word", named(utterance))
        return None
    spans = []
    for first, last, label in spans_of_slots(utterance, pieces, losses):
        if SPACES.search(label):
            losses.report("white space in labels of slots", named(utterance, f"slot {shown(label)}"))
        spans.append((first, last, SPACES.sub("_", label)))
    tokens = [utterance.text[start:end] for start, end in pieces]
    words = " ".join(tokens)
    if joined(tokens) != utterance.text:
        losses.report("texts that are not words parted by single blanks", named(utterance))
    intent = utterance.intent or ""
    line = " ".join(intent.split())
    if words.startswith(MARK) or line.startswith(MARK):
        losses.report("utterances whose text or intent begins with a byte order mark", named(utterance))
        return None
    if (line or None) != utterance.intent:
        losses.report("white space in intents, and empty ones", named(utterance, f"intent {shown(intent)}"))
    return words, " ".join(tags_of(spans, len(pieces))), line


FORMAT = Format(
    read=read,
    write_annotated=write_annotated,
    first_file=lambda path: parts(path)[0],
    loses="white space other than single blanks; a slot that begins or ends within a word cuts it in two",
)
