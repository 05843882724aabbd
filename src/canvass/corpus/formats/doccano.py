"""doccano's JSON Lines, as a project of intents and slots exports and imports it, or one of spans or classes alone.

Offsets are code points, end exclusive. A project that counts grapheme clusters as one character has other offsets,
which the file does not tell.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from canvass.corpus.formats import jsonl
from canvass.corpus.formats.columns import blocks_of_read
from canvass.corpus.formats.located import read_lines, read_texts, slot_record
from canvass.corpus.formats.records import Columns, Format, utterance_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from canvass.corpus.formats.located import Value
    from canvass.corpus.formats.losses import Losses
    from canvass.corpus.formats.records import BadLines
    from canvass.corpus.formats.sniffing import Sample
    from canvass.types import Utterance

COLUMNS = Columns(slots="entities")
SPAN = 3  # start, end, label
# Keys under which the two kinds of annotations stand; "label" and "labels" may hold either.
CLASSES, SPANS, EITHER = "cats", "entities", ("label", "labels")
NAMES = (CLASSES, SPANS, *EITHER)


@dataclass
class Kinds:
    """What "label" holds in this file: spans (True), classes (False), or nothing that tells so far (None)."""

    spans: bool | None = None
    waiting: list[Value] = field(default_factory=list)


def read(path: str, columns: Columns, bad: BadLines) -> Iterator[tuple[str, Utterance]]:
    """Read annotated records; yields (where, utterance), a record with no label at all once others tell its kind.

    Raises
    ------
    InputError
        If a record is bad and the tolerance is used up.
    FileError
        If the file cannot be read.

    """
    del columns  # the format has its own
    kinds = Kinds()
    for record in read_lines(path, bad):
        label = next((record.content[name] for name in EITHER if name in record.content), None)
        if kinds.spans is None and label:
            kinds.spans = isinstance(label, list) and not isinstance(label[0], str)
        # A record with an empty list could be of either kind, until another tells.
        kinds.waiting.append(record)
        if kinds.spans is not None or (label is None and len(kinds.waiting) == 1):
            yield from _utterances(kinds, bad)
    kinds.spans = True if kinds.spans is None else kinds.spans
    yield from _utterances(kinds, bad)


def _utterances(kinds: Kinds, bad: BadLines) -> Iterator[tuple[str, Utterance]]:
    yield from bad.sift(kinds.waiting, lambda record: _utterance(record, spans=kinds.spans is not False))
    kinds.waiting.clear()


def _utterance(record: Value, *, spans: bool) -> Utterance:
    text = record.need("text").string()
    classes, entities = record.get(CLASSES), record.get(SPANS)
    for name in EITHER:
        either = record.get(name)
        if either is not None and spans:
            entities = either
        elif either is not None:
            classes = either
    made = {name: record.content.get(name) for name in ("id", "count", "domain", "split")}
    made |= {
        "text": text,
        "intent": None if classes is None else _intent(classes),
        "entities": None if entities is None else [_slot(entity, text) for entity in entities.items()],
    }
    return utterance_of(made, record.where, COLUMNS)


def _intent(classes: Value) -> str | None:
    if isinstance(classes.content, str):
        return classes.content
    names = [item.string() for item in classes.items()]
    if len(names) > 1:
        raise classes.wrong("at most one class, the intent")
    return names[0] if names else None


def _slot(entity: Value, text: str) -> dict[str, Any]:
    if isinstance(entity.content, dict):  # as projects with relations export them
        start, end = entity.need("start_offset"), entity.need("end_offset")
        label = entity.need("label")
    else:
        parts = entity.items()
        if len(parts) != SPAN:
            raise entity.wrong("start, end and label")
        start, end, label = parts
    return slot_record(text, (start.integer(), end.integer()), label.name(), entity.where)


def write_annotated(path: str, utterances: Iterable[Utterance], losses: Losses) -> None:
    """Write utterances as records of a project of intents and slots; the file appears whole or not at all.

    Raises
    ------
    FileError
        If the file cannot be written.

    """
    del losses  # there are none
    jsonl.write(path, map(record_of, utterances))


def record_of(utterance: Utterance) -> dict[str, Any]:
    """Make the record of an utterance; without an intent it has no class, without slots no list of spans."""
    record: dict[str, Any] = {"text": utterance.text}
    for name in ("id", "domain", "split"):
        if getattr(utterance, name) is not None:
            record[name] = getattr(utterance, name)
    if utterance.count != 1:
        record["count"] = utterance.count
    record[CLASSES] = [] if utterance.intent is None else [utterance.intent]
    if utterance.slots is not None:
        record[SPANS] = [[slot.start, slot.end, slot.label] for slot in utterance.slots]
    return record


def sniff(sample: Sample) -> bool:
    """Whether each line is an object with a text and a list of classes or of spans, under doccano's names."""
    return bool(sample.records) and all(
        isinstance(record.get("text"), str)
        and not record.keys() & {"intent", "slots"}
        and any(isinstance(record.get(name), list) for name in NAMES)
        and all(_is_annotation(item) for name in NAMES for item in _list(record.get(name)))
        for record in sample.records
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _is_annotation(item: Any) -> bool:
    if isinstance(item, dict):
        return "start_offset" in item
    return isinstance(item, str) or (isinstance(item, list) and len(item) == SPAN)


FORMAT = Format(
    name="doccano",
    extensions=(".jsonl",),
    read=read,
    blocks=blocks_of_read(read_texts),
    write=None,
    write_annotated=write_annotated,
    carries=("text", "id", "count", "domain", "intent", "slots", "split", "unannotated"),
    loses="nothing; when read: comments, relations and fields of the user's own",
    sniff=sniff,
    sniffed='"text" with a list "cats", "entities" or "label" on each line',
)
