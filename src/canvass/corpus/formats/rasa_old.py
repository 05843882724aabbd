"""Training data of Rasa 1: Markdown, and the older `rasa_nlu_data` as JSON; read only.

In Markdown, examples stand in lists below `## intent:name`, with entities as in YAML; sections of synonyms, regular
expressions and lookup tables are told. In JSON, offsets are code points, end exclusive.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from canvass.corpus.formats.bad_lines import BadLines, Utterances
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.format import Format
from canvass.corpus.formats.located import Value, read_document, slot_record
from canvass.corpus.formats.rasa import utterance_of_example
from canvass.corpus.formats.sniffing import Sample
from canvass.corpus.formats.sources import located_lines
from canvass.corpus.formats.validation import utterance_of
from canvass.errors import InputError, location, shown
from canvass.types import Utterance

COLUMNS = Columns(slots="entities")
SECTION = re.compile(r"##\s*(intent|synonym|regex|lookup)\s*:\s*(.*?)\s*")
EXAMPLE = re.compile(r"\s*[-*+]\s+(.*?)\s*")
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
INTENT = re.compile(r"^##\s*intent\s*:", re.MULTILINE)
OTHERS = ("regex_features", "lookup_tables", "entity_synonyms")


def read(path: str, _: Columns, bad: BadLines) -> Utterances:
    """Read the examples of Markdown; yields (where, utterance)."""
    intent: str | None = None
    other = False
    for where, line in _lines(path, bad):
        section, example = SECTION.fullmatch(line), EXAMPLE.fullmatch(line)
        with bad.tolerance():
            if section is not None:
                intent, other = section[2] if section[1] == "intent" else None, section[1] != "intent"
                if other:
                    bad.lost(f"sections of the kind {section[1]}", f"{where}: {shown(section[2])}")
                elif not intent:
                    raise InputError(f"{where}: the intent has no name; expected ## intent:name")
            elif example is not None and intent:
                yield where, utterance_of_example(example[1], intent, where, bad)
            elif line.startswith("##"):
                bad.lost("sections that are no training data", f"{where}: {shown(line)}")
                intent, other = None, True
            elif line.strip() and not other and not line.startswith("#"):
                raise InputError(
                    f"{where}: {shown(line)} is neither a heading nor an example ('- ...') of an intent"
                )


def _lines(path: str, bad: BadLines) -> Iterator[tuple[str, str]]:
    """Yield (where, line) without comments; a comment of several lines leaves blank ones."""
    text = "\n".join(line.text for line in located_lines(path))
    for comment in COMMENT.finditer(text):
        place = location(path, text.count("\n", 0, comment.start()) + 1)
        bad.rejected("comments", f"{place}: {shown(comment[0])}")
    text = COMMENT.sub(lambda comment: "\n" * comment[0].count("\n"), text)
    for number, line in enumerate(text.split("\n"), 1):
        yield location(path, number), line


def sniff(sample: Sample) -> bool:
    """Whether there is a heading of an intent."""
    return INTENT.search(sample.text) is not None


def read_json(path: str, _: Columns, bad: BadLines) -> Utterances:
    """Read the examples of JSON; raises as `read` does."""
    document = read_document(path)
    data = document.need("rasa_nlu_data")
    for name in OTHERS:
        for item in data.list_of(name):
            bad.lost(f"items of {name}", item.where)
    for name in ("common_examples", "intent_examples", "entity_examples"):
        yield from bad.sift(data.list_of(name), lambda example: _utterance(example, bad))
    document.tell_unread(bad)


def _utterance(example: Value, bad: BadLines) -> Utterance:
    text = example.need("text").string()
    slots = [_slot(entity, text, bad) for entity in example.list_of("entities")]
    record = {"text": text, "intent": example.content_of("intent") or None, "entities": slots}
    return utterance_of(record, example.where, COLUMNS)


def _slot(entity: Value, text: str, bad: BadLines) -> dict[str, Any]:
    label = entity.need("entity").name()
    parts = [label, *(member.string() if (member := entity.get(name)) else "" for name in ("role", "group"))]
    span = entity.need("start").integer(), entity.need("end").integer()
    record = slot_record(text, span, ":".join(parts).rstrip(":") if any(parts[1:]) else label, entity.where)
    value = entity.content_of("value")
    if value is not None and value != text[record["start"] : record["end"]]:
        bad.lost("values of entities (synonyms)", f"{entity.where}: {shown(value)}")
    return record


def sniff_json(sample: Sample) -> bool:
    """Whether there is "rasa_nlu_data"."""
    return isinstance(sample.json, dict) and "rasa_nlu_data" in sample.json


FORMAT = Format(
    name="rasa-md",
    extensions=(".md",),
    read=read,
    loses="synonyms, regular expressions, lookup tables, comments",
    sniff=sniff,
    sniffed="a heading such as ## intent:greet",
)
JSON = Format(
    name="rasa-json",
    extensions=(".json",),
    read=read_json,
    loses="synonyms, regular expressions, lookup tables",
    sniff=sniff_json,
    sniffed='"rasa_nlu_data"',
)
