"""CLU, the conversational language understanding of Azure: a project as JSON, its offsets in UTF-16 code units."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from canvass.corpus.formats.bad_lines import BadLines, Utterances
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.format import Format
from canvass.corpus.formats.located import (
    CODE_POINTS,
    UTF16,
    Value,
    read_document,
    slot_record,
    utf16_offset,
    write_text,
)
from canvass.corpus.formats.losses import Losses, named
from canvass.corpus.formats.sniffing import Sample
from canvass.corpus.formats.validation import utterance_of
from canvass.errors import shown
from canvass.types import Utterance

COLUMNS = Columns(slots="entities", split="dataset")
VERSION, INDEX_TYPE = "2022-10-01-preview", "Utf16CodeUnit"
# What a project may call the unit of its offsets.
UNITS = {INDEX_TYPE: UTF16, "UnicodeCodePoint": CODE_POINTS}
DATASETS = {"train": "Train", "test": "Test"}
SPLITS = {name: split for split, name in DATASETS.items()}
# CLU's own intent of what is out of scope; each utterance of a project has an intent.
NONE = "None"
# What a project must say, and utterances do not know; docs/formats/clu.md says to change it.
METADATA = {
    "projectKind": "Conversation",
    "projectName": "canvass",
    "multilingual": False,
    "language": "en-us",
    "settings": {"confidenceThreshold": 0},
}


def read(path: str, _: Columns, bad: BadLines) -> Utterances:
    """Read the utterances of a project; yields (where, utterance)."""
    project = read_document(path)
    kind = project.get("stringIndexType")
    index_type = INDEX_TYPE if kind is None else kind.string()
    if kind is not None and index_type not in UNITS:
        raise kind.wrong(f"one of {', '.join(UNITS)}")
    yield from bad.sift(
        project.need("assets").need("utterances").items(), lambda value: _utterance(value, UNITS[index_type])
    )
    for declared in ("intents", "entities"):
        for item in project.need("assets").list_of(declared):
            item.get("category")
    project.tell_unread(bad)


def _utterance(value: Value, unit: str) -> Utterance:
    text = value.need("text").string()
    entities = value.get("entities")
    dataset = value.content_of("dataset")
    record = {
        "text": text,
        "intent": value.content_of("intent"),
        "entities": None if entities is None else [_slot(entity, text, unit) for entity in entities.items()],
        "dataset": SPLITS.get(dataset, dataset) if isinstance(dataset, str) else dataset,
    }
    return utterance_of(record, value.where, COLUMNS)


def _slot(entity: Value, text: str, unit: str) -> dict[str, Any]:
    offset, length = entity.need("offset").integer(), entity.need("length").integer()
    return slot_record(text, (offset, offset + length), entity.need("category").name(), entity.where, unit)


def write_annotated(path: str, utterances: Iterable[Utterance], losses: Losses) -> None:
    """Write utterances as a project, with their intents and entities; the file appears whole or not at all."""
    made = [_record(utterance, losses) for utterance in utterances]
    intents = sorted({record["intent"] for record in made} | {NONE})
    labels = sorted({entity["category"] for record in made for entity in record.get("entities", ())})
    project = {
        "projectFileVersion": VERSION,
        "stringIndexType": INDEX_TYPE,
        "metadata": METADATA,
        "assets": {
            "projectKind": "Conversation",
            "intents": [{"category": intent} for intent in intents],
            "entities": [{"category": label, "compositionSetting": "combineComponents"} for label in labels],
            "utterances": made,
        },
    }
    write_text(path, [json.dumps(project, ensure_ascii=False, indent=1), "\n"])


def _record(utterance: Utterance, losses: Losses) -> dict[str, Any]:
    text = utterance.text
    if utterance.intent is None:
        losses.report(f"that there is no intent (it becomes {NONE!r})", named(utterance))
    record: dict[str, Any] = {"text": text, "intent": NONE if utterance.intent is None else utterance.intent}
    if utterance.split is not None and utterance.split in DATASETS:
        record["dataset"] = DATASETS[utterance.split]
    elif utterance.split is not None:
        losses.report("splits other than train and test", named(utterance, f"split {shown(utterance.split)}"))
    if utterance.slots is not None:
        record["entities"] = [
            {
                "category": slot.label,
                "offset": (start := utf16_offset(text, slot.start)),
                "length": utf16_offset(text, slot.end) - start,
            }
            for slot in utterance.slots
        ]
    return record


def sniff(sample: Sample) -> bool:
    """Whether it is the JSON of a project of conversations."""
    return isinstance(sample.json, dict) and "projectFileVersion" in sample.json and "assets" in sample.json


FORMAT = Format(
    name="clu",
    extensions=(".json",),
    read=read,
    write_annotated=write_annotated,
    carries=("text", "intent", "slots", "split", "unannotated"),
    loses="splits other than train and test, and that there is no intent (it becomes None); when read: "
    "lists and prebuilt parts of entities",
    sniff=sniff,
    sniffed='"projectFileVersion" and "assets"',
)
