"""Home Assistant's sentences: YAML with templates under the names of intents, expanded; read only.

`sentences/en/light_HassTurnOn.yaml`, or `custom_sentences/en/*.yaml`. Lists and rules of expansion are those of a file
and of the other YAML files in its folder, such as `_common.yaml`. A slot is a list, `{level}` or `{brightness:level}`;
sentences with one whose values only a running system knows (`{name}`, `{area}`) are left out, and told.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path

from canvass.corpus.formats.bad_lines import BadLines, Utterances
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.expansion import (
    MOST_NUMBERS,
    EmptySlotError,
    Node,
    Resolver,
    choice,
    expanded,
    filled,
    parse,
    plain,
)
from canvass.corpus.formats.format import Format
from canvass.corpus.formats.sniffing import Sample
from canvass.corpus.formats.yaml_nodes import Node as Yaml
from canvass.corpus.formats.yaml_nodes import read_yaml
from canvass.errors import CanvassError, InputError, location, shown

INTENTS, SENTENCES = (
    re.compile(r"^intents\s*:", re.MULTILINE),
    re.compile(r"^\s+(?:- )?sentences\s*:", re.MULTILINE),
)
KNOWN = {"intents", "lists", "expansion_rules", "language"}
KNOWN_OF_GROUP = {"sentences", "slots", "lists", "expansion_rules"}
LISTS, RULES = "lists", "expansion_rules"


def read(path: str, _: Columns, bad: BadLines) -> Utterances:
    """Read the sentences of all intents, expanded; yields (where, utterance)."""
    document = read_yaml(path)
    if "intents" not in document.mapping:
        raise InputError(f"{path}: there is no section 'intents'; expected sentences of Home Assistant")
    document.tell_unread(bad, KNOWN, path)
    _tell_lists(document, path, bad)
    beside = Definitions.beside(path)
    for intent, content in document.mapping["intents"].mapping.items():
        content.tell_unread(bad, {"data"}, path)
        data = content.mapping.get("data")
        if data is None or not data.items:
            what = f"{location(path, content.line)}: the intent {shown(intent)} has no list 'data' with sentences"
            bad.report(InputError(what))
        for group in [] if data is None else data.items:
            definitions = beside.with_those_of(document, path).with_those_of(group, path)
            where = location(path, group.line)
            if group.mapping.get("slots"):
                bad.lost("slots that are not in the words", f"{where}: {shown(group.mapping['slots'].plain)}")
            group.tell_unread(bad, KNOWN_OF_GROUP, path)
            sentences = group.mapping.get("sentences")
            for sentence in [] if sentences is None else sentences.items:
                where = location(path, sentence.line)
                if isinstance(sentence.value, str):
                    yield from expanded(sentence.value, where, bad, definitions, orders=True, intent=intent)
                else:
                    what = f"{where}: {shown(sentence.plain)} is no sentence; expected a string"
                    bad.report(InputError(what))


def _tell_lists(document: Yaml, path: str, bad: BadLines) -> None:
    """Note what lists say besides what can be said, such as what a value stands for."""
    for content in document.mapping[LISTS].mapping.values() if LISTS in document.mapping else ():
        content.tell_unread(bad, {"values", "range"}, path)
        for value in content.mapping["values"].items if "values" in content.mapping else ():
            value.tell_unread(bad, {"in"}, path)
        if "range" in content.mapping:
            content.mapping["range"].tell_unread(bad, {"from", "to", "step"}, path)


class Definitions(Resolver):
    """Lists and rules by name, each with the file that it stands in."""

    def __init__(self, known: dict[tuple[str, str], tuple[Yaml, str]]) -> None:
        super().__init__()
        self._known = known

    @classmethod
    def beside(cls, path: str) -> Definitions:
        """Read those of the other files in the folder; a file that cannot be read has none."""
        definitions = cls({})
        file = Path(path)
        if file.is_file():
            for other in sorted(file.parent.glob("*.y*ml")):
                document = _document(str(other), other.stat().st_mtime_ns)
                definitions = (
                    definitions if document is None else definitions.with_those_of(document, str(other))
                )
        return definitions

    def with_those_of(self, document: Yaml, path: str) -> Definitions:
        """Add those of a document, or of a part of it, in the place of others with the same names."""
        own = {
            (kind, name): (content, path)
            for kind in (LISTS, RULES)
            if kind in document.mapping
            for name, content in document.mapping[kind].mapping.items()
        }
        return Definitions(self._known | own) if own else self

    def _make(self, token: str) -> Node:
        return self._rule(token) if token[0] == "<" else self._list(token)

    def _rule(self, token: str) -> Node:
        if (RULES, token[1:-1]) not in self._known:
            raise InputError(f"the rule {shown(token)} is not defined; expected it under {RULES!r}")
        rule, path = self._known[RULES, token[1:-1]]
        where = location(path, rule.line)
        if not isinstance(rule.value, str):
            raise InputError(f"{where}: the rule {shown(token)} is {shown(rule.plain)}; expected a string")
        return parse(rule.value, where, self, orders=True)

    def _list(self, token: str) -> Node:
        if token[0] != "{":
            return plain(token)
        name, _, slot = token[1:-1].partition(":")
        label = slot or name
        content, path = self._known.get((LISTS, name), (None, ""))
        if content is None or not content.mapping.keys() & {"values", "range"}:
            raise EmptySlotError(f"nothing in the files says what the slot {shown(label)} can be")
        span = content.mapping.get("range")
        if span is not None:
            return filled(
                label, choice([plain(str(number)) for number in _numbers(span, location(path, span.line))])
            )
        options: list[Node] = []
        for value in content.mapping["values"].items:
            words = value.mapping.get("in", value).value
            if not isinstance(words, str):
                raise InputError(
                    f"{location(path, value.line)}: {shown(value.plain)} is no value; expected a string"
                )
            options.append(parse(words, location(path, value.line), self, orders=True))
        if not options:
            raise EmptySlotError(f"{location(path, content.line)}: the list {shown(name)} has no value")
        return filled(label, choice(options))


def _numbers(span: Yaml, where: str) -> range:
    try:
        first, last, step = (
            int(str(span.mapping[name].value)) if name in span.mapping else 1
            for name in ("from", "to", "step")
        )
    except ValueError as error:
        raise InputError(f"{where}: {shown(span.plain)} is no range; expected from, to and step") from error
    numbers = range(first, last + 1, max(step, 1))[:MOST_NUMBERS]
    if not numbers:
        raise InputError(f"{where}: {shown(span.plain)} is no range; expected from, to and step")
    return numbers


@functools.lru_cache(512)
def _document(path: str, *state: int) -> Yaml | None:
    del state  # a part of the cache's key
    try:
        return read_yaml(path)
    except CanvassError:
        return None


def sniff(sample: Sample) -> bool:
    """Whether there are intents with sentences."""
    return INTENTS.search(sample.text) is not None and SENTENCES.search(sample.text) is not None


FORMAT = Format(
    name="home-assistant",
    extensions=(".yaml", ".yml"),
    read=read,
    loses="slots that are not in the words, contexts, what values stand for, and sentences with slots that only a "
    "running system knows",
    sniff=sniff,
    sniffed='"intents" with "sentences" below',
)
