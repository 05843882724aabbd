"""Sentences of Rhasspy and of Padatious (Mycroft, OVOS): lines with alternatives and slots, expanded; read only.

Rhasspy: `sentences.ini`, with a section for each intent, rules (`name = ...`, `<name>`), tags behind what they label
(`(on | off){state}`), and lists in files beside it (`slots/room`, `$room`). Padatious: `lights.intent`, whose name is
the intent, with slots in braces whose values stand in `room.entity` beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from canvass.corpus.formats.bad_lines import BadLines, Utterances
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.expansion import (
    EmptySlotError,
    Node,
    Resolver,
    choice,
    expanded,
    parse,
    plain,
    values_of,
)
from canvass.corpus.formats.format import Format
from canvass.corpus.formats.sniffing import Sample
from canvass.corpus.formats.sources import located_lines
from canvass.errors import InputError, shown
from canvass.files import STANDARD_STREAM, split_name

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
    resolvers: dict[str, _Resolver] = {}
    for name, line, where in sentences:
        resolver = resolvers.setdefault(name, _Resolver(path, rules, resolvers, name))
        yield from expanded(line, where, bad, resolver, tags=True, intent=name)


class _Resolver(Resolver):
    """What `<rule>` and `$list` of a section stand for; `others` are the resolvers of all sections."""

    def __init__(
        self,
        path: str,
        rules: dict[tuple[str, str], tuple[str, str]],
        others: dict[str, _Resolver],
        intent: str,
    ) -> None:
        super().__init__()
        self._path, self._rules, self._others, self._intent = path, rules, others, intent

    def _make(self, token: str) -> Node:
        return self._list(token[1:]) if token[0] == "$" else self._rule(token[1:-1])

    def _rule(self, name: str) -> Node:
        intent, _, rule = name.rpartition(".")
        if intent not in ("", self._intent):
            other = self._others.setdefault(intent, _Resolver(self._path, self._rules, self._others, intent))
            return other(f"<{rule}>")
        if (self._intent, rule) not in self._rules:
            raise InputError(
                f"the rule <{rule}> is not defined; expected {rule} = ... in the section [{self._intent}]"
            )
        words, where = self._rules[self._intent, rule]
        return parse(words, where, self, tags=True)

    def _list(self, name: str) -> Node:
        file = Path(self._path).parent / "slots" / name
        if self._path == STANDARD_STREAM or ".." in name or not file.is_file():
            raise EmptySlotError(f"there is no file {file} with the values of ${name}")
        options = [parse(line, where, self, tags=True) for where, line in _lines(str(file))]
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

    for where, line in _lines(path):
        if WILDCARD.search(line):
            bad.lost(
                "templates with slots whose values are not in the files", f"{where}: {shown(line)} has :0"
            )
        else:
            yield from expanded(line, where, bad, resolve, intent=intent)


def _lines(path: str) -> Iterator[tuple[str, str]]:
    """Yield (where, line) without blank lines and comments."""
    for line in located_lines(path):
        text = line.text.strip()
        if text and not text.startswith(("#", ";")):
            yield line.where, text


def sniff_rhasspy(sample: Sample) -> bool:
    """Whether there are sections with sentences, as settings have none."""
    lines = [line.strip() for line in sample.lines]
    lines = [line for line in lines if line and not line.startswith(("#", ";"))]
    sentences = [line for line in lines if not SECTION.fullmatch(line) and "=" not in line]
    return bool(lines) and SECTION.fullmatch(lines[0]) is not None and len(sentences) * 4 > len(lines)


def sniff_padatious(sample: Sample) -> bool:
    """Whether the name is that of a file of an intent."""
    return split_name(sample.name)[0] == ".intent" and b"\x00" not in sample.head


RHASSPY = Format(
    name="rhasspy",
    extensions=(".ini",),
    read=read_rhasspy,
    loses="substitutions, converters, and sentences with lists that are not beside the file",
    sniff=sniff_rhasspy,
    sniffed="sections with sentences",
    beside=("slots/*",),
)
PADATIOUS = Format(
    name="padatious",
    extensions=(".intent",),
    read=read_padatious,
    loses="sentences with slots that have no .entity file beside them",
    sniff=sniff_padatious,
    sniffed="the extension",
    beside=("*.entity",),
)
