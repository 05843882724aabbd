"""LUIS: an app as JSON, read only. `endPos` is inclusive, and positions are UTF-16 code units, as .NET counts.

A slot's label is the entity, and its role after a colon. Of entities inside of others (composites, children), the
outermost is the slot.
"""

from __future__ import annotations

from typing import Any

from canvass.corpus.formats.bad_lines import BadLines, Utterances
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.format import Format
from canvass.corpus.formats.located import UTF16, Value, read_document, slot_record
from canvass.corpus.formats.sniffing import Sample
from canvass.corpus.formats.validation import utterance_of
from canvass.types import Utterance

COLUMNS = Columns(slots="entities")
INNER = "entities inside of others"


def read(path: str, _: Columns, bad: BadLines) -> Utterances:
    """Read the labelled utterances of an app; yields (where, utterance)."""
    app = read_document(path)
    patterns = app.get("patterns")
    if patterns is not None and patterns.content:
        bad.lost("patterns, which are templates and no utterances", patterns.where)
    yield from bad.sift(app.need("utterances").items(), lambda value: _utterance(value, bad))
    for declared in ("intents", "entities"):
        for item in app.list_of(declared):
            item.get("name"), item.get("roles")
    app.tell_unread(bad)


def _utterance(value: Value, bad: BadLines) -> Utterance:
    text = value.need("text").string()
    entities = value.get("entities")
    record: dict[str, Any] = {"text": text, "intent": value.content_of("intent"), "entities": None}
    if entities is not None:
        slots = []
        for entity in entities.items():
            slots.append(_slot(entity, text))
            if entity.content_of("children"):
                bad.lost(INNER, entity.where)
        record["entities"] = _outermost(slots, entities.where, bad)
    return utterance_of(record, value.where, COLUMNS)


def _slot(entity: Value, text: str) -> dict[str, Any]:
    label = entity.need("entity").name()
    role = entity.get("role")
    if role is not None and role.string():
        label = f"{label}:{role.string()}"
    start, last = entity.need("startPos").integer(), entity.need("endPos").integer()
    return slot_record(text, (start, last + 1), label, f"{entity.where} (endPos is inclusive)", UTF16)


def _outermost(slots: list[dict[str, Any]], where: str, bad: BadLines) -> list[dict[str, Any]]:
    outermost: list[dict[str, Any]] = []
    for slot in sorted(slots, key=lambda slot: (slot["start"], -slot["end"])):
        if outermost and slot["end"] <= outermost[-1]["end"]:
            bad.lost(INNER, where)
        else:
            outermost.append(slot)
    return outermost


def sniff(sample: Sample) -> bool:
    """Whether it is the JSON of an app."""
    return isinstance(sample.json, dict) and "luis_schema_version" in sample.json


FORMAT = Format(
    name="luis",
    extensions=(".json",),
    read=read,
    carries=("text", "intent", "slots", "unannotated"),
    loses="entities inside of others, patterns, lists and features",
    sniff=sniff,
    sniffed='"luis_schema_version"',
)
