"""TOPv2: tables of utterances with their parse, `[IN:GET_WEATHER weather in [SL:LOCATION Rome ] ]`; read only.

Chen et al., "Low-Resource Domain Adaptation for Compositional Task-Oriented Semantic Parsing", EMNLP 2020. Of the
outermost intent, its own slots are read; what is inside of a slot is told, like in MTOP.
"""

from __future__ import annotations

import itertools
from typing import Any

from canvass.corpus.formats.bad_lines import BadLines, Utterances
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.format import Format
from canvass.corpus.formats.pieces import located_tokens
from canvass.corpus.formats.sniffing import Sample
from canvass.corpus.formats.sources import located_lines
from canvass.corpus.formats.validation import utterance_of
from canvass.errors import InputError, shown
from canvass.types import Utterance

HEADER = ("domain", "utterance", "semantic_parse")
INTENT, SLOT = "[IN:", "[SL:"


def read(path: str, _: Columns, bad: BadLines) -> Utterances:
    """Read an annotated table; yields (where, utterance)."""
    rows = itertools.islice(located_lines(path), 1, None)
    return bad.sift(rows, lambda row: _utterance(row.text.split("\t"), row.where, bad) if row.data else None)


def _utterance(cells: list[str], where: str, bad: BadLines) -> Utterance:
    if len(cells) != len(HEADER):
        raise InputError(f"{where}: the row has {len(cells)} cells; expected {', '.join(HEADER)}")
    domain, text, parse = cells
    words, intent, slots = _parsed(parse, where, bad)
    places = located_tokens(text, words, where)
    record: dict[str, Any] = {"text": text, "domain": domain or None, "intent": intent}
    record["slots"] = [
        {"start": places[first].start, "end": places[last - 1].end, "label": label}
        for label, first, last in slots
        if first < last
    ]
    return utterance_of(record, where)


def _parsed(parse: str, where: str, bad: BadLines) -> tuple[list[str], str, list[tuple[str, int, int]]]:
    """Read a parse: its words, the outermost intent, and its slots as (label, first word, word behind the last)."""
    words: list[str] = []
    slots: list[tuple[str, int, int]] = []
    stack: list[tuple[str, int]] = []  # what is open, and the word at which it begins
    intent: str | None = None
    for piece in parse.split(" "):
        if piece.startswith((INTENT, SLOT)) and piece.startswith(INTENT) == (len(stack) % 2 == 0):
            name = piece[len(INTENT) :]
            if stack and piece.startswith(INTENT):
                bad.lost("intents inside of slots, with their slots", f"{where}: {name}")
            stack.append((name, len(words)))
        elif piece == "]" and stack:
            name, first = stack.pop()
            slots += [(name, first, len(words))] if len(stack) == 1 else []
            intent = name if not stack else intent
        elif piece:
            words.append(piece)
    if stack or intent is None:
        raise InputError(f"{where}: {shown(parse)} is no parse; expected [IN:... with a bracket for each")
    return words, intent, slots


def sniff(sample: Sample) -> bool:
    """Whether the header is that of TOPv2."""
    return tuple((*sample.lines, "")[0].lower().split("\t")) == HEADER


FORMAT = Format(
    name="topv2",
    extensions=(".tsv",),
    read=read,
    carries=("text", "domain", "intent", "slots"),
    loses="intents inside of slots, with their slots",
    sniff=sniff,
    sniffed="the header domain, utterance, semantic_parse",
)
