"""CLU, the conversational language understanding of Azure, and (read only) LUIS and LUDown, which came before.

CLU: a project as JSON, its offsets in UTF-16 code units.

LUIS: an app as JSON. `endPos` is inclusive, and positions are UTF-16 code units. A slot's label is the entity, and its
role after a colon. Of entities inside of others (composites, children), the outermost is the slot.

LUDown: the .lu files of Bot Framework, utterances in lists below `# Intent`, with entities in braces.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

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
from canvass.corpus.formats.losses import BadLines, Losses, Utterances, named
from canvass.corpus.formats.sniffing import Sample
from canvass.corpus.formats.sources import located_lines
from canvass.corpus.formats.validation import utterance_of
from canvass.errors import InputError, shown
from canvass.files import split_name
from canvass.types import Utterance

CLU_COLUMNS = Columns(slots="entities", split="dataset")
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


def read_clu(path: str, _: Columns, bad: BadLines) -> Utterances:
    """Read the utterances of a project; yields (where, utterance)."""
    project = read_document(path)
    kind = project.get("stringIndexType")
    index_type = INDEX_TYPE if kind is None else kind.string()
    if kind is not None and index_type not in UNITS:
        raise kind.wrong(f"one of {', '.join(UNITS)}")
    utterances = project.need("assets").need("utterances").items()
    yield from bad.sift(utterances, _utterance_of_clu, UNITS[index_type])
    for declared in ("intents", "entities"):
        for item in project.need("assets").list_of(declared):
            item.get("category")
    project.tell_unread(bad)


def _utterance_of_clu(value: Value, unit: str) -> Utterance:
    text = value.need("text").string()
    entities = value.get("entities")
    dataset = value.content_of("dataset")
    record = {
        "text": text,
        "intent": value.content_of("intent"),
        "entities": None
        if entities is None
        else [_slot_of_clu(entity, text, unit) for entity in entities.items()],
        "dataset": SPLITS.get(dataset, dataset) if isinstance(dataset, str) else dataset,
    }
    return utterance_of(record, value.where, CLU_COLUMNS)


def _slot_of_clu(entity: Value, text: str, unit: str) -> dict[str, Any]:
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


CLU = Format(
    read=read_clu,
    write_annotated=write_annotated,
    carries=("text", "intent", "slots", "split", "unannotated"),
    loses="splits other than train and test, and that there is no intent (it becomes None); when read: "
    "lists and prebuilt parts of entities",
    sniff=lambda sample: sample.json_object.keys() >= {"projectFileVersion", "assets"},
    sniffed='"projectFileVersion" and "assets"',
)


LUIS_COLUMNS = Columns(slots="entities")
INNER = "entities inside of others"


def read_luis(path: str, _: Columns, bad: BadLines) -> Utterances:
    """Read the labelled utterances of an app; yields (where, utterance)."""
    app = read_document(path)
    patterns = app.get("patterns")
    if patterns is not None and patterns.content:
        bad.lost("patterns, which are templates and no utterances", patterns.where)
    yield from bad.sift(app.need("utterances").items(), _utterance_of_luis, bad)
    for declared in ("intents", "entities"):
        for item in app.list_of(declared):
            item.get("name"), item.get("roles")
    app.tell_unread(bad)


def _utterance_of_luis(value: Value, bad: BadLines) -> Utterance:
    text = value.need("text").string()
    entities = value.get("entities")
    record: dict[str, Any] = {"text": text, "intent": value.content_of("intent"), "entities": None}
    if entities is not None:
        slots = []
        for entity in entities.items():
            slots.append(_slot_of_luis(entity, text))
            if entity.content_of("children"):
                bad.lost(INNER, entity.where)
        record["entities"] = _outermost(slots, entities.where, bad)
    return utterance_of(record, value.where, LUIS_COLUMNS)


def _slot_of_luis(entity: Value, text: str) -> dict[str, Any]:
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


LUIS = Format(
    read=read_luis,
    carries=("text", "intent", "slots", "unannotated"),
    loses="entities inside of others, patterns, lists and features",
    sniff=lambda sample: "luis_schema_version" in sample.json_object,
    sniffed='"luis_schema_version"',
)


INTENT = re.compile(r"#+\s*([^#\s?].*?)\s*")
ITEM = re.compile(r"[-*+]\s+(.*?)\s*")
OPENING = re.compile(r"\{\s*@?\s*([^{}=]+?)\s*=\s*")
MARK = re.compile(OPENING.pattern + r"|\{\s*@?\s*([^{}=]*?)\s*\}|\s*\}|\{")
DEFINITION = re.compile(r"[@$\[!]|#+\s*\?")


def read_ludown(path: str, _: Columns, bad: BadLines) -> Utterances:
    """Read the utterances of all intents; yields (where, utterance)."""
    intent: str | None = None
    other = False  # in a part that has no utterances
    for line in located_lines(path):
        with bad.tolerance():
            text, where = line.text.strip(), line.where
            heading, item = INTENT.fullmatch(text), ITEM.fullmatch(text)
            if heading is not None:
                intent, other = heading[1], False
            elif DEFINITION.match(text):
                bad.lost("definitions of entities, imports and questions", f"{where}: {shown(text)}")
                other = other or text[0] in "@$#"
            elif text.startswith(">"):
                bad.rejected("comments", f"{where}: {shown(text)}")
            elif other or not text:
                continue
            elif item is None or intent is None:
                what = "is neither a heading nor an utterance ('- ...') of an intent"
                raise InputError(f"{where}: {shown(text)} {what}")
            elif (utterance := _utterance_of_ludown(item[1], intent, where, bad)) is not None:
                yield where, utterance


def _utterance_of_ludown(line: str, intent: str, where: str, bad: BadLines) -> Utterance | None:
    """Read an utterance; None where it is a pattern, whose entities have no words."""
    unpaired = f"{where}: {shown(line)} has a brace without its other one; expected {{entity=words}}"
    pieces: list[str] = []
    slots: list[dict[str, Any]] = []
    open_slots: list[dict[str, Any]] = []
    length = end = 0
    for match in MARK.finditer(line):
        before = line[end : match.start()]
        end = match.end()
        pieces.append(before)
        length += len(before)
        if match[1]:
            if open_slots:
                bad.lost("entities inside of others", f"{where}: {shown(match[1])}")
            open_slots.append({"start": length, "label": match[1]})
        elif match[2] is not None:
            bad.lost("patterns, whose entities have no words", f"{where}: {shown(line)}")
            return None
        elif not open_slots or match[0].strip() != "}":
            raise InputError(unpaired)
        else:
            slot = open_slots.pop()
            slots += [] if open_slots else [slot | {"end": length}]
    if open_slots:
        raise InputError(unpaired)
    record = {"text": "".join([*pieces, line[end:]]), "intent": intent, "slots": slots}
    return utterance_of(record, where)


def _sniff_ludown(sample: Sample) -> bool:
    lines = [line.strip() for line in sample.lines]
    is_named = split_name(sample.name)[0] == ".lu"
    return is_named and any(map(INTENT.fullmatch, lines)) and any(map(ITEM.fullmatch, lines))


LUDOWN = Format(
    read=read_ludown,
    loses="patterns, definitions of entities, entities inside of others, imports, questions and answers",
    sniff=_sniff_ludown,
    sniffed="the extension, and headings with lists below",
)
