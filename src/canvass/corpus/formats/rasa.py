"""Rasa's nlu.yml, format 3.1: examples under intents, entities marked in the text; and (read only) those of Rasa 1.

Both notations of an entity: `[Paris](city)` and `[Paris]{"entity": "city", "role": "to", "group": "1", "value": "x"}`.
A slot's label is the entity, and its role and group after colons (`city:to:1`): they are what tells two slots of an
entity apart. The text and the offsets are what Rasa makes of them (its parser: `rasa.shared.nlu.training_data.
entities_parser`, release 3.6); `]` can therefore not stand in a slot, and nothing can be escaped.

In the Markdown of Rasa 1, examples stand in lists below `## intent:name`, with entities as in YAML; sections of
synonyms, regular expressions and lookup tables are told. In the older `rasa_nlu_data`, JSON, offsets are code points,
end exclusive.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.format import Format
from canvass.corpus.formats.located import Value, read_document, slot_record, write_text
from canvass.corpus.formats.losses import BadLines, Losses, Utterances, named
from canvass.corpus.formats.markup import Chunk, chunks_at, chunks_of, spelled
from canvass.corpus.formats.sources import located_lines
from canvass.corpus.formats.validation import utterance_of
from canvass.corpus.formats.yaml_nodes import Node, read_yaml
from canvass.errors import InputError, location, shown
from canvass.types import Slot, Utterance

# As Rasa has it: [words](entity:value), [words]{one object} or [words][several objects].
ENTITY = re.compile(r"\[([^\]]+?)\](?:\(([^:)]+?)(?::([^)]+))?\)|\{([^}]+?)\}|\[(.*?)\])")
OBJECT = re.compile(r"\{([^}]+?)\}")
STRIPPED = "\n\r "
KNOWN_OF_ENTITY = {"entity", "role", "group", "value"}
OTHERS = ("synonym", "regex", "lookup")
VERSIONS = ("2.0", "3.0", "3.1")
KNOWN, KNOWN_OF_INTENT, KNOWN_OF_EXAMPLE = {"nlu", "version"}, {"intent", "examples"}, {"text"}
KEY = re.compile(r"""^["']?nlu["']?\s*:""", re.MULTILINE)
# What may stand unquoted as the name of an intent, and is no number, no date and no truth value in any YAML.
PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:[/.+-][A-Za-z0-9_]+)*")
# Line ends that cut a block into more examples, and what YAML takes only as an escape.
UNPRINTABLE = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
TRUTHS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}


def read(path: str, _: Columns, bad: BadLines) -> Utterances:
    """Read the examples of all intents; yields (where, utterance).

    Synonyms, regular expressions, lookup tables and the values of entities are no part of an utterance.
    """
    document = read_yaml(path)
    section, version = (document.mapping.get(name) for name in ("nlu", "version"))
    if section is None:
        raise InputError(f"{path}: there is no section 'nlu'; expected training data of Rasa's NLU")
    document.tell_unread(bad, KNOWN)
    if version is not None and version.value not in VERSIONS:
        what = f"the version is {shown(version.plain)}; expected one of {', '.join(VERSIONS)}"
        raise InputError(f"{version.where}: {what}")
    if section.value is not None and not isinstance(section.value, list):
        raise InputError(f"{section.where}: 'nlu' is {shown(section.plain)}; expected a list of intents")
    for item in section.items:
        other = next((name for name in OTHERS if name in item.mapping), None)
        if other is not None:
            bad.lost(f"sections of the kind {other}", f"{item.where}: {shown(item.mapping[other].plain)}")
            continue
        with bad.tolerance():
            yield from _examples(item, bad)


def _examples(item: Node, bad: BadLines) -> Utterances:
    intent = item.mapping.get("intent")
    if intent is None or not isinstance(intent.value, str) or not intent.value:
        raise item.wrong("has no intent; expected intent, synonym, regex or lookup")
    item.tell_unread(bad, KNOWN_OF_INTENT)
    examples = item.mapping.get("examples")
    if examples is None or isinstance(examples.value, dict):
        what = f"the intent {shown(intent.value)} has no list of examples; expected 'examples: |'"
        raise InputError(f"{item.where}: {what}")
    if isinstance(examples.value, list):
        for example in examples.items:
            with bad.tolerance():
                text = example.mapping.get("text")
                if text is None or not isinstance(text.value, str):
                    raise example.wrong("has no text; expected 'text: ...'")
                example.tell_unread(bad, KNOWN_OF_EXAMPLE)
                yield text.where, utterance_of_example(text.value, intent.value, text.where, bad)
        return
    for index, line in enumerate((examples.value or "").splitlines(), 1):
        with bad.tolerance():
            # The lines of a block are lines of the file.
            place = location(examples.path, examples.line + (index if examples.is_block else 0))
            if line.startswith("-"):
                yield place, utterance_of_example(line[1:], intent.value, place, bad)
            elif line.lstrip().startswith("#"):
                bad.lost("examples and lines that are commented out", f"{place}: {shown(line)}")
            elif line.strip():
                raise InputError(f"{place}: the example {shown(line)} does not begin with '- '")


