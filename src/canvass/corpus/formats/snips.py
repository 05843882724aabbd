"""The datasets of Snips NLU as JSON, and (read only) as YAML, and those of its benchmark.

JSON has texts in chunks, some of which are slots. The text is what the chunks spell together. A slot's label is the
chunk's `slot_name`; the benchmark has the `entity` alone. YAML has documents of intents, with slots in brackets and
their words behind.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.format import Format
from canvass.corpus.formats.located import UTF16, Value, read_document, slot_record, utf16_offset, write_text
from canvass.corpus.formats.losses import BadLines, Losses, Utterances, named
from canvass.corpus.formats.markup import Chunk, chunks_at, chunks_of, spelled
from canvass.corpus.formats.sniffing import Sample
from canvass.corpus.formats.sources import located_lines
from canvass.corpus.formats.validation import utterance_of
from canvass.corpus.formats.yaml_nodes import Node, parse_yaml
from canvass.errors import shown
from canvass.types import Utterance

# Snips refuses a dataset that does not say its language; canvass does not know it.
LANGUAGE = "en"
ENTITY = {"data": [], "use_synonyms": True, "automatically_extensible": True, "matching_strictness": 1.0}
BUILTIN = "snips/"


def read(path: str, _: Columns, bad: BadLines) -> Utterances:
    """Read the utterances of all intents of a dataset; yields (where, utterance)."""
    document = read_document(path)
    entities = document.get("entities")
    for name, entity in [] if entities is None else entities.members():
        for item in entity.list_of("data"):
            bad.lost("values of entities", f"{item.where}: {shown(item.content_of('value'))}")
            if item.list_of("synonyms"):
                bad.lost("synonyms of values", f"{item.where}: of the entity {shown(name)}")
    for intent, content in document.need("intents").members():
        yield from bad.sift(content.need("utterances").items(), _utterance, intent, bad)
    document.tell_unread(bad)


def read_benchmark(path: str, _: Columns, bad: BadLines) -> Utterances:
    """Read the utterances of a file of the benchmark; raises as `read` does."""
    # train_PlayMusic_full.json of the benchmark writes an emoji as two halves of three bytes each.
    document = read_document(path, "surrogatepass")
    for intent, content in document.members():
        yield from bad.sift(content.items(), _utterance, intent, bad)
    document.tell_unread(bad)


def _utterance(value: Value, intent: str, bad: BadLines) -> Utterance:
    text = ""
    spans = []
    for chunk in value.need("data").items():
        start = utf16_offset(text, len(text))
        text += chunk.need("text").string()
        name, entity = chunk.get("slot_name"), chunk.get("entity")
        label = entity if name is None else name
        if label is not None:
            spans.append(((start, utf16_offset(text, len(text))), label, chunk.where))
            if name is not None and entity is not None and name.content != entity.content:
                bad.lost("entities whose name is not the slot's", f"{chunk.where}: {shown(entity.content)}")
    # Half a character at the end of a chunk may have its other half in the next one.
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    slots = [slot_record(whole, span, label.name(), where, UTF16) for span, label, where in spans]
    return utterance_of({"text": whole, "intent": intent, "slots": slots}, value.where)


def write_annotated(path: str, utterances: Iterable[Utterance], losses: Losses) -> None:
    """Write a dataset, its intents in the order in which they are met; the file appears whole or not at all."""
    intents: dict[str, list[dict[str, Any]]] = {}
    entities: dict[str, dict[str, Any]] = {}
    for utterance in utterances:
        if utterance.intent is None:
            losses.report("utterances without an intent", named(utterance))
            continue
        data = [
            {"text": words} if label is None else {"text": words, "entity": label, "slot_name": label}
            for words, label in chunks_of(utterance)
        ]
        intents.setdefault(utterance.intent, []).append({"data": data})
        for slot in utterance.slots or ():
            entities[slot.label] = {} if slot.label.startswith(BUILTIN) else ENTITY
    dataset = {
        "language": LANGUAGE,
        "intents": {
            intent: {"utterances": utterances_of_intent} for intent, utterances_of_intent in intents.items()
        },
        "entities": entities,
    }
    write_text(path, [json.dumps(dataset, ensure_ascii=False, indent=1), "\n"])


def _sniff(sample: Sample) -> bool:
    intents = sample.json_object.get("intents")
    return isinstance(intents, dict) and all(
        isinstance(content, dict) and "utterances" in content for content in intents.values()
    )


def _is_list_of_data(value: Any) -> bool:
    return (
        isinstance(value, list)
        and value[:1] != []
        and isinstance(value[0], dict)
        and list(value[0]) == ["data"]
    )


FORMAT = Format(
    read=read,
    write_annotated=write_annotated,
    loses="the order of intents' utterances among each other; when read: values and "
    "synonyms of entities, and entities beside slot names",
    sniff=_sniff,
    sniffed='"utterances" under the names below "intents"',
)
BENCHMARK = Format(
    read=read_benchmark,
    loses="nothing",
    sniff=lambda sample: bool(sample.json_object) and all(map(_is_list_of_data, sample.json_object.values())),
    sniffed='lists of {"data": [...]} under the names of intents',
)


SLOT = re.compile(r"\[([^\]:]+)(?::([^\]]+))?\]\(([^)]+)\)")
KNOWN = {"type", "name", "utterances"}
INTENT = re.compile(r"^type\s*:\s*intent\s*$", re.MULTILINE)


def read_yaml_documents(path: str, _: Columns, bad: BadLines) -> Utterances:
    """Read the utterances of all intents; yields (where, utterance)."""
    for document in _documents(path):
        content = document.mapping
        kind, intent, utterances = (content.get(name) for name in ("type", "name", "utterances"))
        if kind is not None and kind.value == "entity":
            name = shown(intent.plain if intent else None)
            bad.lost("values and synonyms of entities", f"{document.where}: {name}")
            continue
        if kind is None or kind.value != "intent" or intent is None or not isinstance(intent.value, str):
            bad.report(document.wrong("is no intent or entity with a name"))
            continue
        document.tell_unread(bad, KNOWN)
        examples = [] if utterances is None else utterances.items
        yield from bad.sift(examples, _utterance_of_yaml, intent.value, bad)


def _documents(path: str) -> Iterator[Node]:
    """Parse the documents of a file, each with the lines of the file."""
    lines = [line.text for line in located_lines(path)]
    starts = [0, *(number for number, line in enumerate(lines) if line.rstrip() == "---"), len(lines)]
    for start, end in itertools.pairwise(starts):
        part = [line for line in lines[start:end] if line.rstrip() != "---"]
        if any(line.strip() and not line.lstrip().startswith("#") for line in part):
            yield parse_yaml("\n" * (start + (end - start - len(part))) + "\n".join(part), path)


def _utterance_of_yaml(node: Node, intent: str, bad: BadLines) -> Utterance:
    if not isinstance(node.value, str):
        raise node.wrong("is no utterance; expected a string")

    def chunk(match: re.Match[str]) -> Chunk:
        if match[2] and match[2] != match[1]:
            bad.lost("entities whose name is not the slot's", f"{node.where}: {shown(match[2])}")
        return match[3], match[1]

    return utterance_of(spelled(chunks_at(SLOT, node.value, chunk)) | {"intent": intent}, node.where)


YAML = Format(
    read=read_yaml_documents,
    loses="values and synonyms of entities, and entities beside slot names",
    sniff=lambda sample: INTENT.search(sample.text) is not None,
    sniffed='"type: intent"',
)
