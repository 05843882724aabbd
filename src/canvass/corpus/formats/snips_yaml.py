"""The YAML of Snips NLU: documents of intents, with slots in brackets and their words behind; read only."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from canvass.corpus.formats.bad_lines import BadLines, Utterances
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.format import Format
from canvass.corpus.formats.markup import Chunk, chunks_at, spelled
from canvass.corpus.formats.sniffing import Sample
from canvass.corpus.formats.sources import located_lines
from canvass.corpus.formats.validation import utterance_of
from canvass.corpus.formats.yaml_nodes import Node, parse_yaml
from canvass.errors import InputError, location, shown
from canvass.types import Utterance

SLOT = re.compile(r"\[([^\]:]+)(?::([^\]]+))?\]\(([^)]+)\)")
KNOWN = {"type", "name", "utterances"}
INTENT = re.compile(r"^type\s*:\s*intent\s*$", re.MULTILINE)


def read(path: str, _: Columns, bad: BadLines) -> Utterances:
    """Read the utterances of all intents; yields (where, utterance)."""
    for document in _documents(path):
        where = location(path, document.line)
        content = document.mapping
        kind, intent, utterances = (content.get(name) for name in ("type", "name", "utterances"))
        if kind is not None and kind.value == "entity":
            bad.lost("values and synonyms of entities", f"{where}: {shown(intent.plain if intent else None)}")
            continue
        if kind is None or kind.value != "intent" or intent is None or not isinstance(intent.value, str):
            bad.report(InputError(f"{where}: {shown(document.plain)} is no intent or entity with a name"))
            continue
        document.tell_unread(bad, KNOWN, path)
        for example in [] if utterances is None else utterances.items:
            place = location(path, example.line)
            utterance = bad.attempt(_utterance, example, intent.value, place, bad)
            if utterance is not None:
                yield place, utterance


def _documents(path: str) -> Iterator[Node]:
    """Parse the documents of a file, each with the lines of the file."""
    lines = [line.text for line in located_lines(path)]
    starts = [0, *(number for number, line in enumerate(lines) if line.rstrip() == "---"), len(lines)]
    for start, end in itertools.pairwise(starts):
        part = [line for line in lines[start:end] if line.rstrip() != "---"]
        if any(line.strip() and not line.lstrip().startswith("#") for line in part):
            yield parse_yaml("\n" * (start + (end - start - len(part))) + "\n".join(part), path)


def _utterance(node: Node, intent: str, where: str, bad: BadLines) -> Utterance:
    if not isinstance(node.value, str):
        raise InputError(f"{where}: {shown(node.plain)} is no utterance; expected a string")

    def chunk(match: re.Match[str]) -> Chunk:
        if match[2] and match[2] != match[1]:
            bad.lost("entities whose name is not the slot's", f"{where}: {shown(match[2])}")
        return match[3], match[1]

    return utterance_of(spelled(chunks_at(SLOT, node.value, chunk)) | {"intent": intent}, where)


def sniff(sample: Sample) -> bool:
    """Whether there is a document of the type intent."""
    return INTENT.search(sample.text) is not None


FORMAT = Format(
    name="snips-yaml",
    extensions=(".yaml", ".yml"),
    read=read,
    loses="values and synonyms of entities, and entities beside slot names",
    sniff=sniff,
    sniffed='"type: intent"',
)
