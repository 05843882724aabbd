"""Templates of voice assistants, expanded: of Home Assistant, Rhasspy, and Padatious (Mycroft, OVOS); read only.

Home Assistant: YAML with templates under the names of intents, `sentences/en/light_HassTurnOn.yaml`, or
`custom_sentences/en/*.yaml`. Lists and rules of expansion are those of a file and of the other YAML files in its
folder, such as `_common.yaml`. A slot is a list, `{level}` or `{brightness:level}`; sentences with one whose values
only a running system knows (`{name}`, `{area}`) are left out, and told.

Rhasspy: `sentences.ini`, with a section for each intent, rules (`name = ...`, `<name>`), tags behind what they label
(`(on | off){state}`), and lists in files beside it (`slots/room`, `$room`). Padatious: `lights.intent`, whose name is
the intent, with slots in braces whose values stand in `room.entity` beside it.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from pathlib import Path

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
    values_of,
)
from canvass.corpus.formats.format import Format
from canvass.corpus.formats.losses import BadLines, Utterances
from canvass.corpus.formats.sniffing import Sample
from canvass.corpus.formats.sources import located_lines
from canvass.corpus.formats.yaml_nodes import Node as Yaml
from canvass.corpus.formats.yaml_nodes import read_yaml
from canvass.errors import CanvassError, InputError, shown
from canvass.files import STANDARD_STREAM, split_name

INTENTS, SENTENCES = (
    re.compile(r"^intents\s*:", re.MULTILINE),
    re.compile(r"^\s+(?:- )?sentences\s*:", re.MULTILINE),
)
KNOWN = {"intents", "lists", "expansion_rules", "language"}
KNOWN_OF_GROUP = {"sentences", "slots", "lists", "expansion_rules"}
LISTS, RULES = "lists", "expansion_rules"
NO_RANGE = "is no range; expected from, to and step"


def read_home_assistant(path: str, _: Columns, bad: BadLines) -> Utterances:
    """Read the sentences of all intents, expanded; yields (where, utterance)."""
    document = read_yaml(path)
    if "intents" not in document.mapping:
        raise InputError(f"{path}: there is no section 'intents'; expected sentences of Home Assistant")
    document.tell_unread(bad, KNOWN)
    _tell_lists(document, bad)
    beside = Definitions.beside(path)
    for intent, content in document.mapping["intents"].mapping.items():
        content.tell_unread(bad, {"data"})
        data = content.mapping.get("data")
        if data is None or not data.items:
            what = f"the intent {shown(intent)} has no list 'data' with sentences"
            bad.report(InputError(f"{content.where}: {what}"))
        for group in [] if data is None else data.items:
            definitions = beside.with_those_of(document).with_those_of(group)
            if slots := group.mapping.get("slots"):
                bad.lost("slots that are not in the words", f"{group.where}: {shown(slots.plain)}")
            group.tell_unread(bad, KNOWN_OF_GROUP)
            sentences = group.mapping.get("sentences")
            for sentence in [] if sentences is None else sentences.items:
                if isinstance(sentence.value, str):
                    where = sentence.where
                    yield from expanded(sentence.value, where, bad, definitions, intent=intent)
                else:
                    bad.report(sentence.wrong("is no sentence; expected a string"))


def _tell_lists(document: Yaml, bad: BadLines) -> None:
    """Note what lists say besides what can be said, such as what a value stands for."""
    for content in document.mapping[LISTS].mapping.values() if LISTS in document.mapping else ():
        content.tell_unread(bad, {"values", "range"})
        for value in content.mapping["values"].items if "values" in content.mapping else ():
            value.tell_unread(bad, {"in"})
        if "range" in content.mapping:
            content.mapping["range"].tell_unread(bad, {"from", "to", "step"})


class Definitions(Resolver):
    """Lists and rules by name."""

    def __init__(self, known: dict[tuple[str, str], Yaml]) -> None:
        super().__init__(self._definition, orders=True)
        self._known = known

    @classmethod
    def beside(cls, path: str) -> Definitions:
        """Read those of the other files in the folder; a file that cannot be read has none."""
        definitions = cls({})
        file = Path(path)
        if file.is_file():
            for other in sorted(file.parent.glob("*.y*ml")):
                document = _document(str(other), other.stat().st_mtime_ns)
                if document is not None:
                    definitions = definitions.with_those_of(document)
        return definitions

    def with_those_of(self, document: Yaml) -> Definitions:
        """Add those of a document, or of a part of it, in the place of others with the same names."""
        own = {
            (kind, name): content
            for kind in (LISTS, RULES)
            if kind in document.mapping
            for name, content in document.mapping[kind].mapping.items()
        }
        return Definitions(self._known | own) if own else self

    def _definition(self, token: str) -> Node:
        return self._rule(token) if token[0] == "<" else self._list(token)

    def _rule(self, token: str) -> Node:
        rule = self._known.get((RULES, token[1:-1]))
        if rule is None:
            raise InputError(f"the rule {shown(token)} is not defined; expected it under {RULES!r}")
        if not isinstance(rule.value, str):
            what = f"the rule {shown(token)} is {shown(rule.plain)}; expected a string"
            raise InputError(f"{rule.where}: {what}")
        return parse(rule.value, rule.where, self)

    def _list(self, token: str) -> Node:
        if token[0] != "{":
            return plain(token)
        name, _, slot = token[1:-1].partition(":")
        label = slot or name
        content = self._known.get((LISTS, name))
        if content is None or not content.mapping.keys() & {"values", "range"}:
            raise EmptySlotError(f"nothing in the files says what the slot {shown(label)} can be")
        span = content.mapping.get("range")
        if span is not None:
            return filled(label, choice([plain(str(number)) for number in _numbers(span)]))
        options: list[Node] = []
        for value in content.mapping["values"].items:
            words = value.mapping.get("in", value).value
            if not isinstance(words, str):
                raise value.wrong("is no value; expected a string")
            options.append(parse(words, value.where, self))
        if not options:
            raise EmptySlotError(f"{content.where}: the list {shown(name)} has no value")
        return filled(label, choice(options))


def _numbers(span: Yaml) -> range:
    try:
        first, last, step = (
            int(str(span.mapping[name].value)) if name in span.mapping else 1
            for name in ("from", "to", "step")
        )
    except ValueError as error:
        raise span.wrong(NO_RANGE) from error
    numbers = range(first, last + 1, max(step, 1))[:MOST_NUMBERS]
    if not numbers:
        raise span.wrong(NO_RANGE)
    return numbers


@functools.lru_cache(512)
def _document(path: str, *state: int) -> Yaml | None:
    del state  # a part of the cache's key
    try:
        return read_yaml(path)
    except CanvassError:
        return None


HOME_ASSISTANT = Format(
    read=read_home_assistant,
    loses="slots that are not in the words, contexts, what values stand for, and sentences with slots that only a "
    "running system knows",
    sniff=lambda sample: (
        INTENTS.search(sample.text) is not None and SENTENCES.search(sample.text) is not None
    ),
    sniffed='"intents" with "sentences" below',
)


SECTION = re.compile(r"\[([^\[\]|()]+)\]")
RULE = re.compile(r"([\w-]+)\s*=\s*(.+)")
OPTIONAL = re.compile(r"^\\(\[[^\[\]]*(?<!\\)\])")  # the backslash says that it is no section
REPLACED = re.compile(r"(?<!\\)(?::|!\S)")  # on:off, 5!int
WILDCARD = re.compile(r"(?:^|\s):0(?=\s|$)")


def read_rhasspy(path: str, _: Columns, bad: BadLines) -> Utterances:
    """Read the sentences of all intents, expanded; yields (where, utterance)."""
    rules: dict[tuple[str, str], tuple[str, str]] = {}
    sentences: list[tuple[str, str, str]] = []
    intent = ""
    for where, line in _lines(path):
        section, rule = SECTION.fullmatch(line), RULE.fullmatch(line)
        if REPLACED.search(line):
            bad.lost("substitutions and converters", f"{where}: {shown(line)}")
        if section is not None:
            intent = section[1].strip()
        elif not intent:
            bad.report(
                InputError(f"{where}: {shown(line)} is in no section; expected [NameOfIntent] before it")
            )
        elif rule is not None:
            rules[intent, rule[1]] = (rule[2], where)
        else:
            sentences.append((intent, OPTIONAL.sub(r"\1", line), where))

    @functools.cache
    def section_named(name: str) -> Resolver:
        return _Section(path, rules, section_named, name)

    for name, line, where in sentences:
        yield from expanded(line, where, bad, section_named(name), intent=name)


class _Section(Resolver):
    """What `<rule>` and `$list` of a section stand for; `of` gives the other sections."""

    def __init__(
        self,
        path: str,
        rules: dict[tuple[str, str], tuple[str, str]],
        of: Callable[[str], Resolver],
        intent: str,
    ) -> None:
        super().__init__(
            lambda token: self._list(token[1:]) if token[0] == "$" else self._rule(token[1:-1]), tags=True
        )
        self._path, self._rules, self._of, self._intent = path, rules, of, intent

    def _rule(self, name: str) -> Node:
        intent, _, rule = name.rpartition(".")
        if intent not in ("", self._intent):
            return self._of(intent)(f"<{rule}>")
        if (self._intent, rule) not in self._rules:
            raise InputError(
                f"the rule <{rule}> is not defined; expected {rule} = ... in the section [{self._intent}]"
            )
        words, where = self._rules[self._intent, rule]
        return parse(words, where, self)

    def _list(self, name: str) -> Node:
        file = Path(self._path).parent / "slots" / name
        if self._path == STANDARD_STREAM or ".." in name or not file.is_file():
            raise EmptySlotError(f"there is no file {file} with the values of ${name}")
        options = [parse(line, where, self) for where, line in _lines(str(file))]
        if not options:
            raise EmptySlotError(f"{file}: no value of ${name}")
        return choice(options)


def read_padatious(path: str, _: Columns, bad: BadLines) -> Utterances:
    """Read the sentences of an intent, expanded; raises as `read_rhasspy` does."""
    intent = Path(path).name.removesuffix(".gz").removesuffix(".zst").removesuffix(".intent")

    def resolve(token: str) -> Node:
        label = token[1:-1].strip()
        if token[0] != "{" or not label:
            return plain(token)
        file = Path(path).parent / f"{label}.entity"
        known = path != STANDARD_STREAM and "/" not in label and file.is_file()
        values = [line for _, line in _lines(str(file)) if not WILDCARD.search(line)] if known else []
        return values_of(label, values, str(file))

    resolver = Resolver(resolve)
    for where, line in _lines(path):
        if WILDCARD.search(line):
            bad.lost(
                "templates with slots whose values are not in the files", f"{where}: {shown(line)} has :0"
            )
        else:
            yield from expanded(line, where, bad, resolver, intent=intent)


def _lines(path: str) -> Iterator[tuple[str, str]]:
    """Yield (where, line) without blank lines and comments."""
    for line in located_lines(path):
        text = line.text.strip()
        if text and not text.startswith(("#", ";")):
            yield line.where, text


def _sniff_rhasspy(sample: Sample) -> bool:
    lines = [line.strip() for line in sample.lines]
    lines = [line for line in lines if line and not line.startswith(("#", ";"))]
    sentences = [line for line in lines if not SECTION.fullmatch(line) and "=" not in line]
    return bool(lines) and SECTION.fullmatch(lines[0]) is not None and len(sentences) * 4 > len(lines)


RHASSPY = Format(
    read=read_rhasspy,
    loses="substitutions, converters, and sentences with lists that are not beside the file",
    sniff=_sniff_rhasspy,
    sniffed="sections with sentences",
    beside=("slots/*",),
)
PADATIOUS = Format(
    read=read_padatious,
    loses="sentences with slots that have no .entity file beside them",
    sniff=lambda sample: split_name(sample.name)[0] == ".intent" and b"\x00" not in sample.head,
    sniffed="the extension",
    beside=("*.entity",),
)
