"""LUDown, the .lu files of Bot Framework: utterances in lists below `# Intent`, with entities in braces; read only."""

from __future__ import annotations

import re
from typing import Any

from canvass.corpus.formats.bad_lines import BadLines, Utterances
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.format import Format
from canvass.corpus.formats.sniffing import Sample
from canvass.corpus.formats.sources import located_lines
from canvass.corpus.formats.validation import utterance_of
from canvass.errors import InputError, shown
from canvass.files import split_name
from canvass.types import Utterance

INTENT = re.compile(r"#+\s*([^#\s?].*?)\s*")
ITEM = re.compile(r"[-*+]\s+(.*?)\s*")
OPENING = re.compile(r"\{\s*@?\s*([^{}=]+?)\s*=\s*")
MARK = re.compile(OPENING.pattern + r"|\{\s*@?\s*([^{}=]*?)\s*\}|\s*\}|\{")
DEFINITION = re.compile(r"[@$\[!]|#+\s*\?")


def read(path: str, _: Columns, bad: BadLines) -> Utterances:
    """Read the utterances of all intents; yields (where, utterance)."""
    intent: str | None = None
    other = False  # in a part that has no utterances
    for line in located_lines(path):
        with bad.tolerance():
            text, where = line.text.strip(), line.where
            heading, item = INTENT.fullmatch(text), ITEM.fullmatch(text)
            if heading is not None:
                intent, other = heading[1], False
            elif DEFINITION.match(text):
                bad.lost("definitions of entities, imports and questions", f"{where}: {shown(text)}")
                other = other or text[0] in "@$#"
            elif text.startswith(">"):
                bad.rejected("comments", f"{where}: {shown(text)}")
            elif other or not text:
                continue
            elif item is None or intent is None:
                raise InputError(
                    f"{where}: {shown(text)} is neither a heading nor an utterance ('- ...') of an intent"
                )
            elif (utterance := _utterance(item[1], intent, where, bad)) is not None:
                yield where, utterance


def _utterance(line: str, intent: str, where: str, bad: BadLines) -> Utterance | None:
    """Read an utterance; None where it is a pattern, whose entities have no words."""
    pieces: list[str] = []
    slots: list[dict[str, Any]] = []
    open_slots: list[dict[str, Any]] = []
    length = end = 0
    for match in MARK.finditer(line):
        before = line[end : match.start()]
        end = match.end()
        pieces.append(before)
        length += len(before)
        if match[1]:
            if open_slots:
                bad.lost("entities inside of others", f"{where}: {shown(match[1])}")
            open_slots.append({"start": length, "label": match[1]})
        elif match[2] is not None:
            bad.lost("patterns, whose entities have no words", f"{where}: {shown(line)}")
            return None
        elif not open_slots or match[0].strip() != "}":
            raise InputError(
                f"{where}: {shown(line)} has a brace without its other one; expected {{entity=words}}"
            )
        else:
            slot = open_slots.pop()
            slots += [] if open_slots else [slot | {"end": length}]
    if open_slots:
        raise InputError(
            f"{where}: {shown(line)} has a brace without its other one; expected {{entity=words}}"
        )
    record = {"text": "".join([*pieces, line[end:]]), "intent": intent, "slots": slots}
    return utterance_of(record, where)


def sniff(sample: Sample) -> bool:
    """Whether there are headings, with lists below, in a file of this extension: Markdown has them, too."""
    lines = [line.strip() for line in sample.lines]
    is_named = split_name(sample.name)[0] == ".lu"
    return is_named and any(map(INTENT.fullmatch, lines)) and any(map(ITEM.fullmatch, lines))


FORMAT = Format(
    name="ludown",
    extensions=(".lu",),
    read=read,
    loses="patterns, definitions of entities, entities inside of others, imports, questions and answers",
    sniff=sniff,
    sniffed="the extension, and headings with lists below",
)
