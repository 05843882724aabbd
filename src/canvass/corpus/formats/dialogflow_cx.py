"""Dialogflow CX: the export of an agent, as a folder or a zip archive.

`intents/X/X.json` has the name of an intent, `intents/X/trainingPhrases/en.json` its phrases in a language: parts, of
which one with a parameter is a slot. Older exports have the phrases in the intent itself.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from canvass.corpus.formats.archives import opened_tree, write_zip
from canvass.corpus.formats.columns import blocks_of_read
from canvass.corpus.formats.located import parse_document
from canvass.corpus.formats.losses import named
from canvass.corpus.formats.records import Columns, Format, utterance_of
from canvass.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from canvass.corpus.formats.archives import Archive, Folder
    from canvass.corpus.formats.located import Value
    from canvass.corpus.formats.losses import Losses
    from canvass.corpus.formats.records import BadLines
    from canvass.corpus.formats.sniffing import Sample
    from canvass.types import Utterance

COLUMNS = Columns(slots="parts")
INTENT = re.compile(r"((?:.*/)?intents/[^/]+)/[^/]+\.json")
PHRASES = re.compile(r"((?:.*/)?intents/[^/]+)/trainingPhrases/[^/]+\.json")
LANGUAGE = "en"
UNSAFE = re.compile(r"[^\w.-]")


def read(path: str, _: Columns, bad: BadLines) -> Iterator[tuple[str, Utterance]]:
    """Read the training phrases of all intents, in all languages; yields (where, utterance)."""
    with opened_tree(path) as tree:
        intents: dict[str, str] = {}
        for name in tree.names:
            found = INTENT.fullmatch(name)
            if found is None:
                continue
            try:
                value = parse_document(tree.read(name), tree.where(name))
                intents[found[1]] = value.need("displayName").name()
                own = value.list_of("trainingPhrases")
                for parameter in value.list_of("parameters"):
                    parameter.get("id"), parameter.get("entityType")
            except InputError as error:
                bad.report(error)
                continue
            yield from _utterances(own, intents[found[1]], bad)
            value.tell_unread(bad)
        yield from _phrases(tree, intents, bad)
        bad.passed_over(tree.unread())


def _phrases(
    tree: Archive | Folder, intents: dict[str, str], bad: BadLines
) -> Iterator[tuple[str, Utterance]]:
    for name in tree.names:
        found = PHRASES.fullmatch(name)
        if found is None:
            continue
        if found[1] not in intents:
            what = f"{tree.where(name)}: the intent of these phrases, {found[1]}/*.json, is not there"
            bad.report(InputError(what))
            continue
        try:
            document = parse_document(tree.read(name), tree.where(name))
            phrases = document.need("trainingPhrases").items()
        except InputError as error:
            bad.report(error)
            continue
        yield from _utterances(phrases, intents[found[1]], bad)
        document.tell_unread(bad)


def _utterances(phrases: list[Value], intent: str, bad: BadLines) -> Iterator[tuple[str, Utterance]]:
    yield from bad.sift(phrases, lambda phrase: _utterance(phrase, intent, bad))


def _utterance(phrase: Value, intent: str, bad: BadLines) -> Utterance:
    text = ""
    slots: list[dict[str, Any]] = []
    for part in phrase.need("parts").items():
        words, parameter = part.need("text").string(), part.get("parameterId")
        if parameter is not None and words:
            slots.append({"start": len(text), "end": len(text) + len(words), "label": parameter.name()})
        text += words
    record = {"text": text, "id": phrase.content_of("id"), "count": phrase.content_of("repeatCount") or 1}
    phrase.tell_unread(bad)
    return utterance_of(record | {"intent": intent, "parts": slots}, phrase.where, COLUMNS)


def write_annotated(path: str, utterances: Iterable[Utterance], losses: Losses) -> None:
    """Write an agent of intents alone as a zip archive; the file appears whole or not at all."""
    phrases: dict[str, list[dict[str, Any]]] = {}
    labels: dict[str, dict[str, None]] = {}
    for utterance in utterances:
        if not utterance.intent:
            losses.report("utterances without an intent", named(utterance))
            continue
        said = {"parts": list(_parts(utterance)), "repeatCount": utterance.count, "languageCode": LANGUAGE}
        phrases.setdefault(utterance.intent, []).append(
            ({} if utterance.id is None else {"id": utterance.id}) | said
        )
        labels.setdefault(utterance.intent, {}).update(
            dict.fromkeys(slot.label for slot in utterance.slots or ())
        )
    members: dict[str, Any] = {"agent.json": {"displayName": "canvass", "defaultLanguageCode": LANGUAGE}}
    for number, (intent, some) in enumerate(phrases.items(), 1):
        folder = f"intents/{number:04}_{UNSAFE.sub('_', intent)[:60]}"
        parameters = [{"id": label, "entityType": "@sys.any"} for label in labels[intent]]
        members[f"{folder}/{folder[8:]}.json"] = {"displayName": intent, "parameters": parameters}
        members[f"{folder}/trainingPhrases/{LANGUAGE}.json"] = {"trainingPhrases": some}
    write_zip(
        path, {name: json.dumps(value, ensure_ascii=False, indent=1) for name, value in members.items()}
    )


def _parts(utterance: Utterance) -> Iterator[dict[str, str]]:
    end = 0
    for slot in utterance.slots or ():
        if slot.start > end:
            yield {"text": utterance.text[end : slot.start]}
        end = slot.end
        yield {"text": utterance.text[slot.start : end], "parameterId": slot.label}
    if end < len(utterance.text):
        yield {"text": utterance.text[end:]}


def sniff(sample: Sample) -> bool:
    """Whether the tree has folders of intents with training phrases, or agent.json and folders of intents."""
    return sample.has_member(r"intents/[^/]+/trainingPhrases/[^/]+\.json") or (
        sample.has_member(r"agent\.json") and sample.has_member(r"intents/[^/]+/[^/]+\.json")
    )


FORMAT = Format(
    name="dialogflow-cx",
    extensions=(".zip",),
    read=read,
    blocks=blocks_of_read(read),
    write_annotated=write_annotated,
    carries=("text", "id", "count", "intent", "slots"),
    loses="the order of intents' phrases among each other; when read: languages (all are read together), entities, "
    "flows",
    sniff=sniff,
    sniffed="a zip archive or folder with intents/*/trainingPhrases/*.json",
    reads_folders=True,
)