def utterance_of_example(example: str, intent: str, where: str, bad: BadLines) -> Utterance:
    """Read an example: the text without its marks, and its slots; raises InputError where an entity is bad."""

    def chunk(match: re.Match[str]) -> Chunk:
        words, entity, value, single, several = match.groups()
        objects = [single] if single else OBJECT.findall(several or "")
        labels = [entity] if entity else [_label(content, where, bad) for content in objects]
        if value:
            bad.lost("values of entities (synonyms)", f"{where}: {shown(words)} stands for {shown(value)}")
        if len(labels) > 1:
            bad.lost("second entities of the same words", f"{where}: {shown(words)} is {', '.join(labels)}")
        return words, labels[0] if labels else None

    return utterance_of(
        spelled(chunks_at(ENTITY, example.strip(STRIPPED), chunk)) | {"intent": intent}, where
    )


def _label(content: str, where: str, bad: BadLines) -> str:
    """Make a label of what stands in braces: entity, or entity:role, or entity:role:group."""
    try:
        said = json.loads(f"{{{content}}}")
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{where}: {shown('{' + content + '}')} is not valid JSON; expected an entity"
        ) from error
    if not isinstance(said.get("entity"), str) or not all(
        isinstance(said.get(key, ""), str) for key in ("role", "group")
    ):
        raise InputError(
            f"{where}: {shown(said)} is no entity; expected entity, role, group and value as strings"
        )
    if "value" in said:
        bad.lost(
            "values of entities (synonyms)",
            f"{where}: {shown(said['entity'])} stands for {shown(said['value'])}",
        )
    bad.unused(said, KNOWN_OF_ENTITY, where)
    return _joined(said["entity"], said.get("role", ""), said.get("group", ""))


def _joined(entity: str, role: str, group: str) -> str:
    return f"{entity}:{role}:{group}".rstrip(":") if role or group else entity


def example_of(text: str, slots: Iterable[Slot]) -> str:
    """Write an utterance as an example, each slot in the shortest notation that says it.

    >>> from canvass.types import Slot
    >>> example_of("to Paris", [Slot(3, 8, "city:to")])
    'to [Paris]{"entity": "city", "role": "to"}'
    """
    chunks = chunks_of(Utterance(text, slots=tuple(slots)))
    return "".join(words if label is None else f"[{words}]{_notation(label)}" for words, label in chunks)


def _notation(label: str) -> str:
    entity, *more = label.split(":", 2)
    if ":" not in label and ")" not in label:
        return f"({label})"
    if not entity or label.endswith(":") or not any(more):
        return json.dumps({"entity": label}, ensure_ascii=False)
    said = {"entity": entity} | {
        key: value for key, value in zip(("role", "group"), more, strict=False) if value
    }
    return json.dumps(said, ensure_ascii=False)


def write_annotated(path: str, utterances: Iterable[Utterance], losses: Losses) -> None:
    """Write utterances under their intents, in the order in which these are met."""
    examples: dict[str, list[str]] = {}
    for utterance in utterances:
        if not utterance.intent:
            losses.report("utterances without an intent", named(utterance))
            continue
        stripped = _stripped(utterance, losses)
        example = None if stripped is None else _checked(stripped)
        if example is None:
            losses.report("utterances whose brackets or slots the notation cannot hold", named(utterance))
        else:
            examples.setdefault(utterance.intent, []).append(example)
    write_text(path, _pieces(examples))


def _stripped(utterance: Utterance, losses: Losses) -> Utterance | None:
    """Take blanks and line ends from the rims, as Rasa does when it reads; None if a slot has some of them."""
    text = utterance.text.strip(STRIPPED)
    if text == utterance.text:
        return utterance
    start = len(utterance.text) - len(utterance.text.lstrip(STRIPPED)) if text else 0
    slots = tuple(
        replace(slot, start=slot.start - start, end=slot.end - start) for slot in utterance.slots or ()
    )
    if any(slot.start < 0 or slot.end > len(text) for slot in slots):
        return None
    losses.report("white space at the rims of texts", named(utterance))
    return replace(utterance, text=text, slots=slots)


def _checked(utterance: Utterance) -> str | None:
    """Write an example that is read back as the same; None if there is no such."""
    example = example_of(utterance.text, utterance.slots or ())
    try:
        again = utterance_of_example(example, utterance.intent or "", "", BadLines())
    except InputError:
        return None
    return example if (again.text, again.slots) == (utterance.text, utterance.slots) else None


