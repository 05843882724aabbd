"""doccano's JSON Lines, as a project of intents and slots exports and imports it, or one of spans or classes alone.

Offsets are code points, end exclusive. A project that counts grapheme clusters as one character has other offsets,
which the file does not tell.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from canvass.corpus.formats import jsonl, validation
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.columns import utterance_blocks
from canvass.corpus.formats.format import Format
from canvass.corpus.formats.located import Value, read_lines, read_texts, slot_record
from canvass.corpus.formats.losses import BadLines, Losses, Utterances
from canvass.corpus.formats.sniffing import Sample
from canvass.corpus.formats.validation import ALL, NOT_LABELS, text_of, utterance_of
from canvass.types import Utterance

COLUMNS = Columns(slots="entities")
SPAN = 3  # start, end, label
# Keys under which the two kinds of annotations stand; "label" and "labels" may hold either.
CLASSES, SPANS, EITHER = "cats", "entities", ("label", "labels", "annotations")
NAMES = (CLASSES, SPANS, *EITHER)
KNOWN = frozenset({*NAMES, "count", "domain", "split"})
KNOWN_OF_SPAN = frozenset({"id", "label", "start_offset", "end_offset"})


def read(path: str, columns: Columns, bad: BadLines) -> Utterances:
    """Read annotated records; yields (where, utterance), a record with no label at all once others tell its kind."""
    yield from utterances_of(read_lines(path, bad), columns, bad)


def utterances_of(records: Iterable[Value], columns: Columns, bad: BadLines) -> Utterances:
    """Read records, wherever they stand; raises InputError as `read`."""
    kind = ""  # what "label" holds: SPANS, CLASSES, or nothing that tells so far
    waiting: list[Value] = []
    for record in records:
        label = next((record.content[name] for name in EITHER if name in record.content), None)
        if not kind and label:
            kind = SPANS if isinstance(label, list) and not _is_class(label[0]) else CLASSES
        # A record with an empty list could be of either kind, until another tells.
        waiting.append(record)
        if kind or (label is None and len(waiting) == 1):
            yield from bad.sift(waiting, _utterance, columns, bad, kind or SPANS)
            waiting.clear()
    yield from bad.sift(waiting, _utterance, columns, bad, kind or SPANS)


def _is_class(item: Any) -> bool:
    return isinstance(item, str) or (isinstance(item, dict) and "start_offset" not in item)


def _utterance(record: Value, columns: Columns, bad: BadLines, kind: str) -> Utterance:
    text = text_of(record.content, record.where, columns)
    bad.unused(record.content, KNOWN | {columns.text, columns.id}, record.where)
    said = {name: record.get(name) for name in NAMES}
    for name in EITHER:
        said[kind] = said[name] or said[kind]
    classes, entities = said[CLASSES], said[SPANS]
    made = {name: record.content.get(name) for name in ("count", "domain", "split")}
    made |= {
        "id": record.content.get(columns.id),
        "text": text,
        "intent": None if classes is None else _intent(classes, bad),
        "entities": None if entities is None else [_slot(entity, text, bad) for entity in entities.items()],
    }
    return utterance_of(made, record.where, COLUMNS)


def _intent(classes: Value, bad: BadLines) -> str | None:
    if isinstance(classes.content, str):
        return classes.content
    items = classes.items()
    said = (
        item.string() if isinstance(item.content, str) else _label(item.need("label"), bad) for item in items
    )
    names = list(dict.fromkeys(said))  # several people may have said the same
    if len(names) > 1:
        raise classes.wrong("at most one class, the intent")
    return names[0] if names else None


def _label(label: Value, bad: BadLines) -> str:
    """Name a label; old exports have its number in the database instead."""
    if isinstance(label.content, int) and not isinstance(label.content, bool):
        bad.lost("names of labels (the file has their numbers)", label.where)
        return str(label.content)
    return label.name()


def _slot(entity: Value, text: str, bad: BadLines) -> dict[str, Any]:
    if isinstance(entity.content, dict):  # as projects with relations export them
        bad.unused(entity.content, KNOWN_OF_SPAN, entity.where)
        start, end = entity.need("start_offset"), entity.need("end_offset")
        label = entity.need("label")
    else:
        parts = entity.items()
        if len(parts) != SPAN:
            raise entity.wrong("start, end and label")
        start, end, label = parts
    return slot_record(text, (start.integer(), end.integer()), _label(label, bad), entity.where)


def write_annotated(path: str, utterances: Iterable[Utterance], _: Losses) -> None:
    """Write utterances as records of a project of intents and slots; the file appears whole or not at all."""
    jsonl.write(path, map(record_of, utterances))


def record_of(utterance: Utterance) -> dict[str, Any]:
    """Make the record of an utterance; without an intent it has no class, without slots no list of spans."""
    record = validation.record_of(utterance, NOT_LABELS)
    record[CLASSES] = [] if utterance.intent is None else [utterance.intent]
    if utterance.slots is not None:
        record[SPANS] = [[slot.start, slot.end, slot.label] for slot in utterance.slots]
    return record


def sniff(sample: Sample) -> bool:
    """Whether some line has a text with a list of classes or of spans under doccano's names, and none has another."""
    records = [record for record in sample.records if isinstance(record.get(sample.text_field), str)]
    return any(isinstance(record.get(name), list) for record in records for name in NAMES) and all(
        _is_annotation(item) for record in records for name in NAMES for item in _list(record.get(name))
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _is_annotation(item: Any) -> bool:
    if isinstance(item, dict):
        return "start_offset" in item or ("label" in item and not item.keys() & {"start", "end"})
    return isinstance(item, str) or (isinstance(item, list) and len(item) == SPAN)


FORMAT = Format(
    read=read,
    blocks=utterance_blocks(read_texts),
    write_annotated=write_annotated,
    carries=ALL,
    loses="nothing; when read: comments, relations and fields of the user's own",
    sniff=sniff,
    sniffed='"text" with a list "cats", "entities", "label", "labels" or "annotations" on some lines',
    columns=frozenset({"text", "id"}),
)
