"""Wit.ai: the utterances of an app as JSON, read only, as it exports them and as its API lists them.

A slot's label is the entity, and its role after a colon where it has one of its own. Each entity says which words it
has, so its offsets are checked, and read as code points or UTF-16 code units, whichever leads there. An utterance
without an intent is one that somebody put out of scope, and stays without.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from canvass.corpus.formats.archives import opened_tree
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.format import Format
from canvass.corpus.formats.located import (
    CODE_POINTS,
    UTF16,
    Value,
    parse_document,
    read_document,
    slot_record,
    slot_with_words,
)
from canvass.corpus.formats.losses import BadLines, Utterances
from canvass.corpus.formats.sniffing import Sample
from canvass.corpus.formats.validation import utterance_of
from canvass.files import STANDARD_STREAM
from canvass.types import Utterance

COLUMNS = Columns(slots="entities")
BUILT_IN = "wit$"
MEMBER = re.compile(r"(?:^|/)utterances/[^/]+\.json$")  # of the export of an app


def read(path: str, _: Columns, bad: BadLines) -> Utterances:
    """Read utterances; yields (where, utterance)."""
    if path != STANDARD_STREAM and (Path(path).is_dir() or path.lower().endswith(".zip")):
        with opened_tree(path) as tree:
            for name in tree.names:
                if MEMBER.search(name):
                    yield from _utterances(parse_document(tree.read(name), tree.where(name)), bad)
            bad.passed_over(tree.unread())
        return
    yield from _utterances(read_document(path), bad)


def _utterances(document: Value, bad: BadLines) -> Utterances:
    utterances = document if isinstance(document.content, list) else document.need("utterances")
    yield from bad.sift(utterances.items(), _utterance, bad)
    document.tell_unread(bad)


def _utterance(value: Value, bad: BadLines) -> Utterance:
    text = value.need("text").string()
    entities, intent = value.get("entities"), value.get("intent")
    if value.content_of("traits"):
        bad.lost("traits", value.where)
    slots = None if entities is None else [_slot(entity, text, bad) for entity in entities.items()]
    if intent is not None and isinstance(intent.content, dict):
        intent = intent.need("name")
    record = {"text": text, "intent": None if intent is None else intent.string(), "entities": slots}
    return utterance_of(record, value.where, COLUMNS)


def _slot(entity: Value, text: str, bad: BadLines) -> dict[str, Any]:
    if entity.content_of("entities"):
        bad.lost("entities inside of others", entity.where)
    name, own, exported = (entity.get(key) for key in ("name", "role", "entity"))
    if name is None:  # as it is exported, entity:role
        whole = (exported or entity.need("entity")).name()
        label, _, role = whole.rpartition(":")
        label, role = (label, role) if label else (whole, "")
    else:
        label, role = name.name(), "" if own is None else own.string()
    if role and role != label.removeprefix(BUILT_IN):
        label = f"{label}:{role}"
    span = entity.need("start").integer(), entity.need("end").integer()
    body = entity.get("body")
    if body is None:
        return slot_record(text, span, label, entity.where)
    return slot_with_words(text, span, label, body, (CODE_POINTS, UTF16))


def _sniff(sample: Sample) -> bool:
    if sample.is_zip or sample.is_folder:
        return sample.has_member(r"utterances/[^/]+\.json")
    document = sample.json
    utterances = (
        document.get("utterances")
        if isinstance(document, dict) and set(document) == {"utterances"}
        else document
    )
    if not isinstance(utterances, list) or not all(isinstance(utterance, dict) for utterance in utterances):
        return False
    known = [utterance for utterance in utterances[:-1] or utterances if "text" in utterance]
    return bool(known) and all(
        isinstance(utterance.get("entities"), list)
        and ("traits" in utterance or isinstance(document, dict))
        and all(isinstance(entity, dict) and "startPos" not in entity for entity in utterance["entities"])
        for utterance in known
    )


FORMAT = Format(
    read=read,
    carries=("text", "intent", "slots", "unannotated"),
    loses="traits, and entities inside of others",
    sniff=_sniff,
    sniffed='"utterances" alone, each with "text" and "entities"; a zip archive or folder with utterances/*.json',
)
