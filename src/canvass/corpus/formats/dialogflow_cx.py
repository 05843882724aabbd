"""Dialogflow CX: the export of an agent, as a folder or a zip archive.

`intents/X/X.json` has the name of an intent, `intents/X/trainingPhrases/en.json` its phrases in a language: parts, of
which one with a parameter is a slot. Older exports have the phrases in the intent itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from canvass.corpus.formats.archives import opened_tree, write_zip
from canvass.corpus.formats.bad_lines import BadLines, Utterances
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.format import Format
from canvass.corpus.formats.located import Value, parse_document
from canvass.corpus.formats.losses import Losses, named
from canvass.corpus.formats.markup import chunks_of, spelled
from canvass.corpus.formats.sniffing import Sample
from canvass.corpus.formats.validation import utterance_of
from canvass.errors import InputError
from canvass.types import Utterance

INTENT = re.compile(r"((?:.*/)?intents/[^/]+)/[^/]+\.json")
PHRASES = re.compile(r"((?:.*/)?intents/[^/]+)/trainingPhrases/[^/]+\.json")
LANGUAGE = "en"
UNSAFE = re.compile(r"[^\w.-]")


def read(path: str, _: Columns, bad: BadLines) -> Utterances:
    """Read the training phrases of all intents, in all languages; yields (where, utterance)."""
    with opened_tree(path) as tree:
        intents: dict[str, str] = {}
        for name in tree.names:
            if member := INTENT.fullmatch(name):
                with bad.tolerance():
                    intent = parse_document(tree.read(name), tree.where(name))
                    intents[member[1]] = intent.need("displayName").name()
                    for parameter in intent.list_of("parameters"):
                        parameter.get("id"), parameter.get("entityType")
                    yield from _utterances(intent, intents[member[1]], bad)
        for name in tree.names:
            if member := PHRASES.fullmatch(name):
                with bad.tolerance():
                    if member[1] not in intents:
                        raise InputError(
                            f"{tree.where(name)}: the intent of these phrases, {member[1]}/*.json, is not there"
                        )
                    phrases = parse_document(tree.read(name), tree.where(name))
                    phrases.need("trainingPhrases")
                    yield from _utterances(phrases, intents[member[1]], bad)
        bad.passed_over(tree.unread())


def _utterances(document: Value, intent: str, bad: BadLines) -> Utterances:
    """Read the phrases of a document, and tell what else is in it."""
    phrases = document.list_of("trainingPhrases")
    yield from bad.sift(phrases, lambda phrase: _utterance(phrase, intent, bad))
    document.tell_unread(bad)


def _utterance(phrase: Value, intent: str, bad: BadLines) -> Utterance:
    chunks = []
    for part in phrase.need("parts").items():
        words, parameter = part.need("text").string(), part.get("parameterId")
        chunks.append((words, None if parameter is None else parameter.name()))
    record = spelled(chunks, phrase.where, bad)
    record |= {
        "intent": intent,
        "id": phrase.content_of("id"),
        "count": phrase.content_of("repeatCount") or 1,
    }
    phrase.tell_unread(bad)
    return utterance_of(record, phrase.where)


def write_annotated(path: str, utterances: Iterable[Utterance], losses: Losses) -> None:
    """Write an agent of intents alone as a zip archive; the file appears whole or not at all."""
    phrases: dict[str, list[dict[str, Any]]] = {}
    labels: dict[str, dict[str, None]] = {}
    for utterance in utterances:
        if not utterance.intent:
            losses.report("utterances without an intent", named(utterance))
            continue
        parts = [
            {"text": words} if label is None else {"text": words, "parameterId": label}
            for words, label in chunks_of(utterance)
        ]
        said = {"parts": parts, "repeatCount": utterance.count, "languageCode": LANGUAGE}
        phrases.setdefault(utterance.intent, []).append(
            ({} if utterance.id is None else {"id": utterance.id}) | said
        )
        labels.setdefault(utterance.intent, {}).update(
            dict.fromkeys(slot.label for slot in utterance.slots or ())
        )
    members: dict[str, Any] = {"agent.json": {"displayName": "canvass", "defaultLanguageCode": LANGUAGE}}
    for number, (intent, own) in enumerate(phrases.items(), 1):
        folder = f"intents/{number:04}_{UNSAFE.sub('_', intent)[:60]}"
        parameters = [{"id": label, "entityType": "@sys.any"} for label in labels[intent]]
        members[f"{folder}/{folder[8:]}.json"] = {"displayName": intent, "parameters": parameters}
        members[f"{folder}/trainingPhrases/{LANGUAGE}.json"] = {"trainingPhrases": own}
    write_zip(
        path, {name: json.dumps(value, ensure_ascii=False, indent=1) for name, value in members.items()}
    )


def sniff(sample: Sample) -> bool:
    """Whether the tree has folders of intents with training phrases, or agent.json and folders of intents."""
    return sample.has_member(r"intents/[^/]+/trainingPhrases/[^/]+\.json") or (
        sample.has_member(r"agent\.json") and sample.has_member(r"intents/[^/]+/[^/]+\.json")
    )


FORMAT = Format(
    name="dialogflow-cx",
    extensions=(".zip",),
    read=read,
    write_annotated=write_annotated,
    carries=("text", "id", "count", "intent", "slots"),
    loses="the order of intents' phrases among each other; when read: languages (all are read together), entities, "
    "flows",
    sniff=sniff,
    sniffed="a zip archive or folder with intents/*/trainingPhrases/*.json",
    reads_folders=True,
)
