"""Dialogflow ES (read only) and CX: an agent, as a zip archive or a folder.

ES: the training phrases of an intent stand in `intents/X_usersays_en.json` (one for each language), or, in older
exports, in the intent itself. A phrase is a list of chunks, of which one with an alias or a meta is a slot; its label
is the alias, which is the name of the parameter, or else the entity without its @.

CX: `intents/X/X.json` has the name of an intent, `intents/X/trainingPhrases/en.json` its phrases in a language: parts,
of which one with a parameter is a slot. Older exports have the phrases in the intent itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from canvass.corpus.formats.archives import Archive, opened_tree, write_zip
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.format import Format
from canvass.corpus.formats.located import Value, parse_document
from canvass.corpus.formats.losses import BadLines, Losses, Utterances, named
from canvass.corpus.formats.markup import Chunk, chunks_of, spelled
from canvass.corpus.formats.sniffing import Sample
from canvass.corpus.formats.validation import utterance_of
from canvass.errors import InputError, shown
from canvass.types import Utterance

ES_INTENT = re.compile(r"(?:^|/)intents/[^/]+\.json$")
ES_PHRASES = re.compile(r"_usersays_[A-Za-z0-9-]+\.json$")
IGNORED = "sys.ignore"


def read_es(path: str, _: Columns, bad: BadLines) -> Utterances:
    """Read the training phrases of all intents, in all languages; yields (where, utterance)."""
    with opened_tree(path) as archive:
        names = [name for name in archive.names if ES_INTENT.search(name)]
        if not names:
            raise InputError(
                f"{path}: the archive has no intents/*.json; expected the export of a Dialogflow ES agent"
            )
        for name in names:
            with bad.tolerance():
                phrases, intent = _phrases(archive, name, bad)
                yield from bad.sift(phrases, _utterance_of_es, intent, bad)
        bad.passed_over(archive.unread())


def _phrases(archive: Archive, name: str, bad: BadLines) -> tuple[list[Value], str]:
    """Take the phrases of a member, and the name of their intent."""
    value = parse_document(archive.read(name), archive.where(name))
    phrases = ES_PHRASES.search(name)
    if phrases is None:
        said, intent = value.list_of("userSays"), value.need("name").name()
        value.tell_unread(bad)
        return said, intent
    of = f"{name[: phrases.start()]}.json"
    if of not in archive.names:
        return value.items(), of.rpartition("/")[2].removesuffix(".json")
    return value.items(), parse_document(archive.read(of), archive.where(of)).need("name").name()


def _utterance_of_es(phrase: Value, intent: str, bad: BadLines) -> Utterance:
    record = spelled((_chunk(chunk, bad) for chunk in phrase.need("data").items()), phrase.where, bad)
    record |= {"intent": intent, "id": phrase.content_of("id"), "count": phrase.content_of("count") or 1}
    if phrase.content_of("isTemplate") is True:
        bad.lost("the words that fill the slots of templates", phrase.where)
        record["slots"] = None
    phrase.tell_unread(bad)
    return utterance_of(record, phrase.where)


def _chunk(chunk: Value, bad: BadLines) -> Chunk:
    words, alias, meta = chunk.need("text").string(), chunk.get("alias"), chunk.get("meta")
    entity = "" if meta is None else meta.string().removeprefix("@")
    parameter = "" if alias is None else alias.string()
    if entity == IGNORED:
        return words, None
    if parameter and entity.removeprefix("sys.") not in ("", parameter):
        bad.lost("entities whose name is not the parameter's", f"{chunk.where}: {shown(entity)}")
    return words, parameter or entity or None


def _sniff_es(sample: Sample) -> bool:
    if sample.is_folder:
        return "agent.json" in sample.members and any(ES_PHRASES.search(name) for name in sample.members)
    # Wit has files of intents, too.
    is_wit = sample.has_member(r"utterances/[^/]+\.json")
    return sample.is_zip and not is_wit and any(ES_INTENT.search(name) for name in sample.members)


ES = Format(
    read=read_es,
    carries=("text", "id", "count", "intent", "slots"),
    loses="languages (all are read together), entities beside the names of parameters, contexts and responses",
    sniff=_sniff_es,
    sniffed="a zip archive with intents/*.json, or a folder with agent.json and intents/*_usersays_*.json",
)


CX_INTENT = re.compile(r"((?:.*/)?intents/[^/]+)/[^/]+\.json")
CX_PHRASES = re.compile(r"((?:.*/)?intents/[^/]+)/trainingPhrases/[^/]+\.json")
LANGUAGE = "en"
UNSAFE = re.compile(r"[^\w.-]")


def read_cx(path: str, _: Columns, bad: BadLines) -> Utterances:
    """Read the training phrases of all intents, in all languages; yields (where, utterance)."""
    with opened_tree(path) as tree:
        intents: dict[str, str] = {}
        for name in tree.names:
            if member := CX_INTENT.fullmatch(name):
                with bad.tolerance():
                    intent = parse_document(tree.read(name), tree.where(name))
                    intents[member[1]] = intent.need("displayName").name()
                    for parameter in intent.list_of("parameters"):
                        parameter.get("id"), parameter.get("entityType")
                    yield from _utterances_of_cx(intent, intents[member[1]], bad)
        for name in tree.names:
            if member := CX_PHRASES.fullmatch(name):
                with bad.tolerance():
                    if member[1] not in intents:
                        raise InputError(
                            f"{tree.where(name)}: the intent of these phrases, {member[1]}/*.json, is not there"
                        )
                    phrases = parse_document(tree.read(name), tree.where(name))
                    phrases.need("trainingPhrases")
                    yield from _utterances_of_cx(phrases, intents[member[1]], bad)
        bad.passed_over(tree.unread())


def _utterances_of_cx(document: Value, intent: str, bad: BadLines) -> Utterances:
    """Read the phrases of a document, and tell what else is in it."""
    phrases = document.list_of("trainingPhrases")
    yield from bad.sift(phrases, _utterance_of_cx, intent, bad)
    document.tell_unread(bad)


def _utterance_of_cx(phrase: Value, intent: str, bad: BadLines) -> Utterance:
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


def _sniff_cx(sample: Sample) -> bool:
    return sample.has_member(r"intents/[^/]+/trainingPhrases/[^/]+\.json") or (
        sample.has_member(r"agent\.json") and sample.has_member(r"intents/[^/]+/[^/]+\.json")
    )


CX = Format(
    read=read_cx,
    write_annotated=write_annotated,
    carries=("text", "id", "count", "intent", "slots"),
    loses="the order of intents' phrases among each other; when read: languages (all are read together), entities, "
    "flows",
    sniff=_sniff_cx,
    sniffed="a zip archive or folder with intents/*/trainingPhrases/*.json",
)