def _pieces(examples: dict[str, list[str]]) -> Iterator[str]:
    yield 'version: "3.1"\n\nnlu:\n' if examples else 'version: "3.1"\n\nnlu: []\n'
    for intent, lines in examples.items():
        name = intent if PLAIN.fullmatch(intent) and intent.lower() not in TRUTHS else quoted(intent)
        plain = [example for example in lines if not UNPRINTABLE.search(example)]
        if plain:
            yield f"- intent: {name}\n  examples: |\n"
            yield from (f"    - {example}\n" for example in plain)
            yield "\n"
        if len(plain) < len(lines):
            yield f"- intent: {name}\n  examples:\n"
            yield from (f"  - text: {quoted(example)}\n" for example in lines if UNPRINTABLE.search(example))
            yield "\n"


def quoted(text: str) -> str:
    r"""Write a text in YAML's double quotes.

    >>> quoted("a\u2028b\n")
    '"a\\u2028b\\n"'
    """
    return UNPRINTABLE.sub(
        lambda character: f"\\u{ord(character[0]):04x}", json.dumps(text, ensure_ascii=False)
    )


FORMAT = Format(
    read=read,
    write_annotated=write_annotated,
    loses="the order of intents' examples among each other, blanks at the rims, texts with Rasa's own brackets; "
    "when read: synonyms, regular expressions, lookup tables, metadata",
    sniff=lambda sample: KEY.search(sample.text) is not None,
    sniffed='a section "nlu"',
)


COLUMNS = Columns(slots="entities")
SECTION = re.compile(r"##\s*(intent|synonym|regex|lookup)\s*:\s*(.*?)\s*")
EXAMPLE = re.compile(r"\s*[-*+]\s+(.*?)\s*")
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
INTENT = re.compile(r"^##\s*intent\s*:", re.MULTILINE)
OTHERS_OF_JSON = ("regex_features", "lookup_tables", "entity_synonyms")


def read_markdown(path: str, _: Columns, bad: BadLines) -> Utterances:
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
                what = "is neither a heading nor an example ('- ...') of an intent"
                raise InputError(f"{where}: {shown(line)} {what}")


def _lines(path: str, bad: BadLines) -> Iterator[tuple[str, str]]:
    """Yield (where, line) without comments; a comment of several lines leaves blank ones."""
    text = "\n".join(line.text for line in located_lines(path))
    for comment in COMMENT.finditer(text):
        place = location(path, text.count("\n", 0, comment.start()) + 1)
        bad.rejected("comments", f"{place}: {shown(comment[0])}")
    text = COMMENT.sub(lambda comment: "\n" * comment[0].count("\n"), text)
    for number, line in enumerate(text.split("\n"), 1):
        yield location(path, number), line


def read_json(path: str, _: Columns, bad: BadLines) -> Utterances:
    """Read the examples of JSON; raises as `read_markdown` does."""
    document = read_document(path)
    data = document.need("rasa_nlu_data")
    for name in OTHERS_OF_JSON:
        for item in data.list_of(name):
            bad.lost(f"items of {name}", item.where)
    for name in ("common_examples", "intent_examples", "entity_examples"):
        yield from bad.sift(data.list_of(name), _utterance_of_json, bad)
    document.tell_unread(bad)


def _utterance_of_json(example: Value, bad: BadLines) -> Utterance:
    text = example.need("text").string()
    slots = [_slot_of_json(entity, text, bad) for entity in example.list_of("entities")]
    record = {"text": text, "intent": example.content_of("intent") or None, "entities": slots}
    return utterance_of(record, example.where, COLUMNS)


def _slot_of_json(entity: Value, text: str, bad: BadLines) -> dict[str, Any]:
    label = entity.need("entity").name()
    role, group = (member.string() if (member := entity.get(name)) else "" for name in ("role", "group"))
    span = entity.need("start").integer(), entity.need("end").integer()
    record = slot_record(text, span, _joined(label, role, group), entity.where)
    value = entity.content_of("value")
    if value is not None and value != text[record["start"] : record["end"]]:
        bad.lost("values of entities (synonyms)", f"{entity.where}: {shown(value)}")
    return record


MARKDOWN = Format(
    read=read_markdown,
    loses="synonyms, regular expressions, lookup tables, comments",
    sniff=lambda sample: INTENT.search(sample.text) is not None,
    sniffed="a heading such as ## intent:greet",
)
JSON = Format(
    read=read_json,
    loses="synonyms, regular expressions, lookup tables",
    sniff=lambda sample: "rasa_nlu_data" in sample.json_object,
    sniffed='"rasa_nlu_data"',
)
